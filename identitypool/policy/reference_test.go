package policy

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"
)

// This file evaluates policies a second time, slowly and with other means:
// documents are generic JSON, patterns are regular expressions or the
// definition of matching, numbers are fractions, and each rule of the language
// is written as the sentence that states it. The properties compare it with
// what the package does.

// three is the outcome of a comparison that may be impossible.
type three int

const (
	isFalse3 three = iota
	isTrue3
	unknown3
)

func not3(v three) three {
	switch v {
	case isTrue3:
		return isFalse3
	case isFalse3:
		return isTrue3
	}
	return unknown3
}

func of3(v bool) three {
	if v {
		return isTrue3
	}
	return isFalse3
}

// and3 and or3 are Kleene's.
func and3(values ...three) three {
	out := isTrue3
	for _, v := range values {
		if v == isFalse3 {
			return isFalse3
		}
		out = max(out, v)
	}
	return out
}

func or3(values ...three) three {
	for i := range values {
		values[i] = not3(values[i])
	}
	return not3(and3(values...))
}

type refRequest struct {
	who              Principal
	action, resource string
	context          map[string][]string // keys in lower case
}

type refDocument struct {
	Version   string
	Statement []map[string]any
}

func refParse(text string) refDocument {
	var d refDocument
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		panic(err)
	}
	return d
}

func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case bool:
		return []string{map[bool]string{true: "true", false: "false"}[v]}
	}
	var out []string
	for _, e := range v.([]any) {
		out = append(out, texts(e)...)
	}
	return out
}

var refVariable = regexp.MustCompile(`\$\{([^}]*)\}`)

// refPattern turns a pattern into a regular expression. The outcome is unknown
// when a variable has several values, and false when it has none.
func refPattern(pattern string, wild, variables bool, r refRequest) (*regexp.Regexp, three) {
	outcome := isTrue3
	plain := func(s string) string {
		s = regexp.QuoteMeta(s)
		if wild {
			s = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(s)
		}
		return s
	}
	if !variables {
		return refCompile(plain(pattern)), isTrue3
	}
	var out strings.Builder
	last := 0
	for _, m := range refVariable.FindAllStringSubmatchIndex(pattern, -1) {
		out.WriteString(plain(pattern[last:m[0]]))
		last = m[1]
		inside := pattern[m[2]:m[3]]
		key, fallback, hasDefault := strings.Cut(inside, ", ")
		values := r.context[strings.ToLower(key)]
		switch {
		case inside == "*" || inside == "?" || inside == "$":
			out.WriteString(regexp.QuoteMeta(inside))
		case len(values) == 1:
			out.WriteString(regexp.QuoteMeta(values[0]))
		case len(values) > 1:
			return nil, unknown3
		case hasDefault:
			out.WriteString(regexp.QuoteMeta(strings.Trim(fallback, "'")))
		default:
			outcome = isFalse3
		}
	}
	out.WriteString(plain(pattern[last:]))
	return refCompile(out.String()), outcome
}

// refCompiled are the expressions so far: the same few words meet often.
var refCompiled sync.Map

func refCompile(expression string) *regexp.Regexp {
	if re, ok := refCompiled.Load(expression); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(`(?s)\A` + expression + `\z`)
	refCompiled.Store(expression, re)
	return re
}

func refMatch(pattern string, wild, variables bool, text string, r refRequest) (match three, resolvedAll bool) {
	re, outcome := refPattern(pattern, wild, variables, r)
	if outcome != isTrue3 {
		return outcome, false
	}
	return of3(re.MatchString(text)), true
}

// refResource compares an ARN part by part.
func refResource(pattern string, variables bool, r refRequest) (match three, resolvedAll bool) {
	if pattern == "*" {
		return isTrue3, true
	}
	want, have := strings.SplitN(pattern, ":", 6), strings.SplitN(r.resource, ":", 6)
	if len(have) < 6 || have[0] != "arn" {
		return isFalse3, true
	}
	for i := range 5 {
		if m, _ := refMatch(want[i], true, false, have[i], r); m != isTrue3 {
			return isFalse3, true
		}
	}
	return refMatch(want[5], true, variables, have[5], r)
}

func (d refDocument) matches(s map[string]any, r refRequest, principal func(map[string]any) bool) three {
	variables := d.Version == "2012-10-17"
	action := func(list any) three {
		for _, a := range texts(list) {
			if a == "*" {
				return isTrue3
			}
			if m, _ := refMatch(strings.ToLower(a), true, false, strings.ToLower(r.action), r); m == isTrue3 {
				return isTrue3
			}
		}
		return isFalse3
	}
	resource := func(list any, negative bool) three {
		var out []three
		for _, p := range texts(list) {
			m, resolvedAll := refResource(p, variables, r)
			if negative && !resolvedAll {
				m = unknown3
			}
			out = append(out, m)
		}
		return or3(out...)
	}
	all := []three{action(s["Action"]), of3(principal(s)), resource(s["Resource"], false)}
	if l, ok := s["NotAction"]; ok {
		all[0] = not3(action(l))
	}
	if l, ok := s["NotResource"]; ok {
		all[2] = not3(resource(l, true))
	}
	conditions, _ := s["Condition"].(map[string]any)
	for operator, block := range conditions {
		for key, values := range block.(map[string]any) {
			all = append(all, refCondition(operator, key, texts(values), variables, r))
		}
	}
	return and3(all...)
}

func refCondition(operator, key string, values []string, variables bool, r refRequest) three {
	have, present := r.context[strings.ToLower(key)]
	if operator == "Null" {
		for _, v := range values {
			if (v == "true") == !present {
				return isTrue3
			}
		}
		return isFalse3
	}
	name, all := strings.CutPrefix(operator, "ForAllValues:")
	name, some := strings.CutPrefix(name, "ForAnyValue:")
	name, optional := strings.CutSuffix(name, "IfExists")
	negated := strings.Contains(name, "Not")
	if !present {
		return of3(optional || all || negated && !some)
	}
	if len(have) > 1 && !all && !some {
		return unknown3
	}
	var each []three
	for _, h := range have {
		var any []three
		for _, v := range values {
			any = append(any, refCompare(strings.Replace(name, "Not", "", 1), v, h, variables, r))
		}
		one := or3(any...)
		if negated {
			one = not3(one)
		}
		each = append(each, one)
	}
	if some {
		return or3(each...)
	}
	return and3(each...)
}

func refCompare(name, value, have string, variables bool, r refRequest) three {
	var m three
	switch {
	case name == "StringEquals":
		m, _ = refMatch(value, false, variables, have, r)
	case name == "StringEqualsIgnoreCase":
		m, _ = refMatch(strings.ToLower(value), false, variables, strings.ToLower(have), r)
	case name == "StringLike":
		m, _ = refMatch(value, true, variables, have, r)
	case strings.HasPrefix(name, "Arn"):
		r.resource = have
		if !strings.HasPrefix(have, "arn:") {
			return unknown3
		}
		m, _ = refResource(value, variables, r)
	case name == "Bool":
		if h := strings.ToLower(have); h != "true" && h != "false" {
			return unknown3
		}
		m = of3(strings.EqualFold(value, have))
	case name == "BinaryEquals":
		a, _ := base64.StdEncoding.DecodeString(value)
		b, err := base64.StdEncoding.Strict().DecodeString(have)
		if err != nil {
			return unknown3
		}
		m = of3(string(a) == string(b))
	case name == "IpAddress":
		_, network, _ := net.ParseCIDR(value)
		ip := net.ParseIP(have)
		if ip == nil {
			return unknown3
		}
		m = of3(network.Contains(ip))
	case strings.HasPrefix(name, "Numeric"):
		a, ok := new(big.Rat).SetString(have)
		if !ok {
			return unknown3
		}
		b, _ := new(big.Rat).SetString(value)
		m = refRelation(name, a.Cmp(b))
	default:
		a, err := time.Parse(time.RFC3339, have)
		if seconds, isNumber := new(big.Int).SetString(have, 10); isNumber && have[0] != '-' {
			a, err = time.Unix(seconds.Int64(), 0), nil
		}
		if err != nil {
			return unknown3
		}
		b, _ := time.Parse(time.RFC3339, value)
		m = refRelation(name, a.Compare(b))
	}
	return m
}

func refRelation(name string, order int) three {
	switch {
	case strings.HasSuffix(name, "LessThan"):
		return of3(order < 0)
	case strings.HasSuffix(name, "LessThanEquals"):
		return of3(order <= 0)
	case strings.HasSuffix(name, "GreaterThan"):
		return of3(order > 0)
	case strings.HasSuffix(name, "GreaterThanEquals"):
		return of3(order >= 0)
	}
	return of3(order == 0)
}

// refPolicies are the documents of a random case.
type refPolicies struct {
	identity, resource []refDocument
	boundary           []refDocument
	session, control   [][]refDocument
	must               bool
	account            string
}

func anyone(map[string]any) bool { return true }

func says(documents []refDocument, effect string, r refRequest, principal func(map[string]any) bool) three {
	out := isFalse3
	for _, d := range documents {
		for _, s := range d.Statement {
			if s["Effect"] == effect {
				out = or3(out, d.matches(s, r, principal))
			}
		}
	}
	return out
}

// refNames returns the weakest names by which a principal list means the
// caller: the account, the role or themselves.
func refNames(list any, who Principal, which string) bool {
	for _, n := range texts(list.(map[string]any)["AWS"]) {
		if n == "*" && which == "self" {
			return true
		}
		account := n == who.Account || n == "arn:aws:iam::"+who.Account+":root"
		if which == "self" && n == who.ARN || which == "role" && n == who.RoleARN || which == "account" && who.Account != "" && account {
			return true
		}
	}
	return false
}

// decide is section 9.3 of the language, in its order.
func (p refPolicies) decide(r refRequest) (allowed, explicit bool) {
	named := func(which ...string) func(map[string]any) bool {
		return func(s map[string]any) bool {
			for _, w := range which {
				if refNames(s["Principal"], r.who, w) {
					return true
				}
			}
			return false
		}
	}
	allow := func(documents []refDocument) bool { return says(documents, "Allow", r, anyone) == isTrue3 }
	denied := says(p.resource, "Deny", r, named("self", "role", "account"))
	groups := append(append([][]refDocument{p.identity, p.boundary}, p.session...), p.control...)
	for _, g := range groups {
		denied = or3(denied, says(g, "Deny", r, anyone))
	}
	if denied != isFalse3 {
		return false, denied == isTrue3
	}
	limited := true
	for _, d := range p.boundary {
		limited = limited && allow([]refDocument{d})
	}
	for _, set := range p.session {
		limited = limited && allow(set)
	}
	for _, level := range p.control {
		if !allow(level) {
			return false, false
		}
	}
	self := says(p.resource, "Allow", r, named("self")) == isTrue3
	role := says(p.resource, "Allow", r, named("role")) == isTrue3
	account := says(p.resource, "Allow", r, named("account")) == isTrue3
	if p.account != "" && p.account != r.who.Account && (r.who.ARN != "" || len(p.identity) > 0) {
		return (self || role || account) && allow(p.identity) && limited, false
	}
	switch {
	case self:
		return true, false
	case p.must && !role && !account:
		return false, false
	}
	return (role || allow(p.identity)) && limited, false
}
