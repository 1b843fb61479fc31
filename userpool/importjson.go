package userpool

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// ImportConflict says what becomes of a user whose name somebody in the pool has.
type ImportConflict string

const (
	// ConflictFail makes the line fail. It is the default.
	ConflictFail ImportConflict = "fail"
	// ConflictSkip passes over the line.
	ConflictSkip ImportConflict = "skip"
	// ConflictReplace replaces all of the user in the pool, and ends their sessions: attributes, password and factors. The sub, the Username
	// and remembered devices stay. A line with a sub replaces the user with this sub and no other.
	ConflictReplace ImportConflict = "replace"
)

// ImportUsersInput says how lines become users. Each line is one object of JSON with these fields, all of which may be left out:
//
//	type               "user" (the default) or "group"
//	sub                a UUID, which stays the user's; by default one that is made of ImportID and the user name
//	username           the name that the user signs in with; by default their e-mail address, or else their phone number
//	sign_in_with       the addresses that are the user's names though not verified, such as ["email"]; by default username
//	status             as in UserStatus; by default CONFIRMED for a user with a password, EXTERNAL_PROVIDER for one who only has identities,
//	                   CONFIRMED where people can sign in without a password, and otherwise RESET_REQUIRED
//	enabled            true or false; true by default
//	attributes         an object of standard and custom attributes, also email_verified and phone_number_verified
//	pending_attributes new addresses that wait to be verified
//	password_hash      a hash; see below
//	firebase_password  an object with hash and salt, as Firebase exports them; see Firebase
//	password_history   a list of hashes, the newest first
//	password_changed, password_expires
//	                   times; password_expires is for the temporary password of a user in FORCE_CHANGE_PASSWORD
//	srp_verifier       an object of an export; dropped if this pool has another name in SRP, or keeps no verifiers
//	software_token     an object with secret (base32, at least 160 bits), name, last_step and created
//	mfa, preferred_mfa the second factors that are switched on, such as ["SOFTWARE_TOKEN_MFA"], and which is preferred
//	passkeys           a list of an export; passkeys work at the domain (RP ID) that they were made for, and need the sub
//	identities         a list of objects with provider, subject and linked
//	groups             names of groups of the pool, which the user is added to
//	created, modified  times, such as "2006-01-02T15:04:05Z"
//
// A group has name, description, role_arn, precedence and created; it stands before its members.
//
// A password hash is one of these, and costs at most some 256 MiB and two seconds to verify; it is made anew at the next sign-in:
//
//	$argon2id$v=19$m=19456,t=2,p=1$salt$hash     also argon2i
//	$2b$12$salt and hash                         bcrypt: also $2a$ and $2y$, cost 4 to 14
//	$scrypt$ln=17,r=8,p=1$salt$hash              passlib
//	$pbkdf2-sha256$i=600000$salt$hash            also pbkdf2-sha512, and as passlib writes it, without "i="
//	pbkdf2_sha256$1000000$salt$hash              Django
//
// No password with more than 72 bytes is right for a bcrypt hash, as bcrypt would take it for others. Users who have one set a new password.
//
// From Auth0: email, email_verified, name and their like become attributes; password_hash (of the export that its support makes) stays;
// blocked is the contrary of enabled; app_metadata and user_metadata become custom attributes; the provider and user_id of identities
// become provider and subject. From Firebase: email, emailVerified, phoneNumber, displayName and photoUrl become the attributes email,
// email_verified, phone_number, name and picture; passwordHash and salt become firebase_password; disabled is the contrary of enabled;
// providerId and rawId of providerUserInfo become provider and subject. From Cognito, which gives no hashes: the list Attributes becomes
// the object attributes, without sub, which stands beside it; UserStatus is status. A list is made lines by jq -c '.[]'.
type ImportUsersInput struct {
	// ImportID names this import: 1 to 128 characters. Users of lines without a sub get one that is made of it and of their name, so that
	// importing the same again, after an interruption, finds them. Take another one for another import: a user who was deleted would come
	// back with the old sub. It is required if a line has no sub.
	ImportID string
	// OnConflict says what becomes of a user whose name somebody in the pool has; ConflictFail by default.
	OnConflict ImportConflict
	// ValidateOnly checks everything and writes nothing. The counts tell what would be done, if the directory did not change.
	ValidateOnly bool
	// Firebase has the password hash parameters of the Firebase project that firebase_password comes from.
	Firebase *FirebaseScrypt
}

// FirebaseScrypt is what the Firebase console shows as the password hash parameters of a project, decoded from base64.
type FirebaseScrypt struct {
	// SignerKey is base64_signer_key. It is secret; it is not stored.
	SignerKey []byte
	// SaltSeparator is base64_salt_separator.
	SaltSeparator []byte
	// Rounds is rounds, and MemoryCost is mem_cost: 8 and 14 in practice.
	Rounds, MemoryCost int
}

// ImportUsersOutput counts what was done.
type ImportUsersOutput struct {
	// Groups counts groups that were made or replaced; Imported and Replaced count users.
	Groups, Imported, Replaced int
	// Skipped counts users and groups that were there already, and Failed lines that were wrong.
	Skipped, Failed int
	// Errors tell what was wrong with lines that failed, and which users were skipped because somebody else has their name: the first 1,000.
	Errors []UserImportError
}

// ImportUsers reads users and groups, each a line of JSON, from another pool or another system; see ImportUsersInput for the fields.
//
// Each line is imported whole or not at all, and a line that is wrong fails alone. JSON is read strictly: an unknown field, or one that
// stands twice, is wrong; a line has at most 1 MiB. What users are found by is made of their names under the settings of this pool; nothing
// of another pool is found or changed. A sign-up that was never confirmed is replaced, as another sign-up would do. Required attributes may
// be missing; PlanMigration counts who lacks them.
//
// Importing the same lines again, with the same ImportID, changes nothing but what is missing: users who are there with the sub of their
// line are skipped, or replaced, and are added to the groups of their line. So an import that was interrupted is finished. No hooks are
// called, nobody gets a message, and Settings.AllowAdminCreateUserOnly does not matter.
//
// The audit trail notes when an import begins and ends. Errors: InvalidParameter for an input that is wrong; that of r, that of ctx, and
// ServiceUnavailable, beside what was done by then.
func (p *Pool) ImportUsers(ctx context.Context, r io.Reader, in ImportUsersInput) (ImportUsersOutput, error) {
	if r == nil {
		return ImportUsersOutput{}, failField(InvalidParameter, "data", "There is nothing to import.")
	}
	if in.OnConflict == "" {
		in.OnConflict = ConflictFail
	}
	if err := checkChoice("OnConflict", []ImportConflict{in.OnConflict}, ConflictFail, ConflictSkip, ConflictReplace); err != nil {
		return ImportUsersOutput{}, failField(InvalidParameter, "onConflict", "%s", sentence(err))
	}
	if err := checkText("importID", in.ImportID); err != nil || len([]rune(in.ImportID)) > 128 {
		return ImportUsersOutput{}, failField(InvalidParameter, "importID", "The ID of an import has at most 128 characters, and no control characters.")
	}
	i := &lineImport{p: p, in: in, groups: map[string]bool{}, names: map[Identifier]bool{}}
	i.note(ctx, "start", nil)
	err := i.all(ctx, r)
	i.note(context.WithoutCancel(ctx), "end", err)
	return i.out, err
}

// lineImport is an import of lines that is under way.
type lineImport struct {
	p   *Pool
	in  ImportUsersInput
	out ImportUsersOutput
	// groups tells which groups there are, as far as it was asked.
	groups map[string]bool
	// names are those of lines that were validated only.
	names map[Identifier]bool
}

func (i *lineImport) note(ctx context.Context, phase string, err error) {
	i.p.audit(ctx, AuditEvent{Type: EventImport, Operation: "ImportUsers", Details: map[string]string{
		"phase": phase, "on_conflict": string(i.in.OnConflict), "validate_only": strconv.FormatBool(i.in.ValidateOnly),
		"imported": strconv.Itoa(i.out.Imported), "replaced": strconv.Itoa(i.out.Replaced), "skipped": strconv.Itoa(i.out.Skipped),
		"failed": strconv.Itoa(i.out.Failed),
	}}, UserContextData{}, err)
}

// errSame means that what a line describes is there already.
var errSame = errors.New("the user or group is there already")

func (i *lineImport) all(ctx context.Context, r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("userpool: importing users: %w", err)
		}
		raw, long, err := readLine(lines)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("userpool: reading the lines of an import: %w", err)
		}
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 && !long {
			continue
		}
		if long {
			err = lineFault("", "The line has more than 1 MiB.")
		} else {
			err = i.line(ctx, raw)
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, errSame):
			i.out.Skipped++
			continue
		}
		fault, ok := importError(number, err)
		if !ok {
			return err
		}
		i.fault(fault)
	}
}

// fault counts a line that was not imported.
func (i *lineImport) fault(f UserImportError) {
	taken := f.Code == UsernameExists || f.Code == AliasExists
	if f.Skipped = taken && i.in.OnConflict == ConflictSkip; f.Skipped {
		i.out.Skipped++
	} else {
		i.out.Failed++
	}
	if len(i.out.Errors) < maxImportErrors {
		i.out.Errors = append(i.out.Errors, f)
	}
}

// maxUserLine is the size of the longest line, in bytes.
const maxUserLine = 1 << 20

// readLine returns a line, or only the beginning of one that is too long. A line that could be read in part only is an error.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if room := maxUserLine + 1 - len(line); len(part) <= room {
			line = append(line, part...)
		} else {
			line, long = append(line, part[:room]...), true
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(line) > 0, err == nil:
			return line, long, nil
		}
		return nil, false, err
	}
}

func (i *lineImport) line(ctx context.Context, raw []byte) error {
	line, err := parseLine(raw)
	if err != nil {
		return err
	}
	switch line := line.(type) {
	case *groupLine:
		return i.group(ctx, *line)
	case *userLine:
		return i.user(ctx, line)
	}
	return lineFault("type", "The line is of an unknown type.")
}

func (i *lineImport) group(ctx context.Context, line groupLine) error {
	g := Group{Name: line.Name, Description: line.Description, RoleARN: line.RoleARN, Precedence: line.Precedence, Created: line.Created}
	if err := g.check(); err != nil {
		return err
	}
	if err := i.p.checkPast("created", &g.Created); err != nil {
		return err
	}
	old, err := i.p.store.Group(ctx, i.p.id, g.Name)
	switch {
	case errors.Is(err, ErrNotFound):
		if !i.in.ValidateOnly {
			err = i.p.store.CreateGroup(ctx, i.p.id, g)
		} else {
			err = nil
		}
		if errors.Is(err, ErrExists) { // another import, at the same time
			err = errSame
		}
	case err != nil:
		return unavailable("reading a group", err)
	case sameGroup(old, g), i.in.OnConflict == ConflictSkip:
		err = errSame
	case i.in.OnConflict == ConflictReplace && !i.in.ValidateOnly:
		err = i.p.store.UpdateGroup(ctx, i.p.id, g)
	case i.in.OnConflict == ConflictFail:
		return failField(GroupExists, "name", "A group with this name and other properties exists already.")
	}
	if err != nil && !errors.Is(err, errSame) {
		return unavailable("writing a group", err)
	}
	i.groups[g.Name] = true
	if err == nil {
		i.out.Groups++
	}
	return err
}

func sameGroup(a, b Group) bool {
	same := a.Description == b.Description && a.RoleARN == b.RoleARN && (a.Precedence == nil) == (b.Precedence == nil)
	return same && (a.Precedence == nil || *a.Precedence == *b.Precedence)
}

// checkGroups wants that all groups are there.
func (i *lineImport) checkGroups(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, asked := i.groups[name]; !asked {
			_, err := i.p.store.Group(ctx, i.p.id, name)
			if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
				return unavailable("reading a group", err)
			}
			i.groups[name] = err == nil
		}
		if !i.groups[name] {
			delete(i.groups, name) // it may be made on a line to come, or by somebody else
			return failField(ResourceNotFound, "groups", "There is no group %q: its line must stand before its members.", printable(name))
		}
	}
	return nil
}

func (i *lineImport) user(ctx context.Context, line *userLine) error {
	d, err := i.p.draftUser(ctx, line, i.in)
	if err != nil {
		return err
	}
	if err := i.checkGroups(ctx, d.groups); err != nil {
		return err
	}
	if i.in.ValidateOnly {
		return i.validated(ctx, d)
	}
	u, err := i.p.sealDraft(ctx, d, d.user.Sub)
	if err != nil {
		return err
	}
	holder, taken, err := i.p.addImported(ctx, u, d.id)
	switch {
	case err != nil:
		return err
	case !taken:
		err = i.addToGroups(ctx, u.Sub, d.groups)
		if err == nil {
			i.out.Imported++
		}
		return err
	case holder.Sub == u.Sub && i.in.OnConflict != ConflictReplace:
		if err := i.addToGroups(ctx, u.Sub, d.groups); err != nil {
			return err
		}
		return errSame
	case !i.mayReplace(holder, d):
		return i.p.nameTaken(holder, d.user, d.id)
	}
	if err := i.replace(ctx, holder.Sub, d); err != nil {
		return err
	}
	i.out.Replaced++
	return i.addToGroups(ctx, holder.Sub, d.groups)
}

// mayReplace tells whether the holder of a name is the user whom the line means.
func (i *lineImport) mayReplace(holder User, d userDraft) bool {
	same := holder.Sub == d.user.Sub || !d.ownSub && slices.Contains(holder.Identifiers, d.id)
	return i.in.OnConflict == ConflictReplace && same
}

// validated does what user would do, without writing.
func (i *lineImport) validated(ctx context.Context, d userDraft) error {
	holder, err := i.p.store.User(ctx, i.p.id, d.user.Sub)
	found := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return unavailable("reading a user", err)
	}
	if found && i.in.OnConflict != ConflictReplace {
		return errSame
	}
	for _, id := range d.user.Identifiers {
		if i.names[id] {
			return failField(UsernameExists, "username", "A line before has a user with this name, address or identity.")
		}
		other, err := i.p.store.UserByIdentifier(ctx, i.p.id, id)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
			return unavailable("reading a user", err)
		}
		if err != nil || i.p.unconfirmedSignUp(other) {
			continue
		}
		if !i.mayReplace(other, d) || found && other.Sub != holder.Sub {
			return i.p.nameTaken(other, d.user, d.id)
		}
		holder, found = other, true
	}
	if found {
		if _, err := i.p.replacement(holder, d, d.user); err != nil {
			return err
		}
	}
	for _, id := range d.user.Identifiers {
		i.names[id] = true
	}
	if found {
		i.out.Replaced++
	} else {
		i.out.Imported++
	}
	return nil
}

// unconfirmedSignUp tells whether a user gives way to another one with the same name.
func (p *Pool) unconfirmedSignUp(u User) bool {
	chosen := u.Username != u.Sub && !u.federatedName()
	return u.Status == StatusUnconfirmed && u.Enabled && !(chosen && p.now().Sub(u.Created) < pendingName)
}

func (i *lineImport) addToGroups(ctx context.Context, sub string, groups []string) error {
	for _, name := range groups {
		err := i.p.store.AddToGroup(ctx, i.p.id, sub, name)
		if errors.Is(err, ErrNotFound) {
			return failField(ResourceNotFound, "groups", "The group %q, or the user, was deleted while the user was imported.", printable(name))
		}
		if err != nil {
			return unavailable("adding to a group", err)
		}
	}
	return nil
}

// replace puts what a line says in the place of a user.
func (i *lineImport) replace(ctx context.Context, sub string, d userDraft) error {
	u, err := i.p.sealDraft(ctx, d, sub)
	if err != nil {
		return err
	}
	_, err = i.p.changeUser(ctx, sub, func(old *User) error {
		next, err := i.p.replacement(*old, d, u)
		if err == nil {
			*old = next
		}
		return err
	})
	if err != nil {
		return err
	}
	i.p.logFailure(ctx, "sessions that are over could not be deleted", i.p.store.DeleteSessionsOf(ctx, i.p.id, sub))
	return nil
}

// replacement is the user who takes the place of another one.
func (p *Pool) replacement(old User, d userDraft, u User) (User, error) {
	next := u.Clone()
	named := next.Username != d.user.Sub
	next.Sub, next.Username, next.Epoch, next.Version = old.Sub, old.Username, old.Epoch+1, old.Version
	if d.created.IsZero() {
		next.Created = old.Created
	}
	if next.federatedName() != old.federatedName() || named && !slices.Contains(old.Identifiers, d.name) {
		return User{}, failField(InvalidParameter, "username", "The user has another user name, which never changes.")
	}
	var err error
	next.Identifiers, err = p.settings.identifiers(next)
	return next, err
}

// checkPast wants a time that has come, within a day, as clocks differ; none becomes now.
func (p *Pool) checkPast(field string, t *time.Time) error {
	now := p.now()
	switch {
	case t.IsZero():
		*t = now
	case t.Year() < 1 || t.After(now.Add(day)):
		return lineFault(field, "The time is in the future.")
	}
	return nil
}
