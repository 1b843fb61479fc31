package userpool_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// peak runs f and returns the most memory, in bytes, that was in use for objects meanwhile, beyond what was before.
func peak(f func()) uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapInuse, m.HeapInuse
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most - before
}

// 200 people sign in at once, each hash in 19 MiB. The pool hashes as many at a time as it is configured to, so the memory is bounded by
// that and not by how many people come: twice that, as Go lets as much garbage stand as there is in use, and a little for the rest.
func TestU18_Memory(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes 200 passwords")
	}
	const slots, people = 2, 200
	k := newKit(t, func(c *userpool.Config) { c.MaxConcurrentHashes = slots })
	used := peak(func() {
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				_, err := k.signIn(fmt.Sprintf("nobody%d@example.com", i), password)
				require.ErrorIs(t, err, userpool.NotAuthorized)
			})
		}
		wg.Wait()
	})
	t.Logf("%d sign-ins at once took %d MiB", people, used>>20)
	require.Less(t, used, uint64(2*slots*19+64)<<20)
	require.Greater(t, used, uint64(19)<<20, "or nothing was hashed, and nothing is shown")
}
