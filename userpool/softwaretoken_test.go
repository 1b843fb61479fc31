package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

func (k *kit) associate(token string) (userpool.AssociateSoftwareTokenOutput, error) {
	return k.AssociateSoftwareToken(context.Background(), userpool.AssociateSoftwareTokenInput{AccessToken: token})
}

func (k *kit) verifyApp(token, code string) error {
	return errOf(k.VerifySoftwareToken(context.Background(), userpool.VerifySoftwareTokenInput{AccessToken: token, UserCode: code}))
}

// fullTokens signs in with the app.
func (x *person) fullTokens() *userpool.Tokens {
	x.t.Helper()
	x.nextStep()
	out, err := x.answerCode(x.wanted(x.email, softToken), x.app(x.secret))
	return answered(x.t, out, err)
}

// A secret is made here, of 160 bits, is shown once, and is nothing before a code of it was shown.
func TestU12_SetUp(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFAOptional, nil)
		ctx := t.Context()
		sub := k.user("ada@example.com")
		token := k.tokens("ada@example.com").AccessToken
		require.ErrorIs(t, k.verifyApp(token, "123456"), userpool.SoftwareTokenMFANotFound, "nothing was begun")

		one, err := k.associate(token)
		require.NoError(t, err)
		two, err := k.associate(token)
		require.NoError(t, err)
		require.NotEqual(t, one.SecretCode, two.SecretCode)
		require.Empty(t, two.Session)
		require.Contains(t, two.URI, "secret="+two.SecretCode)
		secret := decodeSecret(t, two.SecretCode)
		require.Len(t, secret, 20)
		u, err := k.AdminGetUser(ctx, sub)
		require.NoError(t, err)
		require.Nil(t, u.NewSoftwareToken)
		require.Nil(t, u.SoftwareToken)
		k.tokens("ada@example.com") // nothing has changed yet

		require.ErrorIs(t, k.verifyApp(token, k.app(decodeSecret(t, one.SecretCode))), userpool.EnableSoftwareTokenMFA, "only the newest secret")
		for _, bad := range []string{"", "12345", k.app(secret) + "0", "+" + k.app(secret)[1:]} {
			require.ErrorIs(t, k.verifyApp(token, bad), userpool.EnableSoftwareTokenMFA, "%q", bad)
		}
		require.NoError(t, k.verifyApp(token, " "+k.app(secret)+" "))
		require.Equal(t, userpool.MessageFactorChanged, k.mail().Kind)
		require.ErrorIs(t, k.verifyApp(token, k.app(secret)), userpool.SoftwareTokenMFANotFound, "once")
		u, err = k.AdminGetUser(ctx, sub)
		require.NoError(t, err)
		require.NotNil(t, u.SoftwareToken)
		require.Empty(t, u.SoftwareToken.Secret)
		u, err = k.GetUser(ctx, token)
		require.NoError(t, err)
		require.Empty(t, u.SoftwareToken.Secret)
		stored, err := store.User(ctx, "default", sub)
		require.NoError(t, err)
		require.NotContains(t, string(stored.SoftwareToken.Secret), string(secret), "sealed")
		k.wanted("ada@example.com", softToken)
	})
}

func TestU12_SetUpTakesTooLong(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	out, err := k.associate(token)
	require.NoError(t, err)
	k.clock.Advance(15*time.Minute + time.Second)
	require.ErrorIs(t, k.verifyApp(token, k.app(decodeSecret(t, out.SecretCode))), userpool.SoftwareTokenMFANotFound)
}

// Another app takes the place of the first one only for who has just signed in with it, and not before it was verified.
func TestU12_Replace(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ctx := t.Context()
	k.user("bob@example.com")
	before := k.tokens("bob@example.com").AccessToken // waits for Bob to set one up
	ada := k.withApp("ada@example.com")
	tokens := ada.fullTokens()

	k.clock.Advance(10*time.Minute + time.Second)
	_, err := k.associate(tokens.AccessToken)
	require.ErrorIs(t, err, userpool.LoginRequired)
	renewed, err := k.refresh(tokens.RefreshToken)
	require.NoError(t, err)
	_, err = k.associate(renewed.AccessToken)
	require.ErrorIs(t, err, userpool.LoginRequired, "a refresh is no sign-in")

	token := ada.fullTokens().AccessToken
	out, err := k.associate(token)
	require.NoError(t, err)
	k.clock.Advance(time.Minute)
	ada.fullTokens() // the present one keeps working
	fresh := decodeSecret(t, out.SecretCode)
	k.clock.Advance(10 * time.Minute)
	require.NoError(t, k.verifyApp(token, k.app(fresh)), "what was begun in time may be ended")
	k.nextStep()
	c := k.wanted(ada.email, softToken)
	_, err = k.answerCode(c, k.app(ada.secret))
	require.ErrorIs(t, err, userpool.CodeMismatch)
	c.Session = err.(*userpool.Error).Session
	signedIn, err := k.answerCode(c, k.app(fresh))
	answered(t, signedIn, err)

	// A session from before the app was there: it did without, and is refused once a newer sign-in could have used it.
	out, err = k.associate(before)
	require.NoError(t, err, "Bob has none")
	bob := decodeSecret(t, out.SecretCode)
	require.NoError(t, k.verifyApp(before, k.app(bob)))
	_, err = k.associate(before)
	require.ErrorIs(t, err, userpool.LoginRequired)

	k.nextStep()
	weak := k.again(func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOff }).tokens("bob@example.com").AccessToken
	_, err = k.associate(weak)
	require.ErrorIs(t, err, userpool.InsufficientAuthentication)
	require.ErrorIs(t, k.DeleteSoftwareToken(ctx, weak), userpool.InsufficientAuthentication)
	_, err = k.GenerateRecoveryCodes(ctx, weak)
	require.ErrorIs(t, err, userpool.InsufficientAuthentication)
}

func TestSoftwareToken_Refused(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	_, err := k.associate(token)
	require.ErrorIs(t, err, userpool.MFAMethodNotFound)
	require.ErrorIs(t, k.verifyApp(token, "123456"), userpool.MFAMethodNotFound)

	k = mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	k.user("ada@example.com")
	for _, bad := range []string{"", "x", token} {
		_, err := k.associate(bad)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.ErrorIs(t, k.verifyApp(bad, "123456"), userpool.NotAuthorized)
		require.ErrorIs(t, k.DeleteSoftwareToken(t.Context(), bad), userpool.NotAuthorized)
	}
	narrow := k.redeem(t, webApp.ID, "", k.browser("ada@example.com"), []string{"openid"}).AccessToken
	_, err = k.associate(narrow)
	require.ErrorIs(t, err, userpool.InsufficientScope)
	require.ErrorIs(t, errOf(k.VerifySoftwareToken(t.Context(), userpool.VerifySoftwareTokenInput{
		AccessToken: narrow, FriendlyDeviceName: "a\nb",
	})), userpool.InvalidParameter)
	require.ErrorIs(t, k.AdminDeleteSoftwareToken(t.Context(), "nobody@example.com"), userpool.UserNotFound)
	require.ErrorIs(t, k.AdminDeleteSoftwareToken(t.Context(), "ada@example.com"), userpool.SoftwareTokenMFANotFound)
}

func TestDeleteSoftwareToken(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ctx := t.Context()
	ada := k.withApp("ada@example.com")
	token := ada.fullTokens().AccessToken
	_, err := k.GenerateRecoveryCodes(ctx, token)
	require.NoError(t, err)
	strict := k.again(func(c *userpool.Config) { c.Settings.MFA = userpool.MFARequired })
	require.ErrorIs(t, strict.DeleteSoftwareToken(ctx, token), userpool.UnsupportedOperation, "two factors are needed")
	require.NoError(t, k.DeleteSoftwareToken(ctx, token))
	require.ErrorIs(t, k.DeleteSoftwareToken(ctx, token), userpool.SoftwareTokenMFANotFound)
	factors, err := k.GetUserAuthFactors(ctx, token)
	require.NoError(t, err)
	require.Equal(t, userpool.UserAuthFactors{Username: ada.sub, ConfiguredUserAuthFactors: []userpool.ChallengeName{userpool.ChallengePassword}}, factors)
	k.tokens(ada.email)

	bob := k.withApp("bob@example.com")
	c := k.wanted(bob.email, softToken)
	require.NoError(t, strict.AdminDeleteSoftwareToken(ctx, bob.email))
	_, err = k.answerCode(c, k.app(bob.secret))
	require.ErrorIs(t, err, userpool.NotAuthorized, "the app is gone")
	strict.wanted(bob.email, userpool.ChallengeMFASetup)
}

// Only six ASCII digits, of this step or one beside it, each step once.
func TestU11_Codes(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ada := k.withApp("ada@example.com")
	use := func(code string) error { return k.UseSoftwareTokenForTest(t.Context(), ada.sub, code) }
	k.clock.Advance(10 * time.Minute)
	right := k.app(ada.secret)
	for _, bad := range []string{
		"", "000000", right[:5], right + "0", right[:3] + " " + right[3:], "+" + right[1:], "\u0660" + right[1:], "\uff10" + right[1:],
		right + "\n", right + "\x00",
	} {
		if bad != right {
			require.ErrorIs(t, use(bad), userpool.CodeMismatch, "%q", bad)
		}
	}
	k.clock.Advance(2 * 30 * time.Second)
	require.ErrorIs(t, use(right), userpool.CodeMismatch, "two steps ago")
	k.clock.Advance(-30 * time.Second)
	require.NoError(t, use(right), "one step ago")
	require.ErrorIs(t, use(right), userpool.CodeMismatch, "again")
	k.clock.Advance(-30 * time.Second)
	require.ErrorIs(t, use(right), userpool.CodeMismatch, "again, as it is shown")
	k.clock.Advance(30 * time.Second)
	require.NoError(t, use(k.app(ada.secret)))
}

// A code that fifty use at once lets one in, on each store.
func TestU11_ParallelUse(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFAOptional, nil)
		ada := k.withApp("ada@example.com")
		other := k.again(nil)
		code := k.app(ada.secret)
		require.Equal(t, 1, parallel(50, func(i int) error {
			return []*kit{k, other}[i%2].UseSoftwareTokenForTest(t.Context(), ada.sub, code)
		}))

		// And through the front door: sign-ins that wait, all with the code of the next step.
		k.nextStep()
		var waiting []*userpool.Challenge
		for range 4 {
			waiting = append(waiting, k.wanted(ada.email, softToken))
		}
		code = k.app(ada.secret)
		require.Equal(t, 1, parallel(50, func(i int) error { return errOf(k.answerCode(waiting[i%len(waiting)], code)) }))
	})
}

// Fifty who show the code of a new app at once set up one app, once.
func TestU12_ParallelVerify(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFARequired, nil)
	k.user("ada@example.com")
	set, err := k.AssociateSoftwareToken(t.Context(), userpool.AssociateSoftwareTokenInput{Session: k.wanted("ada@example.com", userpool.ChallengeMFASetup).Session})
	require.NoError(t, err)
	code := k.app(decodeSecret(t, set.SecretCode))
	require.Equal(t, 1, parallel(50, func(int) error {
		return errOf(k.VerifySoftwareToken(t.Context(), userpool.VerifySoftwareTokenInput{Session: set.Session, UserCode: code}))
	}))
}

// Two sign-ins that set up an app at once, of which one is a stranger's: each has its own secret, and the first to finish is the only one.
func TestU12_TwoSetUps(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFARequired, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	set := func() userpool.AssociateSoftwareTokenOutput {
		out, err := k.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{Session: k.wanted("ada@example.com", userpool.ChallengeMFASetup).Session})
		require.NoError(t, err)
		return out
	}
	ada, eve := set(), set()
	verify := func(of, code userpool.AssociateSoftwareTokenOutput) error {
		return errOf(k.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{Session: of.Session, UserCode: k.app(decodeSecret(t, code.SecretCode))}))
	}
	require.NoError(t, verify(ada, ada))
	require.ErrorIs(t, verify(eve, eve), userpool.NotAuthorized)
	c := k.wanted("ada@example.com", softToken)
	k.nextStep()
	_, err := k.answerCode(c, k.app(decodeSecret(t, eve.SecretCode)))
	require.ErrorIs(t, err, userpool.CodeMismatch)
}
