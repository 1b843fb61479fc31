package sigv4

import (
	"encoding/hex"
	"log/slog"
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
// X-Amz-Security-Token and Authorization, replacing those that are there. The
// host and all other headers that stay the same on the way are signed. body
// must be what the request will send; Sign does not read r.Body. Region and
// service must be those of the server; at is usually time.Now().
//
// An X-Amz-Content-Sha256 header that is there must be the hash of body. An
// [*Error] tells what cannot be signed; the request is then unchanged.
func Sign(r *http.Request, body []byte, credentials Credentials, region, service string, at time.Time) error {
	if err := checkSignable(r, credentials, region, service); err != nil {
		return err
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	headers, err := collectHeaders(r)
	if err != nil {
		return err
	}
	if err := headers.addHost(host, -1); err != nil {
		return err
	}
	payloadHash := hashHex(body)
	if err := checkPayload(headers, payloadHash); err != nil {
		return err
	}
	query, err := canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	date := at.UTC().Format(dateFormat)
	headers[dateHeader] = []string{date}
	delete(headers, tokenHeader)
	if credentials.SessionToken != "" {
		headers[tokenHeader] = []string{credentials.SessionToken}
	}
	var signed []string
	for name := range headers {
		if !unsignedHeaders[name] {
			signed = append(signed, name)
		}
	}
	slices.Sort(signed)
	s := scope{day: date[:dayLength], region: region, service: service}
	canonical := canonicalRequest(method(r), r.URL.EscapedPath(), query, headers, signed, payloadHash)
	sum := signature(credentials.SecretAccessKey, s, date, canonical)

	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("X-Amz-Date", date)
	r.Header.Del("X-Amz-Security-Token")
	if credentials.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", credentials.SessionToken)
	}
	r.Header.Set("Authorization", algorithm+" Credential="+credentials.AccessKeyID+"/"+s.String()+
		", SignedHeaders="+strings.Join(signed, ";")+", Signature="+hex.EncodeToString(sum))
	return nil
}

func checkSignable(r *http.Request, c Credentials, region, service string) error {
	switch {
	case c.AccessKeyID == "" || len(c.AccessKeyID) > maxKeyID || !onlyAlphanumeric(c.AccessKeyID):
		return refuse(IncompleteSignature, "the access key is not 1 to %d letters and digits", maxKeyID)
	case c.SecretAccessKey == "":
		return refuse(IncompleteSignature, "the credentials have no secret access key")
	case r.URL == nil || r.URL.Opaque != "":
		return refuse(UnsupportedSignature, "a request without URL, or with an opaque one, cannot be signed")
	}
	return checkScope(region, service)
}

// checkScope refuses a region or service that cannot stand in a scope.
func checkScope(region, service string) error {
	for _, part := range []string{region, service} {
		if part == "" || strings.ContainsAny(part, "/*?, =;\n") {
			return refuse(IncompleteSignature, "the region and the service must be names such as eu-west-1 and execute-api, not %s", show(part))
		}
	}
	if service == "s3" {
		return refuse(UnsupportedSignature, "the service s3 is not supported: its canonical path differs from that of other services")
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
