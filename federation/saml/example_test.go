package saml_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/saml"
)

// visit does what a person does with a browser, and returns what they see.
func visit(login, user string) string {
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	post, err := federationtest.SAMLSignIn(browser, login, user)
	if err != nil {
		log.Fatal(err)
	}
	r, err := post.Request()
	if err != nil {
		log.Fatal(err)
	}
	resp, err := browser.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(text))
}

// exampleServiceProvider is the service provider of the examples.
func exampleServiceProvider() *saml.ServiceProvider {
	sp, err := saml.New(saml.Config{
		PoolID: "eu-central-1_Example", BaseURL: "https://login.shop.example",
		Key: spPair().key, Certificate: spPair().certificate,
		Replay: saml.NewMemoryReplayStore(),
	})
	if err != nil {
		log.Fatal(err)
	}
	return sp
}

func exampleProvider() *saml.Provider {
	p, err := exampleServiceProvider().Provider(saml.ProviderConfig{Metadata: metadata(idpPair())})
	if err != nil {
		log.Fatal(err)
	}
	return p
}

// What to type in at the identity provider: the same as for an Amazon Cognito
// user pool.
func ExampleServiceProvider() {
	sp := exampleServiceProvider()
	fmt.Println("Identifier (Entity ID):", sp.EntityID())
	fmt.Println("Reply URL (ACS URL):   ", sp.ACSURL())
	fmt.Println("Logout URL:            ", sp.SLOURL())
	// Output:
	// Identifier (Entity ID): urn:amazon:cognito:sp:eu-central-1_Example
	// Reply URL (ACS URL):    https://login.shop.example/saml2/idpresponse
	// Logout URL:             https://login.shop.example/saml2/logout
}

// Entra ID (Azure AD). With appid, the metadata has the certificate of this
// application. The subject is the object ID, for Entra's NameID can change
// hands.
func ExampleServiceProvider_Provider_entra() {
	const tenant, application = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
	_, err := exampleServiceProvider().Provider(saml.ProviderConfig{
		MetadataURL:      "https://login.microsoftonline.com/" + tenant + "/FederationMetadata/2007-06/FederationMetadata.xml?appid=" + application,
		EntityID:         "https://sts.windows.net/" + tenant + "/",
		SubjectAttribute: saml.EntraObjectID,
		LogoutIssuers:    []string{"https://login.microsoftonline.com/" + tenant + "/"},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A key, its certificate, and what is to be uploaded at the identity provider.
// Make them once and store them.
func ExampleNewCertificate() {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	certificate, err := saml.NewCertificate(key, "urn:example:shop", now, now.AddDate(3, 0, 0))
	if err != nil {
		log.Fatal(err)
	}
	sp, err := saml.New(saml.Config{
		EntityID: "urn:example:shop", ACSURL: "https://shop.example/saml2/idpresponse",
		Key: key, Certificate: certificate, SignRequests: true,
		Replay: saml.NewMemoryReplayStore(),
	})
	if err != nil {
		log.Fatal(err)
	}
	metadata, err := sp.Metadata()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(metadata), `AuthnRequestsSigned="true"`))
	// Output: true
}

// Before something that matters, the person proves again who they are.
func ExampleProvider_With() {
	provider, err := exampleProvider().With(saml.RequestOptions{ForceAuthn: true, LoginHint: "alice@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /confirm", func(w http.ResponseWriter, r *http.Request) {
		state := rand.Text()
		next, pending, err := provider.Begin(r.Context(), "", state)
		if err != nil {
			http.Error(w, "Sign-in is not available now.", http.StatusServiceUnavailable)
			return
		}
		_ = pending // goes into the store, under state
		next.ServeHTTP(w, r)
	})
}

// Several identity providers, and people who start at their portal: which one a
// response is from is claimed in it. The provider then checks the claim.
func ExampleProvider_FinishUnsolicited() {
	sp := exampleServiceProvider()
	providers := map[string]*saml.Provider{} // those with AllowIdPInitiated, by entity ID
	http.HandleFunc("POST /saml2/idpresponse", func(w http.ResponseWriter, r *http.Request) {
		issuer, err := sp.ClaimedIssuer(r)
		provider := providers[issuer]
		if err != nil || provider == nil {
			http.Error(w, "There is no such identity provider.", http.StatusBadRequest)
			return
		}
		subject, _, relayState, err := provider.FinishUnsolicited(r)
		if err != nil {
			log.Print(err)
			http.Error(w, "Signing in did not work.", http.StatusBadGateway)
			return
		}
		// Anybody can have written relayState: it chooses among pages of ours.
		page, ok := map[string]string{"reports": "/reports", "orders": "/orders"}[relayState]
		if !ok {
			page = "/"
		}
		_ = subject // begin a session
		http.Redirect(w, r, page, http.StatusSeeOther)
	})
}

// Signing out here, and everywhere else.
func ExampleProvider_BeginLogout() {
	provider := exampleProvider()
	store := &signIns{pending: make(map[string][]byte)}
	http.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		var session []byte // what FinishSession returned, from our own session, which ends here
		state := rand.Text()
		next, pending, err := provider.BeginLogout(r.Context(), session, "", state)
		if err != nil { // NotSupported, as a rule: then that was all
			http.Redirect(w, r, "/goodbye", http.StatusSeeOther)
			return
		}
		store.put(state, pending)
		next.ServeHTTP(w, r)
	})
	http.HandleFunc("/saml2/logout", func(w http.ResponseWriter, r *http.Request) {
		state := r.FormValue("RelayState")
		if err := provider.FinishLogout(r, store.take(state)); errors.Is(err, saml.PartialLogout) {
			fmt.Fprintln(w, "You may still be signed in to another application. Close the browser to be sure.")
			return
		}
		http.Redirect(w, r, "/goodbye", http.StatusSeeOther)
	})
}

// The identity provider ends sessions. The same URL also takes the answers to
// BeginLogout: those have a SAMLResponse.
func ExampleProvider_ReceiveLogout() {
	provider := exampleProvider()
	end := func(subject string, sessionIDs []string) error { return nil } // in the store of sessions
	http.HandleFunc("/saml2/logout", func(w http.ResponseWriter, r *http.Request) {
		subject, sessionIDs, answer, err := provider.ReceiveLogout(r)
		if err != nil {
			log.Print(err)
			http.Error(w, "This is not a sign-out.", http.StatusBadRequest)
			return
		}
		answer(end(subject, sessionIDs) == nil).ServeHTTP(w, r)
	})
}

// An assertion as a login for temporary credentials: a Provider is a
// LoginVerifier of package identitypool.
func ExampleProvider_VerifyLogin() {
	var verifier interface {
		VerifyLogin(context.Context, string) (map[string]any, error)
	} = exampleProvider()
	_, err := verifier.VerifyLogin(context.Background(), "PHNhbWxwOlJlc3BvbnNlLz4=")
	fmt.Println(errors.Is(err, saml.InvalidResponse))
	// Output: true
}

// What to tell whom.
func ExampleError() {
	var err error = &saml.Error{
		Code: saml.InvalidAssertion, Check: "Audience", Expected: "urn:example:shop", Got: "urn:example:shoppe",
		Message: `the assertion's Audience is "urn:example:shoppe", expected "urn:example:shop"`,
	}
	var e *saml.Error
	if errors.As(err, &e) && e.Check != "" {
		fmt.Printf("To the administrator: %s is %s at the identity provider and %s here.\n", e.Check, e.Got, e.Expected)
	}
	switch {
	case errors.Is(err, saml.AccessDenied):
		fmt.Println("To the person: you may not use this application.")
	case e.Temporary():
		fmt.Println("To the person: please try again in a minute.")
	default:
		fmt.Println("To the person: signing in did not work; we have been told.")
	}
	// Output:
	// To the administrator: Audience is urn:example:shoppe at the identity provider and urn:example:shop here.
	// To the person: signing in did not work; we have been told.
}
