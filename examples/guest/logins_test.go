package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sigv4"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

const (
	samlARN   = "arn:aws:iam::000000000000:saml-provider/Example"
	samlRole  = "arn:aws:iam::000000000000:role/Staff"
	attribute = "https://aws.amazon.com/SAML/Attributes/"
	allowAll  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"*"}}`
)

// samlProvider is a SAML identity provider whose person ann may have the role Staff, and the verifier of its responses.
func samlProvider(t *testing.T) (*federationtest.SAMLProvider, *saml.Provider) {
	t.Helper()
	idp := federationtest.NewSAMLServer(t, federationtest.SAMLConfig{
		ServiceProviders: []federationtest.ServiceProvider{{EntityID: "urn:example:app", ACSURLs: []string{"https://app.example.com/saml"}}},
		Users: []federationtest.SAMLUser{{Name: "ann", Attributes: []federationtest.SAMLAttribute{
			{Name: attribute + "Role", Values: []string{samlRole + "," + samlARN}},
			{Name: attribute + "RoleSessionName", Values: []string{"ann@example.com"}},
			{Name: attribute + "PrincipalTag:team", Values: []string{"red"}},
		}}},
	})
	metadata, err := idp.Metadata()
	require.NoError(t, err)
	app, err := saml.New(saml.Config{EntityID: "urn:example:app", ACSURL: "https://app.example.com/saml", Replay: saml.NewMemoryReplayStore(), InsecureAllowHTTP: true})
	require.NoError(t, err)
	provider, err := app.Provider(saml.ProviderConfig{Metadata: metadata})
	require.NoError(t, err)
	return idp, provider
}

// Every kind of login that a pool takes, by the verifiers as they are: the ID tokens of a user pool and of an OpenID provider, and the
// responses of a SAML provider, which are good once and yet serve both calls.
func TestA17_EveryKindOfLogin(t *testing.T) {
	users := userpooltest.New(t)
	ann := users.AddUser("ann@example.com")
	openID := federationtest.NewServer(t, federationtest.Config{Clients: []federationtest.Client{{ID: "app", RedirectURIs: []string{"https://app.example.com/callback"}}}})
	other, err := oidc.New(oidc.Config{Issuer: openID.Issuer(), ClientID: "app", InsecureAllowHTTP: true})
	require.NoError(t, err)
	idp, samlVerifier := samlProvider(t)
	response := func() string {
		text, err := idp.Response("urn:example:app", "ann", "", nil)
		require.NoError(t, err)
		return text
	}
	pool, err := identitypool.New(identitypool.Config{
		ID: poolID, Store: memstore.New(), SessionKey: make([]byte, 32),
		Providers: map[string]identitypool.Provider{
			"users":         {Verifier: identitypool.LoginFunc(users.VerifyIDToken), Revocation: users.Pool},
			"openid":        {Verifier: other},
			samlARN:         {Verifier: samlVerifier},
			"openid/second": {Verifier: other},
		},
		AuthenticatedRole: identitypool.Role{Name: "User", Policies: []string{allowAll}},
		Roles: []identitypool.Role{{Name: "Staff", Policies: []string{allowAll}, TrustPolicy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
			"Principal":{"Federated":"` + samlARN + `"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],
			"Condition":{"StringEquals":{"SAML:aud":"urn:example:app"}}}}`}},
	})
	require.NoError(t, err)
	token := func(subject string) string {
		text, err := openID.IDToken("app", subject)
		require.NoError(t, err)
		return text
	}
	tokens := ann.SignIn()
	identities := map[string]bool{}
	for name, login := range map[string]string{"users": tokens.IDToken, "openid": token("alice"), samlARN: response()} {
		logins := map[string]string{name: login}
		id, err := pool.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
		require.NoError(t, err, name)
		got, err := pool.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
		require.NoError(t, err, name)
		require.Equal(t, id, got.IdentityID, name)
		identities[id] = true
	}
	require.Len(t, identities, 3)

	used := response()
	id, err := pool.GetID(t.Context(), identitypool.GetIDInput{Logins: map[string]string{samlARN: used}})
	require.NoError(t, err)
	_, err = pool.GetID(t.Context(), identitypool.GetIDInput{Logins: map[string]string{samlARN: used}})
	require.ErrorIs(t, err, identitypool.NotAuthorized, "the response was used for an identity")
	in := identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: map[string]string{samlARN: used}}
	_, err = pool.GetCredentialsForIdentity(t.Context(), in)
	require.NoError(t, err)
	_, err = pool.GetCredentialsForIdentity(t.Context(), in)
	require.ErrorIs(t, err, identitypool.NotAuthorized, "and for credentials")

	for name, login := range map[string]string{
		"users": token("alice"), "openid": tokens.IDToken, samlARN: strings.ToLower(response()), "nobody": tokens.IDToken,
	} {
		_, err := pool.GetID(t.Context(), identitypool.GetIDInput{Logins: map[string]string{name: login}})
		require.ErrorIs(t, err, identitypool.NotAuthorized, name)
	}
	_, err = pool.GetID(t.Context(), identitypool.GetIDInput{Logins: map[string]string{"users": tokens.AccessToken}})
	require.ErrorIs(t, err, identitypool.NotAuthorized, "an access token is no login")

	assumed, err := pool.AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{RoleARN: samlRole, PrincipalARN: samlARN, SAMLAssertion: response()})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sts::000000000000:assumed-role/Staff/ann@example.com", assumed.AssumedRoleUser.ARN)
	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{})
	require.NoError(t, err)
	r, err := http.NewRequest(http.MethodGet, "https://app.example.com/notes", nil)
	require.NoError(t, err)
	require.NoError(t, sigv4.Sign(r, nil, sigv4.Credentials{
		AccessKeyID: assumed.Credentials.AccessKeyID, SecretAccessKey: assumed.Credentials.SecretAccessKey, SessionToken: assumed.Credentials.SessionToken,
	}, region, "execute-api", time.Now()))
	caller, err := authorizer.Caller(r)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"team": "red"}, caller.Tags)
}

// A user who signed out, or whom an administrator disabled, gets no more credentials: ServerSideTokenCheck.
func TestA7_TokenRevokedAtTheUserPool(t *testing.T) {
	users := userpooltest.New(t)
	ann := users.AddUser("ann@example.com")
	pool, err := identitypool.New(identitypool.Config{
		ID: poolID, Store: memstore.New(),
		Providers:         map[string]identitypool.Provider{"users": {Verifier: identitypool.LoginFunc(users.VerifyIDToken), Revocation: users.Pool}},
		AuthenticatedRole: identitypool.Role{Name: "User", Policies: []string{allowAll}},
	})
	require.NoError(t, err)
	tokens := ann.SignIn()
	logins := map[string]string{"users": tokens.IDToken}
	id, err := pool.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(t, err)
	require.NoError(t, users.GlobalSignOut(t.Context(), tokens.AccessToken))
	_, err = pool.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	require.NotContains(t, fmt.Sprintf("%v %+v", err, err), tokens.IDToken)
}
