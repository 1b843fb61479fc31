package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// keptTrail returns audit records as they must come back.
func keptTrail(records []userpool.AuditRecord) (out []userpool.AuditRecord) {
	for _, r := range records {
		r.Time, r.Event, r.Hash = kept(r.Time), plain(r.Event), plain(r.Hash)
		out = append(out, r)
	}
	return out
}

// serials returns the serial numbers that a query finds.
func serials(t *testing.T, s userpool.Store, pool string, q userpool.AuditQuery) (out []int64) {
	t.Helper()
	records, err := s.ListAudit(t.Context(), pool, q)
	require.NoError(t, err)
	for _, r := range records {
		out = append(out, r.Serial)
	}
	return out
}

// auditAppendAndRead: records are appended where the trail ends, all or none, and come back as they were: the chain of hashes over them
// breaks at the least change.
func auditAppendAndRead(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	last, err := s.LastAudit(ctx, poolA)
	require.NoError(t, err)
	require.Equal(t, userpool.AuditRecord{}, last)
	require.NoError(t, s.AppendAudit(ctx, poolA, nil), "nothing to append is no error")

	all := trail(1, 120)
	all[1] = userpool.AuditRecord{Serial: 2}
	all[2].Sub = "nobody that the pool knows"
	everyField(t, all[0])
	require.ErrorIs(t, s.AppendAudit(ctx, poolA, trail(2, 1)), userpool.ErrStale, "the first is 1")
	require.NoError(t, s.AppendAudit(ctx, poolA, all[:1]))
	require.NoError(t, s.AppendAudit(ctx, poolA, all[1:3]))
	require.NoError(t, s.AppendAudit(ctx, poolA, all[3:]), "many at once")
	for _, first := range []int64{1, 119, 120, 122, 1 << 40} {
		for _, n := range []int{1, 5} {
			require.ErrorIs(t, s.AppendAudit(ctx, poolA, trail(first, n)), userpool.ErrStale, "serial %d", first)
		}
	}
	gap, back, twice := trail(121, 3), trail(121, 3), trail(121, 2)
	gap[2].Serial, back[1].Serial, twice[1].Serial = 124, 120, 121
	for _, records := range [][]userpool.AuditRecord{gap, back, twice, trail(0, 1), trail(-1, 4)} {
		require.ErrorIs(t, s.AppendAudit(ctx, poolA, records), userpool.ErrInvalid)
	}
	got, err := s.ListAudit(ctx, poolA, userpool.AuditQuery{Limit: 1000})
	require.NoError(t, err)
	require.Equal(t, keptTrail(all), keptTrail(got))
	last, err = s.LastAudit(ctx, poolA)
	require.NoError(t, err)
	require.Equal(t, keptTrail(all)[119], last)

	// Another pool counts by itself.
	require.NoError(t, s.AppendAudit(ctx, poolB, trail(1, 1)))
}

// auditQuery: what a query finds, with bounds that are not found themselves. The newest come in the order of the trail, too.
func auditQuery(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	all := trail(1, 10)
	for i := range all {
		all[i].Sub = []string{alice, bob, ""}[i%3]
	}
	require.NoError(t, s.AppendAudit(ctx, poolA, all))
	require.NoError(t, s.AppendAudit(ctx, poolB, trail(1, 20)))
	for _, c := range []struct {
		q    userpool.AuditQuery
		want []int64
	}{
		{userpool.AuditQuery{Limit: 3}, []int64{1, 2, 3}},
		{userpool.AuditQuery{Limit: 3, Newest: true}, []int64{8, 9, 10}},
		{userpool.AuditQuery{Limit: 3, After: 8}, []int64{9, 10}},
		{userpool.AuditQuery{Limit: 3, Before: 3}, []int64{1, 2}},
		{userpool.AuditQuery{Limit: 3, After: 2, Before: 9}, []int64{3, 4, 5}},
		{userpool.AuditQuery{Limit: 3, After: 2, Before: 9, Newest: true}, []int64{6, 7, 8}},
		{userpool.AuditQuery{Limit: 1000, Sub: alice}, []int64{1, 4, 7, 10}},
		{userpool.AuditQuery{Limit: 2, Sub: alice, Newest: true}, []int64{7, 10}},
		{userpool.AuditQuery{Limit: 2, Sub: alice, After: 1, Before: 10}, []int64{4, 7}},
		{userpool.AuditQuery{Limit: 2, Sub: bob}, []int64{2, 5}},
		{userpool.AuditQuery{Limit: 9, Sub: "nobody"}, nil},
		{userpool.AuditQuery{Limit: 9, Sub: "a\x00"}, nil},
		{userpool.AuditQuery{Limit: 9, After: 10}, nil},
		{userpool.AuditQuery{Limit: 9, Before: 1}, nil},
		{userpool.AuditQuery{Limit: 9, After: 5, Before: 6}, nil},
	} {
		require.Equal(t, c.want, serials(t, s, poolA, c.q), "%+v", c.q)
	}
	for _, limit := range []int{-1, 0, 1001} {
		_, err := s.ListAudit(ctx, poolA, userpool.AuditQuery{Limit: limit})
		require.ErrorIs(t, err, userpool.ErrInvalid)
	}
}

// auditDelete: what is old enough is deleted from the beginning; the last record stays whatever its age, for the trail to go on from.
func auditDelete(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	remove := func(through int64, want int) {
		t.Helper()
		n, err := s.DeleteAudit(ctx, poolA, through)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	remove(10, 0)
	require.NoError(t, s.AppendAudit(ctx, poolA, trail(1, 6)))
	require.NoError(t, s.AppendAudit(ctx, poolB, trail(1, 6)))
	remove(-1, 0)
	remove(0, 0)
	remove(2, 2)
	remove(2, 0)
	require.Equal(t, []int64{3, 4, 5, 6}, serials(t, s, poolA, userpool.AuditQuery{Limit: 9}))
	remove(1<<40, 3)
	remove(1<<40, 0)
	last, err := s.LastAudit(ctx, poolA)
	require.NoError(t, err)
	require.Equal(t, keptTrail(trail(6, 1))[0], last)
	require.ErrorIs(t, s.AppendAudit(ctx, poolA, trail(1, 1)), userpool.ErrStale, "no number comes again")
	require.NoError(t, s.AppendAudit(ctx, poolA, trail(7, 1)))
	require.Equal(t, []int64{6, 7}, serials(t, s, poolA, userpool.AuditQuery{Limit: 9}))
	require.Len(t, serials(t, s, poolB, userpool.AuditQuery{Limit: 9}), 6)
}

// parallelAppendAudit: of those who append at one place at once, one does, and its records are there whole; the others go on from there.
// In the end nothing is missing and nothing is there twice.
func parallelAppendAudit(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	batch := func(first int64, i int) []userpool.AuditRecord {
		records := trail(first, 1+i%4)
		for j := range records {
			records[j].Sub = numbered("writer", i)
		}
		return records
	}
	winner := oneWinner(t, race(func(i int) error { return s.AppendAudit(ctx, poolA, batch(1, i)) }), userpool.ErrStale)
	got, err := s.ListAudit(ctx, poolA, userpool.AuditQuery{Limit: 1000})
	require.NoError(t, err)
	require.Equal(t, keptTrail(batch(1, winner)), keptTrail(got))

	for _, err := range race(func(i int) error {
		return retryStale(func() error {
			last, err := s.LastAudit(ctx, poolA)
			if err != nil {
				return err
			}
			return s.AppendAudit(ctx, poolA, batch(last.Serial+1, i))
		})
	}) {
		require.NoError(t, err)
	}
	all, err := s.ListAudit(ctx, poolA, userpool.AuditQuery{Limit: 1000})
	require.NoError(t, err)
	count := map[string]int{}
	for i, r := range all {
		require.EqualValues(t, i+1, r.Serial)
		count[r.Sub]++
	}
	for i := range parallel {
		want := 1 + i%4
		if i == winner {
			want *= 2
		}
		require.Equal(t, want, count[numbered("writer", i)])
	}
	require.WithinDuration(t, moment, all[0].Time, time.Hour)
}
