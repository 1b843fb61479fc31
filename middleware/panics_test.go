package middleware_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
)

// logBuffer collects what is logged at every level.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type panickingSession struct{ value any }

func (s panickingSession) Authenticate(*http.Request) (map[string]any, error) { panic(s.value) }

// TestJ32_Panics: a panic in what the application supplied is 500, lets nobody in, and the server goes on. (P4)
func TestJ32_Panics(t *testing.T) {
	const secret = "canary-password"
	good := accessToken(t, nil)
	for name, test := range map[string]struct {
		change func(*middleware.Config)
		bearer bool
	}{
		"Session":           {func(cfg *middleware.Config) { cfg.Session = panickingSession{secret} }, false},
		"Session, an error": {func(cfg *middleware.Config) { cfg.Session = panickingSession{errors.New(secret)} }, false},
		"Session, ErrAbortHandler": {func(cfg *middleware.Config) {
			cfg.Session = panickingSession{fmt.Errorf("%w: %s", http.ErrAbortHandler, secret)}
		}, false},
		"Session that is nil": {func(cfg *middleware.Config) { cfg.Session = (*fakeSession)(nil) }, false},
		"LoginURL": {func(cfg *middleware.Config) {
			cfg.Session = &loginSession{loginURL: func(string) string { panic(secret) }}
		}, false},
		"Keys": {func(cfg *middleware.Config) {
			cfg.Keys = keySourceFunc(func(context.Context, string) (string, crypto.PublicKey, error) { panic(secret) })
		}, true},
		"Keys that is nil": {func(cfg *middleware.Config) { cfg.Keys = keySourceFunc(nil) }, true},
		"Revocation": {func(cfg *middleware.Config) {
			cfg.Revocation = revocationFunc(func(context.Context, map[string]any) (bool, error) { panic(secret) })
		}, true},
		"Now": {func(cfg *middleware.Config) { cfg.Now = func() time.Time { panic(secret) } }, true},
	} {
		t.Run(name, func(t *testing.T) {
			logs := &logBuffer{}
			cfg := bearerConfig()
			cfg.Logger = logs.logger()
			test.change(&cfg)
			h := &target{}
			server := httptest.NewServer(newGuard(t, cfg).Handler(h))
			defer server.Close()
			for range 2 { // the second shows that the server still serves
				r, err := http.NewRequest("GET", server.URL+"/private", nil)
				require.NoError(t, err)
				r.Header.Set("Accept", "text/html")
				if test.bearer {
					r.Header.Set("Authorization", "Bearer "+good)
				}
				response, err := server.Client().Do(r)
				require.NoError(t, err)
				var body bytes.Buffer
				body.ReadFrom(response.Body)
				response.Body.Close()
				require.Equal(t, http.StatusInternalServerError, response.StatusCode)
				require.Equal(t, "500 Internal Server Error: authorization could not be checked\n", body.String())
			}
			require.Zero(t, h.reached)
			require.Contains(t, logs.String(), "panicked")
			require.Contains(t, logs.String(), "_test.go:", "the stack shows where")
			require.NotContains(t, logs.String(), secret)
			require.NotContains(t, logs.String(), good)
		})
	}

	var refused *middleware.Error
	cfg := sessionConfig(panickingSession{secret})
	_, err := newGuard(t, cfg).Check(httptest.NewRequest("GET", "/", nil))
	require.ErrorAs(t, err, &refused)
	require.Equal(t, middleware.Internal, refused.Code)
	require.NotContains(t, errors.Unwrap(err).Error(), secret)
}

func TestPanicOfTheProtectedHandlerPassesThrough(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, value := range []any{http.ErrAbortHandler, "application", errors.New("application")} {
		h := guard.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(value) }))
		w := httptest.NewRecorder()
		require.PanicsWithValue(t, value, func() { h.ServeHTTP(w, bearerRequest(accessToken(t, nil))) })
		require.False(t, w.Flushed)
		require.Empty(t, w.Body.String())
	}
}

// TestH12_NoTokenInLogsOrAnswers sends canaries through every kind of refusal, with an application whose errors quote them, and
// looks for them in all that is logged, answered and returned as the text of an error.
func TestH12_NoTokenInLogsOrAnswers(t *testing.T) {
	const (
		cookie   = "canary-cookie-value"
		password = "canary-basic-password"
	)
	good := accessToken(t, nil)
	expired := accessToken(t, map[string]any{"exp": 1})
	forged := good[:len(good)-4] + "AAAA"
	idToken := accessToken(t, map[string]any{"token_use": "id"})
	canaries := []string{cookie, password, "canary"}
	for _, token := range []string{good, expired, forged, idToken} {
		canaries = append(canaries, strings.Split(token, ".")[1:]...)
	}

	logs := &logBuffer{}
	quoting := func(r *http.Request) error {
		return fmt.Errorf("cannot look up %q %q", r.Header["Authorization"], r.Header["Cookie"])
	}
	var current *http.Request
	base := bearerConfig()
	base.Logger = logs.logger()
	failingKeys, failingRevocation, failingSession, panicking := base, base, base, base
	failingKeys.Keys = keySourceFunc(func(context.Context, string) (string, crypto.PublicKey, error) {
		return "", nil, fmt.Errorf("%w: %w", middleware.Unavailable, quoting(current))
	})
	failingRevocation.Revocation = revocationFunc(func(context.Context, map[string]any) (bool, error) { return false, quoting(current) })
	failingSession.Session = authenticatorFunc(func(r *http.Request) (map[string]any, error) { return nil, quoting(r) })
	panicking.Session = authenticatorFunc(func(r *http.Request) (map[string]any, error) { panic(quoting(r)) })
	panicking.Revocation = revocationFunc(func(context.Context, map[string]any) (bool, error) { panic(quoting(current)) })

	refusals := 0
	for _, cfg := range []middleware.Config{base, failingKeys, failingRevocation, failingSession, panicking} {
		guard := newGuard(t, cfg).RequireScope("never").RequireGroup("never")
		for _, authorization := range [][]string{
			nil, {"Bearer " + good}, {"Bearer " + expired}, {"Bearer " + forged}, {"Bearer " + idToken}, {"bearer  " + good},
			{"Bearer " + good, "Bearer " + good}, {"Bearer " + good + ","}, {"Basic " + password}, {"canary-scheme canary-credentials"}, {"=" + good},
		} {
			r := httptest.NewRequest("GET", "/private?access_token="+good+"&code=canary-code", nil)
			r.AddCookie(&http.Cookie{Name: "__Host-session", Value: cookie})
			if authorization != nil {
				r.Header["Authorization"] = authorization
			}
			current = r
			_, err := guard.Check(r)
			require.Error(t, err)
			w, h := serve(guard, r)
			require.Zero(t, h.reached)
			refusals++
			said := err.Error() + w.Body.String() + fmt.Sprint(w.Header())
			for _, canary := range canaries {
				require.NotContains(t, said, canary)
				require.NotContains(t, logs.String(), canary)
			}
		}
	}
	require.Equal(t, 2*refusals, strings.Count(logs.String(), "msg=\"middleware: "), "each refusal leaves one line")
	require.Contains(t, logs.String(), "[redacted]")
}

// An error of the application may quote a part of what the caller sent.
func TestH12_PartsOfCredentialsInErrors(t *testing.T) {
	good := accessToken(t, nil)
	part := strings.Split(good, ".")
	for _, quoted := range []string{good, part[1], part[2], part[1] + "." + part[2]} {
		logs := &logBuffer{}
		cfg := bearerConfig()
		cfg.Logger = logs.logger()
		cfg.Revocation = revocationFunc(func(context.Context, map[string]any) (bool, error) {
			return false, fmt.Errorf("not found: <%s>", quoted)
		})
		_, err := newGuard(t, cfg).Check(bearerRequest(good))
		require.ErrorIs(t, err, middleware.Unavailable)
		require.Contains(t, logs.String(), "not found: <[redacted]")
		require.NotContains(t, logs.String(), quoted)
	}

	logs := &logBuffer{}
	cfg := sessionConfig(authenticatorFunc(func(*http.Request) (map[string]any, error) { return nil, errors.New("no session canary-2") }))
	cfg.Logger = logs.logger()
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: "a", Value: "canary-1"})
	r.AddCookie(&http.Cookie{Name: "b", Value: "canary-2"})
	r.AddCookie(&http.Cookie{Name: "c", Value: "no"})
	_, err := newGuard(t, cfg).Check(r)
	require.ErrorIs(t, err, middleware.Unavailable)
	require.Contains(t, logs.String(), "no session [redacted]")
}

type authenticatorFunc func(r *http.Request) (map[string]any, error)

func (f authenticatorFunc) Authenticate(r *http.Request) (map[string]any, error) { return f(r) }

// A caller who hangs up is no trouble of the program, and must not fill the log of errors.
func TestHungUpCallersAreNotLoggedAsErrors(t *testing.T) {
	logs := &logBuffer{}
	cfg := sessionConfig(authenticatorFunc(func(r *http.Request) (map[string]any, error) { return nil, r.Context().Err() }))
	cfg.Logger = logs.logger()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w, _ := serve(newGuard(t, cfg), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, logs.String(), "level=DEBUG")
	require.NotContains(t, logs.String(), "level=ERROR")
}

func TestLoggedReasons(t *testing.T) {
	logs := &logBuffer{}
	cfg := bearerConfig()
	cfg.Logger = logs.logger()
	mux := http.NewServeMux()
	mux.Handle("GET /private/{id}", newGuard(t, cfg).Handler(&target{}))
	r := bearerRequest(accessToken(t, map[string]any{"exp": testTime.Unix() - 3600}))
	r.URL.Path = "/private/canary"
	mux.ServeHTTP(httptest.NewRecorder(), r)
	line := logs.String()
	require.Contains(t, line, "level=DEBUG")
	require.Contains(t, line, "code=invalid_token status=401")
	require.Contains(t, line, "expired at 2030-01-02T02:04:05Z")
	require.Contains(t, line, `pattern="GET /private/{id}"`)
	require.NotContains(t, line, "canary")
}
