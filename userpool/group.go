package userpool

import (
	"context"
	"errors"
	"regexp"
	"time"
	"unicode/utf8"
)

// Group is a named set of users; its name appears in cognito:groups of their tokens.
type Group struct {
	// Name is 1 to 128 letters, marks, symbols, numbers or punctuation (Cognito's pattern), compared exactly.
	Name        string
	Description string
	// RoleARN is put into the claim cognito:roles, and into cognito:preferred_role if its Precedence is the lowest; see [Tokens]. Empty
	// means that the group has no role.
	RoleARN string
	// Precedence, zero or more, decides between the roles of several groups: the lowest wins, and nil comes last.
	Precedence *int32
	Created    time.Time
}

// Clone returns a deep copy.
func (g Group) Clone() Group {
	if g.Precedence != nil {
		p := *g.Precedence
		g.Precedence = &p
	}
	return g
}

var groupName = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$`)

// CreateGroup makes a group. The pool sets Created. Errors: InvalidParameter, GroupExists.
func (p *Pool) CreateGroup(ctx context.Context, g Group) error {
	if !utf8.ValidString(g.Name) || !groupName.MatchString(g.Name) {
		return failField(InvalidParameter, "name", "The name of a group has 1 to 128 letters, numbers, marks, symbols or punctuation, and no spaces.")
	}
	if err := checkAttributeValue("description", g.Description); err != nil {
		return err
	}
	if err := checkAttributeValue("role_arn", g.RoleARN); err != nil {
		return err
	}
	if g.Precedence != nil && *g.Precedence < 0 {
		return failField(InvalidParameter, "precedence", "The precedence of a group is zero or more, and is %d.", *g.Precedence)
	}
	g.Created = p.now()
	err := p.store.CreateGroup(ctx, p.id, g)
	if errors.Is(err, ErrExists) {
		return failField(GroupExists, "name", "A group with this name exists already.")
	}
	return unavailable("making a group", err)
}

// DeleteGroup deletes a group; its members stay users. The error is ResourceNotFound.
func (p *Pool) DeleteGroup(ctx context.Context, name string) error {
	err := p.store.DeleteGroup(ctx, p.id, name)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return fail(ResourceNotFound, "There is no such group.")
	}
	return unavailable("deleting a group", err)
}

// AdminAddUserToGroup makes a user a member of a group; adding a member again changes nothing. New tokens have the group, and browser
// sessions have it at once. See AdminGetUser for username. Errors: UserNotFound, and ResourceNotFound for an unknown group.
func (p *Pool) AdminAddUserToGroup(ctx context.Context, username, group string) error {
	return p.changeGroup(ctx, username, group, p.store.AddToGroup)
}

// AdminRemoveUserFromGroup ends a membership. See AdminGetUser for username. Errors: UserNotFound, and ResourceNotFound if the user is
// not a member of such a group.
func (p *Pool) AdminRemoveUserFromGroup(ctx context.Context, username, group string) error {
	return p.changeGroup(ctx, username, group, p.store.RemoveFromGroup)
}

func (p *Pool) changeGroup(ctx context.Context, username, group string, change func(ctx context.Context, pool, sub, group string) error) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	err = change(ctx, p.id, u.Sub, group)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return fail(ResourceNotFound, "There is no such group, or the user is no member of it.")
	}
	return unavailable("changing a membership", err)
}

// AdminListGroupsForUser returns the groups of a user, ordered by name; see AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminListGroupsForUser(ctx context.Context, username string) ([]Group, error) {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return nil, err
	}
	groups, err := p.store.GroupsOf(ctx, p.id, u.Sub)
	return groups, unavailable("reading groups", err)
}
