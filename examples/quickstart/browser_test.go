package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/browsertest"
)

// person is somebody at a browser with the pages of this example.
type person struct{ *browsertest.Person }

// newPerson opens a browser. width is that of its window; with script off, pages run no JavaScript.
func newPerson(t *testing.T, a *app, width int64, script bool) *person {
	t.Helper()
	return &person{browsertest.NewPerson(t, "quickstart", a.base, width, script)}
}

// walk does what a person does, from the first page to the last.
func (p *person) walk() {
	p.Open("/")
	p.Sees("home", "Everything together", "Create an account", "Call the API as a guest")
	p.Press("Call the API as a guest")
	p.Sees("guest", "Guest", "Allowed · 200 GET /api/notes/public/welcome", "Everybody may read this note", "Denied · 403 PUT /api/notes/public/welcome")
	p.signUp()
	p.signIn("purple otters juggle lanterns")
	p.Sees("home-signed-in", "Hello, ada@example.com")
	p.asUser()
	p.signOut()
	p.recover()
	p.elsewhere()
	p.deleteAccount()
	p.wrongTurns()
}

func (p *person) signUp() {
	p.Open("/")
	p.Press("Create an account")
	p.Sees("signup", "Create an account", "At least 15 characters")
	p.Press("Create account")
	p.Sees("signup-empty", "Enter your e-mail address", "Enter a password")
	p.Fill("username", "ada@example.com")
	p.Fill("name", "Ada Lovelace")
	p.Fill("password", "too short")
	p.Fill("repeat", "too short")
	p.Press("Create account")
	p.Sees("signup-short", "it has 9 characters, and must have at least 15")
	p.Fill("password", "purple otters juggle lanterns")
	p.Fill("repeat", "purple otters juggle lanterns")
	p.Press("Create account")
	p.Sees("confirm", "ada@example.com")
	code := p.Code()
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	p.Fill("code", wrong)
	p.Press("Confirm")
	p.Sees("confirm-wrong", "This code is not right")
	p.Fill("code", code)
	p.Press("Confirm")
	p.Sees("signin-confirmed", "Sign in")
}

func (p *person) signIn(password string) {
	p.Open("/auth/login")
	p.Sees("signin", "Continue with Example ID", "Forgotten password?")
	p.Fill("username", "ada@example.com")
	p.Fill("password", "not the password")
	p.Press("Sign in")
	p.Sees("signin-wrong", "Incorrect e-mail address or password")
	p.Fill("password", password)
	p.Press("Sign in")
}

// asUser sees the protected page, calls the API, and looks at the account.
func (p *person) asUser() {
	p.Open("/")
	p.Press("Open the protected page")
	p.Sees("private", "You see this because you are signed in as ada@example.com", `"email_verified": true`)
	p.Open("/")
	p.Press("Call the API as yourself")
	p.Sees("me", "Role User", "Denied · 403 PUT /api/notes/somebody-else/diary", "Written with temporary credentials.", `"token_use": "id"`, `"token_use": "access"`)
	require.Equal(p.T, 3, strings.Count(p.Text(), "Allowed · 200"))
	p.Open("/auth/account")
	p.Sees("account", "ada@example.com", "Ada Lovelace")
}

func (p *person) signOut() {
	p.Open("/auth/account")
	p.Press("Sign out")
	if strings.HasSuffix(p.Path(), "/signout") {
		p.Sees("signout", "Sign out")
		p.Press("Sign out")
	}
	p.Do("going back", chromedp.NavigateBack(), chromedp.WaitReady(chromedp.CSS("main")))
	require.NotContains(p.T, p.Text(), "ada@example.com", "the page before is not kept")
	p.Open("/private")
	require.Equal(p.T, "/auth/login", p.Path(), "signed out")
}

func (p *person) recover() {
	p.Open("/auth/login")
	p.Press("Forgotten password?")
	p.Sees("forgot")
	p.Fill("username", "ada@example.com")
	p.Press("Send the code")
	p.Sees("reset", "New password")
	p.Fill("code", p.Code())
	p.Fill("password", "another password of words")
	p.Fill("repeat", "another password of words")
	p.Press("Set new password")
	p.Sees("signin-changed", "Sign in")
	p.signIn("another password of words")
	p.Sees("home-signed-in", "Hello, ada@example.com")
	p.signOut()
}

// elsewhere signs in at the other provider, which makes a user at the first time.
func (p *person) elsewhere() {
	p.Open("/private")
	p.Press("Continue with Example ID")
	p.Sees("example-id", "Alice")
	p.Do("choosing Alice", chromedp.Click(`//label[contains(., "Alice")] | //input[@value="alice"]`))
	p.Press("Sign in")
	require.Equal(p.T, "/private", p.Path(), "back where the person wanted to go")
	p.Sees("private-elsewhere", "alice@example.com")
	p.Open("/me")
	p.Sees("me-elsewhere", `"providerName": "ExampleID"`)
}

func (p *person) deleteAccount() {
	p.Open("/auth/account")
	p.Press("Delete account")
	p.Sees("delete")
	p.Do("ticking the box", chromedp.Click(chromedp.CSS(`input[name="confirm"]`)))
	p.Press("Delete account")
	p.Sees("signin-deleted", "Sign in")
	p.Open("/private")
	require.Equal(p.T, "/auth/login", p.Path())
}

// wrongTurns goes where there is nothing, or nothing any more.
func (p *person) wrongTurns() {
	p.Open("/mailbox")
	p.Sees("mailbox", "Your code to set a new password")
	p.Open("/nothing")
	p.Sees("nothing")
	p.Open("/auth/nothing")
	p.Sees("auth-nothing", "Page not found")
	p.Open("/auth/federation/Nobody")
	p.Sees("provider-unknown", "Page not found")
	p.Open("/oauth2/authorize?client_id=quickstart&redirect_uri=https://elsewhere.example/")
	p.Sees("authorize-wrong", "redirect_uri")
	p.Open("/auth/signout?client_id=quickstart&logout_uri=https://elsewhere.example")
	p.Sees("signout-wrong", "not registered")
	p.Open("/private")
	p.Press("Continue with Example ID")
	p.Press("Cancel")
	p.Sees("cancelled", "You are not signed in")
	p.Open("/auth/login")
	p.Do("losing the cookies", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
	p.Press("Sign in")
	p.Sees("stale", "This form has gone stale")
	p.Open("/me/callback")
	require.Equal(p.T, "/auth/login", p.Path())
}

// A person at a telephone and at a desktop does all there is to do. Pictures of the pages are kept in .ci/artifacts, and axe-core finds
// nothing that would shut anybody out.
func TestBrowser(t *testing.T) {
	t.Parallel()
	for _, width := range []int64{390, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, serve(t), width, true)
			p.UseAxe()
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
