package diagnostic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/mapping"
	"github.com/stepwell/stepwell/federation/oidc"
)

var goodRules = mapping.Rules{
	Attributes: []mapping.Attribute{
		{To: "email", From: []string{"email"}, Required: true}, {To: "name", From: []string{"name"}, Steps: []mapping.Step{{After: " "}}},
	},
	Grants: []mapping.Grant{
		{Group: "admins", If: mapping.Condition{Attribute: "groups", Equals: []string{"0b7f0f4e-8f39-4e0b-9d0c-6c3f2c8d6a10"}}},
		{Role: "auditor", If: mapping.Condition{Attribute: "groups", Equals: []string{"other"}}},
	},
}

func TestWalk(t *testing.T) {
	s := newSite(t, withMapping(goodRules), func(_ *diagnostic.Config, _ *oidc.Config, target *diagnostic.Target) {
		target.Settings = []diagnostic.Setting{{Label: "Client ID <here>", Value: "app"}}
	})
	client := browser(t)
	link := s.link()

	start := open(t, client, link)
	require.Equal(t, http.StatusOK, start.status)
	requireStrict(t, start)
	require.Contains(t, start.text, "Test the sign-in with Contoso Ltd")
	require.Contains(t, start.text, "Nobody is signed in to Example Shop by this")
	require.Contains(t, start.text, s.url+"/callback")
	require.Contains(t, start.text, "Client ID <here> app")
	require.Equal(t, []string{beginOf(link)}, start.links)
	require.Empty(t, start.header["Set-Cookie"], "nothing is kept before the button is pressed")

	back := callback(t, client, link, "ada-1815")
	result := open(t, client, back.String())
	require.Equal(t, http.StatusOK, result.status)
	requireStrict(t, result)
	for _, text := range []string{
		"The sign-in works", "Subject: who the person is there ada-1815", "email ada@example.com", "name Lovelace", "Groups admins", "Roles None", "given_name Ada",
		"attribute 1: email made", "kept what is after", `no value is "other"`,
	} {
		require.Contains(t, result.text, text)
	}
	require.Equal(t, []string{link}, result.links)

	again := open(t, client, back.String())
	require.Equal(t, http.StatusBadRequest, again.status)
	require.Contains(t, again.text, "This test is over")
	require.NotContains(t, again.source, "ada@example.com")
	requireStrict(t, again)
	require.Contains(t, open(t, client, callback(t, client, link, "ada-1815").String()).text, "The sign-in works", "one test after another")
}

// A mapping that the provider was wrapped in is explained, too.
func TestWalk_WrappedProvider(t *testing.T) {
	s := newSite(t)
	m, err := mapping.New(goodRules)
	require.NoError(t, err)
	s.target.Provider = mapping.Provider(s.provider, m)
	result := s.result("ada-1815")
	require.Contains(t, result.text, "Groups admins")
	require.Contains(t, result.text, "given_name Ada", "what the provider sent is shown, not only what came of it")
}

func TestMissing(t *testing.T) {
	s := newSite(t, withMapping(mapping.Rules{Attributes: []mapping.Attribute{
		{To: "email", From: []string{"email"}, Required: true},
		{To: "first", From: []string{"http://example.com/claims/GivenName"}, Required: true},
		{To: "flag", From: []string{"name"}, Steps: []mapping.Step{{Boolean: true}}, Required: true},
	}}))
	result := s.result("grace")
	require.Contains(t, result.text, "The sign-in does not work")
	require.Contains(t, result.text, "The attribute email is required and did not come Have the provider send email")
	require.Contains(t, result.text, "nothing was left of it after the rule")
	require.NotContains(t, result.text, "nearly that")
	require.Contains(t, result.text, "Worth a look No e-mail address came")
	result = s.result("ada-1815")
	require.Contains(t, result.text, "The rule takes it from http://example.com/claims/GivenName. The provider sent given_name, which is nearly that")
}

func TestNotes(t *testing.T) {
	s := newSite(t, withMapping(mapping.Rules{
		Attributes: []mapping.Attribute{{To: "email", From: []string{"E-Mail"}, Default: []string{"none"}}},
		Grants:     []mapping.Grant{{Group: "admins", If: mapping.Condition{Attribute: "groups", Equals: []string{"Administrators"}}}},
	}))
	s.idp.SetHooks(federationtest.Hooks{MutateUserInfo: func(claims map[string]any) {
		claims["email_verified"] = false
		claims["hasgroups"] = true
	}})
	result := s.result("ada-1815")
	for _, text := range []string{
		"The sign-in works", "The groups that came are identifiers, and no rule knows one of them", `The rule "attribute 1: email" found nothing`, "It takes E-Mail; the provider sent email.",
		"The person is in more groups than fit", "does not say that the e-mail address is verified",
	} {
		require.Contains(t, result.text, text)
	}
}

// The note about overage is for those whose groups did not come, not for those whom package azuread has asked the directory about.
func TestNotes_GroupsLink(t *testing.T) {
	attributes := map[string][]string{
		"mail": {"ada@example.com"},
		"http://schemas.microsoft.com/claims/groups.link": {"https://graph.windows.net/x"},
	}
	notes := examine(t, attributes, nil).Notes
	require.Len(t, notes, 1)
	require.Contains(t, notes[0].Title, "more groups than fit")
	attributes["groups"] = []string{"00000000-0000-0000-0000-0000000000aa"}
	require.Empty(t, examine(t, attributes, nil).Notes)
}

// What goes wrong at a real relying party is told in plain words, without a secret.
func TestR17_Errors(t *testing.T) {
	hooks := func(h federationtest.Hooks) func(*site) { return func(s *site) { s.idp.SetHooks(h) } }
	claims := func(f func(map[string]any)) func(*site) { return hooks(federationtest.Hooks{MutateIDToken: f}) }
	respond := func(endpoint string, f http.HandlerFunc) func(*site) {
		return hooks(federationtest.Hooks{Respond: func(at string, w http.ResponseWriter, r *http.Request) bool {
			if at == endpoint {
				f(w, r)
			}
			return at == endpoint
		}})
	}
	for _, test := range []struct {
		name    string
		break_  func(*site)
		subject string
		want    []string
	}{
		{"audience", claims(func(c map[string]any) { c["aud"] = "other" }), "ada-1815", []string{"The answer is for another application", "client ID", `aud does not name "app"`}},
		{"issuer", claims(func(c map[string]any) { c["iss"] = "https://evil.example" }), "ada-1815", []string{"The answer is from another issuer"}},
		{"expired", claims(func(c map[string]any) { c["exp"] = 1000 }), "ada-1815", []string{"too old, or the clocks differ", "NTP"}},
		{"future", claims(func(c map[string]any) { c["iat"] = time.Now().Add(time.Hour).Unix() }), "ada-1815", []string{"The clocks differ"}},
		{"nonce", claims(func(c map[string]any) { c["nonce"] = "other" }), "ada-1815", []string{"The answer is to another sign-in"}},
		{"no subject", claims(func(c map[string]any) { delete(c, "sub") }), "ada-1815", []string{"does not say who the person is"}},
		{"cancel", func(*site) {}, federationtest.Cancel, []string{"did not let the person in", "assign them"}},
		{"secret", respond(federationtest.EndpointToken, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_ = r.ParseForm()
			id, secret, _ := r.BasicAuth()
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": "bad " + id + " " + secret + " " + r.PostForm.Get("code")})
		}), "ada-1815", []string{"does not accept the client secret", "it is the value that counts"}},
		{"aadsts", respond(federationtest.EndpointToken, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_request","error_description":"AADSTS50011: the reply URL"}`)
		}), "ada-1815", []string{"AADSTS50011", "https://login.microsoftonline.com/error?code=50011"}},
		{"no id token", hooks(federationtest.Hooks{MutateToken: func(r map[string]any) { delete(r, "id_token") }}), "ada-1815", []string{"sent no ID token", "scope openid"}},
		{"userinfo", respond(federationtest.EndpointUserInfo, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), "ada-1815", []string{"did not tell who the person is"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			test.break_(s)
			client := browser(t)
			back := callback(t, client, s.link(), test.subject)
			result := open(t, client, back.String())
			require.Equal(t, http.StatusOK, result.status)
			requireStrict(t, result)
			require.Contains(t, result.text, "The sign-in does not work")
			require.Contains(t, result.text, "The message was: oidc: ")
			for _, text := range test.want {
				require.Contains(t, result.text, text)
			}
			require.NotContains(t, result.source, clientSecret)
			for _, name := range []string{"code", "state"} {
				if value := back.Query().Get(name); value != "" {
					require.NotContains(t, result.source, value)
				}
			}
		})
	}
}

func TestBeginFails(t *testing.T) {
	for name, test := range map[string]struct {
		break_ func(*site)
		want   string
	}{
		"no host":  {func(s *site) { s.target.Provider = mustOIDC(s.t, "http://no-such-host.invalid") }, "The provider cannot be found"},
		"nobody":   {func(s *site) { s.target.Provider = mustOIDC(s.t, "http://127.0.0.1:1") }, "The provider cannot be reached"},
		"callback": {func(s *site) { s.target.CallbackURL = s.url + "/other" }, ""},
		"panics":   {func(s *site) { s.target.Provider = panics{} }, "The software failed"},
		"nothing":  {func(s *site) { s.target.Provider = fake{} }, "gave no handler"},
		"issuer": {func(s *site) {
			s.target.Provider = mustOIDC(s.t, strings.Replace(s.idp.Issuer(), "127.0.0.1", "localhost", 1))
		}, "The issuer differs"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			test.break_(s)
			client := browser(t)
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			result := open(t, client, beginOf(s.link()))
			if test.want == "" {
				require.Equal(t, http.StatusSeeOther, result.status)
				return
			}
			requireStrict(t, result)
			require.Contains(t, result.text, test.want)
			require.NotContains(t, result.text, "canary")
		})
	}
}

func mustOIDC(t testing.TB, issuer string) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(oidc.Config{Issuer: issuer, ClientID: "app", ClientSecret: clientSecret, InsecureAllowHTTP: true})
	require.NoError(t, err)
	return p
}

// fake is a provider that says what it is told to.
type fake struct {
	next       http.Handler
	subject    string
	attributes map[string][]string
	err        error
}

func (p fake) Begin(context.Context, string, string) (http.Handler, []byte, error) {
	return p.next, []byte("canary-pending"), nil
}

func (p fake) Finish(*http.Request, []byte) (string, map[string][]string, error) {
	return p.subject, p.attributes, p.err
}

type panics struct{}

func (panics) Begin(context.Context, string, string) (http.Handler, []byte, error) { panic("canary") }
func (panics) Finish(*http.Request, []byte) (string, map[string][]string, error)   { panic("canary") }

func TestLink(t *testing.T) {
	s := newSite(t)
	link := s.link()
	client := browser(t)
	s.wait(time.Hour - time.Second)
	require.Equal(t, http.StatusOK, open(t, client, link).status)
	s.wait(time.Second)
	for _, address := range []string{link, beginOf(link)} {
		p := open(t, client, address)
		require.Equal(t, http.StatusGone, p.status)
		require.Contains(t, p.text, "This link has expired")
		requireStrict(t, p)
	}
	long, err := s.Link("Contoso", 7*24*time.Hour)
	require.NoError(t, err)
	s.wait(7*24*time.Hour - time.Minute)
	require.Equal(t, http.StatusOK, open(t, client, long).status)

	token := func() string { u, _ := url.Parse(s.link()); return u.Query().Get("link") }()
	require.Equal(t, http.StatusOK, open(t, client, s.url+"?link="+token).status)
	bad := []string{"", "x", token[:len(token)-1], token + "A", "B" + token[1:], strings.Repeat("A", len(token)), strings.Repeat("A", 100_000), token + "&link=" + token}
	for i := range len(token) {
		c := byte('A')
		if token[i] == c {
			c = 'B'
		}
		bad = append(bad, token[:i]+string(c)+token[i+1:])
	}
	for _, bad := range bad {
		p := open(t, client, s.url+"/begin?link="+bad)
		require.Contains(t, []int{http.StatusNotFound, http.StatusRequestURITooLong}, p.status, bad)
		require.Empty(t, p.header["Set-Cookie"])
	}
	other, err := diagnostic.New(diagnostic.Config{BaseURL: s.url, Key: bytes.Repeat([]byte{8}, 32), Provider: func(context.Context, string) (diagnostic.Target, error) { return s.target, nil }})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	other.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.link(), nil))
	require.Equal(t, http.StatusNotFound, w.Code, "another key")

	for _, test := range []struct {
		name  string
		valid time.Duration
	}{{"", 0}, {strings.Repeat("x", 201), 0}, {"a\nb", 0}, {"Contoso", time.Second}, {"Contoso", -time.Hour}, {"Contoso", 8 * 24 * time.Hour}} {
		_, err := s.Link(test.name, test.valid)
		require.Error(t, err)
	}
}

// R19: the provider was taken away while the sign-in was under way.
func TestR19_ProviderGone(t *testing.T) {
	s := newSite(t)
	client := browser(t)
	link := s.link()
	back := callback(t, client, link, "ada-1815")
	s.mu.Lock()
	s.gone = true
	s.mu.Unlock()
	for _, address := range []string{back.String(), link, beginOf(link)} {
		p := open(t, client, address)
		require.Equal(t, http.StatusNotFound, p.status)
		require.Contains(t, p.text, "There is nothing to test")
		require.NotContains(t, p.source, "ada")
	}
}

func TestBegin_NotByOthers(t *testing.T) {
	s := newSite(t)
	link := s.link()
	for name, change := range map[string]func(*http.Request){
		"another site":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a sibling":      func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"in advance":     func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch;prerender") },
		"in the old way": func(r *http.Request) { r.Header.Set("Purpose", "prefetch") },
		"HEAD":           func(r *http.Request) { r.Method = http.MethodHead },
	} {
		r := httptest.NewRequest(http.MethodGet, beginOf(link), nil)
		change(r)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Equal(t, http.StatusSeeOther, w.Code, name)
		require.True(t, strings.HasSuffix(link, w.Header().Get("Location")), name)
		require.Empty(t, w.Header()["Set-Cookie"], name)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		for _, address := range []string{link, beginOf(link)} {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(method, address, nil))
			require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		}
	}
	for _, path := range []string{"/other", "/begin/", "/callback/x", "/../test", "x"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.url+path, nil))
		require.Equal(t, http.StatusNotFound, w.Code, path)
	}
}

func TestNew_Refuses(t *testing.T) {
	for want, change := range map[string]func(*diagnostic.Config){
		"absolute URL":    func(c *diagnostic.Config) { c.BaseURL = "/test" },
		"without query":   func(c *diagnostic.Config) { c.BaseURL = "https://example.com/?a" },
		"must be https":   func(c *diagnostic.Config) { c.BaseURL = "http://example.com/" },
		"must be http":    func(c *diagnostic.Config) { c.BaseURL = "ftp://localhost/" },
		"unusual":         func(c *diagnostic.Config) { c.BaseURL = "https://example.com/a%2fb" },
		"31 bytes":        func(c *diagnostic.Config) { c.Key = c.Key[:31] },
		"Provider is":     func(c *diagnostic.Config) { c.Provider = nil },
		"without query ":  nil,
		"is not an absol": func(c *diagnostic.Config) { c.BaseURL = "https://user@example.com/" },
	} {
		if change == nil {
			continue
		}
		config := diagnostic.Config{BaseURL: "https://example.com", Key: key, Provider: func(context.Context, string) (diagnostic.Target, error) { return diagnostic.Target{}, nil }}
		change(&config)
		_, err := diagnostic.New(config)
		require.ErrorContains(t, err, want)
	}
}

func TestExplain(t *testing.T) {
	s := newSite(t)
	down := errors.New("AADSTS50105: not assigned")
	s.target.Provider = explaining{fake{err: down}}
	report := diagnostic.Examine(httptest.NewRequest(http.MethodGet, "/", nil), s.target.Provider, nil, diagnostic.Options{Name: "n"})
	require.Equal(t, "the provider's advice", report.Problems[0].Change)
	require.Contains(t, report.Problems[0].Title, "AADSTS50105")
	options := diagnostic.Options{Explain: func(err error) string {
		require.ErrorIs(t, err, down)
		return "the application's advice"
	}}
	require.Equal(t, "the application's advice", diagnostic.Failed(down, s.target.Provider, options).Problems[0].Change)
	options.Explain = func(error) string { panic("canary") }
	require.Contains(t, diagnostic.Failed(down, fake{}, options).Problems[0].Change, "login.microsoftonline.com")
	m, err := mapping.New(goodRules)
	require.NoError(t, err)
	require.Equal(t, "the provider's advice", diagnostic.Failed(down, mapping.Provider(s.target.Provider, m), diagnostic.Options{}).Problems[0].Change)
}

type explaining struct{ fake }

func (explaining) Explain(error) string { return "the provider's advice" }
