package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// How do I keep users in a SQLite file?
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	// The program imports the driver: _ "modernc.org/sqlite"
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "users.db")))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite)
	if err != nil {
		log.Fatal(err)
	}

	// Pass it as Config.Store. That it answers can be seen like this:
	_, err = store.User(context.Background(), "default", "nobody")
	fmt.Println(errors.Is(err, userpool.ErrNotFound))
	// Output: true
}

// How do I keep users in PostgreSQL?
func ExampleOpen_postgreSQL() {
	// The program imports the driver: _ "github.com/jackc/pgx/v5/stdlib"
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(20) // of the 100 that the server allows to all
	store, err := sqlstore.Open(context.Background(), db, sqlstore.PostgreSQL)
	if err != nil {
		log.Fatal(err)
	}
	_ = store // pass it as Config.Store
}

// Where do I put the file?
func ExampleSQLiteDSN() {
	fmt.Println(sqlstore.SQLiteDSN("/var/lib/my app/users.db"))
	// Output: file:/var/lib/my%20app/users.db?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)
}
