package federationtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewMux(t *testing.T) {
	var seen []string
	var hook responder
	echo := func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			_, _ = w.Write(append([]byte("handler "), body...))
		} else {
			http.Error(w, "too long", http.StatusRequestEntityTooLarge)
		}
	}
	mux := newMux("/idp", 5, func() responder { return hook }, []route{
		{"GET POST", "/token", "token", echo},
		{"GET", "/style.css", "", echo},
	})
	answer := func(method, path, body string) string {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return strings.TrimSpace(w.Body.String())
	}
	require.Equal(t, "handler", answer("GET", "/idp/token", ""))
	require.Equal(t, "handler 12345", answer("POST", "/idp/token", "12345"))
	require.Equal(t, "too long", answer("POST", "/idp/token", "123456"))
	require.Equal(t, "Method Not Allowed", answer("PUT", "/idp/token", ""))
	require.Equal(t, "Method Not Allowed", answer("POST", "/idp/style.css", ""))
	require.Equal(t, "404 page not found", answer("GET", "/token", ""))
	require.Equal(t, "404 page not found", answer("GET", "/idp/token/more", ""))

	hook = func(endpoint string, w http.ResponseWriter, r *http.Request) bool {
		seen = append(seen, endpoint+" "+r.Method)
		if r.Method == "GET" {
			_, _ = io.WriteString(w, "hook")
		}
		return r.Method == "GET"
	}
	require.Equal(t, "hook", answer("GET", "/idp/token", ""))
	require.Equal(t, "handler 1", answer("POST", "/idp/token", "1"))
	require.Equal(t, "handler", answer("GET", "/idp/style.css", ""))
	require.Equal(t, []string{"token GET", "token POST"}, seen, "what has no name is not for hooks")
}
