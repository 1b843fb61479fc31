package mapping

import (
	"fmt"
	"strings"
)

// condition is a Condition that was checked.
type condition struct {
	attribute string
	// what is the test in words, after "a value that".
	what   string
	weight int
	test   func(value string) bool
	// equals are the values of a test that can be looked up, folded if
	// ignoreCase is set.
	equals     []string
	ignoreCase bool
}

func compileCondition(c *Condition) (condition, error) {
	out := condition{attribute: c.Attribute, weight: 1, ignoreCase: c.IgnoreCase}
	if err := checkName(c.Attribute); err != nil {
		return out, fmt.Errorf("its condition's attribute %w", err)
	}
	n := 0
	for _, set := range []bool{c.HasValue, c.Equals != nil, c.Prefix != "", c.Suffix != "", c.Contains != "", c.Matches != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		return out, fmt.Errorf("its condition must have exactly one test (hasValue, equals, prefix, suffix, contains or matches), has %d", n)
	}
	if len(c.Prefix)+len(c.Suffix)+len(c.Contains) > maxPattern {
		return out, fmt.Errorf("its condition has a text of more than %d bytes", maxPattern)
	}
	return out, out.compileTest(c)
}

func (c *condition) compileTest(from *Condition) error {
	fold := func(s string) string { return s }
	if from.IgnoreCase {
		fold, c.weight = foldCase, 4
	}
	text := fold(from.Prefix + from.Suffix + from.Contains)
	switch {
	case from.HasValue:
		c.what, c.test = "is there", func(string) bool { return true }
	case from.Equals != nil:
		return c.compileEquals(from, fold)
	case from.Prefix != "":
		c.what, c.test = fmt.Sprintf("begins with %q", from.Prefix), func(v string) bool { return strings.HasPrefix(fold(v), text) }
	case from.Suffix != "":
		c.what, c.test = fmt.Sprintf("ends in %q", from.Suffix), func(v string) bool { return strings.HasSuffix(fold(v), text) }
	case from.Contains != "":
		c.what, c.test = fmt.Sprintf("contains %q", from.Contains), func(v string) bool { return strings.Contains(fold(v), text) }
	default:
		re, weight, err := compileWhole(from.Matches, from.IgnoreCase)
		if err != nil {
			return fmt.Errorf("its condition %w", err)
		}
		c.what, c.weight, c.test = fmt.Sprintf("matches %q", plain(from.Matches)), weight, re.MatchString
	}
	return nil
}

const maxEquals = 10_000

func (c *condition) compileEquals(from *Condition, fold func(string) string) error {
	if len(from.Equals) == 0 || len(from.Equals) > maxEquals {
		return fmt.Errorf("its condition's equals has %d values; 1 to %d are allowed", len(from.Equals), maxEquals)
	}
	set := make(map[string]bool, len(from.Equals))
	for _, value := range from.Equals {
		if value == "" || len(value) > maxValue {
			return fmt.Errorf("its condition's equals has a value that is empty or longer than %d bytes", maxValue)
		}
		set[fold(value)] = true
		c.equals = append(c.equals, fold(value))
	}
	c.what = fmt.Sprintf("is %q", plain(from.Equals[0]))
	if n := len(from.Equals) - 1; n > 0 {
		c.what += fmt.Sprintf(" or one of %d others", n)
	}
	c.test = func(v string) bool { return set[fold(v)] }
	return nil
}

// foldCase returns one form of all texts that strings.EqualFold calls equal, by
// the smallest rune of each one's orbit.
func foldCase(s string) string {
	return strings.Map(smallestFold, s)
}
