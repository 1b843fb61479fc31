package userpool

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AuthEvent is something that a user, or somebody in the name of the user, did to get in.
type AuthEvent struct {
	EventID string
	// EventType is EventSignIn, EventSignUp, EventForgotPassword, EventPasswordChange or EventResendCode.
	EventType    EventType
	CreationDate time.Time
	// EventResponse is "Pass" or "Fail".
	EventResponse string
	// RiskLevel is what the sign-in was judged as; empty for no risk.
	RiskLevel RiskLevel
	// ChallengeResponses are the steps of a sign-in that are known, such as Password and Mfa, with "Success" or "Failure".
	ChallengeResponses []AuthEventChallenge
	// IPAddress and UserAgent are where it came from, as far as the program said.
	IPAddress string
	UserAgent string
	// Feedback is what AdminUpdateAuthEventFeedback said of it, at FeedbackDate, or empty.
	Feedback     FeedbackValue
	FeedbackDate time.Time
}

// AuthEventChallenge is how a step of a sign-in ended, with Cognito's names.
type AuthEventChallenge struct{ ChallengeName, ChallengeResponse string }

// FeedbackValue is a verdict about an [AuthEvent], with Cognito's names.
type FeedbackValue string

// The verdicts.
const (
	// FeedbackValid is an event that was the user's own doing.
	FeedbackValid FeedbackValue = "Valid"
	// FeedbackInvalid is an event that was not.
	FeedbackInvalid FeedbackValue = "Invalid"
)

var authEventTypes = []EventType{EventSignIn, EventSignUp, EventForgotPassword, EventPasswordChange, EventResendCode}

// AdminListUserAuthEventsInput asks for the events of a user.
type AdminListUserAuthEventsInput struct {
	// Username is as in AdminGetUser.
	Username string
	// MaxResults is the most events that are wanted: 1 to 60, and 60 by default.
	MaxResults int
	// NextToken is that of the page before, or empty.
	NextToken string
}

// AdminListUserAuthEventsOutput is a page of events.
type AdminListUserAuthEventsOutput struct {
	AuthEvents []AuthEvent
	// NextToken gets the next page; empty on the last.
	NextToken string
}

// AdminListUserAuthEvents returns the sign-ins, sign-ups, forgotten passwords, password changes and requests for another code of a user,
// also those that failed, the newest first. They come from the audit trail: what Settings.AuditEvents leaves out, or AuditRetention has
// ended, is not there. Errors: UserNotFound, InvalidParameter.
func (p *Pool) AdminListUserAuthEvents(ctx context.Context, in AdminListUserAuthEventsInput) (AdminListUserAuthEventsOutput, error) {
	var out AdminListUserAuthEventsOutput
	u, err := p.resolve(ctx, in.Username)
	if err != nil {
		return out, err
	}
	profile, err := p.profile(ctx, u.Sub)
	if err != nil {
		return out, err
	}
	entries, next, err := p.auditPage(ctx, auditList{
		name: "AdminListUserAuthEvents", sub: u.Sub, types: authEventTypes, limit: in.MaxResults, token: in.NextToken,
	})
	if err != nil {
		return out, err
	}
	for _, e := range entries {
		out.AuthEvents = append(out.AuthEvents, authEvent(e, profile.Feedback))
	}
	out.NextToken = next
	return out, nil
}

func authEvent(e AuditEntry, feedback []eventFeedback) AuthEvent {
	out := AuthEvent{
		EventID: strconv.FormatInt(e.Serial, 10), EventType: e.Type, CreationDate: e.Time, EventResponse: "Pass",
		RiskLevel: RiskLevel(e.Details["risk"]), IPAddress: e.IPAddress, UserAgent: e.UserAgent,
	}
	if e.Code != "" {
		out.EventResponse = "Fail"
	}
	if e.Type == EventSignIn {
		out.ChallengeResponses = e.challenges()
	}
	if i := slices.IndexFunc(feedback, func(f eventFeedback) bool { return f.EventID == out.EventID }); i >= 0 {
		out.Feedback, out.FeedbackDate = feedback[i].Value, feedback[i].At
	}
	return out
}

// challenges says which proofs of a sign-in succeeded or failed.
func (e AuditEvent) challenges() []AuthEventChallenge {
	const password, mfa = "Password", "Mfa"
	if e.Code != "" {
		switch ChallengeName(e.Details["step"]) {
		case ChallengeSoftwareTokenMFA, ChallengeSMSMFA, ChallengeEmailOTP, ChallengeSMSOTP:
			return []AuthEventChallenge{{mfa, "Failure"}}
		}
		if e.Details["reason"] == "wrong password" {
			return []AuthEventChallenge{{password, "Failure"}}
		}
		return nil
	}
	var out []AuthEventChallenge
	methods := strings.Fields(e.Details["methods"])
	if slices.Contains(methods, amrPassword) {
		out = append(out, AuthEventChallenge{password, "Success"})
	}
	if slices.Contains(methods, amrMFA) {
		out = append(out, AuthEventChallenge{mfa, "Success"})
	}
	return out
}

// AdminUpdateAuthEventFeedbackInput is a verdict about an event.
type AdminUpdateAuthEventFeedbackInput struct {
	// Username is as in AdminGetUser, and EventID one that AdminListUserAuthEvents gave.
	Username      string
	EventID       string
	FeedbackValue FeedbackValue
}

// AdminUpdateAuthEventFeedback says whether an event was the user's own doing. FeedbackInvalid makes the network that it came from unknown:
// the next sign-in from there counts as a stranger's and, where Settings.Risk judges, as one from a new network. FeedbackValid for a
// sign-in that failed makes nothing known: only who signs in does. The last 100 verdicts about a user are kept. Errors: UserNotFound;
// ResourceNotFound if the user has no such event; InvalidParameter.
func (p *Pool) AdminUpdateAuthEventFeedback(ctx context.Context, in AdminUpdateAuthEventFeedbackInput) error {
	if in.FeedbackValue != FeedbackValid && in.FeedbackValue != FeedbackInvalid {
		return failField(InvalidParameter, "feedbackValue", "The feedback is %q; it must be Valid or Invalid.", printable(string(in.FeedbackValue)))
	}
	u, err := p.resolve(ctx, in.Username)
	if err != nil {
		return err
	}
	e, err := p.authEventByID(ctx, u.Sub, in.EventID)
	if err != nil {
		return err
	}
	var mac []byte
	if addr, err := netip.ParseAddr(e.IPAddress); err == nil && in.FeedbackValue == FeedbackInvalid {
		if mac, err = p.networkMAC(ctx, u.Sub, UserContextData{IPAddress: addr}.network()); err != nil {
			return err
		}
	}
	err = p.changeProfile(ctx, u.Sub, func(profile *riskProfile) bool {
		if mac != nil {
			profile.Networks = forgetSeen(profile.Networks, mac)
		}
		profile.Feedback = slices.DeleteFunc(profile.Feedback, func(f eventFeedback) bool { return f.EventID == in.EventID })
		profile.Feedback = append(profile.Feedback, eventFeedback{in.EventID, in.FeedbackValue, p.now()})
		profile.Feedback = profile.Feedback[max(0, len(profile.Feedback)-maxFeedback):]
		return true
	})
	p.audit(ctx, AuditEvent{
		Type: EventRisk, Operation: "AdminUpdateAuthEventFeedback", Sub: u.Sub,
		Details: map[string]string{"event": in.EventID, "feedback": string(in.FeedbackValue)},
	}, UserContextData{}, err)
	return err
}

// authEventByID returns an event of a user.
func (p *Pool) authEventByID(ctx context.Context, sub, id string) (AuditEntry, error) {
	serial, err := strconv.ParseInt(id, 10, 64)
	if err != nil || serial < 1 || strconv.FormatInt(serial, 10) != id {
		return AuditEntry{}, failField(InvalidParameter, "eventId", "The event ID is not one of AdminListUserAuthEvents.")
	}
	records, err := p.store.ListAudit(ctx, p.id, AuditQuery{Sub: sub, After: serial - 1, Limit: 1})
	if err != nil {
		return AuditEntry{}, unavailable("reading the audit trail", err)
	}
	if len(records) == 0 || records[0].Serial != serial {
		return AuditEntry{}, fail(ResourceNotFound, "There is no such event of this user.")
	}
	e, err := auditEntryOf(records[0])
	if err == nil && !slices.Contains(authEventTypes, e.Type) {
		err = fail(ResourceNotFound, "There is no such event of this user.")
	}
	return e, err
}
