package sts_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
	"github.com/stepwell/stepwell/identitypool/sts"
)

// newPool is the pool of the examples. Its provider believes whoever names themselves.
func newPool(issuer string) *identitypool.Pool {
	pool, err := identitypool.New(identitypool.Config{
		ID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Issuer: issuer, Store: memstore.New(), AllowClassicFlow: true,
		Providers: map[string]identitypool.Provider{
			"id.example.com": {Verifier: identitypool.LoginFunc(func(_ context.Context, token string) (map[string]any, error) {
				return map[string]any{"sub": token}, nil
			})},
		},
		AuthenticatedRole: identitypool.Role{
			Name:     "Reader",
			Policies: []string{`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:app:notes:::public"}}`},
		},
		SessionKey: bytes.Repeat([]byte{7}, 32),
	})
	if err != nil {
		log.Fatal(err)
	}
	return pool
}

// tokenOf is what a client gets that has signed in.
func tokenOf(pool *identitypool.Pool, user string) string {
	ctx, logins := context.Background(), map[string]string{"id.example.com": user}
	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: logins})
	if err != nil {
		log.Fatal(err)
	}
	token, err := pool.GetOpenIDToken(ctx, identitypool.GetOpenIDTokenInput{IdentityID: id, Logins: logins})
	if err != nil {
		log.Fatal(err)
	}
	return token.Token
}

// An STS for the application's own roles, and a program that gets credentials from it. Any AWS SDK can be that program.
func ExampleNew() {
	pool := newPool("")
	service, err := sts.New(sts.Config{Pool: pool})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()

	client, err := sts.NewClient(sts.ClientConfig{Endpoint: server.URL, Region: "eu-west-1", InsecureAllowHTTP: true})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	got, err := client.AssumeRoleWithWebIdentity(ctx, identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: "arn:aws:iam::000000000000:role/Reader", RoleSessionName: "laptop", WebIdentityToken: tokenOf(pool, "ann"),
	})
	if err != nil {
		log.Fatal(err)
	}
	who, err := client.GetCallerIdentity(ctx, got.Credentials)
	fmt.Println(who.ARN, err)
	// Output: arn:aws:sts::000000000000:assumed-role/Reader/laptop <nil>
}

// Letting AWS verify the tokens of the pool. The handler is what the issuer's host name leads to.
func ExampleNewDiscovery() {
	pool := newPool("https://id.example.com/visitors")
	discovery, err := sts.NewDiscovery(pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(discovery.Pattern(), discovery)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/visitors/.well-known/openid-configuration", nil))
	fmt.Println(discovery.Pattern(), w.Code, w.Header().Get("Content-Type"))
	// Output: /visitors/.well-known/ 200 application/json
}

// The trust policy of a role in AWS for those who signed in to the pool.
func ExampleAWSTrustPolicy() {
	document, err := sts.AWSTrustPolicy(sts.AWSTrust{
		Issuer: "https://id.example.com", PoolID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Account: "123456789012", SessionTags: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(document)
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Principal": {
	//         "Federated": "arn:aws:iam::123456789012:oidc-provider/id.example.com"
	//       },
	//       "Action": [
	//         "sts:AssumeRoleWithWebIdentity",
	//         "sts:TagSession"
	//       ],
	//       "Condition": {
	//         "ForAnyValue:StringLike": {
	//           "id.example.com:amr": "authenticated"
	//         },
	//         "StringEquals": {
	//           "id.example.com:aud": "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"
	//         }
	//       }
	//     }
	//   ]
	// }
}

// Getting credentials of a role in AWS for a user of the pool. Tell apart what the user, the operator and time can mend.
func ExampleClient_AssumeRoleWithWebIdentity() {
	pool := newPool("https://id.example.com")
	client, err := sts.NewClient(sts.ClientConfig{Region: "eu-west-1", HTTPClient: &http.Client{Transport: fakeAWS{}}})
	if err != nil {
		log.Fatal(err)
	}
	got, err := client.AssumeRoleWithWebIdentity(context.Background(), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: "arn:aws:iam::123456789012:role/Uploader", RoleSessionName: "web", WebIdentityToken: tokenOf(pool, "ann"), Duration: 15 * time.Minute,
	})
	var refused *sts.Error
	switch {
	case err == nil:
		fmt.Println(got.Credentials)
	case errors.Is(err, sts.ExpiredToken):
		fmt.Println("sign in again")
	case errors.As(err, &refused) && refused.Temporary():
		fmt.Println("try again later")
	default:
		fmt.Println("the role does not trust the pool:", err)
	}
	// Output: credentials of ASIAIOSFODNN7EXAMPLE until 2026-10-24T23:00:23Z
}

// Exchanging the SAML response that a browser posted for credentials of a role in AWS.
func ExampleClient_AssumeRoleWithSAML() {
	client, err := sts.NewClient(sts.ClientConfig{Region: "eu-west-1", HTTPClient: &http.Client{Transport: fakeAWS{}}})
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.AssumeRoleWithSAML(context.Background(), identitypool.AssumeRoleWithSAMLInput{
		RoleARN: "arn:aws:iam::123456789012:role/Uploader", PrincipalARN: "arn:aws:iam::123456789012:saml-provider/Corp",
		SAMLAssertion: base64.StdEncoding.EncodeToString([]byte("<samlp:Response/>")),
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, sts.InvalidIdentityToken))
	// Output:
	// sts: InvalidIdentityToken: Invalid base64 SAMLResponse (request c6104cbe-af31-11e0-8154-cbc7ccf896c7)
	// true
}

// Whose credentials are these?
func ExampleClient_GetCallerIdentity() {
	client, err := sts.NewClient(sts.ClientConfig{Region: "eu-west-1", HTTPClient: &http.Client{Transport: fakeAWS{}}})
	if err != nil {
		log.Fatal(err)
	}
	who, err := client.GetCallerIdentity(context.Background(), identitypool.Credentials{
		AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SessionToken: "AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp",
	})
	fmt.Println(who.Account, who.ARN, err)
	// Output: 123456789012 arn:aws:sts::123456789012:assumed-role/Uploader/web <nil>
}
