package pgtest

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// noSkip names the environment variable that turns skipping into failing.
const noSkip = "STEPWELL_TEST_NOSKIP"

var errNotInstalled = errors.New("no PostgreSQL server is installed: install one (Debian, Ubuntu: apt-get install postgresql; " +
	"macOS: brew install postgresql), or put its folder with initdb and postgres into PATH")

// places are where packages put the folder that holds initdb and postgres.
var places = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // PostgreSQL's own packages for Red Hat and relatives
	"/usr/local/pgsql/bin",      // built from source
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/latest/bin",
}

// binaries returns the folder that holds both initdb and postgres.
func binaries() (string, error) {
	if p, err := exec.LookPath("postgres"); err == nil {
		// A link in PATH may stand alone: look where it points to first.
		if real, err := filepath.EvalSymlinks(p); err == nil && hasBoth(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
		if hasBoth(filepath.Dir(p)) {
			return filepath.Dir(p), nil
		}
	}
	for _, pattern := range places {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
		for _, dir := range found {
			if hasBoth(dir) {
				return dir, nil
			}
		}
	}
	return "", errNotInstalled
}

func hasBoth(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// version returns the first number in a path such as /usr/lib/postgresql/15/bin, or 0.
func version(path string) int {
	start := strings.IndexAny(path, "0123456789")
	if start < 0 {
		return 0
	}
	end := start
	for end < len(path) && path[end] >= '0' && path[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(path[start:end])
	return n
}

// skipOrFail ends the test: as skipped if no server is installed, else, or where skipping is forbidden, as failed.
func skipOrFail(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNotInstalled) && os.Getenv(noSkip) != "1" {
		t.Skip("pgtest: " + err.Error())
	}
	t.Fatalf("pgtest: no PostgreSQL server for this test: %v", err)
}
