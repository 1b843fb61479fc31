package identitypool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// people are users by their access keys.
type people map[string]identitypool.User

func (p people) UserByAccessKey(_ context.Context, key string) (identitypool.User, bool, error) {
	switch key {
	case "AKIABROKENBROKEN":
		return identitypool.User{}, false, errDown
	case "AKIAPANICPANIC00":
		panic("hunter2")
	}
	u, ok := p[key]
	return u, ok, nil
}

// TestA21_UserPolicyChanged: the next request of a user is judged by what the UserSource says then.
func TestA21_UserPolicyChanged(t *testing.T) {
	k := newClock()
	c := assuming(k)
	p := newPool(t, c)
	for _, action := range []string{"notes:Read", "notes:Write", "notes:Read"} {
		c.Users.(people)[adaKey] = identitypool.User{Name: "ada", SecretAccessKey: adaSecret, Policies: []string{allow(action, "*")}}
		for _, asked := range []string{"notes:Read", "notes:Write"} {
			require.Equal(t, asked == action, may(t, p, k, adaKeys, asked, "arn:app:notes:::x") == nil)
		}
	}
}

// TestUsers: a user is who has the access key, and one with a broken policy can do nothing.
func TestUsers(t *testing.T) {
	k := newClock()
	c := assuming(k)
	c.Users = people{
		adaKey:             {Name: "ada", Path: "/staff/", ID: "AIDA1", SecretAccessKey: adaSecret, Policies: []string{allow("notes:*", "arn:app:notes:::${aws:username}/${aws:PrincipalTag/team}")}, Tags: map[string]string{"team": "red"}, Boundary: allow("notes:Read", "*")},
		"AKIABADPOLICY000": {Name: "bad", SecretAccessKey: adaSecret, Policies: []string{"x"}},
		"AKIABADBOUNDARY0": {Name: "bad", SecretAccessKey: adaSecret, Boundary: "x"},
		"AKIABADNAME00000": {Name: "a/b", SecretAccessKey: adaSecret},
		"AKIABADTAG000000": {Name: "bad", SecretAccessKey: adaSecret, Tags: map[string]string{"a": "*"}},
		"AKIABADID0000000": {Name: "bad", ID: "a:b", SecretAccessKey: adaSecret},
		"AKIASHORTSECRET0": {Name: "bad", SecretAccessKey: "short"},
		"short":            {Name: "bad", SecretAccessKey: adaSecret},
	}
	p := newPool(t, c)
	ada := as(t, p, k, adaKeys)
	require.Equal(t, "arn:aws:iam::000000000000:user/staff/ada", ada.ARN)
	require.Equal(t, "AIDA1", ada.UserID)
	require.Zero(t, ada.Expires)
	require.NoError(t, may(t, p, k, adaKeys, "notes:Read", "arn:app:notes:::ada/red"))
	require.ErrorIs(t, may(t, p, k, adaKeys, "notes:Write", "arn:app:notes:::ada/red"), identitypool.AccessDenied, "the boundary")
	require.ErrorIs(t, may(t, p, k, adaKeys, "notes:Read", "arn:app:notes:::bob/red"), identitypool.AccessDenied)
	for key, code := range map[string]identitypool.Code{
		"AKIABADPOLICY000": identitypool.InternalError, "AKIABADBOUNDARY0": identitypool.InternalError, "AKIABADNAME00000": identitypool.InternalError,
		"AKIABADTAG000000": identitypool.InternalError, "AKIABADID0000000": identitypool.InternalError, "AKIASHORTSECRET0": identitypool.InternalError,
		"AKIABROKENBROKEN": identitypool.InternalError, "AKIAPANICPANIC00": identitypool.InternalError, "AKIANOBODY000000": identitypool.InvalidSignature, "short": identitypool.InvalidSignature,
	} {
		_, err := call(t, p, k, identitypool.Credentials{AccessKeyID: key, SecretAccessKey: adaSecret})
		require.Error(t, err, key)
		require.NotContains(t, err.Error(), "hunter2")
		if key != "short" {
			require.ErrorIs(t, err, code, key)
		}
	}
	wrong := adaKeys
	wrong.SecretAccessKey = "not-the-secret-of-ada"
	_, err := call(t, p, k, wrong)
	require.ErrorIs(t, err, identitypool.InvalidSignature)
	wrong = adaKeys
	wrong.SessionToken = "AAAA"
	_, err = call(t, p, k, wrong)
	require.ErrorIs(t, err, identitypool.InvalidSignature)
	require.True(t, errors.Is(err, identitypool.InvalidSignature))
}
