package passkey_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/browsertest"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// patience is how long a step may take, on a busy machine.
const patience = browsertest.Patience

// page is what a program needs in the browser. What goes wrong there is the name of a DOMException.
const page = `<!DOCTYPE html><html lang="en"><title>Passkeys</title><main>Passkeys</main><script>
	async function create(options) {
		const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
		try { return JSON.stringify((await navigator.credentials.create({publicKey})).toJSON()) } catch (e) { return e.name }
	}
	async function get(options) {
		const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
		try { return JSON.stringify((await navigator.credentials.get({publicKey})).toJSON()) } catch (e) { return e.name }
	}
</script></html>`

// serve serves the page, and returns its origin.
func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// browser is a Chromium with a virtual authenticator, as in a phone: it keeps passkeys, and verifies the person.
type browser struct {
	t             *testing.T
	tab           context.Context
	authenticator webauthn.AuthenticatorID
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	tab := browsertest.Open(t)
	b := &browser{t: t, tab: tab}
	b.do(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		added, err := cdp.Call(ctx, tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true, DefaultBackupEligibility: true,
		}})
		b.authenticator = added.AuthenticatorID
		return err
	})
	return b
}

func (b *browser) do(what func(ctx context.Context, tab *chromedp.Target) error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Func(what)))
}

func (b *browser) open(origin string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Navigate(origin+"/"), chromedp.WaitReady(chromedp.CSS("main"))))
}

// answer has the page create or get, and returns the answer, or the name of what went wrong.
func (b *browser) answer(call string, options []byte) []byte {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf("%s(%s)", call, options), chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return []byte(out)
}

// verified says whether the person at the authenticator has the right finger.
func (b *browser) verified(yes bool) {
	b.t.Helper()
	b.do(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: b.authenticator, IsUserVerified: yes})
		return err
	})
}

func TestWalk_Chromium(t *testing.T) {
	b := newBrowser(t)
	origin, elsewhere := serve(t), serve(t)
	p, err := passkey.New(passkey.Config{RPID: "localhost", Origins: []string{origin}, RequireUserVerification: true})
	require.NoError(t, err)
	user := ada()

	b.open(origin)
	options, pending, err := p.BeginRegistration(t.Context(), user)
	require.NoError(t, err)
	created := b.answer("create", options)
	added, err := p.FinishRegistration(t.Context(), user, pending, created)
	require.NoError(t, err, "%s", created)
	require.True(t, added.UserVerified)
	require.True(t, added.BackupEligible)
	require.Equal(t, []string{"internal"}, added.Transports)
	user.Passkeys = []userpool.Passkey{added}

	options, _, err = p.BeginRegistration(t.Context(), user)
	require.NoError(t, err)
	require.Equal(t, "InvalidStateError", string(b.answer("create", options)), "the authenticator has a passkey already")

	// Nobody has said who they are.
	options, pending, err = p.BeginAuthentication(t.Context(), nil, true)
	require.NoError(t, err)
	got := b.answer("get", options)
	id, handle, err := p.Credential(got)
	require.NoError(t, err, "%s", got)
	require.Equal(t, added.ID, id)
	require.Equal(t, user.Handle, handle)
	first, err := p.FinishAuthentication(t.Context(), user, pending, got)
	require.NoError(t, err)
	require.Greater(t, first.SignCount, added.SignCount)
	require.True(t, first.UserVerified)

	// W4: somebody signed with the same key in the meantime.
	copied := user
	copied.Passkeys = []userpool.Passkey{first.Clone()}
	copied.Passkeys[0].SignCount += 100
	_, err = p.FinishAuthentication(t.Context(), copied, pending, got)
	require.ErrorIs(t, err, passkey.ErrCloned)

	// Somebody whose passkeys are known, later.
	user.Passkeys[0] = first
	options, pending, err = p.BeginAuthentication(t.Context(), user.Passkeys, false)
	require.NoError(t, err)
	_, err = p.FinishAuthentication(t.Context(), user, pending, got)
	require.ErrorIs(t, err, passkey.ErrRefused, "W2: the answer of before")
	second, err := p.FinishAuthentication(t.Context(), user, pending, b.answer("get", options))
	require.NoError(t, err)
	require.Greater(t, second.SignCount, first.SignCount)

	b.verified(false)
	options, _, err = p.BeginAuthentication(t.Context(), user.Passkeys, false)
	require.NoError(t, err)
	require.Equal(t, "NotAllowedError", string(b.answer("get", options)), "the person was not recognized")
	b.verified(true)

	// W3: for the browser, a page on another port is of the same RP ID.
	b.open(elsewhere)
	user.Passkeys[0] = second
	options, pending, err = p.BeginAuthentication(t.Context(), user.Passkeys, false)
	require.NoError(t, err)
	got = b.answer("get", options)
	require.True(t, json.Valid(got), "%s", got)
	_, err = p.FinishAuthentication(t.Context(), user, pending, got)
	require.ErrorIs(t, err, passkey.ErrOrigin)
}

// A whole pool with Chromium: a person adds a passkey, and signs in with it, having said who they are and without.
func TestPool_Chromium(t *testing.T) {
	ctx := t.Context()
	b := newBrowser(t)
	origin := serve(t)
	verifier, err := passkey.New(passkey.Config{RPID: "localhost", Origins: []string{origin}, RequireUserVerification: true})
	require.NoError(t, err)
	pool := userpooltest.New(t, func(c *userpool.Config) {
		c.WebAuthn = verifier
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeWebAuthn}
		c.Settings.PasskeyUserVerification = true
		c.Settings.Clients = []userpool.Client{{ID: "webapp", AuthFlows: []userpool.AuthFlow{userpool.UserAuth}, Scopes: []string{userpool.ScopeUserAdmin}}}
	})
	ada := pool.AddUser("ada@example.com")
	b.open(origin)

	session := ada.BrowserSession()
	options, err := pool.StartWebAuthnRegistration(ctx, session)
	require.NoError(t, err)
	created := userpool.CompleteWebAuthnRegistrationInput{AccessToken: session, Credential: string(b.answer("create", []byte(options))), Name: "phone"}
	require.NoError(t, pool.CompleteWebAuthnRegistration(ctx, created))
	require.Error(t, pool.CompleteWebAuthnRegistration(ctx, created), "once")

	for _, username := range []string{"ada@example.com", ""} {
		asked, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
			AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: username, PreferredChallenge: userpool.ChallengeWebAuthn,
		})
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeWebAuthn, asked.Challenge.Name)
		in := userpool.RespondToAuthChallengeInput{
			ChallengeName: asked.Challenge.Name, Session: asked.Challenge.Session, ClientID: "webapp",
			Response: userpool.ChallengeResponse{Credential: string(b.answer("get", []byte(asked.Challenge.CredentialRequestOptions)))},
		}
		done, err := pool.RespondToAuthChallenge(ctx, in)
		require.NoError(t, err, "user name %q", username)
		claims, err := pool.VerifyAccessToken(ctx, done.Tokens.AccessToken)
		require.NoError(t, err)
		require.Equal(t, ada.Sub, claims["sub"])
		require.Equal(t, userpool.ACRPhishingResistant, claims["acr"])
		_, err = pool.RespondToAuthChallenge(ctx, in)
		require.ErrorIs(t, err, userpool.NotAuthorized, "W2: the same answer again")
	}
}
