package storable

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	require.True(t, Text())
	require.True(t, Text("", "a", "é𝄞\U0010FFFF", `'";--`, "\u202e\ufeff\u0001"))
	for _, bad := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80"} {
		require.False(t, Text("good", bad), "%q", bad)
	}
}

func TestRound(t *testing.T) {
	require.True(t, Round(time.Time{}).IsZero())
	require.True(t, Instant(time.Time{}, time.Now(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)))
	require.False(t, Instant(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)))
	require.False(t, Instant(time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)))

	in := time.Date(2026, 3, 4, 5, 6, 7, 891234999, time.FixedZone("", 7200))
	require.Equal(t, time.Date(2026, 3, 4, 3, 6, 7, 891234000, time.UTC), Round(in))
	require.Equal(t, time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), Round(time.Unix(0, -1)), "rounded down before 1970 too")
}
