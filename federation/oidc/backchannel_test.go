package oidc_test

import (
	"context"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

// replays is a ReplayStore that remembers everything.
type replays struct {
	mu   sync.Mutex
	keys map[string]time.Time
	err  error
}

func (s *replays) UseOnce(_ context.Context, key string, until time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false, s.err
	}
	_, used := s.keys[key]
	s.keys[key] = until
	return !used, nil
}

// logoutIDP is a provider that sends logout tokens, signed with a key of the test's.
type logoutIDP struct {
	*party
	key    *rsa.PrivateKey
	store  *replays
	tokens int
}

var sharedKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(nil, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newLogoutIDP(t *testing.T) *logoutIDP {
	l := &logoutIDP{key: sharedKey(), store: &replays{keys: make(map[string]time.Time)}}
	l.party = newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.Replay = l.store })
	l.idp.SetHooks(federationtest.Hooks{MutateKeys: func(set map[string]any) {
		set["keys"] = append(set["keys"].([]any), publish(l.key, "logout-key"))
	}})
	return l
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// token makes a logout token; change may be nil.
func (l *logoutIDP) token(change func(header, claims map[string]any)) string {
	l.tokens++
	made, err := l.idp.Sign(map[string]any{
		"iss": l.idp.Issuer(), "aud": clientID, "sub": "alice", "sid": "session-1",
		"iat": l.clock.Now().Unix(), "exp": l.clock.Now().Add(2 * time.Minute).Unix(), "jti": strings.Repeat("j", l.tokens),
		"events": map[string]any{logoutEvent: map[string]any{}},
	})
	require.NoError(l.t, err)
	return edit(l.t, made, func(header, claims map[string]any) {
		header["alg"], header["kid"], header["typ"] = "RS256", "logout-key", "logout+jwt"
		if change != nil {
			change(header, claims)
		}
	}, rs256(l.t, l.key))
}

func logoutRequest(token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://shop.example/logout", strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// accepts requires that the token is good, and what it is about.
func (l *logoutIDP) accepts(token, subject string, sessions ...string) {
	l.t.Helper()
	gotSubject, gotSessions, answer, err := l.rp.ReceiveLogout(logoutRequest(token))
	require.NoError(l.t, err)
	require.Equal(l.t, subject, gotSubject)
	require.Equal(l.t, sessions, gotSessions)
	require.Equal(l.t, http.StatusOK, status(answer(true)))
	require.Equal(l.t, http.StatusBadRequest, status(answer(false)))
}

func (l *logoutIDP) rejects(r *http.Request, code oidc.Code, text string) {
	l.t.Helper()
	subject, sessions, answer, err := l.rp.ReceiveLogout(r)
	l.refused(err, code, text)
	require.Empty(l.t, subject)
	require.Empty(l.t, sessions)
	for _, done := range []bool{true, false} {
		require.Equal(l.t, http.StatusBadRequest, status(answer(done)))
	}
}

func status(h http.Handler) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Header().Get("Cache-Control") != "no-store" {
		return -1
	}
	return w.Code
}

// refusesToken requires that a token which is good but for change is refused, and leaves no trace in the store.
func (l *logoutIDP) refusesToken(text string, change func(header, claims map[string]any)) {
	l.t.Helper()
	before := len(l.store.keys)
	l.rejects(logoutRequest(l.token(change)), oidc.InvalidLogout, text)
	require.Len(l.t, l.store.keys, before)
}

// The tests TestOIDF_ClientBackChannelLogout are the modules of the OpenID
// Foundation's plan "client back-channel logout".

func TestOIDF_ClientBackChannelLogoutHappy(t *testing.T) {
	l := newLogoutIDP(t)
	l.accepts(l.token(nil), "alice", "session-1")
	l.accepts(l.token(func(_, c map[string]any) { delete(c, "sid") }), "alice")
	l.accepts(l.token(func(_, c map[string]any) { delete(c, "sub") }), "", "session-1")
	for _, typ := range []string{"JWT", "application/logout+jwt", "Logout+JWT"} {
		l.accepts(l.token(func(h, _ map[string]any) { h["typ"] = typ }), "alice", "session-1")
	}
	l.accepts(l.token(func(h, _ map[string]any) { delete(h, "typ") }), "alice", "session-1")
	l.accepts(l.token(func(_, c map[string]any) { c["events"].(map[string]any)["https://more.example"] = true }), "alice", "session-1")
}

func TestOIDF_ClientBackChannelLogoutAlgNone(t *testing.T) {
	l := newLogoutIDP(t)
	for _, alg := range []any{"none", "None", "", nil} {
		l.refusesToken("", func(h, _ map[string]any) { h["alg"] = alg })
	}
	parts := strings.Split(l.token(nil), ".")
	l.rejects(logoutRequest(parts[0]+"."+parts[1]+"."), oidc.InvalidLogout, "")
	l.rejects(logoutRequest(parts[0]+"."+parts[1]+".AAAA"), oidc.InvalidLogout, "signature")
}

func TestOIDF_ClientBackChannelLogoutWrongAlg(t *testing.T) {
	l := newLogoutIDP(t)
	for _, alg := range []string{"HS256", "ES256", "PS256", "RS512"} {
		l.refusesToken("", func(h, _ map[string]any) { h["alg"] = alg })
	}
}

func TestOIDF_ClientBackChannelLogoutNoEvent(t *testing.T) {
	l := newLogoutIDP(t)
	l.refusesToken("events", func(_, c map[string]any) { delete(c, "events") })
	for _, events := range []any{nil, logoutEvent, []string{logoutEvent}, true, map[string]any{}} {
		l.refusesToken("events", func(_, c map[string]any) { c["events"] = events })
	}
}

func TestOIDF_ClientBackChannelLogoutWrongEvent(t *testing.T) {
	l := newLogoutIDP(t)
	for _, event := range []string{"https://schemas.openid.net/event/backchannel-logout", logoutEvent + "/", strings.ToUpper(logoutEvent), "logout"} {
		l.refusesToken("events", func(_, c map[string]any) { c["events"] = map[string]any{event: map[string]any{}} })
	}
	for _, value := range []any{nil, true, "", []int{}} {
		l.refusesToken("events", func(_, c map[string]any) { c["events"] = map[string]any{logoutEvent: value} })
	}
}

func TestOIDF_ClientBackChannelLogoutWithNonce(t *testing.T) {
	l := newLogoutIDP(t)
	for _, nonce := range []any{"x", "", nil, 1} {
		l.refusesToken("nonce", func(_, c map[string]any) { c["nonce"] = nonce })
	}
}

func TestOIDF_ClientBackChannelLogoutWrongAud(t *testing.T) {
	l := newLogoutIDP(t)
	for _, aud := range []any{"other", "", nil, []string{}, []string{"other"}, []string{clientID, "other"}} {
		l.refusesToken("aud", func(_, c map[string]any) { c["aud"] = aud })
	}
	l.refusesToken("aud", func(_, c map[string]any) { c["aud"], c["azp"] = []string{clientID, "other"}, clientID })
}

func TestOIDF_ClientBackChannelLogoutWrongIss(t *testing.T) {
	l := newLogoutIDP(t)
	for _, iss := range []any{"https://evil.example", l.idp.Issuer() + "/", "", nil} {
		l.refusesToken("iss", func(_, c map[string]any) { c["iss"] = iss })
	}
}

func TestLogoutTokenRefuses(t *testing.T) {
	l := newLogoutIDP(t)
	now := l.clock.Now()
	for name, test := range map[string]struct {
		text   string
		change func(h, c map[string]any)
	}{
		"no jti":       {"jti", func(_, c map[string]any) { delete(c, "jti") }},
		"empty jti":    {"jti", func(_, c map[string]any) { c["jti"] = "" }},
		"jti number":   {"jti", func(_, c map[string]any) { c["jti"] = 1 }},
		"long jti":     {"jti", func(_, c map[string]any) { c["jti"] = strings.Repeat("x", 513) }},
		"no iat":       {"iat", func(_, c map[string]any) { delete(c, "iat") }},
		"old iat":      {"iat", func(_, c map[string]any) { c["iat"] = now.Add(-5*time.Minute - 31*time.Second).Unix() }},
		"future iat":   {"iat", func(_, c map[string]any) { c["iat"] = now.Add(time.Minute).Unix() }},
		"no exp":       {"exp", func(_, c map[string]any) { delete(c, "exp") }},
		"expired":      {"expired", func(_, c map[string]any) { c["exp"] = now.Add(-time.Minute).Unix() }},
		"about nobody": {"neither sub nor sid", func(_, c map[string]any) { delete(c, "sub"); delete(c, "sid") }},
		"sub null":     {"sub", func(_, c map[string]any) { c["sub"] = nil; delete(c, "sid") }},
		"sub empty":    {"sub", func(_, c map[string]any) { c["sub"] = "" }},
		"sub number":   {"sub", func(_, c map[string]any) { c["sub"] = 7 }},
		"sid empty":    {"sid", func(_, c map[string]any) { c["sid"] = "" }},
		"sid null":     {"sid", func(_, c map[string]any) { c["sid"] = nil }},
		"sid array":    {"sid", func(_, c map[string]any) { c["sid"] = []string{"session-1"} }},
		"sid long":     {"sid", func(_, c map[string]any) { c["sid"] = strings.Repeat("x", 256) }},
		"access token": {"type", func(h, _ map[string]any) { h["typ"] = "at+jwt" }},
		"other event":  {"type", func(h, _ map[string]any) { h["typ"] = "secevent+jwt" }},
	} {
		t.Run(name, func(t *testing.T) { l.refusesToken(test.text, test.change) })
	}
	for name, r := range map[string]*http.Request{
		"no body":  httptest.NewRequest(http.MethodPost, "/logout", nil),
		"empty":    logoutRequest(""),
		"garbage":  logoutRequest("a.b.c"),
		"in query": httptest.NewRequest(http.MethodPost, "/logout?logout_token="+l.token(nil), nil),
		"put":      httptest.NewRequest(http.MethodPut, "/logout", nil),
		"none":     nil,
	} {
		t.Run(name, func(t *testing.T) { l.rejects(r, oidc.InvalidLogout, "") })
	}
	twice := httptest.NewRequest(http.MethodPost, "/logout", strings.NewReader("logout_token="+l.token(nil)+"&logout_token="+l.token(nil)))
	twice.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	l.rejects(twice, oidc.InvalidLogout, "logout_token")
}

func TestLogoutTokenOnce(t *testing.T) {
	l := newLogoutIDP(t)
	token := l.token(nil)
	accepted := make(chan bool, 50)
	var wg sync.WaitGroup
	for range cap(accepted) {
		wg.Go(func() {
			_, _, _, err := l.rp.ReceiveLogout(logoutRequest(token))
			accepted <- err == nil
		})
	}
	wg.Wait()
	close(accepted)
	count := 0
	for ok := range accepted {
		if ok {
			count++
		}
	}
	require.Equal(t, 1, count)
	l.rejects(logoutRequest(token), oidc.InvalidLogout, "used before")
	other, err := oidc.New(oidc.Config{Issuer: l.idp.Issuer(), ClientID: "other", Now: l.clock.Now, Replay: l.store, InsecureAllowHTTP: true})
	require.NoError(t, err)
	same := l.token(func(_, claims map[string]any) { claims["aud"], claims["jti"] = "other", "j" })
	_, _, _, err = other.ReceiveLogout(logoutRequest(same))
	require.NoError(t, err, "the jti of a token for another client, in the same store")
	for key, until := range l.store.keys {
		require.LessOrEqual(t, len(key), 128)
		require.True(t, strings.HasPrefix(key, "oidc-logout:"))
		// When the store forgets it, the token is too old by itself.
		l.clock.Advance(until.Sub(l.clock.Now()))
	}
	l.store.keys = map[string]time.Time{}
	l.rejects(logoutRequest(token), oidc.InvalidLogout, "")

	l.store.err = errors.New("the database is away")
	_, _, _, err = l.rp.ReceiveLogout(logoutRequest(l.token(nil)))
	l.refused(err, oidc.ReplayStoreFailed, "the database is away")
	var refused *oidc.Error
	require.True(t, errors.As(err, &refused) && refused.Temporary(), "the same token may come again")
	l.store.err = nil
	without := newParty(t, nil)
	_, _, answer, err := without.rp.ReceiveLogout(logoutRequest("x"))
	without.refused(err, oidc.NotSupported, "Config.Replay")
	require.Equal(t, http.StatusBadRequest, status(answer(true)))
}

// One kind of token does not pass for the other, whatever its typ.
func TestR20_LogoutTokenIsNoLogin(t *testing.T) {
	l := newLogoutIDP(t)
	for _, typ := range []string{"logout+jwt", "JWT"} {
		_, err := l.rp.VerifyLogin(context.Background(), l.token(func(h, _ map[string]any) { h["typ"] = typ }))
		l.refused(err, oidc.InvalidToken, "")
	}
	id, err := l.idp.IDToken(clientID, "alice")
	require.NoError(t, err)
	l.rejects(logoutRequest(id), oidc.InvalidLogout, "events")
}

func TestFrontChannelLogout(t *testing.T) {
	l := newLogoutIDP(t)
	request := func(values url.Values) *http.Request {
		return httptest.NewRequest(http.MethodGet, "https://shop.example/logout?"+values.Encode(), nil)
	}
	iss := l.idp.Issuer()
	subject, sessions, answer, err := l.rp.ReceiveLogout(request(url.Values{"iss": {iss}, "sid": {"session-1"}}))
	require.NoError(t, err)
	require.Empty(t, subject)
	require.Equal(t, []string{"session-1"}, sessions)
	w := httptest.NewRecorder()
	answer(true).ServeHTTP(w, request(nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "default-src 'none'", w.Header().Get("Content-Security-Policy"))
	require.Empty(t, w.Header().Get("X-Frame-Options"), "the provider shows it in a frame")
	require.Equal(t, http.StatusInternalServerError, status(answer(false)))
	for _, values := range []url.Values{
		{}, {"iss": {iss}}, {"sid": {"session-1"}}, {"iss": {iss}, "sid": {""}}, {"iss": {iss + "/"}, "sid": {"session-1"}}, {"iss": {""}, "sid": {"session-1"}},
		{"iss": {iss, iss}, "sid": {"session-1"}}, {"iss": {iss}, "sid": {"session-1", "session-2"}}, {"iss": {iss}, "sid": {"a\nb"}},
		{"iss": {iss}, "sid": {strings.Repeat("x", 256)}}, {"iss": {iss}, "sid": {"session-1"}, "x": {strings.Repeat("x", 20_000)}},
	} {
		l.rejects(request(values), oidc.InvalidLogout, "logout")
	}

	// With many tenants, iss names one of those that may sign in.
	f := newTenants(t, "/{tenantid}/v2.0")
	for tenant, ok := range map[string]bool{tenantA: true, consumers: true, stranger: false, "{tenantid}": false, "common": false} {
		_, sessions, _, err := f.rp.ReceiveLogout(request(url.Values{"iss": {f.base + "/" + tenant + "/v2.0"}, "sid": {"session-1"}}))
		require.Equal(t, ok, err == nil, tenant)
		require.Equal(t, ok, len(sessions) == 1, tenant)
	}
}
