package diagnostic_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/mapping"
)

// A test page, and a link to it for a customer.
func Example() {
	rules, err := mapping.New(mapping.EntraSAML())
	if err != nil {
		log.Fatal(err)
	}
	test, err := diagnostic.New(diagnostic.Config{
		BaseURL: "https://app.example.com/sign-in-test",
		Key:     []byte("32 random bytes from a key store"),
		Title:   "Example",
		Provider: func(_ context.Context, name string) (diagnostic.Target, error) {
			if name != "contoso" {
				return diagnostic.Target{}, errors.New("no such provider")
			}
			// In the place of fake: a provider of oidc, saml or azuread.
			return diagnostic.Target{Provider: fake{}, Label: "Contoso", Mapping: rules}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sign-in-test/", test)

	link, err := test.Link("contoso", 0)
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, link, nil))
	fmt.Println(w.Code, strings.Contains(w.Body.String(), "Test the sign-in with Contoso"))
	fmt.Println(test.CallbackURL())
	// Output:
	// 200 true
	// https://app.example.com/sign-in-test/callback
}

// A report for a page of the application's own, at its own callback URL.
func ExampleExamine() {
	rules, err := mapping.New(mapping.Rules{Attributes: []mapping.Attribute{{To: "email", From: []string{"mail"}, Required: true}}})
	if err != nil {
		log.Fatal(err)
	}
	callback := httptest.NewRequest(http.MethodGet, "https://app.example.com/callback?state=...", nil)
	provider := fake{subject: "248289761001", attributes: map[string][]string{"Mail": {"ada@example.com"}}}
	pending := []byte("what Begin returned")

	report := diagnostic.Examine(callback, provider, pending, diagnostic.Options{Name: "contoso", Mapping: rules})
	fmt.Println(report.OK, report.Subject)
	for _, p := range report.Problems {
		fmt.Println(p.Title)
		fmt.Println(p.Change)
	}
	// Output:
	// false 248289761001
	// The attribute email is required and did not come
	// The rule takes it from mail. The provider sent Mail, which is nearly that: change the name in the rule, or at the provider.
}
