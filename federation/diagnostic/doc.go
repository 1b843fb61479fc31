// Package diagnostic lets the administrator of a customer's identity provider find
// out by themselves whether a sign-in works, and what is wrong if it does not.
//
// An application serves a [Handler], and sends its customer a link:
//
//	test, err := diagnostic.New(diagnostic.Config{
//		BaseURL: "https://app.example.com/sign-in-test", Key: key, Title: "Example",
//		Provider: func(ctx context.Context, name string) (diagnostic.Target, error) {
//			...
//			return diagnostic.Target{Provider: contoso, Label: "Contoso", Mapping: rules}, nil
//		},
//	})
//	mux.Handle("/sign-in-test/", test)
//	link, err := test.Link("contoso", time.Hour)
//
// The page of the link says what will happen, and which addresses the provider has
// to know. A button begins a sign-in at the provider. When the browser is back, the
// answer is judged as at any sign-in, and a page shows what came of it: what the
// provider sent, what the rules of package mapping made of it and which of them,
// and, where something is wrong, what it is, what to change, and where. Nobody is
// signed in to the application, and no account is made.
//
// An application with pages of its own uses [Examine] in the place of
// federation.Provider's Finish, and shows the [Report].
//
// # The callback URL
//
// A provider sends the browser only to addresses that are registered with it. For
// OpenID Connect, have the customer register [Handler.CallbackURL] as a second
// redirect URI. A SAML service provider has a single address; set
// Target.CallbackURL to that, and put [Handler.Callback] around what serves it:
//
//	mux.Handle("/saml2/idpresponse", test.Callback(signIn))
//
// # Advice
//
// A link shows nothing about anybody but the one who signs in with it, in that
// browser; it may be sent by mail. It does show the callback URL and
// Target.Settings. Let the application, not its customer, say for which provider a
// link is.
//
// Give the handler a path that the application's own sign-in does not guard: who
// tests has no account yet.
//
// # Promises
//
// A test is bound to the browser that began it, by a cookie and a state that is
// used once. A link has one test at a time; a new one ends the one before. Tests
// that are under way are in the Store, sealed, for at most 15 minutes; what a
// provider said about a person is in no store and in no log.
//
// Values whose attribute's name or whose own form says that they are a token, a
// code, a key or a password are in no report, and neither is what rules made of
// them. Errors are shown by their text, without any parameter of the request. What
// is shown of values, names and messages is cut to a bound.
//
// The pages need no JavaScript and no other site, forbid both by their
// Content-Security-Policy, are kept by no cache, and meet WCAG 2.1 AA as far as
// axe-core can tell, in light and in dark.
package diagnostic
