package userpool

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// AuditEvent is something that happened and matters for security. It holds no secret. It does hold what the person is not told, such as
// whether a name has an account, and where people come from: it is for those who run the pool.
type AuditEvent struct {
	// Type is the kind of event, and Operation the method of Pool that it happened in.
	Type      EventType `json:"type"`
	Operation string    `json:"operation"`
	// Code is empty for a success, and otherwise why it failed.
	Code Code `json:"code,omitempty"`
	// Sub is the user whom it concerns, or empty. Actor is who did it, as WithActor said, or empty for the user.
	Sub   string `json:"sub,omitempty"`
	Actor string `json:"actor,omitempty"`
	// ClientID, IPAddress and UserAgent are where the request came from, as far as is known.
	ClientID  string `json:"client_id,omitempty"`
	IPAddress string `json:"ip_address,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	// Details say more, such as the methods of a sign-in, why it failed, or the names of the attributes that were changed; never their values.
	Details map[string]string `json:"details,omitempty"`
}

// LogValue returns what is known of the event as a group, for log/slog.
func (e AuditEvent) LogValue() slog.Value {
	attributes := []slog.Attr{slog.String("type", string(e.Type)), slog.String("operation", e.Operation)}
	for _, a := range []slog.Attr{
		slog.String("code", string(e.Code)), slog.String("sub", e.Sub), slog.String("actor", e.Actor), slog.String("client_id", e.ClientID),
		slog.String("ip_address", e.IPAddress), slog.String("user_agent", e.UserAgent),
	} {
		if a.Value.String() != "" {
			attributes = append(attributes, a)
		}
	}
	var details []any
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		details = append(details, slog.String(name, e.Details[name]))
	}
	attributes = append(attributes, slog.Group("details", details...))
	return slog.GroupValue(attributes...)
}

// EventType is a kind of [AuditEvent]. The first five have Cognito's names.
type EventType string

// The kinds of events.
const (
	EventSignIn          EventType = "SignIn"
	EventSignUp          EventType = "SignUp"
	EventForgotPassword  EventType = "ForgotPassword"
	EventPasswordChange  EventType = "PasswordChange"
	EventResendCode      EventType = "ResendCode"
	EventSignOut         EventType = "SignOut"
	EventTokenReuse      EventType = "TokenReuse"
	EventFactorChange    EventType = "FactorChange"
	EventAttributeChange EventType = "AttributeChange"
	EventDeviceChange    EventType = "DeviceChange"
	EventIdentityLink    EventType = "IdentityLink"
	EventUserChange      EventType = "UserChange"
	EventGroupChange     EventType = "GroupChange"
	EventSettingsChange  EventType = "SettingsChange"
	EventKeyChange       EventType = "KeyChange"
	EventImport          EventType = "Import"
	EventRisk            EventType = "Risk"
	// EventAuditPurge says that the records up to Details["through"], whose hash was Details["hash"], were deleted as too old.
	EventAuditPurge EventType = "AuditPurge"
)

var eventTypes = []EventType{
	EventSignIn, EventSignUp, EventForgotPassword, EventPasswordChange, EventResendCode, EventSignOut, EventTokenReuse, EventFactorChange,
	EventAttributeChange, EventDeviceChange, EventIdentityLink, EventUserChange, EventGroupChange, EventSettingsChange, EventKeyChange,
	EventImport, EventRisk, EventAuditPurge,
}

type actorKey struct{}

// WithActor names who does what is done with the context, for the audit trail: the administrator who is signed in, or a job. It gives no
// right and changes no decision.
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// audit notes an event, in the log and in the audit trail of the store. outcome is the error of the operation, or nil. What comes after it
// must not depend on it: an event that the store does not take is logged as an error, with all that it says, and the operation stands.
func (p *Pool) audit(ctx context.Context, e AuditEvent, from UserContextData, outcome error) {
	e.Actor, _ = ctx.Value(actorKey{}).(string)
	e.IPAddress, e.UserAgent = from.address(), from.agent()
	e.Code = codeOf(outcome)
	p.log.InfoContext(ctx, "userpool: audit", "pool", p.id, "event", e)
	if !slices.Contains(p.settings.AuditEvents, e.Type) || slices.Contains(notStored, e.Code) {
		return
	}
	if err := p.storeAudit(ctx, e); err != nil {
		p.log.ErrorContext(ctx, "userpool: an event is not in the audit trail", "pool", p.id, "event", e, "error", err)
	}
}

// auditUser notes what was done to a user, by an operation that does not say where the request came from.
func (p *Pool) auditUser(ctx context.Context, operation string, kind EventType, sub string, outcome error) {
	p.audit(ctx, AuditEvent{Type: kind, Operation: operation, Sub: sub}, UserContextData{}, outcome)
}

// notStored are failures that are in the log only. Nothing was looked at, so that they say little; and who is refused is not to fill the
// store: of a lockout, the attempt that began it is in the trail. With a store that fails there is nothing to wait for.
var notStored = []Code{InvalidParameter, InvalidPassword, InvalidClient, UnauthorizedClient, UnsupportedOperation, LimitExceeded, ServiceUnavailable}

// operation is the method that a step of a sign-in is an outcome of.
func (s *signIn) operation() string {
	switch {
	case s.Provider != "":
		return "FinishFederatedSignIn"
	case s.answering && s.Admin:
		return "AdminRespondToAuthChallenge"
	case s.answering:
		return "RespondToAuthChallenge"
	case s.Admin:
		return "AdminInitiateAuth"
	}
	return "InitiateAuth"
}

// auditSignIn notes that somebody has signed in.
func (p *Pool) auditSignIn(ctx context.Context, s *signIn) {
	details := s.details(map[string]string{"methods": strings.Join(s.AMR, " ")})
	p.audit(ctx, AuditEvent{Type: EventSignIn, Operation: s.operation(), Sub: s.user.Sub, ClientID: s.ClientID, Details: details}, s.Context, nil)
}

// auditFailedSignIn notes that a step of a sign-in failed, with the reason, which the person is not told. A step that led to the next one
// is noted when the sign-in ends.
func (p *Pool) auditFailedSignIn(ctx context.Context, s *signIn, outcome error) {
	if outcome == nil || s.Flow == RefreshTokenAuth {
		return
	}
	step := string(s.Challenge)
	if step == "" {
		step = string(s.Flow)
	}
	lockout := ""
	if s.wait > 0 {
		lockout = s.wait.String()
	}
	details := s.details(map[string]string{"step": step, "reason": s.failure(codeOf(outcome)), "lockout": lockout})
	p.audit(ctx, AuditEvent{
		Type: EventSignIn, Operation: s.operation(), Sub: cmp.Or(s.Account, s.Sub), ClientID: s.ClientID, Details: details,
	}, s.Context, outcome)
}

// details adds what is known of every sign-in to what is known of this outcome, and leaves out what is empty.
func (s *signIn) details(of map[string]string) map[string]string {
	of["flow"], of["provider"], of["risk"] = string(s.Flow), s.Provider, string(s.Risk)
	maps.DeleteFunc(of, func(_, value string) bool { return value == "" })
	return of
}

// failure says why a step failed.
func (s *signIn) failure(code Code) string {
	switch {
	case s.Blocked:
		return "risk"
	case code == InvalidIdentityProvider:
		return "provider"
	case code == LimitExceeded:
		return "locked"
	case code == UserHookFailed:
		return "hook"
	case s.Outside != "":
		return s.Outside
	case s.Sub == "":
		return "no such user"
	case code == CodeMismatch, code == ExpiredCode:
		return "wrong code"
	case code == NotAuthorized && len(s.AMR) == 0 && s.Challenge == ChallengeWebAuthn:
		return "wrong passkey"
	case code == NotAuthorized && len(s.AMR) == 0 && s.Custom == nil:
		return "wrong password"
	}
	return "refused"
}

// AuditRecord is one entry of the audit trail as the store keeps it.
type AuditRecord struct {
	// Serial counts the records of a pool from 1.
	Serial int64
	Time   time.Time
	// Sub is the user whom it concerns, or empty.
	Sub string
	// Event is the event in JSON.
	Event []byte
	// Hash chains the record to the one before; see AuditHash.
	Hash []byte
}

// Clone returns a deep copy.
func (r AuditRecord) Clone() AuditRecord {
	r.Event = slices.Clone(r.Event)
	r.Hash = slices.Clone(r.Hash)
	return r
}

// AuditQuery asks a store for audit records.
type AuditQuery struct {
	// Sub wants the records of one user; empty wants all.
	Sub string
	// After and Before bound the Serial, both exclusive; 0 means no bound.
	After, Before int64
	// Newest takes the last records that fit, instead of the first; they come ordered by Serial all the same.
	Newest bool
	// Limit is the most records that are wanted: 1 to 1,000.
	Limit int
}
