package hostedui

import (
	"errors"
	"net/http"

	"github.com/stepwell/stepwell/userpool"
)

func (u *UI) signUpForm(username, name string) *form {
	return &form{Fields: []*field{
		emailField(username),
		nameField(name),
		passwordField("password", "Password", "new-password", u.pool.Settings().PasswordPolicy.Describe()),
		passwordField("repeat", "Repeat the password", "new-password", ""),
	}}
}

func (u *UI) showSignUp(x *exchange) error {
	if u.pool.Settings().AllowAdminCreateUserOnly {
		return signUpClosed()
	}
	if !x.allows(userpool.CognitoProvider) {
		return x.elsewhere()
	}
	return x.show(http.StatusOK, "signup", view{Form: u.signUpForm("", "")})
}

func signUpClosed() error {
	return &pageError{
		status: http.StatusForbidden, heading: "Accounts are made for you",
		text: "You cannot sign up here yourself. Ask the people who run this service for an account.", back: "/login",
	}
}

func (u *UI) signUp(x *exchange) error {
	if u.pool.Settings().AllowAdminCreateUserOnly {
		return signUpClosed()
	}
	if !x.allows(userpool.CognitoProvider) {
		return x.elsewhere()
	}
	username, name := x.form.Get("username"), x.form.Get("name")
	f := u.signUpForm(username, name)
	f.complain("username", checkEmail(username))
	f.complain("name", checkName(name))
	f.newPassword(x)
	if f.failed() {
		return x.show(f.status, "signup", view{Form: f})
	}
	in := userpool.SignUpInput{Username: username, Password: x.form.Get("password"), UserContext: x.context()}
	if name != "" {
		in.UserAttributes = map[string]string{"name": name}
	}
	out, err := u.pool.SignUp(x.r.Context(), in)
	if errors.Is(err, userpool.CodeDeliveryFailure) { // the user is made, and the output complete
		return x.toConfirm(step{Username: username, Session: out.Session}, "not-sent")
	}
	if err != nil {
		if err := f.take(x, err); err != nil {
			return err
		}
		return x.show(f.status, "signup", view{Form: f})
	}
	if out.UserConfirmed {
		return x.goOn("/login", "confirmed", step{Username: username})
	}
	return x.toConfirm(step{Username: username, Session: out.Session}, "")
}

// newPassword checks a password that is typed twice, since nobody sees what they type.
func (f *form) newPassword(x *exchange) {
	password, repeat := x.form.Get("password"), x.form.Get("repeat")
	f.complain("password", checkPassword(password))
	if f.field("password").Error == "" && password != repeat {
		f.complain("password", "The two passwords are not the same. Type the password again in both fields.")
	}
}

// confirmForm asks for the code, and for the address only if no earlier page knows it.
func confirmForm(s step, code string) *form {
	f := &form{Session: s.Session, Fields: []*field{codeField(code)}}
	if checkEmail(s.Username) == "" {
		f.Username = s.Username
		return f
	}
	f.Fields = append([]*field{emailField(s.Username)}, f.Fields...)
	return f
}

func (u *UI) showConfirm(x *exchange) error {
	return x.show(http.StatusOK, "confirm", view{Form: confirmForm(x.step(), "")})
}

func (u *UI) confirm(x *exchange) error {
	s := step{Username: x.form.Get("username"), Session: x.form.Get("session")}
	if len(s.Session) > maxSession || !printable(s.Session) {
		return malformed("The form is damaged. Nothing was done. Please open the page again.")
	}
	if x.form.Get("action") == "resend" {
		return u.resend(x, s)
	}
	f := confirmForm(s, x.form.Get("code"))
	code := plainCode(x.form.Get("code"))
	f.complain("username", checkEmail(s.Username))
	f.complain("code", checkCode(code))
	if f.failed() {
		return x.show(f.status, "confirm", view{Form: f})
	}
	_, err := u.pool.ConfirmSignUp(x.r.Context(), userpool.ConfirmSignUpInput{
		Username: s.Username, ConfirmationCode: code, Session: s.Session, UserContext: x.context(),
	})
	if err != nil {
		if err := f.take(x, err); err != nil {
			return err
		}
		return x.show(f.status, "confirm", view{Form: f})
	}
	return x.goOn("/login", "confirmed", step{Username: s.Username})
}

func (u *UI) resend(x *exchange, s step) error {
	f := confirmForm(s, "")
	f.complain("username", checkEmail(s.Username))
	if f.failed() {
		return x.show(f.status, "confirm", view{Form: f})
	}
	_, err := u.pool.ResendConfirmationCode(x.r.Context(), userpool.ResendConfirmationCodeInput{Username: s.Username, UserContext: x.context()})
	if err != nil {
		if err := f.take(x, err); err != nil {
			return err
		}
		return x.show(f.status, "confirm", view{Form: f})
	}
	return x.toConfirm(s, "resent")
}
