package userpooltest

import (
	"context"
	"errors"
	"slices"

	"github.com/stepwell/stepwell/userpool"
)

// first completes the beginning of a sign-in: user name and password, by USER_PASSWORD_AUTH unless it says something else.
func (u *User) first(in userpool.InitiateAuthInput) userpool.InitiateAuthInput {
	in.Username = u.Username
	if in.AuthFlow == "" {
		in.AuthFlow = userpool.UserPasswordAuth
	}
	if in.PreferredChallenge != userpool.ChallengeWebAuthn {
		in.Password = u.Password
	}
	return in
}

// signIn signs the user in, second factor included.
func (u *User) signIn(in userpool.InitiateAuthInput) *userpool.AuthOutcome {
	u.pool.t.Helper()
	in = u.first(in)
	return u.finish(in, u.initiateAuth(in))
}

func (u *User) initiateAuth(in userpool.InitiateAuthInput) *userpool.AuthOutcome {
	u.pool.t.Helper()
	out, err := u.pool.InitiateAuth(context.Background(), in)
	switch {
	case errors.Is(err, userpool.UserNotConfirmed):
		u.pool.fatalf("%s cannot sign in before the sign-up is confirmed: call Confirm, or use AddUser", u.Username)
	case errors.Is(err, userpool.NotAuthorized):
		u.pool.fatalf("%s cannot sign in, being disabled or deleted, or User.Password is not the password any more: %v", u.Username, err)
	case err != nil:
		u.pool.fatalf("%s cannot sign in: %v", u.Username, err)
	}
	return out
}

// finish answers challenges until the sign-in is done.
func (u *User) finish(in userpool.InitiateAuthInput, out *userpool.AuthOutcome) *userpool.AuthOutcome {
	u.pool.t.Helper()
	for out.Challenge != nil {
		c := out.Challenge
		out = u.respond(in, c.Name, c.Session, u.answer(c))
	}
	return out
}

func (u *User) respond(
	in userpool.InitiateAuthInput, name userpool.ChallengeName, session string, answer userpool.ChallengeResponse,
) *userpool.AuthOutcome {
	u.pool.t.Helper()
	out, err := u.pool.RespondToAuthChallenge(context.Background(), userpool.RespondToAuthChallengeInput{
		ChallengeName: name, Session: session, ClientID: in.ClientID, ClientSecret: in.ClientSecret, Response: answer,
	})
	if err != nil {
		u.pool.fatalf("%s cannot answer the challenge %s: %v", u.Username, name, err)
	}
	return out
}

// answer answers a challenge with what the user has.
func (u *User) answer(c *userpool.Challenge) (r userpool.ChallengeResponse) {
	u.pool.t.Helper()
	switch {
	case c.Name == userpool.ChallengeSelectMFAType && u.app != nil && slices.Contains(c.Choices, userpool.ChallengeSoftwareTokenMFA):
		r.Answer = string(userpool.ChallengeSoftwareTokenMFA)
	case c.Name == userpool.ChallengeSoftwareTokenMFA && u.app != nil:
		r.Answer = u.app.next()
	case c.Name == userpool.ChallengeSoftwareTokenMFA, c.Name == userpool.ChallengeMFASetup:
		u.pool.fatalf("%s needs a second factor to sign in (%s): set one up by AddSoftwareToken", u.Username, c.Name)
	case c.Name == userpool.ChallengeWebAuthn && u.authenticator != nil:
		r.Credential = u.authenticator.Get(c.CredentialRequestOptions)
	case c.Delivery != nil:
		r.Answer = u.delivered(c)
	default:
		u.pool.fatalf("%s is asked for %s, which is not answered here: sign in by InitiateAuth and RespondToAuthChallenge", u.Username, c.Name)
	}
	return r
}

// delivered returns the code that was sent for a challenge. The message does not stay in the outbox.
func (u *User) delivered(c *userpool.Challenge) string {
	u.pool.t.Helper()
	stored, err := u.pool.AdminGetUser(context.Background(), u.Sub)
	if err != nil {
		u.pool.fatalf("%s is not there: %v", u.Username, err)
	}
	to := stored.Attributes[c.Delivery.AttributeName]
	code := u.pool.Outbox.Code(to)
	u.pool.Outbox.drop(to)
	return code
}
