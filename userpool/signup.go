package userpool

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"
)

// SignUpInput is what a person signs up with.
type SignUpInput struct {
	// Username is the e-mail address.
	Username string
	Password string
	// UserAttributes are standard claims of OpenID Connect Core 5.1, each of at most 2048 characters: "name", "given_name",
	// "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender", "birthdate", "zoneinfo"
	// and "locale". "email" may be given if it is Username; the others are the pool's to set.
	UserAttributes map[string]string
}

// SignUpOutput says what to do next.
type SignUpOutput struct {
	// UserSub is the sub of the user, if a user was made. For an address that has an account it is a random one: it does not tell the two
	// apart.
	UserSub string
	// UserConfirmed is true if a hook confirmed the user at once: no code was sent.
	UserConfirmed bool
	// CodeDeliveryDetails say where the code was sent; nil if UserConfirmed.
	CodeDeliveryDetails *CodeDeliveryDetails
	// Session ties the confirmation to this sign-up; see ConfirmSignUp. It is opaque, and opens nothing by itself.
	Session string
}

// SignUp makes a user in the state UNCONFIRMED and sends a code to the address. The answer is the same if the address has an account
// already: its owner then gets a message that says so, and nothing changes. A sign-up that was never confirmed does not hold its address:
// a later sign-up replaces it, password and all.
//
// Where the hook PreSignUp confirms users at once, an address that has an account is refused with InvalidParameter, which reveals that it
// has one.
//
// Errors: InvalidParameter and InvalidPassword, with Field; LimitExceeded after several sign-ups with one address; UserHookFailed;
// NotAuthorized if people cannot sign themselves up (Settings.AllowAdminCreateUserOnly); CodeDeliveryFailure if the user was made, but
// the message was not sent: then the output is complete as well, and ResendConfirmationCode sends another code.
func (p *Pool) SignUp(ctx context.Context, in SignUpInput) (SignUpOutput, error) {
	if p.settings.AllowAdminCreateUserOnly {
		return SignUpOutput{}, fail(NotAuthorized, "Sign-up is not permitted here. Please ask an administrator for an account.")
	}
	email, err := canonicalEmail(in.Username)
	if err != nil {
		return SignUpOutput{}, err
	}
	attributes, err := checkAttributes(in.UserAttributes, email)
	if err != nil {
		return SignUpOutput{}, err
	}
	password, err := p.settings.PasswordPolicy.check(in.Password, email, in.Username, attributes["name"])
	if err != nil {
		return SignUpOutput{}, err
	}
	if err := p.count(ctx, limitMessage, email); err != nil {
		return SignUpOutput{}, err
	}
	decision, err := runHook(ctx, p, "PreSignUp", p.hooks.PreSignUp, PreSignUpEvent{UserEvent{Attributes: maps.Clone(attributes)}})
	if err != nil {
		return SignUpOutput{}, err
	}
	hash, err := p.hasher.hash(ctx, password)
	if err != nil {
		return SignUpOutput{}, err
	}
	u, err := p.newUser(email, attributes, hash)
	if err != nil {
		return SignUpOutput{}, err
	}
	if decision.AutoConfirmUser {
		return p.signUpConfirmed(ctx, u, email, decision.AutoVerifyEmail)
	}
	return p.signUpUnconfirmed(ctx, u, email)
}

func (p *Pool) newUser(email string, attributes map[string]string, hash string) (User, error) {
	sub, err := p.newUUID()
	if err != nil {
		return User{}, err
	}
	now := p.now()
	return User{
		Sub: sub, Username: sub, Status: StatusUnconfirmed, Enabled: true, Attributes: attributes, PasswordHash: hash,
		Identifiers: []Identifier{{IdentifierEmail, email}}, Created: now, Modified: now,
	}, nil
}

// signUpConfirmed makes a user whom the application vouches for. Here a taken address cannot be hidden: whoever signed up would find out
// by signing in.
func (p *Pool) signUpConfirmed(ctx context.Context, u User, email string, verified bool) (SignUpOutput, error) {
	u.Status = StatusConfirmed
	if verified {
		u.Attributes["email_verified"] = "true"
	}
	switch _, taken, err := p.takeAddress(ctx, u, email); {
	case err != nil:
		return SignUpOutput{}, err
	case taken:
		return SignUpOutput{}, failField(InvalidParameter, "username", "This e-mail address cannot be used to sign up.")
	}
	p.confirmed(ctx, u)
	return SignUpOutput{UserSub: u.Sub, UserConfirmed: true}, nil
}

func (p *Pool) signUpUnconfirmed(ctx context.Context, u User, email string) (SignUpOutput, error) {
	code, err := p.newCode(ctx, &u, purposeConfirm)
	if err != nil {
		return SignUpOutput{}, err
	}
	delivery := emailDelivery(email)
	out := SignUpOutput{UserSub: u.Sub, CodeDeliveryDetails: &delivery, Session: u.Sub}
	holder, taken, err := p.takeAddress(ctx, u, email)
	switch {
	case err != nil:
		return SignUpOutput{}, err
	case !taken:
		return out, p.send(ctx, newMessage(MessageSignUp, email, u.Username, code))
	}
	if err := p.decoyWrite(ctx, email); err != nil {
		return SignUpOutput{}, err
	}
	return out, p.send(ctx, newMessage(MessageAccountExists, email, holder.Username, ""))
}

// takeAddress stores a new user, in the place of a sign-up with this address that was never confirmed. If the address belongs to a user,
// it changes nothing, and returns that one.
func (p *Pool) takeAddress(ctx context.Context, u User, email string) (holder User, taken bool, err error) {
	for range 100 {
		err := p.store.CreateUser(ctx, p.id, u)
		if err == nil {
			return User{}, false, nil
		}
		if !errors.Is(err, ErrExists) {
			return User{}, false, unavailable("making a user", err)
		}
		old, err := p.store.UserByIdentifier(ctx, p.id, Identifier{IdentifierEmail, email})
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			return User{}, false, unavailable("reading a user", err)
		case old.Status != StatusUnconfirmed || !old.Enabled:
			return old, true, nil
		}
		// The sub of the sign-up that is replaced goes with it, and all that hung on it. The version makes sure that it was not
		// confirmed in the meantime.
		err = p.store.DeleteUser(ctx, p.id, old.Sub, old.Version)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrStale) {
			return User{}, false, unavailable("replacing an unconfirmed user", err)
		}
	}
	return User{}, false, limitExceeded(time.Second)
}

// ConfirmSignUpInput is the proof that a person reads the mail of the address.
type ConfirmSignUpInput struct {
	// Username is the e-mail address that was signed up with.
	Username         string
	ConfirmationCode string
	// Session is the one of SignUpOutput, or of an Error with UserNotConfirmed. With it, only the sign-up that it belongs to can be
	// confirmed. Without it the newest sign-up with this address is confirmed, whoever made it. Pass it wherever you can, as the hosted
	// pages do: otherwise the owner of an address can be made to confirm the password of a stranger who signed up with it a moment later.
	Session string
}

// ConfirmSignUp takes the code, and makes the user CONFIRMED with a verified e-mail address. Exactly one of several calls with the right
// code succeeds. Errors: InvalidParameter, CodeMismatch (also for an address without a sign-up, and for a code that was used),
// ExpiredCode, LimitExceeded.
func (p *Pool) ConfirmSignUp(ctx context.Context, in ConfirmSignUpInput) error {
	email, err := canonicalEmail(in.Username)
	if err != nil {
		return err
	}
	code, err := wantCode(in.ConfirmationCode)
	if err != nil {
		return err
	}
	if err := p.count(ctx, limitCode, email); err != nil {
		return err
	}
	u, err := p.store.UserByIdentifier(ctx, p.id, Identifier{IdentifierEmail, email})
	if errors.Is(err, ErrNotFound) || err == nil && !u.hasCode(purposeConfirm) {
		return p.decoyCode(ctx, email)
	}
	if err != nil {
		return unavailable("reading a user", err)
	}
	var confirmed User
	err = p.useCode(ctx, u, purposeConfirm, code, func(u User) bool {
		return in.Session == "" || in.Session == u.Sub
	}, func(u *User) {
		u.Status = StatusConfirmed
		u.Attributes["email_verified"] = "true"
		confirmed = u.Clone()
	})
	if err != nil {
		return err
	}
	p.confirmed(ctx, confirmed)
	p.logFailure(ctx, "a count of wrong codes could not be ended", p.forget(ctx, limitCode, email))
	return nil
}

// decoyCode does for a user who is not there what a wrong code makes of one who is: it writes.
func (p *Pool) decoyCode(ctx context.Context, email string) error {
	if err := p.decoyWrite(ctx, email); err != nil {
		return err
	}
	return codeMismatch()
}

// decoyWrite writes something of no meaning, so that an address without an account takes as long as one with.
func (p *Pool) decoyWrite(ctx context.Context, email string) error {
	return p.changeCounter(ctx, limit{name: "decoy"}, email, func(c *Counter) (bool, error) {
		c.Last = p.now()
		return true, nil
	})
}

// confirmed runs the hook that is called once for a user, also if the caller goes away just now.
func (p *Pool) confirmed(ctx context.Context, u User) {
	// runUserHook has logged the error; the user is confirmed all the same.
	_ = p.runUserHook(context.WithoutCancel(ctx), "PostConfirmation", p.hooks.PostConfirmation, userEvent(u, ""))
}

// ResendConfirmationCodeInput says whose sign-up waits to be confirmed.
type ResendConfirmationCodeInput struct {
	// Username is the e-mail address that was signed up with.
	Username string
}

// ResendConfirmationCode sends a new code to an address whose sign-up waits to be confirmed; earlier codes are void. The answer is the
// same for any other address, which gets nothing. The message is on its way when this returns: a failure to send it is logged. Errors:
// InvalidParameter, LimitExceeded after several messages to one address.
func (p *Pool) ResendConfirmationCode(ctx context.Context, in ResendConfirmationCodeInput) (CodeDeliveryDetails, error) {
	return p.sendCode(ctx, in.Username, MessageResendCode, purposeConfirm, func(u User) bool {
		return u.Status == StatusUnconfirmed && u.Enabled
	})
}

// sendCode sends a code for a purpose to who qualifies, and says the same to everybody.
func (p *Pool) sendCode(ctx context.Context, username string, kind MessageKind, purpose string, qualifies func(User) bool) (CodeDeliveryDetails, error) {
	email, err := canonicalEmail(username)
	if err != nil {
		return CodeDeliveryDetails{}, err
	}
	if err := p.count(ctx, limitMessage, email); err != nil {
		return CodeDeliveryDetails{}, err
	}
	for range 100 {
		u, err := p.store.UserByIdentifier(ctx, p.id, Identifier{IdentifierEmail, email})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return CodeDeliveryDetails{}, unavailable("reading a user", err)
		}
		if err != nil || !qualifies(u) {
			return emailDelivery(email), p.decoyWrite(ctx, email)
		}
		code, err := p.newCode(ctx, &u, purpose)
		if err != nil {
			return CodeDeliveryDetails{}, err
		}
		u.Modified = p.now()
		err = p.store.UpdateUser(ctx, p.id, u)
		switch {
		case err == nil:
			p.sendLater(ctx, newMessage(kind, email, u.Username, code))
			return emailDelivery(email), nil
		case errors.Is(err, ErrStale), errors.Is(err, ErrNotFound):
			continue
		}
		return CodeDeliveryDetails{}, unavailable("storing a code", err)
	}
	return CodeDeliveryDetails{}, limitExceeded(time.Second)
}

// newSecret returns 256 random bits as text.
func (p *Pool) newSecret() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(p.rand, b); err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// newUUID returns a random UUID (RFC 9562, 5.4).
func (p *Pool) newUUID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(p.rand, b[:]); err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// hashSecret is how secrets of 256 random bits are stored: they need no salt and no slow hash.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
