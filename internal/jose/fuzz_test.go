package jose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzVerify: of all texts, only tokens that were signed are accepted. For
// RS256 and EdDSA that is one text per token; ES256 signatures have twins.
func FuzzVerify(f *testing.F) {
	var keys []*PrivateKey
	signed := map[string]map[string]any{} // by signing input
	texts := map[string]bool{}
	// Fixed keys, since every worker of the fuzzer is a process of its own.
	for _, private := range []string{rfc7515RSAPrivate, rfc7515ECPrivate, rfc8037Private} {
		key, err := ParsePrivateKey([]byte(private))
		require.NoError(f, err)
		keys = append(keys, key)
		for _, typ := range []string{"", "JWT"} {
			claims := testClaims(with("n", []any{"a", map[string]any{"b": "é"}}))
			token, err := key.Sign(typ, claims)
			require.NoError(f, err)
			text, err := DecodeObject([]byte(toJSON(f, claims)))
			require.NoError(f, err)
			signed[token[:strings.LastIndexByte(token, '.')]] = text
			texts[token] = key.public.Algorithm != ES256
			f.Add(token, uint16(0), byte(0))
			f.Add(token, uint16(len(token)/2), byte('A'))
			f.Add(token, uint16(len(token)-1), byte('\n'))
			p := strings.Split(token, ".")
			f.Add(p[0]+"."+p[1]+".", uint16(0), byte(0))
			f.Add(encode(`{"alg":"none"}`)+"."+p[1]+".", uint16(0), byte(0))
			f.Add(encode(`{"alg":"HS256","kid":"`+key.public.ID+`"}`)+"."+p[1]+"."+p[2], uint16(0), byte(0))
			f.Add(`{"protected":"`+p[0]+`","payload":"`+p[1]+`","signature":"`+p[2]+`"}`, uint16(0), byte(0))
		}
	}
	source := sourceOf(keys...)
	f.Fuzz(func(t *testing.T, text string, at uint16, change byte) {
		if change != 0 && int(at) < len(text) {
			changed := []byte(text)
			changed[at] = change
			text = string(changed)
		}
		claims, err := Verify(context.Background(), text, source, expected())
		if err != nil {
			var typed *Error
			require.ErrorAs(t, err, &typed)
			require.Nil(t, claims)
			require.False(t, texts[text], "a good token is refused: %v", err)
			return
		}
		want, ok := signed[text[:strings.LastIndexByte(text, '.')]]
		require.True(t, ok, "accepted, but never signed: %q", text)
		require.Equal(t, want, claims)
		if parsed, err := parseToken(text); err == nil && parsed.algorithm != ES256 {
			require.True(t, texts[text], "another text for a signed token: %q", text)
		}
	})
}

// FuzzDecodeObject: what is accepted, encoding/json reads in the same way; what
// is refused is either no JSON object or breaks one of the stated rules.
func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` {"a":null,"b":[true,false,{}],"c":"x\u00e9\ud83d\ude00"} `, `{"a":1,"\u0061":2}`, `{"a":-0.5e+10}`, `{"a":"\ud800"}`, `{"a":"\u0000"}`,
		`[]`, `null`, `{}{}`, "\uFEFF{}", "{\"a\":\"\xff\"}", `{"a":01}`, `{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, `{"a":"\ud83d\ud83d"}`, `{"a":1,}`, `{"a":1e}`, `{"a":tru}`, `{"":""}`, rfc7638Key,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := DecodeObject(data)
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var want map[string]any
		stdErr := decoder.Decode(&want)
		if stdErr == nil {
			if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
				stdErr = errors.New("more than one value")
			}
		}
		if err == nil {
			require.NoError(t, stdErr)
			require.Equal(t, want, got)
			again, err := json.Marshal(got)
			require.NoError(t, err)
			second, err := DecodeObject(again)
			require.NoError(t, err)
			require.True(t, reflect.DeepEqual(got, second))
			return
		}
		requireReason(t, err, ErrMalformed)
		if stdErr == nil && want != nil && plain(data) {
			count := bytes.Count(data, []byte(`"`))
			again, _ := json.Marshal(want)
			// Refused by us alone: a name occurs twice, so that encoding/json lost one.
			require.Less(t, bytes.Count(again, []byte(`"`)), count, "refused without a reason: %v", err)
		}
	})
}

// plain reports whether none of the rules beyond JSON can be at work, but for
// duplicate names.
func plain(data []byte) bool {
	return utf8.Valid(data) && len(data) < 1_000 && !bytes.ContainsAny(data, `\`) &&
		bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) <= maxJSONDepth && !hasLongNumber(data)
}

func hasLongNumber(data []byte) bool {
	run := 0
	for _, c := range data {
		if run++; !isDigit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			run = 0
		}
		if run > maxJSONNumber {
			return true
		}
	}
	return false
}

// FuzzParseKeySet: whatever is read is a strong key that can be published again.
func FuzzParseKeySet(f *testing.F) {
	for _, key := range []string{rfc7515RSA, rfc7515EC, rfc8037Public, rfc7638Key, rfc7515RSAPrivate, `{"kty":"oct","k":"AA"}`,
		jwkWith(f, rfc7515EC, m{"kid": "a", "use": "sig", "alg": "ES256"}), jwkWith(f, rfc7515RSA, m{"e": "AQ"}), jwkWith(f, rfc8037Public, m{"kid": "a", "key_ops": []string{"verify"}})} {
		f.Add([]byte(`{"keys":[` + key + `]}`))
		f.Add([]byte(`{"keys":[` + key + `,` + rfc7638Key + `]}`))
	}
	f.Add([]byte(`{"keys":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := ParseKeySet(data)
		if err != nil {
			requireReason(t, err, ErrMalformed)
			require.Nil(t, keys)
			return
		}
		require.LessOrEqual(t, len(keys), maxKeySetKeys)
		var named []PublicKey
		for _, key := range keys {
			checked, err := NewPublicKey(key.ID, key.Algorithm, key.Key)
			require.NoError(t, err)
			require.Equal(t, key, checked)
			if key.ID != "" {
				named = append(named, key)
			}
			// A signature of nobody is refused without a panic.
			require.Error(t, verifySignature(key.Algorithm, key.Key, []byte("x"), make([]byte, 64)))
		}
		published, err := MarshalKeySet(named)
		require.NoError(t, err)
		again, err := ParseKeySet(published)
		require.NoError(t, err)
		require.Len(t, again, len(named))
		for i := range again {
			require.Equal(t, named[i], again[i])
		}
	})
}
