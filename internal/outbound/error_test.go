package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWithoutURL(t *testing.T) {
	named := &url.Error{Op: "Get", URL: "https://idp.example/?code=secret", Err: io.ErrUnexpectedEOF}
	require.Equal(t, io.ErrUnexpectedEOF, WithoutURL(named))
	require.Equal(t, io.ErrUnexpectedEOF, WithoutURL(fmt.Errorf("reading: %w", named)))
	require.Equal(t, io.EOF, WithoutURL(io.EOF))
	require.NoError(t, WithoutURL(nil))
}

func TestContextError(t *testing.T) {
	require.NoError(t, ContextError(nil))
	require.NoError(t, ContextError(io.EOF))
	require.Equal(t, context.Canceled, ContextError(fmt.Errorf("it: %w", context.Canceled)))
	require.Equal(t, context.DeadlineExceeded, ContextError(&url.Error{Err: context.DeadlineExceeded}))
	require.Equal(t, context.DeadlineExceeded, ContextError(errors.Join(context.Canceled, context.DeadlineExceeded)))
}

// The timeout of a client counts like that of a context.
func TestContextError_OfAClient(t *testing.T) {
	client := NewClient(&http.Client{Timeout: time.Millisecond, Transport: waits{}}, time.Second)
	_, err := client.Get("https://idp.example/")
	require.Equal(t, context.DeadlineExceeded, ContextError(err))
}

// waits is a transport that answers nothing.
type waits struct{}

func (waits) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}
