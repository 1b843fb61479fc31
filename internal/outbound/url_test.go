package outbound

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckURL(t *testing.T) {
	const odd, plainHTTP = "is too long or has characters that no URL has", "uses http; only https is accepted, unless InsecureAllowHTTP is set for a peer on this machine"
	for raw, want := range map[string]string{
		"https://idp.example":                               "",
		"https://idp.example:8443/a/b?c=d%20e":              "",
		"HTTPS://[::1]/":                                    "",
		"https://a.example/" + strings.Repeat("x", 2048-18): "",
		"https://a.example/" + strings.Repeat("x", 2048-17): odd,
		"":                                     "is empty",
		"https://idp.example/a b":              odd,
		"https://idp.example/\n":               odd,
		"https://idp.example/é":                odd,
		`https://idp.example\@evil.example`:    odd,
		"https://idp.example/`":                odd,
		"https://idp.example/{tenantid}":       odd,
		"/relative":                            "is not an absolute URL",
		"https:opaque":                         "is not an absolute URL",
		"https://":                             "is not an absolute URL",
		"https://:443/":                        "is not an absolute URL",
		"https://idp.example:port/":            "is not an absolute URL",
		"https://user@idp.example/":            "has a user name in it",
		"https://idp.example/#":                "has a fragment",
		"https://idp.example/#a":               "has a fragment",
		"http://idp.example/":                  plainHTTP,
		"http://localhost/":                    plainHTTP,
		"ftp://idp.example/":                   "does not use https",
		"javascript://idp.example/%0aalert(1)": "does not use https",
	} {
		err := CheckURL(raw, false, "a peer")
		if want == "" {
			require.NoError(t, err, raw)
		} else {
			require.EqualError(t, err, want, raw)
		}
		if want == plainHTTP {
			require.NoError(t, CheckURL(raw, true, "a peer"), raw)
		} else {
			require.Equal(t, err, CheckURL(raw, true, "a peer"), "http changes nothing about %s", raw)
		}
	}
}

func TestCheckOwnURL(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://app.example/": true, "http://localhost:8080/back": true, "http://LOCALHOST/": true, "http://127.0.0.1/": true, "http://127.8.9.1:1/": true,
		"http://[::1]:8080/": true, "http://app.example/": false, "http://localhost.example/": false, "http://10.0.0.1/": false, "http://0.0.0.0/": false,
		"http://user@localhost/": false, "http://localhost/#a": false, "ftp://localhost/": false, "": false, "http://local host/": false,
	} {
		require.Equal(t, ok, CheckOwnURL(raw, false, "a peer") == nil, raw)
	}
	require.NoError(t, CheckOwnURL("http://app.example/", true, "a peer"))
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.255.255.254": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.": false, "a.localhost": false, "localhost:80": false, "[::1]": false, "0.0.0.0": false, "::": false, "127.1": false, "10.0.0.1": false,
	} {
		require.Equal(t, want, IsLoopback(host), host)
	}
}
