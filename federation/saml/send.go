package saml

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/samlxml"
)

const (
	paramRequest    = "SAMLRequest"
	paramResponse   = "SAMLResponse"
	paramRelayState = "RelayState"
)

// message is something to send by way of the browser.
type message struct {
	name       string // paramRequest or paramResponse
	xml        []byte
	relayState string
	sign       bool
	hint       string // login_hint, or ""
}

// send returns the handler that takes m to an endpoint.
func (p *Provider) send(m *message, binding, location string) (next http.Handler, err error) {
	err = guard("signing a message", func() error {
		next, err = p.sendBy(m, binding, location)
		return err
	})
	if err != nil {
		return nil, err
	}
	return next, nil
}

func (p *Provider) sendBy(m *message, binding, location string) (http.Handler, error) {
	if m.hint != "" {
		location = withQuery(location, "login_hint="+url.QueryEscape(m.hint))
	}
	var key crypto.Signer
	if m.sign {
		key = p.sp.config.Key
	}
	if binding == bindingRedirect {
		query, err := samlxml.SignQuery(m.name, m.xml, m.relayState, key)
		if err != nil {
			return nil, failCause(InternalError, "signing a message", err)
		}
		return signin.Redirect(withQuery(location, query)), nil
	}
	xml := m.xml
	if key != nil {
		var err error
		if xml, err = samlxml.Sign(xml, key, p.sp.config.Certificate); err != nil {
			return nil, failCause(InternalError, "signing a message", err)
		}
	}
	return p.form(location, m.name, xml, m.relayState)
}

// withQuery adds to the query of a URL that checkURL has accepted.
func withQuery(location, query string) string {
	switch {
	case !strings.Contains(location, "?"):
		return location + "?" + query
	case strings.HasSuffix(location, "?") || strings.HasSuffix(location, "&"):
		return location + query
	}
	return location + "&" + query
}

const submitScript = `document.forms[0].submit();`

var submitPage = template.Must(template.New("submit").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Continue</title>
</head>
<body>
<main>
<form method="post" action="{{.Action}}">
<input type="hidden" name="{{.Name}}" value="{{.Message}}">
{{if .RelayState}}<input type="hidden" name="RelayState" value="{{.RelayState}}">
{{end}}<p>You are being taken to your organization's sign-in page.</p>
<button type="submit">Continue</button>
</form>
</main>
<script>` + submitScript + `</script>
</body>
</html>
`))

// form answers with a page whose form posts itself, and has a button for
// browsers without scripts. Its policy lets the form go to any host, because
// browsers apply that to where the identity provider redirects, too.
func (p *Provider) form(action, name string, xml []byte, relayState string) (http.Handler, error) {
	var page bytes.Buffer
	err := submitPage.Execute(&page, map[string]string{
		"Action": action, "Name": name, "Message": base64.StdEncoding.EncodeToString(xml), "RelayState": relayState,
	})
	if err != nil {
		return nil, failCause(InternalError, "writing a page", err)
	}
	sum := sha256.Sum256([]byte(submitScript))
	schemes := "https:"
	if p.sp.config.InsecureAllowHTTP {
		schemes = "https: http:"
	}
	policy := "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action " + schemes +
		"; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		// Without a referrer browsers send "Origin: null" with the form, which
		// identity providers that guard against forged requests refuse.
		h.Set("Referrer-Policy", "strict-origin")
		_, _ = w.Write(page.Bytes())
	}), nil
}
