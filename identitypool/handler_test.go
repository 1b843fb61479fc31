package identitypool_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

func note(r *http.Request) string {
	return "arn:app:notes:::" + r.PathValue("owner") + "/" + r.PathValue("note")
}

// TestHandler_OutsideClient: a real server, and a client that signs with AWS's SDK.
func TestHandler_OutsideClient(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	ann, c := credentialsOf(t, p, login("ann"))
	bob := getID(t, p, login("bob"))
	mux := http.NewServeMux()
	mux.Handle("PUT /notes/{owner}/{note}", p.Handler("notes:Write", note, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok := identitypool.FromContext(r.Context())
		body, err := io.ReadAll(r.Body)
		_, _ = w.Write([]byte(caller.IdentityID + " wrote " + string(body)))
		if !ok || err != nil || caller.Guest() || caller.PoolID != poolID || caller.AccessKeyID != c.AccessKeyID {
			t.Error(ok, err, caller)
		}
	})))
	server := httptest.NewServer(mux)
	defer server.Close()

	send := func(path, body string, change func(*http.Request)) (*http.Response, string) {
		r, err := http.NewRequest("PUT", server.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		hash := sha256.Sum256([]byte(body))
		require.NoError(t, awsv4.NewSigner().SignHTTP(t.Context(), aws.Credentials{
			AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		}, r, hex.EncodeToString(hash[:]), "execute-api", "eu-west-1", k.now))
		if change != nil {
			change(r)
		}
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response, string(text)
	}
	response, text := send("/notes/"+ann+"/shopping%2Flist?x=1", "buy milk", nil)
	require.Equal(t, http.StatusOK, response.StatusCode, text)
	require.Equal(t, ann+" wrote buy milk", text)

	response, text = send("/notes/"+bob+"/shopping", "buy milk", nil)
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	require.Equal(t, "AccessDeniedException", response.Header.Get("X-Amzn-ErrorType"))
	require.JSONEq(t, `{"__type":"AccessDeniedException","message":"User: arn:aws:sts::000000000000:assumed-role/User/CognitoIdentityCredentials `+
		`is not authorized to perform: notes:Write on resource: arn:app:notes:::`+bob+`/shopping because no identity-based policy allows the notes:Write action"}`, text)

	response, text = send("/notes/"+ann+"/shopping", "buy milk", func(r *http.Request) { r.Header.Del("Authorization") })
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	require.Contains(t, text, "MissingAuthenticationTokenException")
	// The signature is for one note, not for its neighbour.
	response, _ = send("/notes/"+ann+"/shopping", "x", func(r *http.Request) { r.URL.Path = "/notes/" + ann + "/diary" })
	require.Equal(t, http.StatusForbidden, response.StatusCode)
}

func refusal(t *testing.T, w *httptest.ResponseRecorder) (string, string) {
	t.Helper()
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body)
	require.Len(t, body, 2)
	require.Equal(t, body["__type"], w.Header().Get("X-Amzn-ErrorType"))
	return body["__type"], body["message"]
}

func TestHandler_Refusals(t *testing.T) {
	k := newClock()
	c := config(k)
	c.MaxBody = 10
	var logs bytes.Buffer
	c.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	p := newPool(t, c)
	ann, keys := credentialsOf(t, p, login("ann"))
	own := func(*http.Request) string { return "arn:app:notes:::" + ann + "/x" }
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was let through") })
	for _, test := range []struct {
		name     string
		handler  http.Handler
		request  *http.Request
		status   int
		wireName string
	}{
		{"not signed", p.Handler("notes:Read", own, never), httptest.NewRequest("GET", "/", nil), 403, "MissingAuthenticationTokenException"},
		{"malformed", p.Handler("notes:Read", own, never), func() *http.Request {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x")
			return r
		}(), 400, "IncompleteSignatureException"},
		{"large body", p.Handler("notes:Read", own, never), signed(t, keys, k.now, "POST", "/", "0123456789a"), 413, "RequestEntityTooLargeException"},
		{"broken body", p.Handler("notes:Read", own, never), func() *http.Request {
			r := signed(t, keys, k.now, "POST", "/", "x")
			r.Body = io.NopCloser(iotest.ErrReader(errors.New("reset by 10.0.0.1")))
			return r
		}(), 400, "InvalidParameterException"},
		{"old", p.Handler("notes:Read", own, never), signed(t, keys, k.now.Add(-10*60*1e9), "GET", "/", ""), 403, "InvalidSignatureException"},
		{"denied", p.Handler("mail:Read", own, never), signed(t, keys, k.now, "GET", "/", ""), 403, "AccessDeniedException"},
		{"dot segments", p.Handler("notes:Read", own, never), signed(t, keys, k.now, "GET", "/a/../b", ""), 400, "InvalidParameterException"},
		{"encoded dot segments", p.Handler("notes:Read", own, never), signed(t, keys, k.now, "GET", "/a/%2e%2E/b", ""), 400, "InvalidParameterException"},
		{"single dot", p.Handler("notes:Read", own, never), signed(t, keys, k.now, "GET", "/a/.", ""), 400, "InvalidParameterException"},
		{"no action", p.Handler("", own, never), signed(t, keys, k.now, "GET", "/", ""), 500, "InternalErrorException"},
		{"action pattern", p.Handler("notes:*", own, never), signed(t, keys, k.now, "GET", "/", ""), 500, "InternalErrorException"},
		{"no resource", p.Handler("notes:Read", func(*http.Request) string { return "" }, never), signed(t, keys, k.now, "GET", "/", ""), 500, "InternalErrorException"},
		{"no function", p.Handler("notes:Read", nil, never), signed(t, keys, k.now, "GET", "/", ""), 500, "InternalErrorException"},
		{"no handler", p.Handler("notes:Read", own, nil), signed(t, keys, k.now, "GET", "/", ""), 500, "InternalErrorException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			test.handler.ServeHTTP(w, test.request)
			require.Equal(t, test.status, w.Code)
			name, message := refusal(t, w)
			require.Equal(t, test.wireName, name)
			require.NotEmpty(t, message)
			require.NotContains(t, message, "10.0.0.1")
		})
	}
	require.Contains(t, logs.String(), "not service:name")

	// H12: neither log nor answers have a secret.
	require.NotContains(t, logs.String(), keys.SecretAccessKey)
	require.NotContains(t, logs.String(), keys.SessionToken)
}

// The function that names the resource may look at all of the request; the handler still finds the body whole.
func TestHandler_ResourceFromBody(t *testing.T) {
	k := newClock()
	p := newPool(t, config(k))
	ann, keys := credentialsOf(t, p, login("ann"))
	resource := func(r *http.Request) string {
		caller, _ := identitypool.FromContext(r.Context())
		var in struct{ Note string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		r.Body = http.NoBody
		return "arn:app:notes:::" + caller.IdentityID + "/" + in.Note
	}
	serve := func(body string) (int, string) {
		w := httptest.NewRecorder()
		p.Handler("notes:Delete", resource, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		})).ServeHTTP(w, signed(t, keys, k.now, "POST", "/", body))
		return w.Code, w.Body.String()
	}
	code, body := serve(`{"Note":"x"}`)
	require.Equal(t, http.StatusOK, code, ann)
	require.Equal(t, `{"Note":"x"}`, body)
	code, _ = serve(`{"Note":"locked"}`)
	require.Equal(t, http.StatusForbidden, code)
}

func TestFromContext_Elsewhere(t *testing.T) {
	_, ok := identitypool.FromContext(t.Context())
	require.False(t, ok)
}
