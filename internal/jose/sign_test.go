package jose

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSign(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			key := testKey(t, alg)
			claims := testClaims(with("z", []string{"b", "a"}), with("<&>", "<a href='x'>"), with("é", map[string]string{"b": "1", "a": "2"}))
			token, err := key.Sign("at+jwt", claims)
			require.NoError(t, err)
			head, rest, _ := strings.Cut(token, ".")
			payload, _, _ := strings.Cut(rest, ".")
			header, err := decodeSegment(head)
			require.NoError(t, err)
			require.Equal(t, `{"alg":"`+string(alg)+`","kid":"`+key.Public().ID+`","typ":"at+jwt"}`, string(header))
			body, err := decodeSegment(payload)
			require.NoError(t, err)
			require.Equal(t, `{"<&>":"<a href='x'>","aud":"client-1","exp":1772370000,"iat":1772366400,"iss":"https://issuer.example/pool-1",`+
				`"jti":"t-1","sub":"user-1","z":["b","a"],"é":{"a":"2","b":"1"}}`, string(body))

			again, err := key.Sign("at+jwt", claims)
			require.NoError(t, err)
			require.Equal(t, head+"."+payload, again[:len(head)+1+len(payload)])
			if alg != ES256 {
				require.Equal(t, token, again)
			}
			want := expected()
			want.Types = []string{"at+jwt"}
			requireAccepted(t, token, sourceOf(key), want)
		})
	}
}

func TestSignWithoutType(t *testing.T) {
	key := testKey(t, EdDSA)
	token, err := key.Sign("", testClaims())
	require.NoError(t, err)
	header, err := decodeSegment(token[:strings.IndexByte(token, '.')])
	require.NoError(t, err)
	require.Equal(t, headerOf(key), string(header))
	requireAccepted(t, token, sourceOf(key), expected())
}

type twice struct{}

func (twice) MarshalJSON() ([]byte, error) { return []byte(`{"a":1,"a":2}`), nil }

func TestJ26_SignRefuses(t *testing.T) {
	key := testKey(t, EdDSA)
	deep := any("x")
	for range 40 {
		deep = []any{deep}
	}
	loop := map[string]any{}
	loop["loop"] = loop
	for name, claims := range map[string]map[string]any{
		"nil":                 nil,
		"name not UTF-8":      {"a\xff": 1},
		"names become one":    {"a\xff": 1, "a\xfe": 2},
		"nested name":         {"a": []any{map[string]any{"\xff": 1}}},
		"name in string map":  {"a": map[string]string{"\xff": "x"}},
		"text not UTF-8":      {"a": "\xff"},
		"nested text":         {"a": map[string]any{"b": []any{"\xc0\x80"}}},
		"texts":               {"a": []string{"x", "\xed\xa0\x80"}},
		"text in string map":  {"a": map[string]string{"x": "\xff"}},
		"texts in a map":      {"a": map[string][]string{"x": {"\xff"}}},
		"text in a struct":    {"a": []struct{ B string }{{"x\xff"}}},
		"behind a pointer":    {"a": &[]any{[1]string{"\xff"}}},
		"NUL":                 {"a": "x\x00"},
		"NUL in a name":       {"\x00": 1},
		"raw duplicate":       {"a": json.RawMessage(`{"b":1,"\u0062":2}`)},
		"marshaler duplicate": {"a": twice{}},
		"raw surrogate":       {"a": json.RawMessage(`"\ud800"`)},
		"raw not UTF-8":       {"a": json.RawMessage("\"\xff\"")},
		"raw broken":          {"a": json.RawMessage(`1}`)},
		"NaN":                 {"a": math.NaN()},
		"infinite":            {"a": math.Inf(1)},
		"function":            {"a": func() {}},
		"channel":             {"a": make(chan int)},
		"number":              {"a": json.Number("0x1")},
		"too deep":            {"a": deep},
		"loop":                loop,
		"too long":            {"a": strings.Repeat("x", maxToken)},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := key.Sign("", claims)
			require.Empty(t, token)
			requireReason(t, err, ErrClaims)
		})
	}
	for _, typ := range []string{"\x00", "a\nb", "é", strings.Repeat("a", maxType+1)} {
		_, err := key.Sign(typ, testClaims())
		requireReason(t, err, ErrClaims)
	}
}

// Whatever a custom attribute is called, it is one member and changes no other.
func TestJ26_HostileNames(t *testing.T) {
	key := testKey(t, EdDSA)
	hostile := []string{`x":0,"admin`, `__proto__`, `Sub`, `SUB`, `Iss`, ` sub`, `sub `, `sub\u0000`, `\u0073ub`, `cognito:groups`, "é\u2028", `<script>`, ``}
	claims := testClaims()
	for _, name := range hostile {
		claims[name] = "hostile"
	}
	token, err := key.Sign("JWT", claims)
	require.NoError(t, err)
	got := requireAccepted(t, token, sourceOf(key), expected())
	require.Len(t, got, len(claims))
	require.Equal(t, "user-1", got["sub"])
	require.Equal(t, testIssuer, got["iss"])
	require.NotContains(t, got, "admin")
	for _, name := range hostile {
		require.Equal(t, "hostile", got[name])
	}
}

// A strange key ID or type is quoted in the header, not pasted into it.
func TestSignHeaderQuoted(t *testing.T) {
	key := testKey(t, EdDSA)
	odd := &PrivateKey{signer: key.signer, public: PublicKey{ID: `a","typ":"b\`, Algorithm: EdDSA, Key: key.public.Key}}
	token, err := odd.Sign(`x","crit":["y`, testClaims())
	require.NoError(t, err)
	want := expected()
	want.Types = []string{`x","crit":["y`}
	requireAccepted(t, token, sourceOf(odd), want)
}

func TestSignLongest(t *testing.T) {
	key := testKey(t, EdDSA)
	fill := 11_000
	for ; ; fill++ {
		token, err := key.Sign("JWT", testClaims(with("fill", strings.Repeat("x", fill))))
		if err != nil {
			requireReason(t, err, ErrClaims)
			return
		}
		require.LessOrEqual(t, len(token), maxToken)
		if len(token) > maxToken-8 {
			requireAccepted(t, token, sourceOf(key), expected())
		}
		if gap := (maxToken - len(token)) * 3 / 4; gap > 20 {
			fill += gap - 20
		}
	}
}

func TestNumeric(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "1": 1, "1300819380": 1300819380, "1300819380.9": 1300819380, "1.3e9": 1300000000,
		"1099511627775": 1<<40 - 1, "1099511627775.9": 1<<40 - 1, "1e-300": 0, "0.0": 0,
	} {
		got, ok := Numeric(map[string]any{"exp": json.Number(text)}, "exp")
		require.True(t, ok, text)
		require.Equal(t, time.Unix(want, 0).UTC(), got, text)
	}
	for _, text := range []string{"-1", "-0.1", "1099511627776", "1e13", "1e300", "1e999", "-1e999", "18446744073709551615", "9223372036854775808",
		"", "x", "NaN", "Inf", "-Inf", "infinity"} {
		_, ok := Numeric(map[string]any{"exp": json.Number(text)}, "exp")
		require.False(t, ok, text)
	}
	for _, value := range []any{nil, "1300819380", true, []any{json.Number("1")}, map[string]any{}, 1300819380, 1.5} {
		_, ok := Numeric(map[string]any{"exp": value}, "exp")
		require.False(t, ok, "%v", value)
	}
	_, ok := Numeric(nil, "exp")
	require.False(t, ok)
}
