// Guest lets visitors read as guests and write as users, each only below their own prefix of a bucket that clients of S3 can use, and shows
// for every request which statement of which policy decided it.
//
//	go run ./examples/guest
//
// It is made to be read: policies.go says who may do what, app.go puts the parts together, visitor.go makes an identity and temporary
// credentials of a browser, s3.go is the bucket, and decision.go explains the answers.
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
	address := flag.String("listen", "localhost:8080", "the loopback address to listen on")
	data := flag.String("data", "guest-data", "the folder for the database and the keys")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *address, *data); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, address, data string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%w (choose another address with -listen)", err)
	}
	defer listener.Close()
	if err := mustBeLoopback(listener.Addr()); err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(data, "guest.db")))
	if err != nil {
		return err
	}
	defer db.Close()
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	base := fmt.Sprintf("http://%s", net.JoinHostPort(host, fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)))
	app, err := newApp(ctx, base, db, data)
	if err != nil {
		return err
	}
	go app.pool.Run(ctx)       // ends with ctx, and logs what goes wrong
	go app.identities.Run(ctx) // so does this

	server := &http.Server{
		Handler:           app,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	log.Printf("open %s in a browser; Ctrl-C ends the program", base)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	app.pool.Wait()
	return nil
}

// mustBeLoopback keeps the development mailbox, which anybody may read, off the network.
func mustBeLoopback(address net.Addr) error {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%v is not a loopback address: everybody on the network could read the development mailbox", address)
}
