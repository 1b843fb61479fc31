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

// pendingCookie keeps state and PKCE verifier in the browser until it is back.
const pendingCookie = "quickstart-pending"

// beginMe sends the browser to the authorization endpoint.
func (a *app) beginMe(w http.ResponseWriter, r *http.Request) {
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	http.SetCookie(w, &http.Cookie{
		Name: pendingCookie, Value: state + "." + verifier, Path: "/me", MaxAge: 600, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, a.oauth().AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
}

// finishMe exchanges the code for tokens, and the ID token for temporary credentials.
func (a *app) finishMe(r *http.Request) (view, error) {
	cookie, err := r.Cookie(pendingCookie)
	if err != nil {
		return view{}, errors.New("this page was not asked for here, or too long ago: go back and press the button again")
	}
	state, verifier, _ := strings.Cut(cookie.Value, ".")
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(r.URL.Query().Get("state"))) != 1 {
		return view{}, errors.New("this page was asked for in another browser or tab: go back and press the button again")
	}
	tokens, err := a.oauth().Exchange(r.Context(), r.URL.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return view{}, err
	}
	idToken, _ := tokens.Extra("id_token").(string)
	id, err := a.pool.VerifyIDToken(r.Context(), idToken)
	if err != nil {
		return view{}, err
	}
	access, err := a.pool.VerifyAccessToken(r.Context(), tokens.AccessToken)
	if err != nil {
		return view{}, err
	}
	e, err := a.callAsUser(r.Context(), idToken)
	if err != nil {
		return view{}, err
	}
	return view{template: "me", Title: "The API as yourself", Data: struct {
		ID, Access, Curl string
		exchange
	}{pretty(id), pretty(access), "curl -H 'Authorization: Bearer " + tokens.AccessToken + "' " + a.base + "/api/me", e}}, nil
}

// displayName is what a person recognises himself by.
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
