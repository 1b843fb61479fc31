package userpool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// A recovery code stands in for each second factor, once, and the user is told.
func TestRecoveryCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := mfaKit(t, store, userpool.MFAOptional, nil)
		ctx := t.Context()
		ada := k.withApp("ada@example.com")
		token := ada.fullTokens().AccessToken
		old, err := k.GenerateRecoveryCodes(ctx, token)
		require.NoError(t, err)
		codes, err := k.GenerateRecoveryCodes(ctx, token)
		require.NoError(t, err)
		require.Len(t, codes, 10)
		require.NotContains(t, codes, old[0])
		stored, err := store.User(ctx, "default", ada.sub)
		require.NoError(t, err)
		for _, hash := range stored.RecoveryCodes {
			require.Len(t, hash, 32)
		}

		c := k.wanted(ada.email, softToken)
		_, err = k.answerCode(c, old[0])
		require.ErrorIs(t, err, userpool.CodeMismatch, "a new set voids the old one")
		c.Session = err.(*userpool.Error).Session
		out, err := k.answerCode(c, strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")))
		amr, acr := k.amr(answered(t, out, err))
		require.Equal(t, []any{"pwd", "otp", "mfa"}, amr)
		require.Equal(t, userpool.ACRMultiFactor, acr)
		require.Equal(t, userpool.MessageFactorChanged, k.mail().Kind)
		_, err = k.answerCode(k.wanted(ada.email, softToken), codes[0])
		require.ErrorIs(t, err, userpool.CodeMismatch, "once")

		k.stored(ada.sub, withPhone)
		for i, f := range []userpool.ChallengeName{smsMFA, emailOTP} {
			k.stored(ada.sub, switchedOn(f, softToken, f))
			out, err = k.answerCode(k.wanted(ada.email, f), codes[i+1])
			answered(t, out, err)
		}
		factors, err := k.GetUserAuthFactors(ctx, token)
		require.NoError(t, err)
		require.Equal(t, 7, factors.RecoveryCodesLeft)

		bob := k.withApp("bob@example.com")
		_, err = k.answerCode(k.wanted(bob.email, softToken), codes[5])
		require.ErrorIs(t, err, userpool.CodeMismatch, "another's")
		require.Equal(t, 1, parallel(50, func(int) error { return k.UseRecoveryCodeForTest(ctx, ada.sub, codes[6]) }))
	})
}

func TestRecoveryCodes_Refused(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, withFactors(userpool.ChallengePassword, emailOTP))
	ctx := t.Context()
	k.user("bob@example.com")
	_, err := k.GenerateRecoveryCodes(ctx, k.tokens("bob@example.com").AccessToken)
	require.ErrorIs(t, err, userpool.MFAMethodNotFound, "there is nothing to stand in for")

	ada := k.withApp("ada@example.com")
	token := ada.fullTokens().AccessToken
	codes, err := k.GenerateRecoveryCodes(ctx, token)
	require.NoError(t, err)
	k.clock.Advance(10*time.Minute + time.Second)
	_, err = k.GenerateRecoveryCodes(ctx, token)
	require.ErrorIs(t, err, userpool.LoginRequired)
	_, err = k.answerCode(k.first(ada.email, emailOTP), codes[0])
	require.ErrorIs(t, err, userpool.CodeMismatch, "it is no first factor")
	for range 3 {
		_, err = k.signIn(ada.email, "a wrong password")
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	c := k.wanted(ada.email, softToken)
	_, err = k.answerCode(c, codes[0])
	require.ErrorIs(t, err, userpool.LimitExceeded, "guesses of recovery codes are counted like all others")
}
