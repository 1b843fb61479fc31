// Package identitypooltest has fakes for an application's own tests. They run the real code: an identity pool in memory, with a clock that
// the test moves, a provider that signs in whom the test names, and users and guests whose requests are signed.
//
// # A walk
//
// [New] makes the pool, [Pool.User] a user of it, and [User.Client] what sends signed requests of that user to a handler:
//
//	pool := identitypooltest.New(t, func(c *identitypool.Config) {
//		c.AuthenticatedRole = app.UserRole // the application's own
//		c.UnauthenticatedRole = app.GuestRole
//	})
//	handler := app.NewHandler(pool.Pool)
//
//	ada := pool.User("ada", map[string]any{"email": "ada@example.com"})
//	answer, err := ada.Client(handler).Get("https://app.test/notes/" + ada.IdentityID + "/shopping")
//
// [Pool.Guest] is a guest, and [Pool.Program] a program with a long-term access key, whose policies the test gives. [User.Sign] signs a
// request of httptest.NewRequest, [User.Transport] what goes to a server, and [User.Credentials] are the credentials themselves, for an
// SDK or for curl, with [Pool.Server] as the place to send to.
//
// [Provider.Login] returns a token, for tests of the application's own calls of GetID and GetCredentialsForIdentity.
// [Provider.Disable] and [Provider.Fail] are what goes wrong at providers. A test with several providers, with role mappings or principal
// tags, gives Config.Providers some of [NewProvider]. [Clock.Advance] lets credentials expire.
//
// New fills in just what the test does not say. An Example, which has no *testing.T, gives it an [ExampleT].
//
// # Advice
//
// Let the application make its handler in a function that takes the pool, so that a test and the program call the same one. Give
// Clock.Now to everything else that judges times.
//
// Test the refusals too: not signed, a guest, another's resource, credentials that were revoked, a clock that has moved on.
//
// # Promises
//
// Nothing is simulated but the provider and its tokens: identities, roles, policies, credentials, signatures and sessions are those of
// package identitypool. Signatures are of the time of the pool's clock, which moves only when the test moves it.
//
// Nothing sleeps, nothing but [Pool.Server] opens a port, and when the test ends nothing is left. What cannot work ends the test with
// Fatalf and a sentence that says why.
//
// This package imports no assertion library. Nothing here belongs in a program that serves people.
package identitypooltest
