package federationtest

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	nsMetadata      = "urn:oasis:names:tc:SAML:2.0:metadata"
)

// Metadata returns the metadata document, with hooks.
func (p *SAMLProvider) Metadata() ([]byte, error) {
	id, err := p.random()
	if err != nil {
		return nil, err
	}
	keys := keyDescriptors(p.certificates())
	var b strings.Builder
	b.WriteString(`<EntityDescriptor xmlns="` + nsMetadata + `" ID="` + id + `"` + attribute("entityID", p.EntityID()) + ">")
	if p.config.WSFederation {
		b.WriteString(wsFederationRoles(keys, p.EntityID(), p.base+"/wsfed"))
	}
	wanted := ""
	if p.config.WantAuthnRequestsSigned {
		wanted = ` WantAuthnRequestsSigned="true"`
	}
	b.WriteString("<IDPSSODescriptor" + wanted + ` protocolSupportEnumeration="` + nsProtocol + `">` + keys)
	b.WriteString(endpoint("SingleLogoutService", bindingRedirect, p.SLOURL()))
	for _, format := range []string{NameIDEmailAddress, NameIDPersistent, NameIDTransient, NameIDUnspecified} {
		b.WriteString("<NameIDFormat>" + format + "</NameIDFormat>")
	}
	b.WriteString(endpoint("SingleSignOnService", bindingRedirect, p.SSOURL()))
	b.WriteString(endpoint("SingleSignOnService", bindingPOST, p.SSOURL()))
	b.WriteString("</IDPSSODescriptor></EntityDescriptor>")
	document := []byte(b.String())
	if p.config.SignMetadata {
		if document, err = p.Sign(document); err != nil {
			return nil, err
		}
	}
	return p.currentHooks().Metadata.apply(document), nil
}

func endpoint(name, binding, location string) string {
	return "<" + name + attribute("Binding", binding) + attribute("Location", location) + "/>"
}

// keyDescriptors lists certificates to verify with.
func keyDescriptors(certificates []*x509.Certificate) string {
	var b strings.Builder
	for _, certificate := range certificates {
		b.WriteString(`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` +
			base64.StdEncoding.EncodeToString(certificate.Raw) + "</X509Certificate></X509Data></KeyInfo></KeyDescriptor>")
	}
	return b.String()
}

// wsFederationRoles are the roles of WS-Federation 1.2 section 3.1 as Entra ID
// and AD FS publish them: types that a SAML 2.0 reader does not know.
func wsFederationRoles(keys, entityID, passive string) string {
	const role = `<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"` +
		` protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:`
	reference := func(name, address string) string {
		return "<fed:" + name + `><EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>` + escape(address) +
			"</Address></EndpointReference></fed:" + name + ">"
	}
	offered := "<fed:ClaimTypesOffered>"
	for _, claim := range []string{claimName, claimGivenName, claimSurname, claimEmail} {
		offered += `<auth:ClaimType xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706" Uri="` + claim + `"><auth:DisplayName>` +
			claim[strings.LastIndex(claim, "/")+1:] + "</auth:DisplayName></auth:ClaimType>"
	}
	offered += "</fed:ClaimTypesOffered>"
	return role + `SecurityTokenServiceType">` + keys + offered + reference("SecurityTokenServiceEndpoint", passive) +
		reference("PassiveRequestorEndpoint", passive) + "</RoleDescriptor>" +
		role + `ApplicationServiceType">` + keys + reference("TargetScopes", entityID) + reference("ApplicationServiceEndpoint", passive) +
		reference("PassiveRequestorEndpoint", passive) + "</RoleDescriptor>"
}

func (p *SAMLProvider) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	document, err := p.Metadata()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeMetadata(w, document)
}

func writeMetadata(w http.ResponseWriter, document []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/samlmetadata+xml")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(document)
}

// spMetadata is what is read of a service provider's metadata.
type spMetadata struct {
	XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID string   `xml:"entityID,attr"`
	SP       *struct {
		AuthnRequestsSigned bool `xml:"AuthnRequestsSigned,attr"`
		Keys                []struct {
			Use          string   `xml:"use,attr"`
			Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
		ACS []spEndpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata AssertionConsumerService"`
		SLO []spEndpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:metadata SPSSODescriptor"`
}

type spEndpoint struct {
	Binding   string `xml:"Binding,attr"`
	Location  string `xml:"Location,attr"`
	IsDefault bool   `xml:"isDefault,attr"`
}

// ServiceProviderFromMetadata returns the service provider that a metadata
// document is about: its ACS URLs for POST, the default one first, its logout URL
// for redirect, the certificates that it signs with, and the one to encrypt to.
// The metadata must be one EntityDescriptor with one SPSSODescriptor. Its
// signature, if it has one, is not checked.
func ServiceProviderFromMetadata(document []byte) (ServiceProvider, error) {
	var metadata spMetadata
	if err := xml.NewDecoder(bytes.NewReader(document)).Decode(&metadata); err != nil {
		return ServiceProvider{}, fmt.Errorf("federationtest: reading metadata: %w", err)
	}
	if metadata.SP == nil {
		return ServiceProvider{}, errors.New("federationtest: the metadata has no SPSSODescriptor")
	}
	sp := ServiceProvider{EntityID: metadata.EntityID, RequireSignedRequests: metadata.SP.AuthnRequestsSigned}
	for _, acs := range metadata.SP.ACS {
		switch {
		case acs.Binding != bindingPOST:
		case acs.IsDefault:
			sp.ACSURLs = append([]string{acs.Location}, sp.ACSURLs...)
		default:
			sp.ACSURLs = append(sp.ACSURLs, acs.Location)
		}
	}
	for _, slo := range metadata.SP.SLO {
		if slo.Binding == bindingRedirect {
			sp.SLOURL = slo.Location
		}
	}
	for _, key := range metadata.SP.Keys {
		for _, text := range key.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return ServiceProvider{}, fmt.Errorf("federationtest: a certificate in the metadata is not base64: %w", err)
			}
			certificate, err := x509.ParseCertificate(der)
			if err != nil {
				return ServiceProvider{}, fmt.Errorf("federationtest: a certificate in the metadata: %w", err)
			}
			if key.Use != "encryption" {
				sp.Certificates = append(sp.Certificates, certificate)
			}
			if key.Use != "signing" {
				sp.EncryptionCertificate = certificate
			}
		}
	}
	if _, err := checkServiceProvider(sp); err != nil {
		return ServiceProvider{}, err
	}
	return sp, nil
}

// Names of claims, as SAML attributes have them at Entra ID and AD FS.
const (
	claimsXMLSoap  = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	claimName      = claimsXMLSoap + "name"
	claimEmail     = claimsXMLSoap + "emailaddress"
	claimGivenName = claimsXMLSoap + "givenname"
	claimSurname   = claimsXMLSoap + "surname"
)
