package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/browsertest"
)

// person is somebody at a browser. Whatever goes wrong on a page ends the test with the page's text.
type person struct {
	t      *testing.T
	app    *app
	tab    context.Context
	mail   context.Context // a second tab, for the mailbox
	prefix string          // of the names of the pictures
	axe    string          // the source of axe-core, or empty
	seen   map[string]bool
}

// newPerson opens a browser. width is that of its window; with script off, pages run no JavaScript.
func newPerson(t *testing.T, a *app, width int64, script bool) *person {
	t.Helper()
	tab := browsertest.Open(t)
	browsertest.Size(t, tab, width, script)
	p := &person{t: t, app: a, tab: tab, prefix: fmt.Sprintf("%d", width), seen: map[string]bool{}}
	if !script {
		p.prefix += "-noscript"
	}
	mail, cancel := chromedp.NewContext(tab)
	p.mail = mail
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(p.mail))
	return p
}

// patience is how long a page may take to be there, on a busy machine.
const patience = browsertest.Patience

// do performs steps, or ends the test with what the page says.
func (p *person) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	p.must(what, chromedp.Do(ctx, steps...))
}

func (p *person) must(what string, err error) {
	p.t.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(p.tab, time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	p.t.Fatalf("%s: %v\nat %s:\n%s", what, err, at, text)
}

// ask performs an action that returns something.
func ask[T any](p *person, what string, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	p.must(what, err)
	return out
}

func (p *person) open(path string) {
	p.t.Helper()
	p.do("opening "+path, chromedp.Navigate(p.app.base+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// press clicks what has this text, and waits until another page is there.
func (p *person) press(text string) {
	p.t.Helper()
	xpath := fmt.Sprintf(`//main//*[self::a or self::button][normalize-space()=%q] | //nav//a[normalize-space()=%q]`, text, text)
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.Click(xpath, chromedp.NodeVisible))
	p.must("pressing "+text, err)
	require.Less(p.t, response.Status, int64(500), "pressing %s", text)
	p.do("after pressing "+text, chromedp.WaitReady(chromedp.CSS("main")))
}

// fill types into a field, in the place of what is there.
func (p *person) fill(name, value string) {
	p.t.Helper()
	field := chromedp.CSS(fmt.Sprintf(`input[name=%q]`, name))
	p.do("filling in "+name, chromedp.Clear(field), chromedp.SendKeys(field, value))
}

func (p *person) text() string {
	p.t.Helper()
	return strings.Join(strings.Fields(ask(p, "reading the page", chromedp.Text(chromedp.CSS("main")))), " ")
}

// sees makes sure of what the page says, keeps a picture of it, and looks for what would shut people out, in light and in dark. Without
// axe-core it keeps one picture, to show that nothing is missing.
func (p *person) sees(name string, texts ...string) {
	p.t.Helper()
	shown := p.text()
	for _, text := range texts {
		require.Contains(p.t, shown, text, "on the page %s", name)
	}
	if p.seen[name] {
		return
	}
	p.seen[name] = true
	schemes := []string{"light", "dark"}
	if p.axe == "" {
		schemes = schemes[:1]
	} else {
		p.do("loading axe-core", chromedp.Evaluate[chromedp.Void](p.axe))
	}
	for _, scheme := range schemes {
		p.do("changing the colours", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		p.picture(name + "-" + scheme)
		p.accessible(name, scheme)
	}
	over := ask(p, "looking at the width", chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	require.False(p.t, over, "the page %s is wider than the window", name)
}

func (p *person) picture(name string) {
	p.t.Helper()
	png := ask(p, "taking a picture", chromedp.FullScreenshot(100))
	dir := filepath.Join("..", "..", ".ci", "artifacts", "pages")
	require.NoError(p.t, os.MkdirAll(dir, 0o755))
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, p.prefix+"-"+name+".png"), png, 0o644))
}

// accessible runs axe-core: all of its rules in light; in dark those about colours, since nothing else depends on it.
func (p *person) accessible(name, scheme string) {
	p.t.Helper()
	if p.axe == "" {
		return
	}
	options, passes := `{}`, 10
	if scheme == "dark" {
		options, passes = `{runOnly: ["color-contrast", "link-in-text-block"]}`, 0
	}
	result := ask(p, "running axe-core", chromedp.Evaluate[string](
		`axe.run(`+options+`).then(r => JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => ({rule: v.id, help: v.help, nodes: v.nodes.map(n => n.html + " " + n.failureSummary)}))}))`,
		chromedp.EvalAwaitPromise))
	var report struct {
		Passes     int
		Violations []map[string]any
	}
	require.NoError(p.t, json.Unmarshal([]byte(result), &report))
	require.Greater(p.t, report.Passes, passes, "axe-core did not look at the page %s", name)
	require.Empty(p.t, report.Violations, "axe-core on the page %s, %s", name, scheme)
}

// code looks at the mailbox in the second tab, and returns the code of the newest message.
func (p *person) code() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.mail, patience)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, chromedp.Navigate(p.app.base+"/mailbox")))
	code, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("article:first-of-type .code")))
	require.NoError(p.t, err)
	code = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(code), "Code:"))
	require.Regexp(p.t, `^\d{6}$`, code)
	return code
}

// walk does what a person does, from the first page to the last.
func (p *person) walk() {
	p.open("/")
	p.sees("home", "Everything together", "Create an account", "Call the API as a guest")
	p.press("Call the API as a guest")
	p.sees("guest", "Guest", "Allowed · 200 GET /api/notes/public/welcome", "Everybody may read this note", "Denied · 403 PUT /api/notes/public/welcome")
	p.signUp()
	p.signIn("purple otters juggle lanterns")
	p.sees("home-signed-in", "Hello, ada@example.com")
	p.asUser()
	p.signOut()
	p.recover()
	p.elsewhere()
	p.deleteAccount()
	p.wrongTurns()
}

func (p *person) signUp() {
	p.open("/")
	p.press("Create an account")
	p.sees("signup", "Create an account", "At least 15 characters")
	p.press("Create account")
	p.sees("signup-empty", "Enter your e-mail address", "Enter a password")
	p.fill("username", "ada@example.com")
	p.fill("name", "Ada Lovelace")
	p.fill("password", "too short")
	p.fill("repeat", "too short")
	p.press("Create account")
	p.sees("signup-short", "it has 9 characters, and must have at least 15")
	p.fill("password", "purple otters juggle lanterns")
	p.fill("repeat", "purple otters juggle lanterns")
	p.press("Create account")
	p.sees("confirm", "ada@example.com")
	code := p.code()
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	p.fill("code", wrong)
	p.press("Confirm")
	p.sees("confirm-wrong", "This code is not right")
	p.fill("code", code)
	p.press("Confirm")
	p.sees("signin-confirmed", "Sign in")
}

func (p *person) signIn(password string) {
	p.open("/auth/login")
	p.sees("signin", "Continue with Example ID", "Forgotten password?")
	p.fill("username", "ada@example.com")
	p.fill("password", "not the password")
	p.press("Sign in")
	p.sees("signin-wrong", "Incorrect e-mail address or password")
	p.fill("password", password)
	p.press("Sign in")
}

// asUser sees the protected page, calls the API, and looks at the account.
func (p *person) asUser() {
	p.open("/")
	p.press("Open the protected page")
	p.sees("private", "You see this because you are signed in as ada@example.com", `"email_verified": true`)
	p.open("/")
	p.press("Call the API as yourself")
	p.sees("me", "Role User", "Denied · 403 PUT /api/notes/somebody-else/diary", "Written with temporary credentials.", `"token_use": "id"`, `"token_use": "access"`)
	require.Equal(p.t, 3, strings.Count(p.text(), "Allowed · 200"))
	p.open("/auth/account")
	p.sees("account", "ada@example.com", "Ada Lovelace")
}

func (p *person) signOut() {
	p.open("/auth/account")
	p.press("Sign out")
	if strings.HasSuffix(p.path(), "/signout") {
		p.sees("signout", "Sign out")
		p.press("Sign out")
	}
	p.do("going back", chromedp.NavigateBack(), chromedp.WaitReady(chromedp.CSS("main")))
	require.NotContains(p.t, p.text(), "ada@example.com", "the page before is not kept")
	p.open("/private")
	require.Equal(p.t, "/auth/login", p.path(), "signed out")
}

func (p *person) path() string {
	p.t.Helper()
	at := ask(p, "looking at the address", chromedp.Location())
	at = strings.TrimPrefix(at, p.app.base)
	at, _, _ = strings.Cut(at, "?")
	return at
}

func (p *person) recover() {
	p.open("/auth/login")
	p.press("Forgotten password?")
	p.sees("forgot")
	p.fill("username", "ada@example.com")
	p.press("Send the code")
	p.sees("reset", "New password")
	p.fill("code", p.code())
	p.fill("password", "another password of words")
	p.fill("repeat", "another password of words")
	p.press("Set new password")
	p.sees("signin-changed", "Sign in")
	p.signIn("another password of words")
	p.sees("home-signed-in", "Hello, ada@example.com")
	p.signOut()
}

// elsewhere signs in at the other provider, which makes a user at the first time.
func (p *person) elsewhere() {
	p.open("/private")
	p.press("Continue with Example ID")
	p.sees("example-id", "Alice")
	p.do("choosing Alice", chromedp.Click(`//label[contains(., "Alice")] | //input[@value="alice"]`))
	p.press("Sign in")
	require.Equal(p.t, "/private", p.path(), "back where the person wanted to go")
	p.sees("private-elsewhere", "alice@example.com")
	p.open("/me")
	p.sees("me-elsewhere", `"providerName": "ExampleID"`)
}

func (p *person) deleteAccount() {
	p.open("/auth/account")
	p.press("Delete account")
	p.sees("delete")
	p.do("ticking the box", chromedp.Click(chromedp.CSS(`input[name="confirm"]`)))
	p.press("Delete account")
	p.sees("signin-deleted", "Sign in")
	p.open("/private")
	require.Equal(p.t, "/auth/login", p.path())
}

// wrongTurns goes where there is nothing, or nothing any more.
func (p *person) wrongTurns() {
	p.open("/mailbox")
	p.sees("mailbox", "Your code to set a new password")
	p.open("/nothing")
	p.sees("nothing")
	p.open("/auth/nothing")
	p.sees("auth-nothing", "Page not found")
	p.open("/auth/federation/Nobody")
	p.sees("provider-unknown", "Page not found")
	p.open("/oauth2/authorize?client_id=quickstart&redirect_uri=https://elsewhere.example/")
	p.sees("authorize-wrong", "redirect_uri")
	p.open("/auth/signout?client_id=quickstart&logout_uri=https://elsewhere.example")
	p.sees("signout-wrong", "not registered")
	p.open("/private")
	p.press("Continue with Example ID")
	p.press("Cancel")
	p.sees("cancelled", "You are not signed in")
	p.open("/auth/login")
	p.do("losing the cookies", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
	p.press("Sign in")
	p.sees("stale", "This form has gone stale")
	p.open("/me/callback")
	require.Equal(p.t, "/auth/login", p.path())
}

// A person at a telephone and at a desktop does all there is to do. Pictures of the pages are kept in .ci/artifacts, and axe-core finds
// nothing that would shut anybody out.
func TestBrowser(t *testing.T) {
	t.Parallel()
	for _, width := range []int64{390, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, serve(t), width, true)
			if p.axe = browsertest.Axe(t); p.axe == "" {
				browsertest.Need(t, "axe-core is not installed: run npm ci --prefix .ci")
			}
			p.walk()
		})
	}
}

// Everything works with JavaScript switched off.
func TestBrowser_WithoutScript(t *testing.T) {
	t.Parallel()
	p := newPerson(t, serve(t), 390, false)
	p.walk()
}

// The browser of the test without script really runs none.
func TestBrowser_ScriptIsOff(t *testing.T) {
	a := serve(t)
	for _, script := range []bool{true, false} {
		p := newPerson(t, a, 390, script)
		p.do("running a script", chromedp.Navigate("about:blank"), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			tree, err := cdp.Call(ctx, tab, cdppage.GetFrameTree, cdp.Empty{})
			if err != nil {
				return err
			}
			_, err = cdp.Call(ctx, tab, cdppage.SetDocumentContent, cdppage.SetDocumentContentParams{
				FrameID: tree.FrameTree.Frame.ID,
				HTML:    `<main id="m">off</main><script>document.getElementById("m").textContent = "on"</script>`,
			})
			return err
		}))
		ran := p.text()
		require.Equal(t, script, ran == "on")
	}
}
