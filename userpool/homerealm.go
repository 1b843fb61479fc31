package userpool

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// HomeRealm says at which provider the people with an e-mail address sign in: the name of a provider of the pool, or "" for none. It must be
// safe for concurrent use. Package federation/domain has one for domains whose owners have proved them.
//
// It is asked with the canonical form of an address that anybody may type: nobody's existence may decide the answer.
type HomeRealm func(ctx context.Context, email string) (provider string, err error)

// providerIdentifier is what Cognito accepts as an identifier of a provider.
var providerIdentifier = regexp.MustCompile(`^[\w\s+=.@-]{1,40}$`)

// checkIdentifiers wants each identifier to stand for one provider. Like domains they are compared without regard to case.
func checkIdentifiers(providers []Provider) error {
	owner := map[string]string{}
	for _, p := range providers {
		for _, identifier := range p.Identifiers {
			key := strings.ToLower(identifier)
			switch other, taken := owner[key]; {
			case !providerIdentifier.MatchString(identifier):
				return fmt.Errorf("userpool: provider %q: Identifiers has %q; an identifier is 1 to 40 letters, digits, spaces and + = . @ _ -", p.Name, printable(identifier))
			case taken:
				return fmt.Errorf("userpool: the identifier %q stands for provider %q and for provider %q", printable(identifier), other, p.Name)
			}
			owner[key] = p.Name
		}
	}
	return nil
}

// ProviderByIdentifier returns the name of the provider that has an identifier, see Provider.Identifiers, or "" if none has. It is what the
// parameter idp_identifier of an authorization request means.
func (p *Pool) ProviderByIdentifier(identifier string) string {
	for _, provider := range p.providers {
		if slices.ContainsFunc(provider.Identifiers, func(own string) bool { return strings.EqualFold(own, identifier) }) {
			return provider.Name
		}
	}
	return ""
}

// HasHomeRealms tells whether there may be e-mail addresses whose people sign in at a provider.
func (p *Pool) HasHomeRealms() bool {
	return p.homeRealm != nil || slices.ContainsFunc(p.providers, func(provider Provider) bool {
		return slices.ContainsFunc(provider.Identifiers, func(own string) bool { return strings.Contains(own, ".") })
	})
}

// ProviderForEmail returns the name of the provider at which the people with an e-mail address sign in (home-realm discovery), or "" if
// they sign in here: the provider that has the domain among its identifiers, or else the one that Config.HomeRealm names. What is no
// e-mail address has no provider. The error is ServiceUnavailable if Config.HomeRealm fails.
func (p *Pool) ProviderForEmail(ctx context.Context, email string) (string, error) {
	canonical, err := canonicalEmail(email)
	if err != nil {
		return "", nil
	}
	if name := p.ProviderByIdentifier(emailDomain(canonical)); name != "" || p.homeRealm == nil {
		return name, nil
	}
	name, err := contain(func() (string, error) { return p.homeRealm(ctx, canonical) })
	if err != nil {
		return "", unavailable("finding the provider of a domain", err)
	}
	if _, known := p.provider(name); name != "" && !known {
		return "", unavailable("finding the provider of a domain", fmt.Errorf("Config.HomeRealm names %q, which is no provider of the pool", printable(name)))
	}
	return name, nil
}
