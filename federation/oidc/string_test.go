package oidc_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/oidc"
)

// R17: who logs a provider logs no secret.
func TestR17_PrintedProvider(t *testing.T) {
	p, err := oidc.New(oidc.Config{Issuer: "https://idp.example", ClientID: "shop", ClientSecret: "canary-secret"})
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(verb, p)
		require.NotContains(t, text, "canary", verb)
		require.Contains(t, text, "https://idp.example as client shop", verb)
	}
}
