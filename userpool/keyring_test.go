package userpool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// However the clocks went that wrote the keys, the newest that is active signs, and a key verifies until a day after any later one began.
func TestJ27_U40_Keyring(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		activeFrom []time.Duration // from now, by serial
		current    int64
		valid      []int64
	}{
		"one":                       {[]time.Duration{-time.Hour}, 1, []int64{1}},
		"one, of a clock ahead":     {[]time.Duration{time.Second}, 1, []int64{1}},
		"next is published":         {[]time.Duration{-time.Hour, time.Second}, 1, []int64{1, 2}},
		"next signs":                {[]time.Duration{-time.Hour, 0}, 2, []int64{1, 2}},
		"last token still lives":    {[]time.Duration{-48 * time.Hour, -24*time.Hour - 30*time.Second + 1}, 2, []int64{1, 2}},
		"last token has expired":    {[]time.Duration{-48 * time.Hour, -24*time.Hour - 30*time.Second}, 2, []int64{2}},
		"second was made in future": {[]time.Duration{-96 * time.Hour, 365 * 24 * time.Hour, -48 * time.Hour}, 3, []int64{3}},
	} {
		r := &keyring{}
		for i, from := range test.activeFrom {
			r.signing = append(r.signing, signingKey{serial: int64(i + 1), activeFrom: now.Add(from)})
		}
		require.Equal(t, test.current, r.current(now).serial, name)
		var valid []int64
		for _, k := range r.valid(now) {
			valid = append(valid, k.serial)
		}
		require.Equal(t, test.valid, valid, name)
	}
}
