// Package usercsv reads the comma-separated values that users are imported from, in the format of Amazon Cognito.
//
// [NewReader] reads the header, and [Reader.Next] one row after the other. A row that is malformed is returned with a [Fault], and the
// next one is read all the same. [Boolean], [Birthdate] and [Epoch] read the values that are not plain text.
//
// The data is UTF-8 without a byte order mark. The first line names the columns, in any order, each once. Values are separated by commas. A
// comma in a value is written \, and a backslash \\; there are no quotes and no other escapes, so that a value has no line breaks. A line ends
// with a line feed, or a carriage return and a line feed; empty lines are passed over. There are at most [MaxBytes] bytes, [MaxRows] rows,
// and [MaxRowLength] characters in a line.
//
// # Promises
//
// Memory is bounded, whatever is read. No input makes this package panic. Messages never hold a value, which may be personal or secret.
package usercsv
