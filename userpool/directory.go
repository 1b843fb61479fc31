package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// DirectoryConfig is what the program gives [NewDirectory].
type DirectoryConfig struct {
	// Config is what the pools have in common: Store, KeyWrapper, Sender, hooks, clock. ID, Issuer and Settings must be empty: each pool has
	// its own. MaxConcurrentHashes bounds all pools of the directory together.
	Config Config
	// Issuer returns the Issuer of the pool with this ID, such as "https://id.example.com/" + id. It must never return another one for the
	// same pool. Required.
	Issuer func(id string) string
	// Configure may change what the pools have in common for one of them: its providers, its passkeys, its hooks. It must not change ID,
	// Issuer, Store or Settings. It is called whenever a pool is opened; nil changes nothing.
	Configure func(id string, c *Config) error
}

// Directory keeps many pools in one store, each with keys, settings and users of its own. Make one with [NewDirectory]. Its methods are safe
// for concurrent use. They ask for no proof: the application decides who may call them.
type Directory struct {
	config DirectoryConfig
	// hasher and sending are shared by all pools.
	hasher  *hasher
	sending *onTheWay
	now     func() time.Time
	log     *slog.Logger

	mu   sync.Mutex
	open map[string]openPool
	// changes counts what this process did to the records: what was read before one is not kept.
	changes int64
}

// openPool is a pool as it was at one moment.
type openPool struct {
	pool   *Pool
	loaded time.Time
	record int64 // version
}

// directoryName is the name in the store under which the directory keeps its records: no pool can have it.
const directoryName = "/directory"

const (
	recordPool = "pool"
	// poolCacheAge bounds how long a process does not see what another one did to a pool's settings.
	poolCacheAge = time.Minute
)

// UserPoolDescription is what a directory knows of a pool.
type UserPoolDescription struct {
	ID string
	// Name is for administrators, and Settings.Name for users.
	Name string
	// Settings come with names in the place of the clients' secrets, see Client.Secrets.
	Settings Settings
	// DeletionProtection refuses DeleteUserPool.
	DeletionProtection bool
	Created, Modified  time.Time
	// Version is counted up with every change.
	Version int64
}

// storedPool is the record of a pool. Settings are sealed, as they hold secrets of clients.
type storedPool struct {
	Name      string
	Settings  []byte
	Protected bool
	Deleting  bool
	Created   time.Time
	Modified  time.Time
}

// NewDirectory returns a directory, or an error that says what is wrong with the configuration. It does not use the store yet.
func NewDirectory(config DirectoryConfig) (*Directory, error) {
	c := config.Config
	switch {
	case config.Issuer == nil:
		return nil, errors.New("userpool: DirectoryConfig.Issuer is nil: give a function that returns the address of a pool")
	case c.ID != "" || c.Issuer != "":
		return nil, errors.New("userpool: DirectoryConfig.Config has an ID or Issuer: each pool has its own")
	case !reflect.ValueOf(c.Settings).IsZero():
		return nil, errors.New("userpool: DirectoryConfig.Config has Settings: they are given to CreateUserPool")
	}
	// A pool of this configuration is made once, to find out what is wrong with it.
	c.ID, c.Issuer = "directory", "https://id.example.com"
	probe, err := New(c)
	if err != nil {
		return nil, err
	}
	config.Config.KeyWrapper, config.Config.Rand = probe.wrapper, probe.rand
	return &Directory{
		config: config, hasher: probe.hasher, sending: probe.sending, now: probe.now, log: probe.log, open: map[string]openPool{},
	}, nil
}

// CreateUserPoolInput describes a new pool.
type CreateUserPoolInput struct {
	// ID is 1 to 55 characters of A-Z, a-z, 0-9, "_" and "-"; by default a random one.
	ID string
	// Name is for administrators: 1 to 128 characters.
	Name               string
	Settings           Settings
	DeletionProtection bool
}

// CreateUserPool makes a pool. Errors: InvalidParameter, also for settings that are not right; DuplicateUserPool if the ID is taken.
func (d *Directory) CreateUserPool(ctx context.Context, in CreateUserPoolInput) (UserPoolDescription, error) {
	if err := checkPoolName(in.Name); err != nil {
		return UserPoolDescription{}, err
	}
	id := in.ID
	if id == "" {
		var err error
		if id, err = d.newPoolID(); err != nil {
			return UserPoolDescription{}, err
		}
	}
	if !poolIDPattern.MatchString(id) {
		return UserPoolDescription{}, failField(InvalidParameter, "id", "The ID of a pool has 1 to 55 characters of A-Z, a-z, 0-9, _ and -.")
	}
	pool, err := d.build(id, in.Settings)
	if err != nil {
		return UserPoolDescription{}, badSettings(err)
	}
	now := d.now()
	stored := storedPool{Name: in.Name, Protected: in.DeletionProtection, Created: now, Modified: now}
	r := Record{Kind: recordPool, Key: id}
	if err := d.put(ctx, r, &stored, in.Settings); err != nil {
		if errors.Is(err, ErrStale) {
			return UserPoolDescription{}, failField(DuplicateUserPool, "id", "There is a pool with this ID already.")
		}
		return UserPoolDescription{}, err
	}
	r.Version++
	return stored.describe(r, pool), nil
}

// newPoolID returns an ID in Cognito's form, with nine random characters.
func (d *Directory) newPoolID() (string, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	id := []byte("pool_")
	for len(id) < len("pool_")+9 {
		var b [1]byte
		if _, err := io.ReadFull(d.config.Config.Rand, b[:]); err != nil {
			return "", fmt.Errorf("userpool: reading random bytes: %w", err)
		}
		if n := int(b[0] & 63); n < len(alphabet) {
			id = append(id, alphabet[n])
		}
	}
	return string(id), nil
}

func checkPoolName(name string) error {
	if n := len([]rune(name)); n < 1 || n > 128 {
		return failField(InvalidParameter, "name", "The name of a pool has 1 to 128 characters.")
	}
	return checkText("name", name)
}

// badSettings makes an answer of what New says.
func badSettings(err error) error {
	return &Error{Code: InvalidParameter, Field: "settings", Message: sentence(err), cause: err}
}

// build makes the pool of an ID with these settings.
func (d *Directory) build(id string, s Settings) (*Pool, error) {
	c := d.config.Config
	c.ID, c.Issuer, c.Settings = id, d.config.Issuer(id), s
	if d.config.Configure != nil {
		want := c
		if err := d.config.Configure(id, &c); err != nil {
			return nil, fmt.Errorf("userpool: configuring the pool %s: %w", id, err)
		}
		c.ID, c.Issuer, c.Settings, c.Store = want.ID, want.Issuer, want.Settings, want.Store
	}
	pool, err := New(c)
	if err != nil {
		return nil, err
	}
	pool.hasher, pool.sending = d.hasher, d.sending
	return pool, nil
}

// put seals the settings and writes the record of a pool.
func (d *Directory) put(ctx context.Context, r Record, stored *storedPool, s Settings) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("userpool: encoding settings: %w", err)
	}
	if stored.Settings, err = d.config.Config.KeyWrapper.Wrap(raw, settingsLabel(r.Key)); err != nil {
		return unavailable("sealing settings", err)
	}
	if r.Data, err = json.Marshal(stored); err != nil {
		return fmt.Errorf("userpool: encoding a pool: %w", err)
	}
	err = d.config.Config.Store.PutRecord(ctx, directoryName, r)
	if err != nil && !errors.Is(err, ErrStale) {
		return unavailable("writing a pool", err)
	}
	d.forget(r.Key)
	return err
}

func (p storedPool) describe(r Record, pool *Pool) UserPoolDescription {
	return UserPoolDescription{
		ID: r.Key, Name: p.Name, Settings: pool.Settings(), DeletionProtection: p.Protected, Created: p.Created, Modified: p.Modified, Version: r.Version,
	}
}

func settingsLabel(id string) string { return "userpool/directory/" + id }

func (d *Directory) forget(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, id)
	d.changes++
}

// read returns the record of a pool that is not being deleted.
func (d *Directory) read(ctx context.Context, id string) (Record, storedPool, error) {
	r, err := d.config.Config.Store.Record(ctx, directoryName, recordPool, id)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return Record{}, storedPool{}, noPool()
	}
	if err != nil {
		return Record{}, storedPool{}, unavailable("reading a pool", err)
	}
	var stored storedPool
	if err := json.Unmarshal(r.Data, &stored); err != nil {
		return Record{}, storedPool{}, fmt.Errorf("userpool: the record of pool %s is damaged: %w", id, err)
	}
	return r, stored, nil
}

func noPool() error { return fail(ResourceNotFound, "There is no such user pool.") }

func (d *Directory) settings(r Record, stored storedPool) (s Settings, err error) {
	raw, err := d.config.Config.KeyWrapper.Unwrap(stored.Settings, settingsLabel(r.Key))
	if err != nil {
		return s, unavailable("opening settings", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("userpool: the settings of pool %s are damaged: %w", r.Key, err)
	}
	return s, nil
}

// DescribeUserPool returns what is known of a pool. The error is ResourceNotFound.
func (d *Directory) DescribeUserPool(ctx context.Context, id string) (UserPoolDescription, error) {
	r, stored, err := d.read(ctx, id)
	if err != nil {
		return UserPoolDescription{}, err
	}
	if stored.Deleting {
		return UserPoolDescription{}, noPool()
	}
	return d.describe(r, stored)
}

func (d *Directory) describe(r Record, stored storedPool) (UserPoolDescription, error) {
	s, err := d.settings(r, stored)
	if err != nil {
		return UserPoolDescription{}, err
	}
	pool, err := d.build(r.Key, s)
	if err != nil {
		return UserPoolDescription{}, err
	}
	return stored.describe(r, pool), nil
}

// UpdateUserPoolInput describes a pool as it shall be.
type UpdateUserPoolInput struct {
	ID string
	// Version is that of the description which was changed; 0 overwrites whatever is there.
	Version  int64
	Name     string
	Settings Settings
	// DeletionProtection refuses DeleteUserPool.
	DeletionProtection bool
}

// UpdateUserPool replaces all that UpdateUserPoolInput has: begin with a description, as what is left out goes back to its default. A name
// that a description has in the place of a secret (see Client.Secrets) keeps this secret: to replace one, add the new one to the names, and
// later leave the name of the old one out. The new settings are in force in this process at once, and in others within a minute. Where users have names under the
// old settings that they would not have under the new ones, call [Pool.PlanMigration] and [Pool.Migrate] of the pool. Errors:
// InvalidParameter, ResourceNotFound; PreconditionNotMet if the pool was changed since Version.
func (d *Directory) UpdateUserPool(ctx context.Context, in UpdateUserPoolInput) (UserPoolDescription, error) {
	if err := checkPoolName(in.Name); err != nil {
		return UserPoolDescription{}, err
	}
	for range 10 {
		r, stored, err := d.read(ctx, in.ID)
		switch {
		case err != nil:
			return UserPoolDescription{}, err
		case stored.Deleting:
			return UserPoolDescription{}, noPool()
		case in.Version != 0 && in.Version != r.Version:
			return UserPoolDescription{}, fail(PreconditionNotMet, "The pool was changed by somebody else in the meantime. Read it again, and repeat your change.")
		}
		old, err := d.settings(r, stored)
		if err != nil {
			return UserPoolDescription{}, err
		}
		next, err := keepSecrets(in.Settings, old)
		if err != nil {
			return UserPoolDescription{}, badSettings(err)
		}
		pool, err := d.build(in.ID, next)
		if err != nil {
			return UserPoolDescription{}, badSettings(err)
		}
		stored.Name, stored.Protected, stored.Modified = in.Name, in.DeletionProtection, d.now()
		err = d.put(ctx, r, &stored, next)
		if err == nil {
			r.Version++
			return stored.describe(r, pool), nil
		}
		if !errors.Is(err, ErrStale) {
			return UserPoolDescription{}, err
		}
	}
	return UserPoolDescription{}, limitExceeded(time.Second)
}

// keepSecrets puts the secrets of the old settings where the new ones name them.
func keepSecrets(next, old Settings) (Settings, error) {
	next.Clients = slices.Clone(next.Clients)
	for i := range next.Clients {
		c := next.Clients[i].clone()
		for j, name := range c.Secrets {
			if !strings.HasPrefix(name, keptSecret) {
				continue
			}
			secret, found := old.secretNamed(c.ID, name)
			if !found {
				return Settings{}, fmt.Errorf("userpool: client %q: %q names none of its present secrets: read the pool again", printable(c.ID), printable(name))
			}
			c.Secrets[j] = secret
		}
		next.Clients[i] = c
	}
	return next, nil
}

func (s Settings) secretNamed(clientID, name string) (string, bool) {
	for _, c := range s.Clients {
		for _, secret := range c.Secrets {
			if c.ID == clientID && standIn(secret) == name {
				return secret, true
			}
		}
	}
	return "", false
}

// ListUserPoolsInput asks for the pools of a directory.
type ListUserPoolsInput struct {
	// MaxResults is how many are wanted: 1 to 60, and 60 by default.
	MaxResults int
	// NextToken is that of the page before, or empty.
	NextToken string
}

// ListUserPoolsOutput is a page of pools, ordered by ID.
type ListUserPoolsOutput struct {
	UserPools []UserPoolDescription
	// NextToken is empty on the last page.
	NextToken string
}

// ListUserPools returns the pools, page by page. The error is InvalidParameter.
func (d *Directory) ListUserPools(ctx context.Context, in ListUserPoolsInput) (ListUserPoolsOutput, error) {
	limit, err := pageLimit(in.MaxResults)
	if err != nil {
		return ListUserPoolsOutput{}, err
	}
	if in.NextToken != "" && !poolIDPattern.MatchString(in.NextToken) {
		return ListUserPoolsOutput{}, failField(InvalidParameter, "nextToken", "The token is not one of this list: begin again without it.")
	}
	records, err := d.config.Config.Store.ListRecords(ctx, directoryName, recordPool, "", in.NextToken, limit+1)
	if err != nil {
		return ListUserPoolsOutput{}, unavailable("listing pools", err)
	}
	var out ListUserPoolsOutput
	if len(records) > limit {
		records = records[:limit]
		out.NextToken = records[limit-1].Key
	}
	for _, r := range records {
		var stored storedPool
		if err := json.Unmarshal(r.Data, &stored); err != nil {
			return ListUserPoolsOutput{}, fmt.Errorf("userpool: the record of pool %s is damaged: %w", r.Key, err)
		}
		if stored.Deleting {
			continue
		}
		description, err := d.describe(r, stored)
		if err != nil {
			return ListUserPoolsOutput{}, err
		}
		out.UserPools = append(out.UserPools, description)
	}
	return out, nil
}

// DeleteUserPool deletes a pool with all that is in it: nobody can sign in from the first moment on, and if the process ends in the middle,
// another call finishes. Other processes may work with the pool for a minute more, and what they write then stays in the store: give the ID
// to no other pool. Errors: ResourceNotFound; InvalidParameter if DeletionProtection is on.
func (d *Directory) DeleteUserPool(ctx context.Context, id string) error {
	for range 10 {
		r, stored, err := d.read(ctx, id)
		if err != nil {
			return err
		}
		if stored.Protected && !stored.Deleting {
			return failField(InvalidParameter, "deletionProtection", "The pool is protected from deletion: switch the protection off first.")
		}
		if !stored.Deleting {
			stored.Deleting = true
			if r.Data, err = json.Marshal(stored); err != nil {
				return fmt.Errorf("userpool: encoding a pool: %w", err)
			}
			err = d.config.Config.Store.PutRecord(ctx, directoryName, r)
			if errors.Is(err, ErrStale) {
				continue
			}
			if err != nil {
				return unavailable("writing a pool", err)
			}
		}
		d.forget(id)
		if err := d.config.Config.Store.DeletePool(ctx, id); err != nil {
			return unavailable("deleting a pool", err)
		}
		if err := d.config.Config.Store.DeleteRecord(ctx, directoryName, recordPool, id); err != nil && !errors.Is(err, ErrNotFound) {
			return unavailable("deleting a pool", err)
		}
		return nil
	}
	return limitExceeded(time.Second)
}

// Pool returns the pool with this ID, to work with. Ask for it again for each request: settings that another process changed, and a
// deletion, are seen within a minute. The error is ResourceNotFound.
func (d *Directory) Pool(ctx context.Context, id string) (*Pool, error) {
	now := d.now()
	d.mu.Lock()
	have, ok := d.open[id]
	changes := d.changes
	d.mu.Unlock()
	if ok && now.Sub(have.loaded).Abs() < poolCacheAge {
		return have.pool, nil
	}
	r, stored, err := d.read(ctx, id)
	if err == nil && stored.Deleting {
		err = noPool()
	}
	if errors.Is(err, ResourceNotFound) {
		d.forget(id)
	}
	if err != nil {
		return nil, err
	}
	if !ok || have.record != r.Version {
		s, err := d.settings(r, stored)
		if err != nil {
			return nil, err
		}
		if have.pool, err = d.build(id, s); err != nil {
			return nil, err
		}
	}
	have.loaded, have.record = now, r.Version
	d.mu.Lock()
	defer d.mu.Unlock()
	if changes == d.changes {
		d.open[id] = have
	}
	return have.pool, nil
}

// Run does the upkeep of all pools until ctx is done; see [Pool.Run].
func (d *Directory) Run(ctx context.Context) error {
	ticker := time.NewTicker(15 * time.Minute)
	defer ticker.Stop()
	for {
		d.upkeep(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// upkeep does that of all pools: one that cannot be opened, or fails, keeps the others from nothing.
func (d *Directory) upkeep(ctx context.Context) {
	failed := func(id string, err error) {
		if err != nil && ctx.Err() == nil && !errors.Is(err, ResourceNotFound) { // it is being deleted
			d.log.ErrorContext(ctx, "userpool: upkeep failed", "pool", id, "error", err)
		}
	}
	const batch = 100
	for after := ""; ; {
		records, err := d.config.Config.Store.ListRecords(ctx, directoryName, recordPool, "", after, batch)
		failed(directoryName, err)
		for _, r := range records {
			after = r.Key
			pool, err := d.Pool(ctx, r.Key)
			if err == nil {
				err = pool.upkeep(ctx)
			}
			failed(r.Key, err)
		}
		if len(records) < batch {
			return
		}
	}
}

// Wait waits until every message of every pool has been handed to its Sender; see [Pool.Wait].
func (d *Directory) Wait() {
	d.sending.Wait()
}
