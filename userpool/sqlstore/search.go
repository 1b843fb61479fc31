package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

const (
	// indexBatch is the most users whose terms are written in one transaction, termsAtOnce the most terms in one statement.
	indexBatch  = 500
	termsAtOnce = 64

	deleteTerm    = `DELETE FROM userpool_search WHERE pool = ? AND attribute = ? AND value = ? AND sub = ?`
	deleteTermsOf = `DELETE FROM userpool_search WHERE pool = ? AND sub = ?`

	// The order lets PostgreSQL see that the index of stale users, which is mostly empty, is the cheapest way.
	selectStale      = `SELECT u.sub FROM userpool_users u WHERE u.pool = ? AND u.indexed <> u.version ORDER BY u.pool, u.sub LIMIT 1`
	selectStaleUsers = `SELECT ` + userColumns + `, u.indexed FROM userpool_users u WHERE u.pool = ? AND u.indexed <> u.version
		ORDER BY u.pool, u.sub LIMIT ?`
	updateIndexed = `UPDATE userpool_users SET indexed = version WHERE pool = ? AND sub >= ? AND sub <= ? AND indexed <> version`
)

// insertTerms holds the statement that inserts n terms at index n.
var insertTerms = manyRows(`INSERT INTO userpool_search (pool, attribute, value, sub) VALUES `, `(?, ?, ?, ?)`, termsAtOnce)

// manyRows returns statements for 0, of no use, up to most rows.
func manyRows(insert, row string, most int) []string {
	queries := make([]string, most+1)
	for n := range queries {
		queries[n] = insert + strings.TrimSuffix(strings.Repeat(row+", ", n), ", ") + ` ON CONFLICT DO NOTHING`
	}
	return queries
}

// term is a row of userpool_search but for the pool.
type term struct {
	userpool.SearchTerm
	sub string
}

func termsOf(u userpool.User) []term {
	var terms []term
	for _, t := range storecheck.SearchTerms(u) {
		terms = append(terms, term{t, u.Sub})
	}
	return terms
}

func writeTerms(ctx context.Context, tx *sqlkit.Tx, pool string, terms []term) error {
	for some := range slices.Chunk(terms, termsAtOnce) {
		values := make([]any, 0, 4*len(some))
		for _, t := range some {
			values = append(values, pool, t.Attribute, t.Value, t.sub)
		}
		if _, err := tx.Exec(ctx, insertTerms[len(some)], values...); err != nil {
			return err
		}
	}
	return nil
}

// addTerms writes the terms of a user who has none.
func addTerms(ctx context.Context, tx *sqlkit.Tx, pool string, u userpool.User) error {
	return writeTerms(ctx, tx, pool, termsOf(u))
}

// changeTerms makes the terms of an old user, whose terms were written at the version indexed, those of a new one.
func changeTerms(ctx context.Context, tx *sqlkit.Tx, pool string, old userpool.User, indexed int64, u userpool.User) error {
	if indexed != old.Version {
		if _, err := tx.Exec(ctx, deleteTermsOf, pool, u.Sub); err != nil {
			return err
		}
		return addTerms(ctx, tx, pool, u)
	}
	if storecheck.SameSearchTerms(old, u) {
		return nil
	}
	before, after := termsOf(old), termsOf(u)
	for _, t := range before {
		if slices.Contains(after, t) {
			continue
		}
		if _, err := tx.Exec(ctx, deleteTerm, pool, t.Attribute, t.Value, t.sub); err != nil {
			return err
		}
	}
	return writeTerms(ctx, tx, pool, slices.DeleteFunc(after, func(t term) bool { return slices.Contains(before, t) }))
}

func scanIndexed(row sqlkit.Scanner) (u userpool.User, indexed int64, err error) {
	u, err = scanUserAnd(row, &indexed)
	return u, indexed, err
}

// indexStale writes the terms of users whom the release before wrote. In nearly all cases there are none.
func (s *Store) indexStale(ctx context.Context, pool string) error {
	for {
		err := s.db.QueryRow(ctx, selectStale, pool).Scan(new(string))
		switch {
		case sqlkit.IsNoRows(err):
			return nil
		case err != nil:
			return err
		}
		if err := s.indexSome(ctx, pool); err != nil {
			return err
		}
	}
}

// indexSome writes the terms of one batch of users, after any other call of it in this process: two at the same batch would only undo
// each other.
func (s *Store) indexSome(ctx context.Context, pool string) error {
	select {
	case s.indexing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.indexing }()
	return s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		var terms []term
		var again []string
		scan := func(row sqlkit.Scanner) (string, error) {
			u, indexed, err := scanIndexed(row)
			if indexed != 0 {
				again = append(again, u.Sub)
			}
			terms = append(terms, termsOf(u)...)
			return u.Sub, err
		}
		stale, err := sqlkit.All(ctx, tx, scan, selectStaleUsers, pool, indexBatch)
		if err != nil || len(stale) == 0 {
			return err
		}
		for _, sub := range again {
			if _, err := tx.Exec(ctx, deleteTermsOf, pool, sub); err != nil {
				return err
			}
		}
		if err := writeTerms(ctx, tx, pool, terms); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, updateIndexed, pool, stale[0], stale[len(stale)-1])
		if err == nil && int(n) != len(stale) {
			return fmt.Errorf("%d users were to be indexed, and %d were", len(stale), n)
		}
		return err
	})
}
