package userpool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// Who did what in the pool?
func ExamplePool_ListAuditEvents() {
	ctx := userpool.WithActor(context.Background(), "grace@example.com") // what Grace does
	pool := userpooltest.New(exampleT{})
	ada := pool.AddUser("ada@example.com")
	if err := pool.AdminDisableUser(ctx, ada.Sub); err != nil {
		log.Fatal(err)
	}
	_, _ = pool.InitiateAuth(context.Background(), userpool.InitiateAuthInput{ // what Ada tries
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: ada.Password,
		UserContext: userpool.UserContextData{IPAddress: netip.MustParseAddr("192.0.2.1")},
	})
	page, err := pool.ListAuditEvents(ctx, userpool.ListAuditEventsInput{Sub: ada.Sub, Limit: 2}) // the newest first
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range page.Events {
		fmt.Println(e.Operation, e.Type)
		fmt.Printf("  error %q, by %q, from %q, %v\n", string(e.Code), e.Actor, e.IPAddress, e.Details)
	}
	// Output:
	// InitiateAuth SignIn
	//   error "NotAuthorized", by "", from "192.0.2.1", map[flow:USER_PASSWORD_AUTH reason:disabled user step:USER_PASSWORD_AUTH]
	// AdminDisableUser UserChange
	//   error "", by "grace@example.com", from "", map[]
}

// How do I find out that somebody changed the trail? Where they can write to the database, they can make all of it anew: so keep a head of
// it elsewhere, such as in the log, to which Run writes one every 15 minutes.
func ExamplePool_VerifyAuditTrail() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	pool.AddUser("ada@example.com")
	found, err := pool.VerifyAuditTrail(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	head := found.Head() // keep head.String()
	fmt.Println("events:", found.Count, "broken:", found.Broken)

	// Later, of a copy of the trail, in which somebody changed what happened. The command verifyaudit does the same.
	pool.AddUser("eve@example.com")
	var trail bytes.Buffer
	if err := pool.ExportAudit(ctx, &trail); err != nil {
		log.Fatal(err)
	}
	verifier := userpool.NewAuditVerifier(pool.ID(), &head)
	for i, line := range bytes.Split(bytes.TrimSpace(trail.Bytes()), []byte("\n")) {
		_, record, err := userpool.ParseAuditLine(line)
		if err != nil {
			log.Fatal(err)
		}
		if i == 2 {
			record.Event = []byte(`{"type":"SignUp","operation":"ConfirmSignUp","actor":"nobody"}`)
		}
		verifier.Add(record)
	}
	fmt.Println("broken:", verifier.Result().Broken, verifier.Result().Reason)
	// Output:
	// events: 2 broken: 0
	// broken: 3 it does not fit its hash and the record before: one of the two was changed
}

// geoDatabase tells where addresses are; a program asks a database such as GeoLite2.
type geoDatabase map[string]userpool.Place

func (g geoDatabase) Locate(_ context.Context, addr netip.Addr) (userpool.Place, error) {
	return g[addr.String()], nil
}

// How do I ask for more where a sign-in looks unusual?
func ExampleRiskConfiguration() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Locator = geoDatabase{
			"192.0.2.1":    {Latitude: 52.5, Longitude: 13.4, Country: "DE", Label: "Berlin"},
			"198.51.100.1": {Latitude: 35.7, Longitude: 139.7, Country: "JP", Label: "Tokyo"},
		}
		c.Settings.MFA = userpool.MFAOptional // for RiskMFAIfConfigured and RiskMFARequired
		c.Settings.Risk = userpool.RiskConfiguration{
			Mode: userpool.RiskEnforced, // RiskAudit, to see first what would happen
			AccountTakeover: userpool.AccountTakeoverActions{
				Medium: userpool.RiskResponse{Action: userpool.RiskMFAIfConfigured, Notify: true},
				High:   userpool.RiskResponse{Action: userpool.RiskBlock, Notify: true},
			},
		}
	})
	ada := pool.AddUser("ada@example.com")
	for _, from := range []string{"192.0.2.1", "192.0.2.77", "198.51.100.1"} {
		_, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: ada.Password,
			UserContext: userpool.UserContextData{IPAddress: netip.MustParseAddr(from)}, // from the connection, or a proxy that you trust
		})
		fmt.Println(from, "signed in:", err == nil)
		pool.Clock.Advance(time.Hour)
	}
	events, err := pool.AdminListUserAuthEvents(ctx, userpool.AdminListUserAuthEventsInput{Username: ada.Sub, MaxResults: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(events.AuthEvents[0].EventResponse, events.AuthEvents[0].RiskLevel)
	fmt.Println("Ada is told:", pool.Outbox.Last().Kind)
	// Output:
	// 192.0.2.1 signed in: true
	// 192.0.2.77 signed in: true
	// 198.51.100.1 signed in: false
	// Fail High
	// Ada is told: AccountTakeOverNotification
}

// What does a person see who typed a wrong password too often?
func ExampleError_retryAfter() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{})
	ada := pool.AddUser("ada@example.com")
	signIn := func(password string) (*userpool.AuthOutcome, error) {
		return pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: password,
		})
	}
	var e *userpool.Error
	for range 6 {
		_, err := signIn("a guess")
		if !errors.As(err, &e) {
			log.Fatal(err)
		}
		fmt.Println(string(e.Code), e.RetryAfter)
	}
	fmt.Println(e.Message)

	// The right password has to wait as well, longer after each further failure, up to 15 minutes: otherwise it would pay to go on guessing.
	_, err := signIn(ada.Password)
	fmt.Println("wait:", errors.Is(err, userpool.LimitExceeded))
	pool.Clock.Advance(e.RetryAfter)
	_, err = signIn(ada.Password)
	fmt.Println("signed in:", err == nil)
	// Output:
	// NotAuthorized 0s
	// NotAuthorized 0s
	// NotAuthorized 0s
	// NotAuthorized 0s
	// NotAuthorized 0s
	// LimitExceeded 1s
	// There were too many attempts. Please try again in 1 second.
	// wait: true
	// signed in: true
}

// How do I keep a stranger from locking a person out? By telling the pool where requests come from.
func ExampleUserContextData() {
	pool := userpooltest.New(exampleT{})
	ada := pool.AddUser("ada@example.com")
	signIn := func(password, from string) error {
		_, err := pool.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: password,
			UserContext: userpool.UserContextData{
				IPAddress: netip.MustParseAddr(from), // from r.RemoteAddr, or the header of a proxy that you trust
				UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
			},
		})
		return err
	}
	if err := signIn(ada.Password, "192.0.2.1"); err != nil { // at home: from now on Ada has a count of her own there
		log.Fatal(err)
	}
	for range 20 {
		_ = signIn("a guess", "198.51.100.7") // a stranger
	}
	fmt.Println("locked for strangers:", errors.Is(signIn(ada.Password, "203.0.113.9"), userpool.LimitExceeded))
	fmt.Println("Ada, at home:", signIn(ada.Password, "192.0.2.1"))
	// Output:
	// locked for strangers: true
	// Ada, at home: <nil>
}
