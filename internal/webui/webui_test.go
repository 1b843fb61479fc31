package webui_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/webui"
)

// The pages' policies allow no address but their own origin, and an own rule has to win.
func TestStylesheet(t *testing.T) {
	style := webui.Stylesheet(".card { max-width: 32rem; }")
	require.NotContains(t, style, "url(")
	require.NotContains(t, style, "@import")
	require.NotContains(t, strings.ToLower(style), "</style", "it may stand in a page")
	require.Less(t, strings.Index(style, ".card {"), strings.LastIndex(style, ".card { max-width: 32rem; }"))
	require.Equal(t, strings.Count(style, "{"), strings.Count(style, "}"))
	require.Contains(t, style, "prefers-color-scheme: dark")
}

func TestInitial(t *testing.T) {
	for title, want := range map[string]string{"Contoso": "C", " «über»": "Ü", "7 Seas": "7", "": "•", "–": "•"} {
		require.Equal(t, want, webui.Initial(title), "%q", title)
	}
}
