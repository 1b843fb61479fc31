// Package memstore is a [userpool.Store] in the memory of the process, for tests, examples and programs that may forget:
//
//	pool, err := userpool.New(userpool.Config{Store: memstore.New(), ...})
//
// What it holds is gone when the process ends, and no other process sees it; use package sqlstore for what is to last. It keeps every
// rule of [userpool.Store], and passes the same suite as the SQL stores, storetest.Run.
//
// One lock guards it: writers wait for each other, readers do not. It has no limit of size; Purge, which the pool's Run calls, deletes
// what is over.
package memstore
