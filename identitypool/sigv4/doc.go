// Package sigv4 signs and verifies HTTP requests with AWS Signature Version 4,
// in the Authorization header and in the query. It is pure: it knows no store
// and keeps no state, not even derived keys.
//
// A client signs a request just before it sends it:
//
//	err := sigv4.Sign(request, body, credentials, "eu-west-1", "execute-api", time.Now())
//
// A server makes one [Verifier], which finds the secret of an access key by a
// function of the application, and asks it about each request:
//
//	verifier, err := sigv4.New(sigv4.Config{
//		Region:  "eu-west-1",
//		Service: "execute-api",
//		Secret:  secretOf,
//	})
//	…
//	caller, err := verifier.Verify(request)
//
// Whose key it was need not be looked up again: what the function returned as
// the Secret's Principal is in Signed.Principal.
//
// Verify reads the body within a bound, hashes it and puts it back. An
// application that has read the body already uses VerifyBody. Nothing in
// front may read the body, as http.Request.ParseForm does: what it found would
// not be what was signed. Verify refuses such a body where its length was stated.
//
// A link that somebody else follows is signed in its query:
//
//	link, err := sigv4.Presign(request, nil, credentials, "eu-west-1", "execute-api", time.Now(), 5*time.Minute)
//
// and accepted by a verifier with Config.AllowPresigned.
//
// # What is accepted
//
// A request is accepted when its Authorization header is
// "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…", its scope is
// exactly the region and service of the verifier and the day of its
// X-Amz-Date, that date is no further from the clock than Config.MaxSkew, host
// and every x-amz-* header that is present are signed, and the signature fits.
// The hash that is signed is always that of the body that was read. Everything
// else has a switch in [Config], and is refused without it:
//
//   - AllowPresigned: the same members as X-Amz-… parameters of the query, each
//     once and in exactly that spelling, and no other part of a signature in a
//     header. X-Amz-Expires counts from X-Amz-Date, to the second and without
//     allowance for clocks, and is at most Config.MaxExpires.
//     X-Amz-Security-Token must be among what is signed: a token appended
//     after signing, as some services of AWS want it, is refused. Costs: who
//     sees the link, in a log or a Referer header, has what it opens.
//   - AllowUnsignedPayload: UNSIGNED-PAYLOAD. Costs: whoever can change the
//     request on its way chooses the body. Use it behind TLS only.
//   - AllowStreaming: STREAMING-AWS4-HMAC-SHA256-PAYLOAD, also with -TRAILER.
//     With AllowUnsignedPayload as well also STREAMING-UNSIGNED-PAYLOAD-TRAILER,
//     which the SDKs send over TLS; its checksum guards against accidents, not
//     against people. Costs: the time to check a signature of each chunk.
//   - AllowSigV4A: AWS4-ECDSA-P256-SHA256 for a set of regions (X-Amz-Region-Set)
//     that has Config.Region; "*" in one of them stands for any characters.
//     Costs: about fifteen times the time of a verification.
//   - Once: not a permission, but a guard against replay; see below.
//
// # S3
//
// The service "s3" has rules of its own: X-Amz-Content-Sha256 is required in a
// request that is signed in its header, the body of a presigned request is not
// signed unless that is stated, and the path is encoded once. The SDKs, pointed
// at a server of yours with their endpoint setting, need path-style addresses,
// and for uploads AllowStreaming and AllowUnsignedPayload.
//
// # Streamed bodies
//
// Of a body in aws-chunked, Verify first proves the headers, then reads the
// chunks and checks their signatures, one after the other, and the trailer and
// its checksums (CRC32, CRC32C, CRC64NVME, SHA-1, SHA-256, SHA-512). Config.MaxBody
// bounds X-Amz-Decoded-Content-Length. When all is right, r.Body is the payload,
// r.ContentLength and Content-Length its length, aws-chunked is gone from
// Content-Encoding, and the checksums are in r.Trailer; the x-amz-* headers stay
// as they were signed. So a request can be verified once only. VerifyBody
// refuses streamed bodies. Checksums that are sent as headers, not in a trailer,
// are for the application to check: they are not always of the body.
//
// # Signed bytes are routed bytes
//
// The path that is verified is the path that came over the wire, byte by byte.
// It is not cleaned: a signature for /a/../b or //b is none for /b, and one for
// /a%2Fb is none for /a/b, for S3 neither. A client that cleans paths before it
// signs them must also send them clean. In a query "+" is a space, as net/url
// reads it. AWS sorts parameters before it signs them: of several values of one
// parameter the order is not signed, so do not let it matter which is the first.
// Verify in front of anything that changes the URL, such as http.StripPrefix: when
// the URL of the request is no longer the one that was sent, the request is
// refused.
//
// # Not supported
//
// Refused, each with an error that says so: trailers of HTTP, X-Amz-Date left
// out in favour of Date, requests to a proxy (absolute-form targets), raw
// semicolons in the query, more than 1000 parameters in it, event streams, and
// streamed bodies that are signed with SigV4A or presigned. The Region and
// Service of a verifier cannot be patterns. Forms that browsers post to S3 with
// a signed policy are not requests of this kind.
//
// # Clients
//
// The SDKs and the command line of AWS sign what is accepted here, and so does
// curl:
//
//	curl --aws-sigv4 aws:amz:eu-west-1:execute-api --user "$ID:$SECRET" \
//		--header "x-amz-security-token: $TOKEN" https://api.example.com/notes
//
// For the service s3, older releases of curl (7.88 among them) do not send the
// X-Amz-Content-Sha256 that it needs. Give the header yourself; here for no body,
// else with the body in the place of the empty string:
//
//	--header "x-amz-content-sha256: $(printf %s '' | sha256sum | cut -d ' ' -f 1)"
//
// curl signs a path for s3 as it is written, so write it as S3 encodes it: all
// but letters, digits and -._~/ percent-encoded, a colon as %3A.
//
// Older releases of curl sign the target as it is written for other services
// too, which none but S3 accepts. With them, sort the parameters of a query by
// name, write "=" after each name, and percent-encode all but letters, digits and
// -._~ in them; a path that needs percent-encoding, or has other characters, needs
// a newer curl. curl cannot sign a body that it reads while it sends
// (--upload-file, --form).
//
// # Advice
//
// A signed request can be sent again by whoever sees it until its date is too
// old. Use TLS, keep MaxSkew small, and make what must happen once idempotent.
// Config.Once refuses the second of two equal requests, at the price of one write
// to a store for each. The date of a signature is in seconds: a client that means
// to send the same twice in one second must have something in it differ, such as
// a header with a number. Presigned GET and HEAD requests are for repeated use,
// and the guard is not asked about them; other presigned requests work once.
//
// Of the headers, only host and x-amz-* are sure to be signed. Any other that the
// client did not sign, Content-Type and Content-Encoding among them, may have been
// added or changed on the way: let nothing that matters depend on them.
//
// A signature is good for a region and a service, not for a server. Give services
// of yours that share access keys names of their own, or a request to one can be
// replayed to the other, as far as the host they answer to is the same.
//
// A proxy that adds x-amz-* headers of its own (CloudFront's X-Amz-Cf-Id) makes
// every signature behind it invalid; have it remove them. One that changes the
// Host header does too.
//
// # Promises
//
// An unknown access key and a wrong signature have one answer, made with the
// same work. Secrets are in no error, and in no cache. Signatures are compared in
// constant time. Nothing is read beyond the stated bounds, and of a request that
// states the hash of its body, or streams it, no byte of the body before its
// signature has been found right. Everything here is safe for concurrent use.
package sigv4
