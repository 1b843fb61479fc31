package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// at says that a request comes from an address.
func at(ip string) userpool.UserContextData {
	if ip == "" {
		return userpool.UserContextData{}
	}
	return userpool.UserContextData{IPAddress: netip.MustParseAddr(ip)}
}

func (k *kit) signInFrom(from userpool.UserContextData, email, password string) error {
	_, err := k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: email, Password: password, UserContext: from,
	})
	return err
}

// guess makes n wrong guesses, waiting as long as it must, and returns how many were looked at within the time.
func (k *kit) guess(from userpool.UserContextData, email string, within time.Duration) (looked int) {
	k.t.Helper()
	for end := k.clock.Now().Add(within); k.clock.Now().Before(end); {
		err := k.signInFrom(from, email, "a wrong password")
		var e *userpool.Error
		require.ErrorAs(k.t, err, &e)
		if e.Code == userpool.LimitExceeded {
			require.LessOrEqual(k.t, e.RetryAfter, 15*time.Minute)
			k.clock.Advance(e.RetryAfter)
			continue
		}
		require.Equal(k.t, userpool.NotAuthorized, e.Code)
		looked++
	}
	return looked
}

// An attacker somewhere keeps failing on a victim's account. From where the victim signs in, the victim still does, at once and always; and
// the attacker is bounded all the same, however often the victim succeeds meanwhile.
func TestU7_StrangersDoNotLockOut(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		k.user("ada@example.com")
		home, stranger := at("198.51.100.7"), at("203.0.113.5")
		require.NoError(t, k.signInFrom(home, "ada@example.com", password))
		guesses, hours := 0, 3
		if _, memory := store.(*memstore.Store); memory {
			hours = 24
		}
		for range hours {
			guesses += k.guess(stranger, "ada@example.com", time.Hour)
			require.ErrorIs(t, errors.Join(k.signInFrom(stranger, "ada@example.com", "a wrong password"), k.signInFrom(stranger, "ada@example.com", password)),
				userpool.LimitExceeded)
			require.NoError(t, k.signInFrom(home, "ada@example.com", password))
			require.NoError(t, k.signInFrom(at("198.51.100.99"), "ada@example.com", password), "the same network")
		}
		require.LessOrEqual(t, guesses, 110, "NIST SP 800-63B-4, 3.2.2: about 100 a day")
		for range 5 {
			require.ErrorIs(t, k.signInFrom(home, "ada@example.com", "a wrong password"), userpool.NotAuthorized)
		}
		require.ErrorIs(t, k.signInFrom(home, "ada@example.com", password), userpool.LimitExceeded, "from home there is a limit too")
	})
}

// A name that nobody has is counted, from outside, like one that somebody has: in every network but those of the user.
func TestU1_U7_UnknownUserFromNetworks(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	require.NoError(t, k.signInFrom(at("198.51.100.7"), "ada@example.com", password))
	answers := map[string][]string{}
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		for i := range 12 {
			err := k.signInFrom(at(fmt.Sprintf("203.0.%d.5", i%4)), email, "a wrong password")
			answers[email] = append(answers[email], err.Error())
		}
	}
	require.Equal(t, answers["ada@example.com"], answers["nobody@example.com"])
	require.Contains(t, answers["nobody@example.com"][11], "too many attempts")
}

// Guesses at many accounts from one network are bounded, whatever address of the network they come from; another network is not touched.
func TestU6_U8_Spraying(t *testing.T) {
	for name, test := range map[string]struct{ address, outside string }{
		"IPv4":         {"203.0.113.%d", "203.0.114.1"},
		"IPv4 in IPv6": {"::ffff:203.0.113.%d", "::ffff:203.0.114.1"},
		"IPv6":         {"2001:db8:1:%d::1", "2001:db8:2::1"},
		"IPv6, zone":   {"2001:db8:1:%d::1%%eth0", "2001:db8:2::1"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, nil)
			k.CheapDecoyForTest()
			k.user("ada@example.com")
			k.user("eve@example.com")
			from := func(i int) userpool.UserContextData { return at(fmt.Sprintf(test.address, i%250)) }
			looked := 0
			for i := range 320 {
				err := k.signInFrom(from(i), fmt.Sprintf("user-%d@example.com", i), "a wrong password")
				if errors.Is(err, userpool.NotAuthorized) {
					looked++
				}
				if i%20 == 0 && i < 250 { // a success of one's own account in between launders nothing
					require.NoError(t, k.signInFrom(from(i), "eve@example.com", password))
				}
			}
			require.Equal(t, 300, looked)
			err := k.signInFrom(from(1), "ada@example.com", password)
			require.ErrorIs(t, err, userpool.LimitExceeded)
			require.LessOrEqual(t, err.(*userpool.Error).RetryAfter, 36*time.Second)
			require.NoError(t, k.signInFrom(at(test.outside), "ada@example.com", password))
			require.NoError(t, k.signInFrom(at(""), "ada@example.com", password), "no address, no count")
			k.clock.Advance(36 * time.Second)
			require.NoError(t, k.signInFrom(from(1), "ada@example.com", password))
		})
	}
}

// What a network used up comes back at 100 an hour, and never more than 300; also after a clock that was wrong.
func TestU8_NetworkRefills(t *testing.T) {
	k := newKit(t, nil)
	k.CheapDecoyForTest()
	from := at("203.0.113.5")
	i := 0
	looked := func() (n int) {
		for {
			i++
			err := k.signInFrom(from, fmt.Sprintf("user-%d@example.com", i), "a wrong password")
			if errors.Is(err, userpool.LimitExceeded) {
				return n
			}
			n++
		}
	}
	require.Equal(t, 300, looked())
	k.clock.Advance(time.Hour)
	require.Equal(t, 100, looked())
	k.clock.Advance(90 * time.Second)
	require.Equal(t, 2, looked())
	k.clock.Advance(18 * time.Second)
	require.Equal(t, 1, looked(), "no part of a refill is lost")
	k.clock.Advance(48 * time.Hour)
	require.Equal(t, 300, looked())
	k.clock.Advance(-10 * time.Minute)
	require.Zero(t, looked(), "clocks may differ")
	k.clock.Advance(-365 * 24 * time.Hour)
	require.Equal(t, 300, looked(), "a time in the future does not shut a network out for years")
}

// Knocking at one locked account does not use up what its whole office has.
func TestU7_LockedAccountDoesNotLockTheOffice(t *testing.T) {
	k := newKit(t, nil)
	k.CheapDecoyForTest()
	k.user("ada@example.com")
	office := at("203.0.113.5")
	refused := 0
	for range 400 {
		if errors.Is(k.signInFrom(office, "nobody@example.com", "a wrong password"), userpool.LimitExceeded) {
			refused++
		}
	}
	require.Equal(t, 395, refused)
	require.NoError(t, k.signInFrom(office, "ada@example.com", password))
}

// Sixty people of one office sign in at once; attempts at once count like attempts in a row.
func TestU8_ParallelSignInsOfOneNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes hundreds of passwords")
	}
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		const people = 60 // each hashes a password; nobodies, after them, hash next to nothing
		slots := make(chan struct{}, 400)
		if strings.HasSuffix(t.Name(), "PostgreSQL") {
			slots = make(chan struct{}, 60) // the server takes 100 connections, and the kit's pool of them has no bound
		}
		k.people(people)
		other := k.again(nil) // another process
		k.CheapDecoyForTest()
		other.CheapDecoyForTest()
		require.Equal(t, people, parallel(people, func(i int) error {
			slots <- struct{}{}
			defer func() { <-slots }()
			from := k
			if i%2 == 0 {
				from = other
			}
			return from.signInFrom(at("203.0.113.5"), fmt.Sprintf("user-%d@example.com", i), password)
		}))
		var looked atomic.Int32
		parallel(340, func(i int) error {
			slots <- struct{}{}
			defer func() { <-slots }()
			err := k.signInFrom(at("203.0.113.5"), fmt.Sprintf("nobody-%d@example.com", i), password)
			switch {
			case errors.Is(err, userpool.NotAuthorized):
				looked.Add(1)
			case !errors.Is(err, userpool.LimitExceeded):
				t.Error(err)
			}
			return err
		})
		require.Equal(t, int32(300), looked.Load())
	})
}

// Messages are bounded for each network, besides for each address.
func TestU33_MessagesOfOneNetwork(t *testing.T) {
	k := newKit(t, nil)
	k.CheapDecoyForTest()
	sent := 0
	for i := range 320 {
		in := userpool.ForgotPasswordInput{Username: fmt.Sprintf("user-%d@example.com", i), UserContext: at("203.0.113.5")}
		if _, err := k.ForgotPassword(t.Context(), in); err == nil {
			sent++
		}
	}
	require.Equal(t, 300, sent)
	in := signUp("new@example.com")
	in.UserContext = at("203.0.113.6")
	_, err := k.SignUp(t.Context(), in)
	require.ErrorIs(t, err, userpool.LimitExceeded)
	in.UserContext = at("203.0.112.6")
	_, err = k.SignUp(t.Context(), in)
	require.NoError(t, err)
}

// The whole pool sends no more text messages than its settings allow, whoever asks from wherever.
func TestU33_SMSPumping(t *testing.T) {
	phones := 0
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.UsernameAttributes = []string{"phone_number"}
		c.Settings.MaxSMSPerHour = 10
		c.SMSSender = userpool.SenderFunc(func(context.Context, userpool.Message) error { phones++; return nil })
	})
	failed := 0
	for i := range 30 {
		in := signUp(fmt.Sprintf("+4930123456%02d", i))
		in.UserContext = at(fmt.Sprintf("203.0.%d.5", i))
		if _, err := k.SignUp(t.Context(), in); errors.Is(err, userpool.CodeDeliveryFailure) {
			failed++
		}
	}
	require.Equal(t, 10, phones)
	require.Equal(t, 20, failed)
	k.clock.Advance(6 * time.Minute)
	_, err := k.SignUp(t.Context(), signUp("+493012345699"))
	require.NoError(t, err)
	require.Equal(t, 11, phones)
}

// people adds users to the store, user-0@example.com and so on, who all have the same password.
func (k *kit) people(n int) {
	k.t.Helper()
	u, err := k.config.Store.User(context.Background(), k.ID(), k.user("first@example.com"))
	require.NoError(k.t, err)
	for i := range n {
		email := fmt.Sprintf("user-%d@example.com", i)
		u.Sub = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		u.Username, u.Attributes["email"] = u.Sub, email
		u.Identifiers = []userpool.Identifier{{Kind: userpool.IdentifierEmail, Value: email}}
		require.NoError(k.t, k.config.Store.CreateUser(context.Background(), k.ID(), u))
	}
}

// A sign-in costs a stated number of writes.
func TestU8_WritesOfSignIn(t *testing.T) {
	store := &writesStore{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	k.user("ada@example.com")
	home := at("198.51.100.7")
	count := func(from userpool.UserContextData) int {
		before := store.writes
		require.NoError(t, k.signInFrom(from, "ada@example.com", password))
		return store.writes - before
	}
	require.Equal(t, 3, count(at("")), "the count, its end, the audit trail; the session is besides")
	require.Equal(t, 6, count(home), "the count of the network, its end, the profile")
	require.Equal(t, 5, count(home))
}

// slowCounters is a store in which many can read a counter of a network before one of them writes it.
type slowCounters struct{ userpool.Store }

func (s slowCounters) Counter(ctx context.Context, pool, key string) (userpool.Counter, error) {
	c, err := s.Store.Counter(ctx, pool, key)
	if strings.HasPrefix(key, "network-") {
		time.Sleep(2 * time.Millisecond)
	}
	return c, err
}

// Hundreds at once do not drive each other out, and who gives up waiting leaves nothing behind.
func TestU8_CountersUnderContention(t *testing.T) {
	k := newKitOn(t, slowCounters{memstore.New()}, nil)
	ask := func(ctx context.Context, i int) error {
		_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: fmt.Sprintf("user-%d@example.com", i), UserContext: at("203.0.113.5")})
		return err
	}
	require.Equal(t, 290, parallel(290, func(i int) error { return ask(context.Background(), i) }))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	parallel(20, func(i int) error { return ask(ctx, i) })
	require.ErrorIs(t, ask(ctx, 1), context.DeadlineExceeded)
	require.Zero(t, k.Turns())
}
