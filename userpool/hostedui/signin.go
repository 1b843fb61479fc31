package hostedui

import (
	"errors"
	"net/http"

	"github.com/stepwell/stepwell/userpool"
)

// signInData is what the sign-in page shows beside its form.
type signInData struct {
	// SignedInAs is the e-mail address or name of the person who is signed in already, or empty.
	SignedInAs string
	// Continue is where that person may go on to, or empty where an application has asked for a new sign-in.
	Continue string
}

func signInForm(username string) *form {
	return &form{Fields: []*field{
		emailField(username),
		passwordField("password", "Password", "current-password", ""),
	}}
}

// showSignIn asks for the password also of someone who is signed in: an application may want a fresh sign-in (prompt=login), and a person
// another account.
func (u *UI) showSignIn(x *exchange) error {
	session, err := u.session(x.r)
	if err != nil {
		return err
	}
	var data signInData
	if session != nil {
		data.SignedInAs = displayName(session)
	}
	var username string
	app := x.application()
	if app != nil && checkEmail(app.LoginHint) == "" {
		username = app.LoginHint
	}
	if app == nil || !app.Fresh && (session == nil || app.client.AllowsProvider(session.Provider)) {
		data.Continue = x.destination()
	}
	if notices[x.query.Get("notice")] != nil && x.step().Username != "" {
		username = x.step().Username
	}
	return x.show(http.StatusOK, "signin", view{Form: signInForm(username), Data: data})
}

func (u *UI) signIn(x *exchange) error {
	if !x.allows(userpool.CognitoProvider) {
		return x.elsewhere()
	}
	username, password := x.form.Get("username"), x.form.Get("password")
	f := signInForm(username)
	f.complain("username", checkEmail(username))
	if !f.failed() {
		if led, err := x.homeRealm(username); led || err != nil {
			return err
		}
	}
	if message := checkPassword(password); password == "" {
		f.complain("password", "Enter your password.")
	} else {
		f.complain("password", message)
	}
	if f.failed() {
		return x.show(f.status, "signin", view{Form: f, Data: signInData{}})
	}
	out, err := u.pool.InitiateAuth(x.r.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: username, Password: password, Result: userpool.ResultBrowserSession,
		Replaces: u.BrowserSession(x.r), ACR: x.acr(), UserContext: x.context(),
	})
	if e, ok := errors.AsType[*userpool.Error](err); ok && e.Code == userpool.UserNotConfirmed {
		return x.toConfirm(step{Username: username, Session: e.Session}, "unconfirmed")
	}
	if err != nil {
		if err := f.take(x, err); err != nil {
			return err
		}
		return x.show(f.status, "signin", view{Form: f, Data: signInData{}})
	}
	return x.finish(out)
}

// acr is the authentication context class that the application wants, or empty.
func (x *exchange) acr() string {
	if app := x.application(); app != nil {
		return app.ACR
	}
	return ""
}

// step reads what an earlier page left.
func (x *exchange) step() step { return decodeStep(x.ui.cookies.read(x.r, x.ui.cookies.step)) }

// keep leaves s to a later page. What is too long for a cookie has to be typed again.
func (x *exchange) keep(s step) error {
	value, err := s.encode()
	if err != nil {
		return err
	}
	if len(value) <= maxCookie {
		x.ui.cookies.write(x.w, x.ui.cookies.step, value, stepCookieAge)
	}
	return nil
}

// goOn leaves s to the next page and sends the browser there with a notice.
func (x *exchange) goOn(page, notice string, s step) error {
	if err := x.keep(s); err != nil {
		return err
	}
	return x.redirect(x.noticed(page, notice))
}

// noticed is the address of a page that begins with a notice.
func (x *exchange) noticed(page, notice string) string {
	local := x.ui.link(page, x.returnTo)
	if notice == "" {
		return local
	}
	if local == x.ui.prefix+page {
		return local + "?notice=" + notice
	}
	return local + "&notice=" + notice
}

func (x *exchange) toConfirm(s step, notice string) error { return x.goOn("/confirmUser", notice, s) }
