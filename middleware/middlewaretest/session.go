package middlewaretest

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"
)

const (
	// LoginPath is the path of the URL that [Session.LoginURL] returns.
	LoginPath = "/test-login"
	// ReturnToParameter is its query parameter: where the browser came from.
	ReturnToParameter = "return_to"

	sessionCookie = "__Host-middlewaretest"
)

// Session knows who is signed in with a browser, by a cookie with a random value. It is a [middleware.Authenticator] and a
// [middleware.LoginPage]. It is safe for concurrent use.
type Session struct {
	mu     sync.Mutex
	people map[string]map[string]any
}

// NewSession returns a Session in which nobody is signed in.
func NewSession(testing.TB) *Session {
	return &Session{people: make(map[string]map[string]any)}
}

// SignIn signs a person with these claims in, and adds the cookie to the request. Claims sub and username that are missing become
// Subject and Username.
func (s *Session) SignIn(r *http.Request, claims map[string]any) {
	person := map[string]any{"sub": Subject, "username": Username}
	maps.Copy(person, claims)
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[id] = person
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: id})
}

// SignOut signs everybody out: cookies that were given are worth nothing now.
func (s *Session) SignOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.people)
}

// Authenticate implements [middleware.Authenticator]. Several cookies of the name are no session.
func (s *Session) Authenticate(r *http.Request) (map[string]any, error) {
	cookies := r.CookiesNamed(sessionCookie)
	if len(cookies) != 1 {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people[cookies[0].Value], nil
}

// LoginURL implements [middleware.LoginPage].
func (s *Session) LoginURL(returnTo string) string {
	return LoginPath + "?" + url.Values{ReturnToParameter: {returnTo}}.Encode()
}
