package oidc_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

const (
	returnURL   = "https://shop.example/signed-out"
	logoutState = "canary-logout-state-0123"
)

// logoutParty knows where people go after they have signed out.
func logoutParty(t *testing.T) *party {
	return newParty(t, func(idp *federationtest.Config, _ *oidc.Config) {
		idp.Clients[0].PostLogoutRedirectURIs = []string{returnURL}
	})
}

// session signs alice in and returns her session.
func (p *party) session() (sessionID string, session []byte) {
	p.t.Helper()
	location, pending := p.begin(state)
	r := httptest.NewRequest(http.MethodGet, p.visit(location, "alice").String(), nil)
	subject, attributes, sessionID, session, err := p.rp.FinishSession(r, pending)
	require.NoError(p.t, err)
	require.Equal(p.t, "alice", subject)
	require.Equal(p.t, []string{"Alice Example"}, attributes["name"])
	require.LessOrEqual(p.t, len(session), 16<<10)
	return sessionID, session
}

func TestOIDF_RPInitiatedLogout(t *testing.T) {
	p := logoutParty(t)
	p.idp.SetHooks(mutate(func(c map[string]any) { c["sid"], c["login_hint"] = "session-1", "O.opaque" }))
	sessionID, session := p.session()
	require.Equal(t, "session-1", sessionID)
	next, pending, err := p.rp.BeginLogout(context.Background(), session, returnURL, logoutState)
	require.NoError(t, err)
	require.NotContains(t, string(pending), logoutState)
	location := locationOf(t, next)
	u, err := url.Parse(location)
	require.NoError(t, err)
	sent := u.Query()
	require.Equal(t, p.idp.Issuer()+"/logout", strings.Split(location, "?")[0])
	require.Equal(t, []string{returnURL}, sent["post_logout_redirect_uri"])
	require.Equal(t, []string{logoutState}, sent["state"])
	require.Equal(t, []string{clientID}, sent["client_id"])
	require.Equal(t, []string{"O.opaque"}, sent["logout_hint"])
	require.Len(t, strings.Split(sent.Get("id_token_hint"), "."), 3)

	// The provider accepts it, and the browser comes back.
	client := browser(t)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Get(location)
	require.NoError(t, err)
	resp.Body.Close()
	back := resp.Header.Get("Location")
	require.Equal(t, returnURL+"?state="+logoutState, back)
	require.NoError(t, p.rp.FinishLogout(httptest.NewRequest(http.MethodGet, back, nil), pending))
}

func TestFinishLogoutRefuses(t *testing.T) {
	p := logoutParty(t)
	_, session := p.session()
	_, pending, err := p.rp.BeginLogout(context.Background(), session, returnURL, logoutState)
	require.NoError(t, err)
	for name, r := range map[string]*http.Request{
		"none":        nil,
		"no state":    httptest.NewRequest(http.MethodGet, returnURL, nil),
		"other state": httptest.NewRequest(http.MethodGet, returnURL+"?state=other", nil),
		"twice":       httptest.NewRequest(http.MethodGet, returnURL+"?state="+logoutState+"&state="+logoutState, nil),
		"post":        httptest.NewRequest(http.MethodPost, returnURL+"?state="+logoutState, nil),
		"malformed":   {Method: http.MethodGet, URL: &url.URL{RawQuery: "state=" + logoutState + "&x=%zz"}},
		"long":        httptest.NewRequest(http.MethodGet, returnURL+"?state="+logoutState+"&x="+strings.Repeat("x", 20_000), nil),
	} {
		err := p.rp.FinishLogout(r, pending)
		require.ErrorIs(t, err, oidc.InvalidResponse, name)
	}
	good := httptest.NewRequest(http.MethodGet, returnURL+"?state="+logoutState, nil)
	_, signIn := p.begin(logoutState)
	other := logoutParty(t)
	_, otherSession := other.session()
	_, otherPending, err := other.rp.BeginLogout(context.Background(), otherSession, returnURL, logoutState)
	require.NoError(t, err)
	for _, bad := range [][]byte{nil, {}, []byte("{}"), []byte("x"), signIn, session, otherPending, append(pending, ' ', '{', '}'), make([]byte, 20_000)} {
		p.refused(p.rp.FinishLogout(good, bad), oidc.InvalidPending, "")
	}
	require.NoError(t, p.rp.FinishLogout(good, pending))
	// And what a logout left is no sign-in.
	_, _, err = p.rp.Finish(httptest.NewRequest(http.MethodGet, callbackURL+"?code=x&state="+logoutState, nil), pending)
	p.refused(err, oidc.InvalidPending, "")
}

func TestBeginLogoutRefuses(t *testing.T) {
	p := logoutParty(t)
	_, session := p.session()
	begin := func(session []byte, returnURL, state string) error {
		_, _, err := p.rp.BeginLogout(context.Background(), session, returnURL, state)
		return err
	}
	require.NoError(t, begin(session, returnURL, logoutState))
	for _, bad := range []string{"", "/x", "//shop.example/", "javascript:alert(1)", returnURL + "#x"} {
		p.refused(begin(session, bad, logoutState), oidc.InvalidRequest, "the return URL")
	}
	p.refused(begin(session, returnURL, "short"), oidc.InvalidRequest, "state")
	var object map[string]any
	require.NoError(t, json.Unmarshal(session, &object))
	require.Len(t, object, 5)
	for _, change := range []map[string]any{
		{"v": "0"}, {"iss": "https://other.example"}, {"client_id": "other"}, {"id_token": 1}, {"login_hint": ""}, {"more": "x"},
	} {
		changed := map[string]any{}
		for name, value := range object {
			changed[name] = value
		}
		for name, value := range change {
			changed[name] = value
		}
		data, err := json.Marshal(changed)
		require.NoError(t, err)
		p.refused(begin(data, returnURL, logoutState), oidc.InvalidSession, "")
	}
	for _, bad := range [][]byte{nil, []byte("x"), []byte("[]"), make([]byte, 20_000)} {
		p.refused(begin(bad, returnURL, logoutState), oidc.InvalidSession, "")
	}
}

// A provider that cannot sign anybody out, or says so wrongly, signs people in all the same.
func TestLogoutNotSupported(t *testing.T) {
	for _, endpoint := range []any{nil, "", 7, "javascript:alert(1)", "/logout", "ftp://idp.example/"} {
		p := logoutParty(t)
		_, before := p.session()
		p.clock.Advance(2 * time.Hour)
		p.idp.SetHooks(federationtest.Hooks{MutateDiscovery: func(d map[string]any) { d["end_session_endpoint"] = endpoint }})
		_, session := p.session()
		require.Nil(t, session)
		_, _, err := p.rp.BeginLogout(context.Background(), before, returnURL, logoutState)
		p.refused(err, oidc.NotSupported, "end_session_endpoint")
	}
}

// What is too long for a URL is left out of it.
func TestLogoutHints(t *testing.T) {
	p := logoutParty(t)
	p.idp.SetHooks(federationtest.Hooks{
		MutateIDToken:   func(c map[string]any) { c["groups"] = strings.Repeat("x", 6000); c["sid"] = "bad\nsid" },
		MutateDiscovery: func(d map[string]any) { d["end_session_endpoint"] = p.idp.Issuer() + "/logout?p=policy" },
	})
	sessionID, session := p.session()
	require.Empty(t, sessionID)
	require.Less(t, len(session), 500)
	next, _, err := p.rp.BeginLogout(context.Background(), session, returnURL, logoutState)
	require.NoError(t, err)
	location := locationOf(t, next)
	require.True(t, strings.HasPrefix(location, p.idp.Issuer()+"/logout?p=policy&"), location)
	require.NotContains(t, location, "hint")
	require.Contains(t, location, "client_id="+clientID)
}

func TestFinishSessionRefuses(t *testing.T) {
	p := logoutParty(t)
	_, _, sessionID, session, err := p.rp.FinishSession(httptest.NewRequest(http.MethodGet, callbackURL, nil), []byte("x"))
	p.refused(err, oidc.InvalidPending, "")
	require.Empty(t, sessionID)
	require.Nil(t, session)
}

func TestSignInHasEverything(t *testing.T) {
	p := newParty(t, nil)
	p.idp.SetHooks(mutate(func(c map[string]any) {
		c["_claim_names"] = map[string]any{"groups": "src1"}
		c["sid"] = "session-1"
	}))
	location, pending := p.begin(state)
	signIn, err := p.rp.FinishSignIn(httptest.NewRequest(http.MethodGet, p.visit(location, "alice").String(), nil), pending)
	require.NoError(t, err)
	require.Equal(t, "alice", signIn.Subject)
	require.Equal(t, "session-1", signIn.SessionID)
	require.Equal(t, map[string]any{"groups": "src1"}, signIn.Claims["_claim_names"])
	require.Equal(t, "Alice Example", signIn.UserInfo["name"])
	require.NotEmpty(t, signIn.AccessToken)
	claims, err := p.rp.VerifyLogin(context.Background(), signIn.IDToken)
	require.NoError(t, err)
	require.Equal(t, signIn.Claims, claims)
	require.Equal(t, p.clock.Now().Add(time.Hour).Unix(), mustTime(t, claims["exp"]))
}

func mustTime(t *testing.T, claim any) int64 {
	number, ok := claim.(json.Number)
	require.True(t, ok)
	seconds, err := number.Int64()
	require.NoError(t, err)
	return seconds
}
