package sts

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	defaultTimeout = 10 * time.Second
	maxAnswer      = 256 << 10
	formType       = "application/x-www-form-urlencoded; charset=utf-8"
	fallbackRegion = "us-east-1"
)

// ClientConfig is what [NewClient] needs. Region or Endpoint is required.
type ClientConfig struct {
	// Region is the AWS region whose STS is asked, such as "eu-west-1". It is also what GetCallerIdentity is signed for, which with an
	// Endpoint is "us-east-1" by default.
	Region string
	// Endpoint is the URL of another STS: a VPC endpoint, one that conforms to FIPS, that of a closed partition, or a [Service]. It is https
	// without query. The default is that of AWS in the Region.
	Endpoint string
	// HTTPClient gives the transport, and a timeout if it has one. The default is http.DefaultTransport and 10 seconds. Redirects are
	// never followed and cookies never kept.
	HTTPClient *http.Client
	// InsecureAllowHTTP permits an Endpoint with http on this machine, for tests.
	InsecureAllowHTTP bool
	// Now is the clock of signatures; time.Now by default.
	Now func() time.Time
}

// Client asks AWS's Security Token Service, or a [Service]. It is safe for concurrent use. It does not try again by itself: see
// [Error.Temporary].
type Client struct {
	endpoint string
	region   string
	http     *http.Client
	now      func() time.Time
}

// NewClient returns a client. It connects to nothing.
func NewClient(config ClientConfig) (*Client, error) {
	c := &Client{endpoint: config.Endpoint, region: config.Region, now: config.Now}
	switch {
	case config.Region == "" && config.Endpoint == "":
		return nil, errors.New("sts: ClientConfig needs a Region or an Endpoint")
	case config.Endpoint != "":
		if err := checkEndpoint(config.Endpoint, config.InsecureAllowHTTP); err != nil {
			return nil, err
		}
		if c.region == "" {
			c.region = fallbackRegion
		}
	default:
		var err error
		if c.endpoint, err = endpoint(config.Region); err != nil {
			return nil, err
		}
	}
	if !regionName.MatchString(c.region) {
		return nil, fmt.Errorf("sts: ClientConfig.Region %q is not the name of a region", c.region)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.http = &http.Client{
		Transport: http.DefaultTransport, Timeout: defaultTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if given := config.HTTPClient; given != nil {
		if given.Transport != nil {
			c.http.Transport = given.Transport
		}
		if given.Timeout > 0 {
			c.http.Timeout = given.Timeout
		}
	}
	return c, nil
}

// checkEndpoint admits what a token may be sent to.
func checkEndpoint(text string, allowHTTP bool) error {
	if strings.Contains(text, "@") { // what stands before it is in no error
		return errors.New("sts: ClientConfig.Endpoint has an @; a user name and password have no place in it")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return fmt.Errorf("sts: ClientConfig.Endpoint %q is not a URL such as https://sts.example.com", text)
	}
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && allowHTTP && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("sts: ClientConfig.Endpoint %q: only https is accepted, or http on this machine with InsecureAllowHTTP", text)
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// call is one request.
type call struct {
	action  string
	form    url.Values
	secrets []string                  // what is sent and must not come back in an error
	sign    *identitypool.Credentials // nil for an unsigned request
}

// errorXML is an answer that tells of an error.
type errorXML struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Error   struct {
		Type, Code, Message string
	}
	RequestID string `xml:"RequestId"`
}

// do sends a request and reads the answer into result, a pointer to a struct whose XMLName demands the name of the answer.
func (c *Client) do(ctx context.Context, what call, result any) error {
	what.form.Set("Action", what.action)
	what.form.Set("Version", version)
	body := what.form.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, strings.NewReader(body))
	if err != nil {
		return &Error{Code: ValidationError, Message: "The request could not be made.", cause: err}
	}
	r.Header.Set("Content-Type", formType)
	r.Header.Set("Accept", "text/xml")
	if what.sign != nil {
		credentials := sigv4.Credentials{
			AccessKeyID: what.sign.AccessKeyID, SecretAccessKey: what.sign.SecretAccessKey, SessionToken: what.sign.SessionToken,
		}
		if err := sigv4.Sign(r, []byte(body), credentials, c.region, "sts", c.now()); err != nil {
			return &Error{Code: ValidationError, Message: "The request could not be signed.", cause: err}
		}
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return &Error{Code: Unavailable, Message: "The service gave no answer: " + err.Error(), cause: err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return &Error{Code: Unavailable, Message: "The answer broke off: " + err.Error(), Status: answer.StatusCode, cause: err}
	}
	if len(text) > maxAnswer {
		return unusable(answer.StatusCode, "The answer is longer than %d bytes.", maxAnswer)
	}
	if answer.StatusCode == http.StatusOK {
		if err := xml.Unmarshal(text, result); err != nil {
			return unusable(answer.StatusCode, "The answer is none of %s.", what.action)
		}
		return nil
	}
	var refused errorXML
	if err := xml.Unmarshal(text, &refused); err != nil || !answeredCode.MatchString(refused.Error.Code) {
		return unusable(answer.StatusCode, "The service answered with the status %d and no error of STS.", answer.StatusCode)
	}
	return answeredError(answer.StatusCode, refused, what.secrets)
}
