package federationtest_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/stepwell/stepwell/federation/federationtest"
)

// A provider for a demonstration, at a path of the application's own server.
func ExampleNew() {
	provider, err := federationtest.New(federationtest.Config{
		Issuer: "http://localhost:8080/idp",
		Clients: []federationtest.Client{{
			ID: "shop", Secret: "secret", RedirectURIs: []string{"http://localhost:8080/callback"},
		}},
		Users: []federationtest.User{{
			Subject: "248289761001",
			Claims:  map[string]any{"name": "Jane Doe", "email": "jane@example.com", "email_verified": true},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/idp/", provider)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/idp/.well-known/openid-configuration", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 application/json
}

// A provider that does wrong.
func ExampleHooks() {
	provider, err := federationtest.New(federationtest.Config{Issuer: "http://localhost:8080", Algorithm: "ES256"})
	if err != nil {
		log.Fatal(err)
	}
	provider.SetHooks(federationtest.Hooks{
		// ID tokens for somebody else, and expired at that.
		MutateIDToken: func(claims map[string]any) {
			claims["aud"] = "another-client"
			claims["exp"] = 0
		},
		// The issuer that RFC 9207 asks for is left out.
		MutateRedirect: func(parameters url.Values) { parameters.Del("iss") },
		// The userinfo endpoint is down.
		Respond: func(endpoint string, w http.ResponseWriter, r *http.Request) bool {
			if endpoint != federationtest.EndpointUserInfo {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		},
	})
	w := httptest.NewRecorder()
	provider.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/userinfo", nil))
	fmt.Println(w.Code)
	// Output: 503
}
