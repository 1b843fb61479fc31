package federationtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// exchangeAudience is the audience of tokens for federated credentials.
	exchangeAudience = "api://AzureADTokenExchange"
	// maxAssertionLife is how far ahead a client assertion may expire.
	maxAssertionLife = 24 * time.Hour
)

func invalidClient(code int, message string) *EntraError {
	return &EntraError{Code: code, OAuth: "invalid_client", Message: message}
}

// clientOf returns the app that makes a request to the token endpoint. A public
// one does not authenticate.
func (e *Entra) clientOf(r *http.Request, at *authority) (*entraApp, *EntraError) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		user, err1 := url.QueryUnescape(user)
		password, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil {
			return nil, &EntraError{Code: 9002313, Message: "Invalid request. Request is malformed or invalid."}
		}
		id, secret = user, password
	}
	if id == "" {
		return nil, missing("client_id")
	}
	app := e.app(id)
	if app == nil {
		return nil, e.unknownApp(id, at)
	}
	if refusal := e.appAt(&app.EntraApp, at); refusal != nil {
		return nil, refusal
	}
	assertion := r.PostForm.Get("client_assertion")
	switch {
	case app.Public && (secret != "" || assertion != ""):
		return nil, invalidClient(700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
	case app.Public:
		return app, nil
	case assertion != "" && r.PostForm.Get("client_assertion_type") != assertionType:
		return nil, &EntraError{Code: 50027, Message: "JWT token is invalid or malformed: client_assertion_type is not " + assertionType + "."}
	case assertion != "":
		return app, e.checkAssertion(&app.EntraApp, at, assertion)
	case secret == "":
		return nil, invalidClient(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case oneOf(secret, app.ExpiredSecrets):
		return nil, invalidClient(7000222, "The provided client secret keys for app '"+app.ClientID+"' are expired. Visit the Azure portal to create new keys "+
			"for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.")
	case !oneOf(secret, app.Secrets):
		return nil, invalidClient(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "+
			"not the client secret ID, for a secret added to app '"+app.ClientID+"'.")
	}
	return app, nil
}

func oneOf(given string, known []string) bool {
	found := 0
	for _, value := range known {
		found |= subtle.ConstantTimeCompare([]byte(given), []byte(value))
	}
	return found == 1
}

// clientAssertion is a JWT by which an app shows who it is.
type clientAssertion struct {
	header struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		X5T       string `json:"x5t"`
		X5T256    string `json:"x5t#S256"`
	}
	claims struct {
		Issuer    string      `json:"iss"`
		Subject   string      `json:"sub"`
		Audience  any         `json:"aud"`
		ID        string      `json:"jti"`
		Expires   json.Number `json:"exp"`
		NotBefore json.Number `json:"nbf"`
	}
	signed    string
	signature []byte
}

func parseAssertion(compact string) (*clientAssertion, bool) {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, false
	}
	var a clientAssertion
	header, err1 := base64.RawURLEncoding.DecodeString(parts[0])
	claims, err2 := base64.RawURLEncoding.DecodeString(parts[1])
	signature, err3 := base64.RawURLEncoding.DecodeString(parts[2])
	if firstError(err1, err2, err3) != nil || json.Unmarshal(header, &a.header) != nil || json.Unmarshal(claims, &a.claims) != nil {
		return nil, false
	}
	a.signed, a.signature = parts[0]+"."+parts[1], signature
	return &a, true
}

// verifies reports whether key made the signature by the algorithm of the header.
func (a *clientAssertion) verifies(key crypto.PublicKey) bool {
	digest := sha256.Sum256([]byte(a.signed))
	switch key := key.(type) {
	case *rsa.PublicKey:
		if a.header.Algorithm == "PS256" {
			return rsa.VerifyPSS(key, crypto.SHA256, digest[:], a.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return a.header.Algorithm == "RS256" && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], a.signature) == nil
	case *ecdsa.PublicKey:
		if a.header.Algorithm != "ES256" || len(a.signature) != 64 {
			return false
		}
		return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(a.signature[:32]), new(big.Int).SetBytes(a.signature[32:]))
	}
	return false
}

// audiences returns aud, which is a text or a list.
func (a *clientAssertion) audiences() []string {
	switch aud := a.claims.Audience.(type) {
	case string:
		return []string{aud}
	case []any:
		var list []string
		for _, value := range aud {
			if text, ok := value.(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}

// checkAssertion judges a client_assertion: signed with a registered certificate,
// or issued by somebody whom a federated credential trusts.
func (e *Entra) checkAssertion(app *EntraApp, at *authority, compact string) *EntraError {
	a, ok := parseAssertion(compact)
	if !ok {
		return &EntraError{Code: 50027, OAuth: "invalid_request", Message: "JWT token is invalid or malformed."}
	}
	if a.claims.Issuer != app.ClientID {
		return e.checkFederated(app, a)
	}
	if a.claims.Subject != app.ClientID {
		return invalidClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	for _, certificate := range app.Certificates {
		named := a.header.X5T256 != "" && a.header.X5T256 == thumbprint256(certificate) || a.header.X5T != "" && a.header.X5T == thumbprint(certificate)
		if !named && (a.header.KeyID == "" || !strings.EqualFold(a.header.KeyID, hexThumbprint(certificate))) {
			continue
		}
		if !a.verifies(certificate.PublicKey) {
			return invalidClient(700027, "Client assertion failed signature validation.")
		}
		return e.checkAssertionClaims(a, at)
	}
	return invalidClient(700027, "The certificate with identifier used to sign the client assertion is not registered on application. "+
		"[Reason - The key was not found., Thumbprint of key used by client: '"+a.header.X5T+"', Please visit the Azure Portal, Graph Explorer or directly use "+
		"MS Graph to see configured keys for app Id '"+app.ClientID+"'.")
}

func (e *Entra) checkAssertionClaims(a *clientAssertion, at *authority) *EntraError {
	base := e.loginURL + "/" + e.canonicalName(at)
	named := e.loginURL + "/" + at.name
	if !slices.ContainsFunc(a.audiences(), func(aud string) bool {
		return slices.Contains([]string{base + "/oauth2/v2.0/token", base + "/oauth2/token", base + "/v2.0", named + "/oauth2/v2.0/token", named + "/oauth2/token"}, aud)
	}) {
		return invalidClient(700023, "Client assertion audience claim does not match Realm issuer. Review the documentation at "+
			"https://learn.microsoft.com/entra/identity-platform/certificate-credentials .")
	}
	return e.checkAssertionTimes(a)
}

func (e *Entra) checkAssertionTimes(a *clientAssertion) *EntraError {
	now := e.now()
	expires, err1 := a.claims.Expires.Int64()
	notBefore, err2 := a.claims.NotBefore.Int64()
	if a.claims.NotBefore == "" {
		err2 = nil
	}
	from, until := time.Unix(notBefore, 0), time.Unix(expires, 0)
	if firstError(err1, err2) != nil || !now.Before(until.Add(issuedBefore)) || until.After(now.Add(maxAssertionLife)) || now.Add(issuedBefore).Before(from) {
		return invalidClient(700024, "Client assertion is not within its valid time range. Current time: "+now.UTC().Format(time.RFC3339)+
			", assertion valid from "+from.UTC().Format(time.RFC3339)+", expiry time of assertion "+until.UTC().Format(time.RFC3339)+".")
	}
	return nil
}

// checkFederated judges a token of another issuer.
func (e *Entra) checkFederated(app *EntraApp, a *clientAssertion) *EntraError {
	code, what, value := 700211, "issuer", a.claims.Issuer
	for _, credential := range app.FederatedCredentials {
		audience := credential.Audience
		if audience == "" {
			audience = exchangeAudience
		}
		switch {
		case credential.Issuer != a.claims.Issuer:
			continue
		case credential.Subject != a.claims.Subject:
			code, what, value = 700213, "subject", a.claims.Subject
			continue
		case !slices.Contains(a.audiences(), audience):
			code, what, value = 700212, "audience", strings.Join(a.audiences(), " ")
			continue
		case !slices.ContainsFunc(credential.Keys, a.verifies):
			return invalidClient(7002381, "Client assertion failed signature validation: no key of the issuer '"+credential.Issuer+"' verifies it.")
		}
		return e.checkAssertionTimes(a)
	}
	return invalidClient(code, "No matching federated identity record found for presented assertion "+what+" '"+value+"'. "+
		"Check your federated identity credential Subject, Audience and Issuer against the presented assertion. "+
		"https://learn.microsoft.com/entra/workload-id/workload-identity-federation")
}
