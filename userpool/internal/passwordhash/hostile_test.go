package passwordhash

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// Well-formed strings to make hostile ones of.
const (
	goodArgon2   = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodBcrypt   = "$2b$12$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC"
	goodScrypt   = "$scrypt$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodPHC      = "$pbkdf2-sha256$i=600000,l=32$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodPasslib  = "$pbkdf2-sha512$29000$PIdwrhXiXKuVsvY.R2jN2Q$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodDjango   = "pbkdf2_sha256$1000000$seasalt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	goodFirebase = "$firebase-scrypt$ln=14,r=8$42xEC+ixf3L2lw$Bw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// hostile are well-formed strings with one replacement each, and a part of the error that says what is wrong.
var hostile = []struct {
	good, old, new, want string
}{
	{goodArgon2, "m=19456", "m=4294967296", "parameter m of argon2id is 4294967296; it must be from 8 to 262144"},
	{goodArgon2, "m=19456", "m=4294967295", "parameter m of argon2id is 4294967295"},
	{goodArgon2, "m=19456", "m=18446744073709551616", "parameter m of argon2id has 20 digits"},
	{goodArgon2, "m=19456", "m=" + strings.Repeat("9", 500), "parameter m of argon2id has 500 digits"},
	{goodArgon2, "m=19456", "m=262145", "262145"},
	{goodArgon2, "m=19456", "m=0", "m of argon2id is 0"},
	{goodArgon2, "m=19456", "m=7", "m of argon2id is 7"},
	{goodArgon2, "m=19456", "m=-1", "without sign"},
	{goodArgon2, "m=19456", "m=+19456", "without sign"},
	{goodArgon2, "m=19456", "m=019456", "leading zeros"},
	{goodArgon2, "m=19456", "m=0x4C00", "parameter m"},
	{goodArgon2, "m=19456", "m=19_456", "parameter m"},
	{goodArgon2, "m=19456", "m= 19456", "parameter m"},
	{goodArgon2, "m=19456", "m=\uff11\uff19456", "parameter m"},
	{goodArgon2, "m=19456", "m=", "parameter m"},
	{goodArgon2, "m=19456", "m=1e4", "parameter m"},
	{goodArgon2, "t=2", "t=0", "t of argon2id is 0; it must be from 1 to 64"},
	{goodArgon2, "t=2", "t=4294967295", "t of argon2id is 4294967295"},
	{goodArgon2, "t=2", "t=-2", "without sign"},
	{goodArgon2, "m=19456,t=2", "m=262144,t=5", "their product must be at most 1048576"},
	{goodArgon2, "m=19456,t=2", "m=65536,t=17", "their product"},
	{goodArgon2, "p=1", "p=0", "p of argon2id is 0; it must be from 1 to 16"},
	{goodArgon2, "p=1", "p=256", "p of argon2id is 256"},
	{goodArgon2, "p=1", "p=16777215", "p of argon2id is 16777215"},
	{goodArgon2, "m=19456,t=2,p=1", "m=8,t=2,p=2", "at least 8 times p"},
	{goodArgon2, ",p=1", "", "parameters of argon2id must be m=,t=,p="},
	{goodArgon2, "m=19456,t=2,p=1", "", "parameters of argon2id must be m=,t=,p="},
	{goodArgon2, "p=1", "p=1,p=1", "once each"},
	{goodArgon2, "t=2", "m=19456", "once each"},
	{goodArgon2, "m=19456,t=2", "t=2,m=19456", "in this order"},
	{goodArgon2, "p=1", "p=1,keyid=AA", "no others"},
	{goodArgon2, "p=1", "p=1,", "no others"},
	{goodArgon2, "m=", "M=", "no others"},
	{goodArgon2, "v=19", "v=16", "parameter v of argon2id is 16; it must be from 19 to 19"},
	{goodArgon2, "v=19", "v=019", "leading zeros"},
	{goodArgon2, "v=19", "v", "v="},
	{goodArgon2, "$v=19", "", "it must have 4: v=19, parameters, salt, hash"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$$", "salt of argon2id has 0 bytes; it must have from 8 to 128"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAA$", "salt of argon2id has 7 bytes"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$" + strings.Repeat("A", 172) + "$", "salt of argon2id has 129 bytes"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$" + strings.Repeat("A", 1<<20) + "$", "it must have at most 1024"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAAAAAAAAAAAAB$", "stray bits"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAAAAAAAAAAAAA==$", "without padding"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAA\nAAAAAAAAAAA$", "salt of argon2id must be standard base64"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAA\r\nAAAAAAAAAAA$", "salt of argon2id must be standard base64"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$-_-_-_-_-_-_-_-_-_-_-A$", "salt of argon2id must be standard base64"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAAAAAAAAAAAA\x00$", "salt of argon2id must be standard base64"},
	{goodArgon2, "$AAAAAAAAAAAAAAAAAAAAAA$", "$", "fields"},
	{goodArgon2, strings.Repeat("A", 43), strings.Repeat("A", 20), "hash of argon2id has 15 bytes; it must have from 16 to 128"},
	{goodArgon2, strings.Repeat("A", 43), strings.Repeat("A", 172), "hash of argon2id has 129 bytes"},
	{goodArgon2, strings.Repeat("A", 43), strings.Repeat("A", 43) + "$", "has 5 fields"},
	{goodArgon2, strings.Repeat("A", 43), strings.Repeat("$", 900), "fields after its name"},
	{goodArgon2, "argon2id", "argon2d", "argon2d is not supported: golang.org/x/crypto/argon2 has no argon2d"},
	{goodArgon2, "argon2id", "ARGON2ID", "no password hash of a supported format"},
	{goodArgon2, "$argon2id", "argon2id", "no password hash of a supported format"},
	{goodArgon2, "$argon2id", " $argon2id", "no password hash of a supported format"},
	{goodArgon2, goodArgon2, "", "no password hash of a supported format"},
	{goodArgon2, goodArgon2, "$", "no password hash of a supported format"},
	{goodArgon2, goodArgon2, "$$$$$$", "no password hash of a supported format"},
	{goodArgon2, goodArgon2, "$argon2id", "has 1 fields"},
	{goodArgon2, goodArgon2, "pbkdf2_sha256", "no password hash of a supported format"},
	{goodArgon2, goodArgon2, "$pbkdf2_sha256$1$s$AAAA", "no password hash of a supported format"},

	{goodScrypt, "ln=17", "ln=63", "ln of scrypt is 63; it must be from 1 to 21"},
	{goodScrypt, "ln=17", "ln=0", "ln of scrypt is 0"},
	{goodScrypt, "ln=17", "ln=20", "take 1073741824 bytes of memory; at most 268435456 are allowed"},
	{goodScrypt, "ln=17,r=8", "ln=21,r=64", "take 17179869184 bytes"},
	{goodScrypt, "r=8", "r=134217728", "r of scrypt is 134217728; it must be from 1 to 64"},
	{goodScrypt, "r=8", "r=0", "r of scrypt is 0"},
	{goodScrypt, "p=1", "p=5", "128*N*r*p is 671088640; it must be at most 536870912"},
	{goodScrypt, "p=1", "p=1073741824", "p of scrypt is 1073741824"},
	{goodScrypt, "r=8,p=1", "p=1,r=8", "in this order"},
	{goodScrypt, "ln=17", "N=131072", "must be ln=,r=,p="},
	{goodScrypt, "$AAAAAAAAAAAAAAAAAAAAAA$", "$$", "salt of scrypt has 0 bytes"},

	{goodPHC, "i=600000", "i=4000001", "i of pbkdf2-sha256 is 4000001; it must be from 1 to 4000000"},
	{goodPHC, "i=600000", "i=0", "i of pbkdf2-sha256 is 0"},
	{goodPHC, "i=600000,l=32", "i=0600000", "leading zeros"},
	{goodPHC, "l=32", "l=33", "parameter l of pbkdf2-sha256 is 33, but the hash has 32 bytes"},
	{goodPHC, "l=32", "l=0", "l of pbkdf2-sha256 is 0"},
	{goodPHC, "l=32", "i=600000", "must be i=,l="},
	{goodPHC, "i=600000,l=32", "i=600000,l=32,l=32", "must be i=,l="},
	{goodPHC, "i=600000,l=32", "t=600000", "must be i="},
	{goodPHC, "i=600000,l=32", "", "parameter i"},
	{goodPHC, "i=600000,l=32$AAAAAAAAAAAAAAAAAAAAAA$" + strings.Repeat("A", 43), "i=1000001$AAAA$" + strings.Repeat("A", 171),
		"for each of 4 blocks"},
	{goodPHC, "sha256", "sha1", "no password hash of a supported format"},
	{goodPHC, "pbkdf2-sha256", "pbkdf2", "pbkdf2 is not supported: it is PBKDF2 with SHA-1"},
	{goodPasslib, "29000", "029000", "leading zeros"},
	{goodPasslib, "29000", "99999999", "99999999; it must be from 1 to 4000000"},
	{goodPasslib, "29000", "", "parameter i"},
	{goodPasslib, "Y.R", "Y+R", `with "." for "+"`},
	{goodPasslib, "PIdwrhXiXKuVsvY.R2jN2Q", "", "salt of pbkdf2-sha512 has 0 bytes"},
	{goodDjango, "1000000", "4000001", "i of pbkdf2_sha256 is 4000001"},
	{goodDjango, "1000000", "-1", "without sign"},
	{goodDjango, "seasalt", "", "salt (in bytes) of pbkdf2_sha256 is 0; it must be from 1 to 128"},
	{goodDjango, "seasalt", strings.Repeat("s", 129), "is 129"},
	{goodDjango, "seasalt", "sea$salt", "has 4 fields"},
	{goodDjango, "A=", "A", "with padding"},
	{goodDjango, "A=", "B=", "stray bits"},
	{goodDjango, "AAAA=", "=", "hash of pbkdf2_sha256"},

	{goodFirebase, "ln=14", "ln=31", "ln of firebase-scrypt is 31"},
	{goodFirebase, "ln=14,r=8", "ln=19,r=8", "take 536870912 bytes"},
	{goodFirebase, "r=8", "r=8,p=1", "must be ln=,r="},
	{goodFirebase, "$Bw", "", "must have 4: parameters, salt, salt separator, key stream"},
	{goodFirebase, "$Bw", "$Bx", "salt separator of firebase-scrypt"},
	{goodFirebase, "$Bw", "$Bw==", "salt separator of firebase-scrypt"},

	{goodBcrypt, "12$", "31$", "cost of bcrypt is 31; it must be from 4 to 14"},
	{goodBcrypt, "12$", "15$", "cost of bcrypt is 15"},
	{goodBcrypt, "12$", "03$", "cost of bcrypt is 3"},
	{goodBcrypt, "12$", "00$", "cost of bcrypt is 0"},
	{goodBcrypt, "12$", "5$", "two digits"},
	{goodBcrypt, "12$", "012$", "two digits"},
	{goodBcrypt, "12$", "-5$", "without sign"},
	{goodBcrypt, "12$", "+5$", "without sign"},
	{goodBcrypt, "12$", " 5$", "without sign"},
	{goodBcrypt, "12$", "0x$", "without sign"},
	{goodBcrypt, "JC", "J", "have 52 characters"},
	{goodBcrypt, "JC", "JCC", "have 54 characters"},
	{goodBcrypt, "JC", "JD", "hash of bcrypt"},
	{goodBcrypt, "uuM", "utM", "salt of bcrypt"},
	{goodBcrypt, "abc", "a\x00c", "salt of bcrypt"},
	{goodBcrypt, "abc", "a=c", "salt of bcrypt"},
	{goodBcrypt, "$2b$", "$2x$", "2x is not supported"},
	{goodBcrypt, "$2b$", "$2$", "2 is not supported"},
	{goodBcrypt, "$2b$", "$2c$", "no password hash of a supported format"},
	{goodBcrypt, "$2b$", "$3b$", "no password hash of a supported format"},
}

func TestU16_U17_HostileHashes(t *testing.T) {
	for _, good := range []string{goodArgon2, goodBcrypt, goodScrypt, goodPHC, goodPasslib, goodDjango, goodFirebase} {
		_, err := Parse(good)
		require.NoError(t, err, good)
	}
	for _, test := range hostile {
		bad := strings.Replace(test.good, test.old, test.new, 1)
		require.NotEqual(t, test.good, bad)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, err := Parse(bad)
		runtime.ReadMemStats(&after)
		require.ErrorContains(t, err, test.want, "%.120q", bad)
		require.Zero(t, h)
		require.False(t, h.Verify(""))
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<10), "%.120q", bad)
	}
}

// What is refused may be a password that stands in the wrong column of a table: the error goes to a log.
func TestU17_ErrorsHoldNoSecrets(t *testing.T) {
	const secret = "hunter2"
	for _, bad := range []string{
		secret, "$" + secret, "$" + secret + "$", "$2b$" + secret + "$" + secret, "pbkdf2_sha256$" + secret + "$" + secret + "$" + secret,
		strings.Replace(goodArgon2, "m=19456", "m="+secret, 1), strings.Replace(goodArgon2, "m=19456", secret, 1),
		strings.Replace(goodArgon2, "AAAAAAAAAAAAAAAAAAAAAA", secret, 1), strings.Replace(goodScrypt, "ln=17", secret, 1),
		strings.Replace(goodPasslib, "29000", secret, 1), strings.Replace(goodFirebase, "Bw", secret, 1),
	} {
		_, err := Parse(bad)
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
	}
}

// bcrypt reads 72 bytes, and its key goes round and round with a NUL between: such twins must not open an account.
func TestU16_BcryptTwins(t *testing.T) {
	h, err := Parse("$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui")
	require.NoError(t, err)
	require.True(t, h.Verify(long72))
	require.False(t, h.Verify(long72+"chars after 72 are ignored"))
	require.False(t, h.Verify(long72+"\x00"))
	require.False(t, h.Verify(long72[:71]))

	const ofA = "$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC"
	require.NoError(t, bcrypt.CompareHashAndPassword([]byte(ofA), []byte("a\x00a")), "the danger is real")
	h, err = Parse(ofA)
	require.NoError(t, err)
	require.True(t, h.Verify("a"))
	require.False(t, h.Verify("a\x00a"))
	require.False(t, h.Verify("a\x00"))
	require.False(t, h.Verify("aa"))
}

// What one verification allocates is what Memory says, so that a semaphore weighed with it bounds the memory of all.
func TestU18_MemoryIsAsSaid(t *testing.T) {
	for _, encoded := range []string{
		goodArgon2, goodScrypt, goodPasslib, goodFirebase,
		"$argon2i$v=19$m=4096,t=1,p=4$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$scrypt$ln=4,r=64,p=16$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC",
	} {
		h, err := Parse(encoded)
		require.NoError(t, err)
		require.False(t, h.Verify("another password"))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h.Verify("another password")
		runtime.ReadMemStats(&after)
		got := int(after.TotalAlloc - before.TotalAlloc)
		require.LessOrEqual(t, got, h.Memory()+16<<10, encoded)
		require.GreaterOrEqual(t, got, h.Memory()-16<<10, encoded)
		require.LessOrEqual(t, h.Memory(), 257<<20)
	}
	require.Zero(t, Hash{}.Memory())
}
