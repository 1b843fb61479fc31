// Package passwordhash makes, reads and verifies password hashes.
//
// # A walk
//
// [New] hashes a new password with argon2id and returns the PHC string to store. [Parse] reads a stored string, whatever system made it,
// into a [Hash]; [Hash.Verify] tells whether a password is the right one. Where [Hash.Current] says no, the caller stores New of the
// password that was right. [Decoy] stands in for a user who is not there.
//
// Users who come from elsewhere bring their hashes with them. Parse knows these forms:
//
//	$argon2id$v=19$m=19456,t=2,p=1$salt$hash           PHC; argon2i too
//	$2b$12$salt and hash                               bcrypt; $2a$ and $2y$ too
//	$scrypt$ln=17,r=8,p=1$salt$hash                    PHC, as passlib writes it
//	$pbkdf2-sha256$i=600000$salt$hash                  PHC, with or without ",l=" for the length of the hash; pbkdf2-sha512 too
//	$pbkdf2-sha256$29000$salt$hash                     passlib; pbkdf2-sha512 too
//	pbkdf2_sha256$1000000$salt$hash                    Django
//	$firebase-scrypt$ln=14,r=8$salt$separator$stream   Firebase Authentication, by [FirebaseConfig.Encode]
//
// # Bounds
//
// A string that asks for too much is refused by Parse, before anything is allocated for it. One verification takes at most 256 MiB of
// memory ([Hash.Memory] says how much) and, on one core of today, about two seconds:
//
//	argon2     memory 8 KiB to 256 MiB, 1 to 64 passes, memory times passes at most 1 GiB, 1 to 16 lanes
//	bcrypt     cost 4 to 14
//	scrypt     memory (128 * N * r) at most 256 MiB, memory times p at most 512 MiB, r at most 64, p at most 16
//	PBKDF2     4,000,000 iterations, counted once for each block of the hash
//	all        salts of 1 to 128 bytes (argon2: from 8), hashes of 16 to 128 bytes, strings and passwords of at most 1024 bytes
//
// # Promises
//
// A string is read in one way or not at all: numbers have no sign and no leading zeros, base64 has no stray bits, and parameters stand once
// each, in the order of their format. Hashes are compared in constant time. Errors never hold salts or hashes, nor any text that is not a
// number. All functions may be called from several goroutines at once.
//
// No password is ever truncated. What bcrypt reads are 72 bytes of the password, repeated with a NUL in between, so that a longer one has
// twins, and so has one with a NUL: such a password is the right one for no bcrypt hash, though it takes as long to say so.
package passwordhash
