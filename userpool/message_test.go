package userpool

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An operation may begin to send while another waits until all is sent: under the race detector a sync.WaitGroup fails here.
func TestWait_BesideSending(t *testing.T) {
	var o, all onTheWay
	var sent [8]int
	for i := range sent {
		all.Go(func() {
			for range 1000 {
				o.Go(func() {})
				o.Wait()
				sent[i]++
			}
		})
	}
	all.Wait()
	for _, n := range sent {
		require.Equal(t, 1000, n)
	}
}
