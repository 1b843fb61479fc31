package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Headers that this package reads itself.
const (
	headerAuthorization = iota
	headerDate
	headerToken
	headerHash
	headerRegionSet
	headerEncoding
	headerTrailer
	headerAmzTrailer
	headerDecodedLength
	headerHost
	headerLength
	headers
)

// headerNames are in lower case.
var headerNames = [headers]string{
	"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "x-amz-region-set",
	"content-encoding", "trailer", "x-amz-trailer", "x-amz-decoded-content-length", "host", "content-length",
}

// claim is what a request says about its signature, of which nothing is
// proved. Claims are used again: none outlives the call that it was made in.
type claim struct {
	authorization
	values    [][]string // of names, one by one
	own       [headers][]string
	query     query
	path      string // as on the wire
	date      string
	time      time.Time
	expires   time.Time // zero: the signature is in the header
	token     string
	regionSet string
	payload   payload
	host      [1]string
	length    [1]string
	room      macRoom
	text      []byte // room for the canonical request and the string to sign
}

var claims = sync.Pool{New: func() any { return new(claim) }}

func newClaim() *claim { return claims.Get().(*claim) }

// release forgets all that the request said, and keeps the room.
func (c *claim) release() {
	const most = 64 << 10 // bytes of room worth keeping
	if cap(c.text) > most || cap(c.query.text) > most {
		return
	}
	clear(c.text[:cap(c.text)])
	clear(c.query.text[:cap(c.query.text)])
	clear(c.names[:cap(c.names)])
	clear(c.values[:cap(c.values)])
	*c = claim{
		text: c.text[:0], values: c.values[:0], authorization: authorization{names: c.names[:0]},
		query: query{text: c.query.text[:0], parameters: c.query.parameters[:0]},
	}
	claims.Put(c)
}

// collect finds the headers that this package reads. It refuses one that stands
// in two spellings, since the order of their values would be anybody's guess.
func (c *claim) collect(header http.Header) error {
	for name, values := range header {
		for i, known := range headerNames {
			if len(known) != len(name) || compareFold(name, known) != 0 || len(values) == 0 {
				continue
			}
			if c.own[i] != nil {
				return refuse(IncompleteSignature, "the header %s stands in two spellings", known)
			}
			c.own[i] = values
		}
	}
	return nil
}

func (c *claim) there(header int) bool { return c.own[header] != nil }

// one returns the value of a header that may stand once, "" if it is not there.
func (c *claim) one(header int) (string, error) {
	switch values := c.own[header]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", refuse(IncompleteSignature, "the header %s stands more than once", headerNames[header])
}

// place finds the values of the signed headers. It demands that host and what
// AWS gives a meaning are signed, and that what is said to be signed is there.
func (c *claim) place(header http.Header, host string, length int64) error {
	c.values = slices.Grow(c.values[:0], len(c.names))[:len(c.names)]
	clear(c.values)
	for name, values := range header {
		if len(values) == 0 {
			continue
		}
		i, found := c.find(name)
		switch {
		case found && c.values[i] != nil:
			return refuse(IncompleteSignature, "the header %s stands in two spellings", show(c.names[i]))
		case found:
			c.values[i] = values
		case len(name) >= len("x-amz-") && compareFold(name[:len("x-amz-")], "x-amz-") == 0:
			return refuse(IncompleteSignature, "the header %s is not signed; it must be", show(strings.ToLower(name)))
		}
	}
	if err := c.placeHost(host); err != nil {
		return err
	}
	if i, found := c.find("content-length"); found && c.values[i] == nil && length >= 0 {
		c.length[0] = strconv.FormatInt(length, 10)
		c.values[i] = c.length[:]
	}
	for i, values := range c.values {
		if values == nil {
			return refuse(IncompleteSignature, "the signed header %s is not in the request", show(c.names[i]))
		}
	}
	return nil
}

// placeHost puts the host in its place: net/http keeps it apart.
func (c *claim) placeHost(host string) error {
	if given := c.own[headerHost]; len(given) > 1 || len(given) == 1 && given[0] != host {
		return refuse(IncompleteSignature, "the request has two Host headers")
	}
	if host == "" {
		return refuse(IncompleteSignature, "the request has no Host")
	}
	i, found := c.find("host")
	if !found {
		return refuse(IncompleteSignature, "the header host is not signed; it must be")
	}
	c.host[0] = host
	c.values[i] = c.host[:]
	return nil
}

// find looks for a header among the signed ones.
func (c *claim) find(name string) (int, bool) {
	low, high := 0, len(c.names)
	for low < high {
		middle := (low + high) / 2
		switch order := compareFold(name, c.names[middle]); {
		case order == 0:
			return middle, true
		case order < 0:
			high = middle
		default:
			low = middle + 1
		}
	}
	return low, false
}

// compareFold compares a header name, its ASCII capitals made small, with one in
// lower case.
func compareFold(name, lower string) int {
	for i := range min(len(name), len(lower)) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return int(c) - int(lower[i])
		}
	}
	return len(name) - len(lower)
}
