package federationtest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// samlSession is a browser that is signed in.
type samlSession struct {
	user    *SAMLUser
	started time.Time

	mu           sync.Mutex
	participants []participant
}

// participant is a service provider that a session signed in to, and how the
// user was called there.
type participant struct {
	sp                                     *ServiceProvider
	nameID, format, qualifier, spQualifier string
	sessionIndex                           string
}

const samlCookie = "saml-test-session"

func (p *SAMLProvider) session(r *http.Request) *samlSession {
	cookie, err := r.Cookie(samlCookie)
	if err != nil {
		return nil
	}
	return p.sessions.get(cookie.Value, p.now())
}

// join adds a service provider to the browser's session, and begins one where
// there is none, or one of somebody else.
func (p *SAMLProvider) join(w http.ResponseWriter, r *http.Request, user *SAMLUser, authenticated time.Time, at participant) error {
	session := p.session(r)
	if session == nil || session.user != user {
		id, err := p.random()
		if err != nil {
			return err
		}
		session = &samlSession{user: user, started: authenticated}
		if err := p.sessions.put(id, session, p.now(), p.now().Add(sessionLifetime)); err != nil {
			return err
		}
		setSessionCookie(w, p.base, samlCookie, id, p.prefix+"/")
	}
	session.mu.Lock()
	defer session.mu.Unlock()
	session.participants = append(slices.DeleteFunc(session.participants, func(old participant) bool { return old.sp.EntityID == at.sp.EntityID }), at)
	return nil
}

// setSessionCookie keeps a browser signed in. Over https it is sent with
// cross-site requests too, as those of providers are, for POST and for frames.
func setSessionCookie(w http.ResponseWriter, base, name, value, path string) {
	cookie := &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(base, "https:") {
		cookie.Secure, cookie.SameSite = true, http.SameSiteNoneMode
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// end forgets the browser's session and returns where it was signed in.
func (p *SAMLProvider) end(w http.ResponseWriter, r *http.Request) []participant {
	cookie, err := r.Cookie(samlCookie)
	if err != nil {
		return nil
	}
	session := p.sessions.take(cookie.Value, p.now())
	setSessionCookie(w, p.base, samlCookie, "", p.prefix+"/")
	if session == nil {
		return nil
	}
	session.mu.Lock()
	defer session.mu.Unlock()
	return slices.Clone(session.participants)
}

// samlLogout is a logout that goes from one service provider to the next.
type samlLogout struct {
	remaining []participant
	waitingID string // ID of the LogoutRequest whose answer is awaited
	waiting   *ServiceProvider
	partial   bool
	requester *ServiceProvider // nil when the logout started here
	requestID string
	relay     string
}

// serveLogout ends the session here, and then at all service providers.
func (p *SAMLProvider) serveLogout(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	p.next(w, r, &samlLogout{remaining: p.end(w, r)})
}

// serveSLO takes logout messages of service providers.
func (p *SAMLProvider) serveSLO(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	message, err := readInbound(r)
	if err != nil {
		refusePage(w, p.prefix, "The logout message cannot be read: "+err.Error()+".")
		return
	}
	kind := map[string]string{"SAMLRequest": "LogoutRequest", "SAMLResponse": "LogoutResponse"}[message.parameter]
	logout, err := parseLogout(message.document, kind)
	if err != nil {
		refusePage(w, p.prefix, "The logout message is refused: "+err.Error()+".")
		return
	}
	sp := p.serviceProvider(logout.Issuer)
	if sp == nil {
		refusePage(w, p.prefix, "The logout message comes from a service provider that is not known: "+logout.Issuer+".")
		return
	}
	if logout.Destination != "" && logout.Destination != p.SLOURL() {
		refusePage(w, p.prefix, "The logout message is for "+logout.Destination+", and this is "+p.SLOURL()+".")
		return
	}
	if len(sp.Certificates) > 0 {
		if err := message.verify(sp.Certificates, p.now()); err != nil {
			refusePage(w, p.prefix, "The logout message is refused: "+err.Error()+".")
			return
		}
	}
	if kind == "LogoutRequest" {
		others := slices.DeleteFunc(p.end(w, r), func(at participant) bool { return at.sp.EntityID == sp.EntityID })
		p.next(w, r, &samlLogout{remaining: others, requester: sp, requestID: logout.ID, relay: message.relayState})
		return
	}
	run := p.logouts.take(message.relayState, p.now())
	if run == nil || run.waiting.EntityID != sp.EntityID || run.waitingID != logout.InResponseTo {
		refusePage(w, p.prefix, "The LogoutResponse answers no LogoutRequest that was sent with this RelayState.")
		return
	}
	run.partial = run.partial || logout.Status.Code.Value != StatusSuccess
	p.next(w, r, run)
}

// next sends the browser to the next service provider that takes logout
// messages, and at last to whoever asked for the logout.
func (p *SAMLProvider) next(w http.ResponseWriter, r *http.Request, run *samlLogout) {
	for len(run.remaining) > 0 {
		at := run.remaining[0]
		run.remaining = run.remaining[1:]
		if at.sp.SLOURL == "" {
			run.partial = true
			continue
		}
		state, err := p.random()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		target, err := p.logoutURL(at.sp, &SAMLLogout{
			NameID: at.nameID, NameIDFormat: at.format, NameQualifier: at.qualifier, SPNameQualifier: at.spQualifier,
			SessionIndexes: []string{at.sessionIndex}, NotOnOrAfter: p.now().Add(confirmationLifetime), RelayState: state, SHA1: at.sp.SHA1,
		}, func(m *SAMLLogout) { run.waitingID = m.ID })
		run.waiting = at.sp
		if err == nil {
			err = p.logouts.put(state, run, p.now(), p.now().Add(flowLifetime))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, target, http.StatusSeeOther)
		return
	}
	if run.requester != nil && run.requester.SLOURL != "" {
		target, err := p.LogoutResponse(run.requester.EntityID, run.requestID, run.relay, func(m *SAMLLogout) {
			if run.partial {
				m.SubStatus = StatusPartialLogout
			}
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, target, http.StatusSeeOther)
		return
	}
	content := page{Brand: "Test identity provider", Title: "Signed out", Heading: "Signed out", Message: "You are signed out. You can close this page."}
	if run.partial {
		content.Problem = "You may still be signed in at some applications. Close the browser to be sure."
	}
	writePage(w, http.StatusOK, p.prefix, content)
}
