package userpool_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/pgtest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// Three processes on one PostgreSQL: a sign-in is begun in one, answered in another, and revoked in the third.
func TestThreeProcesses(t *testing.T) {
	dsn := pgtest.New(t).DSN(t)
	process := func(first *kit) *kit {
		db, err := sql.Open("pgx", dsn)
		require.NoError(t, err)
		t.Cleanup(func() { db.Close() })
		store, err := sqlstore.Open(t.Context(), db, sqlstore.PostgreSQL)
		require.NoError(t, err)
		if first == nil {
			return newKitOn(t, store, withFactors(userpool.ChallengePassword, userpool.ChallengeEmailLink))
		}
		return first.again(func(c *userpool.Config) { c.Store = store })
	}
	one := process(nil)
	two, three := process(one), process(one)
	one.user("ada@example.com")

	out, err := one.choose("ada@example.com", "")
	require.NoError(t, err)
	out, err = two.respond(out.Challenge, userpool.ChallengeResponse{Answer: string(userpool.ChallengeEmailLink)})
	require.NoError(t, err)
	token := two.linkToken()
	done, err := three.respond(out.Challenge, userpool.ChallengeResponse{Answer: token})
	require.NoError(t, err)
	_, err = one.respond(out.Challenge, userpool.ChallengeResponse{Answer: token})
	require.ErrorIs(t, err, userpool.NotAuthorized, "it was answered elsewhere")

	_, err = one.VerifyAccessToken(t.Context(), done.Tokens.AccessToken)
	require.NoError(t, err)
	renewed, err := two.GetTokensFromRefreshToken(t.Context(), userpool.GetTokensFromRefreshTokenInput{RefreshToken: done.Tokens.RefreshToken, ClientID: "webapp"})
	require.NoError(t, err)
	require.NoError(t, three.RevokeToken(t.Context(), userpool.RevokeTokenInput{Token: renewed.RefreshToken, ClientID: "webapp"}))
	for _, k := range []*kit{one, two, three} {
		_, err = k.VerifyAccessToken(t.Context(), renewed.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.GetTokensFromRefreshToken(t.Context(), userpool.GetTokensFromRefreshTokenInput{RefreshToken: renewed.RefreshToken, ClientID: "webapp"})
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
}
