// Package commonpassword tells whether a password is one that others have thought of too, without asking anybody: the list that NIST
// SP 800-63B-4 (3.1.1.2) and OWASP ASVS (6.2.4, 6.2.11) want a new password compared with.
//
// [Contains] refuses the passwords of a list, patterns such as "1qaz2wsx3edc4rfv" and "aaaaaaaabbbbbbbb", and both in the disguises that
// everybody thinks of: case, p@ssw0rd, backwards, doubled, dashes in between, and up to four characters before and after, in which a
// year or a sequence counts as one. [ContainsWord] refuses a password that is little more than the name of its owner or of the service.
// Both take the password as it will be hashed, in Unicode form NFC. They take some ten microseconds and no memory.
//
// What several common words make together is not refused: three of a list of so many are a passphrase, and long lists annoy people
// without stopping an attacker who may only try a hundred times. Of random passwords of twelve letters and digits one in ten thousand is
// refused by chance, of eight one in 130, and of passphrases of three words or more next to none. Digits alone fare worse, as dates and
// sequences are frequent in them: of random numbers of twelve digits, one in 45 is refused.
//
// # The list
//
// The program holds not the words but 40 bits of the SHA-256 of each, 37,000 in 147 kB: nothing is unpacked when a program starts, a
// search costs a hash and a few comparisons, and a binary does not have words in it that nobody wants to find there. A text that is not in
// the list is taken for one that is with a probability of 37,000 / 2^40, or 1 in 30 million. For one password some sixty parts are looked
// up, so that a hash refuses one in 500,000 by mistake.
//
// table.bin is made from testdata by the test of this package, which fails when it is not up to date:
//
//	go test -run TestTable -update
//
// testdata/words.txt.gz has the words of others, in order; NOTICE says whose, under which licence, and how they were chosen.
// testdata/core.txt has those that were written by hand. A word that is a pattern, or a shorter word with digits around it, is left out of
// the table, as it is found anyway.
package commonpassword
