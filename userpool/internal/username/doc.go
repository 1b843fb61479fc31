// Package username gives names that people choose for themselves one canonical form, and tells which names a person would take for one
// another.
//
// A sign-up calls [Canonical] on what was typed, and stores what it returns under a unique index; every later operation calls it again
// before it looks a name up, so that all spellings are one account with one lockout. The sign-up also stores [Skeleton] of the canonical
// name under a unique index of its own: a name that a person could take for somebody else's has the same skeleton, and is refused.
// Sign-in needs no skeleton: only the canonical name finds the account.
//
// Show people the canonical form, not what was typed: it is the one that the skeleton has been made for.
//
// # What is promised
//
// Both functions are idempotent, and give the same result in every process, whatever its locale. A canonical name is of 1 to
// [MaxLength] characters, which are letters, digits, marks and the visible characters of ASCII except "@"; it is normalized (NFC), has
// nothing invisible, and is of one script, or of the scripts that Japanese, Korean or Bopomofo text is made of. It looks like no e-mail
// address and no phone number, so that it cannot stand for somebody's alias.
//
// The tables are those of the golang.org/x/text and the unicode package that the program is built with: Unicode 15 up to Go 1.26, 17 from
// 1.27. A character that is assigned later is refused until then. No accepted name changes its canonical form, as Unicode guarantees
// stability. A skeleton is stable as long as the tables of this package are: whoever changes them computes all stored skeletons anew.
//
// # Where it departs from RFC 8265
//
// The canonical form is that of the profile UsernameCaseMapped, or UsernameCasePreserved for a pool that tells capitals from small letters
// (RFC 8265, 3.3 and 3.4), except that:
//
//   - five letters of Armenian, Thai and Lao, which the profile refuses as compatibility characters although their languages are hardly
//     written without them, are replaced with what they decompose into (U+0587, U+0E33, U+0EB3, U+0EDC, U+0EDD);
//   - small letters that share a capital are one letter in a name that ignores case, as σ and ς are: the profile would tell ΝΙΚΟΣ from νικος;
//   - joiners, which the profile allows in some places, are refused, as are letters of excluded scripts, marks for musical notes and symbols,
//     more than four marks in a row, mixtures of scripts, and mixtures of digits of several kinds (UTS 39, 5.1 to 5.4).
//
// The Bidi Rule is applied to names with right-to-left characters only, as RFC 8265 says and the profiles of golang.org/x/text do not.
// Full case conversions are not applied: "straße" and "STRASSE" are two names.
package username
