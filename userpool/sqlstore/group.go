package sqlstore

import (
	"context"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// CreateGroup implements userpool.GroupStore.
func (s *Store) CreateGroup(ctx context.Context, pool string, g userpool.Group) error {
	g, err := storecheck.Group(pool, g)
	if err != nil {
		return err
	}
	n, err := s.db.Exec(ctx, `INSERT INTO userpool_groups (pool, name, description, role_arn, precedence, created)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		pool, g.Name, g.Description, g.RoleARN, g.Precedence, sqlkit.Micros(g.Created))
	return wrap("create a group", oneRow(n, err, userpool.ErrExists))
}

const groupColumns = `g.name, g.description, g.role_arn, g.precedence, g.created`

// Group implements userpool.GroupStore.
func (s *Store) Group(ctx context.Context, pool, name string) (userpool.Group, error) {
	g, err := scanGroup(s.db.QueryRow(ctx, `SELECT `+groupColumns+` FROM userpool_groups g WHERE g.pool = ? AND g.name = ?`, pool, name))
	return g, wrap("read a group", absent(err))
}

// UpdateGroup implements userpool.GroupStore.
func (s *Store) UpdateGroup(ctx context.Context, pool string, g userpool.Group) error {
	g, err := storecheck.Group(pool, g)
	if err != nil {
		return err
	}
	n, err := s.db.Exec(ctx, `UPDATE userpool_groups SET description = ?, role_arn = ?, precedence = ? WHERE pool = ? AND name = ?`,
		g.Description, g.RoleARN, g.Precedence, pool, g.Name)
	return wrap("update a group", oneRow(n, err, userpool.ErrNotFound))
}

// ListGroups implements userpool.GroupStore.
func (s *Store) ListGroups(ctx context.Context, pool, after string, limit int) ([]userpool.Group, error) {
	groups, err := sqlkit.All(ctx, s.db, scanGroup, `SELECT `+groupColumns+`
		FROM userpool_groups g WHERE g.pool = ? AND g.name > ? ORDER BY g.name LIMIT ?`, pool, after, max(limit, 0))
	return groups, wrap("list the groups", orNone(err))
}

// UsersInGroup implements userpool.GroupStore.
func (s *Store) UsersInGroup(ctx context.Context, pool, group, after string, limit int) ([]userpool.User, error) {
	users, err := sqlkit.All(ctx, s.db, scanUser, selectMembers, pool, group, after, max(limit, 0))
	return users, wrap("list the users in a group", orNone(err))
}

// The limit stands inside: nobody is read who is not in the page, whatever the database thinks of the sizes of the tables.
const selectMembers = `SELECT ` + userColumns + `
	FROM (SELECT pool, sub FROM userpool_members WHERE pool = ? AND group_name = ? AND sub > ? ORDER BY sub LIMIT ?) m
	JOIN userpool_users u ON u.pool = m.pool AND u.sub = m.sub ORDER BY m.sub`

// DeleteGroup implements userpool.GroupStore.
func (s *Store) DeleteGroup(ctx context.Context, pool, name string) error {
	return wrap("delete a group", absent(s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM userpool_groups WHERE pool = ? AND name = ?`, pool, name)
		if err := oneRow(n, err, userpool.ErrNotFound); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM userpool_members WHERE pool = ? AND group_name = ?`, pool, name)
		return err
	})))
}

func scanGroup(row sqlkit.Scanner) (userpool.Group, error) {
	var g userpool.Group
	var created int64
	err := row.Scan(&g.Name, &g.Description, &g.RoleARN, &g.Precedence, &created)
	g.Created = sqlkit.Time(created)
	return g, err
}

// GroupsOf implements userpool.GroupStore.
func (s *Store) GroupsOf(ctx context.Context, pool, sub string) ([]userpool.Group, error) {
	groups, err := sqlkit.All(ctx, s.db, scanGroup, `SELECT `+groupColumns+`
		FROM userpool_members m JOIN userpool_groups g ON g.pool = m.pool AND g.name = m.group_name
		WHERE m.pool = ? AND m.sub = ? ORDER BY g.name`, pool, sub)
	return groups, wrap("read the groups of a user", orNone(err))
}

// AddToGroup implements userpool.GroupStore.
func (s *Store) AddToGroup(ctx context.Context, pool, sub, group string) error {
	if err := storecheck.Membership(pool, sub, group); err != nil {
		return err
	}
	return wrap("add a user to a group", s.db.Tx(ctx, func(tx *sqlkit.Tx) error {
		if err := userExists(ctx, tx, pool, sub); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT created FROM userpool_groups WHERE pool = ? AND name = ?`, pool, group).Scan(new(int64))
		if err != nil {
			return absent(err)
		}
		_, err = tx.Exec(ctx, `INSERT INTO userpool_members (pool, sub, group_name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			pool, sub, group)
		return err
	}))
}

// RemoveFromGroup implements userpool.GroupStore.
func (s *Store) RemoveFromGroup(ctx context.Context, pool, sub, group string) error {
	n, err := s.db.Exec(ctx, `DELETE FROM userpool_members WHERE pool = ? AND sub = ? AND group_name = ?`, pool, sub, group)
	return wrap("remove a user from a group", oneRow(n, absent(err), userpool.ErrNotFound))
}
