// Package policy reads policy documents in the AWS IAM policy language and
// decides with them. It is pure: no clock, no network, no store, no state.
//
// A program does two things with it. It parses each document once, when the
// document is written or when the program starts:
//
//	document, err := policy.Parse([]byte(`{
//	  "Version": "2012-10-17",
//	  "Statement": {
//	    "Effect": "Allow",
//	    "Action": "notes:*",
//	    "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"
//	  }
//	}`))
//
// and it asks, for each request, whether the documents of the caller allow it:
//
//	decision := policy.Evaluate(policy.Request{
//		Action:   "notes:Read",
//		Resource: "arn:app:notes:::eu-west-1:6f3c…/shopping",
//		Context:  map[string][]string{"cognito-identity.amazonaws.com:sub": {"eu-west-1:6f3c…"}},
//	}, document)
//	if !decision.Allowed { … }
//
// # The language
//
// A document has a Version, which must be given, and a Statement: one object
// or an array of them. A statement has Effect ("Allow" or "Deny", exactly
// so), Action and Resource (one string or an array), and optionally a Sid. An
// action is "*" or service:name; the name may hold the wildcards * (any text)
// and ? (any one character) and is compared without regard to ASCII case. A
// resource is "*" or an ARN, arn:partition:service:region:account:resource.
// Each of its six parts is compared apart, with regard to case, and may hold
// wildcards, but for the service. In the last part * also spans "/" and ":".
//
// In a document of version 2012-10-17 the last part of a resource may hold
// variables: ${key} and ${key, 'default'}, and ${*}, ${?}, ${$} for the three
// characters themselves. The value of a variable is text: a * or ${ inside it
// means itself. A statement whose variable has no value, or several, matches
// nothing. In a document of version 2008-10-17 there are no variables and ${ is
// text.
//
// An explicit Deny in any document wins. Without one, one Allow in any document
// is enough. What nothing allows is denied.
//
// # Not supported
//
// Condition, NotAction, NotResource, Principal, NotPrincipal and Id are
// refused by [Parse] with an error that says so; so are ARNs of fewer than
// six parts. No element is ever ignored.
//
// # Advice
//
// Parse when a document is written and refuse the document then: the error
// names the place. Write Deny statements without variables where you can: a
// variable without a value makes any statement match nothing, a Deny too.
// Never build a document by pasting values into its text; use variables.
//
// # Promises
//
// Keys of a document are compared exactly; unknown, duplicate and case-variant
// keys are refused. A [Document] that Parse has returned never fails later, is
// never changed, and may be used by many goroutines. The cost of one evaluation
// is bounded: documents are limited by [MaxDocumentSize], patterns by
// [MaxPatternSize], requests by [MaxResourceSize] and [MaxActionSize], and
// matching reads the text once.
package policy
