package saml

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stepwell/stepwell/internal/outbound"
)

const fetchTimeout = 10 * time.Second

// fetcher reads metadata within bounds: 10 seconds for the whole answer, 5 MiB
// of body after decompression, no redirect, no cookie.
type fetcher struct{ client *http.Client }

func newFetcher(given *http.Client) *fetcher {
	return &fetcher{outbound.NewClient(given, fetchTimeout)}
}

var errTooLong = errors.New("its answer is longer than 5 MiB")

// document reads what is at url. Its type is not looked at: metadata is served
// under half a dozen, and what is not metadata does not parse as such.
func (f *fetcher) document(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.client.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1")
	resp, err := f.client.Do(req)
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
	body, err := outbound.ReadAtMost(resp.Body, maxMetadata)
	if errors.Is(err, outbound.ErrTooLong) {
		err = errTooLong
	}
	return body, err
}
