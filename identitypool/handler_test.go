package identitypool_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

func note(r *http.Request) string {
	return "arn:app:notes:::" + r.PathValue("owner") + "/" + r.PathValue("note")
}

// TestHandler_OutsideClient: a real server, and a client that signs with AWS's SDK.
func TestHandler_OutsideClient(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	bob, _ := k.user(t, "bob")
	mux := http.NewServeMux()
	mux.Handle("PUT /notes/{owner}/{note}", k.Handler("notes:Write", note, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok := identitypool.FromContext(r.Context())
		decision, decided := identitypool.DecisionFromContext(r.Context())
		body, err := io.ReadAll(r.Body)
		_, _ = w.Write([]byte(caller.IdentityID + " wrote " + string(body)))
		if !ok || !decided || err != nil || caller.Guest() || caller.PoolID != k.config.ID || caller.AccessKeyID != c.AccessKeyID || !decision.Allowed {
			t.Error(ok, err, caller, decision)
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
	k := newRig(t)
	ann, keys := k.user(t, "ann")
	p := rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{MaxBody: 10})
	own := func(*http.Request) string { return "arn:app:notes:::" + ann + "/x" }
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was let through") })
	read := p.Handler("notes:Read", own, never)
	for _, test := range []struct {
		name     string
		handler  http.Handler
		request  *http.Request
		status   int
		wireName string
	}{
		{"not signed", read, httptest.NewRequest("GET", "/", nil), 403, "MissingAuthenticationTokenException"},
		{"malformed", read, func() *http.Request {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x")
			return r
		}(), 400, "IncompleteSignatureException"},
		{"large body", read, k.request(t, keys, "POST", "/", "0123456789a"), 413, "RequestEntityTooLargeException"},
		{"broken body", read, func() *http.Request {
			r := k.request(t, keys, "POST", "/", "x")
			r.Body = io.NopCloser(iotest.ErrReader(errors.New("reset by 10.0.0.1")))
			return r
		}(), 400, "InvalidParameterException"},
		{"old", read, func() *http.Request {
			r := httptest.NewRequest("GET", "/", nil)
			require.NoError(t, sigv4.Sign(r, nil, keys, "eu-west-1", "execute-api", k.now.Add(-10*time.Minute)))
			return r
		}(), 403, "InvalidSignatureException"},
		{"denied", p.Handler("mail:Read", own, never), k.get(t, keys), 403, "AccessDeniedException"},
		{"dot segments", read, k.request(t, keys, "GET", "/a/../b", ""), 400, "InvalidParameterException"},
		{"encoded dot segments", read, k.request(t, keys, "GET", "/a/%2e%2E/b", ""), 400, "InvalidParameterException"},
		{"single dot", read, k.request(t, keys, "GET", "/a/.", ""), 400, "InvalidParameterException"},
		{"no action", p.Handler("", own, never), k.get(t, keys), 500, "InternalErrorException"},
		{"action pattern", p.Handler("notes:*", own, never), k.get(t, keys), 500, "InternalErrorException"},
		{"no resource", p.Handler("notes:Read", func(*http.Request) string { return "" }, never), k.get(t, keys), 500, "InternalErrorException"},
		{"no function", p.Handler("notes:Read", nil, never), k.get(t, keys), 500, "InternalErrorException"},
		{"no handler", p.Handler("notes:Read", own, nil), k.get(t, keys), 500, "InternalErrorException"},
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
	require.Contains(t, k.logs.String(), "not service:name")

	// H12: neither log nor answers have a secret.
	require.NotContains(t, k.logs.String(), keys.SecretAccessKey)
	require.NotContains(t, k.logs.String(), keys.SessionToken)
}

// The function that names the resource may look at all of the request; the handler still finds the body whole.
func TestHandler_ResourceFromBody(t *testing.T) {
	k := newRig(t)
	ann, keys := k.user(t, "ann")
	resource := func(r *http.Request) string {
		caller, _ := identitypool.FromContext(r.Context())
		var in struct{ Note string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		r.Body = http.NoBody
		return "arn:app:notes:::" + caller.IdentityID + "/" + in.Note
	}
	serve := func(body string) (int, string) {
		w := httptest.NewRecorder()
		k.Handler("notes:Delete", resource, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		})).ServeHTTP(w, k.request(t, keys, "POST", "/", body))
		return w.Code, w.Body.String()
	}
	code, body := serve(`{"Note":"x"}`)
	require.Equal(t, http.StatusOK, code, ann)
	require.Equal(t, `{"Note":"x"}`, body)
	code, _ = serve(`{"Note":"locked"}`)
	require.Equal(t, http.StatusForbidden, code)
}

// TestDeniedIsLogged: with the trace, which the client does not get; bounded, and without secrets.
func TestDeniedIsLogged(t *testing.T) {
	k := newRig(t, func(c *identitypool.Config) {
		var many strings.Builder
		for i := range 60 {
			fmt.Fprintf(&many, `{"Sid":"S%d","Effect":"Deny","Action":"notes:Delete","Resource":"arn:app:notes:::*","Condition":{"StringLike":{"aws:UserAgent":"x*"}}},`, i)
		}
		c.AuthenticatedRole.Policies = []string{
			rigUser, `{"Version":"2012-10-17","Statement":[` + strings.TrimSuffix(many.String(), ",") + `]}`,
		}
	})
	ann, c := k.user(t, "ann")
	h := k.Handler("notes:Delete", func(*http.Request) string { return "arn:app:notes:::" + ann + "/locked" }, http.NotFoundHandler())
	r := k.get(t, c)
	r.Header.Set("User-Agent", strings.Repeat("agent\n", 1_000))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	_, message := refusal(t, w)
	require.NotContains(t, message, "Locked")
	require.Contains(t, message, "with an explicit deny in an identity-based policy")
	logged := k.logs.String()
	require.Equal(t, 1, strings.Count(logged, "access denied"))
	require.Equal(t, 1, strings.Count(logged, "\n"))
	for _, part := range []string{"Locked", "caller=arn:aws:sts::000000000000:assumed-role/User/", "identity=" + ann, c.AccessKeyID, "notes:Delete", "arn:app:notes:::" + ann + "/locked", "explicit deny"} {
		require.Contains(t, logged, part)
	}
	require.Less(t, len(logged), 10<<10)
	require.Contains(t, logged, "...\"\n")
	require.NotContains(t, logged, c.SecretAccessKey)
	require.NotContains(t, logged, c.SessionToken)

	// What is let through is not logged.
	k.logs.Reset()
	require.NoError(t, k.Authorize(k.get(t, c), nil, "notes:Read", "arn:app:notes:::"+ann+"/x"))
	require.Empty(t, k.logs.String())
}

// TestDecided: the application is told of each decision, in the place of the log.
func TestDecided(t *testing.T) {
	k := newRig(t)
	ann, c := k.user(t, "ann")
	var told []string
	a := rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{
		Decided: func(r *http.Request, caller identitypool.Caller, d identitypool.Decision) {
			told = append(told, fmt.Sprint(r.Method, " ", caller.IdentityID == ann, " ", d.Allowed, " ", d.Action, " ", d.Resource))
			require.NotEmpty(t, d.Explain().String())
		},
	})
	for _, resource := range []string{"arn:app:notes:::" + ann + "/x", "arn:app:notes:::bob/x"} {
		a.Handler("notes:Read", func(*http.Request) string { return resource }, http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), k.get(t, c))
		_ = a.Authorize(k.get(t, c), nil, "notes:Write", resource)
	}
	require.Equal(t, []string{
		"GET true true notes:Read arn:app:notes:::" + ann + "/x", "GET true true notes:Write arn:app:notes:::" + ann + "/x",
		"GET true false notes:Read arn:app:notes:::bob/x", "GET true false notes:Write arn:app:notes:::bob/x",
	}, told)
	require.Empty(t, k.logs.String())
}

// TestRefuse: an application answers in its own form.
func TestRefuse(t *testing.T) {
	k := newRig(t)
	_, c := k.user(t, "ann")
	a := rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{Refuse: func(w http.ResponseWriter, _ *http.Request, err *identitypool.Error) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(err.Code.Status())
		_ = xml.NewEncoder(w).Encode(struct {
			XMLName       xml.Name `xml:"Error"`
			Code, Message string
		}{Code: string(err.Code), Message: err.Message})
	}})
	h := a.Handler("notes:Read", func(*http.Request) string { return "arn:app:notes:::bob/x" }, http.NotFoundHandler())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, k.get(t, c))
	require.Equal(t, 403, w.Code)
	require.Contains(t, w.Body.String(), "<Error><Code>AccessDenied</Code><Message>User: arn:aws:sts::")
	routes, err := a.Routes([]identitypool.Route{{Pattern: "GET /{x}", Action: "a:B", Resource: "arn:a:b:::{x}", Handler: tell}})
	require.NoError(t, err)
	for _, path := range []string{"/a/../b", "/%2A", "/a"} {
		w = httptest.NewRecorder()
		routes.ServeHTTP(w, k.request(t, c, "GET", path, ""))
		require.True(t, bytes.HasPrefix(w.Body.Bytes(), []byte("<Error>")), "%s: %s", path, w.Body)
	}
	require.Equal(t, 500, identitypool.Code("Unheard").Status())
}

func TestFromContext_Elsewhere(t *testing.T) {
	_, ok := identitypool.FromContext(t.Context())
	require.False(t, ok)
}
