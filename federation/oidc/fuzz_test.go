package oidc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/internal/signin"
)

func FuzzParseMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"issuer":"https://idp.example","authorization_endpoint":"https://idp.example/a","token_endpoint":"https://idp.example/t","jwks_uri":"https://idp.example/k"}`,
		`{"issuer":"https://idp.example","authorization_endpoint":"https://idp.example/a","token_endpoint":"https://idp.example/t","jwks_uri":"https://idp.example/k","userinfo_endpoint":"https://idp.example/u","token_endpoint_auth_methods_supported":["client_secret_post"],"authorization_response_iss_parameter_supported":true}`,
		`{"issuer":"https://idp.example","authorization_endpoint":"javascript:alert(1)","token_endpoint":"http://idp.example/t","jwks_uri":"https://u:p@idp.example/k#f"}`,
		`{"issuer":"https://idp.example/","issuer":"https://idp.example"}`,
		`{"issuer":null,"response_types_supported":{}}`, `{}`, `[]`, ``, `{"\u0069ssuer":"https://idp.example"}`,
	} {
		f.Add([]byte(seed))
	}
	config := &Config{Issuer: "https://idp.example", ClientID: "shop", ClientSecret: "secret"}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMetadata(data, config)
		if err != nil {
			return
		}
		var document struct {
			Issuer string `json:"issuer"`
		}
		require.NoError(t, json.Unmarshal(data, &document))
		for _, endpoint := range []string{m.authorizationEndpoint, m.tokenEndpoint, m.jwksURI} {
			u, err := url.Parse(endpoint)
			require.NoError(t, err)
			require.Equal(t, "https", u.Scheme)
			require.NotEmpty(t, u.Host)
			require.Nil(t, u.User)
		}
	})
}

func FuzzTokenResponse(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"a","token_type":"Bearer","id_token":"x.y.z","expires_in":3600}`,
		`{"access_token":"a","token_type":"bearer","id_token":"x.y.z","ID_TOKEN":"other"}`,
		`{"access_token":"a b","token_type":"mac","id_token":1}`,
		`{"error":"invalid_grant","error_description":"no\u0000"}`, `{"error":{}}`, `{"error":null}`, `{}`, `null`, ``,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, ok bool) {
		body, err := rewriteTokenResponse(data, ok, false)
		if err != nil {
			return
		}
		var response map[string]string
		require.NoError(t, json.Unmarshal(body, &response), "only strings come through")
		if response["error"] != "" {
			require.Len(t, response, 2)
			return
		}
		require.True(t, ok)
		require.Equal(t, "Bearer", response["token_type"])
		require.NotEmpty(t, response["id_token"])
		require.NotContains(t, response["access_token"], "\n")
		require.NotContains(t, response["access_token"], " ")
	})
}

func FuzzParsePending(f *testing.F) {
	good, err := (&pending{
		Version: "2", Issuer: "i", ClientID: "c", Callback: "u", State: "s", Nonce: "n", Verifier: "v", Begun: "1700000000", Reauth: "no",
	}).marshal()
	require.NoError(f, err)
	for _, seed := range []string{string(good), `{"v":"2"}`, `{}`, `null`, ``, strings.Replace(string(good), `"2"`, `2`, 1),
		strings.Replace(string(good), `"nonce"`, `"Nonce"`, 1), string(good) + string(good)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parsePending(data)
		if err != nil {
			require.ErrorIs(t, err, InvalidPending)
			return
		}
		require.Equal(t, "2", s.Version)
		again, err := s.marshal()
		require.NoError(t, err)
		same, err := parsePending(again)
		require.NoError(t, err)
		require.Equal(t, s, same)
	})
}

func FuzzCallback(f *testing.F) {
	for _, seed := range []string{
		"code=c&state=s&iss=https%3A%2F%2Fidp.example", "error=access_denied&state=s", "code=c&code=d&state=s",
		"code=c;state=s", "code=%zz", "", "code=c&error=x", "iss=&iss=", "code=%00&state=s",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	const verifier = "canary-verifier"
	s := &pending{State: signin.Hash("s"), Verifier: verifier}
	f.Fuzz(func(t *testing.T, query string, post bool) {
		p := &Provider{config: Config{Issuer: "https://idp.example"}, formPost: post}
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: query}}
		if post {
			r = httptest.NewRequest(http.MethodPost, "/callback", strings.NewReader(query))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		c, err := p.readCallback(r)
		if err != nil {
			require.ErrorIs(t, err, InvalidResponse)
			return
		}
		err = p.judgeCallback(c, s, &metadata{issInResponse: true})
		if err != nil {
			for _, r := range err.Error() {
				require.True(t, unicode.IsPrint(r), "%q", err)
			}
			return
		}
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		require.Equal(t, []string{c.code}, values["code"])
		require.Equal(t, []string{"s"}, values["state"])
		require.Equal(t, []string{"https://idp.example"}, values["iss"])
		require.False(t, values.Has("error"))
	})
}

func FuzzParseSession(f *testing.F) {
	p := &Provider{config: Config{Issuer: "https://idp.example", ClientID: "shop"}}
	good, err := p.Session(&SignIn{endable: true, IDToken: "a.b.c", Claims: map[string]any{"login_hint": "x"}})
	require.NoError(f, err)
	for _, seed := range []string{string(good), `{"v":"1"}`, `{}`, `null`, ``, strings.Replace(string(good), `"1"`, `1`, 1), string(good) + string(good)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := p.parseSession(data)
		if err != nil {
			require.ErrorIs(t, err, InvalidSession)
			return
		}
		require.Equal(t, "https://idp.example", s.Issuer)
		require.Equal(t, "shop", s.ClientID)
		require.NotEmpty(t, s.IDToken)
	})
}

func FuzzTenantIssuer(f *testing.F) {
	const tenant = "aaaaaaaa-0000-4000-8000-00000000000a"
	for _, seed := range [][3]string{
		{"https://login.example/" + tenant + "/v2.0", tenant, "https://login.example/{tenantid}/v2.0"},
		{"https://login.example/{tenantid}/v2.0", "{tenantid}", "https://login.example/{tenantid}/v2.0"},
		{"https://login.example//v2.0", "", ""}, {"https://evil.example/", strings.ToUpper(tenant), "https://evil.example/{tenantid}"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	const template = "https://login.example/{tenantid}/v2.0"
	rule := &TenantRule{Allowed: func(string) bool { return true }}
	f.Fuzz(func(t *testing.T, issuer, tid, keyIssuer string) {
		if rule.owns(template, issuer) {
			require.Regexp(t, `^https://login\.example/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/v2\.0$`, issuer)
		}
		got, err := rule.issuer(template, keyIssuer, map[string]any{"tid": tid, "iss": issuer})
		if err != nil {
			return
		}
		require.Equal(t, "https://login.example/"+tid+"/v2.0", got)
		require.True(t, rule.owns(template, got))
		require.Contains(t, []string{template, got}, keyIssuer)
	})
}
