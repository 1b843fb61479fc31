package social

import (
	"context"

	"github.com/stepwell/stepwell/federation/oidc"
)

// AmazonConfig is a security profile in the Login with Amazon console.
type AmazonConfig struct {
	// ClientID and ClientSecret are shown under "Web Settings". Required.
	ClientID, ClientSecret string

	Options
}

// Amazon returns the provider for accounts of Amazon's shop (Login with Amazon). It
// asks for profile. The subject is user_id, such as "amzn1.account.K2LI23KL2LK2".
// Attributes: user_id, name, email and, with the scope postal_code, postal_code as
// Amazon calls them, and sub.
func Amazon(config AmazonConfig) (*oidc.OAuthProvider, error) {
	oauth := config.oauth("https://www.amazon.com", Endpoints{
		Authorization: "https://www.amazon.com/ap/oa",
		Token:         "https://api.amazon.com/auth/o2/token",
	}, config.ClientID, config.ClientSecret, "profile")
	profile := or(config.InsecureEndpoints.API, "https://api.amazon.com") + "/user/profile"
	oauth.Profile = func(ctx context.Context, api *oidc.API) (map[string]any, error) {
		person, err := api.Get(ctx, profile)
		if err != nil {
			return nil, err
		}
		return rename(person, map[string]string{
			"user_id": "sub", "name": "name", "email": "email", "postal_code": "postal_code",
		}), nil
	}
	return oidc.NewOAuth(oauth)
}
