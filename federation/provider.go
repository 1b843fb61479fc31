package federation

import (
	"context"
	"net/http"
)

// Provider is somewhere else to sign in. The packages below this one implement
// it, and their documentation says what pending and the attributes hold.
//
// It uses types of the standard library only, so that whoever consumes
// providers declares the same two methods and imports nothing. Implementations
// are safe for concurrent use, and keep nothing between Begin and Finish:
// the two may run in different processes.
type Provider interface {
	// Begin prepares one sign-in that ends at callbackURL, an absolute URL
	// registered with the provider. state is a value the provider hands back;
	// it must be unguessable and fresh for each sign-in.
	//
	// next answers the browser's request: it redirects, or shows a form that
	// posts itself. pending is what Finish needs to recognize the answer. It is
	// opaque and secret, must be stored before next answers, and be used once.
	Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error)

	// Finish judges the request that came back to the callback URL. The caller
	// has checked that the request's state is one it gave to this browser, and
	// passes the pending value of that state.
	//
	// subject identifies the person at this provider: exact, case-sensitive,
	// never empty and never reassigned. attributes are what the provider says
	// about the person, each with at least one value.
	Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error)
}
