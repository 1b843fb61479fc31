// Package federationtest has somewhere else to sign in, for tests and
// demonstrations: providers that run the real protocol in the program's own
// process, and do wrong on request.
//
//   - [Provider] is an OpenID provider.
//   - [SAMLProvider] is a SAML 2.0 identity provider.
//   - [Entra] is Microsoft Entra ID: tenants, users and app registrations, with
//     the endpoints of OpenID Connect and SAML, and Microsoft Graph beside it.
//
// Each is an http.Handler with pages on which one picks who to be. In a test, a
// function with Server in its name starts one on a loopback port. In a program
// that people try out by hand, one without makes the same thing for an address of
// one's own, and it is mounted like any handler.
//
// # An OpenID provider
//
// It has discovery, a key set, an authorization endpoint, a token endpoint that
// checks client, code, redirect URI and PKCE, userinfo, and sign-out.
//
//	provider := federationtest.NewServer(t, federationtest.Config{
//		Clients: []federationtest.Client{{ID: "shop", Secret: "secret", RedirectURIs: []string{callback}}},
//	})
//
// Point the relying party at provider.Issuer(), which is an http URL, and let
// [SignIn] do what a person does at the page.
//
// # A SAML identity provider
//
// It takes requests by redirect and POST, answers by POST, starts sign-ins itself,
// and carries logout from one service provider to the next.
//
//	provider := federationtest.NewSAMLServer(t, federationtest.SAMLConfig{
//		ServiceProviders: []federationtest.ServiceProvider{{EntityID: "https://shop.example", ACSURLs: []string{acs}}},
//	})
//	metadata, err := provider.Metadata() // or fetch provider.MetadataURL()
//	post, err := federationtest.SAMLSignIn(client, start, "alice")
//	r, err := post.Request() // what the browser posts to the application
//
// What is signed, how, and whether it is encrypted is said for each service
// provider; [ServiceProviderFromMetadata] reads one from its metadata.
// [SAMLProvider.AddKey], [SAMLProvider.UseNewestKey] and
// [SAMLProvider.RetireKeys] are the three steps of a rollover.
//
// # Entra ID
//
// An [EntraApp] is what an administrator fills in at the portal, field by field.
//
//	e := federationtest.NewEntraServer(t, federationtest.EntraConfig{
//		Apps: []federationtest.EntraApp{{ClientID: id, RedirectURIs: []string{callback}, Secrets: []string{"secret"}}},
//	})
//	r, err := e.SignIn(client, start, "alice@contoso.example")
//
// The issuer of a tenant is e.Issuer(tenantID), below e.URL(), as if it were a
// national cloud of its own. [EntraConfig.LoginURL] may just as well be
// https://login.microsoftonline.com: then [Entra.HTTPClient] reaches it, without a
// network. Issuers of version 1.0 and SAML entity IDs are the real ones, being
// names that nobody fetches.
//
// What is refused is refused by the number that the real directory has for it,
// where it shows it: on a page, at the redirect URI, in a SAML status, or as JSON.
// Sessions are as at the real one too: a browser with a cookie jar is not asked
// twice, and signing out tells the applications in hidden frames.
//
// # Doing wrong
//
// [Hooks], [SAMLHooks] and [EntraHooks] change any answer: a claim, a whole token,
// an assertion before it is signed or a response after that, the metadata, the
// keys, what goes back to the application, or the HTTP response as such. They can
// be set and taken away while the provider runs, so a bad answer takes as many
// lines as a good one.
//
// Where a browser would be in the way, methods make messages directly:
// [Provider.IDToken] and [Entra.IDToken], [Entra.GraphToken],
// [SAMLProvider.Response], [SAMLProvider.Assertion], [SAMLProvider.LogoutRequest]
// and their counterparts of Entra. They take a function that changes what an
// honest message says. [SAMLProvider.Sign], [SAMLProvider.SignWith],
// [SAMLProvider.Encrypt] and [Entra.SignWith] sign and encrypt whatever they are
// given.
//
// # Advice
//
// Whoever reaches one of these providers signs in as anybody. Never let it be a
// provider of a system that holds anything of worth.
//
// # What the directory does not have
//
// There is one account in a browser's session, no consent page (all that is
// configured is consented to), no device code, no B2C and no WS-Federation beyond
// the metadata. Tokens of the implicit flow are ID tokens only.
//
// # Promises
//
// With no hooks set, a provider is an honest one: independent relying parties and
// service providers sign in through it, and xmlsec1 verifies what it signs. SAML
// messages are signed by another library than the one that verifies them in
// this module, so that an error in one does not hide in the other. A
// provider keeps everything in memory, within bounds, and forgets it with the
// process. Its pages work without JavaScript. Providers are safe for concurrent
// use.
package federationtest
