package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// hostile are strings that have broken others.
var hostile = []string{
	`' OR '1'='1`, `"; DROP TABLE identitypool_logins; --`, `$1`, `?`, `:name`, `\`, `\'`, `%`, `$$x$$`, "\n\r\t", "\u202e\ufeff", "𝄞", `{"a":1}`,
	"\u0001", "NULL", "null", "-1", "1e309", "true",
}

// stringsKept: text is text.
func stringsKept(t *testing.T, s identitypool.Store) {
	for i, text := range hostile {
		pool := poolA + text
		want := user(fmt.Sprint("r:", i, text), text, text)
		want.MergedInto = text
		mustSave(t, s, pool, want)
		require.Equal(t, saved(want), mustFind(t, s, pool, want.ID))
		require.Equal(t, saved(want), mustFindLogin(t, s, pool, text, text))
		require.Equal(t, []identitypool.Identity{saved(want)}, mustList(t, s, pool, "r:", 10, true))

		r := identitypool.Revocation{Subject: text, Before: kept(moment), Expires: kept(moment)}
		require.NoError(t, s.Revoke(t.Context(), pool, r))
		require.Equal(t, []identitypool.Revocation{r}, mustRevocations(t, s, pool, []string{text}, moment))

		k := identitypool.Ticket{Key: text, Value: []byte(text), Expires: kept(moment.Add(time.Hour))}
		require.NoError(t, s.CreateTicket(t.Context(), pool, k, moment))
		got, err := s.TakeTicket(t.Context(), pool, text, moment)
		require.NoError(t, err)
		require.Equal(t, k, got)

		key := identitypool.SigningKey{ID: text, Sealed: []byte(text), Created: kept(moment)}
		require.NoError(t, s.ReplaceSigningKeys(t.Context(), pool, nil, []identitypool.SigningKey{key}))
		require.Equal(t, []identitypool.SigningKey{key}, mustKeys(t, s, pool))
	}
}

// unstorable is text that one of the engines cannot hold.
var unstorable = []string{"\x00", "a\x00b", "\xff", "a\xc3"}

// tooLate is a time that no store takes.
var tooLate = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)

// refusedIdentities: what one engine cannot store, none stores.
func refusedIdentities(t *testing.T, s identitypool.Store) {
	var bad [][]identitypool.Identity
	one := func(change func(i *identitypool.Identity)) {
		i := user("r:1", "a", "s")
		change(&i)
		bad = append(bad, []identitypool.Identity{i}, []identitypool.Identity{guest("r:2"), i})
	}
	for _, text := range append([]string{""}, unstorable...) {
		one(func(i *identitypool.Identity) { i.ID = text })
		one(func(i *identitypool.Identity) { i.Logins[0].Provider = text })
		one(func(i *identitypool.Identity) { i.Logins[0].Subject = text })
		if text != "" {
			one(func(i *identitypool.Identity) { i.MergedInto = text })
			require.ErrorIs(t, s.SaveIdentities(t.Context(), text, []identitypool.Identity{guest("r:1")}), identitypool.ErrInvalid)
		}
	}
	one(func(i *identitypool.Identity) { i.Created = tooLate })
	one(func(i *identitypool.Identity) { i.Modified = tooLate })
	one(func(i *identitypool.Identity) { i.Version = -1 })
	one(func(i *identitypool.Identity) { i.Logins = append(i.Logins, i.Logins[0]) })
	bad = append(bad, nil, []identitypool.Identity{}, []identitypool.Identity{guest("r:1"), guest("r:1")},
		[]identitypool.Identity{user("r:1", "a", "s"), user("r:2", "a", "s")})
	var many []identitypool.Identity
	for n := range 26 {
		many = append(many, guest(fmt.Sprint("r:", n)))
	}
	bad = append(bad, many)
	for _, call := range bad {
		require.ErrorIs(t, s.SaveIdentities(t.Context(), poolA, call), identitypool.ErrInvalid, "%+v", call)
	}
	require.Empty(t, mustList(t, s, poolA, "", 100, false), "something that was refused was stored")
	mustSave(t, s, poolA, many[:25]...)
	require.Equal(t, 25, len(mustList(t, s, poolA, "", 100, false)))
}

// refusedValues: the same for everything else; and nothing is found by what cannot be stored.
func refusedValues(t *testing.T, s identitypool.Store) {
	ctx := t.Context()
	for _, text := range append([]string{""}, unstorable...) {
		require.ErrorIs(t, s.Revoke(ctx, poolA, identitypool.Revocation{Subject: text}), identitypool.ErrInvalid)
		require.ErrorIs(t, s.CreateTicket(ctx, poolA, identitypool.Ticket{Key: text, Expires: moment}, moment), identitypool.ErrInvalid)
		require.ErrorIs(t, s.ReplaceSigningKeys(ctx, poolA, nil, []identitypool.SigningKey{{ID: text}}), identitypool.ErrInvalid)
		noIdentity(t, s, poolA, text)
		noLogin(t, s, poolA, text, "s")
		noLogin(t, s, poolA, "a", text)
		require.ErrorIs(t, s.DeleteIdentity(ctx, poolA, text), identitypool.ErrNotFound)
		require.Empty(t, mustRevocations(t, s, poolA, []string{text}, moment))
		_, err := s.TakeTicket(ctx, poolA, text, moment)
		require.ErrorIs(t, err, identitypool.ErrNotFound)
		if text == "" {
			continue
		}
		require.ErrorIs(t, s.Revoke(ctx, text, identitypool.Revocation{Subject: "s"}), identitypool.ErrInvalid)
		require.ErrorIs(t, s.CreateTicket(ctx, text, identitypool.Ticket{Key: "k"}, moment), identitypool.ErrInvalid)
		require.ErrorIs(t, s.ReplaceSigningKeys(ctx, text, nil, nil), identitypool.ErrInvalid)
		noIdentity(t, s, text, "r:1")
		noLogin(t, s, text, "a", "s")
		require.Empty(t, mustKeys(t, s, text))
		require.Empty(t, mustRevocations(t, s, text, nil, moment))
		require.Empty(t, mustRevocations(t, s, text, []string{"s"}, moment))
		require.NoError(t, s.Purge(ctx, text, moment))
		for _, call := range [][2]string{{text, ""}, {poolA, text}} {
			_, err = s.ListIdentities(ctx, call[0], call[1], 10, false)
			require.ErrorIs(t, err, identitypool.ErrInvalid)
		}
	}
	for _, r := range []identitypool.Revocation{{Subject: "s", Before: tooLate}, {Subject: "s", Expires: tooLate}} {
		require.ErrorIs(t, s.Revoke(ctx, poolA, r), identitypool.ErrInvalid)
	}
	for _, k := range []identitypool.Ticket{
		{Key: "k", Expires: tooLate}, {Key: strings.Repeat("k", 256), Expires: moment}, {Key: "k", Value: make([]byte, 64<<10+1), Expires: moment},
	} {
		require.ErrorIs(t, s.CreateTicket(ctx, poolA, k, moment), identitypool.ErrInvalid)
	}
	for _, k := range []identitypool.SigningKey{{ID: "k", Created: tooLate}, {ID: "k", Retired: tooLate}, {ID: "k", Sealed: make([]byte, 64<<10+1)}} {
		require.ErrorIs(t, s.ReplaceSigningKeys(ctx, poolA, nil, []identitypool.SigningKey{k}), identitypool.ErrInvalid)
	}
	require.Empty(t, mustRevocations(t, s, poolA, nil, time.Time{}))
	require.Empty(t, mustKeys(t, s, poolA))
}

// longValues: longer than any limit of the pool, and not cut.
func longValues(t *testing.T, s identitypool.Store) {
	long := strings.Repeat("x", 1_000)
	want := user("r:1", long, long+"1")
	mustSave(t, s, poolA, want)
	require.Equal(t, saved(want), mustFindLogin(t, s, poolA, long, long+"1"))
	noLogin(t, s, poolA, long, long+"2")
	mustSave(t, s, poolA, user("r:2", long, long+"2"))
}

// times: the same instant to the microsecond, in UTC.
func times(t *testing.T, s identitypool.Store) {
	for i, at := range []time.Time{
		moment, {}, time.Unix(0, 0), time.Unix(0, -1), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Now(),
	} {
		in := guest(fmt.Sprint("r:", i))
		in.Created, in.Modified = at, at.Add(-time.Duration(i))
		if i == 1 {
			in.Modified = moment
		}
		mustSave(t, s, poolA, in)
		found := mustFind(t, s, poolA, in.ID)
		require.Equal(t, kept(in.Created), found.Created)
		require.Equal(t, kept(in.Modified), found.Modified)

		r := identitypool.Revocation{Subject: in.ID, Before: at, Expires: at}
		require.NoError(t, s.Revoke(t.Context(), poolA, r))
		require.Equal(t, []identitypool.Revocation{{Subject: in.ID, Before: kept(at), Expires: kept(at)}}, mustRevocations(t, s, poolA, []string{in.ID}, at))

		if i != 1 {
			require.NoError(t, s.CreateTicket(t.Context(), poolA, identitypool.Ticket{Key: in.ID, Expires: at}, at.Add(-time.Hour)))
			ticket, err := s.TakeTicket(t.Context(), poolA, in.ID, at.Add(-time.Hour))
			require.NoError(t, err)
			require.Equal(t, kept(at), ticket.Expires)
		}
		require.NoError(t, s.ReplaceSigningKeys(t.Context(), poolA+in.ID, nil, []identitypool.SigningKey{{ID: "k", Created: at, Retired: at}}))
		require.Equal(t, []identitypool.SigningKey{{ID: "k", Created: kept(at), Retired: kept(at)}}, mustKeys(t, s, poolA+in.ID))
	}
}

// copies: what a caller does with what it passed or got does not reach the store.
func copies(t *testing.T, s identitypool.Store) {
	in := user("r:1", "a", "s")
	mustSave(t, s, poolA, in)
	in.Logins[0].Subject = "changed"
	for _, found := range []identitypool.Identity{mustFind(t, s, poolA, "r:1"), mustFindLogin(t, s, poolA, "a", "s"), mustList(t, s, poolA, "", 1, false)[0]} {
		found.Logins[0].Subject = "changed"
	}
	require.Equal(t, saved(user("r:1", "a", "s")), mustFind(t, s, poolA, "r:1"))
	require.Equal(t, saved(user("r:1", "a", "s")), mustFindLogin(t, s, poolA, "a", "s"))

	value := []byte("value")
	require.NoError(t, s.CreateTicket(t.Context(), poolA, identitypool.Ticket{Key: "k", Value: value, Expires: moment.Add(time.Hour)}, moment))
	require.NoError(t, s.ReplaceSigningKeys(t.Context(), poolA, nil, []identitypool.SigningKey{{ID: "k", Sealed: value}}))
	value[0] = 'V'
	mustKeys(t, s, poolA)[0].Sealed[1] = 'A'
	require.Equal(t, "value", string(mustKeys(t, s, poolA)[0].Sealed))
	ticket, err := s.TakeTicket(t.Context(), poolA, "k", moment)
	require.NoError(t, err)
	require.Equal(t, "value", string(ticket.Value))
}

// contexts: an ended context ends every method, and nothing is written.
func contexts(t *testing.T, s identitypool.Store) {
	mustSave(t, s, poolA, user("r:1", "a", "s"))
	require.NoError(t, s.CreateTicket(t.Context(), poolA, identitypool.Ticket{Key: "k", Expires: moment}, moment.Add(-time.Hour)))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Identity": func() error { _, err := s.Identity(ended, poolA, "r:1"); return err },
		"IdentityOfLogin": func() error {
			_, err := s.IdentityOfLogin(ended, poolA, identitypool.Login{Provider: "a", Subject: "s"})
			return err
		},
		"SaveIdentities": func() error { return s.SaveIdentities(ended, poolA, []identitypool.Identity{guest("r:2")}) },
		"ListIdentities": func() error { _, err := s.ListIdentities(ended, poolA, "", 1, false); return err },
		"DeleteIdentity": func() error { return s.DeleteIdentity(ended, poolA, "r:1") },
		"Revoke":         func() error { return s.Revoke(ended, poolA, identitypool.Revocation{Subject: "s", Expires: moment}) },
		"Revocations":    func() error { _, err := s.Revocations(ended, poolA, []string{"s"}, moment); return err },
		"CreateTicket": func() error {
			return s.CreateTicket(ended, poolA, identitypool.Ticket{Key: "new", Expires: moment}, moment.Add(-time.Hour))
		},
		"TakeTicket":  func() error { _, err := s.TakeTicket(ended, poolA, "k", moment.Add(-time.Hour)); return err },
		"Purge":       func() error { return s.Purge(ended, poolA, tooLate.Add(-time.Hour)) },
		"SigningKeys": func() error { _, err := s.SigningKeys(ended, poolA); return err },
		"ReplaceSigningKeys": func() error {
			return s.ReplaceSigningKeys(ended, poolA, nil, []identitypool.SigningKey{{ID: "k"}})
		},
	} {
		require.ErrorIs(t, call(), context.Canceled, name)
	}
	noIdentity(t, s, poolA, "r:2")
	mustFindLogin(t, s, poolA, "a", "s")
	require.Empty(t, mustRevocations(t, s, poolA, nil, moment))
	require.Empty(t, mustKeys(t, s, poolA))
	_, err := s.TakeTicket(t.Context(), poolA, "k", moment.Add(-time.Hour))
	require.NoError(t, err)
	_, err = s.TakeTicket(t.Context(), poolA, "new", moment.Add(-time.Hour))
	require.ErrorIs(t, err, identitypool.ErrNotFound)
}

// isolation: pools that share a store share nothing else, not even the uniqueness of names. Each method is called for one pool with the
// names of the other.
func isolation(t *testing.T, s identitypool.Store) {
	ctx := t.Context()
	mustSave(t, s, poolA, user("r:1", "a", "s"))
	require.NoError(t, s.Revoke(ctx, poolA, identitypool.Revocation{Subject: "s", Before: kept(moment), Expires: kept(moment)}))
	require.NoError(t, s.CreateTicket(ctx, poolA, identitypool.Ticket{Key: "k", Expires: kept(moment.Add(time.Hour))}, moment))
	key := identitypool.SigningKey{ID: "k", Created: kept(moment)}
	require.NoError(t, s.ReplaceSigningKeys(ctx, poolA, nil, []identitypool.SigningKey{key}))
	unchanged := func() {
		t.Helper()
		require.Equal(t, saved(user("r:1", "a", "s")), mustFindLogin(t, s, poolA, "a", "s"))
		require.Len(t, mustRevocations(t, s, poolA, nil, moment), 1)
		require.Equal(t, []identitypool.SigningKey{key}, mustKeys(t, s, poolA))
	}

	noIdentity(t, s, poolB, "r:1")
	noLogin(t, s, poolB, "a", "s")
	require.Empty(t, mustList(t, s, poolB, "", 10, false))
	require.ErrorIs(t, s.DeleteIdentity(ctx, poolB, "r:1"), identitypool.ErrNotFound)
	require.Empty(t, mustRevocations(t, s, poolB, nil, moment))
	require.Empty(t, mustRevocations(t, s, poolB, []string{"s"}, moment))
	require.Empty(t, mustKeys(t, s, poolB))
	require.ErrorIs(t, s.ReplaceSigningKeys(ctx, poolB, []string{"k"}, nil), identitypool.ErrConflict)
	_, err := s.TakeTicket(ctx, poolB, "k", moment)
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	require.NoError(t, s.Purge(ctx, poolB, moment.Add(24*time.Hour)))
	stolen := user("r:1", "a", "s")
	stolen.Version = 1
	require.ErrorIs(t, s.SaveIdentities(ctx, poolB, []identitypool.Identity{stolen}), identitypool.ErrConflict)
	unchanged()

	// The same names are free in the other pool.
	mustSave(t, s, poolB, user("r:1", "a", "s"))
	other := mustFind(t, s, poolB, "r:1")
	other.Disabled = true
	mustSave(t, s, poolB, other)
	require.NoError(t, s.Revoke(ctx, poolB, identitypool.Revocation{Subject: "s", Before: kept(moment.Add(time.Hour)), Expires: kept(moment)}))
	require.NoError(t, s.CreateTicket(ctx, poolB, identitypool.Ticket{Key: "k", Expires: kept(moment.Add(time.Hour))}, moment))
	require.NoError(t, s.ReplaceSigningKeys(ctx, poolB, nil, []identitypool.SigningKey{key}))
	unchanged()
	require.Equal(t, kept(moment), mustRevocations(t, s, poolA, nil, moment)[0].Before)
	require.NoError(t, s.DeleteIdentity(ctx, poolB, "r:1"))
	_, err = s.TakeTicket(ctx, poolB, "k", moment)
	require.NoError(t, err)
	_, err = s.TakeTicket(ctx, poolA, "k", moment)
	require.NoError(t, err)
	require.NoError(t, s.ReplaceSigningKeys(ctx, poolB, []string{"k"}, nil))
	unchanged()
}
