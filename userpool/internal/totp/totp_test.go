package totp

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// rfcSecret is the shared secret of both RFCs.
var rfcSecret = []byte("12345678901234567890")

// RFC 4226, appendix D.
func TestHOTP_RFC4226(t *testing.T) {
	for counter, want := range []string{
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	} {
		require.Equal(t, want, hotp(rfcSecret, uint64(counter), 6))
	}
	for counter, want := range []string{
		"1284755224", "1094287082", "0137359152", "1726969429", "1640338314",
		"0868254676", "1918287922", "0082162583", "0673399871", "0645520489",
	} {
		require.Equal(t, want, hotp(rfcSecret, uint64(counter), 10), "the whole number, before it is cut")
	}
}

// rfc6238 are the vectors for SHA-1 of RFC 6238, appendix B, which have 8 digits: a code of 6 is their end.
var rfc6238 = []struct {
	unix int64
	step int64
	code string
}{
	{59, 0x1, "94287082"}, {1111111109, 0x23523EC, "07081804"}, {1111111111, 0x23523ED, "14050471"}, {1234567890, 0x273EF07, "89005924"},
	{2000000000, 0x3F940AA, "69279037"}, {20000000000, 0x27BC86AA, "65353130"},
}

func TestTOTP_RFC6238(t *testing.T) {
	for _, v := range rfc6238 {
		at := time.Unix(v.unix, 0)
		require.Equal(t, v.code, hotp(rfcSecret, uint64(v.step), 8))
		require.Equal(t, v.code[2:], Code(rfcSecret, at))
		step, ok := Verify(rfcSecret, v.code[2:], at, 0)
		require.True(t, ok)
		require.Equal(t, v.step, step)
	}
}

func TestU11_Window(t *testing.T) {
	now := time.Unix(1234567890, 0)
	present := now.Unix() / 30
	for offset := int64(-3); offset <= 3; offset++ {
		code := Code(rfcSecret, now.Add(time.Duration(offset)*Period))
		step, ok := Verify(rfcSecret, code, now, 0)
		require.Equal(t, -1 <= offset && offset <= 1, ok, offset)
		if ok {
			require.Equal(t, present+offset, step)
		}
	}
	for _, edge := range []int64{present * 30, present*30 + 29} {
		step, ok := Verify(rfcSecret, hotp(rfcSecret, uint64(present), 6), time.Unix(edge, 999999999), 0)
		require.True(t, ok)
		require.Equal(t, present, step)
	}
}

func TestU11_Reuse(t *testing.T) {
	now := time.Unix(1234567890, 0)
	present := now.Unix() / 30
	for _, test := range []struct {
		name       string
		code, last int64 // steps
		want       bool
	}{
		{"the first one ever", present, 0, true},
		{"after an earlier one", present, present - 5, true},
		{"after the one just before", present, present - 1, true},
		{"the same again", present, present, false},
		{"an older one after a newer one", present - 1, present, false},
		{"the one before again", present - 1, present - 1, false},
		{"the next after the present one", present + 1, present, true},
		{"the next again", present + 1, present + 1, false},
		{"the present one after the next", present, present + 1, false},
		{"when the clock was ahead once", present, present + 1000, false},
		{"with nonsense stored", present, -1 << 63, true},
		{"with other nonsense stored", present, 1<<63 - 1, false},
	} {
		step, ok := Verify(rfcSecret, hotp(rfcSecret, uint64(test.code), 6), now, test.last)
		require.Equal(t, test.want, ok, test.name)
		if ok {
			require.Equal(t, test.code, step, test.name)
		} else {
			require.Zero(t, step, test.name)
		}
	}
}

// A code that two steps of the window share is used up for both.
func TestU11_SharedCode(t *testing.T) {
	secret, step := sharedCode()
	code := hotp(secret, uint64(step), 6)
	require.Equal(t, code, hotp(secret, uint64(step+1), 6))
	used, ok := Verify(secret, code, time.Unix(step*30, 0), 0)
	require.True(t, ok)
	require.Equal(t, step+1, used)
	for at := step - 3; at <= step+3; at++ {
		_, ok = Verify(secret, code, time.Unix(at*30, 0), used)
		require.False(t, ok)
	}
}

// sharedCode returns a secret and a step that has the same code as the next.
func sharedCode() (secret []byte, step int64) {
	before := ""
	for step := int64(0); ; step++ {
		code := hotp(rfcSecret, uint64(step), 6)
		if code == before {
			return rfcSecret, step - 1
		}
		before = code
	}
}

func TestU11_Format(t *testing.T) {
	now := time.Unix(1111111109, 0) // 081804
	const right = "081804"
	_, ok := Verify(rfcSecret, right, now, 0)
	require.True(t, ok)
	for _, code := range []string{
		"", "0", "81804", "0081804", "07081804", "08180", "0818040", "000000", "081805",
		" 081804", "081804 ", "081 804", "081-804", "081804\n", "\t81804", "+81804", "-81804", "081804\x00", "\x0081804",
		"\uff10\uff18\uff11\uff18\uff10\uff14", "\uff108180", "\u0660\u0668\u0661\u0668\u0660\u0664", "08180\u00b4",
		"0x1804", "8.1804", "08180a", "08180O",
		strings.Repeat("0", 1<<20),
	} {
		step, ok := Verify(rfcSecret, code, now, 0)
		require.False(t, ok, "%.40q", code)
		require.Zero(t, step)
	}
}

func TestU11_Clock(t *testing.T) {
	for _, unix := range []int64{-1, -30, -1 << 40} {
		now := time.Unix(unix, 0)
		require.Empty(t, Code(rfcSecret, now))
		for _, step := range []int64{-2, -1, 0, 1, unix / 30} {
			_, ok := Verify(rfcSecret, hotp(rfcSecret, uint64(step), 6), now, -1<<63)
			require.False(t, ok, "clock at %d, code of step %d", unix, step)
		}
	}
	var zero time.Time
	_, ok := Verify(rfcSecret, hotp(rfcSecret, uint64(zero.Unix()/30), 6), zero, -1<<63)
	require.False(t, ok, "a clock that was never set")

	first := time.Unix(0, 0)
	_, ok = Verify(rfcSecret, hotp(rfcSecret, 1<<64-1, 6), first, -1<<63)
	require.False(t, ok, "there is no step before 0")
	_, ok = Verify(rfcSecret, "755224", first, 0)
	require.False(t, ok, "step 0 is used up by the last step of a new secret")
	step, ok := Verify(rfcSecret, "755224", first, -1)
	require.True(t, ok)
	require.Zero(t, step)
	step, ok = Verify(rfcSecret, "287082", first, 0)
	require.True(t, ok)
	require.Equal(t, int64(1), step)
}

func TestU12_Secret(t *testing.T) {
	one, err := NewSecret(rand.Reader)
	require.NoError(t, err)
	two, err := NewSecret(rand.Reader)
	require.NoError(t, err)
	require.NotEqual(t, one, two)
	require.GreaterOrEqual(t, 8*len(one), 160)
	require.Len(t, Encode(one), 32)
	require.Equal(t, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Encode(rfcSecret))
	require.NotContains(t, Encode([]byte("x")), "=")
	back, err := base32.StdEncoding.DecodeString(Encode(one))
	require.NoError(t, err)
	require.Equal(t, one, back)

	broken := errors.New("no entropy")
	_, err = NewSecret(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	_, err = NewSecret(bytes.NewReader(make([]byte, SecretSize-1)))
	require.Error(t, err)
}

// Whoever can choose a short secret, or none, cannot choose the codes.
func TestU12_ShortSecret(t *testing.T) {
	now := time.Unix(1234567890, 0)
	for _, size := range []int{0, 1, 10, 16, 19} {
		_, ok := Verify(rfcSecret[:size], Code(rfcSecret[:size], now), now, 0)
		require.False(t, ok, size)
	}
	long := bytes.Repeat(rfcSecret, 5)
	_, ok := Verify(long, Code(long, now), now, 0)
	require.True(t, ok)
}

func FuzzVerify(f *testing.F) {
	for _, v := range rfc6238 {
		f.Add(rfcSecret, v.code[2:], v.unix, int64(0))
		f.Add(rfcSecret, v.code, v.unix, v.step)
	}
	f.Add([]byte{}, "+12345", int64(-1), int64(-1))
	f.Add(rfcSecret, "755224", int64(1<<62), int64(-1<<63))
	f.Fuzz(func(t *testing.T, secret []byte, code string, unix, last int64) {
		step, ok := Verify(secret, code, time.Unix(unix, 0), last)
		if !ok {
			require.Zero(t, step)
			return
		}
		_, err := strconv.ParseUint(code, 10, 32)
		require.NoError(t, err)
		require.Len(t, code, 6)
		require.Greater(t, step, last)
		require.GreaterOrEqual(t, step, int64(0))
		require.InDelta(t, unix/30, step, 1)
		require.Equal(t, code, hotp(secret, uint64(step), 6))
		_, again := Verify(secret, code, time.Unix(unix, 0), step)
		require.False(t, again)
	})
}

func BenchmarkVerify(b *testing.B) {
	now := time.Unix(1234567890, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Verify(rfcSecret, "005924", now, 0); !ok {
			b.Fatal("the code is not right")
		}
	}
}
