package identitypool

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// Caller is whose credentials signed a verified request.
type Caller struct {
	// ARN is that of the session, "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION", or of the user.
	ARN string
	// UserID is that of the user, or of the role with ":" and the name of the session behind it. All identities that have a role by
	// GetCredentialsForIdentity share it: tell them apart by IdentityID.
	UserID string
	// Account is the account number, 12 digits.
	Account string
	// PoolID is the ID of the pool.
	PoolID string
	// IdentityID is the identity of a user or guest of the pool, "" for others.
	IdentityID string
	// AMR tells how an identity was authenticated, as Cognito's tokens do: "authenticated", the name of the provider and more about it, or
	// "unauthenticated" for a guest. Nil for others.
	AMR []string
	// RoleARN is the role of the credentials, "" for a user's own.
	RoleARN string
	// UserName is the user whose access key it is, "" for sessions of a role.
	UserName string
	// Tags are the principal tags, by their keys.
	Tags map[string]string
	// SourceIdentity is who was behind the first of the sessions, "" if it was not said.
	SourceIdentity string
	// AccessKeyID is the access key of the credentials, for audits.
	AccessKeyID string
	// Issued and Expires are when the credentials were issued and end; zero for a user's own.
	Issued, Expires time.Time
	// MFA tells that a second factor was verified when the credentials were issued.
	MFA bool

	session *session // nil for a user's own access key
	user    *user    // of a user's access key or session
}

// Guest reports whether the caller is a guest: an identity without a login. A zero Caller is one.
func (c Caller) Guest() bool { return c.ARN == "" || slices.Contains(c.AMR, unauthenticated) }

// unauthenticated is the amr of guests.
const unauthenticated = "unauthenticated"

// Claims returns the caller as a token's claims would, a new map each time: sub (the identity, or UserID of those that have none), aud
// (the pool), arn, account, and where there is one amr ([]string), role_arn, username, iat and exp (json.Number, seconds since 1970).
func (c Caller) Claims() map[string]any {
	claims := map[string]any{"sub": c.IdentityID, "aud": c.PoolID, "arn": c.ARN, "account": c.Account}
	if c.IdentityID == "" {
		claims["sub"] = c.UserID
	}
	if c.AMR != nil {
		claims["amr"] = slices.Clone(c.AMR)
	}
	for name, value := range map[string]string{"role_arn": c.RoleARN, "username": c.UserName} {
		if value != "" {
			claims[name] = value
		}
	}
	for name, value := range map[string]time.Time{"iat": c.Issued, "exp": c.Expires} {
		if !value.IsZero() {
			claims[name] = json.Number(strconv.FormatInt(value.Unix(), 10))
		}
	}
	return claims
}

// principal is the caller as policies of resources name it.
func (c *Caller) principal() policy.Principal {
	return policy.Principal{ARN: c.ARN, RoleARN: c.RoleARN, Account: c.Account}
}

// FromContext returns who calls, inside a handler behind [Authorizer.Handler] or [Authorizer.Routes]. ok is false elsewhere.
func FromContext(ctx context.Context) (caller Caller, ok bool) {
	a := admissionFrom(ctx)
	if a == nil {
		return Caller{}, false
	}
	return *a.caller, true
}
