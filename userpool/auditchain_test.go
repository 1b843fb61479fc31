package userpool_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// The hash of a record, worked out by another program from the bytes that the comment of AuditHash describes.
func TestAuditHash(t *testing.T) {
	r := userpool.AuditRecord{
		Serial: 1, Time: time.UnixMicro(1_767_225_600_000_001), Sub: "sub", Event: []byte(`{"type":"SignIn","operation":"InitiateAuth"}`),
	}
	require.Equal(t, "641b708948e52e5a45c039f5a66b68ac279195d8bb1e828ac8123fe83a51e76a", hex.EncodeToString(userpool.AuditHash("default", r, make([]byte, 32))))
	for name, change := range map[string]func(*userpool.AuditRecord){
		"serial": func(r *userpool.AuditRecord) { r.Serial++ },
		"time":   func(r *userpool.AuditRecord) { r.Time = r.Time.Add(time.Microsecond) },
		"sub":    func(r *userpool.AuditRecord) { r.Sub = "su" },
		"shift":  func(r *userpool.AuditRecord) { r.Sub, r.Event = "sub{", r.Event[1:] },
		"event":  func(r *userpool.AuditRecord) { r.Event = append(slices.Clone(r.Event), ' ') },
	} {
		c := r
		change(&c)
		require.NotEqual(t, userpool.AuditHash("default", r, nil), userpool.AuditHash("default", c, nil), name)
	}
	require.NotEqual(t, userpool.AuditHash("a", r, nil), userpool.AuditHash("b", r, nil))
	require.NotEqual(t, userpool.AuditHash("a", r, nil), userpool.AuditHash("a", r, make([]byte, 32)))
}

// tampered is a trail of which a test changes what is read.
type tampered struct {
	userpool.AuditStore
	records []userpool.AuditRecord
}

func (s tampered) ListAudit(_ context.Context, _ string, q userpool.AuditQuery) ([]userpool.AuditRecord, error) {
	if q.After > 0 {
		return nil, nil
	}
	return s.records, nil
}

// Whatever is done to a trail afterwards is found, and where.
func TestVerifyAudit_Tampering(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	for range 8 {
		k.tokens("ada@example.com")
	}
	records, err := k.config.Store.ListAudit(t.Context(), k.ID(), userpool.AuditQuery{Limit: 100})
	require.NoError(t, err)
	require.Len(t, records, 10)
	whole, err := k.VerifyAuditTrail(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, userpool.AuditVerification{First: 1, Last: 10, Count: 10, LastHash: records[9].Hash, Anchored: true}, whole)
	rehash := func(rs []userpool.AuditRecord, from int) {
		for i := from; i < len(rs); i++ {
			rs[i].Hash = userpool.AuditHash(k.ID(), rs[i], rs[i-1].Hash)
		}
	}
	head := whole.Head()
	for name, test := range map[string]struct {
		change func([]userpool.AuditRecord) []userpool.AuditRecord
		head   *userpool.AuditHead
		broken int64
		reason string
	}{
		"nothing":            {func(rs []userpool.AuditRecord) []userpool.AuditRecord { return rs }, &head, 0, ""},
		"event":              {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4].Event[9] ^= 1; return rs }, nil, 5, "does not fit its hash"},
		"time":               {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4].Time = rs[4].Time.Add(1e6); return rs }, nil, 5, "does not fit"},
		"sub":                {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4].Sub = "x"; return rs }, nil, 5, "does not fit"},
		"first":              {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[0].Sub = "x"; return rs }, nil, 1, "does not fit"},
		"hash":               {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4].Hash[0] ^= 1; return rs }, nil, 5, "does not fit"},
		"event and its hash": {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4].Sub = "x"; rehash(rs[:5], 4); return rs }, nil, 6, "one of the two"},
		"deleted":            {func(rs []userpool.AuditRecord) []userpool.AuditRecord { return slices.Delete(rs, 4, 6) }, nil, 5, "missing"},
		"deleted, renumbered": {func(rs []userpool.AuditRecord) []userpool.AuditRecord {
			rs = slices.Delete(rs, 4, 5)
			for i := 4; i < len(rs); i++ {
				rs[i].Serial--
			}
			return rs
		}, nil, 5, "does not fit"},
		"twice":   {func(rs []userpool.AuditRecord) []userpool.AuditRecord { return slices.Insert(rs, 5, rs[4]) }, nil, 6, "stands in its place"},
		"swapped": {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4], rs[5] = rs[5], rs[4]; return rs }, nil, 5, "missing"},
		"events swapped": {func(rs []userpool.AuditRecord) []userpool.AuditRecord {
			rs[4].Event, rs[1].Event = rs[1].Event, rs[4].Event
			return rs
		}, nil, 2, "does not fit"},
		"end cut off":                {func(rs []userpool.AuditRecord) []userpool.AuditRecord { return rs[:7] }, nil, 0, ""},
		"end cut off, head known":    {func(rs []userpool.AuditRecord) []userpool.AuditRecord { return rs[:7] }, &head, 8, "once went as far as record 10"},
		"all gone, head known":       {func([]userpool.AuditRecord) []userpool.AuditRecord { return nil }, &head, 1, "once went"},
		"made anew":                  {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4].Sub = "x"; rehash(rs, 4); return rs }, nil, 0, ""},
		"made anew, head known":      {func(rs []userpool.AuditRecord) []userpool.AuditRecord { rs[4].Sub = "x"; rehash(rs, 4); return rs }, &head, 10, "known before"},
		"beginning gone":             {func(rs []userpool.AuditRecord) []userpool.AuditRecord { return rs[3:] }, &head, 0, ""},
		"beginning gone, older head": {func(rs []userpool.AuditRecord) []userpool.AuditRecord { return rs[3:] }, &userpool.AuditHead{Serial: 2, Hash: records[1].Hash}, 2, "newer head"},
	} {
		t.Run(name, func(t *testing.T) {
			var copied []userpool.AuditRecord
			for _, r := range records {
				copied = append(copied, r.Clone())
			}
			v, err := userpool.VerifyAudit(t.Context(), tampered{records: test.change(copied)}, k.ID(), test.head)
			require.NoError(t, err)
			require.Equal(t, test.broken, v.Broken, v.Reason)
			require.Contains(t, v.Reason, test.reason)
			require.Equal(t, !strings.HasPrefix(name, "beginning") && v.Count > 0, v.Anchored)
		})
	}
	v, err := userpool.VerifyAudit(t.Context(), k.config.Store, "another", nil)
	require.NoError(t, err)
	require.Zero(t, v)
	v, err = userpool.VerifyAudit(t.Context(), tampered{records: records}, "another", nil)
	require.NoError(t, err)
	require.Equal(t, int64(1), v.Broken, "the trail of one pool is not another's")
}

// Processes that note at once make one chain without a gap, and nothing is lost.
func TestAudit_Concurrency(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		k.people(1)
		pools := []*kit{k, k.again(nil), k.again(nil)}
		const n = 60
		require.Equal(t, n, parallel(n, func(i int) error {
			_, err := pools[i%3].ForgotPassword(context.Background(), userpool.ForgotPasswordInput{Username: fmt.Sprintf("nobody-%d@example.com", i)})
			return err
		}))
		v, err := k.VerifyAuditTrail(t.Context(), nil)
		require.NoError(t, err)
		require.Zero(t, v.Broken, v.Reason)
		require.Equal(t, int64(n+2), v.Count)
		require.NotContains(t, k.log.String(), "not in the audit trail")
	})
}

// blockedTrail is a store whose trail waits, or refuses.
type blockedTrail struct {
	userpool.Store
	mu      sync.Mutex
	appends [][]userpool.AuditRecord
	wait    chan struct{}
	refuse  error
}

func (s *blockedTrail) AppendAudit(ctx context.Context, pool string, records []userpool.AuditRecord) error {
	s.mu.Lock()
	wait, refuse := s.wait, s.refuse
	s.appends = append(s.appends, records)
	s.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if refuse != nil {
		return refuse
	}
	return s.Store.AppendAudit(ctx, pool, records)
}

// What comes while a record is being written is written together, by one of those who wait.
func TestAudit_GroupCommit(t *testing.T) {
	store := &blockedTrail{Store: memstore.New(), wait: make(chan struct{})}
	k := newKitOn(t, store, nil)
	done := make(chan error, 40)
	group := func(i int) {
		done <- k.CreateGroup(context.Background(), userpool.Group{Name: fmt.Sprintf("group-%d", i)})
	}
	go group(0)
	require.Eventually(t, func() bool { store.mu.Lock(); defer store.mu.Unlock(); return len(store.appends) == 1 }, 5*time.Second, time.Millisecond)
	for i := range 39 {
		go group(i + 1)
	}
	require.Eventually(t, func() bool { return strings.Count(k.log.String(), "userpool: audit") == 40 }, 5*time.Second, time.Millisecond)
	time.Sleep(20 * time.Millisecond) // the last ones get in line
	close(store.wait)
	for range 40 {
		require.NoError(t, <-done)
	}
	require.LessOrEqual(t, len(store.appends), 4)
	v, err := k.VerifyAuditTrail(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, int64(40), v.Count)
	require.Zero(t, v.Broken)
}

// A store that does not take an event fails nothing: the event is in the log, with all that it says. The trail goes on afterwards.
func TestAudit_StoreRefuses(t *testing.T) {
	store := &blockedTrail{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	sub := k.user("ada@example.com")
	store.refuse = errBroken
	k.tokens("ada@example.com")
	line := ""
	for l := range strings.Lines(k.log.String()) {
		if strings.Contains(l, "level=ERROR") {
			line = l
		}
	}
	for _, want := range []string{"not in the audit trail", "connection lost", "event.type=SignIn", "event.sub=" + sub, "event.details.methods=pwd", "event.operation=InitiateAuth"} {
		require.Contains(t, line, want)
	}
	store.refuse = nil
	k.tokens("ada@example.com")
	v, err := k.VerifyAuditTrail(t.Context(), nil)
	require.NoError(t, err)
	require.Zero(t, v.Broken, v.Reason)
	require.Equal(t, int64(3), v.Count)
}

// A caller who goes away does not keep the event out of the trail, and does not disturb the others.
func TestAudit_CallerGoesAway(t *testing.T) {
	store := &blockedTrail{Store: memstore.New(), wait: make(chan struct{})}
	k := newKitOn(t, store, nil)
	var wg sync.WaitGroup
	for i := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { _ = k.CreateGroup(ctx, userpool.Group{Name: fmt.Sprintf("group-%d", i)}) })
		require.Eventually(t, func() bool { return strings.Count(k.log.String(), "userpool: audit") == i+1 }, 5*time.Second, time.Millisecond)
		cancel()
	}
	close(store.wait)
	wg.Wait()
	v, err := k.VerifyAuditTrail(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, int64(5), v.Count)
}

// What is too old is deleted, and the first record that remains can be verified like all others.
func TestAudit_Retention(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) { c.Settings.AuditRetention = 30 * 24 * time.Hour })
		run := func() {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			before := k.clock.Now()
			require.ErrorIs(t, k.Upkeep(t.Context()), nil)
			require.ErrorIs(t, k.Run(ctx), context.Canceled)
			require.Equal(t, before, k.clock.Now())
		}
		group := func(name string) { require.NoError(t, k.CreateGroup(t.Context(), userpool.Group{Name: name})) }
		for i := range 5 {
			group(fmt.Sprintf("old-%d", i))
		}
		k.clock.Advance(20 * 24 * time.Hour)
		run()
		group("young")
		old, err := k.VerifyAuditTrail(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, int64(1), old.First)
		k.clock.Advance(15 * 24 * time.Hour)
		run()
		v, err := k.VerifyAuditTrail(t.Context(), nil)
		require.NoError(t, err)
		require.Zero(t, v.Broken, v.Reason)
		require.Equal(t, int64(6), v.First)
		require.True(t, v.Anchored)
		require.Contains(t, k.log.String(), v.Head().String(), "the head is in the log")

		records, err := store.ListAudit(t.Context(), k.ID(), userpool.AuditQuery{Limit: 10})
		require.NoError(t, err)
		records[0].Sub = "x"
		bad, err := userpool.VerifyAudit(t.Context(), tampered{records: records}, k.ID(), nil)
		require.NoError(t, err)
		require.Equal(t, int64(6), bad.Broken)

		k.clock.Advance(100 * 24 * time.Hour)
		run()
		v, err = k.VerifyAuditTrail(t.Context(), nil)
		require.NoError(t, err)
		require.Zero(t, v.Broken, v.Reason)
		require.True(t, v.Anchored)
		require.LessOrEqual(t, v.Count, int64(3))
		group("new")
		v, err = k.VerifyAuditTrail(t.Context(), nil)
		require.NoError(t, err)
		require.Zero(t, v.Broken, v.Reason)
	})
}

func TestListAuditEvents(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		ada, bob := k.user("ada@example.com"), k.user("bob@example.com")
		for range 4 {
			require.NoError(t, k.signInFrom(with("198.51.100.7", firefox), "ada@example.com", password))
		}
		ctx := userpool.WithActor(t.Context(), "root")
		require.NoError(t, k.AdminDisableUser(ctx, "bob@example.com"))
		require.NoError(t, k.AdminDeleteUser(ctx, "bob@example.com"))
		var serials []int64
		in := userpool.ListAuditEventsInput{Username: "ada@example.com", Limit: 4}
		for {
			out, err := k.ListAuditEvents(t.Context(), in)
			require.NoError(t, err)
			for _, e := range out.Events {
				require.Equal(t, ada, e.Sub)
				serials = append(serials, e.Serial)
			}
			if in.NextToken = out.NextToken; in.NextToken == "" {
				break
			}
		}
		require.Equal(t, []int64{8, 7, 6, 5, 2, 1}, serials)
		out, err := k.ListAuditEvents(t.Context(), userpool.ListAuditEventsInput{Sub: bob})
		require.NoError(t, err)
		require.Len(t, out.Events, 4)
		require.Equal(t, userpool.AuditEvent{Type: userpool.EventUserChange, Operation: "AdminDeleteUser", Sub: bob, Actor: "root"}, out.Events[0].AuditEvent)
		in = userpool.ListAuditEventsInput{Limit: 3}
		out, err = k.ListAuditEvents(t.Context(), in)
		require.NoError(t, err)
		require.Len(t, out.Events, 3)
		_, err = k.ListAuditEvents(t.Context(), userpool.ListAuditEventsInput{Sub: ada, NextToken: out.NextToken})
		require.ErrorIs(t, err, userpool.InvalidParameter, "a token of another list")
		for _, bad := range []userpool.ListAuditEventsInput{{Limit: 61}, {Limit: -1}, {Sub: ada, Username: "ada@example.com"}, {NextToken: "x"}} {
			_, err = k.ListAuditEvents(t.Context(), bad)
			require.ErrorIs(t, err, userpool.InvalidParameter)
		}
		_, err = k.ListAuditEvents(t.Context(), userpool.ListAuditEventsInput{Username: "nobody@example.com"})
		require.ErrorIs(t, err, userpool.UserNotFound)
	})
}

// What was exported is verified without the store, line by line.
func TestExportAudit(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	ctx := userpool.WithActor(t.Context(), "<&>\u2028 \"quotes\" \xff")
	require.NoError(t, k.CreateGroup(ctx, userpool.Group{Name: "group"}))
	var b bytes.Buffer
	require.NoError(t, k.ExportAudit(t.Context(), &b))
	v := userpool.NewAuditVerifier(k.ID(), nil)
	for line := range bytes.Lines(b.Bytes()) {
		require.True(t, json.Valid(line))
		pool, r, err := userpool.ParseAuditLine(line)
		require.NoError(t, err)
		require.Equal(t, k.ID(), pool)
		require.True(t, v.Add(r))
	}
	want, err := k.VerifyAuditTrail(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, want, v.Result())
	require.Equal(t, int64(3), want.Count)
	require.ErrorIs(t, k.ExportAudit(t.Context(), failingWriter{}), errBroken)
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errBroken }

func FuzzParseAuditLine(f *testing.F) {
	f.Add([]byte(`{"pool":"default","serial":1,"time":1767225600000001,"sub":"","event":{"type":"SignIn"},"hash":"00ff"}`))
	f.Add([]byte(`{"serial":-1,"time":9223372036854775807,"event":null,"hash":"zz"}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, line []byte) {
		pool, r, err := userpool.ParseAuditLine(line)
		v := userpool.NewAuditVerifier(pool, nil)
		if err == nil && v.Add(r) {
			require.Equal(t, r.Serial, v.Result().Last)
		}
	})
}

// Just the kinds of events that are wanted are stored; all are logged.
func TestSettings_AuditEvents(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.Settings.AuditEvents = []userpool.EventType{userpool.EventSignIn} })
	k.user("ada@example.com")
	k.tokens("ada@example.com")
	v, err := k.VerifyAuditTrail(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, int64(1), v.Count)
	require.Contains(t, k.log.String(), "event.type=SignUp")
}

// A failing store of the trail is told apart from a broken trail.
func TestVerifyAuditTrail_StoreFails(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.VerifyAuditTrail(ctx, nil)
	require.True(t, errors.Is(err, context.Canceled), "%v", err)
}

// BenchmarkAudit is what an event costs, from one caller and from many at once.
func BenchmarkAudit(b *testing.B) {
	for name, store := range map[string]func() userpool.Store{
		"memory": func() userpool.Store { return memstore.New() },
		"SQLite": func() userpool.Store { return sqliteStore(b) },
	} {
		k := newKitOn(b, store(), nil)
		event := func() {
			k.AuditForTest(b.Context(), userpool.AuditEvent{Type: userpool.EventSignIn, Operation: "InitiateAuth", Sub: "00000000-0000-4000-8000-000000000000"})
		}
		b.Run(name+"/one", func(b *testing.B) {
			for b.Loop() {
				event()
			}
		})
		b.Run(name+"/many", func(b *testing.B) {
			b.SetParallelism(50)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					event()
				}
			})
		})
	}
}
