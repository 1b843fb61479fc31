package userpool_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// rankTest is the test of Mann and Whitney: how many standard deviations the ranks of a among a and b are from where they would be if both
// came from one distribution. It knows nothing of the shape of the distributions, and one slow attempt counts no more than another.
func rankTest(a, b []time.Duration) float64 {
	type sample struct {
		took time.Duration
		ofA  bool
	}
	var all []sample
	for _, took := range a {
		all = append(all, sample{took, true})
	}
	for _, took := range b {
		all = append(all, sample{took, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return int(x.took - y.took) })
	sum := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].took == all[i].took {
			j++
		}
		for ; i < j; i++ {
			if all[i].ofA {
				sum += float64(j+1+i) / 2 // near enough to the middle of the tie
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	return (sum - n*(n+m+1)/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func median(a []time.Duration) time.Duration { return slices.Sorted(slices.Values(a))[len(a)/2] }

// spread is the middle half of a distribution.
func spread(a []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(a))
	return sorted[3*len(a)/4] - sorted[len(a)/4]
}

// apart tells whether somebody who measures can tell two kinds of attempts apart: their ranks differ beyond chance, and their medians by more
// than a millisecond and half the noise. Either alone happens on a busy machine.
func apart(a, b []time.Duration) bool {
	shift := (median(a) - median(b)).Abs()
	return math.Abs(rankTest(a, b)) > 5 && shift > max(time.Millisecond, (spread(a)+spread(b))/4)
}

// kinds are attempts that all fail with the same answer.
var kinds = map[string][2]string{
	"wrong password":              {"known@example.com", "a wrong password"},
	"unknown":                     {"nobody@example.com", password},
	"disabled":                    {"disabled@example.com", password},
	"disabled, wrong password":    {"disabled@example.com", "a wrong password"},
	"unconfirmed, wrong password": {"unconfirmed@example.com", "a wrong password"},
	"no password":                 {"invited@example.com", "a wrong password"},
}

// latencies measures n attempts of each kind, in turns, so that all meet the same machine.
func latencies(t *testing.T, n int, change func(*kit)) map[string][]time.Duration {
	t.Helper()
	k := newKit(t, nil)
	sub := k.user("known@example.com")
	u, err := k.config.Store.User(t.Context(), k.ID(), sub)
	require.NoError(t, err)
	u.Sub, u.Username, u.PasswordHash = "00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000", ""
	u.Identifiers = []userpool.Identifier{{Kind: userpool.IdentifierEmail, Value: "invited@example.com"}}
	require.NoError(t, k.config.Store.CreateUser(t.Context(), k.ID(), u))
	k.user("disabled@example.com")
	require.NoError(t, k.AdminDisableUser(t.Context(), "disabled@example.com"))
	_, err = k.SignUp(t.Context(), signUp("unconfirmed@example.com"))
	require.NoError(t, err)
	k.Wait()
	change(k)
	from := with("198.51.100.7", firefox)
	out := map[string][]time.Duration{}
	for range n {
		for name, try := range kinds { // in an order that changes
			began := time.Now()
			err := k.signInFrom(from, try[0], try[1])
			out[name] = append(out[name], time.Since(began))
			require.ErrorIs(t, err, userpool.NotAuthorized, name)
		}
		k.clock.Advance(25 * time.Hour) // no lockout
		_, err := k.KeySet(t.Context())
		require.NoError(t, err)
	}
	return out
}

// Who cannot sign in cannot tell why by a watch: an unknown user, a wrong password, a disabled user, one who is not confirmed and one who has
// no password take as long.
func TestU1_U3_Latency(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes hundreds of passwords")
	}
	took := latencies(t, 60, func(*kit) {})
	for name, samples := range took {
		for other, others := range took {
			require.False(t, apart(samples, others), "%s (median %v) and %s (median %v): z = %.1f",
				name, median(samples), other, median(others), rankTest(samples, others))
		}
	}
}

// The measure itself is tested: with a decoy that costs less than a password of the pool, it tells who is there.
func TestU1_U3_LatencyTestBites(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes hundreds of passwords")
	}
	took := latencies(t, 30, func(k *kit) { k.CheapDecoyForTest() })
	for _, name := range []string{"unknown", "no password"} {
		require.True(t, apart(took[name], took["wrong password"]), "%s: median %v", name, median(took[name]))
	}
	require.False(t, apart(took["unknown"], took["no password"]))

	var a, b []time.Duration
	for i := range 60 {
		a = append(a, 20*time.Millisecond+time.Duration(i)*100*time.Microsecond)
		b = append(b, 20*time.Millisecond+time.Duration(i)*100*time.Microsecond)
	}
	require.InDelta(t, 0, rankTest(a, b), 0.1)
	for i := range b {
		b[i] += 6 * time.Millisecond
	}
	require.InDelta(t, -9.4, rankTest(a, b), 0.1)
	require.True(t, apart(a, b))
}
