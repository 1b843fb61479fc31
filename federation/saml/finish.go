package saml

import (
	"context"
	"net/http"
	"time"

	"github.com/stepwell/stepwell/internal/samlxml"
)

// Finish takes the request with which the browser came back to the ACS URL, and
// the pending value that Begin returned for its RelayState. It refuses what is
// not the answer to this sign-in, verifies signatures, decrypts, judges the
// assertion, and uses up its ID.
//
// subject identifies the person at this identity provider; the package
// documentation says how it is made, and which attributes there are.
//
// The caller has taken pending out of its store, so that it works once, and has
// checked that this browser was given the state, which is the form field
// RelayState. Finish compares it with pending's again, but cannot know the
// browser.
func (p *Provider) Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error) {
	result, err := p.finish(r, pending)
	if err != nil {
		return "", nil, err
	}
	return result.subject, result.attributes, nil
}

// FinishSession is Finish for an application with single logout. session is
// what BeginLogout needs to end the session at the identity provider, at most
// 16 KiB; it is not secret, but nobody else's business. sessionID is what
// ReceiveLogout calls the session when the identity provider ends it: its
// SessionIndex, or something in its place, or empty if there is nothing.
func (p *Provider) FinishSession(r *http.Request, pending []byte) (
	subject string, attributes map[string][]string, sessionID string, session []byte, err error,
) {
	result, err := p.finish(r, pending)
	if err != nil {
		return "", nil, "", nil, err
	}
	session, err = p.newSession(result)
	if err != nil {
		return "", nil, "", nil, err
	}
	return result.subject, result.attributes, p.sessionID(result), session, nil
}

// FinishUnsolicited is Finish for a sign-in that began at the identity
// provider. It needs AllowIdPInitiated, and refuses a response that answers a
// request.
//
// relayState is what the identity provider was configured with, or what
// somebody made of it, for it is not signed. Never redirect to it: compare it
// with values that you know. It is empty if it is longer than 1024 bytes or has
// characters that do not print.
//
// Nothing ties the response to this browser. Somebody may have been made to
// post a response of another person's account, and now writes into that.
func (p *Provider) FinishUnsolicited(r *http.Request) (subject string, attributes map[string][]string, relayState string, err error) {
	err = guard("judging a response", func() error {
		if !p.config.AllowIdPInitiated {
			return fail(InvalidResponse, "sign-ins that begin at the identity provider are switched off (AllowIdPInitiated)")
		}
		in, err := readPost(r, InvalidResponse, paramResponse)
		if err != nil {
			return err
		}
		m, err := p.metadata.get(r.Context())
		if err != nil {
			return err
		}
		result, err := p.judge(r.Context(), in.xml, &judgment{p: p, m: m})
		if err != nil {
			return err
		}
		subject, attributes, relayState = result.subject, result.attributes, boundedRelayState(in.relayState)
		return nil
	})
	if err != nil {
		return "", nil, "", err
	}
	return subject, attributes, relayState, nil
}

func boundedRelayState(s string) string {
	if len(s) > maxRelayState || plain(s, maxRelayState) != s {
		return ""
	}
	return s
}

// result is a sign-in that succeeded.
type result struct {
	*statement
	subject  string
	metadata *idpMetadata
}

func (p *Provider) finish(r *http.Request, pending []byte) (out *result, err error) {
	err = guard("judging a response", func() error {
		s, err := p.resume(pending, kindSignIn)
		if err != nil {
			return err
		}
		in, err := readPost(r, InvalidResponse, paramResponse)
		if err != nil {
			return err
		}
		m, err := p.metadata.get(r.Context())
		if err != nil {
			return err
		}
		if err := s.answeredBy(m, in.relayState); err != nil {
			return err
		}
		out, err = p.judge(r.Context(), in.xml, &judgment{
			p: p, m: m,
			requestID: s.RequestID, forceAuthn: s.ForceAuthn, began: s.began(), authnContext: s.AuthnContext,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// judge does everything with a response: nothing is used up before all else is
// well.
func (p *Provider) judge(ctx context.Context, data []byte, j *judgment) (*result, error) {
	j.now = p.sp.config.Now()
	o, err := p.open(ctx, j.m, data)
	if err != nil {
		return nil, err
	}
	if err := j.response(o); err != nil {
		return nil, err
	}
	if p.config.RequireEncryption && !o.encrypted {
		return nil, fail(InvalidResponse, "the assertion is not encrypted (RequireEncryption); have the identity provider encrypt it to our certificate").
			at("Encryption")
	}
	s, err := j.assertion(o.assertion)
	if err != nil {
		return nil, err
	}
	subject, err := p.subjectOf(j.m, s)
	if err != nil {
		return nil, err
	}
	s.addOwn(j.m.entityID)
	if err := p.useUp(ctx, j, o); err != nil {
		return nil, err
	}
	return &result{statement: s, subject: subject, metadata: j.m}, nil
}

// useUp makes sure that request, assertion and response are used once. The ID
// of a response that is not signed says nothing.
func (p *Provider) useUp(ctx context.Context, j *judgment, o *opened) error {
	if j.requestID != "" {
		until := j.now.Add(maxPendingAge)
		if err := p.once(ctx, "answer to a request", j.m.entityID, j.requestID, until); err != nil {
			return err
		}
	}
	if err := p.once(ctx, "assertion", j.m.entityID, o.assertion.ID(), j.forget(o.assertion)); err != nil {
		return err
	}
	if !o.signed {
		return nil
	}
	return p.once(ctx, "response", j.m.entityID, o.response.ID(), j.forget(o.response))
}

// forget returns when no process can accept e any more: all refuse it MaxAge
// and ClockSkew after it was issued, and their clocks differ by less than
// ClockSkew.
func (j *judgment) forget(e *samlxml.Element) time.Time {
	text, _ := e.Attr("IssueInstant")
	issued, err := parseTime(text)
	if err != nil { // header has read it
		issued = j.now
	}
	return issued.Add(j.maxAge() + 2*j.skew())
}
