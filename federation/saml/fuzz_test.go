package saml_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
)

// mutate replaces n bytes at a place of m.
func mutate(m string, at, n uint16, insert string) string {
	i := int(at) % (len(m) + 1)
	j := min(i+int(n), len(m))
	return m[:i] + insert + m[j:]
}

// Whatever is done to a response, twice over, nothing panics; and if it is
// accepted, it says what was signed.
func FuzzS28_Finish(f *testing.F) {
	p := newParty(f, func(c *saml.Config, o *saml.ProviderConfig) {
		c.Replay, o.InsecureAllowCBC = forgetful{}, true
	})
	id, pending := p.begin()
	a := answer{inResponseTo: id}
	shapes := []answer{a, a, a, a}
	shapes[1].responseSignature = true
	shapes[2].responseSignature, shapes[2].noAssertionSignature = true, true
	shapes[3].encrypt = gcm
	var messages []string
	for _, shape := range shapes {
		messages = append(messages, p.respond(shape))
	}
	want := p.finish(messages[0], pending)
	require.NoError(f, want.err)

	first := messages[0]
	at := func(text string) uint16 { return uint16(strings.Index(first, text)) }
	f.Add(uint8(0), uint16(0), uint16(0), "", uint16(0), uint16(0), "")
	f.Add(uint8(0), at("alice-1"), uint16(7), "bob", uint16(0), uint16(0), "")
	f.Add(uint8(0), at("alice-1"), uint16(0), "<!-- -->", uint16(0), uint16(0), "")
	f.Add(uint8(0), at("alice-1"), uint16(5), "&#97;lice", uint16(0), uint16(0), "")
	f.Add(uint8(1), at("<saml:Assertion"), uint16(0), evil(wholeAssertion.FindString(first)), uint16(0), uint16(0), "")
	f.Add(uint8(1), at("<saml:Assertion"), uint16(0), "<samlp:Extensions>", at("</samlp:Response>"), uint16(0), "</samlp:Extensions>")
	f.Add(uint8(2), at("<ds:Signature"), uint16(9000), "", uint16(0), uint16(0), "")
	f.Add(uint8(2), at("rsa-sha256"), uint16(10), "hmac-sha1", uint16(0), uint16(0), "")
	f.Add(uint8(3), uint16(900), uint16(4), "AAAA", uint16(0), uint16(0), "")
	f.Add(uint8(3), uint16(0), uint16(0), "<!DOCTYPE a>", uint16(0), uint16(0), "")
	f.Fuzz(func(t *testing.T, which uint8, at, n uint16, insert string, at2, n2 uint16, insert2 string) {
		m := messages[int(which)%len(messages)]
		m = mutate(mutate(m, at, n, insert), at2, n2, insert2)
		got := p.finish(m, pending)
		require.NotErrorIs(t, got.err, saml.InternalError)
		if got.err != nil {
			require.Empty(t, got.subject)
			return
		}
		require.Equal(t, want.subject, got.subject)
		require.Equal(t, want.attributes, got.attributes)
	})
}

func FuzzS28_ReceiveLogout(f *testing.F) {
	p := newParty(f, func(c *saml.Config, _ *saml.ProviderConfig) { c.Replay = forgetful{} })
	query := signedQuery(f, "SAMLRequest", p.logoutRequest(), "their state", p.signer)
	signed := sign(f, p.logoutRequest(), p.signer)
	f.Add(true, uint16(0), uint16(0), "", uint16(0), uint16(0), "")
	f.Add(true, uint16(len("SAMLRequest=")), uint16(4), "AAAA", uint16(0), uint16(0), "")
	f.Add(true, uint16(len(query)), uint16(0), "&RelayState=x", uint16(0), uint16(0), "")
	f.Add(true, uint16(strings.Index(query, "&SigAlg")), uint16(2000), "", uint16(0), uint16(0), "")
	f.Add(false, uint16(strings.Index(signed, "alice")), uint16(5), "bob", uint16(0), uint16(0), "")
	f.Add(false, uint16(strings.Index(signed, "<saml:NameID")), uint16(0), "<saml:NameID>bob</saml:NameID>", uint16(0), uint16(0), "")
	f.Fuzz(func(t *testing.T, redirect bool, at, n uint16, insert string, at2, n2 uint16, insert2 string) {
		r := post(sloURL, "SAMLRequest", mutate(mutate(signed, at, n, insert), at2, n2, insert2), "")
		if redirect {
			r = get(sloURL, "")
			r.URL.RawQuery = mutate(mutate(query, at, n, insert), at2, n2, insert2)
		}
		_, _ = p.sp.ClaimedIssuer(r)
		subject, sessions, answer, err := p.provider.ReceiveLogout(r)
		require.NotErrorIs(t, err, saml.InternalError)
		if err != nil {
			require.Empty(t, subject)
			return
		}
		require.Equal(t, "alice-1", subject)
		require.Equal(t, []string{"session-1"}, sessions)
		require.Equal(t, "SAMLResponse", sent(t, answer(true)).name)
	})
}

func FuzzS28_Metadata(f *testing.F) {
	p := newParty(f, nil)
	good := string(metadata(idpPair(), otherPair()))
	for _, seed := range []string{
		good, entities(good), entities(good, good), entities(entities(good)),
		strings.Replace(good, "<IDPSSODescriptor ", `<IDPSSODescriptor WantAuthnRequestsSigned="1" validUntil="2030-01-01T00:00:00Z" cacheDuration="P1Y2M3DT4H5M6.7S" `, 1),
		strings.Replace(good, "<EntityDescriptor ", `<EntityDescriptor cacheDuration="-P1D" `, 1),
		"<html/>", "", "<!DOCTYPE a>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		provider, err := p.sp.Provider(saml.ProviderConfig{Metadata: data})
		require.NotErrorIs(t, err, saml.InternalError)
		if err != nil {
			return
		}
		_, err = provider.EntityID(t.Context())
		require.NoError(t, err)
		next, _, err := provider.Begin(t.Context(), "", state)
		require.NotErrorIs(t, err, saml.InternalError)
		if err == nil {
			require.NotNil(t, next)
		}
	})
}
