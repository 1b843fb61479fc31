// Package userpool is a directory of users who sign up and sign in, as an Amazon Cognito user pool is, in the process of the application.
// Its operations have the names that Cognito gave them.
//
// # A walk
//
// A program makes a [Pool] with [New]. It gives a [Store] (package memstore for a test, sqlstore for SQLite and PostgreSQL), a
// [KeyWrapper] under whose key the signing keys are stored, a [Sender] that delivers codes to people, and the Issuer: the address at
// which people and applications reach the pool. [Pool.Run], on a goroutine of the program, does the upkeep.
//
// A person signs up with an e-mail address and a password: [Pool.SignUp] sends a code, [Pool.ConfirmSignUp] takes it, and
// [Pool.ResendConfirmationCode] sends another. [Pool.InitiateAuth] signs the person in. It ends in a browser session, which the hosted
// pages keep in a cookie, or in [Tokens] for an app client. [Pool.ForgotPassword] and [Pool.ConfirmForgotPassword] set a new password.
// [Pool.BeginFederatedSignIn] and [Pool.FinishFederatedSignIn] sign a person in at another provider instead.
//
// An app client is a [Client] in [Settings]. It gets Tokens from InitiateAuth, or from [Pool.IssueAuthorizationCode] and
// [Pool.RedeemAuthorizationCode], which package oauth serves as OAuth 2.0 and OpenID Connect. [Pool.GetTokensFromRefreshToken] renews
// them, [Pool.RevokeToken] ends them. An API verifies access tokens with package middleware, to which the Pool is a source of keys and,
// if the API wants to learn of a sign-out at once, of revocation; or it calls [Pool.VerifyAccessToken].
//
// [Pool.GetUser], [Pool.DeleteUser] and [Pool.GlobalSignOut] are for a user, who proves it by an access token. The operations whose names
// begin with Admin, and those on groups, ask for no proof: the application decides who may call them.
//
// [Pool.RotateSigningKey] replaces the key that signs tokens. The new key is published before it signs, and the old one verifies until
// its last token has expired. Run does this every 90 days.
//
// Package hostedui has the pages for all of this, and package oauth the endpoints. Both only translate: what is allowed is decided here.
//
// # Advice
//
// Show the Message of an [*Error] to the person, beside the input that its Field names. Log every other error.
//
// Pass the Session that SignUp returned to ConfirmSignUp. A code proves that whoever reads it owns the address, not that they chose the
// password; the Session ties the two together.
//
// Keep the key of the KeyWrapper away from the database. Without it the pool cannot sign, and codes that have been sent are void; with it
// and the database, anybody can sign.
//
// Limit the requests from one network address in front of the pool. The pool limits what can be tried against one account; it does not
// see where requests come from.
//
// Refer to a user by sub everywhere else. Names and addresses change hands; a sub never does.
//
// # Promises
//
// Nobody learns whether a user exists: not from the answers of sign-up, sign-in, recovery and confirmation, and not from how long they
// take, as the same hashing and the same kinds of writes are done either way. A message that goes only to existing users is sent after
// the answer. The one exception is a PreSignUp hook that confirms users at once: then SignUp has to say that an address is taken.
//
// Passwords are hashed with argon2id (19 MiB, 2 passes), by default at most GOMAXPROCS at a time. They are neither trimmed nor truncated.
// E-mail addresses have one canonical form: lower case, the domain in ASCII by IDNA 2008, and a local part of plain ASCII.
//
// What is in the store signs nobody in: passwords, tokens and the secrets of sessions are hashed, one-time codes are MACs under a sealed
// key, signing keys are sealed, and what is pending is sealed under the secret that its holder has.
//
// Whatever must happen once happens once, on any number of processes: a code is used, a token is refreshed, an authorization code is
// redeemed, a pending sign-in is finished, an address is taken. A process keeps nothing but the keys: for a minute, and for ten while the
// store does not answer, so that tokens can still be verified.
//
// A failing store fails the operation with [ServiceUnavailable] and leaves nothing half done. A panic of a sender, hook or provider stays
// inside the operation.
package userpool
