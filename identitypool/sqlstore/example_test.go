package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sqlstore"
)

// How do I keep identities in a SQLite file?
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	// The program imports the driver: _ "modernc.org/sqlite"
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "identities.db")))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite)
	if err != nil {
		log.Fatal(err)
	}

	// Pass it as Config.Store. That it answers can be seen like this:
	_, err = store.Identity(context.Background(), "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", "nobody")
	fmt.Println(errors.Is(err, identitypool.ErrNotFound))
	// Output: true
}

// How do I keep identities in PostgreSQL?
func ExampleOpen_postgreSQL() {
	// The program imports the driver: _ "github.com/jackc/pgx/v5/stdlib"
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	store, err := sqlstore.Open(context.Background(), db, sqlstore.PostgreSQL)
	if err != nil {
		log.Fatal(err)
	}
	_ = store // pass it as Config.Store
}
