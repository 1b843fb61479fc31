package hostedui_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

const (
	ada      = "ada@example.com"
	password = userpooltest.Password
)

// countingStore counts what is written, so that a test can say that nothing was.
type countingStore struct {
	*memstore.Store
	writes atomic.Int64
	// down makes every call that a page begins with fail.
	down atomic.Bool
}

func (s *countingStore) CreateUser(ctx context.Context, pool string, u userpool.User) error {
	s.writes.Add(1)
	return s.Store.CreateUser(ctx, pool, u)
}

func (s *countingStore) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	s.writes.Add(1)
	return s.Store.UpdateUser(ctx, pool, u)
}

func (s *countingStore) CreateSession(ctx context.Context, pool string, v userpool.Session) error {
	s.writes.Add(1)
	return s.Store.CreateSession(ctx, pool, v)
}

func (s *countingStore) Session(ctx context.Context, pool, id string) (userpool.Session, error) {
	if s.down.Load() {
		return userpool.Session{}, io.ErrUnexpectedEOF
	}
	return s.Store.Session(ctx, pool, id)
}

func (s *countingStore) PutTicket(ctx context.Context, pool string, v userpool.Ticket) error {
	s.writes.Add(1)
	return s.Store.PutTicket(ctx, pool, v)
}

func (s *countingStore) PutCounter(ctx context.Context, pool string, c userpool.Counter) error {
	s.writes.Add(1)
	return s.Store.PutCounter(ctx, pool, c)
}

// site is a pool with its pages on a server on loopback, as https.
type site struct {
	t      *testing.T
	base   string
	origin string
	pool   *userpooltest.Pool
	ui     *hostedui.UI
	store  *countingStore
	logs   *lockedBuffer
	server *httptest.Server
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type option func(*userpool.Config, *hostedui.Config)

func newSite(t *testing.T, options ...option) *site {
	t.Helper()
	s := &site{t: t, store: &countingStore{Store: memstore.New()}, logs: &lockedBuffer{}}
	mux := http.NewServeMux()
	s.server = httptest.NewUnstartedServer(mux)
	s.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(s.logs, nil), slog.LevelError)
	s.origin = "https://" + s.server.Listener.Addr().String()
	s.base = s.origin + "/auth"
	logger := slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	hc := hostedui.Config{Title: "Example Ltd", Logger: logger}
	s.pool = userpooltest.New(t, func(pc *userpool.Config) {
		pc.Issuer, pc.Store, pc.Logger = s.origin, s.store, logger
		pc.Settings.Clients = []userpool.Client{{
			ID: "web", Name: "Web <shop>", CallbackURLs: []string{"https://app.example/callback"},
			LogoutURLs: []string{"https://app.example/bye", "https://app.example/bye?x=1"},
		}}
		for _, o := range options {
			o(pc, &hc)
		}
	})
	s.pool.Clock.Set(time.Date(2026, 11, 23, 7, 4, 0, 0, time.UTC))
	hc.Pool = s.pool.Pool
	var err error
	s.ui, err = hostedui.New(hc)
	require.NoError(t, err)
	mux.Handle("/auth/", s.ui)
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) pass(d time.Duration) { s.pool.Clock.Advance(d) }

// sent waits for the messages and returns them.
func (s *site) sent() []userpool.Message { return s.pool.Outbox.Messages() }

func (s *site) lastCode() string {
	s.t.Helper()
	code := s.pool.Outbox.Last().Code
	require.Len(s.t, code, 6)
	return code
}

// register makes a confirmed user without the pages. The code stays among what was sent.
func (s *site) register(email string) {
	s.t.Helper()
	s.pool.AddUnconfirmed(email, func(in *userpool.SignUpInput) {
		in.UserAttributes = map[string]string{"name": "Ada Lovelace"}
	}).Confirm()
}

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	s      *site
	client *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &browser{s: s, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is an answer that was read.
type page struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   string
	URL    *url.URL
	root   *html.Node
}

func (b *browser) do(r *http.Request) *page {
	b.s.t.Helper()
	resp, err := b.client.Do(r)
	require.NoError(b.s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.s.t, err)
	root, err := html.Parse(bytes.NewReader(body))
	require.NoError(b.s.t, err)
	return &page{t: b.s.t, Status: resp.StatusCode, Header: resp.Header, Body: string(body), URL: r.URL, root: root}
}

func (b *browser) request(method, address string, body io.Reader) *http.Request {
	b.s.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.s.origin + address
	}
	r, err := http.NewRequestWithContext(b.s.t.Context(), method, address, body)
	require.NoError(b.s.t, err)
	return r
}

func (b *browser) get(address string) *page {
	b.s.t.Helper()
	return b.do(b.request(http.MethodGet, address, nil))
}

// formRequest is what a browser sends for a form of ours.
func (b *browser) formRequest(address string, values url.Values) *http.Request {
	b.s.t.Helper()
	r := b.request(http.MethodPost, address, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.s.origin)
	return r
}

func (b *browser) post(address string, values url.Values) *page {
	b.s.t.Helper()
	return b.do(b.formRequest(address, values))
}

// submit fills in the form of a page and sends it.
func (b *browser) submit(p *page, values map[string]string) *page {
	b.s.t.Helper()
	action, fields := p.form()
	for name, value := range values {
		fields.Set(name, value)
	}
	return b.post(action, fields)
}

// follow goes where a redirect leads, on our origin.
func (b *browser) follow(p *page) *page {
	b.s.t.Helper()
	require.Equal(b.s.t, http.StatusSeeOther, p.Status, p.text("main"))
	location := p.Header.Get("Location")
	require.True(b.s.t, strings.HasPrefix(location, b.s.origin+"/"), location)
	return b.get(location)
}

// signIn signs in and returns the answer, a redirect.
func (b *browser) signIn(email string) *page {
	b.s.t.Helper()
	p := b.submit(b.get("/auth/login"), map[string]string{"username": email, "password": password})
	require.Equal(b.s.t, http.StatusSeeOther, p.Status, p.text("main"))
	return p
}

// cookie returns the cookie of this kind that the browser has.
func (b *browser) cookie(kind string) *http.Cookie {
	for _, c := range b.client.Jar.Cookies(mustURL(b.s.t, b.s.origin)) {
		if strings.Contains(c.Name, "-"+kind+"-") {
			return c
		}
	}
	return nil
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

// each calls f for every element of the page.
func (p *page) each(f func(*html.Node)) {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode {
			f(n)
		}
	}
}

func attr(n *html.Node, name string) string {
	v, _ := lookup(n, name)
	return v
}

func lookup(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// all returns the elements with this tag.
func (p *page) all(tag string) []*html.Node {
	var found []*html.Node
	p.each(func(n *html.Node) {
		if n.Data == tag {
			found = append(found, n)
		}
	})
	return found
}

func (p *page) text(tag string) string {
	if found := p.all(tag); len(found) > 0 {
		return text(found[0])
	}
	return ""
}

func (p *page) byID(id string) *html.Node {
	var found *html.Node
	p.each(func(n *html.Node) {
		if attr(n, "id") == id {
			found = n
		}
	})
	return found
}

// form returns the action and the fields of the first form, as a browser would send them.
func (p *page) form() (string, url.Values) {
	p.t.Helper()
	forms := p.all("form")
	require.NotEmpty(p.t, forms, p.Body)
	values := url.Values{}
	for n := range forms[0].Descendants() {
		if n.Type == html.ElementNode && n.Data == "input" && attr(n, "type") != "checkbox" {
			values.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	return attr(forms[0], "action"), values
}

// fieldError returns the message beside a field, and checks that the field is tied to it and the summary leads to it.
func (p *page) fieldError(name string) string {
	p.t.Helper()
	message := p.byID(name + "-error")
	if message == nil {
		return ""
	}
	input := p.byID(name)
	require.NotNil(p.t, input)
	require.Equal(p.t, "true", attr(input, "aria-invalid"))
	require.Contains(p.t, strings.Fields(attr(input, "aria-describedby")), name+"-error")
	said := strings.TrimPrefix(text(message), "Error: ")
	var linked bool
	for _, a := range p.all("a") {
		linked = linked || attr(a, "href") == "#"+name && text(a) == said
	}
	require.True(p.t, linked, "the summary leads to %s", name)
	require.Contains(p.t, p.text("title"), "Error: ")
	return said
}
