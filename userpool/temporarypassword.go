package userpool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
)

const (
	// temporaryAlphabet has no characters that look alike, as people copy temporary passwords from paper and screens.
	temporaryLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
	temporaryDigits  = "23456789"
	// temporarySymbols are unchanged in HTML and in addresses, and are found on every keyboard.
	temporarySymbols = "-_.!*"
	// temporaryLength gives more than 90 bits.
	temporaryLength = 16
)

// newTemporaryPassword makes a random password that the policy accepts.
func (p *Pool) newTemporaryPassword() (string, error) {
	policy := p.settings.PasswordPolicy
	alphabet := temporaryLetters + temporaryDigits
	if policy.RequireSymbols {
		alphabet += temporarySymbols
	}
	size := big.NewInt(int64(len(alphabet)))
	password := make([]byte, max(temporaryLength, policy.MinimumLength))
	// All that the policy accepts are equally likely. One in a few is refused, for want of a kind of character.
	for range 1000 {
		for i := range password {
			n, err := rand.Int(p.rand, size)
			if err != nil {
				return "", fmt.Errorf("userpool: reading random bytes: %w", err)
			}
			password[i] = alphabet[n.Int64()]
		}
		if _, err := policy.check(string(password)); err == nil {
			return string(password), nil
		}
	}
	return "", errors.New("userpool: Config.Rand is not random: no temporary password could be made of it")
}

// wantTemporaryPassword returns the temporary password that an administrator gave, if the policy and the breach service have nothing against
// it, or else a new one.
func (p *Pool) wantTemporaryPassword(ctx context.Context, given string, u User) (string, error) {
	if given == "" {
		return p.newTemporaryPassword()
	}
	password, err := p.settings.PasswordPolicy.check(given, p.passwordContext(u.Username, u.Attributes)...)
	if err != nil {
		return "", err
	}
	return password, p.checkBreach(ctx, password)
}

// setTemporaryPassword gives a user a password that must be changed at the next sign-in.
func (p *Pool) setTemporaryPassword(ctx context.Context, u *User, password string) error {
	if err := p.setPassword(ctx, u, password); err != nil {
		return err
	}
	u.PasswordExpires = p.now().Add(p.settings.PasswordPolicy.TemporaryPasswordValidity)
	u.Status = StatusForceChangePassword
	return nil
}

// copyPassword takes over the password of another copy of the user, and what belongs to it.
func (u *User) copyPassword(from User) {
	u.PasswordHash, u.SRPVerifier, u.PasswordHistory = from.PasswordHash, from.SRPVerifier, from.PasswordHistory
	u.PasswordChanged, u.PasswordExpires = from.PasswordChanged, from.PasswordExpires
	u.dropCode(purposePassword)
}
