package sts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// Issuer is whose tokens others are to verify, such as [*identitypool.Pool].
type Issuer interface {
	// Issuer returns the claim "iss" of the tokens.
	Issuer() string
	// KeySet returns the keys of the tokens as a JSON Web Key Set (RFC 7517, section 5).
	KeySet(ctx context.Context) ([]byte, error)
}

const (
	wellKnown     = "/.well-known/"
	discoveryName = "openid-configuration"
	keysName      = "jwks.json"
	// The pool publishes a key long before it signs with it.
	discoveryAge = "public, max-age=3600"
	keysAge      = "public, max-age=300"
)

var (
	issuerHost = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?$`)
	issuerPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]*[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`) // no segment is dots alone
)

// amazonHost is where only Amazon serves documents.
const amazonHost = "cognito-identity.amazonaws.com"

// Discovery serves what those read who verify the tokens of a pool: OpenID Connect Discovery 1.0, section 4, with what AWS demands of an
// IAM OIDC provider, and the keys. It answers GET and HEAD below the path of the issuer and knows no other path.
type Discovery struct {
	issuer   Issuer
	name     string // the issuer
	path     string // of the issuer, "" or "/…" without a slash at the end
	logger   *slog.Logger
	announce discoveryDocument
}

// discoveryDocument holds what is true of the pool's tokens and nothing more. There is no authorization endpoint: nobody signs in here.
type discoveryDocument struct {
	Issuer            string   `json:"issuer"`
	KeysURI           string   `json:"jwks_uri"`
	ResponseTypes     []string `json:"response_types_supported"`
	SubjectTypes      []string `json:"subject_types_supported"`
	SigningAlgorithms []string `json:"id_token_signing_alg_values_supported"`
	Claims            []string `json:"claims_supported"`
}

// NewDiscovery returns the handler for an issuer. It refuses an issuer that is no https URL, and that of Amazon: set
// [identitypool.Config].Issuer to a URL of the application. logger may be nil for slog.Default().
func NewDiscovery(issuer Issuer, logger *slog.Logger) (*Discovery, error) {
	if issuer == nil {
		return nil, errors.New("sts: NewDiscovery needs an issuer")
	}
	name := issuer.Issuer()
	u, err := parseIssuer(name)
	if err != nil {
		return nil, err
	}
	if u.Hostname() == amazonHost {
		return nil, fmt.Errorf("sts: the issuer is %s, whose discovery only Amazon can serve: set identitypool.Config.Issuer", name)
	}
	if logger == nil {
		logger = slog.Default()
	}
	return &Discovery{
		issuer: issuer, name: name, path: u.Path, logger: logger,
		announce: discoveryDocument{
			Issuer: name, KeysURI: name + wellKnown + keysName,
			ResponseTypes: []string{"id_token"}, SubjectTypes: []string{"public"},
			Claims: []string{
				"iss", "sub", "aud", "amr", "exp", "iat", "token_use", "https://cognito-identity.amazonaws.com/identity-pool-arn", "https://aws.amazon.com/tags",
			},
		},
	}, nil
}

// Pattern is the pattern for http.ServeMux.Handle, such as "/.well-known/" or "/pool/.well-known/".
func (d *Discovery) Pattern() string { return d.path + wellKnown }

// parseIssuer reads an issuer: https, small letters, a path of unreserved characters, nothing else. So no two texts are one issuer, and
// none of it means anything to a pattern, a policy or an ARN.
func parseIssuer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || text != "https://"+u.Host+u.Path || !issuerHost.MatchString(u.Host) || !issuerPath.MatchString(u.Path) {
		return nil, fmt.Errorf("sts: the issuer %q is not an https URL in small letters, with a path of letters, digits and ._~- at most, and without a "+
			"slash at the end", text)
	}
	return u, nil
}

// ServeHTTP answers with the discovery document or the keys, 404 for other paths, and 405 for other methods.
func (d *Discovery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var age string
	var compose func(keySet []byte) ([]byte, error)
	switch r.URL.Path {
	case d.path + wellKnown + discoveryName:
		age, compose = discoveryAge, d.document
	case d.path + wellKnown + keysName:
		age, compose = keysAge, func(keySet []byte) ([]byte, error) { return keySet, nil }
	default:
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "The method must be GET.", http.StatusMethodNotAllowed)
		return
	}
	keySet, err := d.issuer.KeySet(r.Context())
	var body []byte
	if err == nil {
		body, err = compose(keySet)
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if err != nil {
		d.logger.ErrorContext(r.Context(), "sts: the keys could not be read", "error", err)
		h.Set("Cache-Control", "no-store")
		http.Error(w, "The keys could not be read. Please try again.", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", age)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the client is gone otherwise
	}
}

// document tells the algorithms of the keys that there are.
func (d *Discovery) document(keySet []byte) ([]byte, error) {
	var set struct {
		Keys []struct {
			Algorithm string `json:"alg"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(keySet, &set); err != nil {
		return nil, err
	}
	out := d.announce
	for _, key := range set.Keys {
		if !slices.Contains(out.SigningAlgorithms, key.Algorithm) {
			out.SigningAlgorithms = append(out.SigningAlgorithms, key.Algorithm)
		}
	}
	if len(out.SigningAlgorithms) == 0 {
		return nil, errors.New("the pool has no keys")
	}
	slices.Sort(out.SigningAlgorithms)
	return json.Marshal(out)
}
