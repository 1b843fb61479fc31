package federationtest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// NewServer starts a Provider on a loopback port for the length of the test.
// config.Issuer must be empty: it becomes the server's URL, by http.
func NewServer(t testing.TB, config Config) *Provider {
	t.Helper()
	if config.Issuer != "" {
		t.Fatalf("federationtest: NewServer chooses the issuer itself, was given %q; use New", config.Issuer)
	}
	return serve(t, func(url string) (*Provider, error) {
		config.Issuer = url
		return New(config)
	})
}

// serve starts a server on a loopback port for the length of the test, with the handler that is made for its URL, which begins with http.
func serve[H http.Handler](t testing.TB, handlerFor func(url string) (H, error)) H {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	handler, err := handlerFor("http://" + server.Listener.Addr().String())
	if err != nil {
		server.Listener.Close()
		t.Fatal(err)
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return handler
}
