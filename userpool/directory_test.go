package userpool_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// pools is a directory with its clock and outbox, as one process has it.
type pools struct {
	*userpool.Directory
	config userpool.DirectoryConfig
	clock  *userpooltest.Clock
	outbox *userpooltest.Outbox
}

var wrappingKey = []byte("0123456789abcdef0123456789abcdef")

func newDirectory(t *testing.T, store userpool.Store) *pools {
	t.Helper()
	wrapper, err := userpool.NewKeyWrapper(wrappingKey)
	require.NoError(t, err)
	k := newKit(t, nil)
	d := &pools{clock: k.clock, outbox: k.outbox}
	d.config = userpool.DirectoryConfig{
		Config: userpool.Config{Store: store, KeyWrapper: wrapper, Sender: d.outbox, Now: d.clock.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))},
		Issuer: func(id string) string { return "https://id.example.com/" + id },
	}
	d.again(t)
	return d
}

// again makes another process of it.
func (d *pools) again(t *testing.T) *pools {
	t.Helper()
	other := *d
	var err error
	other.Directory, err = userpool.NewDirectory(d.config)
	require.NoError(t, err)
	if d.Directory == nil {
		d.Directory = other.Directory
	}
	return &other
}

func (d *pools) pool(t *testing.T, id string) *kit {
	t.Helper()
	p, err := d.Pool(t.Context(), id)
	require.NoError(t, err)
	return &kit{Pool: p, t: t, clock: d.clock, outbox: d.outbox}
}

func withClient(secret string) userpool.Settings {
	c := webApp
	if secret != "" {
		c.Secrets = []string{secret}
	}
	return userpool.Settings{SigningAlgorithm: "ES256", Clients: []userpool.Client{c}}
}

// A directory from the first pool to the deletion of the last, on every store.
func TestDirectory(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		d := newDirectory(t, store)
		for _, id := range []string{"acme", "globex"} {
			got, err := d.CreateUserPool(ctx, userpool.CreateUserPoolInput{ID: id, Name: strings.ToUpper(id), Settings: withClient("")})
			require.NoError(t, err)
			require.Equal(t, id, got.ID)
			require.Equal(t, []string{"email"}, got.Settings.UsernameAttributes, "defaults are filled in")
		}
		_, err := d.CreateUserPool(ctx, userpool.CreateUserPoolInput{ID: "acme", Name: "again"})
		require.ErrorIs(t, err, userpool.DuplicateUserPool)

		// D9, J29: what is in one pool is nowhere in the other.
		acme, globex := d.pool(t, "acme"), d.pool(t, "globex")
		sub := acme.user("ada@example.com")
		tokens := acme.tokens("ada@example.com")
		_, err = globex.AdminGetUser(ctx, sub)
		require.ErrorIs(t, err, userpool.UserNotFound)
		_, err = globex.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = globex.VerifyAccessToken(ctx, tokens.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = globex.GetTokensFromRefreshToken(ctx, userpool.GetTokensFromRefreshTokenInput{RefreshToken: tokens.RefreshToken, ClientID: "webapp"})
		require.ErrorIs(t, err, userpool.NotAuthorized)
		globex.user("ada@example.com")

		other := d.again(t)
		_, err = other.pool(t, "acme").VerifyAccessToken(ctx, tokens.AccessToken)
		require.NoError(t, err, "another process has the same keys")

		page, err := d.ListUserPools(ctx, userpool.ListUserPoolsInput{MaxResults: 1})
		require.NoError(t, err)
		require.Equal(t, "acme", page.UserPools[0].ID)
		page, err = d.ListUserPools(ctx, userpool.ListUserPoolsInput{MaxResults: 1, NextToken: page.NextToken})
		require.NoError(t, err)
		require.Equal(t, "globex", page.UserPools[0].ID)
		require.Empty(t, page.NextToken)

		require.NoError(t, d.DeleteUserPool(ctx, "acme"))
		_, err = d.Pool(ctx, "acme")
		require.ErrorIs(t, err, userpool.ResourceNotFound)
		d.clock.Advance(2 * time.Minute)
		_, err = other.Pool(ctx, "acme")
		require.ErrorIs(t, err, userpool.ResourceNotFound, "a minute later in every process")
		_, err = acme.AdminGetUser(ctx, sub)
		require.ErrorIs(t, err, userpool.UserNotFound)
		globex.tokens("ada@example.com")

		_, err = d.CreateUserPool(ctx, userpool.CreateUserPoolInput{ID: "acme", Name: "new", Settings: withClient("")})
		require.NoError(t, err)
		_, err = d.pool(t, "acme").VerifyAccessToken(ctx, tokens.AccessToken)
		require.ErrorIs(t, err, userpool.NotAuthorized, "a new pool has new keys")
	})
}

func TestUpdateUserPool(t *testing.T) {
	ctx := t.Context()
	d := newDirectory(t, memstore.New())
	made, err := d.CreateUserPool(ctx, userpool.CreateUserPoolInput{Name: "Acme", Settings: withClient(backendSecret)})
	require.NoError(t, err)
	require.Regexp(t, `^pool_[A-Za-z0-9]{9}$`, made.ID)
	require.Len(t, made.Settings.Clients[0].Secrets, 1)
	require.Regexp(t, `^kept:[0-9a-f]{16}$`, made.Settings.Clients[0].Secrets[0], "secrets are not told")
	require.True(t, made.Settings.Clients[0].Confidential())

	other := d.again(t)
	before := other.pool(t, made.ID)
	next := made.Settings
	next.AllowAdminCreateUserOnly = true
	in := userpool.UpdateUserPoolInput{ID: made.ID, Version: made.Version, Name: "Acme Inc.", Settings: next, DeletionProtection: true}
	got, err := d.UpdateUserPool(ctx, in)
	require.NoError(t, err)
	require.Equal(t, "Acme Inc.", got.Name)
	_, err = d.UpdateUserPool(ctx, in)
	require.ErrorIs(t, err, userpool.PreconditionNotMet, "somebody else changed it")
	_, err = d.pool(t, made.ID).SignUp(ctx, signUp("ada@example.com"))
	require.ErrorIs(t, err, userpool.NotAuthorized, "at once in this process")
	_, err = d.pool(t, made.ID).AuthenticateClient("webapp", backendSecret)
	require.NoError(t, err, "the secret was kept")
	require.Same(t, before.Pool, other.pool(t, made.ID).Pool)
	d.clock.Advance(time.Minute)
	_, err = other.pool(t, made.ID).SignUp(ctx, signUp("ada@example.com"))
	require.ErrorIs(t, err, userpool.NotAuthorized, "within a minute in another")

	require.ErrorIs(t, d.DeleteUserPool(ctx, made.ID), userpool.InvalidParameter, "it is protected")
	for name, bad := range map[string]userpool.UpdateUserPoolInput{
		"name":     {ID: made.ID, Settings: next},
		"settings": {ID: made.ID, Name: "x", Settings: userpool.Settings{SigningAlgorithm: "none"}},
	} {
		_, err := d.UpdateUserPool(ctx, bad)
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
	}
	_, err = d.UpdateUserPool(ctx, userpool.UpdateUserPoolInput{ID: "nobody", Name: "x"})
	require.ErrorIs(t, err, userpool.ResourceNotFound)
}

// A secret is replaced in two steps, each of which keeps those that it names, wherever they stand.
func TestUpdateUserPool_RotatesSecrets(t *testing.T) {
	ctx := t.Context()
	d := newDirectory(t, memstore.New())
	got, err := d.CreateUserPool(ctx, userpool.CreateUserPoolInput{Name: "Acme", Settings: withClient(backendSecret)})
	require.NoError(t, err)
	update := func(secrets ...string) error {
		next := got.Settings
		next.Clients[0].Secrets = secrets
		out, err := d.UpdateUserPool(ctx, userpool.UpdateUserPoolInput{ID: got.ID, Name: "Acme", Settings: next})
		if err == nil {
			got = out
		}
		return err
	}
	works := func(secret string) bool {
		_, err := d.pool(t, got.ID).AuthenticateClient("webapp", secret)
		return err == nil
	}
	const fresh = "a new secret of this client, 32+"
	old := got.Settings.Clients[0].Secrets[0]
	require.NoError(t, update(strings.ReplaceAll(fresh, " ", "-"), old), "the new one first")
	require.True(t, works(backendSecret))
	require.True(t, works(strings.ReplaceAll(fresh, " ", "-")))
	names := got.Settings.Clients[0].Secrets
	require.Equal(t, old, names[1])
	require.NoError(t, update(names[0]), "the old one is left out")
	require.False(t, works(backendSecret))
	require.True(t, works(strings.ReplaceAll(fresh, " ", "-")))
	for _, bad := range []string{old, "", "kept:", "kept:0000000000000000"} {
		require.ErrorIs(t, update(bad), userpool.InvalidParameter, bad)
	}
	require.True(t, works(strings.ReplaceAll(fresh, " ", "-")))
}

// The secrets of clients are in the store, but nobody reads them there.
func TestD7_SettingsAreSealed(t *testing.T) {
	store := memstore.New()
	d := newDirectory(t, store)
	made, err := d.CreateUserPool(t.Context(), userpool.CreateUserPoolInput{Name: "Acme", Settings: withClient(backendSecret)})
	require.NoError(t, err)
	records, err := store.ListRecords(t.Context(), "/directory", "pool", "", "", 10)
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.NotContains(t, string(records[0].Data), "webapp")
	require.NotContains(t, string(records[0].Data), backendSecret)

	wrapper, err := userpool.NewKeyWrapper([]byte(strings.Repeat("x", 32)))
	require.NoError(t, err)
	d.config.Config.KeyWrapper = wrapper
	_, err = d.again(t).Pool(t.Context(), made.ID)
	require.ErrorIs(t, err, userpool.ServiceUnavailable, "the wrong key opens nothing")
}

func TestD4_CreateUserPool(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		d := newDirectory(t, store)
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				_, err := d.CreateUserPool(context.WithoutCancel(t.Context()), userpool.CreateUserPoolInput{ID: "one", Name: fmt.Sprint(i)})
				if err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
	})
}

// A deletion that was interrupted is finished by the next; nobody gets at the pool in between.
func TestD3_DeleteUserPool(t *testing.T) {
	store := &brokenDelete{Store: memstore.New(), broken: true}
	d := newDirectory(t, store)
	_, err := d.CreateUserPool(t.Context(), userpool.CreateUserPoolInput{ID: "one", Name: "one", Settings: withClient("")})
	require.NoError(t, err)
	d.pool(t, "one").user("ada@example.com")
	require.ErrorIs(t, d.DeleteUserPool(t.Context(), "one"), userpool.ServiceUnavailable)
	_, err = d.Pool(t.Context(), "one")
	require.ErrorIs(t, err, userpool.ResourceNotFound)
	_, err = d.CreateUserPool(t.Context(), userpool.CreateUserPoolInput{ID: "one", Name: "one"})
	require.ErrorIs(t, err, userpool.DuplicateUserPool, "what is left of the old pool must not be the new one's")
	page, err := d.ListUserPools(t.Context(), userpool.ListUserPoolsInput{})
	require.NoError(t, err)
	require.Empty(t, page.UserPools)
	store.broken = false
	require.NoError(t, d.DeleteUserPool(t.Context(), "one"))
	require.ErrorIs(t, d.DeleteUserPool(t.Context(), "one"), userpool.ResourceNotFound)
	users, err := store.ListUsers(t.Context(), "one", userpool.UserQuery{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, users.Users)
}

type brokenDelete struct {
	userpool.Store
	broken bool
}

func (s *brokenDelete) DeletePool(ctx context.Context, pool string) error {
	if s.broken {
		return errBroken
	}
	return s.Store.DeletePool(ctx, pool)
}

func TestNewDirectory_WrongConfig(t *testing.T) {
	good := newDirectory(t, memstore.New()).config
	for want, change := range map[string]func(*userpool.DirectoryConfig){
		"Issuer is nil":       func(c *userpool.DirectoryConfig) { c.Issuer = nil },
		"an ID or Issuer":     func(c *userpool.DirectoryConfig) { c.Config.ID = "x" },
		"has Settings":        func(c *userpool.DirectoryConfig) { c.Config.Settings.AllowAdminCreateUserOnly = true },
		"Store is nil":        func(c *userpool.DirectoryConfig) { c.Config.Store = nil },
		"Sender is nil":       func(c *userpool.DirectoryConfig) { c.Config.Sender = nil },
		"MaxConcurrentHashes": func(c *userpool.DirectoryConfig) { c.Config.MaxConcurrentHashes = -1 },
	} {
		config := good
		change(&config)
		_, err := userpool.NewDirectory(config)
		require.ErrorContains(t, err, want)
	}
}
