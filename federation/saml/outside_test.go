package saml_test

import (
	"crypto/x509"
	"encoding/pem"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	"github.com/crewjam/saml/samlidp"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/saml"
)

// formOf returns the form on a page: where it goes and what is in it.
func formOf(t *testing.T, page string) (action string, values url.Values) {
	t.Helper()
	found := regexp.MustCompile(`<form[^>]* action="([^"]*)"`).FindStringSubmatch(page)
	require.NotNil(t, found, page)
	values = url.Values{}
	for _, input := range regexp.MustCompile(`<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		values.Set(input[1], html.UnescapeString(input[2]))
	}
	return html.UnescapeString(found[1]), values
}

// crewjam's own identity provider, which shares no line with our reading of
// XML, signatures and encryption.
func TestOutside_Crewjam(t *testing.T) {
	c := newClock()
	was := crewjam.TimeNow
	crewjam.TimeNow = c.Now
	t.Cleanup(func() { crewjam.TimeNow = was })

	server := httptest.NewUnstartedServer(nil)
	server.Start()
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	idp, err := samlidp.New(samlidp.Options{
		URL: *base, Key: idpPair().key, Certificate: idpPair().certificate, Store: &samlidp.MemoryStore{}, Logger: quiet{},
	})
	require.NoError(t, err)
	idp.IDP.SignatureMethod = dsig.RSASHA256SignatureMethod
	server.Config.Handler = idp
	do := func(method, path, body string) {
		r, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusNoContent, resp.StatusCode, read(t, resp.Body))
	}
	do(http.MethodPut, "/users/alice", `{"name": "alice", "password": "hunter2", "groups": ["admins", "users"], "email": "alice@example.com"}`)

	for name, adjust := range map[string]func(*saml.Config, *saml.ProviderConfig){
		"plain":              func(c *saml.Config, _ *saml.ProviderConfig) { c.Decryption = nil },
		"encrypted, signed":  func(c *saml.Config, o *saml.ProviderConfig) { o.InsecureAllowCBC, c.SignRequests = true, true },
		"encrypted, refused": nil,
		"by POST":            func(c *saml.Config, o *saml.ProviderConfig) { c.Decryption = nil; o.Binding = saml.POST },
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t, func(config *saml.Config, o *saml.ProviderConfig) {
				config.Now, config.InsecureAllowHTTP = c.Now, true
				o.Metadata, o.MetadataURL = nil, server.URL+"/metadata"
				if adjust != nil {
					adjust(config, o)
				}
			})
			ours, err := p.sp.Metadata()
			require.NoError(t, err)
			do(http.MethodPut, "/services/"+url.PathEscape(strings.ReplaceAll(name, " ", "")), string(ours))
			next, pending, err := p.provider.Begin(t.Context(), "", state)
			require.NoError(t, err)
			jar, err := cookiejar.New(nil)
			require.NoError(t, err)
			browser := &http.Client{Jar: jar}
			resp, err := browser.PostForm(server.URL+"/login", url.Values{"user": {"alice"}, "password": {"hunter2"}})
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, resp.StatusCode, read(t, resp.Body))
			if m := sent(t, next); m.location != nil {
				resp, err = browser.Get(m.location.String())
			} else {
				action, values := formOf(t, m.page)
				resp, err = browser.PostForm(action, values)
			}
			require.NoError(t, err)
			action, values := formOf(t, read(t, resp.Body))
			require.Equal(t, acsURL, action)
			subject, attributes, err := p.provider.Finish(postForm(action, values), pending)
			if name == "encrypted, refused" {
				refused(t, err, saml.DecryptionFailed, "GCM") // crewjam encrypts with CBC
				return
			}
			refused(t, err, saml.InvalidAssertion, "transient") // its NameID, by default
			require.Empty(t, subject)
			require.Empty(t, attributes)
			p.provider, err = p.sp.Provider(saml.ProviderConfig{
				MetadataURL: server.URL + "/metadata", SubjectAttribute: "urn:oid:0.9.2342.19200300.100.1.1", InsecureAllowCBC: true,
			})
			require.NoError(t, err)
			subject, attributes, err = p.provider.Finish(postForm(action, values), pending)
			require.NoError(t, err)
			require.Equal(t, "alice", subject)
			require.Equal(t, []string{"admins", "users"}, attributes["urn:oid:1.3.6.1.4.1.5923.1.1.1.1"])
			c.Advance(2 * time.Hour)
		})
	}
}

type quiet struct{}

func (quiet) Printf(string, ...interface{}) {}
func (quiet) Print(...interface{})          {}
func (quiet) Println(...interface{})        {}
func (quiet) Fatal(...interface{})          {}
func (quiet) Fatalf(string, ...interface{}) {}
func (quiet) Fatalln(...interface{})        {}
func (quiet) Panic(...interface{})          {}
func (quiet) Panicf(string, ...interface{}) {}
func (quiet) Panicln(...interface{})        {}

// xmlsec returns the path of xmlsec1, which makes and checks signatures.
func xmlsec(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("xmlsec1")
	if err == nil {
		return tool
	}
	const advice = "xmlsec1 is not installed: install it (Debian, Ubuntu: apt-get install xmlsec1; macOS: brew install libxmlsec1)"
	if os.Getenv("STEPWELL_TEST_NOSKIP") == "1" {
		t.Fatal(advice)
	}
	t.Skip(advice)
	return ""
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func keyFile(t *testing.T, p *pair) string {
	return file(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(p.key)})))
}

const signatureTemplate = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>` +
	`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>` +
	`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
	`<ds:Reference URI="#IDENTIFIER"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>` +
	`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>` +
	`<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>` +
	`<ds:SignatureValue/></ds:Signature>`

// xmlsec1 signs what we accept.
func TestOutside_XmlsecSigns(t *testing.T) {
	tool := xmlsec(t)
	key := keyFile(t, idpPair())
	by := func(id, element string) func(string) string {
		return func(m string) string {
			i := strings.Index(m, "</saml:Issuer>") + len("</saml:Issuer>")
			template := m[:i] + strings.Replace(signatureTemplate, "IDENTIFIER", id, 1) + m[i:]
			out, err := exec.Command(tool, "--sign", "--privkey-pem", key, "--id-attr:ID", element, file(t, "template.xml", template)).Output()
			require.NoError(t, err)
			return strings.TrimPrefix(string(out), "<?xml version=\"1.0\"?>\n")
		}
	}
	p := newParty(t, nil)
	for name, a := range map[string]answer{
		"assertion":           {noAssertionSignature: true, sealed: by("_assertion", "Assertion")},
		"response":            {noAssertionSignature: true, after: by("_response", "Response")},
		"encrypted assertion": {noAssertionSignature: true, sealed: by("_assertion", "Assertion"), encrypt: gcm},
	} {
		r := p.accepts(a)
		require.Equal(t, "alice-1", r.subject, name)
	}
	a := answer{noAssertionSignature: true, sealed: by("_assertion", "Assertion"), after: swap(t, "alice-1", "mallory")}
	refused(t, p.signIn(a).err, saml.InvalidSignature, "changed")
}

// xmlsec1 verifies what we sign.
func TestOutside_XmlsecVerifies(t *testing.T) {
	tool := xmlsec(t)
	certificate := file(t, "sp.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: spPair().certificate.Raw})))
	verify := func(element, document string) error {
		return exec.Command(tool, "--verify", "--pubkey-cert-pem", certificate, "--id-attr:ID", element, file(t, "signed.xml", document)).Run()
	}
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) {
		c.Binding, c.SignRequests = saml.POST, true
		c.Metadata = []byte(swap(t, `HTTP-Redirect" Location="`+outURL, `HTTP-POST" Location="`+outURL)(string(c.Metadata)))
	})
	next, _, err := p.provider.Begin(t.Context(), "", state)
	require.NoError(t, err)
	m := sent(t, next)
	require.NoError(t, verify("AuthnRequest", m.xml))
	require.Error(t, verify("AuthnRequest", strings.Replace(m.xml, spID, spID+"x", 1)))

	_, _, session := p.session(answer{})
	next, _, err = p.provider.BeginLogout(t.Context(), session, "", state)
	require.NoError(t, err)
	require.NoError(t, verify("LogoutRequest", sent(t, next).xml))
	_, _, answer, err := p.provider.ReceiveLogout(get(sloURL, signedQuery(t, "SAMLRequest", p.logoutRequest(), "", p.signer)))
	require.NoError(t, err)
	require.NoError(t, verify("LogoutResponse", sent(t, answer(true)).xml))
}

// fake is a party whose identity provider is federationtest's.
type fake struct {
	*party
	idp *federationtest.SAMLProvider
}

func newFake(t *testing.T, adjust func(*federationtest.SAMLConfig, *saml.Config, *saml.ProviderConfig)) *fake {
	t.Helper()
	f := new(fake)
	c := newClock()
	config := federationtest.SAMLConfig{Now: c.Now, WSFederation: true}
	if adjust != nil {
		adjust(&config, new(saml.Config), new(saml.ProviderConfig))
	}
	f.idp = federationtest.NewSAMLServer(t, config)
	f.party = newParty(t, func(sp *saml.Config, o *saml.ProviderConfig) {
		sp.Now, sp.InsecureAllowHTTP = c.Now, true
		o.Metadata, o.MetadataURL = nil, f.idp.MetadataURL()
		if adjust != nil {
			adjust(&config, sp, o)
		}
	})
	f.clock = c
	data, err := f.sp.Metadata()
	require.NoError(t, err)
	sp, err := federationtest.ServiceProviderFromMetadata(data)
	require.NoError(t, err)
	require.NoError(t, f.idp.AddServiceProvider(sp))
	return f
}

// visit signs user in and returns the browser's way back.
func (f *fake) visit(browser *http.Client, user string) (*http.Request, []byte) {
	f.t.Helper()
	next, pending, err := f.provider.Begin(f.t.Context(), "", state)
	require.NoError(f.t, err)
	mine := httptest.NewServer(next)
	defer mine.Close()
	post, err := federationtest.SAMLSignIn(browser, mine.URL, user)
	require.NoError(f.t, err)
	require.Equal(f.t, acsURL, post.URL)
	return postForm(post.URL, post.Values), pending
}

func TestFake_SignIn(t *testing.T) {
	for name, adjust := range map[string]func(*federationtest.SAMLConfig, *saml.Config, *saml.ProviderConfig){
		"default":       nil,
		"not encrypted": func(_ *federationtest.SAMLConfig, c *saml.Config, _ *saml.ProviderConfig) { c.Decryption = nil },
		"signed requests": func(c *federationtest.SAMLConfig, _ *saml.Config, _ *saml.ProviderConfig) {
			c.WantAuthnRequestsSigned = true
		},
		"signed requests by POST": func(_ *federationtest.SAMLConfig, c *saml.Config, o *saml.ProviderConfig) {
			c.SignRequests, o.Binding = true, saml.POST
		},
		"ECDSA": func(c *federationtest.SAMLConfig, _ *saml.Config, _ *saml.ProviderConfig) { c.KeyType = "ECDSA" },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, adjust)
			r, pending := f.visit(nil, "alice")
			subject, attributes, err := f.provider.Finish(r, pending)
			require.NoError(t, err)
			require.Equal(t, "nameid:emailAddress:::alice@example.com", subject)
			require.Equal(t, []string{"Alice"}, attributes["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"])

			r, pending = f.visit(nil, federationtest.Cancel)
			_, _, err = f.provider.Finish(r, pending)
			var e *saml.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, "Status", e.Check, err)

			// The key changes; the metadata is read again.
			require.NoError(t, f.idp.RotateKey())
			f.clock.Advance(time.Minute)
			r, pending = f.visit(nil, "bob")
			subject, _, err = f.provider.Finish(r, pending)
			require.NoError(t, err)
			require.Equal(t, "nameid:emailAddress:::bob@example.com", subject)
		})
	}
}

func TestFake_Logout(t *testing.T) {
	f := newFake(t, nil)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	signing := &http.Client{Jar: jar}
	r, pending := f.visit(signing, "alice")
	subject, _, sessionID, session, err := f.provider.FinishSession(r, pending)
	require.NoError(t, err)

	// Ours.
	next, out, err := f.provider.BeginLogout(t.Context(), session, "", state)
	require.NoError(t, err)
	m := sent(t, next)
	resp, err := browser.Get(m.location.String())
	require.NoError(t, err)
	back, err := resp.Location()
	require.NoError(t, err, read(t, resp.Body))
	require.True(t, strings.HasPrefix(back.String(), sloURL))
	require.NoError(t, f.provider.FinishLogout(httptest.NewRequest(http.MethodGet, back.String(), nil), out))

	// Theirs.
	theirs, err := f.idp.LogoutRequest(spID, "alice", func(l *federationtest.SAMLLogout) { l.SessionIndexes = []string{sessionID} })
	require.NoError(t, err)
	who, sessions, answer, err := f.provider.ReceiveLogout(httptest.NewRequest(http.MethodGet, theirs, nil))
	require.NoError(t, err)
	require.Equal(t, subject, who)
	require.Equal(t, []string{sessionID}, sessions)
	require.NotEmpty(t, sent(t, answer(true)).location.Query().Get("Signature"))
}
