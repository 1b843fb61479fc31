// Package identitypool gives users who signed in somewhere, and guests, temporary credentials of a role, as an Amazon Cognito identity
// pool does, and lets an application's handlers check what the role allows.
//
// A program makes one pool. It names the providers whose logins it accepts, each with what verifies their tokens, and the roles:
//
//	pool, err := identitypool.New(identitypool.Config{
//		ID:    "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
//		Store: memstore.New(),
//		Logins: map[string]identitypool.LoginVerifier{
//			"id.example.com": identitypool.LoginFunc(users.VerifyIDToken),
//		},
//		AuthenticatedRole: identitypool.Role{Name: "User", Policy: userPolicy},
//		SessionKey:        key, // the same 32 bytes in every process
//	})
//
// A client does three things. It exchanges its login for an identity, which stays the same for ever:
//
//	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: map[string]string{"id.example.com": idToken}})
//
// It exchanges identity and login for credentials, which end after an hour:
//
//	credentials, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsInput{IdentityID: id, Logins: logins})
//
// And it signs its requests with them, with any SDK for AWS Signature Version 4 or with package sigv4. A handler is protected by what it
// does and on what:
//
//	mux.Handle("GET /notes/{owner}/{note}", pool.Handler("notes:Read", func(r *http.Request) string {
//		return "arn:app:notes:::" + r.PathValue("owner") + "/" + r.PathValue("note")
//	}, readNote))
//
// The role's policy decides. It may name the identity, so that one policy serves all users:
//
//	{"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}
//
// Inside the handler, [FromContext] tells who calls. [Pool.Authenticate] and [Pool.Authorize] do the parts of it for code of another
// shape.
//
// # Guests
//
// With Config.AllowUnauthenticated, GetID without logins makes an identity for a guest, a new one each time, which gets credentials of
// the UnauthenticatedRole without any proof: its identifier is all that a guest has. An identity that has a login can never be used
// without it.
//
// # Advice
//
// A login is the pair of the provider's name and the subject, the claim "sub", both compared byte by byte. Give each issuer a name of its
// own, and let its verifier check issuer, audience and expiry: the pool believes the claims that it returns.
//
// Give the guest role the least it needs. A guest policy that allows every action on every resource is refused. Calls of GetID by guests
// make rows in the store: limit their rate in front of it.
//
// Put Handler where the URL is still as it was sent, not behind http.StripPrefix, and read package sigv4 on replays.
//
// What is removed takes effect at once for credentials that are out: guests when AllowUnauthenticated is off, a provider that is not in
// Logins any more, a changed policy, a role that was renamed. A user who is disabled at the provider gets no new credentials, and keeps
// those that are out until they end: keep Role.MaxDuration short where that matters.
//
// # Not supported
//
// Several logins for one identity (linking and merging), developer-authenticated identities, the basic flow, role mappings and
// principal tags. A call with several logins is refused.
//
// # Promises
//
// The session token holds the secret, sealed with XChaCha20-Poly1305 under a key derived from Config.SessionKey for this pool alone: every
// process with that key verifies every request without reading the store, and the store never has a secret. Many processes may share one
// store: however many of them see a login first at once, it gets one identity. Nothing tells an unknown access key from a wrong
// signature. Messages of errors name the action and the resource, never the policy.
//
// The packages policy and sigv4 below this one are pure and know nothing of it; that is why this one may use them.
package identitypool
