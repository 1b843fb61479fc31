package federationtest

import (
	"crypto"
	"crypto/x509"
	"io"
	"time"
)

// MSATenantID is the tenant of personal Microsoft accounts, the same everywhere.
const MSATenantID = "9188040d-6c67-4c5b-b112-36a304b66dad"

// GraphAppID is what Microsoft Graph is called as an application and an audience.
const GraphAppID = "00000003-0000-0000-c000-000000000000"

// EntraConfig says what an Entra holds.
type EntraConfig struct {
	// LoginURL stands for https://login.microsoftonline.com: an http or https
	// URL without query, fragment or trailing slash. Issuers of version 2.0 and
	// all addresses are below it. Required by NewEntra; NewEntraServer sets it,
	// unless it is given: then the handler speaks as that cloud, and is reached
	// by Entra.HTTPClient.
	LoginURL string
	// GraphURL stands for https://graph.microsoft.com. Empty means LoginURL: the
	// same handler answers both.
	GraphURL string
	// STSURL is the beginning of the issuers of version 1.0 and of the SAML
	// entity IDs, which are names only. Empty means https://sts.windows.net.
	STSURL string
	// Tenants are the organizations. Empty means Contoso, with Alice and Bob.
	// One with the ID MSATenantID holds the personal accounts.
	Tenants []EntraTenant
	// Apps are the app registrations. More may be added with AddApp.
	Apps []EntraApp
	// Hooks are the first hooks; see SetHooks.
	Hooks EntraHooks
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Rand is where codes, tokens and identifiers come from. Nil means
	// crypto/rand.Reader, which is also read where Rand fails. It must be safe
	// for concurrent use.
	Rand io.Reader
}

// ContosoTenantID is the tenant that an Entra has when it is given none.
const ContosoTenantID = "c0470500-0000-4000-8000-000000000001"

// EntraTenant is an organization in the directory.
type EntraTenant struct {
	// ID is its GUID. Required, unique.
	ID string
	// DisplayName is what people call it. Empty means the first domain.
	DisplayName string
	// Domains are its verified domain names. The first is the primary one.
	// Required but for the tenant MSATenantID.
	Domains []string
	// Users are its people. More may be added with SetUser.
	Users []EntraUser
	// Groups describe groups which are not plain security groups. A group that
	// occurs in EntraUser.Groups only is a security group.
	Groups []EntraGroup
}

// EntraGroup is a group of a tenant.
type EntraGroup struct {
	// ID is its object ID, a GUID. Required.
	ID string
	// Unified means a Microsoft 365 group, which is not a security group.
	Unified bool
	// MemberOf are the IDs of groups that it is a member of, whose members its
	// own members are too.
	MemberOf []string
}

// EntraUser is an account in a tenant. An account that is known to two tenants,
// at home and as a guest, is two users with two object IDs.
type EntraUser struct {
	// ObjectID is the GUID of the account in this tenant. Empty means one that
	// is computed from tenant and UserPrincipalName.
	ObjectID string
	// UserPrincipalName is the name that the person signs in with. Required,
	// unique in the tenant. It can be changed by SetUser with the same ObjectID.
	UserPrincipalName string
	// Mail is the address of the account. Anything may stand here: the
	// administrator types it in.
	Mail string
	// DisplayName, GivenName and Surname name the person.
	DisplayName, GivenName, Surname string
	// Guest marks somebody of another organization, whose account here is a
	// reference. They sign in at this tenant with their UserPrincipalName here or
	// their Mail.
	Guest bool
	// HomeTenant is the tenant that a guest comes from: an ID of a tenant,
	// MSATenantID, or empty for somebody with a one-time code by mail.
	HomeTenant string
	// Groups are object IDs of groups that the account is a member of.
	Groups []string
	// DirectoryRoles are template IDs of roles, such as the one of a Global
	// Administrator: 62e90394-69f5-4237-9190-012177145e10.
	DirectoryRoles []string
	// MFA means that the person signs in with a second factor.
	MFA bool
	// Disabled accounts cannot sign in.
	Disabled bool
	// Properties are other values by their names in claim rules, such as
	// "user.employeeid" or "user.department".
	Properties map[string]string
}

// Who may sign in to an app (signInAudience of its manifest).
const (
	AudienceMyOrg            = "AzureADMyOrg" // the default
	AudienceMultipleOrgs     = "AzureADMultipleOrgs"
	AudienceOrgsAndPersonal  = "AzureADandPersonalMicrosoftAccount"
	AudiencePersonalAccounts = "PersonalMicrosoftAccount"
)

// Which groups go into tokens (groupMembershipClaims of an app's manifest).
const (
	GroupsNone           = "None" // the default
	GroupsSecurity       = "SecurityGroup"
	GroupsDirectoryRoles = "DirectoryRole"    // no groups but wids
	GroupsAll            = "All"              // groups of all kinds, and wids
	GroupsOfApplication  = "ApplicationGroup" // those that are assigned to the app
)

// EntraApp is an app registration together with its enterprise application.
type EntraApp struct {
	// ClientID is the application (client) ID, a GUID. Required, unique.
	ClientID string
	// Tenant is the ID of the tenant that it is registered in. Empty means the
	// first one.
	Tenant string
	// DisplayName is what people see. Empty means ClientID.
	DisplayName string
	// SignInAudience is one of the Audience constants. Empty means AudienceMyOrg.
	// An app for several organizations has been consented to everywhere.
	SignInAudience string
	// RedirectURIs are its callback URLs, compared exactly, but for the port of
	// http://localhost. They are also where it may send people after signing out.
	RedirectURIs []string
	// LogoutURL is the front-channel logout URL.
	LogoutURL string
	// Secrets are its client secrets; all of them are good.
	Secrets []string
	// ExpiredSecrets are secrets that have run out.
	ExpiredSecrets []string
	// Certificates verify its client assertions (private_key_jwt).
	Certificates []*x509.Certificate
	// FederatedCredentials let it authenticate with tokens of other issuers.
	FederatedCredentials []FederatedCredential
	// Public marks a public client: it authenticates by nothing and needs PKCE.
	Public bool
	// OptionalClaims of ID tokens: acct, auth_time, ctry, email, family_name,
	// given_name, login_hint, sid, tenant_ctry, upn, verified_primary_email,
	// xms_edov.
	OptionalClaims []string
	// EDOVAsText writes xms_edov as "1" and "0" instead of true and false.
	EDOVAsText bool
	// KeepUnverifiedEmail is removeUnverifiedEmailClaim=false: the tokens of an
	// app for several organizations carry addresses that nobody has verified.
	KeepUnverifiedEmail bool
	// GroupMembershipClaims is one of the Groups constants. Empty means GroupsNone.
	GroupMembershipClaims string
	// AssignedGroups are those that GroupsOfApplication gives.
	AssignedGroups []string
	// AppRoles are the values of app roles by the object ID or the
	// UserPrincipalName of those who have them.
	AppRoles map[string][]string
	// AssignmentRequired lets only those sign in who are in AppRoles.
	AssignmentRequired bool
	// IDTokenImplicit lets the authorization endpoint return ID tokens
	// (response_type id_token and "code id_token").
	IDTokenImplicit bool
	// AccessTokenVersion of tokens for this app as a resource: 1, the default,
	// or 2 (accessTokenAcceptedVersion).
	AccessTokenVersion int
	// GraphPermissions are the delegated permissions that were consented to, such
	// as User.Read. Empty means User.Read.
	GraphPermissions []string
	// GraphApplicationPermissions are those that it has by itself.
	GraphApplicationPermissions []string
	// FollowingOrigins are origins, such as http://localhost:3000, to which its
	// callback redirects in turn; see Client.FollowingOrigins.
	FollowingOrigins []string
	// SAML makes it an application that signs in by SAML too.
	SAML *EntraSAML
}

// FederatedCredential says which tokens of another issuer an app may
// authenticate with.
type FederatedCredential struct {
	Issuer, Subject string
	// Audience of the token. Empty means api://AzureADTokenExchange.
	Audience string
	// Keys verify the token's signature: RSA keys for RS256, P-256 keys for
	// ES256. The real service fetches them from Issuer.
	Keys []crypto.PublicKey
}

// EntraSAML is the configuration of single sign-on by SAML.
type EntraSAML struct {
	// Identifiers are the entity IDs of the application. At least one.
	Identifiers []string
	// ReplyURLs are its assertion consumer services. The first is the default.
	ReplyURLs []string
	// LogoutURL is where logout messages go. Empty means none do.
	LogoutURL string
	// RelayState goes with sign-ins that start at the portal.
	RelayState string
	// Sign says what is signed. Empty means SignAssertion.
	Sign SAMLSigned
	// SHA1 signs with SHA-1.
	SHA1 bool
	// NameIDFormat of the name when the request asks for none. Empty means
	// NameIDEmailAddress, as the portal presets it.
	NameIDFormat string
	// NameIDSource is the property that the name is taken from. Empty means
	// user.userprincipalname. Where the property is empty, the name is pairwise.
	NameIDSource string
	// Claims replace the preset attributes from properties of the user. Nil
	// means the presets: givenname, surname, emailaddress and name.
	Claims []EntraClaim
	// RequestCertificates verify signed requests.
	RequestCertificates []*x509.Certificate
	// RequireSignedRequests refuses others.
	RequireSignedRequests bool
	// EncryptionCertificate, when it is set, encrypts the assertions.
	EncryptionCertificate *x509.Certificate
	// Encryption is one of the Encrypt constants. Empty means EncryptAES256CBC.
	Encryption string
	// UnsignedLogout leaves logout messages unsigned.
	UnsignedLogout bool
}

// EntraClaim is an attribute that an administrator has configured.
type EntraClaim struct {
	// Name is the whole name of the attribute.
	Name string
	// Source is a property such as user.mail, user.objectid or user.employeeid,
	// or a constant in double quotes.
	Source string
}

func defaultEntraTenants() []EntraTenant {
	person := func(name, given string) EntraUser {
		return EntraUser{
			UserPrincipalName: name + "@contoso.example", Mail: name + "@contoso.example",
			DisplayName: given + " Example", GivenName: given, Surname: "Example",
		}
	}
	return []EntraTenant{{
		ID: ContosoTenantID, DisplayName: "Contoso", Domains: []string{"contoso.example"},
		Users: []EntraUser{person("alice", "Alice"), person("bob", "Bob")},
	}}
}
