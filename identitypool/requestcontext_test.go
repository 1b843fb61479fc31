package identitypool_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/policy"
)

// conditioned is a rig whose users may do what a condition says.
func conditioned(t testing.TB, condition string) *rig {
	return newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + condition + `}}`}
	})
}

// TestConditionKeys: each global key has the value that the request has.
func TestConditionKeys(t *testing.T) {
	for _, test := range []struct {
		condition string
		change    func(*http.Request)
		allowed   bool
	}{
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`, nil, true},
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.1"}}`, nil, true},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, nil, false},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, func(r *http.Request) { r.Header.Set("X-Forwarded-For", "198.51.100.1") }, false},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, func(r *http.Request) { r.Header.Set("X-Real-Ip", "198.51.100.1") }, false},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, func(r *http.Request) { r.Header.Set("Forwarded", "for=198.51.100.1") }, false},
		{`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`, func(r *http.Request) { r.RemoteAddr = "[::ffff:192.0.2.7]:99" }, true},
		{`{"StringEquals":{"aws:SourceIp":"192.0.2.7"}}`, func(r *http.Request) { r.RemoteAddr = "[::ffff:192.0.2.7]:99" }, true},
		{`{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}`, func(r *http.Request) { r.RemoteAddr = "[2001:db8::1]:99" }, true},
		{`{"IpAddress":{"aws:SourceIp":"fe80::/16"}}`, func(r *http.Request) { r.RemoteAddr = "[fe80::1%eth0]:99" }, true},
		// A key that is absent: positive operators do not match, negated ones do, IfExists does, and Null tells.
		{`{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`, func(r *http.Request) { r.RemoteAddr = "@" }, false},
		{`{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, func(r *http.Request) { r.RemoteAddr = "" }, true},
		{`{"IpAddressIfExists":{"aws:SourceIp":"198.51.100.0/24"}}`, func(r *http.Request) { r.RemoteAddr = "x" }, true},
		{`{"Null":{"aws:SourceIp":"true"}}`, func(r *http.Request) { r.RemoteAddr = "192.0.2.1" }, true},
		{`{"Null":{"aws:SourceIp":"true"}}`, nil, false},

		{`{"Bool":{"aws:SecureTransport":"true"}}`, nil, false},
		{`{"Bool":{"aws:SecureTransport":"false"}}`, nil, true},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, func(r *http.Request) { r.TLS = &tls.ConnectionState{} }, true},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, false},
		{`{"StringLike":{"aws:UserAgent":"curl/*"}}`, func(r *http.Request) { r.Header.Set("User-Agent", "curl/8") }, true},
		{`{"StringLike":{"aws:UserAgent":"curl/*"}}`, func(r *http.Request) { r.Header["User-Agent"] = []string{"curl/8", "other"} }, false},
		{`{"Null":{"aws:UserAgent":"true"}}`, nil, true},
		{`{"StringEquals":{"aws:Referer":"https://a.example/"}}`, func(r *http.Request) { r.Header.Set("Referer", "https://a.example/") }, true},
		{`{"StringEquals":{"aws:Referer":"https://a.example/"}}`, nil, false},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-03-04T05:06:06Z"},"DateLessThan":{"aws:CurrentTime":"2026-03-04T05:06:08Z"}}`, nil, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-03-04T05:06:08Z"}}`, nil, false},
		{`{"NumericEquals":{"aws:EpochTime":"1772600767"}}`, nil, true},
		{`{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}`, nil, true},
		{`{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`, nil, false},
		{`{"StringEquals":{"aws:ResourceAccount":"000000000000"}}`, nil, true},

		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/User"}}`, nil, true},
		{`{"StringEquals":{"aws:PrincipalAccount":"000000000000","aws:PrincipalType":"AssumedRole"}}`, nil, true},
		{`{"ForAnyValue:StringEquals":{"cognito-identity.amazonaws.com:amr":"authenticated"}}`, nil, true},
		{`{"ForAnyValue:StringEquals":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}}`, nil, false},
		{`{"Null":{"aws:username":"true"}}`, nil, true},
		{`{"Null":{"notes:Color":"true"}}`, nil, true},
	} {
		t.Run(test.condition, func(t *testing.T) {
			k := conditioned(t, test.condition)
			_, c := k.user(t, "ann")
			r := k.get(t, c)
			if test.change != nil {
				test.change(r)
			}
			err := k.Authorize(r, nil, "notes:Read", "arn:app:notes:::x")
			if test.allowed {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, identitypool.AccessDenied)
		})
	}
}

// TestConditionKeys_ToldByTheApplication: behind a proxy.
func TestConditionKeys_ToldByTheApplication(t *testing.T) {
	k := conditioned(t, `{"IpAddress":{"aws:SourceIp":"198.51.100.7"},"Bool":{"aws:SecureTransport":"true"}}`)
	_, c := k.user(t, "ann")
	address := netip.MustParseAddr("198.51.100.7")
	config := identitypool.AuthorizerConfig{
		ClientAddress:   func(*http.Request) netip.Addr { return address },
		SecureTransport: func(r *http.Request) bool { return r.Header.Get("X-Forwarded-Proto") == "https" },
	}
	a := rigAuthorizer(t, k.pool, config)
	r := k.get(t, c)
	require.ErrorIs(t, a.Authorize(r, nil, "notes:Read", "*"), identitypool.AccessDenied)
	r.Header.Set("X-Forwarded-Proto", "https")
	require.NoError(t, a.Authorize(r, nil, "notes:Read", "*"))
	for _, address = range []netip.Addr{{}, netip.MustParseAddr("198.51.100.8")} {
		require.ErrorIs(t, a.Authorize(r, nil, "notes:Read", "*"), identitypool.AccessDenied)
	}
	address = netip.MustParseAddr("::ffff:198.51.100.7")
	require.NoError(t, a.Authorize(r, nil, "notes:Read", "*"))
}

// TestA14_VariablesAreLiteral: a value of the request that looks like a pattern or a variable is neither.
func TestA14_VariablesAreLiteral(t *testing.T) {
	k := newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:app:notes:::${aws:UserAgent}/*"}}`}
	})
	ann, c := k.user(t, "ann")
	for agent, allowed := range map[string]bool{ann: true, "*": false, "?": false, "${cognito-identity.amazonaws.com:sub}": false, "": false, ann + "/*": false} {
		r := k.get(t, c)
		r.Header.Set("User-Agent", agent)
		err := k.Authorize(r, nil, "notes:Read", "arn:app:notes:::"+ann+"/x")
		require.Equal(t, allowed, err == nil, "%q: %v", agent, err)
	}
}

// TestA20_ContextOfTheApplication: it may say what its own service says, and nothing in the name of another.
func TestA20_ContextOfTheApplication(t *testing.T) {
	k := conditioned(t, `{"StringEquals":{"notes:Color":"red"}}`)
	_, c := k.user(t, "ann")
	given := map[string][]string{}
	h := k.routes(t, identitypool.Route{
		Pattern: "GET /n/{name}", Action: "notes:Read", Resource: "arn:app:notes:::{name}",
		Context: func(r *http.Request) map[string][]string {
			if _, ok := identitypool.FromContext(r.Context()); !ok {
				t.Error("the request is not verified yet")
			}
			return given
		},
	})
	for _, test := range []struct {
		key    string
		values []string
		status int
	}{
		{"notes:Color", []string{"red"}, 200},
		{"NOTES:color", []string{"red"}, 200},
		{"notes:Color", []string{"blue"}, 403},
		{"notes:Color", nil, 403},
		{"aws:ResourceTag/Color", []string{"red"}, 403},
		{"aws:RequestTag/Color", []string{"red"}, 403},
		{"aws:TagKeys", []string{"Color", "Size"}, 403},
		{"aws:SourceIp", []string{"192.0.2.1"}, 500},
		{"AWS:sourceip", []string{"192.0.2.1"}, 500},
		{"aws:PrincipalTag/admin", []string{"true"}, 500},
		{"aws:MultiFactorAuthPresent", []string{"true"}, 500},
		{"aws:ResourceTag/", []string{"red"}, 500},
		{"cognito-identity.amazonaws.com:sub", []string{"x"}, 500},
		{"Cognito-Identity.amazonaws.com:sub", []string{"x"}, 500},
		{"id.example.com:sub", []string{"x"}, 500},
		{"saml:aud", []string{"x"}, 500},
		{"notes:", []string{"red"}, 500},
		{"notes", []string{"red"}, 500},
		{"color", []string{"red"}, 500},
		{"", []string{"red"}, 500},
		{"other:Color", []string{"red"}, 500},
	} {
		clear(given)
		given[test.key] = test.values
		w := k.ask(t, h, c, "GET", "/n/x")
		require.Equal(t, test.status, w.Code, "%s: %s", test.key, w.Body)
	}
	require.Contains(t, k.logs.String(), "aws:MultiFactorAuthPresent")
	clear(given)
	given["notes:Color"], given["Notes:Color"] = []string{"red"}, []string{"blue"}
	require.Equal(t, 500, k.ask(t, h, c, "GET", "/n/x").Code, "one key twice")

	// Tags of the resource and of the caller: the usual use of principal tags.
	k = newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Tags = map[string]string{"team": "blue"}
		c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
			"Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}}}`}
	})
	_, c = k.user(t, "ann")
	h = k.routes(t, identitypool.Route{
		Pattern: "GET /n/{name}", Action: "notes:Read", Resource: "arn:app:notes:::{name}",
		Context: func(r *http.Request) map[string][]string {
			return map[string][]string{"aws:ResourceTag/team": {r.PathValue("name")}}
		},
	})
	require.Equal(t, 200, k.ask(t, h, c, "GET", "/n/blue").Code)
	require.Equal(t, 403, k.ask(t, h, c, "GET", "/n/red").Code)
}

// TestA21_NoStaleDecision: nothing of a decision is kept for the next.
func TestA21_NoStaleDecision(t *testing.T) {
	k := conditioned(t, `{"IpAddress":{"aws:SourceIp":"192.0.2.1"}}`)
	_, c := k.user(t, "ann")
	r := k.get(t, c)
	for i := range 6 {
		r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1", 1+i%2)
		require.Equal(t, i%2 == 0, k.Authorize(r, nil, "notes:Read", "*") == nil, i)
	}
	// And not by another process whose policies are others.
	changed := k.config
	changed.AuthenticatedRole.Policies = []string{rigGuest}
	r.RemoteAddr = "192.0.2.1:1"
	require.ErrorIs(t, rigAuthorizer(t, rigPool(t, changed), identitypool.AuthorizerConfig{}).Authorize(r, nil, "notes:Read", "*"), identitypool.AccessDenied)
	require.NoError(t, k.Authorize(r, nil, "notes:Read", "*"))
}

// TestA15_Narrowing: a boundary and a service control policy narrow what the role allows; what denies, denies.
func TestA15_Narrowing(t *testing.T) {
	only := func(name string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:app:notes:::` + name + `/*"}}`
	}
	k := newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":["arn:app:notes:::a*","arn:app:notes:::b*"]},
			{"Effect":"Deny","Action":"*","Resource":"arn:app:notes:::*/secret"}]}`}
		c.AuthenticatedRole.Boundary = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":["arn:app:notes:::a/*","arn:app:notes:::ab/*","arn:app:notes:::c/*"]}}`
		c.ServiceControlPolicies = [][]string{{only("a"), only("c")}, {rigAny}}
	})
	_, c := k.user(t, "ann")
	for resource, why := range map[string]string{
		"arn:app:notes:::a/x":      "",
		"arn:app:notes:::a/secret": "with an explicit deny in an identity-based policy",
		"arn:app:notes:::ab/x":     "because no service control policy allows the notes:Read action",
		"arn:app:notes:::b/x":      "because no service control policy allows the notes:Read action",
		"arn:app:notes:::c/x":      "because no identity-based policy allows the notes:Read action",
	} {
		err := k.Authorize(k.get(t, c), nil, "notes:Read", resource)
		if why == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, why, resource)
	}
	k = newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Policies, c.AuthenticatedRole.Boundary = []string{everything}, only("a")
		c.UnauthenticatedRole.Policies = []string{only("a")}
		c.GuestCeiling = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:Read","Resource":"*"}}`
	})
	_, c = k.user(t, "ann")
	require.NoError(t, k.Authorize(k.get(t, c), nil, "notes:Read", "arn:app:notes:::a/x"))
	require.ErrorContains(t, k.Authorize(k.get(t, c), nil, "notes:Read", "arn:app:notes:::b/x"), "because no permissions boundary allows the notes:Read action")
	_, c = k.user(t, "")
	require.NoError(t, k.Authorize(k.get(t, c), nil, "notes:Read", "arn:app:notes:::a/x"))
	require.ErrorContains(t, k.Authorize(k.get(t, c), nil, "notes:Write", "arn:app:notes:::a/x"), "because no session policy allows the notes:Write action")
}

func TestDecide(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	h := k.routes(t, identitypool.Route{
		Pattern: "GET /n/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}",
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			for resource, allowed := range map[string]bool{"arn:app:notes:::" + ann + "/x": true, "arn:app:notes:::" + ann + "/locked": false, "arn:app:notes:::bob/x": false} {
				d, err := identitypool.Decide(r.Context(), identitypool.Question{Action: "notes:Delete", Resource: resource})
				require.NoError(t, err)
				require.Equal(t, allowed, d.Allowed, resource)
				require.Equal(t, "notes:Delete", d.Action)
				require.Contains(t, d.Explain().String(), "Delete")
			}
			for _, q := range []identitypool.Question{
				{}, {Action: "notes:*", Resource: "*"}, {Action: "notes:Read", Resource: "x"},
				{Action: "notes:Read", Resource: "*", Context: map[string][]string{"aws:SourceIp": {"192.0.2.1"}}},
				{Action: "sts:Read", Resource: "*", Context: map[string][]string{"sts:ExternalId": {"x"}}},
			} {
				d, err := identitypool.Decide(r.Context(), q)
				require.ErrorIs(t, err, identitypool.InternalError)
				require.False(t, d.Allowed)
			}
			d, ok := identitypool.DecisionFromContext(r.Context())
			require.True(t, ok)
			require.Equal(t, "notes:Read", d.Action, "the decision that let the request through stays")
		}),
	})
	require.Equal(t, 200, k.ask(t, h, c, "GET", "/n/"+ann+"/x").Code)
	require.Empty(t, k.logs.String(), "a question that is denied is no refusal")

	_, err := identitypool.Decide(t.Context(), identitypool.Question{Action: "notes:Read", Resource: "*"})
	require.ErrorIs(t, err, identitypool.InternalError)
	_, ok := identitypool.DecisionFromContext(t.Context())
	require.False(t, ok)
	require.Equal(t, policy.Trace{}, identitypool.Decision{}.Explain())
}
