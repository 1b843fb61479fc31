// Package srp is the server's side of the Secure Remote Password protocol as Amazon Cognito has it: SRP-6a (RFC 5054) with the group of
// 3072 bits, g = 2, SHA-256, numbers hashed as Java writes them, and a signature over a secret block and the time. With it a user proves
// that they know their password, or a device that it has its secret, and the server learns neither. The package is pure: it keeps no state
// and reads no clock.
//
// # A walk
//
// When a password is set, [NewVerifier] makes the [Verifier] to store. For a device, whose client makes it, [ParseVerifier] reads it.
//
// A client begins with USERNAME and SRP_A. The server reads the Verifier of the user, or takes that of [Fake] if there is no such user or
// none is stored, and calls [Verifier.Challenge]. It keeps the [Challenge], sealed, and answers with SALT, SRP_B and SECRET_BLOCK.
//
// The client answers with a [Claim]. The server takes the Challenge, so that it is gone, reads the Verifier again, holds [ParseTimestamp]
// of the claim against its clock, and asks [Challenge.Verify].
//
// For a device, the key of its group stands in the place of the pool, and its own key in that of the user.
//
// # Advice
//
// A Verifier protects the password from whoever steals it no better than a fast hash does: store it sealed, and only for those who need
// SRP. A [Challenge] gives the Verifier away, as v = (B ∓ g^b)/k. One that can be answered more than once is a place to guess passwords
// at, and to measure b.
//
// Bound the number of challenges and of answers by account, as for passwords. Each sign-in costs three exponentiations of 3072 bits.
//
// # What B would tell
//
// SRP asks for a g whose powers are all the numbers below N. The g of Cognito, 2, has only half of them: the squares. So B - k*g^x, which
// is g^b, would be a square for the right password, and for each wrong one with a chance of only one half. Anybody can ask for challenges,
// and forty of them would be enough to sort out a list of 2^40 passwords at home, without one failed sign-in. So for half of the
// challenges, at random, [Verifier.Challenge] makes B = k*v - g^b. As -1 is no square, ±g^b is evenly spread over all the numbers, and B
// tells nothing. Clients notice no difference: the secret that they compute is then S or -S, as their exponent a + u*x is even or odd, and
// [Challenge.Verify] tries both. Which of the two a challenge is must stay as secret as b.
//
// # What is hidden, and what is not
//
// Neither what is returned nor which work is done tells whether a Verifier is real, or in which way a claim is wrong; signatures are
// compared in constant time.
//
// The exponentiations are those of math/big, which are not in constant time. Their secret exponents are x, once for each new password, and
// b. Both have 256 bits, and the number of multiplications depends only on how many 64-bit words an exponent has, which is four but for a
// chance of 2^-64. What does depend on them is which of 16 entries of a table is read for each four bits, and now and then one subtraction
// more. A b is drawn for one challenge, where it is used twice with bases that are fixed by then, so that there is nothing to average over
// for one who measures over a network. One who shares the caches of the machine might read it at once, and then has v: this package does
// not defend against them. Blinding the exponent would not either, since one trace of a blinded exponent is as good as one of b.
//
// The exponent u is public. The base v is not, but is only multiplied.
package srp
