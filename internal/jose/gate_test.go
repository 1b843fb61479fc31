package jose

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJ1_J2_JSONSerialization(t *testing.T) {
	key := testKey(t, RS256)
	token, err := key.Sign("JWT", testClaims())
	require.NoError(t, err)
	p := strings.Split(token, ".")
	none := encode(`{"alg":"none"}`)
	for name, text := range map[string]string{
		"flattened":          fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, p[1], p[0], p[2]),
		"flattened, header":  fmt.Sprintf(`{"payload":%q,"protected":%q,"header":{"kid":"x"},"signature":%q}`, p[1], p[0], p[2]),
		"general":            fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, p[1], p[0], p[2]),
		"general, alg none":  fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q},{"protected":%q,"signature":""}]}`, p[1], p[0], p[2], none),
		"compact in JSON":    fmt.Sprintf(`{"x":"%s"}`, token),
		"JSON in segments":   fmt.Sprintf(`{"%s.":1,"payload":%q,"protected":".%s","signature":%q}`, p[0], p[1], p[2], p[2]),
		"JSON string":        `"` + token + `"`,
		"JSON array of them": `["` + token + `"]`,
	} {
		t.Run(name, func(t *testing.T) {
			keys := sourceOf(key)
			requireRefused(t, text, keys, expected(), ErrMalformed)
			require.Zero(t, keys.asked)
		})
	}
}

func TestJ3_AlgNone(t *testing.T) {
	key := testKey(t, RS256)
	payload := toJSON(t, testClaims())
	for _, alg := range []any{"none", "None", "NONE", "nOnE", "", nil, []string{"none"}, []string{"RS256"}, 0, true, map[string]any{}, "none ", "rs256", "RS256 ", "RS256\x00"} {
		header := headerWith(t, key, map[string]any{"alg": alg})
		good := craft(t, key, header, payload)
		unsigned := good[:strings.LastIndexByte(good, '.')+1]
		for _, token := range []string{good, unsigned, unsigned + "AA"} {
			keys := sourceOf(key)
			requireRefused(t, token, keys, expected(), ErrMalformed)
			require.Zero(t, keys.asked)
		}
	}
	header := strings.Replace(headerWith(t, key, nil), `"RS256"`, `null`, 1)
	requireRefused(t, craft(t, key, header, payload), sourceOf(key), expected(), ErrMalformed)
}

func TestJ4_HMACWithPublicKey(t *testing.T) {
	key := testKey(t, RS256)
	public := key.Public().Key.(*rsa.PublicKey)
	spki, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	jwks, err := MarshalKeySet([]PublicKey{key.Public()})
	require.NoError(t, err)
	for name, secret := range map[string][]byte{
		"SPKI PEM":  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}),
		"PKCS1 PEM": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"SPKI DER":  spki, "PKCS1 DER": pkcs1, "modulus": public.N.Bytes(), "JWK set": jwks,
		"JWK": jwks[len(`{"keys":[`) : len(jwks)-2], "empty": {}, "zero": make([]byte, 32),
	} {
		for _, alg := range []string{"HS256", "RS256", "hs256"} {
			input := encode(headerWith(t, key, map[string]any{"alg": alg})) + "." + encode(toJSON(t, testClaims()))
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			reason := ErrMalformed
			if alg == "RS256" {
				reason = ErrSignature
			}
			t.Run(name+" "+alg, func(t *testing.T) {
				requireRefused(t, input+"."+encode(string(mac.Sum(nil))), sourceOf(key), expected(), reason)
			})
		}
	}
}

// sameKind reports whether both keys are RSA keys.
func sameKind(a, b *PrivateKey) bool {
	_, first := a.public.Key.(*rsa.PublicKey)
	_, second := b.public.Key.(*rsa.PublicKey)
	return first && second
}

func TestJ5_AlgorithmPinnedToKey(t *testing.T) {
	payload := toJSON(t, testClaims())
	for _, named := range algorithms {
		for _, signing := range algorithms {
			if named == signing {
				continue
			}
			// The kid names one key, alg and the signature are of another.
			named, signing := testKey(t, named), testKey(t, signing)
			header := headerWith(t, signing, map[string]any{"kid": named.public.ID})
			requireRefused(t, craft(t, signing, header, payload), sourceOf(named, signing), expected(), ErrKey)
			// A key source that states the wrong algorithm for a key.
			confused := &keyMap{keys: map[string]PublicKey{"k": {Algorithm: signing.public.Algorithm, Key: named.public.Key}}}
			header = headerWith(t, signing, map[string]any{"kid": "k"})
			reason := ErrKey
			if sameKind(named, signing) { // the key could be one for it, and yet did not sign
				reason = ErrSignature
			}
			requireRefused(t, craft(t, signing, header, payload), confused, expected(), reason)
		}
	}
	key := testKey(t, RS256)
	token := craft(t, key, headerWith(t, key, map[string]any{"alg": "RS512"}), payload)
	requireRefused(t, token, sourceOf(key), expected(), ErrKey)
	for _, alg := range []string{"PS256", "RS384", "PS512", "ES384", "ES512", "ES256K", "EdDSA2", "Ed25519", "ES256"} {
		token := craft(t, key, headerWith(t, key, map[string]any{"alg": alg}), payload)
		reason := ErrMalformed
		if alg == "ES256" {
			reason = ErrKey
		}
		requireRefused(t, token, sourceOf(key), expected(), reason)
		// Nor does a key source make one of them acceptable.
		lax := &keyMap{keys: map[string]PublicKey{key.public.ID: {Algorithm: Algorithm(alg), Key: key.public.Key}}}
		requireRefused(t, token, lax, expected(), reason)
	}
}

func TestJ6_KeysInsideTheToken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	var connections atomic.Int32
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			c.Close()
		}
	}()
	place := "http://" + listener.Addr().String() + "/keys"

	attacker, err := GenerateKey(ES256, nil)
	require.NoError(t, err)
	set, err := MarshalKeySet([]PublicKey{attacker.Public()})
	require.NoError(t, err)
	decoded, err := DecodeObject(set)
	require.NoError(t, err)
	for name, value := range map[string]any{
		"jwk": decoded["keys"].([]any)[0], "jku": place, "x5u": place, "x5c": []string{"MIIB"},
		"jwks_uri": place, "iss": place, "x5t": []string{place}, "epk": decoded["keys"].([]any)[0],
	} {
		for _, kid := range []any{attacker.public.ID, place, nil} {
			t.Run(fmt.Sprint(name, " ", kid), func(t *testing.T) {
				keys := sourceOf(testKey(t, ES256))
				token := craft(t, attacker, headerWith(t, attacker, map[string]any{name: value, "kid": kid}), toJSON(t, testClaims()))
				requireRefused(t, token, keys, expected(), ErrMalformed)
				require.Zero(t, keys.asked)
			})
		}
	}
	// The listener would have counted: one connection of our own is seen.
	require.Zero(t, connections.Load())
	c, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool { return connections.Load() == 1 }, waitLong, waitShort)
}

func TestJ7_KeyID(t *testing.T) {
	key := testKey(t, EdDSA)
	payload := toJSON(t, testClaims())
	for name, kid := range map[string]any{
		"NUL": "a\x00", "only NUL": "\x00", "long": strings.Repeat("a", 257), "not ASCII": "clé", "line": "a\nb",
		"empty": "", "number": 1, "array": []string{key.public.ID}, "object": map[string]any{}, "bool": true,
	} {
		t.Run("malformed "+name, func(t *testing.T) {
			keys := sourceOf(key)
			requireRefused(t, craft(t, key, headerWith(t, key, map[string]any{"kid": kid}), payload), keys, expected(), ErrMalformed)
			require.Zero(t, keys.asked)
		})
	}
	t.Run("100 kB", func(t *testing.T) {
		requireRefused(t, craft(t, key, headerWith(t, key, map[string]any{"kid": strings.Repeat("a", 100_000)}), payload), sourceOf(key), expected(), ErrMalformed)
	})
	for name, kid := range map[string]any{
		"path": "../../../../dev/null", "absolute": "/etc/passwd", "SQL": "x' UNION SELECT 'AAAA' --", "URL": "https://evil.example/jwks.json",
		"unknown": "unknown", "case": strings.ToUpper(key.public.ID), "prefix": key.public.ID[:40], "missing": nil,
		"longest": strings.Repeat("a", 256),
	} {
		t.Run("unknown "+name, func(t *testing.T) {
			keys := sourceOf(key)
			requireRefused(t, craft(t, key, headerWith(t, key, map[string]any{"kid": kid}), payload), keys, expected(), ErrKey)
			require.Equal(t, 1, keys.asked)
		})
	}
}

func TestJ11_HeaderMembers(t *testing.T) {
	key := testKey(t, EdDSA)
	payload := toJSON(t, testClaims())
	for name, members := range map[string]map[string]any{
		"crit unknown":    {"crit": []string{"x"}, "x": 1},
		"crit empty":      {"crit": []string{}},
		"crit registered": {"crit": []string{"alg"}},
		"crit b64":        {"crit": []string{"b64"}, "b64": true},
		"crit string":     {"crit": "exp"},
		"b64=false":       {"b64": false},
		"b64 and crit":    {"b64": false, "crit": []string{"b64"}},
		"zip":             {"zip": "DEF"},
		"cty":             {"cty": "JWT"},
		"cty text":        {"cty": "text/plain"},
		"enc":             {"enc": "A128GCM"},
		"p2c":             {"p2c": 1},
		"nonce":           {"nonce": "x"},
		"unknown":         {"admin": "true"},
		"other case":      {"Alg": "none"},
		"typ number":      {"typ": 1},
		"typ array":       {"typ": []string{"JWT"}},
		"typ control":     {"typ": "JWT\n"},
		"typ long":        {"typ": strings.Repeat("a", maxType+1)},
		"x5t number":      {"x5t": 1},
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, craft(t, key, headerWith(t, key, members), payload), sourceOf(key), expected(), ErrMalformed)
		})
	}
	for name, members := range map[string]map[string]any{
		"x5t": {"x5t": "hBC6NgsNqfEPjpGn"}, "x5t#S256": {"x5t#S256": "AA"}, "nothing more": {},
	} {
		t.Run("accepted "+name, func(t *testing.T) {
			requireAccepted(t, craft(t, key, headerWith(t, key, members), payload), sourceOf(key), expected())
		})
	}
}

func TestJ12_J18_Type(t *testing.T) {
	key := testKey(t, EdDSA)
	payload := toJSON(t, testClaims())
	for _, row := range []struct {
		types    []string
		accepted []any
		refused  []any
	}{
		{nil, []any{nil, "JWT", "jwt", "application/jwt", "Application/JWT"},
			[]any{"", "at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWTx", "JWT ", "JOSE", "application/", "application/application/jwt", "text/jwt"}},
		{[]string{}, []any{nil, "JWT"}, []any{"at+jwt"}},
		{[]string{"at+jwt"}, []any{"at+jwt", "AT+JWT", "application/at+jwt"},
			[]any{nil, "", "JWT", "logout+jwt", "dpop+jwt", "secevent+jwt", "at+jw", "at+jwtx", "application/at"}},
		{[]string{"application/at+jwt", ""}, []any{nil, "at+jwt", "application/AT+jwt"}, []any{"", "JWT"}},
		{[]string{"logout+jwt", "JWT"}, []any{"logout+jwt", "JWT"}, []any{nil, "at+jwt", ""}},
	} {
		want := expected()
		want.Types = row.types
		for _, typ := range row.accepted {
			requireAccepted(t, craft(t, key, headerWith(t, key, map[string]any{"typ": typ}), payload), sourceOf(key), want)
		}
		for _, typ := range row.refused {
			keys := sourceOf(key)
			requireRefused(t, craft(t, key, headerWith(t, key, map[string]any{"typ": typ}), payload), keys, want, ErrClaims)
			require.Zero(t, keys.asked)
		}
	}
}

func TestJ13_DuplicateNames(t *testing.T) {
	key := testKey(t, EdDSA)
	header, payload := headerOf(key), toJSON(t, testClaims())
	for name, token := range map[string]string{
		"alg":          craft(t, key, strings.Replace(header, `{`, `{"alg":"none",`, 1), payload),
		"alg last":     craft(t, key, strings.TrimSuffix(header, `}`)+`,"alg":"none"}`, payload),
		"alg escaped":  craft(t, key, strings.TrimSuffix(header, `}`)+`,"\u0061lg":"none"}`, payload),
		"kid":          craft(t, key, strings.Replace(header, `{`, `{"kid":"x",`, 1), payload),
		"sub":          craft(t, key, header, strings.Replace(payload, `{`, `{"sub":"admin",`, 1)),
		"sub last":     craft(t, key, header, strings.TrimSuffix(payload, `}`)+`,"sub":"admin"}`),
		"sub escaped":  craft(t, key, header, strings.TrimSuffix(payload, `}`)+`,"s\u0075b":"admin"}`),
		"nested":       craft(t, key, header, strings.TrimSuffix(payload, `}`)+`,"x":{"a":1,"a":2}}`),
		"same value":   craft(t, key, header, strings.TrimSuffix(payload, `}`)+`,"sub":"user-1"}`),
		"nested array": craft(t, key, header, strings.TrimSuffix(payload, `}`)+`,"x":[{"a":1,"\u0061":2}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, token, sourceOf(key), expected(), ErrMalformed)
		})
	}
}

func TestJ19_PsychicSignatures(t *testing.T) {
	key := testKey(t, ES256)
	token, err := key.Sign("JWT", testClaims())
	require.NoError(t, err)
	at := strings.LastIndexByte(token, '.') + 1
	good, err := decodeSegment(token[at:])
	require.NoError(t, err)
	der, err := ecdsa.SignASN1(nil, key.signer.(*ecdsa.PrivateKey), sum256(token[:at-1]))
	require.NoError(t, err)
	zero, n := string(zero32), string(orderP256)
	r, s := string(good[:32]), string(good[32:])
	above := strings.Repeat("\xff", 32)
	for name, signature := range map[string]string{
		"r=s=0": zero + zero, "r=0": zero + s, "s=0": r + zero, "r=n": n + s, "s=n": r + n, "r=s=n": n + n,
		"r=2^256-1": above + s, "s=2^256-1": r + above, "DER": string(der),
		"63 bytes": r + s[:31], "65 bytes": r + s + "\x00", "65 bytes, zero first": "\x00" + r + s, "62 bytes": r[1:] + s[1:],
		"1 byte": "\x00", "32 bytes": r, "128 bytes": r + s + r + s, "swapped": s + r,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(t.Context(), token[:at]+encode(signature), sourceOf(key), expected())
			requireReason(t, err, ErrSignature)
			require.Equal(t, name != "swapped", strings.Contains(err.Error(), "from 1 to n-1"), "it is refused before the library sees it")
		})
	}
	requireAccepted(t, token, sourceOf(key), expected())
	below := new(big.Int).Sub(new(big.Int).SetBytes(orderP256), big.NewInt(1)).Bytes()
	one := append(make([]byte, 31), 1)
	require.True(t, validES256(append(one, below...)))
	require.True(t, validES256(append(below, one...)))
}

func sum256(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func TestSignatureLength(t *testing.T) {
	for _, alg := range []Algorithm{RS256, EdDSA} {
		key := testKey(t, alg)
		token, err := key.Sign("JWT", testClaims())
		require.NoError(t, err)
		at := strings.LastIndexByte(token, '.') + 1
		good, err := decodeSegment(token[at:])
		require.NoError(t, err)
		for _, signature := range []string{"\x00", "\x00" + string(good), string(good) + "\x00", string(good[1:]), string(good[:len(good)-1]), string(make([]byte, len(good)))} {
			requireRefused(t, token[:at]+encode(signature), sourceOf(key), expected(), ErrSignature)
		}
	}
}

// The twin of an ES256 signature is accepted and is another text for the same
// token: what must be used once is keyed by jti, which both have.
func TestJ20_MalleableSignature(t *testing.T) {
	key := testKey(t, ES256)
	token, err := key.Sign("JWT", testClaims())
	require.NoError(t, err)
	twin := twinOf(t, token)
	require.NotEqual(t, token, twin)
	first := requireAccepted(t, token, sourceOf(key), expected())
	second := requireAccepted(t, twin, sourceOf(key), expected())
	require.Equal(t, first["jti"], second["jti"])
}

// A token has one form in base64url only: unused bits are zero.
func TestJ20_NonCanonicalBase64(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, alg := range algorithms {
		key := testKey(t, alg)
		for _, pad := range []string{"", "x", "xx"} {
			token, err := key.Sign("JWT"+pad, testClaims(with("pad", pad)))
			require.NoError(t, err)
			want := expected()
			want.Types = []string{"JWT" + pad}
			requireAccepted(t, token, sourceOf(key), want)
			segments := strings.Split(token, ".")
			for i, segment := range segments {
				last := strings.IndexByte(alphabet, segment[len(segment)-1])
				unused := map[int]int{0: 0, 2: 15, 3: 3}[len(segment)%4]
				require.Zero(t, last&unused)
				for bits := 1; bits <= unused; bits++ {
					changed := append([]string{}, segments...)
					changed[i] = segment[:len(segment)-1] + alphabet[last|bits:][:1]
					requireRefused(t, strings.Join(changed, "."), sourceOf(key), want, map[bool]Reason{true: ErrMalformed, false: ErrSignature}[i != 1])
				}
			}
		}
	}
}

// The payload's own form is checked too, under a right signature.
func TestJ20_J21_PayloadForm(t *testing.T) {
	key := testKey(t, EdDSA)
	pad, payload := "", encode(toJSON(t, testClaims()))
	for len(payload)%4 != 2 {
		pad += "x"
		payload = encode(toJSON(t, testClaims(with("pad", pad))))
	}
	signed := func(payload string) string {
		input := encode(headerOf(key)) + "." + payload
		return input + "." + encode(string(rawSign(t, key, input)))
	}
	requireAccepted(t, signed(payload), sourceOf(key), expected())
	last := len(payload) - 1
	for name, changed := range map[string]string{
		"line break": payload + "\n", "line breaks": payload[:8] + "\r\n" + payload[8:], "first": "\n" + payload, "return": payload + "\r",
		"padding": payload + "==", "half padding": payload + "=", "space": payload + " ", "plus": payload[:last] + "+", "slash": payload[:last] + "/",
		"unused bits": payload[:last] + string(payload[last]+1), "length": payload + "AAA",
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, signed(changed), sourceOf(key), expected(), ErrMalformed)
		})
	}
}

func TestJ21_Form(t *testing.T) {
	key := testKey(t, EdDSA)
	token, err := key.Sign("JWT", testClaims())
	require.NoError(t, err)
	p := strings.Split(token, ".")
	tokens := map[string]string{
		"empty": "", "dots": "..", "one segment": p[0], "two segments": p[0] + "." + p[1], "no signature": p[0] + "." + p[1] + ".",
		"no header": "." + p[1] + "." + p[2], "no payload": p[0] + ".." + p[2], "four segments": token + ".", "four": token + "." + p[2],
		"five segments": token + ".AA.AA", "leading dot": "." + token, "quotes": `"` + token + `"`, "Bearer": "Bearer " + token,
		"Bearer Bearer": "Bearer Bearer " + token, "comma": token + "," + token, "percent": token + "%00", "NUL": token + "\x00",
		"tab": "\t" + token, "no-break space": "\u00a0" + token, "full stop": strings.Replace(token, ".", "。", 1), "BOM": "\uFEFF" + token,
	}
	for i := range p {
		for _, extra := range []string{" ", "\n", "\r\n", "=", "==", "+", "/", "\x00", "é"} {
			for name, segment := range map[string]string{"before": extra + p[i], "after": p[i] + extra, "inside": p[i][:8] + extra + p[i][8:]} {
				if i == 1 {
					continue // under a right signature in TestJ20_J21_PayloadForm
				}
				changed := append([]string{}, p...)
				changed[i] = segment
				tokens[fmt.Sprintf("%q %s %d", extra, name, i)] = strings.Join(changed, ".")
			}
		}
	}
	for name, text := range tokens {
		t.Run(name, func(t *testing.T) {
			keys := sourceOf(key)
			requireRefused(t, text, keys, expected(), ErrMalformed)
			require.Zero(t, keys.asked)
		})
	}
}

func TestJ24_Payload(t *testing.T) {
	key := testKey(t, EdDSA)
	good := toJSON(t, testClaims())
	inside := func(text string) string { return strings.Replace(good, "user-1", text, 1) }
	for name, payload := range map[string]string{
		"null": "null", "array": "[" + good + "]", "string": `"x"`, "number": "1", "true": "true", "BOM": "\uFEFF" + good,
		"invalid UTF-8": inside("\xff"), "NUL": inside("\x00"), "escaped NUL": inside(`\u0000`), "lone surrogate": inside(`\ud800`),
		"NaN": strings.Replace(good, `"user-1"`, "NaN", 1), "Infinity": strings.Replace(good, `"user-1"`, "Infinity", 1),
		"two objects": good + good, "two with space": good + "\n" + good, "text after": good + "x", "unfinished": good[:len(good)-1],
		"UTF-16": "\xfe\xff\x00{\x00}", "trailing comma": strings.Replace(good, "}", ",}", 1), "base64": encode(good), "text": "hello",
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, craft(t, key, headerOf(key), payload), sourceOf(key), expected(), ErrMalformed)
		})
	}
	// White space around the object is JSON, and the issuer signed it.
	requireAccepted(t, craft(t, key, headerOf(key), " \r\n"+good+"\n"), sourceOf(key), expected())
}

func TestJ31_ChangedToken(t *testing.T) {
	for _, alg := range algorithms {
		key := testKey(t, alg)
		token, err := key.Sign("JWT", testClaims())
		require.NoError(t, err)
		refused := func(text string) {
			_, err := Verify(t.Context(), text, sourceOf(key), expected())
			require.Error(t, err)
		}
		for i := 1; i <= 8; i++ {
			refused(token[:len(token)-i])
			refused(token[i:])
		}
		for i := range token {
			if c := token[i] ^ 0x20; c >= 'A' && c <= 'z' && token[i] != '_' {
				refused(token[:i] + string(c) + token[i+1:])
			}
		}
		for _, suffix := range []string{"A", "AA", "AAAA", ".", "=", " ", "\n", "\x00", token, "." + token, "#", "?x"} {
			refused(token + suffix)
		}
	}
}
