package middleware_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
)

// Each test stands for a row of attacks on tokens. All of them go through a whole guard, and each begins with a token that the
// same guard accepts: what differs from it is the attack.

func TestJ1_JSONSerialization(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	good := accessToken(t, nil)
	requireAccepted(t, guard, good)
	part := strings.Split(good, ".")
	for name, token := range map[string]string{
		"flattened": fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, part[0], part[1], part[2]),
		"general":   fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, part[1], part[0], part[2]),
		// J2: a second signature that needs no key.
		"second signature none": fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q},{"protected":%q,"signature":""}]}`,
			part[1], part[0], part[2], b64([]byte(`{"alg":"none"}`))),
		"flattened, encoded": b64(fmt.Appendf(nil, `{"protected":%q,"payload":%q,"signature":%q}`, part[0], part[1], part[2])),
	} {
		t.Run(name, func(t *testing.T) { requireRefused(t, guard, token) })
	}
}

func TestJ3_AlgNone(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	good := accessToken(t, nil)
	requireAccepted(t, guard, good)
	signature := good[strings.LastIndex(good, "."):]
	for _, alg := range []string{`"alg":"none"`, `"alg":"None"`, `"alg":"NONE"`, `"alg":""`, `"alg":null`, `"alg":["none"]`, `"alg":["ES256"]`, `"x5t":"a"`} {
		input := b64([]byte(`{`+alg+`,"kid":"ec"}`)) + "." + b64([]byte(accessPayload(t, nil)))
		requireRefused(t, guard, input+".")
		requireRefused(t, guard, input)
		requireRefused(t, guard, input+signature)
		requireRefused(t, guard, testSigners().es256(t, `{`+alg+`,"kid":"ec"}`, accessPayload(t, nil)))
	}
}

func TestJ4_HMACWithPublicKey(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	public := &testSigners().rsa.PublicKey
	spki, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	for name, secret := range map[string][]byte{
		"SPKI PEM":  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}),
		"PKCS1 PEM": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"SPKI DER":  spki,
		"PKCS1 DER": pkcs1,
		"modulus":   public.N.Bytes(),
		"JWK":       []byte(`{"kty":"RSA","n":"` + b64(public.N.Bytes()) + `","e":"AQAB"}`),
		"empty":     {},
		"zeros":     make([]byte, 32),
	} {
		for _, alg := range []string{"HS256", "hs256"} {
			input := b64([]byte(`{"alg":"`+alg+`","kid":"rsa"}`)) + "." + b64([]byte(accessPayload(t, nil)))
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			t.Run(name, func(t *testing.T) { requireRefused(t, guard, input+"."+b64(mac.Sum(nil))) })
		}
	}
}

func TestJ5_AlgorithmOfAnotherKey(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	s := testSigners()
	payload := accessPayload(t, nil)
	rs256 := func(header string) string {
		input := b64([]byte(header)) + "." + b64([]byte(payload))
		digest := sha256.Sum256([]byte(input))
		signature, err := rsa.SignPKCS1v15(rand.Reader, s.rsa, crypto.SHA256, digest[:])
		require.NoError(t, err)
		return input + "." + b64(signature)
	}
	ps256 := func(header string) string {
		input := b64([]byte(header)) + "." + b64([]byte(payload))
		digest := sha256.Sum256([]byte(input))
		signature, err := rsa.SignPSS(rand.Reader, s.rsa, crypto.SHA256, digest[:], nil)
		require.NoError(t, err)
		return input + "." + b64(signature)
	}
	requireAccepted(t, guard, rs256(`{"alg":"RS256","kid":"rsa"}`))
	for name, token := range map[string]string{
		"ES256 with an RSA key":   s.es256(t, `{"alg":"ES256","kid":"rsa"}`, payload),
		"RS256 with an EC key":    rs256(`{"alg":"RS256","kid":"ec"}`),
		"EdDSA with an EC key":    s.es256(t, `{"alg":"EdDSA","kid":"ec"}`, payload),
		"PS256 with an RS256 key": ps256(`{"alg":"PS256","kid":"rsa"}`),
		"PS256 called RS256":      ps256(`{"alg":"RS256","kid":"rsa"}`),
		"RS512 with an RS256 key": rs256(`{"alg":"RS512","kid":"rsa"}`),
		"ES384 with a P-256 key":  s.es256(t, `{"alg":"ES384","kid":"ec"}`, payload),
	} {
		t.Run(name, func(t *testing.T) { requireRefused(t, guard, token) })
	}
}

func TestJ6_KeyFromTheToken(t *testing.T) {
	var connections atomic.Int32
	attacker := httptest.NewUnstartedServer(http.NotFoundHandler())
	attacker.Config.ConnState = func(net.Conn, http.ConnState) { connections.Add(1) }
	attacker.Start()
	defer attacker.Close()

	s := testSigners()
	point, err := s.ec.PublicKey.Bytes() // 4, x, y
	require.NoError(t, err)
	x, y := point[1:33], point[33:]
	guard := newGuard(t, bearerConfig())
	requireAccepted(t, guard, accessToken(t, nil))
	for _, kid := range []string{`"kid":"ec",`, `"kid":"unknown",`, ``} {
		for _, member := range []string{
			`"jwk":{"kty":"EC","crv":"P-256","x":"` + b64(x) + `","y":"` + b64(y) + `"}`,
			`"jku":"` + attacker.URL + `"`,
			`"x5u":"` + attacker.URL + `"`,
			`"x5c":["MIIB"]`,
		} {
			requireRefused(t, guard, s.es256(t, `{"alg":"ES256",`+kid+member+`}`, accessPayload(t, nil)))
		}
	}
	require.Zero(t, connections.Load())
}

func TestJ7_KeyID(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	requireAccepted(t, guard, accessToken(t, nil))
	for _, kid := range []string{
		`"../../../../dev/null"`, `"' OR 1=1 --"`, `"ec\u0000"`, `"` + strings.Repeat("a", 100_000) + `"`, `"https://evil.example/ec"`,
		`1`, `["ec"]`, `{"ec":1}`, `null`, `""`, `"EC"`, `" ec"`, `"unknown"`,
	} {
		requireRefused(t, guard, testSigners().es256(t, `{"alg":"ES256","kid":`+kid+`}`, accessPayload(t, nil)))
	}
	requireRefused(t, guard, testSigners().es256(t, `{"alg":"ES256"}`, accessPayload(t, nil)))
}

func TestJ11_CriticalAndOtherHeaders(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, member := range []string{
		`"crit":["exp"],"exp":1`, `"crit":[]`, `"crit":["b64"],"b64":true`, `"b64":false`, `"zip":"DEF"`, `"cty":"JWT"`, `"enc":"A256GCM"`, `"p2c":2147483647`,
	} {
		requireRefused(t, guard, testSigners().es256(t, `{"alg":"ES256","kid":"ec",`+member+`}`, accessPayload(t, nil)))
	}
}

func TestJ12_TokenTypes(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, typ := range []string{"JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT"} {
		requireAccepted(t, guard, testSigners().es256(t, `{"alg":"ES256","kid":"ec","typ":"`+typ+`"}`, accessPayload(t, nil)))
	}
	for _, typ := range []string{"logout+jwt", "dpop+jwt", "secevent+jwt", "application/logout+jwt", "", "at+jwt ", "JWS"} {
		requireRefused(t, guard, testSigners().es256(t, `{"alg":"ES256","kid":"ec","typ":"`+typ+`"}`, accessPayload(t, nil)))
	}
}

func TestJ13_DuplicateMembers(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	payload := accessPayload(t, nil)
	requireRefused(t, guard, testSigners().es256(t, `{"alg":"none","alg":"ES256","kid":"ec"}`, payload))
	requireRefused(t, guard, testSigners().es256(t, `{"alg":"ES256","\u0061lg":"ES256","kid":"ec"}`, payload))
	requireRefused(t, guard, testSigners().es256(t, ecHeader, `{"sub":"bob",`+payload[1:]))
	requireRefused(t, guard, testSigners().es256(t, ecHeader, `{"s\u0075b":"bob",`+payload[1:]))
}

func TestJ14_ExactCase(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	claims := requireAccepted(t, guard, accessToken(t, map[string]any{
		"Sub": "mallory", "SUB": "mallory", "Iss": "x", "Scope": "admin", "Cognito:Groups": []string{"admins"}, "Username": "root",
	}))
	require.Equal(t, "alice-sub", claims.Subject())
	require.Equal(t, "alice", claims.Username())
	require.Equal(t, []string{"openid"}, claims.Scopes())
	require.Empty(t, claims.Groups())
	for lower, upper := range map[string]string{"sub": "Sub", "iss": "Iss", "exp": "EXP", "token_use": "Token_Use"} {
		value := accessClaims(nil)[lower]
		requireRefused(t, guard, accessToken(t, map[string]any{lower: nil, upper: value}))
	}
}

func TestJ15_IssuerVariants(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, iss := range []any{
		testIssuer + "/", strings.ToUpper(testIssuer), "https://Auth.example.com/pool-1", testIssuer + "0", testIssuer[:len(testIssuer)-1],
		"https://auth.example.com:443/pool-1", "https://x@auth.example.com/pool-1", "http://auth.example.com/pool-1", " " + testIssuer,
		testIssuer + "\x00", []string{testIssuer}, map[string]any{testIssuer: 1}, 1, "", nil,
	} {
		requireRefused(t, guard, accessToken(t, map[string]any{"iss": iss}))
	}
	requireRefused(t, guard, testSigners().es256(t, ecHeader, strings.Replace(accessPayload(t, map[string]any{"iss": "X"}), `"X"`, "null", 1)))
}

func TestJ16_Audience(t *testing.T) {
	const api = "https://api.example.com"
	cfg := bearerConfig()
	unbound := newGuard(t, cfg)
	cfg.Audience = api
	bound := newGuard(t, cfg)

	requireAccepted(t, unbound, accessToken(t, nil))
	requireAccepted(t, bound, accessToken(t, map[string]any{"aud": api}))
	requireAccepted(t, bound, accessToken(t, map[string]any{"aud": []string{api}}))
	for _, aud := range []any{
		nil, "", "https://api.example.co", api + "/", strings.ToUpper(api), []string{}, []string{"https://other.example"}, []any{api, 1}, []string{api, "https://other.example"},
		map[string]any{api: 1}, 1, true,
	} {
		requireRefused(t, bound, accessToken(t, map[string]any{"aud": aud}))
	}
	// A token that was made for some audience is not for an API that has no name.
	for _, aud := range []any{api, []string{api}, "client-1", "", []string{}} {
		requireRefused(t, unbound, accessToken(t, map[string]any{"aud": aud}))
	}
}

func TestJ17_Times(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	now := testTime.Unix()
	requireAccepted(t, guard, accessToken(t, map[string]any{"exp": now + 1}))
	requireAccepted(t, guard, accessToken(t, map[string]any{"nbf": now, "iat": now + 30}))
	for _, exp := range []string{"0", "-1", `"` + fmt.Sprint(now+3600) + `"`, "1e300", "18446744073709551615", "true", "null", "[]", fmt.Sprint(now - 31), fmt.Sprint(now - 3600)} {
		payload := strings.Replace(accessPayload(t, map[string]any{"exp": "EXP"}), `"EXP"`, exp, 1)
		requireRefused(t, guard, testSigners().es256(t, ecHeader, payload))
	}
	requireRefused(t, guard, accessToken(t, map[string]any{"exp": nil}))
	for _, name := range []string{"nbf", "iat"} {
		for _, value := range []any{now + 31, now + 3600, "tomorrow", -1, 1e300} {
			requireRefused(t, guard, accessToken(t, map[string]any{name: value}))
		}
	}
}

func TestJ18_OtherTokensOfTheIssuer(t *testing.T) {
	cfg := bearerConfig()
	cfg.ClientIDs = []string{"client-1", "client-2"}
	guard := newGuard(t, cfg)
	requireAccepted(t, guard, accessToken(t, nil))
	requireAccepted(t, guard, accessToken(t, map[string]any{"client_id": "client-2"}))
	for name, changes := range map[string]map[string]any{
		"ID token":                         {"token_use": "id", "aud": "client-1", "client_id": nil, "scope": nil, "cognito:username": "alice"},
		"ID token that names a client":     {"token_use": "id"},
		"refresh token":                    {"token_use": "refresh"},
		"no token_use":                     {"token_use": nil},
		"token_use of another case":        {"token_use": "Access"},
		"token_use an array":               {"token_use": []string{"access"}},
		"another client":                   {"client_id": "client-3"},
		"client of another case":           {"client_id": "Client-1"},
		"no client":                        {"client_id": nil},
		"empty client":                     {"client_id": ""},
		"clients":                          {"client_id": []string{"client-1"}},
		"no subject":                       {"sub": nil},
		"empty subject":                    {"sub": ""},
		"subject a number":                 {"sub": 1},
		"bound to a key (RFC 7800)":        {"cnf": map[string]any{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
		"authorization code, as text only": {"token_use": "code"},
	} {
		t.Run(name, func(t *testing.T) { requireRefused(t, guard, accessToken(t, changes)) })
	}
}

func TestJ19_DegenerateSignatures(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	input := b64([]byte(ecHeader)) + "." + b64([]byte(accessPayload(t, nil)))
	good := testSigners().signES256(t, input)
	requireAccepted(t, guard, input+"."+b64(good))
	order, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	for name, signature := range map[string][]byte{
		"zero":     make([]byte, 64),
		"r=n, s=n": append(order.Bytes(), order.Bytes()...),
		"DER":      append([]byte{0x30, 0x44, 0x02, 0x20}, good...),
		"63 bytes": good[:63],
		"65 bytes": append(good[:64:64], 0),
		"empty":    {},
	} {
		t.Run(name, func(t *testing.T) { requireRefused(t, guard, input+"."+b64(signature)) })
	}
}

func TestJ21_TextAroundTheToken(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	good := accessToken(t, nil)
	part := strings.Split(good, ".")
	requireAccepted(t, guard, good)
	for _, token := range []string{
		" " + good, good + " ", "\t" + good, good + "\t", good + "\n", "\r\n" + good, good[:20] + " " + good[20:], good + "=", good + "==",
		`"` + good + `"`, "'" + good + "'", "Bearer " + good, "Bearer", good + "," + good, good + ", Bearer " + good, "token=" + good,
		part[0] + "." + part[1], good + ".", "." + good, good + "." + part[2], part[0] + "=." + part[1] + "." + part[2], "..", ".",
		strings.ReplaceAll(good, ".", "%2e"), good + "\x00", good + "é",
	} {
		requireRefused(t, guard, token)
	}
}

func TestJ22_LargeTokens(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	s := testSigners()
	for name, token := range map[string]string{
		"header of 200 kB":   s.es256(t, `{"alg":"ES256","kid":"ec","x5t":"`+strings.Repeat("a", 200_000)+`"}`, accessPayload(t, nil)),
		"10,000 members":     s.es256(t, ecHeader, manyMembers(10_000)),
		"nested 5,000 times": s.es256(t, ecHeader, `{"a":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`),
		"1 MB of dots":       strings.Repeat(".", 1<<20),
		"1 MB token":         strings.Repeat("a", 1<<20),
		"1 MB of padding":    strings.Repeat("=", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, guard, token)
			r := bearerRequest(token)
			const runs = 20
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			fastest := time.Hour // of several, since other programs use the machine too
			for range runs {
				began := time.Now()
				_, err := guard.Check(r)
				fastest = min(fastest, time.Since(began))
				require.ErrorIs(t, err, middleware.InvalidToken)
			}
			runtime.ReadMemStats(&after)
			require.Less(t, (after.TotalAlloc-before.TotalAlloc)/runs, uint64(256<<10))
			require.Less(t, fastest, 5*time.Millisecond)
		})
	}
}

func manyMembers(n int) string {
	claims := accessClaims(nil)
	for i := range n {
		claims[fmt.Sprint("m", i)] = i
	}
	data, _ := json.Marshal(claims)
	return string(data)
}

func TestJ23_EncryptedTokens(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, header := range []string{
		`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"c2FsdA"}`,
		`{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF","kid":"rsa"}`,
		`{"alg":"dir","enc":"A256GCM","cty":"JWT"}`,
	} {
		requireRefused(t, guard, strings.Join([]string{b64([]byte(header)), b64([]byte("key")), b64([]byte("iv")), b64([]byte("text")), b64([]byte("tag"))}, "."))
		requireRefused(t, guard, testSigners().es256(t, header, accessPayload(t, nil)))
	}
}

func TestJ24_Payloads(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	good := accessPayload(t, nil)
	for _, payload := range []string{
		"null", "[]", `"text"`, "1", "{}", "\ufeff" + good, good + good, good + "x", strings.Replace(good, "alice", "al\xffce", 1),
		strings.Replace(good, "alice", "al\x00ce", 1), strings.Replace(good, `"openid"`, "NaN", 1), "", good[:len(good)-1],
	} {
		requireRefused(t, guard, testSigners().es256(t, ecHeader, payload))
	}
}

func TestJ25_WrongTypesOfClaims(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, scope := range []any{[]string{"admin"}, map[string]any{"admin": true}, true, 1, "admin\tx", "admin\nx", "xadmin", "ADMIN", "admins", "x,admin", ""} {
		r := bearerRequest(accessToken(t, map[string]any{"scope": scope}))
		w, h := serve(guard.RequireScope("admin"), r)
		require.Equal(t, http.StatusForbidden, w.Code, "scope %v", scope)
		require.Zero(t, h.reached)
	}
	for _, groups := range []any{
		"admins", []any{"admins", 1}, []any{"admins", nil}, []any{[]string{"admins"}}, map[string]any{"admins": true}, true, 1, []string{}, []string{"Admins"}, []string{"admins "},
	} {
		r := bearerRequest(accessToken(t, map[string]any{"cognito:groups": groups}))
		w, h := serve(guard.RequireGroup("admins"), r)
		require.Equal(t, http.StatusForbidden, w.Code, "groups %v", groups)
		require.Zero(t, h.reached)
	}
	for _, name := range []string{"groups", "Cognito:groups", "cognito:roles"} {
		w, _ := serve(guard.RequireGroup("admins"), bearerRequest(accessToken(t, map[string]any{name: []string{"admins"}})))
		require.Equal(t, http.StatusForbidden, w.Code, name)
	}
	w, h := serve(guard.RequireScope("admin").RequireGroup("admins"), bearerRequest(accessToken(t,
		map[string]any{"scope": "x admin y", "cognito:groups": []string{"users", "admins"}})))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 1, h.reached)
}

func TestJ29_PoolsOfOnePrefix(t *testing.T) {
	// Both pools use the same keys here, so that the issuer alone tells them apart.
	cfg := bearerConfig()
	cfg.Issuer = testIssuer + "0"
	ten := newGuard(t, cfg)
	one := newGuard(t, bearerConfig())
	tokenOne := accessToken(t, nil)
	tokenTen := accessToken(t, map[string]any{"iss": testIssuer + "0"})
	requireAccepted(t, one, tokenOne)
	requireAccepted(t, ten, tokenTen)
	requireRefused(t, one, tokenTen)
	requireRefused(t, ten, tokenOne)

	// And the other way round: a token that names this pool, signed by the other one.
	other := newGuard(t, middleware.Config{
		Issuer: testIssuer, Keys: keySourceFunc(testSigners().Key), Now: cfg.Now, Logger: cfg.Logger, ClientIDs: []string{"client-of-pool-10"},
	})
	requireRefused(t, other, tokenOne)
}

func TestJ31_ChangedTokens(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	good := accessToken(t, nil)
	requireAccepted(t, guard, good)
	for n := 1; n <= 8; n++ {
		requireRefused(t, guard, good[:len(good)-n])
		requireRefused(t, guard, good[n:])
		requireRefused(t, guard, good+strings.Repeat("A", n))
	}
	requireRefused(t, guard, strings.ToLower(good))
	requireRefused(t, guard, strings.ToUpper(good))
	for i := range len(good) {
		changed := []byte(good)
		if changed[i] ^= 0x20; changed[i] == good[i] || good[i] == '.' {
			continue
		}
		requireRefused(t, guard, string(changed))
	}
}
