package userpool

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxClaims bounds what PreTokenGeneration adds to both tokens, in bytes of JSON, and maxClaimDepth how deep it is nested.
	maxClaims     = 16 << 10
	maxClaimDepth = 10
	maxClaimName  = 256
	// maxScopes and maxScope bound the scopes of a token and the length of one.
	maxScopes = 100
	maxScope  = 256
	// maxGroups is how many groups and roles a hook can put into a token: Cognito's bound for the groups of a user.
	maxGroups = 100
)

// fixedClaims cannot be changed by PreTokenGeneration, and neither can those that begin with "cognito:" (Cognito's list).
var fixedClaims = []string{
	"acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id", "device_key", "event_id", "exp", "iat", "identities", "iss", "jti", "nbf",
	"nonce", "origin_jti", "scope", "sub", "token_use", "username", "version",
}

// customise lets the hook change both tokens, adds what they say of groups and scopes, and returns the scopes of the access token.
func (p *Pool) customise(ctx context.Context, g tokenGrant, groups GroupConfiguration, access, id map[string]any) ([]string, error) {
	const hook = "PreTokenGeneration"
	scopes := slices.Clone(g.scopes)
	if p.hooks.PreTokenGeneration != nil {
		change, err := runHook(ctx, p, hook, func(ctx context.Context, e PreTokenGenerationEvent) (tokenChange, error) {
			result, err := p.hooks.PreTokenGeneration(ctx, e)
			if err != nil {
				return tokenChange{}, err
			}
			return checkTokenChange(result, g.scopes)
		}, PreTokenGenerationEvent{UserEvent: g.event(), GroupConfiguration: groups.clone(), Scopes: slices.Clone(g.scopes)})
		if err != nil {
			return nil, err
		}
		change.access.apply(access)
		change.id.apply(id)
		scopes = change.scopes
		if change.groups != nil {
			groups = *change.groups
		}
	}
	access["scope"] = strings.Join(scopes, " ")
	groups.addTo(access, id)
	return scopes, nil
}

// tokenChange is what PreTokenGeneration wants, once it is checked.
type tokenChange struct {
	access, id claimChange
	scopes     []string
	groups     *GroupConfiguration
}

type claimChange struct {
	add      map[string]any
	suppress []string
}

func (c claimChange) apply(claims map[string]any) {
	maps.Copy(claims, c.add)
	for _, name := range c.suppress {
		delete(claims, name)
	}
}

// checkTokenChange copies what the hook returned into plain values. It runs where a panic and an endless loop are contained.
func checkTokenChange(r PreTokenGenerationResult, granted []string) (tokenChange, error) {
	b := &claimBudget{left: maxClaims}
	access, err := b.claims(r.AccessTokenClaims, r.AccessTokenSuppress)
	if err != nil {
		return tokenChange{}, fmt.Errorf("access token: %w", err)
	}
	id, err := b.claims(r.IDTokenClaims, r.IDTokenSuppress)
	if err != nil {
		return tokenChange{}, fmt.Errorf("ID token: %w", err)
	}
	scopes, err := changeScopes(granted, r.ScopesToAdd, r.ScopesToSuppress)
	if err != nil {
		return tokenChange{}, err
	}
	change := tokenChange{access: access, id: id, scopes: scopes}
	if r.GroupOverrideDetails != nil {
		groups := r.GroupOverrideDetails.clone()
		change.groups = &groups
		err = groups.check()
	}
	return change, err
}

// changeScopes returns the scopes of an access token. What the person granted to the client stays the bound for the scopes of the pool.
func changeScopes(granted, add, suppress []string) ([]string, error) {
	if len(add) > maxScopes {
		return nil, fmt.Errorf("ScopesToAdd has %d scopes; at most %d are allowed", len(add), maxScopes)
	}
	scopes := slices.Clone(granted)
	for _, scope := range add {
		// RFC 6749, 3.3.
		bad := strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
		own := slices.Contains(knownScopes, scope) || strings.HasPrefix(strings.ToLower(scope), "aws.cognito.")
		switch {
		case scope == "" || len(scope) > maxScope || bad:
			return nil, fmt.Errorf("%q is no scope", printable(scope))
		case slices.Contains(scopes, scope):
		case own:
			return nil, fmt.Errorf("the scope %q was not granted, and cannot be added", scope)
		default:
			scopes = append(scopes, scope)
		}
	}
	return slices.DeleteFunc(scopes, func(scope string) bool { return slices.Contains(suppress, scope) }), nil
}

// claimBudget counts the bytes of JSON that a hook may still add.
type claimBudget struct{ left int }

func (b *claimBudget) spend(n int) error {
	if b.left -= n; b.left < 0 {
		return fmt.Errorf("the claims have more than %d bytes", maxClaims)
	}
	return nil
}

func (b *claimBudget) claims(add map[string]any, suppress []string) (claimChange, error) {
	out := claimChange{add: make(map[string]any, len(add)), suppress: slices.Clone(suppress)}
	for _, name := range suppress {
		if isFixedClaim(name) {
			return claimChange{}, fmt.Errorf("the claim %q cannot be changed", printable(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(add)) {
		if isFixedClaim(name) || strings.HasPrefix(name, "dev:") {
			return claimChange{}, fmt.Errorf("the claim %q cannot be set", printable(name))
		}
		if err := b.name(name); err != nil {
			return claimChange{}, err
		}
		value, err := b.value(reflect.ValueOf(add[name]), 1)
		if err != nil {
			return claimChange{}, fmt.Errorf("the claim %q: %w", printable(name), err)
		}
		out.add[name] = value
	}
	return out, nil
}

func isFixedClaim(name string) bool {
	return slices.Contains(fixedClaims, name) || strings.HasPrefix(name, "cognito:")
}

// name checks the name of a member.
func (b *claimBudget) name(name string) error {
	if name == "" || len(name) > maxClaimName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || name == "__proto__" {
		return fmt.Errorf("%q is no name: one has 1 to %d bytes of UTF-8 without control characters", printable(name), maxClaimName)
	}
	return b.spend(len(name) + len(`"":,`))
}

// value copies a value into one that is plain JSON.
func (b *claimBudget) value(v reflect.Value, depth int) (any, error) {
	if depth > maxClaimDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxClaimDepth)
	}
	if err := b.spend(1); err != nil {
		return nil, err
	}
	switch v.Kind() {
	case reflect.Invalid:
		return nil, b.spend(len("null"))
	case reflect.Interface, reflect.Pointer:
		return b.value(v.Elem(), depth+1)
	case reflect.Bool:
		return v.Bool(), b.spend(len("false"))
	case reflect.String:
		if v.Type() == reflect.TypeFor[json.Number]() {
			return b.number(json.Number(v.String()))
		}
		if !utf8.ValidString(v.String()) || strings.ContainsRune(v.String(), 0) {
			return nil, errors.New("it has text that is not UTF-8, or NUL")
		}
		return v.String(), b.spend(v.Len() + len(`""`))
	case reflect.Slice, reflect.Array:
		return b.list(v, depth)
	case reflect.Map:
		return b.object(v, depth)
	}
	switch {
	case v.CanInt():
		return v.Int(), b.spend(len("-9223372036854775808"))
	case v.CanUint():
		return v.Uint(), b.spend(len("18446744073709551615"))
	case v.Kind() == reflect.Float32 && isFinite(v.Float()):
		return float32(v.Float()), b.spend(len("-1.1754944e-38"))
	case v.Kind() == reflect.Float64 && isFinite(v.Float()):
		return v.Float(), b.spend(len("-2.2250738585072014e-308"))
	case v.CanFloat():
		return nil, fmt.Errorf("the number %v is not one of JSON", v.Float())
	}
	return nil, fmt.Errorf("a %s is not a value of JSON: give strings, booleans, numbers, and slices and maps of them", v.Type())
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// number is a number that was written by somebody else.
func (b *claimBudget) number(n json.Number) (any, error) {
	var f any
	if len(n) > 100 || json.Unmarshal([]byte(n), &f) != nil {
		return nil, fmt.Errorf("%q is not a number of JSON", printable(string(n)))
	}
	if _, ok := f.(float64); !ok {
		return nil, fmt.Errorf("%q is not a number of JSON", printable(string(n)))
	}
	return n, b.spend(len(n))
}

func (b *claimBudget) list(v reflect.Value, depth int) (any, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return nil, fmt.Errorf("a %s is not a value of JSON: give text", v.Type())
	}
	out := []any{}
	for i := range v.Len() {
		value, err := b.value(v.Index(i), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, b.spend(len("[]"))
}

func (b *claimBudget) object(v reflect.Value, depth int) (any, error) {
	if v.Type().Key().Kind() != reflect.String {
		return nil, fmt.Errorf("a %s is not a value of JSON: the keys of a map are strings", v.Type())
	}
	out := map[string]any{}
	for key, member := range v.Seq2() {
		if err := b.name(key.String()); err != nil {
			return nil, err
		}
		value, err := b.value(member, depth+1)
		if err != nil {
			return nil, err
		}
		out[key.String()] = value
	}
	return out, b.spend(len("{}"))
}

// groupConfiguration is what the tokens of a member of these groups say. The group with the lowest precedence decides which role is
// preferred; if two of them with different roles are equal, none is.
func groupConfiguration(groups []Group) GroupConfiguration {
	var c GroupConfiguration
	for _, g := range groups {
		c.GroupsToOverride = append(c.GroupsToOverride, g.Name)
	}
	withRole := slices.DeleteFunc(slices.Clone(groups), func(g Group) bool { return g.RoleARN == "" })
	if len(withRole) == 0 {
		return c
	}
	precedence := func(g Group) int64 {
		if g.Precedence == nil {
			return math.MaxInt64
		}
		return int64(*g.Precedence)
	}
	slices.SortStableFunc(withRole, func(a, b Group) int { return cmp.Compare(precedence(a), precedence(b)) })
	c.PreferredRole = withRole[0].RoleARN
	for _, g := range withRole {
		if !slices.Contains(c.IAMRolesToOverride, g.RoleARN) {
			c.IAMRolesToOverride = append(c.IAMRolesToOverride, g.RoleARN)
		}
		if precedence(g) == precedence(withRole[0]) && g.RoleARN != withRole[0].RoleARN {
			c.PreferredRole = ""
		}
	}
	return c
}

func (c GroupConfiguration) clone() GroupConfiguration {
	c.GroupsToOverride, c.IAMRolesToOverride = slices.Clone(c.GroupsToOverride), slices.Clone(c.IAMRolesToOverride)
	return c
}

// check tells what is wrong with the groups that a hook returned.
func (c GroupConfiguration) check() error {
	switch {
	case len(c.GroupsToOverride) > maxGroups || len(c.IAMRolesToOverride) > maxGroups:
		return fmt.Errorf("GroupOverrideDetails has more than %d groups or roles", maxGroups)
	case c.PreferredRole != "" && !slices.Contains(c.IAMRolesToOverride, c.PreferredRole):
		return errors.New("PreferredRole is not one of IAMRolesToOverride")
	}
	for _, name := range c.GroupsToOverride {
		if err := (Group{Name: name}).check(); err != nil {
			return fmt.Errorf("GroupsToOverride has %q, which is no name of a group", printable(name))
		}
	}
	for _, role := range c.IAMRolesToOverride {
		if role == "" || checkText("role_arn", role) != nil {
			return fmt.Errorf("IAMRolesToOverride has %q, which is no role", printable(role))
		}
	}
	return nil
}

// addTo writes the claims of groups and roles.
func (c GroupConfiguration) addTo(access, id map[string]any) {
	if len(c.GroupsToOverride) > 0 {
		access["cognito:groups"], id["cognito:groups"] = c.GroupsToOverride, c.GroupsToOverride
	}
	if len(c.IAMRolesToOverride) > 0 {
		id["cognito:roles"] = c.IAMRolesToOverride
	}
	if c.PreferredRole != "" {
		id["cognito:preferred_role"] = c.PreferredRole
	}
}
