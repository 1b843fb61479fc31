package passkey_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/passkey"
)

func TestNew(t *testing.T) {
	local := []string{"http://localhost:8080"}
	for name, test := range map[string]struct {
		config passkey.Config
		want   string // part of the error; empty: none
	}{
		"domain":                  {passkey.Config{RPID: "example.com"}, ""},
		"subdomain":               {passkey.Config{RPID: "login.example.com"}, ""},
		"below a suffix of two":   {passkey.Config{RPID: "example.co.uk"}, ""},
		"below a private suffix":  {passkey.Config{RPID: "ada.github.io"}, ""},
		"punycode":                {passkey.Config{RPID: "xn--bcher-kva.example"}, ""},
		"of a network of its own": {passkey.Config{RPID: "intranet.corp"}, ""},
		"localhost":               {passkey.Config{RPID: "localhost", Origins: local}, ""},
		"below localhost":         {passkey.Config{RPID: "app.localhost", Origins: []string{"http://app.localhost:1"}}, ""},
		"localhost with TLS":      {passkey.Config{RPID: "localhost", Origins: []string{"https://localhost"}}, ""},
		"many origins":            {passkey.Config{RPID: "example.com", Origins: []string{"https://example.com", "https://a.b.example.com:65535"}}, ""},
		"related and top": {passkey.Config{
			RPID: "example.com", RelatedOrigins: []string{"https://example.de"}, TopOrigins: []string{"https://shop.test:444", "https://example.com"},
		}, ""},
		"name": {passkey.Config{RPID: "example.com", RPName: strings.Repeat("n", 64)}, ""},

		"none":                   {passkey.Config{}, "RPID is missing"},
		"scheme":                 {passkey.Config{RPID: "https://example.com"}, "not a domain"},
		"port":                   {passkey.Config{RPID: "example.com:443"}, "not a domain"},
		"path":                   {passkey.Config{RPID: "example.com/"}, "not a domain"},
		"upper case":             {passkey.Config{RPID: "Example.com"}, "not a domain"},
		"not ASCII":              {passkey.Config{RPID: "bücher.example"}, "not a domain"},
		"dot at the end":         {passkey.Config{RPID: "example.com."}, "not a domain"},
		"dot at the start":       {passkey.Config{RPID: ".example.com"}, "not a domain"},
		"underscore":             {passkey.Config{RPID: "my_app.example.com"}, "not a domain"},
		"hyphen":                 {passkey.Config{RPID: "-a.example.com"}, "not a domain"},
		"long label":             {passkey.Config{RPID: strings.Repeat("a", 64) + ".com"}, "not a domain"},
		"long":                   {passkey.Config{RPID: strings.Repeat("a.", 126) + "com"}, "not a domain"},
		"line break":             {passkey.Config{RPID: "example.com\n"}, "not a domain"},
		"IPv4":                   {passkey.Config{RPID: "127.0.0.1"}, "IP address"},
		"IPv4 in short":          {passkey.Config{RPID: "127.1"}, "not a domain"},
		"IPv4 in hexadecimal":    {passkey.Config{RPID: "10.0x1"}, "not a domain"},
		"IPv6":                   {passkey.Config{RPID: "::1"}, "IP address"},
		"IPv6 in brackets":       {passkey.Config{RPID: "[::1]"}, "IP address"},
		"top level":              {passkey.Config{RPID: "com"}, "public suffix"},
		"one label":              {passkey.Config{RPID: "intranet"}, "public suffix"},
		"public suffix":          {passkey.Config{RPID: "co.uk"}, "public suffix"},
		"private public suffix":  {passkey.Config{RPID: "github.io"}, "public suffix"},
		"localhost alone":        {passkey.Config{RPID: "localhost"}, "Origins is missing"},
		"origin http":            {passkey.Config{RPID: "example.com", Origins: []string{"http://example.com"}}, "no TLS"},
		"origin elsewhere":       {passkey.Config{RPID: "example.com", Origins: []string{"https://example.org"}}, "RelatedOrigins"},
		"origin like it":         {passkey.Config{RPID: "example.com", Origins: []string{"https://evilexample.com"}}, "RelatedOrigins"},
		"origin above":           {passkey.Config{RPID: "login.example.com", Origins: []string{"https://example.com"}}, "RelatedOrigins"},
		"origin with a path":     {passkey.Config{RPID: "example.com", Origins: []string{"https://example.com/"}}, `"https://example.com"`},
		"origin with port 443":   {passkey.Config{RPID: "example.com", Origins: []string{"https://example.com:443"}}, `"https://example.com"`},
		"origin with port 080":   {passkey.Config{RPID: "example.com", Origins: []string{"https://example.com:0800"}}, `"https://example.com:800"`},
		"origin with port 0":     {passkey.Config{RPID: "example.com", Origins: []string{"https://example.com:0"}}, "from 1 to 65535"},
		"origin with port 65536": {passkey.Config{RPID: "example.com", Origins: []string{"https://example.com:65536"}}, "from 1 to 65535"},
		"origin with user":       {passkey.Config{RPID: "example.com", Origins: []string{"https://ada@example.com"}}, `"https://example.com"`},
		"origin in upper case":   {passkey.Config{RPID: "example.com", Origins: []string{"https://EXAMPLE.com"}}, "not an origin"},
		"scheme in upper case":   {passkey.Config{RPID: "example.com", Origins: []string{"HTTPS://example.com"}}, `"https://example.com"`},
		"origin of an app":       {passkey.Config{RPID: "example.com", Origins: []string{"android:apk-key-hash:AAAA"}}, "not an origin"},
		"origin null":            {passkey.Config{RPID: "example.com", Origins: []string{"null"}}, "not an origin"},
		"origin empty":           {passkey.Config{RPID: "example.com", Origins: []string{""}}, "not an origin"},
		"origin a wildcard":      {passkey.Config{RPID: "example.com", Origins: []string{"https://*.example.com"}}, "not an origin"},
		"origin an IP":           {passkey.Config{RPID: "localhost", Origins: []string{"http://127.0.0.1:8080"}}, "not an origin"},
		"origin IPv6":            {passkey.Config{RPID: "localhost", Origins: []string{"http://[::1]:8080"}}, "not an origin"},
		"origin local":           {passkey.Config{RPID: "example.com", Origins: local}, "RelatedOrigins"},
		"related with http":      {passkey.Config{RPID: "example.com", RelatedOrigins: []string{"http://example.de"}}, "Config.RelatedOrigins"},
		"related, but ours":      {passkey.Config{RPID: "example.com", RelatedOrigins: []string{"https://a.example.com"}}, "belongs in Origins"},
		"related local":          {passkey.Config{RPID: "example.com", RelatedOrigins: local}, "on this machine"},
		"top with a path":        {passkey.Config{RPID: "example.com", TopOrigins: []string{"https://shop.test/x"}}, "Config.TopOrigins"},
		"long name":              {passkey.Config{RPID: "example.com", RPName: strings.Repeat("n", 65)}, "Config.RPName"},
		"name with a line break": {passkey.Config{RPID: "example.com", RPName: "a\nb"}, "Config.RPName"},
		"name that is not UTF-8": {passkey.Config{RPID: "example.com", RPName: "\xff"}, "Config.RPName"},
	} {
		p, err := passkey.New(test.config)
		if test.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, test.want, name)
		require.ErrorContains(t, err, "passkey: Config.", name)
		require.Nil(t, p, name)
	}
}

// The slices of a Config may be used for something else afterwards.
func TestNew_Copies(t *testing.T) {
	origins, related, top := []string{"https://login.example.com"}, []string{"https://example.de"}, []string{"https://shop.test"}
	p, _ := newParty(t, func(c *passkey.Config) { c.Origins, c.RelatedOrigins, c.TopOrigins = origins, related, top })
	origins[0], related[0], top[0] = "https://evil.test", "https://evil.test", "https://evil.test"
	user, d := ada(), newES256(t)
	register(t, p, &user, d, nil)
	_, err := signIn(t, p, user, d, client("origin", "https://evil.test"))
	require.ErrorIs(t, err, passkey.ErrOrigin)
}

// The zero Config fields: https://RPID, the system's clock and randomness.
func TestNew_Defaults(t *testing.T) {
	p, err := passkey.New(passkey.Config{RPID: "example.com"})
	require.NoError(t, err)
	user, d := ada(), newES256(t)
	options, _, err := p.BeginRegistration(t.Context(), user)
	require.NoError(t, err)
	require.Contains(t, string(options), `"rp":{"id":"example.com","name":"example.com"}`)
	register(t, p, &user, d, client("origin", "https://example.com"))
	_, err = signIn(t, p, user, d, client("origin", "https://example.com"))
	require.NoError(t, err)
}
