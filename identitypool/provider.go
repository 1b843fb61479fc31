package identitypool

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// Provider is a provider whose logins a pool accepts.
type Provider struct {
	// Verifier verifies the provider's tokens. Required.
	Verifier LoginVerifier
	// Revocation is asked, after the token is verified, whether it was revoked or its user disabled: Cognito's ServerSideTokenCheck. Nil
	// means no check. A user pool of this module is one.
	Revocation Revoked
	// RoleMapping chooses the role of a login by its claims. Nil gives each the AuthenticatedRole.
	RoleMapping *RoleMapping
	// PrincipalTags maps the keys of principal tags to the claims that give their values, at most 50. A claim that a token does not have
	// gives no tag, nor does one with several values. A role whose trust policy does not allow sts:TagSession is then refused.
	PrincipalTags map[string]string
	// DefaultPrincipalTags gives the tags that Cognito gives by default: "client" from the claim aud and "username" from the claim sub.
	// PrincipalTags must then be empty.
	DefaultPrincipalTags bool
	// UserWritable names the claims whose values the users of the provider can choose themselves. Rules and tags on them are refused.
	UserWritable []string
}

// Revoked tells whether the token with these claims is no longer good, such as *userpool.Pool.
type Revoked interface {
	Revoked(ctx context.Context, claims map[string]any) (bool, error)
}

// SingleUseVerifier is an optional method of a [LoginVerifier]. One that accepts each token a single time, such as that of a SAML
// provider, returns true: the pool then verifies a token once for GetID and for the GetCredentialsForIdentity or GetOpenIDToken that
// follows, and the token is used up when both were called.
type SingleUseVerifier interface {
	SingleUse() bool
}

// RoleMappingType is how a [RoleMapping] chooses.
type RoleMappingType string

// The types of role mappings.
const (
	// TokenMapping takes the claims cognito:preferred_role and cognito:roles.
	TokenMapping RoleMappingType = "Token"
	// RulesMapping takes the first of the rules that matches.
	RulesMapping RoleMappingType = "Rules"
)

// AmbiguousRoleResolution is what happens if a [RoleMapping] chooses no role.
type AmbiguousRoleResolution string

// The resolutions.
const (
	// AuthenticatedRole gives the AuthenticatedRole of the pool.
	AuthenticatedRole AmbiguousRoleResolution = "AuthenticatedRole"
	// DenyRole refuses with NotAuthorized.
	DenyRole AmbiguousRoleResolution = "Deny"
)

// MatchType is how a [MappingRule] compares. All are with regard to case.
type MatchType string

// The match types.
const (
	MatchEquals     MatchType = "Equals"
	MatchContains   MatchType = "Contains"
	MatchStartsWith MatchType = "StartsWith"
	MatchNotEqual   MatchType = "NotEqual" // a claim that is not there does not match
)

// RoleMapping chooses a role by the claims of a login.
type RoleMapping struct {
	Type RoleMappingType
	// Ambiguous is required.
	Ambiguous AmbiguousRoleResolution
	// Rules are asked in order; at most 25, and at least 1 if Type is RulesMapping.
	Rules []MappingRule
}

// MappingRule gives a role to logins with a claim.
type MappingRule struct {
	Claim string // 1 to 64 characters
	Match MatchType
	Value string // 1 to 128 characters
	Role  string // the name of a role of the pool
}

const (
	// keyPrefix begins the condition keys of an identity pool. It is also the key of a login with a token of the pool itself.
	keyPrefix = "cognito-identity.amazonaws.com"

	maxProvider = 128
	maxRules    = 25
	maxClaim    = 64
	maxMatch    = 128
)

// provider is a Provider that was checked.
type provider struct {
	name       string
	verifier   LoginVerifier
	revocation Revoked // nil if it is not to be asked
	singleUse  bool
	mapping    *RoleMapping
	tags       []pair // keys of principal tags with their claims, ordered by key
}

// compileProviders checks Config.Providers.
func compileProviders(providers map[string]Provider) (map[string]*provider, error) {
	out := make(map[string]*provider, len(providers))
	for _, name := range slices.Sorted(maps.Keys(providers)) {
		compiled, err := compileProvider(name, providers[name])
		if err != nil {
			return nil, err
		}
		out[name] = compiled
	}
	return out, nil
}

func compileProvider(name string, in Provider) (*provider, error) {
	field := fmt.Sprintf("Config.Providers[%q]", name)
	switch {
	case name == "" || len(name) > maxProvider || !plaintext.PrintableASCII(name) || strings.Contains(name, " "):
		return nil, fmt.Errorf("identitypool: Config.Providers has the name %q; a name is 1 to %d printable ASCII characters without spaces", name, maxProvider)
	case reservedProvider(name):
		return nil, fmt.Errorf("identitypool: Config.Providers has the name %q, which is reserved for what the pool itself says; give it another", name)
	case in.Verifier == nil:
		return nil, fmt.Errorf("identitypool: %s.Verifier is nil; give what verifies the tokens of the provider", field)
	}
	if function, ok := in.Verifier.(LoginFunc); ok && function == nil {
		return nil, fmt.Errorf("identitypool: %s.Verifier is a nil function; give what verifies the tokens of the provider", field)
	}
	out := &provider{name: name, verifier: in.Verifier, revocation: in.Revocation}
	if once, ok := in.Verifier.(SingleUseVerifier); ok {
		out.singleUse = once.SingleUse()
	}
	var err error
	if out.mapping, err = compileMapping(field+".RoleMapping", in.RoleMapping); err != nil {
		return nil, err
	}
	out.tags, err = compileTagClaims(field, in)
	return out, err
}

// reservedProvider reports whether a provider with this name could say what the pool itself says: by condition keys that begin with its
// name, which are compared without regard to case, or in the amr of its users.
func reservedProvider(name string) bool {
	first, _, _ := strings.Cut(strings.ToLower(name), ":")
	return slices.Contains([]string{keyPrefix, "aws", "sts", "saml", "authenticated", unauthenticated}, first)
}

// defaultTagClaims are the claims of Provider.DefaultPrincipalTags by the keys of the tags.
var defaultTagClaims = map[string]string{"client": "aud", "username": "sub"}

// compileTagClaims returns the keys of the principal tags with their claims.
func compileTagClaims(field string, in Provider) ([]pair, error) {
	claims := in.PrincipalTags
	switch {
	case in.DefaultPrincipalTags && len(claims) > 0:
		return nil, fmt.Errorf("identitypool: %s has DefaultPrincipalTags and PrincipalTags; choose one", field)
	case in.DefaultPrincipalTags:
		claims = defaultTagClaims
	}
	var out []pair
	for _, key := range slices.Sorted(maps.Keys(claims)) {
		claim := claims[key]
		if len(claim) == 0 || len(claim) > maxTagValue {
			return nil, fmt.Errorf("identitypool: %s.PrincipalTags[%q] is the claim %q; it must have 1 to %d characters", field, key, claim, maxTagValue)
		}
		out = append(out, pair{key, claim})
	}
	if err := checkTagKeys(out); err != nil {
		return nil, fmt.Errorf("identitypool: %s.PrincipalTags: %w", field, err)
	}
	return out, nil
}

// compileMapping checks a role mapping. That the roles of its rules are there is checked with the roles, which can change.
func compileMapping(field string, in *RoleMapping) (*RoleMapping, error) {
	if in == nil {
		return nil, nil
	}
	switch {
	case in.Type != TokenMapping && in.Type != RulesMapping:
		return nil, fmt.Errorf("identitypool: %s.Type is %q; it must be %s or %s", field, in.Type, TokenMapping, RulesMapping)
	case in.Ambiguous != AuthenticatedRole && in.Ambiguous != DenyRole:
		return nil, fmt.Errorf("identitypool: %s.Ambiguous is %q; it must be %s or %s", field, in.Ambiguous, AuthenticatedRole, DenyRole)
	case in.Type == TokenMapping && len(in.Rules) > 0:
		return nil, fmt.Errorf("identitypool: %s has Rules, which a mapping of type %s does not use", field, in.Type)
	case in.Type == RulesMapping && (len(in.Rules) == 0 || len(in.Rules) > maxRules):
		return nil, fmt.Errorf("identitypool: %s has %d Rules; it must have 1 to %d", field, len(in.Rules), maxRules)
	}
	for i, rule := range in.Rules {
		at := fmt.Sprintf("%s.Rules[%d]", field, i)
		switch {
		case rule.Claim == "" || len(rule.Claim) > maxClaim:
			return nil, fmt.Errorf("identitypool: %s.Claim is %q; it must have 1 to %d characters", at, rule.Claim, maxClaim)
		case rule.Value == "" || len(rule.Value) > maxMatch:
			return nil, fmt.Errorf("identitypool: %s.Value is %q; it must have 1 to %d characters", at, rule.Value, maxMatch)
		case !slices.Contains([]MatchType{MatchEquals, MatchContains, MatchStartsWith, MatchNotEqual}, rule.Match):
			return nil, fmt.Errorf("identitypool: %s.Match is %q; it must be %s, %s, %s or %s", at, rule.Match,
				MatchEquals, MatchContains, MatchStartsWith, MatchNotEqual)
		}
	}
	return &RoleMapping{Type: in.Type, Ambiguous: in.Ambiguous, Rules: slices.Clone(in.Rules)}, nil
}
