package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"

	"github.com/crewjam/saml"

	"github.com/stepwell/stepwell/internal/samlxml"
)

const (
	bindingRedirect = saml.HTTPRedirectBinding
	bindingPOST     = saml.HTTPPostBinding
)

// encryptionMethods are what Decrypt accepts without InsecureAllowCBC; identity
// providers that read them do not choose CBC.
var encryptionMethods = []saml.EncryptionMethod{
	{Algorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm"},
	{Algorithm: "http://www.w3.org/2009/xmlenc11#aes128-gcm"},
	{Algorithm: "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"},
}

// Metadata returns the metadata of this service provider, an EntityDescriptor
// (SAML metadata section 2.3.2), to be uploaded at an identity provider. It has
// the entity ID, the ACS and SLO URLs, and the certificates for signing and
// encryption. It does not expire and is always the same for the same Config.
func (sp *ServiceProvider) Metadata() ([]byte, error) { return bytes.Clone(sp.metadata), nil }

// MetadataHandler serves the metadata to GET and HEAD requests, for identity
// providers that read it by URL. By custom its path is /saml2/metadata.
func (sp *ServiceProvider) MetadataHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "The metadata is to be read by GET.", http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "application/samlmetadata+xml")
		h.Set("Content-Disposition", `attachment; filename="metadata.xml"`)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("Content-Length", strconv.Itoa(len(sp.metadata)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(sp.metadata)
		}
	})
}

func (sp *ServiceProvider) buildMetadata() ([]byte, error) {
	yes := true
	c := &sp.config
	role := saml.SPSSODescriptor{
		SSODescriptor: saml.SSODescriptor{
			RoleDescriptor: saml.RoleDescriptor{ProtocolSupportEnumeration: samlxml.NSProtocol},
		},
		AuthnRequestsSigned:       &c.SignRequests,
		WantAssertionsSigned:      &yes,
		AssertionConsumerServices: []saml.IndexedEndpoint{{Binding: bindingPOST, Location: c.ACSURL, Index: 0, IsDefault: &yes}},
	}
	if c.Certificate != nil {
		for _, certificate := range slices.Concat([]*x509.Certificate{c.Certificate}, c.OtherCertificates) {
			role.KeyDescriptors = append(role.KeyDescriptors, keyDescriptor("signing", certificate, nil))
		}
	}
	for _, d := range c.Decryption {
		if d.Certificate != nil {
			role.KeyDescriptors = append(role.KeyDescriptors, keyDescriptor("encryption", d.Certificate, encryptionMethods))
		}
	}
	if c.SLOURL != "" && c.Key != nil {
		role.SingleLogoutServices = []saml.Endpoint{
			{Binding: bindingRedirect, Location: c.SLOURL},
			{Binding: bindingPOST, Location: c.SLOURL},
		}
	}
	var out []byte
	err := guard("building metadata", func() error {
		// crewjam's EntityDescriptor always writes a validUntil, and metadata that
		// somebody has uploaded must not expire; so its role goes into one of ours.
		entity := struct {
			XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
			EntityID string   `xml:"entityID,attr"`
			Role     saml.SPSSODescriptor
		}{EntityID: c.EntityID, Role: role}
		text, err := xml.MarshalIndent(entity, "", "  ")
		out = slices.Concat([]byte(xml.Header), text, []byte("\n"))
		return err
	})
	if err != nil {
		return nil, failCause(InternalError, "building metadata", err)
	}
	return out, nil
}

func keyDescriptor(use string, certificate *x509.Certificate, methods []saml.EncryptionMethod) saml.KeyDescriptor {
	return saml.KeyDescriptor{
		Use: use,
		KeyInfo: saml.KeyInfo{X509Data: saml.X509Data{
			X509Certificates: []saml.X509Certificate{{Data: base64.StdEncoding.EncodeToString(certificate.Raw)}},
		}},
		EncryptionMethods: methods,
	}
}
