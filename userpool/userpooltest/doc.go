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
// types e-mail address and password into the sign-in page.
//
// A test of sign-up or recovery reads the code where a person would, and lets time pass:
//
//	code := pool.Outbox.Code("ada@example.com")
//	pool.Clock.Advance(11 * time.Minute) // the code has expired
//
// [Pool.AddUnconfirmed] makes a user who has not confirmed the sign-up, [User.JoinGroups] puts one into groups, and [Outbox.Fail] breaks
// the mail.
//
// New fills in just what the test does not say: give it a function that changes the [userpool.Config], to test with the hooks, clients
// and providers of the application.
//
// # Advice
//
// Give Clock.Now to everything else that judges times: to the guard of package middleware, and to the handler of package oauth. By the
// clock of the computer, tokens of this pool are from the future.
//
// Let the application make its handler in a function that takes the pool, so that a test and the program call the same one.
//
// Test the refusals too: nobody signed in, a user without the group, a token that has expired.
//
// # Promises
//
// Nothing is simulated: users sign up, confirm, and sign in by the operations of the pool, with its hashing, limits and hooks. To make
// a user and sign in takes about a tenth of a second, nearly all of which is the hashing of the password.
//
// Nothing sleeps, nothing opens a port, and when the test ends nothing is left. What cannot work ends the test with Fatalf and a
// sentence that says why; that is why everything but the methods of Clock, Send, and the pool itself belongs in the goroutine of the test.
//
// This package imports no assertion library. Nothing here belongs in a program that serves people.
package userpooltest
