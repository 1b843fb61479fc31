package identitypool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// Question is what the policies are asked.
type Question struct {
	// Action is service:name without wildcards.
	Action string
	// Resource is the ARN of what the action is about, or "*" for nothing in particular.
	//
	// An ARN that names the account, in its fifth part, says whose the resource is: if that is not the caller's, ResourcePolicy must
	// allow as well, as in AWS.
	Resource string
	// ResourcePolicy is the policy of the resource, as policy.ParseResource returned it. Nil is none.
	ResourcePolicy *policy.Document
	// Context are condition keys that the application knows, with their values: those of the action's service ("notes:Color" for
	// "notes:Read"), and aws:ResourceTag/…, aws:RequestTag/… and aws:TagKeys. Others are refused with InternalError: policies must be
	// able to rely on who says them.
	Context map[string][]string
}

// Decision is what the policies said to a [Question].
type Decision struct {
	policy.Decision
	// Action and Resource are those of the question.
	Action, Resource string

	of *evaluation
}

// evaluation is what a decision was made of. It is not changed after that.
type evaluation struct {
	policies policy.Policies
	request  policy.Request
	context  policy.Context
}

// Explain evaluates again and tells what each statement of each policy said and why. It is for those who write the policies, not for
// those who are judged by them.
func (d Decision) Explain() policy.Trace {
	if d.of == nil {
		return policy.Trace{}
	}
	return d.of.policies.Explain(&d.of.request)
}

// admission is a verified request.
type admission struct {
	authorizer *Authorizer
	request    *http.Request
	caller     *Caller
	decision   Decision
}

type admissionKey struct{}

func admissionFrom(ctx context.Context) *admission {
	a, _ := ctx.Value(admissionKey{}).(*admission)
	return a
}

// DecisionFromContext returns the decision that let the request through, inside a handler behind [Authorizer.Handler] or
// [Authorizer.Routes]. ok is false elsewhere.
func DecisionFromContext(ctx context.Context) (decision Decision, ok bool) {
	a := admissionFrom(ctx)
	if a == nil || a.decision.of == nil {
		return Decision{}, false
	}
	return a.decision, true
}

// Decide asks the policies of the caller another question about the same request, inside a handler behind [Authorizer.Handler] or
// [Authorizer.Routes]: about the second of two resources, or whether to offer what could be done next. A decision that denies is no
// error; AuthorizerConfig.Decided is not told. The error is InternalError for a question that cannot be asked, or in another place.
func Decide(ctx context.Context, q Question) (Decision, error) {
	a := admissionFrom(ctx)
	if a == nil {
		return Decision{}, internal("decide", errors.New("Decide was called outside of a handler behind an Authorizer"))
	}
	return a.decide(q)
}

var concreteAction = regexp.MustCompile(`^[A-Za-z0-9._-]+:[A-Za-z0-9._-]+$`)

// checkAction returns what is wrong with the action, or nil.
func checkAction(action string) error {
	if !concreteAction.MatchString(action) || len(action) > policy.MaxActionSize {
		return fmt.Errorf("the action %q is not service:name without wildcards", action)
	}
	return nil
}

// decide asks the policies of the caller.
func (a *admission) decide(q Question) (Decision, error) {
	if err := checkAction(q.Action); err != nil {
		return Decision{}, internal("decide", err)
	}
	account, ok := accountOf(q.Resource)
	if !ok {
		// Not denied: a policy's Deny could not match it either, while "*" allows it.
		return Decision{}, internal("decide", errors.New(`the resource of `+q.Action+` is neither "*" nor an ARN, arn:partition:service:region:account:resource`))
	}
	e := &evaluation{policies: *a.caller.policies()}
	e.policies.ResourceAccount = account
	if q.ResourcePolicy != nil {
		e.policies.Resource = []*policy.Document{q.ResourcePolicy}
	}
	if err := a.conditions(&e.context, account, q); err != nil {
		return Decision{}, internal("decide", err)
	}
	e.request = policy.Request{Principal: a.caller.principal(), Action: q.Action, Resource: q.Resource, Context: &e.context}
	return Decision{Decision: e.policies.Evaluate(&e.request), Action: q.Action, Resource: q.Resource, of: e}, nil
}

// decideAndTell asks, tells the application, and returns an error for a decision that denies.
func (a *Authorizer) decideAndTell(r *http.Request, of *admission, q Question) (Decision, error) {
	d, err := of.decide(q)
	if err != nil {
		return d, err
	}
	a.decided(r, *of.caller, d)
	if d.Allowed {
		return d, nil
	}
	return d, denied(of.caller, d)
}

// accountOf returns the account that a resource names, or "" if it names none. ok is false if the resource is neither "*" nor has the six
// parts that policies compare.
func accountOf(resource string) (account string, ok bool) {
	if resource == "*" {
		return "", true
	}
	rest, found := strings.CutPrefix(resource, "arn:")
	for range 3 {
		if found {
			_, rest, found = strings.Cut(rest, ":")
		}
	}
	if found {
		account, _, found = strings.Cut(rest, ":")
	}
	if !found || !accountID.MatchString(account) {
		account = ""
	}
	return account, found
}

// denied words the answer as AWS does: it tells the kind of the policy that denies or does not allow, and nothing else about policies.
func denied(c *Caller, d Decision) *Error {
	const most = 1_024
	resource := d.Resource
	if len(resource) > most {
		resource = resource[:most] + "..."
	}
	return fail(AccessDenied, "User: %s is not authorized to perform: %s on resource: %s %s",
		c.ARN, d.Action, strings.ToValidUTF8(resource, "?"), because(d))
}

// logDenied is AuthorizerConfig.Decided by default.
func (a *Authorizer) logDenied(r *http.Request, c Caller, d Decision) {
	if d.Allowed {
		return
	}
	const most = 8 << 10
	trace := d.Explain().String()
	if len(trace) > most {
		trace = strings.ToValidUTF8(trace[:most], "") + "\n..."
	}
	a.pool.logger.LogAttrs(r.Context(), slog.LevelInfo, "identitypool: access denied", slog.String("caller", c.ARN),
		slog.String("identity", c.IdentityID), slog.String("access_key", c.AccessKeyID), slog.String("action", d.Action),
		slog.String("resource", d.Resource), slog.String("why", because(d)), slog.String("trace", trace))
}

// because says which kind of policy decided, in the words of AWS.
func because(d Decision) string {
	named, ok := kinds[d.Kind]
	switch {
	case d.Allowed:
		return "because a policy allows the " + d.Action + " action"
	case d.ExplicitDeny && ok:
		return "with an explicit deny in " + named.article + " " + named.name
	case ok:
		return "because no " + named.name + " allows the " + d.Action + " action"
	}
	return "because no policy allows the " + d.Action + " action"
}

// kinds are the kinds of policies as AWS calls them.
var kinds = map[policy.Kind]struct{ article, name string }{
	policy.KindIdentity:       {"an", "identity-based policy"},
	policy.KindResource:       {"a", "resource-based policy"},
	policy.KindBoundary:       {"a", "permissions boundary"},
	policy.KindSession:        {"a", "session policy"},
	policy.KindServiceControl: {"a", "service control policy"},
}
