package identitypooltest

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
)

// Client returns a client that signs each request, redirects included, as the user. The handler serves all of its requests, whatever their
// host: no port is opened, and https needs no certificate. Give it absolute URLs, such as "https://app.test/notes". A handler that panics
// does so in the goroutine of the request, where the test sees it.
func (u *User) Client(handler http.Handler) *http.Client {
	u.pool.t.Helper()
	if handler == nil {
		u.pool.fatalf("Client wants the handler that serves its requests; Transport signs what goes to a server")
	}
	return &http.Client{Transport: u.Transport(transport{handler})}
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

// transport serves requests with a handler.
type transport struct{ handler http.Handler }

// RoundTrip is that of http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	if served.URL, err = url.ParseRequestURI(served.RequestURI); err != nil {
		return nil, err
	}
	if served.Host == "" {
		served.Host = r.URL.Host
	}
	served.RemoteAddr = "192.0.2.1:1234"
	served.Proto, served.ProtoMajor, served.ProtoMinor = "HTTP/1.1", 1, 1
	if r.URL.Scheme == "https" {
		served.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: r.URL.Hostname()}
	}
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer func() {
		if reason := recover(); reason == http.ErrAbortHandler {
			err = errors.New("identitypooltest: the handler aborted the answer")
		} else if reason != nil {
			panic(reason)
		}
	}()
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, served)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}
