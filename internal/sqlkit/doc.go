// Package sqlkit is what the SQL stores of this module share. It imports no driver.
//
// A store opens its part of a database once, which brings the tables of this store up to date:
//
//	//go:embed migrations
//	var files embed.FS
//
//	db, err := sqlkit.Open(ctx, sqlDB, sqlkit.PostgreSQL, sqlkit.Migrations{Prefix: "userpool", Files: files})
//
// One statement that is an atomic act by itself runs on the DB. Queries are constants written with ?, columns are named:
//
//	n, err := db.Exec(ctx, `UPDATE userpool_codes SET used = ? WHERE hash = ? AND used = ?`, true, hash, false)
//	err := db.QueryRow(ctx, `SELECT name FROM userpool_groups WHERE id = ?`, id).Scan(&name) // sql.ErrNoRows
//	names, err := sqlkit.All(ctx, db, scanName, `SELECT name FROM userpool_groups ORDER BY name`)
//
// Several statements that are one act run in Tx. It behaves as if nothing else ran meanwhile, on both engines: SQLite takes the write
// lock first (BEGIN IMMEDIATE), PostgreSQL runs it SERIALIZABLE.
//
//	err := db.Tx(ctx, func(tx *sqlkit.Tx) error { ... })
//
// # Advice
//
// The function given to Tx runs again when the database asks for it: it must have no effect but through tx, and must set what it
// gives back afresh each time. To learn that a row exists already, write INSERT ... ON CONFLICT DO NOTHING and look at the number of
// rows: an error inside Tx ends the transaction, on PostgreSQL by its nature and on SQLite for likeness. An absent row is no error.
//
// Single statements run at the database's own isolation level and are not part of the serializable order: one that depends on a
// second row being there or not (a child of a parent) belongs into Tx, and so does what takes the second row away.
//
// Times are stored as integers, see Micros; a time.Time as an argument is refused. Text that is not UTF-8, or that has NUL, is
// refused with ErrText on both engines. Tables rely on no foreign keys: SQLite enforces them only where a connection was told to.
//
// # Promises
//
// What the database refused for reasons of concurrency (SQLITE_BUSY, SQLITE_LOCKED, SQLSTATE 40001 and 40P01) is tried again, with
// growing pauses of random length, at most 50 times and for at most about ten seconds, then reported as ErrBusy. Nothing else is
// tried again. A COMMIT whose answer was lost is reported as ErrOutcomeUnknown. A context that ends, ends every wait.
package sqlkit
