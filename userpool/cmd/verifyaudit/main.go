package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// What the command exits with.
const (
	whole      = 0
	broken     = 1
	unreadable = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("verifyaudit", flag.ContinueOnError)
	flags.SetOutput(stderr)
	database := flags.String("database", "", "the database of the pool: sqlite:PATH or postgres://...")
	pool := flags.String("pool", "default", "the ID of the pool")
	file := flags.String("file", "", "a file that ExportAudit wrote, or - for the standard input")
	known := flags.String("head", "", "SERIAL:HASH of a record that was known before")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return whole
	} else if err != nil {
		return unreadable
	}
	head, err := parseHead(*known)
	var v userpool.AuditVerification
	switch {
	case err != nil:
	case flags.NArg() > 0 || (*database == "") == (*file == ""):
		err = errors.New("give either -database or -file, and nothing else beside -pool and -head")
	case *file != "":
		v, err = verifyFile(*file, stdin, *pool, head)
	default:
		v, err = verifyDatabase(ctx, *database, *pool, head)
	}
	if err != nil {
		fmt.Fprintf(stderr, "verifyaudit: %v\n", err)
		return unreadable
	}
	return report(v, stdout)
}

// parseHead reads SERIAL:HASH; nothing is no head.
func parseHead(text string) (*userpool.AuditHead, error) {
	if text == "" {
		return nil, nil
	}
	serial, hash, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(serial, 10, 64)
	sum, hexErr := hex.DecodeString(hash)
	if err != nil || hexErr != nil || n < 1 || len(sum) != 32 {
		return nil, fmt.Errorf("the -head %q is not a serial, a colon and 64 hexadecimal digits", text)
	}
	return &userpool.AuditHead{Serial: n, Hash: sum}, nil
}

func report(v userpool.AuditVerification, out io.Writer) int {
	if v.Broken != 0 {
		fmt.Fprintf(out, "BROKEN at record %d: %s\n", v.Broken, v.Reason)
		if v.Broken > v.Last && v.Count > 0 {
			fmt.Fprintf(out, "records %d to %d fit together\n%s\n", v.First, v.Last, v.Head())
		}
		return broken
	}
	if v.Count == 0 {
		fmt.Fprintln(out, "there are no records")
		return whole
	}
	fmt.Fprintf(out, "%d records, %d to %d, fit together\n", v.Count, v.First, v.Last)
	if !v.Anchored {
		fmt.Fprintf(out, "what was before record %d is not known: it is as good as what follows it\n", v.First)
	}
	fmt.Fprintln(out, v.Head())
	return whole
}

func verifyDatabase(ctx context.Context, name, pool string, head *userpool.AuditHead) (v userpool.AuditVerification, err error) {
	db, dialect, err := open(name)
	if err != nil {
		return v, err
	}
	defer db.Close()
	store, err := sqlstore.Open(ctx, db, dialect)
	if err != nil {
		return v, err
	}
	return userpool.VerifyAudit(ctx, store, pool, head)
}

// open opens a database, but makes none.
func open(name string) (*sql.DB, sqlstore.Dialect, error) {
	if path, ok := strings.CutPrefix(name, "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, "", err
		}
		db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
		return db, sqlstore.SQLite, err
	}
	if u, err := url.Parse(name); err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		db, err := sql.Open("pgx", name)
		return db, sqlstore.PostgreSQL, err
	}
	return nil, "", errors.New("the -database is neither sqlite:PATH nor the URL of a PostgreSQL database")
}

// maxLine bounds a line of a file in bytes: an event has a few hundred.
const maxLine = 1 << 20

func verifyFile(name string, in io.Reader, pool string, head *userpool.AuditHead) (v userpool.AuditVerification, err error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return v, err
		}
		defer f.Close()
		in = f
	}
	verifier := userpool.NewAuditVerifier(pool, head)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		of, r, err := userpool.ParseAuditLine(lines.Bytes())
		switch {
		case err != nil:
			return v, fmt.Errorf("line %d: %w", n, err)
		case of != pool:
			return v, fmt.Errorf("line %d is of the pool %q, not %q: give -pool", n, of, pool)
		}
		if !verifier.Add(r) {
			break
		}
	}
	if err := lines.Err(); err != nil {
		return v, fmt.Errorf("reading %s: %w", name, err)
	}
	return verifier.Result(), nil
}
