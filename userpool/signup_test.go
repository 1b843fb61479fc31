package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

func signUp(email string) userpool.SignUpInput {
	return userpool.SignUpInput{Username: email, Password: password}
}

// The whole story on every store: sign up, confirm, sign in, refresh, forget the password, sign out, delete.
func TestWholeStory(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, nil)
		out, err := k.SignUp(ctx, userpool.SignUpInput{
			Username: " Ada@Example.COM ", Password: password, UserAttributes: map[string]string{"name": "Ada 🧮 Lovelace"},
		})
		require.NoError(t, err)
		require.Equal(t, userpool.CodeDeliveryDetails{Destination: "a***@e***", DeliveryMedium: "EMAIL", AttributeName: "email"}, *out.CodeDeliveryDetails)
		mail := k.mail()
		require.Equal(t, userpool.MessageSignUp, mail.Kind)
		require.Equal(t, "ada@example.com", mail.To)
		require.Regexp(t, `^\d{6}$`, mail.Code)
		require.Contains(t, mail.Text, mail.Code)

		_, err = k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.UserNotConfirmed)
		var e *userpool.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, out.Session, e.Session)

		require.NoError(t, errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: mail.Code, Session: out.Session})))
		tokens := k.tokens("ADA@example.com")
		u, err := k.GetUser(ctx, tokens.AccessToken)
		require.NoError(t, err)
		require.Equal(t, out.UserSub, u.Sub)
		require.Equal(t, userpool.StatusConfirmed, u.Status)
		require.Equal(t, map[string]string{"name": "Ada 🧮 Lovelace", "email": "ada@example.com", "email_verified": "true"}, u.Attributes)
		require.Empty(t, u.PasswordHash)
		require.Empty(t, u.Codes)

		renewed, err := k.refresh(tokens.RefreshToken)
		require.NoError(t, err)

		_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
		require.NoError(t, err)
		mail = k.mail()
		require.Equal(t, userpool.MessageForgotPassword, mail.Kind)
		require.NoError(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
			Username: "ada@example.com", ConfirmationCode: mail.Code, Password: "a new password of many words",
		}))
		_, err = k.refresh(renewed.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized, "a new password ends all sessions")
		_, err = k.VerifyAccessToken(ctx, renewed.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		tokens, err = k.signIn("ada@example.com", "a new password of many words")
		require.NoError(t, err)

		require.NoError(t, k.GlobalSignOut(ctx, tokens.AccessToken))
		_, err = k.VerifyIDToken(ctx, tokens.IDToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		tokens, err = k.signIn("ada@example.com", "a new password of many words")
		require.NoError(t, err)
		require.NoError(t, k.DeleteUser(ctx, tokens.AccessToken))
		_, err = k.AdminGetUser(ctx, "ada@example.com")
		require.ErrorIs(t, err, userpool.UserNotFound)
		_, err = k.refresh(tokens.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// Input that can never be right: refused with the field that is at fault, before anything is stored, counted or sent.
func TestSignUp_WrongInput(t *testing.T) {
	k := newKit(t, nil)
	for name, test := range map[string]struct {
		in    userpool.SignUpInput
		code  userpool.Code
		field string
		want  string
	}{
		"nothing":             {userpool.SignUpInput{}, userpool.InvalidParameter, "username", "Enter your e-mail address"},
		"no address":          {signUp("ada"), userpool.InvalidParameter, "username", "such as name@example.com"},
		"two at signs":        {signUp("a@b@example.com"), userpool.InvalidParameter, "username", "not a domain"},
		"no top-level domain": {signUp("a@localhost"), userpool.InvalidParameter, "username", "not a domain"},
		"quoted":              {signUp(`"a b"@example.com`), userpool.InvalidParameter, "username", "such as"},
		"long address":        {signUp(strings.Repeat("a", 250) + "@example.com"), userpool.InvalidParameter, "username", "too long"},
		"control in address":  {signUp("a\n@example.com"), userpool.InvalidParameter, "username", "control character"},
		"NUL in address":      {signUp("a\x00@example.com"), userpool.InvalidParameter, "username", "control character"},
		"no password":         {userpool.SignUpInput{Username: "a@example.com"}, userpool.InvalidParameter, "password", "Enter a password"},
		"short password":      {userpool.SignUpInput{Username: "a@example.com", Password: "short"}, userpool.InvalidPassword, "password", "it has 5 characters, and must have at least 15"},
		"long password":       {userpool.SignUpInput{Username: "a@example.com", Password: strings.Repeat("ab", 129)}, userpool.InvalidParameter, "password", "at most 256"},
		"huge password":       {userpool.SignUpInput{Username: "a@example.com", Password: strings.Repeat("x", 1<<20)}, userpool.InvalidParameter, "password", "at most 256"},
		"control in password": {userpool.SignUpInput{Username: "a@example.com", Password: "many words\x00 in here"}, userpool.InvalidParameter, "password", "control character"},
		"bytes as password":   {userpool.SignUpInput{Username: "a@example.com", Password: "many words \xff in here"}, userpool.InvalidParameter, "password", "not valid text"},
		"one character":       {userpool.SignUpInput{Username: "a@example.com", Password: strings.Repeat("a", 20)}, userpool.InvalidPassword, "password", "again and again"},
		"address as password": {userpool.SignUpInput{Username: "somebody@example.com", Password: "Somebody@Example.com"}, userpool.InvalidPassword, "password", "little more than your name or address"},
		"control in name": {userpool.SignUpInput{Username: "a@example.com", Password: password, UserAttributes: map[string]string{"name": "a\tb"}},
			userpool.InvalidParameter, "name", "control character"},
		"long name": {userpool.SignUpInput{Username: "a@example.com", Password: password, UserAttributes: map[string]string{"name": strings.Repeat("ä", 2049)}},
			userpool.InvalidParameter, "name", "at most 2048"},
		"other address": {userpool.SignUpInput{Username: "a@example.com", Password: password, UserAttributes: map[string]string{"email": "b@example.com"}},
			userpool.InvalidParameter, "email", "not the one"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.SignUp(t.Context(), test.in)
			var e *userpool.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, test.code, e.Code)
			require.Equal(t, test.field, e.Field)
			require.Contains(t, e.Message, test.want)
			require.Zero(t, k.mails())
			_, err = k.AdminGetUser(t.Context(), test.in.Username)
			require.ErrorIs(t, err, userpool.UserNotFound, "nothing is stored")
		})
	}
}

// What only the pool may write, and what could become another claim of a token, is refused at the edge.
func TestU24_J26_AttributesOfThePool(t *testing.T) {
	k := newKit(t, nil)
	for _, name := range []string{
		"sub", "email_verified", "phone_number", "phone_number_verified", "cognito:groups", "custom:role", "dev:custom:x", "iss",
		`x":0,"admin`, "__proto__", "", "Name", "updated_at", "\x00",
	} {
		_, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "a@example.com", Password: password, UserAttributes: map[string]string{name: "true"}})
		var e *userpool.Error
		require.ErrorAs(t, err, &e, "%q", name)
		require.Contains(t, []userpool.Code{userpool.InvalidParameter, userpool.NotAuthorized}, e.Code, "%q", name)
		require.Equal(t, name, e.Field)
	}
	require.Zero(t, k.mails())
}

// Signing up with a taken address looks like any sign-up; the owner is told by mail, and nothing changes.
func TestU2_SignUpOfExistingAddress(t *testing.T) {
	k := newKit(t, nil)
	sub := k.user("ada@example.com")
	fresh, err := k.SignUp(t.Context(), signUp("new@example.com"))
	require.NoError(t, err)
	taken, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "ada@example.com", Password: "another password of words"})
	require.NoError(t, err)
	require.Equal(t, fresh.UserConfirmed, taken.UserConfirmed)
	require.Len(t, taken.UserSub, len(fresh.UserSub))
	require.Len(t, taken.Session, len(fresh.Session))
	require.NotEqual(t, sub, taken.UserSub)
	require.NotNil(t, taken.CodeDeliveryDetails)
	mail := k.mail()
	require.Equal(t, userpool.MessageAccountExists, mail.Kind)
	require.Empty(t, mail.Code)
	require.Equal(t, "ada@example.com", mail.To)
	_, err = k.signIn("ada@example.com", password)
	require.NoError(t, err)
	// A wrong code gives the same answer for both.
	for _, out := range []struct{ email, session string }{{"new@example.com", fresh.Session}, {"ada@example.com", taken.Session}, {"nobody@example.com", "x"}} {
		_, err := k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: out.email, ConfirmationCode: "000000", Session: out.session})
		require.ErrorIs(t, err, userpool.CodeMismatch, out.email)
	}
}

// Resending and recovery say the same for every address, and only send where there is something to send.
func TestU2_ResendAndForgotPassword(t *testing.T) {
	k := newKit(t, nil)
	k.user("confirmed@example.com")
	_, err := k.SignUp(t.Context(), signUp("pending@example.com"))
	require.NoError(t, err)
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), "disabled@example.com"))
	for _, name := range []string{"confirmed", "pending", "disabled", "nobody"} {
		before := k.mails()
		got, err := k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: name + "@example.com"})
		require.NoError(t, err)
		require.Equal(t, name[:1]+"***@e***", got.Destination)
		require.Equal(t, name == "pending", k.mails() > before, name)
		before = k.mails()
		got, err = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: name + "@example.com"})
		require.NoError(t, err)
		require.Equal(t, name[:1]+"***@e***", got.Destination)
		require.Equal(t, name == "confirmed", k.mails() > before, name)
	}
	var texts []string
	for _, name := range []string{"confirmed", "pending", "disabled", "nobody"} {
		err := k.ConfirmForgotPassword(t.Context(), userpool.ConfirmForgotPasswordInput{
			Username: name + "@example.com", ConfirmationCode: "000000", Password: "yet another password",
		})
		require.ErrorIs(t, err, userpool.CodeMismatch, name)
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		require.Equal(t, texts[0], text)
	}
}

// A mail server that is down or slow tells nothing either: the answer comes before the message goes.
func TestU2_FailingSenderTellsNothing(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	k.outbox.Fail(errors.New("mail server is down"))
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: email})
		require.NoError(t, err)
	}
	k.Wait()
	require.Contains(t, k.log.String(), "mail server is down")
}

// A message that cannot be sent is reported, and what was done stays done.
func TestSignUp_DeliveryFailure(t *testing.T) {
	k := newKit(t, nil)
	k.outbox.Fail(errors.New("mail server is down"))
	out, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
	require.NotContains(t, err.(*userpool.Error).Message, "server", "the person is told what to do, not what broke")
	require.NotEmpty(t, out.Session)
	k.outbox.Fail(nil)
	_, err = k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.NoError(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{
		Username: "ada@example.com", ConfirmationCode: k.mail().Code, Session: out.Session,
	})))
}

// Somebody who signs up with another's address a moment later cannot have the owner confirm a password that the owner does not know.
func TestR7_SignUpOverAnother(t *testing.T) {
	k := newKit(t, nil)
	ctx := t.Context()
	victim, err := k.SignUp(ctx, signUp("victim@example.com"))
	require.NoError(t, err)
	_, err = k.SignUp(ctx, userpool.SignUpInput{Username: "victim@example.com", Password: "what the attacker chose"})
	require.NoError(t, err)
	newest := k.mail().Code // which reaches the victim
	_, err = k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "victim@example.com", ConfirmationCode: newest, Session: victim.Session})
	require.ErrorIs(t, err, userpool.CodeMismatch)
	// The victim signs up once more, which replaces the attacker's sign-up, password and all.
	again, err := k.SignUp(ctx, signUp("victim@example.com"))
	require.NoError(t, err)
	require.NoError(t, errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		Username: "victim@example.com", ConfirmationCode: k.mail().Code, Session: again.Session,
	})))
	_, err = k.signIn("victim@example.com", "what the attacker chose")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.signIn("victim@example.com", password)
	require.NoError(t, err)
}

// A code is six digits, for one user, one purpose, ten minutes, five tries and one use; only the newest counts.
func TestU9_U10_Codes(t *testing.T) {
	confirm := func(k *kit, email, code string) error {
		return errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: email, ConfirmationCode: code}))
	}
	begin := func(k *kit, email string) string {
		_, err := k.SignUp(t.Context(), signUp(email))
		require.NoError(t, err)
		return k.mail().Code
	}
	wrong := func(code string) string {
		if code == "123456" {
			return "654321"
		}
		return "123456"
	}
	t.Run("form", func(t *testing.T) {
		k := newKit(t, nil)
		code := begin(k, "a@example.com")
		require.ErrorIs(t, confirm(k, "a@example.com", ""), userpool.InvalidParameter)
		for _, bad := range []string{"12345", "1234567", "12a456", "１２３４５６", "+12345", "-12345", strings.Repeat("1", 1<<16)} {
			require.ErrorIs(t, confirm(k, "a@example.com", bad), userpool.CodeMismatch, "%.20q", bad)
		}
		require.NoError(t, confirm(k, "a@example.com", " "+code+" "))
	})
	t.Run("reused", func(t *testing.T) {
		k := newKit(t, nil)
		code := begin(k, "a@example.com")
		require.NoError(t, confirm(k, "a@example.com", code))
		require.ErrorIs(t, confirm(k, "a@example.com", code), userpool.CodeMismatch)
	})
	t.Run("expired", func(t *testing.T) {
		k := newKit(t, nil)
		code := begin(k, "a@example.com")
		k.clock.Advance(10 * time.Minute)
		require.ErrorIs(t, confirm(k, "a@example.com", wrong(code)), userpool.CodeMismatch)
		require.ErrorIs(t, confirm(k, "a@example.com", code), userpool.ExpiredCode)
	})
	t.Run("newest only", func(t *testing.T) {
		k := newKit(t, nil)
		first := begin(k, "a@example.com")
		_, err := k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: "a@example.com"})
		require.NoError(t, err)
		second := k.mail().Code
		if first != second {
			require.ErrorIs(t, confirm(k, "a@example.com", first), userpool.CodeMismatch)
		}
		require.NoError(t, confirm(k, "a@example.com", second))
	})
	t.Run("of another user", func(t *testing.T) {
		k := newKit(t, nil)
		a, b := begin(k, "a@example.com"), begin(k, "b@example.com")
		if a != b {
			require.ErrorIs(t, confirm(k, "a@example.com", b), userpool.CodeMismatch)
		}
	})
	t.Run("for another purpose", func(t *testing.T) {
		k := newKit(t, nil)
		k.user("a@example.com")
		_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "a@example.com"})
		require.NoError(t, err)
		require.ErrorIs(t, confirm(k, "a@example.com", k.mail().Code), userpool.CodeMismatch)
	})
	t.Run("five tries", func(t *testing.T) {
		k := newKit(t, nil)
		code := begin(k, "a@example.com")
		for range 5 {
			require.ErrorIs(t, confirm(k, "a@example.com", wrong(code)), userpool.CodeMismatch)
		}
		require.ErrorIs(t, confirm(k, "a@example.com", code), userpool.ExpiredCode)
	})
	t.Run("budget over all codes", func(t *testing.T) {
		k := newKit(t, nil)
		tried := 0
		for range 10 {
			code := begin(k, "a@example.com")
			for range 5 {
				err := confirm(k, "a@example.com", wrong(code))
				if errors.Is(err, userpool.LimitExceeded) {
					require.GreaterOrEqual(t, tried, 15)
					return
				}
				tried++
			}
			k.clock.Advance(time.Hour)
			if tried > 60 {
				break
			}
		}
		t.Fatalf("%d guesses were allowed", tried)
	})
}

// Of many who do the same thing at once, exactly one succeeds, on every store.
func TestD4_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) { c.MaxConcurrentHashes = 4 })
		ctx := t.Context()
		out, err := k.SignUp(ctx, signUp("a@example.com"))
		require.NoError(t, err)
		code := k.mail().Code
		// Fewer than the limit of guesses, which would stop them too.
		require.Equal(t, 1, parallel(12, func(int) error {
			return errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "a@example.com", ConfirmationCode: code, Session: out.Session}))
		}))
		_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "a@example.com"})
		require.NoError(t, err)
		code = k.mail().Code
		require.Equal(t, 1, parallel(12, func(i int) error {
			return k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
				Username: "a@example.com", ConfirmationCode: code, Password: fmt.Sprintf("password number %06d", i),
			})
		}))
	})
}

// A sign-up that an administrator has shut out is not replaced by signing up again.
func TestU30_SignUpOverDisabled(t *testing.T) {
	k := newKit(t, nil)
	out, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	require.NoError(t, k.AdminDisableUser(t.Context(), "ada@example.com"))
	_, err = k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	require.Equal(t, userpool.MessageAccountExists, k.mail().Kind)
	u, err := k.AdminGetUser(t.Context(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, out.UserSub, u.Sub)
	require.False(t, u.Enabled)
	before := k.mails()
	_, err = k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, before, k.mails(), "no code goes to it either")
}

// beforeDelete is a store that does something, once, before a user is deleted.
type beforeDelete struct {
	userpool.Store
	do func()
}

func (s *beforeDelete) DeleteUser(ctx context.Context, pool, sub string, version int64) error {
	if do := s.do; do != nil {
		s.do = nil
		do()
	}
	return s.Store.DeleteUser(ctx, pool, sub, version)
}

// A sign-up that is confirmed at the very moment in which another would replace it, stays.
func TestR7_ConfirmedWhileReplaced(t *testing.T) {
	store := &beforeDelete{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	out, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	code := k.mail().Code
	store.do = func() {
		require.NoError(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: code, Session: out.Session})))
	}
	_, err = k.SignUp(t.Context(), userpool.SignUpInput{Username: "ada@example.com", Password: "what somebody else chose"})
	require.NoError(t, err)
	require.Nil(t, store.do)
	require.Equal(t, userpool.MessageAccountExists, k.mail().Kind)
	k.tokens("ada@example.com")
}

// However messages are asked for, one address gets five at once, and then one for each wait, which grows.
func TestU33_MessagesToOneAddress(t *testing.T) {
	for _, who := range []string{"ada@example.com", "nobody@example.com"} {
		for name, ask := range map[string]func(k *kit) error{
			"SignUp": func(k *kit) error { _, err := k.SignUp(t.Context(), signUp(who)); return err },
			"ResendConfirmationCode": func(k *kit) error {
				_, err := k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: who})
				return err
			},
			"ForgotPassword": func(k *kit) error {
				_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: who})
				return err
			},
		} {
			k := newKit(t, nil)
			k.user("ada@example.com")
			k.clock.Advance(6 * time.Hour) // the first message is forgotten
			allowed := 0
			for range 8 {
				err := ask(k)
				if err != nil {
					require.ErrorIs(t, err, userpool.LimitExceeded)
					continue
				}
				allowed++
			}
			require.Equal(t, 5, allowed, "%s for %s", name, who)
		}
	}
}

// Wherever an operation is cut off, what it did is whole or not done at all, and doing it again works.
func TestD3_CutOff(t *testing.T) {
	ctx := t.Context()
	for cut := 0; ; cut++ {
		store := &failingStore{Store: newKit(t, nil).config.Store}
		k := newKitOn(t, store, nil)
		_, err := k.KeySet(ctx) // the keys are there
		require.NoError(t, err)
		store.failAfter(cut)
		out, err := k.SignUp(ctx, signUp("a@example.com"))
		reached := store.heal()
		if err != nil {
			require.ErrorIs(t, err, userpool.ServiceUnavailable, "cut %d", cut)
			require.Contains(t, err.(*userpool.Error).Message, "try again")
			out, err = k.SignUp(ctx, signUp("a@example.com"))
			require.NoError(t, err)
		}
		code := k.mail().Code
		store.failAfter(cut)
		_, err = k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "a@example.com", ConfirmationCode: code, Session: out.Session})
		reached = store.heal() || reached
		u, _ := k.AdminGetUser(ctx, "a@example.com")
		require.Equal(t, u.Status == userpool.StatusConfirmed, err == nil, "an error means that nothing was done")
		if err != nil {
			require.NoError(t, errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "a@example.com", ConfirmationCode: code, Session: out.Session})))
		}
		store.failAfter(cut)
		tokens, err := k.signIn("a@example.com", password)
		reached = store.heal() || reached
		if err != nil {
			require.ErrorIs(t, err, userpool.ServiceUnavailable)
			tokens = k.tokens("a@example.com")
		}
		store.failAfter(cut)
		_, err = k.refresh(tokens.RefreshToken)
		reached = store.heal() || reached
		if err != nil {
			require.ErrorIs(t, err, userpool.ServiceUnavailable)
			_, err = k.refresh(tokens.RefreshToken)
			require.NoError(t, err, "a refresh that was cut off did not use the token up")
		}
		if !reached {
			require.Greater(t, cut, 4, "the operations reached the store less often than they can")
			return
		}
	}
}

// Who was shut out before confirming is not let in by the code that was sent, and learns nothing.
func TestConfirmSignUp_Disabled(t *testing.T) {
	ctx := t.Context()
	called := false
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.PostConfirmation = func(context.Context, userpool.UserEvent) error { called = true; return nil }
	})
	out, err := k.SignUp(ctx, signUp("ada@example.com"))
	require.NoError(t, err)
	in := userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: k.mail().Code, Session: out.Session}
	require.NoError(t, k.AdminDisableUser(ctx, out.UserSub))
	require.ErrorIs(t, errOf(k.ConfirmSignUp(ctx, in)), userpool.CodeMismatch)
	_, err = k.ResendConfirmationCode(ctx, userpool.ResendConfirmationCodeInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, 1, k.mails())
	u, err := k.AdminGetUser(ctx, out.UserSub)
	require.NoError(t, err)
	require.Equal(t, userpool.StatusUnconfirmed, u.Status)
	require.False(t, called)
	require.NoError(t, k.AdminEnableUser(ctx, out.UserSub))
	require.NoError(t, errOf(k.ConfirmSignUp(ctx, in)))
	require.True(t, called)
}
