package sigv4

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	unsignedPayload   = "UNSIGNED-PAYLOAD"
	streamSigned      = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamSignedTrail = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamUnsigned    = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	awsChunked        = "aws-chunked"
)

// payload is how a body is covered by the signature.
type payload struct {
	kind   payloadKind
	stated string // what stands in the canonical request; for payloadHashed the hash, once it is known
}

type payloadKind uint8

const (
	payloadHashed   payloadKind = iota // the hash of the body is signed, and not stated
	payloadStated                      // it is stated
	payloadUnsigned                    // UNSIGNED-PAYLOAD
	payloadChunked                     // STREAMING-*
)

// readPayload finds out how the body is covered, and refuses what the verifier
// does not allow.
func (v *Verifier) readPayload(r *http.Request, c *claim) error {
	stated, err := c.one(headerHash)
	if err != nil {
		return err
	}
	there := c.there(headerHash)
	if c.query.there(paramHash) {
		stated, there = c.query.found[paramHash], true
	}
	presigned := !c.expires.IsZero()
	switch {
	case !there && v.config.Service != serviceS3:
		c.payload = payload{kind: payloadHashed}
	case !there && !presigned:
		return refuse(IncompleteSignature, "the request has no X-Amz-Content-Sha256 header, which the service s3 needs")
	case !there || stated == unsignedPayload:
		c.payload = payload{payloadUnsigned, unsignedPayload}
		if !v.config.AllowUnsignedPayload && !(presigned && v.config.Service == serviceS3) {
			return refuse(UnsupportedSignature, "the payload %s is not supported; sign the SHA-256 hash of the body", unsignedPayload)
		}
	case strings.HasPrefix(stated, "STREAMING-"):
		return v.readStreaming(r, c, stated)
	case len(stated) != 2*hashLength:
		return wrongHash()
	default:
		c.payload = payload{payloadStated, stated}
	}
	return checkPlain(r, c)
}

func wrongHash() error {
	return refuse(InvalidSignature, "X-Amz-Content-Sha256 is not the SHA-256 hash of the body")
}

// readStreaming checks that a body in aws-chunked may be read as the request
// says.
func (v *Verifier) readStreaming(r *http.Request, c *claim, stated string) error {
	known := stated == streamSigned || stated == streamSignedTrail || stated == streamUnsigned
	switch {
	case !v.config.AllowStreaming || !known:
		return refuse(UnsupportedSignature, "the payload %s is not supported; sign the SHA-256 hash of the body", show(stated))
	case stated == streamUnsigned && !v.config.AllowUnsignedPayload:
		return refuse(UnsupportedSignature, "the payload %s is not signed, and so is not supported", stated)
	case stated != streamUnsigned && c.algorithm != algorithmV4:
		return refuse(UnsupportedSignature, "the payload %s is not supported with %s", stated, c.algorithm)
	case !c.expires.IsZero():
		return refuse(UnsupportedSignature, "the payload %s is not supported with a signature in the query", stated)
	case c.there(headerTrailer):
		return refuse(UnsupportedSignature, "trailers of HTTP are not supported")
	case c.there(headerAmzTrailer) != (stated != streamSigned):
		return refuse(IncompleteSignature, "X-Amz-Trailer and the payload %s do not fit together", stated)
	}
	c.payload = payload{payloadChunked, stated}
	return checkTrailer(r)
}

// checkPlain refuses bodies whose bytes are not the payload itself.
func checkPlain(r *http.Request, c *claim) error {
	for _, encoding := range c.own[headerEncoding] {
		if strings.Contains(strings.ToLower(encoding), awsChunked) {
			return refuse(UnsupportedSignature, "the content encoding aws-chunked is supported only with a payload STREAMING-…, where that is allowed")
		}
	}
	for _, header := range [...]int{headerTrailer, headerAmzTrailer, headerDecodedLength} {
		if c.there(header) {
			return refuse(UnsupportedSignature, "trailers and streamed payloads are not supported (header %s)", headerNames[header])
		}
	}
	return checkTrailer(r)
}

// checkTrailer refuses trailers of HTTP, which no signature covers. Before the
// body is read, net/http tells those that are announced, and after that also
// those that were not.
func checkTrailer(r *http.Request) error {
	if len(r.Trailer) > 0 {
		return refuse(UnsupportedSignature, "trailers of HTTP are not supported")
	}
	return nil
}

// checkHash compares a stated hash with that of the body.
func (c *claim) checkHash(body []byte) error {
	if c.payload.kind != payloadStated {
		return nil
	}
	sum := sha256.Sum256(body)
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	if subtle.ConstantTimeCompare(digits[:], []byte(c.payload.stated)) != 1 {
		return wrongHash()
	}
	return nil
}

// checkWhole judges what is known once the body has been read. It refuses
// trailers, and a body that something in front has read from: what that made of
// it is not what was signed. Where the length is not known before, as of a
// chunked body, this cannot be seen.
func checkWhole(r *http.Request, body []byte) error {
	if r.ContentLength > 0 && r.ContentLength != int64(len(body)) {
		return refuse(InvalidSignature, "there are %d bytes of a body of %d; verify in front of what reads the body", len(body), r.ContentLength)
	}
	return checkTrailer(r)
}

// readBody reads the body within its bound.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, refuse(RequestEntityTooLarge, "the body has %d bytes; at most %d are allowed", r.ContentLength, limit)
	}
	var b bytes.Buffer
	const atOnce = 1 << 20 // what is taken on the word of the request
	b.Grow(int(min(max(r.ContentLength, 0), atOnce)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(r.Body, limit+1)); err != nil {
		return nil, unreadable(err)
	}
	if int64(b.Len()) > limit {
		return nil, refuse(RequestEntityTooLarge, "the body has more than %d bytes", limit)
	}
	return b.Bytes(), nil
}

// unreadable tells a bound that somebody in front has set from a connection that
// broke.
func unreadable(err error) error {
	if beyond, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(RequestEntityTooLarge, "the body has more than %d bytes", beyond.Limit)
	}
	return &Error{Code: RequestBodyUnreadable, Message: "the body could not be read", cause: err}
}

// restored is a body that was read, to be read again. Closing it closes the
// body it came from.
type restored struct {
	bytes.Reader
	io.Closer
}

// restore puts a body that was read back in its place.
func restore(r *http.Request, body []byte) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	again := &restored{Closer: r.Body}
	again.Reset(body)
	r.Body = again
}
