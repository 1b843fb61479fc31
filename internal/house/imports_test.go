package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/stepwell/stepwell"

// siblings are the packages that meet only in examples and in applications. No package below one of them imports another, or anything
// below another.
var siblings = []string{"userpool", "federation", "identitypool", "sso", "middleware"}

// pure are children that know nothing of their parent, nor of any other package of this module that is not internal: the parent may
// import them.
var pure = []string{"identitypool/policy", "identitypool/sigv4"}

// topLevel is all that the module's top level holds, but for what git ignores and hidden files: a run of the quickstart leaves its data
// there, and an editor its settings.
var topLevel = []string{
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "doc.go", "go.mod", "go.sum",
	"examples", "federation", "identitypool", "internal", "middleware", "sso", "userpool",
}

// only says which package alone may import a heavy or delicate dependency; tests may too where test is true.
var only = []struct {
	dependency string
	packages   []string
	test       bool
}{
	{"github.com/lestrrat-go/jwx/", []string{"internal/jose"}, false},
	{"github.com/crewjam/saml", []string{"federation/saml", "federation/federationtest", "sso/samlidp", "internal/samlxml", "internal/house"}, true},
	{"modernc.org/sqlite", []string{"examples/", "internal/sqlkit/sqlkittest", "userpool/cmd/verifyaudit"}, true},
	{"github.com/jackc/pgx/", []string{"examples/", "internal/pgtest", "userpool/cmd/verifyaudit"}, true},
	{"github.com/pressly/goose/", []string{"internal/sqlkit"}, false},
	{"golang.org/x/oauth2", []string{"federation/oidc", "examples/"}, true},
	{"github.com/wneessen/", []string{"userpool/smtpsender"}, false},
	{"github.com/emersion/", nil, true},
	{"github.com/go-webauthn/", []string{"userpool/passkey"}, true},
	{"github.com/descope/", []string{"userpool/userpooltest"}, true},
	{"github.com/fxamacker/", nil, true},
	{"github.com/chromedp/", []string{"internal/browsertest"}, true},
	{"github.com/coreos/go-oidc/", nil, true},
	{"github.com/aws/", nil, true},
	{"github.com/stretchr/testify/", []string{"userpool/storetest", "identitypool/storetest", "internal/pgtest", "internal/sqlkit/sqlkittest"}, true},
}

// source is one Go file with what it imports.
type source struct {
	file    string // from the root of the module, with slashes
	imports []string
}

func (s source) folder() string { return path.Dir(s.file) }
func (s source) test() bool     { return strings.HasSuffix(s.file, "_test.go") }

// readSources parses every Go file below root. It is the parser that reads them, not "go list", whose answers "go test" may have kept.
func readSources(t *testing.T, root string) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s := source{file: filepath.ToSlash(relative)}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, imported)
		}
		out = append(out, s)
		return nil
	})
	require.NoError(t, err)
	return out
}

// family is the sibling that a folder belongs to, or "".
func family(folder string) string {
	first, _, _ := strings.Cut(folder, "/")
	if slices.Contains(siblings, first) {
		return first
	}
	return ""
}

// forbidden says what is wrong with one import of a source, or "".
func forbidden(s source, imported string) string {
	if own, ok := strings.CutPrefix(imported, module+"/"); ok {
		from, to := family(s.folder()), family(own)
		switch {
		case strings.HasPrefix(own, "examples"):
			return "nothing imports an example"
		case from != "" && to != "" && from != to:
			return "the five packages never import one another"
		case from == "" && to != "" && !strings.HasPrefix(s.folder(), "examples") && s.folder() != "internal/house":
			return "what all share must not know one of the five"
		case slices.Contains(pure, s.folder()) && to != "" && !s.test():
			return "it must stay free of all but internal packages"
		case strings.HasPrefix(own, s.folder()+"/") && to != "" && !strings.Contains(own, "/internal/") && !slices.Contains(pure, own) && !s.test():
			return "a parent never imports its child"
		}
		return ""
	}
	for _, rule := range only {
		if !strings.HasPrefix(imported, rule.dependency) || rule.test && s.test() {
			continue
		}
		if !slices.ContainsFunc(rule.packages, func(p string) bool {
			return s.folder() == p || strings.HasSuffix(p, "/") && strings.HasPrefix(s.folder()+"/", p)
		}) {
			return "only " + strings.Join(rule.packages, ", ") + " may import it"
		}
	}
	return ""
}

func TestImports(t *testing.T) {
	sources := readSources(t, filepath.Join("..", ".."))
	require.Greater(t, len(sources), 100, "the sources were not found")
	for _, s := range sources {
		for _, imported := range s.imports {
			if why := forbidden(s, imported); why != "" {
				t.Errorf("%s imports %s: %s", s.file, imported, why)
			}
		}
	}
}

// The rule itself is tested, so that it cannot become one that never fails.
func TestImports_RuleBites(t *testing.T) {
	for _, test := range []struct {
		file, imported string
		want           bool
	}{
		{"userpool/pool.go", module + "/internal/jose", false},
		{"userpool/pool.go", module + "/middleware", true},
		{"userpool/pool_test.go", module + "/federation/oidc", true},
		{"userpool/oauth/oauth.go", module + "/userpool", false},
		{"userpool/oauth/oauth.go", module + "/userpool/hostedui", false},
		{"userpool/pool.go", module + "/userpool/oauth", true},
		{"userpool/pool_test.go", module + "/userpool/memstore", false},
		{"identitypool/pool.go", module + "/userpool", true},
		{"identitypool/pool.go", module + "/identitypool/policy", false},
		{"identitypool/pool.go", module + "/identitypool/memstore", true},
		{"identitypool/policy/parse.go", module + "/identitypool", true},
		{"identitypool/policy/parse.go", module + "/internal/jose", false},
		{"internal/jose/key.go", module + "/userpool", true},
		{"internal/jose/key.go", "github.com/lestrrat-go/jwx/v2/jwk", false},
		{"userpool/pool.go", "github.com/lestrrat-go/jwx/v2/jwk", true},
		{"userpool/pool_test.go", "github.com/lestrrat-go/jwx/v2/jwk", true},
		{"userpool/pool_test.go", "modernc.org/sqlite", false},
		{"userpool/sqlstore/open.go", "modernc.org/sqlite", true},
		{"userpool/smtpsender/sender.go", "github.com/wneessen/go-mail/smtp", false},
		{"userpool/message.go", "github.com/wneessen/go-mail", true},
		{"userpool/pool_test.go", "github.com/wneessen/go-mail", true},
		{"userpool/smtpsender/sender.go", "github.com/emersion/go-smtp", true},
		{"userpool/smtpsender/server_test.go", "github.com/emersion/go-smtp", false},
		{"userpool/passkey/key.go", "github.com/go-webauthn/webauthn/protocol", false},
		{"userpool/pool.go", "github.com/go-webauthn/webauthn/protocol", true},
		{"userpool/passkey/key.go", "github.com/fxamacker/cbor/v2", true},
		{"userpool/passkey/key_test.go", "github.com/fxamacker/cbor/v2", false},
		{"userpool/passkey/key.go", "github.com/descope/virtualwebauthn", true},
		{"userpool/passkey/key_test.go", "github.com/descope/virtualwebauthn", false},
		{"userpool/pool.go", module + "/userpool/passkey", true},
		{"examples/quickstart/main.go", "modernc.org/sqlite", false},
		{"examples/quickstart/main.go", module + "/userpool", false},
		{"userpool/pool_test.go", module + "/examples/quickstart", true},
	} {
		got := forbidden(source{file: test.file}, test.imported) != ""
		require.Equal(t, test.want, got, "%s imports %s", test.file, test.imported)
	}
}

func TestTopLevel(t *testing.T) {
	root := filepath.Join("..", "..")
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") && !isIgnored(t, string(ignored), entry.Name()) {
			require.Contains(t, topLevel, entry.Name(), "the top level holds just what the documentation names")
		}
	}
}

// isIgnored reports whether a .gitignore of simple patterns names a file or folder beside it.
func isIgnored(t *testing.T, gitignore, name string) bool {
	for pattern := range strings.FieldsSeq(gitignore) {
		matches, err := path.Match(strings.Trim(pattern, "/"), name)
		require.NoError(t, err)
		if matches {
			return true
		}
	}
	return false
}

func TestTopLevel_AfterTheQuickstart(t *testing.T) {
	ignored, err := os.ReadFile(filepath.Join("..", "..", ".gitignore"))
	require.NoError(t, err)
	require.True(t, isIgnored(t, string(ignored), "quickstart-data"), "the quickstart's data is not part of the module")
	require.True(t, isIgnored(t, string(ignored), "cover.out"))
	require.False(t, isIgnored(t, string(ignored), "userpool"))
}
