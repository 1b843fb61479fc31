package sqlkit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"
)

// endTimeout bounds COMMIT and ROLLBACK, which run even though the caller's context has ended.
const endTimeout = 10 * time.Second

// Tx is one transaction. It is valid, on one goroutine, until the function that it was given to returns.
type Tx struct {
	db     *DB
	conn   *sql.Conn
	failed error // the first error of a statement
}

// Tx runs fn as one atomic act: if fn returns nil, and no statement failed, all that it did is committed, else nothing is done and
// the error is returned. fn sees the database as if it were alone. It is run again when the database asks for that (see the package
// documentation), so it must have no other effects. It must not use the DB itself: the pool may have one connection only.
func (d *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	return retry(ctx, func() error { return d.once(ctx, fn) })
}

func (d *DB) once(ctx context.Context, fn func(tx *Tx) error) error {
	conn, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives the connection back
	done := false
	defer func() {
		if !done {
			rollback(ctx, conn)
		}
	}()

	tx := &Tx{db: d, conn: conn}
	err = fn(tx)
	switch {
	case tx.failed != nil && (err == nil || isRetryable(tx.failed)):
		return tx.failed
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	done = true
	return d.commit(ctx, conn)
}

// begin begins a transaction on a connection of its own. A connection that turns out to be dead, as all are after the server was
// restarted, is left for another one: nothing has happened on it.
func (d *DB) begin(ctx context.Context) (*sql.Conn, error) {
	begin := "BEGIN ISOLATION LEVEL SERIALIZABLE"
	if d.dialect == SQLite {
		begin = "BEGIN IMMEDIATE"
	}
	for others := d.sql.Stats().Idle; ; others-- {
		conn, err := d.sql.Conn(ctx)
		if err != nil {
			return nil, err
		}
		_, err = conn.ExecContext(ctx, begin)
		if err == nil {
			return conn, nil
		}
		dead := !answered(d.dialect, err)
		if dead {
			discard(conn)
		}
		_ = conn.Close()
		if !dead || others <= 0 || ctx.Err() != nil {
			return nil, err
		}
	}
}

// commit runs to its end whether or not ctx ends meanwhile, so that its outcome is known wherever it can be.
func (d *DB) commit(ctx context.Context, conn *sql.Conn) error {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	_, err := conn.ExecContext(end, "COMMIT")
	switch {
	case err == nil:
		return nil
	case answered(d.dialect, err):
		rollback(ctx, conn) // SQLite keeps a transaction open whose COMMIT was refused
		return err
	}
	discard(conn)
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// rollback ends the transaction, or the connection where that fails: no open transaction goes back to the pool.
func rollback(ctx context.Context, conn *sql.Conn) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if _, err := conn.ExecContext(end, "ROLLBACK"); err != nil {
		discard(conn)
	}
}

// discard takes the connection out of the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// Exec runs a statement and returns how many rows it changed. After an error the transaction will not be committed.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := tx.db.exec(ctx, tx.conn, query, args)
	tx.note(err)
	return n, err
}

// QueryRow reads one row of a query, or of a statement with RETURNING, when Scan is called on the result.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *Row {
	return &Row{ctx: ctx, from: tx, query: query, args: args}
}

func (tx *Tx) read(ctx context.Context, query string, args []any, use func(*sql.Rows) error) error {
	err := tx.db.query(ctx, tx.conn, query, args, use)
	tx.note(err)
	return err
}

func (tx *Tx) note(err error) {
	if err != nil && !IsNoRows(err) && tx.failed == nil {
		tx.failed = err
	}
}
