package policy

// Subject is someone whose permissions are simulated: a role, a user, a guest.
type Subject struct {
	// Name is for the reader of the results.
	Name string
	// Principal and Context are those that their requests would have.
	Principal Principal
	Context   *Context
	// Policies are those that apply to them; nil allows nothing. Policies of a
	// resource apply to what is asked about, so a question should be about the
	// resources that they belong to.
	Policies *Policies
}

// Result is one answer of a simulation.
type Result struct {
	Subject  string // its name
	Action   string
	Resource string
	Decision Decision
}

// Simulate decides each action on each resource for each subject, and returns
// all decisions, allowed or not, in the order of subjects, actions, resources.
func Simulate(subjects []Subject, actions, resources []string) []Result {
	return simulate(subjects, actions, resources, false)
}

func simulate(subjects []Subject, actions, resources []string, allowedOnly bool) []Result {
	out := []Result{}
	for i := range subjects {
		s := &subjects[i]
		for _, action := range actions {
			for _, resource := range resources {
				r := Request{Principal: s.Principal, Action: action, Resource: resource, Context: s.Context}
				d := s.Policies.Evaluate(&r)
				if allowedOnly && !d.Allowed {
					continue
				}
				out = append(out, Result{s.Name, action, resource, d})
			}
		}
	}
	return out
}

// WhoCan answers "who can do this?": the subjects that may do the action on the
// resource, in their order.
func WhoCan(subjects []Subject, action, resource string) []Result {
	return simulate(subjects, []string{action}, []string{resource}, true)
}

// WhatCan answers "what can this one do?": which of the actions the subject may
// do on which of the resources.
func WhatCan(subject Subject, actions, resources []string) []Result {
	return simulate([]Subject{subject}, actions, resources, true)
}
