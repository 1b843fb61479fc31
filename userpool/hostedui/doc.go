// Package hostedui serves the pages of a user pool: to sign in, sign up, confirm an address, recover a password, see an account and sign
// out, and the way to other identity providers and back. They are rendered on the server, need no JavaScript, load nothing from
// elsewhere, and work with a keyboard, a screen reader, a telephone and a password manager, in light and dark.
//
// # The walk
//
// Make a pool, make its pages with [New], and mount them under the path of their base URL, without http.StripPrefix:
//
//	ui, err := hostedui.New(hostedui.Config{Pool: pool, Title: "Example Ltd"})
//	...
//	mux.Handle("/auth/", ui)
//
// From then on these pages exist, named as Cognito names them:
//
//	/auth/login                   e-mail address and password, and the other providers, as userpool.Client.IdentityProviders allows
//	/auth/signup                  a new account
//	/auth/confirmUser             the code that was sent after the sign-up
//	/auth/forgotPassword          ask for a code to set a new password
//	/auth/confirmForgotPassword   the code and the new password
//	/auth/challenge               the second step of a sign-in: a code, a choice, a new password, or to set one of them up
//	/auth/account                 who is signed in; sign out; delete the account
//	/auth/signout                 asks, and signs out
//	/auth/continue                leads on from a form to an application, see below
//	/auth/federation/NAME         sign in at the provider NAME
//	/auth/federation/NAME/response   where that provider sends the browser back to, see UI.CallbackURL
//	/auth/federation/NAME/logout     the same after a sign-out, and where the provider asks for one, see UI.SignOutCallbackURL
//	/auth/saml2/idpresponse          these two for all SAML providers together
//	/auth/saml2/logout
//	/auth/organization            an e-mail address, whose domain says where its people sign in, see userpool.Pool.ProviderForEmail
//
// To protect a handler, give the [UI] to package middleware as its Session: [UI.Authenticate] tells who is signed in, and [UI.LoginURL]
// where to send a browser in which nobody is. The sign-in page sends the browser back to where the person wanted to go, if that is a path
// on the origin of the base URL. For applications elsewhere there is the authorization code grant: give the same UI to package oauth as
// its Login.
//
// # Advice
//
// Serve the pages by https. On http, which is accepted on one machine for development, cookies have neither the __Host- prefix nor
// Secure, because Safari would not store them, and any program on the machine that serves another port can read and set them.
//
// Give every server a ReadHeaderTimeout, a ReadTimeout and a MaxHeaderBytes: the pages bound what they read, but not how slowly it comes.
//
// Mount the pages on the origin of the application that uses the session. A proxy in front may change the Host header as it likes: no
// link, redirect, cookie or message is made from it.
//
// Let no path that a browser returns to after sign-in, such as Config.AfterSignIn, redirect to another origin. Chromium holds all
// redirects that follow a form to the content security policy of its page, which allows this origin alone, and drops the navigation
// without a word. Applications are not affected: after a form, the page /auth/continue leads to them, and begins a navigation of its own.
//
// A person who signs in again gets a new cookie, and the old one is void. The refresh tokens that applications got through the session
// stay valid; another person's sign-in in the same browser ends them.
//
// # Promises
//
//   - The pages keep nothing in memory: any request may go to any process.
//   - Whether an address has an account is not told by any page: status, text, cookies and redirects are the same.
//   - A form is taken only with a token that is bound to this browser, and not from another site, as Sec-Fetch-Site and Origin tell it.
//   - Each sign-in makes a new session cookie and voids the one that the browser had. Of two cookies of one name neither is believed.
//   - After a form comes a 303 redirect to this origin, or the next step of a sign-in, which is in hidden fields of its page and nowhere
//     else: reloading the page asks whether to send the password again, and leaving it leaves the sign-in. A browser is led to another
//     origin only if a client has registered the address there, or to a provider of the pool.
//   - What was typed is kept when something is wrong with it, but never a password. The message stands beside the field.
//   - A page is never cached, framed, or able to run a script. No site that it links to learns the address of the page.
//   - A failure of the machinery is logged with a reference, and the page shows only this reference.
//   - With providers that answer by POST (SAML, or response_mode=form_post) browsers leave out the cookie of a session that existed
//     before; it is replaced in the browser, and ends by itself. With all others it is ended, as after a password.
package hostedui
