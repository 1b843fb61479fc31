// Hello is a whole program with sign-up, sign-in, password recovery and a protected page. Codes are written to the log; a real program
// sends them by mail.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"time"

	_ "modernc.org/sqlite"

	"github.com/stepwell/stepwell/middleware"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

func main() {
	db := must(sql.Open("sqlite", sqlstore.SQLiteDSN("hello.db")))
	pool := must(userpool.New(userpool.Config{
		Issuer:     "http://localhost:8080",
		Store:      must(sqlstore.Open(context.Background(), db, sqlstore.SQLite)),
		KeyWrapper: must(userpool.KeyFile("hello.key")),
		Sender: userpool.SenderFunc(func(_ context.Context, m userpool.Message) error {
			log.Printf("mail to %s: %s\n%s", m.To, m.Subject, m.Text)
			return nil
		}),
	}))
	pages := must(hostedui.New(hostedui.Config{Pool: pool, AfterSignIn: "/"}))
	guard := must(middleware.New(middleware.Config{Session: pages}))
	http.Handle("/auth/", pages)
	http.Handle("/", guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := middleware.FromContext(r.Context())
		fmt.Fprintln(w, "Hello,", user.String("email"))
	})))
	server := http.Server{Addr: "localhost:8080", ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// must returns v, or ends the program.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
