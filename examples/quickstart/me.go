package main

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/middleware"
)

// private is a protected page: the middleware has made sure that somebody is signed in.
func (a *app) private(r *http.Request) (view, error) {
	claims, _ := middleware.FromContext(r.Context())
	return view{template: "private", Title: "A protected page", Data: struct {
		Name   string
		Claims string
	}{displayName(claims), pretty(claims)}}, nil
}

// oauth is this program as a client of the pool's OpenID Connect endpoints, as an application elsewhere would be.
func (a *app) oauth() *oauth2.Config {
	return &oauth2.Config{
		ClientID:    clientID,
		Endpoint:    oauth2.Endpoint{AuthURL: a.base + "/oauth2/authorize", TokenURL: a.base + "/oauth2/token", AuthStyle: oauth2.AuthStyleInParams},
		RedirectURL: a.base + "/me/callback",
		Scopes:      []string{"openid", "email", "profile"},
	}
}

// pendingCookie keeps state, nonce and PKCE verifier in the browser until it is back.
const pendingCookie = "quickstart-pending"

// beginMe sends the browser to the authorization endpoint.
func (a *app) beginMe(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	http.SetCookie(w, &http.Cookie{
		Name: pendingCookie, Value: state + "." + nonce + "." + verifier, Path: "/me", MaxAge: 600, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	request := a.oauth().AuthCodeURL(state, oauth2.SetAuthURLParam("nonce", nonce), oauth2.S256ChallengeOption(verifier))
	http.Redirect(w, r, request, http.StatusSeeOther)
}

// forgetPending lets a browser come back once.
func forgetPending(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: pendingCookie, Path: "/me", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		next.ServeHTTP(w, r)
	})
}

// redeem checks what the browser came back with, and exchanges the code for tokens. The claims are those of the ID token.
func (a *app) redeem(r *http.Request) (tokens *oauth2.Token, id map[string]any, err error) {
	again := func(text string) (*oauth2.Token, map[string]any, error) {
		return nil, nil, &problem{Text: text, Again: "/me"}
	}
	cookie, err := r.Cookie(pendingCookie)
	if err != nil {
		return again("This page has been shown already, or was not asked for in this browser. A code is good for one use: get another one.")
	}
	state, rest, _ := strings.Cut(cookie.Value, ".")
	nonce, verifier, _ := strings.Cut(rest, ".")
	q := r.URL.Query()
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(q.Get("state"))) != 1 {
		return again("This page was asked for in another tab, or not at all.")
	}
	if q.Get("iss") != a.pool.Issuer() { // RFC 9207: the answer of another server
		return again("The answer does not come from the authorization server that was asked.")
	}
	if q.Get("error") != "" {
		return again("The authorization server refused: " + q.Get("error_description") + " (" + q.Get("error") + ").")
	}
	tokens, err = a.oauth().Exchange(r.Context(), q.Get("code"), oauth2.VerifierOption(verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode == "invalid_grant" {
		return again("The code is not valid, or not any more.")
	}
	if err != nil {
		return nil, nil, err
	}
	idToken, _ := tokens.Extra("id_token").(string)
	id, err = a.pool.VerifyIDToken(r.Context(), idToken)
	if err != nil {
		return nil, nil, err
	}
	if id["aud"] != clientID || id["nonce"] != nonce {
		return again("The ID token is for another application or another sign-in.")
	}
	return tokens, id, nil
}

// finishMe calls the APIs with the tokens: one with credentials that it gets for the ID token, one with the access token.
func (a *app) finishMe(r *http.Request) (view, error) {
	tokens, id, err := a.redeem(r)
	if err != nil {
		return view{}, err
	}
	access, err := a.pool.VerifyAccessToken(r.Context(), tokens.AccessToken)
	if err != nil {
		return view{}, err
	}
	e, err := a.callAsUser(r.Context(), tokens.Extra("id_token").(string))
	if err != nil {
		return view{}, err
	}
	return view{template: "me", Title: "The API as yourself", Data: struct {
		ID, Access, Curl string
		exchange
	}{pretty(id), pretty(access), "curl -H 'Authorization: Bearer " + tokens.AccessToken + "' " + a.base + "/api/me", e}}, nil
}

// displayName is what people recognise themselves by.
func displayName(claims map[string]any) string {
	for _, name := range []string{"email", "name", "username"} {
		if s, ok := claims[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func pretty(claims map[string]any) string {
	out, err := json.MarshalIndent(claims, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(out)
}
