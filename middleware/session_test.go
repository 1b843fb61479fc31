package middleware_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/middleware"
)

func sessionConfig(session middleware.Authenticator) middleware.Config {
	cfg := bearerConfig()
	return middleware.Config{Session: session, Now: cfg.Now, Logger: cfg.Logger}
}

func loginAt(path string) *loginSession {
	return &loginSession{loginURL: func(returnTo string) string { return path + "?return_to=" + url.QueryEscape(returnTo) }}
}

func navigation(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	return r
}

func TestSessionSignsIn(t *testing.T) {
	session := &fakeSession{claims: map[string]any{"sub": "bob-sub", "cognito:username": "bob", "cognito:groups": []string{"admins"}}}
	guard := newGuard(t, sessionConfig(session))
	for _, method := range []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS"} {
		w, h := serve(guard.RequireGroup("admins"), httptest.NewRequest(method, "/private", nil))
		require.Equal(t, http.StatusOK, w.Code, method)
		require.Equal(t, "bob-sub", h.claims.Subject())
		require.Equal(t, "bob", h.claims.Username())
	}
}

func TestNobodySignedIn(t *testing.T) {
	for _, claims := range []map[string]any{nil, {}} {
		guard := newGuard(t, sessionConfig(&fakeSession{claims: claims}))
		w, h := serve(guard, navigation("GET", "/private"))
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Zero(t, h.reached)
		require.Empty(t, w.Header().Values("WWW-Authenticate"), "there is no bearer token to ask for")
	}
}

func TestLoginRedirect(t *testing.T) {
	guard := newGuard(t, sessionConfig(loginAt("/login")))
	for _, method := range []string{"GET", "HEAD"} {
		w, h := serve(guard, navigation(method, "/private/a%2Fb?x=1&y=%26"))
		require.Zero(t, h.reached)
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Equal(t, "/login?return_to="+url.QueryEscape("/private/a%2Fb?x=1&y=%26"), w.Header().Get("Location"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Empty(t, w.Body.String())
	}
}

func TestLoginRedirectOnlyForPeople(t *testing.T) {
	both := bearerConfig()
	both.Session = loginAt("/login")
	for _, guard := range []*middleware.Guard{newGuard(t, sessionConfig(loginAt("/login"))), newGuard(t, both)} {
		for name, change := range map[string]func(r *http.Request){
			"POST":                     func(r *http.Request) { r.Method = "POST" },
			"OPTIONS":                  func(r *http.Request) { r.Method = "OPTIONS" },
			"no Accept":                func(r *http.Request) { r.Header.Del("Accept") },
			"any type":                 func(r *http.Request) { r.Header.Set("Accept", "*/*") },
			"JSON":                     func(r *http.Request) { r.Header.Set("Accept", "application/json") },
			"HTML refused":             func(r *http.Request) { r.Header.Set("Accept", "application/json, text/html;q=0") },
			"weight is no number":      func(r *http.Request) { r.Header.Set("Accept", "text/html;q=x") },
			"text/htmlx":               func(r *http.Request) { r.Header.Set("Accept", "text/htmlx") },
			"script":                   func(r *http.Request) { r.Header.Set("Sec-Fetch-Mode", "cors") },
			"script on the same page":  func(r *http.Request) { r.Header.Set("Sec-Fetch-Mode", "same-origin") },
			"a token":                  func(r *http.Request) { r.Header.Set("Authorization", "Bearer abc") },
			"another scheme":           func(r *http.Request) { r.Header.Set("Authorization", "Basic abc") },
			"an empty Authorization":   func(r *http.Request) { r.Header.Set("Authorization", "") },
			"two Authorization fields": func(r *http.Request) { r.Header["Authorization"] = []string{"", ""} },
		} {
			r := navigation("GET", "/private")
			change(r)
			w, h := serve(guard, r)
			require.Zero(t, h.reached, name)
			require.Empty(t, w.Header().Get("Location"), name)
			require.Contains(t, []int{400, 401}, w.Code, name)
		}
		for name, accept := range map[string]string{
			"alone": "text/html", "upper case": "TEXT/HTML", "weighted": "application/json;q=0.1 , text/html ; level=1 ; q=0.2",
		} {
			r := navigation("GET", "/private")
			r.Header.Set("Accept", accept)
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			w, _ := serve(guard, r)
			require.Equal(t, http.StatusSeeOther, w.Code, name)
		}
	}
}

// TestH3_ReturnTo: whatever is asked for, the place to return to is a path on this origin.
func TestH3_ReturnTo(t *testing.T) {
	returned := func(t *testing.T, r *http.Request) string {
		t.Helper()
		var got string
		guard := newGuard(t, sessionConfig(&loginSession{loginURL: func(returnTo string) string { got = returnTo; return "/login" }}))
		w, _ := serve(guard, r)
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.True(t, strings.HasPrefix(got, "/"), got)
		require.False(t, len(got) > 1 && (got[1] == '/' || got[1] == '\\'), got)
		return got
	}
	raw := func(requestURI string) *http.Request {
		r := navigation("GET", "/")
		r.RequestURI = requestURI
		parsed, err := url.ParseRequestURI(requestURI)
		require.NoError(t, err)
		r.URL = parsed
		return r
	}
	for asked, want := range map[string]string{
		"/":                             "/",
		"/a?b=c":                        "/a?b=c",
		"/a?next=//evil.example":        "/a?next=//evil.example",
		"//evil.example":                "/",
		"//evil.example/a?b":            "/",
		"///evil.example":               "/",
		`/\evil.example`:                "/%5Cevil.example",
		"http://evil.example/a?b=c":     "/a?b=c",
		"http://evil.example//x":        "/",
		"http://user@evil.example/a":    "/a",
		"javascript:alert(1)":           "/",
		"/%2f/evil.example":             "/%2f/evil.example",
		"/a%0d%0aX:y":                   "/a%0d%0aX:y",
		"/" + strings.Repeat("a", 5000): "/",
	} {
		require.Equal(t, want, returned(t, raw(asked)), asked)
	}

	// http.StripPrefix changes r.URL; the browser must come back to what it asked for.
	var got string
	guard := newGuard(t, sessionConfig(&loginSession{loginURL: func(returnTo string) string { got = returnTo; return "/login" }}))
	http.StripPrefix("/app", guard.Handler(&target{})).ServeHTTP(httptest.NewRecorder(), navigation("GET", "/app/private?x=1"))
	require.Equal(t, "/app/private?x=1", got)

	// A request without a RequestURI, as a test of the application may make it.
	r := navigation("GET", "/private?x=1")
	r.RequestURI = ""
	require.Equal(t, "/private?x=1", returned(t, r))
}

func TestLoginURLThatIsNoURL(t *testing.T) {
	for given, want := range map[string]struct {
		status   int
		location string
	}{
		"":                                   {401, ""},
		"/login\r\nSet-Cookie: a=b":          {500, ""},
		"%zz":                                {500, ""},
		"https://login.example.com/?a=ü":     {500, ""},
		"https://login.example.com/?a=\"b c": {500, ""},
		"/löwe":                              {303, "/l%C3%B6we"},
		"https://login.example.com/?a=%C3":   {303, "https://login.example.com/?a=%C3"},
	} {
		guard := newGuard(t, sessionConfig(&loginSession{loginURL: func(string) string { return given }}))
		w, h := serve(guard, navigation("GET", "/private"))
		require.Zero(t, h.reached)
		require.Equal(t, want.status, w.Code, given)
		require.Equal(t, want.location, w.Header().Get("Location"))
	}
}

func TestCrossOriginRequests(t *testing.T) {
	signedIn := &fakeSession{claims: map[string]any{"sub": "bob-sub"}}
	trusting := http.NewCrossOriginProtection()
	require.NoError(t, trusting.AddTrustedOrigin("https://front.example"))
	trustingConfig := sessionConfig(signedIn)
	trustingConfig.CrossOrigin = trusting
	both := bearerConfig()
	both.Session = signedIn
	plain, trusts := newGuard(t, both), newGuard(t, trustingConfig)

	for _, test := range []struct {
		guard  *middleware.Guard
		method string
		header map[string]string
		want   int
	}{
		{plain, "POST", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{plain, "POST", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{plain, "PUT", map[string]string{"Origin": "https://evil.example"}, 403},
		{plain, "DELETE", map[string]string{"Origin": "null"}, 403},
		{plain, "PATCH", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://example.com"}, 403},
		{plain, "post", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{plain, "TRACE", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{plain, "POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{plain, "POST", map[string]string{"Origin": "https://example.com"}, 200},
		{plain, "POST", nil, 200},
		{plain, "GET", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
		{plain, "GET", map[string]string{"Sec-Fetch-Site": "cross-site", "Upgrade": "websocket", "Connection": "Upgrade"}, 403},
		{plain, "GET", map[string]string{"Origin": "https://evil.example", "Upgrade": "websocket"}, 403},
		{plain, "GET", map[string]string{"Sec-Fetch-Site": "same-origin", "Upgrade": "websocket"}, 200},
		// A bearer token is sent on purpose: another site has none to send.
		{plain, "POST", map[string]string{"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer " + accessToken(t, nil)}, 200},
		{trusts, "POST", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://front.example"}, 200},
		{trusts, "POST", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
	} {
		r := httptest.NewRequest("GET", "https://example.com/private", nil)
		r.Method = test.method
		for name, value := range test.header {
			r.Header.Set(name, value)
		}
		w, h := serve(test.guard, r)
		require.Equal(t, test.want, w.Code, "%s %v", test.method, test.header)
		require.Equal(t, test.want == 200, h.reached == 1)
		require.Equal(t, test.method, r.Method, "the request of the caller is left as it was")
	}

	// Nobody signed in: that comes first.
	w, _ := serve(newGuard(t, sessionConfig(&fakeSession{})), func() *http.Request {
		r := httptest.NewRequest("POST", "/private", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		return r
	}())
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

// TestJ30_OneSourceOfCredentials: what is sent decides which source counts, never which source would let the caller in.
func TestJ30_OneSourceOfCredentials(t *testing.T) {
	good, expired := accessToken(t, nil), accessToken(t, map[string]any{"exp": testTime.Unix() - 3600})
	signedIn := map[string]any{"sub": "cookie-sub"}
	for name, test := range map[string]struct {
		authorization []string
		target, body  string
		want          int
		subject       string
		asked         int
	}{
		"header":                  {authorization: []string{"Bearer " + good}, want: 200, subject: "alice-sub"},
		"header, lower case":      {authorization: []string{"bearer " + good}, want: 200, subject: "alice-sub"},
		"header, upper case":      {authorization: []string{"BEARER " + good}, want: 200, subject: "alice-sub"},
		"cookie":                  {want: 200, subject: "cookie-sub", asked: 1},
		"expired token, cookie":   {authorization: []string{"Bearer " + expired}, want: 401},
		"malformed token, cookie": {authorization: []string{"Bearer a b"}, want: 401},
		"no token, cookie":        {authorization: []string{"Bearer"}, want: 400},
		"only spaces, cookie":     {authorization: []string{"Bearer   "}, want: 400},
		"empty header, cookie":    {authorization: []string{""}, want: 400},
		"other scheme, cookie":    {authorization: []string{"Basic YTpi"}, want: 401},
		"DPoP, cookie":            {authorization: []string{"DPoP " + good}, want: 401},
		"two spaces":              {authorization: []string{"Bearer  " + good}, want: 401},
		"twice the same":          {authorization: []string{"Bearer " + good, "Bearer " + good}, want: 400},
		"good and bad":            {authorization: []string{"Bearer " + good, "Basic YTpi"}, want: 400},
		"bad and good":            {authorization: []string{"", "Bearer " + good}, want: 400},
		"joined by a proxy":       {authorization: []string{"Bearer " + good + ", Bearer " + good}, want: 401},
		"header and query":        {authorization: []string{"Bearer " + good}, target: "?access_token=" + expired, want: 200, subject: "alice-sub"},
		"bad header, good query":  {authorization: []string{"Bearer " + expired}, target: "?access_token=" + good, want: 401},
		"cookie and query":        {target: "?access_token=" + good, want: 200, subject: "cookie-sub", asked: 1},
		"cookie and body":         {body: "access_token=" + good, want: 200, subject: "cookie-sub", asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			session := &fakeSession{claims: signedIn}
			cfg := bearerConfig()
			cfg.Session = session
			r := httptest.NewRequest("POST", "/private"+test.target, strings.NewReader(test.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if test.authorization != nil {
				r.Header["Authorization"] = test.authorization
			}
			w, h := serve(newGuard(t, cfg), r)
			require.Equal(t, test.want, w.Code)
			require.Equal(t, test.want == 200, h.reached == 1)
			require.Equal(t, test.subject, h.claims.Subject())
			require.Equal(t, test.asked, session.asked)
		})
	}

	for name, r := range map[string]*http.Request{
		"query alone": httptest.NewRequest("GET", "/private?access_token="+good, nil),
		"body alone": func() *http.Request {
			r := httptest.NewRequest("POST", "/private", strings.NewReader("access_token="+good))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return r
		}(),
		"cookie alone": func() *http.Request {
			r := httptest.NewRequest("GET", "/private", nil)
			r.AddCookie(&http.Cookie{Name: "access_token", Value: good})
			return r
		}(),
		"another header": func() *http.Request {
			r := httptest.NewRequest("GET", "/private", nil)
			r.Header.Set("Proxy-Authorization", "Bearer "+good)
			r.Header.Set("X-Authorization", "Bearer "+good)
			r.Header.Set("X-Forwarded-Authorization", "Bearer "+good)
			return r
		}(),
	} {
		w, h := serve(newGuard(t, bearerConfig()), r)
		require.Equal(t, http.StatusUnauthorized, w.Code, name)
		require.Zero(t, h.reached)
		require.NotContains(t, w.Header().Get("WWW-Authenticate"), "error")
	}
}

// A guard for browser sessions only is not talked out of it by an Authorization header.
func TestSessionOnlyGuardAcceptsNoToken(t *testing.T) {
	session := &fakeSession{claims: map[string]any{"sub": "cookie-sub"}}
	guard := newGuard(t, sessionConfig(session))
	w, h := serve(guard, bearerRequest(accessToken(t, nil)))
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Zero(t, h.reached)
	require.Zero(t, session.asked)
	require.Empty(t, w.Header().Values("WWW-Authenticate"))

	r := bearerRequest("x")
	r.Header.Add("Authorization", "Bearer y")
	w, _ = serve(guard, r)
	require.Equal(t, http.StatusBadRequest, w.Code, "two headers are malformed whatever is in them")
}

func TestSessionClaims(t *testing.T) {
	deep := map[string]any{"sub": "bob"}
	deep["self"] = deep
	for name, test := range map[string]struct {
		claims map[string]any
		want   int
	}{
		"everything supported": {map[string]any{
			"sub": "bob", "n": json.Number("1"), "i": 1, "i64": int64(1), "f": 1.5, "b": true, "nil": nil, "t": time.Time{},
			"list": []any{"a", []any{1.5}, map[string]any{"x": nil}}, "strings": []string{"a"},
		}, 200},
		"a map that contains itself": {deep, 500},
		"a pointer":                  {map[string]any{"sub": "bob", "p": &deep}, 500},
		"a pointer in a list":        {map[string]any{"sub": "bob", "p": []any{&deep}}, 500},
		"a channel in a map":         {map[string]any{"sub": "bob", "p": map[string]any{"c": make(chan int)}}, 500},
		"bytes":                      {map[string]any{"sub": "bob", "p": []byte("x")}, 500},
	} {
		t.Run(name, func(t *testing.T) {
			w, h := serve(newGuard(t, sessionConfig(&fakeSession{claims: test.claims})), httptest.NewRequest("GET", "/", nil))
			require.Equal(t, test.want, w.Code)
			if test.want == 200 {
				require.Equal(t, middleware.Claims(test.claims), h.claims)
			} else {
				require.Zero(t, h.reached)
			}
		})
	}
}

// The context of the request reaches the application's own parts.
func TestContextIsPassedOn(t *testing.T) {
	type key struct{}
	cfg := bearerConfig()
	seen := 0
	cfg.Revocation = revocationFunc(func(ctx context.Context, _ map[string]any) (bool, error) {
		if ctx.Value(key{}) == "here" {
			seen++
		}
		return false, nil
	})
	r := bearerRequest(accessToken(t, nil))
	_, h := serve(newGuard(t, cfg), r.WithContext(context.WithValue(r.Context(), key{}, "here")))
	require.Equal(t, 1, h.reached)
	require.Equal(t, 1, seen)
}
