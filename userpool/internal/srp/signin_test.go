package srp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srp"
	"github.com/stepwell/stepwell/userpool/internal/srpclient"
)

// entropy returns a source that gives the same bytes in each run of a test, and others in other tests.
func entropy(t testing.TB) io.Reader { return &stream{seed: t.Name()} }

type stream struct {
	seed string
	n    int
	rest []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.rest) < len(p) {
		s.n++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", s.seed, s.n))
		s.rest = append(s.rest, sum[:]...)
	}
	s.rest = s.rest[copy(p, s.rest):]
	return len(p), nil
}

func fakeOf(name string) srp.Verifier {
	mac := hmac.New(sha256.New, []byte("a key that only the server has"))
	mac.Write([]byte(name))
	return srp.Fake([32]byte(mac.Sum(nil)))
}

func TestSignIn(t *testing.T) {
	random := entropy(t)
	signs := map[bool]int{}
	for i, password := range []string{"", "Passw0rd!", "pässwörd-密码-🔑", strings.Repeat("x", 256), "a:b"} {
		for j := range 6 {
			user := fmt.Sprint("user", i, j)
			v, err := srp.NewVerifier(random, "group", user, password)
			require.NoError(t, err)
			c := newClient("group", user, password)
			challenge, err := v.Challenge(random, c.srpA())
			require.NoError(t, err)
			signs[challenge.Negated]++
			s := challenged{c, v, challenge}
			require.True(t, s.verify(s.claim()), user)
			c.password += "x"
			require.False(t, s.verify(s.claim()), user)
		}
	}
	require.Greater(t, signs[false], 5)
	require.Greater(t, signs[true], 5)
}

func TestSignIn_Device(t *testing.T) {
	made, err := srp.NewVerifier(entropy(t), "-AbCdEfGh", "eu-west-1_key", "secret of the device")
	require.NoError(t, err)
	v, err := srp.ParseVerifier(base64.StdEncoding.EncodeToString(clientPad(clientInt(made.Salt))),
		base64.StdEncoding.EncodeToString(clientPad(clientInt(made.V))))
	require.NoError(t, err)
	require.Equal(t, made, v)
	s := challengeFor(t, v, "-AbCdEfGh", "eu-west-1_key", "secret of the device")
	require.True(t, s.verify(s.claim()))
}

// The caller keeps the challenge between the steps as JSON.
func TestChallenge_JSON(t *testing.T) {
	v, err := srp.NewVerifier(entropy(t), "group", "user", "password")
	require.NoError(t, err)
	s := challengeFor(t, v, "group", "user", "password")
	kept, err := json.Marshal(s.challenge)
	require.NoError(t, err)
	s.challenge = srp.Challenge{}
	require.NoError(t, json.Unmarshal(kept, &s.challenge))
	require.True(t, s.verify(s.claim()))
}

func TestU4_PublicValues(t *testing.T) {
	v, err := srp.NewVerifier(entropy(t), "group", "user", "password")
	require.NoError(t, err)
	times := func(n int64) string { return new(big.Int).Mul(clientN, big.NewInt(n)).Text(16) }
	beside := func(n int64) string { return new(big.Int).Add(clientN, big.NewInt(n)).Text(16) }
	bits := func(n uint) string { return new(big.Int).Lsh(big.NewInt(1), n-1).Text(16) }
	good := newClient("group", "user", "password").srpA()
	for name, test := range map[string]struct{ srpA, message string }{
		"empty":                {"", "empty"},
		"0":                    {"0", "bits"},
		"many zeros":           {strings.Repeat("0", 770), "bits"},
		"1":                    {"1", "bits"},
		"one byte":             {"42", "bits"},
		"2047 bits":            {bits(2047), "bits"},
		"2048 bits":            {bits(2048), "bits"},
		"N-1":                  {beside(-1), "less than N-1"},
		"N":                    {times(1), "less than N-1"},
		"N with a zero byte":   {"00" + times(1), "less than N-1"},
		"N+1":                  {beside(1), "less than N-1"},
		"2N":                   {times(2), "less than N-1"},
		"3N":                   {times(3), "less than N-1"},
		"255N":                 {times(255), "less than N-1"},
		"A+N":                  {new(big.Int).Add(clientHex(good), clientN).Text(16), "less than N-1"},
		"257N":                 {times(257), "characters"},
		"771 digits":           {strings.Repeat("0", 771-len(good)) + good, "characters"},
		"10 kB":                {strings.Repeat("f", 10<<10), "characters"},
		"negative":             {"-" + good, "hexadecimal"},
		"with a plus":          {"+" + good[:700], "hexadecimal"},
		"with 0x":              {"0x" + good[:700], "hexadecimal"},
		"with an underscore":   {good[:4] + "_" + good[5:], "hexadecimal"},
		"with a space":         {" " + good[1:], "hexadecimal"},
		"with a line break":    {good[:len(good)-1] + "\n", "hexadecimal"},
		"base64":               {base64.StdEncoding.EncodeToString(clientHex(good).Bytes()), "hexadecimal"},
		"digits of elsewhere":  {"٣" + good[2:], "hexadecimal"},
		"not UTF-8":            {"\xff" + good[1:], "hexadecimal"},
		"a NUL":                {"\x00" + good[1:], "hexadecimal"},
		"a letter beyond F":    {"g" + good[1:], "hexadecimal"},
		"a character before 0": {"/" + good[1:], "hexadecimal"},
		"a character before a": {"`" + good[1:], "hexadecimal"},
	} {
		var messages []string
		for _, v := range []srp.Verifier{v, fakeOf("nobody")} {
			c, err := v.Challenge(rand.Reader, test.srpA)
			if name == "2048 bits" {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, srp.ErrInvalidA, name)
			require.ErrorContains(t, err, test.message, name)
			require.Less(t, len(err.Error()), 200, name)
			require.Zero(t, c, name)
			messages = append(messages, err.Error())
		}
		if len(messages) == 2 {
			require.Equal(t, messages[0], messages[1], name)
		}
	}
}

// How the digits are written makes no difference.
func TestU4_PublicValueSpellings(t *testing.T) {
	v, err := srp.NewVerifier(entropy(t), "group", "user", "password")
	require.NoError(t, err)
	c := newClient("group", "user", "password")
	for len(c.srpA())%2 == 0 { // an odd number of digits, as BigInteger.toString gives once in 16 times
		c.Client = srpclient.FromExponent(c.a.Add(c.a, big.NewInt(1)))
	}
	for _, srpA := range []string{c.srpA(), "0" + c.srpA(), strings.ToUpper(c.srpA()), strings.Repeat("0", 770-len(c.srpA())) + c.srpA()} {
		challenge, err := v.Challenge(rand.Reader, srpA)
		require.NoError(t, err)
		s := challenged{c, v, challenge}
		require.True(t, s.verify(s.claim()))
	}
}

func TestU4_Claims(t *testing.T) {
	random := entropy(t)
	v, err := srp.NewVerifier(random, "group", "user", "password")
	require.NoError(t, err)
	other, err := srp.NewVerifier(random, "group", "other", "password")
	require.NoError(t, err)
	again, err := srp.NewVerifier(random, "group", "user", "password")
	require.NoError(t, err)
	s := challengeFor(t, v, "group", "user", "password")
	right := s.claim()
	require.True(t, s.verify(right))

	change := func(edit func(*srp.Claim)) srp.Claim {
		claim := right
		edit(&claim)
		return claim
	}
	salt, srpB, block := v.SaltHex(), s.challenge.SRPB(), s.challenge.SecretBlock()
	otherBlock := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	raw, err := base64.StdEncoding.DecodeString(right.Signature)
	require.NoError(t, err)
	for name, claim := range map[string]srp.Claim{
		"other timestamp than was signed":    change(func(c *srp.Claim) { c.Timestamp = "Tue Sep 5 07:30:01 UTC 2023" }),
		"no timestamp":                       change(func(c *srp.Claim) { c.Timestamp = "" }),
		"other secret block than was signed": change(func(c *srp.Claim) { c.SecretBlock = otherBlock }),
		"secret block of another challenge":  s.answer(salt, srpB, otherBlock, timestamp),
		"no secret block":                    s.answer(salt, srpB, "", timestamp),
		"longer secret block":                s.answer(salt, srpB, base64.StdEncoding.EncodeToString(append(s.challenge.Block, 0)), timestamp),
		"secret block with a line break":     change(func(c *srp.Claim) { c.SecretBlock = block + "\n" }),
		"secret block without padding":       change(func(c *srp.Claim) { c.SecretBlock = strings.TrimRight(block, "=") }),
		"signature with a line break":        change(func(c *srp.Claim) { c.Signature = right.Signature + "\n" }),
		"signature without padding":          change(func(c *srp.Claim) { c.Signature = strings.TrimRight(right.Signature, "=") }),
		"signature in the other spelling":    change(func(c *srp.Claim) { c.Signature = right.Signature[:42] + next(right.Signature[42]) + "=" }),
		"signature in hexadecimal":           change(func(c *srp.Claim) { c.Signature = hex.EncodeToString(raw) }),
		"half a signature":                   change(func(c *srp.Claim) { c.Signature = base64.StdEncoding.EncodeToString(raw[:16]) }),
		"signature and more":                 change(func(c *srp.Claim) { c.Signature = base64.StdEncoding.EncodeToString(append(raw, 0)) }),
		"other salt":                         s.answer(again.SaltHex(), srpB, block, timestamp),
		"other B":                            s.answer(salt, new(big.Int).Add(clientHex(srpB), big.NewInt(1)).Text(16), block, timestamp),
		"more than the secret block":         change(func(c *srp.Claim) { c.SecretBlock = block + "%" }),
		"timestamp signed in part": func() srp.Claim {
			claim := s.answer(salt, srpB, block, strings.Repeat("x", 64))
			require.True(t, s.verify(claim))
			claim.Timestamp += "x"
			return claim
		}(),
		"timestamp of 10 kB, signed": s.answer(salt, srpB, block, strings.Repeat("x", 10<<10)),
	} {
		require.False(t, s.verify(claim), name)
	}

	require.False(t, s.challenge.Verify(v, "group", "other", right), "claim for another user")
	require.False(t, s.challenge.Verify(v, "other", "user", right), "claim for another pool")
	require.False(t, s.challenge.Verify(v, "groupu", "serx", right), "claim for another user")
	require.False(t, s.challenge.Verify(other, "group", "other", right), "claim for another user")
	require.False(t, s.challenge.Verify(again, "group", "user", right), "the same password set again")
	replay := challengeFor(t, v, "group", "user", "password")
	replay.challenge, err = v.Challenge(random, s.srpA())
	require.NoError(t, err)
	require.False(t, replay.verify(right), "replay against another challenge")
	replay.challenge.Block = s.challenge.Block
	require.False(t, replay.verify(right), "replay against another challenge with the same secret block")
	require.True(t, s.verify(right))
}

// next returns the character of base64 after c: in the last place of a signature it only differs in bits that are not used.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

// Numbers for which anybody can tell the secret are refused, should a challenge or verifier come back other than it was made.
func TestU4_DegenerateState(t *testing.T) {
	v, err := srp.NewVerifier(entropy(t), "group", "user", "password")
	require.NoError(t, err)
	s := challengeFor(t, v, "group", "user", "password")
	u := func(c srp.Challenge) *big.Int {
		return clientInt(clientSum(clientPad(clientInt(c.A)), clientPad(clientInt(c.B))))
	}
	zero, one := new(big.Int), big.NewInt(1)
	attack := func(c srp.Challenge, v srp.Verifier, secret *big.Int) bool {
		return c.Verify(v, "group", "user", s.answerSecret(u(c), secret, c.SecretBlock(), timestamp))
	}
	with := func(edit func(*srp.Challenge)) srp.Challenge {
		c := s.challenge
		edit(&c)
		return c
	}
	minusOne := new(big.Int).Sub(clientN, one)
	b := clientInt(s.challenge.Secret)
	for name, test := range map[string]struct {
		c      srp.Challenge
		v      srp.Verifier
		secret *big.Int
	}{
		"v = 0":          {s.challenge, srp.Verifier{V: make([]byte, 384)}, zero},
		"no v":           {s.challenge, srp.Verifier{}, zero},
		"v = N":          {s.challenge, srp.Verifier{V: clientN.Bytes()}, zero},
		"v = 1":          {s.challenge, srp.Verifier{V: []byte{1}}, clientPower(s.publicA(), b)},
		"A = 0":          {with(func(c *srp.Challenge) { c.A = []byte{0} }), v, zero},
		"no A":           {with(func(c *srp.Challenge) { c.A = nil }), v, zero},
		"A = N":          {with(func(c *srp.Challenge) { c.A = clientN.Bytes() }), v, zero},
		"b = 0":          {with(func(c *srp.Challenge) { c.Secret = make([]byte, 32) }), v, one},
		"no b":           {with(func(c *srp.Challenge) { c.Secret = nil }), v, one},
		"a short zero b": {with(func(c *srp.Challenge) { c.Secret = []byte{0} }), v, one},
		"zero challenge": {srp.Challenge{}, v, one},
		"negated zero b": {with(func(c *srp.Challenge) { c.Secret, c.Negated = make([]byte, 32), true }), v, minusOne},
	} {
		require.False(t, attack(test.c, test.v, test.secret), name)
	}
	bare := with(func(c *srp.Challenge) { c.Block = nil })
	require.False(t, bare.Verify(v, "group", "user", s.answer(v.SaltHex(), bare.SRPB(), "", timestamp)), "no secret block")
	short := with(func(c *srp.Challenge) { c.Secret = append([]byte{0}, c.Secret...) })
	require.False(t, short.Verify(v, "group", "user", s.claim()), "b of another length")
	require.True(t, s.challenge.Verify(srp.Verifier{V: append([]byte{0}, v.V...)}, "group", "user", s.claim()), "v as pad writes it")
	require.False(t, s.challenge.Verify(srp.Verifier{V: append([]byte{0, 0}, v.V...)}, "group", "user", s.claim()), "v too long")

	for name, v := range map[string]srp.Verifier{
		"zero": {}, "0": {V: make([]byte, 384)}, "1": {V: []byte{1}}, "N-1": {V: minusOne.Bytes()}, "N": {V: clientN.Bytes()},
	} {
		_, err := v.Challenge(rand.Reader, s.srpA())
		require.ErrorContains(t, err, "use Fake", name)
		require.NotErrorIs(t, err, srp.ErrInvalidA, name)
	}
}

func TestU3_Fake(t *testing.T) {
	v := fakeOf("nobody@example.com")
	require.Equal(t, v, fakeOf("nobody@example.com"))
	require.NotEqual(t, v.Salt, fakeOf("nobody@example.org").Salt)
	require.NotEqual(t, v.V, fakeOf("nobody@example.org").V)
	real, err := srp.NewVerifier(rand.Reader, "group", "nobody@example.com", "password")
	require.NoError(t, err)
	require.Len(t, v.Salt, len(real.Salt))
	require.Len(t, v.V, len(real.V))
	require.Negative(t, clientInt(v.V).Cmp(clientN))

	for _, password := range []string{"", "password", "nobody@example.com"} {
		s := challengeFor(t, v, "group", "nobody@example.com", password)
		require.False(t, s.verify(s.claim()))
	}
	s := challengeFor(t, v, "group", "nobody@example.com", "")
	for _, x := range []*big.Int{new(big.Int), big.NewInt(1), clientInt(v.Salt)} {
		require.False(t, s.verify(s.answerWith(x, s.challenge.SRPB(), s.challenge.SecretBlock(), timestamp)))
	}
}

// The numbers were computed by another program. They must stay the same from release to release.
func TestU3_FakeStaysTheSame(t *testing.T) {
	v := srp.Fake([32]byte(clientSum([]byte("nobody"))))
	require.Equal(t, "78b3fd058b99f79c2601bafd8adb9524", v.SaltHex())
	require.Equal(t, "42bbf8d0ac12d9c22a4975873dbf8ee45669abb12eee604a1f012e6de95ab663", hex.EncodeToString(clientSum(v.V)))
}

// What a client sees of a challenge has the same shape, and the same spread, for users that exist and for those that do not.
func TestU3_SameShape(t *testing.T) {
	srpA := newClient("group", "user", "password").srpA()
	real, err := srp.NewVerifier(rand.Reader, "group", "user", "password")
	require.NoError(t, err)
	for name, v := range map[string]srp.Verifier{"real": real, "fake": fakeOf("nobody")} {
		upper := 0
		for range 100 {
			c, err := v.Challenge(rand.Reader, srpA)
			require.NoError(t, err)
			block, err := base64.StdEncoding.DecodeString(c.SecretBlock())
			require.NoError(t, err)
			require.Len(t, block, 32, name)
			require.LessOrEqual(t, len(c.SRPB()), 768, name)
			require.Zero(t, len(c.SRPB())%2, name)
			upper += int(clientHex(c.SRPB()).Bit(3071))
		}
		require.Regexp(t, "^[4-7][0-9a-f]{31}$", v.SaltHex(), name)
		require.InDelta(t, 50, upper, 40, name)
	}
	for i := range 64 { // whatever was drawn, all clients read the same salt
		v, err := srp.NewVerifier(bytes.NewReader(bytes.Repeat([]byte{byte(4 * i)}, 16)), "group", "user", "")
		require.NoError(t, err)
		require.Equal(t, v.Salt, clientPad(clientHex(v.SaltHex())))
	}
}

// Each challenge is drawn anew.
func TestChallenge_Fresh(t *testing.T) {
	v, err := srp.NewVerifier(rand.Reader, "group", "user", "password")
	require.NoError(t, err)
	one, two := challengeFor(t, v, "group", "user", "password"), srp.Challenge{}
	two, err = v.Challenge(rand.Reader, one.srpA())
	require.NoError(t, err)
	require.NotEqual(t, one.challenge.B, two.B)
	require.NotEqual(t, one.challenge.Secret, two.Secret)
	require.NotEqual(t, one.challenge.Block, two.Block)
	require.NotEqual(t, one.challenge.Secret, one.challenge.Block)
}

func TestRandomFails(t *testing.T) {
	broken := errors.New("broken")
	_, err := srp.NewVerifier(iotest.ErrReader(broken), "group", "user", "password")
	require.ErrorIs(t, err, broken)
	_, err = srp.NewVerifier(bytes.NewReader(make([]byte, 15)), "group", "user", "password")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	v := fakeOf("nobody")
	_, err = v.Challenge(iotest.ErrReader(broken), newClient("group", "user", "password").srpA())
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, srp.ErrInvalidA)
	_, err = v.Challenge(bytes.NewReader(make([]byte, 64)), newClient("group", "user", "password").srpA())
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestNoSecretsInLogs(t *testing.T) {
	v, err := srp.NewVerifier(entropy(t), "group", "user", "password")
	require.NoError(t, err)
	c := challengeFor(t, v, "group", "user", "password").challenge
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("sign-in", "verifier", v, "challenge", c)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		fmt.Fprintf(&log, format+format+"\n", v, c)
	}
	for _, secret := range [][]byte{v.V, c.Secret, c.Block} {
		for _, spelling := range []string{"%v", "%x", "%X", "%#v", "%s"} {
			text := strings.Trim(fmt.Sprintf(spelling, secret), "[]byte{}")
			require.NotContains(t, log.String(), text)
		}
	}
	require.Contains(t, log.String(), "an SRP verifier")
	require.Less(t, log.Len(), 1000)
}
