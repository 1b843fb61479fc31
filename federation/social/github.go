package social

import (
	"context"
	"encoding/json"

	"github.com/stepwell/stepwell/federation/oidc"
)

// GitHubConfig is an OAuth app, or a GitHub App, in the developer settings of GitHub.
type GitHubConfig struct {
	// ClientID and ClientSecret are shown there. Required.
	ClientID, ClientSecret string

	Options
}

// GitHub returns the provider for GitHub accounts. It asks for read:user and
// user:email; a GitHub App has permissions in the place of scopes and needs "Email
// addresses", read-only.
//
// The subject is the account's number, digit for digit. Attributes: id, login, name,
// avatar_url and html_url as GitHub calls them, and sub, preferred_username, picture
// and profile. email is the primary address if GitHub has verified it, with
// email_verified "true"; otherwise both are missing. The address on the public
// profile is not used: it need not be the person's.
func GitHub(config GitHubConfig) (*oidc.OAuthProvider, error) {
	oauth := config.oauth("https://github.com/login/oauth", Endpoints{
		Authorization: "https://github.com/login/oauth/authorize",
		Token:         "https://github.com/login/oauth/access_token",
	}, config.ClientID, config.ClientSecret, "read:user", "user:email")
	base := or(config.InsecureEndpoints.API, "https://api.github.com")
	oauth.Profile = func(ctx context.Context, api *oidc.API) (map[string]any, error) {
		return gitHubProfile(ctx, api, base)
	}
	return oidc.NewOAuth(oauth)
}

func gitHubProfile(ctx context.Context, api *oidc.API, base string) (map[string]any, error) {
	user, err := api.Get(ctx, base+"/user")
	if err != nil {
		return nil, err
	}
	// The text of the number in the document: as a float, 2^53+1 would be another's.
	id, ok := user["id"].(json.Number)
	if !ok || !isDigits(id.String()) {
		return nil, unusable("GitHub's id of the account is not a whole number above 0")
	}
	claims := rename(user, map[string]string{
		"login": "preferred_username", "name": "name", "avatar_url": "picture", "html_url": "profile",
	})
	claims["sub"], claims["id"] = id.String(), id.String()
	emails, err := api.GetList(ctx, base+"/user/emails")
	if err != nil {
		return nil, err
	}
	address, err := primaryAddress(emails)
	if err != nil {
		return nil, err
	}
	if address != "" {
		claims["email"], claims["email_verified"] = address, true
	}
	return claims, nil
}

// primaryAddress returns the one address that is primary and verified, or "".
func primaryAddress(emails []any) (string, error) {
	primary := ""
	for _, item := range emails {
		email, _ := item.(map[string]any)
		address, _ := email["email"].(string)
		if email["primary"] != true || email["verified"] != true || address == "" {
			continue
		}
		if primary != "" {
			return "", unusable("GitHub names two primary addresses")
		}
		primary = address
	}
	return primary, nil
}
