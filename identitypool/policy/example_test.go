package policy_test

import (
	"fmt"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// parse is for documents that an example knows to be right.
func parse(text string) *policy.Document {
	document, err := policy.Parse([]byte(text))
	if err != nil {
		fmt.Println(err)
	}
	return document
}

const ownFolder = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Own", "Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"},
    {"Sid": "Archive", "Effect": "Deny", "Action": "notes:Delete*", "Resource": "arn:app:notes:::*/archive/*"}
  ]
}`

// How do I give each user a folder of their own?
func ExamplePolicies_Evaluate() {
	policies := policy.Policies{Identity: []*policy.Document{parse(ownFolder)}}
	var context policy.Context
	context.Set("cognito-identity.amazonaws.com:sub", "eu-west-1:ann")
	ask := func(action, resource string) {
		decision := policies.Evaluate(&policy.Request{Action: action, Resource: resource, Context: &context})
		fmt.Println(action, resource, decision.Allowed)
	}
	ask("notes:Read", "arn:app:notes:::eu-west-1:ann/shopping")
	ask("notes:Read", "arn:app:notes:::eu-west-1:bob/shopping")
	ask("notes:DeleteNote", "arn:app:notes:::eu-west-1:ann/archive/2019")
	// Output:
	// notes:Read arn:app:notes:::eu-west-1:ann/shopping true
	// notes:Read arn:app:notes:::eu-west-1:bob/shopping false
	// notes:DeleteNote arn:app:notes:::eu-west-1:ann/archive/2019 false
}

// Where is the mistake in this document?
func ExampleParse() {
	_, err := policy.Parse([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": [{
	    "Effect": "Allow", "Action": "notes:*", "Resource": "*",
	    "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "203.0.114.0/99"]}}
	  }]
	}`))
	fmt.Println(err)
	_, err = policy.Parse([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": {"Effect": "allow", "Action": "notes:Read", "Resource": "*"}
	}`))
	fmt.Println(err)
	// Output:
	// policy: Statement[0].Condition.IpAddress.aws:SourceIp[1] (line 5, column 69): "203.0.114.0/99" is not an address or a CIDR such as 203.0.113.0/24 or 2001:db8::/32
	// policy: Statement.Effect (line 3, column 28): "allow" is not an effect; write "Allow" or "Deny"
}

// Why was this denied?
func ExamplePolicies_Explain() {
	policies := policy.Policies{Identity: []*policy.Document{parse(ownFolder), parse(`{
	  "Version": "2012-10-17",
	  "Statement": {"Sid": "Office", "Effect": "Allow", "Action": "notes:Read", "Resource": "*",
	    "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
	}`)}}
	var context policy.Context
	context.Set("cognito-identity.amazonaws.com:sub", "eu-west-1:ann")
	context.Set("aws:SourceIp", "198.51.100.7")
	request := &policy.Request{Action: "notes:Read", Resource: "arn:app:notes:::eu-west-1:bob/shopping", Context: &context}
	fmt.Println(policies.Explain(request))
	// Output:
	// denied: no policy of the caller allows
	//   asked: "notes:Read" on "arn:app:notes:::eu-west-1:bob/shopping"
	//   identity document 0 statement 0 "Own" (line 4): Allow does not match: Resource
	//   identity document 1 statement 0 "Office" (line 3): Allow does not match: Condition IpAddress "aws:SourceIp" wants ["203.0.113.0/24"], the request has ["198.51.100.7"]
	//   and 1 about other actions
}

// Who can do this?
func ExampleWhoCan() {
	own := &policy.Policies{Identity: []*policy.Document{parse(ownFolder)}}
	subject := func(name string) policy.Subject {
		context := new(policy.Context)
		context.Set("cognito-identity.amazonaws.com:sub", name)
		return policy.Subject{Name: name, Context: context, Policies: own}
	}
	subjects := []policy.Subject{subject("ann"), subject("bob"), {Name: "guest"}}
	for _, result := range policy.WhoCan(subjects, "notes:Write", "arn:app:notes:::bob/shopping") {
		fmt.Println(result.Subject)
	}
	// Output: bob
}

// What can this one do?
func ExampleWhatCan() {
	context := new(policy.Context)
	context.Set("cognito-identity.amazonaws.com:sub", "ann")
	ann := policy.Subject{Name: "ann", Context: context, Policies: &policy.Policies{Identity: []*policy.Document{parse(ownFolder)}}}
	actions := []string{"notes:Read", "notes:Delete", "admin:Reboot"}
	resources := []string{"arn:app:notes:::ann/shopping", "arn:app:notes:::ann/archive/2019"}
	for _, result := range policy.WhatCan(ann, actions, resources) {
		fmt.Println(result.Action, result.Resource)
	}
	// Output:
	// notes:Read arn:app:notes:::ann/shopping
	// notes:Read arn:app:notes:::ann/archive/2019
	// notes:Delete arn:app:notes:::ann/shopping
}

// Is there something in this document that I may not mean?
func ExampleLint() {
	for _, finding := range policy.Lint(parse(`{
	  "Version": "2012-10-17",
	  "Statement": [
	    {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
	    {"Effect": "Allow", "Action": "notes:Read", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "red"}}}
	  ]
	}`)) {
		fmt.Println(finding.Severity, finding.Place)
	}
	// Output:
	// danger Statement[0].NotAction
	// warning Statement[1].Condition.StringNotEquals.aws:PrincipalTag/team
}

// How do I make sure that guests never get more than reading, whatever their
// role allows?
func ExamplePolicies_ceiling() {
	read := parse(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "notes:Read", "Resource": "*"}}`)
	everything := parse(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`)
	policies := policy.Policies{
		Identity:   []*policy.Document{everything},
		Boundaries: []*policy.Document{everything}, // each must allow
		Session:    [][]*policy.Document{{read}},   // one of each set must allow
	}
	fmt.Println(policies.Evaluate(&policy.Request{Action: "notes:Read", Resource: "arn:app:notes:::x"}))
	fmt.Println(policies.Evaluate(&policy.Request{Action: "notes:Write", Resource: "arn:app:notes:::x"}))
	// Output:
	// allowed (identity document 0 statement 0)
	// denied: no session policy of a set allows (session 0)
}

// How does a role say which tokens open it?
func ExampleParseTrust() {
	trust, err := policy.ParseTrust([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": {
	    "Effect": "Allow",
	    "Principal": {"Federated": "cognito-identity.amazonaws.com"},
	    "Action": "sts:AssumeRoleWithWebIdentity",
	    "Condition": {
	      "StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:our-pool"},
	      "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}
	    }
	  }
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	policies := policy.Policies{Resource: []*policy.Document{trust}, ResourceMustAllow: true}
	for _, amr := range []string{"authenticated", "unauthenticated"} {
		var context policy.Context
		context.Set("cognito-identity.amazonaws.com:aud", "eu-west-1:our-pool")
		context.Set("cognito-identity.amazonaws.com:amr", amr, "cognito-identity.amazonaws.com")
		decision := policies.Evaluate(&policy.Request{
			Principal: policy.Principal{Federated: "cognito-identity.amazonaws.com"},
			Action:    "sts:AssumeRoleWithWebIdentity",
			Context:   &context,
		})
		fmt.Println(amr, decision.Allowed)
	}
	// Output:
	// authenticated true
	// unauthenticated false
}

// How do I let everyone read one thing, but only over TLS?
func ExampleParseResource() {
	document, err := policy.ParseResource([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": [
	    {"Effect": "Allow", "Principal": "*", "Action": "notes:Read", "Resource": "arn:app:notes:::public/*"},
	    {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}
	  ]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	policies := policy.Policies{Resource: []*policy.Document{document}}
	for _, secure := range []string{"true", "false"} {
		var context policy.Context
		context.Set("aws:SecureTransport", secure)
		fmt.Println(policies.Evaluate(&policy.Request{Action: "notes:Read", Resource: "arn:app:notes:::public/x", Context: &context}))
	}
	// Output:
	// allowed (resource document 0 statement 0)
	// denied: a statement denies (resource document 0 statement 1)
}

// What does a variable stand for when the request does not have it?
func ExamplePolicies_Evaluate_default() {
	policies := policy.Policies{Identity: []*policy.Document{parse(`{
	  "Version": "2012-10-17",
	  "Statement": {"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:app:notes:::${aws:PrincipalTag/team, 'company-wide'}/*"}
	}`)}}
	var context policy.Context
	ask := func(resource string) {
		fmt.Println(resource, policies.Evaluate(&policy.Request{Action: "notes:Read", Resource: resource, Context: &context}).Allowed)
	}
	ask("arn:app:notes:::company-wide/x")
	context.Set("aws:PrincipalTag/team", "blue")
	ask("arn:app:notes:::company-wide/x")
	ask("arn:app:notes:::blue/x")
	// Output:
	// arn:app:notes:::company-wide/x true
	// arn:app:notes:::company-wide/x false
	// arn:app:notes:::blue/x true
}

// How do I show what a document grants?
func ExampleDocument_Statements() {
	for _, s := range parse(ownFolder).Statements() {
		fmt.Println(s.Sid, s.Effect, s.Actions, s.Resources)
	}
	// Output:
	// Own Allow [notes:*] [arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*]
	// Archive Deny [notes:Delete*] [arn:app:notes:::*/archive/*]
}
