package social

import (
	"errors"
	"maps"
	"regexp"
	"slices"

	"github.com/stepwell/stepwell/federation/oidc"
)

// GoogleConfig is an "OAuth 2.0 Client ID" of the type "Web application" in the Google
// Cloud console.
type GoogleConfig struct {
	// ClientID and ClientSecret are shown by the console. Required.
	ClientID, ClientSecret string

	// HostedDomains are the domains of Google Workspace whose people may sign in,
	// in small letters. Google is asked for them (hd), and an ID token whose claim
	// hd is not one of them is refused: what the browser asks for, people can
	// change. Empty lets everybody in who has a Google account.
	HostedDomains []string

	Options
}

var domainForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// Google returns the provider for Google accounts. It asks for openid, profile and
// email. The attribute hd is the person's Workspace domain, and missing for other
// accounts.
func Google(config GoogleConfig) (*oidc.Provider, error) {
	if config.ClientSecret == "" {
		return nil, invalid("ClientSecret is empty; the Google Cloud console shows it beside the client ID")
	}
	openID := config.openID("https://accounts.google.com", config.ClientID, config.ClientSecret)
	if len(config.HostedDomains) == 0 {
		return oidc.New(openID)
	}
	domains := slices.Clone(config.HostedDomains)
	for _, domain := range domains {
		if len(domain) > 253 || !domainForm.MatchString(domain) {
			return nil, invalid("HostedDomains has something that is not a domain in small letters")
		}
	}
	parameters := maps.Clone(config.AuthorizationParameters)
	if parameters == nil {
		parameters = make(map[string]string)
	}
	if parameters["hd"] = "*"; len(domains) == 1 {
		parameters["hd"] = domains[0]
	}
	openID.AuthorizationParameters = parameters
	openID.CheckClaims = func(claims map[string]any) error {
		if hd, ok := claims["hd"].(string); !ok || !slices.Contains(domains, hd) {
			return errors.New("its hd is not one of HostedDomains: the person signed in with an account of another organization, or a private one")
		}
		return nil
	}
	return oidc.New(openID)
}
