package sqlkit

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// Open returns a DB over db after it has checked that the engine is the one that dialect says and new enough, and has brought the
// tables that m describes up to date. A SQLite file is switched to write-ahead logging, so that readers and a writer do not wait for
// each other. db stays the caller's: Open neither closes it nor changes its settings. Any number of processes may open one database
// at once.
func Open(ctx context.Context, db *sql.DB, dialect Dialect, m Migrations) (*DB, error) {
	d, err := New(db, dialect)
	if err != nil {
		return nil, err
	}
	check := d.checkPostgreSQL
	if dialect == SQLite {
		check = d.checkSQLite
	}
	if err := check(ctx); err != nil {
		return nil, err
	}
	if err := d.migrate(ctx, m); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *DB) checkSQLite(ctx context.Context) error {
	var version string
	if err := d.QueryRow(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return fmt.Errorf("sqlkit: ask for the version of SQLite: %w", err)
	}
	if !atLeast(version, 3, 35) {
		return fmt.Errorf("sqlkit: SQLite %s is too old: 3.35 or newer is needed", version)
	}
	// The answer is not judged: a database in memory keeps its own mode.
	var mode string
	if err := d.QueryRow(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return fmt.Errorf("sqlkit: switch SQLite to write-ahead logging: %w", err)
	}
	return nil
}

func (d *DB) checkPostgreSQL(ctx context.Context) error {
	var version, encoding string
	err := d.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('server_encoding')`).Scan(&version, &encoding)
	if err != nil {
		return fmt.Errorf("sqlkit: ask for the version of PostgreSQL: %w", err)
	}
	if !atLeast(version, 12, 0) {
		return fmt.Errorf("sqlkit: PostgreSQL %s is too old: 12 or newer is needed", version)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("sqlkit: the database has the encoding %s: create it with ENCODING 'UTF8'", encoding)
	}
	return nil
}

// atLeast reports whether a version such as "3.46.1" or "15.4 (Debian)" is major.minor or newer; what cannot be read is let pass.
func atLeast(version string, major, minor int) bool {
	var have [2]int
	for i, part := range strings.SplitN(version, ".", 3) {
		if i == len(have) {
			break
		}
		digits := part
		if j := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); j >= 0 {
			digits = part[:j]
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			return i > 0 && have[0] >= major || i == 0
		}
		have[i] = n
	}
	return have[0] > major || have[0] == major && have[1] >= minor
}
