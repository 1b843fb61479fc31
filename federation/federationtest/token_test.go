package federationtest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/federation/federationtest"
)

func redeem(t *testing.T, p *federationtest.Provider, user, password string, form url.Values) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.Issuer()+"/token", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		req.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	if resp.StatusCode == http.StatusUnauthorized {
		require.NotEmpty(t, resp.Header.Get("WWW-Authenticate"))
	}
	var answer map[string]any
	require.NoError(t, json.Unmarshal([]byte(body(t, resp)), &answer))
	return resp.StatusCode, answer
}

func TestTokenErrors(t *testing.T) {
	now := time.Now()
	p := newProvider(t, func(c *federationtest.Config) { c.Now = func() time.Time { return now } })
	verifier := oauth2.GenerateVerifier()
	code := func(withPKCE bool) string {
		to, err := federationtest.SignIn(nil, authorize(p, func(v url.Values) {
			if withPKCE {
				v.Set("code_challenge", oauth2.S256ChallengeFromVerifier(verifier))
				v.Set("code_challenge_method", "S256")
			}
		}), "alice")
		require.NoError(t, err)
		return to.Query().Get("code")
	}
	const secret = "s:e%cret"
	for name, test := range map[string]struct {
		user, password string
		withPKCE       bool
		change         func(url.Values)
		status         int
		want           string
	}{
		"honest":                    {"shop", secret, true, nil, 200, ""},
		"without PKCE":              {"shop", secret, false, func(v url.Values) { v.Del("code_verifier") }, 200, ""},
		"client_id too":             {"shop", secret, true, func(v url.Values) { v.Set("client_id", "shop") }, 200, ""},
		"wrong secret":              {"shop", "x", true, nil, 401, "invalid_client"},
		"no secret":                 {"", "", true, func(v url.Values) { v.Set("client_id", "shop") }, 401, "invalid_client"},
		"nobody":                    {"", "", true, nil, 401, "invalid_client"},
		"two ways":                  {"shop", secret, true, func(v url.Values) { v.Set("client_secret", secret) }, 401, "invalid_client"},
		"two clients":               {"shop", secret, true, func(v url.Values) { v.Set("client_id", "app") }, 401, "invalid_client"},
		"public client's secret":    {"", "", true, func(v url.Values) { v.Set("client_id", "app"); v.Set("client_secret", "x") }, 401, "invalid_client"},
		"other client":              {"", "", true, func(v url.Values) { v.Set("client_id", "app") }, 400, "invalid_grant"},
		"grant type":                {"shop", secret, true, func(v url.Values) { v.Set("grant_type", "password") }, 400, "unsupported_grant_type"},
		"no code":                   {"shop", secret, true, func(v url.Values) { v.Del("code") }, 400, "invalid_grant"},
		"code twice":                {"shop", secret, true, func(v url.Values) { v.Add("code", "x") }, 400, "invalid_request"},
		"redirect_uri":              {"shop", secret, true, func(v url.Values) { v.Set("redirect_uri", "https://shop.example/") }, 400, "invalid_grant"},
		"verifier missing":          {"shop", secret, true, func(v url.Values) { v.Del("code_verifier") }, 400, "invalid_grant"},
		"verifier other":            {"shop", secret, true, func(v url.Values) { v.Set("code_verifier", oauth2.GenerateVerifier()) }, 400, "invalid_grant"},
		"verifier is the challenge": {"shop", secret, true, func(v url.Values) { v.Set("code_verifier", oauth2.S256ChallengeFromVerifier(verifier)) }, 400, "invalid_grant"},
		"verifier not asked":        {"shop", secret, false, nil, 400, "invalid_grant"},
		"late":                      {"shop", secret, true, func(url.Values) { now = now.Add(time.Minute) }, 400, "invalid_grant"},
	} {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code(test.withPKCE)}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		if test.change != nil {
			test.change(form)
		}
		status, answer := redeem(t, p, test.user, test.password, form)
		require.Equal(t, test.status, status, name)
		if test.want == "" {
			require.NotContains(t, answer, "error", name)
		} else {
			require.Equal(t, test.want, answer["error"], name)
		}
	}
	resp, err := http.Post(p.Issuer()+"/token", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.Contains(t, body(t, resp), "invalid_request")
	resp, _ = get(t, p.Issuer()+"/token")
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
}

func TestUserInfo(t *testing.T) {
	now := time.Now()
	p := newProvider(t, func(c *federationtest.Config) { c.Now = func() time.Time { return now } })
	to, err := federationtest.SignIn(nil, authorize(p, func(v url.Values) { v.Set("scope", "openid email") }), "alice")
	require.NoError(t, err)
	_, answer := redeem(t, p, "shop", "s:e%cret", url.Values{"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {callback}})
	token := answer["access_token"].(string)
	ask := func(method, header, form, query string) (int, string, string) {
		req, err := http.NewRequest(method, p.Issuer()+"/userinfo"+query, strings.NewReader(form))
		require.NoError(t, err)
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		if form != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		return resp.StatusCode, resp.Header.Get("WWW-Authenticate"), body(t, resp)
	}
	const want = `{"email":"alice@example.com","email_verified":true,"sub":"alice"}`
	for _, how := range [][4]string{{"GET", "Bearer " + token}, {"POST", "bearer " + token}, {"POST", "", "access_token=" + token}} {
		status, _, text := ask(how[0], how[1], how[2], how[3])
		require.Equal(t, http.StatusOK, status)
		require.JSONEq(t, want, text)
	}
	for _, how := range [][4]string{{"GET"}, {"GET", "Basic " + token}, {"GET", "Bearer "}, {"GET", "Bearer x"}, {"GET", "", "", "?access_token=" + token}} {
		status, challenge, _ := ask(how[0], how[1], how[2], how[3])
		require.Equal(t, http.StatusUnauthorized, status)
		require.Contains(t, challenge, "Bearer")
	}
	status, _, _ := ask("POST", "Bearer "+token, "access_token="+token, "")
	require.Equal(t, http.StatusBadRequest, status)
	now = now.Add(time.Hour)
	status, _, _ = ask("GET", "Bearer "+token, "", "")
	require.Equal(t, http.StatusUnauthorized, status)
}
