package azuread_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/internal/browsertest"
)

// tab is a Chromium with somebody at it.
type tab struct{ *browsertest.Person }

func (b tab) open(address, heading string) {
	b.T.Helper()
	b.Do("opening "+address, chromedp.Navigate(address), chromedp.WaitReady(fmt.Sprintf(`//h1[contains(., %q)]`, heading)))
}

// signIn types a name at the directory's page, and arrives at the application.
func (b tab) signIn(name string) {
	b.T.Helper()
	b.Do("signing in as "+name, chromedp.SendKeys(chromedp.CSS("#other"), name),
		chromedp.Click(`//main//button[normalize-space()="Sign in"]`, chromedp.NodeVisible), chromedp.WaitReady(`//h1[contains(., "Welcome")]`))
}

// shop is an application that people sign in to by both protocols. Its cookies are for http on a loopback address,
// where SameSite=None is not to be had; so what is pending is found by the state alone.
type shop struct {
	t         *testing.T
	base      string
	providers map[string]federation.Provider // by the first part of the path

	mu      sync.Mutex
	pending map[string][]byte
	states  int
	session map[string][]byte // by session ID
	ended   []string
}

type sessioner interface {
	FinishSession(r *http.Request, pending []byte) (string, map[string][]string, string, []byte, error)
	BeginLogout(ctx context.Context, session []byte, returnURL, state string) (http.Handler, []byte, error)
	FinishLogout(r *http.Request, pending []byte) error
	ReceiveLogout(r *http.Request) (string, []string, func(bool) http.Handler, error)
}

var _, _ sessioner = (*azuread.Provider)(nil), (*azuread.SAMLProvider)(nil)

func (s *shop) keep(state string, pending []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[state] = pending
}

func (s *shop) take(state string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer delete(s.pending, state)
	return s.pending[state]
}

func (s *shop) newState() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states++
	return fmt.Sprintf("browser-state-%020d", s.states)
}

func (s *shop) page(w http.ResponseWriter, heading, text string, err error) {
	if err != nil {
		heading, text = "Failed", err.Error()+" "+azuread.Explain(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><title>Shop</title><main><h1>%s</h1><p>%s</p></main>`, heading, text)
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, step, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if name == "saml2" { // the paths of the service provider
		name = "saml"
	}
	p := s.providers[name]
	if p == nil {
		http.NotFound(w, r)
		return
	}
	_ = r.ParseForm()
	both := p.(sessioner)
	switch step {
	case "begin":
		state, callback := s.newState(), s.base+"/"+name+"/callback"
		if name == "saml" {
			callback = ""
		}
		next, pending, err := p.Begin(r.Context(), callback, state)
		if err != nil {
			s.page(w, "", "", err)
			return
		}
		s.keep(state, pending)
		next.ServeHTTP(w, r)
	case "callback", "idpresponse":
		subject, attributes, sid, session, err := both.FinishSession(r, s.take(r.FormValue("state")+r.FormValue("RelayState")))
		s.mu.Lock()
		s.session[name] = session
		s.mu.Unlock()
		s.page(w, "Welcome", fmt.Sprintf("%s with %d groups, session %t", subject, len(attributes["groups"]), sid != ""), err)
	case "signout":
		state, back := s.newState(), s.base+"/"+name+"/logout"
		if name == "saml" {
			back = ""
		}
		s.mu.Lock()
		session := s.session[name]
		s.mu.Unlock()
		next, pending, err := both.BeginLogout(r.Context(), session, back, state)
		if err != nil {
			s.page(w, "", "", err)
			return
		}
		s.keep(state, pending)
		next.ServeHTTP(w, r)
	case "logout", "frontchannel":
		if step == "frontchannel" || r.Form.Has("SAMLRequest") {
			_, sids, answer, err := both.ReceiveLogout(r)
			s.mu.Lock()
			if err == nil {
				s.ended = append(s.ended, sids...)
			}
			s.mu.Unlock()
			answer(true).ServeHTTP(w, r)
			return
		}
		s.page(w, "Signed out", "", both.FinishLogout(r, s.take(r.FormValue("state")+r.FormValue("RelayState"))))
	default:
		http.NotFound(w, r)
	}
}

// People sign in and out with a real browser, by both protocols, with few groups and many, with keys that change in
// between, and at one directory that serves several tenants.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	b := tab{browsertest.NewPerson(t, "azuread", "", 1280, true)}
	s := &shop{t: t, providers: make(map[string]federation.Provider), pending: make(map[string][]byte), session: make(map[string][]byte)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}} //nolint:gosec // a test's
	server.Start()
	t.Cleanup(server.Close)
	s.base = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	k := newKit(t, func(c *federationtest.EntraConfig) {
		for i := range c.Apps {
			name := []string{"one", "many", "all", "saml"}[i]
			c.Apps[i].RedirectURIs, c.Apps[i].LogoutURL = []string{s.base + "/" + name + "/callback", s.base + "/" + name + "/logout"}, s.base+"/"+name+"/frontchannel"
		}
		c.Apps[3].LogoutURL = ""
		c.Apps[3].SAML.ReplyURLs, c.Apps[3].SAML.LogoutURL = []string{s.base + "/saml2/idpresponse"}, s.base+"/saml2/logout"
	})
	k.sp, err = saml.New(saml.Config{
		PoolID: poolID, BaseURL: s.base, Key: keyPair().key, Certificate: keyPair().certificate, Now: k.clock.Now,
		Replay: saml.NewMemoryReplayStore(), InsecureAllowHTTP: true,
	})
	require.NoError(t, err)
	s.providers["one"], s.providers["many"], s.providers["saml"] = k.provider(), k.provider(organizations), k.samlProvider()

	for _, c := range []struct{ app, user, subject, groups string }{
		{"one", "alice@contoso.example", contoso + "." + alice, "2 groups"},
		{"many", "carol@fabrikam.example", fabrikam + "." + carol, "0 groups"},
		{"saml", "alice@contoso.example", contoso + "." + alice, "2 groups"},
		{"one", "crowded@contoso.example", contoso + "." + crowded, "201 groups"},
		{"saml", "crowded@contoso.example", contoso + "." + crowded, "201 groups"},
	} {
		b.open(s.base+"/"+c.app+"/begin", "Pick an account")
		k.roll()
		b.signIn(c.user)
		require.Contains(t, b.Text(), c.subject+" with "+c.groups+", session true")
		b.open(s.base+"/"+c.app+"/signout", "Signed out")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(t, s.ended, "the directory tells in frames")
}

// roll changes all keys, as the directory does without notice.
func (k *kit) roll() {
	require.NoError(k.t, k.RotateKey())
	k.RetireKeys()
	require.NoError(k.t, k.AddCertificate(samlApp))
	k.UseNewestCertificate(samlApp)
	k.RetireCertificates(samlApp)
	k.clock.advance(2 * time.Minute)
}
