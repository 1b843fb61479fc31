package mapping

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

const (
	maxSteps = 20
	// maxPattern bounds a regular expression. RE2 takes time in proportion to
	// the pattern times the value, and both are bounded.
	maxPattern = 500
	// maxProgram bounds the instructions that it becomes.
	maxProgram = 1000
	maxTable   = 10_000
)

// step is a Step that was checked. apply appends to out what becomes of value.
type step struct {
	// what is the step in words.
	what string
	// weight is how much work a byte is.
	weight int
	apply  func(out []string, value string) []string
}

func compileSteps(steps []Step) ([]step, error) {
	if len(steps) > maxSteps {
		return nil, fmt.Errorf("it has %d steps; at most %d are allowed", len(steps), maxSteps)
	}
	out := make([]step, 0, len(steps))
	for i := range steps {
		s, err := compileStep(&steps[i])
		if err != nil {
			return nil, fmt.Errorf("step %d %w", i+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func compileStep(s *Step) (step, error) {
	n := 0
	for _, set := range []bool{s.Before != "", s.After != "", s.Match != "", s.Lower, s.Trim, s.Split != "", s.Boolean, s.Table != nil} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return step{}, fmt.Errorf("must do exactly one thing (before, after, match, lower, trim, split, boolean or table), does %d", n)
	case s.Replace != "" && s.Match == "":
		return step{}, fmt.Errorf("has replace, which belongs to match")
	case len(s.Before)+len(s.After)+len(s.Split)+len(s.Replace) > maxPattern:
		return step{}, fmt.Errorf("has a text of more than %d bytes", maxPattern)
	case s.Before != "":
		return one(fmt.Sprintf("kept what is before %q", s.Before), func(v string) string { v, _, _ = strings.Cut(v, s.Before); return v }), nil
	case s.After != "":
		return one(fmt.Sprintf("kept what is after %q", s.After), func(v string) string {
			if _, after, found := strings.Cut(v, s.After); found {
				return after
			}
			return v
		}), nil
	case s.Lower:
		return one("made letters small", strings.ToLower), nil
	case s.Trim:
		return one("removed white space at both ends", strings.TrimSpace), nil
	case s.Boolean:
		return one("read as true or false", boolean), nil
	case s.Split != "":
		return step{what: fmt.Sprintf("split at %q", s.Split), weight: 2, apply: func(out []string, v string) []string {
			for part := range strings.SplitSeq(v, s.Split) {
				if len(out) > maxValues {
					break // one more than is allowed is enough to be refused
				}
				out = append(out, part)
			}
			return out
		}}, nil
	case s.Table != nil:
		return compileTable(s.Table)
	}
	return compileMatch(s)
}

// one is a step that makes at most one value of one: an empty one is dropped.
func one(what string, f func(string) string) step {
	return step{what: what, weight: 1, apply: func(out []string, v string) []string { return append(out, f(v)) }}
}

var booleans = map[string]string{
	"true": "true", "yes": "true", "on": "true", "y": "true", "t": "true", "1": "true",
	"false": "false", "no": "false", "off": "false", "n": "false", "f": "false", "0": "false",
}

func boolean(v string) string { return booleans[strings.ToLower(strings.TrimSpace(v))] }

func compileTable(table map[string]string) (step, error) {
	if len(table) > maxTable {
		return step{}, fmt.Errorf("has a table of %d values; at most %d are allowed", len(table), maxTable)
	}
	own := make(map[string]string, len(table))
	for from, to := range table {
		if from == "" || to == "" || len(to) > maxValue {
			return step{}, fmt.Errorf("has a table with an empty value, or one of more than %d bytes", maxValue)
		}
		own[from] = to
	}
	return one("looked up in a table", func(v string) string { return own[v] }), nil
}

// compileWhole compiles an expression that has to match a whole value. weight is
// how much more work a byte is for it than for a comparison.
func compileWhole(pattern string, ignoreCase bool) (re *regexp.Regexp, weight int, err error) {
	if len(pattern) > maxPattern {
		return nil, 0, fmt.Errorf("has a regular expression of more than %d bytes", maxPattern)
	}
	// By itself first: what is put around it could complete a half expression.
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, 0, fmt.Errorf("has a regular expression that RE2 does not take: %w", err)
	}
	flags := "?:"
	if ignoreCase {
		flags = "?i:"
	}
	pattern = `\A(` + flags + pattern + `)\z`
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, 0, fmt.Errorf("has a regular expression that RE2 does not take: %w", err)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return nil, 0, fmt.Errorf("has a regular expression that is too large: it repeats too much")
	}
	if re, err = regexp.Compile(pattern); err != nil {
		return nil, 0, fmt.Errorf("has a regular expression that RE2 does not take: %w", err)
	}
	return re, 8 * len(program.Inst), nil
}

func compileMatch(s *Step) (step, error) {
	re, weight, err := compileWhole(s.Match, false)
	if err != nil {
		return step{}, err
	}
	template := s.Replace
	switch {
	case template != "":
		if err := checkTemplate(re, template); err != nil {
			return step{}, err
		}
	case re.NumSubexp() > 0:
		template = "${1}"
	default:
		template = "${0}"
	}
	return step{what: fmt.Sprintf("matched with %q", plain(s.Match)), weight: weight, apply: func(out []string, v string) []string {
		found := re.FindStringSubmatchIndex(v)
		if found == nil {
			return out
		}
		return append(out, string(re.ExpandString(nil, template, v, found)))
	}}, nil
}

var reference = regexp.MustCompile(`\$(?:\$|\{([^}]*)\}|([0-9A-Za-z_]+))?`)

// checkTemplate refuses references to parentheses that are not there, for which
// package regexp would put nothing.
func checkTemplate(re *regexp.Regexp, template string) error {
	for _, m := range reference.FindAllStringSubmatch(template, -1) {
		name := m[1] + m[2]
		if m[0] == "$$" {
			continue
		}
		if name == "" {
			return fmt.Errorf("has a replace with a dollar sign that refers to nothing; write $$ for a dollar sign")
		}
		if re.SubexpIndex(name) < 0 && !isNumberUpTo(name, re.NumSubexp()) {
			return fmt.Errorf("has a replace with %s, but the expression has no such parentheses; write ${1}x for what $1 is followed by", quote(m[0]))
		}
	}
	return nil
}

func isNumberUpTo(s string, limit int) bool {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > limit {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= limit
}
