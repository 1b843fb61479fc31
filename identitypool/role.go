package identitypool

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// The lifetimes of credentials, as the security token service of AWS has them.
const (
	defaultDuration = time.Hour
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
)

const (
	maxRolePolicies = 20
	maxRoles        = 1_000
	maxPath         = 512
	// identitySessionName is the name of the sessions of identities, as in Cognito.
	identitySessionName = "CognitoIdentityCredentials"
)

// Role is what its holders may do, and who may hold it.
type Role struct {
	// Name is 1 to 64 characters of A-Z, a-z, 0-9 and _+=,.@-. It is part of the role's ARN, and stands in messages. Two roles of a pool
	// must differ in more than case.
	Name string
	// Path is "" or, as IAM has it, begins and ends with "/": it stands in the ARN before the name. The default is "/".
	Path string
	// Policies are documents in the language of package policy: what the role allows and denies, at most 20. They are parsed once.
	// Credentials that were issued before a policy changed are judged by the new one.
	Policies []string
	// Boundary is a permissions boundary: a document that must allow as well. "" is none.
	Boundary string
	// TrustPolicy says who may have the role, and how. "" is the policy that [Pool.TrustPolicy] shows: authenticated identities of this
	// pool, or its guests for Config.UnauthenticatedRole. It is evaluated each time that credentials are asked for. Credentials that
	// were issued under another trust policy are judged again by the new one if they are an identity's; all others end with it.
	TrustPolicy string
	// MaxDuration is how long credentials may last: 15 minutes to 12 hours, in whole seconds. The default is 1 hour.
	MaxDuration time.Duration
	// Tags are principal tags of every session of the role, at most 50. Those of the session come before them.
	Tags map[string]string
}

// role is a Role that was checked.
type role struct {
	name, arn, id   string
	sessionARN      string // the ARN of its sessions without their name
	identityARN     string // the ARN of sessions of identities
	identityUserID  string
	trust           *policy.Document
	trustText       string
	trustSum        uint64
	documents       []*policy.Document
	boundaries      []*policy.Document // none or one
	maxDuration     time.Duration
	tags            []pair
	unauthenticated bool // it is Config.UnauthenticatedRole
}

// roleSet are the roles of a pool at one time. It is never changed.
type roleSet struct {
	authenticated *role // nil if the pool has none
	guest         *role // nil if the pool has none
	byARN         map[string]*role
	byName        map[string]*role
}

var (
	roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	rolePath = regexp.MustCompile(`^/(?:[!-.0-~]+/)*$`)
)

// SetRoles puts other roles in the place of Config.AuthenticatedRole, Config.UnauthenticatedRole and Config.Roles, all at once, under the
// same rules; a zero Role is none. The pool judges every request that comes after by the new roles, also those with credentials that were
// issued before. It is for this process: a program with several does it in each. An error means that nothing changed.
func (p *Pool) SetRoles(authenticated, unauthenticated Role, others []Role) error {
	c := p.config
	c.AuthenticatedRole, c.UnauthenticatedRole, c.Roles = authenticated, unauthenticated, others
	set, err := p.compileRoles(c)
	if err != nil {
		return err
	}
	if err := p.lint(c); err != nil {
		return err
	}
	p.roles.Store(set)
	return nil
}

// TrustPolicy returns the trust policy of the role with this name: its own, or the default one. ok is false if there is no such role.
func (p *Pool) TrustPolicy(roleName string) (document string, ok bool) {
	r := p.roles.Load().byName[roleName]
	if r == nil {
		return "", false
	}
	return r.trustText, true
}

// RoleARN returns the ARN of the role with this name. ok is false if there is no such role.
func (p *Pool) RoleARN(roleName string) (arn string, ok bool) {
	r := p.roles.Load().byName[roleName]
	if r == nil {
		return "", false
	}
	return r.arn, true
}

// compileRoles checks the roles of a Config, and that role mappings name roles that are there.
func (p *Pool) compileRoles(c Config) (*roleSet, error) {
	set := &roleSet{byARN: make(map[string]*role), byName: make(map[string]*role)}
	if len(c.Roles) > maxRoles {
		return nil, fmt.Errorf("identitypool: Config.Roles has %d roles; at most %d are allowed", len(c.Roles), maxRoles)
	}
	seen := make(map[string]string)
	add := func(field string, in Role, unauthenticated bool) (*role, error) {
		r, err := p.compileRole("Config."+field, in, unauthenticated)
		if err != nil {
			return nil, err
		}
		if other, twice := seen[strings.ToLower(r.name)]; twice {
			return nil, fmt.Errorf("identitypool: Config.%s and Config.%s both have the name %q; give each its own", other, field, r.name)
		}
		seen[strings.ToLower(r.name)] = field
		set.byARN[r.arn], set.byName[r.name] = r, r
		return r, nil
	}
	var err error
	if len(c.Providers) > 0 || c.DeveloperProvider != "" || !c.AuthenticatedRole.zero() {
		if set.authenticated, err = add("AuthenticatedRole", c.AuthenticatedRole, false); err != nil {
			return nil, err
		}
	}
	if c.AllowUnauthenticated || !c.UnauthenticatedRole.zero() {
		if set.guest, err = add("UnauthenticatedRole", c.UnauthenticatedRole, true); err != nil {
			return nil, err
		}
	}
	for i, in := range c.Roles {
		if _, err := add(fmt.Sprintf("Roles[%d]", i), in, false); err != nil {
			return nil, err
		}
	}
	return set, p.checkMappedRoles(set)
}

// checkMappedRoles refuses rules that give a role that is not there.
func (p *Pool) checkMappedRoles(set *roleSet) error {
	check := func(field string, mapping *RoleMapping) error {
		if mapping == nil {
			return nil
		}
		for i, rule := range mapping.Rules {
			if set.byName[rule.Role] == nil {
				return fmt.Errorf("identitypool: %s.Rules[%d].Role is %q; the pool has no role with this name", field, i, rule.Role)
			}
		}
		return nil
	}
	for name, provider := range p.providers {
		if err := check(fmt.Sprintf("Config.Providers[%q].RoleMapping", name), provider.mapping); err != nil {
			return err
		}
	}
	return check("Config.DeveloperRoleMapping", p.developerMapping)
}

func (r Role) zero() bool {
	return r.Name == "" && r.Path == "" && r.Policies == nil && r.Boundary == "" && r.TrustPolicy == "" && r.MaxDuration == 0 && r.Tags == nil
}

// compileRole checks a role; field names it in errors.
func (p *Pool) compileRole(field string, in Role, unauthenticated bool) (*role, error) {
	path, err := checkName(field, in.Name, in.Path)
	if err != nil {
		return nil, err
	}
	if in.MaxDuration == 0 {
		in.MaxDuration = defaultDuration
	}
	if in.MaxDuration < minDuration || in.MaxDuration > maxDuration || in.MaxDuration%time.Second != 0 {
		return nil, fmt.Errorf("identitypool: %s.MaxDuration is %s; it must be between %s and %s in whole seconds, or 0 for %s",
			field, in.MaxDuration, minDuration, maxDuration, defaultDuration)
	}
	r := &role{
		name: in.Name, arn: "arn:aws:iam::" + p.account + ":role" + path + in.Name, id: uniqueID("AROA", p.id+" role "+in.Name),
		sessionARN: "arn:aws:sts::" + p.account + ":assumed-role/" + in.Name + "/", maxDuration: in.MaxDuration,
		tags: sortedPairs(in.Tags), trustText: in.TrustPolicy, unauthenticated: unauthenticated,
	}
	r.identityARN, r.identityUserID = r.sessionARN+identitySessionName, r.id+":"+identitySessionName
	if err := checkTags(r.tags); err != nil {
		return nil, fmt.Errorf("identitypool: %s.Tags: %w", field, err)
	}
	if r.documents, r.boundaries, err = compileDocuments(field, in.Policies, in.Boundary, policy.Parse); err != nil {
		return nil, err
	}
	if r.trustText == "" {
		r.trustText = defaultTrust(p.id, unauthenticated)
	}
	if r.trust, err = policy.ParseTrust([]byte(r.trustText)); err != nil {
		return nil, fmt.Errorf("identitypool: %s.TrustPolicy: %w", field, err)
	}
	sum := sha256.Sum256([]byte(r.trustText))
	r.trustSum = binary.BigEndian.Uint64(sum[:])
	return r, nil
}

// checkName checks the name and the path of a role or user, and returns the path.
func checkName(field, name, path string) (string, error) {
	if !roleName.MatchString(name) {
		return "", fmt.Errorf("identitypool: %s.Name is %q; it must be 1 to 64 letters, digits and _+=,.@-", field, name)
	}
	if path == "" {
		path = "/"
	}
	if len(path) > maxPath || !rolePath.MatchString(path) || slices.ContainsFunc(strings.Split(path, "/"), isDots) {
		return "", fmt.Errorf("identitypool: %s.Path is %q; it must begin and end with / and have no empty segment, . or .. between", field, path)
	}
	return path, nil
}

func isDots(segment string) bool { return segment == "." || segment == ".." }

// compileDocuments parses the policies and the boundary of a role or user.
func compileDocuments(field string, policies []string, boundary string, parse func([]byte) (*policy.Document, error)) (
	documents, boundaries []*policy.Document, err error,
) {
	if len(policies) > maxRolePolicies {
		return nil, nil, fmt.Errorf("identitypool: %s.Policies has %d documents; at most %d are allowed", field, len(policies), maxRolePolicies)
	}
	for i, text := range policies {
		document, err := parse([]byte(text))
		if err != nil {
			return nil, nil, fmt.Errorf("identitypool: %s.Policies[%d]: %w", field, i, err)
		}
		documents = append(documents, document)
	}
	if boundary == "" {
		return documents, nil, nil
	}
	document, err := parse([]byte(boundary))
	if err != nil {
		return nil, nil, fmt.Errorf("identitypool: %s.Boundary: %w", field, err)
	}
	return documents, []*policy.Document{document}, nil
}

// uniqueID makes an ID in the form of AWS: 4 capitals that tell the kind, and 17 capitals and digits that follow from the name.
func uniqueID(prefix, name string) string {
	sum := sha256.Sum256([]byte(name))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// duration decides how long credentials last that were asked for so long; most is what the manner of asking allows.
func (r *role) duration(asked, most time.Duration) (time.Duration, error) {
	most = min(most, r.maxDuration)
	if asked == 0 {
		return min(defaultDuration, most), nil
	}
	if asked < minDuration || asked > most || asked%time.Second != 0 {
		return 0, fail(InvalidParameter, "The duration must be between %s and %s, in whole seconds.", minDuration, most)
	}
	return asked, nil
}
