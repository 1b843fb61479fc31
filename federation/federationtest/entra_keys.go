package federationtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
)

// thumbprint is x5t of a certificate, by which the directory also names the key.
func thumbprint(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// hexThumbprint is the certificate's thumbprint as the portal shows it.
func hexThumbprint(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

func thumbprint256(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// RotateKey makes a new key and signs tokens with it from now on, which the
// directory does without notice. Earlier keys stay published, up to four of
// them, until RetireKeys.
func (e *Entra) RotateKey() error {
	if err := e.AddKey(); err != nil {
		return err
	}
	e.UseNewestKey()
	return nil
}

// AddKey makes a key and publishes it, without signing with it.
func (e *Entra) AddKey() error {
	key, err := newSigningKey("RSA", "accounts.accesscontrol.windows.net", e.now())
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys.add(key)
	return nil
}

// UseNewestKey signs with the key that AddKey made last.
func (e *Entra) UseNewestKey() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys.useNewest()
}

// RetireKeys publishes the key that signs and no other.
func (e *Entra) RetireKeys() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys.retire()
}

// signingKeyOf returns the key that signs tokens of a tenant.
func (e *Entra) signingKeyOf(tenantID string) *signingKey {
	e.mu.Lock()
	defer e.mu.Unlock()
	if tenantID == MSATenantID {
		return e.msaKey
	}
	return e.keys[0]
}

// Sign returns claims as a JWT signed with the current key of organizations,
// whatever they are.
func (e *Entra) Sign(claims map[string]any) (string, error) {
	return e.SignWith(nil, claims)
}

// SignWith is Sign with members of the header that are added or replaced; one
// that is nil is left out.
func (e *Entra) SignWith(header, claims map[string]any) (string, error) {
	key := e.signingKeyOf("")
	whole := jwtHeader(key, false)
	for name, value := range header {
		whole[name] = value
		if value == nil {
			delete(whole, name)
		}
	}
	return signJWT(key, whole, claims)
}

// SignPersonal is Sign with the key of personal accounts.
func (e *Entra) SignPersonal(claims map[string]any) (string, error) {
	return signJWT(e.msaKey, jwtHeader(e.msaKey, false), claims)
}

func jwtHeader(key *signingKey, v1 bool) map[string]any {
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": thumbprint(key.certificate)}
	if v1 {
		header["x5t"] = header["kid"]
	}
	return header
}

// signJWT makes a compact JWS by RS256, without asking the module's JOSE library.
func signJWT(key *signingKey, header, claims map[string]any) (string, error) {
	head, err1 := json.Marshal(header)
	payload, err2 := json.Marshal(claims)
	if err1 != nil || err2 != nil {
		return "", fmt.Errorf("federationtest: a token cannot be written as JSON: %w", firstError(err1, err2))
	}
	input := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(input))
	signature, err := key.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("federationtest: signing: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// jwk is a key as the directory publishes it: without alg, and in version 2.0
// with the issuer that it is for.
func (e *Entra) jwk(key *signingKey, issuer string) map[string]any {
	public, _ := key.signer.Public().(*rsa.PublicKey) // tokens are signed with RSA only
	kid := thumbprint(key.certificate)
	set := map[string]any{
		"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid,
		"n":   base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e":   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		"x5c": []string{base64.StdEncoding.EncodeToString(key.certificate.Raw)},
	}
	if issuer != "" {
		set["issuer"], set["cloud_instance_name"] = issuer, "microsoftonline.com"
	}
	return set
}

// serveEntraKeys publishes the keys of an authority.
func (e *Entra) serveEntraKeys(v1 bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at, refusal := e.readAuthority(r.PathValue("tenant"))
		if refusal != nil {
			writeJSON(w, http.StatusBadRequest, e.errorBody(refusal))
			return
		}
		e.mu.Lock()
		keys := slices.Clone(e.keys)
		e.mu.Unlock()
		var list []any
		issuerOf := func(tenant string) string {
			if v1 {
				return ""
			}
			return e.Issuer(tenant)
		}
		if at.tenant == nil || !at.tenant.personal() {
			tenant := "{tenantid}"
			if at.tenant != nil {
				tenant = at.tenant.ID
			}
			for _, key := range keys {
				list = append(list, e.jwk(key, issuerOf(tenant)))
			}
		}
		if at.name == "common" || at.tenant != nil && at.tenant.personal() {
			list = append(list, e.jwk(e.msaKey, issuerOf(MSATenantID)))
		}
		set := map[string]any{"keys": list}
		if mutate := e.currentHooks().MutateKeys; mutate != nil {
			mutate(e.canonicalName(at), set)
		}
		w.Header().Set("Cache-Control", "max-age=86400, private")
		writeJSON(w, http.StatusOK, set)
	}
}

// canonicalName is the name of an authority in addresses that the directory
// writes: the ID of a tenant, even where the request had a domain.
func (e *Entra) canonicalName(at *authority) string {
	if at.tenant == nil || at.name == "consumers" {
		return at.name
	}
	return at.tenant.ID
}

// AddCertificate makes a SAML signing certificate for an app and puts it into
// the metadata with ?appid=, without signing with it.
func (e *Entra) AddCertificate(clientID string) error {
	app := e.app(clientID)
	if app == nil || app.SAML == nil {
		return fmt.Errorf("federationtest: app %s does not sign in by SAML", clientID)
	}
	key, err := newSigningKey("RSA", "Microsoft Azure Federated SSO Certificate", e.now())
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	app.keys.add(key)
	return nil
}

// UseNewestCertificate signs the app's SAML messages with the certificate that
// AddCertificate made last: Make certificate active, in the portal.
func (e *Entra) UseNewestCertificate(clientID string) {
	if app := e.app(clientID); app != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		app.keys.useNewest()
	}
}

// RetireCertificates removes all SAML certificates of an app but the one that signs.
func (e *Entra) RetireCertificates(clientID string) {
	if app := e.app(clientID); app != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		app.keys.retire()
	}
}

// Certificate returns the certificate that signs the SAML messages for an app,
// or nil where the app has none.
func (e *Entra) Certificate(clientID string) *x509.Certificate {
	if app := e.app(clientID); app != nil {
		if keys := e.samlKeys(app); len(keys) > 0 {
			return keys[0].certificate
		}
	}
	return nil
}

func (e *Entra) samlKeys(app *entraApp) []*signingKey {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(app.keys)
}
