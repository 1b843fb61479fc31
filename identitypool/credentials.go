package identitypool

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"io"
	"log/slog"
	"time"
)

// GetCredentialsForIdentityInput is what GetCredentialsForIdentity takes.
type GetCredentialsForIdentityInput struct {
	// IdentityID is what GetID returned.
	IdentityID string
	// Logins maps the name of a provider to a token of it; none for a guest.
	Logins map[string]string
	// Duration is how long the credentials last: from 15 minutes to the MaxDuration of the role, in whole seconds. The default is 1 hour,
	// or MaxDuration if that is less.
	Duration time.Duration
}

// Credentials are the temporary credentials of a role. SecretAccessKey and SessionToken are secrets of their owner.
type Credentials struct {
	AccessKeyID     string // "ASIA" and 16 capitals and digits
	SecretAccessKey string // 40 characters
	SessionToken    string
	Expiration      time.Time // to the second, UTC
}

// LogValue keeps the secrets out of logs.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("AccessKeyID", c.AccessKeyID), slog.Time("Expiration", c.Expiration))
}

// String keeps the secrets out of messages.
func (c Credentials) String() string {
	return "credentials of " + c.AccessKeyID + " until " + c.Expiration.Format(time.RFC3339)
}

// GetCredentialsForIdentity returns credentials of the role for the identity: of the AuthenticatedRole with a login that is the
// identity's, of the UnauthenticatedRole without logins.
//
// It returns ResourceNotFound for an unknown identity, NotAuthorized if the login is not valid or not the identity's, if the identity has
// a login and none was given, or if guests are not allowed, InvalidParameter for input that is malformed or not supported,
// ExternalService if the provider could not be asked, and InternalError if the store failed or the verifier panicked.
func (p *Pool) GetCredentialsForIdentity(ctx context.Context, in GetCredentialsForIdentityInput) (Credentials, error) {
	if match := poolID.FindStringSubmatch(in.IdentityID); match == nil || len(in.IdentityID) > maxPoolID {
		return Credentials{}, fail(InvalidParameter, "The identity identifier is not of the form region:uuid.")
	}
	login, err := p.verifyLogins(ctx, in.Logins)
	if err != nil {
		return Credentials{}, err
	}
	identity, err := p.identityFor(ctx, in.IdentityID, login)
	if err != nil {
		return Credentials{}, err
	}
	role, amr := p.authenticated, []string{"authenticated"}
	if login == nil {
		if !p.guests {
			return Credentials{}, noGuests()
		}
		role, amr = p.guest, []string{"unauthenticated"}
	} else {
		amr = append(amr, login.Provider)
	}
	duration, err := role.duration(in.Duration)
	if err != nil {
		return Credentials{}, err
	}
	return p.issue(identity.ID, role, amr, duration)
}

// duration decides how long credentials last that were asked for so long.
func (r *role) duration(asked time.Duration) (time.Duration, error) {
	if asked == 0 {
		return min(defaultDuration, r.maxDuration), nil
	}
	if asked < minDuration || asked > r.maxDuration || asked%time.Second != 0 {
		return 0, fail(InvalidParameter, "The duration must be between %s and %s, in whole seconds.", minDuration, r.maxDuration)
	}
	return asked, nil
}

// issue makes credentials and seals them into their session token.
func (p *Pool) issue(identityID string, r *role, amr []string, duration time.Duration) (Credentials, error) {
	var random [40]byte // 10 bytes make the 16 characters of the key's name, 30 the 40 of the secret
	if _, err := io.ReadFull(p.random, random[:]); err != nil {
		return Credentials{}, internal("read random bytes", err)
	}
	issued := p.now().UTC().Truncate(time.Second)
	c := Credentials{
		AccessKeyID:     "ASIA" + base32.StdEncoding.EncodeToString(random[:10]),
		SecretAccessKey: base64.StdEncoding.EncodeToString(random[10:]),
		Expiration:      issued.Add(duration),
	}
	token, err := p.seal.seal(session{
		IdentityID: identityID, AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, Role: r.name, AMR: amr,
		Issued: issued.Unix(), Expires: c.Expiration.Unix(),
	}, p.random)
	if err != nil {
		return Credentials{}, internal("seal a session token", err)
	}
	c.SessionToken = token
	return c, nil
}
