package userpool_test

import (
	"encoding/base32"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/totp"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// The authenticator app goes on working after a move, and a code that was used before it is not accepted after it.
func TestMovePool_SoftwareToken(t *testing.T) {
	settings := func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional }
	from := newKit(t, settings)
	from.importLines(userpool.ImportUsersInput{}, `{"username":"ada@example.com","password_hash":"`+bcryptOf(t, password)+
		`","software_token":{"secret":"`+tokenSecret+`"},"mfa":["SOFTWARE_TOKEN_MFA"],"preferred_mfa":"SOFTWARE_TOKEN_MFA"}`)
	secret, err := base32.StdEncoding.DecodeString(tokenSecret)
	require.NoError(t, err)
	signIn := func(k *kit) error {
		out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: password,
		})
		require.NoError(t, err)
		require.NotNil(t, out.Challenge)
		require.Equal(t, userpool.ChallengeSoftwareTokenMFA, out.Challenge.Name)
		_, err = k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: webApp.ID,
			Response: userpool.ChallengeResponse{Answer: totp.Code(secret, k.clock.Now())},
		})
		return err
	}
	require.NoError(t, signIn(from))
	to := elsewhere(t, memstore.New(), settings)
	require.Equal(t, 1, to.importLines(userpool.ImportUsersInput{}, from.export(withSecrets)...).Imported)
	require.ErrorIs(t, signIn(to), userpool.CodeMismatch)
	to.clock.Advance(time.Minute)
	require.NoError(t, signIn(to))
}
