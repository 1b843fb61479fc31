package userpool_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// afterRead calls a function once, between the reading of a record and what is made of it.
type afterRead struct {
	userpool.Store
	then func()
}

func (s *afterRead) Record(ctx context.Context, pool, kind, key string) (userpool.Record, error) {
	r, err := s.Store.Record(ctx, pool, kind, key)
	if then := s.then; then != nil {
		s.then = nil
		then()
	}
	return r, err
}

// Settings are in force in the process that changed them, though another caller was just reading the old ones.
func TestUpdateUserPool_BesideReader(t *testing.T) {
	store := &afterRead{Store: memstore.New()}
	d := newDirectory(t, store)
	made, err := d.CreateUserPool(t.Context(), userpool.CreateUserPoolInput{ID: "acme", Name: "Acme"})
	require.NoError(t, err)
	store.then = func() {
		_, err := d.UpdateUserPool(t.Context(), userpool.UpdateUserPoolInput{
			ID: made.ID, Name: "Acme", Settings: userpool.Settings{AllowAdminCreateUserOnly: true},
		})
		require.NoError(t, err)
	}
	require.False(t, d.pool(t, made.ID).Settings().AllowAdminCreateUserOnly, "this one was read before")
	require.True(t, d.pool(t, made.ID).Settings().AllowAdminCreateUserOnly)
}

// A pool is made or changed with one act of the store: what was done is not answered with a failure of reading it once more.
func TestD3_UserPoolIsDescribedWithoutReading(t *testing.T) {
	d := newDirectory(t, noReading{memstore.New()})
	got, err := d.CreateUserPool(t.Context(), userpool.CreateUserPoolInput{ID: "acme", Name: "Acme", Settings: withClient(backendSecret), DeletionProtection: true})
	require.NoError(t, err)
	require.Regexp(t, `^kept:[0-9a-f]{16}$`, got.Settings.Clients[0].Secrets[0])
	require.Equal(t, int64(1), got.Version)
	require.True(t, got.DeletionProtection)
	require.Equal(t, d.clock.Now(), got.Created)
}

type noReading struct{ userpool.Store }

func (noReading) Record(context.Context, string, string, string) (userpool.Record, error) {
	return userpool.Record{}, errBroken
}

// A pool that cannot be opened keeps no other from its upkeep, and is named in the log.
func TestDirectory_UpkeepOfTheOthers(t *testing.T) {
	log := &syncBuffer{}
	d := newDirectory(t, memstore.New())
	broken := false
	d.config.Config.Logger = slog.New(slog.NewTextHandler(log, nil))
	d.config.Configure = func(id string, c *userpool.Config) error {
		if broken && id == "broken" {
			return errors.New("its provider is gone")
		}
		return nil
	}
	d = d.again(t)
	for _, id := range []string{"acme", "broken", "globex"} {
		_, err := d.CreateUserPool(t.Context(), userpool.CreateUserPoolInput{ID: id, Name: id, Settings: withClient("")})
		require.NoError(t, err)
		d.pool(t, id).user("ada@example.com")
	}
	broken = true
	d = d.again(t)
	d.clock.Advance(91 * 24 * time.Hour)
	before := len(log.String())
	d.UpkeepForTest(t.Context())
	said := log.String()[before:]
	for _, id := range []string{"acme", "globex"} {
		require.Contains(t, said, "pool="+id, "its key was replaced, which is in the trail")
	}
	require.Contains(t, said, "its provider is gone")
	require.Equal(t, 1, strings.Count(said, "upkeep failed"))
}

func TestCreateUserPool_BadID(t *testing.T) {
	d := newDirectory(t, memstore.New())
	for _, id := range []string{"a b", "/directory", strings.Repeat("x", 56)} {
		_, err := d.CreateUserPool(t.Context(), userpool.CreateUserPoolInput{ID: id, Name: "x"})
		var e *userpool.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, userpool.InvalidParameter, e.Code)
		require.Equal(t, "id", e.Field)
	}
}
