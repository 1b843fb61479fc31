package message

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds of messages: why one is sent. They are the values of userpool.MessageKind.
const (
	// SignUp carries the code that confirms a sign-up.
	SignUp = "SignUp"
	// ResendCode carries a new code that confirms a sign-up.
	ResendCode = "ResendCode"
	// ForgotPassword carries the code that sets a new password.
	ForgotPassword = "ForgotPassword"
	// AccountExists tells that somebody signed up with an address that has an account.
	AccountExists = "AccountExists"
	// AdminCreateUser invites: it carries the user name and a temporary password.
	AdminCreateUser = "AdminCreateUser"
	// UpdateUserAttribute carries the code that confirms an address which a user wants to change to.
	UpdateUserAttribute = "UpdateUserAttribute"
	// VerifyUserAttribute carries the code that confirms an address which a user has.
	VerifyUserAttribute = "VerifyUserAttribute"
	// Authentication carries a code to sign in.
	Authentication = "Authentication"
	// SignInLink carries a link to sign in.
	SignInLink = "SignInLink"
	// AccountTakeOverNotification tells of a sign-in that looked unusual.
	AccountTakeOverNotification = "AccountTakeOverNotification"
	// PasswordChanged tells that the password was changed.
	PasswordChanged = "PasswordChanged"
	// AttributeChanged tells the old address that the address was changed.
	AttributeChanged = "AttributeChanged"
	// FactorChanged tells that a way to sign in was added or removed: an authenticator, a passkey, recovery codes, another provider.
	FactorChanged = "FactorChanged"
	// Welcome tells a user whom the application brought from elsewhere that the account is here now.
	Welcome = "Welcome"
)

// Things that happened, for Values.What. They are shown as a sentence in the language of the message.
const (
	// SignInAllowed, SignInChallenged and SignInBlocked are what became of a sign-in that looked unusual: allowed, asked for
	// another factor, refused.
	SignInAllowed    = "SignInAllowed"
	SignInChallenged = "SignInChallenged"
	SignInBlocked    = "SignInBlocked"
	// EmailChanged and PhoneNumberChanged are for AttributeChanged.
	EmailChanged       = "EmailChanged"
	PhoneNumberChanged = "PhoneNumberChanged"
	// The others are for FactorChanged.
	AuthenticatorAdded   = "AuthenticatorAdded"
	AuthenticatorRemoved = "AuthenticatorRemoved"
	PasskeyAdded         = "PasskeyAdded"
	PasskeyRemoved       = "PasskeyRemoved"
	RecoveryCodesAdded   = "RecoveryCodesAdded"
	RecoveryCodesRemoved = "RecoveryCodesRemoved"
	RecoveryCodeUsed     = "RecoveryCodeUsed"
	MFAEnabled           = "MFAEnabled"
	MFADisabled          = "MFADisabled"
	IdentityLinked       = "IdentityLinked"
	IdentityUnlinked     = "IdentityUnlinked"
)

// Places of values in a Template.
const (
	placeCode     = "{####}"
	placeUsername = "{username}"
	placeLink     = "{link}"
	placeValidity = "{validity}"
	placePool     = "{pool}"
	placeTime     = "{time}"
	placePlace    = "{place}"
	placeDevice   = "{device}"
	placeWhat     = "{what}"
	placeDomain   = "{domain}"
)

var allPlaces = []string{
	placeCode, placeUsername, placeLink, placeValidity, placePool, placeTime, placePlace, placeDevice, placeWhat, placeDomain,
}

// rule says which places a kind of message has.
type rule struct {
	needed  string   // must be in each text, or ""
	allowed []string // may be in a text as well
}

var (
	codeRule   = rule{placeCode, []string{placeUsername, placeValidity, placePool, placeDomain}}
	noticeRule = rule{"", []string{placeUsername, placePool, placeTime, placePlace, placeDevice}}
	eventRule  = rule{"", []string{placeUsername, placePool, placeTime, placePlace, placeDevice, placeWhat}}
)

var rules = map[string]rule{
	SignUp:                      codeRule,
	ResendCode:                  codeRule,
	ForgotPassword:              codeRule,
	AccountExists:               {"", []string{placeUsername, placePool}},
	AdminCreateUser:             {placeCode, []string{placeUsername, placeValidity, placePool}},
	UpdateUserAttribute:         codeRule,
	VerifyUserAttribute:         codeRule,
	Authentication:              codeRule,
	SignInLink:                  {placeLink, []string{placeUsername, placeValidity, placePool}},
	AccountTakeOverNotification: eventRule,
	PasswordChanged:             noticeRule,
	AttributeChanged:            eventRule,
	FactorChanged:               eventRule,
	Welcome:                     {"", []string{placeUsername, placePool}},
}

// Kinds returns all kinds of messages, sorted.
func Kinds() []string {
	out := make([]string, 0, len(rules))
	for kind := range rules {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

func ruleOf(kind string) (rule, error) {
	r, ok := rules[kind]
	if !ok {
		return r, fmt.Errorf("%.40q is no kind of message; there are %s", kind, strings.Join(Kinds(), ", "))
	}
	return r, nil
}

// has reports whether a place may be in a text of the kind. The places of a domain are looked at apart.
func (r rule) has(place string) bool { return place == r.needed || slices.Contains(r.allowed, place) }

// places lists what may be in a text of the kind.
func (r rule) places() string {
	var out []string
	for _, place := range allPlaces {
		if r.has(place) && place != placeDomain {
			out = append(out, place)
		}
	}
	return strings.Join(out, ", ")
}
