package sqlstore_test

import (
	"errors"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
)

// release1 does what the first release did, in its own words. They never change.
type release1 struct {
	t  *testing.T
	db *sqlkit.DB
}

const (
	insertIdentity1 = `INSERT INTO identitypool_identities (pool, id, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	insertLogin1    = `INSERT INTO identitypool_logins (pool, provider, subject, identity) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	selectLogin1    = `SELECT identity FROM identitypool_logins WHERE pool = ? AND provider = ? AND subject = ?`
	selectCreated1  = `SELECT created FROM identitypool_identities WHERE pool = ? AND id = ?`
)

// newRelease1 makes the tables of the first release.
func newRelease1(t *testing.T, e sqlkittest.Engine) release1 {
	t.Helper()
	name := "migrations/" + string(e.Dialect) + "/00001_tables.sql"
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	db, err := sqlkit.Open(t.Context(), e.Handle(t), e.Dialect, sqlkit.Migrations{Prefix: "identitypool", Files: fstest.MapFS{name: {Data: file}}})
	require.NoError(t, err)
	return release1{t, db}
}

// forLogin is what the first release did for a login: it returned the identity, or added it.
func (r release1) forLogin(id, subject string) string {
	found := id
	require.NoError(r.t, r.db.Tx(r.t.Context(), func(tx *sqlkit.Tx) error {
		err := tx.QueryRow(r.t.Context(), selectLogin1, "p", "a", subject).Scan(&found)
		if err == nil || !sqlkit.IsNoRows(err) {
			return err
		}
		found = id
		_, err = tx.Exec(r.t.Context(), insertIdentity1, "p", id, 7)
		_, err2 := tx.Exec(r.t.Context(), insertLogin1, "p", "a", subject, id)
		return errors.Join(err, err2)
	}))
	return found
}

func (r release1) guest(id string) {
	_, err := r.db.Exec(r.t.Context(), insertIdentity1, "p", id, 7)
	require.NoError(r.t, err)
}

// TestD6_Upgrade: what the first release wrote is there after the migration, and what it writes beside this one as well.
func TestD6_Upgrade(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		old := newRelease1(t, e)
		at := time.UnixMicro(7).UTC()
		want := func(id, subject string) identitypool.Identity {
			i := identitypool.Identity{ID: id, Created: at, Modified: at, Version: 1}
			if subject != "" {
				i.Logins, i.Authenticated = []identitypool.Login{{Provider: "a", Subject: subject}}, true
			}
			return i
		}
		old.guest("r:1")
		require.Equal(t, "r:2", old.forLogin("r:2", "ann"))
		s := open(t, e)
		old.guest("r:3")
		require.Equal(t, "r:4", old.forLogin("r:4", "bob"))
		require.Equal(t, "r:2", old.forLogin("r:9", "ann"))

		all := []identitypool.Identity{want("r:1", ""), want("r:2", "ann"), want("r:3", ""), want("r:4", "bob")}
		found, err := s.ListIdentities(t.Context(), "p", "", 10, true)
		require.NoError(t, err)
		require.Equal(t, all, found)
		for _, i := range all {
			got, err := s.Identity(t.Context(), "p", i.ID)
			require.NoError(t, err)
			require.Equal(t, i, got)
		}

		// This release merges what that one wrote, and that one finds the login where it is now.
		parent, other := want("r:2", "ann"), want("r:4", "bob")
		parent.Logins, other.Logins = append(parent.Logins, other.Logins...), nil
		other.Disabled, other.MergedInto = true, "r:2"
		require.NoError(t, s.SaveIdentities(t.Context(), "p", []identitypool.Identity{parent, other}))
		require.Equal(t, "r:2", old.forLogin("r:8", "bob"))
		other.Version++
		got, err := s.Identity(t.Context(), "p", "r:4")
		require.NoError(t, err)
		require.Equal(t, other, got)

		// A new one of this release is one for that release too.
		require.NoError(t, s.SaveIdentities(t.Context(), "p", []identitypool.Identity{
			{ID: "r:5", Logins: []identitypool.Login{{Provider: "a", Subject: "eve"}}, Created: at},
		}))
		require.Equal(t, "r:5", old.forLogin("r:7", "eve"))
		var created int64
		require.NoError(t, old.db.QueryRow(t.Context(), selectCreated1, "p", "r:5").Scan(&created))
		require.EqualValues(t, 7, created)
	})
}
