package userpool_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// How do I bring the users of another system, with the passwords that they have?
func ExamplePool_ImportUsers() {
	ctx := context.Background()
	var mail userpool.Message
	pool := examplePool(&mail)

	// What the other system has stored.
	hash, err := bcrypt.GenerateFromPassword([]byte("purple otters juggle lanterns"), bcrypt.MinCost)
	if err != nil {
		log.Fatal(err)
	}
	lines := `{"type":"group","name":"admins"}
{"username":"ada@example.com","attributes":{"name":"Ada","email_verified":true},"password_hash":"` + string(hash) + `","groups":["admins"]}
{"username":"grace@example.com","attributes":{"email_verified":true}}
{"username":"eve@example.com","password_hash":"5f4dcc3b5aa765d61d8327deb882cf99"}
`
	out, err := pool.ImportUsers(ctx, strings.NewReader(lines), userpool.ImportUsersInput{ImportID: "from the old shop"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("imported", out.Imported, "failed", out.Failed)
	for _, e := range out.Errors {
		message, _, _ := strings.Cut(e.Message, ",")
		fmt.Printf("line %d, %s: %s\n", e.Line, e.Field, message)
	}

	in, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: "purple otters juggle lanterns",
	})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := pool.VerifyAccessToken(ctx, in.Tokens.AccessToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in, in the groups", claims["cognito:groups"])
	grace, err := pool.AdminGetUser(ctx, "grace@example.com") // who had no password
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(grace.Status)
	// Output:
	// imported 2 failed 1
	// line 4, password_hash: This is no password hash of a supported format
	// signed in, in the groups [admins]
	// RESET_REQUIRED
}

// How do I move a pool, to another database and under other keys, without anybody noticing?
func ExamplePool_ExportUsers() {
	ctx := context.Background()
	var mail userpool.Message
	from := examplePool(&mail)
	_, err := from.ImportUsers(ctx, strings.NewReader(`{"username":"ada@example.com","sub":"e3b0c442-98fc-4c14-9afb-f4c8996fb924"}`), userpool.ImportUsersInput{})
	if err != nil {
		log.Fatal(err)
	}

	var export bytes.Buffer // a file: encrypt it, and delete it afterwards
	exported, err := from.ExportUsers(ctx, &export, userpool.ExportUsersInput{InsecureIncludeSecrets: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("exported", exported.Users)

	to, err := userpool.New(userpool.Config{
		Issuer: "https://id.example.com",
		Store:  memstore.New(),
		Sender: userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }),
	})
	if err != nil {
		log.Fatal(err)
	}
	check := userpool.ImportUsersInput{ValidateOnly: true}
	for _, in := range []userpool.ImportUsersInput{check, {}} {
		imported, err := to.ImportUsers(ctx, bytes.NewReader(export.Bytes()), in)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("imported", imported.Imported, "failed", imported.Failed)
	}
	ada, err := to.AdminGetUser(ctx, "ada@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ada.Sub)
	// Output:
	// exported 1
	// imported 1 failed 0
	// imported 1 failed 0
	// e3b0c442-98fc-4c14-9afb-f4c8996fb924
}

// How do I import users from the CSV file that I made for Cognito?
func ExamplePool_StartUserImportJob() {
	ctx := context.Background()
	var mail userpool.Message
	pool := examplePool(&mail)
	job, err := pool.CreateUserImportJob(ctx, userpool.CreateUserImportJobInput{JobName: "November"})
	if err != nil {
		log.Fatal(err)
	}
	file := strings.NewReader("email,email_verified,name,birthdate\n" +
		"ada@example.com,TRUE,Lovelace\\, Ada,12/10/1815\n" +
		"grace@example.com,TRUE,Grace,1906-12-09\n")
	// If this is interrupted, start the job again with the same file.
	job, err = pool.StartUserImportJob(ctx, job.JobID, file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(job.Status, job.ImportedUsers, job.FailedUsers)
	faults, err := pool.ListUserImportErrors(ctx, job.JobID)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range faults {
		fmt.Printf("line %d, %s: %s\n", f.Line, f.Field, f.Message)
	}
	// Output:
	// Succeeded 1 1
	// line 3, birthdate: The value must be a date in the form mm/dd/yyyy.
}
