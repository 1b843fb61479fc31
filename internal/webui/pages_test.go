package webui_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/webui"
)

func files(main string) fstest.MapFS {
	return fstest.MapFS{
		"templates/frame.html": {Data: []byte(`{{define "frame"}}<main>{{template "main" .}}</main>{{end}}`)},
		"templates/one.html":   {Data: []byte(`{{define "main"}}one {{.}}{{end}}`)},
		"templates/two.html":   {Data: []byte(main)},
	}
}

func load(t *testing.T, own string) *webui.Pages {
	t.Helper()
	p, err := webui.LoadPages(files(`{{define "main"}}{{.Missing.Field}}{{end}}`), own, "one", "two")
	require.NoError(t, err)
	return p
}

func TestLoadPages_Errors(t *testing.T) {
	_, err := webui.LoadPages(files(`{{define "main"}}{{end}`), "", "one", "two")
	require.ErrorContains(t, err, "parse the templates: template: two.html")
	_, err = webui.LoadPages(files(""), "", "three")
	require.ErrorContains(t, err, "templates/three.html")
}

func TestPages_Write(t *testing.T) {
	p := load(t, "")
	for method, body := range map[string]string{"GET": "<main>one &lt;b&gt;</main>", "POST": "<main>one &lt;b&gt;</main>", "HEAD": ""} {
		w := httptest.NewRecorder()
		require.NoError(t, p.Write(w, httptest.NewRequest(method, "/", nil), http.StatusTeapot, "one", "<b>"))
		require.Equal(t, http.StatusTeapot, w.Code)
		require.Equal(t, http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Content-Length": {"26"}}, w.Header())
		require.Equal(t, body, w.Body.String(), method)
	}
}

// Whoever calls can still answer with something else.
func TestPages_Write_Failure(t *testing.T) {
	p := load(t, "")
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	require.ErrorContains(t, p.Write(w, r, http.StatusOK, "two", struct{}{}), "Missing")
	require.ErrorContains(t, p.Write(w, r, http.StatusOK, "three", nil), `no page "three"`)
	require.Empty(t, w.Header())
	require.Empty(t, w.Body.String())
}

func TestPages_Style(t *testing.T) {
	p, other := load(t, ".a{}"), load(t, ".b{}")
	path, found := strings.CutPrefix(p.StylePath("/auth"), "/auth/style.css?v=")
	require.True(t, found)
	require.Regexp(t, "^[0-9a-f]{12}$", path)
	require.NotEqual(t, p.StylePath(""), other.StylePath(""), "it changes with the stylesheet")
	require.Equal(t, p.StylePath(""), load(t, ".a{}").StylePath(""))
	style := webui.Stylesheet(".a{}")
	for _, test := range []struct{ method, path, cache, body string }{
		{"GET", p.StylePath("/auth"), "public, max-age=31536000, immutable", style},
		{"HEAD", p.StylePath("/auth"), "public, max-age=31536000, immutable", ""},
		{"GET", other.StylePath("/auth"), "no-store", style},
		{"GET", "/auth/style.css", "no-store", style},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("Cache-Control", "no-store")
		p.WriteStyle(w, httptest.NewRequest(test.method, test.path, nil))
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, test.cache, w.Header().Get("Cache-Control"), test.path)
		require.Equal(t, "text/css; charset=utf-8", w.Header().Get("Content-Type"))
		require.Equal(t, strconv.Itoa(len(style)), w.Header().Get("Content-Length"))
		require.Equal(t, test.body, w.Body.String())
	}
}
