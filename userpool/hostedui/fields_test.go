package hostedui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// Every form, with each field empty, too long, and with a control character: the message stands beside the field, what was typed is kept
// but no password, and nothing is stored, counted or sent.
func TestEveryFieldSaysWhatIsWrongWithIt(t *testing.T) {
	const code = "123456"
	good := map[string]map[string]string{
		"/auth/login":                 {"username": ada, "password": password},
		"/auth/signup":                {"username": ada, "name": "Ada", "password": password, "repeat": password},
		"/auth/confirmUser":           {"username": ada, "code": code},
		"/auth/forgotPassword":        {"username": ada},
		"/auth/confirmForgotPassword": {"username": ada, "code": code, "password": password, "repeat": password},
	}
	bad := map[string]map[string]string{
		"username": {
			"": "Enter your e-mail address.", "   ": "Enter your e-mail address.",
			strings.Repeat("a", 250) + "@example.com": "The e-mail address is too long",
			"ada\x00@example.com":                     "control character", "ada\r\nBcc: x@example.com": "control character",
			"ada\u0085@example.com": "control character", "\xff@example.com": "control character",
			"ada": "Enter an e-mail address such as",
		},
		"password": {
			"": "Enter ", strings.Repeat("x", 257): "The password is too long", strings.Repeat("é", 257): "The password is too long",
			"correct horse\tbattery": "control character", "correct horse\x00battery": "control character", "correct \xff battery": "control character",
		},
		"code": {
			"": "Enter the code", strings.Repeat("1", 1000): "six digits", "12345": "six digits", "1234567": "six digits",
			"12345\n": "control character", "12345\x00": "control character", "１２３４５６": "six digits", "+12345": "six digits", "12345a": "six digits",
		},
		"name": {strings.Repeat("n", 101): "The name is too long", "Ada\nLovelace": "control character", "Ada\x1b[0m": "control character"},
	}
	s := newSite(t)
	for address, values := range good {
		for name := range values {
			for value, want := range bad[name] {
				b := s.browser()
				p := b.get(address)
				_, fields := p.form()
				require.NotEmpty(t, fields.Get("csrf"))
				for n, v := range values {
					fields.Set(n, v)
				}
				fields.Set(name, value)
				if name == "password" && fields.Has("repeat") {
					fields.Set("repeat", value)
				}
				p = b.post(address, fields)
				require.Equal(t, http.StatusUnprocessableEntity, p.Status, "%s %s %q", address, name, value)
				require.Contains(t, p.fieldError(name), want, "%s %s %q", address, name, value)
				requireFirstWrongHasFocus(t, p)
				for _, input := range p.all("input") {
					if attr(input, "type") == "password" {
						require.Empty(t, attr(input, "value"), "a password is never sent back")
					}
				}
				require.NotContains(t, p.Body, password)
				if name != "username" {
					_, again := p.form()
					require.Equal(t, ada, again.Get("username"), "what was typed is kept")
				}
			}
		}
	}
	require.Zero(t, s.store.writes.Load(), "nothing was stored or counted")
	require.Empty(t, s.sent())
}

func requireFirstWrongHasFocus(t *testing.T, p *page) {
	t.Helper()
	var focused []string
	var firstWrong string
	for _, input := range p.all("input") {
		if _, ok := lookup(input, "autofocus"); ok {
			focused = append(focused, attr(input, "id"))
		}
		if _, readOnly := lookup(input, "readonly"); readOnly {
			require.NotEqual(t, "true", attr(input, "aria-invalid"), "what is wrong can be corrected")
		}
		if firstWrong == "" && attr(input, "aria-invalid") == "true" {
			firstWrong = attr(input, "id")
		}
	}
	require.Equal(t, []string{firstWrong}, focused)
}

func TestSeveralProblemsAreSaidAtOnce(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	p := b.submit(b.get("/auth/confirmForgotPassword"), nil)
	for _, name := range []string{"username", "code", "password"} {
		require.NotEmpty(t, p.fieldError(name), name)
	}
	require.Equal(t, "There is a problem", p.text("h2"))
}

func TestFieldThatIsSaidTwiceIsRefused(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	action, fields := b.get("/auth/login").form()
	fields.Set("username", ada)
	fields.Set("password", password)
	for name := range fields {
		twice := url.Values{}
		for k, v := range fields {
			twice[k] = v
		}
		twice[name] = append([]string{"other"}, twice[name]...)
		p := b.post(action, twice)
		require.Equal(t, http.StatusBadRequest, p.Status, name)
	}
	for _, query := range []string{"return_to=/a&return_to=/b", "notice=confirmed&notice=deleted", "return_to=%zz", "a;b"} {
		require.Equal(t, http.StatusBadRequest, b.get("/auth/login?"+query).Status, query)
	}
	require.Zero(t, s.store.writes.Load())
}

func TestBodiesAreBounded(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	action, fields := b.get("/auth/login").form()
	fields.Set("username", ada)
	fields.Set("password", strings.Repeat("x", 64<<10))
	require.Equal(t, http.StatusRequestEntityTooLarge, b.post(action, fields).Status)

	r := b.formRequest(action, fields)
	r.Header.Set("Content-Type", "application/json")
	require.Equal(t, http.StatusUnsupportedMediaType, b.do(r).Status)
	r = b.formRequest(action, fields)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	require.Equal(t, http.StatusUnsupportedMediaType, b.do(r).Status)
	r = b.formRequest(action, url.Values{})
	r.Header.Del("Content-Type")
	require.Equal(t, http.StatusUnsupportedMediaType, b.do(r).Status)
	require.Zero(t, s.store.writes.Load())
}

func TestSignUpSessionIsBounded(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	_, fields := b.get("/auth/confirmUser").form()
	for _, session := range []string{strings.Repeat("s", 1025), "a\nb"} {
		fields.Set("username", ada)
		fields.Set("code", "123456")
		fields.Set("session", session)
		require.Equal(t, http.StatusBadRequest, b.post("/auth/confirmUser", fields).Status)
	}
}

// What a browser, a password manager and a screen reader need.
func TestPagesAreAccessible(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	signedIn := s.browser()
	signedIn.signIn(ada)
	titles := map[string]string{}
	pages := map[string]*page{
		"login": b.get("/auth/login"), "signup": b.get("/auth/signup"), "confirm": b.get("/auth/confirmUser"),
		"forgot": b.get("/auth/forgotPassword"), "reset": b.get("/auth/confirmForgotPassword"), "missing": b.get("/auth/nowhere"),
		"account": signedIn.get("/auth/account"), "delete": signedIn.get("/auth/account/delete"), "signout": signedIn.get("/auth/signout"),
		"wrong": b.submit(b.get("/auth/signup"), nil),
	}
	for name, p := range pages {
		require.Equal(t, "text/html; charset=utf-8", p.Header.Get("Content-Type"), name)
		require.Equal(t, "en", attr(p.all("html")[0], "lang"), name)
		require.Len(t, p.all("h1"), 1, name)
		require.Len(t, p.all("main"), 1, name)
		require.Len(t, p.all("title"), 1, name)
		title := p.text("title")
		require.Empty(t, titles[title], "%s has the title of %s", name, titles[title])
		titles[title] = name
		require.Contains(t, title, "Example Ltd")
		require.Empty(t, p.all("script"), name)
		require.Empty(t, p.all("style"), name)
		ids := map[string]int{}
		p.each(func(n *html.Node) {
			if id := attr(n, "id"); id != "" {
				ids[id]++
				require.Equal(t, 1, ids[id], "%s: id %s", name, id)
			}
			_, inline := lookup(n, "style")
			require.False(t, inline, name)
			for _, a := range n.Attr {
				require.False(t, strings.HasPrefix(a.Key, "on"), "%s: %s", name, a.Key)
			}
		})
		for _, input := range p.all("input") {
			if attr(input, "type") == "hidden" {
				continue
			}
			labels := 0
			for _, label := range p.all("label") {
				if attr(label, "for") == attr(input, "id") {
					labels++
				}
			}
			require.Equal(t, 1, labels, "%s: %s has a label", name, attr(input, "id"))
			for _, id := range strings.Fields(attr(input, "aria-describedby")) {
				require.Equal(t, 1, ids[id], "%s: %s", name, id)
			}
			require.NotEmpty(t, attr(input, "autocomplete"), "%s: %s", name, attr(input, "id"))
		}
	}
	require.Equal(t, "username", attr(pages["login"].byID("username"), "autocomplete"))
	require.Equal(t, "current-password", attr(pages["login"].byID("password"), "autocomplete"))
	require.Equal(t, "new-password", attr(pages["signup"].byID("password"), "autocomplete"))
	require.Equal(t, "new-password", attr(pages["signup"].byID("repeat"), "autocomplete"))
	require.Equal(t, "one-time-code", attr(pages["confirm"].byID("code"), "autocomplete"))
	require.Equal(t, "numeric", attr(pages["confirm"].byID("code"), "inputmode"))
}

func TestStylesheet(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	p := b.get("/auth/login")
	link := p.all("link")[0]
	css := b.get(attr(link, "href"))
	require.Equal(t, http.StatusOK, css.Status)
	require.Equal(t, "text/css; charset=utf-8", css.Header.Get("Content-Type"))
	require.Contains(t, css.Header.Get("Cache-Control"), "immutable")
	require.NotContains(t, css.Body, "url(", "nothing is loaded from elsewhere")
	require.NotContains(t, css.Body, "@import")
	require.Contains(t, css.Body, "prefers-color-scheme: dark")
	require.Empty(t, css.Header.Values("Set-Cookie"), "what is kept by caches sets no cookie")
}
