package main

import (
	"errors"
	"html"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/browsertest"
)

var block = regexp.MustCompile(`(?s)<pre class="wrap[^"]*">(.*?)</pre>`)

// commands returns what the page says to type: exports, reading and writing with curl, listing and copying with the AWS CLI.
func (b *browser) commands() []string {
	b.t.Helper()
	status, body := b.open("/command-line")
	require.Equal(b.t, http.StatusOK, status, body)
	var out []string
	for _, found := range block.FindAllStringSubmatch(body, -1) {
		out = append(out, html.UnescapeString(found[1]))
	}
	require.Len(b.t, out, 5)
	return out
}

// shell runs what stands on the page, word by word, in a shell with a home of its own.
func shell(t *testing.T, script string) (out string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
	command.Env = []string{
		"PATH=/usr/bin:/bin:/usr/local/bin", "HOME=" + t.TempDir(), "NO_PROXY=*", "no_proxy=*", "AWS_EC2_METADATA_DISABLED=true", "LC_ALL=C.UTF-8", "AWS_MAX_ATTEMPTS=1",
	}
	b, err := command.CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(b), failed.ExitCode()
	}
	require.NoError(t, err, string(b))
	return string(b), 0
}

// Typed into a shell, the curl commands of the page do what the page says.
func TestCommandLine_Curl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		browsertest.Need(t, "curl is not installed (Debian, Ubuntu: apt-get install curl)")
	}
	p := serve(t)
	p.addUser(t, "ada@example.com")
	b := p.browser(t)
	for _, signedIn := range []bool{false, true} {
		if signedIn {
			b.signIn("ada@example.com")
		}
		id := b.identity()
		typed := b.commands()
		silent := func(command string) string {
			return typed[0] + "\n" + strings.Replace(command, "curl --aws", "curl -sS --aws", 1)
		}
		out, code := shell(t, silent(typed[1]))
		require.Zero(t, code, out)
		require.Equal(t, seeds["public/welcome.txt"], out)

		out, code = shell(t, silent(typed[2]))
		require.Zero(t, code, out)
		o, stored := p.bucket.get("users/" + id + "/curl.txt")
		require.Equal(t, signedIn, stored, out)
		if !signedIn {
			require.Contains(t, out, "<Code>AccessDenied</Code>")
			require.Contains(t, p.logged.String(), "action=s3:PutObject")
			continue
		}
		require.Equal(t, "Written with curl.", string(o.data))
		require.Equal(t, "text/plain", o.contentType)
		out, code = shell(t, silent(strings.Replace(typed[1], "public/welcome.txt", "users/"+strings.ReplaceAll(stranger, ":", "%3A")+"/diary.txt", 1)))
		require.Zero(t, code, out)
		require.Contains(t, out, "<Code>AccessDenied</Code>")

		_, body := b.open("/")
		require.Contains(t, body, "from curl", "requests from elsewhere are among the last ones")
	}
}

// So do those of the AWS CLI.
func TestCommandLine_AWS(t *testing.T) {
	if _, err := os.Stat("/usr/bin/aws"); err != nil {
		browsertest.Need(t, "the AWS CLI is not installed (Debian, Ubuntu: apt-get install awscli)")
	}
	p := serve(t)
	p.addUser(t, "ada@example.com")
	b := p.browser(t)
	guest := b.commands()
	out, code := shell(t, guest[0]+"\n"+guest[3])
	require.Zero(t, code, out)
	require.Contains(t, out, "welcome.txt")
	require.Contains(t, out, "stepwells.txt")
	out, code = shell(t, guest[0]+"\n"+guest[4])
	require.NotZero(t, code, out)
	require.Contains(t, out, "AccessDenied")

	b.signIn("ada@example.com")
	id := b.identity()
	typed := b.commands()
	own := "s3://shared/users/" + id + "/"
	aws := typed[0] + "\naws --endpoint-url " + p.base + " s3 "
	out, code = shell(t, typed[0]+"\n"+typed[4])
	require.Zero(t, code, out)
	out, code = shell(t, aws+"ls "+own)
	require.Zero(t, code, out)
	require.Contains(t, out, "cli.txt")
	out, code = shell(t, aws+"cp "+own+"cli.txt -")
	require.Zero(t, code, out)
	require.Equal(t, "Written with the AWS CLI.\n", out)
	out, code = shell(t, aws+"rm "+own+"cli.txt")
	require.Zero(t, code, out)
	_, stored := p.bucket.get("users/" + id + "/cli.txt")
	require.False(t, stored)
	out, code = shell(t, aws+"cp s3://shared/users/"+stranger+"/diary.txt -")
	require.NotZero(t, code, out)
	require.Contains(t, out, "403")
}
