package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/plaintext"
)

const (
	maxRules    = 2000
	maxRuleName = 100
	maxName     = 512
	maxSources  = 20
	maxDefaults = 100
	maxText     = 1024
	valueMark   = "{value}"
)

// Mapping is rules that have been checked. It is made by New or Parse, never
// changes, and is safe for concurrent use.
type Mapping struct {
	attributes []attributeRule
	grants     []grantRule
	keepOthers bool
	groups     string
	roles      string
	// own are the attributes that only rules make.
	own map[string]bool
	// lookup finds the grants whose test is that a value of an attribute equals
	// another, by attribute and value; folded is the same for IgnoreCase.
	lookup, folded map[string]map[string][]int
}

type attributeRule struct {
	Attribute
	name  string
	steps []step
	when  *condition
}

type grantRule struct {
	name, group, role string
	// each is set if every value gives a name of its own.
	each      bool
	condition condition
	steps     []step
	// indexed is set if lookup or folded finds it.
	indexed bool
}

// New checks rules, and returns them ready for use. It keeps nothing of what is
// given. It fails with InvalidRules, and names the first rule that cannot work.
func New(rules Rules) (*Mapping, error) {
	m := &Mapping{
		keepOthers: rules.KeepOthers,
		groups:     rules.GroupsAttribute, roles: rules.RolesAttribute,
		own:    map[string]bool{},
		lookup: map[string]map[string][]int{}, folded: map[string]map[string][]int{},
	}
	if m.groups == "" {
		m.groups = "groups"
	}
	if m.roles == "" {
		m.roles = "roles"
	}
	if err := errors.Join(checkName(m.groups), checkName(m.roles)); err != nil || m.groups == m.roles {
		return nil, fail(InvalidRules, "", "GroupsAttribute %s and RolesAttribute %s must be two different names of attributes", quote(m.groups), quote(m.roles))
	}
	if n := len(rules.Attributes) + len(rules.Grants); n > maxRules {
		return nil, fail(InvalidRules, "", "there are %d rules; at most %d are allowed", n, maxRules)
	}
	m.own[m.groups], m.own[m.roles] = true, true
	names := map[string]bool{}
	for i := range rules.Attributes {
		if err := m.addAttribute(&rules.Attributes[i], i, names); err != nil {
			return nil, err
		}
	}
	for i := range rules.Grants {
		if err := m.addGrant(&rules.Grants[i], i, names); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// nameRule returns what a rule is called.
func nameRule(given, kind string, i int, gives string, names map[string]bool) (string, error) {
	name := given
	if name == "" {
		name = fmt.Sprintf("%s %d: %s", kind, i+1, plain(gives))
	}
	switch {
	case len(given) > maxRuleName || !plaintext.Printable(given):
		return name, fail(InvalidRules, name, "the name must be at most %d bytes of text that prints", maxRuleName)
	case names[name]:
		return name, fail(InvalidRules, name, "another rule has the same name")
	}
	names[name] = true
	return name, nil
}

func (m *Mapping) addAttribute(a *Attribute, i int, names map[string]bool) error {
	name, err := nameRule(a.Name, "attribute", i, a.To, names)
	if err != nil {
		return err
	}
	rule := attributeRule{Attribute: *a, name: name}
	rule.From, rule.Join, rule.Default = slices.Clone(a.From), slices.Clone(a.Join), slices.Clone(a.Default)
	if rule.Separator == "" {
		rule.Separator = " "
	}
	if rule.Values == "" {
		rule.Values = All
	}
	if err = rule.check(); err == nil && (a.To == m.groups || a.To == m.roles) {
		err = fmt.Errorf("it makes %s, which holds groups or roles; use a grant", quote(a.To))
	}
	if err == nil {
		rule.steps, err = compileSteps(a.Steps)
	}
	if err == nil && a.When != nil {
		rule.when = new(condition)
		*rule.when, err = compileCondition(a.When)
	}
	if err != nil {
		return fail(InvalidRules, name, "%v", err)
	}
	rule.Attribute.Steps, rule.When = nil, nil
	m.own[a.To] = true
	m.attributes = append(m.attributes, rule)
	return nil
}

func (a *attributeRule) check() error {
	if err := checkName(a.To); err != nil {
		return fmt.Errorf("to %w", err)
	}
	sources := 0
	for _, set := range []bool{len(a.From) > 0, len(a.Join) > 0, a.Constant != ""} {
		if set {
			sources++
		}
	}
	switch {
	case sources != 1:
		return fmt.Errorf("it must take values from exactly one of from, join and constant, takes from %d", sources)
	case len(a.From)+len(a.Join) > maxSources:
		return fmt.Errorf("it takes values from more than %d attributes", maxSources)
	case len(a.Constant) > maxText || len(a.Separator) > maxText:
		return fmt.Errorf("its constant or separator is longer than %d bytes", maxText)
	case !slices.Contains([]Values{All, First, One, Joined}, a.Values):
		return fmt.Errorf("its values is %s, which is not one of %q", quote(string(a.Values)), []Values{All, First, One, Joined})
	case a.Required && len(a.Default) > 0:
		return errors.New("it is required and has a default; it can be one of the two")
	case len(a.Default) > maxDefaults:
		return fmt.Errorf("it has more than %d default values", maxDefaults)
	case slices.ContainsFunc(a.Default, func(v string) bool { return v == "" || len(v) > maxText }):
		return fmt.Errorf("it has a default value that is empty or longer than %d bytes", maxText)
	}
	for _, source := range slices.Concat(a.From, a.Join) {
		if err := checkName(source); err != nil {
			return fmt.Errorf("an attribute it takes %w", err)
		}
	}
	return nil
}

func (m *Mapping) addGrant(g *Grant, i int, names map[string]bool) error {
	kind, gives := "group", g.Group
	if g.Role != "" {
		kind, gives = "role", g.Role
	}
	name, err := nameRule(g.Name, kind, i, gives, names)
	if err != nil {
		return err
	}
	rule := grantRule{name: name, group: g.Group, role: g.Role, each: strings.Contains(gives, valueMark)}
	if err = checkGranted(g); err == nil {
		rule.condition, err = compileCondition(&g.If)
	}
	if err == nil {
		rule.steps, err = compileSteps(g.Steps)
	}
	if err != nil {
		return fail(InvalidRules, name, "%v", err)
	}
	rule.indexed = rule.condition.equals != nil && len(rule.steps) == 0 && !rule.each
	if rule.indexed {
		m.index(&rule.condition, len(m.grants))
	}
	m.grants = append(m.grants, rule)
	return nil
}

// index lets the grant at place be found by the values that fulfil c: there may
// be thousands of groups on both sides.
func (m *Mapping) index(c *condition, place int) {
	in := m.lookup
	if c.ignoreCase {
		in = m.folded
	}
	if in[c.attribute] == nil {
		in[c.attribute] = map[string][]int{}
	}
	for _, value := range c.equals {
		places := in[c.attribute][value]
		if !slices.Contains(places, place) {
			in[c.attribute][value] = append(places, place)
		}
	}
}

const maxGranted = 256

func checkGranted(g *Grant) error {
	gives := g.Group + g.Role
	switch {
	case (g.Group == "") == (g.Role == ""):
		return errors.New("it must give exactly one of group and role")
	case len(gives) > maxGranted || !plaintext.Printable(gives):
		return fmt.Errorf("the group or role must be at most %d bytes of text that prints", maxGranted)
	case strings.Count(gives, valueMark) > 1:
		return fmt.Errorf("the group or role has %s more than once", valueMark)
	}
	return nil
}

// checkName checks the name of an attribute. It is any text: SAML has URIs, and
// applications have their own.
func checkName(name string) error {
	if name == "" || len(name) > maxName || !plaintext.Printable(name) {
		return fmt.Errorf("must be the name of an attribute, of 1 to %d bytes of text that prints", maxName)
	}
	return nil
}
