package oauth_test

import (
	"encoding/base32"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/totp"
)

const mfa, sfa = userpool.ACRMultiFactor, userpool.ACRSingleFactor

// mfaEnv is a pool with authenticator apps, and Ada with a session at the hosted pages; enrol gives her an app.
func mfaEnv(t *testing.T) (e *env, session string, enrol func()) {
	e = newEnv(t, func(c *userpool.Config) {
		c.Settings.MFA = userpool.MFAOptional
		c.Settings.Clients[0].AuthFlows = []userpool.AuthFlow{userpool.UserPasswordAuth}
	})
	session = e.ada()
	return e, session, func() {
		t.Helper()
		out, err := e.pool.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: "web", ClientSecret: webSecret, Username: "ada@example.com", Password: password,
		})
		require.NoError(t, err)
		app, err := e.pool.AssociateSoftwareToken(t.Context(), userpool.AssociateSoftwareTokenInput{AccessToken: out.Tokens.AccessToken})
		require.NoError(t, err)
		e.secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(app.SecretCode)
		require.NoError(t, err)
		_, err = e.pool.VerifySoftwareToken(t.Context(), userpool.VerifySoftwareTokenInput{
			AccessToken: out.Tokens.AccessToken, UserCode: totp.Code(e.secret, e.clock.Now()),
		})
		require.NoError(t, err)
		e.clock.Advance(totp.Period)
	}
}

// strong signs in with the app, as the hosted pages do when acr_values ask for it.
func (e *env) strong(replaces string) string {
	e.t.Helper()
	out, err := e.pool.InitiateAuth(e.t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: password, Result: userpool.ResultBrowserSession,
		Replaces: replaces, ACR: mfa,
	})
	require.NoError(e.t, err)
	out, err = e.pool.RespondToAuthChallenge(e.t.Context(), userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session,
		Response: userpool.ChallengeResponse{Answer: totp.Code(e.secret, e.clock.Now())},
	})
	require.NoError(e.t, err)
	return out.BrowserSession
}

// A session that is too weak is led over the sign-in page and back, and the tokens tell what was reached (RFC 9470 section 5).
func TestO27_ACRValues(t *testing.T) {
	e, session, enrol := mfaEnv(t)
	enrol()
	e.code(session, "acr_values", sfa)
	e.code(session, "acr_values", "1 2")
	e.code(session, "acr_values", mfa+" "+sfa)
	e.code(session, "acr_values", "gold "+sfa)
	e.refused(e.get(authorizeURL("acr_values", mfa, "prompt", "none"), session), "login_required")

	back := e.returnTo(e.get(authorizeURL("acr_values", "gold "+mfa), session))
	require.Contains(t, back, "acr_values=gold+https%3A%2F%2Frefeds.org%2Fprofile%2Fmfa")
	require.Equal(t, back, e.returnTo(e.get(back, session)), "coming back as one went is no way around")

	e.clock.Advance(time.Minute)
	strong := e.strong(session)
	code := e.response(e.get(back, strong), callback).Get("code")
	id := claims(t, e.token(codeForm(code), webAuth).IDToken)
	require.Equal(t, mfa, id["acr"])
	require.Equal(t, []any{"pwd", "otp", "mfa"}, id["amr"])
	e.code(strong, "acr_values", mfa, "max_age", "60")
	e.code(strong, "acr_values", mfa, "prompt", "none")
	e.clock.Advance(2 * time.Minute)
	e.returnTo(e.get(authorizeURL("acr_values", mfa, "max_age", "60"), strong))
	e.code(strong, "acr_values", mfa)
}

// A new sign-in that is as weak as the one before is told to the application, and does not go round in circles.
func TestO27_UnmetACRValues(t *testing.T) {
	e, session, _ := mfaEnv(t)
	back := e.returnTo(e.get(authorizeURL("acr_values", mfa), session))
	e.clock.Advance(time.Minute)
	weak := e.signInAgain("ada@example.com", session)
	q := e.refused(e.get(back, weak), "unmet_authentication_requirements")
	require.Equal(t, "xyz", q.Get("state"))
	for _, who := range []string{"", weak} {
		e.refused(e.get(authorizeURL("acr_values", userpool.ACRPhishingResistant), who), "unmet_authentication_requirements")
	}
	e.refused(e.get(authorizeURL("acr_values", strings.Repeat("x", 2049)), weak), "invalid_request")

	plain := newEnv(t)
	plain.refused(plain.get(authorizeURL("acr_values", mfa), plain.ada()), "unmet_authentication_requirements")
}

func TestACRValuesInDiscovery(t *testing.T) {
	e, _, _ := mfaEnv(t)
	var m struct {
		Values []string `json:"acr_values_supported"`
	}
	require.NoError(t, json.Unmarshal([]byte(body(t, e.get("/.well-known/openid-configuration", ""))), &m))
	require.Equal(t, []string{sfa, mfa}, m.Values)
}
