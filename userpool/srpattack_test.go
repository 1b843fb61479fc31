package userpool_test

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/srpclient"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// Nobody, and users of all kinds who cannot sign in, get a challenge that stays the same, and the same refusal at its end.
func TestU3_SRPTellsNothing(t *testing.T) {
	k := srpKit(t, memstore.New(), nil)
	k.user("known@example.com")
	k.user("disabled@example.com")
	before := k.srpBegun("disabled@example.com").challenge
	require.NoError(t, k.AdminDisableUser(t.Context(), "disabled@example.com"))
	require.Equal(t, before.Username, k.srpBegun("disabled@example.com").challenge.Username)
	require.Equal(t, before.SRP.Salt, k.srpBegun("disabled@example.com").challenge.SRP.Salt)
	k.changeStored(k.user("without@example.com"), func(u *userpool.User) { u.SRPVerifier = nil })
	k.changeStored(k.user("external@example.com"), func(u *userpool.User) {
		u.SRPVerifier, u.PasswordHash, u.Status = nil, "", userpool.StatusExternalProvider
	})
	var shape, refusal string
	for _, who := range []string{"nobody", "known", "disabled", "without", "external"} {
		name := who + "@example.com"
		s, again := k.srpBegun(name), k.srpBegun(name)
		require.Equal(t, s.challenge.SRP.Salt, again.challenge.SRP.Salt, who)
		require.Equal(t, s.challenge.Username, again.challenge.Username, who)
		require.NotEqual(t, s.challenge.SRP.B, again.challenge.SRP.B, who)
		require.NotEqual(t, s.challenge.SRP.SecretBlock, again.challenge.SRP.SecretBlock, who)
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, s.challenge.Username, who)
		require.Equal(t, s.challenge.Username, s.challenge.SRP.UserIDForSRP, who)

		got := fmt.Sprintf("%s %d %d", s.challenge.Name, len(s.challenge.SRP.Salt), len(s.challenge.SRP.SecretBlock))
		given := "a wrong password, but long"
		if who != "known" {
			given = password
		}
		_, err := s.respond(s.claim(given))
		require.ErrorIs(t, err, userpool.NotAuthorized, who)
		if shape == "" {
			shape, refusal = got, err.Error()
		}
		require.Equal(t, shape, got, who)
		require.Equal(t, refusal, err.Error(), who)

		chosen, err := k.beginSRP(name, func(in *userpool.InitiateAuthInput) {
			in.AuthFlow, in.PreferredChallenge = userpool.UserAuth, userpool.ChallengePasswordSRP
		})
		require.NoError(t, err, who)
		require.Equal(t, s.challenge.SRP.Salt, chosen.challenge.SRP.Salt, who)
		_, err = chosen.respond(chosen.claim(given))
		require.ErrorIs(t, err, userpool.NotAuthorized, who)
		require.Equal(t, refusal, err.Error(), who)
	}
	k.user("nobody@example.org")
	require.NotEqual(t, k.srpBegun("nobody@example.com").challenge.SRP.Salt, k.srpBegun("nobody@example.org").challenge.SRP.Salt)

	reveals := k.again(func(c *userpool.Config) { c.Settings.Clients[2].RevealUserExistence = true })
	_, err := reveals.beginSRP("nobody@example.com", nil)
	require.ErrorIs(t, err, userpool.UserNotFound)
}

// The sub that a challenge tells for a name, taken for a name itself, gets what the name got: whether or not it is a user's.
func TestU3_NamedBySub(t *testing.T) {
	k := srpKit(t, memstore.New(), nil)
	k.user("1known@example.com")
	k.user("1disabled@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), "1disabled@example.com"))
	_, err := k.SignUp(t.Context(), signUp("1pending@example.com"))
	require.NoError(t, err)
	k.clock.Advance(7 * time.Hour) // the messages of these sign-ups count no longer
	outcomes := map[string]string{}
	for _, who := range []string{"nobody", "known", "disabled", "pending"} {
		var told []string
		note := func(what string, err error) {
			var e *userpool.Error
			if err != nil {
				require.ErrorAs(t, err, &e)
				what += " " + string(e.Code)
			}
			told = append(told, what)
		}
		name := "1" + who + "@example.com" // no made-up address begins with a digit
		first := k.srpBegun(name).challenge
		second := k.srpBegun(first.Username).challenge
		require.Equal(t, first.Username, second.Username, who)
		require.Equal(t, first.SRP.Salt, second.SRP.Salt, who)
		for i := range 10 { // one count for both
			_, err := k.srpTokens([]string{name, first.Username}[i%2], "a wrong password, but long")
			note("sign-in", err)
		}
		for range 6 {
			where, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: first.Username})
			note("forgot by sub", err)
			require.NotEqual(t, "1***@e***", where.Destination, who)
		}
		for range 7 {
			where, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: name})
			note("forgot by name "+where.Destination, err)
		}
		_, err := k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: first.Username})
		note("resend", err)
		for i := range 17 {
			_, err := k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: []string{name, first.Username}[i%2], ConfirmationCode: "000000"})
			note("confirm", err)
		}
		outcomes[who] = strings.Join(told, "\n")
	}
	for who, told := range outcomes {
		require.Equal(t, outcomes["nobody"], told, who)
	}
	k.Wait()
}

// As many writes are done for everybody, in both steps.
func TestU3_SRPSameWrites(t *testing.T) {
	store := &writesStore{Store: memstore.New()}
	k := srpKit(t, store, nil)
	k.user("known@example.com")
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), "disabled@example.com"))
	k.changeStored(k.user("without@example.com"), func(u *userpool.User) { u.SRPVerifier = nil })
	var first string
	for _, who := range []string{"nobody", "known", "disabled", "without"} {
		start := store.writes
		s := k.srpBegun(who + "@example.com")
		begun := store.writes
		_, err := s.respond(s.claim("a wrong password, but long"))
		require.ErrorIs(t, err, userpool.NotAuthorized)
		got := fmt.Sprint(begun-start, store.writes-begun)
		if first == "" {
			first = got
		}
		require.Equal(t, first, got, who)
	}
	require.Equal(t, "1 2", first, "a session; a counter and an event")
}

// What a client sends that no right one does is refused, and signs nobody in.
func TestU4_SRPClaims(t *testing.T) {
	k := srpKit(t, memstore.New(), nil)
	k.user("ada@example.com")
	k.user("eve@example.com")
	for name, a := range map[string]string{
		"empty": "", "0": "0", "N": srpclient.N.Text(16), "2N": new(big.Int).Lsh(srpclient.N, 1).Text(16), "one byte": "7f", "10 kB": strings.Repeat("ab", 10<<10),
		"not hexadecimal": "xyz", "negative": "-5",
	} {
		for _, who := range []string{"ada@example.com", "nobody@example.com"} {
			_, err := k.beginSRP(who, func(in *userpool.InitiateAuthInput) { in.SRPA = a })
			var e *userpool.Error
			require.ErrorAs(t, err, &e, name)
			require.Equal(t, userpool.InvalidParameter, e.Code, name)
			require.Equal(t, "srpA", e.Field, name)
		}
	}
	earlier := k.srpBegun("ada@example.com")
	for name, attack := range map[string]func(s srpSignIn) userpool.ChallengeResponse{
		"nothing":                   func(srpSignIn) userpool.ChallengeResponse { return userpool.ChallengeResponse{} },
		"the password in the clear": func(srpSignIn) userpool.ChallengeResponse { return userpool.ChallengeResponse{Password: password} },
		"other timestamp than signed": func(s srpSignIn) userpool.ChallengeResponse {
			r := s.claim(password)
			r.Timestamp = srpclient.Timestamp(k.clock.Now().Add(time.Second))
			return r
		},
		"other secret block": func(s srpSignIn) userpool.ChallengeResponse {
			r := s.claim(password)
			r.SecretBlock = earlier.challenge.SRP.SecretBlock
			return r
		},
		"claim of another session": func(srpSignIn) userpool.ChallengeResponse { return earlier.claim(password) },
		"claim in another's name": func(s srpSignIn) userpool.ChallengeResponse {
			s.challenge.SRP.UserIDForSRP = k.srpBegun("eve@example.com").challenge.SRP.UserIDForSRP
			return s.claim(password)
		},
		"zero signature": func(s srpSignIn) userpool.ChallengeResponse {
			r := s.claim(password)
			r.Signature = base64.StdEncoding.EncodeToString(make([]byte, 32))
			return r
		},
		"secret of 0": func(s srpSignIn) userpool.ChallengeResponse {
			c, err := s.client.AnswerSecret("AbCdEfGhI", s.challenge.Username, new(big.Int), new(big.Int), s.challenge.SRP.SecretBlock, srpclient.Timestamp(k.clock.Now()))
			require.NoError(t, err)
			return userpool.ChallengeResponse{Signature: c.Signature, SecretBlock: c.SecretBlock, Timestamp: c.Timestamp}
		},
	} {
		s := k.srpBegun("ada@example.com")
		_, err := s.respond(attack(s))
		require.ErrorIs(t, err, userpool.NotAuthorized, name)
		_, err = s.respond(s.claim(password))
		require.ErrorIs(t, err, userpool.NotAuthorized, "%s: a session answers once", name)
		k.clock.Advance(25 * time.Hour) // no lockout
	}
	_, err := k.srpTokens("ada@example.com", password)
	require.NoError(t, err)
}

func TestU4_SRPTimestamps(t *testing.T) {
	k := srpKit(t, memstore.New(), nil)
	k.user("ada@example.com")
	for off, ok := range map[time.Duration]bool{
		0: true, 9 * time.Minute: true, -9 * time.Minute: true, 11 * time.Minute: false, -11 * time.Minute: false, 24 * time.Hour: false, -24 * 365 * time.Hour: false,
	} {
		s := k.srpBegun("ada@example.com")
		c, err := s.client.Answer("AbCdEfGhI", s.challenge.Username, password, s.given(), k.clock.Now().Add(off))
		require.NoError(t, err)
		_, err = s.respond(userpool.ChallengeResponse{Signature: c.Signature, SecretBlock: c.SecretBlock, Timestamp: c.Timestamp})
		if ok {
			require.NoError(t, err, off)
			continue
		}
		require.ErrorIs(t, err, userpool.NotAuthorized, off)
		require.ErrorContains(t, err, "clock", "who has the password is told why")
		s = k.srpBegun("ada@example.com")
		c, err = s.client.Answer("AbCdEfGhI", s.challenge.Username, "a wrong password, but long", s.given(), k.clock.Now().Add(off))
		require.NoError(t, err)
		_, err = s.respond(userpool.ChallengeResponse{Signature: c.Signature, SecretBlock: c.SecretBlock, Timestamp: c.Timestamp})
		require.ErrorIs(t, err, userpool.NotAuthorized, off)
		require.NotContains(t, err.Error(), "clock")
		k.clock.Advance(25 * time.Hour)
	}
	for _, text := range []string{"", "Tue Sep 05 07:30:00 UTC 2023", k.clock.Now().Format(time.RFC3339)} {
		s := k.srpBegun("ada@example.com")
		c, err := s.client.AnswerAt("AbCdEfGhI", s.challenge.Username, password, s.given(), text)
		require.NoError(t, err)
		_, err = s.respond(userpool.ChallengeResponse{Signature: c.Signature, SecretBlock: c.SecretBlock, Timestamp: c.Timestamp})
		require.ErrorIs(t, err, userpool.NotAuthorized, text)
	}
}

// A session of SRP is worth nothing for another challenge, client, pool or user, nor later, nor twice.
func TestU13_SRPSessions(t *testing.T) {
	store := memstore.New()
	k := srpKit(t, store, nil)
	sub := k.user("ada@example.com")
	otherPool := newKitOn(t, store, func(c *userpool.Config) {
		withSRP(c)
		c.ID, c.Issuer = "eu-west-1_Other", "https://other.example.com"
	})
	for name, attack := range map[string]func(s srpSignIn, in *userpool.RespondToAuthChallengeInput) *kit{
		"other challenge": func(_ srpSignIn, in *userpool.RespondToAuthChallengeInput) *kit {
			in.ChallengeName, in.Response.Password = userpool.ChallengePassword, password
			return k
		},
		"challenge of a device": func(_ srpSignIn, in *userpool.RespondToAuthChallengeInput) *kit {
			in.ChallengeName = userpool.ChallengeDevicePassword
			return k
		},
		"other client": func(_ srpSignIn, in *userpool.RespondToAuthChallengeInput) *kit { in.ClientID = webApp.ID; return k },
		"other pool":   func(srpSignIn, *userpool.RespondToAuthChallengeInput) *kit { return otherPool },
		"no client":    func(_ srpSignIn, in *userpool.RespondToAuthChallengeInput) *kit { in.ClientID = ""; return k },
		"no session":   func(_ srpSignIn, in *userpool.RespondToAuthChallengeInput) *kit { in.Session = ""; return k },
		"too late": func(srpSignIn, *userpool.RespondToAuthChallengeInput) *kit {
			k.clock.Advance(3 * time.Minute)
			return k
		},
		"after global sign-out": func(srpSignIn, *userpool.RespondToAuthChallengeInput) *kit {
			require.NoError(t, k.AdminUserGlobalSignOut(t.Context(), "ada@example.com"))
			return k
		},
		"after a new password": func(srpSignIn, *userpool.RespondToAuthChallengeInput) *kit {
			_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
			require.NoError(t, err)
			require.NoError(t, k.ConfirmForgotPassword(t.Context(), userpool.ConfirmForgotPasswordInput{
				Username: "ada@example.com", ConfirmationCode: k.mail().Code, Password: password,
			}))
			return k
		},
		"the verifier is gone": func(srpSignIn, *userpool.RespondToAuthChallengeInput) *kit {
			k.changeStored(sub, func(u *userpool.User) { u.SRPVerifier = nil })
			return k
		},
	} {
		s := k.srpBegun("ada@example.com")
		in := userpool.RespondToAuthChallengeInput{
			ChallengeName: s.challenge.Name, Session: s.challenge.Session, ClientID: srpApp.ID, Response: s.claim(password),
		}
		_, err := attack(s, &in).RespondToAuthChallenge(t.Context(), in)
		require.ErrorIs(t, err, userpool.NotAuthorized, name)
		k.tokens("ada@example.com") // gives back the verifier, and ends the count of failures
	}
	s := k.srpBegun("ada@example.com")
	claim := s.claim(password)
	_, err := s.respond(claim)
	require.NoError(t, err)
	_, err = s.respond(claim)
	require.ErrorIs(t, err, userpool.NotAuthorized, "a replay")
	require.NoError(t, k.AdminDeleteUser(t.Context(), "ada@example.com"))
	require.NotEqual(t, sub, k.user("ada@example.com"))
	require.NotEqual(t, sub, k.srpBegun("ada@example.com").challenge.Username)
}

// Of fifty answers at once, one is looked at.
func TestU13_SRPParallel(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := srpKit(t, store, nil)
		k.user("ada@example.com")
		s := k.srpBegun("ada@example.com")
		claim := s.claim(password)
		require.Equal(t, 1, parallel(50, func(int) error {
			_, err := s.respond(claim)
			return err
		}))
	})
}

// Guesses by SRP and by password count together, also in parallel, and a success that is not of the whole sign-in ends no count.
func TestU8_SRPCountsWithPasswords(t *testing.T) {
	k := srpKit(t, memstore.New(), func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
	k.user("ada@example.com")
	begun := make([]srpSignIn, 20)
	for i := range begun {
		begun[i] = k.srpBegun("ada@example.com")
	}
	_, err := k.signIn("ada@example.com", "a wrong password, but long")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	counted := parallel(len(begun), func(i int) error {
		_, err := begun[i].respond(begun[i].claim("a wrong password, but long"))
		require.Error(t, err)
		if strings.Contains(err.Error(), string(userpool.LimitExceeded)) {
			return err
		}
		return nil
	})
	require.Equal(t, 4, counted, "five attempts are free")
	_, err = k.srpTokens("ada@example.com", password)
	require.ErrorIs(t, err, userpool.LimitExceeded)
	_, err = k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.LimitExceeded)

	secret := k.giveApp("mfa@example.com")
	for range 5 {
		s := k.srpBegun("mfa@example.com")
		_, err = s.respond(s.claim(password))
		require.NoError(t, err)
	}
	_, err = k.srpTokens("mfa@example.com", password)
	require.ErrorIs(t, err, userpool.LimitExceeded, "the right password alone ends no count")
	require.NotEmpty(t, secret)
}
