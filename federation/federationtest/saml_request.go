package federationtest

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// inbound is a SAML message as it came.
type inbound struct {
	parameter  string // SAMLRequest or SAMLResponse
	document   []byte
	relayState string
	redirect   bool
	query      string // the raw query of the redirect binding
	signed     bool
}

// readInbound reads the message of a request by the redirect or POST binding
// (SAML Bindings sections 3.4 and 3.5). It checks no signature.
func readInbound(r *http.Request) (*inbound, error) {
	values := r.URL.Query()
	redirect := r.Method != http.MethodPost
	if !redirect {
		if err := r.ParseForm(); err != nil {
			return nil, errors.New("the form cannot be read or is too long")
		}
		values = r.PostForm
	}
	m := &inbound{redirect: redirect, query: r.URL.RawQuery, relayState: values.Get("RelayState")}
	for _, name := range []string{"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"} {
		if len(values[name]) > 1 {
			return nil, errors.New("the parameter " + name + " occurs more than once")
		}
	}
	switch {
	case values.Has("SAMLRequest") == values.Has("SAMLResponse"):
		return nil, errors.New("there must be one of SAMLRequest and SAMLResponse")
	case values.Has("SAMLRequest"):
		m.parameter = "SAMLRequest"
	default:
		m.parameter = "SAMLResponse"
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(values.Get(m.parameter)), ""))
	if err != nil {
		return nil, errors.New(m.parameter + " is not base64")
	}
	m.document = raw
	if redirect {
		if m.document, err = inflate(raw); err != nil {
			return nil, errors.New(m.parameter + " is not deflated, or too long")
		}
		m.signed = values.Has("Signature")
	} else {
		m.signed = hasSignature(raw)
	}
	return m, nil
}

func inflate(raw []byte) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), maxMessage+1))
	if err == nil && len(data) > maxMessage {
		err = errors.New("too long")
	}
	return data, err
}

func deflate(document []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // the level is a good one, and a bytes.Buffer takes everything
	_, _ = w.Write(document)
	_ = w.Close()
	return b.Bytes()
}

// hasSignature reports whether the root of a document has a signature of its own.
func hasSignature(document []byte) bool {
	parsed := etree.NewDocument()
	return parsed.ReadFromBytes(document) == nil && parsed.Root() != nil && parsed.Root().SelectElement("Signature") != nil
}

// verify checks the message's signature with the certificates of its sender.
func (m *inbound) verify(certificates []*x509.Certificate, now time.Time) error {
	if !m.signed {
		return errors.New("the message is not signed")
	}
	if m.redirect {
		return verifyQuery(m.query, m.parameter, certificates)
	}
	parsed := etree.NewDocument()
	if err := parsed.ReadFromBytes(m.document); err != nil {
		return errors.New("the message is not XML")
	}
	ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: certificates})
	ctx.Clock = dsig.NewFakeClockAt(now)
	if _, err := ctx.Validate(parsed.Root()); err != nil {
		return fmt.Errorf("the message's signature is not good: %w", err)
	}
	return nil
}

// verifyQuery checks the signature of a query of the redirect binding, over the
// parameters as they were encoded.
func verifyQuery(query, parameter string, certificates []*x509.Certificate) error {
	raw := make(map[string]string)
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		raw[name] = value
	}
	content := parameter + "=" + raw[parameter]
	if relayState, ok := raw["RelayState"]; ok {
		content += "&RelayState=" + relayState
	}
	content += "&SigAlg=" + raw["SigAlg"]
	algorithm, err1 := url.QueryUnescape(raw["SigAlg"])
	encoded, err2 := url.QueryUnescape(raw["Signature"])
	signature, err3 := base64.StdEncoding.DecodeString(encoded)
	if err := errors.Join(err1, err2, err3); err != nil {
		return errors.New("SigAlg or Signature cannot be read")
	}
	if algorithm != sigRSASHA256 && algorithm != sigECDSASHA256 {
		return fmt.Errorf("SigAlg %q is not supported; use rsa-sha256 or ecdsa-sha256", algorithm)
	}
	digest := crypto.SHA256.New()
	digest.Write([]byte(content))
	for _, certificate := range certificates {
		if verifyDigest(certificate.PublicKey, algorithm, digest.Sum(nil), signature) {
			return nil
		}
	}
	return errors.New("the query's Signature is not good")
}

func verifyDigest(key crypto.PublicKey, algorithm string, digest, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return algorithm == sigRSASHA256 && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		return algorithm == sigECDSASHA256 && len(signature)%2 == 0 &&
			ecdsa.Verify(key, digest, new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	}
	return false
}

// authnRequest is what is read of an AuthnRequest (SAML Core section 3.4.1).
type authnRequest struct {
	XMLName         xml.Name  `xml:"urn:oasis:names:tc:SAML:2.0:protocol AuthnRequest"`
	ID              string    `xml:"ID,attr"`
	Version         string    `xml:"Version,attr"`
	IssueInstant    string    `xml:"IssueInstant,attr"`
	Destination     string    `xml:"Destination,attr"`
	ACSURL          string    `xml:"AssertionConsumerServiceURL,attr"`
	ACSIndex        *int      `xml:"AssertionConsumerServiceIndex,attr"`
	ProtocolBinding string    `xml:"ProtocolBinding,attr"`
	ForceAuthn      bool      `xml:"ForceAuthn,attr"`
	IsPassive       bool      `xml:"IsPassive,attr"`
	Issuer          string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Subject         *struct{} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject"`
	NameIDPolicy    *struct {
		Format          string `xml:"Format,attr"`
		SPNameQualifier string `xml:"SPNameQualifier,attr"`
		AllowCreate     bool   `xml:"AllowCreate,attr"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol NameIDPolicy"`
	Context *struct {
		Comparison string   `xml:"Comparison,attr"`
		Classes    []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContextClassRef"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol RequestedAuthnContext"`
	Scoping *struct {
		ProxyCount string `xml:"ProxyCount,attr"`
		Content    string `xml:",innerxml"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol Scoping"`
}

func parseAuthnRequest(document []byte) (*authnRequest, error) {
	var request authnRequest
	if err := xml.NewDecoder(bytes.NewReader(document)).Decode(&request); err != nil {
		return nil, errors.New("the message is not an AuthnRequest")
	}
	request.Issuer = strings.TrimSpace(request.Issuer)
	if request.Context != nil {
		for i, class := range request.Context.Classes {
			request.Context.Classes[i] = strings.TrimSpace(class)
		}
	}
	if request.ID == "" || request.Version != "2.0" || request.Issuer == "" {
		return nil, errors.New("the AuthnRequest has no ID, no Issuer, or a Version which is not 2.0")
	}
	return &request, nil
}

// nameIDFormat is the format that the request asks for, "" when it leaves it open.
func (r *authnRequest) nameIDFormat() string {
	if r == nil || r.NameIDPolicy == nil || r.NameIDPolicy.Format == NameIDUnspecified {
		return ""
	}
	return r.NameIDPolicy.Format
}

// logoutMessage is what is read of a LogoutRequest or a LogoutResponse.
type logoutMessage struct {
	XMLName        xml.Name
	ID             string   `xml:"ID,attr"`
	InResponseTo   string   `xml:"InResponseTo,attr"`
	Destination    string   `xml:"Destination,attr"`
	Issuer         string   `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	NameID         string   `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
	SessionIndexes []string `xml:"urn:oasis:names:tc:SAML:2.0:protocol SessionIndex"`
	Status         struct {
		Code struct {
			Value string `xml:"Value,attr"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:protocol StatusCode"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:protocol Status"`
}

// parseLogout reads a message whose root must be want, LogoutRequest or
// LogoutResponse.
func parseLogout(document []byte, want string) (*logoutMessage, error) {
	var message logoutMessage
	err := xml.NewDecoder(bytes.NewReader(document)).Decode(&message)
	if err != nil || message.XMLName.Space != nsProtocol || message.XMLName.Local != want || message.ID == "" {
		return nil, errors.New("the message is not a " + want)
	}
	message.Issuer = strings.TrimSpace(message.Issuer)
	message.NameID = strings.TrimSpace(message.NameID)
	return &message, nil
}
