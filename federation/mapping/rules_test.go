package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/mapping"
)

func TestNew_Refuses(t *testing.T) {
	a := func(a mapping.Attribute) mapping.Rules {
		if a.To == "" {
			a.To = "x"
		}
		return mapping.Rules{Attributes: []mapping.Attribute{a}}
	}
	step := func(s mapping.Step) mapping.Rules {
		return a(mapping.Attribute{From: []string{"f"}, Steps: []mapping.Step{s}})
	}
	g := func(g mapping.Grant) mapping.Rules { return mapping.Rules{Grants: []mapping.Grant{g}} }
	condition := func(c mapping.Condition) mapping.Rules { return g(mapping.Grant{Group: "g", If: c}) }
	long := strings.Repeat("x", 2000)
	for _, test := range []struct {
		name  string
		rules mapping.Rules
		want  string
	}{
		{"no to", mapping.Rules{Attributes: []mapping.Attribute{{From: []string{"f"}}}}, `rule "attribute 1: "`},
		{"no source", a(mapping.Attribute{}), "exactly one of from, join and constant, takes from 0"},
		{"two sources", a(mapping.Attribute{From: []string{"f"}, Constant: "c"}), "takes from 2"},
		{"empty source", a(mapping.Attribute{From: []string{""}}), "name of an attribute"},
		{"many sources", a(mapping.Attribute{From: slices.Repeat([]string{"f"}, 21)}), "more than 20 attributes"},
		{"long constant", a(mapping.Attribute{Constant: long}), "longer than 1024"},
		{"values", a(mapping.Attribute{From: []string{"f"}, Values: "some"}), `"some", which is not one of`},
		{"required and default", a(mapping.Attribute{From: []string{"f"}, Required: true, Default: []string{"d"}}), "one of the two"},
		{"empty default", a(mapping.Attribute{From: []string{"f"}, Default: []string{""}}), "default value that is empty"},
		{"groups by attribute", a(mapping.Attribute{To: "groups", From: []string{"f"}}), "use a grant"},
		{"control in to", a(mapping.Attribute{To: "a\nb", From: []string{"f"}}), "text that prints"},
		{"empty step", step(mapping.Step{}), "step 1 must do exactly one thing"},
		{"two things", step(mapping.Step{Lower: true, Trim: true}), "does 2"},
		{"replace alone", step(mapping.Step{Lower: true, Replace: "x"}), "belongs to match"},
		{"bad expression", step(mapping.Step{Match: "("}), "RE2"},
		{"half expression", step(mapping.Step{Match: "a)(?:b"}), "RE2"},
		{"open quote", step(mapping.Step{Match: `\Qa`}), "RE2"},
		{"backreference", step(mapping.Step{Match: `(a)\1`}), "RE2"},
		{"long expression", step(mapping.Step{Match: strings.Repeat("a", 501)}), "more than 500 bytes"},
		{"large repetition", step(mapping.Step{Match: "(a{1000}){1000}"}), "RE2"},
		{"large program", step(mapping.Step{Match: "[a-z]{800}.{200}"}), "too large"},
		{"no such parentheses", step(mapping.Step{Match: "(a)b", Replace: "$2"}), "no such parentheses"},
		{"swallowed name", step(mapping.Step{Match: "(a)b", Replace: "$1x"}), "no such parentheses"},
		{"lone dollar", step(mapping.Step{Match: "(a)b", Replace: "5 $ $1"}), "refers to nothing"},
		{"empty in table", step(mapping.Step{Table: map[string]string{"a": ""}}), "empty value"},
		{"many steps", a(mapping.Attribute{From: []string{"f"}, Steps: slices.Repeat([]mapping.Step{{Trim: true}}, 21)}), "21 steps"},
		{"when without test", a(mapping.Attribute{Constant: "c", When: &mapping.Condition{Attribute: "a"}}), "exactly one test"},
		{"nothing granted", g(mapping.Grant{If: mapping.Condition{Attribute: "a", HasValue: true}}), "exactly one of group and role"},
		{"two granted", g(mapping.Grant{Group: "g", Role: "r", If: mapping.Condition{Attribute: "a", HasValue: true}}), "exactly one of group and role"},
		{"two marks", g(mapping.Grant{Group: "{value}{value}", If: mapping.Condition{Attribute: "a", HasValue: true}}), "more than once"},
		{"no attribute", condition(mapping.Condition{HasValue: true}), "name of an attribute"},
		{"no test", condition(mapping.Condition{Attribute: "a"}), "has 0"},
		{"two tests", condition(mapping.Condition{Attribute: "a", HasValue: true, Prefix: "p"}), "has 2"},
		{"no equals", condition(mapping.Condition{Attribute: "a", Equals: []string{}}), "equals has 0 values"},
		{"empty equals", condition(mapping.Condition{Attribute: "a", Equals: []string{""}}), "empty"},
		{"bad matches", condition(mapping.Condition{Attribute: "a", Matches: "["}), "RE2"},
		{"same attribute for both", mapping.Rules{GroupsAttribute: "x", RolesAttribute: "x"}, "two different names"},
		{"same name", mapping.Rules{Attributes: []mapping.Attribute{{Name: "n", To: "a", Constant: "1"}, {Name: "n", To: "b", Constant: "1"}}}, "another rule has the same name"},
		{"long name", mapping.Rules{Attributes: []mapping.Attribute{{Name: strings.Repeat("n", 101), To: "a", Constant: "1"}}}, "at most 100 bytes"},
		{"many rules", mapping.Rules{Attributes: make([]mapping.Attribute, 2001)}, "2001 rules"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := mapping.New(test.rules)
			require.ErrorIs(t, err, mapping.InvalidRules)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, m)
		})
	}
}

func TestNew_KeepsNothing(t *testing.T) {
	rules := mapping.Rules{
		Attributes: []mapping.Attribute{{To: "x", From: []string{"a"}, Default: []string{"d"}, Steps: []mapping.Step{{Table: map[string]string{"1": "2"}}}}},
		Grants:     []mapping.Grant{{Group: "g", If: mapping.Condition{Attribute: "a", Equals: []string{"1"}}}},
	}
	m := mustNew(t, rules)
	rules.Attributes[0].From[0], rules.Attributes[0].Steps[0].Table["1"], rules.Grants[0].If.Equals[0] = "b", "3", "4"
	in := map[string][]string{"a": {"1"}}
	result, err := m.Apply(in)
	require.NoError(t, err)
	require.Equal(t, []string{"2"}, result.Attributes["x"])
	require.Equal(t, []string{"g"}, result.Groups)
	m = mustNew(t, mapping.Rules{KeepOthers: true})
	result, err = m.Apply(in)
	require.NoError(t, err)
	result.Attributes["a"][0] = "changed"
	require.Equal(t, "1", in["a"][0], "the result shares nothing")
}

func TestParse(t *testing.T) {
	m, err := mapping.Parse([]byte(`{
		"attributes": [
			{"to": "email", "from": ["mail"], "steps": [{"lower": true}], "values": "first", "required": true},
			{"name": "the city", "to": "city", "from": ["l"], "when": {"attribute": "c", "equals": ["GB"]}, "default": ["unknown"]}
		],
		"grants": [{"group": "staff", "if": {"attribute": "type", "prefix": "staff-", "ignoreCase": true}}]
	}`))
	require.NoError(t, err)
	result, err := m.Apply(map[string][]string{"mail": {"A@EXAMPLE.com"}, "type": {"Staff-7"}})
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"email": {"a@example.com"}, "city": {"unknown"}, "groups": {"staff"}}, m.Flat(result))
	for name, test := range map[string][2]string{
		"unknown member":    {`{"grants": [{"group": "g", "if": {"attribute": "a", "equal": ["x"]}}]}`, "equal"},
		"not":               {`{"grants": [{"group": "g", "if": {"attribute": "a", "hasValue": true, "not": true}}]}`, "not"},
		"no JSON":           {`{`, "JSON"},
		"two":               {`{} {}`, "follows"},
		"type":              {`{"attributes": {}}`, "JSON"},
		"a rule that fails": {`{"attributes": [{"to": "x"}]}`, "attribute 1: x"},
		"long":              {strings.Repeat(" ", 1<<20) + "{}", "longer"},
	} {
		_, err := mapping.Parse([]byte(test[0]))
		require.ErrorIs(t, err, mapping.InvalidRules, name)
		require.ErrorContains(t, err, test[1], name)
	}
}
