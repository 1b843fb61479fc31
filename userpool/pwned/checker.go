package pwned

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/outbound"
)

const (
	defaultURL       = "https://api.pwnedpasswords.com"
	defaultUserAgent = "stepwell"
	defaultTimeout   = 2 * time.Second

	// maxAnswer bounds an answer, which has some 40 kB.
	maxAnswer     = 1 << 20
	maxHeader     = 64 << 10
	maxRedirects  = 3
	maxRetryAfter = 24 * time.Hour
)

// Config says which service to ask, and how.
type Config struct {
	// URL is the address of the service, below which are its ranges: a GET of URL + "/range/21BD1" is sent. It is absolute, without user
	// information, query and fragment. Default https://api.pwnedpasswords.com, the service of Have I Been Pwned.
	URL string
	// Client sends the requests; nil means one of its own, whose transport is that of the standard library with a header of at most
	// 64 KiB. Its Transport, Timeout and CheckRedirect are used, its cookies are not.
	Client *http.Client
	// Timeout bounds one question. Default 2 seconds: somebody is waiting.
	Timeout time.Duration
	// MinCount is how often a password must have been seen in breaches to count as breached. Default 1.
	MinCount int
	// UserAgent is sent in the header of that name, which the service wants. Default "stepwell".
	UserAgent string
	// InsecureAllowHTTP accepts a URL with the scheme http: whoever is on the way learns the first five digits of hashes, and decides
	// about the answer. For a mirror on the same machine, and for tests.
	InsecureAllowHTTP bool
}

// Checker asks a service with the protocol of Pwned Passwords. It is a userpool.BreachChecker, and safe for concurrent use.
type Checker struct {
	url       string // ends in /range/
	client    http.Client
	timeout   time.Duration
	minCount  int64
	userAgent string
}

// New checks config and returns a Checker, which has not asked anything yet. An error says which field is wrong.
func New(config Config) (*Checker, error) {
	config.URL = cmp.Or(config.URL, defaultURL)
	config.UserAgent = cmp.Or(config.UserAgent, defaultUserAgent)
	config.Timeout = cmp.Or(config.Timeout, defaultTimeout)
	config.MinCount = cmp.Or(config.MinCount, 1)
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("pwned: %w", err)
	}
	c := &Checker{
		url:     strings.TrimRight(config.URL, "/") + "/range/",
		timeout: config.Timeout, minCount: int64(config.MinCount), userAgent: config.UserAgent,
	}
	if config.Client != nil {
		c.client = *config.Client
	} else if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		transport := standard.Clone()
		transport.MaxResponseHeaderBytes = maxHeader
		c.client.Transport = transport
	}
	if c.client.Timeout > 0 {
		c.timeout = min(c.timeout, c.client.Timeout) // as one deadline, which ask can see
		c.client.Timeout = 0
	}
	c.client.Jar = nil
	c.client.CheckRedirect = redirectPolicy(c.client.CheckRedirect)
	return c, nil
}

// check says which field of a complete Config is wrong.
func (c Config) check() error {
	target, err := url.Parse(c.URL)
	switch {
	case err != nil || target.Hostname() == "" || target.User != nil || strings.ContainsAny(c.URL, "?#"):
		return errors.New("Config.URL is not an absolute address without user information, query and fragment, such as " + defaultURL)
	case target.Scheme != "https" && target.Scheme != "http":
		return fmt.Errorf("Config.URL has the scheme %.20q; use https", target.Scheme)
	case target.Scheme == "http" && !c.InsecureAllowHTTP:
		return errors.New("Config.URL has the scheme http; use https, or set InsecureAllowHTTP for a service on the same machine")
	case c.Timeout < 0:
		return fmt.Errorf("Config.Timeout is %s; it must be positive, or 0 for %s", c.Timeout, defaultTimeout)
	case c.MinCount < 0:
		return fmt.Errorf("Config.MinCount is %d; it must be positive, or 0 for 1", c.MinCount)
	case len(c.UserAgent) > 200 || strings.ContainsFunc(c.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("Config.UserAgent has more than 200 characters, or one that is not printing ASCII")
	}
	return nil
}

// redirectPolicy lets a redirect stay on the host it came from, and lets own, which may be nil, refuse more.
func redirectPolicy(own func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		from := via[len(via)-1].URL
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("more than %d redirects", maxRedirects)
		case next.URL.Scheme != from.Scheme:
			return fmt.Errorf("redirect from %s to %.20s", from.Scheme, next.URL.Scheme)
		case !strings.EqualFold(next.URL.Host, from.Host):
			return fmt.Errorf("redirect from %s to another host, %.100q", from.Host, next.URL.Host)
		case own != nil:
			return own(next, via)
		}
		return nil
	}
}

// Breached reports whether a password, in the form in which it will be hashed, was seen in breaches at least Config.MinCount times. Where
// there is an error, an [*Error], that is not known. It returns when ctx is done, or Config.Timeout is over.
func (c *Checker) Breached(ctx context.Context, password string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	name := digest(password)
	answer, err := c.ask(ctx, name[:prefixDigits])
	if err != nil {
		return false, err
	}
	count, err := countIn(answer, name[prefixDigits:])
	return err == nil && count >= c.minCount, err
}

// ask returns what the service has for a prefix.
func (c *Checker) ask(ctx context.Context, prefix string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+prefix, nil)
	if err != nil {
		return "", unavailable(err, "")
	}
	request.Header.Set("Add-Padding", "true")
	request.Header.Set("User-Agent", c.userAgent)
	// Compression would undo the padding, and let a short answer grow.
	request.Header.Set("Accept-Encoding", "identity")
	response, err := c.client.Do(request)
	if err != nil { // its URL ends in the prefix
		return "", unavailable(outbound.WithoutURL(err), "")
	}
	defer response.Body.Close()
	if err := checkResponse(response); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil {
		// A server that sees the connection being closed may still end its answer in good form, and short of the lines that matter.
		err = ctx.Err()
	}
	if err != nil {
		return "", unavailable(err, "the answer broke off")
	}
	if len(answer) > maxAnswer {
		return "", tooLong()
	}
	return string(answer), nil
}

func tooLong() error { return invalid("the answer is longer than %d bytes", maxAnswer) }

func checkResponse(response *http.Response) error {
	status := response.StatusCode
	if status != http.StatusOK {
		out := &Error{Code: Unavailable, Status: status}
		switch status {
		case http.StatusTooManyRequests:
			out.Code = RateLimited
			out.RetryAfter = retryAfter(response.Header)
		case http.StatusServiceUnavailable:
			out.RetryAfter = retryAfter(response.Header)
		}
		return out
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return invalid("the answer is compressed (%.20q), which was not asked for", encoding)
	}
	if response.ContentLength > maxAnswer {
		return tooLong()
	}
	return nil
}

// retryAfter reads Retry-After: seconds, or a time, which is compared with the service's own clock.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	var out time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		out = time.Duration(seconds) * time.Second
	} else if then, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(header.Get("Date"))
		if err != nil {
			return 0
		}
		out = then.Sub(now)
	}
	return min(max(out, 0), maxRetryAfter)
}
