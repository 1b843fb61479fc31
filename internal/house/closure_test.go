package house

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// heavy are dependencies that no program should link because it uses something else: drivers, migrations, SAML, what is for tests.
var heavy = []string{
	"github.com/pressly/goose/", "modernc.org/", "github.com/jackc/pgx/", "github.com/crewjam/saml", "github.com/chromedp/",
	"github.com/stretchr/testify/", "github.com/coreos/go-oidc/", "github.com/aws/", "testing",
	"golang.org/x/oauth2", "golang.org/x/net/html", "github.com/lestrrat-go/jwx/",
	"github.com/zitadel/", "github.com/wneessen/", "github.com/emersion/", "github.com/go-webauthn/", "github.com/descope/", "github.com/fxamacker/",
}

// links says which of the heavy dependencies a public package has, by itself or through others of this module. What is not named here
// has none. jwx is in whatever signs or verifies tokens.
var links = map[string][]string{
	"userpool":                 {"github.com/lestrrat-go/jwx/"},
	"userpool/cmd/verifyaudit": {"github.com/pressly/goose/", "modernc.org/", "github.com/jackc/pgx/", "github.com/lestrrat-go/jwx/"},
	"userpool/oauth":           {"github.com/lestrrat-go/jwx/"},
	"userpool/hostedui":        {"github.com/lestrrat-go/jwx/"},
	"userpool/memstore":        {"github.com/lestrrat-go/jwx/"},
	"userpool/passkey":         {"github.com/go-webauthn/", "github.com/lestrrat-go/jwx/"},
	"userpool/smtpsender":      {"github.com/wneessen/", "github.com/lestrrat-go/jwx/"},
	"userpool/smswebhook":      {"github.com/lestrrat-go/jwx/"},
	"userpool/sqlstore":        {"github.com/pressly/goose/", "github.com/lestrrat-go/jwx/"},
	"userpool/storetest":       {"github.com/stretchr/testify/", "testing", "github.com/lestrrat-go/jwx/"},
	"userpool/userpooltest": {
		"testing", "golang.org/x/net/html", "github.com/lestrrat-go/jwx/", "github.com/go-webauthn/", "github.com/descope/",
	},
	"federation/azuread":        {"golang.org/x/oauth2", "github.com/crewjam/saml", "github.com/lestrrat-go/jwx/"},
	"federation/oidc":           {"golang.org/x/oauth2", "github.com/lestrrat-go/jwx/"},
	"federation/federationtest": {"testing", "golang.org/x/net/html", "github.com/lestrrat-go/jwx/", "github.com/crewjam/saml"},
	"federation/saml":           {"github.com/crewjam/saml"},
	"federation/social":         {"golang.org/x/oauth2", "github.com/lestrrat-go/jwx/"},
	"identitypool":              {"github.com/lestrrat-go/jwx/"},
	"identitypool/memstore":     {"github.com/lestrrat-go/jwx/"},
	"identitypool/sqlstore":     {"github.com/pressly/goose/", "github.com/lestrrat-go/jwx/"},
	"identitypool/storetest":    {"github.com/stretchr/testify/", "testing", "github.com/lestrrat-go/jwx/"},
	"identitypool/sts":          {"github.com/lestrrat-go/jwx/"},

	"identitypool/identitypooltest": {"testing", "github.com/lestrrat-go/jwx/"},
	"middleware":                    {"github.com/lestrrat-go/jwx/"},
	"middleware/middlewaretest":     {"testing", "github.com/lestrrat-go/jwx/"},
}

// graph maps each folder of this module to what its sources import, tests left out.
func graph(sources []source) map[string][]string {
	imports := map[string][]string{}
	for _, s := range sources {
		if !s.test() {
			imports[s.folder()] = append(imports[s.folder()], s.imports...)
		}
	}
	return imports
}

// closure returns all that a folder imports, through packages of this module: for the others, their own imports are not looked at.
func closure(imports map[string][]string, folder string) []string {
	var out []string
	seen := map[string]bool{}
	var walk func(string)
	walk = func(folder string) {
		if seen[folder] {
			return
		}
		seen[folder] = true
		for _, imported := range imports[folder] {
			out = append(out, imported)
			if own, ok := strings.CutPrefix(imported, module+"/"); ok {
				walk(own)
			}
		}
	}
	walk(folder)
	slices.Sort(out)
	return slices.Compact(out)
}

// has returns the heavy dependencies among imports.
func has(imports []string) []string {
	var out []string
	for _, dependency := range heavy {
		if slices.ContainsFunc(imports, func(imported string) bool {
			return imported == strings.TrimSuffix(dependency, "/") || dependency != "testing" && strings.HasPrefix(imported, dependency)
		}) {
			out = append(out, dependency)
		}
	}
	return out
}

// A program links what it uses, and nothing heavy of what it does not.
func TestClosures(t *testing.T) {
	imports := graph(readSources(t, filepath.Join("..", "..")))
	for name := range links {
		require.Contains(t, imports, name, "there is no such package any more")
	}
	for folder := range imports {
		if family(folder) == "" || slices.Contains(strings.Split(folder, "/"), "internal") {
			continue
		}
		require.ElementsMatch(t, links[folder], has(closure(imports, folder)), "what %s links", folder)
	}
}

func TestClosures_RuleBites(t *testing.T) {
	imports := graph([]source{
		{"userpool/pool.go", []string{"fmt", module + "/internal/a"}},
		{"userpool/pool_test.go", []string{"testing"}},
		{"internal/a/a.go", []string{module + "/internal/b"}},
		{"internal/b/b.go", []string{module + "/internal/a", "modernc.org/sqlite"}},
		{"internal/b/c.go", []string{"golang.org/x/oauth2", "testing/fstest"}},
	})
	require.Equal(t, []string{"modernc.org/", "golang.org/x/oauth2"}, has(closure(imports, "userpool")))
	require.Empty(t, has(imports["userpool"]))
}
