// Package passkey verifies passkeys: credentials of Web Authentication Level 3 (https://www.w3.org/TR/webauthn-3/). A RelyingParty is a
// userpool.WebAuthn. The package is apart from userpool so that only programs with passkeys link the WebAuthn library that it uses.
//
// # A walk
//
// Make a RelyingParty for the domain of the sign-in page, and give it to the pool as userpool.Config.WebAuthn. That is all that a program
// with a pool does; the rest of this walk is what the pool does with it.
//
//	passkeys, err := passkey.New(passkey.Config{
//		RPID:    "example.com",
//		RPName:  "Example",
//		Origins: []string{"https://login.example.com"},
//	})
//
// To add a passkey, BeginRegistration returns options for the browser and something pending for the server. The page hands the options to
// the browser and sends back what it gets:
//
//	const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
//	const credential = await navigator.credentials.create({publicKey});
//	const response = JSON.stringify(credential.toJSON());
//
// FinishRegistration verifies the response against what is pending, and returns the passkey to store.
//
// To sign somebody in, BeginAuthentication returns options for
//
//	const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
//	const credential = await navigator.credentials.get({publicKey});
//	const response = JSON.stringify(credential.toJSON());
//
// with the passkeys of the user whose name is known, or with none: then the authenticator shows the person which they have. Credential
// tells whose passkey the response speaks of, so that the user can be looked up; FinishAuthentication verifies the response against the
// passkeys of that user, and returns the one that signed, with the counter and flags to store.
//
// # Who does what
//
// A RelyingParty keeps nothing. Whoever calls it, as a pool does,
//
//   - keeps pending where nobody can make or change it, and takes it away before it is used, so that it is used once;
//   - looks up users by credential ID, and sees to it that a credential ID belongs to one user only (7.1, step 26);
//   - gives a made-up list of passkeys for a name that nobody has, the same each time, so that names cannot be tried out (14.6.2);
//   - stores the passkey that FinishAuthentication returns, and does not let an older counter overwrite a newer one;
//   - asks for a recent sign-in before a passkey is added or removed.
//
// # Advice
//
// Choose RPID once. Passkeys are bound to it: with another, every passkey that people have is useless, and no change of Config brings it
// back. A whole domain ("example.com") serves all pages below it, now and later, and lets each of them ask for these passkeys; the name of
// the sign-in page ("login.example.com") keeps the others out. If one domain becomes two, list the second in RelatedOrigins.
//
// List in Origins the pages that have the sign-in form, not all pages that there are: for a browser every page below RPID, on any port, may
// ask for its passkeys, and Origins is what stops a page that somebody else has there.
//
// A passkey is something that the person has. With user verification, by a finger, a face or a PIN, it is also something that they are or
// know: two factors in one step. Passkey.UserVerified tells which it was the last time. Where a second factor is required, require user
// verification, by RequireUserVerification or for the one ceremony; otherwise authenticators do it if they can, and some security keys
// cannot.
//
// An ErrCloned says that two authenticators seem to have the same key, or that an authenticator lost count. The sign-in is refused. Let the
// person sign in by another factor, remove the passkey and add a new one. Most passkeys are synchronized and do not count; they are never
// taken for cloned.
//
// Attestation is not asked for: it would tell which model of authenticator made the passkey, and browsers warn about it. AAGUID is good for
// an icon beside the passkey's name, and for nothing on which safety depends.
//
// During development, RPID is "localhost" and Origins has "http://localhost:8080"; an IP address does not work in browsers. Pages in native
// applications have origins of another kind, such as "android:apk-key-hash:…"; they are not supported.
//
// # Promises
//
// What is accepted was signed by the key of the passkey that is returned, for this RP ID, on a page of Origins or RelatedOrigins, for the
// challenge of this ceremony and this kind of ceremony, less than five minutes after the options, with somebody present, and verified where
// that was required. A page in a frame of another site is refused unless the site is in TopOrigins.
//
// Keys are ES256 on P-256, EdDSA on Ed25519, or RS256 of 2,048 to 4,096 bits. They are looked at when they come and each time they are used:
// a point off the curve or of small order, an even modulus, an algorithm that does not fit the type are refused.
//
// A passkey that can be backed up stays one, and one that cannot never is. A counter that is in use grows.
//
// Of what the browser sends, at most 64 KiB are read, strictly: one JSON object, no name twice, base64url in its one form, CBOR at most five
// levels deep. A panic in the library becomes an error. Beside an error nothing is returned. No error holds a challenge.
//
// Challenges are 32 bytes of Config.Rand. Nothing is logged, no network is used, and no goroutine is started. A RelyingParty is safe for
// concurrent use.
package passkey
