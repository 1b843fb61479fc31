package identitypool_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// TestA8_Replay: inside five minutes a request can be sent again, later not, and never to another service.
func TestA8_Replay(t *testing.T) {
	k := newRig(t)
	_, c := k.user(t, "ann")
	first := k.now
	send := func(a *identitypool.Authorizer) error {
		r := httptest.NewRequest("GET", "/", nil)
		require.NoError(t, sigv4.Sign(r, nil, c, "eu-west-1", "execute-api", first))
		_, err := a.Caller(r)
		return err
	}
	require.NoError(t, send(k.Authorizer))
	k.now = first.Add(4 * time.Minute)
	require.NoError(t, send(k.Authorizer))
	require.ErrorIs(t, send(rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{Service: "billing"})), identitypool.InvalidSignature)
	k.now = first.Add(6 * time.Minute)
	require.ErrorIs(t, send(k.Authorizer), identitypool.InvalidSignature)
}

// TestA8_PreventReplay: of a request that is sent again at once, to any process, one is let through.
func TestA8_PreventReplay(t *testing.T) {
	k := newRig(t)
	_, c := k.user(t, "ann")
	guard := identitypool.AuthorizerConfig{PreventReplay: true}
	processes := []*identitypool.Authorizer{rigAuthorizer(t, k.pool, guard), rigAuthorizer(t, rigPool(t, k.config), guard)}
	const times = 20
	results := make(chan error, times)
	for i := range times {
		r := k.get(t, c)
		go func() {
			_, err := processes[i%2].Caller(r)
			results <- err
		}()
	}
	through := 0
	for range times {
		if err := <-results; err == nil {
			through++
		} else {
			require.ErrorIs(t, err, identitypool.ReplayedRequest)
		}
	}
	require.Equal(t, 1, through)

	// For as long as its signature is good, to the last moment.
	later := k.get(t, c)
	for _, after := range []time.Duration{time.Minute, 5*time.Minute - time.Second} {
		signedAt := k.now
		k.now = k.now.Add(after)
		_, err := processes[1].Caller(later.Clone(t.Context()))
		require.ErrorIs(t, err, identitypool.ReplayedRequest)
		k.now = signedAt
	}
	// Another request is none of it, and a forged one uses nothing up.
	other := k.request(t, c, "GET", "/other", "")
	forged := other.Clone(t.Context())
	forged.Header.Set("Authorization", strings.Replace(forged.Header.Get("Authorization"), "Signature=", "Signature=00", 1)[:len(forged.Header.Get("Authorization"))])
	_, err := processes[0].Caller(forged)
	require.ErrorIs(t, err, identitypool.InvalidSignature)
	_, err = processes[0].Caller(other)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, identitypool.ReplayedRequest.Status())
}

// TestA9_OtherServiceOrRegion: what is signed for one is refused by another.
func TestA9_OtherServiceOrRegion(t *testing.T) {
	k := newRig(t)
	_, c := k.user(t, "ann")
	for _, scope := range [][2]string{{"eu-west-1", "sts"}, {"us-east-1", "execute-api"}, {"eu-west-1", "execute-api2"}} {
		r := httptest.NewRequest("GET", "/", nil)
		require.NoError(t, sigv4.Sign(r, nil, c, scope[0], scope[1], k.now))
		_, err := k.Caller(r)
		require.ErrorIs(t, err, identitypool.InvalidSignature, scope)
	}
}

// TestPresigned: refused unless they are switched on, good until they expire, and never longer than the credentials.
func TestPresigned(t *testing.T) {
	k := newRig(t)
	_, c := k.user(t, "ann")
	link := func(method string, expires time.Duration) *http.Request {
		url, err := sigv4.Presign(httptest.NewRequest(method, "http://example.com/notes/a", nil), nil, c, "eu-west-1", "execute-api", k.now, expires)
		require.NoError(t, err)
		return httptest.NewRequest(method, strings.TrimPrefix(url, "http://example.com"), nil)
	}
	r := link("GET", time.Minute)
	_, err := k.Caller(r)
	require.ErrorIs(t, err, identitypool.IncompleteSignature)
	_, err = k.pool.Authorizer(identitypool.AuthorizerConfig{MaxExpires: time.Hour})
	require.ErrorContains(t, err, "MaxExpires")

	a := rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{AllowPresigned: true, MaxExpires: 2 * time.Hour, PreventReplay: true})
	first, long := k.now, link("GET", 2*time.Hour)
	for range 2 {
		_, err = a.Caller(r)
		require.NoError(t, err, "a link is made to be followed again")
	}
	once := link("POST", time.Minute)
	_, err = a.Caller(once)
	require.NoError(t, err)
	_, err = a.Caller(once)
	require.ErrorIs(t, err, identitypool.ReplayedRequest)
	_, err = a.Caller(link("GET", 3*time.Hour))
	require.ErrorIs(t, err, identitypool.IncompleteSignature)
	k.now = first.Add(2 * time.Minute)
	_, err = a.Caller(r)
	require.ErrorIs(t, err, identitypool.InvalidSignature)
	_, err = a.Caller(long)
	require.NoError(t, err)
	k.now = first.Add(61 * time.Minute)
	_, err = a.Caller(long)
	require.ErrorIs(t, err, identitypool.ExpiredToken)
}
