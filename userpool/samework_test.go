package userpool_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// writesStore counts what was written: what a database syncs to disk takes far longer than all else that could tell two users apart.
type writesStore struct {
	userpool.Store
	mu     sync.Mutex
	writes int
}

func (s *writesStore) note(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.writes++
	}
	return err
}

func (s *writesStore) CreateUser(ctx context.Context, pool string, u userpool.User) error {
	return s.note(s.Store.CreateUser(ctx, pool, u))
}

func (s *writesStore) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	return s.note(s.Store.UpdateUser(ctx, pool, u))
}

func (s *writesStore) PutCounter(ctx context.Context, pool string, c userpool.Counter) error {
	return s.note(s.Store.PutCounter(ctx, pool, c))
}

// Whatever is asked about an address, as many writes are done whether or not it has an account.
func TestU3_SameWrites(t *testing.T) {
	store := &writesStore{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	ctx := t.Context()
	k.user("known@example.com")
	k.user("asked@example.com")
	_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "asked@example.com"})
	require.NoError(t, err)
	k.user("dead@example.com")
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "dead@example.com"})
	require.NoError(t, err)
	for range 5 {
		require.ErrorIs(t, k.recover("dead@example.com"), userpool.CodeMismatch)
	}
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(ctx, "disabled@example.com"))
	_, err = k.SignUp(ctx, signUp("pending@example.com"))
	require.NoError(t, err)
	for name, test := range map[string]struct {
		do    func(email string) error
		among []string
	}{
		"SignUp": {func(email string) error { _, err := k.SignUp(ctx, signUp(email)); return err }, []string{"unknown", "known", "asked", "disabled"}},
		"ConfirmSignUp": {func(email string) error {
			err := k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: email, ConfirmationCode: "000000", Session: "x"})
			require.ErrorIs(t, err, userpool.CodeMismatch)
			return nil
		}, []string{"nobody", "known", "pending", "disabled"}},
		"ResendConfirmationCode": {func(email string) error {
			_, err := k.ResendConfirmationCode(ctx, userpool.ResendConfirmationCodeInput{Username: email})
			return err
		}, []string{"nobody", "known", "pending", "disabled"}},
		"ForgotPassword": {func(email string) error {
			_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: email})
			return err
		}, []string{"nobody", "known", "pending", "disabled"}},
		"ConfirmForgotPassword": {func(email string) error {
			require.ErrorIs(t, k.recover(email), userpool.CodeMismatch)
			return nil
		}, []string{"nobody", "known", "asked", "dead", "pending", "disabled"}},
		"InitiateAuth": {func(email string) error {
			_, err := k.signIn(email, "a wrong password")
			require.ErrorIs(t, err, userpool.NotAuthorized)
			return nil
		}, []string{"nobody", "known", "pending", "disabled"}},
	} {
		counts := map[string]int{}
		for _, who := range test.among {
			before := store.writes
			require.NoError(t, test.do(who+"@example.com"), "%s %s", name, who)
			k.Wait()
			counts[who] = store.writes - before
			require.Equal(t, counts[test.among[0]], counts[who], "%s: %v", name, counts)
		}
	}
}

// recover tries a code that is wrong.
func (k *kit) recover(email string) error {
	return k.ConfirmForgotPassword(context.Background(), userpool.ConfirmForgotPasswordInput{
		Username: email, ConfirmationCode: "000000", Password: "yet another password",
	})
}
