// Package mapping turns what a provider says about a person into what an
// application wants to know: attributes under the application's names, groups
// and roles. No two providers use the same names, and few customers let an
// application say which to use.
//
// Rules are data, in a program or as JSON. [New] checks them once:
//
//	rules := mapping.EntraSAML()
//	rules.Attributes = append(rules.Attributes, mapping.Attribute{
//		To: "department", From: []string{"Department"}, Default: []string{"none"},
//	})
//	rules.Grants = []mapping.Grant{{
//		Group: "admins",
//		If:    mapping.Condition{Attribute: mapping.EntraGroups, Equals: []string{"5f0d2c3e-..."}},
//	}}
//	m, err := mapping.New(rules)
//
// From then on [Provider] makes a provider of another one that returns
// attributes as the rules say, and an application uses that in its place. Where
// attributes come from elsewhere, [Mapping.Apply] is the evaluation by itself,
// and [Mapping.Explain] tells of each rule what it saw and did, which is what
// package diagnostic shows to an administrator.
//
// The presets, such as [EntraSAML] and [LDAP], are rules for what well-known
// providers send. They make the standard claims of OpenID Connect and are meant
// to be added to.
//
// # Advice
//
// A group of a provider is a word that its administrator chose. Grant groups and
// roles by values that you know, with Equals, and prefer identifiers, such as
// the object ID of an Entra group, to names: whoever may create a group with
// that name gets what it grants. A rule with {value} hands the choice of names to
// the provider: put a prefix before it.
//
// A provider says email_verified about the address in its attribute email. Where
// email is made from any other attribute, make no email_verified.
//
// An attribute that the person may write at the provider, such as a nickname, is
// the person's word. Grant nothing by it.
//
// A condition about text is about the whole text, unless it says Prefix, Suffix
// or Contains: regular expressions match whole values.
//
// # Promises
//
// Names of attributes are compared exactly. What no rule makes does not come out,
// unless KeepOthers is set, and even then no provider can send an attribute that
// a rule makes, or groups, or roles. Of a condition that cannot be evaluated
// nothing follows but an error: it is neither fulfilled nor unfulfilled.
//
// Evaluation is pure: it has no clock, no network and no state, and gives the
// same for the same. It is bounded, as [Mapping.Apply] says, for any rules and any
// attributes. A Mapping is safe for concurrent use. Errors name rules and
// attributes, and never contain values.
package mapping
