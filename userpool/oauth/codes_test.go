package oauth

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// poolCodes reads the codes of the pool from its source, so that a new one is not forgotten here.
func poolCodes(t *testing.T) []userpool.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../errors.go", nil, 0)
	require.NoError(t, err)
	var out []userpool.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		for _, value := range spec.Values {
			s, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			require.NoError(t, err)
			out = append(out, userpool.Code(s))
		}
		return true
	})
	return out
}

func TestEveryCodeHasAnAnswer(t *testing.T) {
	all := poolCodes(t)
	require.Greater(t, len(all), 15)
	require.Len(t, codes, len(all))
	h := &Handler{logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, code := range all {
		want, ok := codes[code]
		require.True(t, ok, code)
		got := h.translate(t.Context(), &userpool.Error{Code: code, Message: "é\"\\\n what"})
		require.Equal(t, want.Status, got.Status, code)
		require.Equal(t, want.Code, got.Code, code)
		if want.Status != 500 {
			require.Equal(t, "?'?? what", got.Description)
		} else {
			require.Empty(t, got.Description)
		}
		// Only these may come in an authorization response: RFC 6749 section 4.1.2.1.
		require.Contains(t, []string{"invalid_request", "unauthorized_client", "access_denied", "invalid_scope", "server_error", "temporarily_unavailable"},
			h.translateRedirect(t.Context(), &userpool.Error{Code: code}).Code, code)
	}
	for _, err := range []error{errors.New("secret detail"), &userpool.Error{Code: "New", Message: "secret detail"}} {
		require.Equal(t, &wireError{Status: 500, Code: "server_error"}, h.translate(t.Context(), err))
	}
}

func TestRetryAfter(t *testing.T) {
	h := &Handler{logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	rec := httptest.NewRecorder()
	writeError(rec, h.translate(t.Context(), &userpool.Error{Code: userpool.LimitExceeded, RetryAfter: 1200 * time.Millisecond}))
	require.Equal(t, 429, rec.Code)
	require.Equal(t, "2", rec.Header().Get("Retry-After"))
}
