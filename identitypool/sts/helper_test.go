package sts_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sts"
)

const (
	region       = "eu-west-1"
	poolID       = region + ":7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"
	account      = "000000000000"
	userKey      = "AKIAIOSFODNN7EXAMPLE"
	userSecret   = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	provider     = "id.example.com"
	samlProvider = "arn:aws:iam::" + account + ":saml-provider/Corp"
	rolePrefix   = "arn:aws:iam::" + account + ":role/"
	readAll      = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["notes:Read","sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Resource":"*"}}`
)

// world is a pool with its service, on the clock of the system so that the clients of AWS can sign.
type world struct {
	pool   *identitypool.Pool
	server *httptest.Server
	logs   *syncBuffer
	offset atomic.Int64 // of the pool's clock, nanoseconds
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) }

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// users are those with an access key.
type users map[string]identitypool.User

func (u users) UserByAccessKey(_ context.Context, key string) (identitypool.User, bool, error) {
	found, ok := u[key]
	return found, ok, nil
}

func trustOf(principal, action, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":` + action + condition + `}}`
}

// config has a role for each story.
func (w *world) config() identitypool.Config {
	ann := `{"AWS":"arn:aws:iam::` + account + `:user/ann"}`
	return identitypool.Config{
		ID: poolID, Account: account, Store: memstore.New(), Now: w.now, Logger: slog.New(slog.NewTextHandler(w.logs, nil)),
		Providers: map[string]identitypool.Provider{
			provider:     {Verifier: identitypool.LoginFunc(w.verify)},
			samlProvider: {Verifier: identitypool.LoginFunc(w.verifySAML)},
		},
		AllowUnauthenticated: true, AllowClassicFlow: true,
		AuthenticatedRole:   identitypool.Role{Name: "Reader", Policies: []string{readAll}},
		UnauthenticatedRole: identitypool.Role{Name: "Visitor", Policies: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:Read","Resource":"arn:app:notes:::public"}}`}},
		Roles: []identitypool.Role{
			{Name: "Auditor", MaxDuration: 12 * time.Hour, Policies: []string{readAll}, TrustPolicy: trustOf(ann, `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`, "")},
			{Name: "Plain", Policies: []string{readAll}, TrustPolicy: trustOf(ann, `"sts:AssumeRole"`, "")},
			{Name: "Next", MaxDuration: 12 * time.Hour, Policies: []string{readAll}, TrustPolicy: trustOf(`{"AWS":"`+rolePrefix+`Auditor"}`, `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`, "")},
			{Name: "Partner", Policies: []string{readAll}, TrustPolicy: trustOf(ann, `"sts:AssumeRole"`, `{"StringEquals":{"sts:ExternalId":"customer-4711"}}`)},
			{Name: "Vault", Policies: []string{readAll}, TrustPolicy: trustOf(ann, `"sts:AssumeRole"`, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)},
			{Name: "Foreign", Policies: []string{readAll}, TrustPolicy: trustOf(`{"Federated":"arn:aws:iam::`+account+`:oidc-provider/`+provider+`"}`,
				`["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"]`, `{"StringEquals":{"`+provider+`:aud":"shop"}}`)},
			{Name: "Corporate", Policies: []string{readAll}, TrustPolicy: trustOf(`{"Federated":"`+samlProvider+`"}`,
				`["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]`, `{"StringEquals":{"SAML:aud":"https://app.example.com/saml"}}`)},
		},
		ManagedPolicies: map[string]string{"ReadOnly": readAll},
		Users: users{userKey: {
			Name: "ann", SecretAccessKey: userSecret, Policies: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}`},
		}},
		VerifyMFA: func(_ context.Context, user, serial, code string) (bool, error) {
			return user == "ann" && serial == "arn:aws:iam::000000000000:mfa/ann" && code == "123456", nil
		},
		SessionKey: bytes.Repeat([]byte{7}, 32),
	}
}

func newWorld(t *testing.T, changes ...func(*identitypool.Config, *sts.Config)) *world {
	t.Helper()
	w := &world{logs: &syncBuffer{}}
	config, service := w.config(), sts.Config{Logger: slog.New(slog.NewTextHandler(w.logs, nil))}
	for _, change := range changes {
		change(&config, &service)
	}
	var err error
	w.pool, err = identitypool.New(config)
	require.NoError(t, err)
	service.Pool = w.pool
	s, err := sts.New(service)
	require.NoError(t, err)
	w.server = httptest.NewServer(s)
	t.Cleanup(w.server.Close)
	return w
}

// token is a login of the provider: what it says is in its second part, as in a JSON Web Token, and its signature is "good".
func token(t *testing.T, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".good"
}

func idToken(t *testing.T, subject string) string {
	t.Helper()
	return token(t, map[string]any{"iss": "https://" + provider, "sub": subject, "aud": "shop"})
}

// verify is the verifier of the provider.
func (w *world) verify(_ context.Context, text string) (map[string]any, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || parts[2] != "good" {
		return nil, errors.New("the signature is wrong")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	switch claims["sub"] {
	case "expired":
		return nil, fmt.Errorf("verify: %w", identitypool.ExpiredToken)
	case "down":
		return nil, identitypool.ExternalService
	}
	return claims, nil
}

// verifySAML is the verifier of the SAML provider: the assertion is base64 of the attributes in JSON.
func (w *world) verifySAML(_ context.Context, text string) (map[string]any, error) {
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	err = json.Unmarshal(plain, &claims)
	return claims, err
}

func assertion(t *testing.T, more map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": "https://idp.example.com/saml", "sub": "ann@corp", "aud": "https://app.example.com/saml",
		"https://aws.amazon.com/SAML/Attributes/Role":            rolePrefix + "Corporate," + samlProvider,
		"https://aws.amazon.com/SAML/Attributes/RoleSessionName": "ann",
	}
	for name, value := range more {
		claims[name] = value
	}
	plain, err := json.Marshal(claims)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(plain)
}

// poolToken is a token of GetOpenIDToken.
func (w *world) poolToken(t *testing.T, logins map[string]string) string {
	t.Helper()
	id, err := w.pool.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(t, err)
	got, err := w.pool.GetOpenIDToken(t.Context(), identitypool.GetOpenIDTokenInput{IdentityID: id, Logins: logins})
	require.NoError(t, err)
	return got.Token
}

// sdk is AWS's client with the access key of the user.
func (w *world) sdk(options ...func(*awssts.Options)) *awssts.Client {
	return w.sdkWith(credentials.NewStaticCredentialsProvider(userKey, userSecret, ""), options...)
}

func (w *world) sdkWith(from aws.CredentialsProvider, options ...func(*awssts.Options)) *awssts.Client {
	return awssts.New(awssts.Options{
		Region: region, BaseEndpoint: aws.String(w.server.URL), Credentials: from, RetryMaxAttempts: 1, HTTPClient: w.server.Client(),
	}, options...)
}

// requireCode demands that an error of AWS's client has the code, and words of its message.
func requireCode(t *testing.T, err error, code, text string) {
	t.Helper()
	var refused smithy.APIError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.ErrorCode(), refused.ErrorMessage())
	require.Contains(t, refused.ErrorMessage(), text)
}

// post sends a form as it is.
func (w *world) post(t *testing.T, form url.Values) (int, string) {
	t.Helper()
	form.Set("Version", "2011-06-15")
	answer, err := w.server.Client().PostForm(w.server.URL, form)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

// protected is a handler of the application that only sessions of the pool reach.
func (w *world) protected(t *testing.T, service string) http.Handler {
	t.Helper()
	a, err := w.pool.Authorizer(identitypool.AuthorizerConfig{Service: service})
	require.NoError(t, err)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		caller, err := a.Caller(r)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(rw, caller.ARN)
	})
}
