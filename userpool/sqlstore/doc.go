// Package sqlstore is a [userpool.Store] in SQLite or PostgreSQL. It imports no driver: the program picks one, opens the database, and
// passes it.
//
// With SQLite, one file serves one machine, and any number of processes on it:
//
//	import _ "modernc.org/sqlite"
//
//	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("/var/lib/app/users.db"))
//	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite)
//
// With PostgreSQL, any number of processes on any number of machines:
//
//	import _ "github.com/jackc/pgx/v5/stdlib"
//
//	db, err := sql.Open("pgx", "postgres://app@db.internal/app")
//	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL)
//
// Open makes the tables, or brings those of an earlier release up to date; all of them begin with "userpool_". Any number of pools,
// and the application's own tables, can be in the same database.
//
// # Advice
//
// Let the user of the database own its schema when Open runs, or run a program that only calls Open at each release with a user who does;
// afterwards SELECT, INSERT, UPDATE and DELETE are enough. Open takes a lock of its PostgreSQL session while it changes tables: there
// must be no connection pooler between them then that gives each transaction another session.
//
// The first list of users by an attribute after an update from a release that could not list them writes the search terms of all users of
// the pool, some hundred at a time; it takes minutes for a million. Ask for one page of such a list after the update, with a deadline
// that is long enough. What was done stays done if it ends.
//
// Give requests a deadline: a store that waits for a lock gives up after about ten seconds on its own, or when the context ends.
//
// With another SQLite driver than modernc.org/sqlite, set a busy timeout of some seconds and begin transactions as its documentation
// says; the parameters that SQLiteDSN writes are understood by modernc.org/sqlite only. A database in memory exists once for each
// connection: call db.SetMaxOpenConns(1), or use package memstore.
//
// A backup of the database signs nobody in: passwords, codes and tokens are in it as hashes, signing keys as the pool's KeyWrapper
// sealed them. It does hold names, addresses and other attributes of people.
//
// # Promises
//
// Every method is one atomic act, in a serializable transaction where it takes more than one statement. What SQLite (busy, locked) or
// PostgreSQL (serialization failure, deadlock) refuses because of others is tried again for a bounded time. A connection that is lost
// while a transaction is committed is an error, and never leads to a second attempt. Names are compared byte by byte, whatever the
// collation of the database. Migrations go forward only, are made by one process of those that start at once, and leave tables that
// the release before can use: old and new processes may run side by side. Users whom an old process changes are
// listed as they are now. It leaves what it does not know of as it is: the records of a user whom it deletes stay.
package sqlstore
