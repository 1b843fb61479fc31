package identitypool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// LoginVerifier turns the token of a provider into claims. It must check that the token is the provider's, is meant for this application
// and has not expired: the pool believes the claim "sub", a string of 1 to 255 bytes that is never given to another account.
//
// An error refuses the login; its text is logged and never shown. An error that is ExternalService says that the provider could not be
// asked. VerifyLogin is called from many goroutines, with a context that ends with the request; a panic in it refuses the login.
type LoginVerifier interface {
	VerifyLogin(ctx context.Context, token string) (claims map[string]any, err error)
}

// LoginFunc makes a LoginVerifier of a function, such as the VerifyIDToken of a user pool.
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
	claims, err := callVerifier(ctx, verifier, token)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return "", internal("verify a login", ctx.Err())
	case errors.Is(err, ExternalService):
		return "", &Error{Code: ExternalService, Message: "The identity provider could not be asked. Please try again.", cause: err}
	default:
		p.logger.InfoContext(ctx, "identitypool: login refused", "provider", provider, "error", err)
		return "", &Error{Code: NotAuthorized, Message: "Invalid login token.", cause: err}
	}
	subject, ok := claims["sub"].(string)
	if !ok || subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) || strings.IndexByte(subject, 0) >= 0 {
		p.logger.WarnContext(ctx, "identitypool: login without a usable claim sub", "provider", provider)
		return "", fail(NotAuthorized, "Invalid login token.")
	}
	return subject, nil
}

// callVerifier keeps a panic of the application's code from becoming one of ours.
func callVerifier(ctx context.Context, verifier LoginVerifier, token string) (claims map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			claims, err = nil, fmt.Errorf("identitypool: the login verifier panicked: %v", r)
		}
	}()
	return verifier.VerifyLogin(ctx, token)
}
