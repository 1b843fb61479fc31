package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// recordPutAndDelete: a record is written by who read it last, as a counter is. What was deleted begins again: whoever still holds an
// old version of it does not bring it back.
func recordPutAndDelete(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	everyField(t, aRecord)
	read := func(want userpool.Record, version int64) {
		t.Helper()
		want.Version, want.Data = version, plain(want.Data)
		got, err := s.Record(ctx, poolA, want.Kind, want.Key)
		require.NoError(t, err)
		got.Data = plain(got.Data)
		require.Equal(t, want, got)
	}
	_, err := s.Record(ctx, poolA, aRecord.Kind, aRecord.Key)
	require.ErrorIs(t, err, userpool.ErrNotFound)
	require.ErrorIs(t, s.DeleteRecord(ctx, poolA, aRecord.Kind, aRecord.Key), userpool.ErrNotFound)

	others := []userpool.Record{
		{Kind: "Device", Key: aRecord.Key}, {Kind: aRecord.Kind, Key: "DEVICE-1"}, {Kind: "device-1", Key: "device"}, {Kind: "e", Key: "1", Data: []byte{}},
	}
	for _, r := range append([]userpool.Record{aRecord}, others...) {
		early := r
		early.Version = 1
		require.ErrorIs(t, s.PutRecord(ctx, poolA, early), userpool.ErrStale, "there is none to update")
		require.NoError(t, s.PutRecord(ctx, poolA, r))
		read(r, 1)
	}
	next := aRecord
	next.Data, next.Version = []byte{0, 255, '\''}, 1
	require.NoError(t, s.PutRecord(ctx, poolA, next))
	for _, version := range []int64{-1, 0, 1, 3, 1 << 40} {
		stale := aRecord
		stale.Version = version
		require.ErrorIs(t, s.PutRecord(ctx, poolA, stale), userpool.ErrStale, "version %d", version)
	}
	read(next, 2)

	require.NoError(t, s.DeleteRecord(ctx, poolA, aRecord.Kind, aRecord.Key))
	require.ErrorIs(t, s.DeleteRecord(ctx, poolA, aRecord.Kind, aRecord.Key), userpool.ErrNotFound)
	next.Version = 2
	require.ErrorIs(t, s.PutRecord(ctx, poolA, next), userpool.ErrStale)
	require.NoError(t, s.PutRecord(ctx, poolA, aRecord))
	read(aRecord, 1)
	for _, r := range others {
		read(r, 1)
	}
}

// recordOwner: a record of a user is there only as long as the user is, and never becomes another's: a device that one person trusts
// must not become trusted by somebody else.
func recordOwner(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice), user(bob))
	require.NoError(t, s.CreateUser(ctx, poolB, user("only-in-b")))
	for _, owner := range []string{"nobody", "only-in-b"} {
		require.ErrorIs(t, s.PutRecord(ctx, poolA, userpool.Record{Kind: "device", Key: "x", Owner: owner}), userpool.ErrNotFound)
	}
	_, err := s.Record(ctx, poolA, "device", "x")
	require.ErrorIs(t, err, userpool.ErrNotFound)

	for key, owner := range map[string]string{"a1": alice, "a2": alice, "b": bob, "none": ""} {
		require.NoError(t, s.PutRecord(ctx, poolA, userpool.Record{Kind: "device", Key: key, Owner: owner}))
	}
	for key, owners := range map[string][]string{"a1": {bob, "", "nobody"}, "none": {alice, "nobody"}} {
		for _, owner := range owners {
			err := s.PutRecord(ctx, poolA, userpool.Record{Kind: "device", Key: key, Owner: owner, Data: []byte("x"), Version: 1})
			require.ErrorIs(t, err, userpool.ErrInvalid)
		}
		r, err := s.Record(ctx, poolA, "device", key)
		require.NoError(t, err)
		require.EqualValues(t, 1, r.Version)
		require.Empty(t, r.Data)
	}

	require.NoError(t, s.PutRecord(ctx, poolA, userpool.Record{Kind: "other", Key: "a1", Owner: alice}))
	require.ErrorIs(t, s.DeleteUser(ctx, poolA, alice, 7), userpool.ErrStale)
	require.NoError(t, s.DeleteUser(ctx, poolA, alice, 1))
	left, err := s.ListRecords(ctx, poolA, "device", "", "", 10)
	require.NoError(t, err)
	require.Equal(t, []string{"b", "none"}, recordKeys(left))
	_, err = s.Record(ctx, poolA, "other", "a1")
	require.ErrorIs(t, err, userpool.ErrNotFound)
	require.ErrorIs(t, s.PutRecord(ctx, poolA, userpool.Record{Kind: "device", Key: "a1", Owner: alice}), userpool.ErrNotFound)
}

// recordList: records are listed by key, byte by byte, those of one user or all of a kind.
func recordList(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice), user(bob))
	require.NoError(t, s.CreateUser(ctx, poolB, user(alice)))
	keys := []string{"A", "Z", "_", "a", "a%", "aa", "b", "\u00e9", "\ufb00", "\U0001F600"}
	owners := []string{"", alice, bob}
	for i, key := range keys {
		require.NoError(t, s.PutRecord(ctx, poolA, userpool.Record{Kind: "k", Key: key, Owner: owners[i%3], Data: []byte(key)}))
		require.NoError(t, s.PutRecord(ctx, poolA, userpool.Record{Kind: "K", Key: key + "+", Owner: alice}))
		require.NoError(t, s.PutRecord(ctx, poolB, userpool.Record{Kind: "k", Key: key + "-", Owner: alice}))
	}
	list := func(owner, after string, limit int) []string {
		t.Helper()
		got, err := s.ListRecords(ctx, poolA, "k", owner, after, limit)
		require.NoError(t, err)
		for _, r := range got {
			require.Equal(t, userpool.Record{Kind: "k", Key: r.Key, Owner: r.Owner, Data: []byte(r.Key), Version: 1}, r)
		}
		return recordKeys(got)
	}
	require.Equal(t, keys, list("", "", 100))
	require.Equal(t, keys[3:6], list("", "_", 3))
	require.Equal(t, []string{"Z", "a%", "\u00e9"}, list(alice, "", 100))
	require.Equal(t, []string{"a%"}, list(alice, "Z", 1))
	require.Equal(t, []string{"aa", "\ufb00"}, list(bob, "a", 100))
	for _, none := range [][]string{list("nobody", "", 9), list("", "\U0001F600", 9), list("", "", 0), list("", "", -1), list(alice, "\u00e9", 9)} {
		require.Empty(t, none)
	}
	got, err := s.ListRecords(ctx, poolA, "", "", "", 9)
	require.NoError(t, err)
	require.Empty(t, got)
}

func recordKeys(records []userpool.Record) (keys []string) {
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	return keys
}
