package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// clockReaders may read the system's clock themselves, because what they measure is not a decision about anybody: how long a
// connection may stay silent, and how long a statement has been tried again.
var clockReaders = []string{"userpool/oauth/params.go", "internal/sqlkit/retry.go"}

// secretName is how things are called that nobody may guess by measuring how long a comparison takes.
var secretName = regexp.MustCompile(`(?i)(secret|password|mac|hash|signature|verifier|nonce|csrf)$`)

// harmless are comparisons of what is called like a secret but is none, or is compared with what the same person just typed.
var harmless = []string{"strings.ToLower(signature) != signature", "password != repeat", "s.Use == KeyUseMAC", "s.Use == KeyUseSignature"}

// habits returns what a source does that none may do: read the clock past Config.Now, or compare a secret byte by byte.
func habits(file *ast.File, name string) []string {
	var out []string
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			switch called := dotted(node.Fun); {
			case slices.Contains([]string{"time.Now", "time.Since", "time.Until"}, called) && !slices.Contains(clockReaders, name):
				out = append(out, called+" is called: times come from Config.Now")
			case slices.Contains([]string{"bytes.Equal", "bytes.Compare", "strings.Compare", "strings.EqualFold", "slices.Equal"}, called) &&
				slices.ContainsFunc(node.Args, isSecret):
				out = append(out, called+" of a secret: use crypto/subtle or hmac.Equal")
			}
		case *ast.BinaryExpr:
			secret := isSecret(node.X) && !isConstant(node.Y) || isSecret(node.Y) && !isConstant(node.X)
			if text := types.ExprString(node); secret && (node.Op == token.EQL || node.Op == token.NEQ) && !slices.Contains(harmless, text) {
				out = append(out, text+" compares a secret: use crypto/subtle or hmac.Equal")
			}
		}
		return true
	})
	return out
}

// dotted returns an expression such as time.Now as it is written, or "".
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if left := dotted(e.X); left != "" {
			return left + "." + e.Sel.Name
		}
	}
	return ""
}

// isSecret tells by the name. The challenges and states of a sign-in are public constants.
func isSecret(e ast.Expr) bool {
	name := dotted(e)
	if strings.HasPrefix(name, "Challenge") || strings.HasPrefix(name, "Status") {
		return false
	}
	return secretName.MatchString(name)
}

func isConstant(e ast.Expr) bool {
	_, literal := e.(*ast.BasicLit)
	return literal || dotted(e) == "nil"
}

// examined reports whether a source is part of what users link: not a test, not an example, not a suite for stores.
func examined(s source) bool {
	return !s.test() && !strings.HasPrefix(s.file, "examples/") && !strings.HasSuffix(s.folder(), "storetest")
}

func TestP3_P5_ClockRandomnessAndSecrets(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, s := range readSources(t, root) {
		if !examined(s) {
			continue
		}
		for _, imported := range s.imports {
			require.False(t, strings.HasPrefix(imported, "math/rand"), "%s imports %s: use crypto/rand", s.file, imported)
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, s.file), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, what := range habits(file, s.file) {
			t.Errorf("%s: %s", s.file, what)
		}
	}
}

func TestP3_P5_RuleBites(t *testing.T) {
	for _, test := range []struct {
		code string
		want int
	}{
		{"time.Now()", 1},
		{"time.Since(t)", 1},
		{"time.Unix(0, 0)", 0},
		{"p.now()", 0},
		{"c.Secret == given", 1},
		{"given != hash", 1},
		{"password == \"\"", 0},
		{"len(secret) == 3", 0},
		{"mac == nil", 0},
		{"bytes.Equal(mac, sum)", 1},
		{"bytes.Equal(a, b)", 0},
		{"hmac.Equal(mac, sum)", 0},
		{"factor == ChallengePassword", 0},
		{"given == u.ChallengePassword", 1},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nvar _ = "+test.code, parser.SkipObjectResolution)
		require.NoError(t, err)
		require.Len(t, habits(file, "x.go"), test.want, test.code)
	}
}
