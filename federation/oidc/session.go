package oidc

import (
	"encoding/json"
	"net/http"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/plaintext"
)

const (
	sessionVersion = "1"
	// maxHint bounds the ID token that a session keeps as a hint: it becomes part
	// of a URL, and servers take no long ones.
	maxHint    = 6 << 10
	maxSession = 16 << 10
)

// session is what BeginLogout knows of a person who signed in. The optional
// members are "-" where there is nothing.
type session struct {
	Version   string `json:"v"`
	Issuer    string `json:"iss"`
	ClientID  string `json:"client_id"`
	IDToken   string `json:"id_token"`
	LoginHint string `json:"login_hint"`
}

const absent = "-"

// FinishSession is Finish for an application that will also sign people out at the
// provider, or lets the provider sign them out.
//
// sessionID is the provider's name for its session (the claim sid), which
// ReceiveLogout returns again; it is empty if the provider said none. session is
// what BeginLogout needs. It is opaque, at most 16 KiB, and to be stored sealed,
// for it holds the ID token (if that is no longer than 6 KiB) and so what the
// provider said about the person; nobody can sign in with it. It is nil where nobody
// can be signed out at the provider, whose metadata has no end_session_endpoint.
func (p *Provider) FinishSession(r *http.Request, pending []byte) (subject string, attributes map[string][]string, sessionID string, session []byte, err error) {
	signIn, err := p.FinishSignIn(r, pending)
	if err != nil {
		return "", nil, "", nil, err
	}
	if session, err = p.Session(signIn); err != nil {
		return "", nil, "", nil, err
	}
	return signIn.Subject, signIn.Attributes, signIn.SessionID, session, nil
}

// Session returns the session of a sign-in that FinishSignIn returned, as
// FinishSession does.
func (p *Provider) Session(signIn *SignIn) ([]byte, error) {
	if !signIn.endable {
		return nil, nil
	}
	s := session{
		Version: sessionVersion, Issuer: p.config.Issuer, ClientID: p.config.ClientID,
		IDToken: absent, LoginHint: absent,
	}
	if signIn.IDToken != "" && len(signIn.IDToken) <= maxHint {
		s.IDToken = signIn.IDToken
	}
	if hint, ok := signIn.Claims["login_hint"].(string); ok && hint != "" && len(hint) <= maxParameter {
		s.LoginHint = hint
	}
	data, err := json.Marshal(s)
	if err != nil || len(data) > maxSession {
		return nil, fail(InvalidSession, "the session cannot be written")
	}
	return data, nil
}

// parseSession reads what Session wrote, for this provider and client.
func (p *Provider) parseSession(data []byte) (*session, error) {
	if len(data) == 0 || len(data) > maxSession {
		return nil, fail(InvalidSession, "the session is empty or too long; pass what FinishSession returned")
	}
	object, err := jose.DecodeObject(data)
	if err != nil {
		return nil, fail(InvalidSession, "the session is not one that FinishSession returned")
	}
	s := new(session)
	if err := readFields(object, map[string]*string{
		"v": &s.Version, "iss": &s.Issuer, "client_id": &s.ClientID, "id_token": &s.IDToken, "login_hint": &s.LoginHint,
	}); err != nil {
		return nil, fail(InvalidSession, "the session %v; pass what FinishSession returned", err)
	}
	if s.Version != sessionVersion || s.Issuer != p.config.Issuer || s.ClientID != p.config.ClientID {
		return nil, fail(InvalidSession, "the session is of %q as client %q, not of this provider as this client, or of another version",
			plain(s.Issuer, maxDescription), plain(s.ClientID, maxDescription))
	}
	return s, nil
}

const maxSessionID = 255

// sessionIDOf returns the claim sid, or "" if there is none that can be compared.
func sessionIDOf(claims map[string]any) string {
	sid, _ := claims["sid"].(string)
	if len(sid) > maxSessionID || !plaintext.PrintableASCII(sid) {
		return ""
	}
	return sid
}
