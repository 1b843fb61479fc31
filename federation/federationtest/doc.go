// Package federationtest has somewhere else to sign in, for tests and
// demonstrations: providers that run the real protocol in the program's own
// process, and do wrong on request.
//
// [Provider] is an OpenID provider. It has discovery, a key set, an
// authorization endpoint with a page on which one picks who to be, a token
// endpoint that checks client, code, redirect URI and PKCE, userinfo, and
// sign-out. In a test, [NewServer] starts one:
//
//	provider := federationtest.NewServer(t, federationtest.Config{
//		Clients: []federationtest.Client{{ID: "shop", Secret: "secret", RedirectURIs: []string{callback}}},
//	})
//
// Point the relying party at provider.Issuer(), which is an http URL, and let
// [SignIn] do what a person does at the page. In a program that people try out
// by hand, [New] makes the same thing for an issuer of one's own, and it is
// mounted like any handler:
//
//	mux.Handle("/idp/", provider) // for the issuer http://localhost:8080/idp
//
// # Doing wrong
//
// [Hooks] change any answer: a claim, the whole ID token, the discovery
// document, the key set, what goes back to the callback URL, or the HTTP
// response as such. They can be set and taken away while the provider runs, so
// a bad answer takes as many lines as a good one. [Provider.RotateKey] signs
// with a new key from then on.
//
// # Advice
//
// Whoever reaches a Provider signs in as anybody. Never let it be a provider of
// a system that holds anything of worth.
//
// # Promises
//
// With no hooks set, a Provider is an honest one: independent relying parties
// sign in through it. It keeps everything in memory, within bounds, and forgets
// it with the process. Its pages work without JavaScript. A Provider is safe
// for concurrent use.
package federationtest
