// Package federation is about people who sign in elsewhere: at an employer's
// directory, at a social network, at another organization's identity provider.
//
// Each way of doing so is a package of its own below this one, and every one
// that sends a browser away and takes it back has the shape of [Provider]:
//
//   - oidc is a relying party for any OpenID Connect provider;
//   - saml is a service provider of SAML 2.0, for any identity provider;
//   - azuread is Microsoft Entra ID, which was called Azure AD, by either;
//   - social has Google, Apple, Facebook, Amazon, GitHub and Microsoft's
//     personal accounts ready made;
//   - mapping turns what a provider says into an application's attributes,
//     groups and roles, by rules;
//   - domain finds the provider of an e-mail domain whose owner has proved it;
//   - diagnostic shows an administrator what a test sign-in gave, and what is
//     wrong;
//   - federationtest has providers to sign in at in tests and demonstrations.
//
// A sign-in is two requests of the same browser. The application calls Begin,
// stores what it returned as pending under a state of its own making, bound to
// that browser, and answers with the handler. The provider sends the browser
// back to the callback URL. There the application takes the pending value out
// of its store, which makes it single use, checks that the state belongs to
// this browser, and calls Finish.
//
// # What a subject is
//
// Finish says who signed in: a subject. It is unique at that one provider and
// means nothing anywhere else, so an account is the pair of provider and
// subject. Never find an account by the email address among the attributes:
// providers let people type in addresses which are not theirs, and reassign
// those which are.
package federation
