package hostedui

import (
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
)

// challengeStep is a step of a sign-in between the password and the session. It is in hidden fields of its page and nowhere else: two tabs do
// not mix their steps up, nothing is left on the disk of the computer, and there is no cookie that another site could plant. The
// session in it is a secret, which opens nothing without the answer. The rest is what the page shows again after a wrong answer; whoever
// changes it changes what they see.
type challengeStep struct {
	Name    userpool.ChallengeName
	Session string
	// To is where a code was sent, Device what the person calls the authenticator app.
	To, Device string
	Choices    []userpool.ChallengeName
	// Required are the attributes that a new password needs beside it.
	Required []string
	// Mode says which page of the step it is, and Factor what is being set up.
	Mode   string
	Factor userpool.ChallengeName
	// Secret and URI are those of a new authenticator app.
	Secret, URI string
}

const (
	modeRecovery = "recovery" // a recovery code in the place of another
	modeApp      = "app"      // an authenticator app is being set up
	modeAddress  = "address"  // an address is being set up
)

// attributeField is the name of the field for an attribute: apart from those of other fields, and fit for the fragment of a link.
func attributeField(name string) string { return "attribute-" + strings.ReplaceAll(name, ":", ".") }

var (
	secretPattern    = regexp.MustCompile(`^[A-Z2-7]{32}$`)
	attributePattern = regexp.MustCompile(`^(custom:)?[A-Za-z0-9_-]{1,32}$`)
)

// known tells whether there is a page for the step.
func (s challengeStep) known() bool {
	switch s.Name {
	case userpool.ChallengeSelectMFAType, userpool.ChallengeNewPasswordRequired, userpool.ChallengeMFASetup:
		return true
	}
	return s.takesCode()
}

// takesCode tells whether the answer is a code.
func (s challengeStep) takesCode() bool {
	switch s.Name {
	case userpool.ChallengeSoftwareTokenMFA, userpool.ChallengeSMSMFA, userpool.ChallengeEmailOTP, userpool.ChallengeSMSOTP:
		return true
	}
	return s.Name == userpool.ChallengeMFASetup && s.Mode == modeApp
}

// hidden is a hidden field.
type hidden struct{ Name, Value string }

// Hidden are the fields that hold the step.
func (s challengeStep) Hidden() []hidden {
	return []hidden{
		{"challenge", string(s.Name)}, {"session", s.Session}, {"to", s.To}, {"device", s.Device}, {"choices", joinNames(s.Choices)},
		{"required", strings.Join(s.Required, " ")}, {"mode", s.Mode}, {"factor", string(s.Factor)}, {"secret", s.Secret}, {"uri", s.URI},
	}
}

func joinNames(names []userpool.ChallengeName) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = string(name)
	}
	return strings.Join(parts, " ")
}

// readStep reads the hidden fields. It returns false for what no page of ours has.
func readStep(form url.Values) (challengeStep, bool) {
	s := challengeStep{
		Name: userpool.ChallengeName(form.Get("challenge")), Session: form.Get("session"), To: form.Get("to"), Device: form.Get("device"),
		Required: strings.Fields(form.Get("required")), Mode: form.Get("mode"), Factor: userpool.ChallengeName(form.Get("factor")),
		Secret: form.Get("secret"), URI: form.Get("uri"),
	}
	for _, choice := range strings.Fields(form.Get("choices")) {
		s.Choices = append(s.Choices, userpool.ChallengeName(choice))
	}
	short := func(text string, most int) bool { return len(text) <= most && printable(text) }
	uri, err := url.Parse(s.URI)
	switch {
	case !s.known(), s.Session == "", !short(s.Session, maxSession), !short(s.To, 300), !short(s.Device, 400), len(s.Choices) > 8, len(s.Required) > 100,
		slices.ContainsFunc(s.Choices, func(c userpool.ChallengeName) bool { return factorLabel(c) == "" }),
		slices.ContainsFunc(s.Required, func(name string) bool { return !attributePattern.MatchString(name) }),
		!slices.Contains([]string{"", modeRecovery, modeApp, modeAddress}, s.Mode),
		s.Factor != "" && factorLabel(s.Factor) == "", s.Mode == modeAddress && addressOf(s.Factor) == "",
		s.Mode == modeApp && !secretPattern.MatchString(s.Secret),
		s.Mode == modeApp && (err != nil || !short(s.URI, 1000) || uri.Scheme != "otpauth" || uri.Host != "totp"):
		return challengeStep{}, false
	}
	return s, true
}

// factorLabel is what people call a second factor.
func factorLabel(name userpool.ChallengeName) string {
	switch name {
	case userpool.ChallengeSoftwareTokenMFA:
		return "Authenticator app"
	case userpool.ChallengeSMSMFA:
		return "Text message"
	case userpool.ChallengeEmailOTP:
		return "E-mail message"
	}
	return ""
}

// addressOf is the attribute that the codes of a second factor go to, or empty.
func addressOf(name userpool.ChallengeName) string {
	switch name {
	case userpool.ChallengeSMSMFA:
		return "phone_number"
	case userpool.ChallengeEmailOTP:
		return "email"
	}
	return ""
}

// attributeLabel is what people call an attribute.
func attributeLabel(name string) string {
	if name == "email" {
		return "E-mail address"
	}
	label := strings.ReplaceAll(strings.TrimPrefix(name, "custom:"), "_", " ")
	return strings.ToUpper(label[:1]) + label[1:]
}

// form asks for what the step needs.
func (s challengeStep) form(x *exchange) *form {
	switch {
	case s.takesCode():
		code := &field{Name: "code", Label: "Code", Type: "text", InputMode: "numeric", Autocomplete: "one-time-code", Code: true, Hint: "Six digits."}
		if s.Mode == modeRecovery {
			code = &field{Name: "code", Label: "Recovery code", Type: "text", Autocomplete: "off", Hint: "Four groups of four letters and digits. Each code works once."}
		}
		return &form{Fields: []*field{code}}
	case s.Name == userpool.ChallengeNewPasswordRequired:
		f := &form{Fields: []*field{
			passwordField("password", "New password", "new-password", x.ui.pool.Settings().PasswordPolicy.Describe()),
			passwordField("repeat", "Repeat the new password", "new-password", ""),
		}}
		for _, name := range s.Required {
			f.Fields = append(f.Fields, &field{
				Name: attributeField(name), Label: attributeLabel(name), Type: "text", Autocomplete: "on", Value: x.form.Get(attributeField(name)),
			})
		}
		return f
	case s.Mode == modeAddress && s.Factor == userpool.ChallengeSMSMFA:
		return &form{Fields: []*field{{
			Name: "address", Label: "Phone number", Type: "text", InputMode: "tel", Autocomplete: "tel", Value: x.form.Get("address"),
			Hint: "With + and the code of the country, such as +44 20 7946 0123.",
		}}}
	case s.Mode == modeAddress:
		address := emailField(x.form.Get("address"))
		address.Name, address.Autocomplete = "address", "email"
		return &form{Fields: []*field{address}}
	}
	return &form{}
}

// Heading is what the page is about.
func (s challengeStep) Heading() string {
	heading, _ := s.words()
	return heading
}

// Lead says what to do.
func (s challengeStep) Lead() string {
	_, lead := s.words()
	return lead
}

func (s challengeStep) words() (heading, lead string) {
	const more = "One more step"
	switch {
	case s.Mode == modeRecovery:
		return "Use a recovery code", "Enter one of the codes that you printed or wrote down when you set up the second step."
	case s.Name == userpool.ChallengeNewPasswordRequired:
		return "Set a new password", "Your password was given to you by somebody else. Choose one that only you know."
	case s.Mode == modeApp:
		return "Set up your app", "Add an account to the authenticator app on your phone, with this key, and enter the code that the app then shows."
	case s.Mode == modeAddress && s.Factor == userpool.ChallengeSMSMFA:
		return "Set up your phone", "We send a code there each time that you sign in."
	case s.Mode == modeAddress:
		return "Set up your e-mail", "We send a code there each time that you sign in."
	case s.Name == userpool.ChallengeMFASetup:
		return "Set up a second step", "Signing in here takes a second step after the password. Which one do you want?"
	case s.Name == userpool.ChallengeSelectMFAType:
		return more, "How do you want to get the code?"
	case s.Name == userpool.ChallengeSoftwareTokenMFA && s.Device != "":
		return more, "Enter the code that your authenticator app shows (" + s.Device + ")."
	case s.Name == userpool.ChallengeSoftwareTokenMFA:
		return more, "Enter the code that your authenticator app shows."
	}
	return more, "Enter the code that we sent to " + s.To + "."
}

// choice is a button.
type choice struct{ Value, Label string }

// Buttons are what the person may choose from.
func (s challengeStep) Buttons() []choice {
	if s.Name != userpool.ChallengeSelectMFAType && (s.Name != userpool.ChallengeMFASetup || s.Mode != "") {
		return nil
	}
	var out []choice
	for _, c := range s.Choices {
		out = append(out, choice{string(c), factorLabel(c)})
	}
	return out
}

// Recovery tells whether a recovery code may be typed instead, on a page of its own.
func (s challengeStep) Recovery() bool {
	return s.takesCode() && s.Name != userpool.ChallengeMFASetup && s.Mode != modeRecovery
}

// Key is the secret of a new app in groups that a person can type.
func (s challengeStep) Key() string {
	var groups []string
	for part := range slices.Chunk([]byte(s.Secret), 4) {
		groups = append(groups, string(part))
	}
	return strings.Join(groups, " ")
}

// AppLink opens the app on the device where the page is.
func (s challengeStep) AppLink() template.URL { return template.URL(s.URI) } //nolint:gosec // checked by readStep, or made by the pool
