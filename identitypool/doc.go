// Package identitypool gives users who signed in somewhere, and guests, temporary credentials of a role, as an Amazon Cognito identity
// pool does. The handlers of an application then check what the role allows.
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
//	credentials, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
//
// And it signs its requests with them, by any SDK for AWS Signature Version 4 or by package sigv4. A handler is protected by naming what
// it does, and on what:
//
//	mux.Handle("GET /notes/{owner}/{note}", pool.Handler("notes:Read", func(r *http.Request) string {
//		return "arn:app:notes:::" + r.PathValue("owner") + "/" + r.PathValue("note")
//	}, readNote))
//
// The role's policy decides. It may name the identity, so that one policy serves all users:
//
//	{"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}
//
// Inside the handler, [FromContext] tells who calls. Where a Handler does not fit, [Pool.Authenticate] tells who calls, and
// [Pool.Authorize] whether they may.
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
// A pool with another Config judges credentials that were issued before by that Config: it refuses guests when AllowUnauthenticated is
// off, users of a provider that is not in Logins any more, and a role that was renamed, and it applies a changed policy. A user who is
// disabled at the provider gets no new credentials, but keeps those already issued until they expire: keep Role.MaxDuration short where
// that matters.
//
// # Not supported
//
// Several logins for one identity (linking and merging), developer-authenticated identities, the basic flow, role mappings and
// principal tags. A call with several logins is refused.
//
// # Promises
//
// The session token holds the secret, sealed with XChaCha20-Poly1305 under a key derived from Config.SessionKey for this pool alone. So
// every process with that key verifies every request without reading the store, and the store never has a secret. Many processes may
// share one store: a login gets one identity, even if several processes see it for the first time at once. No answer tells an unknown
// access key from a wrong signature. Error messages name the action and the resource, never the policy.
//
// The packages policy and sigv4 below this one are pure and know nothing of it; that is why this one may use them.
package identitypool
