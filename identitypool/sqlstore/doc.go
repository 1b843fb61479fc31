// Package sqlstore is an [identitypool.Store] in SQLite or PostgreSQL. It imports no driver: the program picks one, opens the database, and
// passes it.
//
//	import _ "github.com/jackc/pgx/v5/stdlib"
//
//	db, err := sql.Open("pgx", "postgres://app@db.internal/app")
//	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL)
//
// With SQLite, one file serves one machine, and any number of processes on it:
//
//	import _ "modernc.org/sqlite"
//
//	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("/var/lib/app/pool.db"))
//	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite)
//
// Open makes the tables, or brings those of an earlier release up to date; all of them begin with "identitypool_". Any number of pools,
// and the application's own tables, can be in the same database.
//
// # Advice
//
// Let the user of the database own its schema when Open runs; afterwards SELECT, INSERT, UPDATE and DELETE are enough. Give requests a
// deadline. A database of SQLite in memory exists once for each connection: call db.SetMaxOpenConns(1), or use package memstore.
//
// The tables have no secrets in the open: a copy of them signs nobody in. Signing keys, and the claims of logins that are remembered for
// some minutes, are sealed under Config.SessionKey, which the database does not have. The tables do say which account at which provider has
// which identity.
//
// After a backup was restored, identities are as they were then, and revocations that came later are gone: revoke all credentials that were
// issued before, with Pool.Revoke and All.
//
// # Promises
//
// Every method is one atomic act, in a serializable transaction where it takes more than one statement. What the database refuses because
// of others is tried again for a bounded time. A read is one statement: it sees an identity with the logins of the same moment, and a page
// of identities with all of theirs. Names are compared byte by byte, whatever the collation of the database. Migrations go
// forward only, are made by one process of those that start at once, and leave tables that the release before can use. That release does
// not know disabled identities: stop its processes before you rely on one being disabled.
package sqlstore
