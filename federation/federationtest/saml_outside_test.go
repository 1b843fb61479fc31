package federationtest_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"encoding/xml"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
)

const (
	spEntity = "https://shop.example/metadata"
	spACS    = "https://shop.example/acs"
	spSLO    = "https://shop.example/slo"
)

// spKey is the key of a service provider, made once for all tests.
var spKey = sync.OnceValues(func() (*rsa.PrivateKey, *x509.Certificate) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return key, certificate
})

func newSAML(t *testing.T, adjust func(*federationtest.SAMLConfig, *federationtest.ServiceProvider)) *federationtest.SAMLProvider {
	t.Helper()
	config := federationtest.SAMLConfig{}
	sp := federationtest.ServiceProvider{EntityID: spEntity, ACSURLs: []string{spACS, spACS + "/2"}, SLOURL: spSLO}
	if adjust != nil {
		adjust(&config, &sp)
	}
	config.ServiceProviders = append(config.ServiceProviders, sp)
	return federationtest.NewSAMLServer(t, config)
}

// crewjam returns a service provider that is not ours, configured from the metadata at metadataURL.
func crewjam(t *testing.T, metadataURL string) *saml.ServiceProvider {
	t.Helper()
	resp, err := http.Get(metadataURL)
	require.NoError(t, err)
	var idp saml.EntityDescriptor
	require.NoError(t, xml.Unmarshal([]byte(body(t, resp)), &idp))
	key, certificate := spKey()
	parse := func(s string) url.URL { u, err := url.Parse(s); require.NoError(t, err); return *u }
	return &saml.ServiceProvider{
		EntityID: spEntity, Key: key, Certificate: certificate, SignatureMethod: dsig.RSASHA256SignatureMethod,
		MetadataURL: parse(spEntity), AcsURL: parse(spACS), SloURL: parse(spSLO), IDPMetadata: &idp,
		AuthnNameIDFormat: saml.UnspecifiedNameIDFormat,
	}
}

// parseResponse has the outside service provider judge a posted form.
func parseResponse(t *testing.T, sp *saml.ServiceProvider, post *federationtest.SAMLPost, ids ...string) (*saml.Assertion, error) {
	t.Helper()
	r, err := post.Request()
	require.NoError(t, err)
	require.NoError(t, r.ParseForm())
	assertion, err := sp.ParseResponse(r, ids)
	if invalid, ok := err.(*saml.InvalidResponseError); ok {
		err = invalid.PrivateErr
	}
	return assertion, err
}

func TestSAMLOutside_Crewjam(t *testing.T) {
	_, certificate := spKey()
	for name, adjust := range map[string]func(*federationtest.SAMLConfig, *federationtest.ServiceProvider){
		"default": nil,
		"response": func(_ *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
			sp.Sign = federationtest.SignResponse
		},
		"both": func(_ *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
			sp.Sign = federationtest.SignBoth
		},
		"wsfed": func(c *federationtest.SAMLConfig, _ *federationtest.ServiceProvider) {
			c.WSFederation = true
			c.SignMetadata = true
		},
		"cbc": func(_ *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
			sp.EncryptionCertificate, sp.Encryption = certificate, federationtest.EncryptAES256CBC
		},
		"gcm": func(_ *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
			sp.EncryptionCertificate, sp.Encryption = certificate, federationtest.EncryptAES128GCM // the only one that crewjam reads
		},
		"signed requests": func(_ *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
			sp.Certificates, sp.RequireSignedRequests = []*x509.Certificate{certificate}, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newSAML(t, adjust)
			sp := crewjam(t, p.MetadataURL())
			request, err := sp.MakeAuthenticationRequest(p.SSOURL(), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
			require.NoError(t, err)
			start, err := request.Redirect("state", sp) // crewjam does not escape it
			require.NoError(t, err)
			post, err := federationtest.SAMLSignIn(nil, start.String(), "bob")
			require.NoError(t, err)
			require.Equal(t, spACS, post.URL)
			require.Equal(t, "state", post.Values.Get("RelayState"))
			assertion, err := parseResponse(t, sp, post, request.ID)
			require.NoError(t, err)
			require.Equal(t, "bob@example.com", assertion.Subject.NameID.Value)
			require.Len(t, assertion.AttributeStatements[0].Attributes, 4)
			_, err = parseResponse(t, sp, post, "another")
			require.Error(t, err)

			// By POST: the application's own page posts the request.
			page, err := sp.MakePostAuthenticationRequest("post-state")
			require.NoError(t, err)
			request2 := serveOnce(t, page)
			sp.AllowIDPInitiated = true // crewjam does not return the ID of what it posts
			post, err = federationtest.SAMLSignIn(nil, request2, "alice")
			require.NoError(t, err)
			require.Equal(t, "post-state", post.Values.Get("RelayState"))
		})
	}
}

// serveOnce serves one page and returns its address.
func serveOnce(t *testing.T, form []byte) string {
	t.Helper()
	server := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(form)
	}))
	return server
}

// TestSAMLOutside_Xmlsec has what the provider signs and encrypts read by another program.
func TestSAMLOutside_Xmlsec(t *testing.T) {
	tool := xmlsec(t)
	for _, keyType := range []string{"RSA", "ECDSA"} {
		p := newSAML(t, func(c *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
			c.KeyType, c.SignMetadata = keyType, true
		})
		certificate := writeFile(t, "idp.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}))
		verify := func(document []byte, idNode string) error {
			command := exec.Command(tool, "--verify", "--pubkey-cert-pem", certificate, "--id-attr:ID", idNode, writeFile(t, "signed.xml", document))
			output, err := command.CombinedOutput()
			t.Logf("%s", output)
			return err
		}
		for _, signed := range []federationtest.SAMLSigned{federationtest.SignAssertion, federationtest.SignResponse, federationtest.SignBoth} {
			for _, sha1 := range []bool{false, true} {
				document, err := p.ResponseXML(spEntity, "alice", "_r", func(m *federationtest.SAMLResponse) { m.Sign, m.SHA1 = signed, sha1 })
				require.NoError(t, err)
				node := "Response"
				if signed == federationtest.SignAssertion {
					node = "Assertion"
				}
				require.NoError(t, verify(document, node), "%s %s %v", keyType, signed, sha1)
				require.Error(t, verify(bytes.Replace(document, []byte("Alice"), []byte("Mallory"), 1), node))
			}
		}
		metadata, err := p.Metadata()
		require.NoError(t, err)
		require.NoError(t, verify(metadata, "EntityDescriptor"))

		// A SignedInfo of one's own is under a signature that is good, for whoever believes it.
		document, err := p.SignWith([]byte(`<Response ID="x"><b/></Response>`), federationtest.XMLSignature{SignedInfo: func(xml []byte) []byte {
			return bytes.Replace(xml, []byte(`URI="#x"`), []byte(`URI=""`), 1)
		}})
		require.NoError(t, err)
		require.NoError(t, verify(document, "Response"))
		require.Error(t, verify(bytes.Replace(document, []byte(`URI=""`), []byte(`URI="#x"`), 1), "Response"))
	}

	key, certificate := spKey()
	private := writeFile(t, "sp.pem", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	p := newSAML(t, func(_ *federationtest.SAMLConfig, sp *federationtest.ServiceProvider) {
		sp.EncryptionCertificate = certificate
	})
	for _, algorithm := range []string{"", federationtest.EncryptAES128GCM, federationtest.EncryptAES256GCM, federationtest.EncryptAES128CBC, federationtest.EncryptAES256CBC} {
		document, err := p.ResponseXML(spEntity, "alice", "_r", func(m *federationtest.SAMLResponse) { m.Encryption = algorithm })
		require.NoError(t, err)
		require.NotContains(t, string(document), "alice")
		output, err := exec.Command(tool, "--decrypt", "--privkey-pem", private, writeFile(t, "encrypted.xml", document)).CombinedOutput()
		require.NoError(t, err, "%s: %s", algorithm, output)
		require.Contains(t, string(output), ">alice@example.com</saml:NameID>", algorithm)
	}
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func xmlsec(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("xmlsec1")
	if err == nil {
		return tool
	}
	if os.Getenv("STEPWELL_TEST_NOSKIP") == "1" {
		t.Fatal("xmlsec1 is not installed: apt-get install xmlsec1")
	}
	t.Skip("xmlsec1 is not installed: apt-get install xmlsec1")
	return ""
}
