// Package storetest tests implementations of [identitypool.Store]. Test a store of your own with
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) identitypool.Store { return newStore(t) })
//	}
//
// Each part of the suite gets an empty store and says in a comment which rule it checks. The parts cover the round trip of values, what
// must be refused, atomicity, versions, the isolation of pools, times, copies, ended contexts, many callers at once, and a run of a whole
// pool by two processes: guests, logins that are linked and merged, the backend of a developer, tokens and their keys, credentials that are
// revoked, and signed requests. All names are of the kind that a hostile client would send.
//
// A store that passes keeps the promises that package identitypool relies on. Run it with -race too.
package storetest
