package mapping

// Names of attributes that presets and applications use. The long ones are
// claim types of Entra ID and AD FS, which are Names of SAML attributes.
const (
	claimsXMLSOAP    = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	claimsMicrosoft  = "http://schemas.microsoft.com/identity/claims/"
	claimsWSIdentity = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"

	// EntraObjectID is the person's object ID, EntraTenantID that of their tenant.
	EntraObjectID = claimsMicrosoft + "objectidentifier"
	EntraTenantID = claimsMicrosoft + "tenantid"
	// EntraGroups are object IDs of groups, unless the administrator chose names,
	// and EntraRoles the app roles that a person has for this application.
	EntraGroups = claimsWSIdentity + "groups"
	EntraRoles  = claimsWSIdentity + "role"
	// ADFSGroups is what AD FS calls groups where a rule sends them by its own
	// template.
	ADFSGroups = "http://schemas.xmlsoap.org/claims/Group"
)

// from is a rule that takes the first of some attributes, and of their values
// the first.
func from(to string, names ...string) Attribute {
	return Attribute{To: to, From: names, Values: First}
}

// EntraSAML returns rules for what Entra ID sends by SAML unless its
// administrator changed it: the standard attributes email, name, given_name,
// family_name and preferred_username, of which Entra proves none.
//
// An address is what somebody in that tenant typed. For this reason nothing
// says here that it is verified. Add grants with If.Attribute [EntraGroups] or
// [EntraRoles].
func EntraSAML() Rules {
	return Rules{Attributes: []Attribute{
		from("email", claimsXMLSOAP+"emailaddress"),
		from("name", claimsMicrosoft+"displayname"),
		{To: "name", Join: []string{claimsXMLSOAP + "givenname", claimsXMLSOAP + "surname"}},
		from("given_name", claimsXMLSOAP+"givenname"),
		from("family_name", claimsXMLSOAP+"surname"),
		from("preferred_username", claimsXMLSOAP+"name", claimsXMLSOAP+"upn"),
	}}
}

// EntraOIDC returns rules for the claims of Entra ID by OpenID Connect. Groups
// are in the claim "groups", as object IDs, and app roles in "roles".
// email_verified is there only where the relying party says so.
func EntraOIDC() Rules {
	return Rules{Attributes: []Attribute{
		from("email", "email"),
		from("email_verified", "email_verified"),
		from("name", "name"),
		from("given_name", "given_name"),
		from("family_name", "family_name"),
		from("preferred_username", "preferred_username", "upn", "unique_name"),
		from("locale", "xms_pl"),
	}}
}

// ADFS returns rules for the claim types that AD FS and its rule templates send
// by SAML. AD FS sends nothing for which its administrator has made no rule.
// Groups are in [EntraRoles] or [ADFSGroups], according to the template.
func ADFS() Rules {
	return Rules{Attributes: []Attribute{
		from("email", claimsXMLSOAP+"emailaddress", "http://schemas.xmlsoap.org/claims/EmailAddress"),
		from("name", "http://schemas.xmlsoap.org/claims/CommonName", claimsXMLSOAP+"name"),
		{To: "name", Join: []string{claimsXMLSOAP + "givenname", claimsXMLSOAP + "surname"}},
		from("given_name", claimsXMLSOAP+"givenname"),
		from("family_name", claimsXMLSOAP+"surname"),
		from("preferred_username", claimsXMLSOAP+"upn", claimsWSIdentity+"windowsaccountname"),
	}}
}

// OktaSAML returns rules for the attribute statements that Okta's documentation
// proposes, under each of the names that are in use. Groups are in the attribute
// that the administrator gave the group attribute statement, "groups" as a rule.
func OktaSAML() Rules {
	return Rules{Attributes: []Attribute{
		from("email", "email", "Email", "user.email"),
		from("given_name", "firstName", "FirstName", "user.firstName", "given_name"),
		from("family_name", "lastName", "LastName", "user.lastName", "family_name"),
		from("name", "displayName", "DisplayName", "user.displayName", "name"),
		{To: "name", Join: []string{"firstName", "lastName"}},
		{To: "name", Join: []string{"FirstName", "LastName"}},
		from("preferred_username", "login", "userName", "user.login"),
	}}
}

// Standard returns rules for the standard claims of OpenID Connect Core section
// 5.1, which Okta, Google, Keycloak, Auth0 and others send: each under its own
// name.
func Standard() Rules {
	names := []string{
		"email", "email_verified", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
		"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "updated_at",
	}
	var rules Rules
	for _, name := range names {
		rules.Attributes = append(rules.Attributes, from(name, name))
	}
	return rules
}

// GoogleWorkspaceSAML returns rules for a custom SAML application of Google
// Workspace whose attribute mapping has the names that its documentation
// proposes. Google sends no attributes for which there is no mapping; the
// address is the NameID then, which federation/saml gives as "saml:NameID".
func GoogleWorkspaceSAML() Rules {
	return Rules{Attributes: []Attribute{
		from("email", "email", "Email", "primaryEmail", "mail"),
		{
			To: "email", From: []string{"saml:NameID"}, Values: First,
			When: &Condition{Attribute: "saml:NameIDFormat", Equals: []string{"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}},
		},
		from("given_name", "firstName", "first_name", "FirstName", "givenName"),
		from("family_name", "lastName", "last_name", "LastName", "sn"),
		{To: "name", Join: []string{"firstName", "lastName"}},
		{To: "name", Join: []string{"first_name", "last_name"}},
	}}
}

// LDAP returns rules for attributes named as in a directory: by the object
// identifiers that Shibboleth and the research federations use (urn:oid:..., the
// profile of eduPerson and inetOrgPerson), or by their short names.
func LDAP() Rules {
	return Rules{Attributes: []Attribute{
		from("email", "urn:oid:0.9.2342.19200300.100.1.3", "mail"),
		from("name", "urn:oid:2.16.840.1.113730.3.1.241", "displayName", "urn:oid:2.5.4.3", "cn"),
		from("given_name", "urn:oid:2.5.4.42", "givenName"),
		from("family_name", "urn:oid:2.5.4.4", "sn"),
		{To: "name", Join: []string{"urn:oid:2.5.4.42", "urn:oid:2.5.4.4"}},
		{To: "name", Join: []string{"givenName", "sn"}},
		from("preferred_username", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName", "urn:oid:0.9.2342.19200300.100.1.1", "uid"),
		from("phone_number", "urn:oid:2.5.4.20", "telephoneNumber"),
		from("locale", "urn:oid:2.16.840.1.113730.3.1.39", "preferredLanguage"),
	}}
}
