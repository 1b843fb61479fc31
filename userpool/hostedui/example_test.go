package hostedui_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/memstore"
)

func examplePool() *userpool.Pool {
	pool, err := userpool.New(userpool.Config{
		Issuer: "https://id.example.com",
		Store:  memstore.New(),
		Sender: userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }),
	})
	if err != nil {
		log.Fatal(err)
	}
	return pool
}

// How to give an application sign-in pages.
func Example() {
	ui, err := hostedui.New(hostedui.Config{Pool: examplePool(), Title: "Example Ltd"})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", ui)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/auth/login", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}

// How to protect a handler without a middleware: who is signed in, and where to send a browser otherwise.
func ExampleUI_Authenticate() {
	ui, err := hostedui.New(hostedui.Config{Pool: examplePool()})
	if err != nil {
		log.Fatal(err)
	}
	reports := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := ui.Authenticate(r)
		switch {
		case err != nil:
			http.Error(w, "Please try again in a moment.", http.StatusServiceUnavailable)
		case claims == nil:
			http.Redirect(w, r, ui.LoginURL(r.URL.RequestURI()), http.StatusSeeOther)
		default:
			fmt.Fprintf(w, "Hello %v", claims["email"])
		}
	})

	w := httptest.NewRecorder()
	reports.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/reports?year=2026", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 303 https://id.example.com/auth/login?return_to=%2Freports%3Fyear%3D2026
}

// Which address to register at another identity provider.
func ExampleUI_CallbackURL() {
	ui, err := hostedui.New(hostedui.Config{Pool: examplePool()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ui.CallbackURL("AzureAD"))
	// Output: https://id.example.com/auth/federation/AzureAD/response
}

// How an application links to sign-out, and back to an address that its client has registered.
func ExampleUI_SignOutURL() {
	ui, err := hostedui.New(hostedui.Config{Pool: examplePool()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ui.SignOutURL("", "", ""))
	fmt.Println(ui.SignOutURL("web", "https://app.example/bye", ""))
	// Output:
	// https://id.example.com/auth/signout
	// https://id.example.com/auth/signout?client_id=web&logout_uri=https%3A%2F%2Fapp.example%2Fbye
}
