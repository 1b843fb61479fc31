package userpool

import (
	"context"
	"crypto/hmac"
	"slices"

	"github.com/stepwell/stepwell/userpool/internal/recoverycode"
)

// recoveryCodes is how many there are in a set.
const recoveryCodes = 10

// GenerateRecoveryCodes returns ten codes for the user of an access token with the scope aws.cognito.signin.user.admin. Each stands in once
// for a second factor that is lost, at any challenge that wants its code. They cannot be read again: the person prints or writes them down.
// Codes of an earlier set are void. The user gets a message. GetUserAuthFactors tells how many are left.
//
// A code looks like "7KQF-93ZW-M0XD-4RTA": 16 digits and capital letters without I, L, O and U. What the person types may have spaces, or
// no hyphens, or small letters, and O for 0 or I and L for 1.
//
// Errors: NotAuthorized, InsufficientScope; MFAMethodNotFound for a user without a second factor; LoginRequired if the last sign-in is more
// than 10 minutes ago; InsufficientAuthentication if it did without the authenticator app that the user had.
func (p *Pool) GenerateRecoveryCodes(ctx context.Context, accessToken string) ([]string, error) {
	c, err := p.caller(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	codes, err := recoverycode.New(p.rand, recoveryCodes)
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(codes))
	for i, code := range codes {
		if hashes[i], err = p.recoveryHash(ctx, c.user.Sub, code); err != nil {
			return nil, err
		}
	}
	_, err = p.changeUser(ctx, c.user.Sub, func(u *User) error {
		if factors, _ := p.secondFactors(*u); len(factors) == 0 {
			return mfaMethodNotFound("Set up a second factor first: recovery codes stand in for it.")
		}
		if err := c.strongSince(*u, p.now()); err != nil {
			return err
		}
		u.RecoveryCodes = hashes
		return nil
	})
	p.factorChanged(ctx, factorChange{operation: "GenerateRecoveryCodes", what: "new recovery codes", user: c.user, clientID: c.client.ID}, err)
	if err != nil {
		return nil, err
	}
	return codes, nil
}

func (p *Pool) recoveryHash(ctx context.Context, sub, code string) ([]byte, error) {
	return p.mac(ctx, "recovery-code", sub, code)
}

// recoveryCode tells whether what was typed is a recovery code, and returns it as it was generated.
func recoveryCode(typed string) (string, bool) { return recoverycode.Normalize(typed) }

// useRecoveryCode uses up a recovery code. Of several callers at once, one succeeds.
func (p *Pool) useRecoveryCode(ctx context.Context, s *signIn, code string) error {
	hash, err := p.recoveryHash(ctx, s.user.Sub, code)
	if err != nil {
		return err
	}
	err = p.changeSignIn(ctx, s, func(u *User) error {
		i := slices.IndexFunc(u.RecoveryCodes, func(h []byte) bool { return hmac.Equal(h, hash) })
		if i < 0 {
			return failField(CodeMismatch, "code", "This recovery code is not right, or was used already.")
		}
		u.RecoveryCodes = slices.Delete(u.RecoveryCodes, i, i+1)
		return nil
	})
	p.factorChanged(ctx, factorChange{
		operation: "RespondToAuthChallenge", what: "used a recovery code", user: s.user, clientID: s.ClientID, context: s.Context,
	}, err)
	return err
}
