package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

// Verifying an ID token that a mobile application obtained.
func ExampleProvider_VerifyLogin() {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	idp, err := federationtest.New(federationtest.Config{
		Issuer:  server.URL,
		Clients: []federationtest.Client{{ID: "app"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/", idp)
	token, err := idp.IDToken("app", "bob")
	if err != nil {
		log.Fatal(err)
	}

	provider, err := oidc.New(oidc.Config{Issuer: server.URL, ClientID: "app", InsecureAllowHTTP: true})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := provider.VerifyLogin(context.Background(), token)
	fmt.Println(claims["sub"], err)

	_, err = provider.VerifyLogin(context.Background(), token[:len(token)-8]+"AAAAAAAA")
	fmt.Println(errors.Is(err, oidc.InvalidToken))
	// Output:
	// bob <nil>
	// true
}

// Telling apart what went wrong.
func ExampleError() {
	_, err := oidc.New(oidc.Config{Issuer: "http://idp.example", ClientID: "shop"})
	fmt.Println(err)
	fmt.Println(errors.Is(err, oidc.InvalidConfig))
	// Output:
	// oidc: Issuer "http://idp.example" uses http; only https is accepted, unless InsecureAllowHTTP is set for a provider on this machine
	// true
}

// Authenticating the client by a key in the place of a secret. The key is read from
// where the program keeps its secrets; the provider has its public half.
func ExampleNewClientAssertion() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	assertion, err := oidc.NewClientAssertion(oidc.ClientAssertionConfig{ClientID: "shop", Key: key, KeyID: "shop-2026"})
	if err != nil {
		log.Fatal(err)
	}
	provider, err := oidc.New(oidc.Config{Issuer: "https://idp.example", ClientID: "shop", ClientAssertion: assertion})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(provider.Issuer())
	// Output: https://idp.example
}

// Letting customers register their own providers.
func ExamplePublicOnly() {
	provider, err := oidc.New(oidc.Config{
		Issuer:     "https://127.0.0.1:8443/internal", // as a customer typed it
		ClientID:   "shop",
		HTTPClient: &http.Client{Transport: oidc.PublicOnly()},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = provider.Begin(context.Background(), "https://shop.example/callback", "k3uYw0sQ1dGJm5H2bXc7Rf9Zt4Va8Le6")
	fmt.Println(err)
	// Output: oidc: reading https://127.0.0.1:8443/internal/.well-known/openid-configuration: dial tcp 127.0.0.1:8443: 127.0.0.1:8443: the address is not on the public Internet
}

// A provider of OAuth 2.0 with an interface of its own.
func ExampleNewOAuth() {
	provider, err := oidc.NewOAuth(oidc.OAuthConfig{
		Issuer:           "https://forum.example",
		AuthorizationURL: "https://forum.example/oauth/authorize",
		TokenURL:         "https://forum.example/oauth/token",
		ClientID:         "shop",
		ClientSecret:     "from-the-forum",
		Scopes:           []string{"identity"},
		Profile: func(ctx context.Context, api *oidc.API) (map[string]any, error) {
			person, err := api.Get(ctx, "https://forum.example/api/me")
			if err != nil {
				return nil, err
			}
			return map[string]any{"sub": person["id"], "name": person["display_name"]}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(provider.Issuer())
	// Output: https://forum.example
}
