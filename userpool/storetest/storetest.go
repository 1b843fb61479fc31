package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// Run tests a store. open is called once for each part of the suite and returns an empty store that nothing else uses; it can register
// its own cleanup with t.
func Run(t *testing.T, open func(t *testing.T) userpool.Store) {
	RunSome(t, open, func(string) bool { return true })
}

// RunSome runs those parts of Run whose names, such as "User/Create", are wanted. It is for a store that passes Run, where it is reached in
// another way, by another driver or on an older schema, that matters to some of the parts only.
func RunSome(t *testing.T, open func(t *testing.T) userpool.Store, want func(part string) bool) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, s userpool.Store)
	}{
		{"User/Roundtrip", userRoundtrip},
		{"User/Parts", userParts},
		{"User/Create", userCreate},
		{"User/Find", userFind},
		{"User/Update", userUpdate},
		{"User/Delete", userDelete},
		{"ListUsers/Find", listFind},
		{"ListUsers/Random", listRandom},
		{"ListUsers/Pages", listPages},
		{"ListUsers/BesideChanges", listBesideChanges},
		{"ListUsers/Refused", listRefused},
		{"U36_After", listAfter},
		{"U31_SameNameAgain", userAgain},
		{"Group/Roundtrip", groupRoundtrip},
		{"Group/Membership", groupMembership},
		{"Group/Update", groupUpdate},
		{"Group/List", groupList},
		{"Group/Users", groupUsers},
		{"Group/Delete", groupDelete},
		{"Session/Roundtrip", sessionRoundtrip},
		{"Session/Create", sessionCreate},
		{"Session/Update", sessionUpdate},
		{"Session/List", sessionList},
		{"Session/Delete", sessionDelete},
		{"Ticket/PutAndTake", ticketPutAndTake},
		{"Counter/PutAndRead", counterPutAndRead},
		{"Record/PutAndDelete", recordPutAndDelete},
		{"Record/Owner", recordOwner},
		{"Record/List", recordList},
		{"Audit/AppendAndRead", auditAppendAndRead},
		{"Audit/Query", auditQuery},
		{"Audit/Delete", auditDelete},
		{"Key/AddAndDelete", keyAddAndDelete},
		{"Purge", purge},
		{"D1_Strings", stringsKept},
		{"D2_RefusedStrings", stringsRefused},
		{"D2_LongValues", longValues},
		{"Times", times},
		{"Copies", copies},
		{"Context", contexts},
		{"D9_Isolation", isolation},
		{"D9_DeletePool", poolDelete},
		{"D4_CreateUser", parallelCreateUser},
		{"D4_UpdateUser", parallelUpdateUser},
		{"D4_SwapIdentifier", parallelSwapIdentifier},
		{"O5_TakeTicket", parallelTakeTicket},
		{"O16_UpdateSession", parallelUpdateSession},
		{"U8_Counter", parallelCounter},
		{"D4_PutRecord", parallelPutRecord},
		{"D4_AppendAudit", parallelAppendAudit},
		{"J27_FirstKey", parallelAddKey},
		{"D4_DeleteBesideCreate", parallelDeleteBesideCreate},
		{"Torn", parallelTornReads},
		{"Story", story},
	} {
		if want(part.name) {
			t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
		}
	}
}

// Names that the tests use. They are as long and as plain as real ones.
const (
	poolA = "pool-a"
	poolB = "pool-b"
	alice = "8f14e45f-ceea-467f-9d2c-0f6e3a1b7c01"
	bob   = "c9f0f895-fb98-4b91-b3c4-6c1d2e8f5a02"
)

// parallel is how many try the same thing at once.
const parallel = 50

// moment has more digits than a store keeps, and a zone that it does not keep.
var moment = time.Date(2026, 2, 28, 23, 59, 58, 123456789, time.FixedZone("somewhere", 5*3600+1800))

// kept returns t as it must come back.
func kept(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

func email(value string) userpool.Identifier {
	return userpool.Identifier{Kind: userpool.IdentifierEmail, Value: value}
}

// user returns a user with something in every field.
func user(sub string, identifiers ...userpool.Identifier) userpool.User {
	return userpool.User{
		Sub:          sub,
		Username:     sub,
		Status:       userpool.StatusConfirmed,
		Enabled:      true,
		Attributes:   map[string]string{"email": "alice@example.com", "email_verified": "true", "given_name": "Alice"},
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		Identifiers:  identifiers,
		Codes: []userpool.OneTimeCode{
			{Purpose: "confirm", Hash: []byte{0, 1, 254, 255}, Tries: 3, Expires: moment.Add(time.Hour)},
			{Purpose: "reset", Hash: []byte("hash"), Expires: moment},
		},
		Pending:         map[string]string{"email": "alice@example.org"},
		PasswordHistory: []string{"$argon2id$v=19$m=19456,t=2,p=1$c2FsdB$aGFzaB", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdC$aGFzaC"},
		PasswordChanged: moment.Add(-time.Hour),
		PasswordExpires: moment.Add(7 * 24 * time.Hour),
		SRPVerifier:     []byte{0, 128, 255},
		SoftwareToken:   &userpool.SoftwareToken{Secret: []byte{1, 0, 2}, Name: "phone", LastStep: 58_000_000, Created: moment},
		NewSoftwareToken: &userpool.SoftwareToken{
			Secret: []byte("secret"), Name: "new phone", LastStep: 58_000_001, Created: moment.Add(time.Second),
		},
		MFA:           []userpool.ChallengeName{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"},
		PreferredMFA:  "SOFTWARE_TOKEN_MFA",
		RecoveryCodes: [][]byte{{0}, {255, 1}},
		Passkeys: []userpool.Passkey{{
			ID: []byte{0, 1, 255}, PublicKey: []byte{0xa5, 1, 2}, SignCount: 1<<32 - 1, AAGUID: make([]byte, 16),
			Transports: []string{"internal", "hybrid"}, UserVerified: true, BackupEligible: true, BackedUp: true, Name: "laptop",
			Created: moment, LastUsed: moment.Add(time.Hour),
		}, {ID: []byte("2")}},
		Identities: []userpool.FederatedIdentity{{Provider: "Corp", Subject: "0001", Linked: moment}, {Provider: "Corp 2"}},
		Epoch:      7,
		Created:    moment,
		Modified:   moment.Add(time.Minute),
	}
}

// session returns a session with something in every field but Parent.
func session(id, sub string) userpool.Session {
	return userpool.Session{
		ID: id, Kind: userpool.SessionTokens, Sub: sub, ClientID: "web", Scopes: []string{"openid", "email"},
		Secret: []byte{0, 255, 'x'}, Generation: 4, Current: [][]byte{{1, 2}, {0}}, Previous: [][]byte{{3}}, Rotated: moment,
		Epoch: 7, AuthTime: moment.Add(-time.Hour), Provider: "Corp", ProviderSession: []byte{0, 1, 0xff}, AMR: []string{"pwd", "otp", "mfa"}, DeviceKey: "eu-west-1_0001",
		IPAddress: "2001:db8::1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", Created: moment.Add(-2 * time.Hour), Expires: moment.Add(time.Hour),
	}
}

// keptUser returns u as it must come back at a version. An empty list may come back as nil or as empty: both become nil here.
func keptUser(u userpool.User, version int64) userpool.User {
	u = u.Clone()
	u.Created, u.Modified, u.Version = kept(u.Created), kept(u.Modified), version
	for i := range u.Codes {
		u.Codes[i].Expires = kept(u.Codes[i].Expires)
		u.Codes[i].Hash = plain(u.Codes[i].Hash)
	}
	if len(u.Attributes) == 0 {
		u.Attributes = nil
	}
	if len(u.Pending) == 0 {
		u.Pending = nil
	}
	u.Identifiers, u.Codes = plain(u.Identifiers), plain(u.Codes)
	u.PasswordChanged, u.PasswordExpires = kept(u.PasswordChanged), kept(u.PasswordExpires)
	u.PasswordHistory, u.SRPVerifier, u.MFA = plain(u.PasswordHistory), plain(u.SRPVerifier), plain(u.MFA)
	u.RecoveryCodes, u.Passkeys, u.Identities = plain(u.RecoveryCodes), plain(u.Passkeys), plain(u.Identities)
	for _, token := range []*userpool.SoftwareToken{u.SoftwareToken, u.NewSoftwareToken} {
		if token != nil {
			token.Secret, token.Created = plain(token.Secret), kept(token.Created)
		}
	}
	for i := range u.Passkeys {
		k := &u.Passkeys[i]
		k.PublicKey, k.AAGUID, k.Transports = plain(k.PublicKey), plain(k.AAGUID), plain(k.Transports)
		k.Created, k.LastUsed = kept(k.Created), kept(k.LastUsed)
	}
	for i := range u.Identities {
		u.Identities[i].Linked = kept(u.Identities[i].Linked)
	}
	return u
}

func keptSession(s userpool.Session, version int64) userpool.Session {
	s = s.Clone()
	s.Rotated, s.AuthTime, s.Created, s.Expires = kept(s.Rotated), kept(s.AuthTime), kept(s.Created), kept(s.Expires)
	s.Scopes, s.Secret, s.Current, s.Previous = plain(s.Scopes), plain(s.Secret), plain(s.Current), plain(s.Previous)
	s.AMR, s.Version = plain(s.AMR), version
	return s
}

func plain[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// sameUser requires that got is u at this version: keptUser of what was written is compared with what was read, of which nothing but
// the emptiness of lists is changed before.
func sameUser(t *testing.T, u userpool.User, version int64, got userpool.User) {
	t.Helper()
	for _, at := range []time.Time{got.Created, got.Modified, got.PasswordChanged, got.PasswordExpires} {
		require.Equal(t, time.UTC, at.Location())
	}
	require.Equal(t, keptUser(u, version), keptUser(got, got.Version))
}

func sameSession(t *testing.T, s userpool.Session, version int64, got userpool.Session) {
	t.Helper()
	for _, at := range []time.Time{got.Rotated, got.AuthTime, got.Created, got.Expires} {
		require.Equal(t, time.UTC, at.Location())
	}
	require.Equal(t, keptSession(s, version), keptSession(got, got.Version))
}

// everyField requires that nothing in a value is zero but its version, so that no field is forgotten here when one is added.
func everyField(t *testing.T, v any) {
	t.Helper()
	r := reflect.ValueOf(v)
	for i := range r.NumField() {
		name := r.Type().Field(i).Name
		require.True(t, name == "Version" || !r.Field(i).IsZero(), "%s.%s", r.Type(), name)
	}
}

// mustCreate creates users in pool A.
func mustCreate(t *testing.T, s userpool.Store, users ...userpool.User) {
	t.Helper()
	for _, u := range users {
		require.NoError(t, s.CreateUser(t.Context(), poolA, u))
	}
}

func mustUser(t *testing.T, s userpool.Store, sub string) userpool.User {
	t.Helper()
	u, err := s.User(t.Context(), poolA, sub)
	require.NoError(t, err)
	return u
}

// race runs try in parallel, all at once, and returns their errors.
func race(try func(i int) error) []error {
	errs := make([]error, parallel)
	var ready, wg sync.WaitGroup
	ready.Add(parallel)
	for i := range errs {
		wg.Go(func() {
			ready.Done()
			ready.Wait()
			errs[i] = try(i)
		})
	}
	wg.Wait()
	return errs
}

// oneWinner requires that exactly one of the errors is nil and all others are lost, and returns the index of the winner.
func oneWinner(t *testing.T, errs []error, lost error) int {
	t.Helper()
	winner := -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "two of them won")
			winner = i
			continue
		}
		require.ErrorIs(t, err, lost)
	}
	require.NotEqual(t, -1, winner, "none of them won")
	return winner
}

// retryStale repeats an act until it is not ErrStale, as the pool does.
func retryStale(act func() error) error {
	for range 1000 {
		if err := act(); !errors.Is(err, userpool.ErrStale) {
			return err
		}
	}
	return errors.New("storetest: an update was stale 1000 times in a row")
}

func numbered(what string, i int) string { return fmt.Sprintf("%s-%03d", what, i) }

// contexts: a method whose context has ended does not begin, whatever it is.
func contexts(t *testing.T, s userpool.Store) {
	mustCreate(t, s, user(alice, email("a@example.com")))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range everyMethod(ended, s, poolA) {
		require.ErrorIs(t, call(), context.Canceled, name)
	}
	sameUser(t, user(alice, email("a@example.com")), 1, mustUser(t, s, alice))
}
