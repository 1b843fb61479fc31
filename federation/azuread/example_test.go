package azuread_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/saml"
)

// One organization, and a client secret.
func ExampleNew() {
	provider, err := azuread.New(azuread.Config{
		Tenant:       "c0470500-0000-4000-8000-000000000001",
		ClientID:     "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
		ClientSecret: os.Getenv("ENTRA_SECRET"),
	})
	if errors.Is(err, azuread.InvalidConfig) {
		fmt.Println(err)
		return
	}
	_ = provider
	// Output: azuread: there is no ClientSecret, Certificate with Key, or FederatedCredential; is the environment variable set that it comes from?
}

// The people of two organizations, and a certificate in the place of a secret.
func ExampleNew_severalTenants() {
	certificate, key := certificateAndKey()
	provider, err := azuread.New(azuread.Config{
		Tenant:      "organizations",
		ClientID:    "3f2504e0-4f89-41d3-9a0c-0305e82c3302",
		Certificate: certificate,
		Key:         key,
		AllowedTenants: []string{
			"c0470500-0000-4000-8000-000000000001", // Contoso
			"fab41ca0-0000-4000-8000-000000000002", // Fabrikam
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = provider
	// Output:
}

// On Kubernetes with workload identity, there is no secret at all: the token that the
// cluster gives the pod is the credential.
func ExampleConfig_federatedCredential() {
	config := azuread.Config{
		Tenant:   "c0470500-0000-4000-8000-000000000001",
		ClientID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
		FederatedCredential: func(context.Context) (string, error) {
			token, err := os.ReadFile(os.Getenv("AZURE_FEDERATED_TOKEN_FILE")) // it is replaced before it ends
			return strings.TrimSpace(string(token)), err
		},
	}
	if _, err := azuread.New(config); err != nil {
		log.Fatal(err)
	}
	// Output:
}

// A list of customers that changes while the program runs.
func ExampleConfig_allowTenant() {
	customers := map[string]bool{"c0470500-0000-4000-8000-000000000001": true} // of a database
	_, err := azuread.New(azuread.Config{
		Tenant:       "organizations",
		ClientID:     "3f2504e0-4f89-41d3-9a0c-0305e82c3302",
		ClientSecret: "the value of the secret",
		AllowTenant:  func(tenant string) bool { return customers[tenant] },
	})
	fmt.Println(err)
	// Output: <nil>
}

// SAML, with the URL that the page Single sign-on shows.
func ExampleNewSAML() {
	sp, err := saml.New(saml.Config{
		PoolID:  "eu-central-1_Example",
		BaseURL: "https://login.shop.example",
		Replay:  saml.NewMemoryReplayStore(), // the user pool, where there are several processes
	})
	if err != nil {
		log.Fatal(err)
	}
	provider, err := azuread.NewSAML(azuread.SAMLConfig{
		ServiceProvider: sp,
		MetadataURL: "https://login.microsoftonline.com/c0470500-0000-4000-8000-000000000001" +
			"/federationmetadata/2007-06/federationmetadata.xml?appid=3f2504e0-4f89-41d3-9a0c-0305e82c3304",
	})
	if err != nil {
		log.Fatal(err)
	}
	name, err := provider.EntityID(context.Background())
	fmt.Println(name, err)
	fmt.Println(sp.EntityID(), sp.ACSURL())
	// Output:
	// https://sts.windows.net/c0470500-0000-4000-8000-000000000001/ <nil>
	// urn:amazon:cognito:sp:eu-central-1_Example https://login.shop.example/saml2/idpresponse
}

// What went wrong, for the log, the person and the administrator.
func ExampleExplain() {
	finish := func(*http.Request) error { // Finish of a Provider
		return &oidc.Error{Code: oidc.AccessDenied, Message: "the sign-in was cancelled or denied at the provider",
			ProviderCode: "access_denied", ProviderDescription: "AADSTS50105: Your administrator has configured the application to block users ..."}
	}
	err := finish(nil)
	switch {
	case errors.Is(err, azuread.TenantNotAllowed):
		fmt.Println("Your organization has not been registered here yet.")
	case errors.Is(err, oidc.AccessDenied):
		fmt.Println(azuread.Explain(err))
	}
	// Output: AADSTS50105: The person is not assigned to the application. Assign them, or a group they are a direct member of, under Enterprise applications > your application > Users and groups; or set Assignment required to No under Enterprise applications > your application > Properties.
}

// An account that is made before the person has signed in for the first time.
func ExampleSubject() {
	subject, err := azuread.Subject("c0470500-0000-4000-8000-000000000001", "A11CE000-0000-4000-8000-000000000001")
	fmt.Println(subject, err)
	// Output: c0470500-0000-4000-8000-000000000001.a11ce000-0000-4000-8000-000000000001 <nil>
}

// An application that works without groups as well, and says so where it has none.
func ExampleGroups() {
	_, err := azuread.New(azuread.Config{
		Tenant:       "c0470500-0000-4000-8000-000000000001",
		ClientID:     "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
		ClientSecret: "the value of the secret",
		Groups:       azuread.Groups{Overage: azuread.OverageWithout},
	})
	if err != nil {
		log.Fatal(err)
	}
	show := func(attributes map[string][]string) {
		if why := attributes[azuread.AttributeGroupsMissing]; why != nil {
			fmt.Println("Some pages are not shown:", why[0])
		}
	}
	show(map[string][]string{"groups": {"90009000-0000-4000-8000-000000000001"}})
	// Output:
}

func certificateAndKey() (*x509.Certificate, crypto.Signer) {
	return keyPair().certificate, keyPair().key
}
