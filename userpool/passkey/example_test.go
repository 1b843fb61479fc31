package passkey_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/descope/virtualwebauthn"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

// What to write for a sign-in page at https://login.example.com, if other pages below example.com may use the same passkeys one day.
func ExampleNew() {
	passkeys, err := passkey.New(passkey.Config{
		RPID:    "example.com",
		RPName:  "Example",
		Origins: []string{"https://login.example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	var _ userpool.WebAuthn = passkeys // a pool takes it so

	_, err = passkey.New(passkey.Config{RPID: "github.io"})
	fmt.Println(err)
	// Output: passkey: Config.RPID "github.io" is a public suffix, below which anybody can have a domain: give a domain of your own
}

// On the machine of a developer, without TLS.
func ExampleNew_development() {
	_, err := passkey.New(passkey.Config{RPID: "localhost", Origins: []string{"http://localhost:8080"}})
	fmt.Println(err)
	// Output: <nil>
}

// Both ceremonies, with a virtual authenticator in the place of the browser.
func ExampleRelyingParty() {
	ctx := context.Background()
	passkeys, err := passkey.New(passkey.Config{RPID: "example.com"})
	if err != nil {
		log.Fatal(err)
	}
	user := userpool.PasskeyUser{Handle: []byte("random bytes"), Name: "ada@example.com", DisplayName: "Ada Lovelace"}

	// Add a passkey. The options go to the page; pending stays here.
	options, pending, err := passkeys.BeginRegistration(ctx, user)
	if err != nil {
		log.Fatal(err)
	}
	browser := newExampleBrowser(user.Handle)
	added, err := passkeys.FinishRegistration(ctx, user, pending, browser.create(options))
	if err != nil {
		log.Fatal(err)
	}
	user.Passkeys = append(user.Passkeys, added)

	// Sign in, without a user name.
	options, pending, err = passkeys.BeginAuthentication(ctx, nil, true)
	if err != nil {
		log.Fatal(err)
	}
	response := browser.get(options)
	_, handle, err := passkeys.Credential(response) // look the user up by the first or the second
	if err != nil {
		log.Fatal(err)
	}
	used, err := passkeys.FinishAuthentication(ctx, user, pending, response)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s signed in, verified: %t, signatures: %d\n", handle, used.UserVerified, used.SignCount)

	// The same response, once more.
	user.Passkeys[0] = used
	_, err = passkeys.FinishAuthentication(ctx, user, pending, response)
	fmt.Println(errors.Is(err, passkey.ErrCloned), err)
	// Output:
	// random bytes signed in, verified: true, signatures: 1
	// true passkey: Cloned: the signature counter is 1, after 1
}

// A second domain whose pages use the passkeys of the first. Browsers read the list at the first.
func ExampleConfig_relatedOrigins() {
	config := passkey.Config{RPID: "example.com", RelatedOrigins: []string{"https://example.de", "https://example.fr"}}
	if _, err := passkey.New(config); err != nil {
		log.Fatal(err)
	}
	site := http.NewServeMux() // of https://example.com
	site.HandleFunc("GET /.well-known/webauthn", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]any{"origins": config.RelatedOrigins}); err != nil {
			log.Print(err)
		}
	})
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com/.well-known/webauthn", nil))
	fmt.Print(w.Body)
	// Output: {"origins":["https://example.de","https://example.fr"]}
}

// exampleBrowser is a browser on the page https://example.com.
type exampleBrowser struct {
	authenticator virtualwebauthn.Authenticator
	credential    virtualwebauthn.Credential
}

func newExampleBrowser(handle []byte) *exampleBrowser {
	return &exampleBrowser{
		authenticator: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle}),
		credential:    virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA),
	}
}

var examplePage = virtualwebauthn.RelyingParty{ID: "example.com", Origin: "https://example.com"}

func (b *exampleBrowser) create(options []byte) []byte {
	asked, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		log.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(examplePage, b.authenticator, b.credential, *asked))
}

func (b *exampleBrowser) get(options []byte) []byte {
	asked, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		log.Fatal(err)
	}
	b.credential.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(examplePage, b.authenticator, b.credential, *asked))
}
