package oauth

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxForm bounds the body of a request, in bytes.
	maxForm = 64 << 10
	// maxQuery bounds the query of a request, in bytes as sent.
	maxQuery = 32 << 10
	// maxParams bounds the number of parameters.
	maxParams = 100
	// maxValue bounds a parameter that we hand back or keep, in bytes after decoding: state, nonce, login_hint, redirect_uri.
	maxValue = 2 << 10
	// maxHint bounds an id_token_hint, in bytes.
	maxHint = 16 << 10
	// bodyTimeout is how long a client may take to send a body of at most maxForm bytes.
	bodyTimeout = 15 * time.Second
)

// params are the parameters of one request. A parameter without a value counts as not sent (RFC 6749 section 3.1).
type params struct {
	values map[string]string
	// repeated holds the names that were sent more than once, which RFC 6749 section 3.1 forbids.
	repeated map[string]bool
}

// get returns the value of a parameter, "" if it was not sent.
func (p params) get(name string) string { return p.values[name] }

// anyRepeated tells whether a parameter was sent more than once. The parameter resource may be (RFC 8707), and is ignored.
func (p params) anyRepeated() bool {
	for name := range p.repeated {
		if name != "resource" {
			return true
		}
	}
	return false
}

// parseParams reads the encoding application/x-www-form-urlencoded, strictly: it refuses broken percent-encoding, a bare semicolon,
// text that is not UTF-8, NUL, and more than maxParams parameters. Of a repeated parameter it keeps the first value.
func parseParams(encoded ...string) (params, error) {
	p := params{values: map[string]string{}, repeated: map[string]bool{}}
	seen := map[string]bool{}
	for _, part := range encoded {
		if part == "" {
			continue
		}
		if strings.Count(part, "&") >= maxParams {
			return params{}, fmt.Errorf("there are more than %d parameters", maxParams)
		}
		for pair := range strings.SplitSeq(part, "&") {
			if pair == "" {
				continue
			}
			name, value, err := parsePair(pair)
			if err != nil {
				return params{}, err
			}
			if seen[name] {
				p.repeated[name] = true
				continue
			}
			seen[name] = true
			if value != "" {
				p.values[name] = value
			}
		}
	}
	return p, nil
}

func parsePair(pair string) (name, value string, err error) {
	if strings.Contains(pair, ";") {
		return "", "", errors.New("a semicolon is not percent-encoded")
	}
	rawName, rawValue, _ := strings.Cut(pair, "=")
	if name, err = url.QueryUnescape(rawName); err != nil {
		return "", "", errors.New("the percent-encoding is broken")
	}
	if value, err = url.QueryUnescape(rawValue); err != nil {
		return "", "", errors.New("the percent-encoding is broken")
	}
	if !utf8.ValidString(name) || !utf8.ValidString(value) || strings.Contains(name+value, "\x00") {
		return "", "", errors.New("a parameter is not UTF-8 text")
	}
	return name, value, nil
}

// formError says why a request has no form that we read.
type formError struct {
	status  int
	message string
}

func (e *formError) Error() string { return "oauth: " + e.message }

// readForm returns the body of a POST request as it was sent, and bounds its size and the time that it takes to come.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request) (string, error) {
	media, attributes, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(attributes["charset"])
	if err != nil || media != "application/x-www-form-urlencoded" || (charset != "" && charset != "utf-8") {
		return "", &formError{http.StatusBadRequest, "the body must be application/x-www-form-urlencoded in UTF-8"}
	}
	if r.Header.Get("Content-Encoding") != "" {
		return "", &formError{http.StatusUnsupportedMediaType, "the body must not be compressed"}
	}
	// A ResponseWriter that is no connection has no deadline, and no slow client either. The server removes the deadline when the body
	// has been read. If it has not, the deadline must stay, or the server would wait for the rest before it sends the answer.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return "", &formError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", maxForm)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", &formError{http.StatusRequestTimeout, "the body took too long to arrive"}
	case err != nil:
		return "", &formError{http.StatusBadRequest, "the body could not be read"}
	}
	return string(body), nil
}

// browserParams reads the parameters that a browser brings, by GET or POST. Of a POST request the query counts as well, so that a
// parameter in both places is seen as repeated.
func (h *Handler) browserParams(w http.ResponseWriter, r *http.Request) (params, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return params{}, &formError{http.StatusRequestURITooLong, fmt.Sprintf("the query is longer than %d bytes", maxQuery)}
	}
	encoded := []string{r.URL.RawQuery}
	if r.Method == http.MethodPost {
		body, err := h.readForm(w, r)
		if err != nil {
			return params{}, err
		}
		encoded = append(encoded, body)
	}
	p, err := parseParams(encoded...)
	if err != nil {
		return params{}, &formError{http.StatusBadRequest, err.Error()}
	}
	return p, nil
}

// formParams reads the parameters of a request that a program posts to the token or revocation endpoint. Nothing may stand in the
// query, where secrets would end in logs, and nothing may be repeated.
func (h *Handler) formParams(w http.ResponseWriter, r *http.Request) (params, *wireError) {
	body, err := h.readForm(w, r)
	if err != nil {
		e := new(formError)
		if !errors.As(err, &e) {
			return params{}, invalidRequest(err.Error())
		}
		return params{}, &wireError{Status: e.status, Code: errInvalidRequest, Description: e.message}
	}
	if r.URL.RawQuery != "" {
		return params{}, invalidRequest("parameters belong into the body, not into the URL")
	}
	p, err := parseParams(body)
	if err != nil {
		return params{}, invalidRequest(err.Error())
	}
	if p.anyRepeated() {
		return params{}, invalidRequest("a parameter is sent more than once")
	}
	return p, nil
}
