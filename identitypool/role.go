package identitypool

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// The lifetimes of credentials, as the security token service of AWS has them.
const (
	defaultDuration = time.Hour
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
)

// Role is what identities of one kind may do.
type Role struct {
	// Name is 1 to 64 characters of A-Z, a-z, 0-9 and _+=,.@-. It is part of the role's ARN, and stands in messages.
	Name string
	// Policy is a document in the language of package policy. It is parsed once, by New. Credentials that were issued before the policy
	// changed are judged by the new one.
	Policy string
	// MaxDuration is how long credentials may last: 15 minutes to 12 hours, in whole seconds. The default is 1 hour.
	MaxDuration time.Duration
}

// role is a Role that was checked.
type role struct {
	name        string
	arn         string
	policy      *policy.Document
	maxDuration time.Duration
}

var roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)

// compileRole checks a role; field names it in errors.
func compileRole(field string, r Role, account string) (*role, error) {
	if !roleName.MatchString(r.Name) {
		return nil, fmt.Errorf("identitypool: Config.%s.Name is %q; it must be 1 to 64 letters, digits and _+=,.@-", field, r.Name)
	}
	if r.MaxDuration == 0 {
		r.MaxDuration = defaultDuration
	}
	if r.MaxDuration < minDuration || r.MaxDuration > maxDuration || r.MaxDuration%time.Second != 0 {
		return nil, fmt.Errorf("identitypool: Config.%s.MaxDuration is %s; it must be between %s and %s in whole seconds, or 0 for %s",
			field, r.MaxDuration, minDuration, maxDuration, defaultDuration)
	}
	document, err := policy.Parse([]byte(r.Policy))
	if err != nil {
		return nil, fmt.Errorf("identitypool: Config.%s.Policy: %w", field, err)
	}
	return &role{name: r.Name, arn: "arn:aws:iam::" + account + ":role/" + r.Name, policy: document, maxDuration: r.MaxDuration}, nil
}

// checkGuestPolicy refuses a policy that lets anybody do anything. A Deny beside such an Allow does not help: what it forgets is open.
func checkGuestPolicy(document *policy.Document) error {
	for i, s := range document.Statements() {
		if s.Effect == policy.Allow && slices.Contains(s.Actions, "*") && slices.Contains(s.Resources, "*") {
			return fmt.Errorf("identitypool: Config.UnauthenticatedRole.Policy: Statement[%d] allows guests every action on every resource; "+
				"name the actions or the resources that guests need", i)
		}
	}
	return nil
}
