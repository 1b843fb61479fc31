package main

import (
	"crypto/md5" // for the header Content-MD5 only
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

// checksum is what a client said about the body of an object, checked and given back to whoever reads it.
type checksum struct {
	header string // such as "X-Amz-Checksum-Crc32", "" for none
	value  string
}

// checksums are those that SDKs send, most of them without being asked: they compute one for every PutObject.
var checksums = map[string]func() hash.Hash{
	"X-Amz-Checksum-Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"X-Amz-Checksum-Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"X-Amz-Checksum-Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"X-Amz-Checksum-Sha1":      sha1.New,
	"X-Amz-Checksum-Sha256":    sha256.New,
}

// checksumOf returns the checksum in the headers. It refuses one that is not that of the body, and more than one.
func checksumOf(h http.Header, body []byte) (checksum, error) {
	var out checksum
	for name, make := range checksums {
		given := h.Get(name)
		switch {
		case given == "":
			continue
		case out.header != "":
			return checksum{}, &s3Error{Code: "InvalidRequest", Message: "Expecting a single x-amz-checksum- header."}
		case given != digest(make(), body):
			return checksum{}, &s3Error{Code: "BadDigest", Message: "The body does not have the checksum of the header " + strings.ToLower(name) + "."}
		}
		out = checksum{name, given}
	}
	if given := h.Get("Content-Md5"); given != "" && given != digest(md5.New(), body) {
		return checksum{}, &s3Error{Code: "BadDigest", Message: "The Content-MD5 you specified did not match what we received."}
	}
	return out, nil
}

func digest(h hash.Hash, body []byte) string {
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// set writes the checksum into the headers of an answer.
func (c checksum) set(h http.Header) {
	if c.header != "" {
		h.Set(c.header, c.value)
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
}
