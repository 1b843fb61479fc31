package identitypool_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
)

func TestAuthenticate(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	ann, c := credentialsOf(t, p, login("ann"))
	r := signed(t, c, k.now, "POST", "/notes", "milk")
	claims, err := p.Authenticate(r)
	require.NoError(t, err)
	require.Equal(t, ann, claims["sub"])
	require.Equal(t, poolID, claims["aud"])
	require.Equal(t, []string{"authenticated", provider}, claims["amr"])
	require.Equal(t, "arn:aws:iam::000000000000:role/User", claims["role_arn"])
	require.EqualValues(t, "1772600767", claims["iat"])
	require.EqualValues(t, "1772604367", claims["exp"])
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, "milk", string(body))

	visitor, c := credentialsOf(t, p, nil)
	claims, err = p.Authenticate(signed(t, c, k.now, "GET", "/", ""))
	require.NoError(t, err)
	require.Equal(t, visitor, claims["sub"])
	require.Equal(t, []string{"unauthenticated"}, claims["amr"])

	claims, err = p.Authenticate(httptest.NewRequest("GET", "/", nil))
	require.ErrorIs(t, err, identitypool.MissingAuthenticationToken)
	require.Nil(t, claims)
}

// TestA5_ConstantAnswer: an access key that does not exist, one of another session, and a wrong secret have the same answer.
func TestA5_ConstantAnswer(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	_, c := credentialsOf(t, p, login("ann"))
	_, other := credentialsOf(t, p, login("ann"))
	answers := map[string]bool{}
	for _, change := range []func(*identitypool.Credentials){
		func(c *identitypool.Credentials) { c.SecretAccessKey = other.SecretAccessKey },
		func(c *identitypool.Credentials) { c.AccessKeyID = other.AccessKeyID },
		func(c *identitypool.Credentials) { c.AccessKeyID = "ASIAAAAAAAAAAAAAAAAA" },
		func(c *identitypool.Credentials) { c.SessionToken = other.SessionToken },
		func(c *identitypool.Credentials) { c.SessionToken = "" },
		func(c *identitypool.Credentials) { c.SessionToken = "x" },
	} {
		changed := c
		change(&changed)
		w := httptest.NewRecorder()
		p.Handler("notes:Read", func(*http.Request) string { return "arn:app:notes:::x" }, http.NotFoundHandler()).
			ServeHTTP(w, signed(t, changed, k.now, "GET", "/", ""))
		require.Equal(t, http.StatusForbidden, w.Code)
		answers[w.Body.String()] = true
	}
	require.Len(t, answers, 1)
}

// TestA6_SessionToken: sealed for one pool, under one key; any changed byte opens nothing; over to the second.
func TestA6_SessionToken(t *testing.T) {
	k := newClock()
	conf := config(k)
	p := newPool(t, conf)
	ann, c := credentialsOf(t, p, login("ann"))

	for i := range c.SessionToken {
		changed := c
		b := []byte(c.SessionToken)
		b[i] ^= 1
		changed.SessionToken = string(b)
		if strings.ContainsAny(changed.SessionToken, "\r\n\x00") {
			continue
		}
		_, err := p.Authenticate(signed(t, changed, k.now, "GET", "/", ""))
		require.ErrorIs(t, err, identitypool.InvalidSignature, i)
	}
	for _, token := range []string{c.SessionToken[:len(c.SessionToken)-4], c.SessionToken + "AAAA", c.SessionToken + "=", strings.Repeat("A", 5_000), "AQ==", "!"} {
		changed := c
		changed.SessionToken = token
		_, err := p.Authenticate(signed(t, changed, k.now, "GET", "/", ""))
		require.ErrorIs(t, err, identitypool.InvalidSignature)
	}

	// Another process with the key verifies it without the store; another key, another pool, and no key do not.
	same, otherKey, noKey, foreign := conf, conf, conf, conf
	same.Store = memstore.New()
	otherKey.SessionKey = bytes.Repeat([]byte{1}, 32)
	noKey.SessionKey = nil
	foreign.ID = otherPool
	claims, err := newPool(t, same).Authenticate(signed(t, c, k.now, "GET", "/", ""))
	require.NoError(t, err)
	require.Equal(t, ann, claims["sub"])
	for _, conf := range []identitypool.Config{otherKey, noKey, foreign} {
		_, err = newPool(t, conf).Authenticate(signed(t, c, k.now, "GET", "/", ""))
		require.ErrorIs(t, err, identitypool.InvalidSignature)
	}

	// To the second: the last moment is good, the end is not.
	k.now = c.Expiration.Add(-time.Nanosecond)
	_, err = p.Authenticate(signed(t, c, k.now, "GET", "/", ""))
	require.NoError(t, err)
	for _, after := range []time.Duration{0, time.Second, time.Hour} {
		k.now = c.Expiration.Add(after)
		_, err = p.Authenticate(signed(t, c, k.now, "GET", "/", ""))
		require.ErrorIs(t, err, identitypool.ExpiredToken)
	}
	// Only who has the secret learns that it is over.
	wrong := c
	wrong.SecretAccessKey = "wrong"
	_, err = p.Authenticate(signed(t, wrong, k.now, "GET", "/", ""))
	require.ErrorIs(t, err, identitypool.InvalidSignature)
}

// TestA7_WhatIsRemovedEndsAtOnce: for credentials that are out.
func TestA7_WhatIsRemovedEndsAtOnce(t *testing.T) {
	k := newClock()
	conf := config(k)
	p := newPool(t, conf)
	id, user := credentialsOf(t, p, login("ann"))
	_, guest := credentialsOf(t, p, nil)
	own := "arn:app:notes:::" + id + "/x"
	for _, test := range []struct {
		name   string
		change func(*identitypool.Config)
		user   error
		guest  error
	}{
		{"nothing", func(*identitypool.Config) {}, nil, nil},
		{"guests", func(c *identitypool.Config) { c.AllowUnauthenticated = false }, nil, identitypool.NotAuthorized},
		{"provider", func(c *identitypool.Config) {
			c.Logins = map[string]identitypool.LoginVerifier{"other.example.com": identitypool.LoginFunc(tokens)}
		}, identitypool.NotAuthorized, nil},
		{"all logins", func(c *identitypool.Config) { c.Logins = nil }, identitypool.NotAuthorized, nil},
		{"role renamed", func(c *identitypool.Config) { c.AuthenticatedRole.Name = "User2" }, identitypool.NotAuthorized, nil},
		{"guest role renamed", func(c *identitypool.Config) { c.UnauthenticatedRole.Name = "Guest2" }, nil, identitypool.NotAuthorized},
		{"policy", func(c *identitypool.Config) { c.AuthenticatedRole.Policy = guestPolicy }, identitypool.AccessDenied, nil},
		{"roles swapped", func(c *identitypool.Config) {
			c.AuthenticatedRole.Name, c.UnauthenticatedRole.Name = c.UnauthenticatedRole.Name, c.AuthenticatedRole.Name
		}, identitypool.NotAuthorized, identitypool.NotAuthorized},
	} {
		changed := conf
		test.change(&changed)
		q := newPool(t, changed)
		err := q.Authorize(signed(t, user, k.now, "GET", "/", ""), nil, "notes:Read", own)
		require.True(t, err == nil && test.user == nil || errors.Is(err, test.user), "%s: user: %v", test.name, err)
		err = q.Authorize(signed(t, guest, k.now, "GET", "/", ""), nil, "notes:Read", "arn:app:notes:::public/x")
		require.True(t, err == nil && test.guest == nil || errors.Is(err, test.guest), "%s: guest: %v", test.name, err)
	}
}

// TestA8_Replay: inside five minutes a request can be sent again, later not, and never to another service.
func TestA8_Replay(t *testing.T) {
	k := newClock()
	conf := config(k)
	p := newPool(t, conf)
	_, c := credentialsOf(t, p, login("ann"))
	signedAt := k.now
	_, err := p.Authenticate(signed(t, c, signedAt, "GET", "/", ""))
	require.NoError(t, err)
	k.in(4 * time.Minute)
	_, err = p.Authenticate(signed(t, c, signedAt, "GET", "/", ""))
	require.NoError(t, err)
	conf.Service = "billing"
	_, err = newPool(t, conf).Authenticate(signed(t, c, signedAt, "GET", "/", ""))
	require.ErrorIs(t, err, identitypool.InvalidSignature)
	k.in(2 * time.Minute)
	_, err = p.Authenticate(signed(t, c, signedAt, "GET", "/", ""))
	require.ErrorIs(t, err, identitypool.InvalidSignature)
}

func TestAuthorize(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	ann, c := credentialsOf(t, p, login("ann"))
	bob := getID(t, p, login("bob"))
	ask := func(action, resource string) error {
		return p.Authorize(signed(t, c, k.now, "POST", "/x", "milk"), []byte("milk"), action, resource)
	}
	require.NoError(t, ask("notes:Read", "arn:app:notes:::"+ann+"/x"))
	require.NoError(t, ask("NOTES:read", "arn:app:notes:::"+ann+"/x"))
	for resource, why := range map[string]string{
		"arn:app:notes:::" + bob + "/x":      "because no identity-based policy allows the notes:Delete action",
		"arn:app:notes:::" + ann:             "because no identity-based policy allows the notes:Delete action",
		"arn:app:notes:::" + ann + "/locked": "with an explicit deny in an identity-based policy",
	} {
		err := ask("notes:Delete", resource)
		require.EqualError(t, err, "identitypool: AccessDenied: User: arn:aws:sts::000000000000:assumed-role/User/CognitoIdentityCredentials"+
			" is not authorized to perform: notes:Delete on resource: "+resource+" "+why)
	}
	for _, action := range []string{"", "*", "notes", "notes:*", "notes:Read ", "notes:Re?d", "n:" + strings.Repeat("x", 300)} {
		require.ErrorIs(t, ask(action, "arn:app:notes:::"+ann+"/x"), identitypool.InternalError, action)
	}
	for _, resource := range []string{"", "notes", "arn:app:notes::x", "ARN:app:notes:::" + ann + "/x", "**", " arn:app:notes:::x"} {
		require.ErrorIs(t, ask("notes:Read", resource), identitypool.InternalError, resource)
	}
	require.ErrorIs(t, ask("notes:Read", "*"), identitypool.AccessDenied)
	err := ask("notes:Read", "arn:app:notes:::"+strings.Repeat("é", 10_000))
	require.ErrorIs(t, err, identitypool.AccessDenied)
	require.Less(t, len(err.Error()), 1_500)

	// The body is the one that was signed.
	for _, body := range [][]byte{nil, []byte("mill"), []byte("milk ")} {
		err := p.Authorize(signed(t, c, k.now, "POST", "/x", "milk"), body, "notes:Read", "arn:app:notes:::"+ann+"/x")
		require.ErrorIs(t, err, identitypool.InvalidSignature)
	}
}

// TestA11_ResourceThatIsNoARN: a Deny cannot match it, so no Allow may.
func TestA11_ResourceThatIsNoARN(t *testing.T) {
	k := newClock()
	c := config(k)
	c.AuthenticatedRole.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"*","Resource":"arn:app:notes:::secret/*"}]}`
	p := newPool(t, c)
	_, keys := credentialsOf(t, p, login("ann"))
	ask := func(resource string) error {
		return p.Authorize(signed(t, keys, k.now, "GET", "/", ""), nil, "notes:Read", resource)
	}
	require.NoError(t, ask("arn:app:notes:::x"))
	require.NoError(t, ask("*"))
	require.ErrorIs(t, ask("arn:app:notes:::secret/x"), identitypool.AccessDenied)
	require.ErrorIs(t, ask("secret/x"), identitypool.InternalError)
	require.ErrorIs(t, ask("arn:app:notes::secret/x"), identitypool.InternalError)
}

// TestA14_SubjectIsNoPattern: the subject that a user could choose at a provider is never in a policy's context; the identifier is random.
func TestA14_SubjectIsNoPattern(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	victim := getID(t, p, login("victim"))
	for _, subject := range []string{"*", "${cognito-identity.amazonaws.com:aud}", "?", victim} {
		_, c := credentialsOf(t, p, login(subject))
		err := p.Authorize(signed(t, c, k.now, "GET", "/", ""), nil, "notes:Read", "arn:app:notes:::"+victim+"/x")
		require.ErrorIs(t, err, identitypool.AccessDenied, subject)
	}
}
