package jose

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Refused in a time and with an amount of memory that do not grow with the input.
func TestJ22_J23_Oversized(t *testing.T) {
	key := testKey(t, EdDSA)
	payload := toJSON(t, testClaims())
	members := func(n int) map[string]any {
		members := map[string]any{}
		for i := range n {
			members[fmt.Sprint("m", i)] = "x"
		}
		return members
	}
	nested := func(n int) string {
		return `{"alg":"EdDSA","x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	for name, token := range map[string]string{
		"200 kB header":          craft(t, key, headerWith(t, key, map[string]any{"x": strings.Repeat("x", 200_000)}), payload),
		"5 kB header":            craft(t, key, headerWith(t, key, map[string]any{"x5t": strings.Repeat("x", 5_000)}), payload),
		"10,000 members":         craft(t, key, headerWith(t, key, members(10_000)), payload),
		"200 members":            craft(t, key, headerWith(t, key, members(200)), payload),
		"5,000 levels":           craft(t, key, nested(5_000), payload),
		"1,000 levels":           craft(t, key, nested(1_000), payload),
		"1 MB token":             craft(t, key, headerOf(key), `{"x":"`+strings.Repeat("x", 1<<20)+`"}`),
		"1 MB signature":         encode(headerOf(key)) + "." + encode(payload) + "." + strings.Repeat("A", 1<<20),
		"1 MB of dots":           strings.Repeat(".", 1<<20),
		"16 kB of dots":          strings.Repeat(".", maxToken),
		"1 MB of A":              strings.Repeat("A", 1<<20),
		"16 kB of A":             strings.Repeat("A", maxToken-4) + ".A.A",
		"PBES2":                  strings.Join([]string{encode(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AAAA"}`), "AAAA", "AAAA", "AAAA", "AAAA"}, "."),
		"PBES2 in a JWS":         craft(t, key, `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AAAA"}`, payload),
		"PBES2, numbers":         craft(t, key, `{"alg":"EdDSA","p2c":2147483648}`, payload),
		"JWE dir, zip":           strings.Join([]string{encode(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`), "", "AAAA", strings.Repeat("A", 10_000), "AAAA"}, "."),
		"JWE RSA-OAEP":           strings.Join([]string{encode(`{"alg":"RSA-OAEP","enc":"A128GCM"}`), "AAAA", "AAAA", "AAAA", "AAAA"}, "."),
		"JWS header with zip":    craft(t, key, `{"alg":"EdDSA","zip":"DEF"}`, payload),
		"number of 3,000 digits": craft(t, key, `{"alg":"EdDSA","x":`+strings.Repeat("9", 3_000)+`}`, payload),
	} {
		t.Run(name, func(t *testing.T) {
			keys := sourceOf(key)
			requireRefused(t, token, keys, expected(), ErrMalformed)
			require.Zero(t, keys.asked)
			require.Less(t, allocated(func() { _, _ = Verify(t.Context(), token, keys, expected()) }), uint64(64<<10))
			require.Less(t, testing.AllocsPerRun(5, func() { _, _ = Verify(t.Context(), token, keys, expected()) }), 500.0)
		})
	}
}

// What can be signed into 16 KiB stays small as well.
func TestJ22_SignedPayload(t *testing.T) {
	key := testKey(t, EdDSA)
	var names strings.Builder
	for i := range 1_300 {
		fmt.Fprintf(&names, `"%x":0,`, i)
	}
	for name, payload := range map[string]string{
		"members":  "{" + strings.TrimSuffix(names.String(), ",") + "}",
		"levels":   `{"a":` + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000) + "}",
		"objects":  `{"a":` + strings.Repeat(`{"a":`, 2_000) + "1" + strings.Repeat("}", 2_000) + "}",
		"digits":   `{"exp":` + strings.Repeat("9", 12_000) + "}",
		"exponent": `{"exp":1e` + strings.Repeat("9", 12_000) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			token := craft(t, key, headerOf(key), payload)
			require.LessOrEqual(t, len(token), maxToken)
			requireRefused(t, token, sourceOf(key), expected(), ErrMalformed)
			require.Less(t, allocated(func() { _, _ = Verify(t.Context(), token, sourceOf(key), expected()) }), uint64(512<<10))
		})
	}
}
