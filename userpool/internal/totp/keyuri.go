package totp

import (
	"net/url"
	"strings"
)

// KeyURI returns the otpauth URI for a QR code, in the key URI format of Google Authenticator. The issuer is who asks for the codes, as an
// app shows it; the account is which of a person's accounts they are for, such as an e-mail address. The issuer stands in the label too,
// as Microsoft Authenticator looks for it nowhere else; it may be empty, and then is in neither place. A colon separates the two in the
// label, so that a colon in one of them is shown as a hyphen. All but letters, digits and "-_.~" is percent-encoded, a space as %20: apps
// differ in how they read "+". The URI holds the secret.
//
// Parameters for SHA-1, 6 digits and 30 seconds are left out, because they are what apps assume, and the code is easier to scan.
func KeyURI(issuer, account string, secret []byte) string {
	issuer, account = strings.ReplaceAll(issuer, ":", "-"), strings.ReplaceAll(account, ":", "-")
	label, parameters := escape(account), "?secret="+Encode(secret)
	if issuer != "" {
		label = escape(issuer) + ":" + label
		parameters += "&issuer=" + escape(issuer)
	}
	return "otpauth://totp/" + label + parameters
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
