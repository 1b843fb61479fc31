package saml_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/internal/samlxml"
)

const (
	poolID  = "eu-central-1_Example"
	baseURL = "https://login.shop.example"
	spID    = "urn:amazon:cognito:sp:" + poolID
	acsURL  = baseURL + "/saml2/idpresponse"
	sloURL  = baseURL + "/saml2/logout"
	idpID   = "https://idp.example/metadata"
	ssoURL  = "https://idp.example/sso"
	outURL  = "https://idp.example/slo"
	state   = "canary-state-0123456789"

	persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	email      = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	transient  = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// pair is a key with its certificate. They are made once, for it takes long.
type pair struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

var (
	idpPair   = sync.OnceValue(func() *pair { return newPair(2048, "idp") })
	otherPair = sync.OnceValue(func() *pair { return newPair(2048, "other") })
	spPair    = sync.OnceValue(func() *pair { return newPair(2048, "sp") })
	encPair   = sync.OnceValue(func() *pair { return newPair(2048, "sp encryption") })
)

func newPair(bits int, name string) *pair {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	certificate, err := saml.NewCertificate(key, name, from, from.AddDate(1, 0, 0))
	if err != nil {
		panic(err)
	}
	return &pair{key, certificate}
}

// party is a service provider and what an identity provider needs to talk to
// it. The identity provider of these tests writes XML as text and signs with
// goxmldsig, so that anything can be wrong with it.
type party struct {
	t        testing.TB
	clock    *clock
	sp       *saml.ServiceProvider
	provider *saml.Provider
	signer   *pair
}

// newParty changes the default configurations by adjust, which may be nil.
func newParty(t testing.TB, adjust func(*saml.Config, *saml.ProviderConfig)) *party {
	t.Helper()
	p := &party{t: t, clock: newClock(), signer: idpPair()}
	config := saml.Config{
		PoolID: poolID, BaseURL: baseURL,
		Key: spPair().key, Certificate: spPair().certificate,
		Decryption: []saml.DecryptionKey{{Key: encPair().key, Certificate: encPair().certificate}},
		Replay:     &saml.MemoryReplayStore{Now: p.clock.Now},
		Now:        p.clock.Now,
	}
	provider := saml.ProviderConfig{Metadata: metadata(idpPair())}
	if adjust != nil {
		adjust(&config, &provider)
	}
	var err error
	p.sp, err = saml.New(config)
	require.NoError(t, err)
	p.provider, err = p.sp.Provider(provider)
	require.NoError(t, err)
	return p
}

// metadata is the identity provider's.
func metadata(signers ...*pair) []byte {
	var keys strings.Builder
	for _, s := range signers {
		keys.WriteString(`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` +
			base64.StdEncoding.EncodeToString(s.certificate.Raw) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`)
	}
	return []byte(`<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + idpID + `">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys.String() + `
<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + outURL + `"/>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + ssoURL + `"/>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + ssoURL + `"/>
</IDPSSODescriptor></EntityDescriptor>`)
}

var requestID = regexp.MustCompile(` ID="([^"]+)"`)

// begin starts a sign-in and returns the request's ID.
func (p *party) begin() (id string, pending []byte) {
	p.t.Helper()
	next, pending, err := p.provider.Begin(context.Background(), acsURL, state)
	require.NoError(p.t, err)
	return requestID.FindStringSubmatch(sent(p.t, next).xml)[1], pending
}

// wire is a message as the browser carries it.
type wire struct {
	location *url.URL // redirect
	page     string   // POST
	header   http.Header
	xml      string
	name     string
}

// sent returns the message that next takes to the identity provider.
func sent(t testing.TB, next http.Handler) wire {
	t.Helper()
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/login", nil))
	m := wire{header: w.Header()}
	if w.Code == http.StatusSeeOther {
		u, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		q, err := samlxml.ParseQuery(u.RawQuery)
		require.NoError(t, err)
		m.location, m.xml, m.name = u, string(q.Message), q.Name
		return m
	}
	require.Equal(t, http.StatusOK, w.Code)
	m.page = w.Body.String()
	field := regexp.MustCompile(`name="(SAML[A-Za-z]+)" value="([^"]+)"`).FindStringSubmatch(m.page)
	require.NotNil(t, field)
	value := strings.ReplaceAll(field[2], "&#43;", "+")
	xml, err := base64.StdEncoding.DecodeString(value)
	require.NoError(t, err)
	m.xml, m.name = string(xml), field[1]
	return m
}

// answer is how the identity provider answers. The zero value signs alice's
// assertion and not the response, as Entra ID does.
type answer struct {
	inResponseTo string
	unsolicited  bool

	assertion func(string) string // changes the assertion before it is signed
	sealed    func(string) string // changes it afterwards, before it is encrypted
	response  func(string) string // changes the response before it is signed
	after     func(string) string // changes what is sent

	noAssertionSignature bool
	responseSignature    bool
	encrypt              func(testing.TB, string) string
	extra                string // a further assertion, say, beside the first
}

func (p *party) time(d time.Duration) string {
	return p.clock.Now().Add(d).Format("2006-01-02T15:04:05.000Z")
}

// assertionXML is an assertion that is right in every way.
func (p *party) assertionXML(inResponseTo string) string {
	reply := ""
	if inResponseTo != "" {
		reply = ` InResponseTo="` + inResponseTo + `"`
	}
	return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" ` +
		`xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="_assertion" Version="2.0" IssueInstant="` + p.time(0) + `">` +
		`<saml:Issuer>` + idpID + `</saml:Issuer>` +
		`<saml:Subject><saml:NameID Format="` + persistent + `">alice-1</saml:NameID>` +
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">` +
		`<saml:SubjectConfirmationData NotOnOrAfter="` + p.time(5*time.Minute) + `" Recipient="` + acsURL + `"` + reply + `/>` +
		`</saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="` + p.time(0) + `" NotOnOrAfter="` + p.time(70*time.Minute) + `">` +
		`<saml:AudienceRestriction><saml:Audience>` + spID + `</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="` + p.time(0) + `" SessionIndex="session-1"><saml:AuthnContext>` +
		`<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>` +
		`</saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement>` +
		`<saml:Attribute Name="email"><saml:AttributeValue xsi:type="xs:string">alice@example.com</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="http://schemas.microsoft.com/identity/claims/objectidentifier">` +
		`<saml:AttributeValue>00000000-0000-0000-0000-00000000a11c</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="role" FriendlyName="email"><saml:AttributeValue>admin</saml:AttributeValue>` +
		`<saml:AttributeValue>auditor</saml:AttributeValue></saml:Attribute>` +
		`</saml:AttributeStatement></saml:Assertion>`
}

func apply(change func(string) string, text string) string {
	if change == nil {
		return text
	}
	return change(text)
}

// respond returns the response as XML.
func (p *party) respond(a answer) string {
	p.t.Helper()
	assertion := apply(a.assertion, p.assertionXML(a.inResponseTo))
	if !a.noAssertionSignature {
		assertion = sign(p.t, assertion, p.signer)
	}
	assertion = apply(a.sealed, assertion)
	if a.encrypt != nil {
		assertion = a.encrypt(p.t, assertion)
	}
	reply := ""
	if a.inResponseTo != "" {
		reply = ` InResponseTo="` + a.inResponseTo + `"`
	}
	response := `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0" IssueInstant="` + p.time(0) +
		`" Destination="` + acsURL + `"` + reply + `>` +
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + idpID + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		assertion + a.extra + `</samlp:Response>`
	response = apply(a.response, response)
	if a.responseSignature {
		response = sign(p.t, response, p.signer)
	}
	return apply(a.after, response)
}

// sign signs the root of a document, with the signature behind the Issuer.
func sign(t testing.TB, document string, by *pair, adjust ...func(*dsig.SigningContext)) string {
	t.Helper()
	doc := etree.NewDocument()
	require.NoError(t, doc.ReadFromString(document))
	ctx, err := dsig.NewSigningContext(by.key, [][]byte{by.certificate.Raw})
	require.NoError(t, err)
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	for _, change := range adjust {
		change(ctx)
	}
	signature, err := ctx.ConstructSignature(doc.Root(), true)
	require.NoError(t, err)
	at := 0
	if issuer := doc.Root().SelectElement("Issuer"); issuer != nil {
		at = issuer.Index() + 1
	}
	doc.Root().InsertChildAt(at, signature)
	out, err := doc.WriteToString()
	require.NoError(t, err)
	return out
}

// gcm returns an EncryptedAssertion with AES-256-GCM and RSA-OAEP.
func gcm(t testing.TB, assertion string) string {
	out, err := samlxml.Encrypt([]byte(assertion), encPair().certificate, rand.Reader)
	require.NoError(t, err)
	return string(out)
}

// cbc returns an EncryptedAssertion with AES-256-CBC and RSA-OAEP, as Entra ID
// and AD FS make them.
func cbc(t testing.TB, assertion string) string { return encrypt(t, xmlenc.OAEP(), assertion) }

func encrypt(t testing.TB, e xmlenc.RSA, assertion string) string {
	t.Helper()
	e.DigestMethod = &xmlenc.SHA1
	data, err := e.Encrypt(encPair().certificate, []byte(assertion), nil)
	require.NoError(t, err)
	data.CreateAttr("Type", "http://www.w3.org/2001/04/xmlenc#Element")
	doc := etree.NewDocument()
	root := doc.CreateElement("saml:EncryptedAssertion")
	root.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	root.AddChild(data)
	out, err := doc.WriteToString()
	require.NoError(t, err)
	return out
}

// post is the browser coming back with a response.
func post(to, name, xml, relayState string) *http.Request {
	form := url.Values{name: {base64.StdEncoding.EncodeToString([]byte(xml))}}
	if relayState != "" {
		form.Set("RelayState", relayState)
	}
	return postForm(to, form)
}

func postForm(to string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// result is what Finish returned.
type result struct {
	subject    string
	attributes map[string][]string
	err        error
}

// signIn begins, answers and finishes.
func (p *party) signIn(a answer) result {
	p.t.Helper()
	id, pending := p.begin()
	if a.inResponseTo == "" && !a.unsolicited {
		a.inResponseTo = id
	}
	return p.finish(p.respond(a), pending)
}

func (p *party) finish(xml string, pending []byte) result {
	subject, attributes, err := p.provider.Finish(post(acsURL, "SAMLResponse", xml, state), pending)
	return result{subject, attributes, err}
}

// accepts requires that a sign-in works.
func (p *party) accepts(a answer) result {
	p.t.Helper()
	r := p.signIn(a)
	require.NoError(p.t, r.err)
	p.clock.Advance(2 * time.Hour) // the IDs are forgotten
	return r
}

// refuses requires that a sign-in fails with code, and that the same works
// when the identity provider is honest again.
func (p *party) refuses(a answer, code saml.Code, text string) *saml.Error {
	p.t.Helper()
	r := p.signIn(a)
	require.Empty(p.t, r.subject)
	require.Nil(p.t, r.attributes)
	e := refused(p.t, r.err, code, text)
	honest := p.signIn(answer{})
	require.NoError(p.t, honest.err, "an honest sign-in after it")
	require.Equal(p.t, "alice-1", honest.subject)
	p.clock.Advance(2 * time.Hour)
	return e
}

// refused requires a *saml.Error of code that says text and no secret.
func refused(t testing.TB, err error, code saml.Code, text string) *saml.Error {
	t.Helper()
	require.ErrorIs(t, err, code)
	var typed *saml.Error
	require.ErrorAs(t, err, &typed)
	require.Contains(t, err.Error(), text)
	require.True(t, strings.HasPrefix(err.Error(), "saml: "), err.Error())
	require.NotContains(t, err.Error(), "canary")
	require.NotContains(t, err.Error(), "alice", "an assertion in an error")
	require.NotContains(t, err.Error(), "\n")
	return typed
}

// swap returns a change that replaces old, which must be there.
func swap(t testing.TB, old, new string) func(string) string {
	t.Helper()
	return func(text string) string {
		require.Contains(t, text, old)
		return strings.ReplaceAll(text, old, new)
	}
}

// cut returns a change that takes out what the pattern matches.
func cut(t testing.TB, pattern string) func(string) string {
	t.Helper()
	return func(text string) string {
		require.Regexp(t, pattern, text)
		return regexp.MustCompile(pattern).ReplaceAllString(text, "")
	}
}

// signedQuery is a redirect message signed as the specification says, by hand.
func signedQuery(t testing.TB, name, xml, relayState string, by *pair) string {
	t.Helper()
	query := name + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(samlxml.Deflate([]byte(xml))))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if by == nil {
		return query
	}
	query += "&SigAlg=" + url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
	sum := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, by.key, crypto.SHA256, sum[:])
	require.NoError(t, err)
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

func get(to, query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, to+"?"+query, nil)
}

func read(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}
