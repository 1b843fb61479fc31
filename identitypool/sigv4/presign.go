package sigv4

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Presign returns the URL of a request with a signature in its query, good from
// at for expires: 1 second to 7 days, in whole seconds. Whoever has the URL can
// send the request, until then and as often as they like; it needs no secret.
//
// The method is signed, and so are the headers of r, which whoever sends the
// request must send too; a request that browsers follow from a link has none.
// body is signed, nil for none. For the service "s3" it is not, as S3 has it:
// whoever has the URL chooses the body.
//
// The request is unchanged. An [*Error] tells what cannot be signed.
func Presign(r *http.Request, body []byte, credentials Credentials, region, service string, at time.Time, expires time.Duration) (string, error) {
	if err := checkScope(region, service); err != nil {
		return "", err
	}
	if err := checkSignable(r, credentials); err != nil {
		return "", err
	}
	if expires < time.Second || expires > maxExpires || expires%time.Second != 0 {
		return "", refuse(IncompleteSignature, "a presigned URL is good for whole seconds from 1s to %s, not for %s", maxExpires, expires)
	}
	c := newClaim()
	defer c.release()
	payload, err := c.payloadToSign(r, body)
	if err != nil {
		return "", err
	}
	if service == serviceS3 && !c.there(headerHash) {
		payload = unsignedPayload
	}
	for _, header := range [...]int{headerAuthorization, headerDate, headerToken, headerRegionSet} {
		if c.there(header) {
			return "", refuse(IncompleteSignature, "the header %s has no place in a presigned request; remove it", headerNames[header])
		}
	}
	s := scope{region: region, service: service}
	c.setTime(&s, at)
	c.scope, c.algorithm = s, algorithmV4
	if err := c.nameHeaders(r, r.Header); err != nil {
		return "", err
	}
	if err := c.query.read(r.URL.RawQuery); err != nil {
		return "", err
	}
	if c.query.presigned() {
		return "", refuse(UnsupportedSignature, "the query already has a signature, or a part of one (%s)", paramNames[c.query.first])
	}
	if err := c.addParameters(credentials, expires); err != nil {
		return "", err
	}
	signature, err := c.sign(r, r.Header, payload, credentials)
	if err != nil {
		return "", err
	}
	u := *r.URL
	if u.Host == "" {
		u.Host = r.Host
	}
	u.RawQuery = string(c.query.append(nil)) + "&" + paramNames[paramSignatureHex] + "=" + signature
	return u.String(), nil
}

// addParameters adds all parameters of a signature to the query but the
// signature itself.
func (c *claim) addParameters(credentials Credentials, expires time.Duration) error {
	values := [params]string{
		paramAlgorithm:     c.algorithm,
		paramCredential:    credentials.AccessKeyID + "/" + string(c.scope.append(nil, c.algorithm)),
		paramDate:          c.date,
		paramExpires:       strconv.FormatInt(int64(expires/time.Second), 10),
		paramSignedHeaders: c.signedList,
		paramToken:         credentials.SessionToken,
	}
	for param, value := range values {
		if value == "" {
			continue
		}
		if err := c.query.add(paramNames[param], url.QueryEscape(value)); err != nil {
			return err
		}
	}
	c.query.sort()
	return nil
}
