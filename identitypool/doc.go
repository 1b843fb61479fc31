// Package identitypool gives users who signed in somewhere, and guests, temporary credentials of a role, as an Amazon Cognito identity
// pool does with AWS's Security Token Service. The credentials sign requests, and the handlers of an application check what the role
// allows. By package sts they also open doors in real AWS.
//
// # A pool
//
// A program makes one pool. It names the providers whose logins it accepts, each with what verifies their tokens, and the roles:
//
//	pool, err := identitypool.New(identitypool.Config{
//		ID:    "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
//		Store: memstore.New(), // or that of package sqlstore
//		Providers: map[string]identitypool.Provider{
//			"id.example.com": {Verifier: identitypool.LoginFunc(users.VerifyIDToken), Revocation: users},
//		},
//		AuthenticatedRole: identitypool.Role{Name: "User", Policies: []string{userPolicy}},
//		SessionKey:        key, // the same 32 bytes in every process
//	})
//
// A role's policies are documents of package policy. They may name the identity, so that one serves all users:
//
//	{"Version": "2012-10-17", "Statement": {
//		"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"}}
//
// # From a login to a signed request
//
// A client does three things. It exchanges its login for an identity, which stays the same for ever:
//
//	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: map[string]string{"id.example.com": idToken}})
//
// It exchanges identity and login for credentials, which end after an hour:
//
//	credentials, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
//
// And it signs its requests with them, by any SDK for AWS Signature Version 4, by curl --aws-sigv4, or by package sigv4.
//
// # Protecting handlers
//
// An [Authorizer] verifies signatures, judges the session and asks the policies, for one service. A table says what each request does,
// and to what:
//
//	authorizer, err := pool.Authorizer(identitypool.AuthorizerConfig{})
//	handler, err := authorizer.Routes([]identitypool.Route{
//		{Pattern: "GET /notes/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}", Handler: readNote},
//		{Pattern: "PUT /notes/{owner}/{note}", Action: "notes:Write", Resource: "arn:app:notes:::{owner}/{note}", Handler: writeNote},
//	})
//
// What is not in the table is not served. Inside a handler, [FromContext] tells who calls, [DecisionFromContext] what the policies said,
// and [Decide] asks them another question about the same request. [Authorizer.Handler] protects a single handler by a function that names
// the resource; where neither fits, [Authorizer.Caller] tells who calls, and [Authorizer.Authorize] whether they may.
//
// The client of a denied request learns the kind of policy that denied it. The log of the pool gets the trace: each statement, and why it
// did not match. [Decision.Explain] gives the trace to the program.
//
// Conditions find the keys that AWS calls global: aws:SourceIp, aws:SecureTransport, aws:UserAgent, aws:Referer, aws:CurrentTime,
// aws:EpochTime, aws:RequestedRegion, aws:ResourceAccount, and of the caller aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType,
// aws:PrincipalTag/…, aws:userid, aws:username, aws:FederatedProvider, aws:TokenIssueTime, aws:SourceIdentity and those of the second
// factor; cognito-identity.amazonaws.com:sub, :aud and :amr; and what the application adds by Route.Context.
//
// # Guests
//
// With Config.AllowUnauthenticated, GetID without logins makes an identity for a guest, a new one each time, which gets credentials of
// the UnauthenticatedRole without any proof: its identifier is all that a guest has. A guest who signs in keeps the identity: call
// GetCredentialsForIdentity with it and the login, if the login is new. An identity that has a login can never be used without one: when
// it gets the first, the credentials that it had as a guest's end, whoever has them. What a guest does must be allowed by the ceiling,
// Config.GuestCeiling, as well.
//
// # Several logins, and users of your own backend
//
// An identity may have logins of several providers: give them together, or the identity with a login that is new. If two identities
// turn out to be one person's, they are merged: one gets all logins, the other is disabled, and calls return the identifier of the first.
// [Pool.UnlinkIdentity] takes a login away.
//
// A backend that knows its users by itself vouches for them under the name Config.DeveloperProvider, by
// [Pool.GetOpenIDTokenForDeveloperIdentity]; the client sends that token as the login "cognito-identity.amazonaws.com".
//
// # Roles
//
// Which role a login gets is chosen by a [RoleMapping]: by the claims cognito:preferred_role and cognito:roles of the token, or by rules on
// any claim. Claims can become principal tags (Provider.PrincipalTags), which policies read as ${aws:PrincipalTag/team}. Each role has a
// trust policy, which is asked every time; [Pool.TrustPolicy] shows that which a role without one has. Permissions boundaries, session
// policies and service control policies narrow what a role allows: package policy says in which order.
//
// With credentials, and with tokens of providers, further roles can be assumed: AssumeRole, AssumeRoleWithWebIdentity and
// AssumeRoleWithSAML are methods of the pool, and package sts serves them to clients.
//
// # Ending credentials
//
// [Pool.Revoke] ends credentials before they expire: those of an identity, of a role, of a user, or all that were issued before a time.
// Credentials are judged at each request by the Config of now: a provider, a role or the guests that are no longer there end them, and a
// changed policy is the one that counts.
//
// # Real AWS
//
// The pool is an OpenID provider for AWS: package sts serves its discovery document and its keys, prints the trust policy for a role in
// your account, and exchanges tokens of [Pool.GetOpenIDToken] for credentials of that role.
//
// # Advice
//
// A login is the pair of the provider's name and the subject, the claim "sub", both compared byte by byte. Give each issuer a name of its
// own, and let its verifier check issuer, audience and expiry: the pool believes the claims that it returns.
//
// Do not let rules and tags depend on claims that users can write: name those in Provider.UserWritable, and they are refused.
//
// Give the guest role the least it needs. Calls of GetID by guests make rows in the store: limit their rate in front of it.
//
// Put the handlers of an Authorizer where the URL is still as it was sent, not behind http.StripPrefix. Use TLS. A request can be sent
// again by whoever sees it, for five minutes: make what must happen once idempotent, or set AuthorizerConfig.PreventReplay. Behind a
// proxy, say where the client's address is to be found, or conditions on aws:SourceIp see the proxy.
//
// An action belongs to a route. A handler that does several things, by a query parameter, a header or the body, must ask [Decide] about
// each, or the policy for one is the policy for all.
//
// A policy that denies by NotIpAddress, or allows by a negated condition on a key that may be absent, matches when the key is absent:
// that is the rule of the language. Pair it with a Null condition.
//
// Call [Pool.Run] in one goroutine: it rotates keys, and clears away what has expired.
//
// # Promises
//
// The session token holds the secret, sealed with XChaCha20-Poly1305 under a key derived from Config.SessionKey for this pool alone. So
// every process with that key opens the token without reading the store, and the store never has a secret. Revocations are read from
// the store, at each request or by a copy as old as Config.RevocationDelay.
//
// Many processes may share one store: a login gets one identity, even if several processes see it for the first time at once. No answer
// tells an unknown access key from a wrong signature. No decision is kept: each request is judged by the policies and the context of its
// own. Error messages name the action, the resource and the kind of policy, never the policy.
//
// The packages policy and sigv4 below this one are pure and know nothing of it; that is why this one may use them.
package identitypool
