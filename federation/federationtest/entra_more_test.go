package federationtest_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
)

func TestEntraAccessTokens(t *testing.T) {
	e := directory(t, func(c *federationtest.EntraConfig) { c.Apps[1].AccessTokenVersion = 2 })
	tokens := func(scope string) map[string]any {
		values := url.Values{"client_id": {singleApp}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid " + scope},
			"code_challenge": {strings.Repeat("v", 43)}} // plain
		r, err := e.SignIn(nil, e.URL()+"/"+contoso+"/oauth2/v2.0/authorize?"+values.Encode(), "alice@contoso.example")
		require.NoError(t, err)
		_, answer := postToken(t, e, contoso, url.Values{"client_id": {singleApp}, "client_secret": {"s:e%cret"}, "grant_type": {"authorization_code"},
			"code": {r.URL.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {strings.Repeat("v", 43)}})
		require.Contains(t, answer, "access_token", answer)
		return answer
	}
	answer := tokens("api://" + multiApp + "/orders.read")
	claims := payload(t, answer["access_token"].(string))
	require.Equal(t, "openid orders.read", answer["scope"])
	require.Equal(t, multiApp, claims["aud"])
	require.Equal(t, "2.0", claims["ver"])
	require.Equal(t, "orders.read", claims["scp"])
	require.Equal(t, singleApp, claims["azp"])
	claims = payload(t, tokens(singleApp + "/own")["access_token"].(string))
	require.Equal(t, "1.0", claims["ver"], "although the endpoint was that of version 2.0")
	require.Equal(t, "api://"+singleApp, claims["aud"])
	require.Equal(t, "https://sts.windows.net/"+contoso+"/", claims["iss"])

	answer = tokens("https://graph.microsoft.com/.default")
	expires := answer["expires_in"].(float64)
	require.True(t, expires >= 3600 && expires < 5400, expires)
	require.Equal(t, federationtest.GraphAppID, payload(t, answer["access_token"].(string))["aud"])
	r, err := http.NewRequest(http.MethodGet, e.GraphURL()+"/v1.0/me", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+answer["access_token"].(string))
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	var me map[string]any
	require.NoError(t, json.Unmarshal([]byte(body(t, resp)), &me))
	alice, _ := e.User(contoso, "alice@contoso.example")
	require.Equal(t, alice.ObjectID, me["id"])
	require.Equal(t, "alice@contoso.example", me["mail"])
}

func TestEntraOptionalClaims(t *testing.T) {
	e := directory(t, func(c *federationtest.EntraConfig) {
		c.Apps[0].OptionalClaims = []string{"auth_time", "ctry", "family_name", "given_name", "upn", "verified_primary_email", "login_hint"}
		c.Apps[0].GroupMembershipClaims = federationtest.GroupsDirectoryRoles
		c.Tenants[0].Users = append(c.Tenants[0].Users,
			federationtest.EntraUser{UserPrincipalName: "pat_outlook.com#EXT#@contoso.example", Mail: "pat@outlook.com", Guest: true, HomeTenant: federationtest.MSATenantID},
			federationtest.EntraUser{UserPrincipalName: "code#EXT#@contoso.example", Mail: "code@mail.example", Guest: true})
	})
	claimsOf := func(name string) (claims map[string]any) {
		_, err := e.IDToken(singleApp, contoso, name, func(c map[string]any) { claims = c })
		require.NoError(t, err)
		return claims
	}
	claims := claimsOf("alice@contoso.example")
	require.Equal(t, []string{"alice@contoso.example"}, claims["verified_primary_email"])
	require.Equal(t, "Al", claims["given_name"])
	require.Equal(t, "Ice", claims["family_name"])
	require.Equal(t, "alice@contoso.example", claims["upn"])
	require.NotContains(t, claims, "groups")
	require.NotContains(t, claims, "idp")
	require.NotContains(t, claimsOf("nomad@contoso.example"), "verified_primary_email")
	require.Len(t, claimsOf("many@contoso.example")["wids"], 1)
	require.Equal(t, "live.com", claimsOf("pat@outlook.com")["idp"])
	require.Equal(t, "mail", claimsOf("code@mail.example")["idp"])
	again, ok := e.User(contoso, claims["login_hint"].(string))
	require.True(t, ok)
	require.Equal(t, "alice@contoso.example", again.UserPrincipalName)
	_, err := e.IDToken(contoso, contoso, "alice@contoso.example", nil)
	require.Error(t, err)
	_, err = e.IDToken(singleApp, "nowhere", "alice@contoso.example", nil)
	require.ErrorContains(t, err, "AADSTS90002")

	// What changes and what does not, when somebody is renamed.
	before := claimsOf("alice@contoso.example")
	renamed, _ := e.User(contoso, "alice@contoso.example")
	renamed.UserPrincipalName, renamed.Mail = "victim@contoso.example", "victim@contoso.example"
	require.NoError(t, e.SetUser(contoso, renamed))
	after := claimsOf("victim@contoso.example")
	require.Equal(t, before["oid"], after["oid"])
	require.Equal(t, before["sub"], after["sub"])
	require.NotEqual(t, before["email"], after["email"])
	require.Error(t, e.SetUser("nowhere", renamed))
	renamed.ObjectID = contoso
	require.ErrorContains(t, e.SetUser(contoso, renamed), "two users")
}

func TestEntraHintsAndAccounts(t *testing.T) {
	e := directory(t, nil)
	start := func(hint string) string {
		return e.URL() + "/common/oauth2/v2.0/authorize?" + url.Values{"client_id": {multiApp}, "redirect_uri": {callback}, "response_type": {"code"},
			"scope": {"openid"}, "client_info": {"1"}, "domain_hint": {hint}}.Encode()
	}
	for hint, names := range map[string][2]string{
		"":                 {"alice@contoso.example", "nobody"},
		"consumers":        {"pat@outlook.com", "alice@contoso.example"},
		"organizations":    {"alice@contoso.example", "pat@outlook.com"},
		"fabrikam.example": {"eve@fabrikam.example", "alice@contoso.example"},
	} {
		_, page := get(t, start(hint))
		require.Contains(t, page, names[0], hint)
		require.NotContains(t, page, names[1], hint)
	}
	_, page := get(t, start(""))
	require.NotContains(t, page, "#EXT#", "a guest signs in at home")

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	r, err := e.SignIn(client, start(""), "alice@contoso.example")
	require.NoError(t, err)
	require.NotEmpty(t, r.URL.Query().Get("client_info"))
	session := r.URL.Query().Get("session_state")
	r, err = e.SignIn(client, start("")+"&prompt=login", "alice@contoso.example")
	require.NoError(t, err)
	require.Equal(t, session, r.URL.Query().Get("session_state"), "signing in again is the same session")
	r, err = e.SignIn(client, start("")+"&prompt=select_account", "pat@outlook.com")
	require.NoError(t, err)
	require.NotEqual(t, session, r.URL.Query().Get("session_state"))
	// The session of a personal account is of no use at an organization.
	_, err = e.SignIn(client, e.URL()+"/organizations/oauth2/v2.0/authorize?"+url.Values{"client_id": {multiApp}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid"}, "prompt": {"none"}}.Encode(), "")
	require.NoError(t, err)

	token, err := e.SignPersonal(map[string]any{"iss": e.Issuer(federationtest.MSATenantID)})
	require.NoError(t, err)
	honest, err := e.Sign(map[string]any{"iss": e.Issuer(federationtest.MSATenantID)})
	require.NoError(t, err)
	require.NotEqual(t, strings.Split(token, ".")[0], strings.Split(honest, ".")[0], "another kid")
}
