package saml_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/saml"
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

// A web application with sign-in at an identity provider.
func ExampleProvider() {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()

	// Who we are.
	sp, err := saml.New(saml.Config{
		EntityID: "urn:example:shop",
		ACSURL:   server.URL + "/saml2/idpresponse",
		Replay:   saml.NewMemoryReplayStore(), // in production, the database
		// The identity provider is on this machine:
		InsecureAllowHTTP: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/saml2/metadata", sp.MetadataHandler())

	// An identity provider to try it with. In production, its metadata URL is
	// the only thing to change.
	metadata, err := sp.Metadata()
	if err != nil {
		log.Fatal(err)
	}
	registered, err := federationtest.ServiceProviderFromMetadata(metadata)
	if err != nil {
		log.Fatal(err)
	}
	idp, err := federationtest.NewSAML(federationtest.SAMLConfig{
		BaseURL: server.URL + "/idp", ServiceProviders: []federationtest.ServiceProvider{registered},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/idp/", idp)

	provider, err := sp.Provider(saml.ProviderConfig{MetadataURL: idp.MetadataURL()})
	if err != nil {
		log.Fatal(err)
	}
	store := &signIns{pending: make(map[string][]byte)}

	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		state := rand.Text()
		next, pending, err := provider.Begin(r.Context(), sp.ACSURL(), state)
		if err != nil {
			log.Print(err)
			http.Error(w, "Sign-in is not available now.", http.StatusServiceUnavailable)
			return
		}
		store.put(state, pending)
		// The cookie binds the state to this browser. The answer is a cross-site
		// POST: over https the cookie is named "__Host-state", Secure and
		// SameSite=None, to come back with it.
		http.SetCookie(w, &http.Cookie{Name: "state", Value: state, Path: "/", MaxAge: 600, HttpOnly: true})
		next.ServeHTTP(w, r)
	})
	mux.HandleFunc("POST /saml2/idpresponse", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		state := r.PostFormValue("RelayState")
		cookie, err := r.Cookie("state")
		if err != nil || cookie.Value != state {
			http.Error(w, "This sign-in was not begun in this browser.", http.StatusBadRequest)
			return
		}
		subject, attributes, err := provider.Finish(r, store.take(state))
		if errors.Is(err, saml.AccessDenied) {
			http.Error(w, "You may not use this application.", http.StatusForbidden)
			return
		}
		if err != nil {
			log.Print(err) // says what an administrator must change
			http.Error(w, "Signing in did not work.", http.StatusBadGateway)
			return
		}
		// The account is the pair of identity provider and subject.
		fmt.Fprintf(w, "%s (%s)", subject, attributes["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"][0])
	})

	fmt.Println(visit(server.URL+"/login", "alice"))
	// Output: 200 nameid:emailAddress:::alice@example.com (Alice)
}
