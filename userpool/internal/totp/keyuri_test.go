package totp

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyURI(t *testing.T) {
	// The example of the key URI format, with the same secret.
	secret := []byte("Hello!\xde\xad\xbe\xef")
	const end = "?secret=JBSWY3DPEHPK3PXP"
	for _, test := range []struct{ issuer, account, want string }{
		{"Example", "alice", "otpauth://totp/Example:alice" + end + "&issuer=Example"},
		{"Example", "alice@google.com", "otpauth://totp/Example:alice%40google.com" + end + "&issuer=Example"},
		{"ACME Co", "john.doe@email.com", "otpauth://totp/ACME%20Co:john.doe%40email.com" + end + "&issuer=ACME%20Co"},
		{"A+B & C/D?", "a+b&c=d#e@x.com",
			"otpauth://totp/A%2BB%20%26%20C%2FD%3F:a%2Bb%26c%3Dd%23e%40x.com" + end + "&issuer=A%2BB%20%26%20C%2FD%3F"},
		{"B\u00e4ckerei", "\u00fc", "otpauth://totp/B%C3%A4ckerei:%C3%BC" + end + "&issuer=B%C3%A4ckerei"},
		{"Shop: Berlin", "urn:x:1", "otpauth://totp/Shop-%20Berlin:urn-x-1" + end + "&issuer=Shop-%20Berlin"},
		{"50% off", "a%40b", "otpauth://totp/50%25%20off:a%2540b" + end + "&issuer=50%25%20off"},
		{"", "alice", "otpauth://totp/alice" + end},
	} {
		require.Equal(t, test.want, KeyURI(test.issuer, test.account, secret))
	}
}

// An app that takes the URI apart finds what was put in, whatever it was.
func FuzzKeyURI(f *testing.F) {
	f.Add("Example", "alice@google.com")
	f.Add("A:B&secret=AAAA", "x?issuer=y#z")
	f.Add("", "+ %41\x00\xff/../")
	f.Fuzz(func(t *testing.T, issuer, account string) {
		u, err := url.Parse(KeyURI(issuer, account, rfcSecret))
		require.NoError(t, err)
		require.Equal(t, "otpauth", u.Scheme)
		require.Equal(t, "totp", u.Host)
		query, err := url.ParseQuery(u.RawQuery)
		require.NoError(t, err)
		require.Equal(t, []string{Encode(rfcSecret)}, query["secret"])
		issuer, account = strings.ReplaceAll(issuer, ":", "-"), strings.ReplaceAll(account, ":", "-")
		require.Equal(t, issuer, query.Get("issuer"))
		label := account
		if issuer != "" {
			label = issuer + ":" + account
		}
		require.Equal(t, "/"+label, u.Path)
		require.NotContains(t, u.String(), "+")
	})
}
