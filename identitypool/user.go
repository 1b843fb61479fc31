package identitypool

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"sync"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// User is a program or a person with a long-term access key, as an IAM user is: a backend that vouches for its users, an administrator who
// assumes roles. Users of the application sign in at a provider instead.
type User struct {
	// Name is 1 to 64 characters of A-Z, a-z, 0-9 and _+=,.@-.
	Name string
	// Path is as that of a [Role].
	Path string
	// ID is a name that is never given again, 1 to 128 letters and digits, such as "AIDAJQABLZS4A3QDU576Q". The default is made of Name.
	ID string
	// SecretAccessKey belongs to the access key that was asked for. It must have at least 20 characters.
	SecretAccessKey string
	// Policies, Boundary and Tags are as those of a [Role]. A document is parsed when it is first seen. A user with one that is no policy
	// can do nothing: each request fails with InternalError.
	Policies []string
	Boundary string
	Tags     map[string]string
}

// LogValue keeps the secret out of logs.
func (u User) LogValue() slog.Value { return slog.StringValue(u.String()) }

// String keeps the secret out of messages.
func (u User) String() string { return "user " + u.Name }

// GoString keeps the secret out of messages.
func (u User) GoString() string { return u.String() }

// UserSource finds users by their access keys.
type UserSource interface {
	// UserByAccessKey returns the user who has the access key, 16 to 128 letters and digits. ok is false if nobody has. It is asked for
	// each request of a user, and of a session that GetSessionToken or AssumeRole gave a user, so that a key that is withdrawn ends all of
	// them at once. It must be safe for concurrent use.
	UserByAccessKey(ctx context.Context, accessKeyID string) (user User, ok bool, err error)
}

const minSecretKey = 20

var (
	accessKeyID = regexp.MustCompile(`^[A-Za-z0-9]{16,128}$`)
	userID      = regexp.MustCompile(`^[A-Za-z0-9]{1,128}$`)
)

// user is a User that was checked.
type user struct {
	name   string
	source User

	// What compileUser finds.
	arn, id string
	tags    []pair
	rules   *policy.Policies
}

// findUser asks the application for the user with an access key. It returns nil if there is none.
func (p *Pool) findUser(ctx context.Context, key string) (*user, error) {
	if p.users == nil || !accessKeyID.MatchString(key) {
		return nil, nil
	}
	var found User
	var ok bool
	err := p.guarded(ctx, "UserByAccessKey", func() (err error) {
		found, ok, err = p.users.UserByAccessKey(ctx, key)
		return err
	})
	if err != nil || !ok {
		return nil, err
	}
	if len(found.SecretAccessKey) < minSecretKey {
		return nil, fmt.Errorf("identitypool: the secret access key of the user %q has less than %d characters", found.Name, minSecretKey)
	}
	return &user{name: found.Name, source: found}, nil
}

// compileUser checks the user. It is not part of findUser, whose work tells nobody whether an access key exists.
func (p *Pool) compileUser(u *user) error {
	path, err := checkName("User", u.name, u.source.Path)
	if err != nil {
		return err
	}
	u.arn, u.id = "arn:aws:iam::"+p.account+":user"+path+u.name, u.source.ID
	if u.id == "" {
		u.id = uniqueID("AIDA", p.id+" user "+u.name)
	}
	if !userID.MatchString(u.id) {
		return fmt.Errorf("identitypool: the ID of the user %q is %q; it must be 1 to 128 letters and digits", u.name, u.id)
	}
	u.tags = sortedPairs(u.source.Tags)
	if err := checkTags(u.tags); err != nil {
		return fmt.Errorf("identitypool: the tags of the user %q: %w", u.name, err)
	}
	documents, boundaries, err := compileDocuments("User", u.source.Policies, u.source.Boundary, p.parsed.parse)
	if err != nil {
		return err
	}
	u.rules = &policy.Policies{Identity: documents, Boundaries: boundaries, ServiceControl: p.serviceControl}
	return nil
}

// parsedDocuments keeps documents that were parsed, by their text. Nothing but the text decides what a document is, so they are never
// out of date.
type parsedDocuments struct {
	mu   sync.Mutex
	size int // of the texts
	of   map[string]*policy.Document
}

// maxParsed bounds the texts that are kept, in bytes.
const maxParsed = 1 << 20

func (d *parsedDocuments) parse(text []byte) (*policy.Document, error) {
	d.mu.Lock()
	document := d.of[string(text)]
	d.mu.Unlock()
	if document != nil {
		return document, nil
	}
	document, err := policy.Parse(text)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.size+len(text) > maxParsed || d.of == nil {
		d.of, d.size = make(map[string]*policy.Document), 0
	}
	if d.of[string(text)] == nil {
		d.of[string(text)], d.size = document, d.size+len(text)
	}
	return document, nil
}

// verifyDevice checks the code of a user's device, if there is one. ok is false without.
func (p *Pool) verifyDevice(ctx context.Context, c *Caller, serialNumber, tokenCode string) (ok bool, err error) {
	switch {
	case serialNumber == "" && tokenCode == "":
		return false, nil
	case !serialNumberText.MatchString(serialNumber) || !tokenCodeText.MatchString(tokenCode):
		return false, fail(InvalidParameter, "SerialNumber must have 9 to 256 characters and TokenCode 6 digits; both or neither.")
	case p.verifyMFA == nil || c.user == nil || c.session != nil:
		return false, fail(AccessDenied, "MultiFactorAuthentication failed: only users with an access key of their own have devices here.")
	}
	err = p.guarded(ctx, "VerifyMFA", func() (err error) {
		ok, err = p.verifyMFA(ctx, c.user.name, serialNumber, tokenCode)
		return err
	})
	switch {
	case err != nil:
		return false, internal("verify the code of a device", err)
	case !ok:
		return false, fail(AccessDenied, "MultiFactorAuthentication failed with invalid MFA one time pass code.")
	}
	return true, nil
}

var (
	serialNumberText = regexp.MustCompile(`^[A-Za-z0-9_+=/:,.@-]{9,256}$`)
	tokenCodeText    = regexp.MustCompile(`^[0-9]{6}$`)
)
