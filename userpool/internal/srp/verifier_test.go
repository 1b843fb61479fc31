package srp_test

import (
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srp"
)

func TestParseVerifier(t *testing.T) {
	text := base64.StdEncoding.EncodeToString
	salt := text([]byte("0123456789abcdef"))
	good := clientPower(big.NewInt(2), big.NewInt(1<<62))
	minus := func(n int64) []byte { return new(big.Int).Sub(clientN, big.NewInt(n)).Bytes() }
	zeros := func(n int, rest ...byte) []byte { return append(make([]byte, n), rest...) }
	for name, test := range map[string]struct{ salt, verifier, message string }{
		"good":                             {salt, text(clientPad(good)), ""},
		"without the zero of pad":          {text(append([]byte{0xff}, "1234567"...)), text(good.Bytes()), ""},
		"salt of 64 bytes":                 {text(zeros(0, []byte(strings.Repeat("x", 64))...)), text(clientPad(good)), ""},
		"verifier 2":                       {salt, text([]byte{2}), ""},
		"verifier N-2":                     {salt, text(minus(2)), ""},
		"no salt":                          {"", text(clientPad(good)), "Salt"},
		"salt of 7 bytes":                  {text([]byte("1234567")), text(clientPad(good)), "Salt"},
		"salt of 7 bytes and zeros":        {text(zeros(9, []byte("1234567")...)), text(clientPad(good)), "Salt"},
		"salt of zeros":                    {text(zeros(16)), text(clientPad(good)), "Salt"},
		"salt of 65 bytes":                 {text(zeros(0, []byte(strings.Repeat("x", 65))...)), text(clientPad(good)), "Salt"},
		"salt of 10 kB":                    {strings.Repeat("AAAA", 2560), text(clientPad(good)), "Salt"},
		"salt in hexadecimal, odd":         {"001122334", text(clientPad(good)), "Salt"},
		"salt in base64url":                {strings.Repeat("_", 20), text(clientPad(good)), "Salt"},
		"salt without padding":             {strings.TrimRight(salt, "="), text(clientPad(good)), "Salt"},
		"salt with bits that are not used": {salt[:21] + "h==", text(clientPad(good)), "Salt"},
		"salt with a line break":           {salt + "\n", text(clientPad(good)), "Salt"},
		"no verifier":                      {salt, "", "between"},
		"verifier 0":                       {salt, text([]byte{0}), "between"},
		"verifier 0 in full":               {salt, text(zeros(384)), "between"},
		"verifier 1":                       {salt, text([]byte{1}), "between"},
		"verifier N-1":                     {salt, text(minus(1)), "between"},
		"verifier N":                       {salt, text(minus(0)), "between"},
		"verifier N+1":                     {salt, text(minus(-1)), "between"},
		"verifier 2N":                      {salt, text(new(big.Int).Lsh(clientN, 1).Bytes()), "between"},
		"verifier of 386 bytes":            {salt, text(zeros(386-len(good.Bytes()), good.Bytes()...)), "PasswordVerifier is not base64"},
		"verifier of 10 kB":                {salt, strings.Repeat("AAAA", 2560), "PasswordVerifier is not base64"},
		"verifier in hexadecimal":          {salt, good.Text(16), "PasswordVerifier is not base64"},
		"verifier with a space":            {salt, " " + text(clientPad(good)), "PasswordVerifier is not base64"},
	} {
		v, err := srp.ParseVerifier(test.salt, test.verifier)
		if test.message != "" {
			require.ErrorContains(t, err, test.message, name)
			require.Zero(t, v, name)
			continue
		}
		require.NoError(t, err, name)
		raw, err := base64.StdEncoding.DecodeString(test.salt)
		require.NoError(t, err)
		require.Equal(t, raw, v.Salt, name)
		require.Len(t, v.V, 384, name)
		raw, err = base64.StdEncoding.DecodeString(test.verifier)
		require.NoError(t, err)
		require.Zero(t, clientInt(raw).Cmp(clientInt(v.V)), name)
	}
}
