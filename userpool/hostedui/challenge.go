package hostedui

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
)

// finish goes on with what a sign-in led to: with its next step, or, if it is done, with the session. It is the only way to signedIn, which
// nobody gets to who has a step to take.
func (x *exchange) finish(out *userpool.AuthOutcome) error {
	if out.Challenge == nil {
		return x.signedIn(out)
	}
	c := out.Challenge
	s := challengeStep{Name: c.Name, Session: c.Session, Device: c.FriendlyDeviceName, Choices: c.Choices, Required: c.RequiredAttributes}
	if c.Delivery != nil {
		s.To = c.Delivery.Destination
	}
	if !s.known() {
		x.ui.log.WarnContext(x.r.Context(), "hostedui: a sign-in asks for a step that there is no page for", "challenge", c.Name)
		return &pageError{
			status: http.StatusNotImplemented, heading: "You are not signed in",
			text: "Your sign-in needs a step that cannot be taken on these pages. Please sign in from the application.", back: "/login",
		}
	}
	if s.Name == userpool.ChallengeMFASetup && len(s.Choices) == 1 {
		return x.ui.beginSetUp(x, s, s.Choices[0])
	}
	return x.showStep(http.StatusOK, s, s.form(x))
}

// noStep leads who comes to the page of a step without one to the beginning: steps are in forms, and nowhere else.
func (u *UI) noStep(x *exchange) error { return x.redirect(u.link("/login", x.returnTo)) }

// takeStep answers the step that the form is for.
func (u *UI) takeStep(x *exchange) error {
	s, ok := readStep(x.form)
	if !ok {
		return malformed("The form is damaged. Nothing was done. Please sign in again.")
	}
	switch action := x.form.Get("action"); {
	case action == "recovery" && s.takesCode() && s.Name != userpool.ChallengeMFASetup:
		s.Mode = modeRecovery
		return x.showStep(http.StatusOK, s, s.form(x))
	case s.Name == userpool.ChallengeSelectMFAType:
		return u.respond(x, s, s.form(x), userpool.ChallengeResponse{Answer: x.form.Get("answer")})
	case s.Name == userpool.ChallengeNewPasswordRequired:
		return u.newPassword(x, s)
	case s.Name == userpool.ChallengeMFASetup:
		return u.setUp(x, s)
	}
	f := s.form(x)
	code, message := typedCode(x.form.Get("code"), s.Mode == modeRecovery)
	f.complain("code", message)
	if f.failed() {
		return x.showStep(f.status, s, f)
	}
	return u.respond(x, s, f, userpool.ChallengeResponse{Answer: code})
}

// typedCode returns a code as the pool wants it, or what is wrong with it. A recovery code is taken wherever another is.
func typedCode(typed string, recovery bool) (code, message string) {
	code = plainCode(typed)
	switch {
	case code == "" && recovery:
		return "", "Enter one of your recovery codes."
	case code == "":
		return "", "Enter the code."
	case len(code) > 64 || !printable(code):
		return "", "This is not a code."
	}
	return code, ""
}

// respond answers a step. What was wrong is shown in form f, with another try if there is one.
func (u *UI) respond(x *exchange, s challengeStep, f *form, r userpool.ChallengeResponse) error {
	out, err := u.pool.RespondToAuthChallenge(x.r.Context(), userpool.RespondToAuthChallengeInput{ChallengeName: s.Name, Session: s.Session, Response: r, UserContext: x.context()})
	if err != nil {
		return x.wrong(s, f, err)
	}
	return x.finish(out)
}

// wrong shows a step again with what was wrong, or begins the sign-in anew if the step cannot be answered any more.
func (x *exchange) wrong(s challengeStep, f *form, err error) error {
	e, ok := errors.AsType[*userpool.Error](err)
	if !ok {
		return err
	}
	shown := *e
	switch {
	case f.field(attributeField(e.Field)) != nil:
		shown.Field = attributeField(e.Field)
	case f.field(e.Field) == nil:
		shown.Field = ""
	}
	if e.Session == "" {
		f, shown.Field = signInForm(""), ""
	}
	if err := f.take(x, &shown); err != nil {
		return err
	}
	if e.Session == "" {
		return x.show(f.status, "signin", view{Form: f, Data: signInData{}})
	}
	s.Session = e.Session
	return x.showStep(f.status, s, f)
}

// newPassword replaces a temporary password.
func (u *UI) newPassword(x *exchange, s challengeStep) error {
	f := s.form(x)
	f.newPassword(x)
	attributes := map[string]string{}
	for _, name := range s.Required {
		value := x.form.Get(attributeField(name))
		if strings.Trim(value, " ") == "" {
			f.complain(attributeField(name), "Enter your "+strings.ToLower(attributeLabel(name))+".")
		}
		attributes[name] = value
	}
	if f.failed() {
		return x.showStep(f.status, s, f)
	}
	return u.respond(x, s, f, userpool.ChallengeResponse{NewPassword: x.form.Get("password"), UserAttributes: attributes})
}

// setUp takes the steps of MFA_SETUP: to choose a factor, and to set it up.
func (u *UI) setUp(x *exchange, s challengeStep) error {
	switch s.Mode {
	case modeApp:
		return u.verifyApp(x, s)
	case modeAddress:
		f := s.form(x)
		address := addressOf(s.Factor)
		value := strings.Trim(x.form.Get("address"), " ")
		if value == "" || len(value) > maxEmail || !printable(value) {
			f.complain("address", "Enter your "+strings.ToLower(attributeLabel(address))+".")
			return x.showStep(f.status, s, f)
		}
		if address == "phone_number" {
			value = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(value)
		}
		return u.respond(x, s, f, userpool.ChallengeResponse{UserAttributes: map[string]string{address: value}})
	}
	choice := userpool.ChallengeName(x.form.Get("answer"))
	if !slices.Contains(s.Choices, choice) {
		f := s.form(x)
		f.complain("", "Choose one of the ways that are offered.")
		return x.showStep(f.status, s, f)
	}
	return u.beginSetUp(x, s, choice)
}

// beginSetUp shows the page on which a factor is set up.
func (u *UI) beginSetUp(x *exchange, s challengeStep, factor userpool.ChallengeName) error {
	s.Factor = factor
	if addressOf(factor) != "" {
		s.Mode = modeAddress
		return x.showStep(http.StatusOK, s, s.form(x))
	}
	out, err := u.pool.AssociateSoftwareToken(x.r.Context(), userpool.AssociateSoftwareTokenInput{Session: s.Session})
	if err != nil {
		return x.wrong(s, s.form(x), err)
	}
	s.Mode, s.Session, s.Secret, s.URI = modeApp, out.Session, out.SecretCode, out.URI
	return x.showStep(http.StatusOK, s, s.form(x))
}

// verifyApp takes the first code of an authenticator app, and goes on with the sign-in.
func (u *UI) verifyApp(x *exchange, s challengeStep) error {
	f := s.form(x)
	code, message := typedCode(x.form.Get("code"), false)
	f.complain("code", message)
	if f.failed() {
		return x.showStep(f.status, s, f)
	}
	out, err := u.pool.VerifySoftwareToken(x.r.Context(), userpool.VerifySoftwareTokenInput{Session: s.Session, UserCode: code})
	if err != nil {
		return x.wrong(s, f, err)
	}
	s.Session = out.Session
	return u.respond(x, s, f, userpool.ChallengeResponse{})
}

func (x *exchange) showStep(status int, s challengeStep, f *form) error {
	return x.show(status, "challenge", view{Form: f, Data: s})
}
