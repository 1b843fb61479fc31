package userpool_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// Fifty links of one account at once: to fifty users, one wins; to one user, it is there once. And a link beside first sign-ins of the same
// account leaves it with one user.
func TestR5_ParallelLinks(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		const n = 50
		k := newLinkKit(t, store, nil)
		var subs []string
		for i := range n {
			subs = append(subs, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
			require.NoError(t, store.CreateUser(t.Context(), "default", userpool.User{
				Sub: subs[i], Username: subs[i], Status: userpool.StatusConfirmed, Enabled: true, PasswordHash: "x", Created: k.clock.Now(), Modified: k.clock.Now(),
			}))
		}
		require.Equal(t, 1, parallel(n, func(i int) error { return k.adminLink(subs[i], "Google", "g-1") }))
		holders := 0
		for _, sub := range subs {
			u, err := store.User(t.Context(), "default", sub)
			require.NoError(t, err)
			holders += len(u.Identities)
			require.Len(t, u.Identifiers, len(u.Identities))
		}
		require.Equal(t, 1, holders)

		// Contention may exhaust the tries of some, but never links twice.
		require.NotZero(t, parallel(n, func(int) error { return k.adminLink(subs[0], "Azure", "a-1") }))
		u, err := store.User(t.Context(), "default", subs[0])
		require.NoError(t, err)
		azure := 0
		for _, i := range u.Identities {
			if i.Provider == "Azure" {
				azure++
			}
		}
		require.Equal(t, 1, azure)

		// Links and unlinks at once: what is left is consistent.
		parallel(n, func(i int) error {
			if i%2 == 0 {
				return k.adminLink(subs[3], "Azure", fmt.Sprint("x-", i%8))
			}
			return k.adminUnlink("Azure", fmt.Sprint("x-", (i-1)%8))
		})
		u, err = store.User(t.Context(), "default", subs[3])
		require.NoError(t, err)
		var want []string
		for _, i := range u.Identities {
			want = append(want, i.Provider+" "+i.Subject)
		}
		k.consistent(subs[3], want...)

		k.google.subject = "g-race"
		var states []string
		for range 10 {
			k.begin(t, "Google")
			states = append(states, k.google.state)
		}
		var linked atomic.Bool
		seen := make([]string, len(states)+1)
		parallel(len(seen), func(i int) error {
			if i == len(states) {
				linked.Store(k.adminLink(subs[5], "Google", "g-race") == nil)
				return nil
			}
			out, _, err := k.finish("Google", states[i], browserSecret)
			require.NoError(t, err)
			s, err := k.BrowserSession(context.Background(), out.BrowserSession)
			require.NoError(t, err)
			seen[i] = s.User.Sub
			return nil
		})
		for _, sub := range seen[:len(states)] {
			require.Equal(t, linked.Load(), sub == subs[5])
			require.Equal(t, seen[0], sub)
		}
	})
}
