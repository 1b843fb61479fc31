package storetest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// hard are strings that a careless store breaks: text that is SQL, JSON, a placeholder or a pattern to somebody, and characters of
// every plane of Unicode.
func hard() []string {
	out := []string{
		`' OR '1'='1`, `'); DROP TABLE userpool_users; --`, `" ; DELETE FROM userpool_users; --`, `\'; --`, `\`, `\\`, `$1`, `$$`, `$tag$`, `?`, `:x`, `@x`,
		`%`, `_`, `[a-z]*`, `/* */`, `--`, "a\nb\r\n\tc", `{"a":"b"}`, `[`, `]`, `"`, `\u0000`, `\x00`, `null`, `true`, `0`, `1e400`, ` `, " x ", "<script>&amp;",
		"\u0001\u001f\u007f\u0085", "\u2028\u2029", "\u202e\u200b\ufeff", "\ufffd", "\uffff", "e\u0301", "\u00e9",
		"2026-02-28 23:59:58", "2026-02-28T23:59:58Z", "X'414243'", "Infinity",
	}
	for plane := range rune(17) {
		out = append(out, string(plane<<16+0x0041), string(plane<<16+0xfffc))
	}
	return out
}

// stringsKept: whatever people write comes back as it was, from every place where it can be, and finds nothing but itself.
func stringsKept(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	mustCreate(t, s, user(alice, email("alice@example.com")))
	for _, x := range hard() {
		u := user("sub"+x, userpool.Identifier{Kind: x, Value: x})
		u.Username, u.Status, u.PasswordHash = x, userpool.UserStatus(x), x
		u.Attributes = map[string]string{x: x, "name": x + x}
		u.Codes = []userpool.OneTimeCode{{Purpose: x, Hash: []byte(x), Expires: moment}}
		u.Pending, u.PasswordHistory = map[string]string{x: x}, []string{x, "", x}
		u.SoftwareToken.Name, u.NewSoftwareToken.Name, u.PreferredMFA, u.MFA = x, x, userpool.ChallengeName(x), []userpool.ChallengeName{"", userpool.ChallengeName(x)}
		u.Passkeys[0].Name, u.Passkeys[0].Transports = x, []string{x, ""}
		u.Identities = []userpool.FederatedIdentity{{Provider: x, Subject: x}}
		require.NoError(t, s.CreateUser(ctx, poolA, u), "%+q", x)
		got, err := s.UserByIdentifier(ctx, poolA, u.Identifiers[0])
		require.NoError(t, err, "%+q", x)
		sameUser(t, u, 1, got)

		g := userpool.Group{Name: x, Description: x, RoleARN: x}
		require.NoError(t, s.CreateGroup(ctx, poolA, g), "%+q", x)
		require.NoError(t, s.AddToGroup(ctx, poolA, u.Sub, x))
		groups, err := s.GroupsOf(ctx, poolA, u.Sub)
		require.NoError(t, err)
		require.Len(t, groups, 1, "%+q", x)
		require.Equal(t, []string{x, x, x}, []string{groups[0].Name, groups[0].Description, groups[0].RoleARN})

		v := session(x, u.Sub)
		v.Kind, v.ClientID, v.Provider, v.Scopes = x, x, x, []string{x, "", x}
		v.AMR, v.DeviceKey, v.IPAddress, v.UserAgent = []string{x, ""}, x, x, x
		require.NoError(t, s.CreateSession(ctx, poolA, v), "%+q", x)
		child := under(x, session("child"+x, u.Sub))
		require.NoError(t, s.CreateSession(ctx, poolA, child), "%+q", x)
		back, err := s.Session(ctx, poolA, x)
		require.NoError(t, err)
		sameSession(t, v, 1, back)

		require.NoError(t, s.PutTicket(ctx, poolA, userpool.Ticket{Kind: x, Hash: []byte(x), Data: []byte(x)}))
		ticket, err := s.TakeTicket(ctx, poolA, x, []byte(x))
		require.NoError(t, err)
		require.Equal(t, []byte(x), ticket.Data)
		require.NoError(t, s.PutCounter(ctx, poolA, userpool.Counter{Key: x, N: 1}))
		require.NoError(t, s.AddKey(ctx, poolA, userpool.SealedKey{ID: x, Use: x, Serial: 1, Algorithm: x, Sealed: []byte(x)}))
		require.NoError(t, s.DeleteKey(ctx, poolA, x))

		record := userpool.Record{Kind: x, Key: x, Owner: u.Sub, Data: []byte(x)}
		require.NoError(t, s.PutRecord(ctx, poolA, record))
		records, err := s.ListRecords(ctx, poolA, x, u.Sub, "", 9)
		require.NoError(t, err)
		record.Version = 1
		require.Equal(t, []userpool.Record{record}, records)
		members, err := s.UsersInGroup(ctx, poolA, x, "", 9)
		require.NoError(t, err)
		require.Len(t, members, 1)
		last, err := s.LastAudit(ctx, poolA)
		require.NoError(t, err)
		entry := userpool.AuditRecord{Serial: last.Serial + 1, Sub: x, Event: []byte(x), Hash: []byte(x)}
		require.NoError(t, s.AppendAudit(ctx, poolA, []userpool.AuditRecord{entry}))
		require.Equal(t, []int64{entry.Serial}, serials(t, s, poolA, userpool.AuditQuery{Sub: x, Limit: 9}))
		last, err = s.LastAudit(ctx, poolA)
		require.NoError(t, err)
		require.Equal(t, entry, last)
	}
	for _, x := range hard() {
		for _, operator := range operators {
			require.Contains(t, subs(t, s, poolA, found(x, operator, folded(x))), "sub"+x, "%+q", x)
			require.Contains(t, subs(t, s, poolA, found("sub", userpool.OperatorContains, x)), "sub"+x, "%+q", x)
		}
		require.Equal(t, []string{"sub" + x}, subs(t, s, poolA, found("sub", userpool.OperatorEqual, "sub"+x)))
		page, err := s.ListUsers(ctx, poolA, userpool.UserQuery{After: x, Limit: 9})
		if err != nil {
			require.ErrorIs(t, err, userpool.ErrInvalid)
			require.Empty(t, page.Users)
		}
	}
	// Each is there once, and nothing was done to anybody else.
	for _, x := range hard() {
		u, err := s.UserByIdentifier(ctx, poolA, userpool.Identifier{Kind: x, Value: x})
		require.NoError(t, err)
		require.Equal(t, "sub"+x, u.Sub)
		require.NoError(t, s.DeleteUser(ctx, poolA, u.Sub, 0))
		_, err = s.Session(ctx, poolA, "child"+x)
		require.ErrorIs(t, err, userpool.ErrNotFound)
	}
	sameUser(t, user(alice, email("alice@example.com")), 1, mustUser(t, s, alice))

	// The name of a pool is text like any other.
	for _, x := range hard() {
		require.NoError(t, s.CreateUser(ctx, x, user(bob, email("bob@example.com"))), "%+q", x)
		u, err := s.User(ctx, x, bob)
		require.NoError(t, err)
		sameUser(t, user(bob, email("bob@example.com")), 1, u)
	}
}

// stringsRefused: NUL and what is not UTF-8 is refused in every string that is written, and an empty name in every place where
// something is found by it: no store may keep what another cannot, or change it silently. Such a name finds nothing.
func stringsRefused(t *testing.T, s userpool.Store) {
	fill(t, s, poolA)
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"} {
		refusedInUsers(t, s, bad)
		refusedInSessions(t, s, bad)
		refusedElsewhere(t, s, bad)
		refused(t, "description", s.CreateGroup(t.Context(), poolA, userpool.Group{Name: "x", Description: bad}))
		refused(t, "role", s.CreateGroup(t.Context(), poolA, userpool.Group{Name: "x", RoleARN: bad}))
		refused(t, "new description", s.UpdateGroup(t.Context(), poolA, userpool.Group{Name: "staff", Description: bad}))
		refused(t, "owner", s.PutRecord(t.Context(), poolA, userpool.Record{Kind: "x", Key: "x", Owner: bad}))
		refused(t, "sub in the trail", s.AppendAudit(t.Context(), poolA, []userpool.AuditRecord{{Serial: 4, Sub: bad}}))
		refused(t, "algorithm", s.AddKey(t.Context(), poolA, userpool.SealedKey{ID: "x", Use: "x", Serial: 5, Algorithm: bad}))
		findsNothing(t, s, bad)
	}
	refusedElsewhere(t, s, "")
	refused(t, "empty sub", s.CreateUser(t.Context(), poolA, user("")))
	refused(t, "empty identifier", s.CreateUser(t.Context(), poolA, user(bob, email(""))))
	refused(t, "empty kind of identifier", s.CreateUser(t.Context(), poolA, user(bob, userpool.Identifier{Value: "x"})))
	refused(t, "an identifier twice", s.CreateUser(t.Context(), poolA, user(bob, email("x@example.com"), email("x@example.com"))))
	refused(t, "empty session", s.CreateSession(t.Context(), poolA, session("", alice)))
	noID, longID := user(bob), user(bob)
	noID.Passkeys[1].ID, longID.Passkeys[1].ID = nil, make([]byte, 1024)
	refused(t, "empty ID of a passkey", s.CreateUser(t.Context(), poolA, noID))
	refused(t, "long ID of a passkey", s.CreateUser(t.Context(), poolA, longID))
	refused(t, "empty ticket hash", s.PutTicket(t.Context(), poolA, userpool.Ticket{Kind: "x"}))
	findsNothing(t, s, "")

	_, err := s.User(t.Context(), poolA, bob)
	require.ErrorIs(t, err, userpool.ErrNotFound)
	full(t, s, poolA)
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	require.ErrorIs(t, err, userpool.ErrInvalid, what)
}

func refusedInUsers(t *testing.T, s userpool.Store, bad string) {
	t.Helper()
	for what, change := range map[string]func(u *userpool.User){
		"sub":              func(u *userpool.User) { u.Sub = bad },
		"username":         func(u *userpool.User) { u.Username = bad },
		"status":           func(u *userpool.User) { u.Status = userpool.UserStatus(bad) },
		"attribute name":   func(u *userpool.User) { u.Attributes = map[string]string{bad: "x"} },
		"attribute value":  func(u *userpool.User) { u.Attributes = map[string]string{"x": bad} },
		"password hash":    func(u *userpool.User) { u.PasswordHash = bad },
		"identifier kind":  func(u *userpool.User) { u.Identifiers = []userpool.Identifier{{Kind: bad, Value: "x"}} },
		"identifier value": func(u *userpool.User) { u.Identifiers = []userpool.Identifier{email(bad)} },
		"code purpose":     func(u *userpool.User) { u.Codes[1].Purpose = bad },
		"pending name":     func(u *userpool.User) { u.Pending = map[string]string{bad: "x"} },
		"pending value":    func(u *userpool.User) { u.Pending = map[string]string{"x": bad} },
		"password history": func(u *userpool.User) { u.PasswordHistory = []string{"x", bad} },
		"token":            func(u *userpool.User) { u.SoftwareToken.Name = bad },
		"new token":        func(u *userpool.User) { u.NewSoftwareToken.Name = bad },
		"factor":           func(u *userpool.User) { u.MFA = []userpool.ChallengeName{"x", userpool.ChallengeName(bad)} },
		"preferred factor": func(u *userpool.User) { u.PreferredMFA = userpool.ChallengeName(bad) },
		"passkey":          func(u *userpool.User) { u.Passkeys[1].Name = bad },
		"transport":        func(u *userpool.User) { u.Passkeys[1].Transports = []string{bad} },
		"provider":         func(u *userpool.User) { u.Identities[1].Provider = bad },
		"subject":          func(u *userpool.User) { u.Identities[1].Subject = bad },
	} {
		u := user(bob)
		change(&u)
		refused(t, what, s.CreateUser(t.Context(), poolA, u))
		u = user(alice)
		u.Version = 1
		change(&u)
		refused(t, what, s.UpdateUser(t.Context(), poolA, u))
	}
}

func refusedInSessions(t *testing.T, s userpool.Store, bad string) {
	t.Helper()
	for what, change := range map[string]func(v *userpool.Session){
		"id":       func(v *userpool.Session) { v.ID = bad },
		"kind":     func(v *userpool.Session) { v.Kind = bad },
		"sub":      func(v *userpool.Session) { v.Sub = bad },
		"parent":   func(v *userpool.Session) { v.Parent = bad },
		"client":   func(v *userpool.Session) { v.ClientID = bad },
		"provider": func(v *userpool.Session) { v.Provider = bad },
		"scope":    func(v *userpool.Session) { v.Scopes = []string{"openid", bad} },
		"method":   func(v *userpool.Session) { v.AMR = []string{"pwd", bad} },
		"device":   func(v *userpool.Session) { v.DeviceKey = bad },
		"address":  func(v *userpool.Session) { v.IPAddress = bad },
		"agent":    func(v *userpool.Session) { v.UserAgent = bad },
	} {
		v := session("s2", alice)
		change(&v)
		refused(t, what, s.CreateSession(t.Context(), poolA, v))
		v = session("s1", alice)
		v.Version = 1
		change(&v)
		refused(t, what, s.UpdateSession(t.Context(), poolA, v))
	}
}

// refusedElsewhere tries what is refused also when it is empty.
func refusedElsewhere(t *testing.T, s userpool.Store, bad string) {
	t.Helper()
	ctx := t.Context()
	for what, err := range map[string]error{
		"pool of a user":    s.CreateUser(ctx, bad, user(bob)),
		"pool of a group":   s.CreateGroup(ctx, bad, staffGroup),
		"pool of a member":  s.AddToGroup(ctx, bad, alice, "staff"),
		"pool of a session": s.CreateSession(ctx, bad, session("s2", alice)),
		"pool of a ticket":  s.PutTicket(ctx, bad, aTicket),
		"pool of a counter": s.PutCounter(ctx, bad, aCounter),
		"pool of a key":     s.AddKey(ctx, bad, aKey),
		"pool of a record":  s.PutRecord(ctx, bad, userpool.Record{Kind: "x", Key: "x"}),
		"pool of a trail":   s.AppendAudit(ctx, bad, trail(1, 1)),
		"changed group":     s.UpdateGroup(ctx, poolA, userpool.Group{Name: bad}),
		"kind of a record":  s.PutRecord(ctx, poolA, userpool.Record{Kind: bad, Key: "x"}),
		"key of a record":   s.PutRecord(ctx, poolA, userpool.Record{Kind: "x", Key: bad}),
		"group":             s.CreateGroup(ctx, poolA, userpool.Group{Name: bad}),
		"member":            s.AddToGroup(ctx, poolA, bad, "staff"),
		"group of a member": s.AddToGroup(ctx, poolA, alice, bad),
		"kind of a ticket":  s.PutTicket(ctx, poolA, userpool.Ticket{Kind: bad, Hash: []byte("x")}),
		"counter":           s.PutCounter(ctx, poolA, userpool.Counter{Key: bad}),
		"key":               s.AddKey(ctx, poolA, userpool.SealedKey{ID: bad, Use: "x", Serial: 5}),
		"use of a key":      s.AddKey(ctx, poolA, userpool.SealedKey{ID: "x", Use: bad, Serial: 5}),
	} {
		refused(t, what, err)
	}
}

// findsNothing requires that a name that cannot be stored finds and deletes nothing.
func findsNothing(t *testing.T, s userpool.Store, bad string) {
	t.Helper()
	ctx := t.Context()
	_, byPool := s.User(ctx, bad, alice)
	_, bySub := s.User(ctx, poolA, bad)
	_, byKind := s.UserByIdentifier(ctx, poolA, userpool.Identifier{Kind: bad, Value: aliceMail.Value})
	_, byValue := s.UserByIdentifier(ctx, poolA, email(bad))
	_, byID := s.Session(ctx, poolA, bad)
	_, byTicket := s.TakeTicket(ctx, poolA, bad, aTicket.Hash)
	_, byGroup := s.Group(ctx, poolA, bad)
	_, byRecordKind := s.Record(ctx, poolA, bad, aRecord.Key)
	_, byRecordKey := s.Record(ctx, poolA, aRecord.Kind, bad)
	for _, err := range []error{
		byGroup, byRecordKind, byRecordKey, s.DeleteRecord(ctx, poolA, bad, aRecord.Key), s.DeleteRecord(ctx, poolA, aRecord.Kind, bad),
		byPool, bySub, byKind, byValue, byID, byTicket, s.DeleteUser(ctx, poolA, bad, 0), s.DeleteGroup(ctx, poolA, bad),
		s.RemoveFromGroup(ctx, poolA, alice, bad), s.DeleteSession(ctx, poolA, bad), s.DeleteKey(ctx, poolA, bad),
	} {
		require.ErrorIs(t, err, userpool.ErrNotFound, "%+q", bad)
	}
	require.NoError(t, s.DeleteSessionsOf(ctx, poolA, bad))
	groups, err := s.GroupsOf(ctx, poolA, bad)
	require.NoError(t, err)
	require.Empty(t, groups)
	sessions, err := s.SessionsOf(ctx, poolA, bad, 9)
	require.NoError(t, err)
	require.Empty(t, sessions)
	groups, err = s.ListGroups(ctx, bad, "", 9)
	require.NoError(t, err)
	require.Empty(t, groups)
	members, err := s.UsersInGroup(ctx, poolA, bad, "", 9)
	require.NoError(t, err)
	require.Empty(t, members)
	records, err := s.ListRecords(ctx, poolA, bad, "", "", 9)
	require.NoError(t, err)
	require.Empty(t, records)
	last, err := s.LastAudit(ctx, bad)
	require.NoError(t, err)
	require.Zero(t, last.Serial)
	n, err := s.DeleteAudit(ctx, bad, 9)
	require.NoError(t, err)
	require.Zero(t, n)
	if bad != "" { // the empty one is the beginning, or stands for any
		groups, err = s.ListGroups(ctx, poolA, bad, 9)
		require.NoError(t, err)
		require.Empty(t, groups)
		members, err = s.UsersInGroup(ctx, poolA, staffGroup.Name, bad, 9)
		require.NoError(t, err)
		require.Empty(t, members)
		for _, names := range [][2]string{{bad, ""}, {"", bad}} {
			records, err = s.ListRecords(ctx, poolA, aRecord.Kind, names[0], names[1], 9)
			require.NoError(t, err)
			require.Empty(t, records)
		}
		require.Empty(t, serials(t, s, poolA, userpool.AuditQuery{Sub: bad, Limit: 9}))
	}
	c, err := s.Counter(ctx, poolA, bad)
	require.NoError(t, err)
	require.Zero(t, c.Version)
}

// longValues: a value of a megabyte is kept whole. A name that something is found by may have 1,000 bytes; a longer one is kept whole
// or refused with ErrInvalid, but never cut, so that no two become one.
func longValues(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	long := strings.Repeat("0123456789abcde\u00e9", 1<<16)
	require.Greater(t, len(long), 1<<20)
	u := user(alice)
	u.Attributes["picture"], u.Pending["picture"], u.Passkeys[1].PublicKey = long, long, []byte(long)
	u.Passkeys[1].ID = bytes.Repeat([]byte{255}, 1023)
	mustCreate(t, s, u)
	require.Equal(t, []string{alice}, subs(t, s, poolA, found("picture", userpool.OperatorPrefix, long[:100])))
	sameUser(t, u, 1, mustUser(t, s, alice))
	ticket := userpool.Ticket{Kind: "state", Hash: []byte("h"), Data: bytes.Repeat([]byte{0, 255, '\'', '\\'}, 1<<18), Expires: kept(moment)}
	require.NoError(t, s.PutTicket(ctx, poolA, ticket))
	got, err := s.TakeTicket(ctx, poolA, "state", []byte("h"))
	require.NoError(t, err)
	require.Equal(t, ticket, got)

	// Not to be compressed, as names are not.
	name := func(last string) string {
		var b strings.Builder
		for i := uint32(1); b.Len() < 1000-len(last); i = i*1664525 + 1013904223 {
			b.WriteByte('!' + byte(i>>24)%90)
		}
		return b.String() + last
	}
	one, two := name("1"), name("2")
	for _, x := range []string{one, two} {
		v := session(x, x)
		require.NoError(t, s.CreateUser(ctx, poolA, user(x, userpool.Identifier{Kind: x, Value: x})))
		require.NoError(t, s.CreateGroup(ctx, poolA, userpool.Group{Name: x}))
		require.NoError(t, s.AddToGroup(ctx, poolA, x, x))
		require.NoError(t, s.CreateSession(ctx, poolA, v))
		require.NoError(t, s.PutTicket(ctx, poolA, userpool.Ticket{Kind: x, Hash: []byte(x)}))
		require.NoError(t, s.PutCounter(ctx, poolA, userpool.Counter{Key: x}))
		require.NoError(t, s.AddKey(ctx, poolA, userpool.SealedKey{ID: x, Use: x, Serial: 1}))
		u, err := s.UserByIdentifier(ctx, poolA, userpool.Identifier{Kind: x, Value: x})
		require.NoError(t, err)
		require.Equal(t, x, u.Sub)
		require.NoError(t, s.PutRecord(ctx, poolA, userpool.Record{Kind: x, Key: x, Owner: x}))
		// The longest value that a user is found by, of an attribute with the longest name: pages go on from there.
		u.Attributes = map[string]string{x: x}
		require.NoError(t, s.UpdateUser(ctx, poolA, u))
		require.NoError(t, s.AppendAudit(ctx, x[:200], []userpool.AuditRecord{{Serial: 1 + int64(x[999]-'1'), Sub: x}}))
	}
	for _, x := range []string{one, two} {
		records, err := s.ListRecords(ctx, poolA, x, x, "", 9)
		require.NoError(t, err)
		require.Len(t, records, 1)
		require.Equal(t, []string{x}, subs(t, s, poolA, found(x, userpool.OperatorPrefix, strings.ToLower(x[:200]))))
		q := found("username", userpool.OperatorPrefix, strings.ToLower(x[:200]))
		q.Limit = 1
		require.ElementsMatch(t, []string{one, two}, subs(t, s, poolA, q))
		q.Attribute, q.Value = "sub", x[:200]
		require.ElementsMatch(t, []string{one, two}, subs(t, s, poolA, q))
	}
	var outcomes []error
	for _, x := range []string{long + "1", long + "2"} {
		err := s.CreateUser(ctx, poolA, user(bob+x[len(x)-1:], email(x)))
		outcomes = append(outcomes, err)
		if err != nil {
			require.ErrorIs(t, err, userpool.ErrInvalid)
		}
		_, err = s.UserByIdentifier(ctx, poolA, email(x[:len(x)-1]))
		require.ErrorIs(t, err, userpool.ErrNotFound)
	}
	require.Equal(t, outcomes[0] == nil, outcomes[1] == nil)
}

// times: an instant comes back to the microsecond, rounded down and in UTC, whatever zone it came with and however far away it is. The
// zero time, which stands for never, comes back as the zero time. A year that no store can write is refused.
func times(t *testing.T, s userpool.Store) {
	ctx := t.Context()
	for i, at := range []time.Time{
		{}, time.Unix(0, 0), time.Unix(0, 999), time.Unix(0, -1), time.Now(), moment, time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(1883, 11, 18, 12, 3, 58, 5000, time.UTC), time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		u := user(numbered("sub", i))
		u.Created, u.Modified, u.Codes[0].Expires = at, at, at
		u.PasswordChanged, u.PasswordExpires, u.SoftwareToken.Created, u.NewSoftwareToken.Created = at, at, at, at
		u.Passkeys[0].Created, u.Passkeys[0].LastUsed, u.Identities[0].Linked = at, at, at
		mustCreate(t, s, u)
		got := mustUser(t, s, u.Sub)
		sameUser(t, u, 1, got)
		require.Equal(t, at.IsZero(), got.Created.IsZero() && got.Codes[0].Expires.IsZero() && got.PasswordExpires.IsZero() &&
			got.SoftwareToken.Created.IsZero() && got.Passkeys[0].LastUsed.IsZero() && got.Identities[0].Linked.IsZero())
		require.Equal(t, time.UTC, got.Codes[0].Expires.Location())
		v := session(numbered("s", i), u.Sub)
		v.Expires, v.AuthTime, v.Rotated = at, at, at
		require.NoError(t, s.CreateSession(ctx, poolA, v))
		back, err := s.Session(ctx, poolA, v.ID)
		require.NoError(t, err)
		sameSession(t, v, 1, back)
	}
	year300000 := time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, field := range []func(u *userpool.User) *time.Time{
		func(u *userpool.User) *time.Time { return &u.Created }, func(u *userpool.User) *time.Time { return &u.PasswordChanged },
		func(u *userpool.User) *time.Time { return &u.PasswordExpires }, func(u *userpool.User) *time.Time { return &u.SoftwareToken.Created },
		func(u *userpool.User) *time.Time { return &u.NewSoftwareToken.Created }, func(u *userpool.User) *time.Time { return &u.Passkeys[1].LastUsed },
		func(u *userpool.User) *time.Time { return &u.Passkeys[1].Created }, func(u *userpool.User) *time.Time { return &u.Identities[1].Linked },
	} {
		far := user(bob)
		*field(&far) = year300000
		require.ErrorIs(t, s.CreateUser(ctx, poolA, far), userpool.ErrInvalid, "%d", i)
	}
	require.ErrorIs(t, s.AppendAudit(ctx, poolA, []userpool.AuditRecord{{Serial: 1, Time: year300000}}), userpool.ErrInvalid)
}

// folded is a value as a query has it.
func folded(value string) string {
	for _, term := range userpool.SearchTerms(userpool.User{Attributes: map[string]string{"x": value}}) {
		if term.Attribute == "x" {
			return term.Value
		}
	}
	return ""
}
