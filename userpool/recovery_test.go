package userpool_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// Who proves that he reads the mail of the address, and sets a new password, need not wait for what others have tried.
func TestU7_RecoveryEndsLockout(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	for range 5 {
		_, err := k.signIn("ada@example.com", "a wrong password")
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.LimitExceeded)
	_, err = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.NoError(t, k.ConfirmForgotPassword(t.Context(), userpool.ConfirmForgotPasswordInput{
		Username: "ada@example.com", ConfirmationCode: k.mail().Code, Password: "a new password of many words",
	}))
	_, err = k.signIn("ada@example.com", "a new password of many words")
	require.NoError(t, err)
}

// U14: where the second factor is a code to an address, the code for a new password does not go there: it would be the only factor.
func TestU14_RecoveryIsNotTheSecondFactor(t *testing.T) {
	ctx := t.Context()
	const email, number = "ada@example.com", "+14155550100"
	k := newKit(t, withSMS)
	sub := k.user(email)
	type factors = []userpool.ChallengeName
	for name, test := range map[string]struct {
		mfa       factors
		preferred userpool.ChallengeName
		to        string
	}{
		"none":                     {nil, "", email},
		"e-mail preferred":         {factors{userpool.ChallengeEmailOTP, userpool.ChallengeSoftwareTokenMFA}, userpool.ChallengeEmailOTP, number},
		"phone preferred":          {factors{userpool.ChallengeSMSMFA}, userpool.ChallengeSMSMFA, email},
		"app preferred":            {factors{userpool.ChallengeEmailOTP, userpool.ChallengeSoftwareTokenMFA}, userpool.ChallengeSoftwareTokenMFA, email},
		"none preferred":           {factors{userpool.ChallengeEmailOTP, userpool.ChallengeSoftwareTokenMFA}, "", number},
		"both, and none preferred": {factors{userpool.ChallengeEmailOTP, userpool.ChallengeSMSMFA}, "", ""},
	} {
		u, err := k.config.Store.User(ctx, "default", sub)
		require.NoError(t, err)
		u.MFA, u.PreferredMFA = test.mfa, test.preferred
		u.Attributes["phone_number"], u.Attributes["phone_number_verified"] = number, "true"
		require.NoError(t, k.config.Store.UpdateUser(ctx, "default", u))
		k.Wait()
		k.outbox.Clear()
		k.clock.Advance(24 * time.Hour)
		_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: email})
		require.NoError(t, err)
		k.Wait()
		to := ""
		for _, m := range k.outbox.Messages() {
			to += m.To
		}
		require.Equal(t, test.to, to, name)
	}
}

// Codes that set a password are guessed as little as those that confirm: fifteen times over all codes, and then slowly.
func TestU9_GuessesOfRecoveryCodes(t *testing.T) {
	for _, who := range []string{"ada@example.com", "nobody@example.com"} {
		k := newKit(t, func(c *userpool.Config) { c.MaxConcurrentHashes = 2 })
		k.user("ada@example.com")
		looked := 0
		for range 18 {
			err := k.recover(who)
			if errors.Is(err, userpool.CodeMismatch) {
				looked++
				continue
			}
			require.ErrorIs(t, err, userpool.LimitExceeded)
		}
		require.Equal(t, 15, looked, who)
	}
}

// A new password that was set is set, also if what follows cannot be done: an error would have the person use the code again.
func TestD3_RecoveryIsCutOff(t *testing.T) {
	for cut := 0; ; cut++ {
		store := &failingStore{Store: newKit(t, nil).config.Store}
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		tokens := k.tokens("ada@example.com")
		_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
		require.NoError(t, err)
		in := userpool.ConfirmForgotPasswordInput{Username: "ada@example.com", ConfirmationCode: k.mail().Code, Password: "a new password of many words"}
		store.failAfter(cut)
		err = k.ConfirmForgotPassword(t.Context(), in)
		reached := store.heal()
		if err != nil {
			require.ErrorIs(t, err, userpool.ServiceUnavailable)
			require.NoError(t, k.ConfirmForgotPassword(t.Context(), in), "cut %d: nothing was done", cut)
		} else if reached {
			require.Contains(t, k.log.String(), "connection lost")
		}
		_, err = k.signIn("ada@example.com", in.Password)
		require.NoError(t, err)
		_, err = k.refresh(tokens.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.VerifyIDToken(t.Context(), tokens.IDToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		if !reached {
			require.Greater(t, cut, 5)
			return
		}
	}
}

// U20: a password that is made of what the pool knows of the user is refused once the code is right, which it leaves as it is; with a wrong
// code, nobody learns what the pool knows.
func TestU20_RecoveryKnowsTheUser(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	k.user("ada@example.com")
	require.NoError(t, k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
		Username: "ada@example.com", UserAttributes: map[string]string{"name": "Ada Lovelace Byron"},
	}))
	_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	code := k.mail().Code
	set := func(code, password string) error {
		return k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{Username: "ada@example.com", ConfirmationCode: code, Password: password})
	}
	require.ErrorIs(t, set(otherCode(code), "AdaLovelaceByron1"), userpool.CodeMismatch)
	require.ErrorIs(t, set(code, "AdaLovelaceByron1"), userpool.InvalidPassword)
	k.tokens("ada@example.com")
	require.NoError(t, set(code, "a new password of many words"))
}
