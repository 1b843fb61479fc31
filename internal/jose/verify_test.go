package jose

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVerifyNeedsItsArguments(t *testing.T) {
	key := testKey(t, EdDSA)
	for iss, want := range map[string]Expected{testIssuer: {Issuer: testIssuer}, "": {Now: testNow}} {
		token, err := key.Sign("JWT", testClaims(with("iss", iss), without("iat")))
		require.NoError(t, err)
		requireRefused(t, token, sourceOf(key), want, ErrClaims)
		requireRefused(t, token, nil, expected(), ErrClaims)
	}
}

func TestErrors(t *testing.T) {
	key := testKey(t, EdDSA)
	token, err := key.Sign("JWT", testClaims())
	require.NoError(t, err)
	cause := errors.New("store is down")
	source := keyFunc(func(context.Context, string) (string, crypto.PublicKey, error) { return "", nil, cause })
	_, err = Verify(context.Background(), token, source, expected())
	requireReason(t, err, ErrKey)
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, ErrSignature)
	require.Equal(t, "no usable key", ErrKey.Error())

	// A key set that is no JSON does not make the token a malformed one.
	e := &endpoint{answer: func(*http.Request) (*http.Response, error) {
		return respond(200, "application/json", strings.NewReader("{")), nil
	}}
	_, err = Verify(context.Background(), token, newRemote(t, e), expected())
	requireReason(t, err, ErrKey)
	require.NotErrorIs(t, err, ErrMalformed)
	require.EqualError(t, err, `jose: no key "`+key.public.ID+`": no key set of issuer.example: key set: JSON at offset 1: expected a name`)
}

type keyFunc func(context.Context, string) (string, crypto.PublicKey, error)

func (f keyFunc) Key(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
	return f(ctx, kid)
}

// A key source may answer with anything; what is no strong key is refused.
func TestVerifyChecksTheKey(t *testing.T) {
	for _, alg := range algorithms {
		key := testKey(t, alg)
		token, err := key.Sign("JWT", testClaims())
		require.NoError(t, err)
		for _, answer := range []any{nil, []byte("secret"), "secret", key, key.public, key.signer, rsaOf(1024, 65537), rsaOf(2048, 3)} {
			source := keyFunc(func(context.Context, string) (string, crypto.PublicKey, error) { return string(alg), answer, nil })
			requireRefused(t, token, source, expected(), ErrKey)
		}
		for _, stated := range []string{"", "none", strings.ToLower(string(alg)), " " + string(alg), "HS256"} {
			source := keyFunc(func(context.Context, string) (string, crypto.PublicKey, error) { return stated, key.public.Key, nil })
			requireRefused(t, token, source, expected(), ErrKey)
		}
	}
}

func TestVerifyPassesTheContextAndKeyID(t *testing.T) {
	type ctxKey struct{}
	key := testKey(t, EdDSA)
	token, err := key.Sign("JWT", testClaims())
	require.NoError(t, err)
	ctx := context.WithValue(context.Background(), ctxKey{}, "x")
	_, err = Verify(ctx, token, keyFunc(func(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
		require.Equal(t, "x", ctx.Value(ctxKey{}))
		require.Equal(t, key.public.ID, kid)
		return "EdDSA", key.public.Key, nil
	}), expected())
	require.NoError(t, err)
}

type claimsRow struct {
	claims map[string]any
	want   Expected
	reason Reason // "" = accepted
}

func runClaims(t *testing.T, rows map[string]claimsRow) {
	key := testKey(t, EdDSA)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if row.want.Issuer == "" {
				row.want = expected()
			}
			token := craft(t, key, headerOf(key), toJSON(t, row.claims))
			if row.reason == "" {
				requireAccepted(t, token, sourceOf(key), row.want)
			} else {
				requireRefused(t, token, sourceOf(key), row.want, row.reason)
			}
		})
	}
}

func TestJ14_ExactNames(t *testing.T) {
	key := testKey(t, EdDSA)
	claims := testClaims(with("Sub", "admin"), with("SUB", "admin"), with("Iss", "evil"), with("Aud", "x"), with("EXP", 0), with("\u017fub", "admin"))
	got := requireAccepted(t, craft(t, key, headerOf(key), toJSON(t, claims)), sourceOf(key), expected())
	require.Equal(t, "user-1", got["sub"])
	require.Equal(t, testIssuer, got["iss"])
	require.Len(t, got, len(claims))

	runClaims(t, map[string]claimsRow{
		"Iss alone": {claims: testClaims(without("iss"), with("Iss", testIssuer)), reason: ErrClaims},
		"AUD alone": {claims: testClaims(without("aud"), with("AUD", testAudience)), reason: ErrClaims},
		"Exp alone": {claims: testClaims(without("exp"), with("Exp", testNow.Add(time.Hour).Unix())), reason: ErrClaims},
	})
}

func TestJ15_J29_Issuer(t *testing.T) {
	rows := map[string]claimsRow{"exact": {claims: testClaims()}, "missing": {claims: testClaims(without("iss")), reason: ErrClaims}}
	for _, iss := range []any{testIssuer + "/", testIssuer + "0", "https://issuer.example/pool-", "https://issuer.example", strings.ToUpper(testIssuer),
		"https://ISSUER.example/pool-1", "https://issuer.example:443/pool-1", "https://user@issuer.example/pool-1", "http://issuer.example/pool-1",
		"issuer.example/pool-1", " " + testIssuer, testIssuer + " ", testIssuer + "?", testIssuer + "#", "https://issuer.example./pool-1",
		"https://issuer.example/x/../pool-1", "https://issuer.example/pool%2D1", "https://issuer.example.evil/pool-1", "",
		[]string{testIssuer}, nil, 1, true, map[string]any{"iss": testIssuer}} {
		rows[toJSON(t, iss)] = claimsRow{claims: testClaims(with("iss", iss)), reason: ErrClaims}
	}
	ten := expected()
	ten.Issuer = "https://issuer.example/pool-10"
	rows["pool-1 at pool-10"] = claimsRow{claims: testClaims(), want: ten, reason: ErrClaims}
	rows["pool-10 at pool-1"] = claimsRow{claims: testClaims(with("iss", ten.Issuer)), reason: ErrClaims}
	runClaims(t, rows)
}

func TestJ16_Audience(t *testing.T) {
	unchecked := expected()
	unchecked.Audience = ""
	rows := map[string]claimsRow{
		"array of one":         {claims: testClaims(with("aud", []string{testAudience}))},
		"azp of another":       {claims: testClaims(with("azp", "other"))},
		"several, azp":         {claims: testClaims(with("aud", []string{"other", testAudience}), with("azp", testAudience))},
		"several, no azp":      {claims: testClaims(with("aud", []string{testAudience, "other"})), reason: ErrClaims},
		"several, other azp":   {claims: testClaims(with("aud", []string{testAudience, "other"}), with("azp", "other")), reason: ErrClaims},
		"several, azp array":   {claims: testClaims(with("aud", []string{testAudience, "other"}), with("azp", []string{testAudience})), reason: ErrClaims},
		"twice, no azp":        {claims: testClaims(with("aud", []string{testAudience, testAudience})), reason: ErrClaims},
		"azp does not replace": {claims: testClaims(with("aud", "other"), with("azp", testAudience)), reason: ErrClaims},
		"missing":              {claims: testClaims(without("aud")), reason: ErrClaims},
		"unchecked":            {claims: testClaims(with("aud", "other")), want: unchecked},
		"unchecked, several":   {claims: testClaims(with("aud", []string{"a", "b"})), want: unchecked},
		"unchecked, missing":   {claims: testClaims(without("aud")), want: unchecked},
	}
	for _, aud := range []any{"client", "client-", "client-10", "Client-1", "CLIENT-1", " client-1", "client-1 ", "client-1,other", "client-1 other", "*", "other",
		[]string{"other"}, []string{"other", "more"}, []string{"client-10"}, []any{[]string{testAudience}}} {
		rows["other "+toJSON(t, aud)] = claimsRow{claims: testClaims(with("aud", aud)), reason: ErrClaims}
	}
	for _, aud := range []any{"", nil, 1, true, map[string]any{"client-1": true}, []string{}, []string{""}, []string{testAudience, ""},
		[]any{testAudience, 1}, []any{testAudience, nil}, []any{[]string{"client-1"}}} {
		rows["form "+toJSON(t, aud)] = claimsRow{claims: testClaims(with("aud", aud), with("azp", testAudience)), reason: ErrClaims}
		rows["form, unchecked "+toJSON(t, aud)] = claimsRow{claims: testClaims(with("aud", aud)), want: unchecked, reason: ErrClaims}
	}
	runClaims(t, rows)
}

func TestJ17_Times(t *testing.T) {
	at := func(d time.Duration) int64 { return testNow.Add(d).Unix() }
	number := func(text string) json.Number { return json.Number(text) }
	late := expected()
	late.AllowExpired = true
	rows := map[string]claimsRow{
		"allowed, expired":   {claims: testClaims(with("exp", 1)), want: late},
		"allowed, missing":   {claims: testClaims(without("exp")), want: late, reason: ErrClaims},
		"allowed, no date":   {claims: testClaims(with("exp", "1")), want: late, reason: ErrClaims},
		"allowed, future":    {claims: testClaims(with("exp", 1), with("iat", at(time.Hour))), want: late, reason: ErrClaims},
		"allowed, issuer":    {claims: testClaims(with("exp", 1), with("iss", "x")), want: late, reason: ErrClaims},
		"exp missing":        {claims: testClaims(without("exp")), reason: ErrClaims},
		"exp now":            {claims: testClaims(with("exp", at(0)))},
		"exp inside skew":    {claims: testClaims(with("exp", at(-29*time.Second)))},
		"exp at skew":        {claims: testClaims(with("exp", at(-30*time.Second))), reason: ErrExpired},
		"exp past":           {claims: testClaims(with("exp", at(-time.Hour))), reason: ErrExpired},
		"exp decimal":        {claims: testClaims(with("exp", number("1772366400.75")))},
		"exp decimal past":   {claims: testClaims(with("exp", number("1772366370.75"))), reason: ErrExpired},
		"exp with exponent":  {claims: testClaims(with("exp", number("1.7723664e9")))},
		"exp 0":              {claims: testClaims(with("exp", 0)), reason: ErrExpired},
		"exp -0":             {claims: testClaims(with("exp", number("-0"))), reason: ErrExpired},
		"nbf now":            {claims: testClaims(with("nbf", at(0)))},
		"nbf at skew":        {claims: testClaims(with("nbf", at(30*time.Second)))},
		"nbf future":         {claims: testClaims(with("nbf", at(31*time.Second))), reason: ErrClaims},
		"iat at skew":        {claims: testClaims(with("iat", at(30*time.Second)))},
		"iat future":         {claims: testClaims(with("iat", at(31*time.Second))), reason: ErrClaims},
		"iat missing":        {claims: testClaims(without("iat"))},
		"iat long ago":       {claims: testClaims(with("iat", 1))},
		"expired and future": {claims: testClaims(with("exp", 1), with("nbf", at(time.Hour))), reason: ErrExpired},
	}
	hostile := []any{-1, number("-1e300"), "1893456000", number("1e300"), number("1e999"), number("18446744073709551615"), number("18446744073709551616"),
		number("9223372036854775807"), number("9223372036854775808"), number("1099511627776"), number("1" + strings.Repeat("0", 90)),
		new(big.Int).Lsh(big.NewInt(1), 300), true, false, nil, []int64{at(time.Hour)}, map[string]any{}, "", "tomorrow", "2030-01-01T00:00:00Z"}
	for _, name := range []string{"exp", "nbf", "iat"} {
		for _, value := range hostile {
			rows[name+" "+toJSON(t, value)] = claimsRow{claims: testClaims(with(name, value)), reason: ErrClaims}
		}
	}
	runClaims(t, rows)
}

// Types survive: what is text stays text.
func TestJ25_Types(t *testing.T) {
	key := testKey(t, EdDSA)
	token, err := key.Sign("JWT", testClaims(with("email_verified", "false"), with("cognito:groups", "admin"), with("scope", []string{"a"}), with("n", 1.5)))
	require.NoError(t, err)
	got := requireAccepted(t, token, sourceOf(key), expected())
	require.Equal(t, "false", got["email_verified"])
	require.Equal(t, "admin", got["cognito:groups"])
	require.Equal(t, []any{"a"}, got["scope"])
	require.Equal(t, json.Number("1.5"), got["n"])
	require.Equal(t, json.Number("1772366400"), got["iat"])
}

// twinOf returns the token with the other of the two ES256 signatures: (r, n-s).
func twinOf(t testing.TB, token string) string {
	t.Helper()
	at := strings.LastIndexByte(token, '.') + 1
	signature, err := decodeSegment(token[at:])
	require.NoError(t, err)
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(new(big.Int).SetBytes(orderP256), s).FillBytes(signature[32:])
	return token[:at] + encode(string(signature))
}

func TestP7_ClockSkew(t *testing.T) {
	require.Positive(t, ClockSkew)
	require.LessOrEqual(t, ClockSkew, time.Minute)
}
