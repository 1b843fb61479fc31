package samlxml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
)

// Deflate compresses a message for the redirect binding (RFC 1951, without a
// header; SAML 2.0 bindings section 3.4.4.1).
func Deflate(message []byte) []byte {
	var b bytes.Buffer
	// Neither a level that exists nor a bytes.Buffer can fail.
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	_, _ = w.Write(message)
	_ = w.Close()
	return b.Bytes()
}

// Inflate undoes Deflate. It reads no further than maxBytes of the message,
// which is 0 for DefaultMaxBytes. The error is TooLarge, or InvalidQuery if the
// bytes are not one whole deflated message with nothing behind it.
func Inflate(deflated []byte, maxBytes int) ([]byte, error) {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	if len(deflated) > maxBytes {
		return nil, fail(TooLarge, "the deflated message is longer than %d bytes", maxBytes)
	}
	source := bytes.NewReader(deflated)
	r := flate.NewReader(source)
	var out bytes.Buffer
	if _, err := io.Copy(&out, io.LimitReader(r, int64(maxBytes)+1)); err != nil {
		return nil, fail(InvalidQuery, "the message cannot be inflated: it must be raw DEFLATE of RFC 1951")
	}
	if out.Len() > maxBytes {
		return nil, fail(TooLarge, "the inflated message is longer than %d bytes", maxBytes)
	}
	if source.Len() > 0 {
		return nil, fail(InvalidQuery, "there is something behind the deflated message")
	}
	return out.Bytes(), nil
}

// DecodeBase64 returns the message in a form field of the POST binding: standard
// base64 of at most maxBytes bytes, which is 0 for DefaultMaxBytes, in which white
// space does not count. The error is TooLarge or InvalidXML.
func DecodeBase64(field string, maxBytes int) ([]byte, error) {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	// A line end after each 64 characters is the most that is sent.
	if len(field) > base64.StdEncoding.EncodedLen(maxBytes)/64*66+66 {
		return nil, fail(TooLarge, "the message is longer than %d bytes", maxBytes)
	}
	out, err := base64.StdEncoding.DecodeString(stripSpace(field))
	if err != nil {
		return nil, fail(InvalidXML, "the message is not base64")
	}
	if len(out) > maxBytes {
		return nil, fail(TooLarge, "the message is longer than %d bytes", maxBytes)
	}
	return out, nil
}
