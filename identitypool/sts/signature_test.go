package sts_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
	"github.com/stepwell/stepwell/identitypool/sts"
)

const whoami = "Action=GetCallerIdentity&Version=2011-06-15"

// signed is GetCallerIdentity, signed for a service and region.
func (w *world) signed(t *testing.T, region, service string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.server.URL+"/", strings.NewReader(whoami))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.NoError(t, sigv4.Sign(r, []byte(whoami), sigv4.Credentials{AccessKeyID: userKey, SecretAccessKey: userSecret}, region, service, time.Now()))
	return r
}

// send sends a copy of the request.
func (w *world) send(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	again := r.Clone(t.Context())
	again.Body = io.NopCloser(strings.NewReader(whoami))
	answer, err := w.server.Client().Do(again)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

// TestA9_OtherScope: who a request was signed for is part of what was signed, in both directions.
func TestA9_OtherScope(t *testing.T) {
	w := newWorld(t)
	status, body := w.send(t, w.signed(t, region, "sts"))
	require.Equal(t, http.StatusOK, status, body)
	for _, other := range [][2]string{{"us-east-1", "sts"}, {region, "execute-api"}, {region, "iam"}, {"eu-west-10", "sts"}, {"EU-WEST-1", "sts"}, {region, "STS"}, {"", "sts"}} {
		r := w.signed(t, region, "sts")
		if other[0] != "" {
			r = w.signed(t, other[0], other[1])
		} else {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/"+region+"/", "//", 1))
		}
		status, body := w.send(t, r)
		require.True(t, status == http.StatusForbidden || status == http.StatusBadRequest, "%v: %d %s", other, status, body)
		require.NotContains(t, body, "user/ann")
	}
	for _, elsewhere := range []string{"us-east-1", "eu-central-1", "us-gov-west-1"} {
		_, err := w.sdk(func(o *awssts.Options) { o.Region = elsewhere }).GetCallerIdentity(t.Context(), nil)
		requireCode(t, err, "SignatureDoesNotMatch", "sign for eu-west-1 and sts")
	}
	r := w.signed(t, region, "sts")
	r.URL.Host, r.Host = "", strings.TrimPrefix(w.server.URL, "http://")
	r.RequestURI = "/"
	r.Body = io.NopCloser(strings.NewReader(whoami))
	recorder := httptest.NewRecorder()
	w.protected(t, "execute-api").ServeHTTP(recorder, r)
	require.Equal(t, http.StatusForbidden, recorder.Code, "a request for this service opens nothing elsewhere")
}

// TestA2_Form: what is signed is what is read.
func TestA2_Form(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{
		"Action=GetSessionToken&Version=2011-06-15", whoami + "&", "&" + whoami, strings.Replace(whoami, "&", "&&", 1),
		"Version=2011-06-15&Action=GetCallerIdentity", strings.Replace(whoami, "=", "%3D", 1), whoami + "\n",
	} {
		r := w.signed(t, region, "sts")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		answer, err := w.server.Client().Do(r)
		require.NoError(t, err)
		_ = answer.Body.Close()
		require.True(t, answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusBadRequest, body)
	}
	r := w.signed(t, region, "sts")
	r.URL.RawQuery = "Action=GetSessionToken&Version=2011-06-15"
	status, body := w.send(t, r)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, "MalformedQueryString")
}

// TestA5_UnknownKey: nobody learns which access keys there are.
func TestA5_UnknownKey(t *testing.T) {
	w := newWorld(t)
	wrong := w.signed(t, region, "sts")
	authorization := wrong.Header.Get("Authorization")
	last := authorization[len(authorization)-1:]
	changed := "0"
	if last == "0" {
		changed = "1"
	}
	wrong.Header.Set("Authorization", authorization[:len(authorization)-1]+changed)
	unknown := w.signed(t, region, "sts")
	unknown.Header.Set("Authorization", strings.Replace(authorization, userKey, "AKIAIOSFODNN7EXAMPLF", 1))
	status, body := w.send(t, wrong)
	status2, body2 := w.send(t, unknown)
	require.Equal(t, status, status2)
	id := func(text string) string { return text[:strings.Index(text, "<RequestId>")] }
	require.Equal(t, id(body), id(body2))
	require.Contains(t, body, "<Code>SignatureDoesNotMatch</Code>")
}

// TestA8_Replay: once only, where that was asked for.
func TestA8_Replay(t *testing.T) {
	for _, prevent := range []bool{false, true} {
		w := newWorld(t, func(_ *identitypool.Config, c *sts.Config) { c.PreventReplay = prevent })
		r := w.signed(t, region, "sts")
		status, body := w.send(t, r)
		require.Equal(t, http.StatusOK, status, body)
		status, body = w.send(t, r)
		require.Equal(t, prevent, status == http.StatusForbidden, body)
		require.Equal(t, prevent, strings.Contains(body, "<Code>ReplayedRequest</Code>"), body)
	}
}

// TestA3_Presigned: a URL that proves who somebody is, where that was asked for, and for nothing else.
func TestA3_Presigned(t *testing.T) {
	get := func(w *world, target string) (int, string) {
		answer, err := w.server.Client().Get(target)
		require.NoError(t, err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(body)
	}
	for _, allowed := range []bool{false, true} {
		w := newWorld(t, func(_ *identitypool.Config, c *sts.Config) { c.AllowPresigned = allowed })
		presigned, err := awssts.NewPresignClient(w.sdk()).PresignGetCallerIdentity(t.Context(), nil, func(o *awssts.PresignOptions) {
			o.Presigner = &expiring{o.Presigner}
		})
		require.NoError(t, err)
		status, body := get(w, presigned.URL)
		require.Equal(t, allowed, status == http.StatusOK, body)
		require.Equal(t, allowed, strings.Contains(body, ":user/ann</Arn>"), body)
		status, _ = get(w, strings.Replace(presigned.URL, "GetCallerIdentity", "GetSessionToken", 1))
		require.Equal(t, http.StatusMethodNotAllowed, status)
		if allowed {
			w.offset.Store(int64(time.Hour))
			status, _ = get(w, presigned.URL)
			require.Equal(t, http.StatusForbidden, status)
		}
	}
	w := newWorld(t)
	role, err := awssts.NewPresignClient(w.sdk()).PresignAssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Auditor"), RoleSessionName: aws.String("ann")})
	require.NoError(t, err)
	status, _ := get(w, role.URL)
	require.Equal(t, http.StatusMethodNotAllowed, status)
}

// expiring presigns with an expiry, which AWS's client leaves out for this service.
type expiring struct{ awssts.HTTPPresignerV4 }

func (e *expiring) PresignHTTP(
	ctx context.Context, credentials aws.Credentials, r *http.Request, payload, service, region string, at time.Time, options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "60")
	r.URL.RawQuery = query.Encode()
	return e.HTTPPresignerV4.PresignHTTP(ctx, credentials, r, payload, service, region, at, options...)
}
