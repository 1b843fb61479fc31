package saml_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
)

var signature = regexp.MustCompile(`(?s)<ds:Signature.*?</ds:Signature>`)

// evil is an assertion like the signed one, of mallory's making.
func evil(signed string) string {
	text := signature.ReplaceAllString(signed, "")
	return strings.ReplaceAll(strings.ReplaceAll(text, "alice", "mallory"), `ID="_assertion"`, `ID="_evil"`)
}

var wholeAssertion = regexp.MustCompile(`(?s)<saml:Assertion.*</saml:Assertion>`)

// within puts text at the end of an element.
func within(element, text string) string {
	i := strings.LastIndex(element, "</")
	return element[:i] + text + element[i:]
}

// S1: XML signature wrapping, in its published shapes: what is signed is moved
// aside, and another assertion takes its place.
func TestS1_XSW(t *testing.T) {
	wraps := map[string]struct {
		response bool // what is signed
		wrap     func(message, signed, signature string) string
	}{
		"1: response in a copy, after its signature": {true, func(m, _, s string) string {
			return strings.Replace(evilResponse(m), "<samlp:Status>", s+unsigned(m)+"<samlp:Status>", 1)
		}},
		"2: response in a copy, before its signature": {true, func(m, _, s string) string {
			return strings.Replace(evilResponse(m), "<samlp:Status>", unsigned(m)+s+"<samlp:Status>", 1)
		}},
		"2b: response in the Object of its signature": {true, func(m, _, s string) string {
			object := within(s, "<ds:Object>"+unsigned(m)+"</ds:Object>")
			return strings.Replace(evilResponse(m), "<samlp:Status>", object+"<samlp:Status>", 1)
		}},
		"3: evil assertion first": {false, func(m, a, _ string) string {
			return strings.Replace(m, a, evil(a)+a, 1)
		}},
		"3b: evil assertion last": {false, func(m, a, _ string) string {
			return strings.Replace(m, a, a+evil(a), 1)
		}},
		"4: evil assertion around": {false, func(m, a, _ string) string {
			return strings.Replace(m, a, within(evil(a), a), 1)
		}},
		"5: evil assertion with the signature, the signed one last": {false, func(m, a, s string) string {
			return strings.Replace(m, a, withSignature(evil(a), s)+unsigned(a), 1)
		}},
		"6: the signed one in the signature": {false, func(m, a, s string) string {
			return strings.Replace(m, a, withSignature(evil(a), within(s, unsigned(a))), 1)
		}},
		"7: evil assertion in Extensions": {false, func(m, a, _ string) string {
			return strings.Replace(m, "<samlp:Status>", "<samlp:Extensions>"+evil(a)+"</samlp:Extensions><samlp:Status>", 1)
		}},
		"7b: the signed one in Extensions": {false, func(m, a, _ string) string {
			m = strings.Replace(m, a, evil(a), 1)
			return strings.Replace(m, "<samlp:Status>", "<samlp:Extensions>"+a+"</samlp:Extensions><samlp:Status>", 1)
		}},
		"8: the signed one in the Object of the signature": {false, func(m, a, s string) string {
			return strings.Replace(m, a, withSignature(evil(a), within(s, "<ds:Object>"+unsigned(a)+"</ds:Object>")), 1)
		}},
		"9: the signed one in StatusDetail": {false, func(m, a, _ string) string {
			m = strings.Replace(m, a, evil(a), 1)
			return strings.Replace(m, "</samlp:Status>", "<samlp:StatusDetail>"+a+"</samlp:StatusDetail></samlp:Status>", 1)
		}},
		"9b: the signed one in the Advice of the evil one": {false, func(m, a, _ string) string {
			return strings.Replace(m, a, within(evil(a), "<saml:Advice>"+a+"</saml:Advice>"), 1)
		}},
		"9c: with the same ID": {false, func(m, a, _ string) string {
			return strings.Replace(m, a, strings.ReplaceAll(evil(a), "_evil", "_assertion")+a, 1)
		}},
		"9d: the signature of another response": {false, func(m, a, s string) string {
			return strings.Replace(m, "<samlp:Status>", s+"<samlp:Status>", 1)
		}},
	}
	for name, test := range wraps {
		t.Run(name, func(t *testing.T) {
			p := newParty(t, nil)
			r := p.signIn(answer{
				responseSignature: test.response, noAssertionSignature: test.response,
				after: func(m string) string {
					wrapped := test.wrap(m, wholeAssertion.FindString(m), signature.FindString(m))
					require.NotEqual(t, m, wrapped)
					require.NoError(t, etree.NewDocument().ReadFromString(wrapped), "it is well formed")
					return wrapped
				},
			})
			require.Empty(t, r.subject)
			require.Error(t, r.err)
			require.NotContains(t, r.err.Error(), "mallory")
			require.NotErrorIs(t, r.err, saml.InternalError)
		})
	}
}

func unsigned(m string) string { return strings.Replace(m, signature.FindString(m), "", 1) }

func withSignature(assertion, s string) string {
	return strings.Replace(assertion, "</saml:Issuer>", "</saml:Issuer>"+s, 1)
}

// evilResponse is a response like the signed one with another ID and assertion.
func evilResponse(m string) string {
	m = unsigned(m)
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(m, "alice", "mallory"), `ID="_response"`, `ID="_evil"`),
		`ID="_assertion"`, `ID="_evil2"`)
}

// S2: one assertion, however they are signed.
func TestS2_TwoAssertions(t *testing.T) {
	second := func(p *party, signed bool) string {
		text := strings.ReplaceAll(p.assertionXML(""), `ID="_assertion"`, `ID="_second"`)
		if signed {
			text = sign(t, text, p.signer)
		}
		return text
	}
	for name, build := range map[string]func(*party) answer{
		"both signed":              func(p *party) answer { return answer{extra: second(p, true)} },
		"the second not signed":    func(p *party) answer { return answer{extra: second(p, false)} },
		"within a signed response": func(p *party) answer { return answer{extra: second(p, false), responseSignature: true} },
		"one encrypted":            func(p *party) answer { return answer{extra: gcm(t, second(p, true))} },
		"both encrypted":           func(p *party) answer { return answer{encrypt: gcm, extra: gcm(t, second(p, true))} },
		"in the Advice": func(p *party) answer {
			return answer{assertion: swap(t, "</saml:Assertion>", "<saml:Advice>"+second(p, true)+"</saml:Advice></saml:Assertion>")}
		},
		"in an attribute": func(p *party) answer {
			return answer{assertion: swap(t, "admin</saml:AttributeValue>", second(p, true)+"</saml:AttributeValue>")}
		},
		"within the encrypted one": func(p *party) answer {
			return answer{encrypt: gcm, assertion: swap(t, "admin</saml:AttributeValue>", second(p, true)+"</saml:AttributeValue>")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t, nil)
			r := p.signIn(build(p))
			require.Error(t, r.err)
			require.Empty(t, r.subject)
			if !errors.Is(r.err, saml.DecryptionFailed) {
				refused(t, r.err, saml.InvalidResponse, "assertion")
			}
		})
	}
}

// S4: text is one piece, whatever it is written with. Comments, which split it
// for careless readers, are refused.
func TestS4_TextIsOnePiece(t *testing.T) {
	p := newParty(t, nil)
	p.refuses(answer{assertion: swap(t, "alice-1<", "alice-1.evil<"), after: swap(t, "alice-1.evil", "alice-1<!-- -->.evil")}, saml.InvalidResponse, "comment")
	p.refuses(answer{after: swap(t, "alice-1<", "alice<!-- x -->-1<")}, saml.InvalidResponse, "comment")
	digest := regexp.MustCompile(`<ds:DigestValue>([^<]{4})`)
	p.refuses(answer{after: func(m string) string {
		return digest.ReplaceAllString(m, "<ds:DigestValue>$1<!-- x -->")
	}}, saml.InvalidResponse, "comment")
	for _, same := range []string{"<![CDATA[alice]]>-1<", "al&#105;ce-1<", "<![CDATA[ali]]>ce&#x2d;1<"} {
		r := p.accepts(answer{after: swap(t, "alice-1<", same)})
		require.Equal(t, "alice-1", r.subject, same)
	}
	r := p.accepts(answer{assertion: swap(t, ">alice-1<", ">a&amp;&lt;b<")})
	require.Equal(t, "a&<b", r.subject)
}

// S6: a document is one element with nothing around it.
func TestS6_OneRoot(t *testing.T) {
	p := newParty(t, nil)
	for _, change := range []func(string) string{
		func(m string) string { return m + m },
		func(m string) string { return m + "<x/>" },
		func(m string) string { return m + "text" },
		func(m string) string { return "text" + m },
		func(m string) string { return "<x/>" + m },
		func(m string) string { return m + "\x00" },
		func(m string) string { return "<!DOCTYPE samlp:Response>" + m },
		func(m string) string { return "<?pi x?>" + m },
		func(m string) string { return "<x>" + m + "</x>" },
		func(string) string { return "<samlp:Response/>" },
	} {
		r := p.signIn(answer{after: change})
		refused(t, r.err, saml.InvalidResponse, "")
	}
}

// S10: who signs is decided by the metadata, never by the message.
func TestS10_ForeignKeys(t *testing.T) {
	p := newParty(t, nil)
	p.signer = otherPair() // its certificate is in KeyInfo
	refused(t, p.signIn(answer{}).err, saml.InvalidSignature, "metadata")
	p.signer = newPair(2048, "idp") // the same subject and issuer as the real one
	refused(t, p.signIn(answer{}).err, saml.InvalidSignature, "")
	p.signer = spPair() // our own key, which is in our metadata
	refused(t, p.signIn(answer{}).err, saml.InvalidSignature, "")
	p.signer = idpPair()
	p.accepts(answer{})

	// The identity provider's key for encryption, which its metadata has besides.
	both := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) {
		c.Metadata = bytes.Replace(metadata(otherPair(), idpPair()), []byte(`use="signing"`), []byte(`use="encryption"`), 1)
	})
	both.accepts(answer{})
	both.signer = otherPair()
	refused(t, both.signIn(answer{}).err, saml.InvalidSignature, "")

	// Another identity provider of the same service provider, with its own key.
	other, err := p.sp.Provider(saml.ProviderConfig{
		Metadata: bytes.ReplaceAll(metadata(otherPair()), []byte(idpID), []byte("https://other.example/metadata")),
	})
	require.NoError(t, err)
	p.signer = otherPair()
	refused(t, p.signIn(answer{}).err, saml.InvalidSignature, "") // asserts as the first
	first := p.provider
	p.provider = other
	e := refused(t, p.signIn(answer{}).err, saml.InvalidResponse, "") // asserts the first's people at its own
	require.Equal(t, "Issuer", e.Check)
	require.Equal(t, "https://other.example/metadata", e.Expected)
	require.Equal(t, idpID, e.Got)
	e = refused(t, p.signIn(answer{response: swap(t, idpID+"</saml:Issuer><samlp", "https://other.example/metadata</saml:Issuer><samlp")}).err,
		saml.InvalidAssertion, "another identity provider")
	require.Equal(t, "Issuer", e.Check)

	// A pending value of one is of no use at the other.
	p.provider = first
	_, pending := p.begin()
	p.provider = other
	refused(t, p.finish(p.respond(answer{}), pending).err, saml.InvalidPending, "begun at the identity provider")
}

// S9 (as far as it is decided here): SHA-1 only by a setting.
func TestS9_SHA1(t *testing.T) {
	sha1 := func(p *party) answer {
		return answer{noAssertionSignature: true, sealed: func(a string) string {
			return sign(t, a, p.signer, func(c *dsig.SigningContext) { require.NoError(t, c.SetSignatureMethod(dsig.RSASHA1SignatureMethod)) })
		}}
	}
	p := newParty(t, nil)
	refused(t, p.signIn(sha1(p)).err, saml.InvalidSignature, "sha1")
	p = newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.InsecureAllowSHA1 = true })
	p.accepts(sha1(p))
}

// S17: ciphertexts of every wrong shape are refused without a panic.
func TestS17_BrokenCiphertexts(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.InsecureAllowCBC = true })
	value := regexp.MustCompile(`<(xenc:)?CipherValue[^>]*>([^<]*)<`)
	with := func(which int, change func([]byte) []byte) func(string) string {
		return func(m string) string {
			found := value.FindAllStringSubmatchIndex(m, -1)
			require.Greater(t, len(found), which)
			from, to := found[which][4], found[which][5]
			data, err := base64.StdEncoding.DecodeString(m[from:to])
			require.NoError(t, err)
			return m[:from] + base64.StdEncoding.EncodeToString(change(data)) + m[to:]
		}
	}
	triple := xmlenc.OAEP()
	triple.BlockCipher = xmlenc.TripleDES
	old := xmlenc.PKCS1v15()
	old.BlockCipher = xmlenc.AES128CBC
	messages := map[string]answer{
		"3DES":        {encrypt: func(t testing.TB, a string) string { return encrypt(t, triple, a) }},
		"RSA PKCS #1": {encrypt: func(t testing.TB, a string) string { return encrypt(t, old, a) }},
		"empty":       {sealed: func(string) string { return "" }, encrypt: cbc},
		"blanks":      {sealed: func(string) string { return strings.Repeat(" ", 64) }, encrypt: cbc},
		"a response":  {sealed: func(a string) string { return "<x>" + a + "</x>" }, encrypt: gcm},
		"no ciphertext": {encrypt: func(testing.TB, string) string {
			return `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`
		}},
		"algorithm none": {encrypt: cbc, after: func(m string) string { return strings.ReplaceAll(m, "aes256-cbc", "none") }},
	}
	for i, which := range []string{"key", "data"} {
		for name, change := range map[string]func([]byte) []byte{
			"none":      func([]byte) []byte { return nil },
			"one byte":  func(b []byte) []byte { return b[:1] },
			"IV only":   func(b []byte) []byte { return b[:12] },
			"one block": func(b []byte) []byte { return b[:16] },
			"odd":       func(b []byte) []byte { return b[:len(b)-1] },
			"short":     func(b []byte) []byte { return b[:32] },
			"flipped":   func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
			"long":      func(b []byte) []byte { return append(b, make([]byte, 16)...) },
		} {
			messages["CBC "+which+" "+name] = answer{encrypt: cbc, after: with(i, change)}
			messages["GCM "+which+" "+name] = answer{encrypt: gcm, after: with(i, change)}
		}
	}
	p.accepts(answer{encrypt: cbc})
	texts := map[string]bool{}
	for name, a := range messages {
		r := p.signIn(a)
		require.ErrorIs(t, r.err, saml.DecryptionFailed, name)
		texts[r.err.Error()] = true
	}
	require.Len(t, texts, 1, "S18: one text for everything")
}

// S18: CBC is off, and where it is on, nothing tells a decryption that failed
// from one that gave something else than a good assertion.
func TestS18_NoOracle(t *testing.T) {
	p := newParty(t, nil)
	refused(t, p.signIn(answer{encrypt: cbc}).err, saml.DecryptionFailed, "GCM")

	p = newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.InsecureAllowCBC = true })
	texts := map[string]bool{}
	for _, a := range []answer{
		{encrypt: cbc, noAssertionSignature: true},
		{encrypt: cbc, sealed: swap(t, "alice-1", "mallory")},
		{encrypt: cbc, sealed: func(a string) string { return a + "<x/>" }},
		{encrypt: cbc, sealed: func(string) string { return "not XML" }},
		{encrypt: cbc, sealed: func(a string) string { return p.respond(answer{}) }},
	} {
		r := p.signIn(a)
		require.ErrorIs(t, r.err, saml.DecryptionFailed)
		texts[r.err.Error()] = true
	}
	require.Len(t, texts, 1)

	// A signed response is not anybody's: then it is told.
	refused(t, p.signIn(answer{encrypt: cbc, responseSignature: true, sealed: swap(t, "alice-1", "mallory")}).err, saml.InvalidSignature, "the assertion")
	// Keys that are not needed are not asked for.
	p = newParty(t, func(c *saml.Config, _ *saml.ProviderConfig) { c.Decryption = nil })
	refused(t, p.signIn(answer{encrypt: gcm}).err, saml.DecryptionFailed, "no Decryption keys")
}

// S21: what is too long or too deep is refused quickly, without much memory.
func TestS21_Bounds(t *testing.T) {
	p := newParty(t, nil)
	_, pending := p.begin()
	// measured bounds the time that f takes and what it allocates. A machine that
	// is busy with other things gets another try.
	measured := func(name string, f func() error) {
		t.Helper()
		var took time.Duration
		var allocated uint64
		for range 5 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			err := f()
			took = time.Since(start)
			runtime.ReadMemStats(&after)
			allocated = after.TotalAlloc - before.TotalAlloc
			require.Error(t, err, name)
			require.NotErrorIs(t, err, saml.InternalError, name)
			if took < slowdown*100*time.Millisecond && allocated < 20<<20 {
				return
			}
		}
		require.Less(t, took, slowdown*100*time.Millisecond, name)
		require.Less(t, allocated, uint64(20<<20), name)
	}
	finish := func(r *http.Request) error {
		_, _, err := p.provider.Finish(r, pending)
		return err
	}
	form := func(body io.Reader, length int64) *http.Request {
		r := httptest.NewRequest(http.MethodPost, acsURL, body)
		r.ContentLength = length
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	ten := "SAMLResponse=" + strings.Repeat("QUFB", 10<<20/4)
	measured("10 MB, announced", func() error { return finish(form(strings.NewReader(ten), int64(len(ten)))) })
	measured("10 MB, not announced", func() error { return finish(form(strings.NewReader(ten), -1)) })
	parsed := form(nil, 0)
	parsed.PostForm = url.Values{"RelayState": {state}, "SAMLResponse": {ten[13:]}}
	measured("10 MB, parsed by the application", func() error { return finish(parsed) })
	for name, xml := range map[string]string{
		"attributes":    `<a ` + attributes(20_000) + `/>`,
		"depth":         strings.Repeat("<a>", 80_000),
		"elements":      "<a>" + strings.Repeat("<b/>", 60_000) + "</a>",
		"namespaces":    "<a " + strings.ReplaceAll(attributes(15_000), "a", "xmlns:a") + "/>",
		"laughs":        `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>`,
		"one long text": "<a>" + strings.Repeat("x", 250_000),
	} {
		measured(name, func() error { return finish(post(acsURL, "SAMLResponse", xml, state)) })
		login, query := token(xml), signedQuery(t, "SAMLRequest", xml, "", p.signer)
		measured(name+" at login", func() error {
			_, err := p.provider.VerifyLogin(t.Context(), login)
			return err
		})
		measured(name+" at logout", func() error {
			_, _, _, err := p.provider.ReceiveLogout(get(sloURL, query))
			return err
		})
	}
	bomb := signedQuery(t, "SAMLRequest", strings.Repeat("a", 50<<20), "", p.signer)
	require.Less(t, len(bomb), 100<<10)
	measured("deflated bomb", func() error {
		_, _, _, err := p.provider.ReceiveLogout(get(sloURL, bomb))
		return err
	})
	junk := make([]byte, 600<<10)
	_, _ = rand.Read(junk)
	long := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(junk))
	measured("long query", func() error {
		_, _, _, err := p.provider.ReceiveLogout(get(sloURL, long))
		return err
	})
	_, err := p.provider.VerifyLogin(t.Context(), ten[13:])
	refused(t, err, saml.InvalidResponse, "longer than")
	p.accepts(answer{})
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("a")
		b.WriteString(strings.Repeat("b", i%7))
		b.WriteString(string(rune('a'+i%26)) + strings.Repeat("c", i%11))
		b.WriteString(`="x" `)
	}
	return b.String()
}
