package userpool

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Client is an application that gets tokens: an app client in Cognito's words, a client in those of OAuth 2.0.
type Client struct {
	// ID is the client_id: 1 to 128 characters of A-Z, a-z, 0-9, "_", "+" and "-".
	ID string
	// Name is shown to people; ID by default.
	Name string
	// Secrets make the client confidential: one, or two while one replaces the other, each of 24 to 256 printable ASCII characters
	// without spaces. A client without secrets is public.
	//
	// The pool does not tell them: it shows a name such as "kept:0f1e2d3c4b5a6978" for each, which [Directory.UpdateUserPool] takes for the
	// secret that it names.
	Secrets []string
	// CallbackURLs are the redirect addresses of the authorization code flow, compared exactly, byte by byte. https, or http on a
	// loopback host, or a private-use scheme with a dot in it ("com.example.app:/done", RFC 8252); no fragment, user or wildcard.
	CallbackURLs []string
	// LogoutURLs are where the browser may be sent after sign-out, with the same rules.
	LogoutURLs []string
	// Scopes are those that the client may ask for: "openid", "email", "profile", "phone", "aws.cognito.signin.user.admin". By default
	// openid, email and profile.
	Scopes []string
	// AuthFlows are the flows of InitiateAuth that the client may use; none by default. UserAuth offers ChallengePasswordSRP, and CustomAuth
	// begins with SRP, only if UserSRPAuth is among them too.
	AuthFlows []AuthFlow
	// IdentityProviders are where the users of the client may sign in, what Cognito calls SupportedIdentityProviders: names of
	// Config.Providers, and CognitoProvider for the pool itself. None means all. Without CognitoProvider nobody signs up, signs in or sets a
	// forgotten password through the client; tokens that it has can be renewed. The hosted pages offer just these to who comes from the
	// client, and a session that began elsewhere gets no authorization code.
	IdentityProviders []string
	// AuthSessionValidity is how long a challenge of InitiateAuth may be answered, and how long its one-time code lives: 3 (the default) to
	// 15 minutes.
	AuthSessionValidity time.Duration
	// RevealUserExistence answers InitiateAuth, ForgotPassword and ResendConfirmationCode with UserNotFound for an unknown user. It is what
	// Cognito calls PreventUserExistenceErrors LEGACY; by default nobody learns who has an account.
	RevealUserExistence bool
	// ReadAttributes and WriteAttributes are those that a person's access token of this client can read and write; nil means all. The
	// attributes that only the pool writes can never be written.
	ReadAttributes  []string
	WriteAttributes []string
	// AccessTokenValidity and IDTokenValidity are 5 minutes to 24 hours, 1 hour by default.
	AccessTokenValidity time.Duration
	IDTokenValidity     time.Duration
	// RefreshTokenValidity is how long a family of refresh tokens lives, whatever its use: 60 minutes to 3650 days, 30 days by default.
	RefreshTokenValidity time.Duration
	// RetryGracePeriod is how long a refresh token that was just used is honoured again, up to four times, in case the answer got lost:
	// at most 60 seconds. 0 means the default of 10 seconds, and a negative value means not at all.
	RetryGracePeriod time.Duration
	// RefreshTokenIdle ends a family of refresh tokens that was not used for so long: 5 minutes to 3650 days; 0 (the default) means never.
	RefreshTokenIdle time.Duration
	// DisableRefreshTokenRotation lets a refresh token be used again and again until it expires, for applications that cannot store a new
	// one each time. Whoever copies such a token has it as long as its owner, unnoticed: RFC 9700, 2.2.2, allows it only to confidential
	// clients, or with tokens that are bound to their sender.
	DisableRefreshTokenRotation bool
}

// Scopes that a pool grants.
const (
	ScopeOpenID  = "openid"
	ScopeEmail   = "email"
	ScopeProfile = "profile"
	ScopePhone   = "phone"
	// ScopeUserAdmin lets an access token act for its own user: read, change and delete it, change the password, and end its sessions.
	ScopeUserAdmin = "aws.cognito.signin.user.admin"
)

var (
	knownScopes     = []string{ScopeOpenID, ScopeEmail, ScopeProfile, ScopePhone, ScopeUserAdmin}
	clientIDPattern = regexp.MustCompile(`^[\w+-]{1,128}$`)
)

// CognitoProvider stands for the pool itself in Client.IdentityProviders, and in the parameter identity_provider of an authorization
// request, as in Cognito.
const CognitoProvider = "COGNITO"

// AllowsProvider reports whether the users of the client may sign in at a provider, which is named as in IdentityProviders; "" is the pool
// itself too.
func (c Client) AllowsProvider(name string) bool {
	return len(c.IdentityProviders) == 0 || slices.Contains(c.IdentityProviders, cmp.Or(name, CognitoProvider))
}

// mayUsePool refuses what only the users of the pool itself do, for a client whose users sign in elsewhere.
func (c Client) mayUsePool() error {
	if c.AllowsProvider(CognitoProvider) {
		return nil
	}
	return fail(UnauthorizedClient, "The client may not sign people in at the pool itself: add "+CognitoProvider+" to its IdentityProviders.")
}

// Confidential reports whether the client has a secret.
func (c Client) Confidential() bool { return len(c.Secrets) > 0 }

// AllowsCallback reports whether uri is, byte for byte, one of the client's callback addresses (RFC 9700, 4.1.3).
func (c Client) AllowsCallback(uri string) bool { return slices.Contains(c.CallbackURLs, uri) }

// AllowsLogout reports whether uri is, byte for byte, one of the client's addresses after sign-out.
func (c Client) AllowsLogout(uri string) bool { return slices.Contains(c.LogoutURLs, uri) }

// AllowsScopes reports whether all scopes are among those of the client.
func (c Client) AllowsScopes(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(c.Scopes, s) })
}

func (c Client) allows(flow AuthFlow) bool { return slices.Contains(c.AuthFlows, flow) }

// canRead and canWrite tell about an attribute.
func (c Client) canRead(name string) bool {
	return c.ReadAttributes == nil || slices.Contains(c.ReadAttributes, name)
}

func (c Client) canWrite(name string) bool {
	return c.WriteAttributes == nil || slices.Contains(c.WriteAttributes, name)
}

func (c Client) clone() Client {
	c.Secrets = slices.Clone(c.Secrets)
	c.CallbackURLs = slices.Clone(c.CallbackURLs)
	c.LogoutURLs = slices.Clone(c.LogoutURLs)
	c.Scopes = slices.Clone(c.Scopes)
	c.AuthFlows = slices.Clone(c.AuthFlows)
	c.IdentityProviders = slices.Clone(c.IdentityProviders)
	c.ReadAttributes = slices.Clone(c.ReadAttributes)
	c.WriteAttributes = slices.Clone(c.WriteAttributes)
	return c
}

// public returns a copy without what only the pool may know. Confidential still answers right.
func (c Client) public() Client {
	c = c.clone()
	for i, secret := range c.Secrets {
		c.Secrets[i] = standIn(secret)
	}
	return c
}

// keptSecret begins what stands for a secret.
const keptSecret = "kept:"

// standIn is what is shown in the place of a secret: a name for it that tells nothing of it. It is too short to be a secret itself.
func standIn(secret string) string {
	return keptSecret + hex.EncodeToString(hashSecret(secret)[:8])
}

// complete returns the client with defaults filled in, or what is wrong with it. s has its schema complete.
func (c Client) complete(s Settings) (Client, error) {
	c = c.clone()
	bad := func(format string, args ...any) (Client, error) {
		return c, fmt.Errorf("userpool: client %q: "+format, append([]any{c.ID}, args...)...)
	}
	if !clientIDPattern.MatchString(c.ID) {
		return bad("the ID must be 1 to 128 characters of A-Z, a-z, 0-9, _, + and -")
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	if len(c.Secrets) > 2 {
		return bad("it has %d secrets; at most two may live at a time", len(c.Secrets))
	}
	for i, secret := range c.Secrets {
		if len(secret) < 24 || len(secret) > 256 || strings.ContainsFunc(secret, func(r rune) bool { return r < '!' || r > '~' }) {
			return bad("secret %d must be 24 to 256 printable ASCII characters without spaces", i+1)
		}
	}
	for _, u := range slices.Concat(c.CallbackURLs, c.LogoutURLs) {
		if err := checkRedirect(u); err != nil {
			return bad("%v", err)
		}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{ScopeOpenID, ScopeEmail, ScopeProfile}
	}
	for _, scope := range c.Scopes {
		if !slices.Contains(knownScopes, scope) {
			return bad("scope %q is not one of %s", scope, strings.Join(knownScopes, ", "))
		}
	}
	if err := checkChoice(fmt.Sprintf("client %q: AuthFlows", c.ID), c.AuthFlows, authFlows...); err != nil {
		return c, err
	}
	for i, name := range c.IdentityProviders {
		switch {
		case !providerName.MatchString(name):
			return bad("IdentityProviders has %q; a name is %s, or 1 to 32 characters of A-Z, a-z, 0-9, _ and -", printable(name), CognitoProvider)
		case slices.Contains(c.IdentityProviders[:i], name):
			return bad("IdentityProviders has %q twice", name)
		}
	}
	for _, name := range slices.Concat(c.ReadAttributes, c.WriteAttributes) {
		if _, ok := s.attribute(name); !ok {
			return bad("ReadAttributes or WriteAttributes has %q, which is no attribute of the pool", printable(name))
		}
	}
	return c.completeTimes()
}

func (c Client) completeTimes() (Client, error) {
	var err error
	name := fmt.Sprintf("client %q: ", c.ID)
	if c.AccessTokenValidity, err = duration(name+"AccessTokenValidity", c.AccessTokenValidity, time.Hour, 5*time.Minute, day); err != nil {
		return c, err
	}
	if c.IDTokenValidity, err = duration(name+"IDTokenValidity", c.IDTokenValidity, time.Hour, 5*time.Minute, day); err != nil {
		return c, err
	}
	if c.RefreshTokenValidity, err = duration(name+"RefreshTokenValidity", c.RefreshTokenValidity, 30*day, time.Hour, 3650*day); err != nil {
		return c, err
	}
	if c.AuthSessionValidity, err = duration(name+"AuthSessionValidity", c.AuthSessionValidity, 3*time.Minute, 3*time.Minute, 15*time.Minute); err != nil {
		return c, err
	}
	if c.RefreshTokenIdle, err = duration(name+"RefreshTokenIdle", c.RefreshTokenIdle, 0, 5*time.Minute, 3650*day); err != nil {
		return c, err
	}
	if c.RetryGracePeriod < 0 {
		c.RetryGracePeriod = -1
		return c, nil
	}
	c.RetryGracePeriod, err = duration(name+"RetryGracePeriod", c.RetryGracePeriod, 10*time.Second, 0, time.Minute)
	return c, err
}

// checkRedirect refuses a redirect address that could be bent to another place (RFC 9700, 4.1; RFC 8252, 7).
func checkRedirect(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > 1024 || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' || r == '*' }):
		return fmt.Errorf("redirect address %q is not a plain absolute URL of at most 1024 printable ASCII characters without wildcard", raw)
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return fmt.Errorf("redirect address %q has a fragment", raw)
	case u.User != nil:
		return fmt.Errorf("redirect address %q has a user name", raw)
	case u.Scheme == "https" && u.Host != "":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("redirect address %q is not https; http is allowed just on a loopback host", raw)
	case strings.Contains(u.Scheme, "."):
		return nil
	}
	return fmt.Errorf("redirect address %q is neither https nor a private-use scheme such as com.example.app:/done", raw)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
