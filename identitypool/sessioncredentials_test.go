package identitypool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

func TestGetSessionToken(t *testing.T) {
	k := newClock()
	c := assuming(k, func(c *identitypool.Config) {
		c.Users = people{adaKey: {Name: "ada", SecretAccessKey: adaSecret, Policies: []string{allPolicy}, Boundary: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["notes:*","sts:*","iam:*"],"Resource":"*"}}`}}
	})
	p := newPool(t, c)
	ada := as(t, p, k, adaKeys)
	out, err := p.GetSessionToken(t.Context(), ada, identitypool.GetSessionTokenInput{})
	require.NoError(t, err)
	require.Equal(t, k.now.Truncate(time.Second).Add(12*time.Hour), out.Credentials.Expiration)
	plain := out.Credentials
	caller := as(t, p, k, plain)
	require.Equal(t, ada.ARN, caller.ARN)
	require.Equal(t, ada.UserID, caller.UserID)
	require.Equal(t, "ada", caller.UserName)
	require.Empty(t, caller.RoleARN)
	require.False(t, caller.MFA)

	device := identitypool.GetSessionTokenInput{SerialNumber: "arn:aws:iam::000000000000:mfa/ada", TokenCode: "123456", Duration: 36 * time.Hour}
	out, err = p.GetSessionToken(t.Context(), ada, device)
	require.NoError(t, err)
	strong := out.Credentials
	require.True(t, as(t, p, k, strong).MFA)
	for action, allowed := range map[string][2]bool{ // without and with a second factor
		"notes:Read": {true, true}, "other:Read": {false, false}, "iam:ListUsers": {false, true}, "sts:GetSessionToken": {false, false},
		"sts:AssumeRole": {true, true}, "sts:GetFederationToken": {false, false},
	} {
		require.Equal(t, allowed[0], may(t, p, k, plain, action, "arn:app:notes:::x") == nil, action)
		require.Equal(t, allowed[1], may(t, p, k, strong, action, "arn:app:notes:::x") == nil, action)
	}

	// What a session was given, AssumeRole's trust policies see.
	roles := []identitypool.Role{{Name: "Auditor", Path: "/audit/", TrustPolicy: userTrust(account, `"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"100"}`)}}
	require.NoError(t, p.SetRoles(c.AuthenticatedRole, c.UnauthenticatedRole, roles))
	in := identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session"}
	_, err = p.AssumeRole(t.Context(), as(t, p, k, plain), in)
	require.ErrorIs(t, err, identitypool.AccessDenied)
	require.True(t, as(t, p, k, assume(t, p, k, strong, in).Credentials).MFA)
	k.in(100 * time.Second)
	_, err = p.AssumeRole(t.Context(), as(t, p, k, strong), in)
	require.ErrorIs(t, err, identitypool.AccessDenied)
}

// TestA7_SessionOfUser: it ends with the user's access key, when the key is another's, and when it is revoked.
func TestA7_SessionOfUser(t *testing.T) {
	for name, end := range map[string]func(p *identitypool.Pool, users people){
		"key withdrawn": func(_ *identitypool.Pool, users people) { delete(users, adaKey) },
		"key given to another": func(_ *identitypool.Pool, users people) {
			users[adaKey] = identitypool.User{Name: "bob", SecretAccessKey: adaSecret}
		},
		"revoked": func(p *identitypool.Pool, _ people) {
			require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{UserName: "ada"}))
		},
	} {
		k := newClock()
		c := assuming(k)
		p := newPool(t, c)
		out, err := p.GetSessionToken(t.Context(), as(t, p, k, adaKeys), identitypool.GetSessionTokenInput{})
		require.NoError(t, err)
		_, err = call(t, p, k, out.Credentials)
		require.NoError(t, err)
		end(p, c.Users.(people))
		_, err = call(t, p, k, out.Credentials)
		require.ErrorIs(t, err, identitypool.NotAuthorized, name)
	}
}

// TestA18_GetSessionTokenInput: durations, and who may ask.
func TestA18_GetSessionTokenInput(t *testing.T) {
	k := newClock()
	p := newPool(t, assuming(k))
	ada := as(t, p, k, adaKeys)
	for _, duration := range []time.Duration{-1, 899 * time.Second, 36*time.Hour + time.Second, 15*time.Minute + 1} {
		_, err := p.GetSessionToken(t.Context(), ada, identitypool.GetSessionTokenInput{Duration: duration})
		require.ErrorIs(t, err, identitypool.InvalidParameter)
	}
	_, err := p.GetSessionToken(t.Context(), ada, identitypool.GetSessionTokenInput{SerialNumber: "arn:aws:iam::000000000000:mfa/ada", TokenCode: "000000"})
	require.ErrorIs(t, err, identitypool.AccessDenied)
	out, err := p.GetSessionToken(t.Context(), ada, identitypool.GetSessionTokenInput{Duration: 15 * time.Minute})
	require.NoError(t, err)
	_, user := credentialsOf(t, p, login("ann"))
	for _, keys := range []identitypool.Credentials{
		out.Credentials, user, assume(t, p, k, adaKeys, identitypool.AssumeRoleInput{RoleARN: auditorARN, RoleSessionName: "session"}).Credentials,
	} {
		_, err = p.GetSessionToken(t.Context(), as(t, p, k, keys), identitypool.GetSessionTokenInput{})
		require.ErrorIs(t, err, identitypool.AccessDenied)
	}
}
