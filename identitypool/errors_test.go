package identitypool

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// codesIn returns the constants of type Code of a file, so that no table can miss one.
func codesIn(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			out = append(out, value)
		}
		return true
	})
	require.NotEmpty(t, out)
	return out
}

// TestEveryCodeHasAnAnswer: one name and one status each, and no name twice.
func TestEveryCodeHasAnAnswer(t *testing.T) {
	codes := codesIn(t, "errors.go")
	require.Len(t, answers, len(codes))
	names := map[string]bool{}
	for _, code := range codes {
		a, ok := answers[Code(code)]
		require.True(t, ok, code)
		require.NotEmpty(t, http.StatusText(a.status), code)
		require.False(t, names[a.name], a.name)
		names[a.name] = true
		err := error(fail(Code(code), "Message."))
		require.ErrorIs(t, err, Code(code))
		require.NotErrorIs(t, err, Code("Other"))
		require.Equal(t, "identitypool: "+code, Code(code).Error())
	}
}

// TestEverySignatureCodeIsTranslated: into one that the handler can answer.
func TestEverySignatureCodeIsTranslated(t *testing.T) {
	for _, code := range codesIn(t, "sigv4/errors.go") {
		err := signatureError(&sigv4.Error{Code: sigv4.Code(code), Message: "the reason"})
		require.Contains(t, answers, err.Code, code)
		require.NotEqual(t, InternalError, err.Code, code)
		require.Equal(t, "The reason.", err.Message)
	}
	other := errors.New("other")
	err := signatureError(other)
	require.ErrorIs(t, err, InternalError)
	require.ErrorIs(t, err, other)
	require.Empty(t, sentence(""))
}
