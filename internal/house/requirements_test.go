package house

import (
	"os"
	"path/filepath"
	"testing"

	// The SAML library is required before the package that is built on it, so that its requirements are settled, and tested, here.
	_ "github.com/crewjam/saml"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// direct are the requirements that users of this module asked for.
var direct = []string{
	"github.com/crewjam/saml", "github.com/lestrrat-go/jwx/v2", "github.com/stretchr/testify", "golang.org/x/oauth2",
}

// atLeast are the oldest versions without a known vulnerability, of modules whose users ask for older ones.
var atLeast = map[string]string{
	"github.com/russellhaering/goxmldsig": "v1.6.1",
	"github.com/beevik/etree":             "v1.8.1",
	"github.com/crewjam/saml":             "v0.5.1",
	"github.com/lestrrat-go/jwx/v2":       "v2.1.7",
	"github.com/jackc/pgx/v5":             "v5.9.2",
}

func TestRequirements(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	file, err := modfile.Parse("go.mod", raw, nil)
	require.NoError(t, err)
	require.Empty(t, file.Replace, "a replacement does not reach those who import this module")
	found := map[string]*modfile.Require{}
	for _, r := range file.Require {
		found[r.Mod.Path] = r
	}
	for _, name := range direct {
		require.Contains(t, found, name)
		require.False(t, found[name].Indirect, "%s is required directly", name)
	}
	for name, least := range atLeast {
		require.Contains(t, found, name)
		require.GreaterOrEqual(t, semver.Compare(found[name].Mod.Version, least), 0, "%s %s has known vulnerabilities", name, found[name].Mod.Version)
	}
}
