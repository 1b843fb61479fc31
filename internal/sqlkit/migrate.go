package sqlkit

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"regexp"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations are the steps that made the tables of one store, in order. A step that was released never changes. Steps go forward
// only, and each leaves tables that the code before it can still use: new columns have a default, nothing is renamed or dropped while
// a released version uses it. A database with later steps than these is accepted for that reason.
type Migrations struct {
	// Prefix begins the names of all tables of the store, "userpool" for instance; the table <Prefix>_migrations remembers the steps
	// that were made. Small letters only.
	Prefix string
	// Files holds the folders "migrations/sqlite" and "migrations/postgresql" with the same files, named 00001_what.sql and so on, in
	// the format of github.com/pressly/goose/v3 with an Up part only; each file runs in a transaction.
	Files fs.FS
}

var prefixPattern = regexp.MustCompile(`^[a-z]{1,30}$`)

// lockPeriod and lockTries make PostgreSQL wait up to five minutes for another process that is migrating.
const (
	lockPeriod = 1 // seconds
	lockTries  = 300
)

func (d *DB) migrate(ctx context.Context, m Migrations) error {
	p, err := d.provider(m)
	if err != nil {
		return fmt.Errorf("sqlkit: migrations of %q: %w", m.Prefix, err)
	}
	// SQLite has no lock that lasts beyond a transaction, so two processes may both make a step: one of them fails as a whole, finds
	// the step made when it looks again, and goes on from there.
	err = retry(ctx, func() error {
		for {
			before, known := versionOf(ctx, p)
			_, err := p.Up(ctx)
			if err == nil || d.dialect != SQLite || isRetryable(err) || ctx.Err() != nil {
				return err
			}
			if after, ok := versionOf(ctx, p); !known || !ok || after <= before {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("sqlkit: migrations of %q: %w", m.Prefix, err)
	}
	return nil
}

func versionOf(ctx context.Context, p *goose.Provider) (int64, bool) {
	v, err := p.GetDBVersion(ctx)
	return v, err == nil
}

func (d *DB) provider(m Migrations) (*goose.Provider, error) {
	if !prefixPattern.MatchString(m.Prefix) {
		return nil, errors.New("the prefix must be 1 to 30 small letters")
	}
	files, err := fs.Sub(m.Files, "migrations/"+string(d.dialect))
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithTableName(m.Prefix + "_migrations"),
		goose.WithDisableGlobalRegistry(true), // the application's own
	}
	if d.dialect == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, d.sql, files, options...)
	}
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(lockID(m.Prefix)), lock.WithLockTimeout(lockPeriod, lockTries))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, d.sql, files, append(options, goose.WithSessionLocker(locker))...)
}

// lockID makes the number of the advisory lock, so that only migrations of the same store wait for each other.
func lockID(prefix string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("stepwell migrations of " + prefix))
	return int64(h.Sum64() & math.MaxInt64)
}
