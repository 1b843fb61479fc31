package sigv4

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	maxLine              = 4096 // bytes of a line in a streamed body
	emptyHash            = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	chunkSignature       = "chunk-signature="
	trailerSignatureName = "x-amz-trailer-signature"
)

// unchunk reads a body in the encoding aws-chunked and puts the payload in its
// place.
func (v *Verifier) unchunk(r *http.Request, c *claim, p proof) error {
	stated, err := c.one(headerDecodedLength)
	if err != nil {
		return err
	}
	length, err := strconv.ParseInt(stated, 10, 64)
	if err != nil || length < 0 || strconv.FormatInt(length, 10) != stated {
		return refuse(IncompleteSignature, "X-Amz-Decoded-Content-Length is not the length of the payload in bytes")
	}
	if length > v.config.MaxBody {
		return refuse(RequestEntityTooLarge, "the body has %d bytes; at most %d are allowed", length, v.config.MaxBody)
	}
	announced, err := c.announced()
	if err != nil {
		return err
	}
	source := r.Body
	if source == nil {
		source = http.NoBody
	}
	// Lines of chunks are about 90 bytes: chunks of 720 bytes on average pass,
	// and S3 wants 8 kB of each.
	limited := &io.LimitedReader{R: source, N: length + length/8 + 64<<10}
	d := &decoder{in: bufio.NewReaderSize(limited, maxLine), limited: limited, length: int(length), trailers: announced}
	if c.payload.stated != streamUnsigned {
		d.chain = newChain(c, p)
	}
	if err := d.read(c.payload.stated != streamSigned); err != nil {
		return err
	}
	if err := checkTrailer(r); err != nil {
		return err
	}
	if err := announced.check(d.body); err != nil {
		return err
	}
	restore(r, d.body)
	plainHeaders(r, length)
	r.Trailer = announced.header()
	return nil
}

// plainHeaders makes the headers say what the body is, now that it is decoded.
func plainHeaders(r *http.Request, length int64) {
	r.ContentLength, r.TransferEncoding = length, nil
	if r.Header.Get("Content-Length") != "" {
		r.Header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	var left []string
	for _, value := range r.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, awsChunked) {
				left = append(left, coding)
			}
		}
	}
	r.Header.Del("Content-Encoding")
	if len(left) > 0 {
		r.Header.Set("Content-Encoding", strings.Join(left, ","))
	}
}

// decoder reads a streamed body.
type decoder struct {
	in       *bufio.Reader
	limited  *io.LimitedReader
	length   int    // of the payload, as it was signed
	chain    *chain // nil: chunks are not signed
	trailers *trailers
	body     []byte
}

// read reads chunks up to the last, which is empty, then the trailers if there
// are to be any, and demands that nothing follows.
func (d *decoder) read(trailed bool) error {
	const atOnce = 256 << 10
	d.body = make([]byte, 0, min(d.length, atOnce))
	for {
		size, signature, err := d.readSize()
		if err != nil {
			return err
		}
		start := len(d.body)
		for left := size; left > 0; {
			piece := min(left, atOnce)
			d.body = slices.Grow(d.body, piece)
			end := len(d.body)
			d.body = d.body[:end+piece]
			if _, err := io.ReadFull(d.in, d.body[end:]); err != nil {
				return d.broken(err)
			}
			left -= piece
		}
		if err := d.chain.chunk(d.body[start:], signature); err != nil {
			return err
		}
		if size == 0 {
			break
		}
		if err := d.expectLine(""); err != nil {
			return err
		}
	}
	if len(d.body) != d.length {
		return refuse(IncompleteBody, "the chunks have %d bytes; X-Amz-Decoded-Content-Length is %d", len(d.body), d.length)
	}
	if trailed {
		if err := d.readTrailers(); err != nil {
			return err
		}
	} else if err := d.expectLine(""); err != nil {
		return err
	}
	if _, err := d.in.ReadByte(); err != io.EOF || d.limited.N == 0 {
		return refuse(IncompleteBody, "there is more after the end of the chunks")
	}
	return nil
}

// readSize reads the line before a chunk: its size in hexadecimal digits, and
// its signature where chunks are signed.
func (d *decoder) readSize() (int, string, error) {
	line, err := d.line()
	if err != nil {
		return 0, "", err
	}
	digits, signature, found := strings.Cut(line, ";"+chunkSignature)
	size, err := strconv.ParseUint(digits, 16, 31)
	switch {
	case err != nil || strings.Trim(digits, "0123456789abcdefABCDEF") != "" || found != (d.chain != nil):
		return 0, "", refuse(IncompleteBody, "a chunk does not begin with its size, and its signature where chunks are signed")
	case int(size) > d.length-len(d.body):
		return 0, "", refuse(IncompleteBody, "the chunks have more bytes than X-Amz-Decoded-Content-Length, which is %d", d.length)
	}
	return int(size), signature, nil
}

// readTrailers reads lines up to an empty one.
func (d *decoder) readTrailers() error {
	var signed strings.Builder
	for {
		line, err := d.line()
		if err != nil {
			return err
		}
		name, value, found := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.Trim(value, " \t")
		switch {
		case !found:
			return refuse(IncompleteBody, "a trailer is not a name, a colon and a value")
		case name == trailerSignatureName && d.chain != nil:
			if err := d.chain.trailer(signed.String(), value); err != nil {
				return err
			}
			return d.expectLine("")
		}
		if err := d.trailers.take(name, value); err != nil {
			return err
		}
		signed.WriteString(name + ":" + value + "\n")
		if d.chain == nil && d.trailers.complete() {
			return d.expectLine("")
		}
	}
}

// line reads a line that ends in CR LF, without its end.
func (d *decoder) line() (string, error) {
	line, err := d.in.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return "", refuse(IncompleteBody, "a line between the chunks has more than %d bytes", maxLine)
	case err != nil:
		return "", d.broken(err)
	case len(line) < 2 || line[len(line)-2] != '\r':
		return "", refuse(IncompleteBody, "a line between the chunks does not end in CR LF")
	}
	return string(line[:len(line)-2]), nil
}

func (d *decoder) expectLine(want string) error {
	line, err := d.line()
	if err == nil && line != want {
		err = refuse(IncompleteBody, "a chunk, or the trailers, do not end where they should")
	}
	return err
}

// broken tells a body that ends too soon from one that is too long.
func (d *decoder) broken(err error) error {
	switch {
	case d.limited.N == 0:
		return refuse(RequestEntityTooLarge, "the chunks of the body are too small: their lines have more bytes than is bearable")
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return refuse(IncompleteBody, "the body ends in the middle")
	}
	return unreadable(err)
}

// chain signs the chunks of a body, each with the signature of the one before.
type chain struct {
	mac      hash.Hash
	date     string
	scope    string
	previous string
}

// newChain begins with the signature of the request.
func newChain(c *claim, p proof) *chain {
	return &chain{
		mac: hmac.New(sha256.New, p.key[:]), date: c.date, scope: string(c.scope.append(nil, c.algorithm)),
		previous: hex.EncodeToString(c.signature()),
	}
}

// chunk checks the signature of a chunk. A nil chain checks nothing.
func (c *chain) chunk(data []byte, signature string) error {
	if c == nil {
		return nil
	}
	return c.check("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n"+hashHex(data), signature)
}

// trailer checks the signature of the trailers.
func (c *chain) trailer(lines, signature string) error {
	return c.check("AWS4-HMAC-SHA256-TRAILER", hashHex([]byte(lines)), signature)
}

func (c *chain) check(kind, content, signature string) error {
	want := c.sign(kind, content)
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return refuse(InvalidSignature, "the signature of a chunk or of the trailers does not match")
	}
	return nil
}

// sign returns the next signature.
func (c *chain) sign(kind, content string) string {
	c.mac.Reset()
	io.WriteString(c.mac, kind+"\n"+c.date+"\n"+c.scope+"\n"+c.previous+"\n"+content) // a hash returns no error
	c.previous = hex.EncodeToString(c.mac.Sum(nil))
	return c.previous
}
