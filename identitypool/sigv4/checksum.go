package sigv4

import (
	"crypto/sha1" //nolint:gosec // S3 has it among its checksums; nothing relies on it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"slices"
	"strings"
)

// checksums are what S3 names so, by the names of their trailers.
var checksums = map[string]func() hash.Hash{
	"x-amz-checksum-crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"x-amz-checksum-crc32c":    func() hash.Hash { return crc32.New(castagnoli) },
	"x-amz-checksum-crc64nvme": func() hash.Hash { return crc64.New(nvme) },
	"x-amz-checksum-sha1":      sha1.New,
	"x-amz-checksum-sha256":    sha256.New,
	"x-amz-checksum-sha512":    sha512.New,
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(0x9a6c9329ac4bc9b5) // the polynomial of NVM Express, its bits reversed
)

// trailers are those that X-Amz-Trailer announces, and what came of them.
type trailers struct {
	names  []string
	values []string
}

// announced reads X-Amz-Trailer: the names of checksums, separated by commas.
func (c *claim) announced() (*trailers, error) {
	list, err := c.one(headerAmzTrailer)
	if err != nil {
		return nil, err
	}
	t := &trailers{}
	if !c.there(headerAmzTrailer) {
		return t, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.Trim(name, " "))
		switch {
		case checksums[name] == nil:
			return nil, refuse(UnsupportedSignature, "the trailer %s is not supported; only x-amz-checksum-… are", show(name))
		case t.find(name) >= 0:
			return nil, refuse(IncompleteSignature, "X-Amz-Trailer has %s twice", name)
		}
		t.names = append(t.names, name)
	}
	t.values = make([]string, len(t.names))
	return t, nil
}

func (t *trailers) find(name string) int {
	return slices.Index(t.names, name)
}

// take keeps a trailer that came. It must have been announced, and come once.
func (t *trailers) take(name, value string) error {
	i := t.find(name)
	if i < 0 || t.values[i] != "" || value == "" {
		return refuse(IncompleteBody, "the trailer %s was not announced in X-Amz-Trailer, or is there twice, or empty", show(name))
	}
	t.values[i] = value
	return nil
}

// complete reports whether all have come.
func (t *trailers) complete() bool { return !slices.Contains(t.values, "") }

// check compares the checksums with the body.
func (t *trailers) check(body []byte) error {
	for i, name := range t.names {
		if t.values[i] == "" {
			return refuse(IncompleteBody, "the trailer %s was announced, and is not there", name)
		}
		sum := checksums[name]()
		sum.Write(body)
		want := base64.StdEncoding.EncodeToString(sum.Sum(nil))
		if subtle.ConstantTimeCompare([]byte(want), []byte(t.values[i])) != 1 {
			return refuse(BadDigest, "%s is not that of the body", name)
		}
	}
	return nil
}

// header returns the trailers for http.Request.Trailer.
func (t *trailers) header() http.Header {
	if len(t.names) == 0 {
		return nil
	}
	out := http.Header{}
	for i, name := range t.names {
		out.Set(name, t.values[i])
	}
	return out
}
