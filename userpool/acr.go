package userpool

import (
	"slices"
	"time"
)

// Authentication context classes (claim acr), weakest first.
const (
	// ACRSingleFactor is one factor, such as a password (REFEDS Single Factor Authentication profile).
	ACRSingleFactor = "https://refeds.org/profile/sfa"
	// ACRMultiFactor is two factors (REFEDS Multi-Factor Authentication profile).
	ACRMultiFactor = "https://refeds.org/profile/mfa"
	// ACRPhishingResistant is two factors one of which is a passkey: one with which the authenticator verified the person, or any besides a
	// password (OpenID Connect EAP ACR Values 1.0).
	ACRPhishingResistant = "phr"
)

var acrs = []string{ACRSingleFactor, ACRMultiFactor, ACRPhishingResistant}

// acrOf returns the class that methods of authentication reach.
func acrOf(amr []string) string {
	switch {
	case byKey(amr) && slices.Contains(amr, amrMFA):
		return ACRPhishingResistant
	case slices.Contains(amr, amrMFA):
		return ACRMultiFactor
	}
	return ACRSingleFactor
}

// byKey tells whether a passkey is among the methods.
func byKey(amr []string) bool {
	return slices.Contains(amr, amrKey) || slices.Contains(amr, amrSoftwareKey)
}

// reaches tells whether a class is at least the other, which may be empty.
func reaches(acr, least string) bool { return slices.Index(acrs, acr) >= slices.Index(acrs, least) }

// ACRValues returns the authentication context classes that a sign-in to this pool can reach, weakest first.
func (p *Pool) ACRValues() []string {
	out := []string{ACRSingleFactor}
	passkeys := slices.Contains(p.settings.FirstFactors, ChallengeWebAuthn)
	if p.settings.MFA != MFAOff || passkeys {
		out = append(out, ACRMultiFactor)
	}
	if passkeys {
		out = append(out, ACRPhishingResistant)
	}
	return out
}

// LeastACR returns the weakest of several authentication context classes of which one will do, as the parameter acr_values has them, for
// InitiateAuthInput.ACR. What is no class of ours is left out, as OpenID Connect Core, 5.5.1.1 allows. The result is empty if nothing is left.
func LeastACR(values ...string) string {
	for _, acr := range acrs {
		if slices.Contains(values, acr) {
			return acr
		}
	}
	return ""
}

// Reaches tells whether the sign-in of the session is at least of an authentication context class, which may be empty.
func (s *BrowserSession) Reaches(acr string) bool {
	return acr == "" || slices.Contains(acrs, acr) && reaches(s.ACR, acr)
}

// satisfies tells whether the sign-in of a session is new and strong enough. The two belong to the same sign-in: a weaker one that came
// later is newer, and no longer strong.
func (p *Pool) satisfies(s Session, acrValues []string, maxAge *time.Duration) error {
	reached := acrOf(s.AMR)
	will := func(acr string) bool { return slices.Contains(acrs, acr) && reaches(reached, acr) }
	switch {
	case maxAge != nil && p.now().Sub(s.AuthTime) > *maxAge:
		return fail(LoginRequired, "Please sign in again: the last sign-in is too long ago.")
	case len(acrValues) > 0 && !slices.ContainsFunc(acrValues, will):
		return fail(InsufficientAuthentication, "Please sign in again, and in a stronger way.")
	}
	return nil
}

func checkACR(acr string) error {
	if acr != "" && !slices.Contains(acrs, acr) {
		return failField(InvalidParameter, "acr_values", "The authentication context class %q is not one of %q.", printable(acr), acrs)
	}
	return nil
}
