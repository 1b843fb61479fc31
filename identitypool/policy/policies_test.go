package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// parts are documents: all allows everything, other another action; deny
// denies everything.
func parts(t *testing.T) (all, other, deny *Document) {
	return mustParse(t, doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`)),
		mustParse(t, doc(`{"Effect":"Allow","Action":"s:other","Resource":"*"}`)),
		mustParse(t, doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`))
}

// grantTo is a policy of a resource that allows everything to one AWS
// principal; "" is nobody.
func grantTo(t *testing.T, principal string) []*Document {
	if principal == "" {
		return nil
	}
	return []*Document{mustParseResource(t, resourcePolicy("Allow", "Principal", `{"AWS":"`+principal+`"}`))}
}

const (
	annARN     = "arn:aws:iam::111122223333:user/ann"
	sessionARN = "arn:aws:sts::111122223333:assumed-role/reader/ann"
	roleARN    = "arn:aws:iam::111122223333:role/path/reader"
	accountARN = "111122223333"
)

// TestA10_EvaluationOrder: section 9.3, sentence by sentence. The columns are
// what a policy of each kind says: "+" allows, "-" has an Allow of something
// else only, "!" denies, "" is absent. resource is whom the policy of the
// resource allows.
func TestA10_EvaluationOrder(t *testing.T) {
	all, other, deny := parts(t)
	documents := map[string][]*Document{"": nil, "+": {all}, "-": {other}, "!": {all, deny}, "0": {}}
	for _, c := range []struct {
		name                                      string
		who                                       Principal
		control, resource, identity, bound, limit string
		account                                   string // of the resource
		must                                      bool
		reason                                    Reason
	}{
		{name: "nothing allows nothing", who: ann, reason: ReasonIdentity},
		{name: "one Allow of identity policies", who: ann, identity: "+", reason: ReasonAllowed},
		{name: "not of something else", who: ann, identity: "-", reason: ReasonIdentity},

		{name: "1 deny in identity", who: ann, identity: "!", reason: ReasonExplicitDeny},
		{name: "1 deny in SCP", who: ann, identity: "+", control: "!", reason: ReasonExplicitDeny},
		{name: "1 deny in boundary", who: ann, identity: "+", bound: "!", reason: ReasonExplicitDeny},
		{name: "1 deny in session", who: session, identity: "+", limit: "!", reason: ReasonExplicitDeny},
		{name: "1 deny beats a final Allow of the resource", who: ann, resource: annARN, identity: "!", reason: ReasonExplicitDeny},
		{name: "1 deny in boundary beats a final Allow", who: ann, resource: annARN, bound: "!", reason: ReasonExplicitDeny},
		{name: "1 deny in session beats a final Allow", who: session, resource: sessionARN, limit: "!", reason: ReasonExplicitDeny},

		{name: "2 SCP must allow", who: ann, identity: "+", control: "-", reason: ReasonServiceControl},
		{name: "2 SCP allows", who: ann, identity: "+", control: "+", reason: ReasonAllowed},
		{name: "2 SCP grants nothing", who: ann, control: "+", reason: ReasonIdentity},
		{name: "2 SCP before a final Allow of the resource", who: ann, resource: annARN, control: "-", reason: ReasonServiceControl},
		{name: "2 SCP binds the root user", who: root, control: "-", reason: ReasonServiceControl},
		{name: "2 a level without policies allows nothing", who: ann, identity: "+", control: "0", reason: ReasonServiceControl},

		{name: "3 Allow naming the user is final", who: ann, resource: annARN, bound: "-", limit: "-", reason: ReasonAllowed},
		{name: "3 Allow naming the session is final", who: session, resource: sessionARN, bound: "-", limit: "-", reason: ReasonAllowed},
		{name: "3 Allow for everyone is final", who: session, resource: "*", bound: "-", limit: "-", reason: ReasonAllowed},
		{name: "3 Allow for everyone who is unknown", who: anonymous, resource: "*", reason: ReasonAllowed},
		{name: "3 Allow naming the role", who: session, resource: roleARN, reason: ReasonAllowed},
		{name: "3 is limited by the boundary", who: session, resource: roleARN, bound: "-", reason: ReasonBoundary},
		{name: "3 and by the session policy", who: session, resource: roleARN, bound: "+", limit: "-", reason: ReasonSession},
		{name: "3 which may allow", who: session, resource: roleARN, bound: "+", limit: "+", reason: ReasonAllowed},
		{name: "3 Allow naming the role by its identifier is limited too", who: session, resource: session.UniqueID, bound: "-", reason: ReasonBoundary},
		{name: "3 Allow naming the user by theirs is final", who: ann, resource: ann.UniqueID, bound: "-", reason: ReasonAllowed},
		{name: "3 the account is delegation only", who: ann, resource: accountARN, reason: ReasonIdentity},
		{name: "3 for a session too", who: session, resource: accountARN, reason: ReasonIdentity},
		{name: "3 delegation and identity", who: ann, resource: accountARN, identity: "+", reason: ReasonAllowed},
		{name: "3 delegation is limited", who: ann, resource: accountARN, identity: "+", bound: "-", reason: ReasonBoundary},
		{name: "3 another's Allow is none", who: session, resource: annARN, reason: ReasonIdentity},
		{name: "3 trust policies must allow", who: ann, identity: "+", must: true, reason: ReasonResource},
		{name: "3 even for everyone with an Allow", who: root, identity: "+", must: true, reason: ReasonResource},
		{name: "3 trust that names the user", who: ann, resource: annARN, must: true, reason: ReasonAllowed},
		{name: "3 trust that delegates", who: ann, resource: accountARN, must: true, reason: ReasonIdentity},
		{name: "3 trust that delegates, and identity", who: ann, resource: accountARN, identity: "+", must: true, reason: ReasonAllowed},
		{name: "3 trust that names the role", who: session, resource: roleARN, must: true, limit: "-", reason: ReasonSession},

		{name: "5 the boundary must allow", who: ann, identity: "+", bound: "-", reason: ReasonBoundary},
		{name: "5 the boundary grants nothing", who: ann, bound: "+", reason: ReasonIdentity},
		{name: "5 both", who: ann, identity: "+", bound: "+", reason: ReasonAllowed},
		{name: "6 the session policy must allow", who: session, identity: "+", limit: "-", reason: ReasonSession},
		{name: "6 an empty set allows nothing", who: session, identity: "+", limit: "0", reason: ReasonSession},
		{name: "6 the session policy grants nothing", who: session, limit: "+", reason: ReasonIdentity},
		{name: "7 all of them", who: session, identity: "+", bound: "+", limit: "+", control: "+", reason: ReasonAllowed},

		{name: "root bypasses identity policies", who: root, reason: ReasonAllowed},
		{name: "root not a Deny", who: root, identity: "!", reason: ReasonExplicitDeny},
		{name: "root not a Deny of the SCP", who: root, control: "!", reason: ReasonExplicitDeny},

		{name: "cross-account: identity alone", who: ann, identity: "+", account: "444455556666", reason: ReasonResource},
		{name: "cross-account: resource alone, the user", who: ann, resource: annARN, account: "444455556666", reason: ReasonIdentity},
		{name: "cross-account: resource alone, everyone", who: ann, resource: "*", account: "444455556666", reason: ReasonIdentity},
		{name: "cross-account: resource alone, the session", who: session, resource: sessionARN, account: "444455556666", reason: ReasonIdentity},
		{name: "cross-account: both sides", who: ann, identity: "+", resource: annARN, account: "444455556666", reason: ReasonAllowed},
		{name: "cross-account: both sides, by account", who: ann, identity: "+", resource: accountARN, account: "444455556666", reason: ReasonAllowed},
		{name: "cross-account: the boundary counts", who: ann, identity: "+", resource: annARN, bound: "-", account: "444455556666", reason: ReasonBoundary},
		{name: "cross-account: the session policy counts", who: session, identity: "+", resource: sessionARN, limit: "-", account: "444455556666", reason: ReasonSession},
		{name: "cross-account: root needs the resource", who: root, account: "444455556666", reason: ReasonResource},
		{name: "cross-account: whoever is unknown has one side", who: anonymous, resource: "*", account: "444455556666", reason: ReasonAllowed},
		{name: "cross-account: a caller whose account is unknown", who: Principal{}, identity: "+", resource: "", account: "444455556666", reason: ReasonResource},
		{name: "the account of the caller itself", who: ann, resource: annARN, account: accountARN, reason: ReasonAllowed},
	} {
		p := &Policies{Identity: documents[c.identity], Resource: grantTo(t, c.resource), ResourceMustAllow: c.must, ResourceAccount: c.account}
		if c.bound != "" {
			p.Boundaries = documents[c.bound]
		}
		if c.limit != "" {
			p.Session = [][]*Document{documents[c.limit]}
		}
		if c.control != "" {
			p.ServiceControl = [][]*Document{documents[c.control]}
		}
		got := ask(p, c.who)
		require.Equal(t, c.reason, got.Reason, c.name)
		require.Equal(t, c.reason == ReasonAllowed, got.Allowed, c.name)
		require.Equal(t, c.reason == ReasonExplicitDeny, got.ExplicitDeny, c.name)
	}
}

// TestA10_SetsAndLevels: in each set one document must allow, of boundaries
// each.
func TestA10_SetsAndLevels(t *testing.T) {
	all, other, _ := parts(t)
	identity := []*Document{other, all}
	for _, c := range []struct {
		policies Policies
		reason   Reason
		set      int
	}{
		{Policies{Session: [][]*Document{{other, all}, {all}}}, ReasonAllowed, 0},
		{Policies{Session: [][]*Document{{other, all}, {other}}}, ReasonSession, 1},
		{Policies{ServiceControl: [][]*Document{{other, all}, {all}}}, ReasonAllowed, 0},
		{Policies{ServiceControl: [][]*Document{{all}, {other, other}}}, ReasonServiceControl, 1},
		{Policies{Boundaries: []*Document{all, all}}, ReasonAllowed, 0},
		{Policies{Boundaries: []*Document{all, other}}, ReasonBoundary, 1},
	} {
		c.policies.Identity = identity
		got := ask(&c.policies, session)
		require.Equal(t, c.reason, got.Reason)
		require.Equal(t, c.set, got.Set)
	}
}

// TestA10_Decision: which statement decided.
func TestA10_Decision(t *testing.T) {
	all, other, _ := parts(t)
	deny := mustParse(t, doc(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"No","Effect":"Deny","Action":"s:a","Resource":"*"}]`))
	p := &Policies{Identity: []*Document{other, all}, Session: [][]*Document{{all}, {other, deny}}}
	require.Equal(t, Decision{ExplicitDeny: true, Reason: ReasonExplicitDeny, Kind: KindSession, Set: 1, Document: 1, Statement: 1, Sid: "No"}, ask(p, session))
	p = &Policies{Identity: []*Document{other, all}, Boundaries: []*Document{all}}
	require.Equal(t, Decision{Allowed: true, Reason: ReasonAllowed, Kind: KindIdentity, Document: 1}, ask(p, session))
	p = &Policies{Resource: append(grantTo(t, accountARN), grantTo(t, annARN)...)}
	require.Equal(t, Decision{Allowed: true, Reason: ReasonAllowed, Kind: KindResource, Document: 1}, ask(p, ann))
	require.Equal(t, Decision{Allowed: true, Reason: ReasonAllowed}, ask(new(Policies), root))
}

// TestA15_SessionAndBoundaryIntersect: the role allows, the session lacks; the
// session allows, the role lacks; a Deny of any wins.
func TestA15_SessionAndBoundaryIntersect(t *testing.T) {
	role := mustParse(t, doc(`{"Effect":"Allow","Action":["s:Get","s:Put"],"Resource":"*"}`))
	limit := mustParse(t, doc(`[{"Effect":"Allow","Action":["s:Get","s:Delete"],"Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"arn:aws:s:::secret"}]`))
	for _, p := range []*Policies{
		{Identity: []*Document{role}, Session: [][]*Document{{limit}}},
		{Identity: []*Document{role}, Boundaries: []*Document{limit}},
		{Identity: []*Document{role}, ServiceControl: [][]*Document{{limit}}},
	} {
		for action, want := range map[string]bool{"s:Get": true, "s:Put": false, "s:Delete": false, "s:List": false} {
			require.Equal(t, want, p.Evaluate(&Request{Principal: session, Action: action, Resource: "arn:aws:s:::x"}).Allowed, action)
			got := p.Evaluate(&Request{Principal: session, Action: action, Resource: "arn:aws:s:::secret"})
			require.True(t, got.ExplicitDeny)
		}
	}
	// A guest's ceiling and the caller's own session policy both limit.
	get := mustParse(t, doc(`{"Effect":"Allow","Action":"s:Get","Resource":"*"}`))
	put := mustParse(t, doc(`{"Effect":"Allow","Action":"s:Put","Resource":"*"}`))
	p := &Policies{Identity: []*Document{role}, Session: [][]*Document{{get}, {put}}}
	require.False(t, p.Evaluate(&Request{Action: "s:Get", Resource: "*"}).Allowed)
	p.Session = [][]*Document{{get, put}}
	require.True(t, p.Evaluate(&Request{Action: "s:Get", Resource: "*"}).Allowed)
}

// TestA11_MisplacedDocuments: a nil document, or one whose principals would be
// ignored where it stands, denies everything.
func TestA11_MisplacedDocuments(t *testing.T) {
	all, _, _ := parts(t)
	resource := grantTo(t, "*")[0]
	for _, p := range []*Policies{
		{Identity: []*Document{all, nil}},
		{Identity: []*Document{all, resource}},
		{Identity: []*Document{all}, Resource: []*Document{all}},
		{Identity: []*Document{all}, Resource: []*Document{nil}},
		{Identity: []*Document{all}, Boundaries: []*Document{resource}},
		{Identity: []*Document{all}, Session: [][]*Document{{all}, {nil}}},
		{Identity: []*Document{all}, ServiceControl: [][]*Document{{resource, all}}},
	} {
		require.Equal(t, ReasonPolicies, ask(p, ann).Reason)
		require.False(t, ask(p, ann).Allowed)
	}
	require.False(t, (*Policies)(nil).Evaluate(&Request{Action: "s:a"}).Allowed)
	require.False(t, (&Policies{Identity: []*Document{all}}).Evaluate(nil).Allowed)
	require.True(t, ask(&Policies{Identity: []*Document{all}, Resource: []*Document{{}}}, ann).Allowed, "the zero Document says nothing")
}

// TestA10_Trust: providers, sessions and external ids.
func TestA10_Trust(t *testing.T) {
	trust := &Policies{ResourceMustAllow: true, Resource: []*Document{mustParseTrust(t, doc(`[
		{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],
		 "Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:pool"},
		              "ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}},
		{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}]`))}}
	web := func(who Principal, action, aud string, amr ...string) bool {
		c := new(Context)
		c.Set("cognito-identity.amazonaws.com:aud", aud)
		c.Set("cognito-identity.amazonaws.com:amr", amr...)
		return trust.Evaluate(&Request{Principal: who, Action: action, Resource: "arn:aws:iam::111122223333:role/x", Context: c}).Allowed
	}
	require.True(t, web(pool, "sts:AssumeRoleWithWebIdentity", "eu-west-1:pool", "authenticated", "accounts.google.com"))
	require.True(t, web(pool, "sts:TagSession", "eu-west-1:pool", "authenticated"))
	require.False(t, web(pool, "sts:AssumeRoleWithWebIdentity", "eu-west-1:pool", "unauthenticated"))
	require.False(t, web(pool, "sts:AssumeRoleWithWebIdentity", "eu-west-1:pool"))
	require.False(t, web(pool, "sts:AssumeRoleWithWebIdentity", "eu-west-1:other", "authenticated"))
	require.False(t, web(pool, "sts:AssumeRole", "eu-west-1:pool", "authenticated"))
	require.False(t, web(saml, "sts:AssumeRoleWithWebIdentity", "eu-west-1:pool", "authenticated"))
	require.False(t, web(anonymous, "sts:AssumeRoleWithWebIdentity", "eu-west-1:pool", "authenticated"))

	all, _, _ := parts(t)
	trust.Identity, trust.ResourceAccount = []*Document{all}, "111122223333"
	assume := func(externalID ...string) bool {
		c := new(Context)
		c.Set("sts:ExternalId", externalID...)
		return trust.Evaluate(&Request{Principal: stranger, Action: "sts:AssumeRole", Context: c}).Allowed
	}
	require.True(t, assume("42"))
	require.False(t, assume("43"))
	require.False(t, assume())
	trust.Identity = nil
	require.False(t, assume("42"), "the stranger's own account must allow it as well")
}
