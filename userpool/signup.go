package userpool

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// SignUpInput is what a person signs up with.
type SignUpInput struct {
	// ClientID names the app client, and ClientSecret, or SecretHash, authenticates a confidential one; see InitiateAuthInput. All are empty
	// at the hosted pages.
	ClientID     string
	ClientSecret string
	SecretHash   string
	// Username is what people sign in with: by default the e-mail address; see Settings.UsernameAttributes.
	Username string
	// Password may be empty where people can sign in without one: where Settings.FirstFactors has one-time codes.
	Password string
	// UserAttributes are standard and custom attributes that users may set. An address that is the Username need not be given again.
	UserAttributes map[string]string
	// ValidationData and ClientMetadata are handed to hooks.
	ValidationData map[string]string
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// SignUpOutput says what to do next.
type SignUpOutput struct {
	// UserSub is the sub of the user, if a user was made. For an address that has an account it is a random one: it does not tell the two
	// apart.
	UserSub string
	// UserConfirmed is true if a hook confirmed the user at once: no code was sent.
	UserConfirmed bool
	// CodeDeliveryDetails say where the code was sent; nil if UserConfirmed, or if the user gave no address: then an administrator must
	// confirm the user.
	CodeDeliveryDetails *CodeDeliveryDetails
	// Session ties the confirmation to this sign-up; see ConfirmSignUp. It is opaque, and opens nothing by itself.
	Session string
}

// SignUp makes a user in the state UNCONFIRMED and sends a code to the address. The answer is the same if the address has an account
// already: its owner then gets a message that says so, and nothing changes. A sign-up that was never confirmed does not hold its address:
// a later sign-up replaces it, password and all.
//
// A name that was chosen is different: who signs up must learn that it is taken. It is held for a day by a sign-up that is not confirmed.
//
// Where the hook PreSignUp confirms users at once, an address that has an account is refused with InvalidParameter, which reveals that it
// has one.
//
// Errors: InvalidParameter and InvalidPassword, with Field; UsernameExists for a chosen name; LimitExceeded after several sign-ups with one
// address; InvalidClient; UnauthorizedClient if the client has no CognitoProvider among its IdentityProviders; UserHookFailed;
// NotAuthorized if people cannot sign themselves up (Settings.AllowAdminCreateUserOnly), or for an attribute that they cannot set;
// CodeDeliveryFailure if the user was made, but the message was not sent: then the output is complete as well, and ResendConfirmationCode
// sends another code.
func (p *Pool) SignUp(ctx context.Context, in SignUpInput) (SignUpOutput, error) {
	if p.settings.AllowAdminCreateUserOnly {
		return SignUpOutput{}, fail(NotAuthorized, "Sign-up is not permitted here. Please ask an administrator for an account.")
	}
	s, err := p.checkSignUp(in)
	if err != nil {
		return SignUpOutput{}, err
	}
	if err := p.countAttempt(ctx, limitMessage, s.subject(), in.UserContext); err != nil {
		return SignUpOutput{}, err
	}
	decision, err := runHook(ctx, p, "PreSignUp", p.hooks.PreSignUp, PreSignUpEvent{UserEvent{
		Trigger: TriggerSignUp, Username: s.username, Attributes: maps.Clone(s.attributes), ClientID: in.ClientID,
		ValidationData: maps.Clone(in.ValidationData), ClientMetadata: maps.Clone(in.ClientMetadata),
	}})
	if err != nil {
		return SignUpOutput{}, err
	}
	if err := p.checkNewBreach(ctx, CompromisedSignUp, s.password); err != nil {
		return SignUpOutput{}, err
	}
	u, err := p.newUser(s)
	if err == nil && s.password != "" {
		err = p.setPassword(ctx, &u, s.password)
	}
	if err != nil {
		return SignUpOutput{}, err
	}
	if decision.AutoConfirmUser {
		return p.signUpConfirmed(ctx, u, s, decision)
	}
	return p.signUpUnconfirmed(ctx, u, s)
}

// signUp is a sign-up whose input is right, or what else a new user is made of; see newUser.
type signUp struct {
	id         Identifier
	username   string // as it was typed, for a chosen name
	attributes map[string]string
	password   string
	context    UserContextData
	metadata   map[string]string
	clientID   string
}

// subject is what messages are counted for.
func (s signUp) subject() string {
	if name, value := codeAddress(s.id, s.attributes); name != "" {
		return value
	}
	return s.id.Kind + " " + s.id.Value
}

// codeAddress returns the attribute that the code of a sign-up goes to, with its value, or "": the one that was signed up with, or else the
// e-mail address, or else the phone number.
func codeAddress(id Identifier, attributes map[string]string) (name, value string) {
	names := addressAttributes
	if id.Kind == IdentifierPhone {
		names = names[1:]
	}
	for _, name := range names {
		if attributes[name] != "" {
			return name, attributes[name]
		}
	}
	return "", ""
}

// signUpAddress is codeAddress for a user who has signed up.
func (u User) signUpAddress() (name, value string) {
	i := slices.IndexFunc(u.Identifiers, func(id Identifier) bool { return id.Kind == IdentifierEmail || id.Kind == IdentifierPhone })
	if i < 0 {
		return codeAddress(Identifier{}, u.Attributes)
	}
	return codeAddress(u.Identifiers[i], u.Attributes)
}

// checkSignUp does all that can be done without the store.
func (p *Pool) checkSignUp(in SignUpInput) (signUp, error) {
	var may func(string) bool
	if in.ClientID != "" || in.ClientSecret != "" || in.SecretHash != "" {
		client, err := p.proveClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username)
		if err != nil {
			return signUp{}, err
		}
		if err := client.mayUsePool(); err != nil {
			return signUp{}, err
		}
		may = client.canWrite
	}
	s, err := p.newName(in.Username)
	if err != nil {
		return signUp{}, err
	}
	s.context, s.metadata, s.clientID = in.UserContext, in.ClientMetadata, in.ClientID
	given := maps.Clone(in.UserAttributes)
	if given == nil {
		given = map[string]string{}
	}
	if s.attributes, err = p.settings.checkAttributes(given, writtenByUser, may); err != nil {
		return signUp{}, err
	}
	if err := s.ownAddress(); err != nil {
		return signUp{}, err
	}
	if s.attributes["preferred_username"] != "" && slices.Contains(p.settings.AliasAttributes, "preferred_username") {
		return signUp{}, failField(InvalidParameter, "preferred_username", "A preferred user name can be set once the account is confirmed.")
	}
	if err := p.settings.checkRequired(s.attributes); err != nil {
		return signUp{}, err
	}
	if in.Password == "" && p.settings.passwordless() {
		return s, nil
	}
	s.password, err = p.settings.PasswordPolicy.check(in.Password, p.passwordContext(in.Username, s.attributes)...)
	return s, err
}

// newName checks the name of a new user.
func (p *Pool) newName(typed string) (signUp, error) {
	id, err := p.settings.parseUsername(typed)
	switch {
	case err != nil:
		return signUp{}, err
	case id.Kind == identifySub, p.settings.choosesNames() && id.Kind != IdentifierUsername:
		return signUp{}, failField(InvalidParameter, "username", "This cannot be a user name: it looks like an address or an identifier.")
	case slices.ContainsFunc(p.providers, func(provider Provider) bool { return strings.HasPrefix(strings.Trim(typed, " "), provider.Name+"_") }):
		return signUp{}, failField(InvalidParameter, "username", "This cannot be a user name: users who sign in at another provider have such names.")
	}
	s := signUp{id: id}
	if id.Kind == IdentifierUsername {
		s.username = strings.Trim(typed, " ")
	}
	return s, nil
}

// ownAddress puts the address that is signed up with among the attributes, and says of each address that it is not verified, unless the
// attributes say that it is: checkAttributes lets nobody but administrators say so.
func (s *signUp) ownAddress() error {
	maps.DeleteFunc(s.attributes, func(_, value string) bool { return value == "" })
	for _, name := range addressAttributes {
		if s.id.Kind == name {
			if given := s.attributes[name]; given != "" && given != s.id.Value {
				return failField(InvalidParameter, name, "This address is not the one that is signed up with.")
			}
			s.attributes[name] = s.id.Value
		}
		flag := verifiedAttribute(name)
		switch {
		case s.attributes[name] != "":
			s.attributes[flag] = cmp.Or(s.attributes[flag], "false")
		case s.attributes[flag] == "true":
			return failField(InvalidParameter, flag, "The user has no such address that could be verified.")
		default:
			delete(s.attributes, flag)
		}
	}
	return nil
}

// passwordless tells whether users can do without a password.
func (s Settings) passwordless() bool {
	return slices.Contains(s.FirstFactors, ChallengeEmailOTP) || slices.Contains(s.FirstFactors, ChallengeSMSOTP)
}

// newUser makes a user who is not stored yet, without a password, of a name and attributes.
func (p *Pool) newUser(s signUp) (User, error) {
	sub, err := p.newUUID()
	if err != nil {
		return User{}, err
	}
	now := p.now()
	u := User{Sub: sub, Status: StatusUnconfirmed, Enabled: true, Attributes: s.attributes, Created: now, Modified: now}
	u.setName(s)
	u.Identifiers, err = p.settings.identifiers(u)
	return u, err
}

// setName gives a new user a name. User.Identifiers then has what makes an address the name although it is not verified.
func (u *User) setName(s signUp) {
	u.Username = u.Sub
	if s.id.Kind == IdentifierUsername {
		u.Username = s.username
	} else {
		u.Identifiers = append(u.Identifiers, s.id)
	}
}

// signUpConfirmed makes a user whom the application vouches for. Here a taken address cannot be hidden: whoever signed up would find out
// by signing in.
func (p *Pool) signUpConfirmed(ctx context.Context, u User, s signUp, decision PreSignUpResult) (SignUpOutput, error) {
	u.Status = StatusConfirmed
	for name, verified := range map[string]bool{"email": decision.AutoVerifyEmail, "phone_number": decision.AutoVerifyPhone} {
		if verified && u.Attributes[name] != "" {
			u.Attributes[verifiedAttribute(name)] = "true"
		}
	}
	var err error
	if u.Identifiers, err = p.settings.identifiers(u); err != nil {
		return SignUpOutput{}, err
	}
	switch holder, taken, err := p.takeName(ctx, u, s.id); {
	case err != nil:
		return SignUpOutput{}, err
	case taken && s.id.Kind == IdentifierUsername:
		return SignUpOutput{}, usernameExists()
	case taken:
		p.auditSignUp(ctx, s, holder, true)
		return SignUpOutput{}, failField(InvalidParameter, "username", "This %s cannot be used to sign up.", p.settings.usernameLabel())
	}
	p.auditSignUp(ctx, s, u, false)
	p.postConfirmation(ctx, TriggerConfirmSignUp, u, s.clientID, s.metadata)
	return SignUpOutput{UserSub: u.Sub, UserConfirmed: true}, nil
}

// auditSignUp notes a sign-up of a user, or of somebody who found the address or name to be this user's.
func (p *Pool) auditSignUp(ctx context.Context, s signUp, u User, taken bool) {
	var outcome error
	if taken {
		outcome = fail(UsernameExists, "")
	}
	p.audit(ctx, AuditEvent{Type: EventSignUp, Operation: "SignUp", Sub: u.Sub, ClientID: s.clientID}, s.context, outcome)
}

func (p *Pool) signUpUnconfirmed(ctx context.Context, u User, s signUp) (SignUpOutput, error) {
	out := SignUpOutput{UserSub: u.Sub, Session: u.Sub}
	var code string
	name, to := codeAddress(s.id, u.Attributes)
	if name != "" {
		var err error
		if code, err = p.newCode(ctx, &u, purposeConfirm, to, codeValidity); err != nil {
			return SignUpOutput{}, err
		}
		out.CodeDeliveryDetails = delivery(name, to)
	}
	holder, taken, err := p.takeName(ctx, u, s.id)
	switch {
	case err != nil:
		return SignUpOutput{}, err
	case taken && s.id.Kind == IdentifierUsername:
		p.auditSignUp(ctx, s, holder, true)
		return SignUpOutput{}, usernameExists()
	case taken:
		if err := p.decoyWrite(ctx, s.subject()); err != nil {
			return SignUpOutput{}, err
		}
		p.auditSignUp(ctx, s, holder, true)
		return out, p.send(ctx, outgoing{kind: MessageAccountExists, user: holder, attribute: name, to: to, context: s.context, metadata: s.metadata})
	}
	p.auditSignUp(ctx, s, u, false)
	if name == "" {
		return out, nil
	}
	return out, p.send(ctx, outgoing{kind: MessageSignUp, user: u, attribute: name, to: to, code: code, context: s.context, metadata: s.metadata})
}

func usernameExists() error {
	return failField(UsernameExists, "username", "This user name is taken, or looks like one that is. Please choose another.")
}

// pendingName is how long a sign-up that is not confirmed holds a chosen name.
const pendingName = day

// takeName stores a new user, in the place of a sign-up with this address that was never confirmed. If the name belongs to a user, it
// changes nothing, and returns that one.
func (p *Pool) takeName(ctx context.Context, u User, id Identifier) (holder User, taken bool, err error) {
	for range 100 {
		err := p.store.CreateUser(ctx, p.id, u)
		if err == nil {
			return User{}, false, nil
		}
		if !errors.Is(err, ErrExists) {
			return User{}, false, unavailable("making a user", err)
		}
		old, err := p.holder(ctx, u, id)
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			return User{}, false, unavailable("reading a user", err)
		case old.Status != StatusUnconfirmed || !old.Enabled,
			id.Kind == IdentifierUsername && p.now().Sub(old.Created) < pendingName:
			return old, true, nil
		}
		// The sub of the sign-up that is replaced goes with it, and all that hung on it. The version makes sure that it was not
		// confirmed in the meantime.
		err = p.store.DeleteUser(ctx, p.id, old.Sub, old.Version)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrStale) {
			return User{}, false, unavailable("replacing an unconfirmed user", err)
		}
	}
	return User{}, false, limitExceeded(time.Second)
}

// holder returns a user who has one of the identifiers that u wants, that of the name first.
func (p *Pool) holder(ctx context.Context, u User, id Identifier) (User, error) {
	for _, wanted := range append([]Identifier{id}, u.Identifiers...) {
		holder, err := p.store.UserByIdentifier(ctx, p.id, wanted)
		if !errors.Is(err, ErrNotFound) {
			return holder, err
		}
	}
	return User{}, ErrNotFound
}
