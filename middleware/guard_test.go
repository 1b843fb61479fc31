package middleware_test

import (
	"context"
	"crypto"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
)

func TestNewRefuses(t *testing.T) {
	keys := testSigners()
	session := &fakeSession{}
	revocation := revocationFunc(nil)
	for name, test := range map[string]struct {
		cfg  middleware.Config
		want string
	}{
		"nothing":                    {middleware.Config{}, "accepts nobody"},
		"issuer without keys":        {middleware.Config{Issuer: testIssuer, Session: session}, "without Config.Keys"},
		"keys without issuer":        {middleware.Config{Keys: keys, Session: session}, "without Config.Issuer"},
		"clients without keys":       {middleware.Config{Session: session, ClientIDs: []string{"c"}}, "concern bearer tokens"},
		"audience without keys":      {middleware.Config{Session: session, Audience: "a"}, "concern bearer tokens"},
		"revocation without keys":    {middleware.Config{Session: session, Revocation: revocation}, "concern bearer tokens"},
		"empty client":               {middleware.Config{Issuer: testIssuer, Keys: keys, ClientIDs: []string{"c", ""}}, "empty client ID"},
		"issuer that breaks headers": {middleware.Config{Issuer: `https://a.example/", error="x`, Keys: keys}, "not a URL"},
		"issuer with a line break":   {middleware.Config{Issuer: "https://a.example/\r\nX: y", Keys: keys}, "not a URL"},
		"origins without session":    {middleware.Config{Issuer: testIssuer, Keys: keys, CrossOrigin: http.NewCrossOriginProtection()}, "CrossOrigin"},
	} {
		t.Run(name, func(t *testing.T) {
			guard, err := middleware.New(test.cfg)
			require.Nil(t, guard)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "middleware: ")
		})
	}
}

func TestZeroGuardRefusesEverything(t *testing.T) {
	guard := new(middleware.Guard)
	for _, r := range []*http.Request{httptest.NewRequest("GET", "/", nil), bearerRequest(accessToken(t, nil))} {
		w, h := serve(guard, r)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Zero(t, h.reached)
	}
}

func TestNewCopiesItsConfig(t *testing.T) {
	cfg := bearerConfig()
	cfg.ClientIDs = []string{"client-1"}
	guard := newGuard(t, cfg)
	cfg.ClientIDs[0] = "client-2"
	requireAccepted(t, guard, accessToken(t, nil))
	requireRefused(t, guard, accessToken(t, map[string]any{"client_id": "client-2"}))
}

// TestAnswers walks every Code: the status, the header, and a text that says nothing about the request.
func TestAnswers(t *testing.T) {
	const realm = `Bearer realm="` + testIssuer + `"`
	failing := errors.New("database is down")
	signedIn := map[string]any{"sub": "alice-sub"}
	session := func(s *fakeSession) func(*middleware.Config) {
		return func(cfg *middleware.Config) { cfg.Session = s }
	}
	revocation := func(revoked bool, err error) func(*middleware.Config) {
		return func(cfg *middleware.Config) {
			cfg.Revocation = revocationFunc(func(_ context.Context, _ map[string]any) (bool, error) { return revoked, err })
		}
	}
	for name, test := range map[string]struct {
		change        func(*middleware.Config)
		narrow        func(*middleware.Guard) *middleware.Guard
		method        string
		header        http.Header
		code          middleware.Code
		status        int
		authenticate  string
		body          string
		causedByStore bool
	}{
		"no credentials": {
			code: middleware.NoCredentials, status: 401, authenticate: realm,
			body: "401 Unauthorized: sign in, or send an access token\n",
		},
		"nobody signed in": {
			change: session(&fakeSession{}), code: middleware.NoCredentials, status: 401, authenticate: realm,
			body: "401 Unauthorized: sign in, or send an access token\n",
		},
		"another scheme": {
			header: http.Header{"Authorization": {"Basic YWxpY2U6c2VjcmV0"}}, code: middleware.UnsupportedScheme, status: 401, authenticate: realm,
			body: "401 Unauthorized: this kind of authorization is not accepted here\n",
		},
		"two headers": {
			header: http.Header{"Authorization": {"Bearer a", "Bearer a"}}, code: middleware.InvalidRequest, status: 400,
			authenticate: realm + `, error="invalid_request", error_description="send one Authorization header with one access token"`,
			body:         "400 Bad Request: send one Authorization header with one access token\n",
		},
		"bad token": {
			header: http.Header{"Authorization": {"Bearer abc"}}, code: middleware.InvalidToken, status: 401,
			authenticate: realm + `, error="invalid_token", error_description="the access token is not valid"`,
			body:         "401 Unauthorized: the access token is not valid\n",
		},
		"revoked token": {
			change: revocation(true, nil), header: bearerRequest(accessToken(t, nil)).Header, code: middleware.InvalidToken, status: 401,
			authenticate: realm + `, error="invalid_token", error_description="the access token is not valid"`,
			body:         "401 Unauthorized: the access token is not valid\n",
		},
		"scope missing": {
			narrow: func(g *middleware.Guard) *middleware.Guard { return g.RequireScope("a/read", "a/write") },
			header: bearerRequest(accessToken(t, nil)).Header, code: middleware.InsufficientScope, status: 403,
			authenticate: realm + `, error="insufficient_scope", error_description="a required scope is missing", scope="a/read a/write"`,
			body:         "403 Forbidden: a required scope is missing\n",
		},
		"scope missing in a session": {
			change: session(&fakeSession{claims: signedIn}), narrow: func(g *middleware.Guard) *middleware.Guard { return g.RequireScope("a/read") },
			code: middleware.InsufficientScope, status: 403, body: "403 Forbidden: a required scope is missing\n",
		},
		"group missing": {
			narrow: func(g *middleware.Guard) *middleware.Guard { return g.RequireGroup("admins") },
			header: bearerRequest(accessToken(t, nil)).Header, code: middleware.MissingGroup, status: 403,
			authenticate: realm + `, error="insufficient_scope", error_description="membership of a required group is missing"`,
			body:         "403 Forbidden: membership of a required group is missing\n",
		},
		"group missing, scope there": {
			narrow: func(g *middleware.Guard) *middleware.Guard { return g.RequireScope("openid").RequireGroup("admins") },
			header: bearerRequest(accessToken(t, nil)).Header, code: middleware.MissingGroup, status: 403,
			authenticate: realm + `, error="insufficient_scope", error_description="membership of a required group is missing"`,
			body:         "403 Forbidden: membership of a required group is missing\n",
		},
		"group missing in a session": {
			change: session(&fakeSession{claims: signedIn}), narrow: func(g *middleware.Guard) *middleware.Guard { return g.RequireGroup("admins") },
			code: middleware.MissingGroup, status: 403, body: "403 Forbidden: membership of a required group is missing\n",
		},
		"from another site": {
			change: session(&fakeSession{claims: signedIn}), method: http.MethodPost, header: http.Header{"Sec-Fetch-Site": {"cross-site"}},
			code: middleware.CrossOrigin, status: 403, body: "403 Forbidden: the request came from another site\n",
		},
		"revocation fails": {
			change: revocation(false, failing), header: bearerRequest(accessToken(t, nil)).Header,
			code: middleware.Unavailable, status: 503, body: "503 Service Unavailable: authorization cannot be checked now\n", causedByStore: true,
		},
		"revocation fails and says no": {
			change: revocation(true, failing), header: bearerRequest(accessToken(t, nil)).Header,
			code: middleware.Unavailable, status: 503, body: "503 Service Unavailable: authorization cannot be checked now\n", causedByStore: true,
		},
		"session fails": {
			change: session(&fakeSession{claims: signedIn, err: failing}),
			code:   middleware.Unavailable, status: 503, body: "503 Service Unavailable: authorization cannot be checked now\n", causedByStore: true,
		},
		"session of unknown types": {
			change: session(&fakeSession{claims: map[string]any{"sub": new(string)}}),
			code:   middleware.Internal, status: 500, body: "500 Internal Server Error: authorization could not be checked\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := bearerConfig()
			if test.change != nil {
				test.change(&cfg)
			}
			guard := newGuard(t, cfg)
			if test.narrow != nil {
				guard = test.narrow(guard)
			}
			if test.method == "" {
				test.method = http.MethodGet
			}
			request := func() *http.Request {
				r := httptest.NewRequest(test.method, "/private?access_token="+accessToken(t, nil), nil)
				for name, values := range test.header {
					r.Header[name] = values
				}
				return r
			}

			claims, err := guard.Check(request())
			require.Nil(t, claims)
			require.ErrorIs(t, err, test.code)
			require.Equal(t, test.code.Error(), err.Error())
			require.Equal(t, test.causedByStore, errors.Is(err, failing))
			require.NotErrorIs(t, err, middleware.Code("something else"))
			var refused *middleware.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, test.code, refused.Code)
			require.Equal(t, test.status, refused.Status)
			require.Equal(t, test.authenticate, refused.WWWAuthenticate)

			w, h := serve(guard, request())
			require.Zero(t, h.reached)
			require.Equal(t, test.status, w.Code)
			require.Equal(t, test.authenticate, w.Header().Get("WWW-Authenticate"))
			require.Equal(t, test.authenticate != "", w.Header().Values("WWW-Authenticate") != nil)
			require.Equal(t, test.body, w.Body.String())
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
		})
	}
}

func TestRequireScope(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, test := range []struct {
		guard *middleware.Guard
		scope string
		want  bool
	}{
		{guard.RequireScope(), "openid", true},
		{guard.RequireScope("a"), "a", true},
		{guard.RequireScope("a"), "b a c", true},
		{guard.RequireScope("a", "b"), "a", false},
		{guard.RequireScope("a", "b"), "b a", true},
		{guard.RequireScope("a").RequireScope("b"), "a", false},
		{guard.RequireScope("a").RequireScope("b"), "b", false},
		{guard.RequireScope("a").RequireScope("b"), "a b", true},
		{guard.RequireScope("a b"), "a b", false},
		{guard.RequireScope(""), "a  b", false},
		{guard.RequireScope(`a"`), `a`, false},
	} {
		w, h := serve(test.guard, bearerRequest(accessToken(t, map[string]any{"scope": test.scope})))
		require.Equal(t, test.want, h.reached == 1, "%q", test.scope)
		if !test.want {
			require.Equal(t, http.StatusForbidden, w.Code)
			require.Equal(t, 0, strings.Count(w.Header().Get("WWW-Authenticate"), `"`)%2)
		}
	}
}

func TestRequireGroup(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	for _, test := range []struct {
		guard  *middleware.Guard
		groups []string
		want   bool
	}{
		{guard.RequireGroup("a"), []string{"a"}, true},
		{guard.RequireGroup("a"), []string{"b"}, false},
		{guard.RequireGroup("a"), nil, false},
		{guard.RequireGroup("a", "b"), []string{"b"}, true},
		{guard.RequireGroup("a").RequireGroup("b"), []string{"b"}, false},
		{guard.RequireGroup("a").RequireGroup("b"), []string{"a"}, false},
		{guard.RequireGroup("a").RequireGroup("b"), []string{"b", "a"}, true},
		{guard.RequireGroup(), []string{"a"}, false},
		{guard.RequireGroup(""), []string{""}, false},
	} {
		w, h := serve(test.guard, bearerRequest(accessToken(t, map[string]any{"cognito:groups": test.groups})))
		require.Equal(t, test.want, h.reached == 1, "%q", test.groups)
		if !test.want {
			require.Equal(t, http.StatusForbidden, w.Code)
		}
	}
}

// A narrowed guard must not change the one it came from, nor a sibling.
func TestNarrowedGuardsAreApart(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	groups := []string{"a"}
	base := guard.RequireGroup(groups...).RequireScope("s")
	groups[0] = "changed"
	left, right := base.RequireGroup("left").RequireScope("l"), base.RequireGroup("right").RequireScope("r")
	token := func(groups []string, scope string) *http.Request {
		return bearerRequest(accessToken(t, map[string]any{"cognito:groups": groups, "scope": scope}))
	}
	for _, test := range []struct {
		guard  *middleware.Guard
		groups []string
		scope  string
		want   int
	}{
		{guard, nil, "", 1},
		{base, []string{"a"}, "s", 1},
		{base, []string{"changed"}, "s", 0},
		{left, []string{"a", "left"}, "s l", 1},
		{left, []string{"a", "right"}, "s l", 0},
		{left, []string{"a", "left"}, "s r", 0},
		{right, []string{"a", "right"}, "s r", 1},
		{right, []string{"a", "left"}, "s r", 0},
	} {
		_, h := serve(test.guard, token(test.groups, test.scope))
		require.Equal(t, test.want, h.reached)
	}
}

func TestClaimsReachTheHandler(t *testing.T) {
	guard := newGuard(t, bearerConfig())
	claims := requireAccepted(t, guard, accessToken(t, map[string]any{"cognito:groups": []string{"a", "b"}, "scope": "x y"}))
	require.Equal(t, "alice-sub", claims.Subject())
	require.Equal(t, "alice", claims.Username())
	require.Equal(t, "client-1", claims.ClientID())
	require.Equal(t, []string{"x", "y"}, claims.Scopes())
	require.Equal(t, []string{"a", "b"}, claims.Groups())
	expires, ok := claims.Time("exp")
	require.True(t, ok)
	require.Equal(t, testTime.Add(time.Hour), expires)

	_, ok = middleware.FromContext(t.Context())
	require.False(t, ok)
}

func TestJ28_Revocation(t *testing.T) {
	revoked := map[string]bool{}
	asked := 0
	cfg := bearerConfig()
	cfg.Revocation = revocationFunc(func(_ context.Context, claims map[string]any) (bool, error) {
		asked++
		session, _ := claims["origin_jti"].(string)
		claims["sub"] = "changed" // a copy: the handler must not see this
		return revoked[session], nil
	})
	guard := newGuard(t, cfg)
	token := accessToken(t, map[string]any{"origin_jti": "session-1"})

	require.Equal(t, "alice-sub", requireAccepted(t, guard, token).Subject())
	revoked["session-1"] = true
	requireRefused(t, guard, token)
	requireAccepted(t, guard, accessToken(t, map[string]any{"origin_jti": "session-2"}))
	require.Equal(t, 3, asked)

	// It is not troubled with tokens that are no good anyway.
	requireRefused(t, guard, accessToken(t, map[string]any{"exp": 1}))
	requireRefused(t, guard, accessToken(t, map[string]any{"token_use": "id"}))
	require.Equal(t, 3, asked)

	// Without the option the token works until it expires: the documented window.
	requireAccepted(t, newGuard(t, bearerConfig()), token)
}

func TestJ27_RetiredKey(t *testing.T) {
	retired := false
	cfg := bearerConfig()
	cfg.Keys = keySourceFunc(func(ctx context.Context, kid string) (string, crypto.PublicKey, error) {
		if retired {
			return "", nil, errors.New("unknown key")
		}
		return testSigners().Key(ctx, kid)
	})
	guard := newGuard(t, cfg)
	token := accessToken(t, nil)
	requireAccepted(t, guard, token)
	retired = true
	requireRefused(t, guard, token)
}

func TestConcurrentRequestsShareNothing(t *testing.T) {
	cfg := bearerConfig()
	shared := map[string]any{"sub": "alice-sub", "roles": []any{"reader"}, "nested": map[string]any{"a": []string{"b"}}}
	cfg.Session = &sharedSession{shared}
	guard := newGuard(t, cfg)
	h := guard.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		claims, _ := middleware.FromContext(r.Context())
		claims["sub"] = "changed"
		claims["roles"].([]any)[0] = "admin"
		claims["nested"].(map[string]any)["a"].([]string)[0] = "c"
	}))
	token := accessToken(t, nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
				h2 := guard.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					claims, _ := middleware.FromContext(r.Context())
					claims["sub"] = "changed"
				}))
				h2.ServeHTTP(httptest.NewRecorder(), bearerRequest(token))
			}
		})
	}
	group.Wait()
	require.Equal(t, map[string]any{"sub": "alice-sub", "roles": []any{"reader"}, "nested": map[string]any{"a": []string{"b"}}}, shared)
}

// sharedSession gives everybody the same map.
type sharedSession struct{ claims map[string]any }

func (s *sharedSession) Authenticate(*http.Request) (map[string]any, error) { return s.claims, nil }
