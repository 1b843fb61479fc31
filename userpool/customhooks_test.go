package userpool_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// What the hooks return is not taken for more than it can be: the sign-in ends, and the log names the hook.
func TestU32_CustomHooksMisbehave(t *testing.T) {
	define := func(r userpool.DefineAuthChallengeResult) *riddles {
		return &riddles{define: func(userpool.DefineAuthChallengeEvent) (userpool.DefineAuthChallengeResult, error) { return r, nil }}
	}
	create := func(r userpool.CreateAuthChallengeResult) *riddles {
		return &riddles{rounds: 1, create: func(userpool.CreateAuthChallengeEvent) (userpool.CreateAuthChallengeResult, error) { return r, nil }}
	}
	huge := strings.Repeat("x", 16<<10)
	const later = "This is not possible right now. Please try again later."
	for name, test := range map[string]struct {
		r    *riddles
		srpA string
		log  string
		text string
	}{
		"nothing":                     {define(userpool.DefineAuthChallengeResult{}), "", `it asked for the challenge \"\"`, later},
		"tokens at once":              {define(userpool.DefineAuthChallengeResult{IssueTokens: true}), "", "before any challenge", later},
		"tokens for SRP_A":            {define(userpool.DefineAuthChallengeResult{IssueTokens: true}), customSRPA, "before any challenge", later},
		"verifier without SRP":        {define(userpool.DefineAuthChallengeResult{ChallengeName: userpool.ChallengePasswordVerifier}), "", "did not begin with SRP_A", later},
		"SRP_A":                       {define(userpool.DefineAuthChallengeResult{ChallengeName: userpool.ChallengeSRPA}), customSRPA, "SRP_A", later},
		"a built-in challenge":        {define(userpool.DefineAuthChallengeResult{ChallengeName: userpool.ChallengeSMSMFA}), "", "SMS_MFA", later},
		"fails and issues":            {define(userpool.DefineAuthChallengeResult{IssueTokens: true, FailAuthentication: true}), "", "", "Incorrect e-mail address or password."},
		"huge public parameter":       {create(userpool.CreateAuthChallengeResult{PublicChallengeParameters: map[string]string{"a": huge}}), "", "more than 16384 bytes", later},
		"huge private parameter":      {create(userpool.CreateAuthChallengeResult{PrivateChallengeParameters: map[string]string{huge: "x"}}), "", "", later},
		"huge metadata":               {create(userpool.CreateAuthChallengeResult{ChallengeMetadata: huge}), "", "ChallengeMetadata", later},
		"parameters that are no text": {create(userpool.CreateAuthChallengeResult{PublicChallengeParameters: map[string]string{"a": "\xff"}}), "", "UTF-8", later},
		"refuses": {&riddles{rounds: 1, create: func(userpool.CreateAuthChallengeEvent) (userpool.CreateAuthChallengeResult, error) {
			return userpool.CreateAuthChallengeResult{}, fmt.Errorf("wrapped: %w", &userpool.Refusal{Message: "Not on Sundays."})
		}}, "", "", "Not on Sundays."},
		"panics": {&riddles{define: func(userpool.DefineAuthChallengeEvent) (userpool.DefineAuthChallengeResult, error) { panic("oops") }}, "", "panic: oops", later},
		"hangs": {&riddles{rounds: 1, create: func(userpool.CreateAuthChallengeEvent) (userpool.CreateAuthChallengeResult, error) {
			time.Sleep(10 * time.Second)
			return userpool.CreateAuthChallengeResult{}, nil
		}}, "", "did not return", later},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newCustomKit(t, nil, test.r)
				k.user("ada@example.com")
				out, err := k.beginCustom("ada@example.com", test.srpA)
				require.Nil(t, out)
				var e *userpool.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, test.text, e.Message)
				require.Contains(t, k.log.String(), test.log)
				time.Sleep(time.Minute)
			})
		})
	}
}

// A hook that never comes to an end is ended.
func TestU32_CustomRounds(t *testing.T) {
	r := &riddles{rounds: 1000}
	k := newCustomKit(t, nil, r)
	k.user("ada@example.com")
	out, err := k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	rounds := 0
	for err == nil {
		rounds++
		require.LessOrEqual(t, rounds, 20)
		out, err = k.riddle(out.Challenge, fmt.Sprintf("the answer is %d", rounds))
	}
	require.ErrorIs(t, err, userpool.UserHookFailed)
	require.Equal(t, 20, rounds)
	require.Contains(t, k.log.String(), "more than 20 challenges")
}

// VerifyAuthChallengeResponse fails: nobody gets in.
func TestU32_VerifyFails(t *testing.T) {
	r := &riddles{rounds: 1, verify: func(userpool.VerifyAuthChallengeResponseEvent) (userpool.VerifyAuthChallengeResponseResult, error) {
		return userpool.VerifyAuthChallengeResponseResult{AnswerCorrect: true}, errors.New("the table is gone")
	}}
	k := newCustomKit(t, nil, r)
	k.user("ada@example.com")
	out, err := k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	_, err = k.riddle(out.Challenge, "the answer is 1")
	require.ErrorIs(t, err, userpool.UserHookFailed)
	require.NotContains(t, err.(*userpool.Error).Message, "table")
	_, err = k.riddle(out.Challenge, "the answer is 1")
	require.ErrorIs(t, err, userpool.NotAuthorized)
}
