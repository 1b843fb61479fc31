package memstore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) userpool.Store { return memstore.New() })
}

// How do I make a pool whose users need not outlive the program?
func ExampleNew() {
	store := memstore.New()
	err := store.CreateUser(context.Background(), "default", userpool.User{Sub: "1"})
	fmt.Println(err, store.Volatile())
	// Output: <nil> true
}
