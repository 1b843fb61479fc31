package identitypool_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
)

// verifyStaff stands for what verifies ID tokens.
func verifyStaff(context.Context, string) (map[string]any, error) {
	return map[string]any{"sub": "4711", "aud": "notes", "groups": []any{"users", "editors"}, "department": "sales"}, nil
}

// Members of a group get a role of their own.
func ExampleRoleMapping() {
	pool, err := identitypool.New(identitypool.Config{
		ID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Store: memstore.New(),
		Providers: map[string]identitypool.Provider{"id.example.com": {
			Verifier: identitypool.LoginFunc(verifyStaff),
			RoleMapping: &identitypool.RoleMapping{
				Type: identitypool.RulesMapping, Ambiguous: identitypool.AuthenticatedRole,
				Rules: []identitypool.MappingRule{{Claim: "groups", Match: identitypool.MatchEquals, Value: "editors", Role: "Editor"}},
			},
			PrincipalTags: map[string]string{"department": "department"},
		}},
		AuthenticatedRole: identitypool.Role{Name: "Reader", Policies: []string{allow("notes:Read", "*")}},
		Roles: []identitypool.Role{{Name: "Editor", Policies: []string{
			allow("notes:*", "arn:app:notes:::${aws:PrincipalTag/department}/*"),
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	logins := map[string]string{"id.example.com": "ID token"}
	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: logins})
	if err != nil {
		log.Fatal(err)
	}
	out, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.IdentityID == id, time.Until(out.Credentials.Expiration) > 59*time.Minute)
	// Output: true true
}

// What New would refuse or warn of can be asked before, such as in a test of the program.
func ExampleLint() {
	for _, finding := range identitypool.Lint(identitypool.Config{
		ID:                   "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
		AllowUnauthenticated: true,
		UnauthenticatedRole:  identitypool.Role{Name: "Guest", Policies: []string{allow("notes:*", "*"), allow("iam:ListUsers", "*")}},
	}) {
		fmt.Println(finding)
	}
	// Output:
	// warning: Config.UnauthenticatedRole.Policies[0]: Statement[0]: allows guests notes:* on every resource; name the actions or the resources that guests need
	// error: Config.UnauthenticatedRole.Policies[1]: Statement[0]: allows guests iam:ListUsers, which makes credentials or changes who has which; leave it out
}

// The trust policy that a role has by default, to begin one of its own with.
func ExamplePool_TrustPolicy() {
	pool, err := identitypool.New(identitypool.Config{
		ID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Store: memstore.New(), AllowUnauthenticated: true,
		UnauthenticatedRole: identitypool.Role{Name: "Guest", Policies: []string{allow("notes:Read", "arn:app:notes:::public/*")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	document, _ := pool.TrustPolicy("Guest")
	fmt.Println(document)
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Principal": {"Federated": "cognito-identity.amazonaws.com"},
	//       "Action": "sts:AssumeRoleWithWebIdentity",
	//       "Condition": {
	//         "StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"},
	//         "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}
	//       }
	//     }
	//   ]
	// }
}

// A user is to be signed out everywhere: the credentials that they have end at once.
func ExamplePool_Revoke() {
	pool, err := identitypool.New(identitypool.Config{
		ID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Store: memstore.New(),
		Providers:         map[string]identitypool.Provider{"id.example.com": {Verifier: identitypool.LoginFunc(verifyStaff)}},
		AuthenticatedRole: identitypool.Role{Name: "User", Policies: []string{allow("notes:Read", "*")}},
		Logger:            slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: map[string]string{"id.example.com": "ID token"}})
	if err != nil {
		log.Fatal(err)
	}
	if err := pool.Revoke(ctx, identitypool.RevokeInput{IdentityID: id}); err != nil {
		log.Fatal(err)
	}
	list, err := pool.ListRevocations(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(list), list[0].IdentityID == id)
	// Output: 1 true
}
