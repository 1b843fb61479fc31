package sqlstore

import (
	"context"
	"slices"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// scanned is the most entries that one page of a query with Contains looks at.
const scanned = 10_000

const (
	rangeOfUsers = ` FROM userpool_users u WHERE u.pool = ? AND u.sub >= ? AND u.sub < ?`
	rangeOfTerms = ` FROM userpool_search s WHERE s.pool = ? AND s.attribute = ? AND (s.value, s.sub) >= (?, ?) AND (s.value, s.sub) < (?, ?)`
	joinOfTerms  = ` FROM userpool_search s JOIN userpool_users u ON u.pool = s.pool AND u.sub = s.sub
		WHERE s.pool = ? AND s.attribute = ? AND (s.value, s.sub) >= (?, ?) AND (s.value, s.sub) < (?, ?)`

	selectUsers       = `SELECT ` + userColumns + `, u.sub` + rangeOfUsers + ` ORDER BY u.sub LIMIT ?`
	selectUsersByTerm = `SELECT ` + userColumns + `, s.value` + joinOfTerms + ` ORDER BY s.value, s.sub LIMIT ?`
	// To replace by nothing what is looked for changes what has it: this finds it byte by byte on both engines, and has no patterns.
	selectUsersContaining = `SELECT ` + userColumns + `, u.sub` + rangeOfUsers + ` AND replace(u.sub, ?, '') <> u.sub
		ORDER BY u.sub LIMIT ?`
	selectUsersByTermContaining = `SELECT ` + userColumns + `, s.value` + joinOfTerms + ` AND replace(s.value, ?, '') <> s.value
		ORDER BY s.value, s.sub LIMIT ?`

	selectUserAt = `SELECT u.sub` + rangeOfUsers + ` ORDER BY u.sub LIMIT 1 OFFSET ?`
	selectTermAt = `SELECT s.value, s.sub` + rangeOfTerms + ` ORDER BY s.value, s.sub LIMIT 1 OFFSET ?`
)

// entry is a user at a place in the order of a query.
type entry struct {
	userpool.User
	at storecheck.Position
}

// ListUsers implements userpool.UserStore.
func (s *Store) ListUsers(ctx context.Context, pool string, q userpool.UserQuery) (userpool.UserPage, error) {
	r, found, err := storecheck.Users(pool, q)
	if err != nil || !found {
		return userpool.UserPage{}, err
	}
	if r.Attribute != "" {
		if err := s.indexStale(ctx, pool); err != nil {
			return userpool.UserPage{}, wrap("write search terms of users", err)
		}
	}
	page, err := s.listUsers(ctx, pool, r)
	return page, wrap("list users", err)
}

func (s *Store) listUsers(ctx context.Context, pool string, r storecheck.UserRange) (userpool.UserPage, error) {
	var page userpool.UserPage
	if r.Contains != "" {
		end, err := s.scanEnd(ctx, pool, r)
		switch {
		case err == nil:
			r.To, page.Next = end, end.Next()
		case !sqlkit.IsNoRows(err):
			return userpool.UserPage{}, err
		}
	}
	entries, err := s.entries(ctx, pool, r)
	if err != nil {
		return userpool.UserPage{}, err
	}
	if len(entries) > r.Limit {
		page.Next = entries[r.Limit].at.Next()
		entries = entries[:r.Limit]
	}
	for _, e := range entries {
		// A process of the release before may have changed the user after the terms were written.
		term := userpool.SearchTerm{Attribute: r.Attribute, Value: e.at.Value}
		if r.Attribute == "" || slices.Contains(storecheck.SearchTerms(e.User), term) {
			page.Users = append(page.Users, e.User)
		}
	}
	return page, nil
}

// entries returns the first entries of a range, one more than its limit.
func (s *Store) entries(ctx context.Context, pool string, r storecheck.UserRange) ([]entry, error) {
	scan := func(row sqlkit.Scanner) (e entry, err error) {
		if r.Attribute == "" {
			e.User, err = scanUserAnd(row, &e.at.Sub)
			return e, err
		}
		e.User, err = scanUserAnd(row, &e.at.Value)
		e.at.Sub = e.Sub
		return e, err
	}
	query, values := rangeQuery(pool, r, selectUsers, selectUsersByTerm)
	if r.Contains != "" {
		query, values = rangeQuery(pool, r, selectUsersContaining, selectUsersByTermContaining)
		values = append(values, r.Contains)
	}
	return sqlkit.All(ctx, s.db, scan, query, append(values, r.Limit+1)...)
}

// scanEnd returns the place in a range that as many entries come before as are looked at in one page, or sql.ErrNoRows if fewer are there.
func (s *Store) scanEnd(ctx context.Context, pool string, r storecheck.UserRange) (at storecheck.Position, err error) {
	query, values := rangeQuery(pool, r, selectUserAt, selectTermAt)
	row := s.db.QueryRow(ctx, query, append(values, scanned)...)
	if r.Attribute == "" {
		return at, row.Scan(&at.Sub)
	}
	return at, row.Scan(&at.Value, &at.Sub)
}

// rangeQuery picks one of two queries, and returns the values that it begins with.
func rangeQuery(pool string, r storecheck.UserRange, users, terms string) (string, []any) {
	if r.Attribute == "" {
		return users, []any{pool, r.From.Sub, r.To.Sub}
	}
	return terms, []any{pool, r.Attribute, r.From.Value, r.From.Sub, r.To.Value, r.To.Sub}
}
