package social_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/social"
)

// Sending somebody to Google, and letting in the people of one company only.
func ExampleGoogle() {
	provider, err := social.Google(social.GoogleConfig{
		ClientID:      "1234-abcd.apps.googleusercontent.com",
		ClientSecret:  "GOCSPX-from-the-console",
		HostedDomains: []string{"example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	var _ federation.Provider = provider
	fmt.Println(provider.Issuer())
	// Output: https://accounts.google.com
}

// An application that offers several.
func Example() {
	gitHub, err := social.GitHub(social.GitHubConfig{ClientID: "Iv1.abc", ClientSecret: "from-the-settings"})
	if err != nil {
		log.Fatal(err)
	}
	amazon, err := social.Amazon(social.AmazonConfig{ClientID: "amzn1.application-oa2-client.abc", ClientSecret: "from-the-console"})
	if err != nil {
		log.Fatal(err)
	}
	providers := map[string]federation.Provider{"github": gitHub, "amazon": amazon}

	// Somebody presses the button of GitHub. The state is random, and kept with
	// pending for this browser: see package oidc.
	state := "k3uYw0sQ1dGJm5H2bXc7Rf9Zt4Va8Le6Pn0Oi1UyTrE"
	next, pending, err := providers["github"].Begin(context.Background(), "https://shop.example/callback/github", state)
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/sign-in/github", nil))
	location, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Code, location.Host, location.Query().Get("scope"), len(pending) > 0)
	// Output: 303 github.com read:user user:email true
}

// A wrong value of the console is told when the program starts.
func ExampleApple() {
	_, err := social.Apple(social.AppleConfig{
		ClientID: "com.example.shop", TeamID: "DEF123GHIJ", KeyID: "ABC123DEFG", PrivateKey: []byte("AuthKey_ABC123DEFG.p8"),
	})
	fmt.Println(err)
	// Output: oidc: PrivateKey is not the content of a .p8 file: -----BEGIN PRIVATE KEY----- and so on
}
