// Package userpooltest has fakes for an application's own tests. They run the real code: a user pool in memory, with a clock that the
// test moves, an outbox in the place of the mail, and users who are there already.
//
// # A walk
//
// [New] makes the pool, [Pool.AddUser] a user of it, and [User.Authorize] a request of that user:
//
//	pool := userpooltest.New(t)
//	handler := newHandler(pool.Pool, pool.Clock.Now) // the application's own
//	ada := pool.AddUser("ada@example.com")
//
//	r := httptest.NewRequest("GET", "/reports", nil)
//	ada.Authorize(r)
//	w := httptest.NewRecorder()
//	handler.ServeHTTP(w, r)
//
// [User.SignIn] returns the tokens themselves, [User.SignInAt] those of another app client, and [User.BrowserSession] the secret that the
// hosted pages keep in a cookie. For those who come with a browser, [Pool.NewBrowser] is one without a network, and [User.SignInBrowser]
// types user name and password into the sign-in page.
//
// The user has what the users of the pool sign in with: an e-mail address, or, if Settings.UsernameAttributes say so, a phone number
// ("+442079460123") or a name ("ada"). [User.AddSoftwareToken] gives the user an authenticator app; from then on all of these sign in with
// its codes where the pool asks for a second factor. A test that types the code itself reads it from [SoftwareToken.Code].
// [User.AddPasskey] gives the user a passkey of an [Authenticator].
//
// A test of sign-up or recovery reads the code where a person would, by e-mail address or phone number, and lets time pass:
//
//	code := pool.Outbox.Code("ada@example.com")
//	pool.Clock.Advance(11 * time.Minute) // the code has expired
//
// [Pool.AddUnconfirmed] makes a user who has not confirmed the sign-up, [User.JoinGroups] puts one into groups, and [Outbox.Fail] breaks
// the mail.
//
// New fills in just what the test does not say: give it a function that changes the [userpool.Config], to test with the hooks, clients
// and providers of the application. An Example, which has no *testing.T, gives it an [ExampleT].
//
// # Advice
//
// Give Clock.Now to everything else that judges times: to the guard of package middleware, and to the handler of package oauth. By the
// clock of the computer, tokens of this pool are from the future.
//
// Let the application make its handler in a function that takes the pool, so that a test and the program call the same one.
//
// Test the refusals too: nobody signed in, a user without the group, a token that has expired, a sign-in without the second factor.
//
// # Promises
//
// Nothing is simulated: users sign up, confirm, and sign in by the operations of the pool, with its hashing, limits and hooks. To make
// a user and sign in takes about a tenth of a second, nearly all of which is the hashing of the password.
//
// The clock moves only when the test moves it, but for one case: a user whose authenticator app has no unused code signs in when the next
// one begins, at most 30 seconds later, as a person would have to.
//
// Nothing sleeps, nothing opens a port, and when the test ends nothing is left. What cannot work ends the test with Fatalf and a
// sentence that says why; that is why everything but the methods of Clock, Send, and the pool itself belongs in the goroutine of the test.
//
// This package imports no assertion library. Nothing here belongs in a program that serves people.
package userpooltest
