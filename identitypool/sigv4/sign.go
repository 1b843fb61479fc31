package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Credentials are what a client signs with. SecretAccessKey and SessionToken are
// secrets of their owner.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // "" for credentials that do not end
}

// String keeps the secrets out of messages.
func (c Credentials) String() string { return "credentials of " + c.AccessKeyID }

// GoString keeps the secrets out of messages.
func (c Credentials) GoString() string { return c.String() }

// LogValue keeps the secrets out of logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// unsignedHeaders are those that are set or changed between signing and the
// server, and so cannot be part of the signature.
var unsignedHeaders = map[string]bool{
	"authorization": true, "user-agent": true, "expect": true, "connection": true,
	"transfer-encoding": true, "accept-encoding": true, "x-amzn-trace-id": true,
	"x-forwarded-for": true, "x-forwarded-proto": true, "forwarded": true, "te": true,
	"content-length": true, // the hash of the body says more
}

// Sign signs a request that is about to be sent: it sets X-Amz-Date,
// X-Amz-Security-Token and Authorization, for the service "s3" also
// X-Amz-Content-Sha256, replacing those that are there. The host and all other
// headers that stay the same on the way are signed. body must be what the
// request will send; Sign does not read r.Body. Region and service must be
// those of the server; at is usually time.Now().
//
// An X-Amz-Content-Sha256 header that is there must be the hash of body, or
// UNSIGNED-PAYLOAD: body is then not signed, and may be nil. An [*Error] tells
// what cannot be signed; the request is then unchanged.
func Sign(r *http.Request, body []byte, credentials Credentials, region, service string, at time.Time) error {
	if err := checkScope(region, service); err != nil {
		return err
	}
	return sign(r, body, credentials, scope{region: region, service: service}, "", at)
}

// SignV4A is Sign with AWS4-ECDSA-P256-SHA256, for servers in all the regions
// given; * in a region stands for any characters. It also sets
// X-Amz-Region-Set.
func SignV4A(r *http.Request, body []byte, credentials Credentials, regions []string, service string, at time.Time) error {
	if err := checkScope("any", service); err != nil {
		return err
	}
	set := strings.Join(regions, ",")
	if _, err := inRegionSet(set, ""); err != nil {
		return refuse(IncompleteSignature, "the regions must be 1 to %d names such as eu-west-1 or eu-*, not %s", maxRegions, show(set))
	}
	return sign(r, body, credentials, scope{service: service}, set, at)
}

// sign signs in the header; with SigV4A if there is a set of regions.
func sign(r *http.Request, body []byte, credentials Credentials, s scope, regionSet string, at time.Time) error {
	if err := checkSignable(r, credentials); err != nil {
		return err
	}
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	c := newClaim()
	defer c.release()
	payload, err := c.payloadToSign(r, body)
	if err != nil {
		return err
	}
	c.setTime(&s, at)
	c.scope, c.algorithm = s, algorithmV4
	header.Set("X-Amz-Date", c.date)
	header.Del("X-Amz-Security-Token")
	if credentials.SessionToken != "" {
		header.Set("X-Amz-Security-Token", credentials.SessionToken)
	}
	header.Del("X-Amz-Region-Set")
	if regionSet != "" {
		c.algorithm = algorithmV4A
		header.Set("X-Amz-Region-Set", regionSet)
	}
	if s.service == serviceS3 {
		header.Set("X-Amz-Content-Sha256", payload)
	}
	if err := c.query.read(r.URL.RawQuery); err != nil {
		return err
	}
	if c.query.presigned() {
		return refuse(UnsupportedSignature, "the query already has a signature, or a part of one (%s)", paramNames[c.query.first])
	}
	signature, err := c.sign(r, header, payload, credentials)
	if err != nil {
		return err
	}
	header.Set("Authorization", c.algorithm+" Credential="+credentials.AccessKeyID+"/"+string(c.scope.append(nil, c.algorithm))+
		", SignedHeaders="+c.signedList+", Signature="+signature)
	if r.Header == nil {
		r.Header = header
		return nil
	}
	clear(r.Header)
	maps.Copy(r.Header, header)
	return nil
}

func (c *claim) setTime(s *scope, at time.Time) {
	c.date = at.UTC().Format(dateFormat)
	s.day = c.date[:dayLength]
}

// payloadToSign returns what stands in the canonical request for the body.
func (c *claim) payloadToSign(r *http.Request, body []byte) (string, error) {
	if err := c.collect(r.Header); err != nil {
		return "", err
	}
	stated, err := c.one(headerHash)
	if err != nil {
		return "", err
	}
	switch hash := hashHex(body); {
	case stated == unsignedPayload:
		return stated, nil
	case strings.HasPrefix(stated, "STREAMING-"):
		return "", refuse(UnsupportedSignature, "the payload %s is not supported; sign the SHA-256 hash of the body", show(stated))
	case c.there(headerHash) && !hmac.Equal([]byte(stated), []byte(hash)):
		return "", wrongHash()
	default:
		return hash, nil
	}
}

// sign signs what the claim says, with the headers given, and returns the
// signature in hexadecimal digits.
func (c *claim) sign(r *http.Request, header http.Header, payload string, credentials Credentials) (string, error) {
	if err := c.nameHeaders(r, header); err != nil {
		return "", err
	}
	c.path = r.URL.EscapedPath()
	c.text = c.canonical(c.text[:0], method(r), []byte(payload))
	c.text = c.stringToSign(c.text[:0], sha256.Sum256(c.text))
	if c.algorithm == algorithmV4A {
		return signV4A(credentials.SecretAccessKey, credentials.AccessKeyID, c.text)
	}
	key := c.room.signingKey(credentials.SecretAccessKey, c.scope)
	sum := c.room.mac(key[:], c.text)
	return hex.EncodeToString(sum[:]), nil
}

// nameHeaders finds what to sign, and the values.
func (c *claim) nameHeaders(r *http.Request, header http.Header) error {
	c.names = append(c.names[:0], "host")
	for name, values := range header {
		if lower := strings.ToLower(name); len(values) > 0 && !unsignedHeaders[lower] && lower != "host" {
			c.names = append(c.names, lower)
		}
	}
	slices.Sort(c.names)
	c.names = slices.Compact(c.names) // place refuses two spellings
	c.signedList = strings.Join(c.names, ";")
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return c.place(header, host, -1)
}

func checkSignable(r *http.Request, c Credentials) error {
	switch {
	case c.AccessKeyID == "" || len(c.AccessKeyID) > maxKeyID || !onlyAlphanumeric(c.AccessKeyID):
		return refuse(IncompleteSignature, "the access key is not 1 to %d letters and digits", maxKeyID)
	case c.SecretAccessKey == "":
		return refuse(IncompleteSignature, "the credentials have no secret access key")
	case r.URL == nil || r.URL.Opaque != "":
		return refuse(UnsupportedSignature, "a request without URL, or with an opaque one, cannot be signed")
	}
	return nil
}

// checkScope refuses a region or service that cannot stand in a scope.
func checkScope(region, service string) error {
	for _, part := range []string{region, service} {
		if part == "" || strings.ContainsAny(part, "/*?, =;\n") {
			return refuse(IncompleteSignature, "the region and the service must be names such as eu-west-1 and execute-api, not %s", show(part))
		}
	}
	return nil
}

// method returns the method of a request; a client's may be empty.
func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}
