package sigv4

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// memory is a replay guard as an application would keep in its store.
type memory struct {
	mu    sync.Mutex
	until map[string]time.Time
	asked int
}

func (m *memory) once(_ context.Context, key string, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if _, seen := m.until[key]; seen {
		return false, nil
	}
	if m.until == nil {
		m.until = map[string]time.Time{}
	}
	m.until[key] = until
	return true, nil
}

// TestA8_Once: a request is accepted once, and what is not proved takes no
// place in the memory.
func TestA8_Once(t *testing.T) {
	for name, sign := range map[string]func(testing.TB, *http.Request, string){"ours": ours, "theirs": theirs, "presigned": presigned} {
		guard := &memory{}
		v := verifierWith(t, func(c *Config) { c.Once, c.AllowPresigned = guard.once, true })
		make := func() *http.Request {
			r := testRequest(t, "body")
			sign(t, r, "body")
			return roundTrip(t, r)
		}
		for _, spoil := range []edit{
			func(r *http.Request) { r.Method = "PUT" },
			func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("Body")) },
		} {
			r := make()
			spoil(r)
			_, err := v.Verify(r)
			require.ErrorIs(t, err, InvalidSignature, name)
		}
		require.Zero(t, guard.asked, name)
		_, err := v.Verify(make())
		require.NoError(t, err, name)
		_, err = v.Verify(make())
		require.ErrorIs(t, err, ReplayedRequest, name)
		require.Len(t, guard.until, 1)
		for key, until := range guard.until {
			require.Regexp(t, "^[0-9a-f]{64}$", key)
			want := now.Add(5*time.Minute + time.Second)
			if name == "presigned" {
				want = now.Add(15*time.Minute + time.Second)
			}
			require.Equal(t, want, until)
			// When the memory may be emptied, the request is too old.
			late := verifierWith(t, func(c *Config) { c.AllowPresigned, c.Now = true, func() time.Time { return until } })
			_, err = late.Verify(make())
			require.Error(t, err)
		}
	}
}

// TestA8_OnceOfTheBody: a body that is not what its stated hash, its chunks or
// its checksum say takes no place either.
func TestA8_OnceOfTheBody(t *testing.T) {
	guard := &memory{}
	v := verifierWith(t, func(c *Config) { c.Once, c.AllowStreaming, c.AllowUnsignedPayload = guard.once, true, true })
	r := testRequest(t, whole)
	r.Header.Set("X-Amz-Content-Sha256", hashHex([]byte(whole)))
	ours(t, r, whole)
	for _, r := range []*http.Request{roundTrip(t, r), chunkedRequest(t, streamSigned), chunkedRequest(t, streamUnsigned, "x-amz-checksum-sha1")} {
		inBody("milk", "silk")(r)
		_, err := v.Verify(r)
		require.Error(t, err)
	}
	require.Zero(t, guard.asked)
	for _, want := range []error{nil, ReplayedRequest} {
		_, err := v.Verify(chunkedRequest(t, streamSigned))
		require.ErrorIs(t, err, want)
	}
}

// TestA8_PresignedGetIsForRepeatedUse: a link may be followed again.
func TestA8_PresignedGetIsForRepeatedUse(t *testing.T) {
	for method, again := range map[string]bool{"GET": true, "HEAD": true, "PUT": false, "DELETE": false, "POST": false} {
		guard := &memory{}
		v := verifierWith(t, func(c *Config) { c.Once, c.AllowPresigned = guard.once, true })
		r := testRequest(t, "")
		r.Method = method
		presigned(t, r, "")
		_, err := v.Verify(roundTrip(t, r))
		require.NoError(t, err)
		_, err = v.Verify(roundTrip(t, r))
		require.Equal(t, again, err == nil, method)
		// What is signed in its header is for one use, whatever it does.
		r = testRequest(t, "")
		r.Method = method
		ours(t, r, "")
		_, err = v.Verify(roundTrip(t, r))
		require.NoError(t, err)
		_, err = v.Verify(roundTrip(t, r))
		require.ErrorIs(t, err, ReplayedRequest, method)
	}
}

// TestA8_SignatureChanged: anybody can change an ECDSA signature (r, s) into
// (r, -s), which is good too. The guard is not fooled.
func TestA8_SignatureChanged(t *testing.T) {
	guard := &memory{}
	v := verifierWith(t, func(c *Config) { c.Once, c.AllowSigV4A = guard.once, true })
	r := testRequest(t, "")
	require.NoError(t, SignV4A(r, nil, testCredentials, []string{"*"}, "execute-api", now))
	_, err := v.Verify(roundTrip(t, r))
	require.NoError(t, err)
	negate(t, r)
	_, err = verifierWith(t, func(c *Config) { c.AllowSigV4A = true }).Verify(roundTrip(t, r))
	require.NoError(t, err)
	_, err = v.Verify(roundTrip(t, r))
	require.ErrorIs(t, err, ReplayedRequest)
}

func TestOnceFailureIsReturned(t *testing.T) {
	down := errors.New("the store does not answer")
	v := verifierWith(t, func(c *Config) {
		c.Once = func(context.Context, string, time.Time) (bool, error) { return true, down }
	})
	r := testRequest(t, "")
	ours(t, r, "")
	_, err := v.Verify(roundTrip(t, r))
	require.Equal(t, down, err)
}

// Of many at the same moment one is the first.
func TestA8_OnceConcurrently(t *testing.T) {
	guard := &memory{}
	v := verifierWith(t, func(c *Config) { c.Once = guard.once })
	r := testRequest(t, "body")
	ours(t, r, "body")
	data := wire(t, r)
	var wg sync.WaitGroup
	results := make([]error, 32)
	for i := range results {
		wg.Go(func() {
			r, err := read(data)
			if err == nil {
				_, err = v.Verify(r)
			}
			results[i] = err
		})
	}
	wg.Wait()
	good := 0
	for _, err := range results {
		if err == nil {
			good++
			continue
		}
		require.ErrorIs(t, err, ReplayedRequest)
	}
	require.Equal(t, 1, good)
}
