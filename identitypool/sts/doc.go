// Package sts exchanges proofs for temporary credentials, in the protocol of AWS's Security Token Service (STS), in two directions.
//
// A [Service] is an STS for the roles of a pool: the AWS SDKs and the AWS command line get credentials of the application from it. A
// [Client] asks the real STS of AWS, so that users of the application reach services of AWS. For that AWS must be able to verify the
// tokens of the pool, which [Discovery] lets it, and a role there must trust them, for which [AWSTrustPolicy] prints the policy.
//
// # The service
//
// It is a handler, best on a host name of its own:
//
//	service, err := sts.New(sts.Config{Pool: pool})
//	…
//	mux.Handle("sts.example.com/", service)
//
// It has AssumeRole and GetSessionToken for those who have credentials of the pool, AssumeRoleWithWebIdentity and AssumeRoleWithSAML for
// those who have a token or an assertion, and GetCallerIdentity, for which nobody needs a permission. Requests of the first kind are signed
// for the service "sts" and the region of the pool. Other actions are refused as InvalidAction, and so is a parameter that an action does
// not have: what a client asks for and does not get, it is told.
//
// The roles are those of [identitypool.Config], named by their ARNs. The trust policy of a role decides who may have it.
//
//	aws sts assume-role --endpoint-url https://sts.example.com --region eu-west-1 \
//		--role-arn arn:aws:iam::000000000000:role/Auditor --role-session-name ann
//
// SDKs read AWS_ENDPOINT_URL_STS. Their web-identity providers (stscreds.NewWebIdentityRoleProvider in Go) keep a program in credentials by
// a token of [identitypool.Pool.GetOpenIDToken], which they read anew each time the credentials are about to end.
//
// # Registering the pool in AWS
//
// Give the pool an issuer that is a host name of yours: Config.Issuer is "https://id.example.com", say, and there is the discovery, on the
// public Internet, with a certificate of a public authority:
//
//	discovery, err := sts.NewDiscovery(pool, nil)
//	…
//	mux.Handle(discovery.Pattern(), discovery)
//
// Then register it in the account, once, with the ID of the pool as the audience:
//
//	aws iam create-open-id-connect-provider --url https://id.example.com \
//		--client-id-list eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11
//
// Older releases of the command line ask for --thumbprint-list; AWS ignores it where a public authority has issued the certificate. Print
// the trust policy into a file by AWSTrustPolicy, and make a role with it, and with what the role may do:
//
//	aws iam create-role --role-name Uploader --assume-role-policy-document file://trust.json
//	aws iam put-role-policy --role-name Uploader --policy-name uploads --policy-document file://uploads.json
//
// From now on a token of the pool is worth credentials of that role. The application, or the user's device itself, asks for them:
//
//	token, err := pool.GetOpenIDToken(ctx, identitypool.GetOpenIDTokenInput{IdentityID: id, Logins: logins})
//	…
//	client, err := sts.NewClient(sts.ClientConfig{Region: "eu-west-1"})
//	…
//	result, err := client.AssumeRoleWithWebIdentity(ctx, identitypool.AssumeRoleWithWebIdentityInput{
//		RoleARN: "arn:aws:iam::123456789012:role/Uploader", RoleSessionName: "web", WebIdentityToken: token.Token,
//	})
//
// To let each user have a part of a bucket, let the tokens carry principal tags (PrincipalTags of a provider of the pool, AWSTrust's
// SessionTags) and name them in the role's policy: "arn:aws:s3:::uploads/${aws:PrincipalTag/username}/*".
//
// When AWS answers InvalidIdentityToken, the provider is not registered in that account, the audience is another, or the keys could not be
// found; IDPCommunicationError says that the discovery could not be read, AccessDenied that the trust policy does not fit. AWS keeps keys
// for a while: the pool publishes each long before it signs with it, and a change of SessionKey without PreviousSessionKeys takes them away.
//
// # Advice
//
// An unsigned action can be tried by everybody: limit the rate in front of the service, as in front of any sign-in.
//
// A signed request can be sent again by whoever sees it, until its date is too old: serve TLS, and see Config.PreventReplay. What a request
// is signed for is this service and region, so a request for another service of the application is none for this one, and one for this
// one opens nothing there.
//
// A role that others than the pool's own users may assume should ask for an external ID (a condition on sts:ExternalId in its trust
// policy), which they do not choose: else one of them can have you act on another's role.
//
// # Promises
//
// Errors have the codes, statuses and, where known, the words of AWS. What goes wrong inside is logged with the request ID that the
// client has, and not told. Unknown access keys and wrong signatures have one answer. Tokens, assertions and secrets are in no error, no
// log and no URL, but for the session token of a GetCallerIdentity that somebody presigned.
//
// The client sends tokens over TLS to the one host that it was made for, follows no redirect, keeps to 10 seconds (or the timeout of its
// HTTPClient) and 256 KiB, and returns either whole credentials or an [*Error].
package sts
