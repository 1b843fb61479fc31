// Package userfilter reads the filter of the operation ListUsers, as Cognito defines it, and has the folding with which its values are
// compared.
//
// [Parse] makes a [Filter] of text such as
//
//	family_name = "Lovelace"
//	email ^= "ada@"
//	custom:team *= "engine"
//
// that is: the name of one attribute, an operator, and a value in double quotes, with optional spaces around each. In a value, a double
// quote is written \" and a backslash \\; every other character stands for itself, so no value means anything to a database or a regular
// expression. The filter has at most [MaxLength] characters. An empty one, or one of nothing but spaces, is for all users.
//
// Two things go beyond Cognito: the operator *= for values that have the text anywhere, and custom attributes, which Cognito cannot search.
//
// Values are compared folded: a store indexes [Fold] of each value that it holds, byte by byte, and is asked for Fold of the value in the
// filter. So all stores find the same users, whatever the collation of their database.
package userfilter
