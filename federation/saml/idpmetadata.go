package saml

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/samlxml"
)

// idpMetadata is what this package uses of an identity provider's metadata
// (SAML metadata section 2.4.3).
type idpMetadata struct {
	entityID      string
	keys          []crypto.PublicKey
	sso           endpoints
	slo           endpoints
	wantSigned    bool
	validUntil    time.Time     // zero: it does not say
	cacheDuration time.Duration // zero: it does not say
}

// endpoints are one kind of place to send messages to, by binding.
type endpoints struct{ redirect, post endpoint }

// endpoint is where a browser takes requests and responses. location is empty
// if there is none.
type endpoint struct{ location, response string }

const (
	maxMetadata = 5 << 20
	maxEntities = 2000 // identity and service providers in one document
	maxNesting  = 8    // EntitiesDescriptors within each other
	maxKeys     = 20   // as many as samlxml tries
	maxKeyText  = 64 << 10
)

// metadataReader holds what the metadata must agree with.
type metadataReader struct {
	entityID  string // "" for the only one
	keys      []crypto.PublicKey
	allowSHA1 bool
	allowHTTP bool
}

// read judges a metadata document. Its errors go behind "the metadata ...: ".
func (r *metadataReader) read(data []byte) (*idpMetadata, error) {
	root, err := samlxml.Parse(data, samlxml.Options{MaxBytes: maxMetadata, AllowComments: true})
	if err != nil {
		return nil, err
	}
	if len(r.keys) > 0 {
		root, err = samlxml.Verify(root, r.keys, samlxml.VerifyOptions{AllowSHA1: r.allowSHA1})
		if err != nil {
			return nil, fmt.Errorf("it must be signed by one of MetadataCertificates: %w", err)
		}
	}
	found := new(entityList)
	if err := found.collect(root, validity{}, 0); err != nil {
		return nil, err
	}
	chosen, err := r.choose(found.idps)
	if err != nil {
		return nil, err
	}
	return r.entity(chosen)
}

// validity is what an element and those around it say about how long they may
// be used.
type validity struct {
	until time.Time
	cache time.Duration
}

// within returns v narrowed by what e says.
func (v validity) within(e *samlxml.Element) (validity, error) {
	if text, ok := e.Attr("validUntil"); ok {
		t, err := parseTime(text)
		if err != nil {
			return v, fmt.Errorf("its validUntil %q is not a time", plain(text, maxShown))
		}
		if v.until.IsZero() || t.Before(v.until) {
			v.until = t
		}
	}
	if text, ok := e.Attr("cacheDuration"); ok {
		d, err := parseDuration(text)
		if err != nil {
			return v, fmt.Errorf("its cacheDuration %q is not a duration", plain(text, maxShown))
		}
		if v.cache == 0 || d < v.cache {
			v.cache = max(d, time.Second)
		}
	}
	return v, nil
}

// entity is one identity provider in a document.
type entity struct {
	id    string
	role  *samlxml.Element
	valid validity
}

type entityList struct {
	idps  []entity
	count int
}

// collect finds the identity providers in e. Roles that are not SAML 2.0
// identity providers are passed over, such as the RoleDescriptors for
// WS-Federation in the metadata of Entra ID and AD FS.
func (l *entityList) collect(e *samlxml.Element, v validity, depth int) error {
	space, local := e.Name()
	if space != samlxml.NSMetadata || local != "EntityDescriptor" && local != "EntitiesDescriptor" {
		return fmt.Errorf("it is no SAML metadata: its element is %q, expected EntityDescriptor", plain(local, maxShown))
	}
	v, err := v.within(e)
	if err != nil {
		return err
	}
	if local == "EntityDescriptor" {
		return l.add(e, v)
	}
	if depth++; depth > maxNesting {
		return fmt.Errorf("its EntitiesDescriptors are nested deeper than %d", maxNesting)
	}
	for _, child := range e.Children() {
		if child.Is(samlxml.NSMetadata, "EntityDescriptor") || child.Is(samlxml.NSMetadata, "EntitiesDescriptor") {
			if err := l.collect(child, v, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *entityList) add(e *samlxml.Element, v validity) error {
	if l.count++; l.count > maxEntities {
		return fmt.Errorf("it has more than %d entities", maxEntities)
	}
	id, _ := e.Attr("entityID")
	var role *samlxml.Element
	for _, candidate := range e.All(samlxml.NSMetadata, "IDPSSODescriptor") {
		protocols, _ := candidate.Attr("protocolSupportEnumeration")
		if !slices.Contains(strings.Fields(protocols), samlxml.NSProtocol) {
			continue
		}
		if role != nil {
			return fmt.Errorf("the entity %q has two IDPSSODescriptors for SAML 2.0", plain(id, maxShown))
		}
		role = candidate
	}
	if role == nil {
		return nil
	}
	v, err := v.within(role)
	if err != nil {
		return err
	}
	l.idps = append(l.idps, entity{id: id, role: role, valid: v})
	return nil
}

// choose returns the identity provider that is meant.
func (r *metadataReader) choose(idps []entity) (*entity, error) {
	if len(idps) == 0 {
		return nil, errors.New("it has no identity provider (no IDPSSODescriptor for SAML 2.0); is it the metadata of a service provider?")
	}
	var chosen *entity
	for i := range idps {
		if r.entityID != "" && idps[i].id != r.entityID {
			continue
		}
		if chosen != nil && r.entityID == "" {
			return nil, fmt.Errorf("it has %d identity providers; set EntityID to one of them, such as %q", len(idps), plain(idps[0].id, maxShown))
		}
		if chosen != nil {
			return nil, fmt.Errorf("it has two identity providers with the name %q", plain(r.entityID, maxShown))
		}
		chosen = &idps[i]
	}
	if chosen == nil {
		return nil, fmt.Errorf("it has the identity provider %q, but EntityID is %q", plain(idps[0].id, maxShown), plain(r.entityID, maxShown))
	}
	return chosen, nil
}

func (r *metadataReader) entity(e *entity) (*idpMetadata, error) {
	if strings.Contains(e.id, "{") {
		return nil, fmt.Errorf("its entity ID is the template %q; that is the metadata of all tenants, by which nobody can sign in; "+
			"use the metadata of one: https://login.microsoftonline.com/<tenant ID>/FederationMetadata/2007-06/FederationMetadata.xml?appid=<application ID>",
			plain(e.id, maxShown))
	}
	if e.id == "" || len(e.id) > maxEntityID || plain(e.id, maxEntityID) != e.id {
		return nil, fmt.Errorf("its entityID is missing, longer than %d characters, or does not print", maxEntityID)
	}
	m := &idpMetadata{entityID: e.id, validUntil: e.valid.until, cacheDuration: e.valid.cache}
	var err error
	if m.keys, err = signingKeys(e.role); err != nil {
		return nil, err
	}
	if m.sso, err = r.endpoints(e.role, "SingleSignOnService"); err != nil {
		return nil, err
	}
	if m.slo, err = r.endpoints(e.role, "SingleLogoutService"); err != nil {
		return nil, err
	}
	if m.sso.redirect.location == "" && m.sso.post.location == "" {
		return nil, errors.New("it has no SingleSignOnService with the redirect or POST binding")
	}
	if text, ok := e.role.Attr("WantAuthnRequestsSigned"); ok {
		if m.wantSigned, err = parseBool(text); err != nil {
			return nil, fmt.Errorf("its WantAuthnRequestsSigned %q is neither true nor false", plain(text, maxShown))
		}
	}
	return m, nil
}

// endpoints returns the first endpoint of each binding we know. Others, such as
// SOAP, are passed over.
func (r *metadataReader) endpoints(role *samlxml.Element, name string) (endpoints, error) {
	var all endpoints
	for _, e := range role.All(samlxml.NSMetadata, name) {
		binding, _ := e.Attr("Binding")
		var to *endpoint
		switch binding {
		case bindingRedirect:
			to = &all.redirect
		case bindingPOST:
			to = &all.post
		default:
			continue
		}
		location, _ := e.Attr("Location")
		response, ok := e.Attr("ResponseLocation")
		if !ok || response == "" {
			response = location
		}
		for _, raw := range []string{location, response} {
			if err := checkURL(raw, r.allowHTTP); err != nil {
				return all, fmt.Errorf("its %s %q %w", name, plain(raw, maxShown), err)
			}
		}
		if to.location == "" {
			*to = endpoint{location, response}
		}
	}
	return all, nil
}

// signingKeys returns the public keys of all certificates for signing. That is
// all a certificate is for here: who issued it, and until when it is valid,
// does not matter (SAML metadata interoperability profile section 2.6.1).
// Where a KeyInfo has several, the first is the signer's and the rest is its
// chain, which signs nothing here.
func signingKeys(role *samlxml.Element) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	refused := errors.New("it has no KeyDescriptor for signing with an X509Certificate")
	for _, descriptor := range role.All(samlxml.NSMetadata, "KeyDescriptor") {
		if use, ok := descriptor.Attr("use"); ok && use != "signing" {
			continue
		}
		info, err := descriptor.One(samlxml.NSSignature, "KeyInfo")
		if err != nil {
			return nil, err
		}
		for _, data := range info.All(samlxml.NSSignature, "X509Data") {
			certificates := data.All(samlxml.NSSignature, "X509Certificate")
			if len(certificates) == 0 {
				continue
			}
			key, err := certificateKey(certificates[0])
			if err != nil {
				refused = fmt.Errorf("a certificate for signing in it cannot be used: %w", err)
				continue
			}
			if keys = append(keys, key); len(keys) > maxKeys {
				return nil, fmt.Errorf("it has more than %d certificates for signing", maxKeys)
			}
		}
	}
	if len(keys) == 0 {
		return nil, refused
	}
	return keys, nil
}

func certificateKey(e *samlxml.Element) (crypto.PublicKey, error) {
	text, err := e.Text()
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeyText {
		return nil, errors.New("it is too long")
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("it is not an X.509 certificate")
	}
	if err := checkKey(certificate.PublicKey, nil); err != nil {
		return nil, fmt.Errorf("its key %w", err)
	}
	return certificate.PublicKey, nil
}
