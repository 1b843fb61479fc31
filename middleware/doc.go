// Package middleware protects net/http handlers: only callers who are known get through, and the handler learns who they are.
//
// A caller is known by an access token in the Authorization header (RFC 6750), as a user pool issues them, or by a session in
// the browser. Neither the pool nor the pages that make the session need be in the same program.
//
// # A walk
//
// The program tells [New] which issuer it believes and where the keys of that issuer are. In a program that contains the user
// pool, the pool itself is the [KeySource] (and the [Revocation]); elsewhere [NewRemoteKeys] fetches the key set of the issuer, or
// [StaticKeys] holds a copy. Where people use a browser, Config.Session finds out who is signed in:
//
//	guard, err := middleware.New(middleware.Config{
//		Issuer: "https://auth.example.com/pool",
//		Keys:   keys,
//	})
//
// Each handler is protected in one line. A guard can be narrowed, and a narrowed one narrowed again:
//
//	mux.Handle("/private", guard.Handler(private))
//	mux.Handle("/reports", guard.RequireScope("reports/read").Handler(reports))
//	mux.Handle("/admin/", guard.RequireGroup("admins").Handler(admin))
//
// Inside, [FromContext] returns the [Claims] of the caller. What the caller may do there is the handler's decision.
//
// A request that does not get through is answered with a status and one line of plain text, the same for everybody:
//
//	303  a person without a session asked for a page, and the Authenticator has a LoginURL
//	400  the Authorization header is doubled or incomplete
//	401  no credentials, or a token that is not valid
//	403  a scope or a group is missing, or another site sent the request in a person's name
//	500  a part that the application supplied panicked
//	503  keys, revocations or sessions could not be looked up
//
// WWW-Authenticate says the same to clients, as RFC 6750 section 3 asks; a guard without Keys sends none. A program that wants
// other answers, or serves guests too, calls [Guard.Check] in a handler of its own and reads the [Error].
//
// # Which credentials count
//
// If there is an Authorization header, it alone counts. A cookie beside it is not looked at, not even when the header is of
// another scheme, malformed, or its token has expired: what a client sends on purpose is not replaced by what a browser adds.
// Two Authorization headers are refused. The scheme is compared without regard to case, and exactly one space follows it. Tokens
// in the query or in a body (RFC 6750 sections 2.2 and 2.3) are never read: they end up in logs and histories.
//
// # What a bearer token must be
//
// A JWS in compact serialization, signed with RS256, RS512, ES256 or EdDSA by a key of the issuer that is for that algorithm; typ absent,
// "JWT" or "at+jwt"; iss exactly Config.Issuer; exp in the future, nbf and iat not, with 30 seconds of tolerance for clocks;
// token_use "access" and a sub; client_id and aud as Config says; and no cnf, which would bind it to a key that is not checked
// here. An ID token is refused: it tells a client who signed in, and permits nothing.
//
// # Advice
//
// Set Config.ClientIDs, or require a scope, if not every app client of the issuer is meant to use this API.
//
// Without Config.Revocation a token works until it expires, even if its user signed out or was disabled. With it, each request
// with a token costs a look-up, and such a token is refused at once.
//
// Handlers that last (server-sent events, WebSockets, long downloads) are checked when they begin. Call Check again with the same
// request from time to time, and stop when it returns an error: that is the only way a token that has expired ends them.
//
// Wrap handlers, not paths: the guard does not look at the path, so no spelling of it leads around the guard. Protecting the
// whole mux with one guard.Handler(mux) and leaving out what is public is safer than the reverse. What changes a request, such
// as a handler that obeys X-HTTP-Method-Override, goes outside the guard; otherwise the guard judges another request than the
// one that is served. So does a CORS handler that answers OPTIONS requests, since these carry no credentials.
//
// State must not change on GET, HEAD and OPTIONS: those pass from other sites with the cookies of a browser. Other methods, and
// requests to upgrade to a WebSocket, must come from the same origin when a browser session decides.
//
// Test your own handlers with package middlewaretest, and test that they refuse.
//
// # Promises
//
//   - A request gets through only after every check has succeeded. What cannot be found out (an error, a panic, a claim of the
//     wrong type) counts against the caller.
//   - No token and no cookie of a request is written to an answer or a log, not even where an error that the application returned
//     quotes it. Answers say nothing about the caller.
//   - Every part of a token is bounded before it is parsed, and nothing in it can make the guard connect anywhere.
//   - A panic of an Authenticator, KeySource, LoginPage or Revocation is answered with 500. A panic of the protected handler
//     is none of the guard's business and passes through, http.ErrAbortHandler too.
//   - Claims belong to one request. No two requests share a map.
//   - Everything is safe for concurrent use once made.
package middleware
