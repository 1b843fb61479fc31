package diagnostic

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/mapping"
)

// Report is what came of a test sign-in. It can be written as JSON. It has no
// secrets, but what the provider says about a person: show it to nobody else than
// them and the administrators of their provider.
type Report struct {
	// Provider is the name of the provider, and Time when the report was made.
	Provider string    `json:"provider"`
	Time     time.Time `json:"time"`

	// OK is set if the sign-in would have succeeded.
	OK bool `json:"ok"`

	// Problems are why it would not have, and Notes what should be looked at
	// although it would.
	Problems []Problem `json:"problems,omitempty"`
	Notes    []Problem `json:"notes,omitempty"`

	// Subject is who the person is at the provider; empty if the provider did not
	// get as far as that.
	Subject string `json:"subject,omitempty"`

	// Attributes are those that the provider sent, in the order of their names, and
	// MoreAttributes how many there are besides; 300 are shown.
	Attributes     []Attribute `json:"attributes,omitempty"`
	MoreAttributes int         `json:"moreAttributes,omitempty"`

	// Mapped tells whether rules were applied. Results are the attributes that they
	// made, Groups and Roles what they gave, Missing the attributes that are
	// required and did not come about, and Rules what each rule did; 300 are shown.
	Mapped    bool        `json:"mapped"`
	Results   []Attribute `json:"results,omitempty"`
	Groups    []string    `json:"groups,omitempty"`
	Roles     []string    `json:"roles,omitempty"`
	Missing   []string    `json:"missing,omitempty"`
	Rules     []Rule      `json:"rules,omitempty"`
	MoreRules int         `json:"moreRules,omitempty"`
}

// Problem is something that is wrong, or may be.
type Problem struct {
	// Title is what is wrong, in a few words.
	Title string `json:"title"`
	// Message is the error as the provider's package tells it; empty for what this
	// package found. It may repeat what the provider, or somebody in its name, wrote.
	Message string `json:"message,omitempty"`
	// Change is what to change, and Where is "at the provider", "in this
	// application", or either; both may be empty.
	Change string `json:"change,omitempty"`
	Where  string `json:"where,omitempty"`
}

// Options are what Examine knows besides the request.
type Options struct {
	// Name is the provider's name, for the report.
	Name string
	// Mapping is applied, unless the provider was made by mapping.Provider.
	Mapping *mapping.Mapping
	// Explain is as in Config.
	Explain func(err error) string
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Examine finishes a sign-in at a provider, and reports what came of it. It is for
// applications with a page of their own: they begin the sign-in as any other, with
// a state bound to the browser and pending kept until the browser comes back, and
// call Examine where they would call Finish. Nobody is signed in.
//
// It does not fail, and does not panic if the provider does: what goes wrong is in
// the report.
func Examine(r *http.Request, provider federation.Provider, pending []byte, o Options) *Report {
	raw, m := provider, o.Mapping
	if inner, own, ok := mapping.Unwrap(provider); ok {
		raw, m = inner, own
	}
	subject, attributes, err := finish(r, raw, pending)
	if err != nil {
		return failed(err, raw, o, func(text string) string { return scrub(text, r, pending) })
	}
	report := o.report()
	report.OK = true
	report.Subject = show("", subject).Text
	report.Attributes, report.MoreAttributes = showAttributes(attributes)
	if subject == "" {
		report.problem(Problem{Title: "The provider named nobody", Change: "The provider's package returned an empty subject, which is a mistake in it.", Where: whereHere})
	}
	if m != nil {
		report.explain(m, attributes)
	}
	report.notes(attributes)
	return report
}

// Failed is the report of a sign-in that did not get as far as to Examine: Begin
// failed, for instance.
func Failed(err error, provider federation.Provider, o Options) *Report {
	if inner, _, ok := mapping.Unwrap(provider); ok {
		provider = inner
	}
	return failed(err, provider, o, func(text string) string { return scrub(text, nil, nil) })
}

func (o *Options) report() *Report {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Report{Provider: showName(o.Name), Time: o.Now().UTC()}
}

func failed(err error, provider federation.Provider, o Options, clean func(string) string) *Report {
	report := o.report()
	p := hint(err.Error())
	p.Message = clean(err.Error())
	if text := explained(err, provider, o); text != "" {
		p.Change, p.Where = clean(text), ""
		if p.Title == unknownTitle {
			p.Title = "The sign-in was refused"
		}
	}
	report.problem(p)
	return report
}

// explained asks those who know the provider.
func explained(err error, provider federation.Provider, o Options) (text string) {
	defer func() {
		if recover() != nil {
			text = ""
		}
	}()
	if o.Explain != nil {
		text = o.Explain(err)
	}
	if explainer, ok := provider.(interface{ Explain(err error) string }); ok && text == "" {
		text = explainer.Explain(err)
	}
	return text
}

var errPanic = errors.New("the provider's package panicked; please report it")

func finish(r *http.Request, provider federation.Provider, pending []byte) (subject string, attributes map[string][]string, err error) {
	defer func() {
		if recover() != nil {
			subject, attributes, err = "", nil, errPanic
		}
	}()
	return provider.Finish(r, pending)
}

func (r *Report) problem(p Problem) {
	r.OK = false
	r.Problems = append(r.Problems, p)
}

func (r *Report) note(p Problem) { r.Notes = append(r.Notes, p) }

// explain applies the mapping.
func (r *Report) explain(m *mapping.Mapping, attributes map[string][]string) {
	result, traces, err := m.Explain(attributes)
	r.Mapped = true
	r.Results, _ = showAttributes(result.Attributes)
	r.Groups, r.Roles = showGranted(result.Groups), showGranted(result.Roles)
	came := fold(attributes)
	for i := range traces[:min(maxRules, len(traces))] {
		r.Rules = append(r.Rules, showRule(&traces[i], came))
	}
	r.MoreRules = len(traces) - len(r.Rules)
	if err != nil {
		r.mappingProblem(err)
	}
	r.ruleNotes(traces)
}

// showGranted hides a name that a {value} made of a secret.
func showGranted(names []string) []string {
	out := make([]string, 0, min(maxShown, len(names)))
	for _, name := range names[:min(maxShown, len(names))] {
		if v := show("", name); !v.Hidden {
			out = append(out, v.Text)
		}
	}
	return out
}

func (r *Report) mappingProblem(err error) {
	var refused *mapping.Error
	if !errors.As(err, &refused) || refused.Code != mapping.MissingAttribute {
		p := hint(err.Error())
		p.Message = scrub(err.Error(), nil, nil)
		r.problem(p)
		return
	}
	r.Missing = showNames(refused.Missing)
	for _, rule := range r.Rules {
		if rule.Outcome != mapping.Missing {
			continue
		}
		p := Problem{
			Title: fmt.Sprintf("The attribute %s is required and did not come", rule.To),
			Where: whereEither,
		}
		wanted := strings.Join(rule.Looked, " or ")
		switch {
		case len(rule.From) > 0:
			p.Change = fmt.Sprintf("The provider sent %s, but nothing was left of it after the rule %q. Change what the provider sends, or the rule.", strings.Join(rule.From, " and "), rule.Name)
		case len(rule.Near) > 0:
			p.Change = fmt.Sprintf("The rule takes it from %s. The provider sent %s, which is nearly that: change the name in the rule, or at the provider.", wanted, strings.Join(rule.Near, " and "))
		default:
			p.Change = fmt.Sprintf("Have the provider send %s, or change the rule so that it takes an attribute which the provider sends.", wanted)
		}
		r.problem(p)
	}
	if len(r.Problems) == 0 {
		r.problem(Problem{Title: "A required attribute did not come", Message: scrub(err.Error(), nil, nil), Change: "Have the provider send it.", Where: whereProvider})
	}
}

var guid = func(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (s[i] == '-') || !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// ruleNotes are about rules that came to nothing although something like it came.
func (r *Report) ruleNotes(traces []mapping.Trace) {
	identifiers := false
	for i := range traces {
		t := &traces[i]
		if t.Outcome != mapping.Nothing || t.Kind == mapping.KindAttribute || len(t.Saw) == 0 {
			continue
		}
		identifiers = identifiers || !slices.ContainsFunc(t.Saw, func(v string) bool { return !guid(v) })
	}
	if identifiers && len(r.Groups)+len(r.Roles) == 0 {
		r.note(Problem{
			Title:  "The groups that came are identifiers, and no rule knows one of them",
			Change: "The provider sends object IDs, not names of groups. Enter the object IDs in the rules, or have the provider send the names.", Where: whereEither,
		})
	}
	for _, rule := range r.Rules {
		if len(rule.Near) > 0 && (rule.Outcome == mapping.Nothing || rule.Outcome == mapping.Defaulted) && len(r.Notes) < maxNotes {
			r.note(Problem{
				Title:  fmt.Sprintf("The rule %q found nothing, but something nearly of that name came", rule.Name),
				Change: fmt.Sprintf("It takes %s; the provider sent %s. Names of attributes are compared exactly.", strings.Join(rule.Looked, " or "), strings.Join(rule.Near, " and ")),
				Where:  whereEither,
			})
		}
	}
}

const maxNotes = 10

// notes are about what providers often do not send.
func (r *Report) notes(attributes map[string][]string) {
	// Where package azuread has asked the directory, the groups are there beside the link.
	linked := len(attributes["http://schemas.microsoft.com/claims/groups.link"]) > 0 && len(attributes["groups"]) == 0
	if linked || slices.Contains(attributes["hasgroups"], "true") {
		r.note(Problem{
			Title: "The person is in more groups than fit into the answer",
			Change: "The provider left the groups out. Have it send just the groups that are assigned to the application, or app roles; " +
				"or have the application ask the directory for them.", Where: whereEither,
		})
	}
	if slices.Contains(attributes["email_verified"], "false") {
		r.note(Problem{
			Title:  "The provider does not say that the e-mail address is verified",
			Change: "The address is not used to find an account that is there already. That is right for most providers.",
		})
	}
	mail := slices.ContainsFunc(slices.Concat(r.Attributes, r.Results), func(a Attribute) bool { return strings.Contains(compact(lastPart(a.Name)), "mail") })
	if !mail {
		r.note(Problem{
			Title:  "No e-mail address came",
			Change: "Have the provider send one, if the application needs it: with OpenID Connect by the scope email, with SAML by an attribute.", Where: whereProvider,
		})
	}
}
