package identitypool

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// Route is a line of the table that [Authorizer.Routes] takes: what a request of this form does, and to what.
type Route struct {
	// Pattern is that of an http.ServeMux, with a method: "GET /notes/{owner}/{note}". GET is also HEAD. Without a method it is refused:
	// a DELETE would be judged as what the GET does. One that ends in "/" is refused too: all paths below would be one resource.
	Pattern string
	// Action is service:name without wildcards, such as "notes:Read".
	Action string
	// Resource is the ARN of what the action is about, with placeholders for the path values of the pattern:
	// "arn:app:notes:::{owner}/{note}"; or "*" for an action that is about nothing in particular. The last placeholder may be one of
	// several segments, "{key...}".
	//
	// Two paths never name one resource, nor one path another's: a placeholder stands for one name. So in a template a "/" or a ":"
	// follows each placeholder but the last; and a request is refused, with status 400, if a value has a "/" (written as %2F) where one
	// segment is wanted, a ":" where the template has one behind it, is empty, or has a character that a name in a policy cannot have
	// as itself ("*", "?", "${"), a backslash or a control character.
	Resource string
	// Handler serves the request when the policies allow it. Required.
	Handler http.Handler
	// ResourcePolicy returns the policy of the resource, as policy.ParseResource returned it, or nil if it has none. It is called when the
	// request is verified. An *Error is answered as it is; every other error is an InternalError. Nil means that there are none.
	ResourcePolicy func(*http.Request) (*policy.Document, error)
	// Context returns condition keys that the application knows, as Question.Context has them. It is called when the request is verified.
	// Nil means that there are none.
	Context func(*http.Request) map[string][]string
}

// Routes returns a handler that serves the routes, each as [Authorizer.Handler] does: what is not in the table is not served. An error
// names the route that is wrong and what is: all of it is checked here, so that no request finds a mistake in the table.
//
// A path with ".", ".." or empty segments ("//") is refused with status 400 before it is routed: it would be another path, or a redirect,
// for the router than for those who signed it, or for a file system behind the handler. Policies compare names byte by byte, with regard
// to case. So must what the handler opens them in: in a file system or a database that takes "Ann" and "ann" for one, the handler must
// see to it that there is just one.
func (a *Authorizer) Routes(table []Route) (http.Handler, error) {
	if len(table) == 0 {
		return nil, errors.New("identitypool: Routes was given no route")
	}
	mux := http.NewServeMux()
	for i, route := range table {
		if err := a.addRoute(mux, route); err != nil {
			return nil, fmt.Errorf("identitypool: route %d, %q: %w", i, route.Pattern, err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasDotSegments(r.URL.Path) || strings.Contains(r.URL.Path, "//") {
			a.answer(w, r, fail(InvalidParameter, `The path has ".", ".." or empty segments.`))
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// addRoute checks a route and adds it.
func (a *Authorizer) addRoute(mux *http.ServeMux, route Route) (err error) {
	if route.Handler == nil {
		return errors.New("its Handler is nil; give what serves the request")
	}
	if function, ok := route.Handler.(http.HandlerFunc); ok && function == nil {
		return errors.New("its Handler is nil; give what serves the request")
	}
	if method, _, found := strings.Cut(route.Pattern, " "); !found || method == "" || strings.Contains(method, "/") {
		return errors.New(`its Pattern has no method; write one route for each, such as "GET /notes/{note}"`)
	}
	if strings.HasSuffix(route.Pattern, "/") {
		return errors.New(`its Pattern ends in "/", which is every path below; end it in {$} for this path alone, or name what is below, such as {rest...}`)
	}
	if err := checkAction(route.Action); err != nil {
		return err
	}
	if service, _, _ := strings.Cut(route.Action, ":"); route.Context != nil && a.pool.reserved(service) {
		return fmt.Errorf("the service of %s is one whose condition keys the pool itself sets; give the action another, or no Context", route.Action)
	}
	template, err := parseTemplate(route.Resource, placeholdersOf(route.Pattern))
	if err != nil {
		return err
	}
	defer func() { // ServeMux panics at patterns that are wrong, or in conflict with one another
		if reason := recover(); reason != nil {
			err = fmt.Errorf("its Pattern is refused: %v", reason)
		}
	}()
	ask := route.question(template)
	mux.Handle(route.Pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, ask, route.Handler) }))
	return nil
}

// question makes the question about a request of the route.
func (route Route) question(t template) func(*http.Request) (Question, error) {
	return func(r *http.Request) (q Question, err error) {
		q.Action = route.Action
		if q.Resource, err = t.resource(r); err != nil {
			return Question{}, err
		}
		if route.ResourcePolicy != nil {
			if q.ResourcePolicy, err = route.ResourcePolicy(r); err != nil {
				return Question{}, err
			}
		}
		if route.Context != nil {
			q.Context = route.Context(r)
		}
		return q, nil
	}
}

// placeholdersOf returns the names of the placeholders of a pattern, and whether each is one of several segments.
func placeholdersOf(pattern string) map[string]bool {
	out := map[string]bool{}
	for _, rest, found := strings.Cut(pattern, "{"); found; _, rest, found = strings.Cut(rest, "{") {
		name, _, _ := strings.Cut(rest, "}")
		name, several := strings.CutSuffix(name, "...")
		if name != "$" && name != "" {
			out[name] = several
		}
	}
	return out
}

// template is a resource with placeholders.
type template struct {
	parts []templatePart
}

// templatePart is a text and the placeholder behind it, if it has a name.
type templatePart struct {
	text    string
	name    string
	several bool // segments
	colon   bool // follows somewhere behind
}

// parseTemplate reads a resource of a route. known are the placeholders of its pattern.
func parseTemplate(resource string, known map[string]bool) (template, error) {
	if _, ok := accountOf(resource); !ok {
		return template{}, fmt.Errorf(`its Resource is %q; it must be "*" or an ARN, arn:partition:service:region:account:resource`, resource)
	}
	if resource == "*" {
		return template{parts: []templatePart{{text: "*"}}}, nil
	}
	var t template
	used := map[string]bool{}
	for rest := resource; rest != ""; {
		text, behind, found := strings.Cut(rest, "{")
		if err := checkText(text); err != nil {
			return template{}, fmt.Errorf("its Resource is %q: %w", resource, err)
		}
		if !found {
			t.parts = append(t.parts, templatePart{text: text})
			break
		}
		name, behind, closed := strings.Cut(behind, "}")
		several, isKnown := known[strings.TrimSuffix(name, "...")]
		part := templatePart{text: text, name: strings.TrimSuffix(name, "..."), several: several, colon: strings.Contains(behind, ":")}
		switch {
		case !closed:
			return template{}, fmt.Errorf("its Resource is %q: a { has no }", resource)
		case !isKnown:
			return template{}, fmt.Errorf("its Resource has the placeholder {%s}, which Pattern does not have", name)
		case strings.HasSuffix(name, "...") != several:
			return template{}, fmt.Errorf("its Resource has the placeholder {%s}; write it as it is in Pattern, with or without \"...\"", name)
		case several && behind != "":
			return template{}, fmt.Errorf("its Resource goes on after {%s}; a placeholder of several segments must be the end", name)
		case behind != "" && behind[0] != '/' && behind[0] != ':':
			return template{}, fmt.Errorf(`its Resource has neither "/" nor ":" after {%s}; without one, nobody can tell where the value ends`, name)
		}
		used[part.name] = true
		t.parts = append(t.parts, part)
		rest = behind
	}
	for name := range known {
		if !used[name] {
			return template{}, fmt.Errorf("its Resource does not have the placeholder {%s} of Pattern; without it, one resource would be many", name)
		}
	}
	return t, nil
}

// checkText refuses what is no part of one resource's name.
func checkText(text string) error {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return strings.ContainsRune("*?}$\\", c) || unicode.IsControl(c) }) {
		return errors.New(`outside of placeholders, "*", "?", "}", "$", "\" and control characters have no place in it`)
	}
	return nil
}

// resource fills in the path values of a request.
func (t template) resource(r *http.Request) (string, error) {
	var b strings.Builder
	for _, part := range t.parts {
		b.WriteString(part.text)
		if part.name == "" {
			continue
		}
		value := r.PathValue(part.name)
		if !part.takes(value) {
			return "", fail(InvalidParameter, "The path has no usable %s.", part.name)
		}
		b.WriteString(value)
	}
	if b.Len() > policy.MaxResourceSize {
		return "", fail(InvalidParameter, "The path is too long.")
	}
	return b.String(), nil
}

// takes reports whether a value is one name; see Route.Resource.
func (p templatePart) takes(value string) bool {
	switch {
	case value == "", !utf8.ValidString(value), strings.Contains(value, "${"):
		return false
	case !p.several && strings.Contains(value, "/"), p.colon && strings.Contains(value, ":"):
		return false
	}
	return !strings.ContainsFunc(value, func(c rune) bool { return c == '*' || c == '?' || c == '\\' || unicode.IsControl(c) })
}
