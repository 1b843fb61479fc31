package oidc

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/outbound"
)

const (
	maxBody      = 1 << 20
	fetchTimeout = 10 * time.Second
)

// fetcher talks to the provider within bounds: 10 seconds for the whole answer,
// 1 MiB of body after decompression, declared types only, no redirect, no cookie.
type fetcher struct{ client *http.Client }

func newFetcher(given *http.Client) *fetcher {
	return &fetcher{outbound.NewClient(given, fetchTimeout)}
}

// through returns the fetcher's client on another transport.
func (f *fetcher) through(transport http.RoundTripper) *http.Client {
	client := *f.client
	client.Transport = transport
	return &client
}

// object performs req and returns its answer if that is a JSON document with
// status 200.
func (f *fetcher) object(ctx context.Context, req *http.Request) ([]byte, error) {
	body, _, err := f.get(ctx, req, "application/json")
	return body, err
}

// objectOrToken is object for an answer that may also be a signed token, of
// application/jwt.
func (f *fetcher) objectOrToken(ctx context.Context, req *http.Request) (body []byte, isToken bool, err error) {
	body, media, err := f.get(ctx, req, "application/json", "application/jwt")
	return body, media == "application/jwt", err
}

// get returns the answer to req and which of the media types it has.
func (f *fetcher) get(ctx context.Context, req *http.Request, accept ...string) (body []byte, media string, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.client.Timeout)
	defer cancel()
	req.Header.Set("Accept", strings.Join(accept, ", "))
	resp, err := f.client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", statusError(resp)
	}
	return readBody(resp, accept...)
}

func statusError(resp *http.Response) error {
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return fmt.Errorf("it answered with a redirect (status %d); redirects are not followed", resp.StatusCode)
	}
	return fmt.Errorf("it answered with status %d", resp.StatusCode)
}

var errTooLong = errors.New("its answer is longer than 1 MiB")

func readJSON(resp *http.Response) ([]byte, error) {
	body, _, err := readBody(resp, "application/json")
	return body, err
}

// readBody returns the body if it is declared as one of the media types and is
// within bounds. The declaration matters: an HTML page of a proxy is no answer,
// whatever it holds.
func readBody(resp *http.Response, accept ...string) (body []byte, media string, err error) {
	media, _, err = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(accept, media) {
		return nil, "", fmt.Errorf("its answer is not declared as %s", strings.Join(accept, " or "))
	}
	if resp.ContentLength > maxBody {
		return nil, "", errTooLong
	}
	body, err = outbound.ReadAtMost(resp.Body, maxBody)
	if errors.Is(err, outbound.ErrTooLong) {
		err = errTooLong
	}
	return body, media, err
}
