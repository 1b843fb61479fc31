package userpool_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// The verifier and challenge of RFC 7636, Appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func (k *kit) code(t testing.TB, client, browser string, scopes []string) (code, redirect string) {
	t.Helper()
	redirect = webApp.CallbackURLs[0]
	if client == backend.ID {
		redirect = backend.CallbackURLs[0]
	}
	code, err := k.IssueAuthorizationCode(t.Context(), userpool.IssueAuthorizationCodeInput{
		BrowserSession: browser, ClientID: client, RedirectURI: redirect, Scopes: scopes, Nonce: "n-0S6_WzA2Mj",
		CodeChallenge: challenge, CodeChallengeMethod: "S256",
	})
	require.NoError(t, err)
	return code, redirect
}

func (k *kit) redeem(t testing.TB, client, secret, browser string, scopes []string) *userpool.Tokens {
	t.Helper()
	code, redirect := k.code(t, client, browser, scopes)
	tokens, err := k.RedeemAuthorizationCode(t.Context(), userpool.RedeemAuthorizationCodeInput{
		ClientID: client, ClientSecret: secret, Code: code, RedirectURI: redirect, CodeVerifier: verifier,
	})
	require.NoError(t, err)
	return tokens
}

func TestAuthorizationCode(t *testing.T) {
	k := newKit(t, nil)
	sub := k.user("ada@example.com")
	browser := k.browser("ada@example.com")
	began := k.clock.Now()
	k.clock.Advance(time.Minute)
	tokens := k.redeem(t, webApp.ID, "", browser, []string{"openid", "email"})
	id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
	require.Equal(t, sub, id["sub"])
	require.Equal(t, "n-0S6_WzA2Mj", id["nonce"])
	require.Equal(t, seconds(began), id["auth_time"])
	require.Equal(t, "ada@example.com", id["email"])
	sum := sha256.Sum256([]byte(tokens.AccessToken))
	require.Equal(t, base64.RawURLEncoding.EncodeToString(sum[:16]), id["at_hash"])
	access := k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)
	require.Equal(t, "email openid", access["scope"])
	info, err := k.UserInfo(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"sub": sub, "username": sub, "email": "ada@example.com", "email_verified": true}, info)

	without := k.redeem(t, webApp.ID, "", browser, []string{"email"})
	require.Empty(t, without.IDToken, "no ID token without openid")
	renewed, err := k.refresh(without.RefreshToken)
	require.NoError(t, err)
	require.Empty(t, renewed.IDToken)
	all := k.redeem(t, webApp.ID, "", browser, nil)
	require.Equal(t, "aws.cognito.signin.user.admin email openid profile", k.claimsOf(k.VerifyAccessToken, all.AccessToken)["scope"])
}

func TestIssueAuthorizationCode_Refuses(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	good := userpool.IssueAuthorizationCodeInput{
		BrowserSession: k.browser("ada@example.com"), ClientID: "webapp", RedirectURI: webApp.CallbackURLs[0],
		CodeChallenge: challenge, CodeChallengeMethod: "S256",
	}
	for name, test := range map[string]struct {
		change func(*userpool.IssueAuthorizationCodeInput)
		code   userpool.Code
		field  string
	}{
		"O1 a slash more":        {func(in *userpool.IssueAuthorizationCodeInput) { in.RedirectURI += "/" }, userpool.InvalidParameter, "redirect_uri"},
		"O1 another case":        {func(in *userpool.IssueAuthorizationCodeInput) { in.RedirectURI = strings.ToUpper(in.RedirectURI) }, userpool.InvalidParameter, "redirect_uri"},
		"O1 a query":             {func(in *userpool.IssueAuthorizationCodeInput) { in.RedirectURI += "?x" }, userpool.InvalidParameter, "redirect_uri"},
		"O1 another client's":    {func(in *userpool.IssueAuthorizationCodeInput) { in.RedirectURI = backend.CallbackURLs[0] }, userpool.InvalidParameter, "redirect_uri"},
		"O1 none":                {func(in *userpool.IssueAuthorizationCodeInput) { in.RedirectURI = "" }, userpool.InvalidParameter, "redirect_uri"},
		"O7 no challenge":        {func(in *userpool.IssueAuthorizationCodeInput) { in.CodeChallenge = "" }, userpool.InvalidParameter, "code_challenge"},
		"O7 plain":               {func(in *userpool.IssueAuthorizationCodeInput) { in.CodeChallengeMethod = "plain" }, userpool.InvalidParameter, "code_challenge"},
		"O7 no method":           {func(in *userpool.IssueAuthorizationCodeInput) { in.CodeChallengeMethod = "" }, userpool.InvalidParameter, "code_challenge"},
		"O7 challenge too short": {func(in *userpool.IssueAuthorizationCodeInput) { in.CodeChallenge = challenge[:42] }, userpool.InvalidParameter, "code_challenge"},
		"O7 challenge too long":  {func(in *userpool.IssueAuthorizationCodeInput) { in.CodeChallenge += "x" }, userpool.InvalidParameter, "code_challenge"},
		"O11 nonce":              {func(in *userpool.IssueAuthorizationCodeInput) { in.Nonce = strings.Repeat("x", 2049) }, userpool.InvalidParameter, "nonce"},
		"D2 nonce":               {func(in *userpool.IssueAuthorizationCodeInput) { in.Nonce = "\xff" }, userpool.InvalidParameter, "nonce"},
		"O12 scope":              {func(in *userpool.IssueAuthorizationCodeInput) { in.Scopes = []string{"openid", "phone"} }, userpool.InvalidScope, ""},
		"O12 scope in capitals":  {func(in *userpool.IssueAuthorizationCodeInput) { in.Scopes = []string{"OPENID"} }, userpool.InvalidScope, ""},
		"client":                 {func(in *userpool.IssueAuthorizationCodeInput) { in.ClientID = "nobody" }, userpool.InvalidClient, ""},
		"nobody is signed in":    {func(in *userpool.IssueAuthorizationCodeInput) { in.BrowserSession = "" }, userpool.NotAuthorized, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := good
			test.change(&in)
			_, err := k.IssueAuthorizationCode(t.Context(), in)
			var e *userpool.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, test.code, e.Code)
			require.Equal(t, test.field, e.Field)
		})
	}
}

// Whoever shows a code wrongly has used it up: it will not work for anybody.
func TestO4_O6_O7_CodeIsBurned(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*kit, *userpool.RedeemAuthorizationCodeInput)
		want   userpool.Code
	}{
		"another client": {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) {
			in.ClientID, in.ClientSecret = "backend", backendSecret
		}, userpool.InvalidGrant},
		"another client, its own address": {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) {
			in.ClientID, in.ClientSecret, in.RedirectURI = "backend", backendSecret, backend.CallbackURLs[0]
		}, userpool.InvalidGrant},
		"another address":         {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) { in.RedirectURI += "/" }, userpool.InvalidGrant},
		"no address":              {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) { in.RedirectURI = "" }, userpool.InvalidGrant},
		"no verifier":             {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) { in.CodeVerifier = "" }, userpool.InvalidGrant},
		"challenge as verifier":   {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) { in.CodeVerifier = challenge }, userpool.InvalidGrant},
		"verifier too short":      {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) { in.CodeVerifier = verifier[:42] }, userpool.InvalidGrant},
		"verifier too long":       {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) { in.CodeVerifier = strings.Repeat("a", 129) }, userpool.InvalidGrant},
		"verifier, bad character": {func(_ *kit, in *userpool.RedeemAuthorizationCodeInput) { in.CodeVerifier = verifier[:42] + "+" }, userpool.InvalidGrant},
		"expired":                 {func(k *kit, _ *userpool.RedeemAuthorizationCodeInput) { k.clock.Advance(5 * time.Minute) }, userpool.InvalidGrant},
		"signed out": {func(k *kit, _ *userpool.RedeemAuthorizationCodeInput) {
			require.NoError(k.t, k.AdminUserGlobalSignOut(k.t.Context(), "ada@example.com"))
		}, userpool.InvalidGrant},
		"disabled": {func(k *kit, _ *userpool.RedeemAuthorizationCodeInput) {
			require.NoError(k.t, k.AdminDisableUser(k.t.Context(), "ada@example.com"))
		}, userpool.InvalidGrant},
		"deleted": {func(k *kit, _ *userpool.RedeemAuthorizationCodeInput) {
			require.NoError(k.t, k.AdminDeleteUser(k.t.Context(), "ada@example.com"))
		}, userpool.InvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, nil)
			k.user("ada@example.com")
			code, redirect := k.code(t, "webapp", k.browser("ada@example.com"), nil)
			good := userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, RedirectURI: redirect, CodeVerifier: verifier}
			bad := good
			test.change(k, &bad)
			_, err := k.RedeemAuthorizationCode(t.Context(), bad)
			require.ErrorIs(t, err, test.want)
			_, err = k.RedeemAuthorizationCode(t.Context(), good)
			require.ErrorIs(t, err, userpool.InvalidGrant, "used up")
		})
	}
}

// A browser session that ends before its code is redeemed takes the code with it, and the tokens that came of it later too.
func TestO6_SignedOutBeforeRedeeming(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		browser := k.browser("ada@example.com")
		tokens := k.redeem(t, "webapp", "", browser, nil)
		code, redirect := k.code(t, "webapp", browser, nil)
		require.NoError(t, k.EndBrowserSession(t.Context(), browser))
		_, err := k.RedeemAuthorizationCode(t.Context(), userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, RedirectURI: redirect, CodeVerifier: verifier})
		require.ErrorIs(t, err, userpool.InvalidGrant)
		_, err = k.refresh(tokens.RefreshToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// A sign-out that was cut off before it deleted the sessions has ended them all the same, and the codes that are under way.
func TestO6_D3_SignOutIsCutOff(t *testing.T) {
	store := &failingStore{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	k.user("ada@example.com")
	browser, tokens := k.browser("ada@example.com"), k.tokens("ada@example.com")
	code, redirect := k.code(t, "webapp", browser, nil)
	store.failAfter(3) // the user is found, read and changed
	require.ErrorIs(t, k.AdminUserGlobalSignOut(t.Context(), "ada@example.com"), userpool.ServiceUnavailable)
	store.heal()
	_, err := k.RedeemAuthorizationCode(t.Context(), userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, RedirectURI: redirect, CodeVerifier: verifier})
	require.ErrorIs(t, err, userpool.InvalidGrant)
	_, err = k.BrowserSession(t.Context(), browser)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// A code works once. Shown again it ends what the first one got, whichever of the two is the thief, also at the same moment.
func TestO5_Replay(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		ctx := t.Context()
		k.user("ada@example.com")
		browser := k.browser("ada@example.com")
		for _, n := range []int{2, 50} {
			code, redirect := k.code(t, "webapp", browser, nil)
			got := make(chan *userpool.Tokens, n)
			redeem := func(int) error {
				tokens, err := k.RedeemAuthorizationCode(ctx, userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, RedirectURI: redirect, CodeVerifier: verifier})
				if err == nil {
					got <- tokens
				}
				return err
			}
			if n == 2 {
				require.NoError(t, redeem(0))
				require.ErrorIs(t, redeem(1), userpool.InvalidGrant)
			} else {
				require.Equal(t, 1, parallel(n, redeem))
			}
			tokens := <-got
			_, err := k.refresh(tokens.RefreshToken)
			require.ErrorIs(t, err, userpool.NotAuthorized)
			_, err = k.VerifyAccessToken(ctx, tokens.AccessToken)
			require.ErrorIs(t, err, userpool.NotAuthorized)
		}
	})
}

// beforeSession is a store that does something, once, before a session is stored.
type beforeSession struct {
	userpool.Store
	do func()
}

func (s *beforeSession) CreateSession(ctx context.Context, pool string, x userpool.Session) error {
	if do := s.do; do != nil {
		s.do = nil
		do()
	}
	return s.Store.CreateSession(ctx, pool, x)
}

// A code that is shown again while the first one to show it is being served ends also what that one is about to get.
func TestO5_ReplayBeforeTheSessionIsThere(t *testing.T) {
	store := &beforeSession{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	k.user("ada@example.com")
	code, redirect := k.code(t, "webapp", k.browser("ada@example.com"), nil)
	in := userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, RedirectURI: redirect, CodeVerifier: verifier}
	store.do = func() {
		_, err := k.RedeemAuthorizationCode(t.Context(), in)
		require.ErrorIs(t, err, userpool.InvalidGrant)
	}
	tokens, err := k.RedeemAuthorizationCode(t.Context(), in)
	require.Nil(t, store.do)
	require.NoError(t, err)
	_, err = k.refresh(tokens.RefreshToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.VerifyAccessToken(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}

// A verifier has 43 to 128 characters of a small alphabet (RFC 7636, 4.1), also where its hash is the challenge.
func TestO7_FormOfVerifier(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	browser := k.browser("ada@example.com")
	for v, ok := range map[string]bool{
		strings.Repeat("a", 43): true, strings.Repeat("~", 128): true,
		"": false, strings.Repeat("a", 42): false, strings.Repeat("a", 129): false, strings.Repeat("a", 42) + "+": false,
		strings.Repeat("a", 43) + "\n": false, strings.Repeat("a", 1<<20): false,
	} {
		sum := sha256.Sum256([]byte(v))
		code, err := k.IssueAuthorizationCode(t.Context(), userpool.IssueAuthorizationCodeInput{
			BrowserSession: browser, ClientID: "webapp", RedirectURI: webApp.CallbackURLs[0],
			CodeChallenge: base64.RawURLEncoding.EncodeToString(sum[:]), CodeChallengeMethod: "S256",
		})
		require.NoError(t, err)
		_, err = k.RedeemAuthorizationCode(t.Context(), userpool.RedeemAuthorizationCodeInput{
			ClientID: "webapp", Code: code, RedirectURI: webApp.CallbackURLs[0], CodeVerifier: v,
		})
		require.Equal(t, ok, err == nil, "%.50q: %v", v, err)
	}
}
