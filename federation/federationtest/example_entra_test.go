package federationtest_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"

	"github.com/stepwell/stepwell/federation/federationtest"
)

// A directory that answers as the public cloud does, without a network.
func ExampleNewEntra() {
	directory, err := federationtest.NewEntra(federationtest.EntraConfig{
		LoginURL: "https://login.microsoftonline.com",
		GraphURL: "https://graph.microsoft.com",
		Apps: []federationtest.EntraApp{{
			ClientID:       "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
			SignInAudience: federationtest.AudienceMultipleOrgs,
			RedirectURIs:   []string{"https://shop.example/callback"},
			Secrets:        []string{"secret"},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	resp, err := directory.HTTPClient().Get("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var metadata struct{ Issuer string }
	if err := json.NewDecoder(resp.Body).Decode(&metadata); err != nil {
		log.Fatal(err)
	}
	fmt.Println(metadata.Issuer)
	// Output: https://login.microsoftonline.com/{tenantid}/v2.0
}

// A token of one tenant that claims to be of another one.
func ExampleEntra_IDToken() {
	const app = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	directory, err := federationtest.NewEntra(federationtest.EntraConfig{
		LoginURL: "https://login.microsoftonline.com",
		Apps:     []federationtest.EntraApp{{ClientID: app}},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = directory.IDToken(app, federationtest.ContosoTenantID, "alice@contoso.example", func(claims map[string]any) {
		claims["tid"] = "72f988bf-86f1-41af-91ab-2d7cd011db47"
		fmt.Println(claims["iss"])
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: https://login.microsoftonline.com/c0470500-0000-4000-8000-000000000001/v2.0
}

// The directory blocks a sign-in, and its key changes without notice.
func ExampleEntraHooks() {
	directory, err := federationtest.NewEntra(federationtest.EntraConfig{LoginURL: "http://localhost:8080"})
	if err != nil {
		log.Fatal(err)
	}
	directory.SetHooks(federationtest.EntraHooks{
		Refuse: func(endpoint string, _ *http.Request) *federationtest.EntraError {
			return &federationtest.EntraError{Code: 53003, OAuth: "access_denied", Message: "Access has been blocked by Conditional Access policies.", Back: true}
		},
	})
	if err := directory.RotateKey(); err != nil {
		log.Fatal(err)
	}
	directory.RetireKeys()
	// Output:
}
