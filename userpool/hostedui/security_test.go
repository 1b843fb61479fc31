package hostedui_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
)

func TestO24_LoginCSRF(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	mallory := s.browser()
	_, foreign := mallory.get("/auth/login").form()
	credentials := func(csrf string) url.Values {
		return url.Values{"csrf": {csrf}, "username": {ada}, "password": {password}}
	}
	for name, change := range map[string]func(b *browser, own string) *http.Request{
		"no token": func(b *browser, _ string) *http.Request {
			f := credentials("")
			f.Del("csrf")
			return b.formRequest("/auth/login", f)
		},
		"empty token": func(b *browser, _ string) *http.Request { return b.formRequest("/auth/login", credentials("")) },
		"token of another browser": func(b *browser, _ string) *http.Request {
			return b.formRequest("/auth/login", credentials(foreign.Get("csrf")))
		},
		"token changed": func(b *browser, own string) *http.Request {
			first := "A"
			if own[0] == 'A' {
				first = "B"
			}
			return b.formRequest("/auth/login", credentials(first+own[1:]))
		},
		"the cookie as token": func(b *browser, _ string) *http.Request {
			return b.formRequest("/auth/login", credentials(b.cookie("browser").Value))
		},
		"token in the query": func(b *browser, own string) *http.Request {
			return b.formRequest("/auth/login?csrf="+own, credentials("x"))
		},
		"cross-site": func(b *browser, own string) *http.Request {
			r := b.formRequest("/auth/login", credentials(own))
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Origin", "https://evil.example")
			return r
		},
		"same-site": func(b *browser, own string) *http.Request {
			r := b.formRequest("/auth/login", credentials(own))
			r.Header.Set("Sec-Fetch-Site", "same-site")
			r.Header.Set("Origin", "https://other.example")
			return r
		},
		"foreign origin, old browser": func(b *browser, own string) *http.Request {
			r := b.formRequest("/auth/login", credentials(own))
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
			return r
		},
		"origin null, old browser": func(b *browser, own string) *http.Request {
			r := b.formRequest("/auth/login", credentials(own))
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "null")
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			_, own := b.get("/auth/login").form()
			p := b.do(change(b, own.Get("csrf")))
			require.Equal(t, http.StatusForbidden, p.Status)
			require.Nil(t, b.cookie("session"))
			require.NotEmpty(t, p.text("h1"))
		})
	}
	t.Run("no cookie", func(t *testing.T) {
		_, own := s.browser().get("/auth/login").form()
		b := s.browser()
		require.Equal(t, http.StatusForbidden, b.post("/auth/login", credentials(own.Get("csrf"))).Status)
	})
	t.Run("no cookie, and the token of an empty one", func(t *testing.T) {
		b := s.browser()
		mac := hmac.New(sha256.New, nil)
		mac.Write([]byte("stepwell hostedui: cross-site request forgery"))
		p := b.post("/auth/login", credentials(base64.RawURLEncoding.EncodeToString(mac.Sum(nil))))
		require.Equal(t, http.StatusForbidden, p.Status)
	})
	t.Run("two cookies", func(t *testing.T) {
		b := s.browser()
		_, own := b.get("/auth/login").form()
		r := b.formRequest("/auth/login", credentials(own.Get("csrf")))
		r.AddCookie(&http.Cookie{Name: b.cookie("browser").Name, Value: mallory.cookie("browser").Value})
		require.Equal(t, http.StatusForbidden, b.do(r).Status)
	})
	t.Run("an old browser that says no origin at all", func(t *testing.T) {
		b := s.browser()
		_, own := b.get("/auth/login").form()
		r := b.formRequest("/auth/login", credentials(own.Get("csrf")))
		r.Header.Del("Sec-Fetch-Site")
		r.Header.Del("Origin")
		require.Equal(t, http.StatusSeeOther, b.do(r).Status)
	})
}

func TestO24_EveryFormNeedsAToken(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	before := s.store.writes.Load()
	for _, address := range []string{
		"/auth/login", "/auth/signup", "/auth/confirmUser", "/auth/forgotPassword", "/auth/confirmForgotPassword", "/auth/signout",
		"/auth/account/delete",
	} {
		p := b.post(address, url.Values{"username": {ada}, "password": {password}, "repeat": {password}, "code": {"123456"}, "confirm": {"yes"}})
		require.Equal(t, http.StatusForbidden, p.Status, address)
	}
	require.Equal(t, before, s.store.writes.Load())
	require.Equal(t, http.StatusOK, b.get("/auth/account").Status)
}

func TestO25_SessionFixation(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	s.register("mallory@example.com")
	mallory := s.browser()
	mallory.signIn("mallory@example.com")
	planted := mallory.cookie("session").Value

	b := s.browser()
	_, fields := b.get("/auth/login").form()
	fields.Set("username", ada)
	fields.Set("password", password)
	r := b.formRequest("/auth/login", fields)
	r.AddCookie(&http.Cookie{Name: mallory.cookie("session").Name, Value: planted})
	token := b.cookie("browser").Value
	require.Equal(t, http.StatusSeeOther, b.do(r).Status)
	first := b.cookie("session").Value
	require.NotEqual(t, planted, first)
	require.NotEqual(t, token, b.cookie("browser").Value, "what forms are bound to is new too")
	_, err := s.pool.BrowserSession(t.Context(), planted)
	require.ErrorIs(t, err, userpool.NotAuthorized, "the planted session is over")

	b.signIn(ada)
	second := b.cookie("session").Value
	require.NotEqual(t, first, second)
	_, err = s.pool.BrowserSession(t.Context(), first)
	require.ErrorIs(t, err, userpool.NotAuthorized, "the session before is over")
	_, err = s.pool.BrowserSession(t.Context(), second)
	require.NoError(t, err)

	// One that was never issued is not taken over either.
	made := s.browser()
	_, fields = made.get("/auth/login").form()
	fields.Set("username", ada)
	fields.Set("password", password)
	r = made.formRequest("/auth/login", fields)
	chosen := strings.Repeat("a", 22) + "." + strings.Repeat("b", 43)
	r.AddCookie(&http.Cookie{Name: b.cookie("session").Name, Value: chosen})
	require.Equal(t, http.StatusSeeOther, made.do(r).Status)
	require.NotEqual(t, chosen, made.cookie("session").Value)
}

func TestO31_HostHeadersAreNotUsed(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	evil := func(r *http.Request) *http.Request {
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("X-Forwarded-Proto", "http")
		r.Header.Set("X-Forwarded-Port", "6666")
		r.Header.Set("Forwarded", "host=evil.example;proto=http")
		r.Header.Set("X-Original-URL", "//evil.example")
		return r
	}
	for _, address := range []string{"/auth/login", "/auth/signup", "/auth/forgotPassword", "/auth/account", "/auth/", "/auth/signout", "/auth/nowhere"} {
		p := b.do(evil(b.request(http.MethodGet, address, nil)))
		require.NotContains(t, p.Body, "evil", address)
		for name, values := range p.Header {
			require.NotContains(t, strings.Join(values, ","), "evil", "%s %s", address, name)
		}
		if p.Status == http.StatusSeeOther {
			require.True(t, strings.HasPrefix(p.Header.Get("Location"), s.origin+"/"), address)
		}
	}
	_, fields := b.get("/auth/forgotPassword").form()
	fields.Set("username", ada)
	r := evil(b.formRequest("/auth/forgotPassword", fields))
	r.AddCookie(b.cookie("browser"))
	b.client.Jar = nil // it goes by the Host header
	p := b.do(r)
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Equal(t, s.base+"/confirmForgotPassword", p.Header.Get("Location"))
	for _, m := range s.sent() {
		require.NotContains(t, m.Text+m.Subject, "evil")
	}
	r = evil(b.request(http.MethodGet, "/", nil))
	require.Equal(t, s.base+"/login?return_to=%2Fx", s.ui.LoginURL("/x"))
	_, err := s.ui.Authenticate(r)
	require.NoError(t, err)
}

func TestO38_RedirectsAfterFormsAre303(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	for _, p := range []*page{
		b.submit(b.get("/auth/signup"), map[string]string{"username": "new@example.com", "password": password, "repeat": password}),
		b.submit(b.get("/auth/forgotPassword"), map[string]string{"username": ada}),
		b.submit(b.get("/auth/login"), map[string]string{"username": ada, "password": password}),
		b.submit(b.get("/auth/signout"), nil),
	} {
		require.Equal(t, http.StatusSeeOther, p.Status)
		require.Empty(t, p.Body)
		require.NotContains(t, p.Header.Get("Location"), "%40", "no e-mail address in a URL")
	}
}

func TestO39_H4_HeadersOfEveryAnswer(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	signedIn := s.browser()
	redirected := signedIn.signIn(ada)
	answers := map[string]*page{
		"login": b.get("/auth/login"), "login again": signedIn.get("/auth/login"), "signup": b.get("/auth/signup"),
		"account": signedIn.get("/auth/account"), "redirect": b.get("/auth/account"), "signed in": redirected, "missing": b.get("/auth/nowhere"),
		"refused": b.post("/auth/login", url.Values{}), "wrong": b.submit(b.get("/auth/login"), nil), "signout": signedIn.get("/auth/signout"),
		"method": b.do(b.request(http.MethodPut, "/auth/login", nil)), "callback": b.get("/auth/federation/none/response?state=x"),
	}
	for name, p := range answers {
		h := p.Header
		require.Equal(t, "no-store", h.Get("Cache-Control"), name)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), name)
		require.Equal(t, "DENY", h.Get("X-Frame-Options"), name)
		require.Contains(t, []string{"no-referrer", "same-origin"}, h.Get("Referrer-Policy"), name)
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action "} {
			require.Contains(t, csp, want, name)
		}
		require.NotContains(t, csp, "unsafe", name)
		require.NotContains(t, csp, "script-src", name)
	}
	require.Equal(t, "same-origin", answers["login"].Header.Get("Referrer-Policy"))
	require.Equal(t, "no-referrer", answers["signed in"].Header.Get("Referrer-Policy"))
	require.Equal(t,
		"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		answers["login"].Header.Get("Content-Security-Policy"))
}

func TestH1_Cookies(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	var set []*http.Cookie
	collect := func(p *page) *page {
		resp := http.Response{Header: p.Header}
		set = append(set, resp.Cookies()...)
		return p
	}
	p := collect(b.get("/auth/forgotPassword"))
	collect(b.submit(p, map[string]string{"username": ada}))
	collect(b.submit(b.get("/auth/login"), map[string]string{"username": ada, "password": password}))
	session := b.cookie("session")
	collect(b.submit(b.get("/auth/account"), nil))
	kinds := map[string]bool{}
	for _, c := range set {
		require.True(t, strings.HasPrefix(c.Name, "__Host-stepwell-"), c.Name)
		require.True(t, c.Secure && c.HttpOnly, c.Name)
		require.Equal(t, http.SameSiteLaxMode, c.SameSite, c.Name)
		require.Equal(t, "/", c.Path, c.Name)
		require.Empty(t, c.Domain, c.Name)
		require.Less(t, len(c.String()), 4096)
		if strings.Contains(c.Name, "-step-") && c.MaxAge >= 0 {
			require.Equal(t, 60*60, c.MaxAge, "an e-mail address does not stay in a shared browser")
		}
		kinds[strings.Split(c.Name, "-")[2]] = true
		if c.Name == session.Name && c.MaxAge > 0 {
			require.Equal(t, 12*60*60, c.MaxAge)
		}
	}
	require.Equal(t, map[string]bool{"session": true, "browser": true, "step": true}, kinds)

	// Two cookies of one name, in any order, are no session; nor is one of another name.
	b.signIn(ada)
	real := b.cookie("session")
	plain := s.browser()
	for name, header := range map[string]string{
		"real first":     real.Name + "=" + real.Value + "; " + real.Name + "=other",
		"real last":      real.Name + "=other; " + real.Name + "=" + real.Value,
		"twice the same": real.Name + "=" + real.Value + "; " + real.Name + "=" + real.Value,
		"without prefix": strings.TrimPrefix(real.Name, "__Host-") + "=" + real.Value,
		"huge":           real.Name + "=" + strings.Repeat("a", 5000),
		"empty":          real.Name + "=",
	} {
		r := plain.request(http.MethodGet, "/auth/account", nil)
		r.Header.Set("Cookie", header)
		claims, err := s.ui.Authenticate(r)
		require.NoError(t, err, name)
		require.Nil(t, claims, name)
		require.Equal(t, http.StatusSeeOther, plain.do(r).Status, name)
	}
	r := plain.request(http.MethodGet, "/auth/account", nil)
	r.Header.Set("Cookie", real.Name+"="+real.Value)
	require.Equal(t, real.Value, s.ui.BrowserSession(r))
	require.Equal(t, http.StatusOK, plain.do(r).Status)
}

func TestH3_ReturnToAfterSignIn(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	for _, evil := range []string{
		"//evil.example", `/\evil.example`, "https://evil.example", "https:evil.example", "javascript:alert(1)", "/%2f%2fevil.example",
		"/\t/evil.example", "/%5cevil.example", "evil.example", "",
	} {
		b := s.browser()
		p := b.get("/auth/login?return_to=" + url.QueryEscape(evil))
		require.Equal(t, http.StatusOK, p.Status)
		if evil != "" {
			require.NotContains(t, p.Body, "evil.example")
		}
		p = b.submit(p, map[string]string{"username": ada, "password": password, "return_to": evil})
		require.Equal(t, s.base+"/account", p.Header.Get("Location"), "%q", evil)
		require.Equal(t, s.base+"/login", s.ui.LoginURL(evil), "%q", evil)
	}
	require.Equal(t, s.base+"/login?return_to=%2Fx%3Fa%3Db", s.ui.LoginURL(s.origin+"/x?a=b"), "an address on our own origin is one")
	require.Equal(t, s.base+"/login", s.ui.LoginURL(s.origin+".evil.example/"))
}

func TestH5_O37_HostileTextIsEscaped(t *testing.T) {
	hostile := []string{
		`"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `{{.CSRF}}`, `</title><svg onload=alert(1)>`,
		`javascript:alert(1)`, "&lt;b&gt;", `" autofocus onfocus="alert(1)`, "\u202e\u2028", `<!--`, `]]>`,
	}
	for _, text := range hostile {
		name := text
		s := newSite(t,
			settings(func(set *userpool.Settings) { set.Clients[0].Name = name }),
			func(pc *userpool.Config, hc *hostedui.Config) {
				hc.Title = name
				pc.Providers = []userpool.Provider{{Name: "evil", Label: name, IdentityProvider: &fakeProvider{}}}
			})
		b := s.browser()
		_, err := s.pool.SignUp(t.Context(), userpool.SignUpInput{Username: ada, Password: password, UserAttributes: map[string]string{"name": name}})
		require.NoError(t, err)
		require.NoError(t, errOf(s.pool.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: ada, ConfirmationCode: s.lastCode()})))
		app := url.QueryEscape("/oauth2/authorize?client_id=web&redirect_uri=" + url.QueryEscape("https://app.example/callback") +
			"&login_hint=" + url.QueryEscape(name))
		pages := []*page{
			b.get("/auth/login?return_to=" + app),
			b.submit(b.get("/auth/login"), map[string]string{"username": name}),
			b.submit(b.get("/auth/signup"), map[string]string{"username": name, "name": name}),
			b.submit(b.get("/auth/confirmUser"), map[string]string{"username": ada + name, "code": name, "session": "x"}),
			b.get("/auth/login?notice=" + url.QueryEscape(name)),
			b.get("/auth/" + url.PathEscape(name)),
		}
		b.signIn(ada)
		pages = append(pages, b.get("/auth/account"),
			b.get("/auth/signout?client_id=web&logout_uri="+url.QueryEscape("https://app.example/bye")+"&state="+url.QueryEscape(name)),
			b.get("/auth/signout?client_id=web&logout_uri="+url.QueryEscape(name)+"&state="+url.QueryEscape(name)))
		for i, p := range pages {
			require.Empty(t, p.all("script"), "page %d", i)
			require.Empty(t, p.all("img"), "page %d", i)
			require.Empty(t, p.all("svg"), "page %d", i)
			require.Len(t, p.all("main"), 1, "page %d", i)
			for _, input := range p.all("input") {
				_, on := lookup(input, "onfocus")
				require.False(t, on, "page %d", i)
			}
			p.each(func(n *html.Node) {
				for _, name := range []string{"href", "action", "src"} {
					require.False(t, strings.HasPrefix(attr(n, name), "javascript"), "page %d", i)
				}
			})
		}
		require.Equal(t, name, attr(pages[2].byID("name"), "value"), "and shown as it is")
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	for address, allow := range map[string]string{
		"/auth/login": "GET, HEAD, POST", "/auth/account": "GET, HEAD", "/auth/style.css": "GET, HEAD", "/auth/signout": "GET, HEAD, POST",
		"/auth/federation/any": "GET", "/auth/federation/any/response": "GET, POST",
	} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodTrace, "BREW", "get"} {
			p := b.do(b.request(method, address, nil))
			require.Equal(t, http.StatusMethodNotAllowed, p.Status, "%s %s", method, address)
			require.Equal(t, allow, p.Header.Get("Allow"))
		}
	}
	p := b.do(b.request(http.MethodHead, "/auth/login", nil))
	require.Equal(t, http.StatusOK, p.Status)
	require.Empty(t, p.Body)
	for _, address := range []string{"/auth/federation/any", "/auth/federation/any/response?state=x"} {
		require.Equal(t, http.StatusMethodNotAllowed, b.do(b.request(http.MethodHead, address, nil)).Status, "a HEAD does nothing")
	}
	for _, address := range []string{"/auth/login/", "/auth/Login", "/auth/login.html", "/auth/federation/", "/auth/federation/a/b", "/auth/federation//response"} {
		p := b.get(address)
		require.Contains(t, []int{http.StatusNotFound, http.StatusTemporaryRedirect, http.StatusMovedPermanently}, p.Status, address)
	}
}
