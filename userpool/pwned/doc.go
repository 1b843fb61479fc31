// Package pwned tells whether a password is known from a breach: it asks Pwned Passwords, the service of Have I Been Pwned, or a mirror of
// it, or a copy of the corpus on the machine. NIST SP 800-63B-4 (3.1.1.2) and OWASP ASVS (6.2.12) want new passwords checked so.
//
// # A walk
//
// A program makes a [Checker] with [New] and gives it to its pool:
//
//	checker, err := pwned.New(pwned.Config{})
//	pool, err := userpool.New(userpool.Config{BreachChecker: checker, ...})
//
// The pool calls [Checker.Breached] for each new password that has passed all other checks. The Checker sends the first five of the forty
// hexadecimal digits of the password's SHA-1, gets the rest of all hashes in the corpus that begin so, a thousand or so, with how often
// each was seen, and looks whether that of the password is among them (the range protocol, version 3: GET /range/21BD1).
//
// Where no question may leave the network, there are two other ways. [NewFile] looks passwords up in the file that the downloader of Have I
// Been Pwned writes, of tens of gigabytes; that takes some forty small reads for a password. Or a web server inside serves the ranges, as
// the same downloader writes them one by one, below Config.URL.
//
// # Advice
//
// What the service learns: that somebody at the address of this server tries one of some thousand passwords of the corpus, or of countless
// ones that are in no corpus. Neither a user nor the password, nor whether it was found. Padding hides from who watches the connection, by
// the length of the answer, which of the ranges it is. A site that does not even want that uses NewFile, and a site in whose privacy notice
// other services are listed lists this one.
//
// Decide what happens when the service does not answer. By default a pool lets the password pass and logs the Error (fail open): the
// service is a second net, behind the rules of the pool, and its failure should not keep people from changing a stolen password. Who has to
// refuse the password instead (fail closed) should use NewFile, which fails only with the disk.
//
// Leave MinCount at 1. A larger one refuses fewer passwords, but a password that was seen once is in the lists that attackers try.
//
// Ask for new passwords, not at each sign-in: the service is free, and somebody waits.
//
// # Promises
//
// Of a password, nothing leaves the process but those five digits, and nothing is kept or logged. An Error holds nothing of it, not even
// the five digits.
//
// A question takes at most Config.Timeout, or ends with its context. An answer has at most 1 MiB, and is read to its end wherever the
// password is found, so that the service cannot tell. Compression is not asked for, and refused. Redirects are followed on the same host
// only, at most three, and never from https to http. There is no second try.
//
// An answer counts only if it is whole and each of its lines is as the protocol says; whatever else comes, such as the page of a captive
// portal, is an Error and never "not breached". Hashes may be in upper or lower case. A line whose count is 0 is padding. An empty answer
// is an Error, too: a mirror with an empty range answers with a line of padding.
//
// Nothing is shared but connections: a Checker and a File may be used by many goroutines. No goroutine runs between questions but those
// of the HTTP transport that keep connections alive.
package pwned
