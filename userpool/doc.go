// Package userpool is a directory of users who sign up and sign in, as an Amazon Cognito user pool is, in the process of the application.
// Its operations have the names that Cognito gave them.
//
// # A walk
//
// A program makes a [Pool] with [New]. It gives a [Store] (package memstore for a test, sqlstore for SQLite and PostgreSQL), a
// [KeyWrapper] under whose key the signing keys are stored, a [Sender] that delivers codes to people, and the Issuer: the address at
// which people and applications reach the pool. [Settings] say how it behaves. [Pool.Run], on a goroutine of the program, does the upkeep.
//
// A person signs up with an e-mail address and a password, or with a phone number or a name of their choice, as
// Settings.UsernameAttributes and AliasAttributes say: [Pool.SignUp] sends a code, [Pool.ConfirmSignUp] takes it, and
// [Pool.ResendConfirmationCode] sends another. Or an administrator makes the user: [Pool.AdminCreateUser].
//
// [Pool.InitiateAuth] signs the person in. It ends in a browser session, which the hosted pages keep in a cookie, in [Tokens] for an app
// client, or in a [Challenge]: something more to prove, which [Pool.RespondToAuthChallenge] takes, and which may lead to the next. So one
// machine serves all the flows: the password as it is (USER_PASSWORD_AUTH) or by Secure Remote Password (USER_SRP_AUTH), what hooks of the
// application ask (CUSTOM_AUTH), and what the person chooses (USER_AUTH): a password, a code by e-mail or SMS, a link, a passkey.
//
// Second factors are asked for as Settings.MFA says: [Pool.AssociateSoftwareToken] and [Pool.VerifySoftwareToken] set up an authenticator
// app, [Pool.SetUserMFAPreference] chooses among factors, [Pool.GenerateRecoveryCodes] makes codes for the day the phone is lost, and
// [Pool.ConfirmDevice] lets a device stand in. [Pool.StartWebAuthnRegistration] and [Pool.CompleteWebAuthnRegistration] add a passkey.
//
// [Pool.ForgotPassword] and [Pool.ConfirmForgotPassword] set a new password, [Pool.ChangePassword] changes the one that is known.
// [Pool.UpdateUserAttributes] changes attributes; a new address takes effect when [Pool.VerifyUserAttribute] gets the code that was sent to
// it. [Pool.BeginFederatedSignIn] and [Pool.FinishFederatedSignIn] sign a person in at another provider instead.
// One user can have a password and several providers: see [LinkRule] for the ways to get there, and [Pool.UnlinkIdentity] for the way back.
// What a provider says makes attributes and groups at each sign-in ([Provider]); [Pool.ProviderForEmail] finds the provider of a person's
// organization, and [Pool.BeginFederatedSignOut] and [Pool.ReceiveFederatedSignOut] end sessions there and from there.
//
// Messages are written in the person's language, in ten languages. [MessageTemplate] replaces their texts, and the hook CustomMessage does
// so for one message at a time.
//
// An app client is a [Client] in [Settings]. It gets Tokens from InitiateAuth, or from [Pool.IssueAuthorizationCode] and
// [Pool.RedeemAuthorizationCode], which package oauth serves as OAuth 2.0 and OpenID Connect. [Pool.GetTokensFromRefreshToken] renews
// them, [Pool.RevokeToken] ends them. An API verifies access tokens with package middleware, to which the Pool is a source of keys and,
// if the API wants to learn of a sign-out at once, of revocation; or it calls [Pool.VerifyAccessToken]. How strong a sign-in was is in the
// claims acr, amr and auth_time.
//
// [Pool.GetUser], [Pool.ListSessions], [Pool.DeleteUser], [Pool.GlobalSignOut] and their like are for a user, who proves it by an access
// token or a browser session. The operations whose names begin with Admin, and those on groups, lists, imports and settings, ask for no proof: the application
// decides who may call them, and says by [WithActor] who did.
//
// [Pool.ListUsers] searches, [Pool.StartUserImportJob] takes Cognito's CSV files, and [Pool.ExportUsers] and [Pool.ImportUsers] move a whole
// pool, with password hashes and factors. A [Directory] keeps many pools in one store. What Cognito fixes for ever, such as what people sign
// in with, is changed by new Settings and [Pool.Migrate]; [Pool.PlanMigration] says before what that will do.
//
// [Pool.RotateSigningKey] replaces the key that signs tokens. The new key is published before it signs, and the old one verifies until
// its last token has expired. Run does this every 90 days.
//
// Every event that matters for security is in the log and in the store, chained by hashes: [Pool.ListAuditEvents] reads them, and the
// command verifyaudit, or [Pool.VerifyAuditTrail], finds out whether any was changed.
//
// Package hostedui has pages for people, and package oauth the endpoints. Both only translate: what is allowed is decided here. Package
// passkey verifies passkeys, smtpsender and smswebhook deliver messages, and pwned knows passwords from breaches; a program links them only
// if it imports them.
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
// Tell the pool where requests come from, by [UserContextData]: it then limits what can be tried from one network, besides what can be
// tried against one account, and keeps strangers from locking a person out of where that person signs in. Limit all requests from one
// address in front of the pool. Set Settings.Risk to judge sign-ins that look unusual.
//
// Keep the head of the audit trail, which Run writes to the log, where nobody who can write to the database can write: with it,
// [Pool.VerifyAuditTrail] and the command verifyaudit find out every change of the trail. [Pool.ListAuditEvents] reads it.
//
// Refer to a user by sub everywhere else. Names and addresses change hands; a sub never does.
//
// # Promises
//
// Nobody learns whether a user exists, unless a client is set to reveal it: not from the answers of sign-up, sign-in, recovery and
// confirmation, and not from how long they take, as the same hashing and the same kinds of writes are done either way. A message that goes
// only to existing users is sent after the answer. There are three exceptions: names that people choose, since who signs up must learn that
// one is taken; a PreSignUp hook that confirms users at once, as SignUp then has to say that an address is taken; and a UserMigration hook,
// which is asked for unknown names only, so that the time it takes, and an error of its own, tell who is not here.
//
// Passwords are hashed with argon2id (19 MiB, 2 passes), by default at most GOMAXPROCS at a time. They are neither trimmed nor truncated.
// Hashes that were brought from elsewhere are verified and replaced at the next sign-in; until then, how long an answer takes tells that a
// user was imported.
//
// E-mail addresses have one canonical form: lower case, the domain in ASCII by IDNA 2008, and a local part of plain ASCII. Phone numbers
// have that of E.164. Names that people choose have that of RFC 8265, and no two users have names that look alike.
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
