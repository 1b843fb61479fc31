package federationtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/internal/browsertest"
)

// tab is a browser of a telephone's or a desktop's width, with or without JavaScript.
type tab struct {
	*browsertest.Person
	script bool
	looks  int // how often it looked at a page
}

func newTab(t *testing.T, width int64, script bool) *tab {
	t.Helper()
	b := &tab{Person: browsertest.NewPerson(t, "federationtest", "", width, script), script: script}
	if script && browsertest.Axe(t) != "" {
		b.UseAxe()
	}
	return b
}

// look waits for a heading, and makes sure that the page shuts nobody out, where axe-core is installed.
func (b *tab) look(heading string) {
	b.T.Helper()
	b.Do("waiting for "+heading, chromedp.WaitReady(fmt.Sprintf(`//h1[contains(., %q)]`, heading)))
	b.looks++
	b.Sees(fmt.Sprintf("%02d-%s", b.looks, strings.NewReplacer(" ", "-", "/", "", ":", "").Replace(heading)), heading)
}

func (b *tab) press(text string) {
	b.T.Helper()
	b.Do("pressing "+text, chromedp.Click(fmt.Sprintf(`//main//*[self::a or self::button][normalize-space()=%q]`, text), chromedp.NodeVisible))
}

// application takes what a provider sends to an application, and remembers it.
type application struct {
	mu   sync.Mutex
	seen map[string]url.Values
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	a.mu.Lock()
	a.seen[r.Method+" "+r.URL.Path] = r.Form
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!DOCTYPE html><html lang="en"><title>Application</title><main><h1>Application ` + r.URL.Path + `</h1></main>`))
}

func (a *application) got(what string) url.Values {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen[what]
}

// A person signs in and out with a real browser, whose Content-Security-Policy is enforced.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	for _, width := range []int64{390, 1280} {
		for _, script := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d-%v", width, script), func(t *testing.T) {
				b := newTab(t, width, script)
				app := &application{seen: map[string]url.Values{}}
				base := newServer(t, app)
				browseSAML(b, app, base)
				browseEntra(t, b, app, base)
			})
		}
	}
}

// arrive waits for the page of the application; without JavaScript the person presses the button on the way.
func (b *tab) arrive(script bool, path string) {
	b.T.Helper()
	if !script {
		b.look("Continue")
		b.press("Continue")
	}
	b.look("Application " + path)
}

func browseSAML(b *tab, app *application, base string) {
	p := federationtest.NewSAMLServer(b.T, federationtest.SAMLConfig{ServiceProviders: []federationtest.ServiceProvider{{EntityID: spEntity, ACSURLs: []string{base + "/acs"}}}})
	b.Do("starting", chromedp.Navigate(p.InitiateURL(spEntity, "where")))
	b.look("Sign in")
	b.Do("choosing bob", chromedp.Click(`//label[contains(., "bob@example.com")]`, chromedp.NodeVisible))
	b.press("Sign in")
	b.arrive(b.script, "/acs")
	require.Equal(b.T, "where", app.got("POST /acs").Get("RelayState"))
	require.NotEmpty(b.T, app.got("POST /acs").Get("SAMLResponse"))
	b.Do("signing out", chromedp.Navigate(p.LogoutURL()))
	b.look("Signed out")
	b.Do("opening what is refused", chromedp.Navigate(p.SSOURL()))
	b.look("The request cannot be answered")
}

func browseEntra(t *testing.T, b *tab, app *application, base string) {
	e := directory(t, func(c *federationtest.EntraConfig) {
		c.Apps[0].RedirectURIs, c.Apps[0].LogoutURL = []string{base + "/callback", base + "/bye"}, base+"/front"
		c.Apps[2].SAML.ReplyURLs = []string{base + "/saml"}
	})
	values := url.Values{"client_id": {singleApp}, "redirect_uri": {base + "/callback"}, "response_type": {"code"}, "response_mode": {"form_post"},
		"scope": {"openid profile"}, "state": {"s"}}
	start := e.URL() + "/" + contoso + "/oauth2/v2.0/authorize?"
	b.Do("starting", chromedp.Navigate(start+values.Encode()))
	b.look("Pick an account")
	b.Do("typing another account", chromedp.SendKeys(chromedp.CSS("#other"), "nobody@contoso.example"))
	b.press("Sign in")
	b.Do("waiting for the refusal", chromedp.WaitReady(`//*[@role="alert"][contains(., "AADSTS50034")]`))
	b.look("Pick an account")
	b.Do("choosing Alice", chromedp.Click(`//label[contains(., "Alice")]`, chromedp.NodeVisible))
	b.press("Sign in")
	b.arrive(b.script, "/callback")
	require.NotEmpty(b.T, app.got("POST /callback").Get("code"))

	b.Do("signing in by SAML, without being asked", chromedp.Navigate(e.LaunchURL(contoso, samlApp)))
	b.arrive(b.script, "/saml")
	require.NotEmpty(b.T, app.got("POST /saml").Get("SAMLResponse"))

	b.Do("signing out", chromedp.Navigate(e.URL()+"/common/oauth2/v2.0/logout?"+url.Values{"post_logout_redirect_uri": {base + "/bye"}}.Encode()))
	if !b.script {
		b.look("You signed out of your account")
		b.press("Continue")
	}
	b.look("Application /bye")
	require.NotEmpty(b.T, app.got("GET /front").Get("sid"), "the application was told in a frame")
	values.Set("redirect_uri", "https://evil.example/")
	b.Do("asking for what is refused", chromedp.Navigate(start+values.Encode()))
	b.look("having trouble signing you in")
	b.Do("reading the error", chromedp.WaitReady(`//*[@role="alert"][contains(., "AADSTS50011")]`))
	data, err := json.Marshal(app.got("POST /callback"))
	require.NoError(b.T, err)
	require.NotContains(b.T, string(data), "error")
}
