// Package memstore is an [identitypool.Store] in memory, for tests and for programs that run once:
//
//	store := memstore.New()
//
// It passes the same suite as the stores in SQL databases. What it holds ends with the process; with it, users get other identities after a
// restart, and lose what was stored under the old ones. Use package sqlstore for anything that lasts, and for more than one process.
//
// A Store is safe for concurrent use. It grows with the number of identities, and forgets only those that are deleted. Tickets and revocations
// stay until the Run of a pool purges them.
package memstore
