package identitypool_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sqlstore"
	"github.com/stepwell/stepwell/internal/pgtest"
)

// eachStore runs a test on a store in memory, in SQLite and in PostgreSQL.
func eachStore(t *testing.T, test func(t *testing.T, store identitypool.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, memstore.New()) })
	t.Run("SQLite", func(t *testing.T) {
		db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "pool.db")))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite)
		require.NoError(t, err)
		test(t, store)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		store, err := sqlstore.Open(t.Context(), pgtest.Open(t), sqlstore.PostgreSQL)
		require.NoError(t, err)
		test(t, store)
	})
}

// atOnce calls act fifty times at once.
func atOnce(act func(i int) error) []error {
	out := make([]error, 50)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range out {
		wg.Go(func() {
			<-start
			out[i] = act(i)
		})
	}
	close(start)
	wg.Wait()
	return out
}

// successes counts those without an error; all others must be the code.
func successes(t *testing.T, outcomes []error, code identitypool.Code) int {
	t.Helper()
	n := 0
	for _, err := range outcomes {
		if err == nil {
			n++
			continue
		}
		require.ErrorIs(t, err, code)
	}
	return n
}

// other is the login of another provider than login.
func other(token string) map[string]string {
	return map[string]string{"other.example.com": token}
}

// altered returns a text with another character near its end.
func altered(text string) string {
	at := len(text) - 8
	c := "A"
	if text[at] == 'A' {
		c = "B"
	}
	return text[:at] + c + text[at+1:]
}

// join returns the logins of several maps.
func join(maps ...map[string]string) map[string]string {
	out := make(map[string]string)
	for _, m := range maps {
		for name, token := range m {
			out[name] = token
		}
	}
	return out
}

// describe returns an identity.
func describe(t testing.TB, p *identitypool.Pool, id string) identitypool.Identity {
	t.Helper()
	i, err := p.DescribeIdentity(t.Context(), id)
	require.NoError(t, err)
	return i
}

// use gets credentials, and returns the identity whose they are.
func use(t testing.TB, p *identitypool.Pool, id string, logins map[string]string) (string, identitypool.Credentials, error) {
	t.Helper()
	out, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	return out.IdentityID, out.Credentials, err
}

func mustUse(t testing.TB, p *identitypool.Pool, id string, logins map[string]string) (string, identitypool.Credentials) {
	t.Helper()
	got, credentials, err := use(t, p, id, logins)
	require.NoError(t, err)
	return got, credentials
}

func TestGetID(t *testing.T) {
	p := newPool(t, config(newClock()))
	ann := getID(t, p, login("ann"))
	require.Regexp(t, `^eu-west-1:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, ann)
	require.Equal(t, ann, getID(t, p, login("ann")))
	seen := map[string]bool{ann: true}
	for _, logins := range []map[string]string{
		login("bob"), login("Ann"), login("ann "), other("ann"), {"ID.example.com": "ann"}, nil, nil, {},
	} {
		id := getID(t, p, logins)
		require.False(t, seen[id], "%v", logins)
		seen[id] = true
	}
}

// TestA17_IdentityAndLogin: an identity is used with a login of its own, and a guest's without any.
func TestA17_IdentityAndLogin(t *testing.T) {
	c := config(newClock())
	p := newPool(t, c)
	ann, bob, visitor := getID(t, p, login("ann")), getID(t, p, login("bob")), getID(t, p, nil)
	for _, test := range []struct {
		id     string
		logins map[string]string
		code   identitypool.Code
		text   string
	}{
		{ann, login("ann"), "", ""},
		{visitor, nil, "", ""},
		{ann, nil, identitypool.NotAuthorized, "Access to Identity '" + ann + "' is forbidden."},
		{ann, login("bob"), identitypool.NotAuthorized, "Logins don't match."},
		{bob, login("ann"), identitypool.NotAuthorized, "Logins don't match."},
		{ann, other("ann"), identitypool.NotAuthorized, "Logins don't match."},
		{ann, map[string]string{"ID.example.com": "ann"}, identitypool.NotAuthorized, "Logins don't match."},
		{ann, login("Ann"), identitypool.NotAuthorized, "Logins don't match."},
		{otherPool, nil, identitypool.ResourceNotFound, "Identity '" + otherPool + "' not found."},
		{otherPool, login("ann"), identitypool.ResourceNotFound, "not found."},
		{"", nil, identitypool.InvalidParameter, "region:uuid"},
		{strings.ToUpper(ann), login("ann"), identitypool.InvalidParameter, "region:uuid"},
		{ann + "\x00", login("ann"), identitypool.InvalidParameter, "region:uuid"},
		{ann + "\n", login("ann"), identitypool.InvalidParameter, "region:uuid"},
		{strings.Repeat("a", 100) + ann, login("ann"), identitypool.InvalidParameter, "region:uuid"},
	} {
		_, _, err := use(t, p, test.id, test.logins)
		if test.code == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, test.code, "%q %v", test.id, test.logins)
		require.ErrorContains(t, err, test.text)
	}
	require.Equal(t, ann, getID(t, p, login("ann")), "a refused call must have linked nothing")
	require.Len(t, describe(t, p, ann).Logins, 1)

	// The same store, another pool: its identities are not there.
	c.ID = otherPool
	q := newPool(t, c)
	_, _, err := use(t, q, ann, login("ann"))
	require.ErrorIs(t, err, identitypool.ResourceNotFound)
	require.NotEqual(t, ann, getID(t, q, login("ann")))

	// No guests: neither new ones nor those that were.
	c.ID, c.AllowUnauthenticated = poolID, false
	p = newPool(t, c)
	_, err = p.GetID(t.Context(), identitypool.GetIDInput{})
	require.ErrorIs(t, err, identitypool.NotAuthorized)
	require.ErrorContains(t, err, "Unauthenticated access is not supported for this identity pool.")
	_, _, err = use(t, p, visitor, nil)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestD4_OneIdentity: fifty requests of a login that is new get one identity.
func TestD4_OneIdentity(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		c := config(newClock())
		c.Store = store
		pools := []*identitypool.Pool{newPool(t, c), newPool(t, c)}
		ids := make([]string, 50)
		for _, err := range atOnce(func(i int) (err error) {
			logins := []map[string]string{login("ann"), other("ann"), join(login("ann"), other("ann"))}[i%3]
			ids[i], err = pools[i%2].GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
			return err
		}) {
			require.NoError(t, err)
		}
		want := getID(t, pools[0], join(login("ann"), other("ann")))
		require.Equal(t, want, getID(t, pools[1], login("ann")))
		require.Equal(t, want, getID(t, pools[1], other("ann")))
		owners := 0
		all, err := pools[0].ListIdentities(t.Context(), identitypool.ListIdentitiesInput{})
		require.NoError(t, err)
		for _, i := range all.Identities {
			if len(i.Logins) > 0 {
				owners++
				require.Equal(t, want, i.ID)
				continue
			}
			require.True(t, i.Disabled)
			require.Equal(t, want, i.MergedInto)
		}
		require.Equal(t, 1, owners)
	})
}

// overtaken is a store on which another process is always faster.
type overtaken struct {
	identitypool.Store
	saves int
}

func (s *overtaken) SaveIdentities(context.Context, string, []identitypool.Identity) error {
	s.saves++
	return identitypool.ErrConflict
}

func (s *overtaken) IdentityOfLogin(ctx context.Context, pool string, login identitypool.Login) (identitypool.Identity, error) {
	return s.Store.IdentityOfLogin(context.WithoutCancel(ctx), pool, login)
}

// TestD5_Overtaken: it is tried again for a bounded time, which the context ends.
func TestD5_Overtaken(t *testing.T) {
	c := config(newClock())
	s := &overtaken{Store: c.Store}
	c.Store = s
	p := newPool(t, c)
	_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: login("ann")})
	require.ErrorIs(t, err, identitypool.ConcurrentModification)
	require.Greater(t, s.saves, 5)
	require.Less(t, s.saves, 100)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	_, err = p.GetID(ctx, identitypool.GetIDInput{Logins: login("ann")})
	require.ErrorIs(t, err, identitypool.InternalError)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
