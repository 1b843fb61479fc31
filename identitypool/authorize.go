package identitypool

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// Authorize verifies a request and asks the policy of the caller's role. body is all of the request's body, nil for none; r.Body is not
// read. action is service:name without wildcards. resource is what the request is about, chosen by the application: an ARN of six parts,
// or "*" for an action that is about nothing in particular, which only "*" in a policy matches.
//
// The error is AccessDenied if the role does not allow it; its message names the action, the resource and whether a policy denies it or
// none allows it. It is InternalError if action or resource is not what it must be. The other errors are those of Authenticate.
func (p *Pool) Authorize(r *http.Request, body []byte, action, resource string) error {
	signed, err := p.verifier.VerifyBody(r, body)
	if err != nil {
		return signatureError(err)
	}
	caller, err := p.caller(signed)
	if err != nil {
		return err
	}
	return p.decide(caller, action, resource)
}

var concreteAction = regexp.MustCompile(`^[A-Za-z0-9._-]+:[A-Za-z0-9._-]+$`)

// decide evaluates the policy of the caller's role.
func (p *Pool) decide(c Caller, action, resource string) error {
	if !concreteAction.MatchString(action) || len(action) > policy.MaxActionSize {
		return internal("authorize", errors.New("the action "+action+" is not service:name without wildcards"))
	}
	if resource != "*" && !isARN(resource) {
		// Not denied: a policy's Deny could not match it either, while "*" allows it.
		return internal("authorize", errors.New(`the resource of `+action+` is neither "*" nor an ARN, arn:partition:service:region:account:resource`))
	}
	decision := policy.Evaluate(policy.Request{Action: action, Resource: resource, Context: c.context()}, c.role.policy)
	if decision.Allowed {
		return nil
	}
	return c.denied(action, resource, decision.ExplicitDeny)
}

// isARN reports whether a resource has the six parts that policies compare.
func isARN(resource string) bool {
	return strings.HasPrefix(resource, "arn:") && strings.Count(resource, ":") >= 5
}

// context is what the variables of policies stand for.
func (c Caller) context() map[string][]string {
	return map[string][]string{
		keyPrefix + ":sub": {c.IdentityID},
		keyPrefix + ":aud": {c.PoolID},
		keyPrefix + ":amr": c.AMR,
	}
}

// denied words the answer as AWS does. It tells that a policy denies or that none allows, and nothing else about policies.
func (c Caller) denied(action, resource string, explicit bool) *Error {
	why := "because no identity-based policy allows the " + action + " action"
	if explicit {
		why = "with an explicit deny in an identity-based policy"
	}
	const most = 1_024
	if len(resource) > most {
		resource = resource[:most] + "..."
	}
	role := strings.Replace(strings.Replace(c.RoleARN, ":iam:", ":sts:", 1), ":role/", ":assumed-role/", 1)
	return fail(AccessDenied, "User: %s/CognitoIdentityCredentials is not authorized to perform: %s on resource: %s %s",
		role, action, strings.ToValidUTF8(resource, "?"), why)
}
