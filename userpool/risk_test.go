package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

const (
	firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)

func with(ip, agent string) userpool.UserContextData {
	c := at(ip)
	c.UserAgent = agent
	return c
}

// risky is a pool that judges sign-ins.
func risky(t testing.TB, change func(*userpool.Config)) *kit {
	t.Helper()
	return newKit(t, func(c *userpool.Config) {
		c.Settings.MFA = userpool.MFAOptional
		c.Settings.Risk = userpool.RiskConfiguration{
			Mode: userpool.RiskEnforced,
			AccountTakeover: userpool.AccountTakeoverActions{
				Low:    userpool.RiskResponse{Notify: true},
				Medium: userpool.RiskResponse{Action: userpool.RiskMFAIfConfigured},
				High:   userpool.RiskResponse{Action: userpool.RiskBlock, Notify: true},
			},
		}
		if change != nil {
			change(c)
		}
	})
}

// events returns the details of the newest events of a type, the newest first.
func (k *kit) events(kind userpool.EventType) (out []userpool.AuditEvent) {
	k.t.Helper()
	list, err := k.ListAuditEvents(context.Background(), userpool.ListAuditEventsInput{})
	require.NoError(k.t, err)
	for _, e := range list.Events {
		if e.Type == kind {
			out = append(out, e.AuditEvent)
		}
	}
	return out
}

func isBlocked(t *testing.T, err error) {
	t.Helper()
	var e *userpool.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, userpool.NotAuthorized, e.Code)
	require.Equal(t, "Request not allowed due to security reasons.", e.Message)
}

func TestRisk_Levels(t *testing.T) {
	k := risky(t, nil)
	k.user("ada@example.com")
	home := with("198.51.100.7", firefox)
	require.NoError(t, k.signInFrom(home, "ada@example.com", password), "the first sign-in is compared with nothing")
	require.Empty(t, k.events(userpool.EventRisk))
	mails := k.mails()
	require.NoError(t, k.signInFrom(home, "ada@example.com", password))
	require.Equal(t, mails, k.mails())

	require.NoError(t, k.signInFrom(with("203.0.113.5", firefox), "ada@example.com", password))
	require.Equal(t, userpool.MessageAccountTakeOverNotification, k.mail().Kind)
	require.Equal(t, "ada@example.com", k.mail().To)
	require.Equal(t, map[string]string{"level": "Low", "signals": "new network", "action": "NO_ACTION", "mode": "ENFORCED"}, k.events(userpool.EventRisk)[0].Details)
	require.NoError(t, k.signInFrom(with("203.0.113.9", firefox), "ada@example.com", password))
	require.Len(t, k.events(userpool.EventRisk), 1, "the network is known now")

	require.NoError(t, k.signInFrom(with("192.0.2.5", safari), "ada@example.com", password), "no second factor is configured")
	require.Equal(t, "Medium", k.events(userpool.EventRisk)[0].Details["level"])

	hidden := with("192.0.3.5", "")
	require.NoError(t, k.signInFrom(hidden, "ada@example.com", password))
	require.Equal(t, "new network, new device", k.events(userpool.EventRisk)[0].Details["signals"], "who hides the agent is not less unusual")

	stranger := with("192.0.4.5", "curl/8.5.0")
	for range 5 {
		require.ErrorIs(t, k.signInFrom(stranger, "ada@example.com", "a wrong password"), userpool.NotAuthorized)
	}
	k.clock.Advance(time.Hour)
	isBlocked(t, k.signInFrom(stranger, "ada@example.com", password))
	require.Equal(t, "new network, new device, many failures", k.events(userpool.EventRisk)[0].Details["signals"])
	require.Equal(t, userpool.MessageAccountTakeOverNotification, k.mail().Kind)
	e := k.events(userpool.EventSignIn)[0]
	require.Equal(t, userpool.NotAuthorized, e.Code)
	require.Equal(t, "risk", e.Details["reason"])
	require.Equal(t, "High", e.Details["risk"])
	require.NoError(t, k.signInFrom(home, "ada@example.com", password))
}

// Who is blocked learns so only with the right password, and learns nothing into the profile.
func TestRisk_Block(t *testing.T) {
	blocked := netip.MustParsePrefix("203.0.113.0/24")
	for _, mode := range []userpool.RiskMode{userpool.RiskEnforced, userpool.RiskAudit, userpool.RiskOff} {
		k := risky(t, func(c *userpool.Config) {
			c.Settings.Risk.Mode = mode
			c.Settings.Risk.BlockedNetworks = []netip.Prefix{blocked}
		})
		k.user("ada@example.com")
		from := at("::ffff:203.0.113.7")
		wrong := k.signInFrom(from, "ada@example.com", "a wrong password")
		unknown := k.signInFrom(from, "nobody@example.com", password)
		require.Equal(t, wrong.Error(), unknown.Error())
		require.NotContains(t, wrong.Error(), "security reasons")
		for range 2 {
			err := k.signInFrom(from, "ada@example.com", password)
			if mode == userpool.RiskEnforced {
				isBlocked(t, err)
				continue
			}
			require.NoError(t, err)
		}
		require.Equal(t, mode != userpool.RiskOff, len(k.events(userpool.EventRisk)) > 0)
	}
}

func TestRisk_SkippedNetworks(t *testing.T) {
	k := risky(t, func(c *userpool.Config) {
		c.Settings.Risk.AccountTakeover.Low.Action = userpool.RiskBlock
		c.Settings.Risk.SkippedNetworks = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("192.0.2.0/24")}
		c.Settings.Risk.BlockedNetworks = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	})
	k.user("ada@example.com")
	require.NoError(t, k.signInFrom(at("198.51.100.7"), "ada@example.com", password))
	require.NoError(t, k.signInFrom(at("203.0.113.7"), "ada@example.com", password))
	isBlocked(t, k.signInFrom(at("192.0.2.1"), "ada@example.com", password))
	isBlocked(t, k.signInFrom(at("100.64.0.1"), "ada@example.com", password))
	require.NoError(t, k.signInFrom(at(""), "ada@example.com", password), "what the program does not tell is no signal")
}

// MFA_REQUIRED asks for the second factor, and refuses who has none.
func TestRisk_SecondFactor(t *testing.T) {
	for _, action := range []userpool.RiskAction{userpool.RiskMFARequired, userpool.RiskMFAIfConfigured} {
		for _, has := range []bool{true, false} {
			k := risky(t, func(c *userpool.Config) { c.Settings.Risk.AccountTakeover.Low.Action = action })
			sub := k.user("ada@example.com")
			require.NoError(t, k.signInFrom(at("198.51.100.7"), "ada@example.com", password))
			if has {
				u, err := k.config.Store.User(t.Context(), k.ID(), sub)
				require.NoError(t, err)
				u.SoftwareToken = &userpool.SoftwareToken{Secret: []byte("sealed")}
				u.MFA, u.PreferredMFA = []userpool.ChallengeName{userpool.ChallengeSoftwareTokenMFA}, userpool.ChallengeSoftwareTokenMFA
				require.NoError(t, k.config.Store.UpdateUser(t.Context(), k.ID(), u))
			}
			out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
				AuthFlow: userpool.UserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.com", Password: password, UserContext: at("203.0.113.5"),
			})
			switch {
			case has:
				require.NoError(t, err)
				require.Nil(t, out.Tokens)
				require.Equal(t, userpool.ChallengeSoftwareTokenMFA, out.Challenge.Name)
			case action == userpool.RiskMFARequired:
				isBlocked(t, err)
			default:
				require.NoError(t, err)
			}
		}
	}
}

type atlas map[string]userpool.Place

func (a atlas) Locate(_ context.Context, addr netip.Addr) (userpool.Place, error) {
	place, ok := a[addr.String()]
	if !ok {
		return place, errors.New("not on the map")
	}
	return place, nil
}

func TestRisk_ImpossibleTravel(t *testing.T) {
	k := risky(t, func(c *userpool.Config) {
		c.Locator = atlas{
			"198.51.100.7": {Latitude: 52.52, Longitude: 13.405, Country: "DE", Label: "Berlin"},
			"203.0.113.5":  {Latitude: -33.868, Longitude: 151.209, Country: "AU"},
			"203.0.113.6":  {Latitude: 1000},
			"192.0.2.1":    {},
		}
	})
	k.user("ada@example.com")
	berlin, sydney := at("198.51.100.7"), at("203.0.113.5")
	require.NoError(t, k.signInFrom(berlin, "ada@example.com", password))
	k.clock.Advance(3 * time.Hour)
	isBlocked(t, k.signInFrom(sydney, "ada@example.com", password))
	require.Equal(t, "new network, impossible travel", k.events(userpool.EventRisk)[0].Details["signals"])
	for _, nowhere := range []string{"203.0.113.6", "192.0.2.1", "100.64.0.1"} {
		require.NoError(t, k.signInFrom(at(nowhere), "ada@example.com", password), "nobody knows where %s is", nowhere)
	}
	k.clock.Advance(20 * time.Hour)
	require.NoError(t, k.signInFrom(sydney, "ada@example.com", password), "twenty hours are enough")
	require.NoError(t, k.signInFrom(berlin, "ada@example.com", password), "Medium: the network is known")
	require.Equal(t, "impossible travel", k.events(userpool.EventRisk)[0].Details["signals"])
}

// A compromised password at sign-in.
func TestRisk_CompromisedCredentials(t *testing.T) {
	const leaked = "a password that leaked"
	for name, test := range map[string]struct {
		mode    userpool.RiskMode
		config  userpool.CompromisedCredentials
		signIn  bool // refused
		signUp  bool // refused
		noticed bool
	}{
		"off":                {userpool.RiskOff, userpool.CompromisedCredentials{Action: userpool.RiskBlock}, false, true, false},
		"enforced, nothing":  {userpool.RiskEnforced, userpool.CompromisedCredentials{}, false, true, false},
		"enforced, block":    {userpool.RiskEnforced, userpool.CompromisedCredentials{Action: userpool.RiskBlock}, true, true, true},
		"enforced, note":     {userpool.RiskEnforced, userpool.CompromisedCredentials{Action: userpool.RiskNoAction}, false, false, true},
		"audit, block":       {userpool.RiskAudit, userpool.CompromisedCredentials{Action: userpool.RiskBlock}, false, true, true},
		"only at sign-in":    {userpool.RiskEnforced, userpool.CompromisedCredentials{Action: userpool.RiskBlock, Events: []userpool.CompromisedEvent{userpool.CompromisedSignIn}}, true, false, true},
		"never at a sign-in": {userpool.RiskEnforced, userpool.CompromisedCredentials{Action: userpool.RiskBlock, Events: []userpool.CompromisedEvent{userpool.CompromisedSignUp}}, false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			known := &breached{}
			k := newKit(t, func(c *userpool.Config) {
				c.BreachChecker = known
				c.Settings.Risk.Mode, c.Settings.Risk.CompromisedCredentials = test.mode, test.config
			})
			out, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "ada@example.com", Password: leaked})
			require.NoError(t, err)
			require.NoError(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: k.mail().Code, Session: out.Session})))
			*known = breached{leaked}
			_, err = k.signIn("ada@example.com", leaked)
			require.Equal(t, test.signIn, errors.Is(err, userpool.PasswordResetRequired), "%v", err)
			require.Equal(t, test.signIn, err != nil)
			require.Equal(t, test.noticed, len(k.events(userpool.EventRisk)) > 0)
			_, err = k.SignUp(t.Context(), userpool.SignUpInput{Username: "bob@example.com", Password: leaked})
			require.Equal(t, test.signUp, errors.Is(err, userpool.InvalidPassword), "%v", err)
		})
	}
}

type breached []string

func (b *breached) Breached(_ context.Context, password string) (bool, error) {
	for _, p := range *b {
		if p == password { //nolint:gosec // a test
			return true, nil
		}
	}
	return false, nil
}

func TestRisk_RefusesWhatCannotWork(t *testing.T) {
	good := risky(t, nil).config
	for want, change := range map[string]func(*userpool.RiskConfiguration){
		"Settings.Risk.Mode":            func(r *userpool.RiskConfiguration) { r.Mode = "ON" },
		"Settings.Risk.AccountTakeover": func(r *userpool.RiskConfiguration) { r.AccountTakeover.Low.Action = "X" },
		"Events": func(r *userpool.RiskConfiguration) {
			r.CompromisedCredentials.Events = []userpool.CompromisedEvent{"X"}
		},
		"Action":              func(r *userpool.RiskConfiguration) { r.CompromisedCredentials.Action = userpool.RiskMFARequired },
		"which is no network": func(r *userpool.RiskConfiguration) { r.BlockedNetworks = make([]netip.Prefix, 1) },
		"201 networks":        func(r *userpool.RiskConfiguration) { r.SkippedNetworks = make([]netip.Prefix, 201) },
	} {
		c := good
		change(&c.Settings.Risk)
		_, err := userpool.New(c)
		require.ErrorContains(t, err, want)
	}
	c := good
	c.Settings.MFA = userpool.MFAOff
	_, err := userpool.New(c)
	require.ErrorContains(t, err, "Settings.MFA is off")
	c = good
	c.Settings.MaxSMSPerHour = -1
	_, err = userpool.New(c)
	require.ErrorContains(t, err, "MaxSMSPerHour is -1")
	c = good
	c.Settings.AuditRetention = time.Minute
	_, err = userpool.New(c)
	require.ErrorContains(t, err, "AuditRetention")
	c = good
	c.Settings.AuditEvents = []userpool.EventType{"X"}
	_, err = userpool.New(c)
	require.ErrorContains(t, err, "AuditEvents")
}

// The events of a user are listed, and a verdict about one takes effect: whoever comes from there is a stranger again.
func TestAuthEvents(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Settings.Risk.Mode = userpool.RiskAudit
		})
		ctx := t.Context()
		k.user("ada@example.com")
		k.user("bob@example.com")
		home, cafe := with("198.51.100.7", firefox), with("203.0.113.5", firefox)
		require.NoError(t, k.signInFrom(home, "ada@example.com", password))
		require.NoError(t, k.signInFrom(cafe, "ada@example.com", password))
		require.ErrorIs(t, k.signInFrom(cafe, "ada@example.com", "a wrong password"), userpool.NotAuthorized)
		_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com", UserContext: home})
		require.NoError(t, err)

		var all []userpool.AuthEvent
		in := userpool.AdminListUserAuthEventsInput{Username: "ada@example.com", MaxResults: 2}
		for {
			out, err := k.AdminListUserAuthEvents(ctx, in)
			require.NoError(t, err)
			require.LessOrEqual(t, len(out.AuthEvents), 2)
			all = append(all, out.AuthEvents...)
			if in.NextToken = out.NextToken; in.NextToken == "" {
				break
			}
		}
		var short []string
		for _, e := range all {
			short = append(short, fmt.Sprint(e.EventType, " ", e.EventResponse, " ", e.RiskLevel, " ", e.ChallengeResponses, " ", e.IPAddress))
		}
		require.Equal(t, []string{
			"ForgotPassword Pass  [] 198.51.100.7",
			"SignIn Fail  [{Password Failure}] 203.0.113.5",
			"SignIn Pass Low [{Password Success}] 203.0.113.5",
			"SignIn Pass  [{Password Success}] 198.51.100.7",
			"SignUp Pass  [] ", "SignUp Pass  [] ",
		}, short)

		verdict := userpool.AdminUpdateAuthEventFeedbackInput{Username: "ada@example.com", EventID: all[2].EventID, FeedbackValue: userpool.FeedbackInvalid}
		require.NoError(t, k.AdminUpdateAuthEventFeedback(ctx, verdict))
		out, err := k.AdminListUserAuthEvents(ctx, userpool.AdminListUserAuthEventsInput{Username: "ada@example.com"})
		require.NoError(t, err)
		require.Equal(t, userpool.FeedbackInvalid, out.AuthEvents[2].Feedback)
		require.Equal(t, k.clock.Now(), out.AuthEvents[2].FeedbackDate)
		before := len(k.events(userpool.EventRisk))
		require.NoError(t, k.signInFrom(cafe, "ada@example.com", password))
		require.Len(t, k.events(userpool.EventRisk), before+1, "the network is a new one again")

		for id, want := range map[string]userpool.Code{"": userpool.InvalidParameter, "x": userpool.InvalidParameter, "01": userpool.InvalidParameter, "9999": userpool.ResourceNotFound} {
			verdict.EventID = id
			require.ErrorIs(t, k.AdminUpdateAuthEventFeedback(ctx, verdict), want, id)
		}
		verdict.EventID, verdict.Username = all[2].EventID, "bob@example.com"
		require.ErrorIs(t, k.AdminUpdateAuthEventFeedback(ctx, verdict), userpool.ResourceNotFound, "an event of another user")
		verdict.Username = "nobody@example.com"
		require.ErrorIs(t, k.AdminUpdateAuthEventFeedback(ctx, verdict), userpool.UserNotFound)
		verdict.FeedbackValue = "Maybe"
		require.ErrorIs(t, k.AdminUpdateAuthEventFeedback(ctx, verdict), userpool.InvalidParameter)
		in.NextToken = strings.Repeat("x", 50)
		_, err = k.AdminListUserAuthEvents(ctx, in)
		require.ErrorIs(t, err, userpool.InvalidParameter)
	})
}

// The profile goes with the user, and holds no address that one could read.
func TestRisk_ProfileIsSealedAndDeleted(t *testing.T) {
	k := newKit(t, nil)
	sub := k.user("ada@example.com")
	require.NoError(t, k.signInFrom(with("198.51.100.7", firefox), "ada@example.com", password))
	r, err := k.config.Store.Record(t.Context(), k.ID(), "risk-profile", sub)
	require.NoError(t, err)
	require.Equal(t, sub, r.Owner)
	require.NotContains(t, string(r.Data), "198.51")
	require.NotContains(t, string(r.Data), "MAC")
	require.Equal(t, 4, parallel(4, func(i int) error {
		return k.signInFrom(with(fmt.Sprintf("198.51.%d.7", 101+i), firefox), "ada@example.com", password)
	}))
	for range 6 {
		require.Error(t, k.signInFrom(at("203.0.113.5"), "ada@example.com", "a wrong password"))
	}
	for i := range 4 {
		require.NoError(t, k.signInFrom(at(fmt.Sprintf("198.51.%d.7", 101+i)), "ada@example.com", password), "sign-ins at once lose nothing")
	}
	require.NoError(t, k.AdminDeleteUser(t.Context(), "ada@example.com"))
	_, err = k.config.Store.Record(t.Context(), k.ID(), "risk-profile", sub)
	require.ErrorIs(t, err, userpool.ErrNotFound)
}
