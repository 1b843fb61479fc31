package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// U10: a code is good for one user, one attribute and one address, once.
func TestU10_AttributeCodes(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, withSMS)
	k.user("ada@example.com")
	k.user("eve@example.com")
	ada, eve := k.tokens("ada@example.com").AccessToken, k.tokens("eve@example.com").AccessToken

	toAda := k.move(ada, "one@example.com")
	k.move(eve, "one@example.com")
	require.ErrorIs(t, k.verify(eve, "email", toAda), userpool.CodeMismatch, "of another user")
	toTwo := k.move(ada, "two@example.com")
	require.ErrorIs(t, k.verify(ada, "email", toAda), userpool.CodeMismatch, "to another address")
	_, err := k.update(ada, map[string]string{"email": "ada@example.com"})
	require.NoError(t, err)
	require.ErrorIs(t, k.verify(ada, "email", toTwo), userpool.CodeMismatch, "for an address that was taken back")
	stored, err := k.config.Store.UserByIdentifier(ctx, "default", userpool.Identifier{Kind: userpool.IdentifierEmail, Value: "ada@example.com"})
	require.NoError(t, err)
	require.Empty(t, stored.Codes)
	require.Equal(t, "true", k.attributes("ada@example.com")["email_verified"])

	_, err = k.update(ada, map[string]string{"phone_number": "+1 415 555 0100", "email": "three@example.com"})
	require.NoError(t, err)
	k.Wait()
	messages := k.outbox.Messages()
	toMail, toPhone := messages[len(messages)-2], messages[len(messages)-1]
	require.Equal(t, userpool.MediumSMS, toPhone.Medium)
	if toMail.Code != toPhone.Code {
		require.ErrorIs(t, k.verify(ada, "phone_number", toMail.Code), userpool.CodeMismatch, "of the other attribute")
	}
	require.NoError(t, k.verify(ada, "phone_number", toPhone.Code))
	require.Equal(t, "true", k.attributes("ada@example.com")["phone_number_verified"])

	k.clock.Advance(10 * time.Minute)
	require.ErrorIs(t, k.verify(ada, "email", toMail.Code), userpool.ExpiredCode)
	details, err := k.GetUserAttributeVerificationCode(ctx, userpool.GetUserAttributeVerificationCodeInput{AccessToken: ada, AttributeName: "email"})
	require.NoError(t, err)
	require.Equal(t, "t***@e***", details.Destination)
	require.Equal(t, userpool.MessageVerifyUserAttribute, k.mail().Kind)
	require.NoError(t, k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
		Username: "ada@example.com", UserAttributes: map[string]string{"email": "four@example.com"},
	}))
	require.ErrorIs(t, k.verify(ada, "email", k.mail().Code), userpool.CodeMismatch, "an administrator has decided otherwise")
	require.Empty(t, k.pending("four@example.com"))
}

// U9: guesses of these codes are counted like those of others.
func TestU9_GuessesOfAttributeCodes(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	code := k.move(token, "new@example.com")
	for range 5 {
		require.ErrorIs(t, k.verify(token, "email", otherCode(code)), userpool.CodeMismatch)
	}
	require.ErrorIs(t, k.verify(token, "email", code), userpool.ExpiredCode)
	looked := 0
	for range 20 {
		if errors.Is(k.verify(token, "email", otherCode(code)), userpool.CodeMismatch) {
			looked++
		}
	}
	require.Equal(t, 9, looked, "fifteen with those above")
}

func otherCode(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

// Of two users who verify one address, the first has it; of fifty calls with a right code, one does it. On each store.
func TestVerifyUserAttribute_Parallel(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		other := k.again(nil)
		var tokens, codes [2]string
		for i, email := range []string{"ada@example.com", "bob@example.com"} {
			k.user(email)
			tokens[i] = k.tokens(email).AccessToken
			codes[i] = k.move(tokens[i], "wanted@example.com")
		}
		errs := make([]error, 2)
		require.Equal(t, 1, parallel(2, func(i int) error {
			errs[i] = []*kit{k, other}[i].verify(tokens[i], "email", codes[i])
			return errs[i]
		}))
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		require.ErrorIs(t, errs[1-winner], userpool.AliasExists)
		u, err := k.AdminGetUser(t.Context(), "wanted@example.com")
		require.NoError(t, err)
		w, err := k.GetUser(t.Context(), tokens[winner])
		require.NoError(t, err)
		require.Equal(t, w.Sub, u.Sub)
		// The other one still has the old address.
		k.tokens([]string{"ada@example.com", "bob@example.com"}[1-winner])

		code := k.move(tokens[winner], "next@example.com")
		require.Equal(t, 1, parallel(50, func(i int) error {
			return []*kit{k, other}[i%2].verify(tokens[winner], "email", code)
		}))
	})
}

// A sign-up that was never confirmed keeps nobody from an address that they have proved to be theirs.
func TestVerifyUserAttribute_OverUnconfirmed(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	for _, email := range []string{"new@example.com", "newer@example.com"} {
		squatter, err := k.SignUp(ctx, signUp(email))
		require.NoError(t, err)
		if email == "new@example.com" {
			require.NoError(t, k.verify(token, "email", k.move(token, email)))
		} else {
			require.NoError(t, k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
				Username: "new@example.com", UserAttributes: map[string]string{"email": email},
			}))
		}
		_, err = k.AdminGetUser(ctx, squatter.UserSub)
		require.ErrorIs(t, err, userpool.UserNotFound)
		k.tokens(email)
	}
	k.user("bob@example.com")
	require.ErrorIs(t, k.verify(token, "email", k.move(token, "bob@example.com")), userpool.AliasExists)
	require.ErrorIs(t, k.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
		Username: "newer@example.com", UserAttributes: map[string]string{"email": "bob@example.com"},
	}), userpool.AliasExists)
}

// An address that nobody verified is not told that another took its place: it may be a stranger's.
func TestVerifyUserAttribute_TypingErrorIsNotTold(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	require.NoError(t, errOf(k.SignUp(ctx, signUp("adda@example.com"))))
	require.NoError(t, k.AdminConfirmSignUp(ctx, userpool.AdminConfirmSignUpInput{Username: "adda@example.com"}))
	token := k.tokens("adda@example.com").AccessToken
	require.NoError(t, k.verify(token, "email", k.move(token, "ada@example.com")))
	k.Wait()
	require.Len(t, k.outbox.To("adda@example.com"), 1, "the code of the sign-up")
}

// What an administrator confirmed, its owner can verify.
func TestGetUserAttributeVerificationCode_Present(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	require.NoError(t, errOf(k.SignUp(ctx, signUp("ada@example.com"))))
	require.NoError(t, k.AdminConfirmSignUp(ctx, userpool.AdminConfirmSignUpInput{Username: "ada@example.com"}))
	token := k.tokens("ada@example.com").AccessToken
	in := userpool.GetUserAttributeVerificationCodeInput{AccessToken: token, AttributeName: "email"}
	require.NoError(t, errOf(k.GetUserAttributeVerificationCode(ctx, in)))
	require.NoError(t, k.verify(token, "email", k.mail().Code))
	require.Equal(t, "true", k.attributes("ada@example.com")["email_verified"])
	require.Equal(t, userpool.MessageVerifyUserAttribute, k.mail().Kind, "nothing was changed that would be told")
	require.ErrorIs(t, errOf(k.GetUserAttributeVerificationCode(ctx, in)), userpool.InvalidParameter)
	for _, name := range []string{"name", "phone_number", "", "email_verified"} {
		in.AttributeName = name
		err := errOf(k.GetUserAttributeVerificationCode(ctx, in))
		require.Error(t, err, name)
		require.NotErrorIs(t, err, userpool.CodeDeliveryFailure)
		require.Error(t, k.verify(token, name, "123456"), name)
	}
}

// A hook that delivers text messages is a sender like another: a new number waits for the code that it delivers.
func TestUpdateUserAttributes_CustomSMSSender(t *testing.T) {
	ctx := t.Context()
	var sent []userpool.Message
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.CustomSMSSender = func(_ context.Context, m userpool.Message) error {
			sent = append(sent, m)
			return nil
		}
	})
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	details, err := k.update(token, map[string]string{"phone_number": "+14155550100"})
	require.NoError(t, err)
	require.Len(t, details, 1)
	require.Empty(t, k.attributes("ada@example.com")["phone_number"], "it waits")
	_, err = k.GetUserAttributeVerificationCode(ctx, userpool.GetUserAttributeVerificationCodeInput{AccessToken: token, AttributeName: "phone_number"})
	require.NoError(t, err)
	require.Len(t, sent, 2)
	require.NoError(t, k.verify(token, "phone_number", sent[1].Code))
	require.Equal(t, "true", k.attributes("ada@example.com")["phone_number_verified"])
}

// What turns out right is given back to the network that it came from, as at sign-in: an office of 300 is not shut out by its successes.
func TestU8_ProofsAreGivenBack(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	k.user("ada@example.com")
	token, office := k.tokens("ada@example.com").AccessToken, at("203.0.113.5")
	k.CheapDecoyForTest()
	require.NoError(t, k.VerifyUserAttribute(ctx, userpool.VerifyUserAttributeInput{
		AccessToken: token, AttributeName: "email", Code: k.move(token, "new@example.com"), UserContext: office,
	}))
	require.NoError(t, k.ChangePassword(ctx, userpool.ChangePasswordInput{
		AccessToken: token, PreviousPassword: password, ProposedPassword: "a new password of many words", UserContext: office,
	}))
	looked := 0
	for i := range 310 {
		if errors.Is(k.signInFrom(office, fmt.Sprintf("nobody-%d@example.com", i), password), userpool.NotAuthorized) {
			looked++
		}
	}
	require.Equal(t, 300, looked)
}
