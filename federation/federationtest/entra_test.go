package federationtest_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/federation/federationtest"
)

const (
	contoso   = "11111111-2222-4333-8444-555555555555"
	fabrikam  = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	singleApp = "10000000-0000-4000-8000-000000000001"
	multiApp  = "10000000-0000-4000-8000-000000000002"
	samlApp   = "10000000-0000-4000-8000-000000000003"
	entraSP   = "urn:amazon:cognito:sp:pool"
)

// directory is an Entra with two organizations, a guest, a personal account and three apps.
func directory(t *testing.T, adjust func(*federationtest.EntraConfig)) *federationtest.Entra {
	t.Helper()
	_, certificate := spKey()
	config := federationtest.EntraConfig{
		Tenants: []federationtest.EntraTenant{
			{ID: contoso, DisplayName: "Contoso", Domains: []string{"contoso.example"}, Users: []federationtest.EntraUser{
				{UserPrincipalName: "alice@contoso.example", Mail: "alice@contoso.example", DisplayName: "Alice", GivenName: "Al", Surname: "Ice", Groups: guids(3)},
				{UserPrincipalName: "nomad@contoso.example", Mail: "victim@fabrikam.example", DisplayName: "Nomad"},
				{UserPrincipalName: "many@contoso.example", Groups: guids(201), DirectoryRoles: []string{"62e90394-69f5-4237-9190-012177145e10"}},
				{UserPrincipalName: "some@contoso.example", Groups: guids(151)},
				{UserPrincipalName: "eve_fabrikam.example#EXT#@contoso.example", Mail: "eve@fabrikam.example", Guest: true, HomeTenant: fabrikam},
				{UserPrincipalName: "gone@contoso.example", Disabled: true},
				{UserPrincipalName: "mfa@contoso.example", MFA: true},
			}},
			{ID: fabrikam, Domains: []string{"fabrikam.example"}, Users: []federationtest.EntraUser{
				{UserPrincipalName: "eve@fabrikam.example", Mail: "eve@fabrikam.example", DisplayName: "Eve"},
			}},
			{ID: federationtest.MSATenantID, Users: []federationtest.EntraUser{{UserPrincipalName: "pat@outlook.com", Mail: "pat@outlook.com", DisplayName: "Pat"}}},
		},
		Apps: []federationtest.EntraApp{
			{ClientID: singleApp, RedirectURIs: []string{callback, "http://localhost:1/cb"}, Secrets: []string{"s:e%cret"}, ExpiredSecrets: []string{"old"},
				Certificates: []*x509.Certificate{certificate}, LogoutURL: "https://shop.example/front",
				OptionalClaims: []string{"sid", "acct", "login_hint", "email", "xms_edov"}, GroupMembershipClaims: federationtest.GroupsAll,
				AppRoles: map[string][]string{"alice@contoso.example": {"Admin"}}, IDTokenImplicit: true,
				GraphPermissions: []string{"User.Read", "GroupMember.Read.All"}, GraphApplicationPermissions: []string{"User.Read.All", "GroupMember.Read.All"}},
			{ClientID: multiApp, SignInAudience: federationtest.AudienceOrgsAndPersonal, RedirectURIs: []string{callback}, Secrets: []string{"secret"}},
			{ClientID: samlApp, DisplayName: "Shop", GroupMembershipClaims: federationtest.GroupsSecurity, SAML: &federationtest.EntraSAML{
				Identifiers: []string{spEntity, entraSP}, ReplyURLs: []string{spACS}, LogoutURL: spSLO, RelayState: "/start",
			}},
		},
	}
	if adjust != nil {
		adjust(&config)
	}
	return federationtest.NewEntraServer(t, config)
}

func guids(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
	}
	return list
}

// oauthFor is an outside client for an authority.
func oauthFor(t *testing.T, e *federationtest.Entra, tenant, clientID, secret string, scopes ...string) (*gooidc.Provider, oauth2.Config) {
	t.Helper()
	at := e.URL() + "/" + tenant + "/v2.0"
	// As go-oidc wants it for Entra: the issuer of common is a template.
	resp, err := http.Get(at + "/.well-known/openid-configuration")
	require.NoError(t, err)
	var metadata struct{ Issuer string }
	require.NoError(t, json.Unmarshal([]byte(body(t, resp)), &metadata))
	ctx := gooidc.InsecureIssuerURLContext(context.Background(), metadata.Issuer)
	provider, err := gooidc.NewProvider(ctx, at)
	require.NoError(t, err)
	if scopes == nil {
		scopes = []string{"openid", "profile", "email"}
	}
	return provider, oauth2.Config{ClientID: clientID, ClientSecret: secret, RedirectURL: callback, Endpoint: provider.Endpoint(), Scopes: scopes}
}

// signInOIDC signs in with an outside client and returns the claims that it accepted.
func signInOIDC(t *testing.T, e *federationtest.Entra, tenant, clientID, secret, name string, scopes ...string) (map[string]any, *oauth2.Token) {
	t.Helper()
	provider, client := oauthFor(t, e, tenant, clientID, secret, scopes...)
	verifier := oauth2.GenerateVerifier()
	r, err := e.SignIn(nil, client.AuthCodeURL("state", gooidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier)), name)
	require.NoError(t, err)
	query := r.URL.Query()
	require.Equal(t, "state", query.Get("state"))
	require.NotEmpty(t, query.Get("session_state"))
	require.False(t, query.Has("iss"), "Entra does not know RFC 9207")
	token, err := client.Exchange(context.Background(), query.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	compact, ok := token.Extra("id_token").(string)
	require.True(t, ok)
	id, err := provider.Verifier(&gooidc.Config{ClientID: clientID, SkipIssuerCheck: true}).Verify(context.Background(), compact)
	require.NoError(t, err)
	require.Equal(t, "nonce", id.Nonce)
	var claims map[string]any
	require.NoError(t, id.Claims(&claims))
	require.Equal(t, e.Issuer(claims["tid"].(string)), id.Issuer)
	return claims, token
}

func TestEntraOutside(t *testing.T) {
	e := directory(t, nil)
	claims, token := signInOIDC(t, e, contoso, singleApp, "s:e%cret", "alice@contoso.example")
	alice, ok := e.User(contoso, "alice@contoso.example")
	require.True(t, ok)
	for name, want := range map[string]any{
		"ver": "2.0", "tid": contoso, "oid": alice.ObjectID, "preferred_username": "alice@contoso.example", "name": "Alice",
		"email": "alice@contoso.example", "acct": float64(0), "xms_edov": true, "roles": []any{"Admin"},
	} {
		require.Equal(t, want, claims[name], name)
	}
	require.Len(t, claims["groups"], 3)
	require.NotEmpty(t, claims["sid"])
	require.NotEqual(t, alice.ObjectID, claims["sub"])
	again, _ := signInOIDC(t, e, "contoso.example", singleApp, "s:e%cret", alice.ObjectID)
	require.Equal(t, claims["sub"], again["sub"], "by domain, and by object ID")
	require.NotEmpty(t, token.AccessToken)
	provider, _ := oauthFor(t, e, contoso, singleApp, "")
	info, err := provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
	require.NoError(t, err)
	require.Equal(t, claims["sub"], info.Subject)

	// The same person is somebody else for another app, and needs profile for oid.
	other, _ := signInOIDC(t, e, "common", multiApp, "secret", "alice@contoso.example", "openid", "email")
	require.NotEqual(t, claims["sub"], other["sub"])
	require.NotContains(t, other, "oid")
	require.NotContains(t, other, "sid")
	require.Equal(t, "alice@contoso.example", other["email"])

	guest, _ := signInOIDC(t, e, contoso, singleApp, "s:e%cret", "eve@fabrikam.example")
	require.Equal(t, float64(1), guest["acct"])
	require.Equal(t, e.IssuerV1(fabrikam), guest["idp"])
	require.Equal(t, contoso, guest["tid"])
	home, _ := signInOIDC(t, e, "organizations", multiApp, "secret", "eve@fabrikam.example")
	require.Equal(t, fabrikam, home["tid"])
	require.NotEqual(t, guest["oid"], home["oid"])

	personal, _ := signInOIDC(t, e, "common", multiApp, "secret", "pat@outlook.com")
	require.Equal(t, federationtest.MSATenantID, personal["tid"])
	require.Regexp(t, "^00000000-0000-0000-", personal["oid"])
	personal, _ = signInOIDC(t, e, "consumers", multiApp, "secret", "pat@outlook.com")
	require.Equal(t, federationtest.MSATenantID, personal["tid"])
}

func TestEntraUnverifiedEmail(t *testing.T) {
	e := directory(t, nil)
	claims, _ := signInOIDC(t, e, contoso, multiApp, "secret", "nomad@contoso.example")
	require.NotContains(t, claims, "email", "an app for several organizations gets no address that nobody verified")
	claims, _ = signInOIDC(t, e, contoso, singleApp, "s:e%cret", "nomad@contoso.example")
	require.Equal(t, "victim@fabrikam.example", claims["email"])
	require.Equal(t, false, claims["xms_edov"])
	app := federationtest.EntraApp{ClientID: multiApp, SignInAudience: federationtest.AudienceMultipleOrgs, RedirectURIs: []string{callback}, Secrets: []string{"secret"},
		KeepUnverifiedEmail: true, OptionalClaims: []string{"xms_edov"}, EDOVAsText: true}
	require.NoError(t, e.AddApp(app))
	claims, _ = signInOIDC(t, e, contoso, multiApp, "secret", "nomad@contoso.example")
	require.Equal(t, "victim@fabrikam.example", claims["email"])
	require.Equal(t, "0", claims["xms_edov"])
	claims, _ = signInOIDC(t, e, contoso, multiApp, "secret", "alice@contoso.example")
	require.Equal(t, "1", claims["xms_edov"])
}

func TestEntraAuthorizeErrors(t *testing.T) {
	e := directory(t, func(c *federationtest.EntraConfig) {
		c.Apps = append(c.Apps, federationtest.EntraApp{ClientID: "10000000-0000-4000-8000-000000000009", RedirectURIs: []string{callback}, AssignmentRequired: true, Public: true})
	})
	address := func(tenant string, change func(url.Values)) string {
		values := url.Values{"client_id": {singleApp}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}}
		change(values)
		return e.URL() + "/" + tenant + "/oauth2/v2.0/authorize?" + values.Encode()
	}
	for code, start := range map[int]string{
		90002:   address("nowhere.example", func(url.Values) {}),
		900144:  address(contoso, func(v url.Values) { v.Del("client_id") }),
		700016:  address(fabrikam, func(url.Values) {}),
		50011:   address(contoso, func(v url.Values) { v.Set("redirect_uri", "https://evil.example/") }),
		50194:   address("common", func(url.Values) {}),
		9002346: address("consumers", func(url.Values) {}),
		9000411: address(contoso, func(v url.Values) { v.Add("state", "t") }),
	} {
		resp, page := get(t, start)
		require.Equal(t, 400, resp.StatusCode, code)
		require.Contains(t, page, fmt.Sprintf("AADSTS%d: ", code))
		require.Contains(t, page, "Correlation Id")
	}
	for code, change := range map[int]func(url.Values){
		70005:  func(v url.Values) { v.Set("response_type", "token") },
		50058:  func(v url.Values) { v.Set("prompt", "none") },
		90023:  func(v url.Values) { v.Set("prompt", "please") },
		901002: func(v url.Values) { v.Set("request", "x") },
		900144: func(v url.Values) { v.Del("scope") },
		65001:  func(v url.Values) { v.Set("scope", "openid Mail.Send") },
		28000:  func(v url.Values) { v.Set("scope", "api://"+multiApp+"/a api://"+singleApp+"/b") },
		70007:  func(v url.Values) { v.Set("response_type", "id_token"); v.Set("response_mode", "query") },
	} {
		resp, _ := get(t, address(contoso, change))
		require.Equal(t, 302, resp.StatusCode, code)
		to, err := resp.Location()
		require.NoError(t, err)
		require.Equal(t, "s", to.Query().Get("state"))
		require.Contains(t, to.Query().Get("error_description"), fmt.Sprintf("AADSTS%d: ", code))
		require.NotEmpty(t, to.Query().Get("error"))
	}
	for name, want := range map[string]string{
		"eve@fabrikam.example": "", "pat@outlook.com": "AADSTS50020", "nobody@contoso.example": "AADSTS50034", "gone@contoso.example": "AADSTS50057",
	} {
		_, err := e.SignIn(nil, address(contoso, func(url.Values) {}), name)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
	assigned := address(contoso, func(v url.Values) {
		v.Set("client_id", "10000000-0000-4000-8000-000000000009")
		v.Set("code_challenge", strings.Repeat("a", 43))
		v.Set("code_challenge_method", "S256")
	})
	_, err := e.SignIn(nil, assigned, "alice@contoso.example")
	require.ErrorContains(t, err, "AADSTS50105")
	r, err := e.SignIn(nil, address(contoso, func(url.Values) {}), federationtest.Cancel)
	require.NoError(t, err)
	require.Equal(t, "access_denied", r.URL.Query().Get("error"))
	require.Equal(t, "cancel", r.URL.Query().Get("error_subcode"))

	e.SetHooks(federationtest.EntraHooks{Refuse: func(endpoint string, _ *http.Request) *federationtest.EntraError {
		return &federationtest.EntraError{Code: 53003, OAuth: "access_denied", Message: "Access has been blocked by Conditional Access policies.", Back: true}
	}})
	r, err = e.SignIn(nil, address(contoso, func(url.Values) {}), "alice@contoso.example")
	require.NoError(t, err)
	require.Contains(t, r.URL.Query().Get("error_description"), "AADSTS53003")
}

func TestEntraResponseModes(t *testing.T) {
	e := directory(t, nil)
	start := func(change func(url.Values)) string {
		values := url.Values{"client_id": {singleApp}, "redirect_uri": {callback}, "response_type": {"code id_token"}, "scope": {"openid profile"}, "state": {"s"}, "nonce": {"n"}}
		change(values)
		return e.URL() + "/" + contoso + "/oauth2/v2.0/authorize?" + values.Encode()
	}
	r, err := e.SignIn(nil, start(func(v url.Values) { v.Set("response_mode", "form_post") }), "many@contoso.example")
	require.NoError(t, err)
	require.Equal(t, http.MethodPost, r.Method)
	require.NoError(t, r.ParseForm())
	require.NotEmpty(t, r.PostForm.Get("code"))
	claims := payload(t, r.PostForm.Get("id_token"))
	require.Equal(t, true, claims["hasgroups"])
	require.NotEmpty(t, claims["c_hash"])
	r, err = e.SignIn(nil, start(func(url.Values) {}), "alice@contoso.example")
	require.NoError(t, err)
	fragment, err := url.ParseQuery(r.URL.Fragment)
	require.NoError(t, err)
	require.Len(t, payload(t, fragment.Get("id_token"))["groups"], 3)
	require.False(t, r.URL.Query().Has("code"))
}

func payload(t *testing.T, compact string) map[string]any {
	t.Helper()
	parts := strings.Split(compact, ".")
	require.Len(t, parts, 3)
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(data, &claims))
	return claims
}

func TestEntraSessionsAndLogout(t *testing.T) {
	e := directory(t, nil)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	start := func(change func(url.Values)) string {
		values := url.Values{"client_id": {singleApp}, "redirect_uri": {callback}, "response_type": {"code id_token"}, "response_mode": {"form_post"},
			"scope": {"openid profile"}, "state": {"s"}, "nonce": {"n"}}
		change(values)
		return e.URL() + "/" + contoso + "/oauth2/v2.0/authorize?" + values.Encode()
	}
	r, err := e.SignIn(client, start(func(url.Values) {}), "alice@contoso.example")
	require.NoError(t, err)
	require.NoError(t, r.ParseForm())
	token := r.PostForm.Get("id_token")
	sid := payload(t, token)["sid"].(string)
	r, err = e.SignIn(client, start(func(v url.Values) { v.Set("prompt", "none") }), "nobody is asked")
	require.NoError(t, err)
	require.NoError(t, r.ParseForm())
	require.Equal(t, sid, payload(t, r.PostForm.Get("id_token"))["sid"])
	r, err = e.SignIn(client, start(func(v url.Values) { v.Set("prompt", "none"); v.Set("login_hint", "eve@fabrikam.example") }), "")
	require.NoError(t, err)
	require.NoError(t, r.ParseForm())
	require.Equal(t, "login_required", r.PostForm.Get("error"))

	logout := e.URL() + "/" + contoso + "/oauth2/v2.0/logout?"
	out, err := e.SignOut(client, logout+url.Values{"logout_hint": {"eve@fabrikam.example"}}.Encode())
	require.NoError(t, err)
	require.Empty(t, out.Frames, "another account's session stays")
	out, err = e.SignOut(client, logout+url.Values{"post_logout_redirect_uri": {callback}, "id_token_hint": {token}, "state": {"a b"}}.Encode())
	require.NoError(t, err)
	require.Equal(t, callback+"&state=a+b", out.Next)
	front, err := e.FrontChannelLogout(singleApp, contoso, sid)
	require.NoError(t, err)
	require.Equal(t, []string{front}, out.Frames)
	require.Contains(t, front, "sid="+sid)
	out, err = e.SignOut(client, logout+url.Values{"post_logout_redirect_uri": {callback}}.Encode())
	require.NoError(t, err)
	require.Equal(t, &federationtest.EntraSignedOut{Next: callback}, out)
	out, err = e.SignOut(client, logout+url.Values{"post_logout_redirect_uri": {"https://evil.example/"}}.Encode())
	require.NoError(t, err)
	require.Equal(t, &federationtest.EntraSignedOut{}, out)
}

func TestEntraDiscoveryAndKeys(t *testing.T) {
	e := directory(t, nil)
	read := func(path string) map[string]any {
		resp, err := http.Get(e.URL() + path)
		require.NoError(t, err)
		var document map[string]any
		require.NoError(t, json.Unmarshal([]byte(body(t, resp)), &document))
		return document
	}
	for path, issuer := range map[string]string{
		"/common/v2.0":          e.URL() + "/{tenantid}/v2.0",
		"/organizations/v2.0":   e.URL() + "/{tenantid}/v2.0",
		"/consumers/v2.0":       e.URL() + "/" + federationtest.MSATenantID + "/v2.0",
		"/contoso.example/v2.0": e.URL() + "/" + contoso + "/v2.0",
		"/common":               "https://sts.windows.net/{tenantid}/",
		"/" + contoso:           "https://sts.windows.net/" + contoso + "/",
	} {
		require.Equal(t, issuer, read(path + "/.well-known/openid-configuration")["issuer"], path)
	}
	require.Equal(t, []any{float64(90002)}, read("/x/v2.0/.well-known/openid-configuration")["error_codes"])
	require.Contains(t, read("/contoso.example/v2.0/.well-known/openid-configuration?appid=x")["jwks_uri"], "/"+contoso+"/discovery/v2.0/keys?appid=x")
	issuers := func(path string) (list []string) {
		for _, key := range read(path)["keys"].([]any) {
			key := key.(map[string]any)
			require.NotContains(t, key, "alg")
			require.Equal(t, key["kid"], key["x5t"])
			issuer, _ := key["issuer"].(string)
			list = append(list, strings.TrimPrefix(issuer, e.URL()))
		}
		return list
	}
	require.Equal(t, []string{"/{tenantid}/v2.0", "/" + federationtest.MSATenantID + "/v2.0"}, issuers("/common/discovery/v2.0/keys"))
	require.Equal(t, []string{"/{tenantid}/v2.0"}, issuers("/organizations/discovery/v2.0/keys"))
	require.Equal(t, []string{"/" + contoso + "/v2.0"}, issuers("/contoso.example/discovery/v2.0/keys"))
	require.Equal(t, []string{""}, issuers("/"+contoso+"/discovery/keys"))
	require.NoError(t, e.AddKey())
	require.Len(t, issuers("/"+contoso+"/discovery/v2.0/keys"), 2)
	before, err := e.Sign(map[string]any{"a": 1})
	require.NoError(t, err)
	e.UseNewestKey()
	after, err := e.Sign(map[string]any{"a": 1})
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	e.RetireKeys()
	require.Len(t, issuers("/"+contoso+"/discovery/v2.0/keys"), 1)

	e.SetHooks(federationtest.EntraHooks{
		MutateIDToken:   func(claims map[string]any) { claims["iss"] = e.Issuer(fabrikam) },
		MutateDiscovery: func(authority string, d map[string]any) { d["for"] = authority },
		MutateKeys:      func(_ string, set map[string]any) { set["keys"] = []any{} },
	})
	token, err := e.IDToken(singleApp, contoso, "alice@contoso.example", nil)
	require.NoError(t, err)
	require.Equal(t, contoso, payload(t, token)["tid"])
	require.Equal(t, e.Issuer(fabrikam), payload(t, token)["iss"])
	require.Equal(t, "common", read("/common/v2.0/.well-known/openid-configuration")["for"])
	require.Empty(t, issuers("/common/discovery/v2.0/keys"))
	raw, err := e.SignWith(map[string]any{"alg": "none", "kid": nil}, map[string]any{})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(raw, base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))))
}

func TestEntraVersion1(t *testing.T) {
	e := directory(t, nil)
	values := url.Values{"client_id": {singleApp}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s"}, "nonce": {"n"}, "resource": {"https://graph.microsoft.com"}}
	r, err := e.SignIn(nil, e.URL()+"/"+contoso+"/oauth2/authorize?"+values.Encode(), "alice@contoso.example")
	require.NoError(t, err)
	resp, err := http.PostForm(e.URL()+"/"+contoso+"/oauth2/token", url.Values{"client_id": {singleApp}, "client_secret": {"s:e%cret"}, "grant_type": {"authorization_code"},
		"code": {r.URL.Query().Get("code")}, "redirect_uri": {callback}})
	require.NoError(t, err)
	var answer map[string]any
	require.NoError(t, json.Unmarshal([]byte(body(t, resp)), &answer))
	require.IsType(t, "", answer["expires_in"])
	claims := payload(t, answer["id_token"].(string))
	require.Equal(t, "1.0", claims["ver"])
	require.Equal(t, "https://sts.windows.net/"+contoso+"/", claims["iss"])
	require.Equal(t, "alice@contoso.example", claims["upn"])
	provider := gooidc.NewVerifier("https://sts.windows.net/"+contoso+"/", gooidc.NewRemoteKeySet(context.Background(), e.URL()+"/"+contoso+"/discovery/keys"), &gooidc.Config{ClientID: singleApp})
	_, err = provider.Verify(context.Background(), answer["id_token"].(string))
	require.NoError(t, err)
}

func TestEntraAsTheCloud(t *testing.T) {
	e := directory(t, func(c *federationtest.EntraConfig) {
		c.LoginURL, c.GraphURL = "https://login.microsoftonline.us", "https://graph.microsoft.us"
	})
	resp, err := e.HTTPClient().Get("https://login.microsoftonline.us/" + contoso + "/v2.0/.well-known/openid-configuration")
	require.NoError(t, err)
	text := body(t, resp)
	require.Contains(t, text, `"issuer":"https://login.microsoftonline.us/`+contoso+`/v2.0"`)
	require.Contains(t, text, `"userinfo_endpoint":"https://graph.microsoft.us/oidc/userinfo"`)
	values := url.Values{"client_id": {singleApp}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}}
	r, err := e.SignIn(e.HTTPClient(), e.URL()+"/"+contoso+"/oauth2/v2.0/authorize?"+values.Encode(), "alice@contoso.example")
	require.NoError(t, err)
	require.NotEmpty(t, r.URL.Query().Get("code"))
}

func TestEntraPage(t *testing.T) {
	e := directory(t, nil)
	values := url.Values{"client_id": {singleApp}, "redirect_uri": {"http://localhost:4711/cb"}, "response_type": {"code"}, "scope": {"openid"}, "login_hint": {"mfa@contoso.example"}}
	resp, page := get(t, e.URL()+"/"+contoso+"/oauth2/v2.0/authorize?"+values.Encode())
	require.Equal(t, 200, resp.StatusCode, page)
	mfa, _ := e.User(contoso, "mfa@contoso.example")
	for _, want := range []string{"Pick an account", `value="` + contoso + "/" + mfa.ObjectID + `" checked`, `for="other"`, `value="cancel"`, "<legend>"} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "gone@")
	require.NotContains(t, page, "eve@fabrikam.example\" checked")
	flow := page[strings.Index(page, `name="flow" value="`)+19:]
	flow = flow[:strings.Index(flow, `"`)]
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(e.URL()+"/"+contoso+"/login", url.Values{"flow": {flow}, "user": {contoso + "/" + mfa.ObjectID}, "action": {"sign-in"}})
	require.NoError(t, err)
	require.Equal(t, 302, resp.StatusCode)
	require.True(t, slices.Contains(resp.Header.Values("Cache-Control"), "no-store"))
}

func TestNewEntraRefuses(t *testing.T) {
	for name, config := range map[string]federationtest.EntraConfig{
		"no url":   {},
		"tenant":   {LoginURL: "http://localhost", Tenants: []federationtest.EntraTenant{{ID: "x"}}},
		"domains":  {LoginURL: "http://localhost", Tenants: []federationtest.EntraTenant{{ID: contoso}}},
		"twice":    {LoginURL: "http://localhost", Tenants: []federationtest.EntraTenant{{ID: contoso, Domains: []string{"a"}}, {ID: contoso, Domains: []string{"b"}}}},
		"user":     {LoginURL: "http://localhost", Tenants: []federationtest.EntraTenant{{ID: contoso, Domains: []string{"a"}, Users: []federationtest.EntraUser{{}}}}},
		"app":      {LoginURL: "http://localhost", Apps: []federationtest.EntraApp{{ClientID: "x"}}},
		"audience": {LoginURL: "http://localhost", Apps: []federationtest.EntraApp{{ClientID: singleApp, SignInAudience: "x"}}},
		"groups":   {LoginURL: "http://localhost", Apps: []federationtest.EntraApp{{ClientID: singleApp, GroupMembershipClaims: "x"}}},
		"home":     {LoginURL: "http://localhost", Apps: []federationtest.EntraApp{{ClientID: singleApp, Tenant: "x"}}},
		"redirect": {LoginURL: "http://localhost", Apps: []federationtest.EntraApp{{ClientID: singleApp, RedirectURIs: []string{"/x"}}}},
		"saml":     {LoginURL: "http://localhost", Apps: []federationtest.EntraApp{{ClientID: singleApp, SAML: &federationtest.EntraSAML{}}}},
	} {
		_, err := federationtest.NewEntra(config)
		require.ErrorContains(t, err, "federationtest: ", name)
	}
}
