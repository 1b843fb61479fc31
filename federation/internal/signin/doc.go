// Package signin is what a sign-in at another provider needs by whichever protocol: [Redirect] sends the browser there, [Hash] is how the
// state is remembered and [Equal] how it is compared when the browser is back, and [IsOneAddress] judges the e-mail address that the
// provider says the person has.
package signin
