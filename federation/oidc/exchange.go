package oidc

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// maxToken bounds an access token, which is to fit into a request header.
const maxToken = 64 << 10

// tokens are what the token endpoint gave for a code. They end with Finish. id is
// "" at a provider that only speaks OAuth 2.0.
type tokens struct{ access, id string }

// exchange redeems code (RFC 6749 section 4.1.3, with PKCE). oauth2 writes the
// request; the answer reaches it through a tokenTransport.
func (p *Provider) exchange(ctx context.Context, m *metadata, s *pending, code string) (*tokens, error) {
	const what = "the token endpoint"
	ctx, cancel := context.WithTimeout(ctx, p.fetch.client.Timeout)
	defer cancel()
	shown, err := p.authenticate(ctx, m)
	if err != nil {
		return nil, err
	}
	basic := url.QueryEscape(p.config.ClientID) + ":" + url.QueryEscape(shown.secret) // RFC 6749 section 2.3.1
	secrets := []string{code, s.Verifier, base64.StdEncoding.EncodeToString([]byte(basic)), shown.secret, shown.assertion}
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(s.Verifier)}
	if shown.assertion != "" {
		options = append(options, oauth2.SetAuthURLParam("client_assertion_type", assertionType),
			oauth2.SetAuthURLParam("client_assertion", shown.assertion))
	}
	client := p.fetch.through(&tokenTransport{base: p.fetch.client.Transport, oauthOnly: m.oauthOnly})
	answer, err := p.oauth(m, s, shown.secret).Exchange(context.WithValue(ctx, oauth2.HTTPClient, client), code, options...)
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return nil, fail(ExchangeFailed, "%s refused the code", what).withProvider(refused.ErrorCode, refused.ErrorDescription, secrets...)
	}
	if err != nil {
		return nil, failCause(ExchangeFailed, what, err, secrets...)
	}
	id, _ := answer.Extra("id_token").(string)
	return &tokens{access: answer.AccessToken, id: id}, nil
}

// tokenTransport stands between oauth2 and the token endpoint. oauth2 is
// lenient: it reads forms and plain text, ignores the case of names, takes the
// last of two, and keeps the body in its errors. What it gets from here is a
// new document of the members that were understood.
type tokenTransport struct {
	base      http.RoundTripper
	oauthOnly bool
}

func (t *tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Accept", "application/json")
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && (resp.StatusCode < 400 || resp.StatusCode > 499) {
		return nil, statusError(resp)
	}
	body, err := readJSON(resp)
	if err == nil {
		body, err = rewriteTokenResponse(body, resp.StatusCode == http.StatusOK, t.oauthOnly)
	}
	if err != nil && resp.StatusCode != http.StatusOK {
		return nil, statusError(resp)
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: resp.Status, StatusCode: resp.StatusCode,
		Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}, nil
}

// rewriteTokenResponse checks a token response (RFC 6749 section 5.1, OpenID
// Connect Core section 3.1.3.3) or error (section 5.2) and writes it anew. Where
// the provider only speaks OAuth 2.0, an id_token is neither needed nor kept.
func rewriteTokenResponse(body []byte, ok, oauthOnly bool) ([]byte, error) {
	object, err := jose.DecodeObject(body)
	if err != nil {
		return nil, err
	}
	text := func(name string) string { s, _ := object[name].(string); return s }
	if !ok || object["error"] != nil {
		code, description := text("error"), text("error_description")
		if details, nested := object["error"].(map[string]any); nested && oauthOnly { // Facebook's own form
			code, _ = details["type"].(string)
			description, _ = details["message"].(string)
		}
		if code == "" {
			return nil, fmt.Errorf("its answer has no error code")
		}
		return json.Marshal(map[string]string{"error": code, "error_description": description})
	}
	access, tokenType, id := text("access_token"), text("token_type"), text("id_token")
	switch {
	case !strings.EqualFold(tokenType, "Bearer"):
		return nil, fmt.Errorf("its answer has the token_type %q; only Bearer is supported", plain(tokenType, maxCode))
	case access == "" || len(access) > maxToken || !plaintext.PrintableASCII(access) || strings.Contains(access, " "):
		return nil, fmt.Errorf("its answer has no usable access_token")
	case oauthOnly:
		return json.Marshal(map[string]string{"access_token": access, "token_type": "Bearer"})
	case id == "":
		return nil, fmt.Errorf("its answer has no id_token; is openid among the scopes the client may ask for?")
	}
	return json.Marshal(map[string]string{"access_token": access, "token_type": "Bearer", "id_token": id})
}
