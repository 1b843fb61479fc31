package diagnostic

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/federation/mapping"
)

// Value is a value as it is shown.
type Value struct {
	// Text is the value on one line: at most 200 characters, and what does not
	// print replaced. It is empty if the value is hidden.
	Text string `json:"text"`
	// Hidden is set where the value is, or may be, a secret: a token, a code, a
	// key. It is not in the report at all.
	Hidden bool `json:"hidden,omitempty"`
	// Note says what Text does not show: that it was cut, for instance.
	Note string `json:"note,omitempty"`
}

// Attribute is an attribute as it is shown.
type Attribute struct {
	Name   string  `json:"name"`
	Values []Value `json:"values"`
	// More is how many values there are besides Values, which has at most 50.
	More int `json:"more,omitempty"`
}

const (
	maxText       = 200
	maxShownName  = 300
	maxMessage    = 1500
	maxScrubbed   = 64 << 10
	maxShown      = 50
	maxAttributes = 300
)

// secretParts are in names of attributes whose values nobody should see, and
// secretNames are such names. Small letters and digits are compared.
var (
	secretParts = []string{"token", "secret", "passw", "pwd", "credential", "privatekey", "apikey", "accesskey", "cookie", "assertion", "authorization"}
	secretNames = []string{"code", "otp", "pin", "nonce", "samlresponse", "clientkey", "key"}
)

func isSecretName(name string) bool {
	name = compact(lastPart(name))
	return slices.Contains(secretNames, name) || slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) })
}

// lastPart is what stands behind the last separator of a URI: the rest of it
// says who defined the name.
func lastPart(name string) string { return name[strings.LastIndexAny(name, "/:#")+1:] }

// compact keeps letters and digits, in small letters.
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// secretText finds what looks like a credential wherever it stands: JSON in
// base64url, as in a JSON Web Token; a key in PEM; an Authorization header; a
// password's hash; a SAML message. secretMarks are in all that it finds.
var (
	secretText = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}[A-Za-z0-9_.-]*|-----BEGIN[^\n]*|(?i:\b(bearer|basic) +[A-Za-z0-9._~+/-]{8,}=*)|` +
		`\$(argon2|2[abxy]\$|pbkdf2|scrypt|5\$|6\$)\S*|(PHNhbW|PD94bW)[wx][A-Za-z0-9+/_=-]*|<(saml|samlp|saml2|saml2p):[^\n]*`)
	secretMarks = []string{"eyJ", "-----BEGIN", "earer ", "EARER ", "asic ", "ASIC ", "$", "PHNhbW", "PD94bW", "<saml"}
)

// hasSecret looks at the part of a value that could be shown, and some more.
func hasSecret(value string) bool {
	value = value[:min(1000, len(value))]
	return slices.ContainsFunc(secretMarks, func(mark string) bool { return strings.Contains(value, mark) }) && secretText.MatchString(value)
}

// show makes a value fit to be shown.
func show(name, value string) Value {
	if isSecretName(name) || hasSecret(value) {
		return Value{Hidden: true, Note: fmt.Sprintf("not shown: it may be a secret; %d characters", utf8.RuneCountInString(value))}
	}
	text, changed, cut := oneLine(value, maxText)
	var notes []string
	if cut {
		notes = append(notes, fmt.Sprintf("cut after %d of %d characters", maxText, utf8.RuneCountInString(value)))
	}
	if changed {
		notes = append(notes, "has characters that do not print")
	}
	if strings.TrimSpace(value) != value {
		notes = append(notes, "begins or ends with a space")
	}
	if value == "" {
		notes = append(notes, "empty")
	}
	return Value{Text: text, Note: strings.Join(notes, "; ")}
}

// oneLine replaces what does not print, and cuts what is beyond limit characters.
func oneLine(s string, limit int) (text string, changed, cut bool) {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			return b.String() + "…", changed, true
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r, changed = '\uFFFD', true
		}
		b.WriteRune(r)
		n++
	}
	return b.String(), changed, false
}

func showName(name string) string {
	text, _, _ := oneLine(name, maxShownName)
	return text
}

func showNames(names []string) []string {
	out := make([]string, 0, min(maxShown, len(names)))
	for _, name := range names[:min(maxShown, len(names))] {
		out = append(out, showName(name))
	}
	return out
}

func showAll(name string, values []string) (out []Value, more int) {
	out = make([]Value, 0, min(maxShown, len(values)))
	for _, value := range values[:min(maxShown, len(values))] {
		out = append(out, show(name, value))
	}
	return out, len(values) - len(out)
}

// showAttributes shows attributes in the order of their names.
func showAttributes(attributes map[string][]string) (out []Attribute, more int) {
	names := make([]string, 0, len(attributes))
	for name := range attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(maxAttributes, len(names))] {
		values, rest := showAll(name, attributes[name])
		out = append(out, Attribute{Name: showName(name), Values: values, More: rest})
	}
	return out, len(names) - len(out)
}

// Rule is what a rule of the mapping saw and did: see mapping.Trace.
type Rule struct {
	Name    string          `json:"name"`
	Kind    mapping.Kind    `json:"kind"`
	To      string          `json:"to"`
	Looked  []string        `json:"looked,omitempty"`
	From    []string        `json:"from,omitempty"`
	Saw     []Value         `json:"saw,omitempty"`
	Steps   []string        `json:"steps,omitempty"`
	Got     []Value         `json:"got,omitempty"`
	Outcome mapping.Outcome `json:"outcome"`
	Why     string          `json:"why,omitempty"`
	// Near are attributes that the provider sent and that the rule may have been
	// meant for: they have nearly the name that it looks for.
	Near []string `json:"near,omitempty"`
}

const maxRules = 300

// showRule hides what came from an attribute whose values are hidden, whatever it
// has become.
func showRule(t *mapping.Trace, came folded) Rule {
	sources := slices.Concat(t.From, t.Looked)
	name := ""
	if i := slices.IndexFunc(sources, isSecretName); i >= 0 {
		name = sources[i]
	}
	saw, _ := showAll(name, t.Saw)
	secret := slices.ContainsFunc(saw, func(v Value) bool { return v.Hidden })
	if secret {
		name = "secret"
	} else if t.Kind == mapping.KindAttribute && isSecretName(t.To) {
		name = t.To
	}
	got, _ := showAll(name, t.Got)
	r := Rule{
		Name: showName(t.Rule), Kind: t.Kind, To: showName(t.To), Looked: showNames(t.Looked), From: showNames(t.From),
		Saw: saw, Steps: t.Steps, Got: got, Outcome: t.Outcome, Why: t.Why,
	}
	if len(t.From) == 0 {
		r.Near = came.near(t.Looked)
	}
	return r
}

// folded are the names of the attributes that came, by what near compares.
type folded map[string][]string

func fold(attributes map[string][]string) folded {
	came := folded{}
	for name, values := range attributes {
		if key := compact(lastPart(name)); key != "" && len(values) > 0 {
			came[key] = append(came[key], name)
		}
	}
	return came
}

// near returns the attributes that came whose names differ from those looked for
// only in letters' case, punctuation, or what stands before the last part.
func (came folded) near(looked []string) []string {
	var out []string
	for _, name := range looked {
		for _, other := range came[compact(lastPart(name))] {
			if shown := showName(other); other != name && !slices.Contains(out, shown) {
				out = append(out, shown)
			}
		}
	}
	slices.Sort(out)
	return out[:min(5, len(out))]
}

// parameters are those of a callback that are secrets, or as good as one.
var parameters = []string{"code", "state", "id_token", "access_token", "refresh_token", "token", "SAMLResponse", "SAMLRequest", "RelayState", "assertion", "session_state"}

// scrub makes the text of an error fit to be shown. Errors of providers have no
// secrets in them; that none of this request's is there is made sure of here.
func scrub(text string, r *http.Request, pending []byte) string {
	text = text[:min(maxScrubbed, len(text))]
	var secrets []string
	if len(pending) > 0 {
		secrets = append(secrets, string(pending))
	}
	if r != nil && r.URL != nil {
		for _, values := range []url.Values{r.URL.Query(), r.PostForm} {
			for _, name := range parameters {
				secrets = append(secrets, values[name]...)
			}
		}
	}
	// The longest first, so that none leaves a part of another.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if len(secret) < 6 {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), fmt.Sprintf("%q", secret)} {
			text = strings.ReplaceAll(text, form, "[hidden]")
		}
	}
	text = secretText.ReplaceAllString(text, "[hidden]")
	text, _, _ = oneLine(text, maxMessage)
	return text
}
