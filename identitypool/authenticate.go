package identitypool

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// keyPrefix begins the condition keys of an identity pool.
const keyPrefix = "cognito-identity.amazonaws.com"

// Caller is who signed a verified request.
type Caller struct {
	// IdentityID is what GetID returned.
	IdentityID string
	// PoolID is the ID of the pool.
	PoolID string
	// AMR tells how the caller was authenticated, as Cognito's tokens do: "authenticated" and the name of the provider, or
	// "unauthenticated" for a guest.
	AMR []string
	// RoleARN is the role of the credentials.
	RoleARN string
	// AccessKeyID is the access key of the credentials, for audits.
	AccessKeyID string
	// Issued and Expires are when the credentials were made and end, to the second, UTC.
	Issued, Expires time.Time

	role *role
}

// Guest reports whether the caller is a guest: an identity without a login. A zero Caller is one.
func (c Caller) Guest() bool { return !slices.Contains(c.AMR, "authenticated") }

// Claims returns the caller as a token's claims would: sub (the identity), aud (the pool), amr ([]string), role_arn, iat and exp
// (json.Number, seconds since 1970).
func (c Caller) Claims() map[string]any {
	return map[string]any{
		"sub": c.IdentityID, "aud": c.PoolID, "amr": slices.Clone(c.AMR), "role_arn": c.RoleARN,
		"iat": number(c.Issued), "exp": number(c.Expires),
	}
}

func number(t time.Time) json.Number { return json.Number(strconv.FormatInt(t.Unix(), 10)) }

// Authenticate verifies the signature and session token of a request and returns the claims of the caller, see [Caller.Claims]. It reads
// the body, up to Config.MaxBody, and puts it back. A request without a signature is an error, MissingAuthenticationToken: the claims are
// never nil without an error.
//
// The other errors are IncompleteSignature, InvalidSignature, ExpiredToken, RequestEntityTooLarge, InvalidParameter (the body broke off)
// and NotAuthorized (the credentials are good, but the pool no longer has the provider, the role or the guests that they were issued
// for).
func (p *Pool) Authenticate(r *http.Request) (map[string]any, error) {
	caller, err := p.authenticate(r)
	if err != nil {
		return nil, err
	}
	return caller.Claims(), nil
}

func (p *Pool) authenticate(r *http.Request) (Caller, error) {
	signed, err := p.verifier.Verify(r)
	if err != nil {
		return Caller{}, signatureError(err)
	}
	return p.caller(signed)
}

// secretOf finds the secret of an access key in the session token. Nothing about the session is believed but that this pool sealed it; the
// rest is judged when the signature has proved that the sender has the secret.
func (p *Pool) secretOf(_ context.Context, accessKeyID, sessionToken string) (string, bool, error) {
	session, ok := p.seal.open(sessionToken)
	if !ok || subtle.ConstantTimeCompare([]byte(session.AccessKeyID), []byte(accessKeyID)) != 1 {
		return "", false, nil
	}
	return session.SecretAccessKey, true, nil
}

// caller judges the session of a request whose signature was right.
func (p *Pool) caller(signed sigv4.Signed) (Caller, error) {
	session, ok := p.seal.open(signed.SessionToken)
	if !ok {
		return Caller{}, fail(InvalidSignature, "The session token is not valid.")
	}
	expires := time.Unix(session.Expires, 0).UTC()
	if !p.now().Before(expires) {
		return Caller{}, fail(ExpiredToken, "The security token included in the request is expired.")
	}
	c := Caller{
		IdentityID: session.IdentityID, PoolID: p.id, AMR: session.AMR, AccessKeyID: session.AccessKeyID,
		Issued: time.Unix(session.Issued, 0).UTC(), Expires: expires,
	}
	if c.Guest() {
		if c.role = p.guest; !p.guests {
			return Caller{}, noGuests()
		}
	} else {
		c.role = p.authenticated
		if _, offered := p.logins[session.AMR[len(session.AMR)-1]]; !offered {
			return Caller{}, fail(NotAuthorized, "The provider of this login is no longer supported by this identity pool.")
		}
	}
	if c.role == nil || c.role.name != session.Role {
		return Caller{}, fail(NotAuthorized, "The role of these credentials is no longer offered by this identity pool.")
	}
	c.RoleARN = c.role.arn
	return c, nil
}
