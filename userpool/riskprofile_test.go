package userpool

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAgentFamily(t *testing.T) {
	for agent, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                        "Firefox on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0":                                                        "Firefox on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0":               "Edg on Windows",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1":  "Chrome on iPhone",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                                   "Chrome on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                   "Safari on Mac OS X",
		"okhttp/4.9.3": "okhttp", "curl/8.5.0": "curl", "MyApp": "MyApp", "Firefox": "Firefox",
	} {
		require.Equal(t, want, agentFamily(agent), agent)
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.200": "203.0.113.0/24", "::ffff:203.0.113.1": "203.0.113.0/24", "2001:db8:1:2:3::4": "2001:db8:1::/48",
		"fe80::1%eth0": "fe80::/48", "::1": "::/48",
	} {
		require.Equal(t, want, UserContextData{IPAddress: netip.MustParseAddr(address)}.network(), address)
	}
	require.Empty(t, UserContextData{}.network())
}

// The distances are those of the cities' airports as navigation tables give them.
func TestImpossibleTravel(t *testing.T) {
	berlin, sydney := Place{Latitude: 52.52, Longitude: 13.405}, Place{Latitude: -33.868, Longitude: 151.209}
	paris := Place{Latitude: 48.857, Longitude: 2.352}
	require.InDelta(t, 878, distance(berlin, paris), 5)
	require.InDelta(t, 16090, distance(sydney, berlin), 50)
	require.InDelta(t, math.Pi*earthRadius, distance(Place{Latitude: 90}, Place{Latitude: -90}), 0.1)
	require.Zero(t, distance(paris, paris))
	for _, test := range []struct {
		to     Place
		within time.Duration
		want   bool
	}{
		{paris, 0, true}, {paris, -time.Hour, true}, {paris, 50 * time.Minute, true}, {paris, time.Hour, false},
		{sydney, 17 * time.Hour, true}, {sydney, 19 * time.Hour, false},
		{Place{Latitude: 52.39, Longitude: 13.06}, 0, false}, // Potsdam is too near to tell
	} {
		require.Equal(t, test.want, impossibleTravel(berlin, test.to, test.within), "%v in %v", test.to, test.within)
	}
}

func TestLevelOf(t *testing.T) {
	for _, test := range []struct {
		signals []riskSignal
		want    RiskLevel
	}{
		{nil, ""},
		{[]riskSignal{signalNetwork}, RiskLow},
		{[]riskSignal{signalDevice}, RiskLow},
		{[]riskSignal{signalFailures}, RiskLow},
		{[]riskSignal{signalNetwork, signalDevice}, RiskMedium},
		{[]riskSignal{signalTravel}, RiskMedium},
		{[]riskSignal{signalNetwork, signalDevice, signalFailures}, RiskHigh},
		{[]riskSignal{signalNetwork, signalTravel}, RiskHigh},
		{[]riskSignal{signalBlocked}, RiskHigh},
		{[]riskSignal{signalNetwork, signalDevice, signalFailures, signalTravel}, RiskHigh},
	} {
		require.Equal(t, test.want, levelOf(test.signals), "%v", test.signals)
	}
}

// A profile has a bounded size, forgets the oldest, and knows nothing after 90 days.
func TestMeet(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var all []seen
	for i := range byte(25) {
		var fresh bool
		all, fresh = meet(all, []byte{i}, now.Add(time.Duration(i)*time.Hour))
		require.True(t, fresh)
	}
	require.Len(t, all, maxSeen)
	now = now.Add(25 * time.Hour)
	require.False(t, know(all, []byte{14}, now))
	require.True(t, know(all, []byte{15}, now))
	all, fresh := meet(all, []byte{15}, now)
	require.True(t, fresh)
	all, fresh = meet(all, []byte{15}, now.Add(59*time.Minute))
	require.False(t, fresh, "not written at every sign-in")
	all, _ = meet(all, []byte{99}, now.Add(2*time.Hour))
	require.True(t, know(all, []byte{15}, now))
	require.False(t, know(all, []byte{16}, now), "the one that was not there for the longest time went")
	require.True(t, know(all, []byte{15}, now.Add(seenValidity-time.Second)))
	require.False(t, know(all, []byte{15}, now.Add(seenValidity)))
	require.False(t, know(forgetSeen(all, []byte{15}), []byte{15}, now))
}
