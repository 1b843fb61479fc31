package hostedui

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// What a person can do something about is no failure of the machinery: it is said on the page, and not logged.
func TestStatus(t *testing.T) {
	for want, codes := range map[int][]userpool.Code{
		http.StatusTooManyRequests:     {userpool.LimitExceeded},
		http.StatusServiceUnavailable:  {userpool.ServiceUnavailable, userpool.CodeDeliveryFailure},
		http.StatusNotFound:            {userpool.ResourceNotFound},
		http.StatusInternalServerError: {"another"},
		http.StatusUnprocessableEntity: {
			userpool.UnsupportedUserState, userpool.UnsupportedOperation, userpool.UsernameExists, userpool.AliasExists, userpool.NotAuthorized,
			userpool.LoginRequired, userpool.UserHookFailed, userpool.PasswordHistoryPolicyViolation,
		},
	} {
		for _, code := range codes {
			require.Equal(t, want, status(&userpool.Error{Code: code}), code)
		}
	}
}
