package identitypool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

func TestCredentials(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	id, c := credentialsOf(t, p, login("ann"))
	require.Regexp(t, `^ASIA[A-Z2-7]{16}$`, c.AccessKeyID)
	require.Regexp(t, `^[A-Za-z0-9+/]{40}$`, c.SecretAccessKey)
	require.Equal(t, k.now.Truncate(time.Second).Add(time.Hour), c.Expiration)
	_, again := credentialsOf(t, p, login("ann"))
	require.NotEqual(t, c.AccessKeyID, again.AccessKeyID)
	require.NotEqual(t, c.SecretAccessKey, again.SecretAccessKey)

	caller, err := call(t, p, k, c)
	require.NoError(t, err)
	require.Equal(t, id, caller.IdentityID)
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/User/CognitoIdentityCredentials", caller.ARN)
	require.Equal(t, "arn:aws:iam::000000000000:role/User", caller.RoleARN)
	require.Regexp(t, `^AROA[A-Z2-7]{17}:CognitoIdentityCredentials$`, caller.UserID)
	require.Equal(t, "authenticated", caller.AMR[0])
	require.Contains(t, caller.AMR, provider)
	require.Equal(t, k.now.Truncate(time.Microsecond), caller.Issued)
	require.Equal(t, c.Expiration, caller.Expires)

	var logs bytes.Buffer
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "c", c)
	fmt.Fprintf(&logs, "%s %v %+v %#v", c, c, c, c)
	require.Contains(t, logs.String(), c.AccessKeyID)
	require.NotContains(t, logs.String(), c.SecretAccessKey)
	require.NotContains(t, logs.String(), c.SessionToken)
}

// TestA18_Duration: capped, and nonsense is refused.
func TestA18_Duration(t *testing.T) {
	k := newClock()
	conf := config(k)
	conf.AuthenticatedRole.MaxDuration = 2 * time.Hour
	conf.UnauthenticatedRole.MaxDuration = 20 * time.Minute
	p := newPool(t, conf)
	ann, visitor := getID(t, p, login("ann")), getID(t, p, nil)
	for _, test := range []struct {
		id          string
		logins      map[string]string
		asked, want time.Duration
	}{
		{ann, login("ann"), 0, time.Hour},
		{ann, login("ann"), 2 * time.Hour, 2 * time.Hour},
		{ann, login("ann"), 15 * time.Minute, 15 * time.Minute},
		{ann, login("ann"), 2*time.Hour + time.Second, 0},
		{ann, login("ann"), 12 * time.Hour, 0},
		{ann, login("ann"), 15*time.Minute - time.Second, 0},
		{ann, login("ann"), 16*time.Minute + 1, 0},
		{ann, login("ann"), -time.Hour, 0},
		{ann, login("ann"), 1 << 62, 0},
		{visitor, nil, 0, 20 * time.Minute},
		{visitor, nil, time.Hour, 0},
	} {
		c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: test.id, Logins: test.logins, Duration: test.asked})
		if test.want == 0 {
			require.ErrorIs(t, err, identitypool.InvalidParameter)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, k.now.Truncate(time.Second).Add(test.want), c.Credentials.Expiration)
	}
}

// TestA6_ExpiredByASecond: credentials are good until their last instant.
func TestA6_ExpiredByASecond(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	_, c := credentialsOf(t, p, login("ann"))
	k.now = c.Expiration.Add(-1)
	_, err := call(t, p, k, c)
	require.NoError(t, err)
	for _, late := range []time.Duration{0, time.Second} {
		k.now = c.Expiration.Add(late)
		_, err = call(t, p, k, c)
		require.ErrorIs(t, err, identitypool.ExpiredToken)
	}
}

// TestA6_PreviousSessionKeys: a new key ends nobody's credentials while the old one is kept, and everybody's when it is not.
func TestA6_PreviousSessionKeys(t *testing.T) {
	k := newClock()
	c := config(k)
	_, old := credentialsOf(t, newPool(t, c), login("ann"))
	c.SessionKey, c.PreviousSessionKeys = []byte("fedcba9876543210fedcba9876543210"), [][]byte{sessionKey}
	p := newPool(t, c)
	_, err := call(t, p, k, old)
	require.NoError(t, err)
	_, young := credentialsOf(t, p, login("ann"))
	c.PreviousSessionKeys = nil
	p = newPool(t, c)
	_, err = call(t, p, k, young)
	require.NoError(t, err)
	_, err = call(t, p, k, old)
	require.ErrorIs(t, err, identitypool.InvalidSignature)
}

// failing is a store that does not answer.
type failing struct{ identitypool.Store }

var errDown = errors.New("connection refused to 10.0.0.1 password=hunter2")

func (failing) SaveIdentities(context.Context, string, []identitypool.Identity) error { return errDown }
func (failing) IdentityOfLogin(context.Context, string, identitypool.Login) (identitypool.Identity, error) {
	return identitypool.Identity{}, errDown
}
func (failing) Identity(context.Context, string, string) (identitypool.Identity, error) {
	return identitypool.Identity{}, errDown
}
func (failing) Revoke(context.Context, string, identitypool.Revocation) error { return errDown }
func (failing) Revocations(context.Context, string, []string, time.Time) ([]identitypool.Revocation, error) {
	return nil, errDown
}

// TestD3_StoreFails: closed, with a message that tells nothing and a cause for the log.
func TestD3_StoreFails(t *testing.T) {
	k := newClock()
	c := config(k)
	_, good := credentialsOf(t, newPool(t, c), login("ann"))
	c.Store = failing{}
	p := newPool(t, c)
	check := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, identitypool.InternalError)
		require.ErrorIs(t, err, errDown)
		require.NotContains(t, err.Error(), "hunter2")
	}
	for _, logins := range []map[string]string{nil, login("ann")} {
		_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
		check(err)
		_, err = p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: poolID, Logins: logins})
		check(err)
	}
	_, err := call(t, p, k, good)
	check(err)
	check(p.Revoke(t.Context(), identitypool.RevokeInput{All: true}))
	_, err = p.ListRevocations(t.Context())
	check(err)
}

// TestRandomFails: no identifier, key or nonce is made of what is not random.
func TestRandomFails(t *testing.T) {
	for _, enough := range []int64{0, 15, 16, 16 + 39, 16 + 40, 16 + 40 + 23} {
		c := config(newClock())
		c.Rand = io.LimitReader(strings.NewReader(strings.Repeat("r", 200)), enough)
		p := newPool(t, c)
		id, err := p.GetID(t.Context(), identitypool.GetIDInput{})
		if err == nil {
			_, err = p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id})
		}
		require.ErrorIs(t, err, identitypool.InternalError, enough)
	}
}

// TestA17_GuestsEnd: when guests are no longer allowed, neither are the credentials they have.
func TestA17_GuestsEnd(t *testing.T) {
	k := newClock()
	c := config(k)
	p := newPool(t, c)
	visitor, guest := credentialsOf(t, p, nil)
	caller, err := call(t, p, k, guest)
	require.NoError(t, err)
	require.True(t, caller.Guest())
	require.Equal(t, []string{"unauthenticated"}, caller.AMR)
	c.AllowUnauthenticated = false
	p = newPool(t, c)
	_, err = call(t, p, k, guest)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	_, err = p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: visitor})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestA15_GuestCeiling: guests do no more than both the role and the ceiling allow, and the default ceiling lets the application's own
// actions through.
func TestA15_GuestCeiling(t *testing.T) {
	k := newClock()
	c := config(k)
	c.UnauthenticatedRole.Policies = []string{allow("*", "arn:app:notes:::*")}
	_, guest := credentialsOf(t, newPool(t, c), nil)
	for _, test := range []struct {
		ceiling, action string
		allowed         bool
	}{
		{"", "notes:Read", true},
		{"", "s3:GetObject", true},
		{"", "sts:AssumeRole", false},
		{"", "STS:assumerole", false},
		{"", "iam:ListUsers", false},
		{"", "cognito-identity:DeleteIdentities", false},
		{"", "cognito-sync:UpdateRecords", false},
		{"", "kms:Decrypt", false},
		{allow("notes:Read", "*"), "notes:Read", true},
		{allow("notes:Read", "*"), "notes:Write", false},
		{allow("sts:*", "*"), "sts:AssumeRole", true},
	} {
		c.GuestCeiling = test.ceiling
		err := may(t, newPool(t, c), k, guest, test.action, "arn:app:notes:::x")
		if test.allowed {
			require.NoError(t, err, "%+v", test)
		} else {
			require.ErrorIs(t, err, identitypool.AccessDenied, "%+v", test)
		}
	}
	// It is for guests alone.
	c.GuestCeiling, c.AuthenticatedRole.Policies = "", []string{allow("sts:*", "arn:app:notes:::*")}
	p := newPool(t, c)
	_, user := credentialsOf(t, p, login("ann"))
	require.NoError(t, may(t, p, k, user, "sts:AssumeRole", "arn:app:notes:::x"))
}

// TestA6_OtherKeyID: a session token is good with its own access key ID alone.
func TestA6_OtherKeyID(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	_, ann := credentialsOf(t, p, login("ann"))
	_, bob := credentialsOf(t, p, login("bob"))
	for _, id := range []string{bob.AccessKeyID, strings.ToLower(ann.AccessKeyID), ann.AccessKeyID[:19], ann.AccessKeyID + "A"} {
		mixed := ann
		mixed.AccessKeyID = id
		_, err := call(t, p, k, mixed)
		require.ErrorIs(t, err, identitypool.InvalidSignature, id)
	}
}

// TestA7_ProviderRemoved: the credentials of a provider end with it; those that were got by another login as well, do, too.
func TestA7_ProviderRemoved(t *testing.T) {
	k := newClock()
	c := config(k)
	p := newPool(t, c)
	_, one := credentialsOf(t, p, map[string]string{"other.example.com": "ann"})
	_, both := credentialsOf(t, p, map[string]string{"other.example.com": "ann", provider: "ann"})
	delete(c.Providers, provider)
	p = newPool(t, c)
	_, err := call(t, p, k, one)
	require.NoError(t, err)
	_, err = call(t, p, k, both)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}
