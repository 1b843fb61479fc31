package identitypool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	poolID     = "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"
	otherPool  = "eu-west-1:00000000-0b6f-4f0e-9a43-2f1d4c0e8a11"
	provider   = "id.example.com"
	userPolicy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"notes:*","Resource":"arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"},
		{"Effect":"Deny","Action":"notes:Delete","Resource":"arn:app:notes:::*/locked"}]}`
	guestPolicy = `{"Version":"2012-10-17","Statement":{"Sid":"Secret1","Effect":"Allow","Action":"notes:Read","Resource":"arn:app:notes:::public/*"}}`
	allPolicy   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

var sessionKey = []byte("0123456789abcdef0123456789abcdef")

// clock is a time that tests move.
type clock struct{ now time.Time }

func newClock() *clock              { return &clock{time.Date(2026, 3, 4, 5, 6, 7, 891234567, time.UTC)} }
func (c *clock) Now() time.Time     { return c.now }
func (c *clock) in(d time.Duration) { c.now = c.now.Add(d) }

// tokens verifies "subject" as the token of that subject.
func tokens(_ context.Context, token string) (map[string]any, error) {
	switch {
	case token == "expired":
		return nil, errors.New("token is expired; token=" + token)
	case token == "down":
		return nil, identitypool.ExternalService
	case strings.HasPrefix(token, "raw:"):
		return map[string]any{"sub": token[4:]}, nil
	}
	return map[string]any{"sub": token, "aud": "client", "email": "a@example.com"}, nil
}

func config(c *clock) identitypool.Config {
	accepted := identitypool.Provider{Verifier: identitypool.LoginFunc(tokens)}
	return identitypool.Config{
		ID: poolID, Store: memstore.New(), SessionKey: sessionKey, Now: c.Now,
		Providers:            map[string]identitypool.Provider{provider: accepted, "other.example.com": accepted, "ID.example.com": accepted},
		AllowUnauthenticated: true,
		AuthenticatedRole:    identitypool.Role{Name: "User", Policies: []string{userPolicy}},
		UnauthenticatedRole:  identitypool.Role{Name: "Guest", Policies: []string{guestPolicy}},
		Logger:               slog.New(slog.DiscardHandler),
	}
}

func newPool(t testing.TB, config identitypool.Config) *identitypool.Pool {
	t.Helper()
	p, err := identitypool.New(config)
	require.NoError(t, err)
	return p
}

func login(token string) map[string]string { return map[string]string{provider: token} }

func getID(t testing.TB, p *identitypool.Pool, logins map[string]string) string {
	t.Helper()
	id, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(t, err)
	return id
}

func credentialsOf(t testing.TB, p *identitypool.Pool, logins map[string]string) (string, identitypool.Credentials) {
	t.Helper()
	id := getID(t, p, logins)
	c, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	require.NoError(t, err)
	require.Equal(t, id, c.IdentityID)
	return id, c.Credentials
}

// signedRequest is a request that is signed with the credentials.
func signedRequest(t testing.TB, k *clock, c identitypool.Credentials) *http.Request {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	keys := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	require.NoError(t, sigv4.Sign(r, nil, keys, "eu-west-1", "execute-api", k.now))
	return r
}

// call signs a request with the credentials and returns whom the pool takes the sender for.
func call(t testing.TB, p *identitypool.Pool, k *clock, c identitypool.Credentials) (identitypool.Caller, error) {
	t.Helper()
	a, err := p.Authorizer(identitypool.AuthorizerConfig{})
	require.NoError(t, err)
	return a.Caller(signedRequest(t, k, c))
}

// may asks whether the credentials allow an action.
func may(t testing.TB, p *identitypool.Pool, k *clock, c identitypool.Credentials, action, resource string) error {
	t.Helper()
	a, err := p.Authorizer(identitypool.AuthorizerConfig{})
	require.NoError(t, err)
	return a.Authorize(signedRequest(t, k, c), nil, action, resource)
}

// allow is a policy with one statement that allows.
func allow(action, resource string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":%q,"Resource":%q}}`, action, resource)
}

func TestNewRefuses(t *testing.T) {
	type edit = func(*identitypool.Config)
	providers := func(name string, p identitypool.Provider) edit {
		return func(c *identitypool.Config) { c.Providers = map[string]identitypool.Provider{name: p} }
	}
	with := func(change func(*identitypool.Provider)) edit {
		p := identitypool.Provider{Verifier: identitypool.LoginFunc(tokens)}
		change(&p)
		return providers(provider, p)
	}
	mapped := func(m identitypool.RoleMapping) edit {
		return with(func(p *identitypool.Provider) { p.RoleMapping = &m })
	}
	rule := func(r identitypool.MappingRule) edit {
		return mapped(identitypool.RoleMapping{Type: identitypool.RulesMapping, Ambiguous: identitypool.DenyRole, Rules: []identitypool.MappingRule{r}})
	}
	verifier := identitypool.Provider{Verifier: identitypool.LoginFunc(tokens)}
	for _, test := range []struct {
		field string
		edit  edit
	}{
		{"Config.ID", func(c *identitypool.Config) { c.ID = "" }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = "7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11" }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = poolID + "\n" }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = strings.Repeat("a", 30) + poolID }},
		{"Config.ID", func(c *identitypool.Config) { c.ID = strings.ToUpper(poolID) }},
		{"Config.Region", func(c *identitypool.Config) { c.Region = "us-east-1" }},
		{"Config.Account", func(c *identitypool.Config) { c.Account = "1234" }},
		{"Config.Issuer", func(c *identitypool.Config) { c.Issuer = "http://id.example.com" }},
		{"Config.Issuer", func(c *identitypool.Config) { c.Issuer = "https://id.example.com?x" }},
		{"Config.Issuer", func(c *identitypool.Config) { c.Issuer = "https://a:b@id.example.com" }},
		{"Config.Issuer", func(c *identitypool.Config) { c.Issuer = "https://id.example.com/" + strings.Repeat("x", 255) }},
		{"Config.Store", func(c *identitypool.Config) { c.Store = nil }},
		{"nobody could get", func(c *identitypool.Config) { c.Providers, c.AllowUnauthenticated = nil, false }},
		{"Config.Providers[\"x\"].Verifier", providers("x", identitypool.Provider{})},
		{"Config.Providers[\"x\"].Verifier", providers("x", identitypool.Provider{Verifier: identitypool.LoginFunc(nil)})},
		{"Config.Providers", providers("", verifier)},
		{"Config.Providers", providers("a b", verifier)},
		{"Config.Providers", providers(strings.Repeat("x", 129), verifier)},
		{"reserved", providers("cognito-identity.amazonaws.com", verifier)},
		{"reserved", providers("Cognito-Identity.amazonaws.com", verifier)},
		{"reserved", providers("cognito-identity.amazonaws.com:x", verifier)},
		{"reserved", providers("AWS:PrincipalTag/team", verifier)},
		{"reserved", providers("saml", verifier)},
		{"reserved", providers("sts", verifier)},
		{"reserved", providers("authenticated", verifier)},
		{"reserved", providers("unauthenticated", verifier)},
		{"choose one", with(func(p *identitypool.Provider) {
			p.DefaultPrincipalTags, p.PrincipalTags = true, map[string]string{"a": "b"}
		})},
		{".PrincipalTags", with(func(p *identitypool.Provider) { p.PrincipalTags = map[string]string{"a": ""} })},
		{".PrincipalTags", with(func(p *identitypool.Provider) { p.PrincipalTags = map[string]string{"aws:a": "b"} })},
		{".PrincipalTags", with(func(p *identitypool.Provider) { p.PrincipalTags = map[string]string{"a": "b", "A": "b"} })},
		{".PrincipalTags", with(func(p *identitypool.Provider) { p.PrincipalTags = map[string]string{strings.Repeat("x", 129): "b"} })},
		{".PrincipalTags", with(func(p *identitypool.Provider) { p.PrincipalTags = map[string]string{"a*": "b"} })},
		{"at most 50", with(func(p *identitypool.Provider) {
			p.PrincipalTags = make(map[string]string)
			for i := range 51 {
				p.PrincipalTags[fmt.Sprint(i)] = "b"
			}
		})},
		{".RoleMapping.Type", mapped(identitypool.RoleMapping{})},
		{".RoleMapping.Ambiguous", mapped(identitypool.RoleMapping{Type: identitypool.TokenMapping})},
		{"does not use", mapped(identitypool.RoleMapping{Type: identitypool.TokenMapping, Ambiguous: identitypool.DenyRole, Rules: make([]identitypool.MappingRule, 1)})},
		{"0 Rules", mapped(identitypool.RoleMapping{Type: identitypool.RulesMapping, Ambiguous: identitypool.DenyRole})},
		{"26 Rules", mapped(identitypool.RoleMapping{Type: identitypool.RulesMapping, Ambiguous: identitypool.DenyRole, Rules: make([]identitypool.MappingRule, 26)})},
		{"Rules[0].Claim", rule(identitypool.MappingRule{Match: identitypool.MatchEquals, Value: "x", Role: "User"})},
		{"Rules[0].Match", rule(identitypool.MappingRule{Claim: "x", Match: "equals", Value: "x", Role: "User"})},
		{"Rules[0].Value", rule(identitypool.MappingRule{Claim: "x", Match: identitypool.MatchEquals, Role: "User"})},
		{"no role with this name", rule(identitypool.MappingRule{Claim: "x", Match: identitypool.MatchEquals, Value: "x", Role: "user"})},
		{"Config.DeveloperProvider", func(c *identitypool.Config) { c.DeveloperProvider = "a/b" }},
		{"Config.DeveloperProvider", func(c *identitypool.Config) { c.DeveloperProvider = provider }},
		{"Config.DeveloperProvider", func(c *identitypool.Config) { c.DeveloperProvider = "cognito-identity.amazonaws.com" }},
		{"Config.DeveloperProvider", func(c *identitypool.Config) { c.DeveloperProvider = "unauthenticated" }},
		{"Config.DeveloperRoleMapping", func(c *identitypool.Config) { c.DeveloperRoleMapping = &identitypool.RoleMapping{} }},
		{"use Rules", func(c *identitypool.Config) {
			c.DeveloperProvider, c.DeveloperRoleMapping = "dev", &identitypool.RoleMapping{Type: identitypool.TokenMapping, Ambiguous: identitypool.DenyRole}
		}},
		{"Config.GuestCeiling", func(c *identitypool.Config) { c.GuestCeiling = "{}" }},
		{"Config.ServiceControlPolicies[0]", func(c *identitypool.Config) { c.ServiceControlPolicies = [][]string{{}} }},
		{"Config.ServiceControlPolicies[1][0]", func(c *identitypool.Config) { c.ServiceControlPolicies = [][]string{{allPolicy}, {"x"}} }},
		{"11 levels", func(c *identitypool.Config) { c.ServiceControlPolicies = make([][]string, 11) }},
		{"Config.ManagedPolicies", func(c *identitypool.Config) { c.ManagedPolicies = map[string]string{"a/b": allPolicy} }},
		{"Config.ManagedPolicies[\"a\"]", func(c *identitypool.Config) { c.ManagedPolicies = map[string]string{"a": "x"} }},
		{"Config.AuthenticatedRole.Name", func(c *identitypool.Config) { c.AuthenticatedRole = identitypool.Role{} }},
		{"Config.AuthenticatedRole.Name", func(c *identitypool.Config) { c.AuthenticatedRole.Name = "a/../b" }},
		{"Config.AuthenticatedRole.Path", func(c *identitypool.Config) { c.AuthenticatedRole.Path = "/a/../" }},
		{"Config.AuthenticatedRole.Path", func(c *identitypool.Config) { c.AuthenticatedRole.Path = "/a//" }},
		{"Config.AuthenticatedRole.Path", func(c *identitypool.Config) { c.AuthenticatedRole.Path = "/a" }},
		{"Config.AuthenticatedRole.Policies[1]: policy: ", func(c *identitypool.Config) {
			c.AuthenticatedRole.Policies = []string{allPolicy, `{"Version":"2012-10-17","Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`}
		}},
		{"21 documents", func(c *identitypool.Config) { c.AuthenticatedRole.Policies = make([]string, 21) }},
		{"Config.AuthenticatedRole.Boundary: policy: ", func(c *identitypool.Config) { c.AuthenticatedRole.Boundary = "x" }},
		{"Config.AuthenticatedRole.TrustPolicy: policy: ", func(c *identitypool.Config) { c.AuthenticatedRole.TrustPolicy = allPolicy }},
		{"Config.AuthenticatedRole.Tags", func(c *identitypool.Config) { c.AuthenticatedRole.Tags = map[string]string{"a": "*"} }},
		{"Config.AuthenticatedRole.MaxDuration", func(c *identitypool.Config) { c.AuthenticatedRole.MaxDuration = time.Minute }},
		{"Config.AuthenticatedRole.MaxDuration", func(c *identitypool.Config) { c.AuthenticatedRole.MaxDuration = 13 * time.Hour }},
		{"whole seconds", func(c *identitypool.Config) { c.AuthenticatedRole.MaxDuration = 15*time.Minute + time.Millisecond }},
		{"Config.UnauthenticatedRole.Name", func(c *identitypool.Config) { c.UnauthenticatedRole = identitypool.Role{} }},
		{"Config.UnauthenticatedRole.Policies[0]", func(c *identitypool.Config) { c.UnauthenticatedRole.Policies = []string{""} }},
		{"both have the name", func(c *identitypool.Config) { c.UnauthenticatedRole.Name = "uSER" }},
		{"both have the name", func(c *identitypool.Config) { c.Roles = []identitypool.Role{{Name: "User", Path: "/x/"}} }},
		{"Config.Roles[1].Name", func(c *identitypool.Config) { c.Roles = []identitypool.Role{{Name: "X"}, {}} }},
		{"1001 roles", func(c *identitypool.Config) { c.Roles = make([]identitypool.Role, 1_001) }},
		{"Config.SessionKey", func(c *identitypool.Config) { c.SessionKey = []byte("short") }},
		{"Config.SessionKey", func(c *identitypool.Config) { c.SessionKey = []byte{} }},
		{"Config.PreviousSessionKeys[1]", func(c *identitypool.Config) { c.PreviousSessionKeys = [][]byte{sessionKey, nil} }},
		{"Config.PreviousSessionKeys", func(c *identitypool.Config) { c.PreviousSessionKeys = make([][]byte, 9) }},
		{"random bytes", func(c *identitypool.Config) { c.SessionKey, c.Rand = nil, iotest.ErrReader(io.ErrUnexpectedEOF) }},
		{"Config.RevocationDelay", func(c *identitypool.Config) { c.RevocationDelay = -1 }},
		{"Config.RevocationDelay", func(c *identitypool.Config) { c.RevocationDelay = 5*time.Minute + 1 }},
	} {
		c := config(newClock())
		test.edit(&c)
		p, err := identitypool.New(c)
		require.ErrorContains(t, err, test.field)
		require.True(t, strings.HasPrefix(err.Error(), "identitypool: "), err)
		require.Nil(t, p)
	}
}

// New uses no store: any program can start while the database is away.
func TestNewUsesNoStore(t *testing.T) {
	c := config(newClock())
	c.Store = struct{ identitypool.Store }{} // each method would panic
	newPool(t, c)
}

// A pool is independent of the Config it was made of.
func TestConfigIsCopied(t *testing.T) {
	k := newClock()
	c := config(k)
	key := bytes.Clone(sessionKey)
	c.SessionKey = key
	c.Providers[provider] = identitypool.Provider{Verifier: identitypool.LoginFunc(tokens), RoleMapping: &identitypool.RoleMapping{
		Type: identitypool.RulesMapping, Ambiguous: identitypool.AuthenticatedRole,
		Rules: []identitypool.MappingRule{{Claim: "sub", Match: identitypool.MatchEquals, Value: "ann", Role: "User"}},
	}}
	p := newPool(t, c)
	_, before := credentialsOf(t, p, login("ann"))
	c.Providers[provider].RoleMapping.Rules[0].Role = "gone"
	c.AuthenticatedRole.Policies[0] = guestPolicy
	delete(c.Providers, provider)
	clear(key)
	id, _ := credentialsOf(t, p, login("ann"))
	require.NoError(t, may(t, p, k, before, "notes:Read", "arn:app:notes:::"+id+"/x"))
}
