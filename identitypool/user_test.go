package identitypool

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestA21_ParsedDocuments: a document is kept by its text alone, what is kept is bounded, and what does not parse is not kept.
func TestA21_ParsedDocuments(t *testing.T) {
	var d parsedDocuments
	text := func(action string) []byte {
		return fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:%s","Resource":"*"}}`, action)
	}
	first, err := d.parse(text("Read"))
	require.NoError(t, err)
	again, err := d.parse(text("Read"))
	require.NoError(t, err)
	require.Same(t, first, again)
	other, err := d.parse(text("Write"))
	require.NoError(t, err)
	require.Equal(t, []string{"notes:Write"}, other.Statements()[0].Actions)
	_, err = d.parse([]byte("x"))
	require.Error(t, err)
	require.Len(t, d.of, 2)
	for i := range 1_000 {
		_, err = d.parse(text(strings.Repeat("a", 2_000) + fmt.Sprint(i)))
		require.NoError(t, err)
		size := 0
		for kept := range d.of {
			size += len(kept)
		}
		require.Equal(t, size, d.size)
		require.LessOrEqual(t, size, maxParsed)
	}
	require.Greater(t, d.size, maxParsed/4)
}

// TestSecretsStayOutOfLogs: what callers are likely to log has its secrets left out.
func TestSecretsStayOutOfLogs(t *testing.T) {
	secret := Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "never shown 1", SessionToken: "never shown 2"}
	who := AssumedRoleUser{ARN: "arn:of-whom"}
	for _, value := range []any{
		secret, User{Name: "of-whom", SecretAccessKey: "never shown 3"}, OpenIDToken{IdentityID: "of-whom", Token: "never shown 4"},
		GetCredentialsForIdentityResult{IdentityID: "of-whom", Credentials: secret}, GetSessionTokenResult{Credentials: secret},
		AssumeRoleResult{AssumedRoleUser: who, Credentials: secret}, AssumeRoleWithSAMLResult{AssumedRoleUser: who, Credentials: secret},
		AssumeRoleWithWebIdentityResult{AssumedRoleUser: who, Credentials: secret},
	} {
		var logs bytes.Buffer
		slog.New(slog.NewJSONHandler(&logs, nil)).Info("issued", "value", value)
		slog.New(slog.NewTextHandler(&logs, nil)).Info("issued", "value", value)
		fmt.Fprintf(&logs, "%v %+v %#v", value, value, value)
		require.Regexp(t, "of-whom|ASIAEXAMPLE", logs.String())
		require.NotContains(t, logs.String(), "never shown", "%T", value)
	}
}
