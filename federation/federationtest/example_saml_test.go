package federationtest_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/stepwell/stepwell/federation/federationtest"
)

// A SAML identity provider for a demonstration, at a path of the application's own server.
func ExampleNewSAML() {
	provider, err := federationtest.NewSAML(federationtest.SAMLConfig{
		BaseURL: "http://localhost:8080/idp",
		ServiceProviders: []federationtest.ServiceProvider{{
			EntityID: "urn:amazon:cognito:sp:pool", ACSURLs: []string{"http://localhost:8080/saml2/idpresponse"},
		}},
		Users: []federationtest.SAMLUser{{
			Name: "jane", NameID: "jane@example.com", NameIDFormat: federationtest.NameIDEmailAddress,
			Attributes: []federationtest.SAMLAttribute{{Name: "groups", Values: []string{"staff", "admins"}}},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/idp/", provider)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/idp/metadata", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 application/samlmetadata+xml
}

// An assertion for another application, well signed.
func ExampleSAMLProvider_Assertion() {
	provider, err := federationtest.NewSAML(federationtest.SAMLConfig{
		BaseURL:          "http://localhost:8080",
		KeyType:          "ECDSA",
		ServiceProviders: []federationtest.ServiceProvider{{EntityID: "shop", ACSURLs: []string{"https://shop.example/acs"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	assertion, err := provider.Assertion("shop", "alice", "", func(m *federationtest.SAMLResponse) {
		m.Audiences = []string{"another shop"}
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(assertion), "<saml:Audience>another shop</saml:Audience>"))
	// Output: true
}

// A response whose signature is good for one assertion, and which carries another one before it.
func ExampleSAMLHooks() {
	provider, err := federationtest.NewSAML(federationtest.SAMLConfig{
		BaseURL:          "http://localhost:8080",
		KeyType:          "ECDSA",
		ServiceProviders: []federationtest.ServiceProvider{{EntityID: "shop", ACSURLs: []string{"https://shop.example/acs"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	forged, err := provider.Assertion("shop", "bob", "", func(m *federationtest.SAMLResponse) { m.Sign = federationtest.SignNothing })
	if err != nil {
		log.Fatal(err)
	}
	provider.SetHooks(federationtest.SAMLHooks{
		SignedAssertion: func(xml []byte) []byte { return append(forged, xml...) },
	})
	response, err := provider.ResponseXML("shop", "alice", "", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(string(response), "<saml:Assertion"), strings.Count(string(response), "<ds:Signature "))
	// Output: 2 1
}
