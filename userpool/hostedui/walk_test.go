package hostedui_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
)

func TestSignUpConfirmSignInAccountSignOut(t *testing.T) {
	s := newSite(t)
	b := s.browser()

	p := b.get("/auth/signup?return_to=%2Freports%3Fyear%3D2026")
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.text("main"), "At least 15 characters")
	p = b.submit(p, map[string]string{"username": "Ada@Example.com", "name": "Ada Lovelace", "password": password, "repeat": password})
	require.Equal(t, http.StatusSeeOther, p.Status, p.text("main"))
	require.NotContains(t, p.Header.Get("Location"), "xample.com", "no e-mail address in a URL")

	p = b.follow(p)
	require.Equal(t, "Confirm your e-mail address", p.text("h1"))
	require.Contains(t, p.text("main"), "Ada@Example.com")
	_, fields := p.form()
	require.NotEmpty(t, fields.Get("session"))

	code := s.lastCode()
	p = b.submit(p, map[string]string{"code": code[:3] + " " + code[3:]})
	p = b.follow(p)
	require.Equal(t, "Sign in", p.text("h1"))
	require.Contains(t, p.text("main"), "Your e-mail address is confirmed.")
	_, fields = p.form()
	require.Equal(t, "Ada@Example.com", fields.Get("username"), "what was typed is there again")

	p = b.submit(p, map[string]string{"password": password})
	require.Equal(t, http.StatusSeeOther, p.Status, p.text("main"))
	require.Equal(t, s.origin+"/reports?year=2026", p.Header.Get("Location"))
	require.Nil(t, b.cookie("step"), "what was typed is forgotten")

	p = b.get("/auth/account")
	main := p.text("main")
	for _, want := range []string{"Ada Lovelace", ada, "None", "23 November 2026, 07:04 UTC"} {
		require.Contains(t, main, want)
	}

	session := b.cookie("session").Value
	p = b.follow(b.submit(p, nil))
	require.Contains(t, p.text("main"), "You are signed out.")
	require.Nil(t, b.cookie("session"))
	_, err := s.pool.BrowserSession(t.Context(), session)
	require.ErrorIs(t, err, userpool.NotAuthorized, "the session is over, not just forgotten")
	p = b.get("/auth/account")
	require.Equal(t, s.base+"/login", p.Header.Get("Location"))
}

func TestForgottenPassword(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	old := s.browser()
	old.signIn(ada)

	p := b.follow(b.submit(b.get("/auth/forgotPassword?return_to=%2Fx"), map[string]string{"username": ada}))
	require.Equal(t, "Set a new password", p.text("h1"))
	_, readOnly := lookup(p.byID("username"), "readonly")
	require.True(t, readOnly)
	require.Equal(t, ada, attr(p.byID("username"), "value"))

	fresh := "a different long password"
	p = b.submit(p, map[string]string{"code": s.lastCode(), "password": fresh, "repeat": fresh + "x"})
	require.Contains(t, p.fieldError("password"), "not the same")
	p = b.submit(p, map[string]string{"password": fresh, "repeat": fresh})
	p = b.follow(p)
	require.Contains(t, p.text("main"), "Your new password is set.")

	p = b.submit(p, map[string]string{"username": ada, "password": fresh})
	require.Equal(t, s.origin+"/x", p.Header.Get("Location"))
	require.Equal(t, http.StatusSeeOther, old.get("/auth/account").Status, "the sessions from before are over")
}

func TestSignInBeforeConfirmation(t *testing.T) {
	s := newSite(t)
	_, err := s.pool.SignUp(t.Context(), userpool.SignUpInput{Username: ada, Password: password})
	require.NoError(t, err)
	b := s.browser()

	p := b.submit(b.get("/auth/login?return_to=%2Fx"), map[string]string{"username": ada, "password": password})
	p = b.follow(p)
	require.Equal(t, "Confirm your e-mail address", p.text("h1"))
	require.Contains(t, p.text("main"), "not confirmed yet")
	require.Nil(t, b.cookie("session"))

	p = b.follow(b.submit(p, map[string]string{"action": "resend", "code": "12"}))
	require.Contains(t, p.text("main"), "a new code is on its way")
	require.Len(t, s.sent(), 2)
	p = b.follow(b.submit(p, map[string]string{"code": s.lastCode()}))
	p = b.submit(p, map[string]string{"password": password})
	require.Equal(t, s.origin+"/x", p.Header.Get("Location"))
}

func TestConfirmOnAnotherDevice(t *testing.T) {
	s := newSite(t)
	_, err := s.pool.SignUp(t.Context(), userpool.SignUpInput{Username: ada, Password: password})
	require.NoError(t, err)
	b := s.browser()
	p := b.get("/auth/confirmUser")
	require.NotNil(t, p.byID("username"), "no page knows the address: ask for it")
	p = b.submit(p, map[string]string{"username": ada, "code": s.lastCode()})
	require.Contains(t, b.follow(p).text("main"), "Your e-mail address is confirmed.")
}

func TestDeliveryFailureLeadsToTheConfirmPage(t *testing.T) {
	s := newSite(t)
	s.pool.Outbox.Fail(io.ErrClosedPipe)
	b := s.browser()
	p := b.submit(b.get("/auth/signup"), map[string]string{"username": ada, "password": password, "repeat": password})
	p = b.follow(p)
	require.Contains(t, p.text("main"), "could not be sent")
	s.pool.Outbox.Fail(nil)
	p = b.follow(b.submit(p, map[string]string{"action": "resend"}))
	p = b.follow(b.submit(p, map[string]string{"code": s.lastCode()}))
	require.Contains(t, p.text("main"), "Your e-mail address is confirmed.")
}

func TestDeleteAccount(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)

	p := b.get("/auth/account/delete")
	require.Contains(t, p.text("main"), ada)
	p = b.submit(p, nil)
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.Contains(t, p.fieldError("confirm"), "Tick the box")
	require.Equal(t, http.StatusOK, b.get("/auth/account").Status, "nothing was deleted")

	p = b.follow(b.submit(p, map[string]string{"confirm": "yes"}))
	require.Contains(t, p.text("main"), "Your account is deleted.")
	require.Nil(t, b.cookie("session"))
	_, err := s.pool.AdminGetUser(t.Context(), ada)
	require.ErrorIs(t, err, userpool.UserNotFound)
}

func TestPersonsOwnPagesNeedASession(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for path, want := range map[string]string{
		"/auth/account":        "/auth/login",
		"/auth/":               "/auth/account",
		"/auth/account/delete": "/auth/login?return_to=%2Fauth%2Faccount%2Fdelete",
	} {
		p := b.get(path)
		require.Equal(t, http.StatusSeeOther, p.Status, path)
		require.Equal(t, s.origin+want, p.Header.Get("Location"), path)
	}
	_, fields := b.get("/auth/login").form()
	p := b.post("/auth/account/delete", url.Values{"csrf": {fields.Get("csrf")}, "confirm": {"yes"}})
	require.Equal(t, s.origin+"/auth/login?return_to=%2Fauth%2Faccount%2Fdelete", p.Header.Get("Location"))
}

func TestSessionEndsByTime(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	require.Equal(t, http.StatusOK, b.get("/auth/account").Status)
	s.pass(12*time.Hour + time.Second)
	require.Equal(t, http.StatusSeeOther, b.get("/auth/account").Status)
}

func TestSignedInPersonMaySignInAgain(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	p := b.get("/auth/login?return_to=%2Freports")
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.text("main"), "You are signed in as "+ada)
	require.Contains(t, p.Body, `href="/reports"`)

	// The tab that was left at an application's sign-in goes on, now that another one has signed in.
	app := authorize("web", "https://app.example/callback")
	p = b.get("/auth/login?return_to=" + url.QueryEscape(app))
	require.Contains(t, p.text("main"), "Continue to Web <shop> , or sign in again")
	require.Equal(t, app, attr(p.all("a")[0], "href"))
	for _, fresh := range []string{"prompt=login", "prompt=select_account", "max_age=0", "id_token_hint=x"} {
		p = b.get("/auth/login?return_to=" + url.QueryEscape(app+"&"+fresh))
		require.Contains(t, p.text("main"), "Sign in again to go on to Web <shop>", fresh)
		require.NotContains(t, p.text("main"), "Continue", fresh)
	}
}

func TestLimitSaysWhenToTryAgain(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	p := b.get("/auth/login")
	for range 20 {
		p = b.submit(p, map[string]string{"username": ada, "password": "not the right password"})
		if p.Status == http.StatusTooManyRequests {
			break
		}
		require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	}
	require.Equal(t, http.StatusTooManyRequests, p.Status)
	require.NotEmpty(t, p.Header.Get("Retry-After"))
	require.Regexp(t, `try again in \d+ (second|minute)`, p.text("main"))
	_, fields := p.form()
	require.Equal(t, ada, fields.Get("username"))
}

func TestSignUpClosed(t *testing.T) {
	s := newSite(t, settings(func(set *userpool.Settings) { set.AllowAdminCreateUserOnly = true }))
	b := s.browser()
	p := b.get("/auth/login")
	require.NotContains(t, p.Body, "/auth/signup")
	require.Equal(t, http.StatusForbidden, b.get("/auth/signup").Status)
	_, fields := p.form()
	p = b.post("/auth/signup", url.Values{"csrf": {fields.Get("csrf")}, "username": {ada}, "password": {password}, "repeat": {password}})
	require.Equal(t, http.StatusForbidden, p.Status)
	require.Zero(t, s.store.writes.Load())
}

func TestPolicyIsSaidBesideTheField(t *testing.T) {
	s := newSite(t, settings(func(set *userpool.Settings) { set.PasswordPolicy = userpool.CognitoPasswordPolicy() }))
	b := s.browser()
	p := b.get("/auth/signup")
	hint := text(p.byID("password-hint"))
	require.Equal(t, s.pool.Settings().PasswordPolicy.Describe(), hint)
	require.Contains(t, strings.Fields(attr(p.byID("password"), "aria-describedby")), "password-hint")
	p = b.submit(p, map[string]string{"username": ada, "password": "lower case 1", "repeat": "lower case 1"})
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.Contains(t, p.fieldError("password"), "upper-case")
	require.Empty(t, s.sent())
}

func settings(change func(*userpool.Settings)) option {
	return func(pc *userpool.Config, _ *hostedui.Config) { change(&pc.Settings) }
}
