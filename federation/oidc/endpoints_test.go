package oidc_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

func TestR13_TokenEndpoint(t *testing.T) {
	const honest = `{"access_token":"canary-a","token_type":"Bearer","id_token":"canary.b.c"}`
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		text   string
	}{
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere?canary", http.StatusTemporaryRedirect)
		}, "redirect"},
		"found":            {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "redirect"},
		"10 MB":            {raw(200, "application/json", `{"x":"`+strings.Repeat("x", 10<<20)+`"}`), "longer than 1 MiB"},
		"1 MiB and 1 byte": {chunked(strings.Repeat(" ", 1<<20+1)), "longer than 1 MiB"},
		"HTML":             {raw(200, "text/html", honest), "application/json"},
		"text/plain":       {raw(200, "text/plain", honest), "application/json"},
		"form":             {raw(200, "application/x-www-form-urlencoded", "access_token=canary&token_type=Bearer&id_token=x"), "application/json"},
		"no type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = w.Write([]byte(honest))
		}, "application/json"},
		"not JSON":         {raw(200, "application/json", "canary"), "JSON"},
		"array":            {raw(200, "application/json", "["+honest+"]"), "JSON"},
		"duplicate":        {raw(200, "application/json", honest[:len(honest)-1]+`,"id_token":"x"}`), "JSON"},
		"id_token missing": {raw(200, "application/json", `{"access_token":"canary-a","token_type":"Bearer"}`), "id_token"},
		"id_token number":  {raw(200, "application/json", `{"access_token":"canary-a","token_type":"Bearer","id_token":1}`), "id_token"},
		"id_token case":    {raw(200, "application/json", `{"access_token":"canary-a","token_type":"Bearer","ID_TOKEN":"x"}`), "id_token"},
		"mac":              {raw(200, "application/json", strings.Replace(honest, "Bearer", "mac", 1)), "token_type"},
		"no token_type":    {raw(200, "application/json", `{"access_token":"canary-a","id_token":"canary.b.c"}`), "token_type"},
		"no access_token":  {raw(200, "application/json", `{"token_type":"Bearer","id_token":"canary.b.c"}`), "access_token"},
		"header injection": {raw(200, "application/json", strings.Replace(honest, "canary-a", `canary\r\nX: y`, 1)), "access_token"},
		"space in token":   {raw(200, "application/json", strings.Replace(honest, "canary-a", "canary a", 1)), "access_token"},
		"error with 200":   {raw(200, "application/json", `{"error":"invalid_grant","error_description":"no"}`), `"invalid_grant", "no"`},
		"error":            {raw(400, "application/json", `{"error":"invalid_client"}`), "invalid_client"},
		"error in HTML":    {raw(400, "text/html", "canary"), "status 400"},
		"error no code":    {raw(401, "application/json", `{}`), "status 401"},
		"error odd code":   {raw(400, "application/json", `{"error":"<script>"}`), "unrecognized"},
		"500":              {raw(500, "application/json", honest), "status 500"},
		"204":              {raw(204, "application/json", ""), "status 204"},
		"201":              {raw(201, "application/json", honest), "status 201"},
		"hangs up":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			newParty(t, nil).refuses(respondAt(federationtest.EndpointToken, test.answer), oidc.ExchangeFailed, test.text)
		})
	}
}

func chunked(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte(body))
	}
}

func TestR13_OtherEndpoints(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) },
		"long":     chunked(strings.Repeat(" ", 1<<20+1)),
		"html":     raw(200, "text/html", "{}"),
		"not JSON": raw(200, "application/json", "x"),
		"null":     raw(200, "application/json", "null"),
		"500":      raw(500, "application/json", "{}"),
		"401":      raw(401, "application/json", `{"error":"invalid_token"}`),
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t, nil)
			p.refuses(respondAt(federationtest.EndpointUserInfo, answer), oidc.UserInfoFailed, "the userinfo endpoint")
			p = newParty(t, nil)
			p.idp.SetHooks(respondAt(federationtest.EndpointDiscovery, answer))
			_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
			p.refused(err, oidc.DiscoveryFailed, "/.well-known/openid-configuration")
		})
	}
}

func TestSkipUserInfo(t *testing.T) {
	p := newParty(t, func(idp *federationtest.Config, rp *oidc.Config) { rp.SkipUserInfo = true })
	p.idp.SetHooks(respondAt(federationtest.EndpointUserInfo, raw(500, "text/plain", "")))
	_, attributes, err := p.signIn("alice")
	require.NoError(t, err)
	require.NotContains(t, attributes, "email")
}

func TestSlowTokenEndpoint(t *testing.T) {
	release := make(chan struct{})
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
		rp.HTTPClient = &http.Client{Timeout: 50 * time.Millisecond}
	})
	location, pending := p.begin(state)
	callback := p.visit(location, "alice")
	p.idp.SetHooks(respondAt(federationtest.EndpointToken, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.(http.Flusher).Flush()
		<-release
	}))
	defer close(release)
	_, _, err := p.finish(callback, pending)
	p.refused(err, oidc.ExchangeFailed, "the token endpoint")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("canary") }

func TestTransportPanics(t *testing.T) {
	rp, err := oidc.New(oidc.Config{Issuer: "https://idp.example", ClientID: clientID, HTTPClient: &http.Client{Transport: panicking{}}})
	require.NoError(t, err)
	_, _, err = rp.Begin(context.Background(), callbackURL, state)
	require.ErrorIs(t, err, oidc.DiscoveryFailed)
	require.NotContains(t, err.Error(), "canary")
}
