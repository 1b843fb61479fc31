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
// and it asks, for each request, whether all documents that have a say allow it:
//
//	policies := policy.Policies{Identity: []*policy.Document{document}}
//	var context policy.Context
//	context.Set("cognito-identity.amazonaws.com:sub", "eu-west-1:6f3c…")
//	decision := policies.Evaluate(&policy.Request{
//		Action:   "notes:Read",
//		Resource: "arn:app:notes:::eu-west-1:6f3c…/shopping",
//		Context:  &context,
//	})
//	if !decision.Allowed { … }
//
// There is a parser for each place where a document can stand: [Parse] for
// policies of users and roles, boundaries, session policies and service control
// policies; [ParseResource] for policies of resources, which have principals;
// [ParseTrust] for the trust policies of roles. [Policies.Evaluate] states the
// order in which they decide. [Policies.Explain] decides the same and tells what
// each statement did and why not; its String is for a log. [WhoCan], [WhatCan]
// and [Simulate] answer what somebody may do without a request, and [Lint]
// reports what parses but may not be meant.
//
// # Documents
//
// A document has a Version, which must be given, a Statement, one object or an
// array of them, and may have an Id. A statement has Effect ("Allow" or "Deny",
// exactly so), Action or NotAction, Resource or NotResource, and may have a Sid
// and a Condition. In a policy of a resource it has Principal or NotPrincipal
// as well; in a trust policy Principal, and no Resource. Where a list may stand,
// one value may stand alone.
//
// An action is "*" or service:name; the name may hold the wildcards * (any text)
// and ? (any one character) and is compared without regard to ASCII case. A
// resource is "*" or an ARN, arn:partition:service:region:account:resource.
// Each of its six parts is compared apart, with regard to case, and may hold
// wildcards, but for the service. In the last part * also spans "/" and ":".
//
// A principal is "*", or an object of "AWS" (an account; the ARN of its root, of
// a user, a role, a session; a unique identifier; "*"), "Federated", "Service"
// and "CanonicalUser". There are no wildcards in it but "*" for everyone. A Deny
// with NotPrincipal excepts a caller only when all their names are listed: the
// session, its role and the account. An Allow with NotPrincipal is for callers
// none of whose names is listed.
//
// # Conditions
//
// All operators of the language are there: String, Numeric, Date, Bool, Binary,
// IpAddress, Arn and Null, with …IfExists and the prefixes ForAllValues and
// ForAnyValue on all but Null. The values of a key are alternatives, of a negated
// operator none may fit; keys and operators must all hold. A key that the request
// does not have makes a positive operator false and a negated one true;
// …IfExists makes both true; ForAllValues is true and ForAnyValue false.
//
// Values may be JSON strings, and numbers or booleans, which are read as they are
// written. Numbers have at most 18 digits; whole ones are compared exactly. A
// date is one of the six formats of the W3C's note on ISO 8601, from 2026 to
// 2026-01-31T18:00:00.5+01:00, or seconds since 1970; four digits are a year.
// Addresses are IPv4 and IPv6; an IPv4 address that is written as IPv6 is the
// IPv4 address. BinaryEquals compares base64 text; the request has base64 too.
// The values of an Arn operator are ARNs, each part of which may have wildcards
// and variables, or one variable that stands for a whole ARN. Keys are compared
// without regard to ASCII case; IgnoreCase operators compare by Unicode's simple
// folding.
//
// A key that has several values needs ForAllValues or ForAnyValue. Without one,
// and where a value of the request is not what the operator compares (a Numeric
// operator and "many", see also [Context]), the condition cannot be decided: an
// Allow does not match then, and a Deny that everything else lets match denies
// the request, as [ReasonUndecidable].
//
// # Variables
//
// In a document of version 2012-10-17 the last part of a resource and the values
// of String, Arn and Bool operators may hold variables: ${key} and
// ${key, 'default'}, and ${*}, ${?}, ${$} for the three characters themselves. The
// value of a variable is text: a * or ${ inside it means itself. A variable
// without value or default fits nothing, so a negated operator holds; in
// NotResource it makes the statement undecidable, as above, and so does a variable
// whose key has several values. In a document of version 2008-10-17 there are no
// variables and ${ is text.
//
// # Not supported
//
// Resource control policies, access control lists, and the keys that services
// compute are not here: a [Context] has what the program puts into it. Some
// things that AWS takes are refused, with an error that says so: a document
// without a Version, empty arrays and objects, ARNs of fewer than six parts,
// actions such as "*:*", "*" as an action of a trust policy, a Federated or
// Service principal "*", and more than [MaxVariables] variables in a value. No
// element is ever ignored.
//
// # Advice
//
// Parse when a document is written and refuse the document then: the error
// names the place, the line and the column. Show what [Lint] finds to whoever
// writes it. Write Deny statements without variables where you can, or with
// defaults: a variable without a value makes a Deny match nothing. The value of a
// variable may be empty, and may hold "/" and ":": put text on both sides of it,
// and use keys whose values users cannot choose. Never build a document by pasting
// values into its text; use variables. Guard what guests may do with a set of
// Session rather than with care in their role. An Allow of a resource policy that
// names the caller or everyone is not limited by boundaries and session policies;
// write a Deny for what must never be.
//
// Show a decision or a trace to whoever runs the program, never to the caller.
//
// # Promises
//
// Keys of a document are compared exactly; unknown, duplicate and case-variant
// keys are refused. A [Document] that a parser has returned never fails later, is
// never changed, and may be used by many goroutines. What cannot be judged is
// denied. Neither the order of documents nor that of statements matters.
//
// The cost of one evaluation is bounded: documents are limited by
// [MaxDocumentSize] and its like, values by [MaxPatternSize], requests by
// [MaxResourceSize], [MaxActionSize], [MaxValues] and [MaxValuesSize], and
// matching never goes back in the text by more than one attempt at a time.
// [Policies.Evaluate] does not allocate, with two exceptions: an address that
// has colons and is none, and a pattern that has a variable beside other text
// between two stars when comparing it place by place would take more than some
// 16,000 steps.
package policy
