package oidc

import (
	"context"
	"time"
)

// ReplayStore remembers what may be used once. A user pool is one, and so is the store of package saml for one process.
type ReplayStore interface {
	// UseOnce reports whether key is used for the first time, and remembers it at
	// least until the time until. It is atomic: of several calls with the same
	// key, in any process, one is told true. key has at most 128 bytes.
	UseOnce(ctx context.Context, key string, until time.Time) (first bool, err error)
}
