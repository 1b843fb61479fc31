package outbound

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// NewClient returns a client with the transport of given, or http.DefaultTransport if given or its transport is nil, and with its timeout,
// but at most the longest, which is also the default; it covers the whole answer. The client follows no redirect, for the one who answers
// would choose the next address: it returns the redirect itself. It has no cookie jar: a cookie would carry something of one person's
// sign-in into the next one's. given is not changed.
func NewClient(given *http.Client, longest time.Duration) *http.Client {
	client := &http.Client{
		Transport:     http.DefaultTransport,
		Timeout:       longest,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if given == nil {
		return client
	}
	if given.Transport != nil {
		client.Transport = given.Transport
	}
	if given.Timeout > 0 {
		client.Timeout = min(given.Timeout, longest)
	}
	return client
}

// ErrTooLong is the error of ReadAtMost for what is longer.
var ErrTooLong = errors.New("the body is longer than it may be")

// ReadAtMost returns all of r, or ErrTooLong if that is more than limit bytes. The body of an answer is read as the client hands it out:
// where the transport has decompressed it, the limit is on what came of that. Other errors are those of r.
func ReadAtMost(r io.Reader, limit int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > limit {
		return nil, ErrTooLong
	}
	return data, nil
}
