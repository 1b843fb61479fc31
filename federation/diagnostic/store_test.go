package diagnostic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/oidc"
)

// Any request may land on any process.
func TestProcesses(t *testing.T) {
	store := diagnostic.NewMemoryStore(nil)
	s := newSite(t, func(c *diagnostic.Config, _ *oidc.Config, _ *diagnostic.Target) { c.Store = store })
	client := browser(t)
	back := callback(t, client, s.link(), "ada-1815")
	again, err := diagnostic.New(diagnostic.Config{
		BaseURL: s.url, Key: key, Store: store, Provider: func(context.Context, string) (diagnostic.Target, error) { return s.target, nil },
	})
	require.NoError(t, err)
	s.Handler = again
	require.Contains(t, open(t, client, back.String()).text, "The sign-in works")
}

// What the store holds is sealed.
func TestStore_Sealed(t *testing.T) {
	seen := &seeing{Store: diagnostic.NewMemoryStore(nil)}
	s := newSite(t, func(c *diagnostic.Config, _ *oidc.Config, _ *diagnostic.Target) { c.Store = seen })
	s.target.Provider = fake{next: http.NotFoundHandler(), subject: "x"}
	open(t, browser(t), beginOf(s.link()))
	require.NotEmpty(t, seen.values)
	require.NotContains(t, string(seen.values), "canary")
	require.NotContains(t, string(seen.values), "Contoso")
	require.Regexp(t, `^diagnostic:[\w-]{16}$`, seen.key)
}

type seeing struct {
	diagnostic.Store
	key    string
	values []byte
	err    error
}

func (s *seeing) PutTest(ctx context.Context, key string, value []byte, until time.Time) error {
	s.key, s.values = key, append(s.values, value...)
	return s.Store.PutTest(ctx, key, value, until)
}

func (s *seeing) TakeTest(ctx context.Context, key string) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.TakeTest(ctx, key)
}

func TestStoreFails(t *testing.T) {
	store := &seeing{Store: diagnostic.NewMemoryStore(nil)}
	var log bytes.Buffer
	s := newSite(t, func(c *diagnostic.Config, _ *oidc.Config, _ *diagnostic.Target) {
		c.Store, c.Logger = store, slog.New(slog.NewTextHandler(&log, nil))
	})
	client := browser(t)
	back := callback(t, client, s.link(), "ada-1815")
	store.err = errors.New("canary-database")
	p := open(t, client, back.String())
	require.Equal(t, http.StatusServiceUnavailable, p.status)
	require.NotContains(t, p.source, "canary")
	require.Contains(t, log.String(), "canary-database")
	require.NotContains(t, log.String(), back.Query().Get("code"))
}

func TestMemoryStore_Bounded(t *testing.T) {
	now := time.Now()
	store := diagnostic.NewMemoryStore(func() time.Time { return now })
	for i := range 1000 {
		require.NoError(t, store.PutTest(t.Context(), fmt.Sprint(i), []byte("v"), now.Add(time.Minute)))
	}
	require.Error(t, store.PutTest(t.Context(), "more", nil, now.Add(time.Minute)))
	require.NoError(t, store.PutTest(t.Context(), "0", []byte("w"), now.Add(time.Minute)))
	value, err := store.TakeTest(t.Context(), "0")
	require.NoError(t, err)
	require.Equal(t, "w", string(value))
	value, err = store.TakeTest(t.Context(), "0")
	require.NoError(t, err)
	require.Nil(t, value)
	now = now.Add(time.Minute)
	value, err = store.TakeTest(t.Context(), "1")
	require.NoError(t, err)
	require.Nil(t, value, "it is over")
	require.NoError(t, store.PutTest(t.Context(), "more", nil, now.Add(time.Minute)))
}
