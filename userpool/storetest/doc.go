// Package storetest is the suite that every [userpool.Store] passes. Test a store of your own with
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) userpool.Store { return mystore.New() })
//	}
//
// Each test says which rule of [userpool.Store] it stands for, and why the pool depends on it. The comments are meant to be read beside
// the interface by those who write a store. Run it with the race detector too: go test -race.
package storetest
