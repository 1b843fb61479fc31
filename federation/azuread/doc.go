// Package azuread signs people in at Microsoft Entra ID, which was called Azure AD: by
// OpenID Connect with a [Provider], or by SAML with a [SAMLProvider]. It stands on
// packages oidc and saml, asks for nothing but what an administrator reads off the
// portal, and knows what is particular about the directory.
//
// # By OpenID Connect
//
// The administrator makes an app registration (Entra admin center > App registrations
// > New registration) with the callback URL as a redirect URI of the platform Web, and
// a client secret or, better, a certificate under Certificates & secrets. The program
// takes over what the page Overview shows:
//
//	provider, err := azuread.New(azuread.Config{
//		Tenant:       "c0470500-0000-4000-8000-000000000001", // Directory (tenant) ID
//		ClientID:     "3f2504e0-4f89-41d3-9a0c-0305e82c3301", // Application (client) ID
//		ClientSecret: os.Getenv("ENTRA_SECRET"),
//	})
//
// For the people of several organizations, the registration is multitenant, Tenant is
// "organizations", and AllowedTenants names those that may sign in.
//
// Under Token configuration the administrator adds the optional claims that the program
// uses: email and xms_edov for addresses, sid for being told of logouts, login_hint for
// logging out without a question, auth_time for MaxAge and Reauthenticate, acct for
// guests, given_name and family_name; and the groups claim, with Security groups.
//
// # By SAML
//
// The administrator makes an enterprise application (Enterprise applications > New
// application > Create your own) and sets up single sign-on with the Identifier, Reply
// URL and Logout URL of the service provider, which can be uploaded as its metadata.
// The program takes over the "App Federation Metadata Url", or tenant and application
// ID:
//
//	provider, err := azuread.NewSAML(azuread.SAMLConfig{
//		ServiceProvider: sp, // made with saml.New
//		Tenant:          "c0470500-0000-4000-8000-000000000001",
//		AppID:           "3f2504e0-4f89-41d3-9a0c-0305e82c3304",
//	})
//
// # Signing in
//
// Both are a federation.Provider, with the same steps as package oidc: Begin, a state
// bound to the browser, Finish. BeginHint spares people from typing their address again,
// FinishSession, BeginLogout, FinishLogout and ReceiveLogout are for logouts in both
// directions, VerifyLogin is for the identity pool, and SAMLProvider.FinishUnsolicited
// for people who start at the portal My Apps.
//
// # Who it is
//
// The subject is "<tenant ID>.<object ID>", GUIDs in small letters: see [Subject]. Both
// stay the same for as long as the account lives, and are never given to another one.
// It is the same by both protocols and in all applications, so that a program can change
// from one to the other and keep its accounts. The tenant is there even if there is a
// single one, so that a second one can follow. A guest has another object ID in each
// tenant, and is another subject.
//
// The name, the address and the user principal name are none of this: they change, are
// given to others, and are what some administrator has typed in. The claim sub is
// another one in each application.
//
// # Attributes
//
// Attributes are those of package oidc or saml, under their own names, and these, which
// are the same by both:
//
//   - tid and oid: the tenant and the object ID.
//   - name, given_name, family_name, preferred_username, upn.
//   - email, if it is one plain address; email_verified with it, always. It is "true"
//     only if the ID token has this very address and says by xms_edov (true or 1, as
//     JSON or as text) that the owner of its domain was verified. By SAML it is "false".
//   - groups: object IDs, unless the administrator has chosen names. roles: app roles.
//     wids: the template IDs of directory roles.
//   - groups_missing: see below.
//   - guest: "true" or "false", where that is known from acct, or from idp, the identity
//     provider of the account.
//   - acr; amr, by SAML after authnmethodsreferences: "pwd", "mfa", and what is not known
//     as it is. Entra ID leaves them out of ID tokens of version 2.0.
//   - iss. By OpenID Connect also sub, the pairwise one, and all other claims.
//
// The names in an assertion such as
// http://schemas.microsoft.com/ws/2008/06/identity/claims/groups stay there besides. What
// an assertion itself calls tid, oid, sub, iss, idp, acr, amr, email_verified, guest or
// groups_missing is left out.
//
// # Many groups
//
// With more than 200 groups an ID token, and with more than 150 an assertion, names an
// address in the place of groups. That address is not asked: it may be anybody's, and
// Microsoft's own is out of date. [Groups] says what happens: as a rule Graph is asked,
// in the application's own name or with the access token of the sign-in, for at most
// 11,000 groups; and the sign-in fails if Graph does not say them, because a program that
// decides by groups is not to decide without. For others there are OverageWithout and
// OverageIgnore, and the attribute groups_missing says why there are none.
//
// # When it does not work
//
// The directory gives its errors numbers such as AADSTS50105. [Explain] turns an error
// into a sentence that says what to change, and where in the portal; it is in the text of
// errors too, and package diagnostic shows it. [ExplainText] does so for what a person
// has copied from a page.
//
// # Advice
//
// Give Tenant as a GUID. A domain can be moved to another tenant.
//
// Never link an account to an existing one by its address, unless email_verified is
// "true" and the tenant is one that you know to own the domain.
//
// With AllowAnyTenant, everybody is let in who makes a tenant, in which they are the
// administrator: roles and groups mean nothing but in tenants that you know. Keep what
// belongs to an organization apart by tid.
//
// Give SAML the metadata's URL, not a file: certificates change, every three years at the
// latest. Leave requests without AuthnContext and NameIDFormat. Do not encrypt, if https
// is enough: the directory encrypts with AES-CBC.
//
// A front-channel logout comes in a frame, without cookies: find sessions by their ID.
// There is no back-channel logout; end sessions here after some hours.
//
// # Promises
//
// An ID token is accepted only if its tenant may sign in, its issuer is that tenant's,
// and its key is for that issuer; personal accounts only with AllowPersonalAccounts. An
// access token does not pass for an ID token. By SAML, the tenant is the one whose key
// signed.
//
// The directory and Graph are asked within the bounds of package oidc: https, no
// redirects, no cookies, 10 seconds, 1 MiB; Graph for 30 seconds in all, and its pages
// are followed at Graph only. Access tokens of the application's own are kept until five
// minutes before they end, for up to 1,000 tenants, and are asked for once however many
// wait. Nothing of a sign-in is kept, so its two halves may run in different processes.
//
// Every error is an *Error that errors.Is compares with a Code of this package, and with
// the codes of oidc or saml where those refused something. It contains no secret.
package azuread
