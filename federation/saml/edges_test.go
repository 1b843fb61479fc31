package saml_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
)

// Shapes that are rare, and bounds.
func TestFinish_Edges(t *testing.T) {
	p := newParty(t, nil)
	entity := ` Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"`
	p.accepts(answer{assertion: swap(t, "<saml:Issuer>", "<saml:Issuer"+entity+">")})
	for text, change := range map[string]func(string) string{
		"an issuer is named by": swap(t, "<saml:Issuer>", `<saml:Issuer Format="`+persistent+`">`),
		"child elements":        swap(t, "<saml:Issuer>"+idpID, "<saml:Issuer><x/>"+idpID),
		"than 64 audiences":     swap(t, "<saml:Audience>", strings.Repeat("<saml:Audience/>", 64)+"<saml:Audience>"),
		`an element "x"`:        swap(t, "<saml:Audience>", "<x/><saml:Audience>"),
		"child elements where":  swap(t, "<saml:Audience>", "<saml:Audience><x/>"),
		"than 64 conditions":    swap(t, "</saml:Conditions>", strings.Repeat("<saml:OneTimeUse/>", 65)+"</saml:Conditions>"),
		"SubjectConfirmations":  swap(t, "</saml:Subject>", strings.Repeat("<saml:SubjectConfirmation/>", 16)+"</saml:Subject>"),
		"SessionIndex longer":   replaced("SessionIndex", strings.Repeat("x", 1025)),
		"which is not a time":   swap(t, "AuthnInstant=", `SessionNotOnOrAfter="never" AuthnInstant=`),
		"cannot be read":        swap(t, "<saml:AuthnContextClassRef>", "<saml:AuthnContextClassRef><x/>"),
		"the message cannot be": swap(t, "<saml:AuthnContext>", "<saml:AuthnContext/><saml:AuthnContext>"),
		"has no ID, or one":     replaced("ID", strings.Repeat("x", 1025)),
		"NameID is longer":      replaced("Format", strings.Repeat("x", 1025)),
		"NameID has child":      swap(t, ">alice-1<", "><x/><"),
		`an element "BaseID"`:   swap(t, "<saml:NameID", "<saml:BaseID/><saml:NameID"),
	} {
		r := p.signIn(answer{assertion: change})
		require.Error(t, r.err, text)
		require.ErrorContains(t, r.err, text)
		require.NotErrorIs(t, r.err, saml.InternalError)
	}
	// Advice is for others, as long as it is no assertion.
	p.accepts(answer{assertion: swap(t, "<saml:AttributeStatement>", "<saml:Advice><saml:AssertionIDRef>_x</saml:AssertionIDRef></saml:Advice><saml:AttributeStatement>")})
	require.Equal(t, p.sp, p.provider.ServiceProvider())
	require.Equal(t, "Replayed", saml.Replayed.Error())
}
