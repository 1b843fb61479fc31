package passwordhash

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vector is what another implementation says.
type vector struct {
	password, encoded string
}

// vectors come from the test suites and documentation of those who defined the formats. (The vectors of RFC 9106 use a secret key and
// associated data, which the PHC format cannot carry; the reference implementation, which made them, made those below.)
var vectors = map[string][]vector{
	"argon2id, test.c of the reference implementation": {
		{"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
		{"password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
		{"password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
		{"password", "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg"},
		{"password", "$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$kCXUjmjvc5XMqQedpMTsOv+zyJEf5PhtGiUghW9jFyw"},
		{"differentpassword", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94"},
		{"password", "$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw"},
	},
	"argon2i, test.c of the reference implementation": {
		{"password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"},
		{"password", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"},
		{"password", "$argon2i$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$0WgHXE2YXhPr6uVgz4uUw7XYoWxRkWtvSsLaOsEbvs8"},
		{"differentpassword", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$FK6NoBr+qHAMI1jc73xTWNkCEoK9iGY6RWL1n7dNIu4"},
	},
	"bcrypt, wrapper.c of crypt_blowfish": {
		{"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
		{"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
		{"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
		{"", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"},
		{"\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
		{"\xff\xff\xa3", "$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
		{"\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
		{long72, "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"},
	},
	"bcrypt, made by crypt(3) of libxcrypt": {
		{"\u00e4ssw\u00f6rd", "$2y$04$abcdefghijklmnopqrstuuH8/0kcmR.42lKHwQAJNvQw2KMYSef1u"},
		{"a", "$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC"},
	},
	"scrypt, RFC 7914 section 12": {
		{"password", "$scrypt$ln=10,r=8,p=16$TmFDbA$" + b64("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"+
			"2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")},
		{"pleaseletmein", "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$" + b64("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"+
			"d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")},
	},
	"scrypt, tests and documentation of passlib": {
		{"password", "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI"},
		{"test", "$scrypt$ln=8,r=8,p=1$wlhLyXmP8b53bm1NKYVQqg$mTpvG8lzuuDk+DWz8HZIB6Vum6erDuUm0As5yU+VxWA"},
		{"password", "$scrypt$ln=8,r=2,p=1$dO6d0xoDoLT2PofQGoNQag$g/Wf2A0vhHhaJM+addK61QPBthSmYB6uVTtQzh8CM3o"},
		{"nacl", "$scrypt$ln=1,r=4,p=2$yhnD+J+Tci4lZCwFgHCuVQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds"},
		{"password", "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"},
	},
	"PBKDF2, RFC 7914 section 11": {
		{"passwd", "$pbkdf2-sha256$i=1$c2FsdA$" + b64("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"+
			"49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")},
		{"Password", "$pbkdf2-sha256$i=80000,l=64$TmFDbA$" + b64("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"+
			"a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")},
	},
	"PBKDF2 in PHC form, documentation of Azure IoT MQ and tests of Ory": {
		{"password", "$pbkdf2-sha512$i=100000,l=64$HqJwOCHweNk1pLryiu3RsA$" +
			"KVSvxKYcibIG5S5n55RvxKRTdAAfCUtBJoy5IuFzdSZyzkwvUcU+FPawEWFPn+06JyZsndfRTfpiEh+2eSJLkg"},
		{"test", "$pbkdf2-sha256$i=100000,l=32$1jP+5Zxpxgtee/iPxGgOz0RfE9/KJuDElP1ley4VxXc$QJxzfvdbHYBpydCbHoFg3GJEqMFULwskiuqiJctoYpI"},
		{"test", "$pbkdf2-sha512$i=100000,l=32$bdHBpn7OWOivJMVJypy2UqR0UnaD5prQXRZevj/05YU$+wArTfv1a+bNGO1iZrmEdVjhA+lL11wF4/IxpgYfPwc"},
	},
	"PBKDF2, tests of passlib": {
		{"password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"},
		{"\u0399\u03c9\u03b1\u03bd\u03bd\u03b7\u03c2", "$pbkdf2-sha256$1212$3SABFJGDtyhrQMVt1uABPw$WyaUoqCLgvz97s523nF4iuOqZNbp5Nt8do/cuaa7AiI"},
		{"password", "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$" +
			"eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww"},
		{"\u0399\u03c9\u03b1\u03bd\u03bd\u03b7\u03c2", "$pbkdf2-sha512$1212$KkbvoKGsAIcF8IslDR6skQ$" +
			"8be/PRmd88Ps8fmPowCJttH9G3vgxpG.Krjt3KT.NP6cKJ0V4Prarqf.HBwz0dCkJ6xgWnSj2ynXSV7MlvMa8Q"},
	},
	"PBKDF2, tests of Django": {
		{"l\u00e8tmein", "pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0="},
		{"l\u00e8tmein", "pbkdf2_sha256$24000$seasalt$V9DfCAVoweeLwxC/L2mb+7swhzF0XYdyQMqmusZqiTc="},
		{"l\u00e8tmein", "pbkdf2_sha256$100000$seasalt$BNZ6eyaNc8qFTJPjrAq99hSYb73EgAdytAtdBg2Sdcc="},
	},
}

// long72 is as much as bcrypt reads.
const long72 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// b64 turns the hexadecimal notation of a standard into that of a PHC string.
func b64(s string) string {
	raw, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

func TestOutsideVectors(t *testing.T) {
	for source, list := range vectors {
		t.Run(source, func(t *testing.T) {
			for _, v := range list {
				h, err := Parse(v.encoded)
				require.NoError(t, err, v.encoded)
				require.True(t, h.Verify(v.password), v.encoded)
				require.False(t, h.Verify(v.password+"x"), v.encoded)
				require.False(t, h.Verify(strings.ToUpper(v.password)+" "), v.encoded)
				require.False(t, h.Current(), v.encoded)
			}
		})
	}
}

// firebaseVectors are the sample of github.com/firebase/scrypt and a user whom Ory exported from Firebase.
var firebaseVectors = []struct {
	password, signerKey, salt, hash string
}{
	{
		"user1password", "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", "42xEC+ixf3L2lw==",
		"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
	},
	{
		"8x4WjoDbSxJZdR", "YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw==", "sPtDhWcd1MfdAw==",
		"xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==",
	},
}

func bytesOf(t testing.TB, s string) []byte {
	raw, err := base64.StdEncoding.DecodeString(s)
	require.NoError(t, err)
	return raw
}

func TestFirebase_OutsideVectors(t *testing.T) {
	for _, v := range firebaseVectors {
		config := FirebaseConfig{SignerKey: bytesOf(t, v.signerKey), SaltSeparator: bytesOf(t, "Bw=="), Rounds: 8, MemoryCost: 14}
		encoded, err := config.Encode(bytesOf(t, v.salt), bytesOf(t, v.hash))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(encoded, "$firebase-scrypt$ln=14,r=8$"+strings.TrimRight(v.salt, "=")+"$Bw$"), encoded)
		require.NotContains(t, encoded, strings.TrimRight(v.signerKey, "="), "the key of the whole project stays outside")

		h, err := Parse(encoded)
		require.NoError(t, err)
		require.True(t, h.Verify(v.password))
		require.False(t, h.Verify(v.password+"x"))
		require.False(t, h.Verify(""))
		require.False(t, h.Current())

		for _, config := range []FirebaseConfig{
			{SignerKey: bytesOf(t, v.hash), SaltSeparator: config.SaltSeparator, Rounds: 8, MemoryCost: 14},
			{SignerKey: config.SignerKey, Rounds: 8, MemoryCost: 14},
			{SignerKey: config.SignerKey, SaltSeparator: config.SaltSeparator, Rounds: 7, MemoryCost: 14},
			{SignerKey: config.SignerKey, SaltSeparator: config.SaltSeparator, Rounds: 8, MemoryCost: 13},
		} {
			encoded, err := config.Encode(bytesOf(t, v.salt), bytesOf(t, v.hash))
			require.NoError(t, err)
			h, err := Parse(encoded)
			require.NoError(t, err)
			require.False(t, h.Verify(v.password), "the parameters are of another project")
		}
	}
}

func TestFirebase_EncodeRefuses(t *testing.T) {
	key, salt := make([]byte, 64), make([]byte, 10)
	good := FirebaseConfig{SignerKey: key, SaltSeparator: []byte{7}, Rounds: 8, MemoryCost: 14}
	_, err := good.Encode(salt, key)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		change     func(*FirebaseConfig)
		salt, hash []byte
		want       string
	}{
		"no signer key":           {func(c *FirebaseConfig) { c.SignerKey = nil }, salt, key, "the signer key 0"},
		"nothing at all":          {func(c *FirebaseConfig) { *c = FirebaseConfig{} }, nil, nil, "parameter ln"},
		"a hash of another size":  {func(*FirebaseConfig) {}, salt, key[:63], "the same length"},
		"no salt":                 {func(*FirebaseConfig) {}, nil, key, "salt"},
		"too much salt":           {func(*FirebaseConfig) {}, make([]byte, 129), key, "from 1 to 128"},
		"a separator too long":    {func(c *FirebaseConfig) { c.SaltSeparator = make([]byte, 129) }, salt, key, "from 0 to 128"},
		"negative rounds":         {func(c *FirebaseConfig) { c.Rounds = -8 }, salt, key, "without sign"},
		"no rounds":               {func(c *FirebaseConfig) { c.Rounds = 0 }, salt, key, "from 1 to 64"},
		"a memory cost too large": {func(c *FirebaseConfig) { c.MemoryCost = 31 }, salt, key, "from 1 to 21"},
		"too much memory":         {func(c *FirebaseConfig) { c.MemoryCost = 19 }, salt, key, "at most 268435456 are allowed"},
		"a key too short":         {func(c *FirebaseConfig) { c.SignerKey = key[:15] }, salt, key[:15], "from 16 to 128"},
		"a key far too long":      {func(c *FirebaseConfig) { c.SignerKey = make([]byte, 1<<20) }, salt, make([]byte, 1<<20), "at most 1024"},
	} {
		config := good
		test.change(&config)
		_, err := config.Encode(test.salt, test.hash)
		require.ErrorContains(t, err, test.want, name)
	}
}
