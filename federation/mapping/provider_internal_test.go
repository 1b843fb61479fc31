package mapping

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
)

// everything is a provider with all optional methods.
type everything struct{ err error }

func (p *everything) said() map[string][]string {
	return map[string][]string{"mail": {"a@example.com"}}
}

func (p *everything) Begin(context.Context, string, string) (http.Handler, []byte, error) {
	return http.NotFoundHandler(), []byte("pending"), p.err
}

func (p *everything) Finish(*http.Request, []byte) (string, map[string][]string, error) {
	return "subject", p.said(), p.err
}

func (p *everything) FinishSession(*http.Request, []byte) (string, map[string][]string, string, []byte, error) {
	return "subject", p.said(), "id", []byte("session"), p.err
}

func (p *everything) BeginLogout(context.Context, []byte, string, string) (http.Handler, []byte, error) {
	return http.NotFoundHandler(), []byte("logout"), p.err
}
func (p *everything) FinishLogout(*http.Request, []byte) error { return p.err }

func (p *everything) ReceiveLogout(*http.Request) (string, []string, func(bool) http.Handler, error) {
	return "subject", []string{"id"}, nil, p.err
}

func (p *everything) BeginHint(context.Context, string, string, string) (http.Handler, []byte, error) {
	return http.NotFoundHandler(), []byte("hinted"), p.err
}

func (p *everything) FinishUnsolicited(*http.Request) (string, map[string][]string, string, error) {
	return "subject", p.said(), "relay", p.err
}

// offers returns the bits of the optional methods that p has.
func offers(p federation.Provider) (set int) {
	_, ok := p.(sessionProvider)
	set |= bit(ok, 1)
	_, begins := p.(interface {
		BeginLogout(context.Context, []byte, string, string) (http.Handler, []byte, error)
	})
	_, finishes := p.(interface {
		FinishLogout(*http.Request, []byte) error
	})
	set |= bit(begins && finishes, 2)
	set |= bit(begins != finishes, 1<<10)
	_, ok = p.(logoutReceiver)
	set |= bit(ok, 4)
	_, ok = p.(hintProvider)
	set |= bit(ok, 8)
	_, ok = p.(unsolicitedProvider)
	return set | bit(ok, 16)
}

func testMapping(t *testing.T) *Mapping {
	t.Helper()
	m, err := New(Rules{
		Attributes: []Attribute{{To: "email", From: []string{"mail"}, Required: true}},
		Grants:     []Grant{{Group: "people", If: Condition{Attribute: "mail", HasValue: true}}, {Role: "reader", If: Condition{Attribute: "mail", HasValue: true}}},
	})
	require.NoError(t, err)
	return m
}

// The wrapper has the methods that the wrapped one has, whichever they are.
func TestProvider_OffersWhatIsThere(t *testing.T) {
	m, all := testMapping(t), &everything{}
	require.Equal(t, 31, offers(all))
	for set := range offered {
		t.Run(fmt.Sprintf("%05b", set), func(t *testing.T) {
			inner := offered[set](mapped{all, m}, sessions{all, m}, logouts{all}, receives{all}, hints{all}, unsolicited{all, m})
			require.Equal(t, set, offers(inner))
			outer := Provider(inner, m)
			require.Equal(t, set, offers(outer))
			got, by, ok := Unwrap(outer)
			require.True(t, ok)
			require.Equal(t, inner, got)
			require.Same(t, m, by)
		})
	}
	_, _, ok := Unwrap(all)
	require.False(t, ok)
	require.Panics(t, func() { Provider(nil, m) })
	require.Panics(t, func() { Provider(all, nil) })
}

func TestProvider_Maps(t *testing.T) {
	all := &everything{}
	p := Provider(all, testMapping(t))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	want := map[string][]string{"email": {"a@example.com"}, "groups": {"people"}, "roles": {"reader"}}

	_, pending, err := p.Begin(t.Context(), "", "")
	require.NoError(t, err)
	require.Equal(t, "pending", string(pending))
	subject, attributes, err := p.Finish(r, nil)
	require.NoError(t, err)
	require.Equal(t, "subject", subject)
	require.Equal(t, want, attributes)
	subject, attributes, id, session, err := p.(sessionProvider).FinishSession(r, nil)
	require.NoError(t, err)
	require.Equal(t, want, attributes)
	require.Equal(t, "subject id session", subject+" "+id+" "+string(session))
	subject, attributes, relay, err := p.(unsolicitedProvider).FinishUnsolicited(r)
	require.NoError(t, err)
	require.Equal(t, want, attributes)
	require.Equal(t, "subject relay", subject+" "+relay)
	_, pending, err = p.(hintProvider).BeginHint(t.Context(), "", "", "")
	require.NoError(t, err)
	require.Equal(t, "hinted", string(pending))
	_, ids, _, err := p.(logoutReceiver).ReceiveLogout(r)
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, ids)
	_, pending, err = p.(logoutProvider).BeginLogout(t.Context(), nil, "", "")
	require.NoError(t, err)
	require.Equal(t, "logout", string(pending))
	require.NoError(t, p.(logoutProvider).FinishLogout(r, nil))
}

// Nothing is returned with an error: neither the provider's, nor one of the rules.
func TestProvider_Fails(t *testing.T) {
	refuses, err := New(Rules{Attributes: []Attribute{{To: "x", From: []string{"none"}, Required: true}}})
	require.NoError(t, err)
	down := errors.New("down")
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for want, p := range map[error]federation.Provider{
		MissingAttribute: Provider(&everything{}, refuses),
		down:             Provider(&everything{err: down}, testMapping(t)),
	} {
		subject, attributes, err := p.Finish(r, nil)
		require.ErrorIs(t, err, want)
		require.Empty(t, subject)
		require.Nil(t, attributes)
		subject, attributes, id, session, err := p.(sessionProvider).FinishSession(r, nil)
		require.ErrorIs(t, err, want)
		require.Empty(t, subject+id)
		require.Nil(t, attributes)
		require.Nil(t, session)
		subject, attributes, relay, err := p.(unsolicitedProvider).FinishUnsolicited(r)
		require.ErrorIs(t, err, want)
		require.Empty(t, subject+relay)
		require.Nil(t, attributes)
	}
}
