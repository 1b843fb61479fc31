package userpool_test

import (
	"context"
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/totp"
	"github.com/stepwell/stepwell/userpool/memstore"
)

const (
	softToken = userpool.ChallengeSoftwareTokenMFA
	smsMFA    = userpool.ChallengeSMSMFA
	emailOTP  = userpool.ChallengeEmailOTP
	phoneOf   = "+12025550123"
)

// mfaKit is a pool with second factors, that sends to phones too; change may be nil.
func mfaKit(t testing.TB, store userpool.Store, mode userpool.MFAConfiguration, change func(*userpool.Config)) *kit {
	t.Helper()
	return newKitOn(t, store, func(c *userpool.Config) {
		c.Settings.MFA = mode
		c.Settings.MFAFactors = []userpool.ChallengeName{softToken, smsMFA, emailOTP}
		if change != nil {
			change(c)
		}
		if c.SMSSender == nil {
			c.SMSSender = c.Sender
		}
	})
}

// person is a user with an authenticator app.
type person struct {
	*kit
	email, sub string
	secret     []byte
}

func decodeSecret(t testing.TB, code string) []byte {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(code)
	require.NoError(t, err)
	return secret
}

// app returns what the authenticator app shows.
func (k *kit) app(secret []byte) string { return totp.Code(secret, k.clock.Now()) }

// nextStep waits for the app to show another code.
func (k *kit) nextStep() { k.clock.Advance(totp.Period) }

// withApp makes a user who has set up an authenticator app, by the access token of a sign-in before it was wanted.
func (k *kit) withApp(email string) *person {
	k.t.Helper()
	sub := k.user(email)
	x := &person{kit: k, email: email, sub: sub}
	before := k.again(func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
	token := before.tokens(email).AccessToken
	out, err := before.AssociateSoftwareToken(context.Background(), userpool.AssociateSoftwareTokenInput{AccessToken: token})
	require.NoError(k.t, err)
	x.secret = decodeSecret(k.t, out.SecretCode)
	_, err = before.VerifySoftwareToken(context.Background(), userpool.VerifySoftwareTokenInput{AccessToken: token, UserCode: k.app(x.secret), FriendlyDeviceName: "Ada's phone"})
	require.NoError(k.t, err)
	k.nextStep()
	return x
}

// begin signs in with the password at the client webapp.
func (k *kit) beginSignIn(email string) *userpool.AuthOutcome {
	k.t.Helper()
	out, err := k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: email, Password: password,
	})
	require.NoError(k.t, err)
	return out
}

// wanted begins a sign-in and returns the challenge, which must be this one.
func (k *kit) wanted(email string, name userpool.ChallengeName) *userpool.Challenge {
	k.t.Helper()
	out := k.beginSignIn(email)
	require.NotNil(k.t, out.Challenge, "signed in without %s", name)
	require.Nil(k.t, out.Tokens)
	require.Equal(k.t, name, out.Challenge.Name)
	return out.Challenge
}

func (k *kit) answer(c *userpool.Challenge, r userpool.ChallengeResponse) (*userpool.AuthOutcome, error) {
	return k.RespondToAuthChallenge(context.Background(), userpool.RespondToAuthChallengeInput{
		ChallengeName: c.Name, Session: c.Session, ClientID: webApp.ID, Response: r,
	})
}

func (k *kit) answerCode(c *userpool.Challenge, code string) (*userpool.AuthOutcome, error) {
	return k.answer(c, userpool.ChallengeResponse{Answer: code})
}

func answered(t testing.TB, out *userpool.AuthOutcome, err error) *userpool.Tokens {
	t.Helper()
	require.NoError(t, err)
	require.Nil(t, out.Challenge)
	require.NotNil(t, out.Tokens)
	return out.Tokens
}

// amr are the methods and the class that a token tells.
func (k *kit) amr(tokens *userpool.Tokens) ([]any, any) {
	k.t.Helper()
	claims := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	require.Equal(k.t, claims["amr"], id["amr"])
	amr, _ := claims["amr"].([]any)
	return amr, claims["acr"]
}

// stored changes a user behind the back of the pool.
func (k *kit) stored(sub string, change func(*userpool.User)) {
	k.t.Helper()
	u, err := k.config.Store.User(context.Background(), "default", sub)
	require.NoError(k.t, err)
	change(&u)
	require.NoError(k.t, k.config.Store.UpdateUser(context.Background(), "default", u))
}

func withPhone(u *userpool.User) {
	u.Attributes["phone_number"], u.Attributes["phone_number_verified"] = phoneOf, "true"
}

func switchedOn(preferred userpool.ChallengeName, factors ...userpool.ChallengeName) func(*userpool.User) {
	return func(u *userpool.User) { u.MFA, u.PreferredMFA = factors, preferred }
}

// The whole decision, as a table: which settings, which user, what the user has proved, and what is asked for.
func TestNextFactor_Decision(t *testing.T) {
	type names = []userpool.ChallengeName
	all := names{softToken, smsMFA, emailOTP}
	app := &userpool.SoftwareToken{Secret: []byte("sealed")}
	user := func(change ...func(*userpool.User)) userpool.User {
		u := userpool.User{Sub: "s", Enabled: true, Status: userpool.StatusConfirmed, Attributes: map[string]string{}}
		for _, f := range change {
			f(&u)
		}
		return u
	}
	email := func(u *userpool.User) {
		u.Attributes["email"], u.Attributes["email_verified"] = "ada@example.com", "true"
	}
	unverified := func(u *userpool.User) {
		u.Attributes["email"], u.Attributes["email_verified"] = "ada@example.com", "false"
	}
	hasApp := func(u *userpool.User) {
		u.SoftwareToken, u.MFA = app, append(u.MFA, softToken)
	}
	on := func(f ...userpool.ChallengeName) func(*userpool.User) {
		return func(u *userpool.User) { u.MFA = append(u.MFA, f...) }
	}
	prefers := func(f userpool.ChallengeName) func(*userpool.User) {
		return func(u *userpool.User) { u.PreferredMFA = f }
	}
	hasPasskey := func(u *userpool.User) { u.Passkeys = []userpool.Passkey{{ID: []byte{1}}} }
	const (
		off, optional, required = userpool.MFAOff, userpool.MFAOptional, userpool.MFARequired
		refused                 = userpool.ChallengeName("refused")
		mfa, phr                = userpool.ACRMultiFactor, userpool.ACRPhishingResistant
	)
	admin := []userpool.RecoveryMechanism{userpool.RecoverByAdmin}
	byPhone := []userpool.RecoveryMechanism{userpool.RecoverByPhone, userpool.RecoverByEmail}
	for name, test := range map[string]struct {
		mode     userpool.MFAConfiguration
		factors  names
		recovery []userpool.RecoveryMechanism
		fed      bool
		passkeys bool
		u        userpool.User
		amr      []string
		acr      string
		want     userpool.ChallengeName
		choices  names
	}{
		"off":                                  {mode: off, factors: all, u: user(email, withPhone, hasApp)},
		"optional, nothing":                    {mode: optional, factors: all, u: user(email, withPhone)},
		"optional, app":                        {mode: optional, factors: all, u: user(email, hasApp), want: softToken},
		"optional, app of a pool without apps": {mode: optional, factors: names{smsMFA}, u: user(email, hasApp)},
		"optional, app that is switched off":   {mode: optional, factors: all, u: user(email, func(u *userpool.User) { u.SoftwareToken = app })},
		"optional, SMS":                        {mode: optional, factors: all, u: user(email, withPhone, on(smsMFA)), want: smsMFA},
		"optional, e-mail that recovers":       {mode: optional, factors: all, u: user(email, on(emailOTP)), want: emailOTP},
		"optional, e-mail that is preferred":   {mode: optional, factors: all, u: user(email, on(emailOTP), prefers(emailOTP)), want: emailOTP},
		"optional, number gone":                {mode: optional, factors: all, u: user(email, on(smsMFA), prefers(smsMFA)), want: refused},
		"optional, app and SMS": {mode: optional, factors: all, u: user(email, withPhone, hasApp, on(smsMFA)),
			want: userpool.ChallengeSelectMFAType, choices: names{softToken, smsMFA}},
		"optional, app and number that is not switched on": {mode: optional, factors: all, u: user(email, withPhone, hasApp), want: softToken},
		"optional, app and SMS that is preferred":          {mode: optional, factors: all, u: user(email, withPhone, hasApp, on(smsMFA), prefers(smsMFA)), want: smsMFA},
		"preferred, but not switched on":                   {mode: optional, factors: all, u: user(email, withPhone, hasApp, prefers(smsMFA)), want: softToken},

		"on, nothing at all":           {mode: required, factors: all, u: user(), want: userpool.ChallengeMFASetup, choices: names{softToken, smsMFA}},
		"on, nothing, no recovery":     {mode: required, factors: all, recovery: admin, u: user(), want: userpool.ChallengeMFASetup, choices: all},
		"on, nothing, only e-mail":     {mode: required, factors: names{emailOTP}, u: user(), want: refused},
		"on, e-mail recovers":          {mode: required, factors: names{softToken, emailOTP}, u: user(email), want: userpool.ChallengeMFASetup, choices: names{softToken}},
		"on, e-mail recovers, no apps": {mode: required, factors: names{emailOTP}, u: user(email), want: refused},
		"on, unverified e-mail will recover": {mode: required, factors: names{softToken, emailOTP}, u: user(unverified),
			want: userpool.ChallengeMFASetup, choices: names{softToken}},
		"on, e-mail, no recovery":                            {mode: required, factors: all, recovery: admin, u: user(email), want: emailOTP},
		"on, e-mail, number to be set up":                    {mode: required, factors: names{smsMFA, emailOTP}, u: user(email), want: userpool.ChallengeMFASetup, choices: names{smsMFA}},
		"on, number that recovers, no apps":                  {mode: required, factors: names{smsMFA}, u: user(withPhone), want: refused},
		"on, number, no recovery":                            {mode: required, factors: all, recovery: admin, u: user(withPhone), want: smsMFA},
		"on, both, e-mail recovers":                          {mode: required, factors: all, u: user(email, withPhone), want: smsMFA},
		"on, both, phone recovers":                           {mode: required, factors: all, recovery: byPhone, u: user(email, withPhone), want: emailOTP},
		"on, both, phone recovers as e-mail is not verified": {mode: required, factors: all, u: user(unverified, withPhone), want: emailOTP},
		"on, both, no recovery": {mode: required, factors: all, recovery: admin, u: user(email, withPhone),
			want: userpool.ChallengeSelectMFAType, choices: names{smsMFA, emailOTP}},
		"on, app alone":           {mode: required, factors: all, u: user(email, hasApp), want: softToken},
		"on, app and number":      {mode: required, factors: all, u: user(email, withPhone, hasApp), want: userpool.ChallengeSelectMFAType, choices: names{softToken, smsMFA}},
		"on, app preferred":       {mode: required, factors: all, u: user(email, withPhone, hasApp, prefers(softToken)), want: softToken},
		"on, e-mail preferred":    {mode: required, factors: all, u: user(email, hasApp, on(emailOTP), prefers(emailOTP)), want: emailOTP},
		"on, number gone":         {mode: required, factors: all, u: user(email, on(smsMFA)), want: refused},
		"on, app no more allowed": {mode: required, factors: names{smsMFA}, u: user(email, hasApp), want: userpool.ChallengeMFASetup, choices: names{smsMFA}},

		"passkey with a finger":           {mode: required, factors: all, u: user(email, hasApp), amr: []string{"hwk", "user", "mfa"}},
		"passkey that was just there":     {mode: optional, factors: all, u: user(email, hasApp), amr: []string{"hwk"}, want: softToken},
		"password and passkey":            {mode: required, factors: all, u: user(email, hasApp), amr: []string{"pwd", "hwk"}},
		"from elsewhere":                  {mode: required, factors: all, u: user(email, hasApp), amr: []string{"fed"}},
		"from elsewhere, asked":           {mode: required, factors: all, fed: true, u: user(email, hasApp), amr: []string{"fed"}, want: softToken},
		"from elsewhere, optional, asked": {mode: optional, factors: all, fed: true, u: user(email, hasApp), amr: []string{"fed"}, want: softToken},
		"from elsewhere, optional, none":  {mode: optional, factors: all, fed: true, u: user(email), amr: []string{"fed"}},
		"e-mail code twice":               {mode: optional, factors: all, u: user(email, on(emailOTP), prefers(emailOTP)), amr: []string{"otp"}, want: refused},
		"e-mail code, then app":           {mode: optional, factors: all, u: user(email, hasApp, on(emailOTP), prefers(emailOTP)), amr: []string{"otp"}, want: softToken},

		"two factors wanted, none":              {mode: optional, factors: all, u: user(email, withPhone), acr: mfa, want: refused},
		"two factors wanted, app":               {mode: optional, factors: all, u: user(email, hasApp), acr: mfa, want: softToken},
		"two factors wanted, pool has none":     {mode: off, factors: all, u: user(email, hasApp), acr: mfa, want: refused},
		"two factors wanted, required, none":    {mode: required, factors: all, u: user(email), acr: mfa, want: userpool.ChallengeMFASetup, choices: names{softToken, smsMFA}},
		"two factors wanted and proved":         {mode: optional, factors: all, u: user(email, hasApp), acr: mfa, amr: []string{"pwd", "otp", "mfa"}},
		"two factors wanted, from elsewhere":    {mode: required, factors: all, u: user(email, hasApp), acr: mfa, amr: []string{"fed"}, want: softToken},
		"two factors wanted, passkey":           {mode: off, passkeys: true, u: user(email, hasPasskey), acr: mfa, want: userpool.ChallengeWebAuthn},
		"passkey wanted":                        {mode: optional, factors: all, passkeys: true, u: user(email, hasApp, hasPasskey), acr: phr, want: userpool.ChallengeWebAuthn},
		"passkey wanted, none":                  {mode: optional, factors: all, passkeys: true, u: user(email, hasApp), acr: phr, want: refused},
		"passkey wanted, and a password":        {mode: optional, factors: all, passkeys: true, u: user(email, hasApp, hasPasskey), acr: phr, amr: []string{"pwd", "hwk"}},
		"passkey wanted, no finger":             {mode: optional, factors: names{smsMFA}, passkeys: true, u: user(email, hasPasskey), acr: phr, amr: []string{"hwk", "user"}, want: refused},
		"passkey wanted, pool has none":         {mode: optional, factors: all, u: user(email, hasApp, hasPasskey), acr: phr, want: refused},
		"passkey wanted and proved":             {mode: required, factors: all, passkeys: true, u: user(email, hasApp), acr: phr, amr: []string{"hwk", "user", "mfa"}},
		"passkey wanted after two other proofs": {mode: required, factors: all, passkeys: true, u: user(email, hasApp, hasPasskey), acr: phr, amr: []string{"pwd", "otp", "mfa"}, want: userpool.ChallengeWebAuthn},
		"one factor wanted":                     {mode: optional, factors: all, u: user(email), acr: userpool.ACRSingleFactor},
	} {
		t.Run(name, func(t *testing.T) {
			k := mfaKit(t, memstore.New(), test.mode, func(c *userpool.Config) {
				c.Settings.MFAFactors, c.Settings.AccountRecovery, c.Settings.FederatedMFA = test.factors, test.recovery, test.fed
				if test.passkeys {
					c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeWebAuthn}
					c.Settings.PasskeyUserVerification = true
					c.WebAuthn = struct{ userpool.WebAuthn }{}
				}
			})
			amr := test.amr
			if amr == nil {
				amr = []string{"pwd"}
			}
			next, choices, err := k.NextFactorForTest(t.Context(), test.u, amr, test.acr)
			if test.want == refused {
				require.ErrorIs(t, err, userpool.MFAMethodNotFound)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, next)
			require.Equal(t, test.choices, choices)
		})
	}
}

func TestSettings_FederatedMFA(t *testing.T) {
	c := newKit(t, nil).config
	c.Settings.FederatedMFA = true
	_, err := userpool.New(c)
	require.ErrorContains(t, err, "FederatedMFA")
}

// Each way through the second factor, whole.
func TestSignIn_SecondFactors(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFAOptional, nil)
		ctx := t.Context()
		ada := k.withApp("ada@example.com")

		c := k.wanted(ada.email, softToken)
		require.Equal(t, "Ada's phone", c.FriendlyDeviceName)
		out, err := k.answerCode(c, k.app(ada.secret))
		amr, acr := k.amr(answered(t, out, err))
		require.Equal(t, []any{"pwd", "otp", "mfa"}, amr)
		require.Equal(t, userpool.ACRMultiFactor, acr)

		k.stored(ada.sub, withPhone)
		k.stored(ada.sub, switchedOn("", softToken, smsMFA))
		c = k.wanted(ada.email, userpool.ChallengeSelectMFAType)
		require.Equal(t, []userpool.ChallengeName{softToken, smsMFA}, c.Choices)
		_, err = k.answerCode(c, "EMAIL_OTP")
		require.ErrorIs(t, err, userpool.InvalidParameter)
		c.Session = err.(*userpool.Error).Session
		out, err = k.answerCode(c, "SMS_MFA")
		require.NoError(t, err)
		c = out.Challenge
		require.Equal(t, smsMFA, c.Name)
		require.Equal(t, userpool.MediumSMS, c.Delivery.DeliveryMedium)
		m := k.mail()
		require.Equal(t, userpool.MessageAuthentication, m.Kind)
		require.Equal(t, phoneOf, m.To)
		_, err = k.answerCode(c, wrongCode(m.Code))
		require.ErrorIs(t, err, userpool.CodeMismatch)
		c.Session = err.(*userpool.Error).Session
		out, err = k.answerCode(c, m.Code)
		amr, _ = k.amr(answered(t, out, err))
		require.Equal(t, []any{"pwd", "sms", "mfa"}, amr)

		k.stored(ada.sub, switchedOn(emailOTP, softToken, emailOTP))
		k.stored(ada.sub, func(u *userpool.User) { u.Attributes["email_verified"] = "false" })
		c = k.wanted(ada.email, emailOTP)
		require.Equal(t, "a***@e***", c.Delivery.Destination)
		out, err = k.answerCode(c, k.mail().Code)
		amr, _ = k.amr(answered(t, out, err))
		require.Equal(t, []any{"pwd", "otp", "mfa"}, amr)
		u, err := k.AdminGetUser(ctx, ada.sub)
		require.NoError(t, err)
		require.Equal(t, "true", u.Attributes["email_verified"], "who reads the code has the address")
	})
}

// wrongCode is another code of as many digits.
func wrongCode(code string) string {
	return strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, code)
}

// Where everybody needs two factors, the first sign-in sets one up, and nobody gets a token before.
func TestSignIn_SetUp(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFARequired, nil)
		ctx := t.Context()
		sub := k.user("ada@example.com")
		c := k.wanted("ada@example.com", userpool.ChallengeMFASetup)
		require.Equal(t, []userpool.ChallengeName{softToken, smsMFA}, c.Choices)

		_, err := k.answer(c, userpool.ChallengeResponse{})
		require.ErrorIs(t, err, userpool.InvalidParameter, "nothing is set up yet")
		set, err := k.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{Session: err.(*userpool.Error).Session})
		require.NoError(t, err)
		require.Contains(t, set.URI, "otpauth://totp/id.example.com:ada%40example.com?secret="+set.SecretCode)
		secret := decodeSecret(t, set.SecretCode)
		_, err = k.answer(&userpool.Challenge{Name: c.Name, Session: set.Session}, userpool.ChallengeResponse{})
		require.ErrorIs(t, err, userpool.InvalidParameter, "nothing is verified yet")
		_, err = k.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{Session: err.(*userpool.Error).Session, UserCode: wrongCode(k.app(secret))})
		require.ErrorIs(t, err, userpool.EnableSoftwareTokenMFA)
		done, err := k.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{Session: err.(*userpool.Error).Session, UserCode: k.app(secret)})
		require.NoError(t, err)
		c.Session = done.Session
		out, err := k.answer(c, userpool.ChallengeResponse{})
		amr, acr := k.amr(answered(t, out, err))
		require.Equal(t, []any{"pwd", "otp", "mfa"}, amr)
		require.Equal(t, userpool.ACRMultiFactor, acr)
		require.Equal(t, userpool.MessageFactorChanged, k.mail().Kind)
		factors, err := k.AdminGetUserAuthFactors(ctx, sub)
		require.NoError(t, err)
		require.Equal(t, softToken, factors.PreferredMFASetting)
		c = k.wanted("ada@example.com", softToken)
		_, err = k.answerCode(c, k.app(secret))
		require.ErrorIs(t, err, userpool.CodeMismatch, "the code that set it up was used")
		k.nextStep()
		c.Session = err.(*userpool.Error).Session
		out, err = k.answerCode(c, k.app(secret))
		answered(t, out, err)
	})
}

// A phone number is set up by the code that goes there, and is not the user's before.
func TestSignIn_SetUpPhone(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFARequired, nil)
		ctx := t.Context()
		sub := k.user("ada@example.com")
		c := k.wanted("ada@example.com", userpool.ChallengeMFASetup)
		for _, bad := range []map[string]string{
			{"email": "eve@example.com"}, {"email_verified": "true"}, {"phone_number": ""}, {"name": "Ada"},
			{"phone_number": phoneOf, "name": "Ada"}, {"no such": "x"},
		} {
			_, err := k.answer(c, userpool.ChallengeResponse{UserAttributes: bad})
			require.Error(t, err, "%v", bad)
			c.Session = err.(*userpool.Error).Session
			require.NotEmpty(t, c.Session)
		}
		out, err := k.answer(c, userpool.ChallengeResponse{UserAttributes: map[string]string{"phone_number": phoneOf}})
		require.NoError(t, err)
		require.Equal(t, smsMFA, out.Challenge.Name)
		u, err := k.AdminGetUser(ctx, sub)
		require.NoError(t, err)
		require.Empty(t, u.Attributes["phone_number"])
		m := k.mail()
		require.Equal(t, phoneOf, m.To)
		out, err = k.answerCode(out.Challenge, m.Code)
		amr, _ := k.amr(answered(t, out, err))
		require.Equal(t, []any{"pwd", "sms", "mfa"}, amr)
		u, err = k.AdminGetUser(ctx, sub)
		require.NoError(t, err)
		require.Equal(t, phoneOf, u.Attributes["phone_number"])
		require.Equal(t, "true", u.Attributes["phone_number_verified"])
		require.Equal(t, smsMFA, u.PreferredMFA)
		k.wanted("ada@example.com", smsMFA)
	})
}

// A code that cannot be sent is an error for who has proved the password.
func TestSignIn_SecondFactorNotSent(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	sub := k.user("ada@example.com")
	k.stored(sub, switchedOn(emailOTP, emailOTP))
	k.outbox.Fail(context.DeadlineExceeded)
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
}

// Who comes from another provider is asked only where the settings say so, and is then not signed in before the answer.
func TestU14_FederatedSignIn(t *testing.T) {
	for _, asked := range []bool{false, true} {
		f := &fakeProvider{subject: "subject-1", attributes: map[string][]string{"email": {"ada@example.com"}, "email_verified": {"true"}}}
		k := mfaKit(t, memstore.New(), userpool.MFARequired, func(c *userpool.Config) {
			c.Settings.FederatedMFA = asked
			c.Providers = []userpool.Provider{{Name: "Example", IdentityProvider: f}}
		})
		k.begin(t, "Example")
		out, _, err := k.finish("Example", f.state, browserSecret)
		require.NoError(t, err)
		if !asked {
			s, err := k.BrowserSession(t.Context(), out.BrowserSession)
			require.NoError(t, err)
			require.Equal(t, userpool.ACRSingleFactor, s.ACR)
			continue
		}
		require.Empty(t, out.BrowserSession)
		require.Equal(t, userpool.ChallengeMFASetup, out.Challenge.Name)
		set, err := k.AssociateSoftwareToken(t.Context(), userpool.AssociateSoftwareTokenInput{Session: out.Challenge.Session})
		require.NoError(t, err)
		done, err := k.VerifySoftwareToken(t.Context(), userpool.VerifySoftwareTokenInput{Session: set.Session, UserCode: k.app(decodeSecret(t, set.SecretCode))})
		require.NoError(t, err)
		out, err = k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{ChallengeName: userpool.ChallengeMFASetup, Session: done.Session})
		require.NoError(t, err)
		s, err := k.BrowserSession(t.Context(), out.BrowserSession)
		require.NoError(t, err)
		require.Equal(t, []string{"fed", "otp", "mfa"}, s.AMR)
		require.Equal(t, "Example", s.Provider)
	}
}

// A sign-in takes as long as it may, and not a moment more.
func TestU13_SessionExpires(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ada := k.withApp("ada@example.com")
	c := k.wanted(ada.email, softToken)
	k.clock.Advance(3 * time.Minute)
	_, err := k.answerCode(c, k.app(ada.secret))
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// showCode is what an authenticator app shows that was given a key.
func showCode(key string) string {
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key)
	if err != nil {
		return ""
	}
	return totp.Code(secret, time.Now())
}
