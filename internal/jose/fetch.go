package jose

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxRedirects = 3
)

// fetcher gets a JWK set from its URL, once, within bounds.
type fetcher struct {
	url    string
	host   string
	client http.Client
}

func newFetcher(config RemoteKeysConfig) (*fetcher, error) {
	target, err := url.Parse(config.URL)
	if err != nil || target.Host == "" || target.User != nil {
		return nil, refuse(ErrKey, "key set URL is not absolute, or has user information")
	}
	if target.Scheme != "https" && !(config.InsecureAllowHTTP && target.Scheme == "http") {
		return nil, refuse(ErrKey, "key set URL of %s has scheme %q; use https", target.Host, target.Scheme)
	}
	f := &fetcher{url: config.URL, host: target.Host}
	if config.Client != nil {
		f.client = *config.Client
	}
	f.client.Jar = nil
	f.client.CheckRedirect = redirectPolicy(f.client.CheckRedirect)
	return f, nil
}

// redirectPolicy lets a redirect stay on the host it came from, and lets own,
// which may be nil, refuse more.
func redirectPolicy(own func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		from := via[len(via)-1].URL
		switch {
		case len(via) > maxRedirects:
			return refuse(ErrKey, "more than %d redirects", maxRedirects)
		case next.URL.Scheme != "https" && next.URL.Scheme != from.Scheme:
			return refuse(ErrKey, "redirect from %s to %s", from.Scheme, next.URL.Scheme)
		case !strings.EqualFold(next.URL.Host, from.Host):
			return refuse(ErrKey, "redirect from %s to another host, %s", from.Host, next.URL.Host)
		case own != nil:
			return own(next, via)
		default:
			return nil
		}
	}
}

// fetch returns the usable keys of the set, at least one.
func (f *fetcher) fetch() (keys []PublicKey, err error) {
	// It runs on a goroutine of its own, where a panic of a client's transport
	// would end the process.
	defer func() {
		if r := recover(); r != nil {
			keys, err = nil, refuse(ErrKey, "the HTTP client panicked: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, wrap(ErrKey, err, "key set URL")
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	// Asked for by hand, so that the transport does not decompress: the bound is
	// on what comes over the wire and on what is parsed alike.
	request.Header.Set("Accept-Encoding", "identity")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, wrap(ErrKey, err, "fetching the key set")
	}
	defer response.Body.Close()
	if err := checkResponse(response); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil {
		return nil, wrap(ErrKey, err, "reading the key set")
	}
	keys, err = ParseKeySet(data)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, refuse(ErrKey, "key set of %s has no usable key", f.host)
	}
	return keys, nil
}

func checkResponse(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return refuse(ErrKey, "key set answered with status %d", response.StatusCode)
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refuse(ErrKey, "key set is compressed (%.20q), which was not asked for", encoding)
	}
	if response.ContentLength > maxKeySet {
		return refuse(ErrKey, "key set of %d bytes is longer than %d", response.ContentLength, maxKeySet)
	}
	contentType := response.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" && !(strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")) {
		return refuse(ErrKey, "key set has content type %.60q; it must be application/json or application/jwk-set+json", contentType)
	}
	return nil
}
