package diagnostic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/mapping"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/internal/browsertest"
)

// patience is how long a step may take, on a busy machine.
const patience = browsertest.Patience

// admin is an administrator at a browser.
type admin struct {
	t     *testing.T
	tab   context.Context
	width int64
	axe   string
}

func newAdmin(t *testing.T, width int64, script bool) *admin {
	t.Helper()
	tab := browsertest.Open(t)
	browsertest.Size(t, tab, width, script)
	a := &admin{t: t, tab: tab, width: width}
	return a
}

func (a *admin) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		again, cancel := context.WithTimeout(a.tab, time.Second)
		defer cancel()
		text, _ := chromedp.Run(again, chromedp.Text(chromedp.CSS("body")))
		a.t.Fatalf("%s: %v\n%s", what, err, text)
	}
}

func ask[T any](a *admin, what string, action chromedp.Action[T]) T {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.tab, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	require.NoError(a.t, err, what)
	return out
}

func (a *admin) open(address string) {
	a.t.Helper()
	a.do("opening "+address, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("main")))
}

func (a *admin) press(text string) {
	a.t.Helper()
	xpath := fmt.Sprintf(`//main//*[self::a or self::button][normalize-space()=%q]`, text)
	ctx, cancel := context.WithTimeout(a.tab, patience)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(xpath, chromedp.NodeVisible))
	require.NoError(a.t, err, "pressing %s", text)
	a.do("after pressing "+text, chromedp.WaitReady(chromedp.CSS("main")))
}

// sees makes sure of what the page says, that it fits into the window, and that it shuts nobody out, in light and in dark. Pictures are
// kept in the folder that STEPWELL_TEST_PICTURES names.
func (a *admin) sees(name string, texts ...string) {
	a.t.Helper()
	shown := strings.Join(strings.Fields(ask(a, "reading the page", chromedp.Text(chromedp.CSS("main")))), " ")
	for _, text := range texts {
		require.Contains(a.t, shown, text, "on the page %s", name)
	}
	for _, scheme := range []string{"light", "dark"} {
		a.do("changing the colours", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		if dir := os.Getenv("STEPWELL_TEST_PICTURES"); dir != "" {
			png := ask(a, "taking a picture", chromedp.FullScreenshot(100))
			require.NoError(a.t, os.MkdirAll(dir, 0o755))
			require.NoError(a.t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("diagnostic-%d-%s-%s.png", a.width, name, scheme)), png, 0o644))
		}
		a.accessible(name)
	}
	over := ask(a, "looking at the width", chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	require.False(a.t, over, "the page %s is wider than the window", name)
}

// accessible runs axe-core, where it is installed.
func (a *admin) accessible(name string) {
	a.t.Helper()
	if a.axe == "" {
		return
	}
	a.do("loading axe-core", chromedp.Evaluate[chromedp.Void](a.axe))
	result := ask(a, "running axe-core", chromedp.Evaluate[string](
		`axe.run().then(r => JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => ({rule: v.id, nodes: v.nodes.map(n => n.html + " " + n.failureSummary)}))}))`,
		chromedp.EvalAwaitPromise))
	var report struct {
		Passes     int
		Violations []map[string]any
	}
	require.NoError(a.t, json.Unmarshal([]byte(result), &report))
	require.Greater(a.t, report.Passes, 10, "axe-core did not look at the page %s", name)
	require.Empty(a.t, report.Violations, "axe-core on the page %s", name)
}

func (a *admin) signInAs(label string) {
	a.t.Helper()
	a.do("choosing "+label, chromedp.Click(fmt.Sprintf(`//label[contains(., %q)]`, label)))
	a.press("Sign in")
}

// prettyRules are rules as a customer has them, some of which do not fit.
func prettyRules() mapping.Rules {
	rules := mapping.Standard()
	rules.Attributes = append(rules.Attributes[:5:5], mapping.Attribute{Name: "department", To: "department", From: []string{"Department"}, Default: []string{"unknown"}})
	rules.Grants = []mapping.Grant{
		{Name: "administrators", Group: "admins", If: mapping.Condition{Attribute: "groups", Equals: []string{"0b7f0f4e-8f39-4e0b-9d0c-6c3f2c8d6a10"}}},
		{Role: "auditor", If: mapping.Condition{Attribute: "groups", Equals: []string{"other"}}},
	}
	return rules
}

// An administrator at a telephone and at a desktop, with script and without, tests a provider that works, and one that does not.
func TestBrowser(t *testing.T) {
	t.Parallel()
	axe := browsertest.Axe(t)
	for _, width := range []int64{390, 1280} {
		for _, script := range []bool{true, false} {
			t.Run(fmt.Sprint(width, " script ", script), func(t *testing.T) {
				s := newSite(t, withMapping(prettyRules()), func(_ *diagnostic.Config, _ *oidc.Config, target *diagnostic.Target) {
					target.Settings = []diagnostic.Setting{{Label: "Client ID", Value: "app"}}
				})
				a := newAdmin(t, width, script)
				if a.axe = axe; !script {
					a.axe = ""
				} else if a.axe == "" {
					browsertest.Need(t, "axe-core is not installed: run npm ci --prefix .ci")
				}
				a.open(s.link())
				a.sees("start", "Test the sign-in with Contoso Ltd", "Callback URL", s.url+"/callback")
				a.press("Begin the test")
				a.signInAs("Ada Lovelace")
				a.do("opening the rules", chromedp.Click(chromedp.CSS("summary")))
				a.sees("works", "The sign-in works", "ada@example.com", "administrators made")

				s.idp.SetHooks(federationtest.Hooks{MutateIDToken: func(claims map[string]any) { claims["aud"] = "another-client" }})
				a.press("Test again")
				a.press("Begin the test")
				a.signInAs("Ada Lovelace")
				a.sees("fails", "The sign-in does not work", "The client ID differs", `aud does not name "app"`)

				s.idp.SetHooks(federationtest.Hooks{MutateUserInfo: func(claims map[string]any) {
					claims["access_token"] = "canary"
					claims["http://schemas.example.com/ws/2008/06/identity/claims/a-rather-long-name-of-an-attribute"] = "<script>alert(1)</script>" + strings.Repeat("W", 400)
					claims["Department"], claims["department"] = nil, "Research"
				}})
				a.press("Test again")
				a.press("Begin the test")
				a.signInAs("Ada Lovelace")
				a.sees("hostile", "The sign-in works", "<script>alert(1)</script>", "not shown: it may be a secret", "nearly")
				a.open(ask(a, "reading the address", chromedp.Location()))
				a.sees("over", "This test is over")
				require.Equal(t, http.StatusNotFound, open(t, browser(t), s.url+"/nothing").status)
			})
		}
	}
}
