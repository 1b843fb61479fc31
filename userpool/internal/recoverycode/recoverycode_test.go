package recoverycode

import (
	"bytes"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

var form = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)

func TestNew(t *testing.T) {
	seen, used := map[string]bool{}, map[rune]bool{}
	for _, n := range []int{1, 10, 100} {
		codes, err := New(rand.Reader, n)
		require.NoError(t, err)
		require.Len(t, codes, n)
		for _, code := range codes {
			require.Regexp(t, form, code)
			require.False(t, seen[code])
			seen[code] = true
			again, ok := Normalize(code)
			require.True(t, ok)
			require.Equal(t, code, again)
			for _, r := range code {
				used[r] = true
			}
		}
	}
	require.Len(t, used, 32+1, "all symbols occur, and the hyphen")
}

// The numbers in Crockford's alphabet, 5 bits each, from the first.
func TestNew_KnownBytes(t *testing.T) {
	codes, err := New(bytes.NewReader([]byte{
		0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf,
	}), 2)
	require.NoError(t, err)
	require.Equal(t, []string{"0123-4567-89AB-CDEF", "GHJK-MNPQ-RSTV-WXYZ"}, codes)
}

func TestNew_Refuses(t *testing.T) {
	for _, n := range []int{-1, 0, 101, 1 << 30} {
		_, err := New(rand.Reader, n)
		require.ErrorContains(t, err, "from 1 to 100")
	}
	broken := errors.New("no entropy")
	_, err := New(iotest.ErrReader(broken), 10)
	require.ErrorIs(t, err, broken)
	_, err = New(bytes.NewReader(make([]byte, 19)), 2)
	require.Error(t, err)
	_, err = New(bytes.NewReader(make([]byte, 20)), 2)
	require.ErrorContains(t, err, "repeats itself")
}

func TestNormalize(t *testing.T) {
	const want = "7KQF-93ZW-M0X1-4RTA"
	for _, typed := range []string{
		want, "7kqf-93zw-m0x1-4rta", "7KQF93ZWM0X14RTA", "7KQF 93ZW M0X1 4RTA", " 7KQF-93ZW-M0X1-4RTA\r\n", "7KQF--93ZW-M0X1-4RTA-",
		"7-K-Q-F-9-3-Z-W-M-0-X-1-4-R-T-A", "7KQF-93ZW-MOX1-4RTA", "7kqf-93zw-moxl-4rta", "7kqf-93zw-moxi-4rta", "7KQF-93ZW-M0XI-4RTA",
		"7KQF\u201193ZW\u2013M0X1\u20144RTA", "7KQF\u00a093ZW\u2003M0X1\t4RTA", "7KQF\u221293ZW\u2010M0X1\uff0d4RTA",
	} {
		got, ok := Normalize(typed)
		require.True(t, ok, "%q", typed)
		require.Equal(t, want, got, "%q", typed)
	}
	for _, typed := range []string{
		"", "-", "----", "    ", "7KQF-93ZW-M0X1-4RT", "7KQF-93ZW-M0X1-4RTAA", "7KQF-93ZW-M0X1", "7KQF-93ZW-M0X1-4RTU", "7KQF-93ZW-M0X1-4RTu",
		"7KQF_93ZW_M0X1_4RTA", "7KQF.93ZW.M0X1.4RTA", "7KQF-93ZW-M0X1-4RT\u0391", "7KQF-93ZW-M0X1-4RT\u0131", "7KQF-93ZW-M0X1-4RT\u017f",
		"7KQF-93ZW-M0X1-4RT\u212a", "7KQF-93ZW-M0X1-4RT\uff21", "7KQF-93ZW-M0X1-4RT\uff11", "7KQF-93ZW-M0X1-4RTA\x00", "7KQF-93ZW-M0X1-4RT\xff",
		"7KQF-93ZW-M0X1-4RT\u0141", want + strings.Repeat(" ", 128), strings.Repeat("-", 1<<20), strings.Repeat("7", 17),
	} {
		got, ok := Normalize(typed)
		require.False(t, ok, "%.40q", typed)
		require.Empty(t, got)
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("7KQF-93ZW-M0X1-4RTA")
	f.Add("7kqf 93zw moxl 4rta")
	f.Add("\u017f\u212a\u0131-\xff\x00")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := Normalize(typed)
		if !ok {
			require.Empty(t, code)
			return
		}
		require.Regexp(t, form, code)
		for _, variant := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), strings.ReplaceAll(code, "0", "o"),
			strings.ReplaceAll(code, "1", "L")} {
			again, ok := Normalize(variant)
			require.True(t, ok)
			require.Equal(t, code, again)
		}
	})
}
