package userpool_test

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

var customApp = userpool.Client{
	ID: "custom", AuthFlows: []userpool.AuthFlow{userpool.CustomAuth, userpool.UserSRPAuth, userpool.UserPasswordAuth},
}

// riddles are hooks that ask as many questions as they are told, each of which may be answered wrong twice.
type riddles struct {
	mu     sync.Mutex
	rounds int
	events []any
	// define, create and verify take the place of the hooks, if set.
	define func(e userpool.DefineAuthChallengeEvent) (userpool.DefineAuthChallengeResult, error)
	create func(e userpool.CreateAuthChallengeEvent) (userpool.CreateAuthChallengeResult, error)
	verify func(e userpool.VerifyAuthChallengeResponseEvent) (userpool.VerifyAuthChallengeResponseResult, error)
}

func (r *riddles) note(e any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *riddles) hooks() userpool.Hooks {
	return userpool.Hooks{
		DefineAuthChallenge: func(_ context.Context, e userpool.DefineAuthChallengeEvent) (userpool.DefineAuthChallengeResult, error) {
			r.note(e)
			if r.define != nil {
				return r.define(e)
			}
			right, wrong, srp := 0, 0, false
			for _, result := range e.Session {
				switch {
				case result.ChallengeName == userpool.ChallengeSRPA:
					srp = true
				case result.ChallengeName == userpool.ChallengePasswordVerifier:
					srp = false
					if !result.ChallengeResult {
						wrong = 3
					}
				case result.ChallengeResult:
					right++
				default:
					wrong++
				}
			}
			switch {
			case wrong == 3:
				return userpool.DefineAuthChallengeResult{FailAuthentication: true}, nil
			case srp:
				return userpool.DefineAuthChallengeResult{ChallengeName: userpool.ChallengePasswordVerifier}, nil
			case right == r.rounds:
				return userpool.DefineAuthChallengeResult{IssueTokens: true}, nil
			}
			return userpool.DefineAuthChallengeResult{ChallengeName: userpool.ChallengeCustom}, nil
		},
		CreateAuthChallenge: func(_ context.Context, e userpool.CreateAuthChallengeEvent) (userpool.CreateAuthChallengeResult, error) {
			r.note(e)
			if r.create != nil {
				return r.create(e)
			}
			n := len(e.Session)
			return userpool.CreateAuthChallengeResult{
				PublicChallengeParameters:  map[string]string{"question": fmt.Sprintf("%d + 1?", n)},
				PrivateChallengeParameters: map[string]string{"answer": fmt.Sprintf("the answer is %d", n+1)},
				ChallengeMetadata:          fmt.Sprintf("SUM_%d", n),
			}, nil
		},
		VerifyAuthChallengeResponse: func(_ context.Context, e userpool.VerifyAuthChallengeResponseEvent) (userpool.VerifyAuthChallengeResponseResult, error) {
			r.note(e)
			if r.verify != nil {
				return r.verify(e)
			}
			right := subtle.ConstantTimeCompare([]byte(e.PrivateChallengeParameters["answer"]), []byte(e.ChallengeAnswer)) == 1
			return userpool.VerifyAuthChallengeResponseResult{AnswerCorrect: right}, nil
		},
	}
}

func newCustomKit(t testing.TB, store userpool.Store, r *riddles) *kit {
	t.Helper()
	change := func(c *userpool.Config) {
		c.Hooks = r.hooks()
		c.Settings.Clients = append(c.Settings.Clients, customApp)
	}
	if store == nil {
		return newKit(t, change)
	}
	return newKitOn(t, store, change)
}

func (k *kit) beginCustom(name, srpA string) (*userpool.AuthOutcome, error) {
	return k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.CustomAuth, ClientID: customApp.ID, Username: name, SRPA: srpA, ClientMetadata: map[string]string{"from": "initiate"},
	})
}

func (k *kit) riddle(c *userpool.Challenge, answer string) (*userpool.AuthOutcome, error) {
	return k.RespondToAuthChallenge(context.Background(), userpool.RespondToAuthChallengeInput{
		ChallengeName: c.Name, Session: c.Session, ClientID: customApp.ID, Response: userpool.ChallengeResponse{Answer: answer},
		ClientMetadata: map[string]string{"from": "respond"},
	})
}

// customSRPA is a public value of the right length.
var customSRPA = strings.Repeat("7e", 384)

func TestCustomAuth_Walk(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		r := &riddles{rounds: 2}
		k := newCustomKit(t, store, r)
		other := k.again(nil) // another process answers
		sub := k.user("ada@example.com")
		out, err := k.beginCustom(" ADA@example.com", "")
		require.NoError(t, err)
		c := out.Challenge
		require.Equal(t, userpool.ChallengeCustom, c.Name)
		require.Equal(t, map[string]string{"question": "0 + 1?"}, c.Parameters)
		require.Equal(t, sub, c.Username)
		out, err = other.riddle(c, "wrong")
		require.NoError(t, err, "the hook says how many wrong answers end a sign-in")
		require.Nil(t, out.Tokens)
		require.Equal(t, map[string]string{"question": "1 + 1?"}, out.Challenge.Parameters)
		out, err = k.riddle(out.Challenge, "the answer is 2")
		require.NoError(t, err)
		out, err = other.riddle(out.Challenge, "the answer is 3")
		require.NoError(t, err)
		require.Nil(t, out.Challenge)
		claims := k.claimsOf(k.VerifyIDToken, out.Tokens.IDToken)
		require.Equal(t, sub, claims["sub"])
		require.Equal(t, []any{"custom"}, claims["amr"])
		require.Equal(t, userpool.ACRSingleFactor, claims["acr"])

		user := userpool.UserEvent{
			Trigger: userpool.TriggerDefineAuthChallenge, Sub: sub, Username: sub, Status: userpool.StatusConfirmed, ClientID: "custom",
			Attributes: map[string]string{"email": "ada@example.com", "email_verified": "true"},
		}
		require.Equal(t, userpool.DefineAuthChallengeEvent{UserEvent: user}, r.events[0], "the metadata of InitiateAuth is for other hooks")
		user.Trigger = userpool.TriggerCreateAuthChallenge
		require.Equal(t, userpool.CreateAuthChallengeEvent{UserEvent: user, ChallengeName: userpool.ChallengeCustom}, r.events[1])
		user.Trigger, user.ClientMetadata = userpool.TriggerVerifyAuthChallengeResponse, map[string]string{"from": "respond"}
		require.Equal(t, userpool.VerifyAuthChallengeResponseEvent{
			UserEvent: user, PrivateChallengeParameters: map[string]string{"answer": "the answer is 1"}, ChallengeAnswer: "wrong",
		}, r.events[2])
		user.Trigger = userpool.TriggerDefineAuthChallenge
		session := []userpool.ChallengeResult{{userpool.ChallengeCustom, false, "SUM_0"}}
		require.Equal(t, userpool.DefineAuthChallengeEvent{UserEvent: user, Session: session}, r.events[3])
		session = append(session, userpool.ChallengeResult{userpool.ChallengeCustom, true, "SUM_1"}, userpool.ChallengeResult{userpool.ChallengeCustom, true, "SUM_2"})
		require.Equal(t, userpool.DefineAuthChallengeEvent{UserEvent: user, Session: session}, r.events[len(r.events)-1])
	})
}

// The hook ends a sign-in, and whoever is ended begins anew.
func TestCustomAuth_FailsAndGivesUp(t *testing.T) {
	k := newCustomKit(t, nil, &riddles{rounds: 1})
	k.user("ada@example.com")
	out, err := k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	for range 2 {
		out, err = k.riddle(out.Challenge, "wrong")
		require.NoError(t, err)
	}
	last := out.Challenge
	_, err = k.riddle(last, "wrong")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.riddle(last, "the answer is 3")
	require.ErrorIs(t, err, userpool.NotAuthorized, "the session is used up")

	out, err = k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	k.clock.Advance(3 * time.Minute)
	_, err = k.riddle(out.Challenge, "the answer is 1")
	require.ErrorIs(t, err, userpool.NotAuthorized, "it took too long")
}

// A session answers once, its own challenge, for its own client, in its own pool, while the user may sign in.
func TestU13_CustomSession(t *testing.T) {
	ctx := t.Context()
	r := &riddles{rounds: 1}
	k := newCustomKit(t, nil, r)
	k.user("ada@example.com")
	begin := func() *userpool.Challenge {
		out, err := k.beginCustom("ada@example.com", "")
		require.NoError(t, err)
		return out.Challenge
	}
	right := userpool.ChallengeResponse{Answer: "the answer is 1", Password: password, NewPassword: password}
	c := begin()
	require.Equal(t, 1, parallel(50, func(int) error { return errOf(k.riddle(c, "the answer is 1")) }), "one of many answers is looked at")
	_, err := k.riddle(c, "the answer is 1")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	for _, name := range []userpool.ChallengeName{
		userpool.ChallengePassword, userpool.ChallengePasswordVerifier, userpool.ChallengeNewPasswordRequired, userpool.ChallengeSRPA, "",
	} {
		_, err = k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{ChallengeName: name, Session: begin().Session, ClientID: "custom", Response: right})
		require.ErrorIs(t, err, userpool.NotAuthorized, name)
	}
	_, err = k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{ChallengeName: userpool.ChallengeCustom, Session: begin().Session, ClientID: "webapp", Response: right})
	require.ErrorIs(t, err, userpool.NotAuthorized)
	stranger := k.again(func(c *userpool.Config) { c.ID = "another" })
	_, err = stranger.riddle(begin(), "the answer is 1")
	require.ErrorIs(t, err, userpool.NotAuthorized)

	for name, change := range map[string]func() error{
		"signed out everywhere": func() error { return k.AdminUserGlobalSignOut(ctx, "ada@example.com") },
		"disabled":              func() error { return k.AdminDisableUser(ctx, "ada@example.com") },
	} {
		k.clock.Advance(24 * time.Hour)
		require.NoError(t, k.AdminEnableUser(ctx, "ada@example.com"))
		c := begin()
		require.NoError(t, change())
		calls := len(r.events)
		_, err = k.riddle(c, "the answer is 1")
		require.ErrorIs(t, err, userpool.NotAuthorized, name)
		require.Len(t, r.events, calls, "no hook is asked")
	}
}

// A sign-in can begin with SRP: then the password is one of its challenges, and what follows a password follows it.
func TestCustomAuth_SRP(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		r := &riddles{rounds: 1}
		k := newCustomKit(t, store, r)
		k.user("ada@example.com")
		begin := func() *userpool.Challenge {
			out, err := k.beginCustom("ada@example.com", customSRPA)
			require.NoError(t, err)
			require.Equal(t, userpool.ChallengePasswordVerifier, out.Challenge.Name)
			return out.Challenge
		}
		c := begin()
		require.Equal(t, []userpool.ChallengeResult{{userpool.ChallengeSRPA, true, ""}}, r.events[0].(userpool.DefineAuthChallengeEvent).Session)
		out, err := k.AfterSRPForTest(ctx, c.Session, true)
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeCustom, out.Challenge.Name)
		require.Equal(t, []userpool.ChallengeResult{{userpool.ChallengeSRPA, true, ""}, {userpool.ChallengePasswordVerifier, true, ""}},
			r.events[len(r.events)-1].(userpool.CreateAuthChallengeEvent).Session)
		out, err = k.riddle(out.Challenge, "the answer is 3")
		require.NoError(t, err)
		require.Equal(t, []any{"pwd", "custom"}, k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken)["amr"])
		_, err = k.AfterSRPForTest(ctx, begin().Session, false)
		require.ErrorIs(t, err, userpool.NotAuthorized)

		// A temporary password must be replaced before the hooks go on, and one that was reset is worth nothing.
		status := func(s userpool.UserStatus) {
			u, err := store.UserByIdentifier(ctx, k.ID(), userpool.Identifier{Kind: userpool.IdentifierEmail, Value: "ada@example.com"})
			require.NoError(t, err)
			u.Status = s
			require.NoError(t, store.UpdateUser(ctx, k.ID(), u))
		}
		status(userpool.StatusForceChangePassword)
		out, err = k.AfterSRPForTest(ctx, begin().Session, true)
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeNewPasswordRequired, out.Challenge.Name)
		out, err = k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: "custom",
			Response: userpool.ChallengeResponse{NewPassword: "another battery staple"},
		})
		require.NoError(t, err)
		require.Nil(t, out.Tokens)
		require.Equal(t, userpool.ChallengeCustom, out.Challenge.Name, "and then the hooks have the word again")
		out, err = k.riddle(out.Challenge, "the answer is 3")
		require.NoError(t, err)
		require.NotNil(t, out.Tokens)
		status(userpool.StatusResetRequired)
		_, err = k.AfterSRPForTest(ctx, begin().Session, true)
		require.ErrorIs(t, err, userpool.PasswordResetRequired)
	})
}

// Nobody learns from the hooks' flow who has an account, and a name without one never gets in, whatever the hooks say.
func TestU1_CustomUnknownUser(t *testing.T) {
	ctx := t.Context()
	r := &riddles{rounds: 1, verify: func(userpool.VerifyAuthChallengeResponseEvent) (userpool.VerifyAuthChallengeResponseResult, error) {
		return userpool.VerifyAuthChallengeResponseResult{AnswerCorrect: true}, nil
	}}
	f := &fakeProvider{subject: "subject-1"}
	k := newCustomKit(t, nil, r).again(func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Example", IdentityProvider: f}}
		legacy := customApp
		legacy.ID, legacy.RevealUserExistence = "legacy", true
		c.Settings.Clients = append(c.Settings.Clients, legacy)
	})
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(ctx, "disabled@example.com"))
	k.user("ada@example.com")
	elsewhere := k.federatedUser(t, f).Sub
	for _, name := range []string{"nobody@example.com", "disabled@example.com", elsewhere} {
		for _, a := range []string{"", customSRPA} {
			r.events = nil
			out, err := k.beginCustom(name, a)
			require.NoError(t, err)
			c := out.Challenge
			if a != "" {
				require.Equal(t, userpool.ChallengePasswordVerifier, c.Name)
				_, err := k.AfterSRPForTest(ctx, c.Session, true)
				require.ErrorIs(t, err, userpool.NotAuthorized)
				session := r.events[len(r.events)-1].(userpool.DefineAuthChallengeEvent).Session
				require.False(t, session[len(session)-1].ChallengeResult)
				continue
			}
			require.Equal(t, map[string]string{"question": "0 + 1?"}, c.Parameters)
			_, err = k.riddle(c, "anything")
			require.ErrorIs(t, err, userpool.NotAuthorized)
			require.Equal(t, "Incorrect e-mail address or password.", err.(*userpool.Error).Message)
			for _, event := range r.events {
				e := userEventOf(event)
				require.True(t, e.UserNotFound)
				require.Equal(t, name, e.Username)
				require.Empty(t, e.Sub)
				require.Empty(t, e.Attributes)
			}
			require.Len(t, r.events, 4)
		}
	}
	_, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.CustomAuth, ClientID: "legacy", Username: "nobody@example.com"})
	require.ErrorIs(t, err, userpool.UserNotFound)
	_, err = k.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.CustomAuth, ClientID: "legacy", Username: "disabled@example.com"})
	require.NoError(t, err)
}

func userEventOf(event any) userpool.UserEvent {
	switch e := event.(type) {
	case userpool.DefineAuthChallengeEvent:
		return e.UserEvent
	case userpool.CreateAuthChallengeEvent:
		return e.UserEvent
	case userpool.VerifyAuthChallengeResponseEvent:
		return e.UserEvent
	}
	return userpool.UserEvent{}
}

// Wrong answers count for the account together with wrong passwords; right ones of a sign-in with several do not.
func TestU6_U8_CustomAnswersAreCounted(t *testing.T) {
	r := &riddles{rounds: 8}
	k := newCustomKit(t, nil, r)
	k.user("ada@example.com")
	out, err := k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	for i := range 8 {
		out, err = k.riddle(out.Challenge, fmt.Sprintf("the answer is %d", i+1))
		require.NoError(t, err, "eight right answers are no attack")
	}
	require.NotNil(t, out.Tokens)

	// Each sign-in below answers one riddle, which is easy, and then guesses.
	guesses := 0
	for err == nil {
		guesses++
		require.LessOrEqual(t, guesses, 6)
		out, err = k.beginCustom("ada@example.com", "")
		require.NoError(t, err)
		out, err = k.riddle(out.Challenge, "the answer is 1")
		if err == nil {
			_, err = k.riddle(out.Challenge, "wrong")
		}
	}
	require.ErrorIs(t, err, userpool.LimitExceeded)
	require.Equal(t, 6, guesses, "five guesses, and then a wait")
	_, err = k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.LimitExceeded, "one count for all ways in")
	k.clock.Advance(time.Second)
	k.tokens("ada@example.com")
	_, err = k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
}

// Who begins again and again makes the application send again and again: less and less often, whether or not there is an account.
func TestU33_CustomBegins(t *testing.T) {
	for _, name := range []string{"ada@example.com", "nobody@example.com"} {
		k := newCustomKit(t, nil, &riddles{rounds: 1})
		k.user("ada@example.com")
		for range 10 {
			_, err := k.beginCustom(name, "")
			require.NoError(t, err)
		}
		_, err := k.beginCustom(name, "")
		require.ErrorIs(t, err, userpool.LimitExceeded)
		k.clock.Advance(30 * time.Second)
		out, err := k.beginCustom(name, "")
		require.NoError(t, err)
		out, err = k.riddle(out.Challenge, "the answer is 1")
		if name == "ada@example.com" {
			require.NoError(t, err)
			require.NotNil(t, out.Tokens)
			_, err = k.beginCustom(name, "")
			require.NoError(t, err, "a success ends the series")
		}
	}
}

// An answer that cannot be one is refused before anything is counted, and another may be given.
func TestCustomAuth_Answers(t *testing.T) {
	r := &riddles{rounds: 1}
	k := newCustomKit(t, nil, r)
	k.user("ada@example.com")
	out, err := k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	c := out.Challenge
	calls := len(r.events)
	for range 3 {
		for _, answer := range []string{"", strings.Repeat("x", 2049), "\xff"} {
			_, err = k.riddle(c, answer)
			var e *userpool.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, userpool.InvalidParameter, e.Code)
			require.Equal(t, "answer", e.Field)
			c.Session = e.Session
		}
	}
	require.Len(t, r.events, calls)
	out, err = k.riddle(c, "the answer is 1")
	require.NoError(t, err)
	require.NotNil(t, out.Tokens)
}

func TestCustomAuth_Refused(t *testing.T) {
	ctx := t.Context()
	r := &riddles{rounds: 1}
	k := newCustomKit(t, nil, r).again(func(c *userpool.Config) {
		plain := customApp
		plain.ID, plain.AuthFlows = "plain", []userpool.AuthFlow{userpool.CustomAuth}
		c.Settings.Clients = append(c.Settings.Clients, plain)
	})
	for name, test := range map[string]struct {
		in   userpool.InitiateAuthInput
		want userpool.Code
	}{
		"client without the flow": {userpool.InitiateAuthInput{ClientID: "webapp", Username: "ada@example.com"}, userpool.UnauthorizedClient},
		"hosted pages":            {userpool.InitiateAuthInput{Username: "ada@example.com", Result: userpool.ResultBrowserSession}, userpool.UnauthorizedClient},
		"SRP without the flow":    {userpool.InitiateAuthInput{ClientID: "plain", Username: "ada@example.com", SRPA: customSRPA}, userpool.UnauthorizedClient},
		"SRP_A that is too long":  {userpool.InitiateAuthInput{ClientID: "custom", Username: "ada@example.com", SRPA: strings.Repeat("7", 1025)}, userpool.InvalidParameter},
		"no name":                 {userpool.InitiateAuthInput{ClientID: "custom"}, userpool.InvalidParameter},
	} {
		test.in.AuthFlow = userpool.CustomAuth
		_, err := k.InitiateAuth(ctx, test.in)
		require.ErrorIs(t, err, test.want, name)
	}
	require.Empty(t, r.events)
	c := k.config
	c.Hooks.CreateAuthChallenge, c.Hooks.DefineAuthChallenge = nil, nil
	_, err := userpool.New(c)
	require.ErrorContains(t, err, `client "custom" has the flow CUSTOM_AUTH, which needs the hooks that Config.Hooks lacks: CreateAuthChallenge, DefineAuthChallenge`)
}

// A custom challenge does not stand in for the code of a sign-up.
func TestU14_CustomUnconfirmed(t *testing.T) {
	k := newCustomKit(t, nil, &riddles{rounds: 1})
	signedUp, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	out, err := k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	_, err = k.riddle(out.Challenge, "the answer is 1")
	var e *userpool.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, userpool.UserNotConfirmed, e.Code)
	require.Equal(t, signedUp.Session, e.Session)
}

// What only VerifyAuthChallengeResponse may know is neither in the answer to the client nor to be read in the database.
func TestD7_CustomPrivateParameters(t *testing.T) {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "pool.db")))
	require.NoError(t, err)
	defer db.Close()
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite)
	require.NoError(t, err)
	k := newCustomKit(t, store, &riddles{rounds: 1})
	k.user("ada@example.com")
	out, err := k.beginCustom("ada@example.com", "")
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(*out.Challenge), "the answer is")
	require.NotContains(t, dumpSQLite(t, db), "the answer is")
	require.NotContains(t, k.log.String(), "the answer is")
}
