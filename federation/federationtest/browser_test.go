package federationtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/internal/browsertest"
)

// tab is a browser of a telephone's or a desktop's width, with or without JavaScript.
type tab struct {
	t    *testing.T
	ctx  context.Context
	axe  string
	name string
}

func newTab(t *testing.T, width int64, script bool) *tab {
	t.Helper()
	ctx := browsertest.Open(t)
	browsertest.Size(t, ctx, width, script)
	b := &tab{t: t, ctx: ctx, name: fmt.Sprintf("%d-%v", width, script)}
	if script {
		b.axe = browsertest.Axe(t)
	}
	return b
}

const patience = browsertest.Patience

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, steps...)
	if err != nil {
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
		b.t.Fatalf("%s: %v\n%s", what, err, text)
	}
}

// look waits for a heading, has axe-core judge the page, and keeps a picture where FEDERATIONTEST_PICTURES names a folder.
func (b *tab) look(heading string) {
	b.t.Helper()
	b.do("waiting for "+heading, chromedp.WaitReady(fmt.Sprintf(`//h1[contains(., %q)]`, heading)))
	if folder := os.Getenv("FEDERATIONTEST_PICTURES"); folder != "" {
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		require.NoError(b.t, err)
		name := strings.NewReplacer(" ", "-", "/", "", ":", "").Replace(heading)
		require.NoError(b.t, os.WriteFile(filepath.Join(folder, b.name+"-"+name+".png"), png, 0o600))
	}
	if b.axe == "" {
		return
	}
	b.do("loading axe-core", chromedp.Evaluate[chromedp.Void](b.axe))
	result, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`axe.run().then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" "))))`, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	require.Equal(b.t, "[]", result, "axe-core on %s", heading)
}

func (b *tab) press(text string) {
	b.t.Helper()
	b.do("pressing "+text, chromedp.Click(fmt.Sprintf(`//main//*[self::a or self::button][normalize-space()=%q]`, text), chromedp.NodeVisible))
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
				browseEntra(b, app, base)
			})
		}
	}
}

// arrive waits for the page of the application; without JavaScript the person presses the button on the way.
func (b *tab) arrive(script bool, path string) {
	b.t.Helper()
	if !script {
		b.look("Continue")
		b.press("Continue")
	}
	b.look("Application " + path)
}

func (b *tab) script() bool { return strings.HasSuffix(b.name, "true") }

func browseSAML(b *tab, app *application, base string) {
	p := federationtest.NewSAMLServer(b.t, federationtest.SAMLConfig{ServiceProviders: []federationtest.ServiceProvider{{EntityID: spEntity, ACSURLs: []string{base + "/acs"}}}})
	b.do("starting", chromedp.Navigate(p.InitiateURL(spEntity, "where")))
	b.look("Sign in")
	b.do("choosing bob", chromedp.Click(`//label[contains(., "bob@example.com")]`, chromedp.NodeVisible))
	b.press("Sign in")
	b.arrive(b.script(), "/acs")
	require.Equal(b.t, "where", app.got("POST /acs").Get("RelayState"))
	require.NotEmpty(b.t, app.got("POST /acs").Get("SAMLResponse"))
	b.do("signing out", chromedp.Navigate(p.LogoutURL()))
	b.look("Signed out")
	b.do("opening what is refused", chromedp.Navigate(p.SSOURL()))
	b.look("The request cannot be answered")
}

func browseEntra(b *tab, app *application, base string) {
	e := directory(b.t, func(c *federationtest.EntraConfig) {
		c.Apps[0].RedirectURIs, c.Apps[0].LogoutURL = []string{base + "/callback", base + "/bye"}, base+"/front"
		c.Apps[2].SAML.ReplyURLs = []string{base + "/saml"}
	})
	values := url.Values{"client_id": {singleApp}, "redirect_uri": {base + "/callback"}, "response_type": {"code"}, "response_mode": {"form_post"},
		"scope": {"openid profile"}, "state": {"s"}}
	start := e.URL() + "/" + contoso + "/oauth2/v2.0/authorize?"
	b.do("starting", chromedp.Navigate(start+values.Encode()))
	b.look("Pick an account")
	b.do("typing another account", chromedp.SendKeys(chromedp.CSS("#other"), "nobody@contoso.example"))
	b.press("Sign in")
	b.do("waiting for the refusal", chromedp.WaitReady(`//*[@role="alert"][contains(., "AADSTS50034")]`))
	b.look("Pick an account")
	b.do("choosing Alice", chromedp.Click(`//label[contains(., "Alice")]`, chromedp.NodeVisible))
	b.press("Sign in")
	b.arrive(b.script(), "/callback")
	require.NotEmpty(b.t, app.got("POST /callback").Get("code"))

	b.do("signing in by SAML, without being asked", chromedp.Navigate(e.LaunchURL(contoso, samlApp)))
	b.arrive(b.script(), "/saml")
	require.NotEmpty(b.t, app.got("POST /saml").Get("SAMLResponse"))

	b.do("signing out", chromedp.Navigate(e.URL()+"/common/oauth2/v2.0/logout?"+url.Values{"post_logout_redirect_uri": {base + "/bye"}}.Encode()))
	if !b.script() {
		b.look("You signed out of your account")
		b.press("Continue")
	}
	b.look("Application /bye")
	require.NotEmpty(b.t, app.got("GET /front").Get("sid"), "the application was told in a frame")
	values.Set("redirect_uri", "https://evil.example/")
	b.do("asking for what is refused", chromedp.Navigate(start+values.Encode()))
	b.look("having trouble signing you in")
	b.do("reading the error", chromedp.WaitReady(`//*[@role="alert"][contains(., "AADSTS50011")]`))
	data, err := json.Marshal(app.got("POST /callback"))
	require.NoError(b.t, err)
	require.NotContains(b.t, string(data), "error")
}
