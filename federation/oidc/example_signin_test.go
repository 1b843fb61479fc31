package oidc_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"sync"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

// signIns is where an application keeps sign-ins that are under way. One that
// runs in several processes keeps them in a database, for some minutes.
type signIns struct {
	mu      sync.Mutex
	pending map[string][]byte
}

func (s *signIns) put(state string, pending []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[state] = pending
}

// take returns a sign-in once.
func (s *signIns) take(state string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := s.pending[state]
	delete(s.pending, state)
	return pending
}

// A web application with sign-in at a provider.
func ExampleProvider() {
	// A provider to try it with. In production, its issuer is the only thing
	// to change.
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	idp, err := federationtest.New(federationtest.Config{
		Issuer:  server.URL + "/idp",
		Clients: []federationtest.Client{{ID: "shop", Secret: "secret", RedirectURIs: []string{server.URL + "/callback"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/idp/", idp)

	provider, err := oidc.New(oidc.Config{
		Issuer:            server.URL + "/idp",
		ClientID:          "shop",
		ClientSecret:      "secret",
		InsecureAllowHTTP: true, // the provider is on this machine
	})
	if err != nil {
		log.Fatal(err)
	}
	store := &signIns{pending: make(map[string][]byte)}

	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		state := rand.Text()
		next, pending, err := provider.Begin(r.Context(), server.URL+"/callback", state)
		if err != nil {
			http.Error(w, "Sign-in is not available now.", http.StatusServiceUnavailable)
			return
		}
		store.put(state, pending)
		// The cookie binds the state to this browser. Over https it is named
		// "__Host-state" and Secure.
		http.SetCookie(w, &http.Cookie{Name: "state", Value: state, Path: "/", MaxAge: 600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		next.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		state := r.FormValue("state")
		cookie, err := r.Cookie("state")
		if err != nil || cookie.Value != state {
			http.Error(w, "This sign-in was not begun in this browser.", http.StatusBadRequest)
			return
		}
		subject, attributes, err := provider.Finish(r, store.take(state))
		if errors.Is(err, oidc.AccessDenied) {
			http.Error(w, "You did not sign in.", http.StatusForbidden)
			return
		}
		if err != nil {
			log.Print(err)
			http.Error(w, "Signing in did not work.", http.StatusBadGateway)
			return
		}
		// The account is the pair of issuer and subject.
		fmt.Fprintf(w, "%s is %s", subject, attributes["email"][0])
	})

	// What a person does.
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	callback, err := federationtest.SignIn(browser, server.URL+"/login", "alice")
	if err != nil {
		log.Fatal(err)
	}
	resp, err := browser.Get(callback.String())
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, string(text))
	// Output: 200 alice is alice@example.com
}
