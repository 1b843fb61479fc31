package userpool

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Settings say how the pool behaves. The zero value is a safe pool in which people sign up with their e-mail address.
type Settings struct {
	// PasswordPolicy says which passwords may be set. The zero value follows NIST SP 800-63B-4: at least 15 characters, no rules of
	// composition. See also CognitoPasswordPolicy.
	PasswordPolicy PasswordPolicy
	// AllowAdminCreateUserOnly refuses to make users, by sign-up or by a first sign-in at another provider: only those who exist can sign
	// in.
	AllowAdminCreateUserOnly bool
	// Clients are the app clients, which get tokens. A program that only uses the sessions of the hosted pages needs none.
	Clients []Client
	// SigningAlgorithm signs new tokens: "RS256" (the default, which every verifier knows), "ES256" or "EdDSA". After a change, Run
	// makes a key of the new kind as soon as the newest is a day old.
	SigningAlgorithm string
	// KeyRotation is the age at which Run replaces the signing key: 90 days by default, at least a day.
	KeyRotation time.Duration
	// BrowserSessionValidity is how long a sign-in at the hosted pages lasts: 12 hours by default, 5 minutes to 30 days.
	BrowserSessionValidity time.Duration
}

// Client is an application that gets tokens: an app client in Cognito's words, a client in those of OAuth 2.0.
type Client struct {
	// ID is the client_id: 1 to 128 characters of A-Z, a-z, 0-9, "_", "+" and "-".
	ID string
	// Name is shown to people; ID by default.
	Name string
	// Secrets make the client confidential: one, or two while one replaces the other, each of 24 to 256 printable ASCII characters
	// without spaces. A client without secrets is public.
	Secrets []string
	// CallbackURLs are the redirect addresses of the authorization code flow, compared exactly, byte by byte. https, or http on a
	// loopback host, or a private-use scheme with a dot in it ("com.example.app:/done", RFC 8252); no fragment, user or wildcard.
	CallbackURLs []string
	// LogoutURLs are where the browser may be sent after sign-out, with the same rules.
	LogoutURLs []string
	// Scopes are those that the client may ask for: "openid", "email", "profile", "phone", "aws.cognito.signin.user.admin". By default
	// openid, email and profile.
	Scopes []string
	// AuthFlows are the flows of InitiateAuth that the client may use; none by default.
	AuthFlows []AuthFlow
	// AccessTokenValidity and IDTokenValidity are 5 minutes to 24 hours, 1 hour by default.
	AccessTokenValidity time.Duration
	IDTokenValidity     time.Duration
	// RefreshTokenValidity is how long a family of refresh tokens lives, whatever its use: 60 minutes to 3650 days, 30 days by default.
	RefreshTokenValidity time.Duration
	// RetryGracePeriod is how long a refresh token that was just used is honoured again, up to four times, in case the answer got lost:
	// at most 60 seconds. 0 means the default of 10 seconds, and a negative value means not at all.
	RetryGracePeriod time.Duration
}

// Scopes that a pool grants.
const (
	ScopeOpenID  = "openid"
	ScopeEmail   = "email"
	ScopeProfile = "profile"
	ScopePhone   = "phone"
	// ScopeUserAdmin lets an access token read and delete its own user, and sign the user out everywhere.
	ScopeUserAdmin = "aws.cognito.signin.user.admin"
)

var (
	knownScopes     = []string{ScopeOpenID, ScopeEmail, ScopeProfile, ScopePhone, ScopeUserAdmin}
	clientIDPattern = regexp.MustCompile(`^[\w+-]{1,128}$`)
)

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

func (c Client) clone() Client {
	c.Secrets = slices.Clone(c.Secrets)
	c.CallbackURLs = slices.Clone(c.CallbackURLs)
	c.LogoutURLs = slices.Clone(c.LogoutURLs)
	c.Scopes = slices.Clone(c.Scopes)
	c.AuthFlows = slices.Clone(c.AuthFlows)
	return c
}

// public returns a copy without what only the pool may know. Confidential still answers right.
func (c Client) public() Client {
	c = c.clone()
	for i := range c.Secrets {
		c.Secrets[i] = ""
	}
	return c
}

// complete returns the settings with defaults filled in, or what is wrong with them.
func (s Settings) complete() (Settings, error) {
	var err error
	if s.PasswordPolicy, err = s.PasswordPolicy.complete(); err != nil {
		return s, err
	}
	switch s.SigningAlgorithm {
	case "":
		s.SigningAlgorithm = "RS256"
	case "RS256", "ES256", "EdDSA":
	default:
		return s, fmt.Errorf("userpool: Settings.SigningAlgorithm %q is not one of RS256, ES256, EdDSA", s.SigningAlgorithm)
	}
	if s.KeyRotation, err = duration("Settings.KeyRotation", s.KeyRotation, 90*day, day, 3650*day); err != nil {
		return s, err
	}
	if s.BrowserSessionValidity, err = duration("Settings.BrowserSessionValidity", s.BrowserSessionValidity, 12*time.Hour, 5*time.Minute, 30*day); err != nil {
		return s, err
	}
	s.Clients = slices.Clone(s.Clients)
	seen := map[string]bool{}
	for i, c := range s.Clients {
		if s.Clients[i], err = c.complete(); err != nil {
			return s, err
		}
		if seen[c.ID] {
			return s, fmt.Errorf("userpool: two clients have the ID %q", c.ID)
		}
		seen[c.ID] = true
	}
	return s, nil
}

const day = 24 * time.Hour

func duration(name string, d, standard, least, most time.Duration) (time.Duration, error) {
	if d == 0 {
		return standard, nil
	}
	if d < least || d > most {
		return 0, fmt.Errorf("userpool: %s is %v; it must be from %v to %v", name, d, least, most)
	}
	return d, nil
}

func (c Client) complete() (Client, error) {
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
	for _, flow := range c.AuthFlows {
		if flow != UserPasswordAuth {
			return bad("flow %q is not supported; %s is", flow, UserPasswordAuth)
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
