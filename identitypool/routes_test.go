package identitypool_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/policy"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// tell answers with the resource that was decided on.
var tell = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	d, ok := identitypool.DecisionFromContext(r.Context())
	fmt.Fprint(w, ok, " ", d.Allowed, " ", d.Action, " ", d.Resource)
})

const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// rigAll is a rig whose users may do anything: what is refused is refused by the routes.
func rigAll(t testing.TB) *rig {
	return newRig(t, func(c *identitypool.Config) { c.AuthenticatedRole.Policies = []string{everything} })
}

func (k *rig) routes(t testing.TB, table ...identitypool.Route) http.Handler {
	t.Helper()
	for i := range table {
		if table[i].Handler == nil {
			table[i].Handler = tell
		}
	}
	h, err := k.Routes(table)
	require.NoError(t, err)
	return h
}

// ask sends a signed request.
func (k *rig) ask(t testing.TB, h http.Handler, c sigv4.Credentials, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, k.request(t, c, method, target, ""))
	return w
}

var objects = []identitypool.Route{
	{Pattern: "GET /o/{bucket}/{$}", Action: "s3:ListBucket", Resource: "arn:aws:s3:::{bucket}"},
	{Pattern: "GET /o/{bucket}/{key...}", Action: "s3:GetObject", Resource: "arn:aws:s3:::{bucket}/{key...}"},
	{Pattern: "PUT /o/{bucket}/{key...}", Action: "s3:PutObject", Resource: "arn:aws:s3:::{bucket}/{key...}"},
	{Pattern: "GET /t/{tenant}/{kind}/{name}", Action: "app:Read", Resource: "arn:app:app::{tenant}:{kind}:{name}"},
	{Pattern: "GET /f/{path...}", Action: "app:File", Resource: "arn:app:file:::{path...}"},
	{Pattern: "GET /about", Action: "app:About", Resource: "*"},
}

// TestRoutes_Resources: the resource of each path.
func TestRoutes_Resources(t *testing.T) {
	k := rigAll(t)
	_, c := k.user(t, "ann")
	h := k.routes(t, objects...)
	for target, want := range map[string]string{
		"GET /o/photos/":               "s3:ListBucket arn:aws:s3:::photos",
		"GET /o/photos/a/b.jpg":        "s3:GetObject arn:aws:s3:::photos/a/b.jpg",
		"HEAD /o/photos/a":             "",
		"PUT /o/photos/a":              "s3:PutObject arn:aws:s3:::photos/a",
		"GET /o/photos/folder/":        "s3:GetObject arn:aws:s3:::photos/folder/",
		"GET /o/photos/a%2Fb":          "s3:GetObject arn:aws:s3:::photos/a/b",
		"GET /o/photos/a:b":            "s3:GetObject arn:aws:s3:::photos/a:b",
		"GET /o/photos/%C3%A9t%C3%A9":  "s3:GetObject arn:aws:s3:::photos/été",
		"GET /o/photos/a%20b?x=/../y":  "s3:GetObject arn:aws:s3:::photos/a b",
		"GET /o/photos/.hidden/..a/b.": "s3:GetObject arn:aws:s3:::photos/.hidden/..a/b.",
		"GET /t/acme/note/a:b":         "app:Read arn:app:app::acme:note:a:b",
		"GET /t/acme/Note/A":           "app:Read arn:app:app::acme:Note:A",
		"GET /about":                   "app:About *",
	} {
		method, path, _ := strings.Cut(target, " ")
		w := k.ask(t, h, c, method, path)
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", target, w.Body)
		if method != "HEAD" {
			require.Equal(t, "true true "+want, w.Body.String(), target)
		}
	}
	// What is not in the table is not served, and nothing is served without a signature.
	require.Equal(t, http.StatusMethodNotAllowed, k.ask(t, h, c, "DELETE", "/o/photos/a").Code)
	require.Equal(t, http.StatusNotFound, k.ask(t, h, c, "GET", "/other").Code)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/about", nil))
	require.Equal(t, http.StatusForbidden, w.Code)
}

// TestA4_NamesThatAreNoNames: what could stand for another resource, for the policy, the router or a file system, is refused.
func TestA4_NamesThatAreNoNames(t *testing.T) {
	k := rigAll(t)
	_, c := k.user(t, "ann")
	h := k.routes(t, objects...)
	for _, path := range []string{
		"/o/photos%2Fother/a", // another bucket's object, if "/" were let through
		"/o/photos%2f/a",
		"/f/", // no name at all: "file:::*" would allow it
		"/t/acme/no%2Fte/a",
		"/t/acme/note/a%2Fb",
		"/t/acme%3Anote/x/a", // acme, note:x
		"/t/acme:note/x/a",
		"/t/acme/note:x/a", // a kind of its own, or a name
		"/o/photos/*", "/o/*/a", "/o/photos/%2A", "/o/photos/a%3F", "/o/photos/$%7Baws:username%7D",
		"/o/photos/a%00b", "/o/photos/a%0Ab", "/o/photos/a%5C..%5Cb", "/o/photos/%FF",
		"/o/photos/a/../b", "/o/photos/a/./b", "/o/photos/..", "/o/photos/a/%2e%2e/b", "/o/photos/a%2F..%2Fb", "/o/../o/photos/a",
		"/o/photos//a", "//o/photos/a", "/o//a", "/o/photos/a%2F%2Fb",
		"/o/photos/" + strings.Repeat("x", 3_000),
	} {
		w := k.ask(t, h, c, "GET", path)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", path, w.Body)
		name, _ := refusal(t, w)
		require.Equal(t, "InvalidParameterException", name)
	}
}

// TestA23_OthersNames: role/a/../b is not role/b, Ann is not ann, and another's account is another's.
func TestA23_OthersNames(t *testing.T) {
	k := newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::000000000000:role/a/*"},
			{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::111111111111:role/a/*"},
			{"Effect":"Allow","Action":"app:*","Resource":"arn:app:app::acme:*"}]}`}
	})
	_, c := k.user(t, "ann")
	h := k.routes(t,
		identitypool.Route{Pattern: "GET /role/{account}/{path...}", Action: "iam:GetRole", Resource: "arn:aws:iam::{account}:role/{path...}"},
		identitypool.Route{Pattern: "GET /doc/{tenant}/{name}", Action: "app:Read", Resource: "arn:app:app::{tenant}:{name}"})
	for path, status := range map[string]int{
		"/role/000000000000/a/b":          200,
		"/role/000000000000/b":            403,
		"/role/000000000000/A/b":          403,
		"/role/000000000000/a/../b":       400,
		"/role/000000000000/a%2f..%2fb":   400,
		"/role/000000000000/a//b":         400,
		"/role/111111111111/a/b":          403, // the caller's policy allows it, but it is another account's: that must allow as well
		"/doc/acme/x":                     200,
		"/doc/ACME/x":                     403,
		"/doc/%61cme/x":                   200, // the same name, in the router, the policy and the handler
		"/doc/acme%3Ax/y":                 400,
		"/doc/acme2/x":                    403,
		"/role/000000000000%3Arole%2Fa/b": 400,
	} {
		w := k.ask(t, h, c, "GET", path)
		require.Equal(t, status, w.Code, "%s: %s", path, w.Body)
	}
}

// FuzzRoutes_OneNameEach: no two paths of a pattern have one resource, whatever the values are.
func FuzzRoutes_OneNameEach(f *testing.F) {
	k := rigAll(f)
	_, c := k.user(f, "ann")
	h := k.routes(f, objects...)
	for _, seed := range [][4]string{{"a", "b:c", "d", "e"}, {"a:b", "c", "d", "e"}, {"a", "b", "c", "d/e"}, {"a/b", "c", "d", ".."}, {"", "*", "${x}", "\x00"}} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	names := map[string][3]string{}
	f.Fuzz(func(t *testing.T, a, b, d, e string) {
		escape := func(s string) string {
			var out strings.Builder
			for i := range len(s) {
				fmt.Fprintf(&out, "%%%02X", s[i])
			}
			return out.String()
		}
		w := k.ask(t, h, c, "GET", "/t/"+escape(a)+"/"+escape(b)+"/"+escape(d))
		if w.Code == http.StatusOK {
			values := [3]string{a, b, d}
			if other, ok := names[w.Body.String()]; ok && other != values {
				t.Fatalf("%q and %q are both %s", values, other, w.Body)
			}
			names[w.Body.String()] = values
		}
		w = k.ask(t, h, c, "GET", "/o/"+escape(a)+"/"+escape(e))
		if w.Code == http.StatusOK && !strings.Contains(w.Body.String(), "List") {
			bucket, _, _ := strings.Cut(strings.TrimPrefix(w.Body.String(), "true true s3:GetObject arn:aws:s3:::"), "/")
			require.Equal(t, a, bucket)
		}
	})
}

func TestRoutes_TableIsChecked(t *testing.T) {
	k := newRig(t, func(c *identitypool.Config) { c.Providers["Corp"] = c.Providers[rigProvider] })
	fine := identitypool.Route{Pattern: "GET /n/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}", Handler: tell}
	for want, change := range map[string]func(*identitypool.Route){
		"Handler is nil":                            func(r *identitypool.Route) { r.Handler = nil },
		"Handler is nil; give":                      func(r *identitypool.Route) { r.Handler = http.HandlerFunc(nil) },
		"Pattern has no method":                     func(r *identitypool.Route) { r.Pattern = "/n/{owner}/{note}" },
		"has no method; write":                      func(r *identitypool.Route) { r.Pattern = "" },
		`Pattern ends in "/"`:                       func(r *identitypool.Route) { r.Pattern = "GET /n/{owner}/{note}/" },
		"Pattern is refused":                        func(r *identitypool.Route) { r.Pattern = "GET /n/{owner}/{note}/{note}" },
		"Pattern is refused: ":                      func(r *identitypool.Route) { r.Pattern = "GET /n/x{owner}/{note}" },
		`the action "notes"`:                        func(r *identitypool.Route) { r.Action = "notes" },
		`the action "notes:*"`:                      func(r *identitypool.Route) { r.Action = "notes:*" },
		`the action ""`:                             func(r *identitypool.Route) { r.Action = "" },
		`Resource is ""`:                            func(r *identitypool.Route) { r.Resource = "" },
		`nor an ARN`:                                func(r *identitypool.Route) { r.Resource = "{owner}/{note}" },
		`must be "*" or an ARN`:                     func(r *identitypool.Route) { r.Resource = "arn:app:{owner}:{note}" },
		"{author}, which Pattern does not have":     func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{author}/{note}" },
		"{}, which Pattern does not have":           func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{}/{note}" },
		"does not have the placeholder {owner}":     func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{note}" },
		`with or without "..."`:                     func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{owner}/{note...}" },
		`{note}; write it as it is in Pattern`:      func(r *identitypool.Route) { r.Pattern = "GET /n/{owner}/{note...}" },
		"a { has no }":                              func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{owner}/{note" },
		`outside of placeholders`:                   func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{owner}/}{note}" },
		`"*", "?", "}"`:                             func(r *identitypool.Route) { r.Resource = "arn:app:notes:::*/{owner}/{note}" },
		`neither "/" nor ":" after {owner}`:         func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{owner}-{note}" },
		`neither "/" nor ":" after {note}; without`: func(r *identitypool.Route) { r.Resource = "arn:app:notes:::{owner}/{note}.txt" },
		"must be the end": func(r *identitypool.Route) {
			r.Pattern, r.Resource = "GET /n/{owner}/{note...}", "arn:app:notes:::{owner}/{note...}/x"
		},
		"the service of aws:Read is one": func(r *identitypool.Route) {
			r.Action, r.Context = "aws:Read", func(*http.Request) map[string][]string { return nil }
		},
		"the service of corp:Read is one": func(r *identitypool.Route) {
			r.Action, r.Context = "corp:Read", func(*http.Request) map[string][]string { return nil }
		},
		"the service of id.example.com:Read is one": func(r *identitypool.Route) {
			r.Action, r.Context = "id.example.com:Read", func(*http.Request) map[string][]string { return nil }
		},
	} {
		broken := fine
		change(&broken)
		want = strings.ReplaceAll(want, "nor an ARN", `must be "*" or an ARN`)
		_, err := k.Routes([]identitypool.Route{{Pattern: "GET /first", Action: "a:B", Resource: "*", Handler: tell}, broken})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "identitypool: route 1, ")
	}
	for _, second := range []string{fine.Pattern, "GET /n/{a}/{b}", "GET /n/{owner}/{note...}"} {
		other := fine
		other.Pattern = second
		other.Resource = strings.NewReplacer("{owner}", "{a}", "{note}", "{b}").Replace(fine.Resource)
		if second != "GET /n/{a}/{b}" {
			other.Resource = fine.Resource
		}
		_, err := k.Routes([]identitypool.Route{fine, other})
		if strings.Contains(second, "...") {
			require.ErrorContains(t, err, "...")
			continue
		}
		require.ErrorContains(t, err, "Pattern is refused: ")
		require.ErrorContains(t, err, "conflicts with pattern")
	}
	_, err := k.Routes(nil)
	require.ErrorContains(t, err, "no route")
}

// TestRoutes_ResourcePolicy: of the same account it allows by itself, of another both must allow; a Deny of it always counts.
func TestRoutes_ResourcePolicy(t *testing.T) {
	k := newRig(t)
	_, c := k.user(t, "ann")
	var document string
	var failure error
	h := k.routes(t, identitypool.Route{
		Pattern: "GET /b/{account}/{name}", Action: "notes:Read", Resource: "arn:app:notes::{account}:{name}",
		ResourcePolicy: func(r *http.Request) (*policy.Document, error) {
			caller, ok := identitypool.FromContext(r.Context())
			require.True(t, ok)
			require.NotEmpty(t, caller.IdentityID)
			if document == "" {
				return nil, failure
			}
			return policy.ParseResource([]byte(document))
		},
	})
	ask := func(account string) int { return k.ask(t, h, c, "GET", "/b/"+account+"/x").Code }
	require.Equal(t, 403, ask("000000000000"))
	document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::000000000000:assumed-role/User/CognitoIdentityCredentials"},
		"Action":"notes:Read","Resource":"*"}}`
	require.Equal(t, 200, ask("000000000000"))
	document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/User"},"Action":"notes:Read","Resource":"*"}}`
	require.Equal(t, 200, ask("000000000000"))
	require.Equal(t, 403, ask("111111111111"), "the caller's own policies do not allow it")
	document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"notes:Write","Resource":"*"}}`
	require.Equal(t, 403, ask("000000000000"))
	document = "no policy"
	require.Equal(t, 500, ask("000000000000"))
	document, failure = "", errors.New("no answer from 10.0.0.1")
	require.Equal(t, 500, ask("000000000000"))
	require.Contains(t, k.logs.String(), "no answer from 10.0.0.1")
	failure = &identitypool.Error{Code: identitypool.ResourceNotFound, Message: "There is no such note."}
	require.Equal(t, 400, ask("000000000000"))

	all := rigAll(t)
	_, c = all.user(t, "ann")
	h = all.routes(t, identitypool.Route{
		Pattern: "GET /b/{account}/{name}", Action: "notes:Read", Resource: "arn:app:notes::{account}:{name}",
		ResourcePolicy: func(*http.Request) (*policy.Document, error) { return policy.ParseResource([]byte(document)) },
	})
	k = all
	document = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`
	require.Equal(t, 403, ask("000000000000"))
	document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"notes:*","Resource":"*"}}`
	require.Equal(t, 200, ask("111111111111"))
}
