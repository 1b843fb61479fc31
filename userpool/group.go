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
	if err := g.check(); err != nil {
		return err
	}
	g.Created = p.now()
	err := p.store.CreateGroup(ctx, p.id, g)
	if errors.Is(err, ErrExists) {
		err = failField(GroupExists, "name", "A group with this name exists already.")
	} else {
		err = unavailable("making a group", err)
	}
	p.auditGroup(ctx, "CreateGroup", g.Name, "", err)
	return err
}

// check tells what is wrong with a group.
func (g Group) check() error {
	if !utf8.ValidString(g.Name) || !groupName.MatchString(g.Name) {
		return failField(InvalidParameter, "name", "The name of a group has 1 to 128 letters, numbers, marks, symbols or punctuation, and no spaces.")
	}
	if err := checkText("description", g.Description); err != nil {
		return err
	}
	if err := checkText("role_arn", g.RoleARN); err != nil {
		return err
	}
	if g.Precedence != nil && *g.Precedence < 0 {
		return failField(InvalidParameter, "precedence", "The precedence of a group is zero or more, and is %d.", *g.Precedence)
	}
	return nil
}

// auditGroup notes what was done to a group, or to the membership of a user.
func (p *Pool) auditGroup(ctx context.Context, operation, group, sub string, outcome error) {
	p.audit(ctx, AuditEvent{
		Type: EventGroupChange, Operation: operation, Sub: sub, Details: map[string]string{"group": group},
	}, UserContextData{}, outcome)
}

// GetGroup returns a group. The error is ResourceNotFound.
func (p *Pool) GetGroup(ctx context.Context, name string) (Group, error) {
	g, err := p.store.Group(ctx, p.id, name)
	return g, groupError("reading a group", err)
}

// UpdateGroup replaces the description, role and precedence of a group. Tokens show the role from the next one on. Errors:
// InvalidParameter, ResourceNotFound.
func (p *Pool) UpdateGroup(ctx context.Context, g Group) error {
	if err := g.check(); err != nil {
		return err
	}
	err := groupError("changing a group", p.store.UpdateGroup(ctx, p.id, g))
	p.auditGroup(ctx, "UpdateGroup", g.Name, "", err)
	return err
}

// groupError is the answer to an unknown name of a group, or wraps a failure.
func groupError(doing string, err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return fail(ResourceNotFound, "There is no such group.")
	}
	return unavailable(doing, err)
}

// ListGroupsInput asks for the groups of the pool.
type ListGroupsInput struct {
	// Limit is how many are wanted: 1 to 60, and 60 by default.
	Limit int
	// NextToken is that of the page before, or empty.
	NextToken string
}

// ListGroupsOutput is a page of groups, ordered by name.
type ListGroupsOutput struct {
	Groups []Group
	// NextToken is empty on the last page.
	NextToken string
}

// ListGroups returns the groups of the pool, page by page. The error is InvalidParameter.
func (p *Pool) ListGroups(ctx context.Context, in ListGroupsInput) (ListGroupsOutput, error) {
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return ListGroupsOutput{}, err
	}
	after, err := p.pageAfter(ctx, in.NextToken, "ListGroups")
	if err != nil {
		return ListGroupsOutput{}, err
	}
	groups, err := p.store.ListGroups(ctx, p.id, after, limit+1)
	if err != nil {
		return ListGroupsOutput{}, unavailable("listing groups", err)
	}
	out := ListGroupsOutput{Groups: groups}
	if len(groups) > limit {
		out.Groups = groups[:limit]
		out.NextToken, err = p.pageToken(ctx, groups[limit-1].Name, "ListGroups")
	}
	return out, err
}

// ListUsersInGroupInput asks for the members of a group.
type ListUsersInGroupInput struct {
	GroupName string
	// Limit and NextToken are as in ListGroupsInput.
	Limit     int
	NextToken string
}

// ListUsersInGroup returns the members of a group, page by page, without what proves who they are. Errors: InvalidParameter,
// ResourceNotFound.
func (p *Pool) ListUsersInGroup(ctx context.Context, in ListUsersInGroupInput) (ListUsersOutput, error) {
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return ListUsersOutput{}, err
	}
	after, err := p.pageAfter(ctx, in.NextToken, "ListUsersInGroup", in.GroupName)
	if err != nil {
		return ListUsersOutput{}, err
	}
	if _, err := p.GetGroup(ctx, in.GroupName); err != nil {
		return ListUsersOutput{}, err
	}
	users, err := p.store.UsersInGroup(ctx, p.id, in.GroupName, after, limit+1)
	if err != nil {
		return ListUsersOutput{}, unavailable("listing the members of a group", err)
	}
	var out ListUsersOutput
	if len(users) > limit {
		users = users[:limit]
		if out.PaginationToken, err = p.pageToken(ctx, users[limit-1].Sub, "ListUsersInGroup", in.GroupName); err != nil {
			return ListUsersOutput{}, err
		}
	}
	for _, u := range users {
		out.Users = append(out.Users, u.public())
	}
	return out, nil
}

// DeleteGroup deletes a group; its members stay users. The error is ResourceNotFound.
func (p *Pool) DeleteGroup(ctx context.Context, name string) error {
	err := groupError("deleting a group", p.store.DeleteGroup(ctx, p.id, name))
	p.auditGroup(ctx, "DeleteGroup", printable(name), "", err)
	return err
}

// AdminAddUserToGroup makes a user a member of a group; adding a member again changes nothing. New tokens have the group, and browser
// sessions have it at once. See AdminGetUser for username. Errors: UserNotFound, and ResourceNotFound for an unknown group.
func (p *Pool) AdminAddUserToGroup(ctx context.Context, username, group string) error {
	return p.changeGroup(ctx, "AdminAddUserToGroup", username, group, p.store.AddToGroup)
}

// AdminRemoveUserFromGroup ends a membership. See AdminGetUser for username. Errors: UserNotFound, and ResourceNotFound if the user is
// not a member of such a group.
func (p *Pool) AdminRemoveUserFromGroup(ctx context.Context, username, group string) error {
	return p.changeGroup(ctx, "AdminRemoveUserFromGroup", username, group, p.store.RemoveFromGroup)
}

func (p *Pool) changeGroup(ctx context.Context, operation, username, group string, change func(ctx context.Context, pool, sub, group string) error) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	err = change(ctx, p.id, u.Sub, group)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		err = fail(ResourceNotFound, "There is no such group, or the user is no member of it.")
	} else {
		err = unavailable("changing a membership", err)
	}
	p.auditGroup(ctx, operation, printable(group), u.Sub, err)
	return err
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
