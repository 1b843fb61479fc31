package saml

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"PT1H": time.Hour, "P1D": day, "P1DT12H": 36 * time.Hour, "PT0.5S": 500 * time.Millisecond, " PT1M ": time.Minute,
		"P1Y2M3DT4H5M6S": 365*day + 60*day + 3*day + 4*time.Hour + 5*time.Minute + 6*time.Second, "PT0S": 0, "P0D": 0,
		"P9999999999999Y": 100 * 365 * day,
	} {
		got, err := parseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "P", "PT", "P1", "1D", "-P1D", "P-1D", "PT1D", "P1H", "P1DT", "P1M1Y", "PT1S1M", "P1.5D", "PT1.2.3S", "PTS", "P1D ago", "PT.S", "P1e5D",
	} {
		_, err := parseDuration(text)
		require.Error(t, err, text)
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z", "2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00.0000000Z"} {
		got, err := parseTime(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01 12:00:00Z", "2026-02-30T12:00:00Z", "2026-03-01T12:00:00,5Z", "20260301T120000Z"} {
		_, err := parseTime(text)
		require.Error(t, err, text)
	}
	for text, want := range map[string]bool{"true": true, "1": true, "false": false, "0": false, " true\n": true} {
		got, err := parseBool(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := parseBool("yes")
	require.Error(t, err)
}
