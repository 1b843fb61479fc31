package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// content is what the pages of the test have in the main element, by their paths. The first is as it should be.
var content = map[string]string{
	"/": `<form action="/code"><label>Name <input name="name" value="nobody"></label><input type="hidden" name="name" value="hidden">
		<button>Send <b>it</b></button></form><p><a href="/broken">Broken</a></p>`,
	"/wide":    `<p style="width: 3000px">Wide</p>`,
	"/image":   `<p>Image <img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="></p>`,
	"/dark":    `<style>@media (prefers-color-scheme: dark) { p { background: #fff; color: #eee } }</style><p>Unreadable in the dark</p>`,
	"/broken":  `<p>Broken</p>`,
	"/code":    `<p>Sent</p>`,
	"/mailbox": `<article><p class="code">Code: 123456</p></article><article><p class="code">Code: 654321</p></article>`,
}

func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><head><title>Test</title><meta name="viewport" content="width=device-width"></head>
			<body><header><nav><a href="/">Home</a></nav></header><main><h1>Heading</h1><p>Query: %s.</p>%s</main></body></html>`,
			r.URL.Query()["name"], content[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// failing is a test that keeps why it failed.
type failing struct {
	testing.TB
	why string
}

func (f *failing) Fatalf(format string, arguments ...any) {
	f.why = fmt.Sprintf(format, arguments...)
	runtime.Goexit()
}

// failure returns why what a person does ends the test, or "" if it does not.
func failure(p Person, what func(p *Person)) string {
	f := &failing{TB: p.T}
	p.T, p.seen = f, map[string]bool{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		what(&p)
	}()
	<-done
	return f.why
}

func TestPerson(t *testing.T) {
	p := NewPerson(t, "browsertest", serve(t), 390, true)
	p.UseAxe()
	p.Open("/")
	p.Sees("home", "Heading", "Query: [].")
	p.Fill("name", "Ada")
	p.Press("Send it")
	p.Sees("sent", "Query: [Ada hidden].", "Sent")
	require.Equal(t, "/code", p.Path())
	require.Equal(t, "123456", p.Code(), "of the newest message")
	require.Equal(t, "/code", p.Path(), "the mailbox is in another tab")
	p.Press("Home")
	require.Equal(t, "Heading Query: []. Name Send it Broken", p.Text())
}

// What a page should not be ends the test.
func TestPerson_Bites(t *testing.T) {
	p := NewPerson(t, "browsertest-bites", serve(t), 390, true)
	p.UseAxe()
	for _, test := range []struct{ path, want string }{
		{"/", ""},
		{"/wide", "wider than the window"},
		{"/image", "light:\nimage-alt"},
		{"/dark", "dark:\ncolor-contrast"},
	} {
		why := failure(*p, func(p *Person) {
			p.Open(test.path)
			p.Sees("page", "Heading")
		})
		if test.want == "" {
			require.Empty(t, why)
			continue
		}
		require.Contains(t, why, test.want, test.path)
	}
	require.Contains(t, failure(*p, func(p *Person) { p.Sees("page", "Footing") }), `does not show "Footing"`)
	p.Open("/")
	require.Contains(t, failure(*p, func(p *Person) { p.Press("Broken") }), "the server answers 500")
}

// The browser of a person without script really runs none.
func TestPerson_ScriptIsOff(t *testing.T) {
	for _, script := range []bool{true, false} {
		p := NewPerson(t, "browsertest", "", 390, script)
		p.Do("running a script", chromedp.Navigate("about:blank"), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			tree, err := cdp.Call(ctx, tab, cdppage.GetFrameTree, cdp.Empty{})
			if err != nil {
				return err
			}
			_, err = cdp.Call(ctx, tab, cdppage.SetDocumentContent, cdppage.SetDocumentContentParams{
				FrameID: tree.FrameTree.Frame.ID,
				HTML:    `<main id="m">off</main><script>document.getElementById("m").textContent = "on"</script>`,
			})
			return err
		}))
		require.Equal(t, script, p.Text() == "on")
	}
}
