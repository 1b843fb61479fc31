// Package saml is a SAML 2.0 service provider: people sign in at their
// organization's identity provider (Entra ID, AD FS, Okta, Keycloak, Shibboleth,
// Google Workspace and any other that speaks SAML), and the application learns
// who they are. It follows the Web Browser SSO and Single Logout profiles, with
// the requirements of Interoperable SAML 2.0 (SAML2Int).
//
// A program makes one [ServiceProvider], which says who it is, and one
// [Provider] for each identity provider:
//
//	sp, err := saml.New(saml.Config{
//		PoolID:  "eu-central-1_Example",
//		BaseURL: "https://login.shop.example",
//		Replay:  pool,
//	})
//	provider, err := sp.Provider(saml.ProviderConfig{
//		MetadataURL: "https://idp.example/metadata",
//	})
//
// The identity provider is given [ServiceProvider.Metadata], or the three values
// in it by hand: [ServiceProvider.EntityID], [ServiceProvider.ACSURL] and
// [ServiceProvider.SLOURL]. They are those of an Amazon Cognito user pool unless
// Config says otherwise.
//
// When somebody presses "Sign in", the application makes a random state, calls
// [Provider.Begin], stores pending under the state, gives the browser a cookie
// which binds it to the state, and lets next answer. The identity provider has
// the browser post its answer to the ACS URL, with the state as RelayState. There
// the application takes pending out of its store, checks the cookie, and calls
// [Provider.Finish]. The example of Provider does it all.
//
// [Provider.FinishSession], [Provider.BeginLogout], [Provider.FinishLogout] and
// [Provider.ReceiveLogout] are for single logout, [Provider.FinishUnsolicited] for
// sign-ins that start at the identity provider, [Provider.VerifyLogin] for
// assertions as logins of an identity pool.
//
// # Who it is
//
// The subject that Finish returns names the person at this one identity
// provider: the account is the pair of provider and subject. It is made of the
// NameID, with its format and qualifiers, so that two different NameIDs are
// never the same subject:
//
//   - A persistent NameID is the subject as it is.
//   - Any other is "nameid:FORMAT:NAMEQUALIFIER:SPNAMEQUALIFIER:VALUE", such as
//     "nameid:emailAddress:::alice@example.com". FORMAT is the last word of a
//     standard format (unspecified if there is none), or "=" and an escaped URI.
//     The qualifiers are escaped, and left out if they are the names of the
//     identity provider and of this service provider, which they default to. A
//     persistent NameID is written so, too, if it has other qualifiers or begins
//     with "nameid:".
//   - What would be longer than 255 bytes is "nameid:sha256:" and a hash.
//   - A transient NameID, which is another one each time, is refused.
//
// Nothing is folded or trimmed: case and Unicode form matter. A NameID with white
// space around it, or with characters that do not print, is refused. When the
// identity provider is switched to another format, people become others: choose
// one, and stay with it.
//
// With ProviderConfig.SubjectAttribute, the one value of that attribute is the
// subject, as it is, and the NameID may be missing or transient. This is right for
// Entra ID, with [EntraObjectID]: the NameID that it sends by default is the
// user principal name, which can be given to somebody else.
//
// # Attributes
//
// Attributes are those of the assertion, by their Name, letter for letter;
// FriendlyName and NameFormat are not looked at. Each AttributeValue is one value,
// as it is; attributes of the same Name are put together in the order of the
// assertion. A value with elements in it and a nil value are left out.
//
// To these are added AttributeIssuer ("saml:Issuer"), AttributeNameID,
// AttributeNameIDFormat, AttributeNameQualifier, AttributeSPNameQualifier,
// AttributeSessionIndex, AttributeAuthnInstant, AttributeSessionNotOnOrAfter and
// AttributeAuthnContextClassRef. What an assertion calls "saml:..." itself is left
// out, so these are always this package's.
//
// An assertion has at most 512 attributes with 4096 values in all; a Name has at
// most 1024 bytes and a value 16 KiB. One with more is refused.
//
// # Advice
//
// An email address is what the identity provider's administrator typed in. Never
// link an account to an existing one because the addresses are the same, unless
// the identity provider is the authority for that domain.
//
// Give the ReplayStore that all processes share. The state's cookie must be
// SameSite=None and Secure, because the answer is a cross-site POST.
//
// Leave RequestOptions empty unless you need something: what a request asks for
// and the identity provider was not set up for is an error there.
//
// Before a signing key changes, put the certificate of the next one into
// Config.OtherCertificates, and wait until the identity providers have read the
// metadata. Keep the old decryption key for as long. The keys of identity
// providers change by themselves where ProviderConfig has a MetadataURL.
//
// Entra ID encrypts, where it is told to, with AES-CBC, and so does AD FS. Such
// assertions need InsecureAllowCBC; https protects them on their way without it,
// so consider not to encrypt. Entra ID answers a logout under another name than
// it signs in with: see ProviderConfig.LogoutIssuers.
//
// Metadata is fetched by the server. Where people other than the operator may
// register identity providers, give Config.HTTPClient a transport whose dialer
// refuses internal addresses.
//
// # What is checked
//
// A message is read by a strict parser: UTF-8, no document type, no comments, no
// processing instructions, bounds on everything, and no element with the ID of
// another. Every signature that is there must verify with a key of the identity
// provider's metadata, and what KeyInfo says does not matter. An unsigned
// message is refused, and what is believed is read again from the very bytes
// whose digest was signed. The response, or the assertion, or both, must be
// signed: with RSA of 2048 bits or more, or ECDSA, and SHA-2.
//
// Then all of this must hold: version 2.0; the Issuer of both is the identity
// provider; Destination and Recipient are the ACS URL; the status is Success;
// there is one assertion, with one bearer confirmation that is ours, one
// AuthnStatement, and Conditions that name us in every AudienceRestriction and have
// nothing unknown; InResponseTo of both is the request of this sign-in; all times
// are right, within Config.ClockSkew; nothing is older than Config.MaxAge, however
// long it says to be valid; with ForceAuthn, the person has proved who they are
// since Begin. Last, the IDs of the request, the assertion and a signed response
// are used up.
//
// # Promises
//
// A message has at most 256 KiB, and a form that carries one 512 KiB; more is
// refused unread. Metadata has at most 5 MiB, is fetched by https (unless
// Config.InsecureAllowHTTP) within 10 seconds and without redirects, and not twice
// within two seconds after a failure; because of a signature by an unknown key,
// not twice within a minute.
//
// What decryption failed at is told to nobody. Encrypted NameIDs and attributes,
// the artifact and SOAP bindings, and holder-of-key are not supported, and refused.
//
// Every error is an [*Error] that [errors.Is] compares with a [Code]. It says what
// was expected, what came and what to change, and never contains a message, a
// key, or a state. A panic in a library beneath becomes an InternalError. A
// ServiceProvider and a Provider are safe for concurrent use, and keep nothing
// about a sign-in, so its two halves may run in different processes.
package saml
