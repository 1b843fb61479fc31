package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// The last requests of one identity do not push out those of others.
func TestDecisions(t *testing.T) {
	d := &decisions{}
	d.add(record{id: "first", identity: "ada"})
	for range 3 * keptOfIdentity {
		d.add(record{id: "x", identity: "bob"})
	}
	require.Len(t, d.of("bob"), keptOfIdentity)
	require.Len(t, d.of("ada"), 1)
	for i := range 2 * keptDecisions {
		d.add(record{identity: string(rune('a' + i))})
	}
	require.Len(t, d.last, keptDecisions)
	require.Empty(t, d.of("ada"))
}

// Each reason there is has its words, also those that the policies of this program do not lead to.
func TestWhy(t *testing.T) {
	for want, d := range map[string]policy.Decision{
		"The statement A of the role’s policy allows it, and nothing denies it.":          {Reason: policy.ReasonAllowed, Sid: "A"},
		"The statement number 3 denies it, whatever else allows.":                         {Reason: policy.ReasonExplicitDeny, Statement: 2},
		"No statement of the role’s policy allows it, and what is not allowed is denied.": {Reason: policy.ReasonIdentity},
		"The role’s policy allows it, but the ceiling for guests does not.":               {Reason: policy.ReasonSession},
		"It is denied because the request is malformed.":                                  {Reason: policy.ReasonRequest},
	} {
		require.Equal(t, want, why(policy.Trace{Decision: d}))
	}
	var v statementView
	v.judge(statement{Action: "s3:*", Resource: "*"}, policy.StatementTrace{Outcome: policy.Matched, Effect: policy.Deny}, record{})
	require.Equal(t, "denies", v.Outcome)
}

// What is shown of a policy is the policy: put together again, it is the same.
func TestDocumentOf(t *testing.T) {
	for _, document := range []string{guestPolicy, userPolicy} {
		view, statements := documentOf(document)
		text := view.Before
		for _, s := range view.Statements {
			text += s.Text
		}
		require.JSONEq(t, document, text+view.After)
		require.Len(t, statements, len(view.Statements))
		require.NotEmpty(t, statements)
	}
	view, statements := documentOf("{")
	require.Equal(t, "{", view.Before)
	require.Empty(t, statements)
}
