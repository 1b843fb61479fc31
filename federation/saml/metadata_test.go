package saml_test

import (
	"context"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/internal/samlxml"
)

func TestMetadata(t *testing.T) {
	next := otherPair()
	p := newParty(t, func(c *saml.Config, _ *saml.ProviderConfig) {
		c.OtherCertificates = append(c.OtherCertificates, next.certificate)
		c.SignRequests = true
	})
	data, err := p.sp.Metadata()
	require.NoError(t, err)
	_, err = samlxml.Parse(data, samlxml.Options{})
	require.NoError(t, err, string(data))
	var m crewjam.EntityDescriptor
	require.NoError(t, xml.Unmarshal(data, &m))
	require.Equal(t, spID, m.EntityID)
	require.NotContains(t, string(data), "validUntil")
	require.Len(t, m.SPSSODescriptors, 1)
	role := m.SPSSODescriptors[0]
	require.Equal(t, "urn:oasis:names:tc:SAML:2.0:protocol", role.ProtocolSupportEnumeration)
	require.True(t, *role.AuthnRequestsSigned)
	require.True(t, *role.WantAssertionsSigned)
	require.Equal(t, acsURL, role.AssertionConsumerServices[0].Location)
	require.Equal(t, crewjam.HTTPPostBinding, role.AssertionConsumerServices[0].Binding)
	require.Len(t, role.SingleLogoutServices, 2)
	for _, slo := range role.SingleLogoutServices {
		require.Equal(t, sloURL, slo.Location)
	}
	uses := []string{}
	for _, k := range role.KeyDescriptors {
		uses = append(uses, k.Use)
	}
	require.Equal(t, []string{"signing", "signing", "encryption"}, uses)
	require.Len(t, role.KeyDescriptors[2].EncryptionMethods, 3)
	// The order of the schema.
	last := -1
	for _, element := range []string{"<KeyDescriptor", "<SingleLogoutService", "<AssertionConsumerService"} {
		at := strings.Index(string(data), element)
		require.Greater(t, at, last, string(data))
		last = at
	}
	data[0] = 'x' // a copy
	again, err := p.sp.Metadata()
	require.NoError(t, err)
	require.EqualValues(t, '<', again[0])

	w := httptest.NewRecorder()
	p.sp.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/saml2/metadata", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, string(again), w.Body.String())
	require.Equal(t, "application/samlmetadata+xml", w.Header().Get("Content-Type"))
	w = httptest.NewRecorder()
	p.sp.MetadataHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/saml2/metadata", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)

	// Without a key there is neither a certificate nor single logout.
	p = newParty(t, func(c *saml.Config, _ *saml.ProviderConfig) { c.Key, c.Certificate, c.Decryption = nil, nil, nil })
	data, err = p.sp.Metadata()
	require.NoError(t, err)
	require.NotContains(t, string(data), "KeyDescriptor")
	require.NotContains(t, string(data), "SingleLogoutService")
	require.Contains(t, string(data), `AuthnRequestsSigned="false"`)
}

func provider(t *testing.T, data string, adjust func(*saml.ProviderConfig)) error {
	t.Helper()
	config := saml.ProviderConfig{Metadata: []byte(data)}
	if adjust != nil {
		adjust(&config)
	}
	_, err := newParty(t, nil).sp.Provider(config)
	return err
}

// S23: metadata that is not plainly that of one identity provider is refused.
func TestS23_Metadata(t *testing.T) {
	good := string(metadata(idpPair()))
	require.NoError(t, provider(t, good, nil))
	change := func(old, new string) string { return swap(t, old, new)(good) }
	for text, data := range map[string]string{
		"set EntityID to one of them":        entities(good, change(idpID, "https://second.example")),
		"two identity providers with":        "", // below
		"it has no identity provider":        strings.ReplaceAll(good, "IDPSSODescriptor", "SPSSODescriptor"),
		"is it the metadata of a service":    change("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"),
		"it is no SAML metadata":             "<html/>",
		"document types":                     "<!DOCTYPE x>" + strings.TrimPrefix(good, `<?xml version="1.0"?>`),
		"was valid until 2026-02-28T":        change("<EntityDescriptor ", `<EntityDescriptor validUntil="2026-02-28T00:00:00Z" `),
		"validUntil":                         change("<IDPSSODescriptor ", `<IDPSSODescriptor validUntil="soon" `),
		"cacheDuration":                      change("<IDPSSODescriptor ", `<IDPSSODescriptor cacheDuration="1 hour" `),
		"uses http":                          change(`Location="`+ssoURL, `Location="http://idp.example/sso`),
		"is not an absolute URL":             change(`Location="`+ssoURL+`"`, `Location="/sso"`),
		"does not use https":                 change(`Location="`+ssoURL+`"`, `Location="javascript://idp.example/"`),
		"user name":                          change(`Location="`+ssoURL+`"`, `Location="https://a:b@idp.example/"`),
		"no SingleSignOnService":             cut(t, `<SingleSignOnService[^>]*>`)(good),
		"no KeyDescriptor for signing":       cut(t, `<KeyDescriptor.*</KeyDescriptor>`)(good),
		"it is not base64":                   change("<X509Certificate>", "<X509Certificate>!"),
		"not an X.509":                       change("<X509Certificate>", "<X509Certificate>AAAA"),
		"two IDPSSODescriptors":              change("</EntityDescriptor>", good[strings.Index(good, "<IDPSSODescriptor"):]),
		"WantAuthnRequestsSigned":            change("<IDPSSODescriptor ", `<IDPSSODescriptor WantAuthnRequestsSigned="yes" `),
		"its entityID is missing":            change(` entityID="`+idpID+`"`, ""),
		"login.microsoftonline.com/<tenant ": change(idpID, "https://sts.windows.net/{tenant}/"),
		"too short for RSA":                  string(metadata(newPair1024(t))),
		"more than 20 certificates":          string(metadata(many(21)...)),
		"nested deeper":                      strings.Repeat(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`, 9) + strings.Repeat("</EntitiesDescriptor>", 9),
	} {
		if data != "" {
			refused(t, provider(t, data, nil), saml.MetadataFailed, text)
		}
	}
	second := change(idpID, "https://second.example")
	named := func(c *saml.ProviderConfig) { c.EntityID = "https://second.example" }
	require.NoError(t, provider(t, entities(good, second), named))
	require.NoError(t, provider(t, entities(good, entities(second)), named))
	refused(t, provider(t, good, named), saml.MetadataFailed, `but EntityID is "https://second.example"`)
	refused(t, provider(t, entities(second, second), named), saml.MetadataFailed, "two identity providers with the name")
	require.NoError(t, provider(t, entities(good), nil))
	// What is around the identity provider ends it, too.
	refused(t, provider(t, swap(t, "<EntitiesDescriptor ", `<EntitiesDescriptor validUntil="2026-02-28T00:00:00Z" `)(entities(good)), nil),
		saml.MetadataFailed, "was valid until")

	// Roles that we do not know, as Entra ID and AD FS have them, and comments.
	require.NoError(t, provider(t, change("<IDPSSODescriptor", `<!-- WS-Federation --><RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" `+
		`xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" `+
		`protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"><KeyDescriptor use="signing"/><fed:ClaimTypesOffered/>`+
		`</RoleDescriptor><IDPSSODescriptor`), nil))
	// A key we cannot use beside one that we can, keys for encryption, other bindings.
	require.NoError(t, provider(t, string(metadata(newPair1024(t), idpPair())), nil))
	require.NoError(t, provider(t, change("<SingleLogoutService", `<KeyDescriptor use="encryption"/><SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" `+
		`Location="http://internal.example/"/><SingleLogoutService`), nil))
}

func newPair1024(t *testing.T) *pair {
	p := &pair{certificate: weakCertificate(t)}
	return p
}

func many(n int) []*pair {
	out := make([]*pair, n)
	for i := range out {
		out[i] = idpPair()
	}
	return out
}

func entities(documents ...string) string {
	var b strings.Builder
	b.WriteString(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`)
	for _, d := range documents {
		b.WriteString(strings.TrimPrefix(d, `<?xml version="1.0"?>`))
	}
	b.WriteString("</EntitiesDescriptor>")
	return b.String()
}

// S23: signed metadata is verified if a certificate is given, and what is
// believed is what was signed.
func TestS23_SignedMetadata(t *testing.T) {
	unsigned := strings.Replace(string(metadata(idpPair())), "<EntityDescriptor ", `<EntityDescriptor ID="_m" `, 1)
	signed := sign(t, unsigned, otherPair())
	by := func(pairs ...*pair) func(*saml.ProviderConfig) {
		return func(c *saml.ProviderConfig) {
			for _, p := range pairs {
				c.MetadataCertificates = append(c.MetadataCertificates, p.certificate)
			}
		}
	}
	require.NoError(t, provider(t, signed, by(spPair(), otherPair())))
	refused(t, provider(t, unsigned, by(otherPair())), saml.MetadataFailed, "must be signed by one of MetadataCertificates")
	refused(t, provider(t, signed, by(spPair())), saml.MetadataFailed, "must be signed")
	refused(t, provider(t, strings.Replace(signed, ssoURL, "https://evil.example/sso", 1), by(otherPair())), saml.MetadataFailed, "must be signed")
	// Wrapped: the signed one within another.
	refused(t, provider(t, entities(strings.Replace(unsigned, `"_m"`, `"_n"`, 1), signed), by(otherPair())), saml.MetadataFailed, "must be signed")
}

// remote is an identity provider's metadata behind a URL.
type remote struct {
	*httptest.Server
	hits   atomic.Int64
	answer atomic.Value // http.HandlerFunc
}

func newRemote(t *testing.T) *remote {
	r := new(remote)
	r.serve(string(metadata(idpPair())))
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.hits.Add(1)
		r.answer.Load().(http.HandlerFunc)(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *remote) serve(data string) {
	r.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, data) }))
}

func (r *remote) status(code int, header ...string) {
	r.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}))
}

func (r *remote) party(t *testing.T) *party {
	return newParty(t, func(c *saml.Config, p *saml.ProviderConfig) {
		c.InsecureAllowHTTP = true
		p.Metadata, p.MetadataURL = nil, r.URL
	})
}

func TestMetadataURL_Refresh(t *testing.T) {
	r := newRemote(t)
	p := r.party(t)
	require.Zero(t, r.hits.Load(), "New contacts nobody")
	id := func() error { _, err := p.provider.EntityID(t.Context()); return err }
	require.NoError(t, id())
	require.NoError(t, id())
	require.EqualValues(t, 1, r.hits.Load())
	p.clock.Advance(time.Hour)
	r.serve(swap(t, "<EntityDescriptor ", `<EntityDescriptor cacheDuration="PT6H" `)(string(metadata(idpPair()))))
	require.NoError(t, id())
	require.EqualValues(t, 2, r.hits.Load())
	p.clock.Advance(5 * time.Hour)
	require.NoError(t, id())
	require.EqualValues(t, 2, r.hits.Load())
	p.clock.Advance(time.Hour)
	r.serve(swap(t, "<EntityDescriptor ", `<EntityDescriptor cacheDuration="P0D" validUntil="2026-03-02T12:00:00Z" `)(string(metadata(idpPair()))))
	require.NoError(t, id())
	require.EqualValues(t, 3, r.hits.Load())
	p.clock.Advance(4 * time.Minute) // 5 minutes at least
	require.NoError(t, id())
	require.EqualValues(t, 3, r.hits.Load())

	// While it cannot be read, the last good copy is used, but not after its end.
	r.status(http.StatusInternalServerError)
	p.clock.Advance(time.Minute)
	require.NoError(t, id())
	require.NoError(t, id())
	require.EqualValues(t, 4, r.hits.Load(), "once a minute")
	p.clock.Advance(24 * time.Hour)
	err := id()
	require.EqualValues(t, 5, r.hits.Load())
	e := refused(t, err, saml.MetadataFailed, "status 500")
	require.True(t, e.Temporary())
	require.Error(t, id())
	require.EqualValues(t, 5, r.hits.Load(), "a failure is kept for a moment")
	p.clock.Advance(2 * time.Second)
	r.serve(string(metadata(idpPair())))
	require.NoError(t, id())

	// Without an end it is used for three days.
	r.serve("<html>maintenance</html>")
	p.clock.Advance(71 * time.Hour)
	require.NoError(t, id())
	p.clock.Advance(2 * time.Hour)
	refused(t, id(), saml.MetadataFailed, "no SAML metadata")

	// An entity ID that changes is another identity provider.
	r = newRemote(t)
	p = r.party(t)
	require.NoError(t, id())
	r.serve(swap(t, idpID, "https://evil.example")(string(metadata(otherPair()))))
	p.clock.Advance(2 * time.Hour)
	require.NoError(t, id())
	p.clock.Advance(72 * time.Hour)
	refused(t, id(), saml.MetadataFailed, "its entity ID changed")
}

// S23: what a URL may answer.
func TestS23_MetadataURL(t *testing.T) {
	r := newRemote(t)
	fetch := func() error {
		_, _, err := r.party(t).provider.Begin(t.Context(), "", state)
		return err
	}
	require.NoError(t, fetch())
	r.status(http.StatusFound, "Location", "http://169.254.169.254/")
	refused(t, fetch(), saml.MetadataFailed, "redirects are not followed")
	r.status(http.StatusNotFound)
	refused(t, fetch(), saml.MetadataFailed, "status 404")
	r.serve(strings.Repeat(" ", 5<<20) + "<a/>")
	refused(t, fetch(), saml.MetadataFailed, "longer than 5 MiB")
	r.status(http.StatusOK, "Content-Length", "1000000000")
	refused(t, fetch(), saml.MetadataFailed, "longer than 5 MiB")
	endless := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for req.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	r.answer.Store(endless)
	refused(t, fetch(), saml.MetadataFailed, "longer than 5 MiB")
	r.Close()
	refused(t, fetch(), saml.MetadataFailed, "connect")

	for text, url := range map[string]string{
		"uses http": "http://idp.example/m", "does not use https": "ftp://idp.example/m", "not an absolute": "idp.example", "fragment": "https://idp.example/#x",
	} {
		_, err := newParty(t, nil).sp.Provider(saml.ProviderConfig{MetadataURL: url})
		refused(t, err, saml.InvalidConfig, text)
	}
	// The application's transport decides which addresses are dialed.
	p := newParty(t, func(c *saml.Config, p *saml.ProviderConfig) {
		c.HTTPClient = &http.Client{Transport: refuse{}}
		p.Metadata, p.MetadataURL = nil, "https://10.0.0.1/metadata"
	})
	_, err := p.provider.EntityID(t.Context())
	refused(t, err, saml.MetadataFailed, "internal address")
	p = newParty(t, func(c *saml.Config, p *saml.ProviderConfig) {
		c.HTTPClient = &http.Client{Transport: refuse{panics: true}}
		p.Metadata, p.MetadataURL = nil, "https://10.0.0.1/metadata"
	})
	_, err = p.provider.EntityID(t.Context())
	require.ErrorContains(t, err, "panicked")
	require.NotContains(t, err.Error(), "canary")
}

type refuse struct{ panics bool }

func (r refuse) RoundTrip(*http.Request) (*http.Response, error) {
	if r.panics {
		panic("canary")
	}
	return nil, errors.New("internal address")
}

// One fetch is shared by all who wait for it, and does not end with the first.
func TestMetadataURL_Shared(t *testing.T) {
	r := newRemote(t)
	release := make(chan struct{})
	good := string(metadata(idpPair()))
	r.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = fmt.Fprint(w, good)
	}))
	p := r.party(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	gone := make(chan error, 1)
	wg.Go(func() {
		_, err := p.provider.EntityID(ctx)
		gone <- err
	})
	for r.hits.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	var failures atomic.Int64
	for range 20 {
		wg.Go(func() {
			if _, err := p.provider.EntityID(context.Background()); err != nil {
				failures.Add(1)
			}
		})
	}
	cancel()
	err := <-gone
	require.ErrorIs(t, err, context.Canceled)
	refused(t, err, saml.MetadataFailed, "canceled")
	close(release)
	wg.Wait()
	require.Zero(t, failures.Load())
	require.EqualValues(t, 1, r.hits.Load())
}

// A key that is not known is looked for in newer metadata, once a minute.
func TestMetadataURL_Rollover(t *testing.T) {
	r := newRemote(t)
	p := r.party(t)
	require.NoError(t, p.signIn(answer{}).err)
	r.serve(string(metadata(idpPair(), otherPair())))
	p.signer = otherPair()
	p.clock.Advance(30 * time.Second)
	refused(t, p.signIn(answer{}).err, saml.InvalidSignature, "present metadata")
	require.EqualValues(t, 1, r.hits.Load())
	p.clock.Advance(30 * time.Second)
	require.NoError(t, p.signIn(answer{assertion: swap(t, "_assertion", "_a2")}).err)
	require.EqualValues(t, 2, r.hits.Load())
	p.signer = idpPair()
	require.NoError(t, p.signIn(answer{assertion: swap(t, "_assertion", "_a3")}).err, "both at once")

	// Forgeries do not make requests.
	p.signer = spPair()
	p.clock.Advance(time.Minute)
	for range 10 {
		refused(t, p.signIn(answer{}).err, saml.InvalidSignature, "")
	}
	require.EqualValues(t, 3, r.hits.Load())
	// And for logout messages.
	r.serve(string(metadata(spPair())))
	p.clock.Advance(time.Minute)
	_, _, _, err := p.provider.ReceiveLogout(get(sloURL, signedQuery(t, "SAMLRequest", p.logoutRequest(), "", p.signer)))
	require.NoError(t, err)
}

func weakCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	block := strings.Join(strings.Fields(weakPEM), "")
	c, err := x509.ParseCertificate(unbase64(t, block))
	require.NoError(t, err)
	return c
}
