package sqlkit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"sync"
)

// fakeDriver answers statements from a script, to bring about what no real engine does on demand.
type fakeDriver struct {
	mu       sync.Mutex
	conns    int
	executed []string
	// answer is asked for each statement; conn counts the connections from 1.
	answer func(conn int, query string) error
}

func (f *fakeDriver) open() *sql.DB { return sql.OpenDB(f) }

func (f *fakeDriver) Connect(context.Context) (driver.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns++
	return &fakeConn{driver: f, n: f.conns}, nil
}

func (f *fakeDriver) Driver() driver.Driver { return nil }

func (f *fakeDriver) count(query string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, q := range f.executed {
		if strings.HasPrefix(q, query) {
			n++
		}
	}
	return n
}

type fakeConn struct {
	driver *fakeDriver
	n      int
}

func (c *fakeConn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not used") }
func (c *fakeConn) Close() error                        { return nil }
func (c *fakeConn) Begin() (driver.Tx, error)           { return nil, errors.New("not used") }

func (c *fakeConn) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	c.driver.mu.Lock()
	c.driver.executed = append(c.driver.executed, query)
	answer := c.driver.answer
	c.driver.mu.Unlock()
	if err := answer(c.n, query); err != nil {
		return nil, err
	}
	return driver.RowsAffected(1), nil
}

// QueryContext answers every query with the numbers 1 to 3, unless answer says that the query fails: then after two of them.
func (c *fakeConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	c.driver.mu.Lock()
	defer c.driver.mu.Unlock()
	c.driver.executed = append(c.driver.executed, query)
	return &fakeRows{fails: c.driver.answer(c.n, query)}, nil
}

type fakeRows struct {
	n     int64
	fails error
}

func (r *fakeRows) Columns() []string { return []string{"n"} }
func (r *fakeRows) Close() error      { return nil }

func (r *fakeRows) Next(dest []driver.Value) error {
	switch {
	case r.n == 2 && r.fails != nil:
		return r.fails
	case r.n == 3:
		return io.EOF
	}
	r.n++
	dest[0] = r.n
	return nil
}

type stateError string

func (e stateError) Error() string    { return "server says " + string(e) }
func (e stateError) SQLState() string { return string(e) }

type codeError int

func (e codeError) Error() string { return "sqlite says no" }
func (e codeError) Code() int     { return int(e) }
