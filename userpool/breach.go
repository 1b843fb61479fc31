package userpool

import (
	"context"
	"slices"
)

// BreachChecker tells whether a password is known from a breach. Package pwned is one.
type BreachChecker interface {
	// Breached is asked for every new password, with at most a few seconds of time.
	Breached(ctx context.Context, password string) (bool, error)
}

// checkBreach refuses a new password that is known. A service that does not answer refuses nothing, unless the policy wants it: the failure
// is logged.
func (p *Pool) checkBreach(ctx context.Context, password string) error {
	return p.checkNewBreach(ctx, CompromisedPasswordChange, password)
}

// checkNewBreach is checkBreach, where event says what the password is for.
func (p *Pool) checkNewBreach(ctx context.Context, event CompromisedEvent, password string) error {
	known, block, err := p.breached(ctx, event, password)
	if err != nil && p.settings.PasswordPolicy.RequireBreachCheck {
		return &Error{Code: ServiceUnavailable, Message: "New passwords cannot be checked right now. Please try again in a moment.", cause: err}
	}
	if known && block {
		return failField(InvalidPassword, "password", "This password is known to criminals: it was found in a breach. Please choose another.")
	}
	return nil
}

// breached asks whether a password is known, where the settings want that to be asked, and whether it is to be refused if so.
func (p *Pool) breached(ctx context.Context, event CompromisedEvent, password string) (known, block bool, err error) {
	risk := p.settings.Risk
	block = event != CompromisedSignIn
	if risk.Mode != RiskOff && risk.CompromisedCredentials.Action != "" {
		if !slices.Contains(risk.CompromisedCredentials.Events, event) {
			return false, false, nil
		}
		block = risk.CompromisedCredentials.Action == RiskBlock && (block || risk.Mode == RiskEnforced)
	} else if event == CompromisedSignIn {
		return false, false, nil
	}
	if p.breach == nil || password == "" {
		return false, false, nil
	}
	known, err = runHook(ctx, p, "BreachChecker", p.breach.Breached, password)
	return known && err == nil, block, err
}

// checkBreachAtSignIn refuses a password that was just proved and is known, if the settings want that.
func (p *Pool) checkBreachAtSignIn(ctx context.Context, s *signIn, password string) error {
	known, block, _ := p.breached(ctx, CompromisedSignIn, password) // a failure is logged, and keeps nobody out
	if !known {
		return nil
	}
	action := RiskNoAction
	if block {
		action = RiskBlock
	}
	p.audit(ctx, AuditEvent{
		Type: EventRisk, Operation: s.operation(), Sub: s.user.Sub, ClientID: s.ClientID,
		Details: map[string]string{"signals": "compromised password", "action": string(action), "mode": string(p.settings.Risk.Mode)},
	}, s.Context, nil)
	if !block {
		return nil
	}
	return fail(PasswordResetRequired, "This password was found in a breach. Choose \"Forgotten password\" to set a new one.")
}
