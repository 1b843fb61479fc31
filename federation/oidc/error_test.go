package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorCodes(t *testing.T) {
	codes := []Code{InvalidConfig, InvalidRequest, DiscoveryFailed, InvalidPending, InvalidResponse, AccessDenied,
		ProviderError, ExchangeFailed, InvalidToken, UserInfoFailed}
	for _, code := range codes {
		err := fmt.Errorf("signing in: %w", fail(code, "text"))
		for _, other := range codes {
			require.Equal(t, code == other, errors.Is(err, other))
		}
		require.Equal(t, string(code), code.Error())
	}
}

func TestFailCause(t *testing.T) {
	cause := &url.Error{Op: "Post", URL: "https://idp.example/secret", Err: fmt.Errorf("read secret: %w", context.Canceled)}
	err := failCause(ExchangeFailed, "the token endpoint", cause, "secret", "")
	require.EqualError(t, err, "oidc: the token endpoint: read [redacted]: context canceled")
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.Nil(t, failCause(ExchangeFailed, "x", errors.New("y")).Unwrap())
}

func TestPlain(t *testing.T) {
	for _, test := range []struct {
		text, want string
		limit      int
		secrets    []string
	}{
		{"abc", "abc", 3, nil},
		{"abcd", "abc...", 3, nil},
		{"a\x00\r\n\u202eb\xff", "a    b", 10, nil},
		{"the secret", "the [redacted]", 20, []string{"secret"}},
		{"secret", "[redacte...", 8, []string{"secret"}},
		{"a%2Fb a/b", "[redacted] [redacted]", 50, []string{"a/b"}},
		{"text", "text", 10, []string{""}},
	} {
		require.Equal(t, test.want, plain(test.text, test.limit, test.secrets...))
	}
	for _, good := range []string{"invalid_grant", "AADSTS50011", "a.b-c"} {
		require.True(t, isErrorCode(good))
	}
	for _, bad := range []string{"", "a b", "<x>", "é", strings.Repeat("x", 65)} {
		require.False(t, isErrorCode(bad))
	}
}
