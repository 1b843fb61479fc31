package sigv4

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	defaultBody = 1 << 20
	maxBody     = 1 << 30
)

// statedHash returns the X-Amz-Content-Sha256 header, and whether it is there. It
// refuses what stands for "not hashed".
func statedHash(headers headerSet) (string, bool, error) {
	stated, err := headers.one(hashHeader)
	if err != nil {
		return "", false, err
	}
	if stated == "UNSIGNED-PAYLOAD" || strings.HasPrefix(stated, "STREAMING-") {
		return "", false, refuse(UnsupportedSignature, "the payload %s is not supported; sign the SHA-256 hash of the body", show(stated))
	}
	_, there := headers[hashHeader]
	return stated, there, nil
}

// checkPayload compares the hash a request states, if it does, with that of its
// body.
func checkPayload(headers headerSet, payloadHash string) error {
	stated, there, err := statedHash(headers)
	if err != nil {
		return err
	}
	if there && subtle.ConstantTimeCompare([]byte(stated), []byte(payloadHash)) != 1 {
		return refuse(InvalidSignature, "X-Amz-Content-Sha256 is not the SHA-256 hash of the body")
	}
	return nil
}

// checkPlain refuses bodies whose bytes are not the payload itself.
func checkPlain(r *http.Request, headers headerSet) error {
	if _, _, err := statedHash(headers); err != nil {
		return err
	}
	for _, encoding := range headers["content-encoding"] {
		if strings.Contains(strings.ToLower(encoding), "aws-chunked") {
			return refuse(UnsupportedSignature, "the content encoding aws-chunked is not supported")
		}
	}
	for _, name := range []string{"trailer", "x-amz-trailer", "x-amz-decoded-content-length"} {
		if _, ok := headers[name]; ok {
			return refuse(UnsupportedSignature, "trailers and streamed payloads are not supported (header %s)", name)
		}
	}
	if len(r.Trailer) > 0 {
		return refuse(UnsupportedSignature, "trailers are not supported")
	}
	return nil
}

// checkWhole refuses a body that something in front has read from: what that
// made of it is not what was signed. Where the length is not known before, as of
// a chunked body, this cannot be seen.
func checkWhole(r *http.Request, body []byte) error {
	if r.ContentLength > 0 && r.ContentLength != int64(len(body)) {
		return refuse(InvalidSignature, "there are %d bytes of a body of %d; verify in front of what reads the body", len(body), r.ContentLength)
	}
	return nil
}

// readBody reads the body within the bound and puts it back.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, refuse(RequestEntityTooLarge, "the body has %d bytes; at most %d are allowed", r.ContentLength, limit)
	}
	original := r.Body
	body, err := io.ReadAll(io.LimitReader(original, limit+1))
	var beyond *http.MaxBytesError
	switch {
	case errors.As(err, &beyond):
		return nil, refuse(RequestEntityTooLarge, "the body has more than %d bytes", beyond.Limit)
	case err != nil:
		return nil, &Error{Code: RequestBodyUnreadable, Message: "the body could not be read", cause: err}
	case int64(len(body)) > limit:
		return nil, refuse(RequestEntityTooLarge, "the body has more than %d bytes", limit)
	}
	r.Body = restored{bytes.NewReader(body), original}
	return body, nil
}

// restored is a body that was read, to be read again. Closing it closes the
// body it came from.
type restored struct {
	*bytes.Reader
	io.Closer
}
