package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Revocation tells whether an access token that has not expired was revoked, because its user signed out, was disabled or was
// deleted. A user pool is one.
type Revocation interface {
	// Revoked is called for every bearer token, after its signature and claims were found good. The claims are a copy. An error
	// means that it is not known: the request is refused with 503. Revoked must be safe for concurrent use.
	Revoked(ctx context.Context, claims map[string]any) (bool, error)
}

// Config configures a [Guard]. At least Issuer with Keys, or Session, is required.
type Config struct {
	// Issuer is the exact claim iss of the bearer tokens, such as "https://auth.example.com/pool". Every byte counts: no slash
	// is added or forgiven. Without Issuer and Keys no bearer token is accepted.
	Issuer string
	// Keys finds the keys that verify signatures of Issuer: a user pool of the same program, [RemoteKeys] or [StaticKeys].
	// Required with Issuer, and the other way round.
	Keys KeySource
	// ClientIDs are the app clients whose tokens are accepted (claim client_id). Empty means every client of Issuer.
	ClientIDs []string
	// Audience is the resource identifier of this API (RFC 8707), which the claim aud of every bearer token must name. Empty
	// means that this API has none: then a token that is meant for some audience is refused (RFC 7519 section 4.1.3).
	Audience string
	// Revocation is asked about every bearer token. Nil means that signature and times alone decide: a token of a user who
	// signed out or was disabled is good until it expires, by default an hour after it was issued.
	Revocation Revocation

	// Session finds out who is signed in with this browser. Nil means that only bearer tokens are accepted.
	Session Authenticator
	// CrossOrigin decides which requests with a browser session come from another site. Nil means a zero
	// [http.CrossOriginProtection]: no other origin is trusted. Its deny handler is not used.
	CrossOrigin *http.CrossOriginProtection

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Logger receives refusals at level Debug, and what needs an operator (503 and 500) at level Error. No token and no cookie
	// is logged. Nil means slog.Default() at the time of use.
	Logger *slog.Logger
}

// Guard lets requests through to a handler when it knows who the caller is. Make one with [New]; a zero Guard refuses everything.
// It is immutable and safe for concurrent use.
type Guard struct {
	issuer      string
	keys        KeySource
	clientIDs   []string
	audience    string
	revocation  Revocation
	session     Authenticator
	crossOrigin *http.CrossOriginProtection
	now         func() time.Time
	log         *slog.Logger

	// scopes are all needed; of each of groups one is needed.
	scopes []string
	groups [][]string
	// scopeList is scopes as WWW-Authenticate names them.
	scopeList string
}

// New validates the configuration and returns a Guard that asks for no particular scope or group. It fetches nothing and starts
// no goroutine.
func New(config Config) (*Guard, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	g := &Guard{
		issuer:      config.Issuer,
		keys:        config.Keys,
		clientIDs:   slices.Clone(config.ClientIDs),
		audience:    config.Audience,
		revocation:  config.Revocation,
		session:     config.Session,
		crossOrigin: config.CrossOrigin,
		now:         config.Now,
		log:         config.Logger,
	}
	if g.crossOrigin == nil {
		g.crossOrigin = http.NewCrossOriginProtection()
	}
	if g.now == nil {
		g.now = time.Now
	}
	return g, nil
}

// validate refuses a configuration that would let nobody in, or of which a part would have no effect.
func (config *Config) validate() error {
	switch {
	case config.Issuer != "" && config.Keys == nil:
		return errors.New("middleware: Config.Issuer is set without Config.Keys: give the keys of that issuer")
	case config.Issuer == "" && config.Keys != nil:
		return errors.New("middleware: Config.Keys is set without Config.Issuer: name the issuer of those keys")
	case config.Keys == nil && config.Session == nil:
		return errors.New("middleware: Config accepts nobody: set Issuer and Keys, or Session")
	case config.Keys == nil && (len(config.ClientIDs) > 0 || config.Audience != "" || config.Revocation != nil):
		return errors.New("middleware: Config.ClientIDs, Audience and Revocation concern bearer tokens: set Issuer and Keys too")
	case config.Session == nil && config.CrossOrigin != nil:
		return errors.New("middleware: Config.CrossOrigin concerns browser sessions: set Session too")
	case !quotable(config.Issuer):
		return fmt.Errorf("middleware: Config.Issuer %q is not a URL: it has a space, a quote, a backslash, or a character outside ASCII", config.Issuer)
	case slices.Contains(config.ClientIDs, ""):
		return errors.New("middleware: Config.ClientIDs has an empty client ID")
	}
	return nil
}

// quotable reports whether s can stand in a quoted-string of WWW-Authenticate as it is, and has no space: the characters of a
// scope-token (RFC 6749 section 3.3), which include all of a URL.
func quotable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// RequireScope returns a Guard that lets callers through who have all of the scopes, besides all that g asks for. Others, and
// every browser session without a claim scope, are answered 403. Nobody has a scope whose name is not one, such as a name with
// a space in it.
func (g *Guard) RequireScope(scopes ...string) *Guard {
	narrow := *g
	narrow.scopes = slices.Concat(g.scopes, scopes)
	named := slices.DeleteFunc(slices.Clone(narrow.scopes), func(s string) bool { return s == "" || !quotable(s) })
	narrow.scopeList = strings.Join(named, " ")
	return &narrow
}

// RequireGroup returns a Guard that lets callers through who are in at least one of the groups, besides all that g asks for: of
// two RequireGroup in a row, each asks for one of its groups. Others are answered 403. With no groups nobody gets through.
func (g *Guard) RequireGroup(groups ...string) *Guard {
	narrow := *g
	narrow.groups = append(slices.Clip(slices.Clone(g.groups)), slices.Clone(groups))
	return &narrow
}

// Check finds out who the caller is and whether they may pass, and answers nothing. It is for a handler that answers in its own
// form, that serves guests too, or that lasts: call it again with the same request to learn whether the token has expired or
// was revoked meanwhile.
//
// An Authorization header decides alone; without one, Config.Session is asked. The error is an [*Error].
func (g *Guard) Check(r *http.Request) (Claims, error) {
	claims, refused := g.judge(r)
	if refused != nil {
		return nil, refused
	}
	return claims, nil
}

// judge is Check with the type of its error. Nothing of it panics, and the reason of a refusal is logged.
func (g *Guard) judge(r *http.Request) (claims Claims, refused *Error) {
	defer func() {
		if v := recover(); v != nil {
			claims, refused = nil, g.panicked(v)
		}
	}()
	claims, refused = g.authenticate(r)
	if refused != nil {
		g.logRefusal(r, refused)
	}
	return claims, refused
}

// authenticate asks the one source of credentials that counts, and compares what the caller has with what the guard asks for.
func (g *Guard) authenticate(r *http.Request) (Claims, *Error) {
	bearer := len(r.Header.Values("Authorization")) > 0
	authenticate := g.authenticateSession
	if bearer {
		authenticate = g.authenticateBearer
	}
	claims, refused := authenticate(r)
	if refused != nil {
		return nil, refused
	}
	if missing := g.missing(claims); missing != "" {
		refused := g.fail(missing, nil)
		if !bearer {
			// The challenge is about access tokens: a browser session has none to exchange for a better one.
			refused.WWWAuthenticate = ""
		}
		return nil, refused
	}
	return claims, nil
}

// missing returns the Code for what the claims lack, or "".
func (g *Guard) missing(claims Claims) Code {
	for _, scope := range g.scopes {
		if !claims.HasScope(scope) {
			return InsufficientScope
		}
	}
	for _, anyOf := range g.groups {
		if !slices.ContainsFunc(anyOf, claims.HasGroup) {
			return MissingGroup
		}
	}
	return ""
}
