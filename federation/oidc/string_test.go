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

// R17: nor does who logs a sign-in.
func TestR17_PrintedSignIn(t *testing.T) {
	signIn := oidc.SignIn{Subject: "s", AccessToken: "canary-access", IDToken: "canary-id"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, signIn), "canary", verb)
		require.NotContains(t, fmt.Sprintf(verb, &signIn), "canary", verb)
	}
}
