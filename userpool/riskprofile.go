package userpool

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	recordRiskProfile = "risk-profile"
	// maxSeen is how many networks, and how many devices, a profile remembers, and seenValidity for how long after the last sign-in.
	maxSeen      = 10
	seenValidity = 90 * day
	// seenAgain is how old the time of a network or device may be before a sign-in writes it anew.
	seenAgain = time.Hour
	// maxFeedback is how many verdicts about events a profile keeps.
	maxFeedback = 100
)

// riskProfile is where and with what a user signs in. It is kept sealed, in a record that is deleted with the user, and what it remembers
// are MACs: neither who reads the database nor who has the key of the seal can list the networks of a person.
type riskProfile struct {
	Networks []seen
	// Devices are keys of devices and families of user agents.
	Devices []seen
	// Place is where the last sign-in came from, as far as Config.Locator knows, and At when.
	Place *Place
	At    time.Time
	// Feedback are verdicts of AdminUpdateAuthEventFeedback, the newest last.
	Feedback []eventFeedback
}

// seen is something that a user signed in from.
type seen struct {
	MAC  []byte
	Last time.Time
}

type eventFeedback struct {
	EventID string
	Value   FeedbackValue
	At      time.Time
}

// know tells whether something was seen within seenValidity.
func know(all []seen, mac []byte, now time.Time) bool {
	return slices.ContainsFunc(all, func(s seen) bool { return hmac.Equal(s.MAC, mac) && now.Sub(s.Last) < seenValidity })
}

// meet notes that something is there now, and tells whether that is worth writing. What was not there for the longest time goes.
func meet(all []seen, mac []byte, now time.Time) ([]seen, bool) {
	i := slices.IndexFunc(all, func(s seen) bool { return hmac.Equal(s.MAC, mac) })
	if i >= 0 && now.Sub(all[i].Last).Abs() < seenAgain {
		return all, false
	}
	if i >= 0 {
		all[i].Last = now
	} else {
		all = append(all, seen{mac, now})
	}
	slices.SortStableFunc(all, func(a, b seen) int { return cmp.Compare(a.Last.UnixMicro(), b.Last.UnixMicro()) })
	return all[max(0, len(all)-maxSeen):], true
}

func forgetSeen(all []seen, mac []byte) []seen {
	return slices.DeleteFunc(all, func(s seen) bool { return hmac.Equal(s.MAC, mac) })
}

// profile returns the profile of a user, or an empty one.
func (p *Pool) profile(ctx context.Context, sub string) (riskProfile, error) {
	r, err := p.store.Record(ctx, p.id, recordRiskProfile, sub)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return riskProfile{}, nil
	}
	if err != nil {
		return riskProfile{}, unavailable("reading a risk profile", err)
	}
	return p.openProfile(ctx, r)
}

// openProfile returns the profile in a record, which may be new.
func (p *Pool) openProfile(ctx context.Context, r Record) (profile riskProfile, err error) {
	if r.Data == nil {
		return riskProfile{}, nil
	}
	raw, err := p.unseal(ctx, r.Data, recordRiskProfile+"/"+r.Key)
	if err == nil {
		err = json.Unmarshal(raw, &profile)
	}
	return profile, err
}

// changeProfile changes the profile of a user. change tells whether there is something to write. Nothing is written for a user who is not
// there any more.
func (p *Pool) changeProfile(ctx context.Context, sub string, change func(*riskProfile) bool) error {
	err := p.changeRecord(ctx, recordRiskProfile, sub, func(r *Record) (bool, error) {
		profile, err := p.openProfile(ctx, *r)
		if err != nil || !change(&profile) {
			return false, err
		}
		raw, err := json.Marshal(profile)
		if err != nil {
			return false, fmt.Errorf("userpool: encoding a risk profile: %w", err)
		}
		r.Owner = sub
		r.Data, err = p.seal(ctx, raw, recordRiskProfile+"/"+sub)
		return true, err
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

func (p *Pool) networkMAC(ctx context.Context, sub, block string) ([]byte, error) {
	return p.mac(ctx, "risk", "network", sub, block)
}

func (p *Pool) deviceMAC(ctx context.Context, sub, device string) ([]byte, error) {
	return p.mac(ctx, "risk", "device", sub, device)
}

// countedAs returns what an attempt of somebody is counted for: the subject, or, where its user signed in from before, the subject at that
// network or with that device. The key of a device is not proved here: who knows it has had the device in their hand.
func (p *Pool) countedAs(ctx context.Context, subject string, from UserContextData, device string) (string, error) {
	block := from.network()
	if block == "" && device == "" {
		return subject, nil
	}
	profile, err := p.profile(ctx, subject)
	if err != nil {
		return "", err
	}
	now := p.now()
	if device != "" {
		mac, err := p.deviceMAC(ctx, subject, "key "+device)
		if err != nil {
			return "", err
		}
		if know(profile.Devices, mac, now) {
			return subject + " with " + device, nil
		}
	}
	mac, err := p.networkMAC(ctx, subject, block)
	if err != nil {
		return "", err
	}
	if block != "" && know(profile.Networks, mac, now) {
		return subject + " from " + block, nil
	}
	return subject, nil
}

// learn notes in the user's profile where a sign-in came from. It is called once the sign-in is complete. A failure is logged: the person
// is signed in.
func (p *Pool) learn(ctx context.Context, s *signIn) {
	sub, block, now := s.user.Sub, s.Context.network(), p.now()
	devices := s.fingerprints()
	if block == "" && len(devices) == 0 {
		return
	}
	place, located := p.locate(ctx, s.Context)
	err := p.changeProfile(ctx, sub, func(profile *riskProfile) (write bool) {
		learned := func(all []seen, mac []byte, err error) []seen {
			if err != nil { // the keys were there a moment ago
				return all
			}
			all, fresh := meet(all, mac, now)
			write = write || fresh
			return all
		}
		if block != "" {
			mac, err := p.networkMAC(ctx, sub, block)
			profile.Networks = learned(profile.Networks, mac, err)
		}
		for _, device := range devices {
			mac, err := p.deviceMAC(ctx, sub, device)
			profile.Devices = learned(profile.Devices, mac, err)
		}
		if located {
			profile.Place, profile.At, write = &place, now, true
		}
		return write
	})
	p.logFailure(ctx, "a risk profile could not be kept", err)
}

// fingerprints are what the device of a sign-in is recognized by: the key of a device that the pool tracks, and the family of its user
// agent.
func (s *signIn) fingerprints() []string {
	var out []string
	if key := cmp.Or(s.Device, s.DeviceKey); key != "" {
		out = append(out, "key "+key)
	}
	if family := agentFamily(s.Context.agent()); family != "" {
		out = append(out, "agent "+family)
	}
	return out
}

// agentFamily returns what of a user agent stays the same over its versions, such as "Firefox on Windows", or "".
func agentFamily(agent string) string {
	first := func(names ...string) string {
		for _, name := range names {
			token, shown, _ := strings.Cut(name, "=")
			if strings.Contains(agent, token) {
				return cmp.Or(shown, token)
			}
		}
		return ""
	}
	// The order matters: most browsers also say that they are Chrome or Safari, and Android that it is Linux.
	browser := first("Edg", "OPR/=Opera", "SamsungBrowser", "FxiOS=Firefox", "Firefox", "CriOS=Chrome", "Chrome", "Safari")
	system := first("Windows", "Android", "iPhone", "iPad", "CrOS", "Mac OS X", "Linux")
	switch {
	case browser == "":
		product, _, _ := strings.Cut(agent, "/")
		product, _, _ = strings.Cut(product, " ")
		return product
	case system == "":
		return browser
	}
	return browser + " on " + system
}
