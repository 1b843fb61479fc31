package identitypool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	rigProvider = "id.example.com"
	rigUser     = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"notes:*","Resource":"arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"},
		{"Sid":"Locked","Effect":"Deny","Action":"notes:Delete","Resource":"arn:app:notes:::*/locked"}]}`
	rigGuest = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:Read","Resource":"arn:app:notes:::public/*"}}`
	// rigAny lets the ceiling of guests out of the way.
	rigAny = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

// rig is a pool with a user, a guest, and an authorizer.
type rig struct {
	*identitypool.Authorizer
	config identitypool.Config
	pool   *identitypool.Pool
	now    time.Time
	logs   bytes.Buffer
}

func newRig(t testing.TB, change ...func(*identitypool.Config)) *rig {
	t.Helper()
	k := &rig{now: time.Date(2026, 3, 4, 5, 6, 7, 891234567, time.UTC)}
	k.config = identitypool.Config{
		ID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Store: memstore.New(), SessionKey: []byte("0123456789abcdef0123456789abcdef"),
		Providers: map[string]identitypool.Provider{
			rigProvider: {Verifier: identitypool.LoginFunc(func(_ context.Context, token string) (map[string]any, error) {
				return map[string]any{"sub": token, "aud": "client"}, nil
			})},
		},
		AllowUnauthenticated: true,
		AuthenticatedRole:    identitypool.Role{Name: "User", Policies: []string{rigUser}},
		UnauthenticatedRole:  identitypool.Role{Name: "Guest", Policies: []string{rigGuest}},
		GuestCeiling:         rigAny,
		Now:                  func() time.Time { return k.now },
		Logger:               slog.New(slog.NewTextHandler(&k.logs, nil)),
	}
	for _, f := range change {
		f(&k.config)
	}
	k.pool = rigPool(t, k.config)
	k.Authorizer = rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{})
	return k
}

func rigPool(t testing.TB, config identitypool.Config) *identitypool.Pool {
	t.Helper()
	p, err := identitypool.New(config)
	require.NoError(t, err)
	return p
}

func rigAuthorizer(t testing.TB, p *identitypool.Pool, config identitypool.AuthorizerConfig) *identitypool.Authorizer {
	t.Helper()
	a, err := p.Authorizer(config)
	require.NoError(t, err)
	return a
}

// user returns the identity of a user, and what it signs with; that of a new guest for "".
func (k *rig) user(t testing.TB, name string) (string, sigv4.Credentials) {
	t.Helper()
	var logins map[string]string
	if name != "" {
		logins = map[string]string{rigProvider: name}
	}
	id, err := k.pool.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(t, err)
	out, err := k.pool.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	require.NoError(t, err)
	return id, sigv4.Credentials{AccessKeyID: out.Credentials.AccessKeyID, SecretAccessKey: out.Credentials.SecretAccessKey, SessionToken: out.Credentials.SessionToken}
}

// request is one as a server gets it, signed now.
func (k *rig) request(t testing.TB, c sigv4.Credentials, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	require.NoError(t, sigv4.Sign(r, []byte(body), c, "eu-west-1", "execute-api", k.now))
	return r
}

func (k *rig) get(t testing.TB, c sigv4.Credentials) *http.Request {
	return k.request(t, c, "GET", "/", "")
}

func TestCaller(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	r := k.request(t, c, "POST", "/notes", "milk")
	caller, err := k.Caller(r)
	require.NoError(t, err)
	require.Equal(t, ann, caller.IdentityID)
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/User/CognitoIdentityCredentials", caller.ARN)
	require.Equal(t, "arn:aws:iam::000000000000:role/User", caller.RoleARN)
	require.Equal(t, c.AccessKeyID, caller.AccessKeyID)
	require.Equal(t, k.config.ID, caller.PoolID)
	require.False(t, caller.Guest())
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, "milk", string(body))

	claims, err := k.Authenticate(k.request(t, c, "POST", "/notes", "milk"))
	require.NoError(t, err)
	require.Equal(t, ann, claims["sub"])
	require.Equal(t, k.config.ID, claims["aud"])
	require.Equal(t, caller.ARN, claims["arn"])
	require.Equal(t, []string{"authenticated", rigProvider}, claims["amr"].([]string)[:2])
	require.Equal(t, "arn:aws:iam::000000000000:role/User", claims["role_arn"])
	require.EqualValues(t, "1772600767", claims["iat"])
	require.EqualValues(t, "1772604367", claims["exp"])
	require.NotContains(t, claims, "username")
	caller.Claims()["amr"].([]string)[0] = "changed"
	require.Equal(t, "authenticated", caller.AMR[0])

	visitor, c := k.user(t, "")
	caller, err = k.Caller(k.get(t, c))
	require.NoError(t, err)
	require.Equal(t, visitor, caller.IdentityID)
	require.True(t, caller.Guest())
	require.Equal(t, []string{"unauthenticated"}, caller.AMR)
	require.True(t, identitypool.Caller{}.Guest())

	claims, err = k.Authenticate(httptest.NewRequest("GET", "/", nil))
	require.ErrorIs(t, err, identitypool.MissingAuthenticationToken)
	require.Nil(t, claims)
}

// TestA2_Mutations: of what the application sees of a request, whatever is changed behind the signature is found. (All of what is signed is
// changed byte by byte in package sigv4.)
func TestA2_Mutations(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	_, other := k.user(t, "bob")
	for name, change := range map[string]func(*http.Request){
		"method":         func(r *http.Request) { r.Method = "PUT" },
		"path":           func(r *http.Request) { r.URL.Path, r.RequestURI = "/notes/b", "/notes/b?x=1" },
		"path, URL only": func(r *http.Request) { r.URL.Path = "/notes/b" },
		"query":          func(r *http.Request) { r.URL.RawQuery, r.RequestURI = "x=2", "/notes/a?x=2" },
		"query, added":   func(r *http.Request) { r.URL.RawQuery, r.RequestURI = "x=1&y=2", "/notes/a?x=1&y=2" },
		"host":           func(r *http.Request) { r.Host = "other.example.com" },
		"date":           func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260304T050608Z") },
		"token":          func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", other.SessionToken) },
		"no token":       func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") },
		"signed header":  func(r *http.Request) { r.Header.Set("X-Color", "red") },
		"header added":   func(r *http.Request) { r.Header.Set("X-Amz-Target", "Delete") },
		"two signatures": func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) },
		"body":           func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("mild")) },
		"body, longer":   func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("milk!")), 5 },
		"body, gone":     func(r *http.Request) { r.Body = http.NoBody },
		"hash":           func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") },
		"key": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), c.AccessKeyID, other.AccessKeyID, 1))
		},
		"service": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/execute-api/", "/sts/", 1))
		},
		"signature": func(r *http.Request) {
			value := r.Header.Get("Authorization")
			last := map[bool]string{true: "1", false: "0"}[strings.HasSuffix(value, "0")]
			r.Header.Set("Authorization", value[:len(value)-1]+last)
		},
		"no signature": func(r *http.Request) { r.Header.Del("Authorization") },
	} {
		signed := func() *http.Request {
			r := httptest.NewRequest("POST", "/notes/a?x=1", strings.NewReader("milk"))
			r.Header.Set("X-Color", "blue")
			require.NoError(t, sigv4.Sign(r, []byte("milk"), c, "eu-west-1", "execute-api", k.now))
			return r
		}
		_, err := k.Caller(signed())
		require.NoError(t, err)
		r := signed()
		change(r)
		_, err = k.Caller(r)
		require.Error(t, err, name)
		r = signed()
		change(r)
		w := httptest.NewRecorder()
		k.Handler("notes:Read", func(*http.Request) string { return "arn:app:notes:::" + ann + "/x" }, http.HandlerFunc(
			func(http.ResponseWriter, *http.Request) { t.Error("was let through: " + name) })).ServeHTTP(w, r)
		require.Contains(t, []int{400, 403}, w.Code, name)
	}
}

// TestA3_NotSignedPayloads: refused unless they are switched on; then the handler gets them.
func TestA3_NotSignedPayloads(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	unsigned := func() *http.Request {
		r := httptest.NewRequest("POST", "/", strings.NewReader("milk"))
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		require.NoError(t, sigv4.Sign(r, nil, c, "eu-west-1", "execute-api", k.now))
		return r
	}
	_, err := k.Caller(unsigned())
	require.ErrorIs(t, err, identitypool.IncompleteSignature)
	for _, payload := range []string{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"} {
		r := unsigned()
		r.Header.Set("X-Amz-Content-Sha256", payload)
		_, err = k.Caller(r)
		require.ErrorIs(t, err, identitypool.IncompleteSignature, payload)
	}
	allowed := rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{AllowUnsignedPayload: true})
	w := httptest.NewRecorder()
	allowed.Handler("notes:Write", func(*http.Request) string { return "arn:app:notes:::" + ann + "/x" }, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })).ServeHTTP(w, unsigned())
	require.Equal(t, "milk", w.Body.String())
}

// users is a UserSource with one user, or one that fails.
type users struct {
	identitypool.User
	err error
}

func (u users) UserByAccessKey(_ context.Context, id string) (identitypool.User, bool, error) {
	return u.User, id == "AKIABACKEND000000000", u.err
}

// TestCaller_LongTermKey: a user without a session.
func TestCaller_LongTermKey(t *testing.T) {
	source := users{User: identitypool.User{Name: "backend", SecretAccessKey: "0123456789012345678901234567890123456789", Policies: []string{everything}}}
	k := newRig(t, func(c *identitypool.Config) { c.Users = &source })
	c := sigv4.Credentials{AccessKeyID: "AKIABACKEND000000000", SecretAccessKey: source.SecretAccessKey}
	claims, err := k.Authenticate(k.get(t, c))
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::000000000000:user/backend", claims["arn"])
	require.Equal(t, "backend", claims["username"])
	require.NotEmpty(t, claims["sub"])
	for _, absent := range []string{"amr", "role_arn", "iat", "exp"} {
		require.NotContains(t, claims, absent)
	}
	require.NoError(t, k.Authorize(k.get(t, c), nil, "notes:Read", "arn:app:notes:::x"))

	source.err = errors.New("no answer from 10.0.0.1")
	w := httptest.NewRecorder()
	k.Handler("notes:Read", func(*http.Request) string { return "*" }, http.NotFoundHandler()).ServeHTTP(w, k.get(t, c))
	require.Equal(t, 500, w.Code)
	require.NotContains(t, w.Body.String(), "10.0.0.1")
	require.Contains(t, k.logs.String(), "no answer from 10.0.0.1")
}

// TestA5_ConstantAnswer: an access key that does not exist, one of another session, and a wrong secret have the same answer.
func TestA5_ConstantAnswer(t *testing.T) {
	k := newRig(t)
	_, c := k.user(t, "ann")
	_, other := k.user(t, "ann")
	answers := map[string]bool{}
	for _, change := range []func(*sigv4.Credentials){
		func(c *sigv4.Credentials) { c.SecretAccessKey = other.SecretAccessKey },
		func(c *sigv4.Credentials) { c.AccessKeyID = other.AccessKeyID },
		func(c *sigv4.Credentials) { c.AccessKeyID = "ASIAAAAAAAAAAAAAAAAA" },
		func(c *sigv4.Credentials) { c.AccessKeyID = "AKIAAAAAAAAAAAAAAAAA" },
		func(c *sigv4.Credentials) { c.SessionToken = other.SessionToken },
		func(c *sigv4.Credentials) { c.SessionToken = "" },
		func(c *sigv4.Credentials) { c.SessionToken = "x" },
	} {
		changed := c
		change(&changed)
		w := httptest.NewRecorder()
		k.Handler("notes:Read", func(*http.Request) string { return "arn:app:notes:::x" }, http.NotFoundHandler()).ServeHTTP(w, k.get(t, changed))
		require.Equal(t, http.StatusForbidden, w.Code)
		answers[w.Body.String()] = true
	}
	require.Len(t, answers, 1, "%v", answers)
}

// TestA6_SessionToken: sealed for one pool, under one key; any changed byte opens nothing; over to the second.
func TestA6_SessionToken(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	for i := range c.SessionToken {
		changed := c
		b := []byte(c.SessionToken)
		b[i] ^= 1
		changed.SessionToken = string(b)
		if strings.ContainsAny(changed.SessionToken, "\r\n\x00") {
			continue
		}
		_, err := k.Caller(k.get(t, changed))
		require.ErrorIs(t, err, identitypool.InvalidSignature, i)
	}
	for _, token := range []string{c.SessionToken[:len(c.SessionToken)-4], c.SessionToken + "AAAA", c.SessionToken + "=", strings.Repeat("A", 20_000), "AQ==", "!"} {
		changed := c
		changed.SessionToken = token
		_, err := k.Caller(k.get(t, changed))
		require.ErrorIs(t, err, identitypool.InvalidSignature)
	}

	// Another process with the key verifies it; another key, another pool, and no key do not.
	otherKey, noKey, foreign := k.config, k.config, k.config
	otherKey.SessionKey = bytes.Repeat([]byte{1}, 32)
	noKey.SessionKey = nil
	foreign.ID = "eu-west-1:00000000-0b6f-4f0e-9a43-2f1d4c0e8a11"
	caller, err := rigAuthorizer(t, rigPool(t, k.config), identitypool.AuthorizerConfig{}).Caller(k.get(t, c))
	require.NoError(t, err)
	require.Equal(t, ann, caller.IdentityID)
	for _, config := range []identitypool.Config{otherKey, noKey, foreign} {
		_, err = rigAuthorizer(t, rigPool(t, config), identitypool.AuthorizerConfig{}).Caller(k.get(t, c))
		require.ErrorIs(t, err, identitypool.InvalidSignature)
	}

	// To the second: the last moment is good, the end is not.
	k.now = caller.Expires.Add(-time.Nanosecond)
	_, err = k.Caller(k.get(t, c))
	require.NoError(t, err)
	for _, after := range []time.Duration{0, time.Second, time.Hour} {
		k.now = caller.Expires.Add(after)
		_, err = k.Caller(k.get(t, c))
		require.ErrorIs(t, err, identitypool.ExpiredToken)
	}
	// Only who has the secret learns that it is over.
	wrong := c
	wrong.SecretAccessKey = "wrong"
	_, err = k.Caller(k.get(t, wrong))
	require.ErrorIs(t, err, identitypool.InvalidSignature)
}

// TestA7_WhatIsRemovedEndsAtOnce: for credentials that are out.
func TestA7_WhatIsRemovedEndsAtOnce(t *testing.T) {
	k := newRig(t)
	id, user := k.user(t, "ann")
	_, guest := k.user(t, "")
	own := "arn:app:notes:::" + id + "/x"
	for _, test := range []struct {
		name        string
		change      func(*identitypool.Config)
		user, guest error
	}{
		{"nothing", func(*identitypool.Config) {}, nil, nil},
		{"guests", func(c *identitypool.Config) { c.AllowUnauthenticated = false }, nil, identitypool.NotAuthorized},
		{"provider", func(c *identitypool.Config) {
			c.Providers = map[string]identitypool.Provider{"other.example.com": c.Providers[rigProvider]}
		}, identitypool.NotAuthorized, nil},
		{"role renamed", func(c *identitypool.Config) { c.AuthenticatedRole.Name = "User2" }, identitypool.NotAuthorized, nil},
		{"guest role renamed", func(c *identitypool.Config) { c.UnauthenticatedRole.Name = "Guest2" }, nil, identitypool.NotAuthorized},
		{"policy", func(c *identitypool.Config) { c.AuthenticatedRole.Policies = []string{rigGuest} }, identitypool.AccessDenied, nil},
		{"roles swapped", func(c *identitypool.Config) {
			c.AuthenticatedRole.Name, c.UnauthenticatedRole.Name = c.UnauthenticatedRole.Name, c.AuthenticatedRole.Name
		}, identitypool.NotAuthorized, identitypool.NotAuthorized},
		{"service control policy", func(c *identitypool.Config) { c.ServiceControlPolicies = [][]string{{rigGuest}} }, identitypool.AccessDenied, nil},
		{"boundary", func(c *identitypool.Config) { c.AuthenticatedRole.Boundary = rigGuest }, identitypool.AccessDenied, nil},
		{"ceiling", func(c *identitypool.Config) { c.GuestCeiling = rigUser }, nil, identitypool.AccessDenied},
	} {
		changed := k.config
		test.change(&changed)
		a := rigAuthorizer(t, rigPool(t, changed), identitypool.AuthorizerConfig{})
		err := a.Authorize(k.get(t, user), nil, "notes:Read", own)
		require.True(t, err == nil && test.user == nil || errors.Is(err, test.user), "%s: user: %v", test.name, err)
		err = a.Authorize(k.get(t, guest), nil, "notes:Read", "arn:app:notes:::public/x")
		require.True(t, err == nil && test.guest == nil || errors.Is(err, test.guest), "%s: guest: %v", test.name, err)
	}
}

func TestAuthorize(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	bob, _ := k.user(t, "bob")
	ask := func(action, resource string) error {
		return k.Authorize(k.request(t, c, "POST", "/x", "milk"), []byte("milk"), action, resource)
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
		err := k.Authorize(k.request(t, c, "POST", "/x", "milk"), body, "notes:Read", "arn:app:notes:::"+ann+"/x")
		require.ErrorIs(t, err, identitypool.InvalidSignature)
	}
}

// TestA11_ResourceThatIsNoARN: a Deny cannot match it, so no Allow may.
func TestA11_ResourceThatIsNoARN(t *testing.T) {
	k := newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
			{"Effect":"Deny","Action":"*","Resource":"arn:app:notes:::secret/*"}]}`}
	})
	_, keys := k.user(t, "ann")
	ask := func(resource string) error { return k.Authorize(k.get(t, keys), nil, "notes:Read", resource) }
	require.NoError(t, ask("arn:app:notes:::x"))
	require.NoError(t, ask("*"))
	require.ErrorIs(t, ask("arn:app:notes:::secret/x"), identitypool.AccessDenied)
	require.ErrorIs(t, ask("secret/x"), identitypool.InternalError)
	require.ErrorIs(t, ask("arn:app:notes::secret/x"), identitypool.InternalError)
}

// TestA14_SubjectIsNoPattern: the subject that a user could choose at a provider is never in a policy's context; the identifier is random.
func TestA14_SubjectIsNoPattern(t *testing.T) {
	k := newRig(t)
	victim, _ := k.user(t, "victim")
	for _, subject := range []string{"*", "${cognito-identity.amazonaws.com:aud}", "?", victim} {
		_, c := k.user(t, subject)
		err := k.Authorize(k.get(t, c), nil, "notes:Read", "arn:app:notes:::"+victim+"/x")
		require.ErrorIs(t, err, identitypool.AccessDenied, subject)
	}
}

func TestAuthorizerConfig_Refuses(t *testing.T) {
	k := newRig(t)
	for field, config := range map[string]identitypool.AuthorizerConfig{
		"Service": {Service: "Execute API"},
		"MaxBody": {MaxBody: -1},
		"MaxSkew": {MaxSkew: time.Hour},
	} {
		_, err := k.pool.Authorizer(config)
		require.ErrorContains(t, err, field)
		require.ErrorContains(t, err, "identitypool: AuthorizerConfig")
	}
}

// bareSecret finds the secret of one access key.
func bareSecret(c sigv4.Credentials) sigv4.SecretFunc {
	return func(context.Context, string, string) (sigv4.Secret, error) {
		return sigv4.Secret{AccessKey: c.SecretAccessKey}, nil
	}
}
