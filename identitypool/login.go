package identitypool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"strings"
	"unicode/utf8"
)

// LoginVerifier turns the token of a provider into claims. It must check that the token is the provider's, is meant for this application
// and has not expired: the pool believes the claim "sub", a string of 1 to 255 bytes that is never given to another account.
//
// An error refuses the login; its text is logged, without what it quotes of the token, and never shown. An error means that the provider
// could not be asked if it wraps ExternalService, a [net.Error], context.DeadlineExceeded, or an error whose method Temporary() bool
// returns true: the answer is then ExternalService, so that clients keep their tokens and try again. A panic is logged, without its value
// unless the runtime made it, and becomes InternalError. VerifyLogin must be safe for concurrent use.
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

// verifyLogins returns the login that the tokens prove, or nil if there are none.
func (p *Pool) verifyLogins(ctx context.Context, logins map[string]string) (*Login, error) {
	switch {
	case len(logins) == 0:
		return nil, nil
	case len(logins) > maxLogins:
		return nil, fail(InvalidParameter, "There are %d logins; at most %d are allowed.", len(logins), maxLogins)
	case len(logins) > 1:
		return nil, fail(InvalidParameter, "Several logins in one call are not supported; send one.")
	}
	var login *Login
	for provider, token := range logins {
		subject, err := p.verifyLogin(ctx, provider, token)
		if err != nil {
			return nil, err
		}
		login = &Login{Provider: provider, Subject: subject}
	}
	return login, nil
}

func (p *Pool) verifyLogin(ctx context.Context, provider, token string) (string, error) {
	verifier, ok := p.logins[provider]
	switch {
	case !ok:
		return "", fail(NotAuthorized, "Token is not from a supported provider of this identity pool.")
	case token == "" || len(token) > maxToken:
		return "", fail(InvalidParameter, "A login token must have 1 to %d characters.", maxToken)
	}
	claims, err := p.callVerifier(ctx, verifier, token)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return "", internal("verify a login", ctx.Err())
	case errors.Is(err, errPanicked):
		return "", internal("verify a login", err)
	case couldNotAsk(err):
		p.logger.ErrorContext(ctx, "identitypool: provider could not be asked", "provider", provider, "error", withoutToken(err, token))
		return "", &Error{Code: ExternalService, Message: "The identity provider could not be asked. Please try again.", cause: err}
	default:
		p.logger.InfoContext(ctx, "identitypool: login refused", "provider", provider, "error", withoutToken(err, token))
		return "", &Error{Code: NotAuthorized, Message: "Invalid login token.", cause: err}
	}
	subject, ok := claims["sub"].(string)
	if !ok || subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) || strings.IndexByte(subject, 0) >= 0 {
		p.logger.WarnContext(ctx, "identitypool: login without a usable claim sub", "provider", provider)
		return "", fail(NotAuthorized, "Invalid login token.")
	}
	return subject, nil
}

var errPanicked = errors.New("identitypool: the login verifier panicked")

// callVerifier keeps a panic of the application's code from becoming one of ours. The value of the panic may hold the token.
func (p *Pool) callVerifier(ctx context.Context, verifier LoginVerifier, token string) (claims map[string]any, err error) {
	defer func() {
		if v := recover(); v != nil {
			what := fmt.Sprintf("%T", v)
			if e, ok := v.(runtime.Error); ok {
				what = e.Error()
			}
			p.logger.ErrorContext(ctx, "identitypool: a LoginVerifier panicked", "panic", what, "stack", string(debug.Stack()))
			claims, err = nil, errPanicked
		}
	}()
	return verifier.VerifyLogin(ctx, token)
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
