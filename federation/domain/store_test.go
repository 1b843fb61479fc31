package domain_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/domain"
)

func TestStoreFails(t *testing.T) {
	down := errors.New("connection lost")
	failing := &failingStore{Store: domain.NewMemoryStore()}
	w := newWorld(t, func(c *domain.Config) { c.Store = failing })
	w.mustClaim("contoso", "example.com", "Contoso", false)
	failing.err = down
	_, _, err := w.Lookup(t.Context(), "a@example.com")
	require.ErrorIs(t, err, domain.StoreFailed)
	require.ErrorIs(t, err, down)
	var homeRealm func(ctx context.Context, email string) (provider string, err error) = w.ProviderFor // as a user pool wants it
	provider, err := homeRealm(t.Context(), "a@example.com")
	require.ErrorIs(t, err, domain.StoreFailed)
	require.Empty(t, provider)
	_, err = homeRealm(t.Context(), "no address")
	require.NoError(t, err, "the store is not asked")
	_, err = w.claim("contoso", "example.com", "Contoso", false)
	require.ErrorIs(t, err, domain.StoreFailed)
	require.ErrorIs(t, w.Release(t.Context(), "contoso", "example.com"), domain.StoreFailed)
	require.ErrorIs(t, w.Recheck(t.Context()), domain.StoreFailed)
	failing.err, failing.stale = nil, true
	_, err = w.claim("contoso", "example.com", "Contoso", false)
	require.ErrorIs(t, err, domain.StoreFailed)
}

type failingStore struct {
	domain.Store
	err   error
	stale bool
}

func (s *failingStore) Domain(ctx context.Context, name string) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Domain(ctx, name)
}

func (s *failingStore) SwapDomain(ctx context.Context, name string, old, record []byte) (bool, error) {
	if s.stale {
		return false, nil
	}
	return s.Store.SwapDomain(ctx, name, old, record)
}

func (s *failingStore) Domains(ctx context.Context, after string, limit int) ([][]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Domains(ctx, after, limit)
}

// A record that another version wrote stops nobody else's from being looked at.
func TestRecheck_UnreadableRecord(t *testing.T) {
	w := newWorld(t)
	for i := range 450 {
		w.mustClaim("contoso", fmt.Sprintf("d%03d.example.com", i), "Contoso", false)
	}
	for _, name := range []string{"a.example.com", "d199.example.com.x", "z.example.com"} {
		done, err := w.store.SwapDomain(t.Context(), name, nil, []byte(`{"v":2}`))
		require.NoError(t, err)
		require.True(t, done)
	}
	w.asked = nil
	w.recheckAfter(day)
	require.Len(t, w.asked, 450)
	_, _, err := w.Lookup(t.Context(), "x@z.example.com")
	require.ErrorIs(t, err, domain.StoreFailed)
}
