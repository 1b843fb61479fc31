package identitypooltest

import (
	"net/http"

	"github.com/stepwell/stepwell/internal/fakes"
)

// Client returns a client that signs each request, redirects included, as the user. The handler serves all of its requests, whatever their
// host: no port is opened, and https needs no certificate. Give it absolute URLs, such as "https://app.test/notes". A handler that panics
// does so in the goroutine of the request, where the test sees it.
func (u *User) Client(handler http.Handler) *http.Client {
	u.pool.t.Helper()
	if handler == nil {
		u.pool.fatalf("Client wants the handler that serves its requests; Transport signs what goes to a server")
	}
	return &http.Client{Transport: u.Transport(fakes.Transport{Name: "identitypooltest", Handler: handler})}
}

// Transport returns a RoundTripper that signs each request as the user and gives it to next; nil is http.DefaultTransport.
func (u *User) Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return signing{u, next}
}

// signing signs what it sends.
type signing struct {
	user *User
	next http.RoundTripper
}

// RoundTrip is that of http.RoundTripper.
func (s signing) RoundTrip(r *http.Request) (*http.Response, error) {
	s.user.pool.t.Helper()
	signed := r.Clone(r.Context()) // a RoundTripper must not change the request
	if err := s.user.sign(signed, s.user.Credentials()); err != nil {
		return nil, err
	}
	return s.next.RoundTrip(signed)
}
