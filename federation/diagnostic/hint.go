package diagnostic

import (
	"regexp"
	"strings"
)

// Where something has to be changed.
const (
	whereProvider = "at the provider"
	whereHere     = "in this application"
	whereEither   = "at the provider or in this application"
)

const unknownTitle = "The sign-in did not succeed"

// hints are what the errors of providers mean for those who set them up. The first
// whose texts are all in the error counts: the narrow ones stand before the wide
// ones.
var hints = []struct {
	all     []string
	problem Problem
}{
	{[]string{"panicked"}, Problem{Title: "The software failed", Change: "This is a defect. Please report it, with the version of the software.", Where: whereHere}},

	// What the provider said about the client.
	{[]string{"invalid_client"}, Problem{
		Title: "The provider does not accept the client secret or certificate",
		Change: "Compare the client ID. Client secrets expire, and some providers show an ID of the secret beside its value: it is the value that counts. " +
			"Make a new secret, and enter it here.", Where: whereEither}},
	{[]string{"unauthorized_client"}, Problem{
		Title: "The provider does not let this client sign people in", Change: "Allow the authorization code flow for the client, and the kinds of accounts that are to sign in.", Where: whereProvider}},
	{[]string{"invalid_scope"}, Problem{Title: "The provider does not know a scope", Change: "Take it out of the scopes that are asked for, or allow it for the client.", Where: whereEither}},
	{[]string{"redirect_uri"}, Problem{
		Title: "The callback URL is not registered", Change: "Register the callback URL (redirect URI, reply URL) exactly as it is shown on the first page of this test.", Where: whereProvider}},
	{[]string{"invalid_grant"}, Problem{
		Title: "The provider refused the code", Change: "The sign-in took too long, or the page was loaded twice. Begin the test again. If it stays so, compare the callback URL at the provider.", Where: whereEither}},
	{[]string{"no id_token"}, Problem{Title: "The provider sent no ID token", Change: "Ask for the scope openid, and allow it for the client.", Where: whereEither}},
	{[]string{"cancelled or denied"}, Problem{
		Title: "The provider did not let the person in", Change: "The person pressed Cancel, or may not use the application: assign them, or a group they are in, to it.", Where: whereProvider}},
	{[]string{"authnfailed"}, Problem{
		Title: "The provider did not let the person in", Change: "The person could not prove who they are, or may not use the application: assign them, or a group they are in, to it.", Where: whereProvider}},
	{[]string{"requestdenied"}, Problem{
		Title: "The provider refused the request", Change: "Compare the identifier (entity ID) and the reply URL, and whether requests have to be signed.", Where: whereEither}},
	{[]string{"noauthncontext"}, Problem{
		Title: "The person signed in by other means than were asked for", Change: "Ask for no authentication context, or have the person use what was asked for.", Where: whereHere}},
	{[]string{"invalidnameidpolicy"}, Problem{
		Title: "The provider does not give the kind of name that was asked for", Change: "Ask for no NameID format, or set the one that was asked for.", Where: whereEither}},

	// Who the answer is for.
	{[]string{"saml:", "audience"}, Problem{
		Title: "The answer is for another application", Change: "The identifier (entity ID, audience) differs: enter there exactly the one that is expected here.", Where: whereProvider}},
	{[]string{"aud does not name"}, Problem{Title: "The answer is for another application", Change: "The client ID differs: compare the one here with the one at the provider.", Where: whereEither}},
	{[]string{"aud names several"}, Problem{Title: "The answer is for several applications", Change: "The provider must issue tokens for this client alone, or name it as azp.", Where: whereProvider}},
	{[]string{"trustedaudiences"}, Problem{Title: "The answer is for several applications", Change: "The provider must issue tokens for this client alone.", Where: whereProvider}},
	{[]string{"recipient"}, Problem{Title: "The answer is for another address", Change: "The reply URL (ACS URL) differs, down to a slash: enter there exactly the one that is expected here.", Where: whereProvider}},
	{[]string{"destination"}, Problem{Title: "The answer is for another address", Change: "The reply URL (ACS URL) differs, down to a slash: enter there exactly the one that is expected here.", Where: whereProvider}},
	{[]string{"callback url"}, Problem{Title: "The callback URL cannot be used", Change: "The test has to use the callback URL that the provider's settings here have.", Where: whereHere}},
	{[]string{"tenant", "not among those that may sign in"}, Problem{
		Title: "People of this organization may not sign in", Change: "Sign in with an account of another tenant, or allow the tenant here.", Where: whereHere}},

	// When.
	{[]string{"in the future"}, Problem{Title: "The clocks differ", Change: clocks, Where: whereEither}},
	{[]string{"token expired"}, Problem{Title: "The answer was too old, or the clocks differ", Change: clocks, Where: whereEither}},
	{[]string{"metadata", "is past"}, Problem{Title: "The metadata has expired", Change: "Get the metadata from the provider again, or give its URL, so that it stays up to date.", Where: whereHere}},
	{[]string{"notonorafter"}, Problem{Title: "The answer was too old, or the clocks differ", Change: clocks, Where: whereEither}},
	{[]string{"issueinstant"}, Problem{Title: "The answer was too old, or the clocks differ", Change: clocks, Where: whereEither}},
	{[]string{"auth_time"}, Problem{Title: "The person signed in at the provider too long ago", Change: "Sign out there first, or allow an older sign-in.", Where: whereEither}},
	{[]string{"authninstant"}, Problem{Title: "The person signed in at the provider too long ago", Change: "Sign out there first, or allow an older sign-in.", Where: whereEither}},
	{[]string{"begun more than"}, Problem{Title: "The sign-in took too long", Change: "Begin the test again."}},

	// Signatures and keys.
	{[]string{"is signed; have"}, Problem{Title: "The answer is not signed", Change: "Have the provider sign the assertion, or the response, or both.", Where: whereProvider}},
	{[]string{"sha-1"}, Problem{Title: "The signature uses SHA-1, which can be forged", Change: "Set the signing algorithm to RSA-SHA256.", Where: whereProvider}},
	{[]string{"signature"}, Problem{
		Title: "The signature does not fit",
		Change: "The provider signs with another certificate than the one known here; most often it changed it. Give its present metadata here, or better its metadata URL. " +
			"For Entra ID, take the metadata URL of this application (with appid), not that of the tenant.", Where: whereHere}},
	{[]string{"no key"}, Problem{Title: "The answer is signed with an unknown key", Change: "The key is not in the provider's key set. Try again in a minute; if it stays so, the issuer here is not that of the provider.", Where: whereEither}},
	{[]string{"no decryption keys"}, Problem{Title: "The answer is encrypted, and there is no key for it here", Change: "Switch encryption off at the provider, or give a decryption key here.", Where: whereEither}},
	{[]string{"decrypt"}, Problem{
		Title: "The answer could not be decrypted", Change: "The provider has to encrypt to the certificate in the metadata of this application, with AES-GCM and RSA-OAEP.", Where: whereProvider}},
	{[]string{"not encrypted"}, Problem{Title: "The answer is not encrypted", Change: "Switch encryption of assertions on, with the certificate in the metadata of this application.", Where: whereProvider}},

	// Which sign-in it answers.
	{[]string{"inresponseto"}, Problem{Title: "The answer is to another sign-in", Change: "Begin at this page, not at the provider's portal, and in one tab only."}},
	{[]string{"relaystate"}, Problem{Title: "The provider did not return the state", Change: "Leave the relay state empty in the settings there: the provider has to return the one it was given.", Where: whereProvider}},
	{[]string{"nonce"}, Problem{Title: "The answer is to another sign-in", Change: "Begin the test again, in one tab only. If it stays so, the provider does not return the nonce it was given."}},
	{[]string{"state is not"}, Problem{Title: "The answer is to another sign-in", Change: "Begin the test again, in one tab only."}},
	{[]string{"used already"}, Problem{Title: "The answer was used already", Change: "Do not load the page again: begin a new test."}},
	{[]string{"pending"}, Problem{Title: "The settings changed during the sign-in", Change: "Begin the test again."}},

	// What the answer says.
	{[]string{"nameid is transient"}, Problem{Title: "The provider names people anew each time", Change: "Set the NameID format to persistent, or choose an attribute here that identifies people.", Where: whereEither}},
	{[]string{"no nameid"}, Problem{Title: "The provider does not say who the person is", Change: "Have it send a NameID, which in AD FS needs a rule; or choose an attribute here that identifies people.", Where: whereEither}},
	{[]string{"subjectattribute"}, Problem{Title: "The provider does not say who the person is", Change: "Have it send the attribute that identifies people here, with one value.", Where: whereProvider}},
	{[]string{"'s sub "}, Problem{Title: "The provider does not say who the person is", Change: "The claim sub has to identify people.", Where: whereProvider}},
	{[]string{"several values"}, Problem{Title: "An attribute has several values where there must be one", Change: "Have the provider send one value, or change the rule.", Where: whereEither}},
	{[]string{"mapping:"}, Problem{Title: "The rules for attributes cannot be applied", Change: "Have the provider send less, or change the rules.", Where: whereEither}},

	// How the provider is reached.
	{[]string{"x509"}, Problem{Title: "The provider cannot be reached securely", Change: "The certificate of its web server is not trusted here, or is for another name.", Where: whereEither}},
	{[]string{"no such host"}, Problem{Title: "The provider cannot be found", Change: "The name of the server in its URL does not exist: look for a slip in the issuer or the metadata URL.", Where: whereHere}},
	{[]string{"connection refused"}, Problem{Title: "The provider cannot be reached", Change: "Its server does not answer, or a firewall is between.", Where: whereEither}},
	{[]string{"deadline exceeded"}, Problem{Title: "The provider did not answer in time", Change: "Try again. If it stays so, a firewall may be between.", Where: whereEither}},
	{[]string{"userinfo"}, Problem{Title: "The provider did not tell who the person is", Change: "Its userinfo endpoint failed, or speaks about somebody else.", Where: whereProvider}},
	{[]string{"names the issuer"}, Problem{Title: "The issuer differs", Change: "Enter the issuer exactly as the provider's metadata names it, down to a slash at the end.", Where: whereHere}},
	{[]string{"iss is"}, Problem{Title: "The answer is from another issuer", Change: "Enter the issuer exactly as the provider names it; for Entra ID, that of the tenant and of the version that it uses.", Where: whereEither}},
	{[]string{"issuer"}, Problem{Title: "The answer is from another provider", Change: "The issuer (entity ID) is not the one known here: give the present metadata of the right provider.", Where: whereHere}},
	{[]string{"reading http"}, Problem{Title: "The provider's metadata cannot be read", Change: "Open the URL in a browser: it has to show the metadata, without a sign-in. Look for a slip in the issuer or the metadata URL.", Where: whereHere}},
	{[]string{"metadata"}, Problem{Title: "The provider's metadata cannot be used", Change: "Give its present metadata, or its metadata URL.", Where: whereHere}},
}

const clocks = "The answer is not valid now, by the clock here, which this page shows. Set the clocks on both sides by NTP; then begin the test again, and do not wait on the way."

var aadsts = regexp.MustCompile(`AADSTS\d{4,7}`)

// hint returns what an error means. There is always something to say.
func hint(text string) Problem {
	if code := aadsts.FindString(text); code != "" {
		return Problem{
			Title:  "Entra ID refused the sign-in (" + code + ")",
			Change: "What the code means is told at https://login.microsoftonline.com/error?code=" + strings.TrimPrefix(code, "AADSTS") + " and in the sign-in log of the tenant.",
			Where:  whereProvider,
		}
	}
	lower := strings.ToLower(text)
	for i := range hints {
		found := true
		for _, part := range hints[i].all {
			found = found && strings.Contains(lower, part)
		}
		if found {
			return hints[i].problem
		}
	}
	return Problem{Title: unknownTitle, Change: "Look for the message in the documentation of the provider, and in its log of sign-ins.", Where: whereEither}
}
