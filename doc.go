// Package stepwell is the tour of Stepwell, a library that gives a Go application, in its own process, what AWS Cognito and AWS IAM
// Identity Center give as services. There is nothing to import here: a program uses the packages below, each alone or with others.
//
//   - [github.com/stepwell/stepwell/userpool] is a directory of users who sign up and sign in. Its children are the hosted pages
//     (hostedui), the OAuth 2.0 and OpenID Connect endpoints (oauth), the stores (memstore for tests, sqlstore for SQLite and
//     PostgreSQL, storetest for a store of your own), smtpsender, which delivers messages by SMTP, and userpooltest, fakes for an
//     application's own tests.
//   - [github.com/stepwell/stepwell/federation] is sign-in elsewhere: azuread for Azure AD (Microsoft Entra ID), oidc for any
//     standard OpenID provider, saml for SAML 2.0, social for Google, Apple and others; mapping, domain and diagnostic around them; and
//     federationtest, fakes of an OpenID provider, a SAML identity provider and an Entra tenant that speak the real protocols.
//   - [github.com/stepwell/stepwell/identitypool] exchanges a sign-in, or none at all, for temporary credentials of a role, and protects
//     handlers with them: with policy, the policy language; sigv4, AWS Signature Version 4; sts, a security token service, and the way to
//     roles in real AWS; the stores; and identitypooltest, fakes for an application's own tests.
//   - [github.com/stepwell/stepwell/middleware] protects net/http handlers in one line, by access tokens and by browser sessions; with
//     middlewaretest, for the tests of those handlers.
//   - sso, for organizations, is still to come: accounts, permission sets, assignments and a portal.
//
// # A first program
//
// The README shows a whole program with sign-up, sign-in, recovery and a protected page; it is in examples/hello. examples/quickstart
// has everything together, examples/azuread signs people in with Azure AD, or a fake of it, and in examples/guest visitors read as guests and
// write as users:
//
//	go run ./examples/quickstart
//	go run ./examples/azuread
//	go run ./examples/guest
//
// # How the packages meet
//
// They never import one another. Where one needs what another offers, it declares a small interface of standard library types, which
// the other satisfies without importing it:
//
//	interface                     shape                          who satisfies it
//	middleware.KeySource          Key(ctx, kid)                  *userpool.Pool, *identitypool.Pool, *middleware.RemoteKeys
//	middleware.Revocation         Revoked(ctx, claims)           *userpool.Pool
//	middleware.Authenticator      Authenticate(r)                *hostedui.UI, *identitypool.Authorizer
//	userpool.IdentityProvider     Begin(...), Finish(...)        *azuread.Provider, *oidc.Provider, *saml.Provider
//	userpool.SessionProvider      BeginLogout(...) and more      *oidc.Provider, *saml.Provider
//	userpool.HomeRealm            func(ctx, email)               (*domain.Directory).ProviderFor
//	saml.ReplayStore              UseOnce(ctx, key, until)       *userpool.Pool
//	identitypool.LoginVerifier    VerifyLogin(ctx, token)        *oidc.Provider, *saml.Provider, LoginFunc(pool.VerifyIDToken)
//	identitypool.Revoked          Revoked(ctx, claims)           *userpool.Pool
//	oauth.Login                   BrowserSession(r) and more     *hostedui.UI
//
// So a program takes the parts that it wants, replaces any of them by its own, and links nothing of the rest.
//
// # What all of them promise
//
// Construction is New with a Config whose zero fields are safe defaults; a Config that cannot work is refused with a sentence that says
// what to do. Danger is in the name: a setting that weakens something begins with Insecure.
//
// Any number of processes share one database, and any request of any flow may reach any of them.
//
// What the database holds signs nobody in: secrets are in it as hashes, or sealed.
//
// Errors have codes that errors.Is finds, and messages that a person can act on. No panic reaches a caller.
//
// Times come from Config.Now and randomness from Config.Rand; there is no global state.
package stepwell
