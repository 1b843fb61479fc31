package federationtest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

const entraCookie = "entra-test-session"

// entraSession is a browser that is signed in with one account.
type entraSession struct {
	id      string // sid
	who     *account
	started time.Time

	mu     sync.Mutex
	visits map[string]entraVisit // by client ID
}

// entraVisit is an application that a session was used for.
type entraVisit struct {
	app    *entraApp
	oauth  bool
	saml   bool
	nameID string // as the application knows the person by SAML
	format string
	index  string
}

func (e *Entra) session(r *http.Request) *entraSession {
	cookie, err := r.Cookie(entraCookie)
	if err != nil {
		return nil
	}
	session := e.sessions.get(cookie.Value, e.now())
	if session == nil || e.refresh(session.who) == nil {
		return nil
	}
	return session
}

// begin starts a session for who, in place of the one that the browser has,
// unless that is the same person's.
func (e *Entra) begin(w http.ResponseWriter, r *http.Request, who *account) (*entraSession, error) {
	if old := e.session(r); old != nil && old.who.same(who) {
		old.mu.Lock()
		defer old.mu.Unlock()
		old.started = e.now()
		return old, nil
	}
	session := &entraSession{id: e.guid(), who: who, started: e.now(), visits: make(map[string]entraVisit)}
	value := e.guid() + e.guid()
	if err := e.sessions.put(value, session, e.now(), e.now().Add(sessionLifetime)); err != nil {
		return nil, err
	}
	setSessionCookie(w, e.loginURL, entraCookie, value, e.prefix+"/")
	return session, nil
}

// since returns when the person of the session last signed in.
func (s *entraSession) since() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// visit remembers that the session was used for an application.
func (s *entraSession) visit(v entraVisit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.visits[v.app.ClientID]
	v.oauth, v.saml = v.oauth || old.oauth, v.saml || old.saml
	if v.nameID == "" {
		v.nameID, v.format, v.index = old.nameID, old.format, old.index
	}
	s.visits[v.app.ClientID] = v
}

// end forgets the browser's session and returns it, or nil.
func (e *Entra) end(w http.ResponseWriter, r *http.Request) *entraSession {
	cookie, err := r.Cookie(entraCookie)
	if err != nil {
		return nil
	}
	setSessionCookie(w, e.loginURL, entraCookie, "", e.prefix+"/")
	return e.sessions.take(cookie.Value, e.now())
}

// entraFlow is a sign-in that waits for a person at the page.
type entraFlow struct {
	at         *authority
	app        *entraApp
	endpoint   string // of the request, for hooks
	loginHint  string
	domainHint string
	targets    []string
	finish     func(w http.ResponseWriter, r *http.Request, session *entraSession)
	refuse     func(w http.ResponseWriter, err *EntraError)
}

// eligible says what keeps who from signing in to the app.
func (e *Entra) eligible(flow *entraFlow, who *account) *EntraError {
	app := &flow.app.EntraApp
	switch {
	case who.user.Disabled:
		return &EntraError{Code: 50057, OAuth: "invalid_grant", Message: "The user account is disabled."}
	case who.tenant.personal() && !app.personal():
		return &EntraError{Code: 500200, OAuth: "invalid_request", Message: "User account '" + who.user.UserPrincipalName + "' is a personal Microsoft account. " +
			"Personal Microsoft accounts are not supported for this application unless explicitly invited to an organization. " +
			"Try signing out and signing back in with an organizational account."}
	case app.AssignmentRequired && len(app.rolesOf(who)) == 0:
		return &EntraError{Code: 50105, OAuth: "interaction_required", Message: "Your administrator has configured the application " + app.DisplayName + " ('" + app.ClientID +
			"') to block users unless they are specifically granted ('assigned') access to the application. The signed in user '" + who.user.UserPrincipalName +
			"' is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator. " +
			"Please contact your administrator to assign access to this application."}
	}
	return nil
}

// conclude ends a flow for the person of a session.
func (e *Entra) conclude(w http.ResponseWriter, r *http.Request, flow *entraFlow, session *entraSession) {
	refusal := e.eligible(flow, session.who)
	if refuse := e.currentHooks().Refuse; refusal == nil && refuse != nil {
		refusal = refuse(flow.endpoint, r)
	}
	if refusal != nil {
		if refusal.Back {
			flow.refuse(w, refusal)
		} else {
			e.errorPage(w, refusal)
		}
		return
	}
	flow.finish(w, r, session)
}

// usable reports whether a session can be used for a flow without asking.
func (e *Entra) usable(flow *entraFlow, session *entraSession) bool {
	if session == nil {
		return false
	}
	if flow.loginHint != "" && !session.who.answersTo(flow.loginHint) {
		return false
	}
	for _, who := range e.accounts(flow.at) {
		if who.same(session.who) {
			return true
		}
	}
	return false
}

func (a *account) answersTo(name string) bool {
	u := &a.user
	return strings.EqualFold(name, u.UserPrincipalName) || u.Mail != "" && strings.EqualFold(name, u.Mail) || name == loginHint(a.tenant.ID, u)
}

// pick shows the page on which one chooses an account.
func (e *Entra) pick(w http.ResponseWriter, flow *entraFlow, problem *EntraError) {
	id := e.guid() + e.guid()
	if err := e.flows.put(id, flow, e.now(), e.now().Add(flowLifetime)); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	var people []person
	chosen := 0
	for _, who := range e.accounts(flow.at) {
		if flow.domainHint != "" && !hinted(who, flow.domainHint) || who.user.Disabled {
			continue
		}
		if flow.loginHint != "" && who.answersTo(flow.loginHint) {
			chosen = len(people)
		}
		entry := person{Subject: who.tenant.ID + "/" + who.user.ObjectID, Name: who.user.DisplayName, Detail: username(who)}
		if entry.Name == "" {
			entry.Name, entry.Detail = entry.Detail, ""
		}
		people = append(people, entry)
	}
	if len(people) > 0 {
		people[chosen].Chosen = true
	}
	content := page{
		Brand:   entraBrand,
		Title:   "Sign in to your account",
		Heading: "Pick an account",
		Message: "To continue to " + flow.app.DisplayName + ". This is a directory for tests: choose who you want to be; there is no password.",
		Form:    &form{Action: e.prefix + "/" + flow.at.name + "/login", Hidden: []field{{"flow", id}}, People: people, Other: true},
		targets: flow.targets,
	}
	status := http.StatusOK
	if problem != nil {
		content.Problem, status = problem.Error(), http.StatusBadRequest
	}
	writePage(w, status, e.prefix, content)
}

// hinted reports whether who belongs to what a domain_hint means.
func hinted(who *account, hint string) bool {
	switch strings.ToLower(hint) {
	case "organizations":
		return !who.tenant.personal()
	case "consumers":
		return who.tenant.personal()
	}
	return who.tenant.owns("x@" + hint)
}

// serveEntraLogin takes the page's own form.
func (e *Entra) serveEntraLogin(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if err := r.ParseForm(); err != nil {
		e.errorPage(w, &EntraError{Code: 9002313, Message: "Invalid request. Request is malformed or invalid."})
		return
	}
	flow := e.flows.get(r.PostForm.Get("flow"), e.now())
	if flow == nil {
		e.errorPage(w, &EntraError{Code: 165000, Message: "Invalid Request: Request tokens do not match the user context. Go back to the application and start again."})
		return
	}
	if r.PostForm.Get("action") == "cancel" {
		flow.refuse(w, &EntraError{Code: 65004, OAuth: "access_denied", Message: "User declined to consent to access the app.", Suberror: "cancel"})
		return
	}
	at, name := flow.at, r.PostForm.Get("other")
	if name == "" {
		tenant, oid, _ := strings.Cut(r.PostForm.Get("user"), "/")
		chosen, refusal := e.readAuthority(tenant)
		if refusal != nil {
			e.pick(w, flow, &EntraError{Code: 50034, Message: "Choose an account."})
			return
		}
		if at.multiple() {
			at = chosen
		}
		name = oid
	}
	who, refusal := e.resolve(at, name)
	switch {
	case refusal != nil && refusal.Code == 50034:
		e.pick(w, flow, refusal)
		return
	case refusal != nil:
		e.errorPage(w, refusal)
		return
	}
	session, err := e.begin(w, r, who)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	e.conclude(w, r, flow, session)
}
