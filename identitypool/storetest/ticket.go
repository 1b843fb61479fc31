package storetest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

func mustRevocations(t *testing.T, s identitypool.Store, pool string, subjects []string, now time.Time) []identitypool.Revocation {
	t.Helper()
	found, err := s.Revocations(t.Context(), pool, subjects, now)
	require.NoError(t, err)
	slices.SortFunc(found, func(a, b identitypool.Revocation) int { return cmp.Compare(a.Subject, b.Subject) })
	return found
}

// revocations: the later one of a subject counts, and those who are asked for are found, however many.
func revocations(t *testing.T, s identitypool.Store) {
	require.Empty(t, mustRevocations(t, s, poolA, nil, moment))
	at := func(subject string, before, expires int) identitypool.Revocation {
		return identitypool.Revocation{
			Subject: subject, Before: kept(moment.Add(time.Duration(before) * time.Minute)), Expires: kept(moment.Add(time.Duration(expires) * time.Hour)),
		}
	}
	revoke := func(r identitypool.Revocation) { require.NoError(t, s.Revoke(t.Context(), poolA, r)) }
	one := []string{"identity/1"}
	revoke(at("identity/1", 5, 5))
	require.Equal(t, []identitypool.Revocation{at("identity/1", 5, 5)}, mustRevocations(t, s, poolA, one, moment))
	revoke(at("identity/1", 4, 4))
	require.Equal(t, []identitypool.Revocation{at("identity/1", 5, 5)}, mustRevocations(t, s, poolA, one, moment), "an earlier one takes nothing back")
	revoke(at("identity/1", 4, 6))
	require.Equal(t, []identitypool.Revocation{at("identity/1", 5, 6)}, mustRevocations(t, s, poolA, one, moment))
	revoke(at("identity/1", 7, 5))
	require.Equal(t, []identitypool.Revocation{at("identity/1", 7, 6)}, mustRevocations(t, s, poolA, one, moment))

	want := []identitypool.Revocation{at("identity/1", 7, 6)}
	var subjects []string
	for n := range 40 {
		revoke(at(fmt.Sprintf("role/%02d", n), n, 9))
		want = append(want, at(fmt.Sprintf("role/%02d", n), n, 9))
		subjects = append(subjects, fmt.Sprintf("role/%02d", n), fmt.Sprintf("role/x%02d", n), "identity/1")
	}
	require.Equal(t, want, mustRevocations(t, s, poolA, nil, moment), "nil asks for all")
	require.Empty(t, mustRevocations(t, s, poolA, []string{}, moment))
	require.Empty(t, mustRevocations(t, s, poolA, []string{"identity/2", "IDENTITY/1", "identity/1 ", ""}, moment))
	for _, n := range []int{1, 2, 7, 8, 9, 16, 17, 120} {
		some := subjects[:n]
		var expect []identitypool.Revocation
		for _, r := range want {
			if slices.Contains(some, r.Subject) {
				expect = append(expect, r)
			}
		}
		require.Equal(t, expect, mustRevocations(t, s, poolA, some, moment), "of %d", n)
	}
}

// tickets: kept until they are taken or expire, each taken once.
func tickets(t *testing.T, s identitypool.Store) {
	ticket := func(key, value string, in time.Duration) identitypool.Ticket {
		return identitypool.Ticket{Key: key, Value: []byte(value), Expires: kept(moment.Add(in))}
	}
	create := func(k identitypool.Ticket, at time.Duration) error {
		return s.CreateTicket(t.Context(), poolA, k, moment.Add(at))
	}
	take := func(key string, at time.Duration) (identitypool.Ticket, error) {
		return s.TakeTicket(t.Context(), poolA, key, moment.Add(at))
	}
	_, err := take("a", 0)
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	require.NoError(t, create(ticket("a", "\x00\xff value", time.Minute), 0))
	require.ErrorIs(t, create(ticket("a", "other", time.Hour), time.Second), identitypool.ErrExists)
	require.NoError(t, create(ticket("A", "of another key", time.Minute), 0))
	got, err := take("a", time.Second)
	require.NoError(t, err)
	require.Equal(t, ticket("a", "\x00\xff value", time.Minute), got)
	_, err = take("a", time.Second)
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	require.NoError(t, create(ticket("a", "again", time.Minute), time.Second), "one that was taken is gone")

	// It lives before Expires, and not at Expires.
	require.ErrorIs(t, create(ticket("a", "early", time.Hour), time.Minute-time.Microsecond), identitypool.ErrExists)
	_, err = take("a", time.Minute)
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	require.NoError(t, create(ticket("a", "late", 2*time.Minute), time.Minute))
	_, err = take("a", 2*time.Minute)
	require.ErrorIs(t, err, identitypool.ErrNotFound)
	got, err = take("a", 2*time.Minute-time.Microsecond)
	require.NoError(t, err)
	require.Equal(t, ticket("a", "late", 2*time.Minute), got)

	for _, value := range [][]byte{nil, {}} {
		require.NoError(t, create(identitypool.Ticket{Key: "empty", Value: value, Expires: moment.Add(time.Hour)}, 0))
		got, err = take("empty", 0)
		require.NoError(t, err)
		require.Nil(t, got.Value)
	}
	long := identitypool.Ticket{Key: strings.Repeat("k", 255), Value: bytes.Repeat([]byte{0, 1, 255}, 64<<10)[:64<<10], Expires: kept(moment.Add(time.Hour))}
	require.NoError(t, create(long, 0))
	got, err = take(long.Key, 0)
	require.NoError(t, err)
	require.Equal(t, long, got)
}

// purge: what expired goes, what did not stays, and so does everything else.
func purge(t *testing.T, s identitypool.Store) {
	for n := range 4 {
		until := kept(moment.Add(time.Duration(n) * time.Hour))
		for _, pool := range []string{poolA, poolB} {
			require.NoError(t, s.CreateTicket(t.Context(), pool, identitypool.Ticket{Key: fmt.Sprint(n), Expires: until}, moment.Add(-time.Hour)))
			require.NoError(t, s.Revoke(t.Context(), pool, identitypool.Revocation{Subject: fmt.Sprint(n), Before: kept(moment), Expires: until}))
		}
	}
	mustSave(t, s, poolA, user("r:1", "a", "s"))
	key := identitypool.SigningKey{ID: "k", Sealed: []byte("x"), Created: kept(moment), Retired: kept(moment.Add(time.Second))}
	require.NoError(t, s.ReplaceSigningKeys(t.Context(), poolA, nil, []identitypool.SigningKey{key}))
	require.NoError(t, s.Purge(t.Context(), poolA, moment.Add(2*time.Hour)))

	early := moment.Add(-time.Hour) // at which nothing had expired: what is not found now is gone
	left := func(pool string) (subjects, keys []string) {
		for _, r := range mustRevocations(t, s, pool, nil, early) {
			subjects = append(subjects, r.Subject)
		}
		for n := range 4 {
			if _, err := s.TakeTicket(t.Context(), pool, fmt.Sprint(n), early); err == nil {
				keys = append(keys, fmt.Sprint(n))
			}
		}
		return subjects, keys
	}
	subjects, keys := left(poolA)
	require.Equal(t, []string{"2", "3"}, subjects)
	require.Equal(t, []string{"2", "3"}, keys)
	subjects, keys = left(poolB)
	require.Len(t, subjects, 4)
	require.Len(t, keys, 4)
	mustFindLogin(t, s, poolA, "a", "s")
	require.Equal(t, []identitypool.SigningKey{key}, mustKeys(t, s, poolA))
	require.NoError(t, s.Purge(t.Context(), poolA, moment.Add(2*time.Hour)))
}

func mustKeys(t *testing.T, s identitypool.Store, pool string) []identitypool.SigningKey {
	t.Helper()
	keys, err := s.SigningKeys(t.Context(), pool)
	require.NoError(t, err)
	return keys
}

// signingKeys: they are replaced all together, by someone who knew which were there.
func signingKeys(t *testing.T, s identitypool.Store) {
	key := func(id string, created, retired int) identitypool.SigningKey {
		k := identitypool.SigningKey{ID: id, Sealed: []byte("sealed \x00 " + id), Created: kept(moment.Add(time.Duration(created) * time.Hour))}
		if retired > 0 {
			k.Retired = kept(moment.Add(time.Duration(retired) * time.Hour))
		}
		return k
	}
	replace := func(old []string, keys ...identitypool.SigningKey) error {
		return s.ReplaceSigningKeys(t.Context(), poolA, old, keys)
	}
	require.Empty(t, mustKeys(t, s, poolA))
	require.ErrorIs(t, replace([]string{"x"}, key("a", 1, 0)), identitypool.ErrConflict)
	require.NoError(t, replace(nil, key("a", 1, 0)))
	require.Equal(t, []identitypool.SigningKey{key("a", 1, 0)}, mustKeys(t, s, poolA))
	require.True(t, mustKeys(t, s, poolA)[0].Retired.IsZero())

	for _, old := range [][]string{nil, {}, {"A"}, {"a", "b"}, {"b"}, {"a", "a"}} {
		require.ErrorIs(t, replace(old, key("b", 2, 0)), identitypool.ErrConflict, "%q", old)
		require.Equal(t, []identitypool.SigningKey{key("a", 1, 0)}, mustKeys(t, s, poolA))
	}
	require.NoError(t, replace([]string{"a"}, key("c", 3, 0), key("a", 1, 9), key("b", 2, 0), key("B", 2, 0)))
	want := []identitypool.SigningKey{key("a", 1, 9), key("B", 2, 0), key("b", 2, 0), key("c", 3, 0)}
	require.Equal(t, want, mustKeys(t, s, poolA), "the oldest first")
	require.ErrorIs(t, replace([]string{"c", "a", "b", "B"}, key("d", 1, 0), key("d", 2, 0)), identitypool.ErrInvalid)
	require.Equal(t, want, mustKeys(t, s, poolA))
	require.NoError(t, replace([]string{"c", "B", "b", "a"}))
	require.Empty(t, mustKeys(t, s, poolA))
}
