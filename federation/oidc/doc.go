// Package oidc signs people in at an OpenID provider: Google, Okta, Keycloak,
// Auth0, a user pool, or any other that has a discovery document. It is a
// relying party of OpenID Connect Core 1.0 with the authorization code flow,
// PKCE (RFC 7636) and the issuer in the response (RFC 9207), and follows the
// security practice of RFC 9700.
//
// A program makes one [Provider] for each provider it offers:
//
//	provider, err := oidc.New(oidc.Config{
//		Issuer:       "https://accounts.example.com",
//		ClientID:     "shop",
//		ClientSecret: os.Getenv("OIDC_SECRET"),
//	})
//
// When somebody presses "Sign in", it makes a random state, calls
// [Provider.Begin], stores pending under the state, gives the browser a cookie
// which binds it to the state, and lets next answer. When the browser comes
// back to the callback URL, it takes pending out of the store under the
// request's state, checks the cookie, and calls [Provider.Finish]. The example
// of Provider does it all.
//
// [Provider.VerifyLogin] is for ID tokens that were obtained elsewhere. What one
// sign-in needs beyond that (a login hint, a fresh sign-in before something
// delicate) is in [Hints]; what all of them need (Prompt, MaxAge, ACRValues) is in
// [Config] and is checked in the answer, not only asked for.
//
// [NewOAuth] is for a provider that speaks OAuth 2.0 and no OpenID Connect. Package
// social has the well-known ones of both kinds, and package azuread Entra ID.
//
// # How the client shows who it is
//
// By ClientSecret; by ClientAssertion, a token that the client signs
// (private_key_jwt), for which [NewClientAssertion] needs a key; or, with neither, by
// PKCE alone, which is always used besides.
//
// # Signing out
//
// [Provider.FinishSession] is Finish for an application that cares about the
// provider's session too. It keeps the session that it returns, sealed, and the
// session's ID beside its own session. To sign the person out at the provider it
// ends its own session first and then goes on with [Provider.BeginLogout] and
// [Provider.FinishLogout]. When the provider tells that somebody has signed out
// there, from server to server or through the browser, [Provider.ReceiveLogout] says
// whose sessions are to be ended.
//
// A front-channel logout comes in a frame of the provider's page, without cookies in
// most browsers: sessions have to be found by the session ID, not by a cookie.
//
// # Who it is
//
// The subject that Finish returns is the provider's own name for the person.
// The pair of issuer and subject is the account: the same subject at another
// issuer is another person. It is never empty, a number, longer than 255 ASCII
// characters, or a stand-in such as "undefined".
//
// # Attributes
//
// Attributes are the claims of the ID token and, where the provider has a
// userinfo endpoint, of its answer; where both have a claim, the ID token's
// counts. Userinfo is asked at every sign-in, because standard providers give
// the claims of the profile and email scopes only there, and attributes which
// come and go would be worse than a request. When it fails, so does the
// sign-in. Config.SkipUserInfo turns it off.
//
//   - A string is one value, as it is. An array of strings is several values.
//   - true and false are "true" and "false".
//   - A number is its text in the JSON document, so no digit is lost.
//   - null, an object, an empty array and an array of anything else are left out.
//   - Claims about the token are left out: aud, azp, exp, iat, nbf, jti, nonce
//     and the hashes. iss, sub, auth_time, acr and amr stay.
//   - Aggregated and distributed claims are not followed: an URL which stands in an
//     answer is never requested.
//
// email_verified is "true" only if the provider sent the JSON value true
// together with this very address, and nothing in the ID token or userinfo says
// otherwise; the text "true" is no proof and gives "false". It is left out when
// the provider says nothing, and when there is no email. An email that is not
// one plain address (two at-signs, quotes, spaces, invisible characters) is
// left out as well. phone_number_verified goes with phone_number in the same
// way.
//
// # Advice
//
// Even a verified address is the provider's word. Never link an account to an
// existing one because the addresses are the same, unless the person has proved
// to own both, or the provider is the authority for that domain.
//
// Give each provider its own callback URL. Bind the state to the browser with a
// cookie, and end the pending sign-in after some minutes.
//
// The metadata's endpoints are dialed by the server. Where people other than
// the operator may register providers, give Config.HTTPClient the transport
// [PublicOnly], which refuses internal addresses when they are dialed.
//
// Tenants is for Entra ID and what is built like it. Read its documentation before
// it is used elsewhere: it replaces the rule that an issuer is one.
//
// # Promises
//
// All requests to the provider together hold to these bounds: https (unless
// Config.InsecureAllowHTTP), no redirect, no cookie, 10 seconds and 1 MiB for
// an answer, which must be declared as JSON (userinfo also as a signed token); for keys 5 seconds and 512 KiB.
// Metadata is kept for an hour, and for a day while the provider cannot be read;
// where there is none, it is not asked for twice within two seconds. Keys are
// read again when the provider signs with an unknown one, but not twice within
// a minute, or within ten seconds while there are none.
//
// ID tokens are signed with RS256, RS512, ES256 or EdDSA by a key of the provider's
// key set; nothing else is accepted. Signed userinfo must be the provider's, for this
// client. Encrypted ID tokens and userinfo are refused. Request objects, dynamic
// registration and WebFinger are not there.
//
// A logout token is accepted once, by whichever process it reaches, and no ID token
// passes for one, nor one for an ID token.
//
// Every error is an [*Error] that [errors.Is] compares with a [Code]. No
// error contains a secret, a code or a token. A Provider is safe for
// concurrent use and keeps nothing about a sign-in, so its two halves may run
// in different processes.
package oidc
