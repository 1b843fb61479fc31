// Package domain finds out where somebody signs in from the domain of their
// e-mail address (home-realm discovery), for domains whose ownership is proved.
//
// An application makes one [Directory]:
//
//	directory, err := domain.New(domain.Config{Key: key, Store: store})
//
// When a customer says that a domain is theirs, [Directory.Challenge] tells what
// they have to write into its DNS:
//
//	_stepwell-challenge.example.com  TXT  stepwell-domain-verification=3q2-7w...
//
// [Directory.Claim] looks for it, and then adds the domain together with the name
// of the provider that its people sign in at. From then on a sign-in page that has
// asked for an address calls [Directory.ProviderFor], and goes to that provider;
// a user pool does so itself, with this method as its Config.HomeRealm.
// [Directory.Run] looks for the proofs again, day by day, for domains are sold and
// companies part.
//
// # What it proves
//
// Whoever can write to the DNS of a domain decides where its people sign in. It
// is not who they are: that is the provider's word, and an account is the pair of
// provider and subject, never the address. A provider may still say of people
// that their addresses are in other domains than those that were proved for it.
//
// # Advice
//
// The owner is a customer of the application, under the name that the application
// gave them, never one that they chose. Check that the provider in a [Claim] is
// theirs.
//
// Tell owners to leave the record in the DNS, and tell them when it is gone: that
// is what Config.OnChange is for.
//
// ProviderFor tells anybody whether a domain is in the directory, and of which
// provider it is. It says nothing about whether a person has an account. Ask it
// for any address, known or not.
//
// The answers of the DNS are as genuine as the resolver makes them: use one that
// validates (DNSSEC) and is reached over a network that you trust.
//
// # Promises
//
// A domain has one owner at a time. It counts while its proof is in the DNS, and
// for Config.Grace after it has gone. A DNS that does not answer changes nothing,
// until the proof was not seen for Config.MaxAge. Domains under which anybody gets
// an address or a domain cannot be claimed: public suffixes (of the list of
// publicsuffix.org, as of this module's golang.org/x/net), well-known providers of
// free mailboxes, and Config.SharedDomains.
//
// Names are compared in one canonical form; an address that is not plainly
// local@domain has no domain. Subdomains belong to a domain only where its claim
// says so, and one that is in the directory itself has its own owner.
//
// Nothing is kept about a challenge, and it is compared in constant time. Looking
// up one address asks the store at most eight times. All that matters is in the
// Store, so any number of processes may use one; a Directory is safe for
// concurrent use.
package domain
