package userpool_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// codeOrLink is a pool in which people get codes and links; the second factors are those of mfaKit.
func codeOrLink(t testing.TB, store userpool.Store, change func(*userpool.Config)) *kit {
	t.Helper()
	return otpKit(t, store, func(c *userpool.Config) {
		withFactors(userpool.ChallengePassword, emailOTP, smsOTP, userpool.ChallengeEmailLink)(c)
		if change != nil {
			change(c)
		}
	})
}

// U1: the sub that a challenge shows can be one that the pool made up for a name. Whoever takes it for a name, in whatever order, and until
// messages are refused, gets the same answers.
func TestU1_FirstFactorBySub(t *testing.T) {
	factors := []userpool.ChallengeName{emailOTP, smsOTP, userpool.ChallengeEmailLink}
	const forgotten = userpool.ChallengeName("FORGOTTEN")
	for _, names := range []string{"email", "username"} {
		for _, first := range append(factors, forgotten) {
			for _, bySub := range []bool{true, false} {
				k := codeOrLink(t, memstore.New(), func(c *userpool.Config) { c.Settings.UsernameAttributes = []string{names} })
				known, unknown := "9da@example.com", "bob@example.com" // no address that is made up begins with a digit
				if names == "username" {
					known, unknown = "ada", "bob"
				}
				_, err := k.SignUp(t.Context(), userpool.SignUpInput{
					Username: known, Password: password, UserAttributes: map[string]string{"email": "9da@example.com"},
				})
				require.NoError(t, err)
				require.NoError(t, k.AdminConfirmSignUp(t.Context(), userpool.AdminConfirmSignUpInput{Username: known}))
				k.stored(k.subOf(known), func(u *userpool.User) {
					u.Attributes["email"], u.Attributes["email_verified"] = "9da@example.com", "true"
					withPhone(u)
				})
				k.clock.Advance(7 * time.Hour) // the message of the sign-up is forgotten
				// ask tells what is answered, without what is a name's own.
				ask := func(name, shown string, factor userpool.ChallengeName) string {
					var d userpool.CodeDeliveryDetails
					var err error
					if factor == forgotten {
						d, err = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: shown})
					} else {
						var out *userpool.AuthOutcome
						if out, err = k.choose(shown, factor); err == nil {
							d = *out.Challenge.Delivery
						}
					}
					if err != nil {
						return err.Error()
					}
					if shown != name {
						require.NotEqual(t, "9***@e***", d.Destination, "the address of a user whom a sub names")
					}
					return string(d.DeliveryMedium) + d.AttributeName
				}
				var answers [2][]string
				for i, name := range []string{known, unknown} {
					out, err := k.choose(name, "")
					require.NoError(t, err)
					shown := map[bool]string{true: out.Challenge.Username, false: name}
					for range 7 {
						answers[i] = append(answers[i], ask(name, shown[bySub], first))
					}
					for _, factor := range append(factors, forgotten) {
						answers[i] = append(answers[i], ask(name, shown[!bySub], factor), ask(name, shown[bySub], factor))
					}
				}
				require.Equal(t, answers[0], answers[1], "%s, %s first, by sub: %t", names, first, bySub)
				require.Contains(t, answers[0][6], "too many attempts")
			}
		}
	}
}

// Where an address that nobody has is shown, it is the same one in every flow, as that of a user is.
func TestU1_OneMadeUpAddress(t *testing.T) {
	k := codeOrLink(t, memstore.New(), func(c *userpool.Config) { c.Settings.UsernameAttributes = []string{"username"} })
	forgot, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "nobody"})
	require.NoError(t, err)
	for _, factor := range []userpool.ChallengeName{emailOTP, userpool.ChallengeEmailLink} {
		out, err := k.choose("nobody", factor)
		require.NoError(t, err)
		require.Equal(t, forgot, *out.Challenge.Delivery)
	}
}

// U14: who has been shut out at the other provider does not come in by an address that it said, nor by a passkey: all that is tried is
// answered as for a sub that nobody has.
func TestU1_U14_UserOfAnotherProvider(t *testing.T) {
	f := &fakeProvider{subject: "subject-1", attributes: said("9da@example.com", "true")}
	f.attributes["phone_number"], f.attributes["phone_number_verified"] = []string{phoneOf}, []string{"true"}
	r := &riddles{rounds: 1}
	k, _ := newPasskeyKit(t, memstore.New(), func(c *userpool.Config) {
		withFactors(userpool.ChallengePassword, emailOTP, smsOTP, userpool.ChallengeEmailLink, userpool.ChallengeWebAuthn)(c)
		c.Settings.Clients[0].AuthFlows = append(c.Settings.Clients[0].AuthFlows, userpool.UserSRPAuth)
		c.Settings.Clients = append(c.Settings.Clients, customApp)
		c.Hooks = r.hooks()
		c.SMSSender = c.Sender
		c.Providers = []userpool.Provider{{
			Name: "Example", IdentityProvider: f,
			AttributeMapping: map[string]string{"email": "email", "email_verified": "email_verified", "phone_number": "phone_number", "phone_number_verified": "phone_number_verified"},
		}}
	})
	u := k.federatedUser(t, f)
	k.begin(t, "Example")
	out, _, err := k.finish("Example", f.state, browserSecret)
	require.NoError(t, err)
	_, err = k.StartWebAuthnRegistration(t.Context(), out.BrowserSession)
	require.ErrorIs(t, err, userpool.UnsupportedUserState)
	factors, err := k.AdminGetUserAuthFactors(t.Context(), u.Sub)
	require.NoError(t, err)
	require.Empty(t, factors.ConfiguredUserAuthFactors)

	const nobody = "00000000-0000-4000-8000-00000000000a"
	mails := k.mails()
	for _, factor := range []userpool.ChallengeName{emailOTP, smsOTP, userpool.ChallengeEmailLink, userpool.ChallengeWebAuthn, userpool.ChallengePassword} {
		for _, name := range []string{u.Sub, nobody, u.Username, "Example_other"} {
			out, err := k.choose(name, factor)
			require.NoError(t, err)
			require.Equal(t, factor, out.Challenge.Name)
			if d := out.Challenge.Delivery; d != nil {
				require.NotEqual(t, "9***@e***", d.Destination)
			}
		}
	}
	require.Equal(t, mails, k.mails())
	for _, name := range []string{u.Sub, nobody} {
		out, err = k.beginCustom(name, "")
		require.NoError(t, err)
		_, err = k.riddle(out.Challenge, "the answer is 1")
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
}

// storedIn is stored, for a pool of any ID.
func (k *kit) storedIn(sub string, change func(*userpool.User)) {
	k.t.Helper()
	u, err := k.config.Store.User(context.Background(), k.ID(), sub)
	require.NoError(k.t, err)
	change(&u)
	require.NoError(k.t, k.config.Store.UpdateUser(context.Background(), k.ID(), u))
}

// A passkey of a user who signs in elsewhere is none, named or not.
func TestU14_PasskeyOfUserOfAnotherProvider(t *testing.T) {
	k, pool := newPasskeyKit(t, memstore.New(), nil)
	ada := pool.AddUser("ada@example.com")
	key := pool.NewAuthenticator()
	ada.AddPasskey(key)
	k.storedIn(ada.Sub, func(u *userpool.User) { u.Status, u.PasswordHash = userpool.StatusExternalProvider, "" })
	out, err := k.choose("", userpool.ChallengeWebAuthn)
	require.NoError(t, err)
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Credential: key.Get(out.Challenge.CredentialRequestOptions)})
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// U14: a link and a code to one mailbox are one factor.
func TestU14_LinkIsNotTwoFactors(t *testing.T) {
	k := codeOrLink(t, memstore.New(), nil)
	sub := k.user("ada@example.com")
	k.stored(sub, switchedOn(emailOTP, emailOTP))
	out, err := k.choose("ada@example.com", userpool.ChallengeEmailLink)
	require.NoError(t, err)
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: k.linkToken()})
	require.ErrorIs(t, err, userpool.MFAMethodNotFound)

	k.stored(sub, func(u *userpool.User) { withPhone(u); switchedOn("", emailOTP, smsMFA)(u) })
	out, err = k.choose("ada@example.com", userpool.ChallengeEmailLink)
	require.NoError(t, err)
	out, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: k.linkToken()})
	require.NoError(t, err)
	require.Equal(t, smsMFA, out.Challenge.Name)
	k.clock.Advance(3 * time.Minute)
	_, err = k.answerCode(out.Challenge, k.mail().Code)
	require.ErrorIs(t, err, userpool.NotAuthorized, "what follows the link waits no longer than usual")
}

// U10: a link is good for the address that it was sent to, and for as long as it says, whatever is tried with its session.
func TestU10_SignInLink(t *testing.T) {
	k := codeOrLink(t, memstore.New(), nil)
	sub := k.user("ada@example.com")
	out, err := k.choose("ada@example.com", userpool.ChallengeEmailLink)
	require.NoError(t, err)
	token := k.linkToken()
	k.stored(sub, func(u *userpool.User) { u.Attributes["email"] = "new@example.com" })
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: token})
	require.ErrorIs(t, err, userpool.CodeMismatch, "the address is another now")
	k.stored(sub, func(u *userpool.User) { u.Attributes["email"] = "ada@example.com" })

	out, err = k.choose("ada@example.com", userpool.ChallengeEmailLink)
	require.NoError(t, err)
	token, c := k.linkToken(), out.Challenge
	for range 10 {
		_, err = k.respond(c, userpool.ChallengeResponse{Answer: "x"})
		c.Session = err.(*userpool.Error).Session
		require.NotEmpty(t, c.Session)
	}
	require.ErrorIs(t, err, userpool.LimitExceeded)
	k.clock.Advance(14 * time.Minute)
	_, err = k.respond(c, userpool.ChallengeResponse{Answer: "x"})
	require.ErrorIs(t, err, userpool.CodeMismatch)
	c.Session = err.(*userpool.Error).Session
	k.clock.Advance(time.Minute)
	_, err = k.respond(c, userpool.ChallengeResponse{Answer: token})
	require.ErrorIs(t, err, userpool.ExpiredCode)
}

// A link and a passkey that were asked for are worth nothing once the settings have no such factor.
func TestU13_LinkSwitchedOff(t *testing.T) {
	k := codeOrLink(t, memstore.New(), nil)
	k.user("ada@example.com")
	out, err := k.choose("ada@example.com", userpool.ChallengeEmailLink)
	require.NoError(t, err)
	later := k.again(func(c *userpool.Config) { c.Settings.FirstFactors, c.Settings.SignInLinkURL = nil, "" })
	_, err = later.respond(out.Challenge, userpool.ChallengeResponse{Answer: k.linkToken()})
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// A client that reveals who has an account lists what the user can use, and just passwords for who has a second factor, as in Cognito.
func TestUserAuth_RevealsFactors(t *testing.T) {
	type names = []userpool.ChallengeName
	k := codeOrLink(t, memstore.New(), func(c *userpool.Config) { c.Settings.Clients[0].RevealUserExistence = true })
	sub := k.user("ada@example.com")
	for name, test := range map[string]struct {
		change func(*userpool.User)
		want   names
	}{
		"all":                {withPhone, names{userpool.ChallengePassword, emailOTP, smsOTP, userpool.ChallengeEmailLink}},
		"a mistyped number":  {func(u *userpool.User) { u.Attributes["phone_number"] = phoneOf }, names{userpool.ChallengePassword, emailOTP, userpool.ChallengeEmailLink}},
		"no verified e-mail": {func(u *userpool.User) { u.Attributes["email_verified"] = "false" }, names{userpool.ChallengePassword, emailOTP}},
		"a second factor":    {func(u *userpool.User) { withPhone(u); switchedOn(smsMFA, smsMFA)(u) }, names{userpool.ChallengePassword}},
		"one, and no password": {func(u *userpool.User) {
			withPhone(u)
			switchedOn(smsMFA, smsMFA)(u)
			u.PasswordHash = ""
		}, names{emailOTP, smsOTP, userpool.ChallengeEmailLink}},
	} {
		before, err := k.config.Store.User(t.Context(), "default", sub)
		require.NoError(t, err)
		k.stored(sub, test.change)
		out, err := k.choose("ada@example.com", userpool.ChallengeWebAuthn)
		require.NoError(t, err, name)
		if len(test.want) == 1 {
			require.Equal(t, test.want[0], out.Challenge.Name, name)
		} else {
			require.Equal(t, test.want, out.Challenge.Choices, name)
		}
		k.stored(sub, func(u *userpool.User) { before.Version = u.Version; *u = before })
	}
}

// A disabled user is not asked for at another directory, by whatever flow, and is not said to be unknown.
func TestUserAuth_DisabledIsNotMigrated(t *testing.T) {
	asked := 0
	k := codeOrLink(t, memstore.New(), func(c *userpool.Config) {
		c.Settings.Clients[0].RevealUserExistence = true
		c.Hooks.UserMigration = func(context.Context, userpool.UserMigrationEvent) (userpool.UserMigrationResult, error) {
			asked++
			return userpool.UserMigrationResult{}, nil
		}
	})
	k.user("ada@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), "ada@example.com"))
	out, err := k.choose("ada@example.com", userpool.ChallengePassword)
	require.NoError(t, err)
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Password: password})
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.Zero(t, asked)
}

// The hosted pages have two flows.
func TestInitiateAuth_FlowsOfTheHostedPages(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	for _, flow := range []userpool.AuthFlow{userpool.UserSRPAuth, userpool.CustomAuth, userpool.RefreshTokenAuth} {
		_, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
			AuthFlow: flow, Username: "ada@example.com", SRPA: customSRPA, Result: userpool.ResultBrowserSession,
		})
		require.ErrorIs(t, err, userpool.UnauthorizedClient, flow)
	}
}

// beforeReadStore does something before the next time that a user is read by sub.
type beforeReadStore struct {
	userpool.Store
	do func()
}

func (s *beforeReadStore) User(ctx context.Context, pool, sub string) (userpool.User, error) {
	if do := s.do; do != nil {
		s.do = nil
		do()
	}
	return s.Store.User(ctx, pool, sub)
}

// U30: a sign-out everywhere, or a new password, between the proof of the old one and the renewal of its hash ends the sign-in: it does not
// go on in the new epoch.
func TestU30_SignedOutWhileRehashing(t *testing.T) {
	store := &beforeReadStore{Store: memstore.New()}
	k := newKitOn(t, store, func(c *userpool.Config) {
		c.Settings.Clients[0].AuthFlows = []userpool.AuthFlow{userpool.UserPasswordAuth, userpool.UserSRPAuth}
	})
	sub := k.user("ada@example.com")
	k.stored(sub, func(u *userpool.User) { u.SRPVerifier = nil }) // which has it made anew
	store.do = func() {
		require.NoError(t, k.AdminSetUserPassword(t.Context(), userpool.AdminSetUserPasswordInput{Username: "ada@example.com", Password: "quite another password", Permanent: true}))
	}
	tokens, err := k.signIn("ada@example.com", password)
	require.Nil(t, store.do)
	if err == nil {
		_, err = k.VerifyAccessToken(t.Context(), tokens.AccessToken)
	}
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// Right answers to custom challenges are taken out of the count that they went into, which is another one where the user is known.
func TestCustomAuth_RightAnswersAreGivenBack(t *testing.T) {
	r := &riddles{rounds: 8}
	k := newCustomKit(t, nil, r)
	k.user("ada@example.com")
	home := at("198.51.100.7")
	require.NoError(t, k.signInFrom(home, "ada@example.com", password), "the network is known from now on")
	for range 4 {
		require.ErrorIs(t, k.signInFrom(at("203.0.113.5"), "ada@example.com", "a wrong password"), userpool.NotAuthorized)
	}
	out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.CustomAuth, ClientID: customApp.ID, Username: "ada@example.com", UserContext: home,
	})
	for i := 0; err == nil && out.Tokens == nil; i++ {
		out, err = k.riddle(out.Challenge, "the answer is "+string(rune('1'+i)))
	}
	require.NoError(t, err, "eight right answers are no failures")
	require.ErrorIs(t, k.signInFrom(at("203.0.113.5"), "ada@example.com", "a wrong password"), userpool.NotAuthorized)
	require.ErrorIs(t, k.signInFrom(at("203.0.113.5"), "ada@example.com", "a wrong password"), userpool.LimitExceeded, "those of strangers stay counted")
}

// Who has an authenticator app, but switched it off, or who may not use it any more, has no second factor that a risk could be met with.
func TestRisk_UnusableSecondFactor(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, func(c *userpool.Config) {
		c.Settings.MFAFactors = []userpool.ChallengeName{softToken}
		c.Settings.Risk = userpool.RiskConfiguration{
			Mode:            userpool.RiskEnforced,
			AccountTakeover: userpool.AccountTakeoverActions{Low: userpool.RiskResponse{Action: userpool.RiskMFARequired}},
		}
	})
	ada := k.withApp("ada@example.com")
	k.stored(ada.sub, func(u *userpool.User) { u.MFA, u.PreferredMFA = nil, "" })
	require.NoError(t, k.signInFrom(at("198.51.100.7"), ada.email, password))
	isBlocked(t, k.signInFrom(at("203.0.113.5"), ada.email, password))
	k.stored(ada.sub, func(u *userpool.User) { withPhone(u); switchedOn(smsMFA, smsMFA)(u) })
	isBlocked(t, k.signInFrom(at("203.0.113.5"), ada.email, password))
}

// Sign-ins at another provider are judged, and those that fail are in the trail.
func TestRisk_Federated(t *testing.T) {
	k, f := federated(t, func(c *userpool.Config) {
		c.Settings.MFA = userpool.MFAOptional
		c.Settings.Risk = userpool.RiskConfiguration{
			Mode: userpool.RiskEnforced, BlockedNetworks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
			AccountTakeover: userpool.AccountTakeoverActions{Low: userpool.RiskResponse{Action: userpool.RiskMFARequired}},
		}
	})
	from := func(ip string) (*userpool.AuthOutcome, error) {
		k.begin(t, "Example")
		out, _, err := k.FinishFederatedSignIn(t.Context(), httptest.NewRequest(http.MethodGet, "https://id.example.com/cb?code=x", nil),
			userpool.FinishFederatedSignInInput{Provider: "Example", State: f.state, Browser: browserSecret, UserContext: at(ip)})
		return out, err
	}
	out, err := from("198.51.100.7")
	require.NoError(t, err)
	s, err := k.BrowserSession(t.Context(), out.BrowserSession)
	require.NoError(t, err)
	_, err = from("198.51.100.8")
	require.NoError(t, err, "the network is known")
	for _, ip := range []string{"192.0.2.5", "203.0.113.5"} { // a blocked one, and a new one, without a second factor
		_, err = from(ip)
		isBlocked(t, err)
		e := k.events(userpool.EventSignIn)[0]
		require.Equal(t, "risk", e.Details["reason"])
		require.Equal(t, "FinishFederatedSignIn", e.Operation)
		require.Equal(t, s.User.Sub, e.Sub)
	}
	sealed, err := k.SealSoftwareTokenForTest(t.Context(), s.User.Sub, []byte(strings.Repeat("k", 20)))
	require.NoError(t, err)
	k.stored(s.User.Sub, func(u *userpool.User) {
		u.SoftwareToken, u.MFA = &userpool.SoftwareToken{Secret: sealed}, []userpool.ChallengeName{softToken}
	})
	out, err = from("203.0.113.5")
	require.NoError(t, err)
	require.Equal(t, softToken, out.Challenge.Name)
	out, err = k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
		ChallengeName: softToken, Session: out.Challenge.Session, Response: userpool.ChallengeResponse{Answer: k.app([]byte(strings.Repeat("k", 20)))},
	})
	require.NoError(t, err)
	require.NotEmpty(t, out.BrowserSession)
}

// A person who has codes sent to numbers of theirs is counted, wherever they go.
func TestU33_MFASetupToManyNumbers(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFARequired, nil)
	k.user("ada@example.com")
	sent, refused := k.mails(), 0
	for i := range 14 {
		out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: password})
		require.NoError(t, err)
		_, err = k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: webApp.ID,
			Response: userpool.ChallengeResponse{UserAttributes: map[string]string{"phone_number": "+120255501" + string(rune('0'+i/10)) + string(rune('0'+i%10))}},
		})
		if errors.Is(err, userpool.LimitExceeded) {
			refused++
		} else {
			require.NoError(t, err)
		}
		k.stored(k.subOf("ada@example.com"), func(u *userpool.User) { delete(u.Attributes, "phone_number") })
		k.clock.Advance(15 * time.Minute)
	}
	require.Positive(t, refused)
	require.LessOrEqual(t, k.mails()-sent, 11)
}

func (k *kit) subOf(username string) string {
	k.t.Helper()
	u, err := k.AdminGetUser(context.Background(), username)
	require.NoError(k.t, err)
	return u.Sub
}
