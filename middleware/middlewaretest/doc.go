// Package middlewaretest helps an application to test its own protected handlers, without a user pool and without network.
//
// # A walk
//
// [NewIssuer] makes an issuer with a real signing key and a clock of its own. [Issuer.Guard] is a guard that accepts its access
// tokens; where the application makes its guard itself, give it [Issuer.Config] to start from. Then make a request, call
// [Issuer.Authorize] with the claims that the caller shall have, and serve it:
//
//	issuer := middlewaretest.NewIssuer(t)
//	handler := newHandler(issuer.Guard())
//
//	r := httptest.NewRequest("GET", "/reports", nil)
//	issuer.Authorize(r, map[string]any{"scope": "reports/read"})
//	w := httptest.NewRecorder()
//	handler.ServeHTTP(w, r)
//
// [Issuer.Advance] moves the clock until the token expires, [Issuer.Revoke] revokes it, [Issuer.RotateKey] retires the key that
// signed it. An Issuer is also a [net/http.Handler] that serves its key set, for programs that fetch it by URL.
//
// [NewSession] is the same for browsers: who is signed in by a cookie, and where the login page is.
//
// # Advice
//
// Test the refusals too: without credentials, without the scope, without the group. A handler that was registered without its
// guard passes every other test.
//
// # Promises
//
// Nothing is simulated: tokens are signed, and the guard that verifies them is the one of production. Everything here may be used
// concurrently. Nothing here belongs in a program that serves people.
package middlewaretest
