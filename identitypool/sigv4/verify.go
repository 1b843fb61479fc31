package sigv4

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"time"
)

// Signed is what a verified request says about its sender.
type Signed struct {
	AccessKeyID  string
	SessionToken string    // "" when the request had none
	Time         time.Time // the date that was signed, to the second, UTC
	// Principal is what Config.Secret returned.
	Principal any
	// Presigned tells that the signature was in the query; Expires is then when
	// it ends, and zero otherwise.
	Presigned bool
	Expires   time.Time
}

// String keeps the session token out of messages.
func (s Signed) String() string { return s.AccessKeyID + " at " + s.Time.Format(time.RFC3339) }

// LogValue keeps the session token out of logs.
func (s Signed) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Verify verifies a request that a server received. It reads at most
// Config.MaxBody bytes of the body, after the headers have been found in
// order, and when the request states the hash of its body or streams it, after
// its signature has been found right. It puts what it read in its place, so
// that a handler can read it again; the handler of a streamed body finds the
// payload, as the package documentation says. When there is an error, what is
// left of the body is not for use. The error is an [*Error], or what
// Config.Secret or Config.Once returned.
func (v *Verifier) Verify(r *http.Request) (Signed, error) {
	c := newClaim()
	defer c.release()
	if err := v.examine(r, c); err != nil {
		return Signed{}, err
	}
	var body []byte
	var err error
	if c.payload.kind == payloadHashed {
		if body, err = readBody(r, v.config.MaxBody); err != nil {
			return Signed{}, err
		}
		if err = checkWhole(r, body); err != nil {
			return Signed{}, err
		}
	}
	p, err := v.prove(r, c, body)
	if err != nil {
		return Signed{}, err
	}
	switch c.payload.kind {
	case payloadHashed:
		restore(r, body)
	case payloadChunked:
		err = v.unchunk(r, c, p)
	default:
		err = v.takeBody(r, c)
	}
	if err != nil {
		return Signed{}, err
	}
	return v.first(r, c, p)
}

// takeBody reads a body whose hash is known before.
func (v *Verifier) takeBody(r *http.Request, c *claim) error {
	body, err := readBody(r, v.config.MaxBody)
	if err != nil {
		return err
	}
	if err := checkWhole(r, body); err != nil {
		return err
	}
	if err := c.checkHash(body); err != nil {
		return err
	}
	restore(r, body)
	return nil
}

// VerifyBody verifies a request whose body has been read: body must be all of
// it, byte by byte as it came, and nil when there was none. A streamed body is
// refused: only Verify can put the payload in its place. It is otherwise as
// Verify.
func (v *Verifier) VerifyBody(r *http.Request, body []byte) (Signed, error) {
	c := newClaim()
	defer c.release()
	if err := v.examine(r, c); err != nil {
		return Signed{}, err
	}
	if c.payload.kind == payloadChunked {
		return Signed{}, refuse(UnsupportedSignature, "the payload %s is not supported here", c.payload.stated)
	}
	if err := checkWhole(r, body); err != nil {
		return Signed{}, err
	}
	p, err := v.prove(r, c, body)
	if err != nil {
		return Signed{}, err
	}
	if err := c.checkHash(body); err != nil {
		return Signed{}, err
	}
	return v.first(r, c, p)
}

// examine makes all checks that need neither the body nor the secret.
func (v *Verifier) examine(r *http.Request, c *claim) error {
	c.allowV4A = v.config.AllowSigV4A
	err := c.collect(r.Header)
	if err != nil {
		return err
	}
	if c.path, err = wirePath(r); err != nil {
		return err
	}
	if err := c.query.read(r.URL.RawQuery); err != nil {
		return err
	}
	if c.query.presigned() {
		err = v.readPresigned(c)
	} else {
		err = c.readHeader()
	}
	if err != nil {
		return err
	}
	if err := v.checkTime(c); err != nil {
		return err
	}
	if err := v.checkScopeOf(c); err != nil {
		return err
	}
	if err := c.place(r.Header, r.Host, r.ContentLength); err != nil {
		return err
	}
	return v.readPayload(r, c)
}

// readHeader reads a signature that stands in the Authorization header.
func (c *claim) readHeader() error {
	value, err := c.one(headerAuthorization)
	if err != nil {
		return err
	}
	if value == "" {
		return refuse(MissingAuthenticationToken, "the request has no Authorization header; sign it with %s", algorithmV4)
	}
	if err := c.parseHeader(value); err != nil {
		return err
	}
	if c.date, err = c.one(headerDate); err != nil {
		return err
	}
	if c.regionSet, err = c.one(headerRegionSet); err != nil {
		return err
	}
	c.token, err = c.one(headerToken)
	return err
}

// checkTime reads X-Amz-Date and compares it with the clock and the scope.
func (v *Verifier) checkTime(c *claim) (err error) {
	// The length keeps out the fractions of seconds that time.Parse takes.
	if len(c.date) != len(dateFormat) {
		return refuse(IncompleteSignature, "the request has no X-Amz-Date of the form YYYYMMDDTHHMMSSZ")
	}
	if c.time, err = time.Parse(dateFormat, c.date); err != nil {
		return refuse(IncompleteSignature, "X-Amz-Date is not of the form YYYYMMDDTHHMMSSZ")
	}
	if c.date[:dayLength] != c.scope.day {
		return refuse(IncompleteSignature, "the date of the Credential is not that of X-Amz-Date")
	}
	now := v.config.Now()
	if c.query.presigned() {
		return v.checkExpires(c, now)
	}
	if skew := now.Sub(c.time); skew > v.config.MaxSkew || skew < -v.config.MaxSkew {
		return refuse(RequestTimeTooSkewed, "the request was signed at %s, more than %s from the time of the server", c.date, v.config.MaxSkew)
	}
	return nil
}

// checkScopeOf compares what the signature is for with what the verifier is.
func (v *Verifier) checkScopeOf(c *claim) error {
	here := c.scope.region == v.config.Region
	if c.algorithm == algorithmV4A {
		var err error
		if here, err = inRegionSet(c.regionSet, v.config.Region); err != nil {
			return err
		}
	}
	if !here || c.scope.service != v.config.Service {
		return refuse(InvalidSignature, "the credential is scoped to region %s and service %s; sign for %s and %s",
			show(c.scope.region+c.regionSet), show(c.scope.service), v.config.Region, v.config.Service)
	}
	return nil
}

// proof is what a request has proved.
type proof struct {
	principal any
	key       [32]byte // the signing key, for the chunks; not of SigV4A
	hash      [32]byte // of the string to sign
}

// prove finds the secret and compares signatures. An unknown key is carried
// through the same steps.
func (v *Verifier) prove(r *http.Request, c *claim, body []byte) (proof, error) {
	found, err := v.config.Secret(r.Context(), c.keyID, c.token)
	if err != nil {
		return proof{}, err
	}
	secret, known := found.AccessKey, found.AccessKey != ""
	if !known {
		secret = "no secret access key has this many characters"
	}
	if c.payload.kind == payloadHashed {
		sum := sha256.Sum256(body)
		var digits [2 * sha256.Size]byte
		hex.Encode(digits[:], sum[:])
		c.text = c.canonical(c.text[:0], r.Method, digits[:])
	} else {
		c.text = c.canonical(c.text[:0], r.Method, []byte(c.payload.stated))
	}
	c.text = c.stringToSign(c.text[:0], sha256.Sum256(c.text))
	p := proof{principal: found.Principal}
	var equal bool
	if c.algorithm == algorithmV4A {
		equal, err = verifyV4A(secret, c.keyID, c.text, c.signature())
	} else {
		p.key = c.room.signingKey(secret, c.scope)
		want := c.room.mac(p.key[:], c.text)
		equal = hmac.Equal(want[:], c.signature())
	}
	if err != nil {
		return proof{}, err
	}
	if !equal || !known {
		return proof{}, refuse(InvalidSignature, "the access key is unknown or the signature does not match the request")
	}
	if v.config.Once != nil {
		p.hash = sha256.Sum256(c.text)
	}
	return p, nil
}

// first asks Config.Once, last of all, and says who signed.
func (v *Verifier) first(r *http.Request, c *claim, p proof) (Signed, error) {
	signed := Signed{
		AccessKeyID: c.keyID, SessionToken: c.token, Time: c.time, Principal: p.principal,
		Presigned: !c.expires.IsZero(), Expires: c.expires,
	}
	if v.config.Once == nil || signed.Presigned && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return signed, nil
	}
	until := c.time.Add(v.config.MaxSkew)
	if signed.Presigned {
		until = c.expires
	}
	first, err := v.once(r.Context(), c.keyID, p.hash, until)
	switch {
	case err != nil:
		return Signed{}, err
	case !first:
		return Signed{}, refuse(ReplayedRequest, "the request was received before; sign each request anew")
	}
	return signed, nil
}

// once makes the key of what was signed, not of the signature: a signature of
// SigV4A can be changed into another good one by anybody.
func (v *Verifier) once(ctx context.Context, keyID string, hash [32]byte, until time.Time) (bool, error) {
	sum := sha256.Sum256(append([]byte(keyID+"\n"), hash[:]...))
	return v.config.Once(ctx, hex.EncodeToString(sum[:]), until.Add(time.Second))
}
