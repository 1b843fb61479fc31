package oidc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// prompts are the values that OpenID Connect Core section 3.1.2.1 and Initiating
// User Registration 1.0 define.
var prompts = []string{"none", "login", "consent", "select_account", "create"}

// promptNone is what a provider may answer when it was not allowed to show
// anything (OpenID Connect Core section 3.1.2.6).
var promptNone = []string{"login_required", "interaction_required", "consent_required", "account_selection_required"}

// checkAuthenticationRules judges Prompt, MaxAge and ACRValues.
func (c *Config) checkAuthenticationRules() error {
	values := strings.Fields(c.Prompt)
	for _, value := range values {
		if !slices.Contains(prompts, value) {
			return fail(InvalidConfig, "Prompt has %q, which is not one of %q", plain(value, maxMessage), prompts)
		}
	}
	if slices.Contains(values, "none") && len(values) > 1 {
		return fail(InvalidConfig, "Prompt has none together with something else")
	}
	if c.MaxAge < 0 || c.MaxAge%time.Second != 0 || c.MaxAge > 10*365*24*time.Hour {
		return fail(InvalidConfig, "MaxAge %s must be whole seconds, not negative, and no more than ten years", c.MaxAge)
	}
	for _, value := range c.ACRValues {
		if value == "" || len(value) > maxParameter || !plaintext.PrintableASCII(value) || strings.Contains(value, " ") {
			return fail(InvalidConfig, "ACRValues has %q, which is not one acr value", plain(value, maxMessage))
		}
	}
	for name, set := range map[string]bool{"prompt": c.Prompt != "", "acr_values": len(c.ACRValues) > 0} {
		if _, twice := c.AuthorizationParameters[name]; twice && set {
			return fail(InvalidConfig, "AuthorizationParameters has %q, for which there is a field of its own that is set too", name)
		}
	}
	return nil
}

// authenticationParameters are those of an authorization request that ask for
// what checkAuthentication checks.
func (p *Provider) authenticationParameters(s *pending) map[string]string {
	parameters := make(map[string]string)
	if p.config.Prompt != "" {
		parameters["prompt"] = p.config.Prompt
	}
	if p.config.MaxAge > 0 {
		parameters["max_age"] = strconv.FormatInt(int64(p.config.MaxAge/time.Second), 10)
	}
	if len(p.config.ACRValues) > 0 {
		parameters["acr_values"] = strings.Join(p.config.ACRValues, " ")
	}
	if s.reauthenticate() {
		parameters["prompt"], parameters["max_age"] = "login", "0"
	}
	return parameters
}

// freshness is how a person must have signed in at the provider.
type freshness struct {
	begun time.Time // when the sign-in began; now, where that is not known
	login bool      // the person was to sign in anew
	prove bool      // auth_time has to say so
}

// checkAuthentication judges how and when the person signed in at the provider
// (OpenID Connect Core section 3.1.3.7, items 12 and 13).
func (p *Provider) checkAuthentication(claims map[string]any, want freshness) error {
	if len(p.config.ACRValues) > 0 {
		acr, _ := claims["acr"].(string)
		if !slices.Contains(p.config.ACRValues, acr) {
			return fmt.Errorf("acr is %q, which is not one of ACRValues", plain(acr, maxDescription))
		}
	}
	if p.config.MaxAge == 0 && !want.login {
		return nil
	}
	at, ok := jose.Numeric(claims, "auth_time")
	if _, present := claims["auth_time"]; !present && p.config.MaxAge == 0 && !want.prove {
		return nil
	}
	oldest := want.begun.Add(-p.config.MaxAge - jose.ClockSkew)
	if want.login {
		oldest = want.begun.Add(-jose.ClockSkew)
	}
	switch {
	case !ok:
		return fmt.Errorf("auth_time is missing or not a time, though max_age was asked for")
	case at.After(p.now().Add(jose.ClockSkew)):
		return fmt.Errorf("auth_time is in the future: %s", at.Format(time.RFC3339))
	case at.Before(oldest):
		return fmt.Errorf("auth_time is too long ago: %s", at.Format(time.RFC3339))
	}
	return nil
}
