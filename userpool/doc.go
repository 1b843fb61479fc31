// Package userpool is a directory of users who sign up and sign in, as an Amazon Cognito user pool is, in the process of the
// application. Its operations carry Cognito's names.
//
// # A walk
//
// A program makes a Pool with New. It gives a Store (memstore for a test, sqlstore for SQLite and PostgreSQL), a KeyWrapper under whose
// key the signing keys are stored, a Sender that delivers codes to people, and the address that people reach it at, the Issuer. Run does
// the upkeep beside it.
//
// A person signs up with an e-mail address and a password: SignUp sends a code, ConfirmSignUp takes it, ResendConfirmationCode sends
// another. InitiateAuth signs in. It ends in a BrowserSession, which the hosted pages keep in a cookie, or in Tokens for an app client.
// ForgotPassword and ConfirmForgotPassword set a new password. BeginFederatedSignIn and FinishFederatedSignIn sign a person in at another
// provider instead.
//
// An app client is an entry in Settings.Clients. It gets Tokens from InitiateAuth, or from IssueAuthorizationCode and
// RedeemAuthorizationCode, which the package oauth serves as OAuth 2.0 and OpenID Connect. GetTokensFromRefreshToken renews them,
// RevokeToken ends them. An API verifies access tokens with the package middleware, to which the Pool is a source of keys and, if it
// wants to know at once, of revocation; or with VerifyAccessToken.
//
// GetUser, DeleteUser and GlobalSignOut are a person's own, by access token. The operations whose names begin with Admin, and those on
// groups, are the application's: it decides who may call them.
//
// RotateSigningKey replaces the key that signs tokens. The new one is published before it signs, the old one verifies until its last
// token has expired; Run does so every 90 days.
//
// The package hostedui is the pages for all this, and oauth the endpoints. Both are translations: what is allowed is decided here.
//
// # Advice
//
// Show the Message of an *Error to the person, beside the input that its Field names. Log every other error.
//
// Pass the Session that SignUp returned to ConfirmSignUp. A code proves that its reader owns the address, not that he chose the
// password; the Session ties the two together.
//
// Keep the key of the KeyWrapper where the database is not. Without it the pool cannot sign, and codes that are under way are void;
// with it and the database, anybody can sign.
//
// Limit the requests of one address in front of the pool. The pool limits what can be tried against one account; it does not see where
// requests come from.
//
// Take the sub as the key to a user everywhere else. Names and addresses change hands; a sub never does.
//
// # Promises
//
// Whether a user exists is not told: not by the answers of sign-up, sign-in, recovery and confirmation, and not by how long they take,
// as the same hashing and the same kind of writes are done. Where a message goes only to existing users, it is sent after the answer. The
// one exception is a PreSignUp hook that confirms users at once: then SignUp has to say that an address is taken.
//
// Passwords are hashed with argon2id (19 MiB, 2 passes), at most GOMAXPROCS at a time. They are neither trimmed nor cut. E-mail
// addresses have one canonical form: lower case, the domain in ASCII by IDNA 2008, and a local part of plain ASCII.
//
// What is in the store signs nobody in: passwords are hashed, tokens and session secrets too, one-time codes are MACs under a sealed
// key, signing keys are sealed, and what is pending is sealed under the secret that its holder has.
//
// Whatever must happen once happens once, on any number of processes: a code, a refresh, an authorization code, a sign-in under way, an
// address taken. Nothing is kept in a process but the keys: for a minute, and for ten while the store does not answer, so that tokens
// can be verified meanwhile.
//
// A failing store fails the operation with ServiceUnavailable, and leaves nothing half-done. Panics of senders, hooks and providers stay
// inside the operation.
package userpool
