package sqlstore_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/internal/sqlkit/sqlkittest"
	"github.com/stepwell/stepwell/userpool"
)

// release1 does what the first release did with users and sessions, in its own words.
type release1 struct {
	t  *testing.T
	db *sqlkit.DB
}

// The statements of the first release. They never change.
const (
	insertUser1 = `INSERT INTO userpool_users (username, status, enabled, attributes_json, password_hash, identifiers_json, codes_json,
		epoch, created, modified, version, pool, sub) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING`
	updateUser1 = `UPDATE userpool_users SET username = ?, status = ?, enabled = ?, attributes_json = ?, password_hash = ?,
		identifiers_json = ?, codes_json = ?, epoch = ?, created = ?, modified = ?, version = version + 1
		WHERE pool = ? AND sub = ? AND version = ?`
	selectUser1 = `SELECT u.sub, u.username, u.status, u.enabled, u.attributes_json, u.password_hash, u.identifiers_json, u.codes_json,
		u.epoch, u.created, u.modified, u.version FROM userpool_users u WHERE u.pool = ? AND u.sub = ?`
	insertIdentifier1  = `INSERT INTO userpool_identifiers (pool, kind, value, sub) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	deleteIdentifiers1 = `DELETE FROM userpool_identifiers WHERE pool = ? AND sub = ?`
	insertSession1     = `INSERT INTO userpool_sessions (kind, sub, parent, client_id, scopes_json, secret, generation, current_json,
		previous_json, rotated, epoch, auth_time, provider, created, expires, version, pool, id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING`
	updateSession1 = `UPDATE userpool_sessions SET kind = ?, sub = ?, parent = ?, client_id = ?, scopes_json = ?, secret = ?,
		generation = ?, current_json = ?, previous_json = ?, rotated = ?, epoch = ?, auth_time = ?, provider = ?, created = ?,
		expires = ?, version = version + 1 WHERE pool = ? AND id = ? AND version = ?`
	selectSession1 = `SELECT id, kind, sub, parent, client_id, scopes_json, secret, generation, current_json, previous_json, rotated,
		epoch, auth_time, provider, created, expires, version FROM userpool_sessions WHERE pool = ? AND id = ?`
	deleteSessionsOf1 = `DELETE FROM userpool_sessions WHERE pool = ? AND sub = ?`
	deleteMembers1    = `DELETE FROM userpool_members WHERE pool = ? AND sub = ?`
	deleteUser1       = `DELETE FROM userpool_users WHERE pool = ? AND sub = ?`
)

// The JSON of the first release.
type (
	identifier1 struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
	}
	code1 struct {
		Purpose string `json:"purpose"`
		Hash    []byte `json:"hash"`
		Tries   int    `json:"tries"`
		Expires int64  `json:"expires"`
	}
)

// tables1 makes the tables of the first release.
func tables1(t *testing.T, e sqlkittest.Engine) {
	t.Helper()
	name := "migrations/" + string(e.Dialect) + "/00001_tables.sql"
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	_, err = sqlkit.Open(t.Context(), e.Handle(t), e.Dialect, sqlkit.Migrations{Prefix: "userpool", Files: fstest.MapFS{name: {Data: file}}})
	require.NoError(t, err)
}

func newRelease1(t *testing.T, e sqlkittest.Engine) release1 {
	t.Helper()
	db, err := sqlkit.New(e.Handle(t), e.Dialect)
	require.NoError(t, err)
	return release1{t, db}
}

func (r release1) values(u userpool.User) []any {
	text := func(v any) string {
		b, err := json.Marshal(v)
		require.NoError(r.t, err)
		return string(b)
	}
	var identifiers []identifier1
	for _, id := range u.Identifiers {
		identifiers = append(identifiers, identifier1(id))
	}
	var codes []code1
	for _, c := range u.Codes {
		codes = append(codes, code1{c.Purpose, c.Hash, c.Tries, sqlkit.Micros(c.Expires)})
	}
	return []any{
		u.Username, string(u.Status), u.Enabled, text(u.Attributes), u.PasswordHash, text(identifiers), text(codes), u.Epoch,
		sqlkit.Micros(u.Created), sqlkit.Micros(u.Modified), pool, u.Sub,
	}
}

func (r release1) identify(tx *sqlkit.Tx, u userpool.User) error {
	for _, id := range u.Identifiers {
		if n, err := tx.Exec(r.t.Context(), insertIdentifier1, pool, id.Kind, id.Value, u.Sub); err != nil || n != 1 {
			return errors.Join(err, fmt.Errorf("%d identifiers were written", n))
		}
	}
	return nil
}

func (r release1) create(u userpool.User) {
	require.NoError(r.t, r.db.Tx(r.t.Context(), func(tx *sqlkit.Tx) error {
		if n, err := tx.Exec(r.t.Context(), insertUser1, r.values(u)...); err != nil || n != 1 {
			return errors.Join(err, fmt.Errorf("%d users were written", n))
		}
		return r.identify(tx, u)
	}))
}

// update changes the user who is there, and reports whether nobody else did meanwhile.
func (r release1) update(sub string, change func(u *userpool.User)) bool {
	u := r.user(sub)
	change(&u)
	var n int64
	require.NoError(r.t, r.db.Tx(r.t.Context(), func(tx *sqlkit.Tx) (err error) {
		if n, err = tx.Exec(r.t.Context(), updateUser1, append(r.values(u), u.Version)...); err != nil || n == 0 {
			return err
		}
		if _, err := tx.Exec(r.t.Context(), deleteIdentifiers1, pool, sub); err != nil {
			return err
		}
		return r.identify(tx, u)
	}))
	return n == 1
}

func (r release1) user(sub string) userpool.User {
	var u userpool.User
	var attributes, identifiers, codes string
	var created, modified int64
	err := r.db.QueryRow(r.t.Context(), selectUser1, pool, sub).Scan(&u.Sub, &u.Username, &u.Status, &u.Enabled, &attributes, &u.PasswordHash,
		&identifiers, &codes, &u.Epoch, &created, &modified, &u.Version)
	require.NoError(r.t, err)
	u.Created, u.Modified = sqlkit.Time(created), sqlkit.Time(modified)
	require.NoError(r.t, json.Unmarshal([]byte(attributes), &u.Attributes))
	require.NoError(r.t, json.Unmarshal([]byte(identifiers), &u.Identifiers))
	var outstanding []code1
	require.NoError(r.t, json.Unmarshal([]byte(codes), &outstanding))
	for _, c := range outstanding {
		u.Codes = append(u.Codes, userpool.OneTimeCode{Purpose: c.Purpose, Hash: c.Hash, Tries: c.Tries, Expires: sqlkit.Time(c.Expires)})
	}
	return u
}

func (r release1) delete(sub string) {
	require.NoError(r.t, r.db.Tx(r.t.Context(), func(tx *sqlkit.Tx) error {
		for _, query := range []string{deleteIdentifiers1, deleteMembers1, deleteSessionsOf1, deleteUser1} {
			if _, err := tx.Exec(r.t.Context(), query, pool, sub); err != nil {
				return err
			}
		}
		return nil
	}))
}

// terms requires that the search terms in the table are those of the users there, but for those of users who are gone.
func terms(t *testing.T, db *sql.DB, s userpool.Store) {
	t.Helper()
	got := map[string][]string{}
	each(t, db, `SELECT sub, attribute || '=' || value FROM userpool_search ORDER BY attribute, value`, func(sub, term string) {
		got[sub] = append(got[sub], term)
	})
	each(t, db, `SELECT sub, username FROM userpool_users`, func(sub, _ string) {
		u, err := s.User(t.Context(), pool, sub)
		require.NoError(t, err)
		var want []string
		for _, term := range userpool.SearchTerms(u) {
			want = append(want, term.Attribute+"="+term.Value)
		}
		slices.Sort(want)
		require.Equal(t, want, got[sub], "of %s", sub)
	})
}

// found returns the subs of all whom a query finds.
func found(t *testing.T, s userpool.Store, q userpool.UserQuery) (subs []string) {
	t.Helper()
	for pages := 0; ; pages++ {
		require.Less(t, pages, 1000, "the pages have no end")
		page, err := s.ListUsers(t.Context(), pool, q)
		require.NoError(t, err)
		for _, u := range page.Users {
			subs = append(subs, u.Sub)
		}
		if q.After = page.Next; page.Next == "" {
			slices.Sort(subs)
			return subs
		}
	}
}

func byValue(attribute string, operator userpool.UserOperator, value string) userpool.UserQuery {
	return userpool.UserQuery{Attribute: attribute, Operator: operator, Value: value, Limit: 100}
}

// TestD6_Upgrade: a database of the first release with more users than are indexed at once. Two processes start with this release and
// list users at once, while a process of the first release goes on changing some.
func TestD6_Upgrade(t *testing.T) {
	const people = 1203
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		tables1(t, e)
		old := newRelease1(t, e)
		var want []string
		for n := range people {
			old.create(person(n))
			want = append(want, person(n).Sub)
		}
		db := e.Handle(t)
		processes := []userpool.Store{open(t, e), open(t, e)}
		u, err := processes[0].User(t.Context(), pool, person(7).Sub)
		require.NoError(t, err)
		before := person(7)
		before.Version, before.Created, before.Modified = 1, before.Created.UTC(), before.Modified.UTC()
		require.Equal(t, before, u)
		require.Equal(t, want, found(t, processes[0], userpool.UserQuery{Limit: 1000}), "without an attribute nothing needs to be written")

		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				page, err := processes[i%2].ListUsers(t.Context(), pool, byValue("email", "=", address(i)))
				if err != nil || len(page.Users) != 1 || page.Users[0].Sub != person(i).Sub {
					t.Errorf("%d was not found: %+v, %v", i, page, err)
				}
			})
		}
		wg.Go(func() {
			for n := 100; n < people; n += 100 {
				for !old.update(person(n).Sub, func(u *userpool.User) { u.Attributes["nickname"] = "Changed" }) {
				}
			}
		})
		wg.Wait()
		require.Len(t, found(t, processes[1], byValue("nickname", "=", "changed")), 12)
		require.Equal(t, want, found(t, processes[0], byValue("email", "^=", "person.")))
		terms(t, db, processes[0])
	})
}

// TestD6_OldBesideNew: processes of the first release and of this one work on one database.
func TestD6_OldBesideNew(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		tables1(t, e)
		old := newRelease1(t, e)
		s := open(t, e)
		ctx, db := t.Context(), e.Handle(t)
		named := func(n int, name string) userpool.User {
			u := person(n)
			u.Attributes["name"] = name
			return u
		}
		rename := func(name string) func(u *userpool.User) {
			return func(u *userpool.User) { u.Attributes["name"] = name }
		}
		names := func(want map[string][]int) {
			t.Helper()
			for name, people := range want {
				var subs []string
				for _, n := range people {
					subs = append(subs, person(n).Sub)
				}
				require.Equal(t, subs, found(t, s, byValue("name", "=", name)), name)
			}
			terms(t, db, s)
		}

		// What the old one writes, the new one finds.
		old.create(named(0, "Old"))
		names(map[string][]int{"old": {0}})
		require.True(t, old.update(person(0).Sub, rename("Older")))
		names(map[string][]int{"old": nil, "older": {0}})
		require.True(t, old.update(person(0).Sub, func(u *userpool.User) { u.Attributes, u.Enabled = nil, false }))
		names(map[string][]int{"older": nil})
		require.Equal(t, []string{person(0).Sub}, found(t, s, byValue("status", "=", "disabled")))

		// What the new one writes, the old one reads and changes, and leaves what it does not know.
		full := named(1, "New")
		full.PreferredMFA, full.Passkeys = "SOFTWARE_TOKEN_MFA", []userpool.Passkey{{ID: []byte("1"), Name: "key"}}
		require.NoError(t, s.CreateUser(ctx, pool, full))
		require.Equal(t, "New", old.user(full.Sub).Attributes["name"])
		require.True(t, old.update(full.Sub, func(u *userpool.User) {
			u.Attributes["name"], u.Identifiers[0].Value = "Both", "both@example.com"
		}))
		u, err := s.UserByIdentifier(ctx, pool, userpool.Identifier{Kind: userpool.IdentifierEmail, Value: "both@example.com"})
		require.NoError(t, err)
		require.Equal(t, full.Passkeys, u.Passkeys)
		require.Equal(t, full.PreferredMFA, u.PreferredMFA)
		require.EqualValues(t, 2, u.Version)
		names(map[string][]int{"new": nil, "both": {1}})

		// The new one changes and deletes what the old one changed, before anything was listed.
		require.True(t, old.update(full.Sub, rename("Once more")))
		u, err = s.User(ctx, pool, full.Sub)
		require.NoError(t, err)
		u.Codes = []userpool.OneTimeCode{{Purpose: "p"}}
		require.NoError(t, s.UpdateUser(ctx, pool, u))
		require.ErrorIs(t, s.UpdateUser(ctx, pool, u), userpool.ErrStale)
		terms(t, db, s)
		names(map[string][]int{"both": nil, "once more": {1}})
		require.True(t, old.update(full.Sub, rename("Gone")))
		require.NoError(t, s.DeleteUser(ctx, pool, full.Sub, 0))
		each(t, db, `SELECT sub, value FROM userpool_search`, func(sub, value string) {
			require.NotEqual(t, full.Sub, sub, "%s was left behind", value)
		})

		// The old one deletes a user of the new one: nobody is found by what is left.
		require.NoError(t, s.CreateUser(ctx, pool, named(2, "Two")))
		require.NoError(t, s.CreateUser(ctx, pool, named(3, "Two")))
		old.delete(person(2).Sub)
		names(map[string][]int{"two": {3}, "both": nil, "gone": nil})
		q := byValue("name", "*=", "w")
		q.Limit = 1
		require.Equal(t, []string{person(3).Sub}, found(t, s, q))
		require.NoError(t, s.CreateUser(ctx, pool, named(2, "Two again")))
		require.Equal(t, []string{person(3).Sub}, found(t, s, byValue("name", "=", "two")), "not by what the old one left")
	})
}

// TestD6_OldSessionsBesideNew: the same for sessions.
func TestD6_OldSessionsBesideNew(t *testing.T) {
	sqlkittest.Each(t, func(t *testing.T, e sqlkittest.Engine) {
		tables1(t, e)
		old, s, ctx := newRelease1(t, e), open(t, e), t.Context()
		old.create(person(0))
		sub := person(0).Sub
		_, err := old.db.Exec(ctx, insertSession1, "tokens", sub, "", "web", `["openid"]`, []byte{1}, 1, "null", "null", 1, 1, 1, "", 5, 6, pool, "s1")
		require.NoError(t, err)
		v, err := s.Session(ctx, pool, "s1")
		require.NoError(t, err)
		require.Equal(t, userpool.Session{
			ID: "s1", Kind: "tokens", Sub: sub, ClientID: "web", Scopes: []string{"openid"}, Secret: []byte{1}, Generation: 1, Epoch: 1,
			Rotated: sqlkit.Time(1), AuthTime: sqlkit.Time(1), Created: sqlkit.Time(5), Expires: sqlkit.Time(6), Version: 1,
		}, v)

		v.AMR, v.DeviceKey, v.Generation = []string{"pwd"}, "device", 2
		require.NoError(t, s.UpdateSession(ctx, pool, v))
		var id, kind, of, parent, client, scopes, current, previous, provider string
		var secret []byte
		var generation, rotated, epoch, authTime, created, expires, version int64
		require.NoError(t, old.db.QueryRow(ctx, selectSession1, pool, "s1").Scan(&id, &kind, &of, &parent, &client, &scopes, &secret, &generation,
			&current, &previous, &rotated, &epoch, &authTime, &provider, &created, &expires, &version))
		require.EqualValues(t, 2, generation)
		require.EqualValues(t, 2, version)
		n, err := old.db.Exec(ctx, updateSession1, kind, of, parent, client, scopes, secret, 3, current, previous, rotated, epoch, authTime, provider,
			created, expires, pool, "s1", version)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		v.Generation, v.Version = 3, 3
		got, err := s.SessionsOf(ctx, pool, sub, 10)
		require.NoError(t, err)
		require.Equal(t, []userpool.Session{v}, got, "the old one left what it does not know")
	})
}
