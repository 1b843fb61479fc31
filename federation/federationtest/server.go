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
	server := httptest.NewUnstartedServer(nil)
	config.Issuer = "http://" + server.Listener.Addr().String()
	provider, err := New(config)
	if err != nil {
		server.Listener.Close()
		t.Fatal(err)
	}
	server.Config.Handler = http.Handler(provider)
	server.Start()
	t.Cleanup(server.Close)
	return provider
}
