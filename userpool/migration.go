package userpool

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// MigrationPlan says what must change in the directory so that its users fit the settings of the pool. Settings that a Cognito user pool
// fixes for ever can so be changed later: what people sign in with, aliases, case, and which attributes there are.
type MigrationPlan struct {
	// Users is how many users were looked at.
	Users int
	// Renamed is how many of them will be found by other names than now. They are listed in Changes, at most 1,000 of them.
	Renamed int
	Changes []NameChange
	// Conflicts are users who cannot have a name because another one has it, or will; nothing is migrated as long as there are any. At most
	// 1,000 are listed.
	Conflicts []NameConflict
	// Nameless are the subs of users who will have no name to sign in with, such as those without an e-mail address where it becomes the
	// user name. They stay, and can be given one by AdminUpdateUserAttributes. At most 1,000 are listed.
	Nameless []string
	// Incomplete counts, by name, the required attributes that users do not have, and Unknown the attributes that the schema does not have
	// any more; their values stay.
	Incomplete map[string]int
	Unknown    map[string]int
}

// NameChange is a user with the names, such as "email ada@example.com", that will be added and taken away.
type NameChange struct {
	Sub            string
	Added, Removed []string
}

// NameConflict is a name that two users would have.
type NameConflict struct {
	Name string
	// Sub is the user who cannot have it, and Holder the one who has it, or is first.
	Sub, Holder string
}

const planList = 1000

// PlanMigration looks at all users and says what Migrate would do, and what hinders it. It changes nothing. A program that changes Settings
// calls it, shows the plan to an administrator, and then calls Migrate, before people sign in under the new settings. To solve a conflict,
// change or delete one of the two users, by NameConflict.Sub or Holder: under the new settings no other name is sure to find them. The
// error is ServiceUnavailable.
func (p *Pool) PlanMigration(ctx context.Context) (*MigrationPlan, error) {
	plan := &MigrationPlan{Incomplete: map[string]int{}, Unknown: map[string]int{}}
	wanted := map[Identifier]string{}
	err := p.eachUser(ctx, func(u User) error { return p.planUser(ctx, plan, wanted, u) })
	if err != nil {
		return nil, err
	}
	return plan, nil
}

// eachUser calls f for every user who is there all the time.
func (p *Pool) eachUser(ctx context.Context, f func(User) error) error {
	for after := ""; ; {
		page, err := p.store.ListUsers(ctx, p.id, UserQuery{After: after, Limit: 500})
		if err != nil {
			return unavailable("listing users", err)
		}
		for _, u := range page.Users {
			if err := f(u); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// planUser notes what must change for one user. wanted are the names that users before this one will have and do not have now.
func (p *Pool) planUser(ctx context.Context, plan *MigrationPlan, wanted map[Identifier]string, u User) error {
	plan.Users++
	for _, name := range p.settings.RequiredAttributes {
		if u.Attributes[name] == "" {
			plan.Incomplete[name]++
		}
	}
	for name := range u.Attributes {
		if _, ok := p.settings.attribute(name); !ok {
			plan.Unknown[name]++
		}
	}
	ids, err := p.migrated(u)
	if err != nil {
		plan.conflict(NameConflict{Name: IdentifierUsername + " " + u.Username, Sub: u.Sub, Holder: u.Sub})
		return nil
	}
	if !slices.ContainsFunc(ids, p.settings.signsIn) {
		plan.Nameless = appendUpTo(plan.Nameless, u.Sub)
	}
	change := NameChange{Sub: u.Sub}
	for _, id := range ids {
		if slices.Contains(u.Identifiers, id) {
			continue
		}
		change.Added = append(change.Added, id.Kind+" "+id.Value)
		holder, err := p.store.UserByIdentifier(ctx, p.id, id)
		switch {
		case err != nil && !errors.Is(err, ErrNotFound):
			return unavailable("reading a user", err)
		case err == nil && p.keeps(holder, id):
			plan.conflict(NameConflict{Name: id.Kind + " " + id.Value, Sub: u.Sub, Holder: holder.Sub})
		case wanted[id] != "":
			plan.conflict(NameConflict{Name: id.Kind + " " + id.Value, Sub: u.Sub, Holder: wanted[id]})
		}
		wanted[id] = u.Sub
	}
	for _, id := range u.Identifiers {
		if !slices.Contains(ids, id) {
			change.Removed = append(change.Removed, id.Kind+" "+id.Value)
		}
	}
	if change.Added != nil || change.Removed != nil {
		plan.Renamed++
		plan.Changes = appendUpTo(plan.Changes, change)
	}
	return nil
}

// signsIn tells whether people can sign in with an identifier of this kind.
func (s Settings) signsIn(id Identifier) bool {
	switch id.Kind {
	case IdentifierUsername:
		return s.choosesNames()
	case IdentifierEmail, IdentifierPhone:
		return slices.Contains(s.UsernameAttributes, id.Kind) || slices.Contains(s.AliasAttributes, id.Kind)
	}
	return id.Kind == IdentifierFederated
}

func (m *MigrationPlan) conflict(c NameConflict) { m.Conflicts = appendUpTo(m.Conflicts, c) }

func appendUpTo[T any](list []T, v T) []T {
	if len(list) < planList {
		list = append(list, v)
	}
	return list
}

// keeps tells whether a user will still have a name.
func (p *Pool) keeps(u User, id Identifier) bool {
	ids, err := p.migrated(u)
	return err != nil || slices.Contains(ids, id)
}

// migrated returns the identifiers that a user will have. Where addresses become the user names, who signed up with a name brings the
// address along even if it is not verified, as somebody who signs up with it would.
func (p *Pool) migrated(u User) ([]Identifier, error) {
	if !p.settings.choosesNames() && u.Username != u.Sub && !u.federatedName() {
		for _, name := range addressAttributes {
			if slices.Contains(p.settings.UsernameAttributes, name) && u.Attributes[name] != "" {
				u.Identifiers = append(slices.Clone(u.Identifiers), addressIdentifier(name, u.Attributes[name]))
			}
		}
	}
	return p.settings.identifiers(u)
}

// Migrate gives all users the names that they have under the settings of the pool. Users change one by one, each whole; a call that was
// interrupted is finished by another. It returns what it did, as a plan. If there are conflicts it changes nothing, and the error is
// AliasExists, beside the plan. Errors: AliasExists, ServiceUnavailable.
func (p *Pool) Migrate(ctx context.Context) (*MigrationPlan, error) {
	plan, err := p.migrateAll(ctx)
	p.auditUser(ctx, "Migrate", EventSettingsChange, "", err)
	return plan, err
}

func (p *Pool) migrateAll(ctx context.Context) (*MigrationPlan, error) {
	plan, err := p.PlanMigration(ctx)
	if err != nil {
		return nil, err
	}
	if len(plan.Conflicts) > 0 {
		c := plan.Conflicts[0]
		return plan, failField(AliasExists, "", "Several users would have one name: %s of the users %s and %s. Change one of them first.", printable(c.Name), c.Sub, c.Holder)
	}
	// Names that are given up are freed first, or whoever gets one of them would find it taken.
	for _, pass := range []func(u *User, ids []Identifier){
		func(u *User, ids []Identifier) {
			u.Identifiers = slices.DeleteFunc(u.Identifiers, func(id Identifier) bool { return !slices.Contains(ids, id) })
		},
		func(u *User, ids []Identifier) { u.Identifiers = ids },
	} {
		if err := p.migrateUsers(ctx, pass); err != nil {
			return plan, err
		}
	}
	return plan, nil
}

// migrateUsers applies one pass to everybody whom it changes.
func (p *Pool) migrateUsers(ctx context.Context, pass func(u *User, ids []Identifier)) error {
	return p.eachUser(ctx, func(u User) error {
		fits := func(u *User) (bool, error) {
			ids, err := p.migrated(*u)
			if err != nil {
				return false, err
			}
			before := slices.Clone(u.Identifiers)
			pass(u, ids)
			return sameNames(before, u.Identifiers), nil
		}
		if same, err := fits(&u); same || err != nil {
			return err
		}
		_, err := p.changeUser(ctx, u.Sub, func(u *User) error {
			_, err := fits(u)
			return err
		})
		if errors.Is(err, UserNotFound) { // deleted meanwhile
			return nil
		}
		return err
	})
}

func sameNames(a, b []Identifier) bool {
	order := func(x, y Identifier) int { return strings.Compare(x.Kind+" "+x.Value, y.Kind+" "+y.Value) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}
