package diagnostic_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/mapping"
	"github.com/stepwell/stepwell/federation/oidc"
)

var key = bytes.Repeat([]byte{7}, 32)

const clientSecret = "canary-client-secret"

// site is an application with a test page, and a provider.
type site struct {
	*diagnostic.Handler
	t        *testing.T
	url      string
	idp      *federationtest.Provider
	provider *oidc.Provider

	mu     sync.Mutex
	now    time.Time
	target diagnostic.Target
	gone   bool
}

func (s *site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// ada is somebody with all kinds of attributes.
var ada = federationtest.User{Subject: "ada-1815", Claims: map[string]any{
	"name": "Ada Lovelace", "given_name": "Ada", "email": "ada@example.com", "email_verified": true,
	"groups": []any{"5f0d2c3e-1111-4222-8333-444455556666", "0b7f0f4e-8f39-4e0b-9d0c-6c3f2c8d6a10"},
}}

func newSite(t *testing.T, changes ...func(*diagnostic.Config, *oidc.Config, *diagnostic.Target)) *site {
	t.Helper()
	s := &site{t: t, now: time.Now()}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	s.url = "http://" + server.Listener.Addr().String() + "/test"
	s.idp = federationtest.NewServer(t, federationtest.Config{
		Clients: []federationtest.Client{{ID: "app", Secret: clientSecret, RedirectURIs: []string{s.url + "/callback"}}},
		Users:   []federationtest.User{ada, {Subject: "grace", Claims: map[string]any{"name": "Grace Hopper"}}},
	})
	config := diagnostic.Config{
		BaseURL: s.url, Key: key, Title: "Example Shop", Now: s.Now,
		Provider: func(_ context.Context, name string) (diagnostic.Target, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.gone || name != "Contoso" {
				return diagnostic.Target{}, errors.New("unknown")
			}
			return s.target, nil
		},
	}
	rp := oidc.Config{Issuer: s.idp.Issuer(), ClientID: "app", ClientSecret: clientSecret, InsecureAllowHTTP: true}
	s.target.Label = "Contoso Ltd"
	for _, change := range changes {
		change(&config, &rp, &s.target)
	}
	var err error
	s.provider, err = oidc.New(rp)
	require.NoError(t, err)
	if s.target.Provider == nil {
		s.target.Provider = s.provider
	}
	s.Handler, err = diagnostic.New(config)
	require.NoError(t, err)
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// withMapping are rules that fit ada.
func withMapping(rules mapping.Rules) func(*diagnostic.Config, *oidc.Config, *diagnostic.Target) {
	return func(_ *diagnostic.Config, _ *oidc.Config, target *diagnostic.Target) {
		m, err := mapping.New(rules)
		if err != nil {
			panic(err)
		}
		target.Mapping = m
	}
}

func (s *site) link() string {
	s.t.Helper()
	link, err := s.Link("Contoso", 0)
	require.NoError(s.t, err)
	return link
}

// begin is the address that the button of a link goes to.
func beginOf(link string) string { return strings.Replace(link, "/?link=", "/begin?link=", 1) }

func browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar}
}

// page is what a browser shows.
type page struct {
	status int
	header http.Header
	source string
	text   string
	links  []string
}

func open(t testing.TB, client *http.Client, address string) page {
	t.Helper()
	resp, err := client.Get(address)
	require.NoError(t, err)
	return read(t, resp)
}

func read(t testing.TB, resp *http.Response) page {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	p := page{status: resp.StatusCode, header: resp.Header, source: string(data)}
	document, err := html.Parse(bytes.NewReader(data))
	require.NoError(t, err)
	var text strings.Builder
	for node := range document.Descendants() {
		if node.Type == html.TextNode {
			text.WriteString(node.Data + " ")
		}
		for _, a := range node.Attr {
			if node.Data == "a" && a.Key == "href" {
				u, err := resp.Request.URL.Parse(a.Val)
				require.NoError(t, err)
				p.links = append(p.links, u.String())
			}
		}
	}
	p.text = strings.Join(strings.Fields(text.String()), " ")
	return p
}

// callback signs in at the provider, and returns where it sends the browser.
func callback(t testing.TB, client *http.Client, link, subject string) *url.URL {
	t.Helper()
	back, err := federationtest.SignIn(client, beginOf(link), subject)
	require.NoError(t, err)
	return back
}

// result does a whole test.
func (s *site) result(subject string) page {
	s.t.Helper()
	client := browser(s.t)
	return open(s.t, client, callback(s.t, client, s.link(), subject).String())
}

func requireStrict(t testing.TB, p page) {
	t.Helper()
	require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", p.header.Get("Referrer-Policy"))
	require.Equal(t, "nosniff", p.header.Get("X-Content-Type-Options"))
	require.Equal(t, "text/html; charset=utf-8", p.header.Get("Content-Type"))
	policy := p.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		require.Contains(t, policy, part)
	}
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, policy, "script-src")
	require.NotContains(t, strings.ToLower(p.source), "<script")
	require.NotContains(t, p.source, " style=")
}

func noTarget(context.Context, string) (diagnostic.Target, error) {
	return diagnostic.Target{}, errors.New("no provider")
}
