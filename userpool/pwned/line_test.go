package pwned

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var wellFormed = regexp.MustCompile(`^([0-9a-fA-F]{35}):([0-9]{1,12})\r?$`)

// FuzzCountIn compares countIn with a plainer reading of the same rules.
func FuzzCountIn(f *testing.F) {
	suffix := digest("password")[prefixDigits:]
	for _, seed := range []string{
		"", suffix + ":1", suffix + ":1\r\n" + suffix + ":12\n", strings.ToLower(suffix) + ":7", suffix + ":", suffix, "<html>", "\n", suffix + ":0",
		suffix + ":1\r\r\n", suffix + ":+1", suffix + ":999999999999", suffix + ":00000000000001",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		count, err := countIn(answer, suffix)
		want, ok := int64(0), answer != ""
		for _, line := range strings.Split(strings.TrimSuffix(answer, "\n"), "\n") {
			parts := wellFormed.FindStringSubmatch(line)
			if parts == nil {
				ok = false
				break
			}
			if strings.EqualFold(parts[1], suffix) {
				n, err := strconv.ParseInt(parts[2], 10, 64)
				require.NoError(t, err)
				want = max(want, n)
			}
		}
		require.Equal(t, ok, err == nil, "%q: %v", answer, err)
		if ok {
			require.Equal(t, want, count)
		}
	})
}

// In FIPS mode SHA-1 panics, but not here.
func TestDigest_FIPS(t *testing.T) {
	const inside = "STEPWELL_TEST_FIPS"
	if os.Getenv(inside) != "" {
		require.Equal(t, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", digest("password"))
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, "-test.run=^TestDigest_FIPS$", "-test.v")
	command.Env = append(os.Environ(), inside+"=1", "GODEBUG=fips140=only")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestDigest_FIPS")
}
