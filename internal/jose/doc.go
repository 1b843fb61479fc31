// Package jose signs and verifies JSON Web Tokens, and keeps the keys for both.
// It is the only package of this module that imports a JOSE library; no type
// of that library appears in its exported names.
//
// # A walk
//
// A program that issues tokens makes a key with [GenerateKey], stores what
// [PrivateKey.Marshal] returns under a seal, reads it back with
// [ParsePrivateKey], signs with [PrivateKey.Sign], and publishes
// [PrivateKey.Public] with [MarshalKeySet].
//
// A [Signer] signs with a key that was made elsewhere, such as that of a client
// which authenticates by a signed assertion.
//
// A program that receives tokens gives [Verify] a [KeySource] and what it
// expects. The key source is a store of its own, or [RemoteKeys], which fetches
// the JWK set of an issuer.
//
// # What Verify does, in this order
//
//  1. The gate. The token is a JWS in compact serialization (RFC 7515 section
//     7.1) of at most 16 KiB: three segments, each of canonical base64url without
//     padding, white space or line breaks. The header is one JSON object with
//     the members alg, kid and typ only (x5t and x5t#S256 may stand there and
//     are not used). A token with crit, b64, zip, cty, jwk, jku, x5u, x5c or any
//     other member is refused, so nothing in a token can name a key, a place to
//     fetch one from, or a rule of processing.
//  2. The type. typ decides which kind of token this is (RFC 8725 section 3.11).
//  3. The key. It is looked up by kid and must be strong; the algorithm is the
//     one that the key source states for the key, and alg must name the same.
//     Algorithms are RS256, RS512, ES256 with P-256, and EdDSA with Ed25519;
//     there is no "none" and no HMAC.
//  4. The signature.
//  5. The payload, as strict as [DecodeObject] is, and then iss, aud, exp, nbf
//     and iat. Names are compared exactly: "Sub" is not "sub".
//
// Nothing is returned from a token that did not pass all of them.
//
// # Advice
//
// A token is not identified by its text. An ECDSA signature (r, s) has a twin
// (r, n-s) that is just as valid, and other issuers produce both halves, so
// Verify accepts both: the text of one ES256 token can take two forms. Whatever
// must be used once or can be revoked is keyed by jti (or by the session that
// the claims name), never by the text of the token nor a hash of it.
//
// Verify checks what every token has in common. What tells an access token from
// an ID token (token_use, client_id, nonce, scope) is for the caller to check,
// and by type: a claim that is the text "false" is not the value false.
//
// # Promises
//
//   - Whatever is read from outside is bounded before it is parsed: tokens
//     16 KiB, key sets 512 KiB and 100 keys, fetches 5 seconds, JSON 1 MiB,
//     32 levels and 10,000 values.
//   - No input makes this package panic.
//   - Errors are of type [*Error], and errors.Is tells its [Reason]. They quote
//     key IDs and algorithms, never a token, a claim's value or key material.
//   - All functions and all methods may be called concurrently.
package jose
