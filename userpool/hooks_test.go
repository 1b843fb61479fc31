package userpool_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

func TestHooks_AreCalled(t *testing.T) {
	var calls []string
	note := func(name string) func(context.Context, userpool.UserEvent) error {
		return func(_ context.Context, e userpool.UserEvent) error {
			calls = append(calls, name+" "+e.Attributes["email"]+" "+e.ClientID)
			return nil
		}
	}
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks = userpool.Hooks{
			PreSignUp: func(_ context.Context, e userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
				calls = append(calls, "PreSignUp "+e.Attributes["email"])
				return userpool.PreSignUpResult{}, nil
			},
			PostConfirmation: note("PostConfirmation"), PreAuthentication: note("PreAuthentication"), PostAuthentication: note("PostAuthentication"),
			PreTokenGeneration: func(_ context.Context, e userpool.PreTokenGenerationEvent) (userpool.PreTokenGenerationResult, error) {
				calls = append(calls, "PreTokenGeneration "+e.ClientID)
				return userpool.PreTokenGenerationResult{
					IDTokenClaims:       map[string]any{"department": "mathematics", "levels": []int{1, 2}},
					AccessTokenClaims:   map[string]any{"tenant": "t-1"},
					IDTokenSuppress:     []string{"email_verified"},
					AccessTokenSuppress: []string{"not there"},
				}, nil
			},
		}
	})
	k.user("ada@example.com")
	tokens := k.tokens("ada@example.com")
	require.Equal(t, []string{
		"PreSignUp ada@example.com", "PostConfirmation ada@example.com ", "PreAuthentication ada@example.com webapp",
		"PostAuthentication ada@example.com webapp", "PreTokenGeneration webapp",
	}, calls)
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	require.Equal(t, "mathematics", id["department"])
	require.NotContains(t, id, "email_verified")
	require.Equal(t, "t-1", k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["tenant"])
}

// The claims by which a token is known cannot be changed.
func TestHooks_FixedClaims(t *testing.T) {
	for _, name := range []string{"sub", "iss", "aud", "exp", "token_use", "client_id", "scope", "cognito:groups", "origin_jti", "nonce"} {
		var result userpool.PreTokenGenerationResult
		k := newKit(t, func(c *userpool.Config) {
			c.Hooks.PreTokenGeneration = func(context.Context, userpool.PreTokenGenerationEvent) (userpool.PreTokenGenerationResult, error) {
				return result, nil
			}
		})
		k.user("ada@example.com")
		for _, result = range []userpool.PreTokenGenerationResult{
			{AccessTokenClaims: map[string]any{name: "x"}}, {IDTokenClaims: map[string]any{name: "x"}},
			{AccessTokenSuppress: []string{name}}, {IDTokenSuppress: []string{name}},
		} {
			_, err := k.signIn("ada@example.com", password)
			require.ErrorIs(t, err, userpool.UserHookFailed, name)
		}
	}
}

func TestHooks_AutoConfirm(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PreSignUp = func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{AutoConfirmUser: true, AutoVerifyEmail: true}, nil
		}
	})
	out, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	require.True(t, out.UserConfirmed)
	require.Zero(t, k.mails())
	tokens := k.tokens("ada@example.com")
	require.Equal(t, true, k.claimsOf(k.VerifyIDToken, tokens.IDToken)["email_verified"])
	_, err = k.SignUp(t.Context(), signUp("ada@example.com"))
	require.ErrorIs(t, err, userpool.InvalidParameter)
}

// A hook that refuses, fails, panics or hangs stops what is being done, is named in the log, and nothing else happens to the pool.
func TestU32_J32_HooksAreContained(t *testing.T) {
	for name, test := range map[string]struct {
		hook    func(ctx context.Context, e userpool.PreSignUpEvent) (userpool.PreSignUpResult, error)
		message string
		log     string
	}{
		"refuses": {func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{AutoConfirmUser: true}, &userpool.Refusal{Message: "Only people of example.org may sign up."}
		}, "Only people of example.org may sign up.", ""},
		"fails": {func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{}, errors.New("database password is hunter2")
		}, "This is not possible right now. Please try again later.", "PreSignUp"},
		"panics": {func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			panic("oops")
		}, "This is not possible right now. Please try again later.", "panic: oops"},
		"hangs": {func(ctx context.Context, _ userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			<-time.After(time.Minute)
			return userpool.PreSignUpResult{AutoConfirmUser: true}, nil
		}, "This is not possible right now. Please try again later.", "did not return"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t, func(c *userpool.Config) { c.Hooks.PreSignUp = test.hook })
				began := time.Now()
				_, err := k.SignUp(t.Context(), signUp("ada@example.com"))
				var e *userpool.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, userpool.UserHookFailed, e.Code)
				require.Equal(t, test.message, e.Message)
				require.Contains(t, k.log.String(), test.log)
				require.LessOrEqual(t, time.Since(began), 5*time.Second)
				require.Zero(t, k.mails())
				_, err = k.AdminGetUser(t.Context(), "ada@example.com")
				require.ErrorIs(t, err, userpool.UserNotFound)
				time.Sleep(2 * time.Minute) // the hanging hook ends
			})
		})
	}
}

// A failing PostConfirmation does not undo what the person did.
func TestHooks_PostConfirmationFails(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PostConfirmation = func(context.Context, userpool.UserEvent) error { return errors.New("CRM is down") }
	})
	k.user("ada@example.com")
	k.tokens("ada@example.com")
	require.Contains(t, k.log.String(), "CRM is down")
}

// A panicking sender is a failed delivery.
func TestP4_SenderPanics(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Sender = userpool.SenderFunc(func(context.Context, userpool.Message) error { panic("in the sender") })
	})
	_, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
}

// Run rotates an old key and deletes what is over, and ends with its context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, func(c *userpool.Config) { c.Now = time.Now; c.Settings.KeyRotation = 24 * time.Hour })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- k.Run(ctx) }()
		synctest.Wait()
		first := kids(t, k)
		require.Len(t, first, 1)
		time.Sleep(25 * time.Hour)
		require.Len(t, kids(t, k), 2)
		time.Sleep(30 * 24 * time.Hour)
		now := kids(t, k)
		require.NotContains(t, now, first[0])
		require.LessOrEqual(t, len(now), 3, "retired keys are deleted")
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
}

// What a hook does with the map that it is given changes no user.
func TestHooks_MapIsCopy(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PreSignUp = func(_ context.Context, e userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			e.Attributes["email_verified"], e.Attributes["email"], e.Attributes["custom:role"] = "true", "other@example.com", "admin"
			return userpool.PreSignUpResult{}, nil
		}
	})
	_, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	u, err := k.AdminGetUser(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"email": "ada@example.com", "email_verified": "false"}, u.Attributes)
}

// A sign-up that was never confirmed does not hold its address against one that a hook confirms at once either.
func TestHooks_AutoConfirmReplacesUnconfirmed(t *testing.T) {
	k := newKit(t, nil)
	old, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "ada@example.com", Password: "what somebody else chose"})
	require.NoError(t, err)
	invited := k.again(func(c *userpool.Config) {
		c.Hooks.PreSignUp = func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{AutoConfirmUser: true}, nil
		}
	})
	out, err := invited.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	require.NotEqual(t, old.UserSub, out.UserSub)
	tokens := k.tokens("ada@example.com")
	require.Equal(t, false, k.claimsOf(k.VerifyIDToken, tokens.IDToken)["email_verified"], "nobody proved it")
	_, err = k.signIn("ada@example.com", "what somebody else chose")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, 1, k.mails(), "no code goes to an address that nobody proved: just that of the first sign-up went")
}

// Somebody who goes away while a hook works is no failure of the hook; and the hook for a user who was confirmed is called all the same.
func TestHooks_CallerGoesAway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PreAuthentication = func(ctx context.Context, _ userpool.UserEvent) error {
			cancel()
			<-ctx.Done()
			return nil
		}
	})
	_, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: password,
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, userpool.UserHookFailed)
	require.NotContains(t, k.log.String(), "a hook failed")

	called := false
	ctx, cancel = context.WithCancel(t.Context())
	store := &cancelsCaller{Store: memstore.New(), cancel: cancel}
	k = newKitOn(t, store, func(c *userpool.Config) {
		c.Hooks.PostConfirmation = func(ctx context.Context, _ userpool.UserEvent) error {
			called = ctx.Err() == nil
			return ctx.Err()
		}
	})
	out, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	require.NoError(t, errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: k.mail().Code, Session: out.Session})))
	require.Error(t, ctx.Err(), "the caller went away")
	require.True(t, called)
}

// cancelsCaller is a store that ends the context of the caller once a user was updated.
type cancelsCaller struct {
	userpool.Store
	cancel func()
}

func (s *cancelsCaller) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	defer s.cancel()
	return s.Store.UpdateUser(ctx, pool, u)
}

// A hook that returns a nil *Refusal as an error has failed, and nothing worse happens.
func TestHooks_NilRefusal(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PreAuthentication = func(context.Context, userpool.UserEvent) error {
			var refusal *userpool.Refusal
			return refusal
		}
	})
	_, err := k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.UserHookFailed)
}
