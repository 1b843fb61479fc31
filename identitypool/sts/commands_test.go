package sts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// programOrSkip returns the path of a program. Without it the test is skipped, or failed where STEPWELL_TEST_NOSKIP=1 forbids skipping.
func programOrSkip(t *testing.T, install string, check []string, places ...string) string {
	t.Helper()
	for _, place := range places {
		path, err := exec.LookPath(place)
		if err != nil {
			continue
		}
		if err := command(t, path, check...).Run(); err == nil {
			return path
		}
	}
	if os.Getenv("STEPWELL_TEST_NOSKIP") == "1" {
		t.Fatal(install)
	}
	t.Skip(install)
	return ""
}

func awsOrSkip(t *testing.T) string {
	t.Helper()
	return programOrSkip(t, "the AWS command line is not installed (Debian, Ubuntu: apt-get install awscli)", []string{"--version"}, "/usr/bin/aws", "aws")
}

func botoOrSkip(t *testing.T) string {
	t.Helper()
	return programOrSkip(t, "boto3 is not installed (Debian, Ubuntu: apt-get install python3-boto3)", []string{"-c", "import boto3"}, "/usr/bin/python3", "python3")
}

// command is a program that finds nothing of whoever runs the test: no profile, no credentials, no proxy.
func command(t *testing.T, path string, arguments ...string) *exec.Cmd {
	t.Helper()
	home := t.TempDir()
	c := exec.CommandContext(t.Context(), path, arguments...)
	c.Dir = home
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AWS_CONFIG_FILE=" + filepath.Join(home, "config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(home, "credentials"), "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
		"NO_PROXY=*", "LC_ALL=C.UTF-8",
	}
	return c
}

// withKeys lets a program sign with credentials.
func withKeys(c *exec.Cmd, key, secret, token string) *exec.Cmd {
	c.Env = append(c.Env, "AWS_ACCESS_KEY_ID="+key, "AWS_SECRET_ACCESS_KEY="+secret)
	if token != "" {
		c.Env = append(c.Env, "AWS_SESSION_TOKEN="+token)
	}
	return c
}

// assumed is what the command line prints of a session.
type assumed struct {
	Credentials     struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string } //nolint:revive // the names of AWS
	AssumedRoleUser struct{ Arn string }
	Arn             string
}

func output(t *testing.T, c *exec.Cmd) assumed {
	t.Helper()
	text, err := c.Output()
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // of this very call
		t.Fatalf("%s: %s", c, exit.Stderr)
	}
	require.NoError(t, err)
	var out assumed
	require.NoError(t, json.Unmarshal(text, &out), string(text))
	return out
}

// TestCommandLine: the AWS command line assumes a role, by its user's key and by a token, and says who it is.
func TestCommandLine(t *testing.T) {
	path := awsOrSkip(t)
	w := newWorld(t)
	sts := func(arguments ...string) *exec.Cmd {
		return command(t, path, append([]string{"--endpoint-url", w.server.URL, "--region", region, "--output", "json", "sts"}, arguments...)...)
	}
	got := output(t, withKeys(sts("assume-role", "--role-arn", rolePrefix+"Auditor", "--role-session-name", "ann", "--duration-seconds", "900",
		"--tags", "Key=team,Value=blue", "Key=cost,Value=7", "--transitive-tag-keys", "team", "--source-identity", "ann"), userKey, userSecret, ""))
	require.Equal(t, "arn:aws:sts::"+account+":assumed-role/Auditor/ann", got.AssumedRoleUser.Arn)
	who := output(t, withKeys(sts("get-caller-identity"), got.Credentials.AccessKeyId, got.Credentials.SecretAccessKey, got.Credentials.SessionToken))
	require.Equal(t, got.AssumedRoleUser.Arn, who.Arn)

	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(w.poolToken(t, map[string]string{provider: idToken(t, "ann")})), 0o600))
	got = output(t, sts("assume-role-with-web-identity", "--role-arn", rolePrefix+"Reader", "--role-session-name", "web", "--web-identity-token", "file://"+file))
	require.Equal(t, "arn:aws:sts::"+account+":assumed-role/Reader/web", got.AssumedRoleUser.Arn)
	who = output(t, withKeys(sts("get-caller-identity"), got.Credentials.AccessKeyId, got.Credentials.SecretAccessKey, got.Credentials.SessionToken))
	require.Equal(t, got.AssumedRoleUser.Arn, who.Arn)

	refused, err := withKeys(sts("assume-role", "--role-arn", rolePrefix+"Next", "--role-session-name", "ann"), userKey, userSecret, "").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(refused), "An error occurred (AccessDenied) when calling the AssumeRole operation")
	refused, err = withKeys(sts("get-caller-identity"), userKey, userSecret+"x", "").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(refused), "(SignatureDoesNotMatch)")
}

const botoScript = `
import json, sys, boto3, botocore
given = json.load(sys.stdin)
def client(key=None, secret=None, token=None, region=given["region"]):
    config = botocore.config.Config(retries={"max_attempts": 0}, **({} if key else {"signature_version": botocore.UNSIGNED}))
    return boto3.client("sts", endpoint_url=given["endpoint"], region_name=region, config=config,
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token)
def who(answer):
    c = answer["Credentials"]
    arn = client(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"]).get_caller_identity()["Arn"]
    assert arn == answer["AssumedRoleUser"]["Arn"], arn
    return arn
def refused(call):
    try:
        call()
    except botocore.exceptions.ClientError as e:
        return [e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]["Type"]]
    raise AssertionError("not refused")
user = client(given["key"], given["secret"])
role = lambda **more: user.assume_role(RoleArn=given["roles"] + "Auditor", RoleSessionName="ann", **more)
print(json.dumps([
    who(role(Tags=[{"Key": "team", "Value": "blue"}], TransitiveTagKeys=[], PolicyArns=[{"arn": given["policy"]}])),
    who(client().assume_role_with_web_identity(RoleArn=given["roles"] + "Reader", RoleSessionName="web", WebIdentityToken=given["token"])),
    who(client().assume_role_with_saml(RoleArn=given["roles"] + "Corporate", PrincipalArn=given["saml"], SAMLAssertion=given["assertion"])),
    user.get_session_token()["Credentials"]["AccessKeyId"][:4],
    refused(lambda: role(Policy="{}")),
    refused(lambda: role(DurationSeconds=100000)),
    refused(lambda: client(given["key"], given["secret"], region="us-east-1").get_caller_identity()),
    refused(lambda: client().assume_role_with_web_identity(RoleArn=given["roles"] + "Reader", RoleSessionName="web", WebIdentityToken="a.b.c")),
]))
`

// TestBoto3: the SDK for Python, whose empty lists and errors are its own.
func TestBoto3(t *testing.T) {
	path := botoOrSkip(t)
	w := newWorld(t)
	given, err := json.Marshal(map[string]string{
		"region": region, "endpoint": w.server.URL, "key": userKey, "secret": userSecret, "roles": rolePrefix, "saml": samlProvider,
		"policy": "arn:aws:iam::" + account + ":policy/ReadOnly", "token": w.poolToken(t, map[string]string{provider: idToken(t, "ann")}), "assertion": assertion(t, nil),
	})
	require.NoError(t, err)
	c := command(t, path, "-c", botoScript)
	stdin, err := c.StdinPipe()
	require.NoError(t, err)
	go func() {
		defer stdin.Close()
		_, _ = fmt.Fprintf(stdin, "%s", given)
	}()
	text, err := c.CombinedOutput()
	require.NoError(t, err, string(text))
	require.JSONEq(t, `[
		"arn:aws:sts::000000000000:assumed-role/Auditor/ann", "arn:aws:sts::000000000000:assumed-role/Reader/web",
		"arn:aws:sts::000000000000:assumed-role/Corporate/ann", "ASIA",
		["MalformedPolicyDocument", 400, "Sender"], ["ValidationError", 400, "Sender"], ["SignatureDoesNotMatch", 403, "Sender"], ["InvalidIdentityToken", 400, "Sender"]
	]`, string(text))
}
