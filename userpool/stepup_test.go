package userpool_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// Whatever is done with the session of a challenge but answering this challenge, once, in time, for this client, leads nowhere.
func TestU13_ChallengeSession(t *testing.T) {
	ctx := context.Background()
	respond := func(k *kit, in userpool.RespondToAuthChallengeInput) error {
		return errOf(k.RespondToAuthChallenge(ctx, in))
	}
	for name, test := range map[string]func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error{
		"another challenge": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.ChallengeName, in.Response.NewPassword = userpool.ChallengeNewPasswordRequired, "an entirely new password"
			return respond(ada.kit, in)
		},
		"a weaker challenge": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.ChallengeName, in.Response.Password = userpool.ChallengePassword, password
			return respond(ada.kit, in)
		},
		"the set-up": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.ChallengeName = userpool.ChallengeMFASetup
			return respond(ada.kit, in)
		},
		"no challenge": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.ChallengeName = ""
			return respond(ada.kit, in)
		},
		"an app of a stranger": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			return errOf(ada.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{Session: in.Session}))
		},
		"the code of an app of a stranger": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			return errOf(ada.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{Session: in.Session, UserCode: in.Response.Answer}))
		},
		"replay": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			require.NoError(t, respond(ada.kit, in))
			ada.nextStep()
			in.Response.Answer = ada.app(ada.secret)
			return respond(ada.kit, in)
		},
		"replay after a wrong answer": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			wrong := in
			wrong.Response.Answer = "000000"
			require.ErrorIs(t, respond(ada.kit, wrong), userpool.CodeMismatch)
			return respond(ada.kit, in)
		},
		"another client": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.ClientID, in.ClientSecret = backend.ID, backendSecret
			return respond(ada.kit, in)
		},
		"no client": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.ClientID = ""
			return respond(ada.kit, in)
		},
		"another pool": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			return respond(ada.again(func(c *userpool.Config) { c.ID = "other" }), in)
		},
		"disabled since": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			require.NoError(t, ada.AdminDisableUser(ctx, ada.sub))
			return respond(ada.kit, in)
		},
		"disabled and enabled since": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			require.NoError(t, ada.AdminDisableUser(ctx, ada.sub))
			require.NoError(t, ada.AdminEnableUser(ctx, ada.sub))
			return respond(ada.kit, in)
		},
		"deleted since": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			require.NoError(t, ada.AdminDeleteUser(ctx, ada.sub))
			return respond(ada.kit, in)
		},
		"signed out everywhere since": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			require.NoError(t, ada.AdminUserGlobalSignOut(ctx, ada.sub))
			return respond(ada.kit, in)
		},
		"factor switched off in the pool since": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			return respond(ada.again(func(c *userpool.Config) { c.Settings.MFAFactors = []userpool.ChallengeName{smsMFA} }), in)
		},
		"factor switched off for the user since": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			require.NoError(t, ada.AdminSetUserMFAPreference(ctx, userpool.AdminSetUserMFAPreferenceInput{Username: ada.sub, SoftwareTokenMFASettings: disabled}))
			return respond(ada.kit, in)
		},
		"too late": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			ada.clock.Advance(3 * time.Minute)
			in.Response.Answer = ada.app(ada.secret)
			return respond(ada.kit, in)
		},
		"damaged": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.Session = strings.ToUpper(in.Session)
			return respond(ada.kit, in)
		},
		"the session of another kind": func(t *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			in.Session = ada.sub
			return respond(ada.kit, in)
		},
		"the session of another user, with the own code": func(_ *testing.T, ada *person, in userpool.RespondToAuthChallengeInput) error {
			eve := ada.withApp("eve@example.com")
			in.Response.Answer = ada.app(eve.secret)
			if err := respond(ada.kit, in); err.(*userpool.Error).Code != userpool.CodeMismatch {
				return err
			}
			return &userpool.Error{Code: userpool.NotAuthorized}
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
			ada := k.withApp("ada@example.com")
			c := k.wanted(ada.email, softToken)
			err := test(t, ada, userpool.RespondToAuthChallengeInput{
				ChallengeName: c.Name, Session: c.Session, ClientID: webApp.ID, Response: userpool.ChallengeResponse{Answer: k.app(ada.secret)},
			})
			require.ErrorIs(t, err, userpool.NotAuthorized)
		})
	}
}

// A temporary password is replaced before anything else: neither a factor nor the set-up of one leads around it.
func TestU13_NewPasswordIsNotSkipped(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFARequired, nil)
	ctx := t.Context()
	ada := k.withApp("ada@example.com")
	k.stored(ada.sub, func(u *userpool.User) { u.Status = userpool.StatusForceChangePassword })
	c := k.wanted(ada.email, userpool.ChallengeNewPasswordRequired)
	_, err := k.answerCode(&userpool.Challenge{Name: softToken, Session: c.Session}, k.app(ada.secret))
	require.ErrorIs(t, err, userpool.NotAuthorized)
	c = k.wanted(ada.email, userpool.ChallengeNewPasswordRequired)
	_, err = k.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{Session: c.Session})
	require.ErrorIs(t, err, userpool.NotAuthorized)

	c = k.wanted(ada.email, userpool.ChallengeNewPasswordRequired)
	out, err := k.answer(c, userpool.ChallengeResponse{NewPassword: "an entirely new password"})
	require.NoError(t, err)
	require.Nil(t, out.Tokens, "the second factor is not skipped either")
	require.Equal(t, softToken, out.Challenge.Name)
	// An administrator wants a new password while the second factor is awaited.
	k.stored(ada.sub, func(u *userpool.User) { u.Status = userpool.StatusResetRequired })
	_, err = k.answerCode(out.Challenge, k.app(ada.secret))
	require.ErrorIs(t, err, userpool.PasswordResetRequired)
}

// Of fifty answers to one session one is looked at.
func TestU13_SessionOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFAOptional, nil)
		ada := k.withApp("ada@example.com")
		k.stored(ada.sub, withPhone)
		k.stored(ada.sub, switchedOn("", softToken, smsMFA))
		c := k.wanted(ada.email, userpool.ChallengeSelectMFAType)
		require.Equal(t, 1, parallel(50, func(int) error { return errOf(k.answerCode(c, string(softToken))) }))
	})
}

// A password that is reset while the second factor is awaited ends the sign-in, also at the very moment that the factor is looked at.
func TestU14_ResetDuringSecondFactor(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ada := k.withApp("ada@example.com")
	c := k.wanted(ada.email, softToken)
	_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: ada.email})
	require.NoError(t, err)
	require.NoError(t, k.ConfirmForgotPassword(t.Context(), userpool.ConfirmForgotPasswordInput{
		Username: ada.email, ConfirmationCode: k.mail().Code, Password: "a new password of many words",
	}))
	_, err = k.answerCode(c, k.app(ada.secret))
	require.ErrorIs(t, err, userpool.NotAuthorized)
	out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: ada.email, Password: "a new password of many words",
	})
	require.NoError(t, err)
	require.Nil(t, out.Tokens, "a new password is no second factor")
	require.Equal(t, softToken, out.Challenge.Name)
}

// Administrators' sign-ins need the second factor like all others, and only they go on with them.
func TestU14_AdminInitiateAuth(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, func(c *userpool.Config) {
		c.Settings.Clients[0].AuthFlows = append(c.Settings.Clients[0].AuthFlows, userpool.AdminUserPasswordAuth)
	})
	ada := k.withApp("ada@example.com")
	out, err := k.AdminInitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.AdminUserPasswordAuth, ClientID: webApp.ID, Username: ada.email, Password: password,
	})
	require.NoError(t, err)
	require.Nil(t, out.Tokens)
	out, err = k.AdminRespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
		ChallengeName: softToken, Session: out.Challenge.Session, ClientID: webApp.ID, Response: userpool.ChallengeResponse{Answer: k.app(ada.secret)},
	})
	answered(t, out, err)
}

// browserSignIn signs in at the hosted pages, with the app if it is wanted.
func (x *person) browserSignIn(replaces, acr string) string {
	x.t.Helper()
	ctx := context.Background()
	x.nextStep()
	out, err := x.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: x.email, Password: password, Result: userpool.ResultBrowserSession, Replaces: replaces, ACR: acr,
	})
	require.NoError(x.t, err)
	if out.Challenge != nil {
		require.Empty(x.t, out.BrowserSession)
		out, err = x.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, Response: userpool.ChallengeResponse{Answer: x.app(x.secret)},
		})
		require.NoError(x.t, err)
	}
	return out.BrowserSession
}

// A sign-in that waits for its second factor is signed in nowhere.
func TestO26_PendingSignIn(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ctx := t.Context()
	ada := k.withApp("ada@example.com")
	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: ada.email, Password: password, Result: userpool.ResultBrowserSession,
	})
	require.NoError(t, err)
	pending := out.Challenge.Session
	require.Empty(t, out.BrowserSession)
	for _, secret := range []string{pending, ada.sub + "." + pending, pending[:22] + "." + pending} {
		_, err = k.BrowserSession(ctx, secret)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.IssueAuthorizationCode(ctx, userpool.IssueAuthorizationCodeInput{
			BrowserSession: secret, ClientID: webApp.ID, RedirectURI: webApp.CallbackURLs[0], CodeChallenge: challenge, CodeChallengeMethod: "S256",
		})
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.UserInfo(ctx, secret)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.GetUser(ctx, secret)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.refresh(secret)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.RedeemAuthorizationCode(ctx, userpool.RedeemAuthorizationCodeInput{
			ClientID: webApp.ID, Code: secret, RedirectURI: webApp.CallbackURLs[0], CodeVerifier: verifier,
		})
		require.ErrorIs(t, err, userpool.InvalidGrant)
		require.ErrorIs(t, k.DeleteUser(ctx, secret), userpool.NotAuthorized)
	}
	sessions, err := k.config.Store.SessionsOf(ctx, "default", ada.sub, 10)
	require.NoError(t, err)
	require.Len(t, sessions, 1, "just that of the set-up")
	// The browser that had a session before keeps that one, as it was, until the new sign-in is done.
	first := ada.browserSignIn("", "")
	_, err = k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: ada.email, Password: password, Result: userpool.ResultBrowserSession, Replaces: first,
	})
	require.NoError(t, err)
	_, err = k.BrowserSession(ctx, first)
	require.NoError(t, err)
}

// issue asks for an authorization code.
func (k *kit) issue(browser string, maxAge *time.Duration, acrValues ...string) error {
	return errOf(k.IssueAuthorizationCode(context.Background(), userpool.IssueAuthorizationCodeInput{
		BrowserSession: browser, ClientID: webApp.ID, RedirectURI: webApp.CallbackURLs[0], CodeChallenge: challenge, CodeChallengeMethod: "S256",
		ACRValues: acrValues, MaxAge: maxAge,
	}))
}

// A stronger sign-in gives the browser's session a new secret, and voids the old one; what hung on it stays as weak as it was.
func TestO25_StepUp(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFAOptional, nil)
		ctx := t.Context()
		ada := k.withApp("ada@example.com")
		k.stored(ada.sub, switchedOn("", []userpool.ChallengeName{}...))
		weak := ada.browserSignIn("", "")
		tokens := k.redeem(t, webApp.ID, "", weak, nil)
		k.stored(ada.sub, switchedOn(softToken, softToken))
		require.ErrorIs(t, k.issue(weak, nil, userpool.ACRMultiFactor), userpool.InsufficientAuthentication)
		require.NoError(t, k.issue(weak, nil))

		strong := ada.browserSignIn(weak, userpool.ACRMultiFactor)
		require.NotEqual(t, weak, strong)
		_, err := k.BrowserSession(ctx, weak)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		s, err := k.BrowserSession(ctx, strong)
		require.NoError(t, err)
		require.Equal(t, []string{"pwd", "otp", "mfa"}, s.AMR)
		require.Equal(t, userpool.ACRMultiFactor, s.ACR)
		require.Equal(t, userpool.ACRMultiFactor, s.Claims()["acr"])
		require.True(t, s.Reaches(userpool.ACRMultiFactor) && s.Reaches("") && !s.Reaches(userpool.ACRPhishingResistant) && !s.Reaches("x"))
		require.NoError(t, k.issue(strong, nil, userpool.ACRMultiFactor))
		_, acr := k.amr(k.redeem(t, webApp.ID, "", strong, nil))
		require.Equal(t, userpool.ACRMultiFactor, acr)
		tokens, err = k.refresh(tokens.RefreshToken)
		require.NoError(t, err)
		_, acr = k.amr(tokens)
		require.Equal(t, userpool.ACRSingleFactor, acr)
	})
}

// Neither a refresh nor a weaker sign-in that came later is a strong sign-in, however new it is.
func TestO27_WeakerOrOlderDoesNotSatisfy(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ada := k.withApp("ada@example.com")
	strong := ada.browserSignIn("", "")
	tokens := k.redeem(t, webApp.ID, "", strong, nil)
	began := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	minutes := func(n int) *time.Duration { d := time.Duration(n) * time.Minute; return &d }
	require.NoError(t, k.issue(strong, minutes(0)))
	k.clock.Advance(5 * time.Minute)
	require.ErrorIs(t, k.issue(strong, minutes(0)), userpool.LoginRequired)
	require.NoError(t, k.issue(strong, minutes(5), userpool.ACRMultiFactor))
	k.clock.Advance(time.Second)
	require.ErrorIs(t, k.issue(strong, minutes(5), userpool.ACRMultiFactor), userpool.LoginRequired)
	renewed, err := k.refresh(tokens.RefreshToken)
	require.NoError(t, err)
	now := k.claimsOf(k.VerifyIDToken, renewed.IDToken)
	for _, claim := range []string{"auth_time", "acr", "amr"} {
		require.Equal(t, began[claim], now[claim], claim)
	}
	require.ErrorIs(t, k.issue(strong, minutes(5)), userpool.LoginRequired, "a refresh is no sign-in")

	require.NoError(t, k.AdminSetUserMFAPreference(t.Context(), userpool.AdminSetUserMFAPreferenceInput{Username: ada.sub, SoftwareTokenMFASettings: disabled}))
	weak := ada.browserSignIn(strong, "")
	require.NoError(t, k.issue(weak, minutes(5), userpool.ACRSingleFactor))
	require.ErrorIs(t, k.issue(weak, minutes(5), userpool.ACRMultiFactor), userpool.InsufficientAuthentication)
	require.NoError(t, k.issue(weak, nil, userpool.ACRPhishingResistant, userpool.ACRSingleFactor), "one of them will do")
	require.ErrorIs(t, k.issue(weak, nil, "urn:unknown"), userpool.InsufficientAuthentication)
	_, err = k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: ada.email, Password: password, Result: userpool.ResultBrowserSession, ACR: userpool.ACRMultiFactor,
	})
	require.ErrorIs(t, err, userpool.MFAMethodNotFound)
}

func TestACR(t *testing.T) {
	require.Equal(t, "", userpool.LeastACR())
	require.Equal(t, "", userpool.LeastACR("1", "2"))
	require.Equal(t, userpool.ACRMultiFactor, userpool.LeastACR("1", userpool.ACRPhishingResistant, userpool.ACRMultiFactor))
	k := newKit(t, nil)
	require.Equal(t, []string{userpool.ACRSingleFactor}, k.ACRValues())
	k = mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	require.Equal(t, []string{userpool.ACRSingleFactor, userpool.ACRMultiFactor}, k.ACRValues())
	_, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: password, ACR: "gold",
	})
	require.ErrorIs(t, err, userpool.InvalidParameter)
}

// momentStore calls a function in the moment before a user is read for the second time.
type momentStore struct {
	userpool.Store
	reads  int
	moment func()
}

func (s *momentStore) User(ctx context.Context, pool, sub string) (userpool.User, error) {
	if s.moment != nil {
		if s.reads++; s.reads == 2 {
			moment := s.moment
			s.moment, s.reads = nil, 0
			moment()
		}
	}
	return s.Store.User(ctx, pool, sub)
}

// What ends a sign-in ends it also in the moment between reading the user and writing what was used.
func TestU14_EndedWhileACodeIsUsed(t *testing.T) {
	store := &momentStore{Store: memstore.New()}
	k := mfaKit(t, store, userpool.MFAOptional, nil)
	ctx := t.Context()
	ada := k.withApp("ada@example.com")
	codes, err := k.GenerateRecoveryCodes(ctx, ada.fullTokens().AccessToken)
	require.NoError(t, err)
	signOut := func() { require.NoError(t, k.AdminUserGlobalSignOut(ctx, ada.sub)) }
	k.nextStep()
	for _, code := range []string{k.app(ada.secret), codes[0]} {
		c := k.wanted(ada.email, softToken)
		store.moment = signOut
		_, err = k.answerCode(c, code)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.Nil(t, store.moment, "it was signed out in between")
	}
	c := k.wanted(ada.email, softToken)
	k.clock.Advance(time.Second) // the attempts were counted
	out, err := k.answerCode(c, codes[0])
	answered(t, out, err) // and nothing was used up
}

// Two sign-ins that finish their set-up at the same moment: the first one wins.
func TestU12_SetUpWhileAnotherFinishes(t *testing.T) {
	store := &momentStore{Store: memstore.New()}
	k := mfaKit(t, store, userpool.MFARequired, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	set := func() userpool.AssociateSoftwareTokenOutput {
		out, err := k.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{Session: k.wanted("ada@example.com", userpool.ChallengeMFASetup).Session})
		require.NoError(t, err)
		return out
	}
	verify := func(s userpool.AssociateSoftwareTokenOutput) error {
		return errOf(k.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{Session: s.Session, UserCode: k.app(decodeSecret(t, s.SecretCode))}))
	}
	one, two := set(), set()
	store.moment = func() { require.NoError(t, verify(one)) }
	require.ErrorIs(t, verify(two), userpool.NotAuthorized)
}

// A recovery code stands in for a factor, not for the proof of a new one.
func TestU12_RecoveryCodeSetsNothingUp(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ada := k.withApp("ada@example.com")
	codes, err := k.GenerateRecoveryCodes(t.Context(), ada.fullTokens().AccessToken)
	require.NoError(t, err)
	later := k.again(func(c *userpool.Config) { // apps are no longer wanted
		c.Settings.MFA, c.Settings.MFAFactors = userpool.MFARequired, []userpool.ChallengeName{smsMFA}
	})
	out, err := later.answer(later.wanted(ada.email, userpool.ChallengeMFASetup), userpool.ChallengeResponse{UserAttributes: map[string]string{"phone_number": phoneOf}})
	require.NoError(t, err)
	_, err = later.answerCode(out.Challenge, codes[0])
	require.ErrorIs(t, err, userpool.CodeMismatch)
	out.Challenge.Session = err.(*userpool.Error).Session
	out, err = later.answerCode(out.Challenge, k.mail().Code)
	answered(t, out, err)
}
