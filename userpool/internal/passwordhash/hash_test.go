package passwordhash

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestNew(t *testing.T) {
	for _, password := range []string{
		"", "correct horse battery staple", "  three spaces ", "a\x00b", "\U0001f600", long72 + "x", strings.Repeat("p", MaxPassword),
	} {
		encoded, err := New(rand.Reader, password)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$"), encoded)
		require.Len(t, encoded, 97)
		h, err := Parse(encoded)
		require.NoError(t, err)
		require.True(t, h.Verify(password))
		require.False(t, h.Verify(password+"x"))
		require.True(t, h.Current())
		require.Equal(t, 19<<20, h.Memory())
	}
	one, err := New(rand.Reader, "p")
	require.NoError(t, err)
	two, err := New(rand.Reader, "p")
	require.NoError(t, err)
	require.NotEqual(t, one, two, "each has a salt of its own")
}

func TestU15_TooLong(t *testing.T) {
	long := strings.Repeat("p", MaxPassword+1)
	_, err := New(rand.Reader, long)
	require.ErrorContains(t, err, "1025 bytes; it must have at most 1024")
	encoded, err := New(rand.Reader, long[:MaxPassword])
	require.NoError(t, err)
	h, err := Parse(encoded)
	require.NoError(t, err)
	require.False(t, h.Verify(long))
	ofLong := h.scheme.(argon2Hash)
	ofLong.key = ofLong.derive(long)
	require.False(t, Hash{ofLong}.Verify(long), "not even if it were the right one")
}

func TestRandomFails(t *testing.T) {
	broken := errors.New("no entropy")
	_, err := New(iotest.ErrReader(broken), "p")
	require.ErrorIs(t, err, broken)
	_, err = Decoy(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	_, err = Decoy(bytes.NewReader(make([]byte, newSalt+newKey-1)))
	require.Error(t, err, "half a decoy is none")
}

// A decoy costs what a hash of New does.
func TestU3_Decoy(t *testing.T) {
	h, err := Decoy(rand.Reader)
	require.NoError(t, err)
	require.True(t, h.Current())
	require.False(t, h.Verify(""))
	require.False(t, h.Verify("password"))
	encoded, err := New(rand.Reader, "password")
	require.NoError(t, err)
	made, err := Parse(encoded)
	require.NoError(t, err)
	want, got := made.scheme.(argon2Hash), h.scheme.(argon2Hash)
	require.NotEqual(t, want.salt, got.salt)
	require.NotEqual(t, make([]byte, newKey), got.key)
	want.salt, want.key, got.salt, got.key = nil, nil, nil, nil
	require.Equal(t, want, got)
}

func TestZeroHash(t *testing.T) {
	var h Hash
	require.False(t, h.Verify(""))
	require.False(t, h.Current())
}

// Foreign and cheaper hashes are to be replaced as soon as the password is known; as strong or stronger ones are not.
func TestU19_Current(t *testing.T) {
	for encoded, want := range map[string]bool{
		goodArgon2: true,
		strings.Replace(goodArgon2, "m=19456,t=2", "m=65536,t=3", 1):                    true,
		strings.Replace(goodArgon2, "p=1", "p=4", 1):                                    true,
		strings.Replace(goodArgon2, "m=19456", "m=19455", 1):                            false,
		strings.Replace(goodArgon2, "t=2", "t=1", 1):                                    false,
		strings.Replace(goodArgon2, "m=19456,t=2", "m=262144,t=1", 1):                   false,
		strings.Replace(goodArgon2, strings.Repeat("A", 22), "AAAAAAAAAAAAAAAAAAAA", 1): false,
		goodArgon2[:len(goodArgon2)-1]:                                                  false,
		strings.Replace(goodArgon2, "argon2id", "argon2i", 1):                           false,
		goodBcrypt:  false,
		goodScrypt:  false,
		goodPHC:     false,
		goodPasslib: false, goodDjango: false, goodFirebase: false,
	} {
		h, err := Parse(encoded)
		require.NoError(t, err, encoded)
		require.Equal(t, want, h.Current(), encoded)
	}
}

// Whoever changes one character of a stored hash gets a hash that the password does not open, or none.
func TestChangedHash(t *testing.T) {
	firebase := FirebaseConfig{SignerKey: make([]byte, 64), SaltSeparator: []byte{7}, Rounds: 1, MemoryCost: 4}
	cost := scryptCost{4, 1, 1}
	stream, err := firebaseStream(cost.derive("password", []byte("salt\x07"), 64), 64)
	require.NoError(t, err)
	ofFirebase, err := firebase.Encode([]byte("salt"), stream)
	require.NoError(t, err)
	for _, v := range []vector{
		{"password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
		{"password", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"},
		{"a", "$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC"},
		{"nacl", "$scrypt$ln=1,r=4,p=2$yhnD+J+Tci4lZCwFgHCuVQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds"},
		vectors["PBKDF2, RFC 7914 section 11"][0],
		{"password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"},
		vectors["PBKDF2, tests of passlib"][2],
		{"l\u00e8tmein", "pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0="},
		{"password", ofFirebase},
	} {
		h, err := Parse(v.encoded)
		require.NoError(t, err)
		require.True(t, h.Verify(v.password), v.encoded)
		start := strings.LastIndexByte(v.encoded, '$') + 1
		for i := start; i < len(v.encoded); i++ {
			changed := []byte(v.encoded)
			if changed[i] == 'A' {
				changed[i] = 'B'
			} else {
				changed[i] = 'A'
			}
			h, err := Parse(string(changed))
			require.True(t, err != nil || !h.Verify(v.password), "%s at %d", changed, i)
		}
	}
}
