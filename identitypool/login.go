package identitypool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/jose"
)

// LoginVerifier turns the token of a provider into claims. It must check that the token is the provider's, is meant for this application
// and has not expired: the pool believes the claim "sub", a string of 1 to 255 bytes that is never given to another account.
//
// An error refuses the login; its text is logged, without what it quotes of the token, and never shown. An error that wraps ExpiredToken
// says that the token was good once: the client then learns that it needs a new one. An error means that the provider could not be asked
// if it wraps ExternalService, a [net.Error], context.DeadlineExceeded, or an error whose method Temporary() bool returns true: the answer
// is then ExternalService, so that clients keep their tokens and try again. A panic is logged, without its value unless the runtime made
// it, and becomes InternalError. VerifyLogin must be safe for concurrent use.
type LoginVerifier interface {
	VerifyLogin(ctx context.Context, token string) (claims map[string]any, err error)
}

// LoginFunc makes a [LoginVerifier] of a function, such as the VerifyIDToken of a user pool.
type LoginFunc func(ctx context.Context, token string) (map[string]any, error)

// VerifyLogin calls the function.
func (f LoginFunc) VerifyLogin(ctx context.Context, token string) (map[string]any, error) {
	return f(ctx, token)
}

const (
	maxLogins  = 10
	maxToken   = 50_000
	maxSubject = 255
)

// verified is a login that a token proves.
type verified struct {
	Login
	Claims        map[string]any    // of the provider's token; nil for a user of the developer's backend
	provider      *provider         // nil for a user of the developer's backend
	developerTags map[string]string // principal tags that the backend gave
	// identity is the one that a token of the pool itself names, and amr what it says of the login; "" and nil for others.
	identity string
	amr      []string
}

// verifyLogins returns the logins that the tokens prove, ordered by the keys of the map, or an error if any of them does not. With take, a
// token that can be used once is used up; see [SingleUseVerifier].
func (p *Pool) verifyLogins(ctx context.Context, logins map[string]string, take bool) ([]verified, error) {
	if len(logins) > maxLogins {
		return nil, fail(InvalidParameter, "There are %d logins; at most %d are allowed.", len(logins), maxLogins)
	}
	names := slices.Sorted(maps.Keys(logins))
	for _, name := range names { // before any token is used up
		_, known := p.providers[name]
		switch token := logins[name]; {
		case !known && (name != keyPrefix || p.developer == ""):
			return nil, fail(NotAuthorized, "Token is not from a supported provider of this identity pool.")
		case token == "" || len(token) > maxToken:
			return nil, fail(InvalidParameter, "A login token must have 1 to %d characters.", maxToken)
		}
	}
	var out []verified
	for _, name := range names {
		verify := p.verifyLogin
		if name == keyPrefix {
			verify = p.verifyDeveloperToken
		}
		login, err := verify(ctx, name, logins[name], take)
		if err != nil {
			return nil, err
		}
		out = append(out, login)
	}
	return out, nil
}

// verifyLogin verifies the token of a provider.
func (p *Pool) verifyLogin(ctx context.Context, name, token string, take bool) (verified, error) {
	from := p.providers[name]
	claims, err := p.claimsOf(ctx, from, token, take)
	if err != nil {
		return verified{}, p.loginRefused(ctx, name, token, err)
	}
	subject, ok := claims["sub"].(string)
	if !ok || !validSubject(subject) {
		p.logger.WarnContext(ctx, "identitypool: login without a usable claim sub", "provider", name)
		return verified{}, fail(NotAuthorized, "Invalid login token.")
	}
	if err := p.checkRevoked(ctx, from, token, claims); err != nil {
		return verified{}, err
	}
	return verified{Login: Login{Provider: name, Subject: subject}, Claims: claims, provider: from}, nil
}

// validSubject reports whether a subject can be kept.
func validSubject(subject string) bool {
	return subject != "" && len(subject) <= maxSubject && utf8.ValidString(subject) && strings.IndexByte(subject, 0) < 0
}

// loginRefused tells what the error of a verifier means to the client.
func (p *Pool) loginRefused(ctx context.Context, name, token string, err error) error {
	var ours *Error
	switch {
	case ctx.Err() != nil:
		return internal("verify a login", ctx.Err())
	case errors.Is(err, errPanicked):
		return internal("verify a login", err)
	case errors.As(err, &ours) && ours.Code == InternalError:
		return ours
	case couldNotAsk(err):
		p.logger.ErrorContext(ctx, "identitypool: provider could not be asked", "provider", name, "error", withoutToken(err, token))
		return &Error{Code: ExternalService, Message: "The identity provider could not be asked. Please try again.", cause: err}
	}
	p.logger.InfoContext(ctx, "identitypool: login refused", "provider", name, "error", withoutToken(err, token))
	message := "Invalid login token."
	if errors.Is(err, ExpiredToken) || errors.Is(err, jose.ErrExpired) {
		message += " Token expired: get a new one from the provider."
	}
	return &Error{Code: NotAuthorized, Message: message, cause: err}
}

// checkRevoked asks the provider whether it has taken the token back.
func (p *Pool) checkRevoked(ctx context.Context, from *provider, token string, claims map[string]any) error {
	if from.revocation == nil {
		return nil
	}
	var revoked bool
	err := p.guarded(ctx, "Revoked", func() (err error) {
		revoked, err = from.revocation.Revoked(ctx, maps.Clone(claims))
		return err
	})
	switch {
	case err == nil && !revoked:
		return nil
	case err == nil:
		p.logger.InfoContext(ctx, "identitypool: login refused: the token was revoked", "provider", from.name)
		return &Error{Code: NotAuthorized, Message: "Invalid login token. The provider has revoked it.", cause: errLoginRevoked}
	case ctx.Err() != nil:
		return internal("ask whether a login was revoked", ctx.Err())
	case errors.Is(err, errPanicked):
		return internal("ask whether a login was revoked", err)
	}
	p.logger.ErrorContext(ctx, "identitypool: provider could not be asked", "provider", from.name, "error", withoutToken(err, token))
	return &Error{Code: ExternalService, Message: "The identity provider could not be asked. Please try again.", cause: err}
}

// errLoginRevoked is a login that its provider has taken back.
var errLoginRevoked = errors.New("identitypool: the provider has revoked the login")

var errPanicked = errors.New("identitypool: the login verifier panicked")

// guarded keeps a panic of the application's code from becoming one of ours. The value of the panic may hold the token.
func (p *Pool) guarded(ctx context.Context, what string, call func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			kind := fmt.Sprintf("%T", v)
			if e, ok := v.(runtime.Error); ok {
				kind = e.Error()
			}
			p.logger.ErrorContext(ctx, "identitypool: "+what+" of a provider panicked", "panic", kind, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return call()
}

// couldNotAsk reports whether the error of a LoginVerifier says nothing about the token.
func couldNotAsk(err error) bool {
	var network net.Error
	var temporary interface{ Temporary() bool }
	return errors.Is(err, ExternalService) || errors.As(err, &network) || errors.As(err, &temporary) && temporary.Temporary()
}

// withoutToken returns the text of the error without the token, and without each part of a token that has three.
func withoutToken(err error, token string) string {
	const short = 8 // what is shorter would hit ordinary words
	text := err.Error()
	for _, secret := range append([]string{token}, strings.Split(token, ".")...) {
		if len(secret) >= short {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}

// amrOf tells how an identity with these logins was authenticated, as Cognito's tokens do: whether it was, and for each login the provider
// and the account at it. Without logins it is a guest's.
func amrOf(logins []verified) []string {
	if len(logins) == 0 {
		return []string{"unauthenticated"}
	}
	out := []string{"authenticated"}
	for _, login := range logins {
		of := login.amr
		if of == nil {
			of = []string{login.Provider, login.account()}
		}
		for _, value := range of {
			if !slices.Contains(out, value) {
				out = append(out, value)
			}
		}
	}
	return out
}

// account names the account of a login at its provider.
func (v *verified) account() string {
	if strings.HasPrefix(v.Provider, "cognito-idp.") && strings.Contains(v.Provider, ".amazonaws.com/") {
		return v.Provider + ":CognitoSignIn:" + v.Subject
	}
	if audience := v.audience(); audience != "" {
		return v.Provider + ":" + audience + ":" + v.Subject
	}
	return v.Provider + ":" + v.Subject
}

// audience returns the application that the token is for: the one of aud, or the azp of several.
func (v *verified) audience() string {
	switch aud := v.Claims["aud"].(type) {
	case string:
		return aud
	case []any:
		if len(aud) == 1 {
			only, _ := aud[0].(string)
			return only
		}
	case []string:
		if len(aud) == 1 {
			return aud[0]
		}
	}
	azp, _ := v.Claims["azp"].(string)
	return azp
}
