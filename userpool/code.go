package userpool

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Purposes of a OneTimeCode. Those that verify an attribute have its name at their end.
const (
	purposeConfirm  = "confirm-sign-up"
	purposePassword = "forgot-password"
	purposeSignIn   = "sign-in"
	purposeVerify   = "verify "
)

const (
	// codeValidity follows NIST SP 800-63B-4 and OWASP ASVS 6.5.5; Cognito's 24 hours and 1 hour are longer than a code of 6 digits bears.
	codeValidity = 10 * time.Minute
	// codeTries is how many wrong answers end a code.
	codeTries = 5
)

// newCode makes a code of 6 digits and puts it, hashed, in the place of the last for this purpose. The code is worth something only as long
// as target, the address that it is sent to, is the one that useCode is told.
func (p *Pool) newCode(ctx context.Context, u *User, purpose, target string, validity time.Duration) (string, error) {
	n, err := rand.Int(p.rand, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	code := fmt.Sprintf("%06d", n)
	hash, err := p.mac(ctx, "code", purpose, u.Sub, target, code)
	if err != nil {
		return "", err
	}
	u.dropCode(purpose)
	u.Codes = append(u.Codes, OneTimeCode{Purpose: purpose, Hash: hash, Expires: p.now().Add(validity)})
	return code, nil
}

func (u *User) dropCode(purpose string) {
	u.Codes = slices.DeleteFunc(u.Codes, func(c OneTimeCode) bool { return c.Purpose == purpose })
}

func (u *User) hasCode(purpose string) bool {
	return slices.ContainsFunc(u.Codes, func(c OneTimeCode) bool { return c.Purpose == purpose })
}

// wantCode refuses what cannot be a code, before anything is counted.
func wantCode(code string) (string, error) {
	code = strings.Trim(code, " ")
	switch {
	case code == "":
		return "", failField(InvalidParameter, "code", "Enter the code from the message.")
	case len(code) != 6 || strings.ContainsFunc(code, func(r rune) bool { return r < '0' || r > '9' }):
		return "", failField(CodeMismatch, "code", "The code has six digits. Please look at the message again.")
	}
	return code, nil
}

// useCode lets a user prove a code and, in the same write, lets change do what the code allows. A wrong code is counted. Of several
// callers with the right code at once, exactly one succeeds. target is the address that the code must have been sent to, or "" if a second
// condition of the code, such as the user's state, does not hold. An error of change refuses what the code would allow, and leaves the code.
func (p *Pool) useCode(ctx context.Context, u User, purpose, code string, target func(User) string, change func(*User) error) error {
	for range 100 {
		i := slices.IndexFunc(u.Codes, func(c OneTimeCode) bool { return c.Purpose == purpose })
		if i < 0 {
			return codeMismatch()
		}
		to := target(u)
		hash, err := p.mac(ctx, "code", purpose, u.Sub, to, code)
		if err != nil {
			return err
		}
		right := hmac.Equal(hash, u.Codes[i].Hash) && to != ""
		dead := !p.now().Before(u.Codes[i].Expires) || u.Codes[i].Tries >= codeTries
		switch {
		case right && dead:
			return failField(ExpiredCode, "code", "This code is no longer valid. Please ask for a new one.")
		case right:
			u.dropCode(purpose)
			if err := change(&u); err != nil {
				return err
			}
		default: // written for a dead code too, so that it takes as long as for a user who has none
			u.Codes[i].Tries++
		}
		u.Modified = p.now()
		switch err := p.store.UpdateUser(ctx, p.id, u); {
		case err == nil && right:
			return nil
		case err == nil:
			return codeMismatch()
		case errors.Is(err, ErrNotFound):
			return codeMismatch()
		case errors.Is(err, ErrExists):
			return aliasExists()
		case !errors.Is(err, ErrStale):
			return unavailable("using a code", err)
		}
		if u, err = p.store.User(ctx, p.id, u.Sub); errors.Is(err, ErrNotFound) {
			return codeMismatch()
		} else if err != nil {
			return unavailable("reading a user", err)
		}
	}
	return limitExceeded(time.Second)
}

// codeMismatch is the answer to a wrong code, to one that was used, and for a user who is not there or has no code: they must not be told
// apart. Only who shows the right code learns that it is too old.
func codeMismatch() error {
	return failField(CodeMismatch, "code", "This code is not right, or was used already. Please look at the newest message, or ask for a new code.")
}

// aliasExists is told to who has proved that the address is theirs, or who chose a name.
func aliasExists() error {
	return fail(AliasExists, "Another account has this address or name already.")
}
