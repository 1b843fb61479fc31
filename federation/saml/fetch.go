package saml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const fetchTimeout = 10 * time.Second

// fetcher reads metadata within bounds: 10 seconds for the whole answer, 5 MiB
// of body after decompression, no redirect, no cookie.
type fetcher struct {
	transport http.RoundTripper
	timeout   time.Duration
}

func newFetcher(client *http.Client) *fetcher {
	f := &fetcher{transport: http.DefaultTransport, timeout: fetchTimeout}
	if client != nil {
		if client.Transport != nil {
			f.transport = client.Transport
		}
		if client.Timeout > 0 && client.Timeout < f.timeout {
			f.timeout = client.Timeout
		}
	}
	return f
}

var errTooLong = errors.New("its answer is longer than 5 MiB")

// document reads what is at url. Its type is not looked at: metadata is served
// under half a dozen, and what is not metadata does not parse as such.
func (f *fetcher) document(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1")
	client := &http.Client{
		Transport:     f.transport,
		Timeout:       f.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, fmt.Errorf("it answered with a redirect (status %d); redirects are not followed, give the final URL", resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("it answered with status %d", resp.StatusCode)
	case resp.ContentLength > maxMetadata:
		return nil, errTooLong
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxMetadata+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxMetadata {
		return nil, errTooLong
	}
	return body, nil
}
