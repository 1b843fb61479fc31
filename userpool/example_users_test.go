package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// How do I keep attributes of my own?
func ExampleCustomAttribute() {
	ctx := context.Background()
	least := int64(1)
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.CustomAttributes = []userpool.CustomAttribute{
			{Name: "custom:team", MaxLength: 40, Mutable: true},
			{Name: "custom:employee", Type: userpool.AttributeNumber, MinValue: &least, AdminOnly: true}, // set once
		}
	})
	ada := pool.AddUser("ada@example.com", func(in *userpool.SignUpInput) {
		in.UserAttributes = map[string]string{"custom:team": "engines"}
	})
	for _, number := range []string{"zero", "42", "43"} {
		err := pool.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{
			Username: ada.Sub, UserAttributes: map[string]string{"custom:employee": number},
		})
		var e *userpool.Error
		if errors.As(err, &e) {
			fmt.Printf("%s: %s\n", e.Field, e.Message)
		}
	}
	claims, err := pool.VerifyIDToken(ctx, ada.SignIn().IDToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims["custom:team"], claims["custom:employee"])
	// Output:
	// custom:employee: The employee is not a whole number.
	// custom:employee: The employee cannot be changed once it is set.
	// engines 42
}

// How do people sign in with a name that they choose, or with their e-mail address?
func ExampleSettings_aliasAttributes() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.UsernameAttributes = []string{"username"}
		c.Settings.AliasAttributes = []string{"email"} // once it is verified
	})
	out, err := pool.SignUp(ctx, userpool.SignUpInput{
		Username: "Ada", Password: userpooltest.Password, UserAttributes: map[string]string{"email": "ada@example.com"},
	})
	if err == nil {
		_, err = pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
			Username: "Ada", ConfirmationCode: pool.Outbox.Code("ada@example.com"), Session: out.Session,
		})
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Ada", "ADA", "Ada@Example.com", out.UserSub} {
		_, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: name, Password: userpooltest.Password,
		})
		fmt.Println(err == nil)
	}
	_, err = pool.SignUp(ctx, userpool.SignUpInput{Username: "ADA", Password: userpooltest.Password})
	fmt.Println("taken:", errors.Is(err, userpool.UsernameExists))
	// Output:
	// true
	// true
	// true
	// true
	// taken: true
}

// How do people sign in with a phone number? Config.SMSSender sends the messages: see package smswebhook.
func ExampleSettings_phoneNumbers() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.UsernameAttributes = []string{"phone_number", "email"} // either of them
	})
	out, err := pool.SignUp(ctx, userpool.SignUpInput{Username: "+4915112345678", Password: userpooltest.Password})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.CodeDeliveryDetails.DeliveryMedium, "to", out.CodeDeliveryDetails.Destination)
	_, err = pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		Username: "+49 151 12345678", ConfirmationCode: pool.Outbox.Last().Code, Session: out.Session,
	})
	fmt.Println(err)
	// Output:
	// SMS to +*******5678
	// <nil>
}

// How do I find users, and go through all of them?
func ExamplePool_ListUsers() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	for _, email := range []string{"ada@example.com", "grace@example.com", "eve@example.org"} {
		if _, err := pool.AdminCreateUser(ctx, userpool.AdminCreateUserInput{Username: email}); err != nil {
			log.Fatal(err)
		}
	}
	for _, filter := range []string{
		`email = "ADA@example.com"`,
		`email ^= "grace"`,       // begins with
		`email *= "example.com"`, // has in it
		`cognito:user_status = "CONFIRMED"`,
		``,
	} {
		found := 0
		in := userpool.ListUsersInput{Filter: filter, Limit: 2}
		for {
			page, err := pool.ListUsers(ctx, in)
			if err != nil {
				log.Fatal(err)
			}
			found += len(page.Users) // a page may be empty, and not the last
			if in.PaginationToken = page.PaginationToken; in.PaginationToken == "" {
				break
			}
		}
		fmt.Println(found, filter)
	}
	// Output:
	// 1 email = "ADA@example.com"
	// 1 email ^= "grace"
	// 2 email *= "example.com"
	// 0 cognito:user_status = "CONFIRMED"
	// 3
}

// How do groups become roles?
func ExampleGroup() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	first, second := int32(1), int32(2)
	for _, g := range []userpool.Group{
		{Name: "admins", RoleARN: "arn:aws:iam::123456789012:role/admin", Precedence: &first},
		{Name: "readers", RoleARN: "arn:aws:iam::123456789012:role/reader", Precedence: &second},
		{Name: "staff"}, // no role
	} {
		if err := pool.CreateGroup(ctx, g); err != nil {
			log.Fatal(err)
		}
	}
	ada := pool.AddUser("ada@example.com")
	ada.JoinGroups("readers", "staff", "admins") // pool.AdminAddUserToGroup, for each
	claims, err := pool.VerifyIDToken(ctx, ada.SignIn().IDToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims["cognito:groups"])
	fmt.Println(claims["cognito:roles"])
	fmt.Println(claims["cognito:preferred_role"]) // that of the lowest Precedence

	members, err := pool.ListUsersInGroup(ctx, userpool.ListUsersInGroupInput{GroupName: "admins"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(members.Users), members.Users[0].Attributes["email"])
	// Output:
	// [admins readers staff]
	// [arn:aws:iam::123456789012:role/admin arn:aws:iam::123456789012:role/reader]
	// arn:aws:iam::123456789012:role/admin
	// 1 ada@example.com
}
