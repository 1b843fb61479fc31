package userpooltest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool"
)

// User is a user of a Pool.
type User struct {
	// Sub identifies the user for ever. AdminGetUser tells the rest.
	Sub string
	// Username is what the user signs in with, in its canonical form: an e-mail address, a phone number or a name, as
	// Settings.UsernameAttributes say.
	Username string
	// Email and PhoneNumber are the addresses in their canonical form; empty if the user has none.
	Email       string
	PhoneNumber string
	// Password is what the user signs in with. A test that sets a new password in the pool sets it here too.
	Password string
	// Session ties a confirmation to this sign-up, as in userpool.ConfirmSignUpInput. It is empty if a hook confirmed it at once.
	Session string

	pool *Pool
	// address is where the code of the sign-up goes, or empty.
	address string
	// app and authenticator are what the user can sign in with besides, or nil.
	app           *SoftwareToken
	authenticator *Authenticator
}

// AddUser makes a user who can sign in, with this user name and Password, by signing up and confirming, with the hooks and limits of
// the pool. The user name is an e-mail address, such as "ada@example.com"; or, as Settings.UsernameAttributes say, a phone number, such as
// "+442079460123", or a name, and then an administrator confirms who gives no address. The message with the code does not stay in the
// outbox. Each change may replace what is signed up with, such as the attributes. It ends the test if the pool refuses, or if the user name
// is taken.
func (p *Pool) AddUser(username string, change ...func(*userpool.SignUpInput)) *User {
	p.t.Helper()
	u, confirmed := p.signUp(username, change)
	if !confirmed {
		u.Confirm()
		p.Outbox.drop(u.address)
	}
	return u
}

// AddUnconfirmed makes a user who has signed up as in AddUser, and has not yet shown the code that is in the outbox. It ends the test if
// a hook confirms sign-ups at once.
func (p *Pool) AddUnconfirmed(username string, change ...func(*userpool.SignUpInput)) *User {
	p.t.Helper()
	u, confirmed := p.signUp(username, change)
	if confirmed {
		p.fatalf("the hook PreSignUp confirmed %q at once: there is no unconfirmed user", username)
	}
	return u
}

func (p *Pool) signUp(username string, change []func(*userpool.SignUpInput)) (u *User, confirmed bool) {
	p.t.Helper()
	ctx := context.Background()
	in := userpool.SignUpInput{Username: username, Password: Password}
	for _, f := range change {
		f(&in)
	}
	// A taken address is no error of SignUp, which tells nobody.
	if old, err := p.AdminGetUser(ctx, in.Username); err == nil && old.Status != userpool.StatusUnconfirmed {
		p.fatalf("there is a user %q already", in.Username)
	}
	out, err := p.SignUp(ctx, in)
	if err != nil {
		p.fatalf("%q cannot be signed up: %v", in.Username, err)
		return nil, false
	}
	stored, err := p.AdminGetUser(ctx, out.UserSub)
	if err != nil {
		p.fatalf("%q signed up, but is not there: %v", in.Username, err)
	}
	u = &User{
		Sub: out.UserSub, Username: p.signInName(stored, in.Username), Email: stored.Attributes["email"],
		PhoneNumber: stored.Attributes["phone_number"], Password: in.Password, Session: out.Session, pool: p,
	}
	if out.CodeDeliveryDetails != nil {
		u.address = stored.Attributes[out.CodeDeliveryDetails.AttributeName]
	}
	return u, out.UserConfirmed
}

// signInName returns what a user signs in with who signed up with what was typed.
func (p *Pool) signInName(u userpool.User, typed string) string {
	switch {
	case slices.Contains(p.Settings().UsernameAttributes, "username"):
		return u.Username
	case strings.HasPrefix(strings.TrimSpace(typed), "+"):
		return u.Attributes["phone_number"]
	}
	return u.Attributes["email"]
}

// Confirm confirms the sign-up with the newest code that was sent to the user, or as an administrator if the user has no address. It ends
// the test if that is refused.
func (u *User) Confirm() {
	u.pool.t.Helper()
	ctx := context.Background()
	var err error
	if u.address == "" {
		err = u.pool.AdminConfirmSignUp(ctx, userpool.AdminConfirmSignUpInput{Username: u.Sub})
	} else {
		_, err = u.pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
			Username: u.Username, ConfirmationCode: u.pool.Outbox.Code(u.address), Session: u.Session,
		})
	}
	if err != nil {
		u.pool.fatalf("the sign-up of %s cannot be confirmed: %v", u.Username, err)
	}
}

// JoinGroups makes the user a member of groups, which are made if they are not there. It ends the test if a name can be no group's. Tokens
// show the groups from the next sign-in on, browser sessions at once.
func (u *User) JoinGroups(names ...string) {
	u.pool.t.Helper()
	ctx := context.Background()
	for _, name := range names {
		if err := u.pool.CreateGroup(ctx, userpool.Group{Name: name}); err != nil && !errors.Is(err, userpool.GroupExists) {
			u.pool.fatalf("there can be no group %q: %v", name, err)
		}
		if err := u.pool.AdminAddUserToGroup(ctx, u.Sub, name); err != nil {
			u.pool.fatalf("%s cannot join the group %q: %v", u.Username, name, err)
		}
	}
}

// SignIn signs the user in at the first app client of the pool, as SignInAt does.
func (u *User) SignIn() *userpool.Tokens {
	u.pool.t.Helper()
	return u.SignInAt(u.pool.config.Settings.Clients[0].ID)
}

// SignInAt signs the user in at an app client, and returns new tokens: by the authorization code flow with PKCE, to the first of the
// client's CallbackURLs, with all scopes of the client; or, if it has no callback address, with the password, or by USER_AUTH with the
// passkey of AddPasskey if there is one, which gives the scope aws.cognito.signin.user.admin alone. A confidential client proves itself.
//
// Where the pool asks for a second factor, it is answered with the app of AddSoftwareToken, or with the code that was sent, whose message
// does not stay in the outbox. If the app's present code was used already, the Clock moves on to the next one, by at most 30 seconds.
// SignIn, BrowserSession and AddPasskey do the same.
//
// It ends the test if there is no such client, or if the user cannot sign in.
func (u *User) SignInAt(clientID string) *userpool.Tokens {
	u.pool.t.Helper()
	clients := u.pool.config.Settings.Clients
	i := slices.IndexFunc(clients, func(c userpool.Client) bool { return c.ID == clientID })
	if i < 0 {
		u.pool.fatalf("the pool has no app client %q", clientID)
		return nil
	}
	switch client := clients[i]; {
	case len(client.CallbackURLs) > 0:
		return u.codeFlow(client)
	case slices.Contains(client.AuthFlows, userpool.UserPasswordAuth):
		return u.signIn(userpool.InitiateAuthInput{ClientID: client.ID, ClientSecret: secretOf(client)}).Tokens
	case slices.Contains(client.AuthFlows, userpool.UserAuth):
		in := userpool.InitiateAuthInput{
			AuthFlow: userpool.UserAuth, PreferredChallenge: userpool.ChallengePassword, ClientID: client.ID, ClientSecret: secretOf(client),
		}
		if u.authenticator != nil {
			in.PreferredChallenge = userpool.ChallengeWebAuthn
		}
		return u.signIn(in).Tokens
	default:
		u.pool.fatalf("nobody can sign in at the app client %q: it has no callback URL, and neither USER_PASSWORD_AUTH nor USER_AUTH", clientID)
		return nil
	}
}

func secretOf(c userpool.Client) string {
	if len(c.Secrets) == 0 {
		return ""
	}
	return c.Secrets[0]
}

func (u *User) codeFlow(client userpool.Client) *userpool.Tokens {
	u.pool.t.Helper()
	ctx := context.Background()
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	code, err := u.pool.IssueAuthorizationCode(ctx, userpool.IssueAuthorizationCodeInput{
		BrowserSession: u.BrowserSession(), ClientID: client.ID, RedirectURI: client.CallbackURLs[0],
		CodeChallenge: base64.RawURLEncoding.EncodeToString(challenge[:]), CodeChallengeMethod: "S256",
	})
	if err != nil {
		u.pool.fatalf("%s gets no authorization code for %q: %v", u.Username, client.ID, err)
	}
	tokens, err := u.pool.RedeemAuthorizationCode(ctx, userpool.RedeemAuthorizationCodeInput{
		ClientID: client.ID, ClientSecret: secretOf(client), Code: code, RedirectURI: client.CallbackURLs[0], CodeVerifier: verifier,
	})
	if err != nil {
		u.pool.fatalf("%s gets no tokens for %q: %v", u.Username, client.ID, err)
	}
	return tokens
}

// Authorize signs the user in as SignIn does, and puts the access token into the Authorization header of the request.
func (u *User) Authorize(r *http.Request) {
	u.pool.t.Helper()
	r.Header.Set("Authorization", "Bearer "+u.SignIn().AccessToken)
}

// BrowserSession signs the user in as the hosted pages do, and returns the secret of the new session, which is the value of their
// cookie. It ends the test if the user cannot sign in.
func (u *User) BrowserSession() string {
	u.pool.t.Helper()
	return u.signIn(userpool.InitiateAuthInput{Result: userpool.ResultBrowserSession}).BrowserSession
}
