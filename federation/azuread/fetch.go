package azuread

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/outbound"
)

const (
	fetchTimeout = 10 * time.Second
	maxAnswer    = 1 << 20
)

// fetcher asks the directory and Graph. It follows no redirects, keeps no cookies,
// and reads at most 1 MiB within 10 seconds.
type fetcher struct{ client *http.Client }

func newFetcher(given *http.Client) *fetcher {
	return &fetcher{outbound.NewClient(given, fetchTimeout)}
}

// answer is a JSON object and the status that it came with.
type answer struct {
	status int
	object map[string]any
}

func (a *answer) text(name string) string { s, _ := a.object[name].(string); return s }

// object makes a request, and returns the answer if it is a JSON object with a
// status of 200 or 4xx. Its errors contain nothing of the request but the URL's
// host, and nothing of the answer.
func (f *fetcher) object(req *http.Request) (*answer, error) {
	status, body, err := f.read(req)
	if err != nil {
		return nil, err
	}
	object, err := jose.DecodeObject(body)
	if err != nil {
		return nil, fmt.Errorf("the answer of %s is not a JSON object", req.URL.Host)
	}
	return &answer{status: status, object: object}, nil
}

func (f *fetcher) read(req *http.Request) (status int, body []byte, err error) {
	req.Header.Set("Accept", "application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		return 0, nil, outbound.WithoutURL(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && (resp.StatusCode < 400 || resp.StatusCode > 499) {
		return 0, nil, fmt.Errorf("%s answered with status %d", req.URL.Host, resp.StatusCode)
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return 0, nil, fmt.Errorf("%s answered with status %d and no application/json", req.URL.Host, resp.StatusCode)
	}
	body, err = outbound.ReadAtMost(resp.Body, maxAnswer)
	if errors.Is(err, outbound.ErrTooLong) {
		return 0, nil, fmt.Errorf("the answer of %s is longer than %d bytes", req.URL.Host, maxAnswer)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("the answer of %s broke off", req.URL.Host)
	}
	return resp.StatusCode, body, nil
}

// recovered turns a panic, which a transport given by the application could raise,
// into an error: singleflight would end the process.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fail(Unavailable, "the HTTP transport panicked")
	}
}

// postForm makes the request that posts a form.
func postForm(ctx context.Context, address string, form url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}
