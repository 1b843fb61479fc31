package oidc_test

import (
	"context"
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

// BenchmarkIDToken verifies one ID token here and with go-oidc, with the keys at
// hand, so that the two can be compared in one run.
func BenchmarkIDToken(b *testing.B) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		idp := federationtest.NewServer(b, federationtest.Config{
			Algorithm: algorithm, Clients: []federationtest.Client{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{callbackURL}}},
		})
		token, err := idp.IDToken(clientID, "alice")
		require.NoError(b, err)
		ctx := context.Background()

		ours, err := oidc.New(oidc.Config{Issuer: idp.Issuer(), ClientID: clientID, ClientSecret: clientSecret, InsecureAllowHTTP: true})
		require.NoError(b, err)
		_, err = ours.VerifyLogin(ctx, token)
		require.NoError(b, err)
		b.Run(algorithm+"/stepwell", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ours.VerifyLogin(ctx, token); err != nil {
					b.Fatal(err)
				}
			}
		})

		provider, err := gooidc.NewProvider(ctx, idp.Issuer())
		require.NoError(b, err)
		theirs := provider.Verifier(&gooidc.Config{ClientID: clientID, Now: time.Now, SupportedSigningAlgs: []string{algorithm}})
		verify := func() error { // to the claims, which ours returns
			verified, err := theirs.Verify(ctx, token)
			if err != nil {
				return err
			}
			var claims map[string]any
			return verified.Claims(&claims)
		}
		require.NoError(b, verify())
		b.Run(algorithm+"/go-oidc", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
