package userpool

import (
	"context"
	"crypto/hmac"
	"slices"
	"time"
)

// beginPassword is the flow USER_PASSWORD_AUTH.
func (p *Pool) beginPassword(ctx context.Context, s *signIn, in InitiateAuthInput) (*AuthOutcome, error) {
	a, err := p.account(ctx, in.Username)
	if err != nil {
		return nil, err
	}
	s.of(a)
	return p.provePassword(ctx, s, a, in.Password)
}

// answerPassword answers the challenge PASSWORD.
func (p *Pool) answerPassword(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	return p.provePassword(ctx, s, account{id: s.Name, user: s.user, found: s.Account != ""}, r.Password)
}

// provePassword is the one place where a password is compared. It hashes once for everybody: also for a user who is not there, is disabled,
// or has no password.
func (p *Pool) provePassword(ctx context.Context, s *signIn, a account, typed string) (*AuthOutcome, error) {
	password, err := normalPassword(typed)
	if err != nil {
		return nil, err
	}
	if err := p.countProof(ctx, s); err != nil {
		return nil, err
	}
	if err := p.preAuthentication(ctx, s); err != nil {
		return nil, err
	}
	right, rehash, err := p.hasher.verify(ctx, a.user.PasswordHash, password)
	if err != nil {
		return nil, err
	}
	switch {
	case !a.found, !right && a.user.Status == StatusUnconfirmed:
		u, err := p.migrateUser(ctx, s, password)
		if err != nil {
			return nil, err
		}
		if u.Sub == "" && a.found {
			return nil, p.notAuthorized()
		}
		if u.Sub == "" {
			return nil, p.unknownUser(s)
		}
		s.of(account{id: s.Name, user: u, found: true})
	case !right, s.user.Sub == "":
		return nil, p.notAuthorized()
	case rehash || p.settings.srp() && len(a.user.SRPVerifier) == 0:
		p.upgradePassword(ctx, s, password)
	}
	if err := p.checkBreachAtSignIn(ctx, s, password); err != nil {
		return nil, err
	}
	s.proved(p.now(), amrPassword)
	return p.advance(ctx, s)
}

// unknownUser is the answer to a name that nobody has: the same as to a wrong password, unless the client reveals it.
func (p *Pool) unknownUser(s *signIn) error {
	if s.client.RevealUserExistence {
		return userNotFound()
	}
	return p.notAuthorized()
}

// upgradePassword stores a password that was just proved in the present form: an imported hash, or one of an earlier cost, is replaced, and
// a verifier for SRP is made. A failure is logged; the next sign-in tries again.
func (p *Pool) upgradePassword(ctx context.Context, s *signIn, password string) {
	fresh := s.user.Clone()
	if err := p.hashPassword(ctx, &fresh, password); err != nil {
		p.logFailure(ctx, "a password could not be hashed anew", err)
		return
	}
	old := s.user.PasswordHash
	err := p.changeSignIn(ctx, s, func(u *User) error {
		if hmac.Equal([]byte(u.PasswordHash), []byte(old)) {
			u.PasswordHash, u.SRPVerifier = fresh.PasswordHash, fresh.SRPVerifier
		}
		return nil
	})
	p.logFailure(ctx, "a password could not be stored anew", err)
}

// hashPassword puts a password into a user: its hash, and a verifier where the pool keeps them.
func (p *Pool) hashPassword(ctx context.Context, u *User, password string) error {
	hash, err := p.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	u.PasswordHash = hash
	u.SRPVerifier, err = p.newSRPVerifier(ctx, *u, password)
	return err
}

// setPassword gives a user a new password that the policy has accepted; temporary ones have PasswordExpires set after it.
func (p *Pool) setPassword(ctx context.Context, u *User, password string) error {
	before := u.PasswordHash
	if err := p.hashPassword(ctx, u, password); err != nil {
		return err
	}
	if before != "" && p.settings.PasswordPolicy.HistorySize > 1 {
		u.PasswordHistory = append([]string{before}, u.PasswordHistory...)
		u.PasswordHistory = u.PasswordHistory[:min(len(u.PasswordHistory), p.settings.PasswordPolicy.HistorySize-1)]
	}
	u.PasswordChanged, u.PasswordExpires = p.now(), time.Time{}
	return nil
}

// passwordContext are words that a password must not consist of.
func (p *Pool) passwordContext(username string, attributes map[string]string) []string {
	words := []string{username, p.settings.Name}
	for _, name := range []string{"email", "name", "given_name", "family_name", "nickname", "preferred_username", "phone_number"} {
		if attributes[name] != "" {
			words = append(words, attributes[name])
		}
	}
	return words
}

// askNewPassword tells what a temporary password must be replaced with.
func (p *Pool) askNewPassword(s *signIn, c *Challenge) {
	c.UserAttributes = s.user.public().Attributes
	for _, name := range p.settings.RequiredAttributes {
		if s.user.Attributes[name] == "" {
			c.RequiredAttributes = append(c.RequiredAttributes, name)
		}
	}
}

// answerNewPassword answers the challenge NEW_PASSWORD_REQUIRED.
func (p *Pool) answerNewPassword(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	given, err := p.givenAttributes(s, r)
	if err != nil {
		return nil, p.again(ctx, s, err)
	}
	for name, value := range given {
		// An address would have to be verified first: see UpdateUserAttributes.
		fixed := slices.Contains(p.settings.RequiredAttributes, name) || name == "email" || name == "phone_number"
		if old := s.user.Attributes[name]; old != "" && old != value && fixed {
			return nil, p.again(ctx, s, failField(InvalidParameter, name, "The %s cannot be changed here.", attributeLabel(name)))
		}
	}
	if err := p.settings.checkMutable(s.user, given); err != nil {
		return nil, p.again(ctx, s, err)
	}
	fresh := s.user.Clone()
	p.applyAttributes(&fresh, given)
	if err := p.settings.checkRequired(fresh.Attributes); err != nil {
		return nil, p.again(ctx, s, err)
	}
	password, err := p.checkNewPassword(ctx, fresh, r.NewPassword)
	if err == nil {
		err = p.setPassword(ctx, &fresh, password)
	}
	if err != nil {
		return nil, p.again(ctx, s, err)
	}
	err = p.changeSignIn(ctx, s, func(u *User) error {
		if u.Status != StatusForceChangePassword {
			return invalidSession()
		}
		p.applyAttributes(u, given)
		u.copyPassword(fresh)
		u.Status = StatusConfirmed
		var err error
		u.Identifiers, err = p.settings.identifiers(*u)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.audit(ctx, AuditEvent{Type: EventPasswordChange, Operation: s.operation(), Sub: s.user.Sub, ClientID: s.ClientID}, s.Context, nil)
	s.PasswordSet = true
	s.proved(p.now(), amrPassword)
	return p.advance(ctx, s)
}

// givenAttributes returns the attributes of a response, if the client may write them.
func (p *Pool) givenAttributes(s *signIn, r ChallengeResponse) (map[string]string, error) {
	var may func(string) bool
	if s.ClientID != "" {
		may = s.client.canWrite
	}
	return p.settings.checkAttributes(r.UserAttributes, writtenByUser, may)
}

// applyAttributes sets checked attributes: an empty value deletes, and a new address is not verified.
func (p *Pool) applyAttributes(u *User, given map[string]string) {
	if u.Attributes == nil {
		u.Attributes = map[string]string{}
	}
	for name, value := range given {
		if (name == "email" || name == "phone_number") && value != u.Attributes[name] {
			u.Attributes[verifiedAttribute(name)] = "false"
			if value == "" {
				delete(u.Attributes, verifiedAttribute(name))
			}
		}
		if value == "" {
			delete(u.Attributes, name)
			continue
		}
		u.Attributes[name] = value
	}
}

// checkNewPassword returns a password as it will be hashed, if the policy, the history of the user and the breach service have nothing
// against it.
func (p *Pool) checkNewPassword(ctx context.Context, u User, typed string) (string, error) {
	password, err := p.settings.PasswordPolicy.check(typed, p.passwordContext(u.Username, u.Attributes)...)
	if err != nil {
		return "", err
	}
	if err := p.checkHistory(ctx, u, password); err != nil {
		return "", err
	}
	return password, p.checkBreach(ctx, password)
}

// checkHistory refuses a password that the user has, or had lately. Who must choose a new one cannot keep the old one in any case.
func (p *Pool) checkHistory(ctx context.Context, u User, password string) error {
	size := p.settings.PasswordPolicy.HistorySize
	if u.Status == StatusForceChangePassword || u.Status == StatusResetRequired {
		size = max(size, 1)
	}
	for i, hash := range append([]string{u.PasswordHash}, u.PasswordHistory...) {
		if hash == "" || i >= size {
			continue
		}
		same, _, err := p.hasher.verify(ctx, hash, password)
		if err != nil {
			return err
		}
		if same {
			return failField(PasswordHistoryPolicyViolation, "password", "You have used this password before. Please choose another.")
		}
	}
	return nil
}
