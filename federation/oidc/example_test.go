package oidc_test

import (
	"context"
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
