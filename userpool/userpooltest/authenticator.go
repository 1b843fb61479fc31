package userpooltest

import (
	"context"
	"net/url"

	"github.com/descope/virtualwebauthn"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

// Authenticator is a browser with an authenticator that makes passkeys and signs with them, at the Issuer of the pool. It is not safe for
// concurrent use.
type Authenticator struct {
	// NotVerified makes it an authenticator that asks for no finger and no PIN. By default the person is verified.
	NotVerified bool

	pool  *Pool
	party virtualwebauthn.RelyingParty
	held  []held
}

// held is a passkey on the authenticator, with the user whom it belongs to.
type held struct {
	credential virtualwebauthn.Credential
	handle     []byte
}

// NewAuthenticator returns an authenticator without passkeys. The pool must allow passkeys: New then gives it what verifies them, for the
// host of its Issuer.
func (p *Pool) NewAuthenticator() *Authenticator {
	p.t.Helper()
	issuer, err := url.Parse(p.config.Issuer)
	if err != nil || p.config.WebAuthn == nil {
		p.fatalf("the pool has no passkeys: add userpool.ChallengeWebAuthn to Settings.FirstFactors")
	}
	return &Authenticator{pool: p, party: virtualwebauthn.RelyingParty{
		ID: issuer.Hostname(), Name: issuer.Hostname(), Origin: issuer.Scheme + "://" + issuer.Host,
	}}
}

// allowPasskeys gives a pool that allows passkeys what verifies them.
func (p *Pool) allowPasskeys(c *userpool.Config) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil || c.WebAuthn != nil {
		return
	}
	for _, factor := range c.Settings.FirstFactors {
		if factor == userpool.ChallengeWebAuthn {
			party, err := passkey.New(passkey.Config{
				RPID: issuer.Hostname(), RPName: issuer.Hostname(), Origins: []string{issuer.Scheme + "://" + issuer.Host}, Now: c.Now,
			})
			if err != nil {
				p.fatalf("there can be no passkeys at %s: %v", c.Issuer, err)
			}
			c.WebAuthn = party
		}
	}
}

func (a *Authenticator) authenticator(handle []byte) virtualwebauthn.Authenticator {
	return virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{
		UserHandle: handle, UserNotVerified: a.NotVerified, BackupEligible: true, BackupState: true,
	})
}

// Create is navigator.credentials.create: it takes what Pool.StartWebAuthnRegistration returned, makes a passkey, and returns the
// RegistrationResponseJSON.
func (a *Authenticator) Create(options string) string {
	a.pool.t.Helper()
	create, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		a.pool.fatalf("these are no options for a new passkey: %v", err)
	}
	k := held{credential: newCredential(), handle: []byte(create.UserID)}
	a.held = append(a.held, k)
	return virtualwebauthn.CreateAttestationResponse(a.party, a.authenticator(k.handle), k.credential, *create)
}

// newCredential returns an ES256 passkey. The library leaves out leading zeros of coordinates, which is wrong (RFC 9053, 7.1.1), so a key
// without any is made.
func newCredential() virtualwebauthn.Credential {
	for {
		c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		const whole = 77 // bytes of a COSE_Key of P-256 with two coordinates of 32 bytes
		if len(c.Key.AttestationData()) == whole {
			return c
		}
	}
}

// Get is navigator.credentials.get: it takes Challenge.CredentialRequestOptions, signs with the newest passkey that they allow, and returns the
// AuthenticationResponseJSON. It ends the test if there is none.
func (a *Authenticator) Get(options string) string {
	a.pool.t.Helper()
	get, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		a.pool.fatalf("these are no options for a passkey: %v", err)
	}
	for i := len(a.held) - 1; i >= 0; i-- {
		k := &a.held[i]
		if len(get.AllowCredentials) == 0 || k.credential.IsAllowedForAssertion(*get) {
			k.credential.Counter++
			return virtualwebauthn.CreateAssertionResponse(a.party, a.authenticator(k.handle), k.credential, *get)
		}
	}
	a.pool.fatalf("the authenticator has no passkey that is allowed here")
	return ""
}

// AddPasskey makes a passkey on the authenticator and registers it for the user, who signs in with it where that is asked for.
func (u *User) AddPasskey(a *Authenticator) {
	u.pool.t.Helper()
	session := u.BrowserSession()
	options, err := u.pool.StartWebAuthnRegistration(context.Background(), session)
	if err == nil {
		err = u.pool.CompleteWebAuthnRegistration(context.Background(), userpool.CompleteWebAuthnRegistrationInput{
			AccessToken: session, Credential: a.Create(options),
		})
	}
	if err != nil {
		u.pool.fatalf("%s cannot add a passkey: %v", u.Username, err)
	}
	u.authenticator = a
}
