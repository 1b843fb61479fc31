package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

const smsOTP = userpool.ChallengeSMSOTP

// otpKit is a pool in which people sign in with one-time codes.
func otpKit(t testing.TB, store userpool.Store, change func(*userpool.Config)) *kit {
	return mfaKit(t, store, userpool.MFAOptional, func(c *userpool.Config) {
		withFactors(userpool.ChallengePassword, emailOTP, smsOTP)(c)
		if change != nil {
			change(c)
		}
	})
}

// first begins a sign-in with a code.
func (k *kit) first(username string, name userpool.ChallengeName) *userpool.Challenge {
	k.t.Helper()
	out, err := k.choose(username, name)
	require.NoError(k.t, err)
	require.Equal(k.t, name, out.Challenge.Name)
	return out.Challenge
}

func TestSignIn_FirstFactorCodes(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := otpKit(t, store, nil)
		sub := k.user("ada@example.com")
		k.stored(sub, withPhone)
		c := k.first("ada@example.com", emailOTP)
		require.Equal(t, &userpool.CodeDeliveryDetails{Destination: "a***@e***", DeliveryMedium: userpool.MediumEmail, AttributeName: "email"}, c.Delivery)
		out, err := k.answerCode(c, k.mail().Code)
		amr, acr := k.amr(answered(t, out, err))
		require.Equal(t, []any{"otp"}, amr)
		require.Equal(t, userpool.ACRSingleFactor, acr)
		c = k.first("ada@example.com", smsOTP)
		m := k.mail()
		require.Equal(t, userpool.MediumSMS, m.Medium)
		out, err = k.answerCode(c, m.Code)
		amr, _ = k.amr(answered(t, out, err))
		require.Equal(t, []any{"sms"}, amr)
	})
}

// A code confirms the sign-up of who reads it, and voids the password that somebody signed up with.
func TestSignIn_CodeConfirmsSignUp(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		confirmed := 0
		k := otpKit(t, store, func(c *userpool.Config) {
			c.Hooks.PostConfirmation = func(context.Context, userpool.UserEvent) error { confirmed++; return nil }
		})
		in := signUp("ada@example.com") // by a stranger, who knows the password
		in.UserAttributes = map[string]string{"phone_number": phoneOf}
		out, err := k.SignUp(t.Context(), in)
		require.NoError(t, err)

		before := k.mails()
		c := k.first("ada@example.com", smsOTP)
		require.Equal(t, before, k.mails(), "the stranger's number does not confirm the owner's address")
		_, err = k.answerCode(c, "123456")
		require.ErrorIs(t, err, userpool.CodeMismatch)

		c = k.first("ada@example.com", emailOTP)
		auth, err := k.answerCode(c, k.mail().Code)
		answered(t, auth, err)
		require.Equal(t, 1, confirmed)
		u, err := k.AdminGetUser(t.Context(), out.UserSub)
		require.NoError(t, err)
		require.Equal(t, userpool.StatusConfirmed, u.Status)
		require.Equal(t, "true", u.Attributes["email_verified"])
		_, err = k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized, "the stranger is out")
	})
}

// A mistyped number that was never verified is not enough to sign in for who has a verified address; for who has none, it is all there is.
func TestSignIn_UnverifiedAddress(t *testing.T) {
	k := otpKit(t, memstore.New(), nil)
	sub := k.user("ada@example.com")
	k.stored(sub, func(u *userpool.User) {
		u.Attributes["phone_number"], u.Attributes["phone_number_verified"] = phoneOf, "false"
	})
	before := k.mails()
	k.first("ada@example.com", smsOTP)
	require.Equal(t, before, k.mails())
	k.stored(sub, func(u *userpool.User) { u.Attributes["email_verified"] = "false" })
	c := k.first("ada@example.com", emailOTP)
	out, err := k.answerCode(c, k.mail().Code)
	answered(t, out, err)
	u, err := k.AdminGetUser(t.Context(), sub)
	require.NoError(t, err)
	require.Equal(t, "true", u.Attributes["email_verified"])
}

// Who is there and who is not get the same answers, by the same writes.
func TestU1_U3_FirstFactorCodes(t *testing.T) {
	store := &writesStore{Store: memstore.New()}
	k := otpKit(t, store, nil)
	k.user("known@example.com")
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), "disabled@example.com"))
	for _, name := range []userpool.ChallengeName{emailOTP, smsOTP} {
		var asked, answers, errs []string
		for _, who := range []string{"known@example.com", "nobody@example.com", "disabled@example.com"} {
			before := store.writes
			c := k.first(who, name)
			k.Wait()
			ask := store.writes - before
			require.Regexp(t, `^[0-9a-f-]{36}$`, c.Username)
			require.NotNil(t, c.Delivery)
			if name == emailOTP {
				require.Equal(t, who[:1]+"***@e***", c.Delivery.Destination)
			}
			asked = append(asked, fmt.Sprint(ask, c.Delivery.DeliveryMedium, c.Delivery.AttributeName, len(c.Session), c.Choices))
			before = store.writes
			_, err := k.answerCode(c, "000000")
			require.ErrorIs(t, err, userpool.CodeMismatch)
			e := *err.(*userpool.Error)
			require.Len(t, e.Session, len(c.Session))
			e.Session = ""
			answers, errs = append(answers, fmt.Sprint(store.writes-before)), append(errs, fmt.Sprint(e))
		}
		for i := range asked {
			require.Equal(t, asked[0], asked[i])
			require.Equal(t, answers[0], answers[i])
			require.Equal(t, errs[0], errs[i])
		}
	}
	again := k.first("nobody@example.com", smsOTP).Delivery
	require.Equal(t, again, k.first("nobody@example.com", smsOTP).Delivery, "always the same for a name")
}

func TestSignIn_CodesRevealWhereWanted(t *testing.T) {
	k := otpKit(t, memstore.New(), func(c *userpool.Config) { c.Settings.Clients[0].RevealUserExistence = true })
	_, err := k.choose("nobody@example.com", emailOTP)
	require.ErrorIs(t, err, userpool.UserNotFound)
}

// A code works in the sign-in that it was sent for, for the address that it was sent to, once, and as long as the client says.
func TestU10_SignInCodes(t *testing.T) {
	k := otpKit(t, memstore.New(), nil)
	ctx := t.Context()
	sub := k.user("ada@example.com")
	k.user("bob@example.com")

	one := k.first("ada@example.com", emailOTP)
	first := k.mail().Code
	two := k.first("ada@example.com", emailOTP)
	second := k.mail().Code
	_, err := k.answerCode(one, second)
	require.ErrorIs(t, err, userpool.CodeMismatch, "it belongs to the other sign-in")
	bob := k.first("bob@example.com", emailOTP)
	_, err = k.answerCode(bob, second)
	require.ErrorIs(t, err, userpool.CodeMismatch)
	require.ErrorIs(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: "ada@example.com", ConfirmationCode: second, Password: "yet another password",
	}), userpool.CodeMismatch)
	_, err = k.answerCode(two, first)
	require.ErrorIs(t, err, userpool.CodeMismatch, "only the newest")
	two.Session = err.(*userpool.Error).Session
	out, err := k.answerCode(two, second)
	answered(t, out, err)

	c := k.first("ada@example.com", emailOTP)
	code := k.mail().Code
	k.stored(sub, func(u *userpool.User) { u.Attributes["email"] = "eve@example.com" })
	_, err = k.answerCode(c, code)
	require.ErrorIs(t, err, userpool.CodeMismatch, "the address is another now")
	k.stored(sub, func(u *userpool.User) { u.Attributes["email"] = "ada@example.com" })

	c = k.first("ada@example.com", emailOTP)
	code = k.mail().Code
	k.clock.Advance(2 * time.Minute)
	_, err = k.answerCode(c, "000000")
	require.ErrorIs(t, err, userpool.CodeMismatch)
	k.clock.Advance(time.Minute)
	c.Session = err.(*userpool.Error).Session
	_, err = k.answerCode(c, code)
	require.ErrorIs(t, err, userpool.ExpiredCode, "another try does not make the code live longer")
}

// A code of the second factor is none of the first, which anybody can have sent, and the other way round.
func TestU10_FirstAndSecondFactorApart(t *testing.T) {
	k := otpKit(t, memstore.New(), nil)
	sub := k.user("ada@example.com")
	k.stored(sub, switchedOn(emailOTP, emailOTP))
	second := k.wanted("ada@example.com", emailOTP)
	code := k.mail().Code
	stranger := k.first("ada@example.com", emailOTP)
	_, err := k.answerCode(stranger, code)
	require.ErrorIs(t, err, userpool.CodeMismatch)
	out, err := k.answerCode(second, code)
	answered(t, out, err)
}

// A thousand guesses, in a row or at once, and however often the code is sent again.
func TestU9_Guesses(t *testing.T) {
	k := otpKit(t, memstore.New(), nil)
	k.user("ada@example.com")
	looked, limited := 0, 0
	c := k.first("ada@example.com", emailOTP)
	code := k.mail().Code
	for range 1000 {
		_, err := k.answerCode(c, wrongCode(code))
		e := err.(*userpool.Error)
		require.NotEmpty(t, e.Session)
		c.Session = e.Session
		if e.Code == userpool.LimitExceeded {
			limited++
			require.Positive(t, e.RetryAfter)
			continue
		}
		require.Equal(t, userpool.CodeMismatch, e.Code)
		looked++
	}
	require.Equal(t, 5, looked)
	require.Equal(t, 995, limited)
	k.clock.Advance(time.Second)
	_, err := k.answerCode(c, code)
	require.ErrorIs(t, err, userpool.ExpiredCode, "five wrong answers end a code")

	sent := k.mails()
	for range 20 {
		_, err = k.choose("ada@example.com", emailOTP)
	}
	require.ErrorIs(t, err, userpool.LimitExceeded)
	require.LessOrEqual(t, k.mails()-sent, 5)
}

func TestU9_SecondFactorGuesses(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ada := k.withApp("ada@example.com")
	c := k.wanted(ada.email, softToken) // the password counts as one
	looked := 0
	for range 100 {
		_, err := k.answerCode(c, wrongCode(k.app(ada.secret)))
		if errors.Is(err, userpool.CodeMismatch) {
			looked++
		}
		c.Session = err.(*userpool.Error).Session
	}
	require.Equal(t, 4, looked)
	_, err := k.signIn(ada.email, password)
	require.ErrorIs(t, err, userpool.LimitExceeded, "the right password does not begin the count anew")
	// Neither does what else the person can do with it.
	k.clock.Advance(time.Second)
	_, err = k.signIn(ada.email, password)
	require.NoError(t, err)
	_, err = k.signIn(ada.email, password)
	require.ErrorIs(t, err, userpool.LimitExceeded)
}

// Of fifty who show a code at once, one gets in.
func TestU13_CodeOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := otpKit(t, store, nil)
		k.user("ada@example.com")
		c := k.first("ada@example.com", emailOTP)
		code := k.mail().Code
		require.Equal(t, 1, parallel(50, func(int) error { return errOf(k.answerCode(c, code)) }))
		_, err := k.answerCode(c, code)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// The hook that may refuse is asked before a code is sent, for everybody.
func TestSignIn_CodesAskHook(t *testing.T) {
	var asked atomic.Int32
	k := otpKit(t, memstore.New(), func(c *userpool.Config) {
		c.Hooks.PreAuthentication = func(context.Context, userpool.UserEvent) error {
			asked.Add(1)
			return &userpool.Refusal{Message: "Not today."}
		}
	})
	k.user("ada@example.com")
	before := k.mails()
	for _, who := range []string{"ada@example.com", "nobody@example.com"} {
		_, err := k.choose(who, emailOTP)
		require.ErrorIs(t, err, userpool.UserHookFailed)
	}
	require.Equal(t, int32(2), asked.Load())
	require.Equal(t, before, k.mails())
}

// A factor that was switched off in the settings is not answered any more.
func TestU13_FirstFactorSwitchedOff(t *testing.T) {
	k := otpKit(t, memstore.New(), nil)
	k.user("ada@example.com")
	c := k.first("ada@example.com", emailOTP)
	code := k.mail().Code
	later := k.again(func(c *userpool.Config) { c.Settings.FirstFactors = nil })
	_, err := later.answerCode(c, code)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}
