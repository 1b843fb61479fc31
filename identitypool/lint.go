package identitypool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// Severity is how bad a [Finding] is.
type Severity string

// The severities.
const (
	// SeverityError is what [New] refuses.
	SeverityError Severity = "error"
	// SeverityWarning is what New logs.
	SeverityWarning Severity = "warning"
)

// Finding is something in a Config that works, and gives somebody more than its author may have meant.
type Finding struct {
	Place    string // the field, such as "Config.UnauthenticatedRole.Policies[0]"
	Severity Severity
	Problem  string // what it is, and what to do
}

// String returns the finding as one line.
func (f Finding) String() string { return string(f.Severity) + ": " + f.Place + ": " + f.Problem }

// Lint reports what is dangerous in a Config that is valid otherwise; what is not valid, it leaves to [New]. Those are errors: guests who
// may do everything, all but something, or what makes credentials; a trust policy that does not say which pool it trusts, that trusts
// everybody, or that gives guests the AuthenticatedRole; role mappings and principal tags by claims in Provider.UserWritable. Warnings are
// about wide wildcards for guests, trust policies that guests could use, rules whose MatchType is easy to outwit, claims that users can
// often write themselves, and what policy.Lint finds in documents.
func Lint(config Config) []Finding {
	l := &linter{config: config}
	roles := []struct {
		field string
		role  Role
		kind  roleKind
	}{
		{"Config.AuthenticatedRole", config.AuthenticatedRole, ofUsers}, {"Config.UnauthenticatedRole", config.UnauthenticatedRole, ofGuests},
	}
	for i, role := range config.Roles {
		roles = append(roles, struct {
			field string
			role  Role
			kind  roleKind
		}{fmt.Sprintf("Config.Roles[%d]", i), role, ofOthers})
	}
	for _, r := range roles {
		l.documents(r.field, r.role, r.kind)
		l.trust(r.field+".TrustPolicy", r.role, r.kind)
	}
	for _, name := range slices.Sorted(maps.Keys(config.Providers)) {
		l.provider(fmt.Sprintf("Config.Providers[%q]", name), config.Providers[name])
	}
	if config.DeveloperRoleMapping != nil {
		l.mapping("Config.DeveloperRoleMapping", config.DeveloperRoleMapping, nil)
	}
	return l.findings
}

// lint refuses what is an error and logs what is a warning.
func (p *Pool) lint(config Config) error {
	var refused []error
	for _, f := range Lint(config) {
		if f.Severity == SeverityError {
			refused = append(refused, fmt.Errorf("identitypool: %s: %s", f.Place, f.Problem))
			continue
		}
		p.logger.LogAttrs(context.Background(), slog.LevelWarn, "identitypool: "+f.Problem, slog.String("place", f.Place))
	}
	return errors.Join(refused...)
}

// roleKind says whom a role is for.
type roleKind int

const (
	ofUsers roleKind = iota
	ofGuests
	ofOthers
)

type linter struct {
	config   Config
	findings []Finding
}

func (l *linter) report(severity Severity, place, format string, arguments ...any) {
	l.findings = append(l.findings, Finding{place, severity, fmt.Sprintf(format, arguments...)})
}

// reportDocument reports what policy.Lint finds; a danger is as severe as danger.
func (l *linter) reportDocument(place string, document *policy.Document, danger Severity) {
	for _, f := range policy.Lint(document) {
		severity := SeverityWarning
		if f.Severity == policy.Danger {
			severity = danger
		}
		l.report(severity, place+": "+f.Place, "%s", f.Problem)
	}
}

// documents looks at what a role allows.
func (l *linter) documents(field string, r Role, kind roleKind) {
	danger := SeverityWarning
	if kind == ofGuests {
		danger = SeverityError
	}
	for i, text := range r.Policies {
		document, err := policy.Parse([]byte(text))
		if err != nil {
			continue
		}
		place := fmt.Sprintf("%s.Policies[%d]", field, i)
		l.reportDocument(place, document, danger)
		if kind == ofGuests {
			l.guestDocument(place, document)
		}
	}
	if document, err := policy.Parse([]byte(r.Boundary)); err == nil {
		for _, f := range policy.Lint(document) { // what a boundary allows too widely, the policies still bound
			if f.Severity == policy.Warning {
				l.report(SeverityWarning, field+".Boundary: "+f.Place, "%s", f.Problem)
			}
		}
	}
}

// notForGuests are services whose actions make credentials or change who has which.
var notForGuests = []string{"sts", "iam", "cognito-identity", "cognito-idp", "cognito-sync"}

// guestDocument looks at what anybody may do who asks. A Deny beside a wide Allow does not help: what it forgets is open.
func (l *linter) guestDocument(place string, document *policy.Document) {
	for i, s := range document.Statements() {
		if s.Effect != policy.Allow {
			continue
		}
		at := fmt.Sprintf("%s: Statement[%d]", place, i)
		everything, everywhere := slices.Contains(s.Actions, "*"), slices.Contains(s.Resources, "*") || s.NotResources != nil
		switch {
		case s.NotActions != nil:
			l.report(SeverityError, at, "allows guests every action but some; name the actions that guests need")
		case everything && everywhere:
			l.report(SeverityError, at, "allows guests every action on every resource; name the actions or the resources that guests need")
		case everything:
			l.report(SeverityWarning, at, "allows guests every action on a resource; name the actions that guests need")
		}
		for _, action := range s.Actions {
			service, name, _ := strings.Cut(action, ":")
			switch {
			case action == "*":
			case slices.ContainsFunc(notForGuests, func(reserved string) bool { return strings.EqualFold(reserved, service) }):
				l.report(SeverityError, at, "allows guests %s, which makes credentials or changes who has which; leave it out", action)
			case name == "*" && everywhere:
				l.report(SeverityWarning, at, "allows guests %s on every resource; name the actions or the resources that guests need", action)
			}
		}
	}
}

// trust looks at who may have a role.
func (l *linter) trust(field string, r Role, kind roleKind) {
	if r.TrustPolicy == "" {
		return
	}
	document, err := policy.ParseTrust([]byte(r.TrustPolicy))
	if err != nil {
		return
	}
	l.reportDocument(field, document, SeverityWarning)
	for i, s := range document.Statements() {
		if s.Effect != policy.Allow {
			continue
		}
		at := fmt.Sprintf("%s: Statement[%d]", field, i)
		if len(s.Conditions) == 0 && slices.ContainsFunc(s.Principals, func(name policy.PrincipalName) bool { return name.Value == "*" }) {
			l.report(SeverityError, at, "trusts everybody; name who may have the role, or add a condition")
		}
		if trustsIdentities(s) && !l.namesPool(s) {
			l.report(SeverityError, at, `trusts identities without a condition "StringEquals": {"%s:aud": %q}: identities of every other pool could have the role`,
				keyPrefix, l.config.ID)
		}
	}
	if !l.trustsGuests(document) {
		return
	}
	switch kind {
	case ofUsers:
		l.report(SeverityError, field, `lets guests have the role: add a condition "ForAnyValue:StringLike": {"%s:amr": "authenticated"}`, keyPrefix)
	case ofOthers:
		l.report(SeverityWarning, field, `lets guests have the role: unless they are meant to, add a condition "ForAnyValue:StringLike": {"%s:amr": "authenticated"}`,
			keyPrefix)
	}
}

// trustsIdentities reports whether the statement is about identities of identity pools.
func trustsIdentities(s policy.Statement) bool {
	return slices.ContainsFunc(s.Principals, func(name policy.PrincipalName) bool {
		return name.Value == "*" && (name.Type == "" || name.Type == "Federated") || name.Type == "Federated" && name.Value == keyPrefix
	})
}

// namesPool reports whether the statement asks for this pool, in a way that no other pool fits.
func (l *linter) namesPool(s policy.Statement) bool {
	return slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
		operator := strings.TrimPrefix(c.Operator, "ForAnyValue:")
		return (operator == "StringEquals" || operator == "StringLike") && strings.EqualFold(c.Key, keyPrefix+":aud") &&
			slices.Contains(c.Values, l.config.ID) && !slices.ContainsFunc(c.Values, func(v string) bool { return strings.ContainsAny(v, "*?$") })
	})
}

// trustsGuests asks the trust policy as a guest would, who can make true whatever it says of the request.
func (l *linter) trustsGuests(document *policy.Document) bool {
	document = forSomeRequest(document)
	conditions := &policy.Context{}
	setIdentity(conditions, l.config.ID, l.config.ID, []string{unauthenticated})
	rules := &policy.Policies{Identity: []*policy.Document{allowAll}, Resource: []*policy.Document{document}, ResourceMustAllow: true}
	return rules.Evaluate(&policy.Request{
		Principal: policy.Principal{Federated: keyPrefix}, Action: actionWebIdentity, Resource: "arn:aws:iam::" + defaultAccount + ":role/any", Context: conditions,
	}).Allowed
}

// ofRequest are condition keys whose values depend on the request, and on which guest asks.
var ofRequest = []string{
	"aws:CurrentTime", "aws:EpochTime", "aws:FederatedProvider", "aws:Referer", "aws:RequestedRegion", "aws:SecureTransport", "aws:SourceIp",
	"aws:UserAgent", "sts:RoleSessionName", keyPrefix + ":sub",
}

// forSomeRequest returns a trust policy that allows what this one does for some request: each Allow without its conditions on the request,
// and no Deny that has one.
func forSomeRequest(document *policy.Document) *policy.Document {
	type element = map[string]any
	var statements []element
	for _, s := range document.Statements() {
		conditions, dropped := map[string]map[string][]string{}, false
		for _, c := range s.Conditions {
			if slices.ContainsFunc(ofRequest, func(key string) bool { return strings.EqualFold(key, c.Key) }) {
				dropped = true
				continue
			}
			if conditions[c.Operator] == nil {
				conditions[c.Operator] = map[string][]string{}
			}
			conditions[c.Operator][c.Key] = c.Values
		}
		if dropped && s.Effect == policy.Deny {
			continue
		}
		out := element{"Effect": s.Effect, "Principal": principalElement(s.Principals)}
		if len(conditions) > 0 {
			out["Condition"] = conditions
		}
		if s.NotActions != nil {
			out["NotAction"] = s.NotActions
		} else {
			out["Action"] = s.Actions
		}
		statements = append(statements, out)
	}
	text, err := json.Marshal(element{"Version": document.Version(), "Statement": statements})
	if err != nil {
		return document
	}
	out, err := policy.ParseTrust(text)
	if err != nil { // nothing is left, or it got too long
		return document
	}
	return out
}

// principalElement writes principals as a policy does.
func principalElement(names []policy.PrincipalName) any {
	out := map[string][]string{}
	for _, name := range names {
		if name.Type == "" {
			return name.Value
		}
		out[name.Type] = append(out[name.Type], name.Value)
	}
	return out
}

// often are claims that users can change themselves at many providers, or that nobody verified.
var often = []string{
	"name", "nickname", "preferred_username", "given_name", "family_name", "middle_name", "profile", "picture", "website", "gender",
	"birthdate", "zoneinfo", "locale", "address", "phone_number", "email",
}

// provider looks at what claims of a provider give.
func (l *linter) provider(field string, p Provider) {
	if p.RoleMapping != nil {
		l.mapping(field+".RoleMapping", p.RoleMapping, p.UserWritable)
	}
	if p.DefaultPrincipalTags {
		for _, claim := range slices.Sorted(maps.Values(defaultTagClaims)) {
			l.claim(field+".DefaultPrincipalTags", claim, p.UserWritable)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.PrincipalTags)) {
		l.claim(fmt.Sprintf("%s.PrincipalTags[%q]", field, key), p.PrincipalTags[key], p.UserWritable)
	}
}

// mapping looks at what a role mapping depends on.
func (l *linter) mapping(field string, m *RoleMapping, writable []string) {
	if m.Type == TokenMapping {
		for _, claim := range []string{claimPreferredRole, claimRoles} {
			l.claim(field, claim, writable)
		}
	}
	for i, rule := range m.Rules {
		at := fmt.Sprintf("%s.Rules[%d]", field, i)
		l.claim(at, rule.Claim, writable)
		email := strings.Contains(strings.ToLower(rule.Claim), "email")
		switch {
		case rule.Match == MatchNotEqual:
			l.report(SeverityWarning, at, "gives the role to everybody with any other value, also of those to come; name the values that give it")
		case rule.Match == MatchContains:
			l.report(SeverityWarning, at, "matches %q anywhere in %s, also in the middle of longer values; compare the whole value", rule.Value, rule.Claim)
		case rule.Match == MatchStartsWith && email:
			l.report(SeverityWarning, at, "matches an address by its beginning, which its owner chooses; compare the whole value")
		case rule.Match == MatchStartsWith:
			l.report(SeverityWarning, at, "matches every longer value of %s that begins with %q; compare the whole value", rule.Claim, rule.Value)
		}
		if rule.Role != "" && rule.Role == l.config.UnauthenticatedRole.Name {
			l.report(SeverityWarning, at, "gives the role of guests, whose trust policy does not let users have it")
		}
	}
}

// claim looks at whether the user can choose the value of a claim.
func (l *linter) claim(at, claim string, writable []string) {
	switch {
	case slices.Contains(writable, claim):
		l.report(SeverityError, at, "depends on the claim %q, which is in UserWritable: users could choose it themselves", claim)
	case slices.Contains(often, claim) || strings.HasPrefix(claim, "custom:"):
		l.report(SeverityWarning, at, "depends on the claim %q, which users of many providers can choose themselves; make sure that yours cannot", claim)
	}
}
