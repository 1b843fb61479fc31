package identitypooltest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// User is somebody who signs requests: a user of the provider, a guest, or a program with an access key. It is not safe for concurrent
// use.
type User struct {
	// Subject is the user's name at the provider, "" for others.
	Subject string
	// IdentityID is the identity of users and guests.
	IdentityID string
	// Service is what requests are signed for.
	Service string

	pool   *Pool
	claims map[string]any
	logins func() map[string]string // nil for a program
	keys   identitypool.Credentials
}

// User signs a user in at the provider and returns what the user is in the pool. The claims, which may be nil, are those of each token.
// The same subject is always the same identity.
func (p *Pool) User(subject string, claims map[string]any) *User {
	p.t.Helper()
	if p.Provider == nil {
		p.fatalf("no provider of the pool is one of NewProvider: sign in by GetID and GetCredentialsForIdentity")
	}
	u := &User{Subject: subject, pool: p, Service: Service, claims: claims}
	u.logins = func() map[string]string {
		return map[string]string{p.Provider.name: p.Provider.Login(subject, u.claims)}
	}
	u.identify()
	return u
}

// Guest returns a new guest.
func (p *Pool) Guest() *User {
	p.t.Helper()
	u := &User{pool: p, Service: Service, logins: func() map[string]string { return nil }}
	u.identify()
	return u
}

// Program adds a user with a long-term access key. What is empty of user but its policies is filled in. The pool must have the source of
// users that New gives it.
func (p *Pool) Program(user identitypool.User) *User {
	p.t.Helper()
	if p.config.Users != identitypool.UserSource(p.keys) {
		p.fatalf("Config.Users was replaced: make the access key there")
	}
	p.keys.mu.Lock()
	defer p.keys.mu.Unlock()
	id := fmt.Sprintf("AKIATEST%012d", len(p.keys.users)+1)
	if user.Name == "" {
		user.Name = fmt.Sprintf("program-%d", len(p.keys.users)+1)
	}
	if user.SecretAccessKey == "" {
		user.SecretAccessKey = fmt.Sprintf("the secret access key of %s", id)
	}
	p.keys.users[id] = user
	return &User{pool: p, Service: Service, keys: identitypool.Credentials{AccessKeyID: id, SecretAccessKey: user.SecretAccessKey}}
}

// Withdraw takes the access key of a program away.
func (u *User) Withdraw() {
	u.pool.t.Helper()
	if u.logins != nil {
		u.pool.fatalf("only programs have access keys that can be withdrawn; end the credentials of others by Revoke")
	}
	u.pool.keys.mu.Lock()
	defer u.pool.keys.mu.Unlock()
	delete(u.pool.keys.users, u.keys.AccessKeyID)
}

func (u *User) identify() {
	u.pool.t.Helper()
	id, err := u.pool.GetID(context.Background(), identitypool.GetIDInput{Logins: u.logins()})
	if err != nil {
		u.pool.fatalf("%s gets no identity: %v", u, err)
	}
	u.IdentityID = id
}

// String names the user for messages.
func (u *User) String() string {
	switch {
	case u.logins == nil:
		return "the program with " + u.keys.AccessKeyID
	case u.Subject == "":
		return "the guest"
	}
	return u.Subject
}

// Credentials returns credentials that are good by the pool's clock: those that the user has, or, when these have expired, new ones by a
// new login. It ends the test if the pool gives none; a test of that calls GetCredentialsForIdentity.
func (u *User) Credentials() identitypool.Credentials {
	u.pool.t.Helper()
	if u.logins == nil || !u.keys.Expiration.IsZero() && u.pool.config.Now().Before(u.keys.Expiration) {
		return u.keys
	}
	out, err := u.pool.GetCredentialsForIdentity(context.Background(), identitypool.GetCredentialsForIdentityInput{
		IdentityID: u.IdentityID, Logins: u.logins(),
	})
	if err != nil {
		u.pool.fatalf("%s gets no credentials: %v", u, err)
	}
	u.IdentityID, u.keys = out.IdentityID, out.Credentials
	return u.keys
}

// Renew forgets the credentials, so that the next request is signed with new ones, as after a revocation or with other claims. claims, if
// not nil, are those of the logins from now on.
func (u *User) Renew(claims map[string]any) {
	u.pool.t.Helper()
	if u.logins == nil {
		u.pool.fatalf("the access key of a program does not change")
	}
	u.keys = identitypool.Credentials{}
	if claims != nil {
		u.claims = claims
	}
}

// With makes the user sign with these credentials, such as those of an assumed role, until they expire. It returns a user of its own.
func (u *User) With(c identitypool.Credentials) *User {
	other := *u
	other.keys, other.logins = c, nil
	return &other
}

// Sign signs a request by the pool's clock. It reads the body and puts it back. It takes requests that a client is about to send, and
// those of httptest.NewRequest.
func (u *User) Sign(r *http.Request) {
	u.pool.t.Helper()
	if err := u.sign(r, u.Credentials()); err != nil {
		u.pool.fatalf("the request cannot be signed: %v", err)
	}
}

func (u *User) sign(r *http.Request, c identitypool.Credentials) error {
	var body []byte
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		body, err = io.ReadAll(r.Body)
		if closed := r.Body.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	keys := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	return sigv4.Sign(r, body, keys, u.pool.region(), u.Service, u.pool.config.Now())
}
