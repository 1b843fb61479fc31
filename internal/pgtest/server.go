package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

const (
	superuser    = "stepwell"
	startTimeout = 90 * time.Second
)

// Server is a PostgreSQL server of the test's own.
type Server struct {
	bin      string
	dir      string
	password string
	port     int

	mu      sync.Mutex
	running *process // nil while stopped
	created atomic.Int64
}

var shared = sync.OnceValues(newServer)

// Open returns a fresh, empty database on the server that all tests of this test binary share. It is closed and dropped when the test
// ends. The test is skipped, or fails, as the package documentation says, if there is no server.
func Open(t testing.TB) *sql.DB {
	t.Helper()
	return open(t, DSN(t))
}

// DSN makes a fresh, empty database as Open does and returns its address, for a test that opens it several times or in its own way.
// It has the form of a URL with parameters: more can be added with "&name=value".
func DSN(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		skipOrFail(t, err)
	}
	return s.fresh(t)
}

// New starts a server for this test alone, which is stopped and deleted when the test ends.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := newServer()
	if err != nil {
		skipOrFail(t, err)
	}
	t.Cleanup(func() { s.end(forgetData) })
	return s
}

// Open returns a fresh, empty database on this server. It is closed when the test ends.
func (s *Server) Open(t testing.TB) *sql.DB {
	t.Helper()
	return open(t, s.fresh(t))
}

// DSN makes a fresh, empty database on this server and returns its address, as the function DSN does.
func (s *Server) DSN(t testing.TB) string {
	t.Helper()
	return s.fresh(t)
}

// Stop stops the server at once, as if its process had crashed: connections are cut, what was not committed is lost, what was
// committed is kept. It returns when the server is gone. A stopped server stays stopped.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.end(keepData); err != nil {
		t.Fatalf("pgtest: stop the server: %v", err)
	}
}

// Start starts a stopped server again, on the same port with the same data, and returns when it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("pgtest: start the server: %v", err)
	}
}

func newServer() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stepwell-pgtest-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, password: rand.Text()}
	err = os.WriteFile(filepath.Join(dir, "password"), []byte(s.password+"\n"), 0o600)
	if err == nil {
		err = giveAway(dir)
	}
	// Between finding a free port and taking it, another process may take it.
	for try := 0; err == nil && try < 3; try++ {
		if s.port, err = freePort(); err != nil {
			break
		}
		if err = s.start(); err == nil {
			return s, nil
		}
		if !errors.Is(err, errDied) {
			break
		}
		err = errors.Join(err, s.end(keepData))
	}
	_ = s.end(forgetData)
	_ = os.RemoveAll(dir)
	return nil, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// noData is what the log ends with when the data could not be made: waiting for an answer is in vain then.
const noData = "pgtest: initdb failed"

var errDied = errors.New("the server stopped by itself")

// start launches the server and waits until it answers.
func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return errors.New("it runs already")
	}
	p, err := launch(s.bin, s.dir, s.port)
	if err != nil {
		return err
	}
	s.running = p

	return s.admin(func(ctx context.Context, db *sql.DB) error {
		for {
			err := db.PingContext(ctx)
			if err == nil {
				return nil
			}
			log := p.log()
			switch {
			case strings.Contains(log, noData):
				return errors.New(log)
			case strings.Contains(log, "database system is shut down"):
				return fmt.Errorf("%w: %s", errDied, log)
			case ctx.Err() != nil:
				return fmt.Errorf("no answer after %v: %w: %s", startTimeout, err, log)
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// admin does something in the database that every server has.
func (s *Server) admin(do func(ctx context.Context, db *sql.DB) error) error {
	db, err := sql.Open("pgx", s.dsn("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return do(ctx, db)
}

// end stops the server if it runs.
func (s *Server) end(what ending) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		if what == forgetData {
			return os.RemoveAll(s.dir)
		}
		return nil
	}
	p := s.running
	s.running = nil
	return p.end(what)
}

func (s *Server) dsn(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// fresh makes a database that is dropped when the test ends, and returns its address.
func (s *Server) fresh(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.created.Add(1))
	run := func(query string) error {
		return s.admin(func(ctx context.Context, db *sql.DB) error {
			_, err := db.ExecContext(ctx, query)
			return err
		})
	}
	if err := run("CREATE DATABASE " + name); err != nil {
		t.Fatalf("pgtest: make a database: %v", err)
	}
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.running != nil {
			// Best effort: the directory of the server goes away in any case.
			_ = run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
		}
	})
	return s.dsn(name)
}

func open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatalf("pgtest: open the database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
