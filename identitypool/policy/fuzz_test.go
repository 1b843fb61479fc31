package policy

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/ascii"
)

// FuzzParse: what is accepted is whole and can be evaluated, explained, linted
// and written again; what is refused has a place inside the text.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		doc(stmt),
		doc(`[{"Sid":"x","Effect":"Deny","Action":["s3:Get*","a:?"],"Resource":["arn:aws:s3:::b/${a:b, 'c'}/*"]}]`),
		`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s:a","Resource":"arn:a:b:c:d:${"}]}`,
		doc(`{"Effect":"allow","Effect":"Deny"}`), `[[[[`, `{"Version":null}`, "\xff", `{"a":"\ud800"}`,
		withCondition("ForAnyValue:StringLikeIfExists", "a:b", `["${a:b}*",1,true]`),
		withCondition("ArnLike", "a:b", `"arn:${a:b}:*:::${*}"`), withCondition("IpAddress", "a:b", `"::/0"`),
		withCondition("DateLessThan", "a:b", `"2026-01-31T18:00:00.5+01:00"`), withCondition("NumericEquals", "a:b", `-0.5e1`),
		resourcePolicy("Deny", "NotPrincipal", `{"AWS":["111122223333","`+roleARN+`"],"Service":"a.b","CanonicalUser":"c","Federated":"d"}`),
		doc(`{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity"}`),
	} {
		f.Add([]byte(text))
	}
	request := &Request{Principal: session, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/c/d", Context: context(map[string][]string{"a:b": {"c"}})}
	f.Fuzz(func(t *testing.T, data []byte) {
		for i, parse := range []func([]byte) (*Document, error){Parse, ParseResource, ParseTrust} {
			d, err := parse(data)
			if err != nil {
				checkParseError(t, data, d, err)
				continue
			}
			if !json.Valid(data) {
				t.Fatal("accepted what is not JSON")
			}
			p := &Policies{Identity: []*Document{d}}
			if i > 0 {
				p = &Policies{Resource: []*Document{d}}
			}
			trace := p.Explain(request)
			if trace.Decision != p.Evaluate(request) || trace.String() == "" {
				t.Fatal("Explain and Evaluate differ")
			}
			for _, finding := range Lint(d) {
				if finding.Problem == "" || finding.Line < 1 {
					t.Fatalf("%+v", finding)
				}
			}
			for j, s := range d.Statements() {
				whole := (s.Effect == Allow || s.Effect == Deny) && len(s.Actions)+len(s.NotActions) > 0 &&
					(len(s.Resources)+len(s.NotResources) > 0) == (i != 2) && (len(s.Principals)+len(s.NotPrincipals) > 0) == (i > 0)
				if !whole {
					t.Fatalf("statement %d is not whole: %+v", j, s)
				}
			}
		}
	})
}

func checkParseError(t *testing.T, data []byte, d *Document, err error) {
	var refused *ParseError
	if !errors.As(err, &refused) || d != nil || refused.Problem == "" {
		t.Fatalf("err %v, document %v", err, d)
	}
	lines := strings.Split(string(data), "\n")
	if refused.Line == 0 && refused.Column == 0 {
		return
	}
	if refused.Line > len(lines) || refused.Column > utf8.RuneCountInString(lines[refused.Line-1])+1 || refused.Line < 1 || refused.Column < 1 {
		t.Fatalf("%d:%d is outside: %v", refused.Line, refused.Column, err)
	}
	if strings.ContainsAny(err.Error(), "\n\r\x1b") {
		t.Fatalf("%q", err.Error())
	}
}

// FuzzJSON: the scanner and decoder take no text that encoding/json does not,
// and find the same keys in what they take.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"a":"\u0041\n"}`, `-0.5e+7`, `"\ud83d\ude00"`, `{"a":[1,true,null,{}]}`, `01`, `"\x"`, "\"\t\"", `tru`, `1.`, `{"a" "b"}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := scanner{text: text}
		for range len(text) + 1 {
			l, bad := s.next()
			if bad != nil || l.kind == 'e' {
				return
			}
			switch l.kind {
			case '"':
				var want string
				raw := text[l.at:s.at]
				if !utf8.ValidString(raw) {
					return
				}
				if err := json.Unmarshal([]byte(raw), &want); err != nil || want != l.text {
					t.Fatalf("%q is %q, encoding/json says %q %v", raw, l.text, want, err)
				}
			case '0', 't', 'f', 'n':
				if !json.Valid([]byte(l.text)) {
					t.Fatalf("%q is no JSON value", l.text)
				}
			}
		}
	})
}

// FuzzMatch: against the definition of matching, with a variable.
func FuzzMatch(f *testing.F) {
	for _, seed := range [][3]string{
		{"a*b?c", "axxbyc", ""}, {"*a*a*a*b", "aaaaaaaa", "a"}, {"*?é?*", "aéb", "é"}, {"", "", ""}, {"**??**", "ab", "*"},
		{"*${v:w}?*", "xaby", "ab"}, {"${v:w}*${v:w}", "aba", "a"}, {"*?${v:w}", "?a", "?a"}, {"*${v:w}${v:w}*", "aaaa", "a"}, {"*${v:w}*", "x", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, pattern, text, value string) {
		pattern, text, value = strings.ToValidUTF8(pattern, ""), strings.ToValidUTF8(text, ""), strings.ToValidUTF8(value, "")
		if len(pattern) > 60 || len(text) > 40 || len(value) > 20 {
			return
		}
		tokens, problem := allSyntax.tokens(pattern)
		if problem != "" {
			return
		}
		// In the definition a wildcard that means itself is a character of
		// its own.
		var want []rune
		for _, tok := range tokens {
			switch tok.kind {
			case star:
				want = append(want, '*')
			case anyOne:
				want = append(want, '?')
			case literal:
				want = append(want, hide(tok.text)...)
			case variable:
				if tok.text != "v:w" {
					return
				}
				want = append(want, hide(value)...)
			}
		}
		c := new(Context)
		c.Set("v:w", value)
		g := compileGlob(tokens)
		if got := g.match(text, c); (got == yes) != matchSlowly(want, hide(text)) {
			t.Fatalf("match(%q, %q) with %q = %v", pattern, text, value, got)
		}
		if g.variables == nil && !strings.Contains(pattern, "${") && isASCII(pattern+text) {
			lower := ascii.Lower(text)
			if got := matchWildcards(ascii.Lower(pattern), []byte(lower)); got != matchSlowly([]rune(ascii.Lower(pattern)), []rune(lower)) {
				t.Fatalf("matchWildcards(%q, %q) = %v", pattern, text, got)
			}
		}
	})
}

// hide gives * and ? of a text another character.
func hide(text string) []rune {
	return []rune(strings.NewReplacer("*", "\ue000", "?", "\ue001").Replace(text))
}

func isASCII(text string) bool { return only(text, func(b byte) bool { return b < utf8.RuneSelf }) }
