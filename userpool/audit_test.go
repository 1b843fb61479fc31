package userpool_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// noted calls do and returns the events that it left in the trail, the oldest first, each as "type operation code reason".
func (k *kit) noted(do func()) (out []string) {
	k.t.Helper()
	before, err := k.config.Store.LastAudit(k.t.Context(), k.ID())
	require.NoError(k.t, err)
	do()
	list, err := k.ListAuditEvents(k.t.Context(), userpool.ListAuditEventsInput{})
	require.NoError(k.t, err)
	for i := len(list.Events) - 1; i >= 0; i-- {
		if e := list.Events[i]; e.Serial > before.Serial {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.Type, e.Operation, string(e.Code), e.Details["reason"])))
		}
	}
	return out
}

// The code of an event that was a success is nothing, however it is printed.
func TestCode_Text(t *testing.T) {
	require.Empty(t, userpool.Code("").Error())
	require.Empty(t, fmt.Sprint(userpool.AuditEvent{}.Code))
	require.Equal(t, "userpool: NotAuthorized", userpool.NotAuthorized.Error())
	require.Equal(t, "NotAuthorized", string(userpool.NotAuthorized))
}

// Every operation that matters leaves an event, with what happened and to whom.
func TestAudit_Operations(t *testing.T) {
	k, f := federated(t, nil)
	ctx := t.Context()
	attempt := func(email, password string) func() { return func() { _, _ = k.signIn(email, password) } }
	k.user("ada@example.com")
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(ctx, "disabled@example.com"))
	tokens, browser := k.tokens("ada@example.com"), k.browser("ada@example.com")
	code, _ := k.code(t, "webapp", browser, nil)
	redeem := func() {
		_, _ = k.RedeemAuthorizationCode(ctx, userpool.RedeemAuthorizationCodeInput{
			ClientID: "webapp", RedirectURI: webApp.CallbackURLs[0], Code: code, CodeVerifier: verifier,
		})
	}
	redeem()
	old := tokens.RefreshToken
	tokens, err := k.refresh(old)
	require.NoError(t, err)
	k.clock.Advance(time.Hour)
	finish := func() { k.begin(t, "Example"); _, _, _ = k.finish("Example", f.state, browserSecret) }
	for _, test := range []struct {
		name string
		do   func()
		want []string
	}{
		{"SignUp", func() { _, _ = k.SignUp(ctx, signUp("new@example.com")) }, []string{"SignUp SignUp"}},
		{"SignUp, taken", func() { _, _ = k.SignUp(ctx, signUp("ada@example.com")) }, []string{"SignUp SignUp UsernameExists"}},
		{"SignUp, wrong input", func() { _, _ = k.SignUp(ctx, signUp("new")) }, nil},
		{"ConfirmSignUp, wrong", func() {
			_, _ = k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "new@example.com", ConfirmationCode: "000000"})
		}, []string{"SignUp ConfirmSignUp CodeMismatch"}},
		{"ResendConfirmationCode", func() {
			_, _ = k.ResendConfirmationCode(ctx, userpool.ResendConfirmationCodeInput{Username: "new@example.com"})
		}, []string{"ResendCode ResendConfirmationCode"}},
		{"sign-in, unconfirmed", attempt("new@example.com", password), []string{"SignIn InitiateAuth UserNotConfirmed refused"}},
		{"sign-in", attempt("ada@example.com", password), []string{"SignIn InitiateAuth"}},
		{"sign-in, wrong", attempt("ada@example.com", "a wrong password"), []string{"SignIn InitiateAuth NotAuthorized wrong password"}},
		{"sign-in, nobody", attempt("nobody@example.com", password), []string{"SignIn InitiateAuth NotAuthorized no such user"}},
		{"sign-in, disabled", attempt("disabled@example.com", password), []string{"SignIn InitiateAuth NotAuthorized disabled user"}},
		{"ForgotPassword", func() { _, _ = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"}) }, []string{"ForgotPassword ForgotPassword"}},
		{"ForgotPassword, nobody", func() { _, _ = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "nobody@example.com"}) },
			[]string{"ForgotPassword ForgotPassword  no such user"}},
		{"ConfirmForgotPassword, wrong", func() { _ = k.recover("ada@example.com") }, []string{"PasswordChange ConfirmForgotPassword CodeMismatch"}},
		{"refresh", func() { tokens, _ = k.refresh(tokens.RefreshToken) }, nil},
		{"refresh, reuse", func() { _, _ = k.refresh(old) }, []string{"TokenReuse GetTokensFromRefreshToken"}},
		{"code, replay", redeem, []string{"TokenReuse RedeemAuthorizationCode"}},
		{"EndBrowserSession", func() { _ = k.EndBrowserSession(ctx, browser) }, []string{"SignOut EndBrowserSession"}},
		{"EndBrowserSession again", func() { _ = k.EndBrowserSession(ctx, browser) }, nil},
		{"federated", finish, []string{"SignIn FinishFederatedSignIn"}},
		{"federated, refused", func() { f.finishErr = errBroken; finish(); f.finishErr = nil }, []string{"SignIn FinishFederatedSignIn InvalidIdentityProvider provider"}},
		{"federated, made up", func() { _, _, _ = k.finish("Example", "x", browserSecret) }, nil},
		{"federated, disabled", func() { _ = k.AdminDisableUser(ctx, "Example_subject-1"); finish() },
			[]string{"UserChange AdminDisableUser", "SignIn FinishFederatedSignIn NotAuthorized disabled user"}},
		{"RotateSigningKey", func() { _ = k.RotateSigningKey(ctx) }, []string{"KeyChange RotateSigningKey"}},
		{"AdminUserGlobalSignOut", func() { _ = k.AdminUserGlobalSignOut(ctx, "ada@example.com") }, []string{"SignOut AdminUserGlobalSignOut"}},
		{"AdminEnableUser", func() { _ = k.AdminEnableUser(ctx, "disabled@example.com") }, []string{"UserChange AdminEnableUser"}},
		{"AdminDeleteUser", func() { _ = k.AdminDeleteUser(ctx, "disabled@example.com") }, []string{"UserChange AdminDeleteUser"}},
		{"RevokeToken", func() {
			_ = k.RevokeToken(ctx, userpool.RevokeTokenInput{Token: k.tokens("ada@example.com").RefreshToken, ClientID: "webapp"})
		}, []string{"SignIn InitiateAuth", "SignOut RevokeToken"}},
		{"GlobalSignOut", func() { _ = k.GlobalSignOut(ctx, k.tokens("ada@example.com").AccessToken) }, []string{"SignIn InitiateAuth", "SignOut GlobalSignOut"}},
		{"DeleteUser of a browser", func() { _ = k.DeleteUser(ctx, k.browser("ada@example.com")) }, []string{"SignIn InitiateAuth", "UserChange DeleteUser"}},
	} {
		require.Equal(t, test.want, k.noted(test.do), test.name)
		k.Wait()
	}
	v, err := k.VerifyAuditTrail(ctx, nil)
	require.NoError(t, err)
	require.Zero(t, v.Broken, v.Reason)
}

// Of a lockout, the attempt that began it is in the trail, with the wait; what is refused after it is in the log only, so that nobody can fill
// the store.
func TestAudit_Lockout(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	require.Len(t, k.noted(func() {
		for range 50 {
			_, _ = k.signIn("ada@example.com", "a wrong password")
		}
	}), 5)
	e := k.events(userpool.EventSignIn)
	require.Equal(t, "1s", e[0].Details["lockout"])
	require.Empty(t, e[1].Details["lockout"])
	require.Equal(t, 45, strings.Count(k.log.String(), "event.details.reason=locked"))
}

// Where a sign-in came from is in the trail, cut and cleaned.
func TestAudit_Context(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	require.NoError(t, k.signInFrom(with("::ffff:198.51.100.7", "Agent\r\nx: \x00"+strings.Repeat("a", 1000)), "ada@example.com", password))
	e := k.events(userpool.EventSignIn)[0]
	require.Equal(t, "198.51.100.7", e.IPAddress)
	require.LessOrEqual(t, len(e.UserAgent), 256)
	require.NotContains(t, e.UserAgent, "\n")
	require.Equal(t, "webapp", e.ClientID)
	require.Equal(t, map[string]string{"flow": "USER_PASSWORD_AUTH", "methods": "pwd"}, e.Details)
}

// Canaries: no password, code, token, secret or link is in the log or in the trail, whatever was done with it, also where it was typed into
// the wrong field.
func TestH12_Canaries(t *testing.T) {
	k, f := federated(t, func(c *userpool.Config) {
		c.Store = memstore.New()
		c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeEmailLink}
		c.Settings.SignInLinkURL = "https://app.example.com/link"
		c.Settings.Clients[0].AuthFlows = []userpool.AuthFlow{userpool.UserPasswordAuth, userpool.UserAuth, userpool.UserSRPAuth}
		c.Settings.Risk.Mode = userpool.RiskAudit
		c.Settings.PasswordPolicy.HistorySize = 2
	})
	ctx := t.Context()
	canaries := map[string]string{"password": password, "client secret": backendSecret, "browser": browserSecret}
	keep := func(name, secret string) string {
		require.NotEmpty(t, secret, name)
		canaries[name] = secret
		return secret
	}
	wrong := func(name string) string { return keep(name, "canary wrong "+name) }
	code := func(name string) { keep(name, k.mail().Code) }
	_, err := k.SignUp(ctx, signUp("pending@example.com"))
	require.NoError(t, err)
	code("sign-up code")
	_, _ = k.ResendConfirmationCode(ctx, userpool.ResendConfirmationCodeInput{Username: "pending@example.com"})
	code("resent code")
	_, _ = k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "pending@example.com", ConfirmationCode: "918273", Session: wrong("session")})
	keep("wrong code", "918273")
	_, _ = k.SignUp(ctx, userpool.SignUpInput{Username: "weak@example.com", Password: "canary"})
	k.user("ada@example.com")
	_, _ = k.signIn("ada@example.com", wrong("password typed"))
	_, _ = k.signIn("nobody@example.com", wrong("password of nobody"))
	_, _ = k.signIn(wrong("password typed as a name"), password)
	_, _ = k.signIn(strings.ReplaceAll(wrong("password typed as an address"), " ", "-")+"@example.com", password)
	keep("the address", strings.ReplaceAll(canaries["password typed as an address"], " ", "-"))
	_, _ = k.AuthenticateClient("backend", wrong("client secret typed"))
	_, _ = k.InitiateAuth(ctx, userpool.InitiateAuthInput{AuthFlow: userpool.UserSRPAuth, ClientID: webApp.ID, Username: "ada@example.com", SRPA: keep("SRP", strings.Repeat("abcdef12", 90))})
	out, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserAuth, ClientID: webApp.ID, Username: "ada@example.com", PreferredChallenge: userpool.ChallengeEmailLink,
	})
	require.NoError(t, err)
	keep("challenge session", out.Challenge.Session)
	link := keep("link", k.mail().Link)
	keep("link token", link[strings.LastIndex(link, "=")+1:])
	_, err = k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: userpool.ChallengeEmailLink, Session: out.Challenge.Session, ClientID: webApp.ID,
		Response: userpool.ChallengeResponse{Answer: wrong("link token typed")},
	})
	var again *userpool.Error
	require.ErrorAs(t, err, &again)
	_, _ = k.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: userpool.ChallengeEmailLink, Session: keep("next session", again.Session), ClientID: webApp.ID,
		Response: userpool.ChallengeResponse{Answer: canaries["link token"]},
	})
	_, _ = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	code("recovery code")
	require.NoError(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
		Username: "ada@example.com", ConfirmationCode: canaries["recovery code"], Password: keep("new password", "canary of many words"),
	}))
	tokens, err := k.signIn("ada@example.com", canaries["new password"])
	require.NoError(t, err)
	refreshed, err := k.refresh(keep("refresh token", tokens.RefreshToken))
	require.NoError(t, err)
	keep("refreshed token", refreshed.RefreshToken)
	keep("access token", tokens.AccessToken)
	keep("ID token", tokens.IDToken)
	k.clock.Advance(time.Hour)
	_, err = k.refresh(refreshed.RefreshToken)
	require.NoError(t, err)
	k.clock.Advance(time.Hour)
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.RefreshTokenReuse)
	_, _ = k.GetUser(ctx, wrong("access token typed"))
	browserOut, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: "ada@example.com", Password: canaries["new password"], Result: userpool.ResultBrowserSession,
	})
	require.NoError(t, err)
	browser := keep("browser session", browserOut.BrowserSession)
	authorization, _ := k.code(t, "webapp", browser, nil)
	keep("authorization code", authorization)
	for range 2 {
		_, _ = k.RedeemAuthorizationCode(ctx, userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: authorization, CodeVerifier: wrong("verifier")})
	}
	k.begin(t, "Example")
	keep("state", f.state)
	keep("pending", "verifier and nonce")
	f.finishErr = errors.New("the provider says no")
	r := httptest.NewRequest(http.MethodGet, "https://id.example.com/cb?code="+keep("provider's code", "canary-provider-code"), nil)
	_, _, err = k.FinishFederatedSignIn(ctx, r, userpool.FinishFederatedSignInInput{Provider: "Example", State: f.state, Browser: browserSecret})
	require.Error(t, err)
	require.NoError(t, k.EndBrowserSession(ctx, browser))
	require.NoError(t, k.RotateSigningKey(ctx))
	require.NoError(t, k.Upkeep(ctx))
	k.Wait()

	var trail bytes.Buffer
	require.NoError(t, k.ExportAudit(ctx, &trail))
	require.Greater(t, strings.Count(trail.String(), "\n"), 15)
	require.Contains(t, k.log.String(), "event.type=SignIn")
	for name, secret := range canaries {
		for _, part := range strings.Split(secret, ".") {
			if len(part) < 6 {
				continue
			}
			require.False(t, containsWord(k.log.String(), part), "%s is in the log", name)
			require.False(t, containsWord(trail.String(), part), "%s is in the trail", name)
		}
	}
	require.NotContains(t, k.log.String()+trail.String(), "canary")
	require.NotContains(t, trail.String(), "@example.com", "nor an address")
}
