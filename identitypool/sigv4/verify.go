package sigv4

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	defaultSkew = 5 * time.Minute
	maxSkew     = 15 * time.Minute
)

// SecretFunc finds the secret access key that belongs to an access key ID.
// sessionToken is the X-Amz-Security-Token header, "" when there is none;
// whether it belongs to the access key and is still good is for the function
// to say. known is false when there is no such key: the request is then
// refused like one with a wrong signature. err is for failures, such as a
// store that does not answer; the verifier returns it as it is.
//
// Nothing of the request is verified yet when the function is called.
type SecretFunc func(ctx context.Context, accessKeyID, sessionToken string) (secret string, known bool, err error)

// Config is what a [Verifier] needs.
type Config struct {
	// Region and Service are the scope a signature must have, compared
	// exactly. Required.
	Region, Service string
	// Secret finds the secret of an access key. Required. It must be safe for
	// concurrent use.
	Secret SecretFunc
	// MaxSkew is how far the date of a request may be from the clock, before
	// or after. Default 5 minutes, as at AWS; at most 15 minutes.
	MaxSkew time.Duration
	// MaxBody is how many bytes of a body Verify reads at most. Default 1
	// MiB, no more than 1 GiB.
	MaxBody int64
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Verifier verifies requests for one region and service. Make one with [New].
// It is safe for concurrent use.
type Verifier struct {
	config Config
}

// Signed is what a verified request says about its sender.
type Signed struct {
	AccessKeyID  string
	SessionToken string    // "" when the request had none
	Time         time.Time // the date that was signed, to the second, UTC
}

// String keeps the session token out of messages.
func (s Signed) String() string { return s.AccessKeyID + " at " + s.Time.Format(time.RFC3339) }

// LogValue keeps the session token out of logs.
func (s Signed) LogValue() slog.Value { return slog.StringValue(s.String()) }

// New returns a Verifier, or an error that names the field that is wrong.
func New(config Config) (*Verifier, error) {
	if err := checkScope(config.Region, config.Service); err != nil {
		return nil, fmt.Errorf("sigv4: Config.Region and Config.Service: %w", err)
	}
	switch {
	case config.Secret == nil:
		return nil, errors.New("sigv4: Config.Secret is nil; give the function that finds secret access keys")
	case config.MaxSkew < 0 || config.MaxSkew > maxSkew:
		return nil, fmt.Errorf("sigv4: Config.MaxSkew is %s; it must be between 0 (for %s) and %s", config.MaxSkew, defaultSkew, maxSkew)
	case config.MaxBody < 0 || config.MaxBody > maxBody:
		return nil, fmt.Errorf("sigv4: Config.MaxBody is %d; it must be between 0 (for %d) and %d", config.MaxBody, defaultBody, maxBody)
	}
	if config.MaxSkew == 0 {
		config.MaxSkew = defaultSkew
	}
	if config.MaxBody == 0 {
		config.MaxBody = defaultBody
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Verifier{config: config}, nil
}

// Verify verifies a request that a server received. It reads at most
// Config.MaxBody bytes of the body, after the headers have been found in
// order, and puts what it read in its place, so that a handler can read it
// again. The error is an [*Error], or what Config.Secret returned.
func (v *Verifier) Verify(r *http.Request) (Signed, error) {
	claim, err := v.examine(r)
	if err != nil {
		return Signed{}, err
	}
	body, err := readBody(r, v.config.MaxBody)
	if err != nil {
		return Signed{}, err
	}
	return v.prove(r, claim, body)
}

// VerifyBody verifies a request whose body has been read: body must be all of
// it, byte by byte as it came, and nil when there was none. It is otherwise as
// Verify.
func (v *Verifier) VerifyBody(r *http.Request, body []byte) (Signed, error) {
	claim, err := v.examine(r)
	if err != nil {
		return Signed{}, err
	}
	return v.prove(r, claim, body)
}

// claim is a request that is well formed, of which nothing is proved.
type claim struct {
	authorization
	headers headerSet
	path    string // as on the wire
	query   string // canonical
	date    string
	time    time.Time
	token   string
}

// examine makes all checks that need neither the body nor the secret.
func (v *Verifier) examine(r *http.Request) (claim, error) {
	var c claim
	var err error
	if c.headers, err = collectHeaders(r); err != nil {
		return claim{}, err
	}
	if c.path, err = wirePath(r); err != nil {
		return claim{}, err
	}
	if c.query, err = canonicalQuery(r.URL.RawQuery); err != nil {
		return claim{}, err
	}
	value, err := c.headers.one("authorization")
	if err != nil {
		return claim{}, err
	}
	if value == "" {
		return claim{}, refuse(MissingAuthenticationToken, "the request has no Authorization header; sign it with %s", algorithm)
	}
	if c.authorization, err = parseAuthorization(value); err != nil {
		return claim{}, err
	}
	if err := c.headers.addHost(r.Host, r.ContentLength); err != nil {
		return claim{}, err
	}
	if err := v.checkTime(&c); err != nil {
		return claim{}, err
	}
	if c.scope.region != v.config.Region || c.scope.service != v.config.Service {
		return claim{}, refuse(InvalidSignature, "the credential is scoped to region %s and service %s; sign for %s and %s",
			show(c.scope.region), show(c.scope.service), v.config.Region, v.config.Service)
	}
	if err := checkSigned(c.headers, c.signed); err != nil {
		return claim{}, err
	}
	if err := checkPlain(r, c.headers); err != nil {
		return claim{}, err
	}
	c.token, err = c.headers.one(tokenHeader)
	return c, err
}

// checkTime reads X-Amz-Date and compares it with the clock and the scope.
func (v *Verifier) checkTime(c *claim) (err error) {
	if c.date, err = c.headers.one(dateHeader); err != nil {
		return err
	}
	// The length keeps out the fractions of seconds that time.Parse takes.
	if len(c.date) != len(dateFormat) {
		return refuse(IncompleteSignature, "the request has no X-Amz-Date header of the form YYYYMMDDTHHMMSSZ")
	}
	if c.time, err = time.Parse(dateFormat, c.date); err != nil {
		return refuse(IncompleteSignature, "the X-Amz-Date header is not of the form YYYYMMDDTHHMMSSZ")
	}
	if c.date[:dayLength] != c.scope.day {
		return refuse(IncompleteSignature, "the date of the Credential is not that of X-Amz-Date")
	}
	if skew := v.config.Now().Sub(c.time); skew > v.config.MaxSkew || skew < -v.config.MaxSkew {
		return refuse(RequestTimeTooSkewed, "the request was signed at %s, more than %s from the time of the server", c.date, v.config.MaxSkew)
	}
	return nil
}

// checkSigned demands that host and what AWS gives a meaning are signed, and
// that what is said to be signed is there.
func checkSigned(headers headerSet, signed []string) error {
	for _, name := range signed {
		if len(headers[name]) == 0 {
			return refuse(IncompleteSignature, "the signed header %s is not in the request", show(name))
		}
	}
	for name := range headers {
		if (name == "host" || strings.HasPrefix(name, "x-amz-")) && !slices.Contains(signed, name) {
			return refuse(IncompleteSignature, "the header %s is not signed; it must be", show(name))
		}
	}
	return nil
}

// wirePath returns the path as the client sent it. A server's request has it in
// RequestURI; the URL must still say the same, or what is verified would not be
// what is routed.
func wirePath(r *http.Request) (string, error) {
	if r.URL == nil || r.URL.Opaque != "" {
		return "", refuse(UnsupportedSignature, "the request target is not a path")
	}
	if r.RequestURI == "" {
		return r.URL.EscapedPath(), nil
	}
	if !strings.HasPrefix(r.RequestURI, "/") {
		return "", refuse(UnsupportedSignature, "the request target is not a path; requests to a proxy are not supported")
	}
	sent, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return "", refuse(IncompleteSignature, "the request target cannot be parsed")
	}
	if sent.Path != r.URL.Path || sent.RawPath != r.URL.RawPath || sent.RawQuery != r.URL.RawQuery {
		return "", refuse(UnsupportedSignature, "the URL was changed before the signature was verified; verify in front of what changes it")
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path, nil
}

// prove finds the secret and compares signatures. An unknown key is carried
// through the same steps.
func (v *Verifier) prove(r *http.Request, c claim, body []byte) (Signed, error) {
	if err := checkWhole(r, body); err != nil {
		return Signed{}, err
	}
	payloadHash := hashHex(body)
	if err := checkPayload(c.headers, payloadHash); err != nil {
		return Signed{}, err
	}
	secret, known, err := v.config.Secret(r.Context(), c.keyID, c.token)
	if err != nil {
		return Signed{}, err
	}
	if !known || secret == "" {
		known, secret = false, "no secret access key has this many characters"
	}
	canonical := canonicalRequest(r.Method, c.path, c.query, c.headers, c.signed, payloadHash)
	want := signature(secret, c.scope, c.date, canonical)
	if equal := hmac.Equal(want, c.signature); !equal || !known {
		return Signed{}, refuse(InvalidSignature, "the access key is unknown or the signature does not match the request")
	}
	return Signed{AccessKeyID: c.keyID, SessionToken: c.token, Time: c.time}, nil
}

// one returns the value of a header that may stand once, "" if it is not there.
func (h headerSet) one(name string) (string, error) {
	switch values := h[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", refuse(IncompleteSignature, "the header %s stands more than once", show(name))
}
