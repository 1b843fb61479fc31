package domain_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/stepwell/stepwell/federation/domain"
)

// dns answers in the place of the DNS.
type dns map[string][]string

func (d dns) LookupTXT(_ context.Context, name string) ([]string, error) {
	return d[strings.TrimSuffix(name, ".")], nil
}

// A customer proves that a domain is theirs, and its people are sent to their provider.
func ExampleDirectory() {
	zone := dns{}
	directory, err := domain.New(domain.Config{
		Key:      []byte("32 random bytes from a key store"),
		Store:    domain.NewMemoryStore(),
		Resolver: zone, // left out in production
	})
	if err != nil {
		log.Fatal(err)
	}
	claim := domain.Claim{Owner: "customer-17", Domain: "Example.com", Provider: "ExampleEntra"}

	_, err = directory.Claim(context.Background(), claim)
	var refused *domain.Error
	if errors.Is(err, domain.NotProved) && errors.As(err, &refused) {
		fmt.Println("Write a TXT record", refused.Challenge.Name)
		zone[refused.Challenge.Name] = []string{refused.Challenge.Value}
	}
	if _, err := directory.Claim(context.Background(), claim); err != nil {
		log.Fatal(err)
	}
	for _, email := range []string{"ada@EXAMPLE.com", "ada@sub.example.com", "ada@evil.org@example.com"} {
		name, err := directory.ProviderFor(context.Background(), email)
		fmt.Printf("%s: %q %v\n", email, name, err)
	}
	// Output:
	// Write a TXT record _stepwell-challenge.example.com
	// ada@EXAMPLE.com: "ExampleEntra" <nil>
	// ada@sub.example.com: "" <nil>
	// ada@evil.org@example.com: "" <nil>
}

// Nobody is the owner of a domain where anybody gets an address.
func ExampleDirectory_Challenge() {
	directory, err := domain.New(domain.Config{Key: []byte("32 random bytes from a key store"), Store: domain.NewMemoryStore()})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"gmail.com", "co.uk", "not a domain"} {
		_, err := directory.Challenge("customer-17", name)
		fmt.Println(err)
	}
	// Output:
	// domain: gmail.com gives addresses to anybody, so no organization is its owner
	// domain: co.uk is a public suffix, under which anybody gets a domain; give the domain of the organization
	// domain: "not a domain" has spaces or characters that do not print
}
