// Package browsertest opens a real browser for tests that look at pages as people do. It is for tests only.
//
//	tab := browsertest.Open(t)              // Chromium with a profile of its own, closed when the test ends
//	browsertest.Size(t, tab, 390, false)    // the width of a telephone, and no JavaScript
//	err := chromedp.Do(tab, chromedp.Navigate(address))
//
// [Person] does the same and more in the words of somebody who uses the pages:
//
//	p := browsertest.NewPerson(t, "shop", server.URL, 390, true)
//	p.UseAxe()                              // look for what shuts people out, too
//	p.Open("/")
//	p.Fill("username", "ada@example.com")
//	p.Press("Sign in")
//	p.Sees("home", "Hello, ada@example.com")
//
// Where no browser is installed, the test is skipped with a word on what to install. With STEPWELL_TEST_NOSKIP=1 in the environment it
// fails instead, so that no continuous integration goes without.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Patience is how long a step in a browser may take, on a busy machine.
const Patience = 30 * time.Second

// names are what Chromium is called, in the order of preference.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// Need ends a test for want of something that is not Go: as skipped, or as failed where nothing may be skipped. what says what to install.
func Need(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("STEPWELL_TEST_NOSKIP") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Open starts a browser and returns its tab, for chromedp. chromedp.NewContext makes more tabs of it.
func Open(t testing.TB) context.Context {
	t.Helper()
	binary := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			binary = found
			break
		}
	}
	if binary == "" {
		Need(t, "no browser is installed: install Chromium (Debian: apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()),
		chromedp.WSURLReadTimeout(Patience))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("browsertest: the browser does not start: %v", err)
	}
	return tab
}

// Size gives the tab a width, below 500 that of a telephone, and switches JavaScript on or off.
func Size(t testing.TB, tab context.Context, width int64, script bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, Patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: 844, DeviceScaleFactor: 1, Mobile: width < 500,
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
		return err
	}))
	if err != nil {
		t.Fatalf("browsertest: the size of the window: %v", err)
	}
}

// Axe returns the source of axe-core, which finds what keeps people out, or "" if "npm ci --prefix .ci" was not run. It ends the test where
// nothing may be skipped.
func Axe(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(ci(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil && os.Getenv("STEPWELL_TEST_NOSKIP") == "1" {
		t.Fatalf("browsertest: axe-core is not installed: run npm ci --prefix .ci: %v", err)
	}
	return string(source)
}

// ci returns the folder .ci of this module. Tests run in the folder of their package, which is somewhere below the module's root.
func ci(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return filepath.Join(dir, ".ci")
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("browsertest: the root of the module is not above the folder of the test (%v)", err)
	return ""
}
