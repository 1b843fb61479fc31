package sigv4

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const (
	defaultSkew    = 5 * time.Minute
	maxSkew        = 15 * time.Minute
	defaultExpires = 15 * time.Minute
	maxExpires     = 7 * 24 * time.Hour
	defaultBody    = 1 << 20
	maxBody        = 1 << 30
)

// SecretFunc finds the secret access key that belongs to an access key ID.
// sessionToken is X-Amz-Security-Token, "" when there is none; whether it
// belongs to the access key and is still good is for the function to say. When
// there is no such key it returns a zero Secret: the request is then refused
// like one with a wrong signature. The error is for failures, such as a store
// that does not answer; the verifier returns it as it is.
//
// Nothing of the request is verified yet when the function is called.
type SecretFunc func(ctx context.Context, accessKeyID, sessionToken string) (Secret, error)

// Secret is what a [SecretFunc] found.
type Secret struct {
	// AccessKey is the secret access key; "" when the access key is unknown.
	AccessKey string
	// Principal is handed on in Signed.Principal, untouched: whose access key
	// it is, so that nobody need look it up twice.
	Principal any
}

// String keeps the secret out of messages.
func (s Secret) String() string { return "a secret access key" }

// GoString keeps the secret out of messages.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps the secret out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// OnceFunc reports whether key is seen for the first time, and remembers it
// until the time given, from which on the request is refused for its age. Of two
// calls with one key at the same moment, in any process, one is the first: think
// of an INSERT into a table whose primary key it is. key is 64 hexadecimal
// digits, and no secret. The error is for failures; the verifier returns it as
// it is.
type OnceFunc func(ctx context.Context, key string, until time.Time) (first bool, err error)

// Config is what a [Verifier] needs.
type Config struct {
	// Region and Service are the scope a signature must have, compared
	// exactly. Required. The service "s3" has rules of its own, see the package
	// documentation.
	Region, Service string
	// Secret finds the secret of an access key. Required. It must be safe for
	// concurrent use.
	Secret SecretFunc
	// MaxSkew is how far the date of a request may be from the clock, before
	// or after. Default 5 minutes, as at AWS; at most 15 minutes.
	MaxSkew time.Duration
	// MaxBody is how many bytes of a body Verify reads at most, decoded if it
	// is streamed. Default 1 MiB, no more than 1 GiB.
	MaxBody int64
	// Now is the clock. Default time.Now.
	Now func() time.Time

	// AllowPresigned accepts signatures in the query: presigned URLs. With the
	// service "s3" their body is not signed, and whoever has the URL of a PUT
	// chooses it.
	AllowPresigned bool
	// MaxExpires is the longest X-Amz-Expires that is accepted of a presigned
	// URL, in whole seconds. Default 15 minutes, at most 7 days. URLs that are
	// good for longer are refused, not shortened.
	MaxExpires time.Duration
	// AllowUnsignedPayload accepts UNSIGNED-PAYLOAD: bodies that the signature
	// does not cover.
	AllowUnsignedPayload bool
	// AllowStreaming accepts bodies in the encoding aws-chunked, whose chunks
	// are signed one by one; with AllowUnsignedPayload also those whose chunks
	// are not.
	AllowStreaming bool
	// AllowSigV4A accepts AWS4-ECDSA-P256-SHA256, the signature for a set of
	// regions.
	AllowSigV4A bool
	// Once refuses requests that are sent again: it is asked about each
	// request that has been verified, but presigned GET and HEAD requests,
	// which are for repeated use. Default nil: a request may be sent again
	// while its date is good. It must be safe for concurrent use.
	Once OnceFunc
}

// Verifier verifies requests for one region and service. Make one with [New].
// It is safe for concurrent use.
type Verifier struct {
	config Config
}

// New returns a Verifier, or an error that names the field that is wrong.
func New(config Config) (*Verifier, error) {
	if err := checkScope(config.Region, config.Service); err != nil {
		return nil, fmt.Errorf("sigv4: Config.Region and Config.Service: %w", err)
	}
	switch {
	case config.Secret == nil:
		return nil, errors.New("sigv4: Config.Secret is nil; give the function that finds secret access keys")
	case config.MaxSkew < 0 || config.MaxSkew > maxSkew:
		return nil, fmt.Errorf("sigv4: Config.MaxSkew is %s; it must be between 0 (for %s) and %s", config.MaxSkew, defaultSkew, maxSkew)
	case config.MaxBody < 0 || config.MaxBody > maxBody:
		return nil, fmt.Errorf("sigv4: Config.MaxBody is %d; it must be between 0 (for %d) and %d", config.MaxBody, defaultBody, maxBody)
	case config.MaxExpires < 0 || config.MaxExpires > maxExpires || config.MaxExpires%time.Second != 0:
		return nil, fmt.Errorf("sigv4: Config.MaxExpires is %s; it must be whole seconds between 0 (for %s) and %s",
			config.MaxExpires, defaultExpires, maxExpires)
	case config.MaxExpires != 0 && !config.AllowPresigned:
		return nil, errors.New("sigv4: Config.MaxExpires is for presigned URLs, which Config.AllowPresigned does not allow")
	}
	if config.MaxSkew == 0 {
		config.MaxSkew = defaultSkew
	}
	if config.MaxBody == 0 {
		config.MaxBody = defaultBody
	}
	if config.MaxExpires == 0 {
		config.MaxExpires = defaultExpires
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Verifier{config: config}, nil
}
