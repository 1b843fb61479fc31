package hostedui_test

import (
	"encoding/base32"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/internal/totp"
)

const (
	app   = userpool.ChallengeSoftwareTokenMFA
	sms   = userpool.ChallengeSMSMFA
	phone = "+12025550123"
)

// mfaSite is a site whose pool has second factors.
func mfaSite(t *testing.T, mode userpool.MFAConfiguration, options ...option) *site {
	return newSite(t, append([]option{func(pc *userpool.Config, _ *hostedui.Config) {
		pc.SMSSender = pc.Sender
		pc.Settings.MFA, pc.Settings.MFAFactors = mode, []userpool.ChallengeName{app, sms, userpool.ChallengeEmailOTP}
		pc.Settings.Clients = append(pc.Settings.Clients, userpool.Client{ID: "cli", AuthFlows: []userpool.AuthFlow{userpool.UserPasswordAuth}})
	}}, options...)...)
}

// change changes a user behind the back of the pool.
func (s *site) change(email string, f func(*userpool.User)) {
	s.t.Helper()
	u, err := s.store.UserByIdentifier(s.t.Context(), "default", userpool.Identifier{Kind: userpool.IdentifierEmail, Value: email})
	require.NoError(s.t, err)
	f(&u)
	require.NoError(s.t, s.store.UpdateUser(s.t.Context(), "default", u))
}

func withPhone(u *userpool.User) {
	u.Attributes["phone_number"], u.Attributes["phone_number_verified"] = phone, "true"
}

// enrol gives a user an authenticator app, and returns its secret and some recovery codes.
func (s *site) enrol(email string) (secret []byte, recovery []string) {
	s.t.Helper()
	ctx := s.t.Context()
	out, err := s.pool.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: "cli", Username: email, Password: password})
	require.NoError(s.t, err)
	token := out.Tokens.AccessToken
	set, err := s.pool.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{AccessToken: token})
	require.NoError(s.t, err)
	secret = s.secret(set.SecretCode)
	_, err = s.pool.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{
		AccessToken: token, UserCode: totp.Code(secret, s.pool.Clock.Now()), FriendlyDeviceName: "<old> phone",
	})
	require.NoError(s.t, err)
	recovery, err = s.pool.GenerateRecoveryCodes(ctx, token)
	require.NoError(s.t, err)
	s.pass(totp.Period)
	return secret, recovery
}

func (s *site) secret(code string) []byte {
	s.t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(code, " ", ""))
	require.NoError(s.t, err)
	return secret
}

func (s *site) code(secret []byte) string { return totp.Code(secret, s.pool.Clock.Now()) }

// password types the password, and returns the next page.
func (b *browser) password(address string) *page {
	b.s.t.Helper()
	p := b.submit(b.get(address), map[string]string{"username": ada, "password": password})
	require.Nil(b.s.t, b.cookie("session"), "a step is missing")
	return p
}

// buttons are the values of the buttons with a name.
func (p *page) buttons(name string) []string {
	var out []string
	p.each(func(n *html.Node) {
		if n.Data == "button" && attr(n, "name") == name {
			out = append(out, attr(n, "value"))
		}
	})
	return out
}

// arrives checks that the browser is signed in and led on.
func (b *browser) arrives(p *page, at string) {
	b.s.t.Helper()
	require.Equal(b.s.t, http.StatusSeeOther, p.Status, p.text("main"))
	require.Equal(b.s.t, b.s.origin+at, p.Header.Get("Location"))
	require.NotNil(b.s.t, b.cookie("session"))
	require.Equal(b.s.t, http.StatusOK, b.get("/auth/account").Status)
}

func TestChallenge_AuthenticatorApp(t *testing.T) {
	s := mfaSite(t, userpool.MFAOptional)
	s.register(ada)
	secret, recovery := s.enrol(ada)
	b := s.browser()
	p := b.password("/auth/login?return_to=%2Fx")
	require.Equal(t, http.StatusOK, p.Status)
	require.Equal(t, "One more step", p.text("h1"))
	require.Contains(t, p.text("main"), "your authenticator app shows (<old> phone).")
	require.Equal(t, "no-store", p.Header.Get("Cache-Control"))

	p = b.submit(p, map[string]string{"code": ""})
	require.Contains(t, p.fieldError("code"), "Enter the code.")
	wrong := "000000"
	p = b.submit(p, map[string]string{"code": wrong})
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.Contains(t, p.fieldError("code"), "not right")
	require.Contains(t, p.text("main"), "(<old> phone)")
	code := s.code(secret)
	p = b.submit(p, map[string]string{"code": code[:3] + " " + code[3:]})
	b.arrives(p, "/x")

	b = s.browser()
	p = b.password("/auth/login")
	p = b.submit(p, map[string]string{"action": "recovery"})
	require.Equal(t, "Use a recovery code", p.text("h1"))
	p = b.submit(p, map[string]string{"code": "ABCD-EFGH"})
	require.NotEmpty(t, p.fieldError("code"))
	p = b.submit(p, map[string]string{"code": strings.ToLower(recovery[0])})
	b.arrives(p, "/auth/account")
}

func TestChallenge_ChooseAndText(t *testing.T) {
	s := mfaSite(t, userpool.MFAOptional)
	s.register(ada)
	s.enrol(ada)
	s.change(ada, withPhone)
	s.change(ada, func(u *userpool.User) { u.MFA, u.PreferredMFA = []userpool.ChallengeName{app, sms}, "" })
	b := s.browser()
	p := b.password("/auth/login?return_to=%2Fx")
	require.Equal(t, []string{string(app), string(sms)}, p.buttons("answer"))
	p = b.submit(p, map[string]string{"answer": "EMAIL_OTP"})
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.Equal(t, []string{string(app), string(sms)}, p.buttons("answer"))
	p = b.submit(p, map[string]string{"answer": string(sms)})
	require.Contains(t, p.text("main"), "we sent to +")
	require.NotContains(t, p.Body, phone)
	p = b.submit(p, map[string]string{"code": s.lastCode()})
	b.arrives(p, "/x")
}

func TestChallenge_NewPassword(t *testing.T) {
	s := mfaSite(t, userpool.MFAOptional, settings(func(set *userpool.Settings) {
		set.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:team", Type: userpool.AttributeNumber, Mutable: true}}
	}))
	s.register(ada)
	secret, _ := s.enrol(ada)
	s.change(ada, func(u *userpool.User) { u.Status = userpool.StatusForceChangePassword })
	config := s.pool.Config() // the attributes are required once the user is there
	config.Settings.RequiredAttributes = []string{"name", "given_name", "custom:team"}
	pool, err := userpool.New(config)
	require.NoError(t, err)
	ui, err := hostedui.New(hostedui.Config{Pool: pool, BaseURL: s.base, Title: "Example Ltd"})
	require.NoError(t, err)
	s.server.Config.Handler = ui

	b := s.browser()
	p := b.password("/auth/login")
	require.Equal(t, "Set a new password", p.text("h1"))
	require.NotNil(t, p.byID("attribute-given_name"))
	require.NotNil(t, p.byID("attribute-custom.team"))
	require.Nil(t, p.byID("attribute-name"), "it is there already")
	fresh := "an entirely new password"
	p = b.submit(p, map[string]string{"password": fresh, "repeat": "another", "attribute-given_name": "Ada"})
	require.Contains(t, p.fieldError("password"), "not the same")
	require.Contains(t, p.fieldError("attribute-custom.team"), "Enter your team.")
	require.Equal(t, "Ada", attr(p.byID("attribute-given_name"), "value"))
	p = b.submit(p, map[string]string{"password": fresh, "repeat": fresh, "attribute-custom.team": "blue"})
	require.NotEmpty(t, p.fieldError("attribute-custom.team"), p.text("main"))
	p = b.submit(p, map[string]string{"password": fresh, "repeat": fresh, "attribute-custom.team": "7"})
	require.Equal(t, "One more step", p.text("h1"), "the second factor is not skipped")
	b.arrives(b.submit(p, map[string]string{"code": s.code(secret)}), "/auth/account")
}

func TestChallenge_SetUpApp(t *testing.T) {
	s := mfaSite(t, userpool.MFARequired)
	s.register(ada)
	b := s.browser()
	p := b.password("/auth/login?return_to=%2Fx")
	require.Equal(t, "Set up a second step", p.text("h1"))
	require.Equal(t, []string{string(app), string(sms)}, p.buttons("answer"))
	p = b.submit(p, nil)
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	p = b.submit(p, map[string]string{"answer": string(app)})
	require.Equal(t, "Set up your app", p.text("h1"))
	key := p.text("code")
	secret := s.secret(key)
	var link string
	for _, a := range p.all("a") {
		if strings.HasPrefix(attr(a, "href"), "otpauth:") {
			link = attr(a, "href")
		}
	}
	u := mustURL(t, link)
	require.Equal(t, strings.ReplaceAll(key, " ", ""), u.Query().Get("secret"))
	p = b.submit(p, map[string]string{"code": "000000"})
	require.NotEmpty(t, p.fieldError("code"))
	require.Equal(t, key, p.text("code"), "the same key is there for another try")
	b.arrives(b.submit(p, map[string]string{"code": s.code(secret)}), "/x")
}

func TestChallenge_SetUpPhone(t *testing.T) {
	s := mfaSite(t, userpool.MFARequired)
	s.register(ada)
	b := s.browser()
	p := b.submit(b.password("/auth/login?return_to=%2Fx"), map[string]string{"answer": string(sms)})
	require.Equal(t, "Set up your phone", p.text("h1"))
	p = b.submit(p, map[string]string{"address": ""})
	require.Contains(t, p.fieldError("address"), "Enter your phone number.")
	p = b.submit(p, map[string]string{"address": "+1 (202) 555-0123"})
	require.Equal(t, "One more step", p.text("h1"))
	b.arrives(b.submit(p, map[string]string{"code": s.lastCode()}), "/x")
}

// What an application asks for with acr_values is asked for here, and what cannot be had is said.
func TestO27_ApplicationWantsSecondFactor(t *testing.T) {
	s := mfaSite(t, userpool.MFAOptional)
	s.register(ada)
	login := "/auth/login?return_to=" + url.QueryEscape("/oauth2/authorize?"+url.Values{
		"client_id": {"web"}, "redirect_uri": {"https://app.example/callback"}, "acr_values": {"gold " + userpool.ACRMultiFactor},
	}.Encode())
	b := s.browser()
	p := b.password(login)
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.Contains(t, p.text("main"), "needs a stronger sign-in")
	b.signIn(ada)
	p = b.get(login)
	require.NotContains(t, p.text("main"), "Continue to", "who is signed in too weakly is not offered to go on")

	secret, _ := s.enrol(ada)
	b = s.browser()
	p = b.submit(b.password(login), map[string]string{"code": s.code(secret)})
	require.Contains(t, p.Header.Get("Location"), "/auth/continue?")
	session, err := s.pool.BrowserSession(t.Context(), b.cookie("session").Value)
	require.NoError(t, err)
	require.Equal(t, userpool.ACRMultiFactor, session.ACR)
}

// A step that is damaged, of another kind, answered, or too late signs nobody in.
func TestO26_U13_Steps(t *testing.T) {
	s := mfaSite(t, userpool.MFAOptional)
	s.register(ada)
	secret, _ := s.enrol(ada)
	b := s.browser()
	p := b.password("/auth/login?return_to=%2Fx")
	action, fields := p.form()
	for name, change := range map[string]func(url.Values){
		"no challenge":      func(v url.Values) { v.Del("challenge") },
		"unknown challenge": func(v url.Values) { v.Set("challenge", "PASSWORD") },
		"no session":        func(v url.Values) { v.Del("session") },
		"huge session":      func(v url.Values) { v.Set("session", strings.Repeat("x", 2000)) },
		"control character": func(v url.Values) { v.Set("to", "a\x00b") },
		"choices":           func(v url.Values) { v.Set("choices", "javascript:") },
		"required":          func(v url.Values) { v.Set("required", "a\"b") },
		"mode":              func(v url.Values) { v.Set("mode", "x") },
		"link": func(v url.Values) {
			v.Set("challenge", "MFA_SETUP")
			v.Set("mode", "app")
			v.Set("secret", strings.Repeat("A", 32))
			v.Set("uri", "javascript:alert(1)")
		},
		"key": func(v url.Values) {
			v.Set("challenge", "MFA_SETUP")
			v.Set("mode", "app")
			v.Set("secret", "<b>")
			v.Set("uri", "otpauth://totp/x")
		},
	} {
		v := url.Values{}
		for key, value := range fields {
			v[key] = value
		}
		change(v)
		got := b.post(action, v)
		require.Equal(t, http.StatusBadRequest, got.Status, name)
		require.Nil(t, b.cookie("session"), name)
	}
	require.Equal(t, s.base+"/login?return_to=%2Fx", b.get("/auth/challenge?return_to=%2Fx").Header.Get("Location"))
	require.Equal(t, http.StatusForbidden, s.browser().post(action, fields).Status, "another browser")

	other := url.Values{}
	for key, value := range fields {
		other[key] = value
	}
	other.Set("challenge", string(sms))
	other.Set("code", s.code(secret))
	got := b.post(action, other)
	require.Equal(t, http.StatusUnprocessableEntity, got.Status, "the session is that of another challenge")
	require.Equal(t, "Sign in", got.text("h1"))
	require.Nil(t, b.cookie("session"))
	got = b.submit(p, map[string]string{"code": s.code(secret)})
	require.Equal(t, "Sign in", got.text("h1"), "it is used up by that")
	require.Contains(t, got.text("main"), "begin again")

	p = b.password("/auth/login?return_to=%2Fx")
	s.pass(10 * time.Minute)
	got = b.submit(p, map[string]string{"code": s.code(secret)})
	require.Equal(t, "Sign in", got.text("h1"))
	require.Contains(t, got.text("main"), "took too long")
	require.Equal(t, http.StatusSeeOther, b.get("/auth/account").Status, "signed in nowhere")
	got = b.submit(got, map[string]string{"username": ada, "password": password})
	b.arrives(b.submit(got, map[string]string{"code": s.code(secret)}), "/x")
}

// Who comes from another provider takes the second step here, where the settings want it.
func TestU14_FederatedChallenge(t *testing.T) {
	s := mfaSite(t, userpool.MFARequired, func(pc *userpool.Config, _ *hostedui.Config) {
		pc.Settings.FederatedMFA = true
		pc.Settings.MFAFactors = []userpool.ChallengeName{app}
		pc.Providers = []userpool.Provider{{Name: "AzureAD", Label: "Microsoft", IdentityProvider: &fakeProvider{}}}
	})
	b := s.browser()
	p := b.get(b.begin("/x").String())
	require.Equal(t, "Set up your app", p.text("h1"), p.text("main"))
	require.Nil(t, b.cookie("session"))
	secret := s.secret(p.text("code"))
	b.arrives(b.submit(p, map[string]string{"code": s.code(secret)}), "/x")
}
