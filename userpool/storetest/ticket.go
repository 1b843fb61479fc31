package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// ticketPutAndTake: the first to take a ticket gets it unused, all later ones get the same marked as used, so that the pool can tell a
// code that was used before, and revoke what was issued for it, from one that never was. Expiry plays no part.
func ticketPutAndTake(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	full := aTicket
	full.Used = true // PutTicket ignores it
	empty := userpool.Ticket{Kind: "state", Hash: []byte{0}}
	long := userpool.Ticket{Kind: "code", Hash: []byte("ticket hash+"), Data: []byte{0, 255}, Expires: moment}
	for _, ticket := range []userpool.Ticket{full, empty, long} {
		require.NoError(t, s.PutTicket(ctx, poolA, ticket))
		require.ErrorIs(t, s.PutTicket(ctx, poolA, ticket), userpool.ErrExists)
	}
	for _, other := range []userpool.Ticket{
		{Kind: "state", Hash: aTicket.Hash}, {Kind: "Code", Hash: aTicket.Hash}, {Kind: "", Hash: aTicket.Hash}, {Kind: "code", Hash: []byte("ticket")},
		{Kind: "code", Hash: nil}, {Kind: "code", Hash: []byte("TICKET HASH")},
	} {
		_, err := s.TakeTicket(ctx, poolA, other.Kind, other.Hash)
		require.ErrorIs(t, err, userpool.ErrNotFound)
	}
	for _, ticket := range []userpool.Ticket{full, empty, long} {
		for i := range 3 {
			got, err := s.TakeTicket(ctx, poolA, ticket.Kind, ticket.Hash)
			require.NoError(t, err)
			want := ticket
			want.Expires, want.Used = kept(want.Expires), i > 0
			got.Data = plain(got.Data)
			require.Equal(t, want, got)
		}
		require.ErrorIs(t, s.PutTicket(ctx, poolA, ticket), userpool.ErrExists, "a used one is not put again")
	}
}

// counterPutAndRead: a counter that is not there is the zero counter. Writing says which version was read, and is ErrStale if another
// was written meanwhile: this is what counts guesses that arrive together one by one.
func counterPutAndRead(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	c, err := s.Counter(ctx, poolA, aCounter.Key)
	require.NoError(t, err)
	require.Equal(t, userpool.Counter{Key: aCounter.Key}, c)

	early := aCounter
	early.Version = 1
	require.ErrorIs(t, s.PutCounter(ctx, poolA, early), userpool.ErrStale, "there is none to update")
	require.NoError(t, s.PutCounter(ctx, poolA, aCounter))
	for _, version := range []int64{-1, 0, 2, 1 << 40} {
		stale := aCounter
		stale.N, stale.Version = 99, version
		require.ErrorIs(t, s.PutCounter(ctx, poolA, stale), userpool.ErrStale, "version %d", version)
	}
	want := aCounter
	want.Last, want.Until, want.Version = kept(want.Last), kept(want.Until), 1
	c, err = s.Counter(ctx, poolA, aCounter.Key)
	require.NoError(t, err)
	require.Equal(t, want, c)

	want = userpool.Counter{Key: aCounter.Key, N: 1<<63 - 1, Last: kept(moment.Add(time.Hour)), Version: 1}
	require.NoError(t, s.PutCounter(ctx, poolA, want))
	want.Version = 2
	c, err = s.Counter(ctx, poolA, aCounter.Key)
	require.NoError(t, err)
	require.Equal(t, want, c)
	c, err = s.Counter(ctx, poolA, "sign-in:123")
	require.NoError(t, err)
	require.Equal(t, userpool.Counter{Key: "sign-in:123"}, c)
}

// keyAddAndDelete: keys come back in their order, so that every process agrees on the newest; a serial or an ID is used once.
func keyAddAndDelete(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	key := func(id, use string, serial int64) userpool.SealedKey {
		k := aKey
		k.ID, k.Use, k.Serial = id, use, serial
		return k
	}
	for _, k := range []userpool.SealedKey{
		key("s10", "sig", 10), key("m1", "mac", 1), key("s2", "sig", 2), key("s1", "sig", 1),
	} {
		require.NoError(t, s.AddKey(ctx, poolA, k))
	}
	for _, taken := range []userpool.SealedKey{key("other", "sig", 2), key("s2", "sig", 3), key("s1", "sig", 1)} {
		taken.Sealed = []byte("another")
		require.ErrorIs(t, s.AddKey(ctx, poolA, taken), userpool.ErrExists)
	}
	want := []userpool.SealedKey{key("m1", "mac", 1), key("s1", "sig", 1), key("s2", "sig", 2), key("s10", "sig", 10)}
	for i := range want {
		want[i].Created, want[i].ActiveFrom = kept(want[i].Created), kept(want[i].ActiveFrom)
	}
	got, err := s.Keys(ctx, poolA)
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.ErrorIs(t, s.DeleteKey(ctx, poolA, "S2"), userpool.ErrNotFound)
	require.NoError(t, s.DeleteKey(ctx, poolA, "s2"))
	require.ErrorIs(t, s.DeleteKey(ctx, poolA, "s2"), userpool.ErrNotFound)
	got, err = s.Keys(ctx, poolA)
	require.NoError(t, err)
	require.Equal(t, append(want[:2:2], want[3]), got)
	require.NoError(t, s.AddKey(ctx, poolA, key("s2-again", "sig", 2)), "what was deleted takes no serial")
	got, err = s.Keys(ctx, "pool-without-keys")
	require.NoError(t, err)
	require.Empty(t, got)
}

// purge: only what is over goes, at most limit of each sort at a time, and the answer tells when to stop. What ends in this very moment
// is not over.
func purge(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice))
	now := moment
	for i := range 10 {
		end := now.Add(time.Duration(i-6) * time.Microsecond) // 6 before now, one now, 3 after
		v := session(numbered("s", i), alice)
		v.Expires = end
		require.NoError(t, s.CreateSession(ctx, poolA, v))
		require.NoError(t, s.PutTicket(ctx, poolA, userpool.Ticket{Kind: "code", Hash: []byte(numbered("t", i)), Expires: end}))
		require.NoError(t, s.PutCounter(ctx, poolA, userpool.Counter{Key: numbered("c", i), N: 1, Last: end, Until: now.Add(time.Hour)}))
	}
	for _, limit := range []int{0, -1} {
		n, err := s.Purge(ctx, poolA, now, limit)
		require.NoError(t, err)
		require.Zero(t, n)
	}
	for _, want := range []int{12, 6, 0} {
		n, err := s.Purge(ctx, poolA, now, 4)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	for i := range 10 {
		_, err := s.Session(ctx, poolA, numbered("s", i))
		_, ticketErr := s.TakeTicket(ctx, poolA, "code", []byte(numbered("t", i)))
		c, counterErr := s.Counter(ctx, poolA, numbered("c", i))
		require.NoError(t, counterErr)
		if i < 6 {
			require.ErrorIs(t, err, userpool.ErrNotFound)
			require.ErrorIs(t, ticketErr, userpool.ErrNotFound)
			require.Zero(t, c.Version)
		} else {
			require.NoError(t, err)
			require.NoError(t, ticketErr)
			require.EqualValues(t, 1, c.Version)
		}
	}
	sameUser(t, user(alice), 1, mustUser(t, s, alice))
}
