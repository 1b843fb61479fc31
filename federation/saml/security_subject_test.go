package saml_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
)

// S24: an identity provider speaks for its own people only: what it says of
// others' is about other accounts, since an account is provider and subject.
func TestS24_TenantIsolation(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.AllowIdPInitiated = true })
	second, err := p.sp.Provider(saml.ProviderConfig{
		Metadata: []byte(strings.ReplaceAll(string(metadata(otherPair())), idpID, "https://tenant-b.example/metadata")),
	})
	require.NoError(t, err)
	own := p.accepts(answer{})
	p.provider, p.signer = second, otherPair()
	// As its own identity provider, with the first one's NameID and qualifier.
	r := p.signIn(answer{
		assertion: func(a string) string {
			a = strings.ReplaceAll(a, idpID, "https://tenant-b.example/metadata")
			return strings.ReplaceAll(a, "<saml:NameID ", `<saml:NameID NameQualifier="`+idpID+`" `)
		},
		response: swap(t, idpID+"</saml:Issuer><samlp", "https://tenant-b.example/metadata</saml:Issuer><samlp"),
	})
	require.NoError(t, r.err)
	require.Equal(t, []string{"https://tenant-b.example/metadata"}, r.attributes[saml.AttributeIssuer])
	require.NotEqual(t, own.subject, r.subject, "another's qualifier is part of the subject")
	require.Equal(t, "nameid:persistent:https%3A%2F%2Fidp.example%2Fmetadata::alice-1", r.subject)
}

// S25: a subject is exact, and no two NameIDs are the same subject.
func TestS25_Subjects(t *testing.T) {
	p := newParty(t, nil)
	named := func(attributes, value string) result {
		t.Helper()
		return p.accepts(answer{assertion: swap(t, `<saml:NameID Format="`+persistent+`">alice-1<`, "<saml:NameID "+attributes+">"+value+"<")})
	}
	formatted := func(format, rest string) string { return `Format="` + format + `" ` + rest }
	want := []struct{ attributes, value, subject string }{
		{formatted(persistent, ""), "x", "x"},
		{formatted(persistent, ""), "X", "X"},
		{formatted(persistent, ""), "x y", "x y"},
		{formatted(persistent, ""), "é", "é"},
		{formatted(persistent, ""), "e\u0301", "e\u0301"},
		{formatted(persistent, `SPProvidedID="`+"p"+`"`), "z", "z"},
		{formatted(persistent, `NameQualifier="q"`), "x", "nameid:persistent:q::x"},
		{formatted(persistent, `SPNameQualifier="q"`), "x", "nameid:persistent::q:x"},
		{formatted(persistent, `NameQualifier="a:b"`), "x", "nameid:persistent:a%3Ab::x"},
		{formatted(persistent, ""), "nameid:emailAddress:::a@example.com", "nameid:persistent:::nameid:emailAddress:::a@example.com"},
		{formatted(email, ""), "a@example.com", "nameid:emailAddress:::a@example.com"},
		{formatted(email, ""), "A@example.com", "nameid:emailAddress:::A@example.com"},
		{formatted(email, ""), "x", "nameid:emailAddress:::x"},
		{"", "x", "nameid:unspecified:::x"},
		{formatted("urn:custom:a", ""), "x", "nameid:=urn%3Acustom%3Aa:::x"},
		{formatted("emailAddress", ""), "x", "nameid:=emailAddress:::x"},
		{formatted("emailAddress:", ""), "x", "nameid:=emailAddress%3A:::x"},
	}
	seen := map[string]bool{}
	for _, test := range want {
		r := named(test.attributes, test.value)
		require.Equal(t, test.subject, r.subject)
		require.False(t, seen[r.subject], "two NameIDs are the subject %s", r.subject)
		seen[r.subject] = true
	}
	// The qualifiers' defaults are these two.
	require.Equal(t, "x", named(formatted(persistent, `NameQualifier="`+idpID+`" SPNameQualifier="`+spID+`"`), "x").subject)
	require.Equal(t, "nameid:unspecified:::x", named(formatted("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", ""), "x").subject)
	// Long ones are hashed.
	long := named(formatted(persistent, ""), strings.Repeat("x", 300)).subject
	require.Regexp(t, `^nameid:sha256:[A-Za-z0-9_-]{43}$`, long)
	require.NotEqual(t, long, named(formatted(persistent, ""), strings.Repeat("x", 301)).subject)
	require.Equal(t, strings.Repeat("x", 255), named(formatted(persistent, ""), strings.Repeat("x", 255)).subject)

	for _, value := range []string{
		"", " ", " x", "x ", "\tx", "x\n", "a\u200bb", "a\u202eb", "a\u00a0b", "undefined", "NULL", "[object Object]", strings.Repeat("x", 1025),
	} {
		p.refuses(answer{assertion: swap(t, ">alice-1<", ">"+value+"<")}, saml.InvalidAssertion, "NameID")
	}
	p.refuses(answer{assertion: swap(t, persistent, transient)}, saml.InvalidAssertion, "SubjectAttribute")
}

// S25: the subject may be an attribute; for Entra ID it is the object ID.
func TestS25_SubjectAttribute(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.SubjectAttribute = saml.EntraObjectID })
	const oid = "00000000-0000-0000-0000-00000000a11c"
	for _, change := range []func(string) string{
		nil, swap(t, persistent, transient), swap(t, persistent, email), swap(t, "alice-1", "renamed"), cut(t, "<saml:NameID .*</saml:NameID>"),
	} {
		require.Equal(t, oid, p.accepts(answer{assertion: change}).subject)
	}
	for _, change := range []func(string) string{
		swap(t, saml.EntraObjectID, "objectidentifier"),
		swap(t, `<saml:Attribute Name="`+saml.EntraObjectID, `<saml:Attribute Name="x" FriendlyName="`+saml.EntraObjectID),
		swap(t, oid, oid+`</saml:AttributeValue><saml:AttributeValue>x`),
		swap(t, oid, oid+`</saml:AttributeValue></saml:Attribute><saml:Attribute Name="`+saml.EntraObjectID+`"><saml:AttributeValue>x`),
		swap(t, oid, ""), swap(t, oid, " "+oid), swap(t, oid, "undefined"), swap(t, oid, "nameid:persistent:::x"), swap(t, oid, strings.Repeat("x", 256)),
		swap(t, oid, "<x/>"),
	} {
		e := refused(t, p.signIn(answer{assertion: change}).err, saml.InvalidAssertion, "SubjectAttribute")
		require.Equal(t, "SubjectAttribute", e.Check)
	}
}

// S26: attributes are called by Name, with all their values; nothing that an
// assertion says takes the place of what this package adds.
func TestS26_Attributes(t *testing.T) {
	p := newParty(t, nil)
	p.accepts(answer{}) // role has FriendlyName="email", and TestFinish sees email
	statement := func(inner string) answer {
		return answer{assertion: func(a string) string {
			from, to := strings.Index(a, "<saml:AttributeStatement>"), strings.Index(a, "</saml:Assertion>")
			return a[:from] + inner + a[to:]
		}}
	}
	attribute := func(name, inner string) string {
		return `<saml:Attribute Name="` + name + `">` + inner + "</saml:Attribute>"
	}
	value := func(v string) string { return "<saml:AttributeValue>" + v + "</saml:AttributeValue>" }
	r := p.accepts(statement("<saml:AttributeStatement>" +
		attribute("role", value("a")+value("b")) + attribute("role", value("c")) + attribute("Role", value("d")) +
		attribute("saml:SessionIndex", value("forged")) + attribute("saml:Other", value("forged")) + attribute("empty", "") +
		attribute("nil", `<saml:AttributeValue xsi:nil="true"/>`) + attribute("blank", "<saml:AttributeValue/>") +
		attribute("complex", `<saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue>`) +
		`<saml:Attribute Name="other" NameFormat="urn:x" FriendlyName="role">` + value(" e ") + "</saml:Attribute>" +
		"</saml:AttributeStatement><saml:AttributeStatement>" + attribute("more", value("f")) + "</saml:AttributeStatement>"))
	require.Equal(t, []string{"a", "b", "c"}, r.attributes["role"])
	require.Equal(t, []string{"d"}, r.attributes["Role"])
	require.Equal(t, []string{" e "}, r.attributes["other"])
	require.Equal(t, []string{"f"}, r.attributes["more"])
	require.Equal(t, []string{""}, r.attributes["blank"])
	require.Equal(t, []string{"session-1"}, r.attributes[saml.AttributeSessionIndex])
	for _, name := range []string{"saml:Other", "empty", "nil", "complex"} {
		require.NotContains(t, r.attributes, name)
	}
	p.accepts(statement("")) // no AttributeStatement
	for _, bad := range []string{
		attribute("", value("x")), attribute(strings.Repeat("n", 1025), value("x")), attribute("n", value(strings.Repeat("x", 16<<10+1))),
		attribute("n", "<saml:Other/>"), "<saml:EncryptedAttribute/>", "<x/>",
		strings.Repeat(attribute("n", ""), 513), strings.Repeat(attribute("n", strings.Repeat(value(""), 50)), 100),
	} {
		refused(t, p.signIn(statement("<saml:AttributeStatement>"+bad+"</saml:AttributeStatement>")).err, saml.InvalidAssertion, "")
	}
}
