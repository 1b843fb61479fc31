package mapping

import (
	"context"
	"net/http"

	"github.com/stepwell/stepwell/federation"
)

// Provider returns p with m applied to what it says about people: the
// attributes that Finish returns are those that the rules make, with groups and
// roles as two attributes more (Rules.GroupsAttribute, Rules.RolesAttribute).
// Subjects stay as they are. Where the rules fail, so does Finish, with an
// [*Error].
//
// What is returned has these methods if p has them, and not otherwise:
// FinishSession and FinishUnsolicited, whose attributes are mapped as well;
// BeginLogout together with FinishLogout, ReceiveLogout, and BeginHint, which are
// p's. Other methods of p are not to be had from it: keep p for those. The
// methods have the signatures that the packages below federation give them.
//
// It panics if p or m is nil, which is a mistake in the program.
func Provider(p federation.Provider, m *Mapping) federation.Provider {
	if p == nil || m == nil {
		panic("mapping: Provider needs a provider and a mapping")
	}
	base := mapped{p, m}
	set := 0
	s, ok := p.(sessionProvider)
	set |= bit(ok, offersSessions)
	l, ok := p.(logoutProvider)
	set |= bit(ok, offersLogouts)
	r, ok := p.(logoutReceiver)
	set |= bit(ok, offersReceives)
	h, ok := p.(hintProvider)
	set |= bit(ok, offersHints)
	u, ok := p.(unsolicitedProvider)
	set |= bit(ok, offersUnsolicited)
	return offered[set](base, sessions{s, m}, logouts{l}, receives{r}, hints{h}, unsolicited{u, m})
}

func bit(set bool, b int) int {
	if set {
		return b
	}
	return 0
}

// Unwrap returns what [Provider] was given to make p. ok is false if p was not
// made by it.
func Unwrap(p federation.Provider) (inner federation.Provider, m *Mapping, ok bool) {
	if w, ok := p.(interface {
		unwrap() (federation.Provider, *Mapping)
	}); ok {
		inner, m = w.unwrap()
		return inner, m, true
	}
	return p, nil, false
}

// Flat returns the attributes of a result of m together with its groups and
// roles as attributes, which is what a [Provider] returns.
func (m *Mapping) Flat(r *Result) map[string][]string {
	out := make(map[string][]string, len(r.Attributes)+2)
	for name, values := range r.Attributes {
		out[name] = values
	}
	if len(r.Groups) > 0 {
		out[m.groups] = r.Groups
	}
	if len(r.Roles) > 0 {
		out[m.roles] = r.Roles
	}
	return out
}

func (m *Mapping) flat(attributes map[string][]string) (map[string][]string, error) {
	result, err := m.Apply(attributes)
	if err != nil {
		return nil, err
	}
	return m.Flat(result), nil
}

type (
	sessionProvider interface {
		FinishSession(r *http.Request, pending []byte) (subject string, attributes map[string][]string, sessionID string, session []byte, err error)
	}
	logoutProvider interface {
		BeginLogout(ctx context.Context, session []byte, returnURL, state string) (next http.Handler, pending []byte, err error)
		FinishLogout(r *http.Request, pending []byte) error
	}
	logoutReceiver interface {
		ReceiveLogout(r *http.Request) (subject string, sessionIDs []string, answer func(done bool) http.Handler, err error)
	}
	hintProvider interface {
		BeginHint(ctx context.Context, callbackURL, state, loginHint string) (next http.Handler, pending []byte, err error)
	}
	unsolicitedProvider interface {
		FinishUnsolicited(r *http.Request) (subject string, attributes map[string][]string, relayState string, err error)
	}
)

// mapped is a provider without optional methods.
type mapped struct {
	inner federation.Provider
	m     *Mapping
}

func (p mapped) unwrap() (federation.Provider, *Mapping) { return p.inner, p.m }

func (p mapped) Begin(ctx context.Context, callbackURL, state string) (http.Handler, []byte, error) {
	return p.inner.Begin(ctx, callbackURL, state)
}

func (p mapped) Finish(r *http.Request, pending []byte) (string, map[string][]string, error) {
	subject, attributes, err := p.inner.Finish(r, pending)
	if err == nil {
		attributes, err = p.m.flat(attributes)
	}
	if err != nil {
		return "", nil, err
	}
	return subject, attributes, nil
}

// The types below are embedded beside mapped where the wrapped provider has the
// methods.
type (
	sessions struct {
		sessionProvider
		m *Mapping
	}
	logouts     struct{ logoutProvider }
	receives    struct{ logoutReceiver }
	hints       struct{ hintProvider }
	unsolicited struct {
		unsolicitedProvider
		m *Mapping
	}
)

func (p sessions) FinishSession(r *http.Request, pending []byte) (string, map[string][]string, string, []byte, error) {
	subject, attributes, id, session, err := p.sessionProvider.FinishSession(r, pending)
	if err == nil {
		attributes, err = p.m.flat(attributes)
	}
	if err != nil {
		return "", nil, "", nil, err
	}
	return subject, attributes, id, session, nil
}

func (p unsolicited) FinishUnsolicited(r *http.Request) (string, map[string][]string, string, error) {
	subject, attributes, relayState, err := p.unsolicitedProvider.FinishUnsolicited(r)
	if err == nil {
		attributes, err = p.m.flat(attributes)
	}
	if err != nil {
		return "", nil, "", err
	}
	return subject, attributes, relayState, nil
}
