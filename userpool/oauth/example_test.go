package oauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/oauth"
)

// Where are the endpoints, and how do they stand beside the other pages of a server?
func ExampleHandler_Patterns() {
	pool, err := userpool.New(userpool.Config{
		Issuer: "https://example.com/pool-1",
		Store:  memstore.New(),
		Sender: userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }),
	})
	if err != nil {
		log.Fatal(err)
	}
	pages := &login{} // in a program: hostedui.New
	endpoints, err := oauth.New(oauth.Config{Pool: pool, Login: pages})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, p := range endpoints.Patterns() {
		mux.Handle(p, endpoints)
		fmt.Println(p)
	}
	// Output:
	// /.well-known/oauth-authorization-server/pool-1
	// /pool-1/.well-known/jwks.json
	// /pool-1/.well-known/openid-configuration
	// /pool-1/logout
	// /pool-1/oauth2/authorize
	// /pool-1/oauth2/revoke
	// /pool-1/oauth2/token
	// /pool-1/oauth2/userInfo
}

// What do clients learn from discovery?
func ExampleNew() {
	srv, _ := exampleServer()
	defer srv.Close()

	res, err := http.Get(srv.URL + "/.well-known/openid-configuration")
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	var metadata map[string]any
	if err := json.NewDecoder(res.Body).Decode(&metadata); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"response_types_supported", "grant_types_supported", "code_challenge_methods_supported", "id_token_signing_alg_values_supported"} {
		fmt.Println(name, metadata[name])
	}
	// Output:
	// response_types_supported [code]
	// grant_types_supported [authorization_code refresh_token]
	// code_challenge_methods_supported [S256]
	// id_token_signing_alg_values_supported [ES256]
}

// How does an application sign its users in?
func Example() {
	srv, session := exampleServer()
	defer srv.Close()
	ctx := context.Background()

	// Once, when the application starts:
	provider, err := oidc.NewProvider(ctx, srv.URL)
	if err != nil {
		log.Fatal(err)
	}
	app := oauth2.Config{
		ClientID:     "web",
		ClientSecret: "a-secret-of-32-random-characters",
		Endpoint:     provider.Endpoint(),
		RedirectURL:  "https://app.example.com/callback",
		Scopes:       []string{oidc.ScopeOpenID, "email"},
	}

	// At the start of a sign-in: keep these three in a cookie of the application, and send the browser to the URL.
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	callback := browser(session, app.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))

	// At the callback: it must be the answer to our question, from the provider that was asked.
	if callback.Get("state") != state || callback.Get("iss") != srv.URL {
		log.Fatal("not our sign-in")
	}
	if reason := callback.Get("error"); reason != "" {
		log.Fatal(reason)
	}
	tokens, err := app.Exchange(ctx, callback.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		log.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
	if err != nil || id.Nonce != nonce {
		log.Fatal("not our ID token: ", err)
	}
	var claims struct{ Email string }
	if err := id.Claims(&claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Email)
	// Output: ada@example.com
}

// How does an application sign its users out?
func ExampleHandler_logout() {
	srv, session := exampleServer()
	defer srv.Close()
	idToken := exampleIDToken(srv.URL, session) // kept from the sign-in

	// End the session of the application, and send the browser to the end_session_endpoint:
	callback := browser(session, srv.URL+"/logout?"+url.Values{
		"id_token_hint":            {idToken},
		"post_logout_redirect_uri": {"https://app.example.com/goodbye"},
		"state":                    {"random"},
	}.Encode())

	// At the goodbye page:
	fmt.Println(callback.Get("state") == "random")
	// Output: true
}

// exampleIDToken signs a person in as Example does.
func exampleIDToken(issuer, session string) string {
	app := oauth2.Config{
		ClientID: "web", ClientSecret: "a-secret-of-32-random-characters", RedirectURL: "https://app.example.com/callback", Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: issuer + "/oauth2/authorize", TokenURL: issuer + "/oauth2/token"},
	}
	verifier := oauth2.GenerateVerifier()
	callback := browser(session, app.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	tokens, err := app.Exchange(context.Background(), callback.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		log.Fatal(err)
	}
	idToken, _ := tokens.Extra("id_token").(string)
	return idToken
}

// exampleServer is a pool with one user, and a browser session of hers.
func exampleServer() (srv *httptest.Server, session string) {
	mux := http.NewServeMux()
	srv = httptest.NewServer(mux)
	pool, err := userpool.New(userpool.Config{
		Issuer: srv.URL,
		Store:  memstore.New(),
		Sender: userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }),
		Settings: userpool.Settings{
			SigningAlgorithm: "ES256",
			Clients: []userpool.Client{{
				ID: "web", Secrets: []string{"a-secret-of-32-random-characters"},
				CallbackURLs: []string{"https://app.example.com/callback"}, LogoutURLs: []string{"https://app.example.com/goodbye"},
			}},
		},
		Hooks: userpool.Hooks{PreSignUp: func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{AutoConfirmUser: true, AutoVerifyEmail: true}, nil
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	h, err := oauth.New(oauth.Config{Pool: pool, Login: &login{}})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range h.Patterns() {
		mux.Handle(p, h)
	}
	ctx := context.Background()
	if _, err := pool.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: password}); err != nil {
		log.Fatal(err)
	}
	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: password, Result: userpool.ResultBrowserSession,
	})
	if err != nil {
		log.Fatal(err)
	}
	return srv, out.BrowserSession
}

// browser opens a URL as the person who is signed in, and returns what it brings to the callback.
func browser(session, target string) url.Values {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		log.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName, Value: session})
	res, err := client.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	location, err := res.Location()
	if err != nil {
		log.Fatal(err)
	}
	return location.Query()
}
