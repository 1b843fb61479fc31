package userpool_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// How do I write messages in my own words, and in the person's language?
func ExampleMessageTemplate() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.Name = "Analytical Engines"
		c.Settings.MessageTemplates = []userpool.MessageTemplate{
			{
				Kind: userpool.MessageSignUp, Language: "en", Subject: "Welcome to {pool}",
				Text: "Welcome!\n\nYour code is {####}. It is good for {validity}.\n",
			},
			{
				Kind: userpool.MessageSignUp, Language: "da", Subject: "Velkommen til {pool}", // which has no built-in texts
				Text: "Velkommen!\n\nDin kode er {####}. Den gælder i {validity}.\n",
			},
		}
		// c.Settings.MessageLanguages = []string{"en", "da"} // and no others, so that all of them fit your pages
	})
	for _, in := range []userpool.SignUpInput{
		{Username: "ada@example.com"},
		{Username: "karl@example.com", UserAttributes: map[string]string{"locale": "de"}},                        // what the person has set
		{Username: "inge@example.com", UserContext: userpool.UserContextData{Locale: "da-DK,da;q=0.9,en;q=0.5"}}, // Accept-Language
	} {
		in.Password = userpooltest.Password
		if _, err := pool.SignUp(ctx, in); err != nil {
			log.Fatal(err)
		}
		fmt.Println(pool.Outbox.Last().Locale, pool.Outbox.Last().Subject)
	}
	m := pool.Outbox.Last()
	fmt.Print(strings.ReplaceAll(m.Text, m.Code, "123456"))
	// Output:
	// en Welcome to Analytical Engines
	// de Ihr Code zur Bestätigung Ihrer E-Mail-Adresse
	// da Velkommen til Analytical Engines
	// Velkommen!
	//
	// Din kode er 123456. Den gælder i 10 min.
}

// How do I change one message, depending on who gets it?
func ExampleHooks_customMessage() {
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Hooks.CustomMessage = func(_ context.Context, e userpool.CustomMessageEvent) (userpool.CustomMessageResult, error) {
			if e.Trigger != userpool.TriggerMessageForgotPassword || !strings.HasSuffix(e.Attributes["email"], "@example.com") {
				return userpool.CustomMessageResult{}, nil // as it is
			}
			return userpool.CustomMessageResult{
				EmailSubject: "Your new password",
				EmailMessage: "<p>Hello colleague, the code is <b>" + e.CodeParameter + "</b>. Questions? Extension 42.</p>",
			}, nil
		}
	})
	ada := pool.AddUser("ada@example.com")
	if _, err := pool.ForgotPassword(context.Background(), userpool.ForgotPasswordInput{Username: ada.Email}); err != nil {
		log.Fatal(err)
	}
	m := pool.Outbox.Last()
	fmt.Println(m.Subject)
	fmt.Println(strings.ReplaceAll(m.Text, m.Code, "123456"))
	// Output:
	// Your new password
	// Hello colleague, the code is 123456. Questions? Extension 42.
}
