package oidc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/jose"
)

const (
	// logoutEvent is the member of events that makes a token a logout token.
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	// maxLogoutAge is how old a logout token may be: it is sent when it is made.
	maxLogoutAge = 5 * time.Minute
	maxTokenID   = 512
)

// ReceiveLogout takes a request of the provider to sign somebody out, at the URL
// that the application has registered with it. There are two kinds:
//
//   - a back-channel logout (OpenID Connect Back-Channel Logout 1.0): a POST from
//     server to server with a logout token, which is verified as an ID token is,
//     is at most 5 minutes old, and is used once: Config.Replay remembers it.
//   - a front-channel logout (OpenID Connect Front-Channel Logout 1.0): a GET of
//     the browser, in a frame, with iss and sid. Nothing is signed: it tells
//     whoever knows a session's name from who does not. Register it with
//     frontchannel_logout_session_required, as a request without sid is refused.
//
// subject is who it is about, or empty where only sessions are named; sessionIDs
// are those sessions of FinishSession, and empty means all of the subject. The
// two are never both empty. The caller ends the sessions, of this provider only,
// and lets answer(true) answer; answer(false) says that it did not work out. answer
// is there with an error too, of code InvalidLogout, NotSupported,
// DiscoveryFailed or ReplayStoreFailed; its argument does not matter then.
func (p *Provider) ReceiveLogout(r *http.Request) (subject string, sessionIDs []string, answer func(done bool) http.Handler, err error) {
	switch {
	case r == nil || r.URL == nil:
		return "", nil, refusedLogout, fail(InvalidLogout, "there is no request")
	case r.Method == http.MethodPost:
		subject, sessionIDs, err = p.receiveLogoutToken(r)
		answer = answerBackChannel
	case r.Method == http.MethodGet:
		sessionIDs, err = p.receiveFrontChannel(r)
		answer = answerFrontChannel
	default:
		err = fail(InvalidLogout, "a logout came with method %q; POST or GET is the one", plain(r.Method, maxCode))
	}
	if err != nil {
		return "", nil, refusedLogout, err
	}
	return subject, sessionIDs, answer, nil
}

func (p *Provider) receiveLogoutToken(r *http.Request) (subject string, sessionIDs []string, err error) {
	if p.config.Replay == nil {
		return "", nil, fail(NotSupported, "back-channel logout needs Config.Replay, which remembers the tokens that have been used")
	}
	form, err := postForm(r)
	if err != nil || len(form["logout_token"]) != 1 {
		return "", nil, fail(InvalidLogout, "the body of the logout is not a form with one logout_token")
	}
	m, err := p.discovery.get(r.Context())
	if err != nil {
		return "", nil, err
	}
	claims, err := p.verifyLogoutToken(r.Context(), m, form.Get("logout_token"))
	if err != nil {
		return "", nil, err
	}
	if err := p.useOnce(r.Context(), claims); err != nil {
		return "", nil, err
	}
	subject, _ = claims["sub"].(string)
	if sid := sessionIDOf(claims); sid != "" {
		sessionIDs = []string{sid}
	}
	return subject, sessionIDs, nil
}

// verifyLogoutToken makes the checks of Back-Channel Logout 1.0 section 2.6.
func (p *Provider) verifyLogoutToken(ctx context.Context, m *metadata, compact string) (map[string]any, error) {
	const what = "the logout token"
	claims, err := p.verifyToken(ctx, m, compact, what, jose.Expected{
		Audience: p.config.ClientID, Types: []string{"", "JWT", "logout+jwt"},
	})
	if refused, ok := err.(*Error); ok && refused.Code == InvalidToken {
		return nil, fail(InvalidLogout, "%s", refused.Message)
	}
	if err != nil {
		return nil, err
	}
	if err := p.checkAudience(claims); err != nil {
		return nil, fail(InvalidLogout, "%s's %v", what, err)
	}
	events, _ := claims["events"].(map[string]any)
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return nil, fail(InvalidLogout, "%s's events do not have %s with an object", what, logoutEvent)
	}
	if _, present := claims["nonce"]; present {
		return nil, fail(InvalidLogout, "%s has a nonce, which only an ID token may have", what)
	}
	issued, ok := jose.Numeric(claims, "iat")
	if !ok || p.now().Sub(issued) > maxLogoutAge+jose.ClockSkew {
		return nil, fail(InvalidLogout, "%s has no iat, or was made more than %s ago", what, maxLogoutAge)
	}
	if _, present := claims["sub"]; present {
		if err := checkSubject(claims["sub"]); err != nil {
			return nil, fail(InvalidLogout, "%s's sub %v", what, err)
		}
	}
	if sid, present := claims["sid"]; present && (sid == "" || sid != sessionIDOf(claims)) {
		return nil, fail(InvalidLogout, "%s's sid is not 1 to %d printable ASCII characters", what, maxSessionID)
	}
	if claims["sub"] == nil && claims["sid"] == nil {
		return nil, fail(InvalidLogout, "%s has neither sub nor sid: it is about nobody", what)
	}
	return claims, nil
}

// useOnce refuses a logout token that came before. It is known by its jti, for
// one token can be written in more than one way.
func (p *Provider) useOnce(ctx context.Context, claims map[string]any) error {
	id, _ := claims["jti"].(string)
	if id == "" || len(id) > maxTokenID {
		return fail(InvalidLogout, "the logout token has no jti, or one of more than %d bytes", maxTokenID)
	}
	issuer, _ := claims["iss"].(string)
	key := "oidc-logout:" + signin.Hash(issuer+"\x00"+p.config.ClientID+"\x00"+id)
	// By then its age alone refuses it.
	until := p.now().Add(maxLogoutAge + 3*jose.ClockSkew)
	first, err := p.config.Replay.UseOnce(ctx, key, until)
	if err != nil {
		return failCause(ReplayStoreFailed, "Config.Replay", err)
	}
	if !first {
		return fail(InvalidLogout, "the logout token has been used before")
	}
	return nil
}

func (p *Provider) receiveFrontChannel(r *http.Request) ([]string, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, fail(InvalidLogout, "the logout's query is longer than %d bytes", maxQuery)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(values["iss"]) != 1 || len(values["sid"]) != 1 {
		return nil, fail(InvalidLogout, "the logout does not have one iss and one sid; register it with frontchannel_logout_session_required")
	}
	if !p.isOwnIssuer(values.Get("iss")) {
		return nil, fail(InvalidLogout, "the logout's iss is %q, not the provider's", plain(values.Get("iss"), maxDescription))
	}
	sid := sessionIDOf(map[string]any{"sid": values.Get("sid")})
	if sid == "" {
		return nil, fail(InvalidLogout, "the logout's sid is not 1 to %d printable ASCII characters", maxSessionID)
	}
	return []string{sid}, nil
}

// answerBackChannel is Back-Channel Logout 1.0 section 2.8.
func answerBackChannel(done bool) http.Handler {
	if !done {
		return refusedLogout(false)
	}
	return plainAnswer(http.StatusOK, "")
}

// answerFrontChannel is an empty page. It may stand in a frame of the provider,
// and nothing of it can run.
func answerFrontChannel(done bool) http.Handler {
	if !done {
		return plainAnswer(http.StatusInternalServerError, "")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'")
		answerHeader(h)
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Signed out</title>"))
	})
}

func refusedLogout(bool) http.Handler {
	return plainAnswer(http.StatusBadRequest, `{"error":"invalid_request"}`)
}

func plainAnswer(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		if body != "" {
			h.Set("Content-Type", "application/json")
		}
		answerHeader(h)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func answerHeader(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}
