package policy_test

import (
	"fmt"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// How do I give each user a folder of their own?
func ExampleEvaluate() {
	document, err := policy.Parse([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": [
	    {"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*"},
	    {"Effect": "Deny", "Action": "notes:Delete*", "Resource": "arn:app:notes:::*/archive/*"}
	  ]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	ask := func(action, resource string) {
		decision := policy.Evaluate(policy.Request{
			Action:   action,
			Resource: resource,
			Context:  map[string][]string{"cognito-identity.amazonaws.com:sub": {"eu-west-1:ann"}},
		}, document)
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

// What does a refused document tell?
func ExampleParse() {
	_, err := policy.Parse([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": [{"Effect": "Allow", "Action": "notes:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]
	}`))
	fmt.Println(err)
	_, err = policy.Parse([]byte(`{
	  "Version": "2012-10-17",
	  "Statement": {"Effect": "Allow", "Action": ["notes:Read", "write"], "Resource": "*"}
	}`))
	fmt.Println(err)
	// Output:
	// policy: Statement[0].Condition: the element Condition is not supported
	// policy: Statement[0].Action[1]: "write" is not an action; write "*" or service:name
}

// How do I show what a document grants?
func ExampleDocument_Statements() {
	document, _ := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Sid":"Read","Effect":"Allow","Action":"notes:Read","Resource":"*"}}`))
	for _, s := range document.Statements() {
		fmt.Println(s.Sid, s.Effect, s.Actions, s.Resources)
	}
	// Output: Read Allow [notes:Read] [*]
}
