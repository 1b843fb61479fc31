package mapping_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/mapping"
)

// What Entra ID sends by SAML, with groups by their object IDs.
func Example() {
	rules := mapping.EntraSAML()
	rules.Grants = []mapping.Grant{
		{Group: "admins", If: mapping.Condition{Attribute: mapping.EntraGroups, Equals: []string{"0b7f0f4e-8f39-4e0b-9d0c-6c3f2c8d6a10"}}},
		{Role: "auditor", If: mapping.Condition{Attribute: mapping.EntraRoles, Equals: []string{"Audit.Read"}}},
	}
	m, err := mapping.New(rules)
	if err != nil {
		log.Fatal(err)
	}
	result, err := m.Apply(map[string][]string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": {"ada@contoso.com"},
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname":    {"Ada"},
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname":      {"Lovelace"},
		"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups":     {"0b7f0f4e-8f39-4e0b-9d0c-6c3f2c8d6a10"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Attributes["name"], result.Attributes["email"])
	fmt.Println(result.Groups, result.Roles)
	// Output:
	// [Ada Lovelace] [ada@contoso.com]
	// [admins] []
}

// Rules that are kept as JSON, for instance one per customer.
func ExampleParse() {
	m, err := mapping.Parse([]byte(`{
		"attributes": [
			{"to": "email", "from": ["mail"], "steps": [{"lower": true}], "required": true},
			{"to": "department", "from": ["memberOf"], "steps": [{"match": "CN=Dept-([^,]+),.*"}], "values": "first"}
		],
		"grants": [{"group": "contoso/{value}", "if": {"attribute": "memberOf", "prefix": "team-"}}]
	}`))
	if err != nil {
		log.Fatal(err)
	}
	result, err := m.Apply(map[string][]string{
		"mail": {"Ada@Contoso.com"}, "memberOf": {"CN=Dept-Research,DC=contoso", "team-engine"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Attributes["email"], result.Attributes["department"], result.Groups)

	_, err = m.Apply(map[string][]string{"Mail": {"ada@contoso.com"}})
	fmt.Println(errors.Is(err, mapping.MissingAttribute))
	fmt.Println(err)
	// Output:
	// [ada@contoso.com] [Research] [contoso/team-engine]
	// true
	// mapping: rule "attribute 1: email": the provider did not send what is required: "email" (from "mail"); it sent "Mail"
}

// What each rule saw and did.
func ExampleMapping_Explain() {
	m, err := mapping.New(mapping.Rules{Attributes: []mapping.Attribute{
		{To: "email", From: []string{"mail", "email"}, Steps: []mapping.Step{{Lower: true}}},
		{To: "city", From: []string{"l"}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	_, traces, err := m.Explain(map[string][]string{"email": {"Ada@Contoso.com"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range traces {
		fmt.Printf("%s %s %s %s %s %s %q\n", t.To, t.Outcome, t.From, t.Saw, t.Steps, t.Got, t.Why)
	}
	// Output:
	// email made [email] [Ada@Contoso.com] [made letters small] [ada@contoso.com] ""
	// city nothing [] [] [] [] "the provider sent none of the attributes it takes"
}

// A provider whose attributes are mapped is used in the place of the provider.
func ExampleProvider() {
	var contoso federation.Provider // from oidc, saml or azuread
	m, err := mapping.New(mapping.EntraOIDC())
	if err != nil {
		log.Fatal(err)
	}
	if contoso != nil {
		contoso = mapping.Provider(contoso, m)
	}
	fmt.Println(contoso)
	// Output: <nil>
}
