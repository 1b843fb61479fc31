package sts_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool/sts"
)

// Whatever answers, the client returns whole credentials or an error of its own that does not have the token.
func FuzzAnswer(f *testing.F) {
	good := awsAnswer("AssumeRoleWithWebIdentity", awsCredentials)
	for _, seed := range []string{good, awsError("Throttling", "Rate exceeded"), awsError("ValidationError", secretToken), "", "<a>", good[:len(good)/2], "<!DOCTYPE a>" + good} {
		f.Add(http.StatusOK, seed)
		f.Add(http.StatusBadRequest, seed)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 {
			return
		}
		c, err := sts.NewClient(sts.ClientConfig{Region: "eu-west-1", HTTPClient: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})}})
		require.NoError(t, err)
		got, err := c.AssumeRoleWithWebIdentity(t.Context(), webIdentityInput())
		if err != nil {
			var refused *sts.Error
			require.ErrorAs(t, err, &refused)
			require.NotEmpty(t, refused.Code)
			require.NotContains(t, refused.Message, secretToken)
			require.Empty(t, got)
			return
		}
		require.Equal(t, http.StatusOK, status)
		require.NotEmpty(t, got.Credentials.AccessKeyID)
		require.NotEmpty(t, got.Credentials.SecretAccessKey)
		require.NotEmpty(t, got.Credentials.SessionToken)
		require.False(t, got.Credentials.Expiration.IsZero())
	})
}
