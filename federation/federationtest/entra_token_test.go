package federationtest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/federation/federationtest"
)

func TestEntraOverageAndGraph(t *testing.T) {
	e := directory(t, nil)
	claims, token := signInOIDC(t, e, contoso, singleApp, "s:e%cret", "many@contoso.example")
	require.NotContains(t, claims, "groups")
	require.Equal(t, map[string]any{"groups": "src1"}, claims["_claim_names"])
	require.Contains(t, fmt.Sprint(claims["_claim_sources"]), "https://graph.windows.net/")
	require.Len(t, claims["wids"], 1)
	claims, _ = signInOIDC(t, e, contoso, singleApp, "s:e%cret", "some@contoso.example")
	require.Len(t, claims["groups"], 151)

	ask := func(token, path, body string) (int, map[string]any) {
		r, err := http.NewRequest(http.MethodPost, e.GraphURL()+path, strings.NewReader(body))
		require.NoError(t, err)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		var answer map[string]any
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		resp.Body.Close()
		return resp.StatusCode, answer
	}
	const all, security = `{"securityEnabledOnly":false}`, `{"securityEnabledOnly":true}`
	many, _ := e.User(contoso, "many@contoso.example")
	mine := "/v1.0/users/" + many.ObjectID + "/getMemberObjects"
	status, answer := ask(token.AccessToken, mine, all)
	require.Equal(t, 200, status)
	require.Len(t, answer["value"], 202, "with the directory role")
	status, answer = ask(token.AccessToken, mine, security)
	require.Equal(t, 200, status)
	require.Len(t, answer["value"], 201)
	_, answer = ask(token.AccessToken, "/v1.0/me/getMemberGroups", all)
	require.Len(t, answer["value"], 201)

	alice, _ := e.User(contoso, "alice@contoso.example")
	short, err := e.GraphToken(multiApp, contoso, "many@contoso.example", "User.Read")
	require.NoError(t, err)
	application, err := e.GraphToken(singleApp, contoso, "", "Directory.Read.All")
	require.NoError(t, err)
	foreign, err := e.GraphToken(multiApp, fabrikam, "", "Directory.Read.All")
	require.NoError(t, err)
	idToken, err := e.IDToken(singleApp, contoso, "alice@contoso.example", nil)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		token, path, body string
		status            int
		code              string
	}{
		"no token":      {"", mine, all, 401, "InvalidAuthenticationToken"},
		"an id token":   {idToken, mine, all, 401, "InvalidAuthenticationToken"},
		"scope":         {short, mine, all, 403, "Authorization_RequestDenied"},
		"somebody else": {token.AccessToken, "/v1.0/users/" + alice.ObjectID + "/getMemberObjects", all, 403, "Authorization_RequestDenied"},
		"nobody":        {application, "/v1.0/users/" + contoso + "/getMemberObjects", all, 404, "Request_ResourceNotFound"},
		"other tenant":  {foreign, mine, all, 404, "Request_ResourceNotFound"},
		"me of an app":  {application, "/v1.0/me/getMemberObjects", all, 400, "BadRequest"},
		"no body":       {token.AccessToken, mine, "", 400, "BadRequest"},
		"no parameter":  {token.AccessToken, mine, "{}", 400, "BadRequest"},
		"action":        {token.AccessToken, "/v1.0/me/delete", all, 400, "BadRequest"},
	} {
		status, answer := ask(test.token, test.path, test.body)
		require.Equal(t, test.status, status, name)
		require.Equal(t, test.code, answer["error"].(map[string]any)["code"], name)
	}
	status, _ = ask(application, "/v1.0/users/"+alice.ObjectID+"/getMemberGroups", security)
	require.Equal(t, 200, status)

	huge := federationtest.EntraUser{UserPrincipalName: "huge@contoso.example", Groups: guids(11_001)}
	require.NoError(t, e.SetUser(contoso, huge))
	huge, _ = e.User(contoso, "huge@contoso.example")
	status, answer = ask(application, "/v1.0/users/"+huge.ObjectID+"/getMemberObjects", all)
	require.Equal(t, 400, status)
	require.Contains(t, fmt.Sprint(answer), "ResultSizeLimitExceeded")
	huge.Groups = guids(11_000)
	require.NoError(t, e.SetUser(contoso, huge))
	status, answer = ask(application, "/v1.0/users/"+huge.ObjectID+"/getMemberObjects", all)
	require.Equal(t, 200, status)
	require.Len(t, answer["value"], 11_000)
}

func TestEntraNestedAndUnifiedGroups(t *testing.T) {
	ids := guids(4)
	e := directory(t, func(c *federationtest.EntraConfig) {
		c.Tenants[0].Groups = []federationtest.EntraGroup{{ID: ids[0], MemberOf: []string{ids[1]}}, {ID: ids[1], MemberOf: []string{ids[0], ids[2]}}, {ID: ids[2], Unified: true}}
		c.Tenants[0].Users = append(c.Tenants[0].Users, federationtest.EntraUser{UserPrincipalName: "nested@contoso.example", Groups: []string{ids[0]}})
	})
	var claims map[string]any
	keep := func(c map[string]any) { claims = c }
	_, err := e.IDToken(singleApp, contoso, "nested@contoso.example", keep)
	require.NoError(t, err)
	require.Equal(t, ids[:3], claims["groups"])
	_, err = e.IDToken(singleApp, contoso, "alice@contoso.example", keep)
	require.NoError(t, err)
	require.Equal(t, ids[:3], claims["groups"])
	require.NoError(t, e.AddApp(federationtest.EntraApp{ClientID: singleApp, GroupMembershipClaims: federationtest.GroupsOfApplication, AssignedGroups: ids[1:2]}))
	_, err = e.IDToken(singleApp, contoso, "alice@contoso.example", keep)
	require.NoError(t, err)
	require.Equal(t, ids[1:2], claims["groups"])
}

// post asks the token endpoint.
func postToken(t *testing.T, e *federationtest.Entra, tenant string, form url.Values) (int, map[string]any) {
	t.Helper()
	resp, err := http.PostForm(e.URL()+"/"+tenant+"/oauth2/v2.0/token", form)
	require.NoError(t, err)
	var answer map[string]any
	require.NoError(t, json.Unmarshal([]byte(body(t, resp)), &answer))
	return resp.StatusCode, answer
}

// assertion is a client assertion, signed by PS256 with x5t#S256, or as header and change say.
func assertion(t *testing.T, e *federationtest.Entra, change func(header, claims map[string]any)) string {
	t.Helper()
	key, certificate := spKey()
	sum := sha256.Sum256(certificate.Raw)
	now := time.Now().Unix()
	header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
	claims := map[string]any{"iss": singleApp, "sub": singleApp, "aud": e.URL() + "/" + contoso + "/oauth2/v2.0/token", "jti": "1", "nbf": now, "exp": now + 600}
	if change != nil {
		change(header, claims)
	}
	part := func(v any) string {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	input := part(header) + "." + part(claims)
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if header["alg"] == "RS256" {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	}
	require.NoError(t, err)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestEntraClientAuthentication(t *testing.T) {
	key, certificate := spKey()
	e := directory(t, func(c *federationtest.EntraConfig) {
		c.Apps[0].FederatedCredentials = []federationtest.FederatedCredential{{Issuer: "https://ci.example", Subject: "repo", Keys: []crypto.PublicKey{&key.PublicKey}}}
	})
	base := func(change func(url.Values)) url.Values {
		form := url.Values{"client_id": {singleApp}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"}}
		change(form)
		return form
	}
	withAssertion := func(change func(header, claims map[string]any)) url.Values {
		return base(func(v url.Values) {
			v.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			v.Set("client_assertion", assertion(t, e, change))
		})
	}
	sum1 := sha1.Sum(certificate.Raw)
	federated := func(change func(claims map[string]any)) url.Values {
		return withAssertion(func(header, claims map[string]any) {
			delete(header, "x5t#S256")
			claims["iss"], claims["sub"], claims["aud"] = "https://ci.example", "repo", "api://AzureADTokenExchange"
			change(claims)
		})
	}
	for name, test := range map[string]struct {
		form url.Values
		code int
	}{
		"secret":    {base(func(v url.Values) { v.Set("client_secret", "s:e%cret") }), 0},
		"wrong":     {base(func(v url.Values) { v.Set("client_secret", "x") }), 7000215},
		"expired":   {base(func(v url.Values) { v.Set("client_secret", "old") }), 7000222},
		"none":      {base(func(url.Values) {}), 7000218},
		"unknown":   {base(func(v url.Values) { v.Set("client_id", contoso) }), 700016},
		"no client": {base(func(v url.Values) { v.Del("client_id") }), 900144},
		"assertion": {withAssertion(nil), 0},
		"RS256 x5t": {withAssertion(func(h, _ map[string]any) {
			delete(h, "x5t#S256")
			h["alg"], h["x5t"] = "RS256", base64.RawURLEncoding.EncodeToString(sum1[:])
		}), 0},
		"unknown key": {withAssertion(func(h, _ map[string]any) { h["x5t#S256"] = "x" }), 700027},
		"algorithm":   {withAssertion(func(h, _ map[string]any) { h["alg"] = "none" }), 700027},
		"audience":    {withAssertion(func(_, c map[string]any) { c["aud"] = "https://other.example" }), 700023},
		"late":        {withAssertion(func(_, c map[string]any) { c["exp"] = time.Now().Unix() - 600 }), 700024},
		"early":       {withAssertion(func(_, c map[string]any) { c["nbf"] = time.Now().Unix() + 900 }), 700024},
		"no exp":      {withAssertion(func(_, c map[string]any) { delete(c, "exp") }), 700024},
		"subject":     {withAssertion(func(_, c map[string]any) { c["sub"] = multiApp }), 700021},
		"malformed": {base(func(v url.Values) {
			v.Set("client_assertion", "x")
			v.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		}), 50027},
		"type":          {base(func(v url.Values) { v.Set("client_assertion", "x") }), 50027},
		"federated":     {federated(func(map[string]any) {}), 0},
		"federated iss": {federated(func(c map[string]any) { c["iss"] = "https://evil.example" }), 700211},
		"federated sub": {federated(func(c map[string]any) { c["sub"] = "fork" }), 700213},
		"federated aud": {federated(func(c map[string]any) { c["aud"] = "x" }), 700212},
		"federated key": {withAssertion(func(h, c map[string]any) {
			h["alg"], c["iss"], c["sub"], c["aud"] = "ES256", "https://ci.example", "repo", "api://AzureADTokenExchange"
		}), 7002381},
		"grant":            {base(func(v url.Values) { v.Set("client_secret", "s:e%cret"); v.Set("grant_type", "password") }), 70003},
		"scope":            {base(func(v url.Values) { v.Set("client_secret", "s:e%cret"); v.Set("scope", "User.Read") }), 1002012},
		"unknown resource": {base(func(v url.Values) { v.Set("client_secret", "s:e%cret"); v.Set("scope", "api://x/.default") }), 500011},
	} {
		status, answer := postToken(t, e, contoso, test.form)
		if test.code == 0 {
			require.Equal(t, 200, status, "%s: %v", name, answer)
			continue
		}
		require.GreaterOrEqual(t, status, 400, name)
		require.Equal(t, []any{float64(test.code)}, answer["error_codes"], name)
		require.Regexp(t, fmt.Sprintf(`^AADSTS%d: .* Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$`, test.code), answer["error_description"])
		require.NotContains(t, fmt.Sprint(answer), "s:e%cret")
	}
	issuer := newProvider(t, nil) // another issuer altogether: the module's fake OpenID provider
	require.NoError(t, e.AddApp(federationtest.EntraApp{ClientID: singleApp, FederatedCredentials: []federationtest.FederatedCredential{
		{Issuer: issuer.Issuer(), Subject: "repo", Keys: issuer.PublicKeys()},
	}}))
	external, err := issuer.Sign(map[string]any{"iss": issuer.Issuer(), "sub": "repo", "aud": "api://AzureADTokenExchange", "exp": time.Now().Unix() + 60})
	require.NoError(t, err)
	status, answer := postToken(t, e, contoso, base(func(v url.Values) {
		v.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		v.Set("client_assertion", external)
	}))
	require.Equal(t, 200, status, answer)

	_, answer = postToken(t, e, "nowhere.example", base(func(url.Values) {}))
	require.Equal(t, []any{float64(90002)}, answer["error_codes"])
	_, answer = postToken(t, e, fabrikam, base(func(v url.Values) { v.Set("client_secret", "s:e%cret") }))
	require.Equal(t, []any{float64(700016)}, answer["error_codes"])
}

func TestEntraCodes(t *testing.T) {
	e := directory(t, nil)
	code := func() string {
		_, client := oauthFor(t, e, contoso, singleApp, "")
		r, err := e.SignIn(nil, client.AuthCodeURL("s", oauth2.S256ChallengeOption(strings.Repeat("v", 43))), "alice@contoso.example")
		require.NoError(t, err)
		return r.URL.Query().Get("code")
	}
	for name, test := range map[string]struct {
		change func(url.Values)
		code   int
	}{
		"good":          {func(url.Values) {}, 0},
		"verifier":      {func(v url.Values) { v.Set("code_verifier", strings.Repeat("w", 43)) }, 501481},
		"no verifier":   {func(v url.Values) { v.Del("code_verifier") }, 501481},
		"redirect":      {func(v url.Values) { v.Set("redirect_uri", "https://shop.example/") }, 500112},
		"unknown":       {func(v url.Values) { v.Set("code", "x") }, 70008},
		"missing":       {func(v url.Values) { v.Del("code") }, 900144},
		"other app":     {func(v url.Values) { v.Set("client_id", multiApp); v.Set("client_secret", "secret") }, 700005},
		"twice a field": {func(v url.Values) { v.Add("code", "x") }, 9000411},
	} {
		form := url.Values{"client_id": {singleApp}, "client_secret": {"s:e%cret"}, "grant_type": {"authorization_code"}, "code": {code()},
			"redirect_uri": {callback}, "code_verifier": {strings.Repeat("v", 43)}, "scope": {"openid profile offline_access"}}
		test.change(form)
		_, answer := postToken(t, e, contoso, form)
		if test.code != 0 {
			require.Equal(t, []any{float64(test.code)}, answer["error_codes"], name)
			continue
		}
		require.Equal(t, "openid profile email GroupMember.Read.All User.Read", answer["scope"])
		refresh := answer["refresh_token"].(string)
		_, again := postToken(t, e, contoso, form)
		require.Equal(t, []any{float64(54005)}, again["error_codes"])
		status, again := postToken(t, e, contoso, url.Values{"client_id": {singleApp}, "client_secret": {"s:e%cret"}, "grant_type": {"refresh_token"}, "refresh_token": {refresh}})
		require.Equal(t, 200, status)
		require.NotEmpty(t, again["id_token"])
	}
}
