package saml

import (
	"context"
	"errors"
	"net/http"

	"github.com/crewjam/saml"

	"github.com/stepwell/stepwell/internal/samlxml"
)

const maxSessionIndexes = 64

// logoutIn is a logout message whose signature has been verified, unless it was
// allowed to have none.
type logoutIn struct {
	root       *samlxml.Element
	relayState string
}

// readLogout reads a message from the query of a GET or the form of a POST.
func (p *Provider) readLogout(r *http.Request, m *idpMetadata, name string, allowUnsigned bool) (*logoutIn, error) {
	if r.Method == http.MethodGet {
		return p.readLogoutQuery(r, m, name, allowUnsigned)
	}
	in, err := readPost(r, InvalidLogout, name)
	if err != nil {
		return nil, err
	}
	root, err := parse(in.xml, InvalidLogout)
	if err != nil {
		return nil, err
	}
	if err := checkShape(root); err != nil {
		return nil, err
	}
	if samlxml.Signed(root) || !allowUnsigned {
		if root, err = p.verify(r.Context(), m, root, "the logout message"); err != nil {
			return nil, err
		}
	}
	return &logoutIn{root: root, relayState: in.relayState}, nil
}

func (p *Provider) readLogoutQuery(r *http.Request, m *idpMetadata, name string, allowUnsigned bool) (*logoutIn, error) {
	q, err := samlxml.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, failCause(InvalidLogout, "the query cannot be read", err)
	}
	if q.Name != name {
		return nil, fail(InvalidLogout, "the query has a %s, expected a %s", q.Name, name)
	}
	if q.Signed() || !allowUnsigned {
		if err := p.verifyQuery(r.Context(), m, q); err != nil {
			return nil, err
		}
	}
	root, err := parse(q.Message, InvalidLogout)
	if err != nil {
		return nil, err
	}
	return &logoutIn{root: root, relayState: q.RelayState}, nil
}

// verifyQuery is verify for the signature of a redirect.
func (p *Provider) verifyQuery(ctx context.Context, m *idpMetadata, q *samlxml.Query) error {
	options := samlxml.VerifyOptions{AllowSHA1: p.config.InsecureAllowSHA1}
	err := q.Verify(m.keys, options)
	if errors.Is(err, samlxml.InvalidSignature) {
		if newer, ok := p.metadata.renew(ctx, m); ok {
			err = q.Verify(newer.keys, options)
		}
	}
	if err != nil {
		return signatureError("the logout message", m, err)
	}
	return nil
}

// ReceiveLogout takes a request to the SLO URL by which the identity provider
// ends a session: because the person signed out there, or at another
// application. It is signed, fresh, for this URL, and works once.
//
// subject and sessionIDs say which sessions to end: those of the subject that
// have one of the IDs, and all of the subject if there are no IDs. subject is
// empty where SubjectAttribute is set, because a logout request has no
// attributes; there is an ID then. Where the request has no SessionIndex, that is
// the ID of sessions which began without one, and the others of the person are
// not found: identity providers that sign in with a SessionIndex must sign out
// with it. End the sessions, and let answer(done) answer the browser: it takes a
// signed response back to the identity provider. done says whether they have
// ended; a session that was not there counts as ended.
//
// answer is there with an error, too: then it answers 400 with a line of text,
// whatever its argument, for nothing is known that could be answered to.
func (p *Provider) ReceiveLogout(r *http.Request) (subject string, sessionIDs []string, answer func(done bool) http.Handler, err error) {
	var id, relayState string
	var metadata *idpMetadata
	err = guard("judging a logout request", func() error {
		if err := p.canLogOut(); err != nil {
			return err
		}
		if r == nil || r.URL == nil {
			return fail(InvalidLogout, "there is no request")
		}
		m, err := p.metadata.get(r.Context())
		if err != nil {
			return err
		}
		in, err := p.readLogout(r, m, paramRequest, false)
		if err != nil {
			return err
		}
		j := &judgment{p: p, m: m, now: p.sp.config.Now()}
		name, indexes, err := j.logoutRequest(in.root)
		if err != nil {
			return err
		}
		if err := p.once(r.Context(), "logout request", m.entityID, in.root.ID(), j.forget(in.root)); err != nil {
			return err
		}
		subject, sessionIDs = name.subject(m.entityID, p.sp.config.EntityID), indexes
		if p.config.SubjectAttribute != "" {
			if len(sessionIDs) == 0 {
				sessionIDs = []string{subject}
			}
			subject = ""
		}
		id, relayState, metadata = in.root.ID(), boundedRelayState(in.relayState), m
		return nil
	})
	if err != nil {
		return "", nil, refuseLogout, aboutLogout(err)
	}
	return subject, sessionIDs, func(done bool) http.Handler { return p.answerLogout(metadata, id, relayState, done) }, nil
}

// logoutRequest judges a LogoutRequest (SAML core section 3.7.1, profiles
// section 4.4.4.1).
func (j *judgment) logoutRequest(e *samlxml.Element) (*nameID, []string, error) {
	if err := j.logoutMessage(e, "LogoutRequest", true); err != nil {
		return nil, nil, err
	}
	end, err := optionalTime(e, "NotOnOrAfter", InvalidLogout, "the LogoutRequest")
	if err != nil {
		return nil, nil, err
	}
	if !end.IsZero() && !j.now.Before(end.Add(j.skew())) {
		return nil, nil, j.timeError(InvalidLogout, "NotOnOrAfter", "the LogoutRequest's NotOnOrAfter", "is past", end)
	}
	name, err := one(e, samlxml.NSAssertion, "NameID")
	if err != nil {
		return nil, nil, err
	}
	if name == nil {
		return nil, nil, fail(InvalidLogout, "the LogoutRequest has no NameID; an EncryptedID is not supported").at("NameID")
	}
	id, err := readNameID(name)
	if err != nil {
		return nil, nil, fail(InvalidLogout, "the LogoutRequest's NameID %v", err).at("NameID")
	}
	var indexes []string
	for _, child := range e.All(samlxml.NSProtocol, "SessionIndex") {
		text, err := child.Text()
		if err != nil || text == "" || len(text) > maxNameID || len(indexes) == maxSessionIndexes {
			return nil, nil, fail(InvalidLogout, "the LogoutRequest has a SessionIndex that cannot be read, or more than %d", maxSessionIndexes)
		}
		indexes = append(indexes, text)
	}
	return id, indexes, nil
}

// answerLogout sends a LogoutResponse. Where it cannot, the browser stays here
// with a line of text.
func (p *Provider) answerLogout(m *idpMetadata, inResponseTo, relayState string, done bool) http.Handler {
	binding, to, err := m.chooseSLO()
	if err != nil { // it can ask, but has no place for an answer
		if !done {
			return line(http.StatusInternalServerError, "You may still be signed in here.")
		}
		return line(http.StatusOK, "You are signed out.")
	}
	id, err := p.sp.newID()
	if err != nil {
		return line(http.StatusInternalServerError, "The sign-out cannot be confirmed.")
	}
	status := statusSuccess
	if !done {
		status = statusResponder
	}
	response, err := write(&saml.LogoutResponse{
		ID:           id,
		InResponseTo: inResponseTo,
		Version:      "2.0",
		IssueInstant: p.issueInstant(),
		Destination:  to.response,
		Issuer:       &saml.Issuer{Value: p.sp.config.EntityID},
		Status:       saml.Status{StatusCode: saml.StatusCode{Value: status}},
	})
	if err != nil {
		return line(http.StatusInternalServerError, "The sign-out cannot be confirmed.")
	}
	next, err := p.send(&message{name: paramResponse, xml: response, relayState: relayState, sign: true}, binding, to.response)
	if err != nil {
		return line(http.StatusInternalServerError, "The sign-out cannot be confirmed.")
	}
	return next
}

func refuseLogout(bool) http.Handler {
	return line(http.StatusBadRequest, "This sign-out cannot be accepted.")
}

// aboutLogout gives errors of what reads all messages the code for logout.
func aboutLogout(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == InvalidResponse {
		e.Code = InvalidLogout
	}
	return err
}

// line answers with one line of text.
func line(status int, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, text, status)
	})
}
