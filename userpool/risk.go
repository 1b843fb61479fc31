package userpool

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

// RiskConfiguration says what the pool does about sign-ins that look unusual, and about passwords that are known from breaches. The zero
// value does nothing. Cognito calls it threat protection.
//
// A sign-in is judged when its first factor was proved, so that what is answered tells nothing to who guesses. Each signal has a weight,
// and the sum is the level: 1 is RiskLow, 2 is RiskMedium, 3 and more is RiskHigh.
//
//	new network            1   no sign-in from this /24 of IPv4, or /48 of IPv6, within 90 days
//	new device             1   neither the key of the device nor the family of the user agent was seen within 90 days
//	many failures          1   five or more failures of the account, counted where this sign-in is, before it
//	impossible travel      2   more than 900 km/h since the last sign-in, and more than 100 km; wants Config.Locator
//	blocked network        3   an address in BlockedNetworks; it is always refused
//
// The first sign-in of a user makes nothing new: there is nothing to compare it with. What the program does not tell, by UserContextData,
// is no signal. Sign-ins at other providers are judged as well, whatever the provider thinks of them; a second factor is one that the user
// has here.
type RiskConfiguration struct {
	// Mode is RiskOff (the default), RiskAudit or RiskEnforced.
	Mode RiskMode
	// AccountTakeover says what is done at each level.
	AccountTakeover AccountTakeoverActions
	// CompromisedCredentials says what is done about a password that Config.BreachChecker knows.
	CompromisedCredentials CompromisedCredentials
	// BlockedNetworks are refused, and from SkippedNetworks nothing is judged: at most 200 each. BlockedNetworks wins.
	BlockedNetworks []netip.Prefix
	SkippedNetworks []netip.Prefix
}

// RiskMode says whether the pool acts on what it finds, with Cognito's names (AdvancedSecurityMode).
type RiskMode string

// The modes of a [RiskConfiguration].
const (
	// RiskOff judges nothing.
	RiskOff RiskMode = "OFF"
	// RiskAudit judges, and notes what it finds in the audit trail, but lets everybody in.
	RiskAudit RiskMode = "AUDIT"
	// RiskEnforced does what is configured.
	RiskEnforced RiskMode = "ENFORCED"
)

// AccountTakeoverActions are the answers to each level of risk.
type AccountTakeoverActions struct{ Low, Medium, High RiskResponse }

// RiskResponse is what is done about a risk.
type RiskResponse struct {
	// Action is RiskNoAction by default.
	Action RiskAction
	// Notify sends the user the message MessageAccountTakeOverNotification.
	Notify bool
}

// RiskAction is what is done about a risk, with Cognito's names.
type RiskAction string

// The actions.
const (
	// RiskNoAction lets the sign-in go on.
	RiskNoAction RiskAction = "NO_ACTION"
	// RiskMFAIfConfigured asks for a second factor if the user has one.
	RiskMFAIfConfigured RiskAction = "MFA_IF_CONFIGURED"
	// RiskMFARequired asks for a second factor, and refuses who has none.
	RiskMFARequired RiskAction = "MFA_REQUIRED"
	// RiskBlock refuses.
	RiskBlock RiskAction = "BLOCK"
)

// RiskLevel is how unusual a sign-in looks, with Cognito's names; empty if nothing is unusual.
type RiskLevel string

// The levels.
const (
	RiskLow    RiskLevel = "Low"
	RiskMedium RiskLevel = "Medium"
	RiskHigh   RiskLevel = "High"
)

// CompromisedCredentials says what is done about passwords that are known from breaches.
type CompromisedCredentials struct {
	// Action is RiskBlock or RiskNoAction. RiskBlock refuses: a known password at sign-in with PasswordResetRequired, so that only who
	// reads the user's mail comes in, and a new one with InvalidPassword. RiskNoAction only notes it in the audit trail. Empty is as with
	// RiskOff: new passwords are refused, at sign-in nothing is asked. RiskAudit refuses no sign-in, and new passwords all the same.
	Action RiskAction
	// Events are where the BreachChecker is asked, if Action is set: CompromisedSignIn, CompromisedSignUp and CompromisedPasswordChange; all
	// by default. At sign-in with SRP there is no password to ask about.
	Events []CompromisedEvent
}

// CompromisedEvent is where a password is given, with Cognito's names.
type CompromisedEvent string

// The events of [CompromisedCredentials].
const (
	CompromisedSignIn         CompromisedEvent = "SIGN_IN"
	CompromisedSignUp         CompromisedEvent = "SIGN_UP"
	CompromisedPasswordChange CompromisedEvent = "PASSWORD_CHANGE"
)

// Locator tells where an address is, such as from a database that the application has. It must be safe for concurrent use and has five
// seconds.
type Locator interface {
	// Locate returns the zero Place for an address that it does not know. An error is logged, and the place is then not judged.
	Locate(ctx context.Context, addr netip.Addr) (Place, error)
}

// Place is somewhere on Earth.
type Place struct {
	// Latitude and Longitude are in degrees, north and east positive.
	Latitude, Longitude float64
	// Country is a code of ISO 3166-1, such as "DE", and Label a name for people, such as "Berlin, Germany". Both may be empty.
	Country string
	Label   string
}

const (
	maxRiskNetworks = 200
	// possibleSpeed is that of an airliner, in km/h, and near, in km, how far apart two places are that a Locator may have confused.
	possibleSpeed = 900
	near          = 100
	earthRadius   = 6371
	// manyFailures before a success are a signal.
	manyFailures = 5
)

// complete returns the configuration with defaults filled in, or what is wrong with it.
func (r RiskConfiguration) complete(mfa MFAConfiguration) (RiskConfiguration, error) {
	if r.Mode == "" {
		r.Mode = RiskOff
	}
	responses := []*RiskResponse{&r.AccountTakeover.Low, &r.AccountTakeover.Medium, &r.AccountTakeover.High}
	var actions []RiskAction
	for _, response := range responses {
		if response.Action == "" {
			response.Action = RiskNoAction
		}
		actions = append(actions, response.Action)
	}
	slices.Sort(actions)
	err := errors.Join(
		checkChoice("Settings.Risk.Mode", []RiskMode{r.Mode}, RiskOff, RiskAudit, RiskEnforced),
		checkChoice("Settings.Risk.AccountTakeover", slices.Compact(actions), RiskNoAction, RiskMFAIfConfigured, RiskMFARequired, RiskBlock),
		checkChoice("Settings.Risk.CompromisedCredentials.Events", r.CompromisedCredentials.Events, CompromisedSignIn, CompromisedSignUp, CompromisedPasswordChange),
		checkChoice("Settings.Risk.CompromisedCredentials.Action", []RiskAction{r.CompromisedCredentials.Action}, "", RiskBlock, RiskNoAction),
	)
	wantsMFA := slices.Contains(actions, RiskMFAIfConfigured) || slices.Contains(actions, RiskMFARequired)
	switch {
	case err != nil:
		return r, err
	case r.Mode == RiskEnforced && wantsMFA && mfa == MFAOff:
		return r, errors.New("userpool: Settings.Risk.AccountTakeover asks for second factors, and Settings.MFA is off: set it to MFAOptional or MFARequired")
	}
	for name, networks := range map[string]*[]netip.Prefix{"BlockedNetworks": &r.BlockedNetworks, "SkippedNetworks": &r.SkippedNetworks} {
		if *networks, err = checkNetworks("Settings.Risk."+name, *networks); err != nil {
			return r, err
		}
	}
	r.CompromisedCredentials.Events = slices.Clone(r.CompromisedCredentials.Events)
	if len(r.CompromisedCredentials.Events) == 0 {
		r.CompromisedCredentials.Events = []CompromisedEvent{CompromisedSignIn, CompromisedSignUp, CompromisedPasswordChange}
	}
	return r, nil
}

func checkNetworks(name string, networks []netip.Prefix) ([]netip.Prefix, error) {
	if len(networks) > maxRiskNetworks {
		return nil, fmt.Errorf("userpool: %s has %d networks; at most %d are allowed", name, len(networks), maxRiskNetworks)
	}
	for _, n := range networks {
		if !n.IsValid() || n.Addr().Is4In6() {
			return nil, fmt.Errorf("userpool: %s has %q, which is no network such as 192.0.2.0/24 or 2001:db8::/32", name, n)
		}
	}
	return slices.Clone(networks), nil
}

// anyContains tells whether an address is in one of the networks.
func anyContains(networks []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// assessRisk judges a sign-in, once, when its first factor was proved. It lets it go on, has it ask for a second factor by s.WantMFA, or
// refuses it.
func (p *Pool) assessRisk(ctx context.Context, s *signIn) error {
	mode := p.settings.Risk.Mode
	if s.Assessed || mode == RiskOff || s.user.Status == StatusUnconfirmed {
		return nil
	}
	s.Assessed = true
	signals, err := p.riskSignals(ctx, s)
	if err != nil {
		return err
	}
	s.Risk = levelOf(signals)
	if s.Risk == "" {
		return nil
	}
	response := p.settings.Risk.responseTo(s.Risk)
	factors, _ := p.usableFactors(s)
	blocked := slices.Contains(signals, signalBlocked) || response.Action == RiskBlock ||
		response.Action == RiskMFARequired && !s.multiFactor() && len(factors) == 0
	s.WantMFA = response.Action == RiskMFARequired || response.Action == RiskMFAIfConfigured
	action := response.Action
	if blocked {
		action = RiskBlock
	}
	p.audit(ctx, AuditEvent{
		Type: EventRisk, Operation: s.operation(), Sub: s.user.Sub, ClientID: s.ClientID,
		Details: map[string]string{"level": string(s.Risk), "signals": signalNames(signals), "action": string(action), "mode": string(mode)},
	}, s.Context, nil)
	if mode == RiskAudit {
		s.WantMFA = false
		return nil
	}
	if response.Notify {
		p.notifyTakeover(ctx, s, action)
	}
	if blocked {
		s.Blocked = true
		return fail(NotAuthorized, "Request not allowed due to security reasons.")
	}
	return nil
}

func (s *signIn) multiFactor() bool { return s.MFADone || slices.Contains(s.AMR, amrMFA) }

func (r RiskConfiguration) responseTo(level RiskLevel) RiskResponse {
	switch level {
	case RiskLow:
		return r.AccountTakeover.Low
	case RiskMedium:
		return r.AccountTakeover.Medium
	}
	return r.AccountTakeover.High
}

// notifyTakeover tells the user, as often as anything is sent to an address.
func (p *Pool) notifyTakeover(ctx context.Context, s *signIn, action RiskAction) {
	what := message.SignInAllowed
	switch action {
	case RiskBlock:
		what = message.SignInBlocked
	case RiskMFARequired:
		what = message.SignInChallenged
	}
	for _, name := range addressAttributes {
		to := s.user.Attributes[name]
		if to == "" || s.user.Attributes[verifiedAttribute(name)] != "true" {
			continue
		}
		if _, err := p.count(ctx, limitMessage, to); err != nil {
			p.logFailure(ctx, "a user could not be told of an unusual sign-in", err)
			return
		}
		p.sendLater(ctx, outgoing{
			kind: MessageAccountTakeOverNotification, what: what, user: s.user, attribute: name, to: to, context: s.Context, metadata: s.metadata,
		})
		return
	}
}

// riskSignal is something unusual about a sign-in.
type riskSignal struct {
	name   string
	weight int
}

var (
	signalNetwork  = riskSignal{"new network", 1}
	signalDevice   = riskSignal{"new device", 1}
	signalFailures = riskSignal{"many failures", 1}
	signalTravel   = riskSignal{"impossible travel", 2}
	signalBlocked  = riskSignal{"blocked network", 3}
)

func signalNames(signals []riskSignal) string {
	names := make([]string, len(signals))
	for i, s := range signals {
		names[i] = s.name
	}
	return strings.Join(names, ", ")
}

func levelOf(signals []riskSignal) RiskLevel {
	sum := 0
	for _, s := range signals {
		sum += s.weight
	}
	return []RiskLevel{"", RiskLow, RiskMedium, RiskHigh}[min(sum, 3)]
}

// riskSignals finds what is unusual about a sign-in.
func (p *Pool) riskSignals(ctx context.Context, s *signIn) ([]riskSignal, error) {
	addr := s.Context.IPAddress
	switch {
	case addr.IsValid() && anyContains(p.settings.Risk.BlockedNetworks, addr):
		return []riskSignal{signalBlocked}, nil
	case addr.IsValid() && anyContains(p.settings.Risk.SkippedNetworks, addr):
		return nil, nil
	}
	profile, err := p.profile(ctx, s.user.Sub)
	if err != nil {
		return nil, err
	}
	var signals []riskSignal
	for _, test := range []struct {
		signal  riskSignal
		unusual func(context.Context, *signIn, riskProfile) (bool, error)
	}{
		{signalNetwork, p.newNetwork}, {signalDevice, p.newDevice}, {signalFailures, p.failedOften}, {signalTravel, p.travelled},
	} {
		switch unusual, err := test.unusual(ctx, s, profile); {
		case err != nil:
			return nil, err
		case unusual:
			signals = append(signals, test.signal)
		}
	}
	return signals, nil
}

func (p *Pool) newNetwork(ctx context.Context, s *signIn, profile riskProfile) (bool, error) {
	block := s.Context.network()
	if block == "" || len(profile.Networks) == 0 {
		return false, nil
	}
	mac, err := p.networkMAC(ctx, s.user.Sub, block)
	return !know(profile.Networks, mac, p.now()), err
}

// newDevice takes a sign-in that does not say what device it comes from, of a user whose sign-ins did, for one from a new device: who hides
// the user agent must not look less unusual.
func (p *Pool) newDevice(ctx context.Context, s *signIn, profile riskProfile) (bool, error) {
	if len(profile.Devices) == 0 {
		return false, nil
	}
	for _, device := range s.fingerprints() {
		mac, err := p.deviceMAC(ctx, s.user.Sub, device)
		if err != nil || know(profile.Devices, mac, p.now()) {
			return false, err
		}
	}
	return true, nil
}

// failedOften tells whether there were many failures before the proofs of this sign-in.
func (p *Pool) failedOften(ctx context.Context, s *signIn, _ riskProfile) (bool, error) {
	subject, err := p.countedAs(ctx, s.Subject, s.Context, s.DeviceKey)
	if err != nil {
		return false, err
	}
	key, err := p.counterKey(ctx, limitSignIn, subject)
	if err != nil {
		return false, err
	}
	c, err := p.store.Counter(ctx, p.id, key)
	return c.N-s.Proofs >= manyFailures, unavailable("reading a counter", err)
}

// travelled tells whether the sign-in comes from where nobody gets since the last one.
func (p *Pool) travelled(ctx context.Context, s *signIn, profile riskProfile) (bool, error) {
	if profile.Place == nil {
		return false, nil
	}
	place, located := p.locate(ctx, s.Context)
	return located && impossibleTravel(*profile.Place, place, p.now().Sub(profile.At)), nil
}

// locate asks the Locator where a request came from.
func (p *Pool) locate(ctx context.Context, from UserContextData) (Place, bool) {
	if p.locator == nil || p.settings.Risk.Mode == RiskOff || !from.IPAddress.IsValid() {
		return Place{}, false
	}
	place, err := runHook(ctx, p, "Locator", p.locator.Locate, from.IPAddress.Unmap().WithZone(""))
	if err != nil || place == (Place{}) {
		return Place{}, false // logged by runHook
	}
	// NaN is within nothing.
	return place, math.Abs(place.Latitude) <= 90 && math.Abs(place.Longitude) <= 180
}

// impossibleTravel tells whether nobody gets from one place to the other in this time.
func impossibleTravel(from, to Place, within time.Duration) bool {
	km := distance(from, to)
	return km > near && km > possibleSpeed*max(within, 0).Hours()
}

// distance is the length of the great circle between two places in kilometres, by the haversine formula.
func distance(a, b Place) float64 {
	radians := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	sine := func(x float64) float64 { s := math.Sin(x / 2); return s * s }
	h := sine(radians(b.Latitude-a.Latitude)) +
		math.Cos(radians(a.Latitude))*math.Cos(radians(b.Latitude))*sine(radians(b.Longitude-a.Longitude))
	return 2 * earthRadius * math.Asin(math.Sqrt(min(h, 1)))
}
