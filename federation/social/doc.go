// Package social signs people in with the accounts that they have already:
// Google, Apple, Facebook, Amazon, GitHub and Microsoft's personal accounts. Each
// constructor asks for what the provider's developer console shows, and knows the
// rest: endpoints, scopes, and what the provider does in a way of its own.
//
// A program makes those that it offers:
//
//	google, err := social.Google(social.GoogleConfig{
//		ClientID:     "1234-abcd.apps.googleusercontent.com",
//		ClientSecret: os.Getenv("GOOGLE_SECRET"),
//	})
//
// and uses each as a federation.Provider: Begin, keep what is pending, Finish. The
// documentation of package oidc, on which all of this stands, says how, and what it
// promises: bounds, errors, checks. Every error is an [oidc.Error].
//
// Register the callback URL in the console, exactly, one for each provider.
//
// # The providers
//
// Type is what Amazon Cognito calls such a provider (the constants of this package),
// for the field of that name in a user pool's Provider.
//
//	Google     TypeGoogle     OpenID Connect
//	Apple      TypeApple      OpenID Connect; the client secret is a signed token
//	Microsoft  TypeOIDC       OpenID Connect; personal accounts only
//	Facebook   TypeFacebook   OAuth 2.0 and the Graph API
//	Amazon     TypeAmazon     OAuth 2.0 and the profile endpoint
//	GitHub     TypeOIDC       OAuth 2.0 and the REST API
//
// At the first three, Finish verifies an ID token, and VerifyLogin takes one that an
// application on a phone got. The last three sign nothing: all trust is in the
// connection to them.
//
// # Who it is
//
// The subject is the provider's ID for the person, and the account is the pair of
// provider and subject. It differs from one client (Facebook, Microsoft) or
// developer team (Apple) to another: who moves to another client, moves to other
// subjects. Addresses and user names are no identity; on GitHub a name that was
// given up may be taken by anybody.
//
// # Attributes
//
// Attributes have the names of OpenID Connect where there is one (name, given_name,
// family_name, preferred_username, picture, email, email_verified), and those of
// Facebook, Amazon and GitHub their provider's own names as well, so that a
// Cognito mapping goes on working: first_name, user_id, login.
//
// email_verified is there where the provider says something about the address, and
// "true" only if it vouches for it:
//
//   - Google: as it says. It is the authority for gmail.com and for the domains in
//     its claim hd; an account of Google with another address was proved by a message
//     to it, some time ago.
//   - Apple: always true. The text "true", which Apple sends as well, counts here
//     and nowhere else.
//   - GitHub: the primary address, if it is verified; otherwise there is no email.
//   - Facebook, Amazon and Microsoft do not say, so email_verified is missing.
//
// # Advice
//
// Apple tells the name at the first sign-in only, and not in signed form: the
// browser brings it. Keep it then; whoever signs in can choose it freely.
//
// Apple answers by a cross-site POST. A cookie that binds the state to the browser
// must have SameSite=None to come along.
package social
