package social

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"

	"github.com/stepwell/stepwell/federation/oidc"
)

// FacebookConfig is an app in Meta's dashboard with the product "Facebook Login".
type FacebookConfig struct {
	// AppID and AppSecret are shown under "App settings", "Basic". Required.
	AppID, AppSecret string

	// Version is that of the Graph API, such as "v25.0". Empty means "v23.0".
	// Facebook answers requests for a version that it has withdrawn with the oldest
	// that is left.
	Version string

	Options
}

var graphVersion = regexp.MustCompile(`^v[1-9][0-9]?\.[0-9]$`)

// Facebook returns the provider for Facebook accounts. It asks for public_profile
// and email. Each request to the Graph API has appsecret_proof, so the app can be set
// to require it.
//
// The subject is the app-scoped ID of the person. Attributes: id, name, first_name,
// last_name, email and picture as Facebook calls them, and sub, given_name and
// family_name. There is no email if the account has none, or if the person does not
// give it away.
func Facebook(config FacebookConfig) (*oidc.OAuthProvider, error) {
	version := or(config.Version, "v23.0")
	if !graphVersion.MatchString(version) {
		return nil, invalid("Version is not one of the Graph API, such as v23.0")
	}
	oauth := config.oauth("https://www.facebook.com", Endpoints{
		Authorization: "https://www.facebook.com/" + version + "/dialog/oauth",
		Token:         "https://graph.facebook.com/" + version + "/oauth/access_token",
	}, config.AppID, config.AppSecret, "public_profile", "email")
	me := or(config.InsecureEndpoints.API, "https://graph.facebook.com/"+version) + "/me"
	oauth.Profile = func(ctx context.Context, api *oidc.API) (map[string]any, error) {
		return facebookProfile(ctx, api, me, config.AppSecret)
	}
	return oidc.NewOAuth(oauth)
}

func facebookProfile(ctx context.Context, api *oidc.API, me, appSecret string) (map[string]any, error) {
	// Shows that the request comes from whoever knows the app's secret: a stolen
	// access token alone is then of no use.
	proof := hmac.New(sha256.New, []byte(appSecret))
	proof.Write([]byte(api.AccessToken()))
	person, err := api.Get(ctx, me+"?"+url.Values{
		"fields":          {"id,name,first_name,last_name,email,picture"},
		"appsecret_proof": {hex.EncodeToString(proof.Sum(nil))},
	}.Encode())
	if err != nil {
		return nil, err
	}
	id, ok := person["id"].(string)
	if !ok || !isDigits(id) {
		return nil, unusable("Facebook's id of the person is not digits in a string")
	}
	claims := rename(person, map[string]string{
		"id": "sub", "name": "name", "first_name": "given_name", "last_name": "family_name", "email": "email",
	})
	picture, _ := person["picture"].(map[string]any)
	data, _ := picture["data"].(map[string]any)
	if address, ok := data["url"].(string); ok && address != "" {
		claims["picture"] = address
	}
	return claims, nil
}
