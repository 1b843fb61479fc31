package sigv4

import (
	"strconv"
	"time"
)

// readPresigned reads a signature that stands in the query. What belongs to a
// signature may then be in no header.
func (v *Verifier) readPresigned(c *claim) error {
	q := &c.query
	if !v.config.AllowPresigned {
		return refuse(UnsupportedSignature, "a signature in the query (%s) is not supported; sign in the Authorization header", paramNames[q.first])
	}
	for _, header := range [...]int{headerAuthorization, headerDate, headerToken, headerRegionSet} {
		if c.there(header) {
			return refuse(IncompleteSignature, "the request has a signature in the query, and the header %s", headerNames[header])
		}
	}
	if q.there(paramHash) && c.there(headerHash) {
		return refuse(IncompleteSignature, "the request has X-Amz-Content-Sha256 in the query and as a header")
	}
	for _, param := range [...]int{paramAlgorithm, paramCredential, paramDate, paramExpires, paramSignedHeaders, paramSignatureHex} {
		if !q.there(param) {
			return refuse(IncompleteSignature, "the query has %s, but no %s", paramNames[q.first], paramNames[param])
		}
	}
	if len(q.found[paramSignedHeaders]) > maxHeader {
		return refuse(IncompleteSignature, "X-Amz-SignedHeaders has more than %d bytes", maxHeader)
	}
	c.date, c.token, c.regionSet = q.found[paramDate], q.found[paramToken], q.found[paramRegionSet]
	return c.parse(q.found[paramAlgorithm], q.found[paramCredential], q.found[paramSignedHeaders], q.found[paramSignatureHex])
}

// checkExpires reads X-Amz-Expires and compares its end with the clock.
func (v *Verifier) checkExpires(c *claim, now time.Time) error {
	stated := c.query.found[paramExpires]
	seconds, err := strconv.ParseUint(stated, 10, 32)
	if err != nil || seconds == 0 || strconv.FormatUint(seconds, 10) != stated || seconds > uint64(maxExpires/time.Second) {
		return refuse(IncompleteSignature, "X-Amz-Expires is not a number of seconds from 1 to %d", maxExpires/time.Second)
	}
	expires := time.Duration(seconds) * time.Second
	if expires > v.config.MaxExpires {
		return refuse(UnsupportedSignature, "X-Amz-Expires is %d seconds; presign for at most %d", seconds, v.config.MaxExpires/time.Second)
	}
	c.expires = c.time.Add(expires)
	switch {
	case c.time.Sub(now) > v.config.MaxSkew:
		return refuse(RequestTimeTooSkewed, "the request was signed for %s, more than %s after the time of the server", c.date, v.config.MaxSkew)
	case now.After(c.expires):
		return refuse(ExpiredRequest, "the presigned request ended at %s", c.expires.Format(time.RFC3339))
	}
	return nil
}
