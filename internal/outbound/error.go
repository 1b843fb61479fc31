package outbound

import (
	"context"
	"errors"
	"net/url"
)

// WithoutURL returns what a client's error says without the method and the URL that [url.Error] adds, or err itself where it adds none:
// a URL may hold what belongs to one person, and the caller knows it anyway.
func WithoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// ContextError returns context.DeadlineExceeded or context.Canceled if that is why err came about, and nil otherwise. It may be wrapped
// where err may not, whose text can hold anything.
func ContextError(err error) error {
	for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}
