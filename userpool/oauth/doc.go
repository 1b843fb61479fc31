// Package oauth serves the OAuth 2.0 and OpenID Connect endpoints of a user pool: what an application needs to have its users sign in,
// and to get tokens for them.
//
// # Mounting
//
// [New] makes one http.Handler of a pool and the pages where people sign in, and [Handler.Patterns] returns its paths:
//
//	h, err := oauth.New(oauth.Config{Pool: pool, Login: ui})
//	...
//	for _, p := range h.Patterns() {
//		mux.Handle(p, h)
//	}
//
// All paths begin with the path of the pool's issuer, and are as Cognito has them:
//
//	/.well-known/openid-configuration  what a client configures itself from
//	/.well-known/jwks.json             the keys that verify tokens
//	/oauth2/authorize                  where an application sends the browser to sign in
//	/oauth2/token                      where it exchanges the code, and refresh tokens
//	/oauth2/userInfo                   who the user of an access token is
//	/oauth2/revoke                     where it gives back a refresh token
//	/logout                            where it sends the browser to sign out
//
// The metadata of RFC 8414 is the same document at /.well-known/oauth-authorization-server; for an issuer with a path, the RFC puts that
// path at the end, so that the document is at the root of the host. Every address in the metadata begins with the configured issuer. The
// Host header and the X-Forwarded headers are never looked at.
//
// # Signing in
//
// An application sends the browser to the authorization endpoint, by GET or POST, with response_type=code, client_id, redirect_uri,
// code_challenge, code_challenge_method=S256, and better also scope, state and nonce. They are checked in the order of their danger:
//
//   - The client must be known, and redirect_uri must be one that it registered, byte by byte. It is always required. Until both are
//     certain, an error is a page that leads nowhere.
//   - Everything else that is wrong goes back to the application as error and error_description. Parameters that have no meaning here
//     (display, ui_locales, claims_locales, claims, resource and unknown ones) are ignored; repeated ones are refused.
//     Request objects, by value or by reference, are refused, and nothing is fetched.
//   - PKCE with S256 is demanded of every client, confidential ones too. This is stricter than the basic OpenID Provider profile.
//   - The scopes must be among those of the client. A request without scope gets all scopes of the client.
//   - Nobody signed in, prompt=login, prompt=select_account, a sign-in older than max_age, or another user than that of id_token_hint:
//     the browser goes to the sign-in page and comes back with the same request. With prompt=none the answer is login_required instead.
//     If the new sign-in is again of another user than that of id_token_hint, the answer is login_required, too.
//   - A session that is weaker than acr_values asks for goes to the sign-in page as well, which asks for a second factor. If the new sign-in
//     is still too weak, or none can be as strong, the answer is unmet_authentication_requirements (RFC 9470, section 5). Classes that are
//     not in acr_values_supported are ignored if there is another, or if nobody here knows them.
//   - prompt=consent is answered with consent_required: the clients of a pool are applications of its owner, and there is no page that
//     asks for consent.
//
// Then the browser comes back to redirect_uri with a code, which is good for one use within minutes, with state, and with iss (RFC 9207).
// The application compares state with what it kept, and iss with the issuer.
//
// # Tokens
//
// The application posts the code to the token endpoint, with redirect_uri and code_verifier, as a form. A confidential client
// authenticates by client_secret_basic or client_secret_post; a public one sends client_id. The answer has an access token, an ID token
// if the scope openid was granted, and a refresh token that is replaced with every use. A code that is presented twice revokes what was
// issued for it; a refresh token that comes back after its grace period revokes its family. See userpool for how long they live.
//
// The UserInfo endpoint takes an access token with the scope openid in the Authorization header and nowhere else. Booleans are JSON
// booleans there, as OpenID Connect Core has them, not Cognito's strings.
//
// The revocation endpoint answers with success, and does nothing, if the token is unknown, revoked already, or another client's.
//
// # Signing out
//
// The application sends the browser to /logout with id_token_hint, post_logout_redirect_uri and state (OpenID Connect RP-Initiated
// Logout), or with Cognito's client_id and logout_uri. The address must be registered for sign-out, byte by byte. If the hint is an ID
// token of the person who is signed in, expired or not, the session ends and the browser goes to the address. If nobody is signed in it
// goes there at once. Otherwise the person is asked first, so that no other site signs anybody out. A hint that is not genuine, an
// unknown client and an address that is not registered end in a page that leads to no application, but where the person can still go on
// to sign out. An application whose site posts to /logout should know that browsers leave out the session cookie then, so that the person
// is always asked.
//
// # Scripts of other origins
//
// Scripts of all origins may read the metadata, the keys, UserInfo, and the answers of the token and revocation endpoints to public
// clients, never with credentials. None of these looks at a cookie. Scripts cannot read the answer to a client that sends a secret: a
// secret in a page is none.
//
// # Advice
//
//   - An application that relies on prompt=login or max_age must check auth_time in the ID token: the person at the browser can change
//     the request on its way.
//   - Check nonce, and use a library for the rest: golang.org/x/oauth2 with github.com/coreos/go-oidc works.
//   - Set ReadHeaderTimeout and IdleTimeout of the http.Server. The handler bounds what it reads of a request in size (a form of 64 KiB,
//     a query of 32 KiB, 100 parameters, state and nonce of 2 KiB each) and the time that a form may take (15 seconds).
//   - State and nonce travel through the sign-in page in a URL: together with the rest, a request must fit into 8 KiB.
//
// # Promises
//
// The handler keeps no state: any request may reach any process. No secret, code or token is logged. A panic becomes status 500. All
// answers but the metadata and the keys are Cache-Control: no-store, and all are Referrer-Policy: no-referrer.
package oauth
