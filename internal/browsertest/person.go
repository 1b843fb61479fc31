package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Person is somebody at a browser, who looks at pages, fills in forms and presses what is on them. Every page has a main element; what goes
// wrong on one ends the test with the page's text. A Person is for the goroutine of its test only.
type Person struct {
	T   testing.TB
	Tab context.Context // the tab, for chromedp

	base   string // of the addresses, such as http://localhost:8080
	prefix string // of the names of the pictures
	axe    string // the source of axe-core, or empty
	seen   map[string]bool
	mail   context.Context // a second tab, for the mailbox; nil until it is needed
}

// NewPerson opens a browser, which is closed when the test ends. Pictures of the pages have names that begin with name, base is what stands
// before the paths to open, or "" if they are whole addresses, and width is that of the window. With script off, pages run no JavaScript.
// Where no browser is installed, it ends the test as [Need] does.
func NewPerson(t testing.TB, name, base string, width int64, script bool) *Person {
	t.Helper()
	tab := Open(t)
	Size(t, tab, width, script)
	p := &Person{T: t, Tab: tab, base: base, prefix: fmt.Sprintf("%s-%d", name, width), seen: map[string]bool{}}
	if !script {
		p.prefix += "-noscript"
	}
	return p
}

// UseAxe has Sees run axe-core as well, which needs JavaScript. Where axe-core is not installed, it ends the test as [Need] does.
func (p *Person) UseAxe() {
	p.T.Helper()
	if p.axe = Axe(p.T); p.axe == "" {
		Need(p.T, "axe-core is not installed: run npm ci --prefix .ci")
	}
}

// Do performs steps within [Patience]. what is for the message when one fails.
func (p *Person) Do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.Tab, Patience)
	defer cancel()
	p.must(what, chromedp.Do(ctx, steps...))
}

// Ask performs an action that returns something, within [Patience].
func Ask[T any](p *Person, what string, action chromedp.Action[T]) T {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.Tab, Patience)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	p.must(what, err)
	return out
}

// must ends the test with what the page says, unless err is nil.
func (p *Person) must(what string, err error) {
	p.T.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(p.Tab, time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	p.T.Fatalf("%s: %v\nat %s:\n%s", what, err, at, text)
}

// Open goes to a path, with its query.
func (p *Person) Open(path string) {
	p.T.Helper()
	p.Do("opening "+path, chromedp.Navigate(p.base+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// Path returns where the person is: the path without its query, or the whole address if it is elsewhere.
func (p *Person) Path() string {
	p.T.Helper()
	at, _, _ := strings.Cut(strings.TrimPrefix(Ask(p, "looking at the address", chromedp.Location()), p.base), "?")
	return at
}

// Press clicks the link or button with exactly this text, in the main element, or the link in the navigation. It waits until another page
// is there, which must not be an error of the server (5xx).
func (p *Person) Press(text string) {
	p.T.Helper()
	xpath := fmt.Sprintf(`//main//*[self::a or self::button][normalize-space()=%q] | //nav//a[normalize-space()=%q]`, text, text)
	ctx, cancel := context.WithTimeout(p.Tab, Patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.Click(xpath, chromedp.NodeVisible))
	p.must("pressing "+text, err)
	if response.Status >= 500 {
		p.T.Fatalf("pressing %s: the server answers %d", text, response.Status)
	}
	p.Do("after pressing "+text, chromedp.WaitReady(chromedp.CSS("main")))
}

// Fill types value into the field of this name, in the place of what is there.
func (p *Person) Fill(name, value string) {
	p.T.Helper()
	field := chromedp.CSS(fmt.Sprintf(`:is(input:not([type=hidden]), textarea)[name=%q]`, name))
	p.Do("filling in "+name, chromedp.Clear(field), chromedp.SendKeys(field, value))
}

// Text returns what the main element shows, with single spaces between the words.
func (p *Person) Text() string {
	p.T.Helper()
	return strings.Join(strings.Fields(Ask(p, "reading the page", chromedp.Text(chromedp.CSS("main")))), " ")
}

// Sees makes sure that the page shows all of texts. At the first time with this name it also keeps a picture of the page in
// .ci/artifacts/pages, and makes sure that the page is no wider than the window. After UseAxe it does so in light and in dark, and makes
// sure that axe-core finds nothing that would shut people out; without, one picture shows that nothing is missing.
func (p *Person) Sees(name string, texts ...string) {
	p.T.Helper()
	shown := p.Text()
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			p.T.Fatalf("the page %s does not show %q, but:\n%s", name, text, shown)
		}
	}
	if p.seen[name] {
		return
	}
	p.seen[name] = true
	schemes := []string{"light"}
	if p.axe != "" {
		schemes = append(schemes, "dark")
		p.Do("loading axe-core", chromedp.Evaluate[chromedp.Void](p.axe))
	}
	for _, scheme := range schemes {
		p.colours(scheme)
		p.picture(name + "-" + scheme)
		if p.axe != "" {
			p.accessible(name, scheme)
		}
	}
	if Ask(p, "looking at the width", chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
		p.T.Fatalf("the page %s is wider than the window", name)
	}
}

// colours has the browser prefer a scheme, light or dark.
func (p *Person) colours(scheme string) {
	p.T.Helper()
	p.Do("changing the colours", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

func (p *Person) picture(name string) {
	p.T.Helper()
	png := Ask(p, "taking a picture", chromedp.FullScreenshot(100))
	dir := filepath.Join(ci(p.T), "artifacts", "pages")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.T.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, p.prefix+"-"+name+".png"), png, 0o644); err != nil {
		p.T.Fatal(err)
	}
}

// accessible runs all rules of axe-core, and makes sure that they found something to look at.
func (p *Person) accessible(name, scheme string) {
	p.T.Helper()
	result := Ask(p, "running axe-core", chromedp.Evaluate[string](
		`axe.run().then(r => JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => `+
			`v.id + ": " + v.help + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join("; "))}))`,
		chromedp.EvalAwaitPromise))
	var report struct {
		Passes     int
		Violations []string
	}
	if err := json.Unmarshal([]byte(result), &report); err != nil {
		p.T.Fatal(err)
	}
	if report.Passes <= 10 {
		p.T.Fatalf("axe-core did not look at the page %s, %s: only %d of its rules passed", name, scheme, report.Passes)
	}
	if len(report.Violations) > 0 {
		p.T.Fatalf("axe-core on the page %s, %s:\n%s", name, scheme, strings.Join(report.Violations, "\n"))
	}
}

var sixDigits = regexp.MustCompile(`^\d{6}$`)

// Code looks into the mailbox of the examples, at /mailbox in a second tab, and returns the code of six digits in the newest message.
func (p *Person) Code() string {
	p.T.Helper()
	if p.mail == nil {
		mail, cancel := chromedp.NewContext(p.Tab)
		p.T.Cleanup(cancel)
		p.mail = mail
		p.must("opening a second tab", chromedp.Do(p.mail))
	}
	ctx, cancel := context.WithTimeout(p.mail, Patience)
	defer cancel()
	p.must("opening the mailbox", chromedp.Do(ctx, chromedp.Navigate(p.base+"/mailbox")))
	code, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("article:first-of-type .code")))
	p.must("reading the mailbox", err)
	code = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(code), "Code:"))
	if !sixDigits.MatchString(code) {
		p.T.Fatalf("the newest message has no code of six digits: %q", code)
	}
	return code
}
