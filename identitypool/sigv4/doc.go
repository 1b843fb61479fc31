// Package sigv4 signs and verifies HTTP requests with AWS Signature Version 4,
// in the Authorization header. It is pure: it knows no store and keeps no state.
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
// Verify reads the body within a bound, hashes it and puts it back. An
// application that has read the body already uses VerifyBody. Nothing in
// front may read the body, as http.Request.ParseForm does: what it found would
// not be what was signed. Verify refuses such a body where its length was stated.
//
// # What is accepted
//
// A request is accepted when its Authorization header is
// "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…", its scope is
// exactly the region and service of the verifier and the day of its
// X-Amz-Date, that date is no further from the clock than Config.MaxSkew, host
// and every x-amz-* header that is present are signed, and the signature fits.
// The hash that is signed is always that of the body that was read.
//
// # Signed bytes are routed bytes
//
// The path that is verified is the path that came over the wire, byte by byte.
// It is not cleaned: a signature for /a/../b or //b is none for /b, and one for
// /a%2Fb is none for /a/b. A client that cleans paths before it signs them must
// also send them clean. In a query "+" is a space, as net/url reads it. Verify
// in front of anything that changes the URL, such as http.StripPrefix: when the
// URL of the request is no longer the one that was sent, the request is refused.
//
// # Not supported
//
// Refused, each with an error that says so: signatures in the query (presigned
// URLs), UNSIGNED-PAYLOAD, STREAMING-* payloads and trailers, X-Amz-Date left
// out in favour of Date, requests to a proxy (absolute-form targets), raw
// semicolons in the query, SigV4A, and the service "s3", whose canonical path
// differs. The Region and Service of a verifier cannot be patterns.
//
// # Clients
//
// The SDKs of AWS sign what is accepted here, and so does curl:
//
//	curl --aws-sigv4 aws:amz:eu-west-1:execute-api --user "$ID:$SECRET" \
//		--header "x-amz-security-token: $TOKEN" https://api.example.com/notes
//
// Older releases of curl sign the target as it is written, which no service but
// S3 accepts. With them, sort the parameters of a query by name, write "=" after
// each name, and percent-encode all but letters, digits and -._~ in them; a path
// that needs percent-encoding, or has other characters, needs a newer curl. curl
// cannot sign a body that it reads while it sends (--upload-file, --form).
//
// # Advice
//
// A signed request can be sent again by whoever sees it until its date is too
// old. Use TLS, keep MaxSkew small, and make what must happen once idempotent.
// A proxy that adds x-amz-* headers of its own (CloudFront's X-Amz-Cf-Id) makes
// every signature behind it invalid; have it remove them.
//
// # Promises
//
// An unknown access key and a wrong signature have one answer, made with the
// same work. Secrets are in no error. Signatures are compared in constant
// time. Nothing is read beyond the stated bounds. Everything here is safe for
// concurrent use.
package sigv4
