package social

import (
	"github.com/stepwell/stepwell/federation/oidc"
)

// consumers is the tenant in which Microsoft keeps all personal accounts.
const consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"

// MicrosoftConfig is an app registration in the Microsoft Entra admin center whose
// supported account types include personal Microsoft accounts.
type MicrosoftConfig struct {
	// ClientID is the "Application (client) ID", and ClientSecret the value of a
	// client secret. Required.
	ClientID, ClientSecret string

	Options
}

// Microsoft returns the provider for personal Microsoft accounts: outlook.com,
// hotmail.com, Xbox and the like. Accounts of companies and schools are for package
// azuread. It asks for openid, profile and email.
//
// All personal accounts are in one tenant with a fixed ID, and its signing keys are
// its own: a token of another tenant, and one that a key of another tenant signed, is
// refused. Everything is in the ID token, so userinfo is not asked. The address
// is what the person typed, or whatever the account was made with; Microsoft says
// nothing about it, so email_verified is missing.
func Microsoft(config MicrosoftConfig) (*oidc.Provider, error) {
	if config.ClientSecret == "" {
		return nil, invalid("ClientSecret is empty; the app registration shows its value once, when it is made")
	}
	openID := config.openID("https://login.microsoftonline.com/"+consumers+"/v2.0", config.ClientID, config.ClientSecret)
	openID.SkipUserInfo = true
	openID.Tenants = &oidc.TenantRule{Allowed: func(tenant string) bool { return tenant == consumers }}
	return oidc.New(openID)
}
