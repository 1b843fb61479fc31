// Azuread signs people in with Azure AD (Microsoft Entra ID), by OpenID Connect and by SAML, into a user pool.
//
//	go run ./examples/azuread
//
// runs offline, against a fake tenant that this program plays too. With the four environment variables of environment.go it signs in at a
// real tenant; README.md in this folder says how an administrator sets that up.
//
// It is made to be read: environment.go says which tenant it is, app.go puts the parts together, home.go shows who signed in.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/stepwell/stepwell/userpool/sqlstore"
)

func main() {
	address := flag.String("addr", "localhost:8080", "the address to listen on")
	base := flag.String("base", "", "the address of this program for browsers, such as https://login.example.com (default http://ADDR)")
	fake := flag.String("fake", "localhost:8081", "the loopback address that the fake tenant listens on")
	data := flag.String("data", "azuread-data", "the folder for the database and the keys")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *address, *base, *fake, *data); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, address, base, fakeAddress, data string) error {
	if base == "" {
		base = "http://" + address
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(data, "azuread.db")))
	if err != nil {
		return err
	}
	defer db.Close()
	t, err := tenantOf(os.Getenv)
	if err != nil {
		return err
	}
	servers := map[string]http.Handler{}
	if t.fake() {
		// Whoever reaches it signs in as anybody.
		host, _, err := net.SplitHostPort(fakeAddress)
		if err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
			return fmt.Errorf("the fake tenant cannot listen on %q: give a loopback address, such as localhost:8081, with -fake", fakeAddress)
		}
		fake, err := newFakeTenant("http://"+fakeAddress, base, &t)
		if err != nil {
			return err
		}
		servers[fakeAddress] = fake
	}
	a, err := newApp(ctx, base, db, data, t)
	if err != nil {
		return err
	}
	servers[address] = a
	go a.pool.Run(ctx) // ends with ctx, and logs what goes wrong
	log.Printf("open %s in a browser; Ctrl-C ends the program", base)
	if t.fake() {
		log.Printf("Azure AD is played by this program, at http://%s", fakeAddress)
	}
	return serve(ctx, servers)
}

// serve serves each handler at its address until ctx is done.
func serve(ctx context.Context, handlers map[string]http.Handler) error {
	ended := make(chan error, len(handlers))
	for address, handler := range handlers {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("%w (choose other addresses with -addr and -fake)", err)
		}
		server := &http.Server{
			Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
			IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		}
		context.AfterFunc(ctx, func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = server.Shutdown(ctx)
		})
		go func() { ended <- server.Serve(listener) }()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
