package federationtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyRing(t *testing.T) {
	var r keyRing[int]
	r.useNewest()
	r.retire()
	require.Empty(t, r)
	r.add(1)
	r.useNewest()
	require.Equal(t, keyRing[int]{1}, r)
	r.add(2)
	r.add(3)
	require.Equal(t, keyRing[int]{1, 2, 3}, r, "the first one signs still")
	r.useNewest()
	require.Equal(t, keyRing[int]{3, 1, 2}, r)
	r.add(4)
	r.add(5)
	r.add(6)
	require.Equal(t, keyRing[int]{3, 1, 2, 4, 6}, r, "a full ring loses the last one")
	r.useNewest()
	require.Equal(t, keyRing[int]{6, 3, 1, 2, 4}, r)
	r.retire()
	require.Equal(t, keyRing[int]{6}, r)
	r.add(7)
	require.Equal(t, keyRing[int]{6, 7}, r)
}

// What was retired does not come back by way of the array below.
func TestKeyRing_Retired(t *testing.T) {
	r := keyRing[int]{1, 2, 3}
	before := r
	r.retire()
	r.add(9)
	require.Equal(t, keyRing[int]{1, 2, 3}, before)
	require.Equal(t, keyRing[int]{1, 9}, r)
}
