package jose

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecodeObject(t *testing.T) {
	for text, want := range map[string]map[string]any{
		`{}`:                        {},
		" \t\r\n{ \"a\" : null }\n": {"a": nil},
		`{"a":true,"b":false}`:      {"a": true, "b": false},
		`{"a":[],"b":{},"c":[1,[2]]}`: {"a": []any{}, "b": map[string]any{},
			"c": []any{json.Number("1"), []any{json.Number("2")}}},
		`{"a":-0,"b":0.5,"c":1e300,"d":-12.50E-7}`: {"a": json.Number("-0"), "b": json.Number("0.5"),
			"c": json.Number("1e300"), "d": json.Number("-12.50E-7")},
		`{"a":"\"\\\/\b\f\n\r\t\u0041\u20AC\u00e9"}`: {"a": "\"\\/\b\f\n\r\tA€é"},
		`{"a":"x\ud83d\ude00y"}`:                     {"a": "x😀y"},
		`{"":"", "é":"ü"}`:                           {"": "", "é": "ü"},
		"{\"a\":\"\uFEFF\uFFFD\x7f\"}":               {"a": "\uFEFF\uFFFD\x7f"},
		`{"sub":"a","Sub":"b","SUB":"c"}`:            {"sub": "a", "Sub": "b", "SUB": "c"},
		`{"__proto__":{"a":"b"}}`:                    {"__proto__": map[string]any{"a": "b"}},
	} {
		got, err := DecodeObject([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestDecodeObjectRefuses(t *testing.T) {
	deep := func(n int) string {
		return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`,"` + strconv.Itoa(i) + `":0`)
		}
		return "{" + b.String()[1:] + "}"
	}
	elements := func(n int) string { return `{"a":[0` + strings.Repeat(",0", n-1) + `]}` }

	for _, good := range []string{deep(31), members(1000), elements(9999), `{"a":1` + strings.Repeat("0", 99) + `}`} {
		_, err := DecodeObject([]byte(good))
		require.NoError(t, err)
	}
	for name, text := range map[string]string{
		"empty": "", "space": " ", "null": "null", "array": "[]", "string": `"{}"`, "number": "1",
		"BOM": "\uFEFF{}", "UTF-16": "{\x00}\x00", "invalid UTF-8": "{\"a\":\"\xff\"}",
		"invalid UTF-8 name": "{\"\xff\":1}", "overlong": "{\"a\":\"\xc0\x80\"}", "raw surrogate": "{\"a\":\"\xed\xa0\x80\"}",
		"two objects": "{}{}", "something after": "{} x", "NUL after": "{}\x00", "comment": "{}//",
		"unfinished": "{", "unfinished name": `{"a`, "no colon": `{"a"}`, "no value": `{"a":}`, "no end": `{"a":1`,
		"trailing comma": `{"a":1,}`, "leading comma": `{,"a":1}`, "no comma": `{"a":1"b":2}`, "wrong close": `{"a":1]`,
		"array trailing comma": `{"a":[1,]}`, "array no end": `{"a":[1`, "array wrong close": `{"a":[1}`,
		"single quotes": `{'a':1}`, "bare name": `{a:1}`, "number name": `{1:1}`,
		"duplicate": `{"a":1,"a":1}`, "duplicate escaped": `{"a":1,"\u0061":1}`, "duplicate escaped twice": `{"\u0061":1,"\u0061":1}`,
		"nested duplicate": `{"x":[{"a":1,"b":{"c":1,"c":1}}]}`, "duplicate pair": `{"😀":1,"\uD83d\uDe00":1}`,
		"NUL": "{\"a\":\"\x00\"}", "escaped NUL": `{"a":"\u0000"}`, "NUL name": `{"\u0000":1}`, "control": "{\"a\":\"\n\"}",
		"control after escape": "{\"a\":\"\\n\n\"}",
		"lone high":            `{"a":"\ud83d"}`, "lone low": `{"a":"\ude00"}`, "high and char": `{"a":"\ud83dx\ude00"}`,
		"high and high": `{"a":"\ud83d\ud83d"}`, "low and high": `{"a":"\ude00\ud83d"}`, "high and escape": `{"a":"\ud83d\n"}`,
		"high and short": `{"a":"\ud83d\ude0"}`, "lone in name": `{"\ud83d":1}`,
		"bad escape": `{"a":"\x41"}`, "escaped quote": `{"a":"\'"}`, "short hex": `{"a":"\u12"}`, "bad hex": `{"a":"\u12g4"}`,
		"escape at end": `{"a":"\`, "unicode at end": `{"a":"\u`, "no end after escape": `{"a":"\n`,
		"leading zero": `{"a":01}`, "plus": `{"a":+1}`, "minus": `{"a":-}`, "dot": `{"a":1.}`, "no integer": `{"a":.5}`,
		"exponent": `{"a":1e}`, "exponent sign": `{"a":1e+}`, "hex": `{"a":0x1}`, "NaN": `{"a":NaN}`, "Infinity": `{"a":Infinity}`,
		"-Infinity": `{"a":-Infinity}`, "True": `{"a":True}`, "tru": `{"a":tru`, "nul": `{"a":nulx}`, "undefined": `{"a":undefined}`,
		"too deep": deep(32), "far too deep": deep(400_000), "too many members": members(1001),
		"too many values": elements(10_000), "long number": `{"a":1` + strings.Repeat("0", 100) + `}`,
		"too long": `{"a":"` + strings.Repeat("x", maxJSON) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeObject([]byte(text))
			require.Nil(t, got)
			requireReason(t, err, ErrMalformed)
		})
	}
}
