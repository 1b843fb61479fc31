package userpool

import (
	"context"
	"errors"
	"maps"
	"time"
)

// ConfirmSignUpInput is the proof that a person reads what is sent to the address.
type ConfirmSignUpInput struct {
	// ClientID, ClientSecret and SecretHash are as in SignUpInput.
	ClientID     string
	ClientSecret string
	SecretHash   string
	// Username is what was signed up with.
	Username         string
	ConfirmationCode string
	// Session is the one of SignUpOutput, or of an Error with UserNotConfirmed. With it, only the sign-up that it belongs to can be
	// confirmed. Without it the newest sign-up with this address is confirmed, whoever made it. Pass it wherever you can, as the hosted
	// pages do: otherwise the owner of an address can be made to confirm the password of a stranger who signed up with it a moment later.
	Session string
	// ForceAliasCreation takes the verified address away from another user who has it, instead of failing with AliasExists.
	ForceAliasCreation bool
	ClientMetadata     map[string]string
	UserContext        UserContextData
}

// ConfirmSignUpOutput says how to go on.
type ConfirmSignUpOutput struct {
	// Session, given to InitiateAuth with the flow USER_AUTH within three minutes, signs the person in without another code, where
	// Settings.FirstFactors has one-time codes to the address that was confirmed. Otherwise it is empty.
	Session string
}

// ConfirmSignUp takes the code, and makes the user CONFIRMED with a verified address. Exactly one of several calls with the right code
// succeeds. Errors: InvalidParameter, CodeMismatch (also for a name without a sign-up, and for a code that was used), ExpiredCode,
// LimitExceeded, InvalidClient; AliasExists, in a pool with aliases, if the address is verified as another user's.
func (p *Pool) ConfirmSignUp(ctx context.Context, in ConfirmSignUpInput) (_ ConfirmSignUpOutput, err error) {
	var a account
	defer func() {
		p.audit(ctx, AuditEvent{Type: EventSignUp, Operation: "ConfirmSignUp", Sub: a.user.Sub, ClientID: in.ClientID}, in.UserContext, err)
	}()
	if err := p.proveOptionalClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username); err != nil {
		return ConfirmSignUpOutput{}, err
	}
	code, err := wantCode(in.ConfirmationCode)
	if err != nil {
		return ConfirmSignUpOutput{}, err
	}
	if a, err = p.account(ctx, in.Username); err != nil {
		return ConfirmSignUpOutput{}, err
	}
	if err := p.countAttempt(ctx, limitCode, a.subject(), in.UserContext); err != nil {
		return ConfirmSignUpOutput{}, err
	}
	if !a.found || !a.user.hasCode(purposeConfirm) {
		return ConfirmSignUpOutput{}, p.decoyCode(ctx, a.subject())
	}
	confirmed, address, err := p.confirmWithCode(ctx, a.user, code, in)
	if err != nil {
		return ConfirmSignUpOutput{}, err
	}
	p.postConfirmation(ctx, TriggerConfirmSignUp, confirmed, in.ClientID, in.ClientMetadata)
	p.giveBack(ctx, networkGuesses, in.UserContext, 1)
	p.logFailure(ctx, "a count of wrong codes could not be ended", p.forget(ctx, limitCode, a.subject()))
	return ConfirmSignUpOutput{Session: p.confirmedSession(ctx, confirmed, address)}, nil
}

func (p *Pool) confirmWithCode(ctx context.Context, u User, code string, in ConfirmSignUpInput) (confirmed User, address string, err error) {
	target := func(u User) string {
		if in.Session != "" && in.Session != u.Sub || u.Status != StatusUnconfirmed || !u.Enabled {
			return ""
		}
		_, to := u.signUpAddress()
		return to
	}
	for range 10 {
		err = p.useCode(ctx, u, purposeConfirm, code, target, func(u *User) error {
			address, _ = u.signUpAddress()
			u.Status = StatusConfirmed
			err := p.verified(u, address)
			confirmed = u.Clone()
			return err
		})
		if !errors.Is(err, AliasExists) || !in.ForceAliasCreation {
			return confirmed, address, err
		}
		if err := p.releaseAlias(ctx, address, confirmed.Attributes[address]); err != nil {
			return confirmed, address, err
		}
		if u, err = p.store.User(ctx, p.id, u.Sub); err != nil {
			return confirmed, address, unavailable("reading a user", err)
		}
	}
	return confirmed, address, limitExceeded(time.Second)
}

// releaseAlias takes an address away from the user who has verified it: the attribute stays, not verified.
func (p *Pool) releaseAlias(ctx context.Context, name, value string) error {
	holder, err := p.store.UserByIdentifier(ctx, p.id, addressIdentifier(name, value))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return unavailable("reading a user", err)
	}
	_, err = p.changeUser(ctx, holder.Sub, func(u *User) error {
		if u.Attributes[name] == value {
			u.Attributes[verifiedAttribute(name)] = "false"
		}
		var err error
		u.Identifiers, err = p.settings.identifiers(*u)
		return err
	})
	return err
}

// addressIdentifier is the identifier of an e-mail address or a phone number; name is one of addressAttributes.
func addressIdentifier(name, value string) Identifier { return Identifier{Kind: name, Value: value} }

// decoyCode does for a user who is not there what a wrong code makes of one who is: it writes.
func (p *Pool) decoyCode(ctx context.Context, subject string) error {
	if err := p.decoyWrite(ctx, subject); err != nil {
		return err
	}
	return codeMismatch()
}

// decoyWrite writes something of no meaning, so that a name without an account takes as long as one with.
func (p *Pool) decoyWrite(ctx context.Context, subject string) error {
	return p.changeCounter(ctx, limit{name: "decoy"}, subject, func(c *Counter) (bool, error) {
		c.Last = p.now()
		return true, nil
	})
}

// confirmed runs the hook for a user whom no operation of a client confirmed.
func (p *Pool) confirmed(ctx context.Context, u User) {
	p.postConfirmation(ctx, TriggerConfirmSignUp, u, "", nil)
}

// postConfirmation runs the hook after what it follows was done, also if the caller goes away just now.
func (p *Pool) postConfirmation(ctx context.Context, trigger Trigger, u User, clientID string, metadata map[string]string) {
	event := userEvent(u, clientID)
	event.Trigger, event.ClientMetadata = trigger, maps.Clone(metadata)
	// runUserHook has logged the error; what was done stays done.
	_ = p.runUserHook(context.WithoutCancel(ctx), "PostConfirmation", p.hooks.PostConfirmation, event)
}

// ResendConfirmationCodeInput says whose sign-up waits to be confirmed.
type ResendConfirmationCodeInput struct {
	// ClientID, ClientSecret and SecretHash are as in SignUpInput.
	ClientID     string
	ClientSecret string
	SecretHash   string
	// Username is what was signed up with.
	Username       string
	ClientMetadata map[string]string
	UserContext    UserContextData
}

// ResendConfirmationCode sends a new code to an address whose sign-up waits to be confirmed; earlier codes are void. The answer is the
// same for any other name, which gets nothing. The message is on its way when this returns: a failure to send it is logged. Errors:
// InvalidParameter, InvalidClient, LimitExceeded after several messages to one address; UserNotFound where the client reveals it.
func (p *Pool) ResendConfirmationCode(ctx context.Context, in ResendConfirmationCodeInput) (CodeDeliveryDetails, error) {
	if err := p.proveOptionalClient(in.ClientID, in.ClientSecret, in.SecretHash, in.Username); err != nil {
		return CodeDeliveryDetails{}, err
	}
	return p.sendCode(ctx, codeRequest{
		username: in.Username, clientID: in.ClientID, kind: MessageResendCode, purpose: purposeConfirm, context: in.UserContext, metadata: in.ClientMetadata,
		event: EventResendCode, operation: "ResendConfirmationCode",
		address: func(u User) (string, string) {
			if u.Status != StatusUnconfirmed || !u.Enabled {
				return "", ""
			}
			return u.signUpAddress()
		},
	})
}

// codeRequest is a wish for a code by somebody who has proved nothing.
type codeRequest struct {
	username, clientID string
	kind               MessageKind
	purpose            string
	event              EventType
	operation          string
	// address returns the attribute and value that the code goes to, or "" if the user does not qualify.
	address  func(User) (name, value string)
	context  UserContextData
	metadata map[string]string
}

// sendCode sends a code for a purpose to who qualifies, and says the same to everybody.
func (p *Pool) sendCode(ctx context.Context, r codeRequest) (CodeDeliveryDetails, error) {
	a, err := p.account(ctx, r.username)
	if err != nil {
		return CodeDeliveryDetails{}, err
	}
	details, err := p.sendCodeTo(ctx, a, r)
	p.audit(ctx, AuditEvent{Type: r.event, Operation: r.operation, Sub: a.user.Sub, ClientID: r.clientID, Details: r.reason(a)}, r.context, err)
	return details, err
}

// reason says for the audit trail why no code was sent.
func (r codeRequest) reason(a account) map[string]string {
	switch {
	case !a.found:
		return map[string]string{"reason": "no such user"}
	case r.addressOf(a) == "":
		return map[string]string{"reason": "no code for this user"}
	}
	return nil
}

func (p *Pool) sendCodeTo(ctx context.Context, a account, r codeRequest) (CodeDeliveryDetails, error) {
	client, _ := p.client(r.clientID)
	if !a.found && client.RevealUserExistence && p.hooks.UserMigration == nil {
		return CodeDeliveryDetails{}, userNotFound()
	}
	if err := p.countAttempt(ctx, limitMessage, messageSubject(a, r.addressOf(a)), r.context); err != nil {
		return CodeDeliveryDetails{}, err
	}
	known, err := p.migrateForgotten(ctx, a, r)
	if err != nil {
		return CodeDeliveryDetails{}, err
	}
	a = known
	for range 100 {
		name, to := "", ""
		if a.found {
			name, to = r.address(a.user)
		}
		if name == "" {
			if err := p.decoyWrite(ctx, a.subject()); err != nil {
				return CodeDeliveryDetails{}, err
			}
			return p.simulatedDelivery(ctx, a)
		}
		u := a.user
		code, err := p.newCode(ctx, &u, r.purpose, to, codeValidity)
		if err != nil {
			return CodeDeliveryDetails{}, err
		}
		u.Modified = p.now()
		err = p.store.UpdateUser(ctx, p.id, u)
		switch {
		case err == nil:
			p.sendLater(ctx, outgoing{kind: r.kind, user: u, attribute: name, to: to, code: code, context: r.context, metadata: r.metadata})
			if a.id.Kind == identifySub {
				return p.simulatedDelivery(ctx, a)
			}
			return *delivery(name, to), nil
		case !errors.Is(err, ErrStale) && !errors.Is(err, ErrNotFound):
			return CodeDeliveryDetails{}, unavailable("storing a code", err)
		}
		if a, err = p.account(ctx, r.username); err != nil {
			return CodeDeliveryDetails{}, err
		}
	}
	return CodeDeliveryDetails{}, limitExceeded(time.Second)
}

// addressOf returns the address that the code goes to, or "".
func (r codeRequest) addressOf(a account) string {
	if !a.found {
		return ""
	}
	_, to := r.address(a.user)
	return to
}

// messageSubject is what messages to an address, or to nobody, are counted for: the address. A sub was told for a name by the pool itself,
// perhaps for one that nobody has, and has a count of its own, or it would tell whether it belongs to an address.
func messageSubject(a account, to string) string {
	switch {
	case a.id.Kind == identifySub:
		return a.subject()
	case to != "":
		return to
	case a.id.Kind == IdentifierEmail || a.id.Kind == IdentifierPhone:
		return a.id.Value
	}
	return "email " + a.subject() // the address that simulatedDelivery makes up, and not the sub
}
