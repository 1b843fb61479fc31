package identitypool_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

const (
	adaKey     = "AKIAADAADAADAADA"
	auditorARN = "arn:aws:iam::000000000000:role/audit/Auditor"
	deeperARN  = "arn:aws:iam::000000000000:role/Deeper"
	adaSecret  = "secret-of-ada-0123456789"
)

var adaKeys = identitypool.Credentials{AccessKeyID: adaKey, SecretAccessKey: adaSecret}

// userTrust trusts principals of AWS, under a condition.
func userTrust(principal, condition string) string {
	if condition != "" {
		condition = `,"Condition":{` + condition + `}`
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%q},
		"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]%s}}`, principal, condition)
}

const account = "arn:aws:iam::000000000000:root"

// assuming is a pool with a user, Ada, who may assume roles, and with roles that trust the account.
func assuming(k *clock, change ...func(*identitypool.Config)) identitypool.Config {
	c := config(k)
	c.Users = people{adaKey: {Name: "ada", SecretAccessKey: adaSecret, Policies: []string{allow("sts:*", "*")}, Tags: map[string]string{"team": "red"}}}
	c.VerifyMFA = func(_ context.Context, user, serial, code string) (bool, error) {
		if code == "999999" {
			return false, errDown
		}
		return user == "ada" && serial == "arn:aws:iam::000000000000:mfa/ada" && code == "123456", nil
	}
	c.ManagedPolicies = map[string]string{"ReadOnly": allow("notes:Read", "*"), "ListOnly": allow("notes:List", "*")}
	c.Roles = []identitypool.Role{
		{Name: "Auditor", Path: "/audit/", Policies: []string{allow("notes:*", "*"), allow("sts:*", "*")}, TrustPolicy: userTrust(account, ""), MaxDuration: 12 * time.Hour},
		{Name: "Deeper", Policies: []string{allow("notes:*", "*"), allow("sts:*", "*")}, TrustPolicy: userTrust(account, ""), MaxDuration: 12 * time.Hour},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// as returns the caller with these credentials.
func as(t testing.TB, p *identitypool.Pool, k *clock, keys identitypool.Credentials) identitypool.Caller {
	t.Helper()
	c, err := call(t, p, k, keys)
	require.NoError(t, err)
	return c
}

func assume(t testing.TB, p *identitypool.Pool, k *clock, keys identitypool.Credentials, in identitypool.AssumeRoleInput) identitypool.AssumeRoleResult {
	t.Helper()
	out, err := p.AssumeRole(t.Context(), as(t, p, k, keys), in)
	require.NoError(t, err)
	return out
}

func TestAssumeRole(t *testing.T) {
	k := newClock()
	p := newPool(t, assuming(k))
	ada := as(t, p, k, adaKeys)
	require.Equal(t, "arn:aws:iam::000000000000:user/ada", ada.ARN)
	require.Equal(t, "ada", ada.UserName)
	require.False(t, ada.Guest())
	out := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "ada@example.com", SourceIdentity: "ada", Tags: map[string]string{"case": "42"}})
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/Auditor/ada@example.com", out.AssumedRoleUser.ARN)
	require.Regexp(t, `^AROA[A-Z2-7]{17}:ada@example.com$`, out.AssumedRoleUser.AssumedRoleID)
	require.Equal(t, "ada", out.SourceIdentity)
	require.Equal(t, 1, out.PackedPolicySize)
	require.Equal(t, k.now.Truncate(time.Second).Add(time.Hour), out.Credentials.Expiration)
	caller := as(t, p, k, out.Credentials)
	require.Equal(t, out.AssumedRoleUser.ARN, caller.ARN)
	require.Equal(t, out.AssumedRoleUser.AssumedRoleID, caller.UserID)
	require.Equal(t, auditorARN, caller.RoleARN)
	require.Equal(t, "ada", caller.SourceIdentity)
	require.Equal(t, map[string]string{"case": "42"}, caller.Tags, "the user's own tags do not go on")
	require.Empty(t, caller.IdentityID)
	require.Empty(t, caller.UserName)
	require.NoError(t, may(t, p, k, out.Credentials, "notes:Read", "arn:app:notes:::x"))
	who, err := p.GetCallerIdentity(caller)
	require.NoError(t, err)
	require.Equal(t, identitypool.GetCallerIdentityResult{UserID: caller.UserID, Account: "000000000000", ARN: caller.ARN}, who)
}

// TestA18_AssumeRoleInput: what is malformed, or longer than allowed, is refused.
func TestA18_AssumeRoleInput(t *testing.T) {
	k := newClock()
	p := newPool(t, assuming(k, func(c *identitypool.Config) { c.Roles[0].MaxDuration = 2 * time.Hour }))
	many := make(map[string]string)
	for i := range 51 {
		many[fmt.Sprint(i)] = "x"
	}
	type in = identitypool.AssumeRoleInput
	for _, test := range []struct {
		name string
		code identitypool.Code
		edit func(*in)
	}{
		{"good", "", func(*in) {}},
		{"no role", identitypool.InvalidParameter, func(i *in) { i.RoleARN = "" }},
		{"role name", identitypool.InvalidParameter, func(i *in) { i.RoleARN = "Auditor-of-everything" }},
		{"long role", identitypool.InvalidParameter, func(i *in) { i.RoleARN = auditorARN + strings.Repeat("x", 2_048) }},
		{"unknown role", identitypool.AccessDenied, func(i *in) { i.RoleARN = "arn:aws:iam::000000000000:role/Nobody" }},
		{"no session name", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "" }},
		{"short session name", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "a" }},
		{"long session name", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = strings.Repeat("a", 65) }},
		{"session name with slash", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "x/../y" }},
		{"session name with colon", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "x:y" }},
		{"session name with star", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "x*" }},
		{"session name with line", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "xy\n" }},
		{"session name with space", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "x y" }},
		{"session name not ASCII", identitypool.InvalidParameter, func(i *in) { i.RoleSessionName = "zoë" }},
		{"15 minutes", "", func(i *in) { i.Duration = 15 * time.Minute }},
		{"the role's time", "", func(i *in) { i.Duration = 2 * time.Hour }},
		{"more than the role's time", identitypool.InvalidParameter, func(i *in) { i.Duration = 2*time.Hour + time.Second }},
		{"negative", identitypool.InvalidParameter, func(i *in) { i.Duration = -1 }},
		{"too short", identitypool.InvalidParameter, func(i *in) { i.Duration = 899 * time.Second }},
		{"a billion seconds", identitypool.InvalidParameter, func(i *in) { i.Duration = 1_000_000_000 * time.Second }},
		{"half a second", identitypool.InvalidParameter, func(i *in) { i.Duration = 15*time.Minute + time.Second/2 }},
		{"policy", "", func(i *in) { i.Policy = allow("notes:Read", "*") }},
		{"no policy", identitypool.MalformedPolicyDocument, func(i *in) { i.Policy = "{}" }},
		{"long policy", identitypool.InvalidParameter, func(i *in) { i.Policy = allow("notes:Read", "*") + strings.Repeat(" ", 2_048) }},
		{"managed policy", "", func(i *in) { i.PolicyARNs = []string{"arn:aws:iam::000000000000:policy/ReadOnly"} }},
		{"unknown managed policy", identitypool.InvalidParameter, func(i *in) { i.PolicyARNs = []string{"arn:aws:iam::aws:policy/ReadOnly"} }},
		{"11 managed policies", identitypool.InvalidParameter, func(i *in) { i.PolicyARNs = make([]string, 11) }},
		{"51 tags", identitypool.InvalidParameter, func(i *in) { i.Tags = many }},
		{"tags that differ in case", identitypool.InvalidParameter, func(i *in) { i.Tags = map[string]string{"a": "1", "A": "2"} }},
		{"reserved tag", identitypool.InvalidParameter, func(i *in) { i.Tags = map[string]string{"AWS:x": "1"} }},
		{"tag with star", identitypool.InvalidParameter, func(i *in) { i.Tags = map[string]string{"a": "*"} }},
		{"transitive tag", "", func(i *in) { i.Tags, i.TransitiveTagKeys = map[string]string{"a": "1"}, []string{"A"} }},
		{"transitive, no tag", identitypool.InvalidParameter, func(i *in) { i.TransitiveTagKeys = []string{"a"} }},
		{"transitive twice", identitypool.InvalidParameter, func(i *in) {
			i.Tags, i.TransitiveTagKeys = map[string]string{"a": "1"}, []string{"a", "A"}
		}},
		{"external ID", "", func(i *in) { i.ExternalID = "a/b:c" }},
		{"short external ID", identitypool.InvalidParameter, func(i *in) { i.ExternalID = "a" }},
		{"long external ID", identitypool.InvalidParameter, func(i *in) { i.ExternalID = strings.Repeat("a", 1_225) }},
		{"external ID with star", identitypool.InvalidParameter, func(i *in) { i.ExternalID = "a*" }},
		{"source identity", identitypool.InvalidParameter, func(i *in) { i.SourceIdentity = "a b" }},
		{"too large", identitypool.PackedPolicyTooLarge, func(i *in) {
			i.Tags = make(map[string]string)
			for n := range 30 {
				i.Tags[fmt.Sprint(n)] = strings.Repeat("x", 256)
			}
		}},
		{"code alone", identitypool.InvalidParameter, func(i *in) { i.TokenCode = "123456" }},
		{"serial number alone", identitypool.InvalidParameter, func(i *in) { i.SerialNumber = "arn:aws:iam::000000000000:mfa/ada" }},
		{"code of 7", identitypool.InvalidParameter, func(i *in) { i.SerialNumber, i.TokenCode = "arn:aws:iam::000000000000:mfa/ada", "1234567" }},
		{"wrong code", identitypool.AccessDenied, func(i *in) { i.SerialNumber, i.TokenCode = "arn:aws:iam::000000000000:mfa/ada", "123457" }},
		{"nobody to ask", identitypool.InternalError, func(i *in) { i.SerialNumber, i.TokenCode = "arn:aws:iam::000000000000:mfa/ada", "999999" }},
		{"right code", "", func(i *in) { i.SerialNumber, i.TokenCode = "arn:aws:iam::000000000000:mfa/ada", "123456" }},
	} {
		input := in{RoleARN: auditorARN, RoleSessionName: "session"}
		test.edit(&input)
		out, err := p.AssumeRole(t.Context(), as(t, p, k, adaKeys), input)
		if test.code == "" {
			require.NoError(t, err, test.name)
			_, err = call(t, p, k, out.Credentials)
			require.NoError(t, err, test.name)
			continue
		}
		require.ErrorIs(t, err, test.code, test.name)
		require.Zero(t, out, test.name)
	}
}

// TestA18_TrustAndOwnPolicies: both the caller's policies and the trust policy must allow it, with what they ask for; the log tells why
// not, the answer does not.
func TestA18_TrustAndOwnPolicies(t *testing.T) {
	const root = account
	type input = identitypool.AssumeRoleInput
	for _, test := range []struct {
		name    string
		own     string
		trust   string
		edit    func(*input)
		allowed bool
	}{
		{"both", allow("sts:AssumeRole", auditorARN), userTrust(root, ""), nil, true},
		{"own policies do not", allow("sts:AssumeRole", deeperARN), userTrust(root, ""), nil, false},
		{"own policies in other case", allow("sts:AssumeRole", strings.ToLower(auditorARN)), userTrust(root, ""), nil, false},
		{"trust names the user", allow("notes:Read", "*"), userTrust("arn:aws:iam::000000000000:user/ada", ""), nil, true},
		{"trust names another user", allow("sts:*", "*"), userTrust("arn:aws:iam::000000000000:user/adb", ""), nil, false},
		{"trust names another account", allow("sts:*", "*"), userTrust("arn:aws:iam::111111111111:root", ""), nil, false},
		{"default trust", allow("sts:*", "*"), "", nil, false},
		{"external ID", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"sts:ExternalId":"42"}`), func(i *input) { i.ExternalID = "42" }, true},
		{"external ID missing", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"sts:ExternalId":"42"}`), nil, false},
		{"external ID wrong", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"sts:ExternalId":"42"}`), func(i *input) { i.ExternalID = "43" }, false},
		{"session name", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"sts:RoleSessionName":"${aws:username}"}`), func(i *input) { i.RoleSessionName = "ada" }, true},
		{"session name wrong", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"sts:RoleSessionName":"${aws:username}"}`), nil, false},
		{"principal tag", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"aws:PrincipalTag/team":"red"}`), nil, true},
		{"principal tag wrong", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"aws:PrincipalTag/team":"blue"}`), nil, false},
		{"MFA", allow("sts:*", "*"), userTrust(root, `"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"10"}`),
			func(i *input) { i.SerialNumber, i.TokenCode = "arn:aws:iam::000000000000:mfa/ada", "123456" }, true},
		{"MFA missing", allow("sts:*", "*"), userTrust(root, `"Bool":{"aws:MultiFactorAuthPresent":"true"}`), nil, false},
		{"tags", allow("sts:*", "*"), userTrust(root, ""), func(i *input) { i.Tags = map[string]string{"a": "b"} }, true},
		{"tags, own policies do not", allow("sts:AssumeRole", "*"), userTrust(root, ""), func(i *input) { i.Tags = map[string]string{"a": "b"} }, false},
		{"tags, trust does not", allow("sts:*", "*"), strings.Replace(userTrust(root, ""), "TagSession", "GetFederationToken", 1), func(i *input) { i.Tags = map[string]string{"a": "b"} }, false},
		{"request tag", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"aws:RequestTag/a":"b"}`), func(i *input) { i.Tags = map[string]string{"a": "c"} }, false},
		{"transitive keys", allow("sts:*", "*"), userTrust(root, `"Null":{"sts:TransitiveTagKeys":"true"}`),
			func(i *input) { i.Tags, i.TransitiveTagKeys = map[string]string{"a": "c"}, []string{"a"} }, false},
		{"source identity", allow("sts:*", "*"), userTrust(root, `"StringEquals":{"sts:SourceIdentity":"ada"}`), func(i *input) { i.SourceIdentity = "ada" }, true},
		{"source identity, trust does not", allow("sts:*", "*"), strings.Replace(userTrust(root, ""), "SetSourceIdentity", "GetFederationToken", 1), func(i *input) { i.SourceIdentity = "ada" }, false},
		{"source identity, own policies do not", allow("sts:AssumeRole", "*"), userTrust(root, ""), func(i *input) { i.SourceIdentity = "ada" }, false},
	} {
		k := newClock()
		var logs bytes.Buffer
		c := assuming(k, func(c *identitypool.Config) {
			u := c.Users.(people)[adaKey]
			u.Policies = []string{test.own}
			c.Users = people{adaKey: u}
			c.Roles[0].TrustPolicy = test.trust
			c.Logger = slog.New(slog.NewTextHandler(&logs, nil))
		})
		p := newPool(t, c)
		in := input{RoleARN: auditorARN, RoleSessionName: "session"}
		if test.edit != nil {
			test.edit(&in)
		}
		_, err := p.AssumeRole(t.Context(), as(t, p, k, adaKeys), in)
		if test.allowed {
			require.NoError(t, err, test.name)
			require.NotContains(t, logs.String(), "role refused", test.name)
			continue
		}
		require.ErrorIs(t, err, identitypool.AccessDenied, test.name)
		require.ErrorContains(t, err, "User: arn:aws:iam::000000000000:user/ada is not authorized to perform: sts:AssumeRole on resource: "+auditorARN, test.name)
		require.Contains(t, logs.String(), "role refused", test.name)
		require.Contains(t, logs.String(), "trace=", test.name)
		// An unknown role is answered alike.
		in.RoleARN = "arn:aws:iam::000000000000:role/Nobody"
		_, unknown := p.AssumeRole(t.Context(), as(t, p, k, adaKeys), in)
		require.Equal(t, strings.Replace(err.Error(), auditorARN, in.RoleARN, 1), unknown.Error(), test.name)
	}
}

// TestA18_Chain: a session that was assumed from another lasts an hour at most, keeps transitive tags and the source identity, and cannot
// change them.
func TestA18_Chain(t *testing.T) {
	k := newClock()
	p := newPool(t, assuming(k))
	first := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{
		RoleARN: auditorARN, RoleSessionName: "first", Duration: 12 * time.Hour, SourceIdentity: "ada",
		Tags: map[string]string{"Case": "42", "own": "1"}, TransitiveTagKeys: []string{"case"},
	}).Credentials
	caller := as(t, p, k, first)
	next := identitypool.AssumeRoleInput{RoleARN: deeperARN, RoleSessionName: "second"}
	try := func(edit func(*identitypool.AssumeRoleInput)) (identitypool.AssumeRoleResult, error) {
		in := next
		edit(&in)
		return p.AssumeRole(t.Context(), caller, in)
	}
	_, err := try(func(in *identitypool.AssumeRoleInput) { in.Duration = time.Hour + time.Second })
	require.ErrorIs(t, err, identitypool.InvalidParameter)
	_, err = try(func(in *identitypool.AssumeRoleInput) { in.Tags = map[string]string{"CASE": "43"} })
	require.ErrorIs(t, err, identitypool.InvalidParameter)
	_, err = try(func(in *identitypool.AssumeRoleInput) { in.SourceIdentity = "bob" })
	require.ErrorIs(t, err, identitypool.AccessDenied)
	_, err = try(func(in *identitypool.AssumeRoleInput) {
		in.SerialNumber, in.TokenCode = "arn:aws:iam::000000000000:mfa/ada", "123456"
	})
	require.ErrorIs(t, err, identitypool.AccessDenied)

	out, err := try(func(in *identitypool.AssumeRoleInput) {
		in.SourceIdentity = "ada"
		in.Tags = map[string]string{"new": "2"}
	})
	require.NoError(t, err)
	require.Equal(t, "ada", out.SourceIdentity)
	second := as(t, p, k, out.Credentials)
	require.Equal(t, map[string]string{"case": "42", "new": "2"}, second.Tags)
	require.Equal(t, k.now.Truncate(time.Second).Add(time.Hour), out.Credentials.Expiration)

	// And on: what is transitive stays so.
	third := as(t, p, k, assume(t, p, k, out.Credentials, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "third"}).Credentials)
	require.Equal(t, map[string]string{"case": "42"}, third.Tags)
	require.Equal(t, "ada", third.SourceIdentity)
}

// TestA7_Chain: what ends a session ends those that were assumed from it, and a user's key that is withdrawn ends all of the user's.
func TestA7_Chain(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *identitypool.Pool, identitypool.Config, identitypool.Credentials){
		"first session": func(t *testing.T, p *identitypool.Pool, _ identitypool.Config, first identitypool.Credentials) {
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{AccessKeyID: first.AccessKeyID}))
		},
		"first role": func(t *testing.T, p *identitypool.Pool, _ identitypool.Config, _ identitypool.Credentials) {
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{RoleName: "Auditor"}))
		},
		"user": func(t *testing.T, p *identitypool.Pool, _ identitypool.Config, _ identitypool.Credentials) {
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{UserName: "ada"}))
		},
		"the first session's time": func(t *testing.T, p *identitypool.Pool, _ identitypool.Config, first identitypool.Credentials) {
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{RoleName: "Auditor", IssuedBefore: first.Expiration.Add(-time.Hour + time.Second)}))
		},
		"access key": func(t *testing.T, _ *identitypool.Pool, c identitypool.Config, _ identitypool.Credentials) {
			delete(c.Users.(people), adaKey)
		},
	} {
		k := newClock()
		c := assuming(k)
		p := newPool(t, c)
		first := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "first"}).Credentials
		k.in(10 * time.Second)
		second := assume(t, p, k, first, identitypool.AssumeRoleInput{RoleARN: deeperARN, RoleSessionName: "second"}).Credentials
		_, err := call(t, p, k, second)
		require.NoError(t, err)
		end(t, p, c, first)
		for _, keys := range []identitypool.Credentials{first, second} {
			_, err = call(t, p, k, keys)
			require.ErrorIs(t, err, identitypool.NotAuthorized, name)
		}
	}
}

// TestA7_AssumedTrustChanged: credentials of AssumeRole end when the trust policy changes; the pool cannot tell whether the new one would
// give them.
func TestA7_AssumedTrustChanged(t *testing.T) {
	k := newClock()
	c := assuming(k)
	p := newPool(t, c)
	keys := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "first"}).Credentials
	roles := append([]identitypool.Role(nil), c.Roles...)
	roles[0].TrustPolicy = userTrust(account, `"StringEquals":{"sts:ExternalId":"42"}`)
	require.NoError(t, p.SetRoles(c.AuthenticatedRole, c.UnauthenticatedRole, roles))
	_, err := call(t, p, k, keys)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestA15_SessionPolicy: a session does no more than the role and the session policies allow; managed policies add to the document.
func TestA15_SessionPolicy(t *testing.T) {
	k := newClock()
	c := assuming(k)
	p := newPool(t, c)
	readOnly, listOnly := "arn:aws:iam::000000000000:policy/ReadOnly", "arn:aws:iam::000000000000:policy/ListOnly"
	for _, test := range []struct {
		name     string
		document string
		managed  []string
		allowed  string // the actions of notes that are allowed
	}{
		{"none", "", nil, "Read List Write"},
		{"document", allow("notes:Write", "*"), nil, "Write"},
		{"document that allows more than the role", allPolicy, nil, "Read List Write"},
		{"document that denies", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"notes:Write","Resource":"*"}]}`, nil, "Read List"},
		{"document that only denies", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"notes:Write","Resource":"*"}}`, nil, ""},
		{"managed", "", []string{readOnly}, "Read"},
		{"two managed", "", []string{readOnly, listOnly}, "Read List"},
		{"both", allow("notes:Write", "*"), []string{readOnly}, "Read Write"},
	} {
		keys := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session", Policy: test.document, PolicyARNs: test.managed}).Credentials
		for _, action := range []string{"Read", "List", "Write"} {
			err := may(t, p, k, keys, "notes:"+action, "arn:app:notes:::x")
			require.Equal(t, strings.Contains(test.allowed, action), err == nil, "%s: %s: %v", test.name, action, err)
		}
		require.ErrorIs(t, may(t, p, k, keys, "other:Read", "arn:app:notes:::x"), identitypool.AccessDenied, test.name)
	}
	// A managed policy that is no longer there allows nothing.
	keys := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session", PolicyARNs: []string{readOnly}}).Credentials
	c.ManagedPolicies = nil
	_, err := call(t, newPool(t, c), k, keys)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestA17_ChainOfGuest: a guest who may assume a role, by another ceiling than the default, stays a guest.
func TestA17_ChainOfGuest(t *testing.T) {
	k := newClock()
	c := assuming(k, func(c *identitypool.Config) {
		c.Roles[0].TrustPolicy = userTrust("arn:aws:iam::000000000000:role/Guest", "")
	})
	in := identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session"}
	p := newPool(t, c)
	_, guest := credentialsOf(t, p, nil)
	_, err := p.AssumeRole(t.Context(), as(t, p, k, guest), in)
	require.ErrorIs(t, err, identitypool.AccessDenied, "the default ceiling")
	c.GuestCeiling = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:*","notes:Read"],"Resource":"*"}}`
	p = newPool(t, c)
	keys := assume(t, p, k, guest, in).Credentials
	require.True(t, as(t, p, k, keys).Guest())
	require.NoError(t, may(t, p, k, keys, "notes:Read", "arn:app:notes:::x"))
	require.ErrorIs(t, may(t, p, k, keys, "notes:Write", "arn:app:notes:::x"), identitypool.AccessDenied)
	c.AllowUnauthenticated = false
	_, err = call(t, newPool(t, c), k, keys)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestA23_RoleNames: a role is named by its whole ARN, byte by byte.
func TestA23_RoleNames(t *testing.T) {
	k := newClock()
	p := newPool(t, assuming(k))
	for _, arn := range []string{
		"arn:aws:iam::111111111111:role/audit/Auditor", "arn:aws:iam::000000000000:role/Auditor", "arn:aws:iam::000000000000:role/audit/auditor",
		"arn:aws:iam::000000000000:role/x/../audit/Auditor", "arn:aws:iam::000000000000:role//audit/Auditor", "arn:aws:iam::000000000000:role/audit/Auditor/",
		"arn:aws-cn:iam::000000000000:role/audit/Auditor", "arn:aws:iam:eu-west-1:000000000000:role/audit/Auditor", "arn:aws:iam::000000000000:role/audit/Audito?",
		"arn:aws:iam::000000000000:role/audit/*", "arn:aws:iam::000000000000:user/ada", "ARN:aws:iam::000000000000:role/audit/Auditor",
	} {
		_, err := p.AssumeRole(t.Context(), as(t, p, k, adaKeys), identitypool.AssumeRoleInput{RoleARN: arn, RoleSessionName: "session"})
		require.Error(t, err, arn)
	}
}

// Nobody is believed to be a caller but whom the pool has verified.
func TestCallerMustBeJudged(t *testing.T) {
	k := newClock()
	p := newPool(t, assuming(k))
	forged := identitypool.Caller{ARN: "arn:aws:iam::000000000000:user/ada", UserName: "ada", Account: "000000000000"}
	_, err := p.AssumeRole(t.Context(), forged, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session"})
	require.ErrorIs(t, err, identitypool.InternalError)
	_, err = p.GetSessionToken(t.Context(), forged, identitypool.GetSessionTokenInput{})
	require.ErrorIs(t, err, identitypool.InternalError)
	_, err = p.GetCallerIdentity(forged)
	require.ErrorIs(t, err, identitypool.InternalError)
	// One that is kept is judged again.
	keys := assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session"}).Credentials
	kept := as(t, p, k, keys)
	require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{AccessKeyID: keys.AccessKeyID}))
	_, err = p.AssumeRole(t.Context(), kept, identitypool.AssumeRoleInput{RoleARN: deeperARN, RoleSessionName: "session"})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	k.in(time.Hour)
	_, err = p.AssumeRole(t.Context(), kept, identitypool.AssumeRoleInput{RoleARN: deeperARN, RoleSessionName: "session"})
	require.ErrorIs(t, err, identitypool.ExpiredToken)
	// Nor one of another pool.
	c := assuming(k)
	c.ID = otherPool
	_, err = newPool(t, c).AssumeRole(t.Context(), as(t, p, k, adaKeys), identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session"})
	require.ErrorIs(t, err, identitypool.InternalError)
}
