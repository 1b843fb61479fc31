package saml_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
)

func TestFinish(t *testing.T) {
	p := newParty(t, nil)
	for name, a := range map[string]answer{
		"assertion signed":             {},
		"response signed":              {noAssertionSignature: true, responseSignature: true},
		"both signed":                  {responseSignature: true},
		"encrypted, assertion signed":  {encrypt: gcm},
		"encrypted, response signed":   {encrypt: gcm, noAssertionSignature: true, responseSignature: true},
		"encrypted, both signed":       {encrypt: gcm, responseSignature: true},
		"no Destination, not signed":   {response: cut(t, ` Destination="[^"]*"`)},
		"no Issuer on the response":    {response: cut(t, `<saml:Issuer xmlns[^>]*>[^<]*</saml:Issuer>`)},
		"OneTimeUse, ProxyRestriction": {assertion: swap(t, "</saml:Conditions>", `<saml:OneTimeUse/><saml:ProxyRestriction Count="0"/></saml:Conditions>`)},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			r := p.accepts(a)
			require.Equal(t, "alice-1", r.subject)
			require.Equal(t, map[string][]string{
				"email": {"alice@example.com"},
				"http://schemas.microsoft.com/identity/claims/objectidentifier": {"00000000-0000-0000-0000-00000000a11c"},
				"role":                             {"admin", "auditor"},
				saml.AttributeIssuer:               {idpID},
				saml.AttributeNameID:               {"alice-1"},
				saml.AttributeNameIDFormat:         {persistent},
				saml.AttributeSessionIndex:         {"session-1"},
				saml.AttributeAuthnInstant:         r.attributes[saml.AttributeAuthnInstant],
				saml.AttributeAuthnContextClassRef: {"urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
			}, r.attributes)
			require.Len(t, r.attributes[saml.AttributeAuthnInstant], 1)
		})
	}
}
