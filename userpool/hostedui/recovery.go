package hostedui

import (
	"net/http"

	"github.com/stepwell/stepwell/userpool"
)

func forgotForm(username string) *form { return &form{Fields: []*field{emailField(username)}} }

func (u *UI) showForgot(x *exchange) error {
	if !x.allows(userpool.CognitoProvider) {
		return x.elsewhere()
	}
	return x.show(http.StatusOK, "forgot", view{Form: forgotForm("")})
}

// forgot asks for a code. What it answers does not depend on whether there is an account.
func (u *UI) forgot(x *exchange) error {
	if !x.allows(userpool.CognitoProvider) {
		return x.elsewhere()
	}
	username := x.form.Get("username")
	f := forgotForm(username)
	f.complain("username", checkEmail(username))
	if f.failed() {
		return x.show(f.status, "forgot", view{Form: f})
	}
	if _, err := u.pool.ForgotPassword(x.r.Context(), userpool.ForgotPasswordInput{Username: username, UserContext: x.context()}); err != nil {
		if err := f.take(x, err); err != nil {
			return err
		}
		return x.show(f.status, "forgot", view{Form: f})
	}
	return x.goOn("/confirmForgotPassword", "", step{Username: username})
}

// resetForm shows the address as a field that cannot be changed, once it is known: password managers store the new password under it.
func (u *UI) resetForm(username, code string) *form {
	email := emailField(username)
	email.ReadOnly = checkEmail(username) == ""
	return &form{Fields: []*field{
		email,
		codeField(code),
		passwordField("password", "New password", "new-password", u.pool.Settings().PasswordPolicy.Describe()),
		passwordField("repeat", "Repeat the new password", "new-password", ""),
	}}
}

func (u *UI) showReset(x *exchange) error {
	return x.show(http.StatusOK, "reset", view{Form: u.resetForm(x.step().Username, "")})
}

func (u *UI) reset(x *exchange) error {
	username, code := x.form.Get("username"), plainCode(x.form.Get("code"))
	f := u.resetForm(username, x.form.Get("code"))
	f.complain("username", checkEmail(username))
	f.complain("code", checkCode(code))
	f.newPassword(x)
	if f.failed() {
		return x.show(f.status, "reset", view{Form: f})
	}
	err := u.pool.ConfirmForgotPassword(x.r.Context(), userpool.ConfirmForgotPasswordInput{
		Username: username, ConfirmationCode: code, Password: x.form.Get("password"), UserContext: x.context(),
	})
	if err != nil {
		if err := f.take(x, err); err != nil {
			return err
		}
		return x.show(f.status, "reset", view{Form: f})
	}
	return x.goOn("/login", "password-changed", step{Username: username})
}
