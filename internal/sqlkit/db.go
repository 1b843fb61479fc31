package sqlkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stepwell/stepwell/internal/storable"
)

// Querier is what DB and Tx both can do, so that a piece of a store works in either.
type Querier interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// QueryRow prepares to read one row; the statement runs when Scan is called.
	QueryRow(ctx context.Context, query string, args ...any) *Row

	// read runs the query and hands over the rows, for use to read to the end that it wants and to return rows.Err. It may begin again.
	read(ctx context.Context, query string, args []any, use func(*sql.Rows) error) error
}

// Scanner is a row that can be read: a *Row, or one row of All.
type Scanner interface {
	// Scan copies the columns of the row, in the order of the query, into dest, as (*sql.Rows).Scan does.
	Scan(dest ...any) error
}

// runner is a *sql.DB or a *sql.Conn.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// DB is a database of a known dialect. It is safe for concurrent use.
type DB struct {
	sql     *sql.DB
	dialect Dialect

	rewritten sync.Map // query with ? -> query with $n
	held      atomic.Int64
}

// maxRewritten bounds the memory of rewritten queries, should one ever be put together at run time.
const maxRewritten = 2000

// New returns a DB over db without looking at it; see Open. It fails for a nil db or an unknown dialect.
func New(db *sql.DB, dialect Dialect) (*DB, error) {
	if db == nil {
		return nil, errors.New("sqlkit: the *sql.DB is nil: open one with a driver and pass it")
	}
	if err := dialect.validate(); err != nil {
		return nil, err
	}
	return &DB{sql: db, dialect: dialect}, nil
}

// Dialect returns the dialect of the database, for the rare query that must differ.
func (d *DB) Dialect() Dialect { return d.dialect }

// Exec runs a statement, which is an atomic act by itself, and returns how many rows it changed.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	err = retry(ctx, func() error {
		affected, err = d.exec(ctx, d.sql, query, args)
		return err
	})
	return affected, err
}

// QueryRow reads one row of a query, or of a statement with RETURNING, when Scan is called on the result.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *Row {
	return &Row{ctx: ctx, from: d, query: query, args: args}
}

func (d *DB) read(ctx context.Context, query string, args []any, use func(*sql.Rows) error) error {
	return retry(ctx, func() error { return d.query(ctx, d.sql, query, args, use) })
}

func (d *DB) exec(ctx context.Context, on runner, query string, args []any) (int64, error) {
	if err := checkArgs(args); err != nil {
		return 0, err
	}
	res, err := on.ExecContext(ctx, d.rewrite(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (d *DB) query(ctx context.Context, on runner, query string, args []any, use func(*sql.Rows) error) error {
	if err := checkArgs(args); err != nil {
		return err
	}
	rows, err := on.QueryContext(ctx, d.rewrite(query), args...)
	if err != nil {
		return err
	}
	if err := use(rows); err != nil {
		_ = rows.Close()
		return err
	}
	return rows.Close() // with RETURNING on SQLite this is what commits
}

func (d *DB) rewrite(query string) string {
	if d.dialect != PostgreSQL {
		return query
	}
	if q, ok := d.rewritten.Load(query); ok {
		return q.(string)
	}
	q := numbered(query)
	if d.held.Add(1) <= maxRewritten {
		d.rewritten.Store(query, q)
	}
	return q
}

// checkArgs refuses what the engines would treat differently.
func checkArgs(args []any) error {
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			if !storable.Text(v) {
				return fmt.Errorf("%w: argument %d", ErrText, i+1)
			}
		case time.Time:
			return fmt.Errorf("sqlkit: argument %d is a time.Time: pass Micros of it", i+1)
		case nil, []byte, int64, int, bool:
		default:
			if r := reflect.ValueOf(arg); r.Kind() == reflect.String && !storable.Text(r.String()) {
				return fmt.Errorf("%w: argument %d", ErrText, i+1)
			}
		}
	}
	return nil
}

// Row is a query for one row.
type Row struct {
	ctx   context.Context
	from  Querier
	query string
	args  []any
}

// Scan runs the query and copies the first row into dest. It returns sql.ErrNoRows if there is none.
func (r *Row) Scan(dest ...any) error {
	return r.from.read(r.ctx, r.query, r.args, func(rows *sql.Rows) error {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return err
			}
			return sql.ErrNoRows
		}
		return rows.Scan(dest...)
	})
}

// All runs a query and returns what scan makes of each row, nil for no rows.
func All[T any](ctx context.Context, q Querier, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := q.read(ctx, query, args, func(rows *sql.Rows) error {
		out = nil
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Micros returns t as it is stored: microseconds since 1970-01-01 00:00 UTC, rounded down. The zero time sorts before all others.
func Micros(t time.Time) int64 { return storable.Micros(t) }

// Time is the inverse of Micros; the result is in UTC.
func Time(micros int64) time.Time { return storable.Time(micros) }
