package memstore_test

import (
	"testing"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) identitypool.Store { return memstore.New() })
}
