package federationtest_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"testing"
)

// newServer serves handler for the length of the test and returns its address.
func newServer(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func marshalXML(v any) ([]byte, error) { return xml.Marshal(v) }
