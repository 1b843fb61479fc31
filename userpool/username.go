package userpool

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/userpool/internal/phone"
	"github.com/stepwell/stepwell/userpool/internal/userfilter"
	"github.com/stepwell/stepwell/userpool/internal/username"
)

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// account is what a person typed for a user name, and the user whom it names, if there is one.
type account struct {
	// id is what was typed, in its canonical form.
	id    Identifier
	user  User
	found bool
	// nobody is the sub that a name without a user has towards the outside: always the same for a name. One with a sign-up that is not
	// confirmed has it for counting.
	nobody string
}

// subject is what attempts are counted for: all names of a user share one count, and so do a name without a user and the sub that is shown
// for it. A sign-up that is not confirmed counts as its name: whoever signs up again goes on counting.
func (a account) subject() string {
	switch {
	case a.found && a.user.Status != StatusUnconfirmed:
		return a.user.Sub
	case a.nobody != "":
		return a.nobody
	}
	return a.id.Kind + " " + a.id.Value
}

// public is the sub that is shown for a name before anything is proved: the user's, also of one who is disabled, or a made-up one.
func (a account) public() string {
	if a.found {
		return a.user.Sub
	}
	return a.nobody
}

// nobody returns the made-up sub of a name. It is its own: whoever takes it for a name gets the same answers as with the name.
func (p *Pool) nobody(ctx context.Context, id Identifier) (string, error) {
	if id.Kind == identifySub {
		return id.Value, nil
	}
	mac, err := p.mac(ctx, "sub", id.Kind, id.Value)
	if err != nil {
		return "", err
	}
	return formatUUID([16]byte(mac)), nil
}

// identifySub is the kind of an account that was named by its sub. It is no identifier of the store.
const identifySub = "sub"

// parseUsername returns the identifier that a typed user name is. The error is InvalidParameter with the field "username".
func (s Settings) parseUsername(typed string) (Identifier, error) {
	typed = strings.Trim(typed, " ")
	allowed := s.UsernameAttributes
	if s.choosesNames() {
		allowed = s.AliasAttributes
	}
	if uuidPattern.MatchString(typed) {
		return Identifier{identifySub, typed}, nil
	}
	switch {
	case typed == "":
		return Identifier{}, failField(InvalidParameter, "username", "Enter your %s.", s.usernameLabel())
	case strings.Contains(typed, "@") && slices.Contains(allowed, "email"):
		email, err := canonicalEmail(typed)
		return Identifier{IdentifierEmail, email}, err
	case strings.HasPrefix(typed, "+") && slices.Contains(allowed, "phone_number"):
		number, err := phone.Canonical(typed)
		if err != nil {
			return Identifier{}, failField(InvalidParameter, "username", "%s", sentence(err))
		}
		return Identifier{IdentifierPhone, number}, nil
	case s.choosesNames():
		name, err := username.Canonical(typed, s.CaseSensitive)
		if err != nil {
			return Identifier{}, failField(InvalidParameter, "username", "%s", sentence(err))
		}
		return Identifier{IdentifierUsername, name}, nil
	case slices.Contains(allowed, "email"):
		_, err := canonicalEmail(typed)
		if err == nil {
			err = failField(InvalidParameter, "username", "Enter your %s.", s.usernameLabel())
		}
		return Identifier{}, err
	}
	return Identifier{}, failField(InvalidParameter, "username", "Enter your phone number, beginning with + and the code of the country.")
}

// usernameLabel says what people sign in with.
func (s Settings) usernameLabel() string {
	email, number := slices.Contains(s.UsernameAttributes, "email"), slices.Contains(s.UsernameAttributes, "phone_number")
	switch {
	case s.choosesNames():
		return "user name"
	case email && number:
		return "e-mail address or phone number"
	case number:
		return "phone number"
	}
	return "e-mail address"
}

// sentence makes a message for a person of the error of a parser, which begins with the name of its package.
func sentence(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*username.Error](err); ok {
		return e.Message
	}
	if _, after, found := strings.Cut(text, ": "); found {
		text = after
	}
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// account looks up a typed user name. The error is InvalidParameter for what can be no user name, or ServiceUnavailable.
func (p *Pool) account(ctx context.Context, typed string) (account, error) {
	federated, err := p.federatedAccount(ctx, typed)
	if err != nil || federated.found {
		return federated, err
	}
	id, err := p.settings.parseUsername(typed)
	if err != nil && federated.id.Kind != "" { // it could be a name, and must not be told from one that is
		return federated, nil
	}
	if err != nil {
		return account{}, err
	}
	var u User
	if id.Kind == identifySub {
		u, err = p.store.User(ctx, p.id, id.Value)
	} else {
		u, err = p.store.UserByIdentifier(ctx, p.id, id)
	}
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
		return account{}, unavailable("reading a user", err)
	}
	a := account{id: id, user: u, found: err == nil}
	if a.found && u.Status != StatusUnconfirmed {
		return a, nil
	}
	name := id
	for _, other := range u.Identifiers { // of a user who was named by sub; one who is not confirmed has but one name
		if id.Kind == identifySub && other.Kind != IdentifierSkeleton {
			name = other
			break
		}
	}
	a.nobody, err = p.nobody(ctx, name)
	return a, err
}

// federatedAccount looks up a user name that is made of a provider and the subject there. Who has such a name can have a password too: see
// AdminSetUserPassword. The account has an id if the name could be such a one.
func (p *Pool) federatedAccount(ctx context.Context, typed string) (account, error) {
	for _, provider := range p.providers {
		subject, found := strings.CutPrefix(typed, provider.Name+"_")
		if !found || checkSubject(subject) != nil {
			continue
		}
		a := account{id: Identifier{IdentifierFederated, provider.Name + " " + subject}}
		u, err := p.store.UserByIdentifier(ctx, p.id, a.id)
		if err == nil && u.Username == typed {
			a.user, a.found = u, true
			return a, nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
			return account{}, unavailable("reading a user", err)
		}
		return a, nil // no provider's name begins with another's and "_"
	}
	return account{}, nil
}

// resolve finds the user whom an administrator names: as the user would, by sub, or by Username.
func (p *Pool) resolve(ctx context.Context, name string) (User, error) {
	a, err := p.account(ctx, name)
	if errors.Is(err, InvalidParameter) || err == nil && !a.found {
		return p.byUsername(ctx, name)
	}
	return a.user, err
}

// byUsername finds the one user who has a Username, letter by letter, whether or not anybody can sign in with it: users who chose a name
// keep it as their Username where the settings now want addresses.
func (p *Pool) byUsername(ctx context.Context, name string) (User, error) {
	name = strings.Trim(name, " ")
	if name == "" || checkText("username", name) != nil {
		return User{}, userNotFound()
	}
	var found []User
	for q := (UserQuery{Attribute: "username", Operator: OperatorEqual, Value: userfilter.Fold(name), Limit: 100}); ; {
		page, err := p.store.ListUsers(ctx, p.id, q)
		if err != nil {
			return User{}, unavailable("listing users", err)
		}
		found = append(found, slices.DeleteFunc(page.Users, func(u User) bool { return u.Username != name })...)
		if q.After = page.Next; q.After == "" || len(found) > 1 {
			break
		}
	}
	if len(found) != 1 {
		return User{}, userNotFound()
	}
	return found[0], nil
}

// identifiers returns what a user is found by under these settings. Those at other providers and of passkeys stay as they are. An address
// that is not verified finds only who signed up with it.
func (s Settings) identifiers(u User) ([]Identifier, error) {
	var out []Identifier
	for _, id := range u.Identifiers {
		if id.Kind == IdentifierFederated || id.Kind == IdentifierPasskey {
			out = append(out, id)
		}
	}
	if u.Username != u.Sub && !u.federatedName() {
		name, err := username.Canonical(u.Username, s.CaseSensitive)
		if err != nil {
			return nil, failField(InvalidParameter, "username", "%s", sentence(err))
		}
		out = append(out, Identifier{IdentifierUsername, name}, Identifier{IdentifierSkeleton, username.Skeleton(name)})
	}
	for _, name := range addressAttributes {
		id := addressIdentifier(name, u.Attributes[name])
		verified := u.Attributes[verifiedAttribute(name)] == "true"
		asName := slices.Contains(s.UsernameAttributes, name) && (verified || slices.Contains(u.Identifiers, id))
		asAlias := slices.Contains(s.AliasAttributes, name) && verified
		if id.Value != "" && (asName || asAlias) && !u.federatedName() {
			out = append(out, id)
		}
	}
	if name := u.Attributes["preferred_username"]; name != "" && slices.Contains(s.AliasAttributes, "preferred_username") && !u.federatedName() {
		canonical, err := username.Canonical(name, s.CaseSensitive)
		if err != nil {
			return nil, failField(InvalidParameter, "preferred_username", "%s", sentence(err))
		}
		out = append(out, Identifier{IdentifierUsername, canonical}, Identifier{IdentifierSkeleton, username.Skeleton(canonical)})
	}
	slices.SortFunc(out, func(a, b Identifier) int { return strings.Compare(a.Kind+" "+a.Value, b.Kind+" "+b.Value) })
	return slices.Compact(out), nil
}

// federatedName tells whether the user's name is made of a provider and the subject there.
func (u User) federatedName() bool {
	return slices.ContainsFunc(u.Identifiers, func(id Identifier) bool {
		provider, subject, _ := strings.Cut(id.Value, " ")
		return id.Kind == IdentifierFederated && u.Username == provider+"_"+subject
	})
}
