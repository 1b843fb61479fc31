package main

import (
	"fmt"
	"strings"

	"github.com/stepwell/stepwell/federation/azuread"
)

// tenant is what an administrator has at hand, from the pages of the app registration and of the enterprise application.
type tenant struct {
	// id is the Directory (tenant) ID, clientID the Application (client) ID of the app registration, and clientSecret the Value of one of
	// its client secrets.
	id, clientID, clientSecret string
	// samlAppID is the Application ID of the enterprise application for SAML.
	samlAppID string
	// admins is the object ID of the group whose members are administrators here; empty for none.
	admins string
	// domain is the domain of the people's addresses; empty for none.
	domain string
	// endpoints are those of the fake tenant, or empty.
	endpoints azuread.Endpoints
}

// The environment variables of a real tenant.
const (
	envTenant = "AZURE_TENANT_ID"
	envClient = "AZURE_CLIENT_ID"
	envSecret = "AZURE_CLIENT_SECRET"
	envSAML   = "AZURE_SAML_APP_ID"
	// These two may be set as well.
	envAdmins = "AZURE_ADMIN_GROUP_ID"
	envDomain = "AZURE_DOMAIN"
)

// fake tells whether this program plays the tenant.
func (t tenant) fake() bool { return t.endpoints != (azuread.Endpoints{}) || t.id == "" }

// tenantOf reads the environment: all four variables for a real tenant, or none.
func tenantOf(getenv func(string) string) (tenant, error) {
	t := tenant{
		id: getenv(envTenant), clientID: getenv(envClient), clientSecret: getenv(envSecret), samlAppID: getenv(envSAML),
		admins: getenv(envAdmins), domain: getenv(envDomain),
	}
	var missing []string
	for name, value := range map[string]string{envTenant: t.id, envClient: t.clientID, envSecret: t.clientSecret, envSAML: t.samlAppID} {
		if value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 && len(missing) < 4 {
		return t, fmt.Errorf("set %s too, for a real tenant, or none of the four, for the fake one", strings.Join(missing, " and "))
	}
	return t, nil
}
