package userfilter_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/userfilter"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]userfilter.Filter{
		"":                                        {},
		"   ":                                     {},
		`email = "ada@example.com"`:               {Attribute: "email", Op: "=", Value: "ada@example.com"},
		`email="ada@example.com"`:                 {Attribute: "email", Op: "=", Value: "ada@example.com"},
		`  email   =   "ada@example.com"  `:       {Attribute: "email", Op: "=", Value: "ada@example.com"},
		`family_name ^= "Love"`:                   {Attribute: "family_name", Op: "^=", Value: "Love"},
		`family_name^="Love"`:                     {Attribute: "family_name", Op: "^=", Value: "Love"},
		`name *= "love"`:                          {Attribute: "name", Op: "*=", Value: "love"},
		`given_name = ""`:                         {Attribute: "given_name", Op: "=", Value: ""},
		`name = "a \"b\" \\ c"`:                   {Attribute: "name", Op: "=", Value: `a "b" \ c`},
		`name = "\\"`:                             {Attribute: "name", Op: "=", Value: `\`},
		`name = "\""`:                             {Attribute: "name", Op: "=", Value: `"`},
		`name = " a "`:                            {Attribute: "name", Op: "=", Value: " a "},
		`name = "山田"`:                             {Attribute: "name", Op: "=", Value: "山田"},
		`name = "` + "\ufffd" + `"`:               {Attribute: "name", Op: "=", Value: "\ufffd"},
		`phone_number ^= "+1206"`:                 {Attribute: "phone_number", Op: "^=", Value: "+1206"},
		`username = "ada"`:                        {Attribute: "username", Op: "=", Value: "ada"},
		`preferred_username = "ada"`:              {Attribute: "preferred_username", Op: "=", Value: "ada"},
		`sub = "34c84488"`:                        {Attribute: "sub", Op: "=", Value: "34c84488"},
		`cognito:user_status = "Confirmed"`:       {Attribute: "cognito:user_status", Op: "=", Value: "CONFIRMED"},
		`cognito:user_status = "confırmed"`:       {Attribute: "cognito:user_status", Op: "=", Value: "CONFıRMED"},
		`status = "Enabled"`:                      {Attribute: "status", Op: "=", Value: "Enabled"},
		`status="Disabled"`:                       {Attribute: "status", Op: "=", Value: "Disabled"},
		`custom:team = "engine"`:                  {Attribute: "custom:team", Op: "=", Value: "engine"},
		`custom:Team-2_x *= "engine"`:             {Attribute: "custom:Team-2_x", Op: "*=", Value: "engine"},
		`name="` + strings.Repeat("é", 249) + `"`: {Attribute: "name", Op: "=", Value: strings.Repeat("é", 249)},
	} {
		got, err := userfilter.Parse(in)
		require.NoError(t, err, "%q", in)
		require.Equal(t, want, got, "%q", in)
	}
}

// What would say more than one comparison is refused; what is only the text of a value stays that.
func TestU35_FilterInjection(t *testing.T) {
	syntax := func(position int, expected string) string {
		return fmt.Sprintf("userfilter: at character %d: expected %s", position, expected)
	}
	const (
		attribute = "the name of an attribute"
		op        = "=, ^= or *="
		quoted    = "a value in double quotes"
		closed    = "a double quote that ends the value"
		end       = "the end: a filter has one attribute and one value"
		escaped   = `" or \ after a backslash`
		control   = "no control character, such as a line break"
	)
	for in, want := range map[string]string{
		`email = "x" or email ^= ""`:         syntax(13, end),
		`email = "x" OR "1" = "1"`:           syntax(13, end),
		`email = "x" and status = "Enabled"`: syntax(13, end),
		`email = "x", name = "y"`:            syntax(12, end),
		`email = "x"; DROP TABLE users`:      syntax(12, end),
		`email = "x" --`:                     syntax(13, end),
		`email = "x" /* */`:                  syntax(13, end),
		`email = "x"")`:                      syntax(12, end),
		`email = "x" "y"`:                    syntax(13, end),
		`email = ""x""`:                      syntax(11, end),
		`email = "x`:                         syntax(11, closed),
		`email = "`:                          syntax(10, closed),
		`email = "x\"`:                       syntax(13, closed),
		`email = "x\`:                        syntax(12, escaped),
		`email = "x\\\"`:                     syntax(15, closed),
		`email = "\n"`:                       syntax(11, escaped),
		`email = "\u0022"`:                   syntax(11, escaped),
		`email = "\x22 or 1=1"`:              syntax(11, escaped),
		`email = 'x'`:                        syntax(9, quoted),
		`email = x`:                          syntax(9, quoted),
		`email = “x”`:                        syntax(9, quoted),
		`email = ＂x＂`:                        syntax(9, quoted),
		`email = `:                           syntax(9, quoted),
		`email == "x"`:                       syntax(8, quoted),
		`email = ^= "x"`:                     syntax(9, quoted),
		`email`:                              syntax(6, op),
		`email "x"`:                          syntax(7, op),
		`email eq "x"`:                       syntax(7, op),
		`email != "x"`:                       syntax(7, op),
		`email ~ "x"`:                        syntax(7, op),
		`email ^ = "x"`:                      syntax(7, op),
		`email > "x"`:                        syntax(7, op),
		`email LIKE "%"`:                     syntax(7, op),
		`email' = "x"`:                       syntax(6, op),
		`email) = "x"`:                       syntax(6, op),
		`"email" = "x"`:                      syntax(1, attribute),
		`(email = "x")`:                      syntax(1, attribute),
		`= "x"`:                              syntax(1, attribute),
		`' or 1=1`:                           syntax(1, attribute),
		`{"$ne": null}`:                      syntax(1, attribute),
		`$where = "x"`:                       syntax(1, attribute),
		"éa = \"x\"":                         syntax(1, attribute),
		"\u200bemail = \"x\"":                syntax(1, attribute),
		"email\u00a0= \"x\"":                 syntax(6, op),
		"email\t= \"x\"":                     syntax(6, control),
		"email = \"x\"\n":                    syntax(12, control),
		"email = \"山\x00\"":                  syntax(11, control),
		"email = \"x\u0085\"":                syntax(11, control),
		"email = \"\ufffdx\xff\"":            syntax(12, "text in UTF-8"),
		"email = \"x\xed\xa0\x80\"":          syntax(11, "text in UTF-8"),
		`name = "` + strings.Repeat("x", 248) + `"`: syntax(257, "the end: a filter has at most 256 characters"),
		strings.Repeat("(", 10_000):                 syntax(257, "the end: a filter has at most 256 characters"),
		strings.Repeat(" ", 1<<20):                  syntax(257, "the end: a filter has at most 256 characters"),
		`status = "enabled"`:                        syntax(10, `"Enabled" or "Disabled"`),
		`status = ""`:                               syntax(10, `"Enabled" or "Disabled"`),
		`status ^= "E"`:                             syntax(8, "=, the only operator for status"),
		`cognito:user_status ^= "C"`:                syntax(21, "=, the only operator for cognito:user_status"),
		`cognito:user_status *= "C"`:                syntax(21, "=, the only operator for cognito:user_status"),
	} {
		_, err := userfilter.Parse(in)
		require.ErrorIs(t, err, userfilter.Syntax, "%q", in)
		require.NotErrorIs(t, err, userfilter.UnknownAttribute, "%q", in)
		require.EqualError(t, err, want, "%q", in)
	}
	for _, value := range []string{
		`%`, `_`, `*`, `?`, `(a+)+$`, `^(([a-z])+.)+[A-Z]([a-z])+$`, `' OR '1'='1`, `x'; DROP TABLE users; --`, `$1`, `:1`, `?1`, `{{.}}`, `\`, `"`, `\"`,
		`" or email ^= "`, `<script>`, `)(uid=*))(|(uid=*`, `x":0,"admin`, `../..`, `${jndi:x}`,
	} {
		want := userfilter.Filter{Attribute: "name", Op: userfilter.Contains, Value: value}
		got, err := userfilter.Parse(want.String())
		require.NoError(t, err, "%q", value)
		require.Equal(t, want, got)
	}
}

// The name of an attribute is one that is known, or has the form that the schema of a pool allows for a custom attribute.
func TestJ26_AttributeNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"username": true, "email": true, "phone_number": true, "name": true, "given_name": true, "family_name": true,
		"preferred_username": true, "cognito:user_status": true, "status": true, "sub": true, "custom:a": true,
		"custom:" + strings.Repeat("a", 20): true, "custom:" + strings.Repeat("a", 21): false,
		"": false, "custom:": false, "custom:a.b": false, "custom:a:b": false, `custom:x":0,"admin`: false, "custom:a b": false, "custom:é": false,
		"custom:a\n": false, "Email": false, "EMAIL": false, "custom": false, "Custom:a": false, "dev:custom:a": false, "__proto__": false,
		"constructor": false, "iss": false, "cognito:groups": false, "password": false, "password_hash": false, "email_verified": false, "enabled": false,
		"user_status": false, "address": false, "nickname": false, "users.email": false,
	} {
		require.Equal(t, ok, userfilter.Searchable(name), "%q", name)
	}
	for in, want := range map[string]*userfilter.Error{
		`password_hash ^= "$argon2"`: {Kind: userfilter.UnknownAttribute, Attribute: "password_hash", Position: 1},
		` Email = "x"`:               {Kind: userfilter.UnknownAttribute, Attribute: "Email", Position: 2},
		`custom: = "x"`:              {Kind: userfilter.UnknownAttribute, Attribute: "custom:", Position: 1},
		`nickname`:                   {Kind: userfilter.UnknownAttribute, Attribute: "nickname", Position: 1},
		`users.email = "x"`:          {Kind: userfilter.UnknownAttribute, Attribute: "users.email", Position: 1},
		`__proto__ = "x"`:            {Kind: userfilter.UnknownAttribute, Attribute: "__proto__", Position: 1},
		`custom:x":0,"admin = "x"`:   {Kind: userfilter.Syntax, Position: 9, Expected: "=, ^= or *="},
	} {
		_, err := userfilter.Parse(in)
		var e *userfilter.Error
		require.ErrorAs(t, err, &e, "%q", in)
		require.ErrorIs(t, err, want.Kind)
		if want.Expected == "" {
			want.Expected = e.Expected
			require.Contains(t, e.Expected, "preferred_username")
		}
		require.Equal(t, want, e, "%q", in)
		require.Contains(t, err.Error(), fmt.Sprintf("at character %d", want.Position))
	}
}

// Whatever is read can be written and read again, and is of the promised form.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", " ", `email = "x"`, `custom:team*="a\"b\\"`, `status="Enabled"`, `cognito:user_status = "confirmed"`, `name ^= "山田"`, `email = "x" or`,
		`email = "x\`, "name=\"\ufffd\"", "name=\"\xff\"", `"`, `=`, `name="` + strings.Repeat("é", 249) + `"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		filter, err := userfilter.Parse(in)
		if err != nil {
			e, ok := err.(*userfilter.Error)
			if !ok || filter != (userfilter.Filter{}) || e.Position < 1 || e.Position > min(utf8.RuneCountInString(in), userfilter.MaxLength)+1 || e.Expected == "" {
				t.Fatalf("%q: %+v, %v", in, filter, err)
			}
			return
		}
		bad := !utf8.ValidString(filter.Value) || strings.ContainsFunc(filter.Value, unicode.IsControl)
		if bad || filter.Attribute != "" && !userfilter.Searchable(filter.Attribute) {
			t.Fatalf("%q: %+v", in, filter)
		}
		again, err := userfilter.Parse(filter.String())
		if err != nil || again != filter || len(filter.String()) > len(in) {
			t.Fatalf("%q: %+v is written %q, which is %+v, %v", in, filter, filter.String(), again, err)
		}
	})
}
