package userpool_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

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

func (s *writesStore) PutTicket(ctx context.Context, pool string, ticket userpool.Ticket) error {
	return s.note(s.Store.PutTicket(ctx, pool, ticket))
}

func (s *writesStore) PutRecord(ctx context.Context, pool string, r userpool.Record) error {
	return s.note(s.Store.PutRecord(ctx, pool, r))
}

func (s *writesStore) AppendAudit(ctx context.Context, pool string, records []userpool.AuditRecord) error {
	return s.note(s.Store.AppendAudit(ctx, pool, records))
}

// Whatever is asked about an address, as many writes are done whether or not it has an account.
func TestU3_SameWrites(t *testing.T) {
	store := &writesStore{Store: memstore.New()}
	k := newKitOn(t, store, func(c *userpool.Config) {
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeEmailLink}
		c.Settings.SignInLinkURL = "https://app.example.com/link"
		c.Settings.Clients[0].AuthFlows = []userpool.AuthFlow{userpool.UserPasswordAuth, userpool.UserAuth, userpool.UserSRPAuth}
	})
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
			_, err := k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: email, ConfirmationCode: "000000", Session: "x"})
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
		"InitiateAuth, from a network": {func(email string) error {
			require.ErrorIs(t, k.signInFrom(with("198.51.100.7", firefox), email, "a wrong password"), userpool.NotAuthorized)
			return nil
		}, []string{"other", "known", "pending", "disabled"}},
		"ForgotPassword, from a network": {func(email string) error {
			_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: email, UserContext: at("198.51.100.7")})
			return err
		}, []string{"other", "asked", "pending", "disabled"}},
		"SignUp, from a network": {func(email string) error {
			in := signUp(email)
			in.UserContext = at("198.51.100.7")
			_, err := k.SignUp(ctx, in)
			return err
		}, []string{"third", "known", "asked", "disabled"}},
		"USER_SRP_AUTH": {func(email string) error {
			out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
				AuthFlow: userpool.UserSRPAuth, ClientID: webApp.ID, Username: email, SRPA: strings.Repeat("ab", 383), UserContext: at("198.51.100.7"),
			})
			require.NoError(t, err)
			require.ErrorIs(t, errOf(k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
				ChallengeName: userpool.ChallengePasswordVerifier, Session: out.Challenge.Session, ClientID: webApp.ID,
				Response: userpool.ChallengeResponse{Signature: "eA==", SecretBlock: out.Challenge.SRP.SecretBlock, Timestamp: "Tue Sep 5 07:30:00 UTC 2023"},
			})), userpool.NotAuthorized)
			return nil
		}, []string{"nobody", "known", "pending", "disabled"}},
		"EMAIL_LINK": {func(email string) error {
			out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
				AuthFlow: userpool.UserAuth, ClientID: webApp.ID, Username: email, PreferredChallenge: userpool.ChallengeEmailLink,
			})
			require.NoError(t, err)
			require.ErrorIs(t, errOf(k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
				ChallengeName: userpool.ChallengeEmailLink, Session: out.Challenge.Session, ClientID: webApp.ID,
				Response: userpool.ChallengeResponse{Answer: "wrong"}, UserContext: at("198.51.100.7"),
			})), userpool.CodeMismatch)
			return nil
		}, []string{"nobody", "known", "pending", "disabled"}},
	} {
		k.clock.Advance(25 * time.Hour) // what was counted before is forgotten
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
