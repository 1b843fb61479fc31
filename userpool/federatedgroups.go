package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// recordProviderGroups is the kind of the records that say which groups a provider has put a user into.
const recordProviderGroups = "provider-groups"

// maxGroupMapping bounds Provider.GroupMapping.
const maxGroupMapping = 1000

func (p Provider) checkGroups() error {
	if p.GroupMapping == nil && p.GroupAttribute != "" {
		return fmt.Errorf("userpool: provider %q has a GroupAttribute but no GroupMapping, without which no value puts anybody into a group", p.Name)
	}
	if len(p.GroupMapping) > maxGroupMapping {
		return fmt.Errorf("userpool: provider %q: GroupMapping has %d entries, more than %d", p.Name, len(p.GroupMapping), maxGroupMapping)
	}
	for value, group := range p.GroupMapping {
		if value == "" || !groupName.MatchString(group) {
			return fmt.Errorf("userpool: provider %q: GroupMapping has %q for %q, which is no name of a group, or for nothing", p.Name, printable(group), printable(value))
		}
	}
	return nil
}

// groupsOf returns the groups that the provider puts a person into, each once and in order.
func (p Provider) groupsOf(attributes map[string][]string) []string {
	var out []string
	for _, value := range attributes[p.GroupAttribute] {
		if group := p.GroupMapping[value]; group != "" {
			out = append(out, group)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// syncGroups puts a user into the groups that the provider says now, and takes them out of those that it has put them into and no longer
// says. What an administrator did stays. The record names a group before the user is in it, so that no membership is forgotten when
// something fails in between.
func (p *Pool) syncGroups(ctx context.Context, a assertion, u User) error {
	if a.provider.GroupMapping == nil {
		return nil
	}
	present, err := p.store.GroupsOf(ctx, p.id, u.Sub)
	if err != nil {
		return unavailable("reading groups", err)
	}
	key := a.provider.Name + " " + u.Sub
	var ours []string
	err = p.changeProviderGroups(ctx, key, u.Sub, func(before []string) []string {
		ours = before
		for _, group := range a.groups {
			if !slices.ContainsFunc(present, func(g Group) bool { return g.Name == group }) && !slices.Contains(ours, group) {
				ours = append(slices.Clone(ours), group)
			}
		}
		return ours
	})
	if err != nil {
		return err
	}
	var kept []string
	for _, group := range ours {
		change, says := p.store.RemoveFromGroup, slices.Contains(a.groups, group)
		if says {
			change = p.store.AddToGroup
		}
		err := change(ctx, p.id, u.Sub, group)
		if errors.Is(err, ErrNotFound) { // there is no such group, or the user is not in it
			p.log.DebugContext(ctx, "userpool: a group that a provider names is not there", "pool", p.id, "provider", a.provider.Name, "group", group)
			continue
		}
		if err != nil {
			return unavailable("changing the groups of a user", err)
		}
		if says {
			kept = append(kept, group)
		}
	}
	return p.changeProviderGroups(ctx, key, u.Sub, func([]string) []string { return kept })
}

func (p *Pool) changeProviderGroups(ctx context.Context, key, sub string, change func([]string) []string) error {
	err := p.changeRecord(ctx, recordProviderGroups, key, func(r *Record) (bool, error) {
		var before []string
		if r.Data != nil {
			if err := json.Unmarshal(r.Data, &before); err != nil {
				return false, fmt.Errorf("userpool: the groups that a provider gave are damaged: %w", err)
			}
		}
		after := change(before)
		if slices.Equal(before, after) {
			return false, nil
		}
		raw, err := json.Marshal(after)
		r.Owner, r.Data = sub, raw
		return true, err
	})
	if errors.Is(err, ErrNotFound) { // the user was deleted a moment ago
		return nil
	}
	return err
}
