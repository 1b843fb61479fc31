// Package totp has the time-based one-time codes of authenticator apps: RFC 6238 with what all apps support, which is SHA-1, 6 digits and
// steps of 30 seconds.
//
// [NewSecret] makes a secret. [Encode] shows it to a person who types it into an app, and [KeyURI] is what a QR code for the app holds.
// [Verify] tells whether a code is right, and for which step of time. The caller stores this step together with the secret, and passes it
// to the next Verify, which is how a code works once only (RFC 6238, section 5.2). Of several requests with one code, arriving at once at
// several processes, only one may win: store the step on the condition that the stored one is still smaller.
//
// Guessing is for the caller to bound. With three steps to hit, one guess in 333,333 is right.
//
// SHA-1 is no weakness here: the codes rest on HMAC, which collisions of SHA-1 do not touch. Apps that ignore the parameters for other
// hash functions, digits and periods would show wrong codes without a word.
package totp
