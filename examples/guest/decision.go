package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// subject is the variable in the policy of users.
const subject = "cognito-identity.amazonaws.com:sub"

// policyView is a policy to be shown: its statements, and what stands around them.
type policyView struct {
	Before, After string
	Statements    []statementView
}

// statementView is a statement, and what it did with a request.
type statementView struct {
	Text string // as JSON
	// Outcome is "allows" or "denies" for a statement that does so with the request, "other" for the rest, and "" without a request.
	Outcome string
	Verdict string // in a sentence
	Notes   []note
}

// note is what one element of a statement did with the request.
type note struct {
	Element string
	Holds   bool
	Text    string
}

// statement is a statement of one of the policies in policies.go: each element has one value there.
type statement struct {
	Sid, Effect, Action, Resource string
	Condition                     map[string]map[string]string
}

// documentOf cuts a policy into its statements.
func documentOf(document string) (policyView, []statement) {
	view := policyView{Before: "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [", After: "  ]\n}"}
	var d struct{ Statement []json.RawMessage }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return policyView{Before: document}, nil
	}
	statements := make([]statement, len(d.Statement))
	for i, raw := range d.Statement {
		if json.Unmarshal(raw, &statements[i]) != nil {
			return policyView{Before: document}, nil
		}
		text := strings.ReplaceAll(string(raw), "\n    ", "\n") // as it is written, two levels further to the left
		if i < len(d.Statement)-1 {
			text += ","
		}
		view.Statements = append(view.Statements, statementView{Text: text})
	}
	return view, statements
}

// value is the value that a variable or condition key had.
type value struct {
	Name  string
	Value string // "" for none
}

// decisionView is the page that explains a decision.
type decisionView struct {
	shownRequest
	Action, Resource string
	Why              string
	Status           int
	Answer           string
	Role             string
	Document         policyView
	Ceiling          string // of guests
	Values           []value
	Trace            string // as it stands in the log
}

// showDecision explains what the policies said to a request of the visitor.
func (a *app) showDecision(w http.ResponseWriter, r *http.Request) (view, error) {
	v, err := a.visitor(w, r)
	if err != nil {
		return view{}, err
	}
	for _, d := range a.decisions.of(v.IdentityID) {
		if d.id == r.PathValue("id") {
			data := explain(d)
			return view{template: "decision", Title: data.Verdict() + ": " + data.Action, Data: data}, nil
		}
	}
	return view{}, &problem{Text: "This request is not one of yours, or was long ago.", status: http.StatusNotFound}
}

// explain puts the trace of a decision into words.
func explain(r record) decisionView {
	trace := r.decision.Explain()
	out := decisionView{
		shownRequest: shown(r), Action: r.decision.Action, Resource: r.decision.Resource, Status: r.status, Answer: r.answer,
		Role: "User", Why: why(trace), Trace: trace.String(),
	}
	document := userPolicy
	if r.guest {
		document, out.Role, out.Ceiling = guestPolicy, "Guest", ceiling(trace)
	}
	view, statements := documentOf(document)
	for _, s := range trace.Statements {
		if s.Kind == policy.KindIdentity && s.Document == 0 && s.Statement < len(statements) {
			view.Statements[s.Statement].judge(statements[s.Statement], s, r)
		}
	}
	out.Document = view
	out.Values = []value{{"${" + subject + "}", r.identity}}
	if r.decision.Action == "s3:ListBucket" {
		out.Values = append(out.Values, value{"s3:prefix", r.query("prefix")})
	}
	return out
}

// why says in a sentence what decided.
func why(t policy.Trace) string {
	d := t.Decision
	name := cmp.Or(d.Sid, fmt.Sprintf("number %d", d.Statement+1))
	switch d.Reason {
	case policy.ReasonAllowed:
		return "The statement " + name + " of the role’s policy allows it, and nothing denies it."
	case policy.ReasonExplicitDeny:
		return "The statement " + name + " denies it, whatever else allows."
	case policy.ReasonIdentity:
		return "No statement of the role’s policy allows it, and what is not allowed is denied."
	case policy.ReasonSession:
		return "The role’s policy allows it, but the ceiling for guests does not."
	}
	return "It is denied because " + string(d.Reason) + "."
}

// ceiling says what the session policy of guests did.
func ceiling(t policy.Trace) string {
	for _, s := range t.Statements {
		if s.Kind == policy.KindSession && s.Outcome == policy.Matched && s.Effect == policy.Allow {
			return "A session policy, the ceiling for all guests, must allow as well. It does here."
		}
	}
	return "A session policy, the ceiling for all guests, must allow as well. It does not here."
}

// judge writes beside a statement what it did with a request, element by element, up to the first that does not fit.
func (v *statementView) judge(s statement, t policy.StatementTrace, r record) {
	v.Outcome, v.Verdict = "other", "Does not apply:"
	switch {
	case t.Outcome == policy.Matched && t.Effect == policy.Deny:
		v.Outcome, v.Verdict = "denies", "Denies the request:"
	case t.Outcome == policy.Matched:
		v.Outcome, v.Verdict = "allows", "Allows the request:"
	}
	note := func(element string, text string) bool {
		fits := t.Element != element
		v.Notes = append(v.Notes, note{element, fits, text})
		return fits
	}
	if !note("Action", s.Action+either(t.Element != "Action", " takes ", " is not ")+r.decision.Action) {
		return
	}
	wanted := strings.ReplaceAll(s.Resource, "${"+subject+"}", r.identity)
	if !note("Resource", wanted+either(t.Element != "Resource", " takes ", " is not ")+r.decision.Resource) {
		return
	}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for key, pattern := range s.Condition[operator] {
			have := r.query(strings.TrimPrefix(key, "s3:"))
			text := fmt.Sprintf("%s: %s wants %s, and is %s", operator, key, strings.ReplaceAll(pattern, "${"+subject+"}", r.identity), cmp.Or(have, "not in the request"))
			note("Condition", text)
		}
	}
}

func either(fits bool, yes, no string) string {
	if fits {
		return yes
	}
	return no
}

// query returns a parameter of the request.
func (r *record) query(name string) string {
	_, query, _ := strings.Cut(r.target, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get(name)
}
