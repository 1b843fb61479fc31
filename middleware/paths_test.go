package middleware_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
)

// TestH10_PathConfusion sends raw request lines to a server whose mux has one public and several protected handlers. Whatever the
// mux makes of a path, the handler that it picks is wrapped or public, so no spelling reaches the protected one unauthenticated.
func TestH10_PathConfusion(t *testing.T) {
	const secret = "protected content"
	guard := newGuard(t, bearerConfig())
	protected := &target{}
	mux := http.NewServeMux()
	mux.Handle("/admin", guard.Handler(protected))
	mux.Handle("/admin/", guard.Handler(protected))
	mux.Handle("GET /admin/report", guard.Handler(protected))
	mux.Handle("POST /admin/report", guard.RequireGroup("admins").Handler(protected))
	mux.HandleFunc("/public/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "public") })
	// The same mux behind one guard: then nothing at all is public.
	all := newGuard(t, bearerConfig()).Handler(mux)

	paths := []string{
		"/admin", "/admin/", "//admin", "///admin//", "/admin/.", "/admin/..", "/./admin", "/public/../admin", "/public/..//admin/",
		"/%61dmin", "/admin%2f", "/%2fadmin", "/admin%2e", "/admin/%2e", "/admin/%2e%2e/admin", "/public/%2e%2e/admin", "/public/..%2fadmin",
		"/public%2f..%2fadmin", "/admin;x", "/admin;x/", "/admin/;/report", "/;/admin", "/ADMIN", "/Admin", "/admin%00", "/admin%20", "/admin%09",
		"/admin?", "/admin?x=/public/", "/admin/report", "/admin//report", "/admin/report/", "/admin/report/../report", "/admin/report%2f", "/admin\\", "\\admin",
		"/public/\\..\\admin", "/admin#", "/admin/#/public/", "http://other.example/admin", "http://other.example//admin", "*", "admin", "/%ef%bc%8fadmin",
		"/public/%252e%252e/admin", "/admin/.json", "/admin.json", "/.//admin", "/..;/admin", "/public/..;/admin",
	}
	methods := []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "FOO"}
	headers := []string{
		"", "X-HTTP-Method-Override: GET\r\n", "X-Method-Override: OPTIONS\r\n", "X-Original-URL: /public/\r\n", "X-Rewrite-URL: /public/\r\n",
		"X-Forwarded-Prefix: /public\r\n", "X-Forwarded-Uri: /public/\r\n", "X-Forwarded-User: admin\r\nX-Remote-User: admin\r\n",
		"Upgrade: websocket\r\nConnection: Upgrade\r\n", "Connection: Authorization\r\n", "Authorization_: Bearer x\r\n",
	}
	for name, h := range map[string]http.Handler{"guard inside": mux, "guard outside": all} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			answered, refused := 0, 0
			for _, path := range paths {
				for _, method := range methods {
					for i, header := range headers {
						if i > 0 && path != "/admin" && path != "//admin" && path != "/public/../admin" {
							continue
						}
						status, answer := rawRequest(t, server, method+" "+path+" HTTP/1.1\r\nHost: example.com\r\n"+header+"Connection: close\r\n\r\n")
						require.NotContains(t, answer, secret, "%s %s %q", method, path, header)
						answered++
						if status == http.StatusUnauthorized {
							refused++
						}
						// OPTIONS * is about the server, which answers it without any handler.
						if name == "guard outside" && method+path != "OPTIONS*" {
							require.Contains(t, []int{400, 401}, status, "%s %s", method, path)
						}
					}
				}
			}
			require.Zero(t, protected.reached)
			require.Greater(t, refused, answered/10, "most of these never met a guard, so they show nothing")

			// What shows that the handler can be reached at all.
			status, answer := rawRequest(t, server, "GET /admin HTTP/1.1\r\nHost: example.com\r\nAuthorization: Bearer "+accessToken(t, nil)+"\r\nConnection: close\r\n\r\n")
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, answer, secret)
			protected.reached = 0
		})
	}
}

// rawRequest sends the bytes as they are, and returns the status and the whole answer.
func rawRequest(t *testing.T, server *httptest.Server, request string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	status := 0
	_, err = fmt.Sscanf(string(answer), "HTTP/1.1 %d", &status)
	require.NoError(t, err, "%q answered with %q", request, answer)
	return status, string(answer)
}

// TestH11_StreamEndsWithTheToken: a handler that lasts calls Check again with the same request, and learns that the token has
// expired or was revoked.
func TestH11_StreamEndsWithTheToken(t *testing.T) {
	c := &clock{}
	cfg := bearerConfig()
	cfg.Now = c.now
	guard := newGuard(t, cfg)
	h := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flusher := http.NewResponseController(w)
		for range 10 {
			if _, err := guard.Check(r); err != nil {
				fmt.Fprintf(w, "event: end\n\n")
				return
			}
			fmt.Fprintf(w, "event: tick\n\n")
			if err := flusher.Flush(); err != nil {
				return
			}
			c.advance(20 * time.Minute)
		}
	}))
	server := httptest.NewServer(h)
	defer server.Close()
	r, err := http.NewRequest("GET", server.URL, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+accessToken(t, nil))
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var events []string
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if event, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			events = append(events, event)
		}
	}
	// exp is after 60 minutes, and 30 seconds are forgiven: 0, 20, 40 are ticks, 60 still within the tolerance, 80 is over.
	require.Equal(t, []string{"tick", "tick", "tick", "tick", "end"}, events)
}

// The ResponseWriter of the server reaches the handler as it is: flushing, hijacking and deadlines work.
func TestResponseWriterIsNotWrapped(t *testing.T) {
	w := httptest.NewRecorder()
	same := errors.New("another ResponseWriter")
	newGuard(t, bearerConfig()).Handler(http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) {
		if got == http.ResponseWriter(w) {
			same = nil
		}
	})).ServeHTTP(w, bearerRequest(accessToken(t, nil)))
	require.NoError(t, same)
}

// A guest may be served by a handler that calls Check itself.
func TestGuests(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := guard.Check(r)
		switch {
		case errors.Is(err, middleware.NoCredentials):
			io.WriteString(w, "guest")
		case err != nil:
			http.Error(w, "no", http.StatusForbidden)
		default:
			io.WriteString(w, claims.Username())
		}
	})
	for want, r := range map[string]*http.Request{
		"guest": httptest.NewRequest("GET", "/", nil),
		"alice": bearerRequest(accessToken(t, nil)),
		"no\n":  bearerRequest(accessToken(t, map[string]any{"exp": 1})),
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Body.String())
	}
}
