package userpool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

const (
	// maxPasskeys is how many passkeys a user can have, as in Cognito.
	maxPasskeys = 20
	// registrationValidity is how long a person may take to make a passkey.
	registrationValidity = 5 * time.Minute

	recordRegistration = "webauthn-registration"
)

func webAuthnNotEnabled() error {
	return fail(WebAuthnNotEnabled, "Passkeys cannot be used here.")
}

// passkeyIdentifier finds the user of a credential: no two users have one with the same ID.
func passkeyIdentifier(credentialID []byte) Identifier {
	sum := sha256.Sum256(credentialID)
	return Identifier{IdentifierPasskey, hex.EncodeToString(sum[:])}
}

func (p *Pool) passkeyUser(u User) PasskeyUser {
	name := u.Username
	for _, attribute := range addressAttributes {
		if name == u.Sub && u.Attributes[attribute] != "" {
			name = u.Attributes[attribute]
		}
	}
	display := u.Attributes["name"]
	if display == "" {
		display = name
	}
	return PasskeyUser{Handle: []byte(u.Sub), Name: name, DisplayName: display, Passkeys: u.Passkeys}
}

// askWebAuthn makes the options for the browser. A name that nobody has, and a user without a passkey, get one that does not exist: always
// the same for a name.
func (p *Pool) askWebAuthn(ctx context.Context, s *signIn) (string, error) {
	if p.webAuthn == nil {
		return "", webAuthnNotEnabled()
	}
	allowed := s.user.Passkeys
	sub, err := p.publicSub(ctx, s)
	if err != nil {
		return "", err
	}
	mac, err := p.mac(ctx, "passkey", sub)
	if err != nil {
		return "", err
	}
	switch {
	case s.Name == Identifier{}: // nobody was named: the authenticator tells
		allowed = nil
	case len(allowed) == 0:
		allowed = []Passkey{{ID: mac, Transports: []string{"internal", "hybrid"}}}
	}
	options, pending, err := contain2(func() ([]byte, []byte, error) {
		return p.webAuthn.BeginAuthentication(ctx, allowed, p.settings.PasskeyUserVerification || s.ACR == ACRPhishingResistant)
	})
	if err != nil {
		return "", fmt.Errorf("userpool: beginning a sign-in with a passkey: %w", err)
	}
	s.WebAuthn = pending
	return string(options), nil
}

// answerWebAuthn answers the challenge WEB_AUTHN.
func (p *Pool) answerWebAuthn(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if p.webAuthn == nil {
		return nil, webAuthnNotEnabled()
	}
	id, _, err := contain2(func() ([]byte, []byte, error) { return p.webAuthn.Credential([]byte(r.Credential)) })
	if err != nil {
		p.log.InfoContext(ctx, "userpool: an answer to a passkey challenge cannot be read", "pool", p.id, "error", err)
		return nil, failField(InvalidParameter, "credential", "The answer of the browser cannot be read.")
	}
	u, err := p.store.UserByIdentifier(ctx, p.id, passkeyIdentifier(id))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, unavailable("reading a user", err)
	}
	known := err == nil && u.outside() == ""
	if s.Name == (Identifier{}) && known {
		s.Name = Identifier{identifySub, u.Sub}
		s.Subject, s.Sub, s.Epoch, s.user = u.Sub, u.Sub, u.Epoch, u
	}
	if s.Subject == "" {
		s.Subject = "passkey " + hex.EncodeToString(id[:min(len(id), 32)])
	}
	if err := p.countProof(ctx, s); err != nil {
		return nil, err
	}
	if err := p.preAuthentication(ctx, s); err != nil {
		return nil, err
	}
	if !known || u.Sub != s.Sub {
		return nil, p.notAuthorized()
	}
	signed, err := contain(func() (Passkey, error) {
		return p.webAuthn.FinishAuthentication(ctx, p.passkeyUser(u), s.WebAuthn, []byte(r.Credential))
	})
	if err != nil {
		p.log.WarnContext(ctx, "userpool: a passkey did not prove its user", "pool", p.id, "sub", u.Sub, "error", err)
		return nil, p.notAuthorized()
	}
	if err := p.passkeyUsed(ctx, s, signed); err != nil {
		return nil, err
	}
	s.proved(p.now(), amrOf(signed)...)
	s.MFADone = s.MFADone || signed.UserVerified
	return p.advance(ctx, s)
}

// amrOf are the methods that a passkey stands for: a key that cannot leave its device, or one that is synchronized; the presence of a
// person; and, where the authenticator verified who it is, two factors.
func amrOf(k Passkey) []string {
	amr := []string{amrKey, amrUser}
	if k.BackupEligible {
		amr[0] = amrSoftwareKey
	}
	if k.UserVerified {
		amr = append(amr, amrMFA)
	}
	return amr
}

// passkeyUsed notes the use of a passkey. A signature counter that does not grow is that of a copy, or of an answer that was used.
func (p *Pool) passkeyUsed(ctx context.Context, s *signIn, signed Passkey) error {
	return p.changeSignIn(ctx, s, func(u *User) error {
		i := slices.IndexFunc(u.Passkeys, func(k Passkey) bool { return bytes.Equal(k.ID, signed.ID) })
		if i < 0 || u.Passkeys[i].SignCount >= signed.SignCount && signed.SignCount != 0 {
			return p.notAuthorized()
		}
		k := &u.Passkeys[i]
		k.SignCount, k.BackedUp, k.UserVerified, k.LastUsed = signed.SignCount, signed.BackedUp, signed.UserVerified, p.now()
		return nil
	})
}

// pendingRegistration is a passkey that is being made, sealed in a record.
type pendingRegistration struct {
	Pending []byte
	Expires time.Time
}

// StartWebAuthnRegistration returns the options for navigator.credentials.create, in their JSON form, for the user of an access token or
// browser session. They are good for five minutes, and for the last call of a session. Adding a passkey needs a sign-in of the last 10
// minutes. Errors: NotAuthorized, InsufficientScope, LoginRequired, WebAuthnNotEnabled, LimitExceeded if the user has 20 passkeys,
// UnsupportedUserState for a user who signs in at another provider only.
func (p *Pool) StartWebAuthnRegistration(ctx context.Context, token string) (credentialCreationOptions string, err error) {
	c, err := p.recentCaller(ctx, token)
	if err != nil {
		return "", err
	}
	if err := p.mayAddPasskey(c.user); err != nil {
		return "", err
	}
	options, pending, err := contain2(func() ([]byte, []byte, error) { return p.webAuthn.BeginRegistration(ctx, p.passkeyUser(c.user)) })
	if err != nil {
		return "", fmt.Errorf("userpool: beginning to register a passkey: %w", err)
	}
	raw, err := json.Marshal(pendingRegistration{Pending: pending, Expires: p.now().Add(registrationValidity)})
	if err != nil {
		return "", fmt.Errorf("userpool: keeping a registration: %w", err)
	}
	r := Record{Kind: recordRegistration, Key: c.session.ID, Owner: c.user.Sub}
	if r.Data, err = p.seal(ctx, raw, recordRegistration+"/"+r.Key); err != nil {
		return "", err
	}
	err = p.changeRecord(ctx, r.Kind, r.Key, func(there *Record) (bool, error) {
		there.Owner, there.Data = r.Owner, r.Data
		return true, nil
	})
	if errors.Is(err, ErrNotFound) {
		return "", signedOut()
	}
	return string(options), err
}

func (p *Pool) mayAddPasskey(u User) error {
	switch {
	case p.webAuthn == nil:
		return webAuthnNotEnabled()
	case u.Status == StatusExternalProvider:
		return fail(UnsupportedUserState, "You sign in at another provider, and can use no passkey here.")
	case len(u.Passkeys) >= maxPasskeys:
		return fail(LimitExceeded, "You have 20 passkeys already. Please delete one that you no longer use.")
	}
	return nil
}

// CompleteWebAuthnRegistrationInput is a new passkey.
type CompleteWebAuthnRegistrationInput struct {
	// AccessToken is the access token or browser session that StartWebAuthnRegistration was called with.
	AccessToken string
	// Credential is the RegistrationResponseJSON of the browser.
	Credential string
	// Name is what the user calls the passkey: at most 100 characters; empty is allowed.
	Name        string
	UserContext UserContextData
}

// CompleteWebAuthnRegistration verifies a new passkey and adds it to the user. Exactly one of several calls with one answer succeeds. The
// user gets a message. Errors: those of StartWebAuthnRegistration; WebAuthnChallengeNotFound if no registration was begun, or too long ago;
// InvalidParameter for an answer that does not verify, or a passkey that somebody has already.
func (p *Pool) CompleteWebAuthnRegistration(ctx context.Context, in CompleteWebAuthnRegistrationInput) error {
	c, err := p.recentCaller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	err = p.completeRegistration(ctx, c, in)
	p.audit(ctx, c.eventAbout(EventFactorChange, "CompleteWebAuthnRegistration", "factor", "passkey"), in.UserContext, err)
	if err == nil {
		p.notify(ctx, outgoing{kind: MessageFactorChanged, what: message.PasskeyAdded, user: c.user, context: in.UserContext})
	}
	return err
}

func (p *Pool) completeRegistration(ctx context.Context, c caller, in CompleteWebAuthnRegistrationInput) error {
	if err := p.mayAddPasskey(c.user); err != nil {
		return err
	}
	if err := checkText("name", in.Name); err != nil || len([]rune(in.Name)) > 100 {
		return failField(InvalidParameter, "name", "The name of a passkey has at most 100 characters, and no control characters.")
	}
	pending, err := p.takeRegistration(ctx, c)
	if err != nil {
		return err
	}
	k, err := contain(func() (Passkey, error) {
		return p.webAuthn.FinishRegistration(ctx, p.passkeyUser(c.user), pending, []byte(in.Credential))
	})
	if err != nil {
		p.log.WarnContext(ctx, "userpool: a new passkey did not verify", "pool", p.id, "sub", c.user.Sub, "error", err)
		return failField(InvalidParameter, "credential", "The new passkey could not be verified. Please try again.")
	}
	k.Name, k.Created, k.LastUsed = in.Name, p.now(), time.Time{}
	_, err = p.changeUser(ctx, c.user.Sub, func(u *User) error {
		if err := p.mayAddPasskey(*u); err != nil {
			return err
		}
		u.Passkeys = append(u.Passkeys, k)
		u.Identifiers = append(u.Identifiers, passkeyIdentifier(k.ID))
		return nil
	})
	if errors.Is(err, AliasExists) || errors.Is(err, ServiceUnavailable) && errors.Is(err, ErrInvalid) {
		return failField(InvalidParameter, "credential", "This passkey is registered already.")
	}
	return err
}

// takeRegistration uses up the registration that a session has begun.
func (p *Pool) takeRegistration(ctx context.Context, c caller) ([]byte, error) {
	none := fail(WebAuthnChallengeNotFound, "There is no passkey to be added here, or it took too long. Please begin again.")
	r, err := p.store.Record(ctx, p.id, recordRegistration, c.session.ID)
	if errors.Is(err, ErrNotFound) || err == nil && r.Owner != c.user.Sub {
		return nil, none
	}
	if err != nil {
		return nil, unavailable("reading a record", err)
	}
	switch err := p.store.DeleteRecord(ctx, p.id, recordRegistration, c.session.ID); {
	case errors.Is(err, ErrNotFound):
		return nil, none
	case err != nil:
		return nil, unavailable("deleting a record", err)
	}
	raw, err := p.unseal(ctx, r.Data, recordRegistration+"/"+r.Key)
	if err != nil {
		return nil, err
	}
	var pending pendingRegistration
	if err := json.Unmarshal(raw, &pending); err != nil {
		return nil, fmt.Errorf("userpool: a kept registration is damaged: %w", err)
	}
	if !p.now().Before(pending.Expires) {
		return nil, none
	}
	return pending.Pending, nil
}

// ListWebAuthnCredentials returns the passkeys of the user of an access token or browser session, without their public keys. Errors:
// NotAuthorized, InsufficientScope.
func (p *Pool) ListWebAuthnCredentials(ctx context.Context, token string) ([]Passkey, error) {
	c, err := p.caller(ctx, token)
	if err != nil {
		return nil, err
	}
	out := c.user.Clone().Passkeys
	for i := range out {
		out[i].PublicKey = nil
	}
	return out, nil
}

// DeleteWebAuthnCredentialInput names a passkey.
type DeleteWebAuthnCredentialInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
	// CredentialID is Passkey.ID.
	CredentialID []byte
	UserContext  UserContextData
}

// DeleteWebAuthnCredential deletes a passkey of the user, who gets a message. It needs a sign-in of the last 10 minutes. The last passkey of
// a user who has no other way to sign in stays. Errors: NotAuthorized, InsufficientScope, LoginRequired, ResourceNotFound,
// UnsupportedUserState for the last way to sign in.
func (p *Pool) DeleteWebAuthnCredential(ctx context.Context, in DeleteWebAuthnCredentialInput) error {
	c, err := p.recentCaller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	_, err = p.changeUser(ctx, c.user.Sub, func(u *User) error {
		i := slices.IndexFunc(u.Passkeys, func(k Passkey) bool { return bytes.Equal(k.ID, in.CredentialID) })
		if i < 0 {
			return fail(ResourceNotFound, "There is no such passkey.")
		}
		u.Passkeys = slices.Delete(u.Passkeys, i, i+1)
		u.Identifiers = slices.DeleteFunc(u.Identifiers, func(id Identifier) bool { return id == passkeyIdentifier(in.CredentialID) })
		if !p.canSignIn(*u) {
			return fail(UnsupportedUserState, "This passkey is your only way to sign in. Set a password or add another passkey first.")
		}
		return nil
	})
	p.audit(ctx, c.eventAbout(EventFactorChange, "DeleteWebAuthnCredential", "factor", "passkey"), in.UserContext, err)
	if err == nil {
		p.notify(ctx, outgoing{kind: MessageFactorChanged, what: message.PasskeyRemoved, user: c.user, context: in.UserContext})
	}
	return err
}

// canSignIn tells whether a user has a first factor that the settings allow, or another provider.
func (p *Pool) canSignIn(u User) bool {
	if u.PasswordHash != "" || p.signsInElsewhere(u) {
		return true
	}
	return slices.ContainsFunc(p.settings.FirstFactors, u.has)
}
