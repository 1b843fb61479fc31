package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// tornStore is a store whose connection breaks at its n-th call, before or after the call has its effect, until it heals; or at this one
// call only.
type tornStore struct {
	userpool.Store
	// tick is called before a user is made.
	tick func()

	mu                sync.Mutex
	armed, late, once bool
	left              int
	broken            bool
}

func (s *tornStore) tear(n int, late, once bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.late, s.once, s.left, s.broken = true, late, once, n, false
}

// heal tells whether the connection was broken.
func (s *tornStore) heal() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	return s.broken
}

// call runs an operation, unless the connection is broken.
func (s *tornStore) call(act func() error) error {
	s.mu.Lock()
	tears := s.armed && s.left == 0 && !s.broken
	fails := s.armed && s.broken && !s.once
	if s.armed {
		s.left--
		s.broken = s.broken || tears
	}
	late := s.late
	s.mu.Unlock()
	if fails || tears && !late {
		return errBroken
	}
	err := act()
	if tears {
		return errBroken
	}
	return err
}

func (s *tornStore) CreateUser(ctx context.Context, pool string, u userpool.User) error {
	if s.tick != nil {
		s.tick()
	}
	return s.call(func() error { return s.Store.CreateUser(ctx, pool, u) })
}

func (s *tornStore) User(ctx context.Context, pool, sub string) (u userpool.User, err error) {
	err = s.call(func() error { u, err = s.Store.User(ctx, pool, sub); return err })
	return u, err
}

func (s *tornStore) UserByIdentifier(ctx context.Context, pool string, id userpool.Identifier) (u userpool.User, err error) {
	err = s.call(func() error { u, err = s.Store.UserByIdentifier(ctx, pool, id); return err })
	return u, err
}

func (s *tornStore) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	return s.call(func() error { return s.Store.UpdateUser(ctx, pool, u) })
}

func (s *tornStore) DeleteUser(ctx context.Context, pool, sub string, version int64) error {
	return s.call(func() error { return s.Store.DeleteUser(ctx, pool, sub, version) })
}

func (s *tornStore) Record(ctx context.Context, pool, kind, key string) (r userpool.Record, err error) {
	err = s.call(func() error { r, err = s.Store.Record(ctx, pool, kind, key); return err })
	return r, err
}

func (s *tornStore) PutRecord(ctx context.Context, pool string, r userpool.Record) error {
	return s.call(func() error { return s.Store.PutRecord(ctx, pool, r) })
}

func (s *tornStore) Group(ctx context.Context, pool, name string) (g userpool.Group, err error) {
	err = s.call(func() error { g, err = s.Store.Group(ctx, pool, name); return err })
	return g, err
}

func (s *tornStore) CreateGroup(ctx context.Context, pool string, g userpool.Group) error {
	return s.call(func() error { return s.Store.CreateGroup(ctx, pool, g) })
}

func (s *tornStore) AddToGroup(ctx context.Context, pool, sub, group string) error {
	return s.call(func() error { return s.Store.AddToGroup(ctx, pool, sub, group) })
}

// rowsOf is data with n rows, of which every fifth is wrong and every seventh a name that was there before, with what is to become of them.
func rowsOf(n int) (data string, imported, skipped, failed int) {
	var b strings.Builder
	b.WriteString("email,email_verified,name\n")
	for i := range n {
		switch {
		case i%5 == 4:
			fmt.Fprintf(&b, "user-%d@example.com,MAYBE,User\n", i)
			failed++
		case i%7 == 6:
			b.WriteString("user-0@example.com,TRUE,Twice\n")
			skipped++
		default:
			fmt.Fprintf(&b, "user-%d@example.com,TRUE,User %d\n", i, i)
			imported++
		}
	}
	return b.String(), imported, skipped, failed
}

// The connection to the store breaks at each of its calls in turn, before or after the call had its effect, for this call or for longer. Once
// it is back, and the same job started again, every row was imported and counted once.
func TestD3_ImportJob_StoreBreaks(t *testing.T) {
	data, imported, skipped, failed := rowsOf(14)
	for i := range 8 {
		late, often, once := i&1 != 0, i&2 != 0, i&4 != 0
		t.Run(fmt.Sprintf("late %t, often %t, once %t", late, often, once), func(t *testing.T) {
			lastAnswerLost := false
			for n := 0; ; n++ {
				store := &tornStore{Store: memstore.New()}
				k := newKitOn(t, store, nil)
				if often { // progress is noted after each row
					store.tick = func() { k.clock.Advance(11 * time.Second) }
				}
				_, err := k.KeySet(t.Context())
				require.NoError(t, err)
				id := k.importJob("")
				store.tear(n, late, once)
				job, err := k.StartUserImportJob(t.Context(), id, strings.NewReader(data))
				if !store.heal() {
					require.NoError(t, err)
					require.Greater(t, n, 20, "the store was called")
					require.Equal(t, once && late, lastAnswerLost, "what was lost is the answer to the last write: it is found out, and stays written")
					break
				}
				require.ErrorIs(t, err, userpool.ServiceUnavailable, "call %d", n)
				lastAnswerLost = lastAnswerLost || job.Status == userpool.ImportSucceeded
				if begun := n > 2; !once || !begun { // otherwise the process has let go of the job
					k.clock.Advance(time.Minute)
				}
				job, err = k.again(nil).StartUserImportJob(t.Context(), id, strings.NewReader(data))
				if job.Status == userpool.ImportSucceeded && err != nil {
					require.ErrorIs(t, err, userpool.PreconditionNotMet)
					err = nil
				}
				require.NoError(t, err, "call %d", n)
				require.Equal(t, userpool.ImportSucceeded, job.Status)
				requireCounts(t, job, imported, skipped, failed)
				require.Len(t, everybody(t, k), imported)
				faults, err := k.ListUserImportErrors(t.Context(), id)
				require.NoError(t, err)
				require.Len(t, faults, skipped+failed, "call %d", n)
				for i := range faults[1:] {
					require.Less(t, faults[i].Line, faults[i+1].Line)
				}
			}
		})
	}
}

// cancelReader calls a function when a number of bytes was read.
type cancelReader struct {
	r    io.Reader
	left int
	call func()
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if c.left == 0 && c.call != nil {
		c.call()
		c.call = nil
	}
	if c.call != nil {
		p = p[:min(len(p), c.left)]
	}
	n, err := c.r.Read(p)
	c.left -= n
	return n, err
}

// The context ends, or the data breaks off, at some place: the job can be started again at once.
func TestD3_ImportJob_Interrupted(t *testing.T) {
	data, imported, skipped, failed := rowsOf(14)
	broken := errors.New("the upload broke off")
	for n := 0; n < len(data); n += 7 {
		for _, byContext := range []bool{true, false} {
			k := newKit(t, nil)
			id := k.importJob("")
			ctx, cancel := context.WithCancel(t.Context())
			in := io.Reader(&cancelReader{r: iotest.OneByteReader(strings.NewReader(data)), left: n, call: cancel})
			want := context.Canceled
			if !byContext {
				in, want = io.MultiReader(strings.NewReader(data[:n]), iotest.ErrReader(broken)), broken
			}
			job, err := k.StartUserImportJob(ctx, id, in)
			cancel()
			require.ErrorIs(t, err, want, "after %d bytes", n)
			require.True(t, job.Interrupted)
			described, err := k.DescribeUserImportJob(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, job, described, "how far it came is noted")
			require.Len(t, everybody(t, k), job.ImportedUsers)
			job, err = k.again(nil).StartUserImportJob(t.Context(), id, strings.NewReader(data))
			require.NoError(t, err)
			require.False(t, job.Interrupted)
			requireCounts(t, job, imported, skipped, failed)
			require.Len(t, everybody(t, k), imported)
		}
	}
}

// Of many processes that start a job at once, one works on it.
func TestD4_ImportJob_ParallelStarts(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		data, imported, skipped, failed := rowsOf(30)
		id := k.importJob("")
		pools := []*kit{k, k.again(nil), k.again(nil)}
		var refused sync.Map
		won := parallel(50, func(i int) error {
			_, err := pools[i%3].StartUserImportJob(t.Context(), id, strings.NewReader(data))
			if err != nil {
				refused.Store(i, err)
			}
			return err
		})
		require.Equal(t, 1, won)
		refused.Range(func(_, err any) bool {
			require.ErrorIs(t, err.(error), userpool.PreconditionNotMet)
			return true
		})
		job, err := k.DescribeUserImportJob(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, userpool.ImportSucceeded, job.Status)
		requireCounts(t, job, imported, skipped, failed)
		require.Len(t, everybody(t, k), imported)
	})
}

// A process that was away for longer than a minute loses the job to another one, and does no harm when it comes back.
func TestD4_ImportJob_TakenOver(t *testing.T) {
	k := newKit(t, nil)
	data, imported, skipped, failed := rowsOf(700)
	id := k.importJob("")
	var other userpool.UserImportJob
	slow := &cancelReader{r: strings.NewReader(data), left: len(data) / 2, call: func() {
		_, err := k.again(nil).StartUserImportJob(t.Context(), id, strings.NewReader(data))
		require.ErrorIs(t, err, userpool.PreconditionNotMet)
		k.clock.Advance(time.Minute)
		other, err = k.again(nil).StartUserImportJob(t.Context(), id, strings.NewReader(data))
		require.NoError(t, err)
	}}
	_, err := k.StartUserImportJob(t.Context(), id, slow)
	require.ErrorIs(t, err, userpool.PreconditionNotMet)
	require.ErrorContains(t, err, "taken the import job over")
	requireCounts(t, other, imported, skipped, failed)
	job, err := k.DescribeUserImportJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, other, job)
	require.Len(t, everybody(t, k), imported)
	faults, err := k.ListUserImportErrors(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, faults, skipped+failed)
}
