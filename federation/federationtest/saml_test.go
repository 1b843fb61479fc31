package federationtest_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
)

const samlNames = `xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`

// samlRedirect is the query of a message by the redirect binding, signed by the service provider unless key is nil.
func samlRedirect(t *testing.T, parameter, document, relayState string, key *rsa.PrivateKey) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	require.NoError(t, err)
	_, err = w.Write([]byte(document))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	query := parameter + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes()))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if key != nil {
		query += "&SigAlg=" + url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
		sum := sha256.Sum256([]byte(query))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		require.NoError(t, err)
		query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	}
	return query
}

// authnRequest is a request for sign-in; attributes and content are put into it.
func authnRequest(attributes, content string) string {
	return fmt.Sprintf(`<samlp:AuthnRequest %s ID="_req" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" %s><saml:Issuer>%s</saml:Issuer>%s</samlp:AuthnRequest>`,
		samlNames, attributes, spEntity, content)
}

// readRedirect returns the message of a redirect, after its signature was checked with certificate.
func readRedirect(t *testing.T, location string, certificate *x509.Certificate) (document string, query url.Values) {
	t.Helper()
	u, err := url.Parse(location)
	require.NoError(t, err)
	content, signature, ok := strings.Cut(u.RawQuery, "&Signature=")
	require.True(t, ok, location)
	signature, err = url.QueryUnescape(signature)
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(signature)
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(content))
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	require.True(t, ok)
	require.NoError(t, rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], raw))
	message, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest") + u.Query().Get("SAMLResponse"))
	require.NoError(t, err)
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(message)))
	require.NoError(t, err)
	return string(text), u.Query()
}

// samlText returns what a posted form says.
func samlText(t *testing.T, post *federationtest.SAMLPost) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(post.Values.Get("SAMLResponse"))
	require.NoError(t, err)
	return string(text)
}

func TestSAMLRequests(t *testing.T) {
	p := newSAML(t, nil)
	for name, test := range map[string]struct {
		request string
		user    string
		acs     string
		want    []string
	}{
		"plain":        {authnRequest("", ""), "alice", spACS, []string{`InResponseTo="_req"`, ">alice@example.com</saml:NameID>", "status:Success"}},
		"acs":          {authnRequest(`AssertionConsumerServiceURL="`+spACS+`/2"`, ""), "alice", spACS + "/2", []string{`Recipient="` + spACS + `/2"`}},
		"index":        {authnRequest(`AssertionConsumerServiceIndex="1"`, ""), "alice", spACS + "/2", nil},
		"cancel":       {authnRequest("", ""), federationtest.Cancel, spACS, []string{"status:Responder", "status:AuthnFailed"}},
		"passive":      {authnRequest(`IsPassive="true"`, ""), "alice", spACS, []string{"status:NoPassive"}},
		"artifact":     {authnRequest(`ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"`, ""), "alice", spACS, []string{"UnsupportedBinding"}},
		"persistent":   {authnRequest("", `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/>`), "alice", spACS, []string{`SPNameQualifier="` + spEntity + `"`}},
		"transient":    {authnRequest("", `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>`), "alice", spACS, []string{`nameid-format:transient">_`}},
		"kerberos":     {authnRequest("", `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>`), "alice", spACS, []string{"InvalidNameIDPolicy"}},
		"context":      {authnRequest("", `<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:X509</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`), "alice", spACS, []string{"NoAuthnContext"}},
		"good context": {authnRequest("", `<samlp:RequestedAuthnContext><saml:AuthnContextClassRef> urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport </saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`), "alice", spACS, []string{"status:Success"}},
	} {
		post, err := federationtest.SAMLSignIn(nil, p.SSOURL()+"?"+samlRedirect(t, "SAMLRequest", test.request, "s&<>", nil), test.user)
		require.NoError(t, err, name)
		require.Equal(t, test.acs, post.URL, name)
		require.Equal(t, "s&<>", post.Values.Get("RelayState"), name)
		for _, want := range test.want {
			require.Contains(t, samlText(t, post), want, name)
		}
	}
}

func TestSAMLRequestsThatStayHere(t *testing.T) {
	key, certificate := spKey()
	p := newSAML(t, func(c *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
		sp.Certificates, sp.RequireSignedRequests = []*x509.Certificate{certificate}, true
	})
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	good := samlRedirect(t, "SAMLRequest", authnRequest("", ""), "", key)
	_, err = federationtest.SAMLSignIn(nil, p.SSOURL()+"?"+good, "alice")
	require.NoError(t, err)
	for name, test := range map[string]struct{ query, want string }{
		"nothing":        {"", "must be one of SAMLRequest"},
		"not base64":     {"SAMLRequest=%21", "not base64"},
		"not deflated":   {"SAMLRequest=YWJj", "not deflated"},
		"bomb":           {samlRedirect(t, "SAMLRequest", strings.Repeat("a", 1<<20), "", nil), "too long"},
		"not a request":  {samlRedirect(t, "SAMLRequest", "<a/>", "", nil), "not an AuthnRequest"},
		"no id":          {samlRedirect(t, "SAMLRequest", strings.Replace(authnRequest("", ""), `ID="_req"`, "", 1), "", nil), "no ID"},
		"unknown":        {samlRedirect(t, "SAMLRequest", strings.ReplaceAll(authnRequest("", ""), spEntity, "https://evil.example"), "", nil), "is not known"},
		"acs":            {samlRedirect(t, "SAMLRequest", authnRequest(`AssertionConsumerServiceURL="https://evil.example/"`, ""), "", key), "not registered"},
		"index":          {samlRedirect(t, "SAMLRequest", authnRequest(`AssertionConsumerServiceIndex="7"`, ""), "", key), "not registered"},
		"destination":    {samlRedirect(t, "SAMLRequest", authnRequest(`Destination="https://other.example/sso"`, ""), "", key), "Destination"},
		"unsigned":       {samlRedirect(t, "SAMLRequest", authnRequest("", ""), "", nil), "must be signed"},
		"other key":      {samlRedirect(t, "SAMLRequest", authnRequest("", ""), "", other), "not good"},
		"stripped state": {strings.Replace(samlRedirect(t, "SAMLRequest", authnRequest("", ""), "state", key), "&RelayState=state", "", 1), "not good"},
		"twice":          {good + "&RelayState=a&RelayState=b", "more than once"},
	} {
		resp, page := get(t, p.SSOURL()+"?"+test.query)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, name)
		require.Contains(t, page, test.want, name)
	}
}

func TestSAMLPages(t *testing.T) {
	p := newSAML(t, nil)
	resp, page := get(t, p.InitiateURL(spEntity, ""))
	require.Equal(t, "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://shop.example", resp.Header.Get("Content-Security-Policy"))
	for _, want := range []string{`<legend>`, `name="viewport"`, `type="radio" name="user" value="alice" checked`, `value="cancel"`} {
		require.Contains(t, page, want)
	}
	flow := regexp.MustCompile(`name="flow" value="([^"]+)"`).FindStringSubmatch(page)[1]
	resp, err := http.PostForm(strings.TrimSuffix(p.MetadataURL(), "metadata")+"sign-in", url.Values{"flow": {flow}, "user": {"bob"}})
	require.NoError(t, err)
	page = body(t, resp)
	script := regexp.MustCompile(`<script>(.*)</script>`).FindStringSubmatch(page)[1]
	sum := sha256.Sum256([]byte(script))
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	require.Contains(t, page, "<noscript><button")
	require.Contains(t, page, `action="`+spACS+`"`)
	for _, form := range []url.Values{{"flow": {"x"}}, {"flow": {flow}, "user": {"nobody"}}} {
		resp, err := http.PostForm(strings.TrimSuffix(p.MetadataURL(), "metadata")+"sign-in", form)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode)
		require.Contains(t, body(t, resp), `role="alert"`)
	}
	_, page = get(t, p.InitiateURL("https://nobody.example", ""))
	require.Contains(t, page, "no service provider")
}

func TestSAMLInitiated(t *testing.T) {
	p := newSAML(t, func(_ *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) { sp.RelayState = "/welcome" })
	sp := crewjam(t, p.MetadataURL())
	sp.AllowIDPInitiated = true
	post, err := federationtest.SAMLSignIn(nil, p.InitiateURL(spEntity, ""), "alice")
	require.NoError(t, err)
	require.Equal(t, "/welcome", post.Values.Get("RelayState"))
	require.NotContains(t, samlText(t, post), "InResponseTo")
	_, err = parseResponse(t, sp, post)
	require.NoError(t, err)
	post, err = federationtest.SAMLSignIn(nil, p.InitiateURL(spEntity, "//evil.example"), "alice")
	require.NoError(t, err)
	require.Equal(t, "//evil.example", post.Values.Get("RelayState"))
}

func TestSAMLHooksAndBuilders(t *testing.T) {
	p := newSAML(t, nil)
	sp := crewjam(t, p.MetadataURL())
	try := func() error {
		post, err := federationtest.SAMLSignIn(nil, p.SSOURL()+"?"+samlRedirect(t, "SAMLRequest", authnRequest("", ""), "", nil), "alice")
		require.NoError(t, err)
		_, err = parseResponse(t, sp, post, "_req")
		return err
	}
	require.NoError(t, try())
	replace := func(from, to string) federationtest.XMLHook {
		return func(xml []byte) []byte {
			require.Contains(t, string(xml), from)
			return bytes.ReplaceAll(xml, []byte(from), []byte(to))
		}
	}
	for name, test := range map[string]struct {
		hooks federationtest.SAMLHooks
		want  string
	}{
		"audience":         {federationtest.SAMLHooks{Message: func(m *federationtest.SAMLResponse) { m.Audiences = []string{"x"} }}, "Audience"},
		"issuer":           {federationtest.SAMLHooks{Message: func(m *federationtest.SAMLResponse) { m.Issuer = "x" }}, "ssuer"},
		"nothing signed":   {federationtest.SAMLHooks{Message: func(m *federationtest.SAMLResponse) { m.Sign = federationtest.SignNothing }}, "ignature"},
		"late":             {federationtest.SAMLHooks{Message: func(m *federationtest.SAMLResponse) { m.NotOnOrAfter = time.Unix(0, 0) }}, "expired"},
		"assertion before": {federationtest.SAMLHooks{Assertion: replace(spACS, "https://evil.example")}, "Recipient"},
		"assertion after":  {federationtest.SAMLHooks{SignedAssertion: replace("Alice", "Mallory")}, "signature"},
		"response before":  {federationtest.SAMLHooks{Response: replace("status:Success", "status:Responder")}, "status"},
		"response after":   {federationtest.SAMLHooks{SignedResponse: replace("alice@", "mallory@")}, "signature"},
		"base64":           {federationtest.SAMLHooks{Base64: func(string) string { return "%" }}, "base64"},
		"form":             {federationtest.SAMLHooks{Form: func(v url.Values) { v.Del("SAMLResponse"); v.Set("SAMLResponse", "") }}, ""},
	} {
		p.SetHooks(test.hooks)
		require.ErrorContains(t, try(), test.want, name)
	}
	p.SetHooks(federationtest.SAMLHooks{Destination: func(acs string) string { return acs + "/elsewhere" }})
	post, err := federationtest.SAMLSignIn(nil, p.InitiateURL(spEntity, ""), "alice")
	require.NoError(t, err)
	require.Equal(t, spACS+"/elsewhere", post.URL)
	p.SetHooks(federationtest.SAMLHooks{})

	// By hand: a second assertion of one's own beside the honest one.
	honest, err := p.Assertion(spEntity, "alice", "_req", nil)
	require.NoError(t, err)
	require.Contains(t, string(honest), "SignatureValue")
	forged, err := p.Assertion(spEntity, "bob", "_req", func(m *federationtest.SAMLResponse) { m.Sign = federationtest.SignNothing })
	require.NoError(t, err)
	require.NotContains(t, string(forged), "SignatureValue")
	p.SetHooks(federationtest.SAMLHooks{SignedResponse: func(xml []byte) []byte {
		return bytes.Replace(xml, []byte("</samlp:Response>"), append(forged, "</samlp:Response>"...), 1)
	}})
	wrapped, err := p.ResponseXML(spEntity, "alice", "_req", nil)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(wrapped), "<saml:Assertion"))
	for _, refused := range []string{"<a/>", "", "<a>"} {
		_, err = p.Sign([]byte(refused))
		require.Error(t, err)
	}
	_, err = p.SignSHA1([]byte("<a ID='x'><b/></a>"))
	require.NoError(t, err)
	evil, err := p.SignWith([]byte(`<a ID="x"><b/></a>`), federationtest.XMLSignature{Hash: crypto.SHA512, SignedInfo: replace(`URI="#x"`, `URI=""`)})
	require.NoError(t, err)
	require.Contains(t, string(evil), `URI=""`)
	require.Contains(t, string(evil), "rsa-sha512")
	_, err = p.Response(spEntity, "nobody", "", nil)
	require.ErrorContains(t, err, "nobody")
	_, err = p.Encrypt(spEntity, honest, "")
	require.Error(t, err)
}

func TestSAMLRollover(t *testing.T) {
	p := newSAML(t, nil)
	before := crewjam(t, p.MetadataURL())
	sign := func() *federationtest.SAMLPost {
		post, err := federationtest.SAMLSignIn(nil, p.SSOURL()+"?"+samlRedirect(t, "SAMLRequest", authnRequest("", ""), "", nil), "alice")
		require.NoError(t, err)
		return post
	}
	require.NoError(t, p.AddKey())
	announced := crewjam(t, p.MetadataURL())
	_, err := parseResponse(t, before, sign(), "_req")
	require.NoError(t, err, "the new key does not sign yet")
	p.UseNewestKey()
	_, err = parseResponse(t, before, sign(), "_req")
	require.Error(t, err)
	_, err = parseResponse(t, announced, sign(), "_req")
	require.NoError(t, err)
	p.RetireKeys()
	metadata, err := p.Metadata()
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(metadata), "<X509Certificate>"))
	p = newSAML(t, func(c *federationtest.SAMLConfig, _ *federationtest.ServiceProvider) { c.KeyType = "ECDSA" })
	for range 9 {
		require.NoError(t, p.RotateKey())
	}
	metadata, err = p.Metadata()
	require.NoError(t, err)
	require.Equal(t, 5, strings.Count(string(metadata), "<X509Certificate>"))
}

func TestSAMLLogout(t *testing.T) {
	key, certificate := spKey()
	const other = "https://other.example"
	p := newSAML(t, func(c *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
		sp.Certificates = []*x509.Certificate{certificate}
		c.ServiceProviders = []federationtest.ServiceProvider{{EntityID: other, ACSURLs: []string{other + "/acs"}, SLOURL: other + "/slo"}}
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request := func(attributes string) string {
		return p.SSOURL() + "?" + samlRedirect(t, "SAMLRequest", authnRequest(attributes, ""), "", key)
	}
	_, err = federationtest.SAMLSignIn(client, request(""), "alice")
	require.NoError(t, err)
	_, err = federationtest.SAMLSignIn(client, p.InitiateURL(other, ""), "alice")
	require.NoError(t, err)
	post, err := federationtest.SAMLSignIn(client, request(`IsPassive="true"`), "not asked")
	require.NoError(t, err)
	require.Contains(t, samlText(t, post), "alice@example.com")

	logout := fmt.Sprintf(`<samlp:LogoutRequest %s ID="_out" Version="2.0"><saml:Issuer>%s</saml:Issuer><saml:NameID>alice@example.com</saml:NameID></samlp:LogoutRequest>`, samlNames, spEntity)
	_, page := get(t, p.SLOURL()+"?"+samlRedirect(t, "SAMLRequest", logout, "back", nil))
	require.Contains(t, page, "not signed")
	step := func(address string) *http.Response {
		resp, err := client.Get(address)
		require.NoError(t, err)
		return resp
	}
	resp := step(p.SLOURL() + "?" + samlRedirect(t, "SAMLRequest", logout, "back", key))
	text, query := readRedirect(t, resp.Header.Get("Location"), p.Certificate())
	require.Contains(t, text, "LogoutRequest")
	require.Contains(t, text, "<samlp:SessionIndex>_")
	require.Contains(t, resp.Header.Get("Location"), other+"/slo?")
	id := regexp.MustCompile(` ID="([^"]+)"`).FindStringSubmatch(text)[1]
	answer := fmt.Sprintf(`<samlp:LogoutResponse %s ID="_a" InResponseTo="%s" Version="2.0"><saml:Issuer>%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/></samlp:Status></samlp:LogoutResponse>`, samlNames, id, other)
	resp = step(p.SLOURL() + "?" + samlRedirect(t, "SAMLResponse", answer, query.Get("RelayState"), nil))
	text, query = readRedirect(t, resp.Header.Get("Location"), p.Certificate())
	require.Contains(t, resp.Header.Get("Location"), spSLO+"?")
	require.Contains(t, text, `InResponseTo="_out"`)
	require.Contains(t, text, "PartialLogout")
	require.Equal(t, "back", query.Get("RelayState"))

	resp = step(p.SLOURL() + "?" + samlRedirect(t, "SAMLResponse", answer, "used", nil))
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	post, err = federationtest.SAMLSignIn(client, request(`IsPassive="true"`), "not asked")
	require.NoError(t, err)
	require.Contains(t, samlText(t, post), "NoPassive")

	resp = step(p.LogoutURL())
	require.Contains(t, body(t, resp), "You are signed out")
	address, err := p.LogoutRequest(spEntity, "bob", func(m *federationtest.SAMLLogout) { m.SessionIndexes = []string{"_1", "_2"} })
	require.NoError(t, err)
	text, _ = readRedirect(t, address, p.Certificate())
	require.Contains(t, text, "<samlp:SessionIndex>_2")
	address, err = p.LogoutRequest(spEntity, "bob", func(m *federationtest.SAMLLogout) { m.SHA1 = true })
	require.NoError(t, err)
	require.Contains(t, address, "SigAlg="+url.QueryEscape("http://www.w3.org/2000/09/xmldsig#rsa-sha1"))
	p.SetHooks(federationtest.SAMLHooks{LogoutQuery: func(q string) string { return q[:strings.Index(q, "&SigAlg")] }})
	address, err = p.LogoutResponse(spEntity, "_1", "", nil)
	require.NoError(t, err)
	require.NotContains(t, address, "Signature")
}

func TestServiceProviderFromMetadata(t *testing.T) {
	p := newSAML(t, nil)
	sp := crewjam(t, p.MetadataURL())
	metadata, err := marshalXML(sp.Metadata())
	require.NoError(t, err)
	read, err := federationtest.ServiceProviderFromMetadata(metadata)
	require.NoError(t, err)
	_, certificate := spKey()
	require.Equal(t, spEntity, read.EntityID)
	require.Equal(t, []string{spACS}, read.ACSURLs)
	require.Equal(t, []*x509.Certificate{certificate}, read.Certificates)
	require.Equal(t, certificate, read.EncryptionCertificate)
	for _, bad := range []string{"", "<a/>", `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>`} {
		_, err := federationtest.ServiceProviderFromMetadata([]byte(bad))
		require.ErrorContains(t, err, "federationtest: ")
	}
}

func TestNewSAMLRefuses(t *testing.T) {
	good := federationtest.SAMLConfig{BaseURL: "http://localhost:8080/saml", KeyType: "ECDSA"}
	_, err := federationtest.NewSAML(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*federationtest.SAMLConfig){
		"base":  func(c *federationtest.SAMLConfig) { c.BaseURL = "localhost" },
		"key":   func(c *federationtest.SAMLConfig) { c.KeyType = "DSA" },
		"users": func(c *federationtest.SAMLConfig) { c.Users = []federationtest.SAMLUser{{}} },
		"sp": func(c *federationtest.SAMLConfig) {
			c.ServiceProviders = []federationtest.ServiceProvider{{EntityID: "x"}}
		},
		"acs": func(c *federationtest.SAMLConfig) {
			c.ServiceProviders = []federationtest.ServiceProvider{{EntityID: "x", ACSURLs: []string{"javascript:x"}}}
		},
		"sign": func(c *federationtest.SAMLConfig) {
			c.ServiceProviders = []federationtest.ServiceProvider{{EntityID: "x", ACSURLs: []string{spACS}, Sign: "x"}}
		},
		"cipher": func(c *federationtest.SAMLConfig) {
			c.ServiceProviders = []federationtest.ServiceProvider{{EntityID: "x", ACSURLs: []string{spACS}, Encryption: "x"}}
		},
	} {
		config := good
		change(&config)
		_, err := federationtest.NewSAML(config)
		require.ErrorContains(t, err, "federationtest: ", name)
	}
}
