package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// exampleDirectory returns a directory with these pools.
func exampleDirectory(ids ...string) *userpool.Directory {
	directory, err := userpool.NewDirectory(userpool.DirectoryConfig{
		Config: userpool.Config{
			Store:  memstore.New(), // or sqlstore, with a KeyWrapper
			Sender: userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }),
			Logger: slog.New(slog.DiscardHandler),
		},
		Issuer: func(id string) string { return "https://id.example.com/" + id },
	})
	for i := 0; err == nil && i < len(ids); i++ {
		_, err = directory.CreateUserPool(context.Background(), userpool.CreateUserPoolInput{ID: ids[i], Name: "Customer " + ids[i]})
	}
	if err != nil {
		log.Fatal(err)
	}
	return directory
}

// How do I keep a pool for each of my customers?
func ExampleDirectory() {
	ctx := userpool.WithActor(context.Background(), "grace@example.com") // for the audit trail
	directory := exampleDirectory("acme", "zenith")                      // of NewDirectory; run directory.Run on a goroutine
	if _, err := directory.CreateUserPool(ctx, userpool.CreateUserPoolInput{
		ID: "initech", Name: "Initech", DeletionProtection: true,
		Settings: userpool.Settings{Clients: []userpool.Client{{ID: "webapp", CallbackURLs: []string{"https://initech.example/callback"}}}},
	}); err != nil {
		log.Fatal(err)
	}
	for _, id := range []string{"zenith", "initech"} {
		fmt.Println("deleted:", directory.DeleteUserPool(ctx, id) == nil)
	}

	list, err := directory.ListUserPools(ctx, userpool.ListUserPoolsInput{})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range list.UserPools {
		pool, err := directory.Pool(ctx, d.ID) // ask for it again for each request
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(d.Name, "is at", pool.Issuer())
	}
	// Output:
	// deleted: true
	// deleted: false
	// Customer acme is at https://id.example.com/acme
	// Initech is at https://id.example.com/initech
}

// How do I change the settings of a pool while it is in use?
func ExampleDirectory_UpdateUserPool() {
	ctx := userpool.WithActor(context.Background(), "grace@example.com")
	directory := exampleDirectory("acme")
	description, err := directory.DescribeUserPool(ctx, "acme")
	if err != nil {
		log.Fatal(err)
	}
	update := userpool.UpdateUserPoolInput{ // replaces all: take what shall stay from the description
		ID: "acme", Version: description.Version, Name: description.Name,
		Settings: description.Settings, DeletionProtection: description.DeletionProtection,
	}
	update.Settings.MFA = userpool.MFARequired
	changed, err := directory.UpdateUserPool(ctx, update)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("second factors:", changed.Settings.MFA)
	_, err = directory.UpdateUserPool(ctx, update) // with the Version of before
	fmt.Println("somebody else was faster:", errors.Is(err, userpool.PreconditionNotMet))
	// Output:
	// second factors: ON
	// somebody else was faster: true
}

// How do I change what Cognito fixes for ever, such as that people sign in with their e-mail address and no longer with a name?
func ExamplePool_Migrate() {
	ctx := context.Background()
	store := memstore.New()
	deploy := func(change func(*userpool.Settings)) *userpooltest.Pool { // the same program, with other settings
		return userpooltest.New(exampleT{}, func(c *userpool.Config) {
			c.Store = store
			change(&c.Settings)
		})
	}
	pool := deploy(func(s *userpool.Settings) { s.UsernameAttributes = []string{"username"} })
	for name, email := range map[string]string{"ada": "ada@example.com", "countess": "ada@example.com", "grace": "grace@example.com"} {
		if _, err := pool.AdminCreateUser(ctx, userpool.AdminCreateUserInput{
			Username: name, UserAttributes: map[string]string{"email": email, "email_verified": "true"},
		}); err != nil {
			log.Fatal(err)
		}
	}

	pool = deploy(func(s *userpool.Settings) { s.UsernameAttributes = []string{"email"} })
	plan, err := pool.PlanMigration(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan.Users, "users,", plan.Renamed, "get other names")
	for _, c := range plan.Conflicts {
		fmt.Println("two users would be", c.Name)
		if err := pool.AdminUpdateUserAttributes(ctx, userpool.AdminUpdateUserAttributesInput{ // or delete one of them
			Username: c.Sub, UserAttributes: map[string]string{"email": "countess@example.com", "email_verified": "true"},
		}); err != nil {
			log.Fatal(err)
		}
	}
	_, err = pool.Migrate(ctx)
	fmt.Println("migrated:", err)
	ada, err := pool.AdminGetUser(ctx, "ada@example.com")
	fmt.Println(ada.Attributes["email"], err)
	// Output:
	// 3 users, 3 get other names
	// two users would be email ada@example.com
	// migrated: <nil>
	// ada@example.com <nil>
}
