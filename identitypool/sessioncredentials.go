package identitypool

import (
	"context"
	"log/slog"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// GetSessionTokenInput is what GetSessionToken takes.
type GetSessionTokenInput struct {
	// Duration is from 15 minutes to 36 hours, in whole seconds. The default is 12 hours.
	Duration time.Duration
	// SerialNumber and TokenCode are as in [AssumeRoleInput].
	SerialNumber, TokenCode string
}

// GetSessionTokenResult is what GetSessionToken returns.
type GetSessionTokenResult struct {
	Credentials Credentials
}

// LogValue keeps the secrets out of logs.
func (r GetSessionTokenResult) LogValue() slog.Value { return loggable("a user", r.Credentials) }

// GetCallerIdentityResult is what GetCallerIdentity returns.
type GetCallerIdentityResult struct {
	UserID  string // see [Caller]
	Account string
	ARN     string
}

const defaultUserDuration = 12 * time.Hour

// GetSessionToken gives a user temporary credentials in the place of their own access key: they have the user's policies, end with the
// access key, and can say that a second factor was verified. Of the actions of iam and sts they allow sts:AssumeRole and
// sts:GetCallerIdentity alone, but for those of iam if a second factor was verified.
//
// It returns AccessDenied if the caller does not use an access key of their own, or for a wrong TokenCode, InvalidParameter for input that
// is malformed, and InternalError if the user's device could not be asked.
func (p *Pool) GetSessionToken(ctx context.Context, caller Caller, in GetSessionTokenInput) (GetSessionTokenResult, error) {
	var none GetSessionTokenResult
	switch {
	case caller.PoolID != p.id || !caller.judged():
		return none, internal("get a session token", errAnonymous)
	case caller.session != nil:
		return none, fail(AccessDenied, "Cannot call GetSessionToken with session credentials")
	case in.Duration == 0:
		in.Duration = defaultUserDuration
	}
	if in.Duration < minDuration || in.Duration > longestSession || in.Duration%time.Second != 0 {
		return none, fail(InvalidParameter, "The duration must be between %s and %s, in whole seconds.", minDuration, longestSession)
	}
	s := &session{kind: userSession, issued: p.now().UnixMicro(), name: caller.UserName, userKey: caller.AccessKeyID}
	var err error
	if s.mfa, err = p.verifyDevice(ctx, &caller, in.SerialNumber, in.TokenCode); err != nil {
		return none, err
	}
	if s.mfa {
		s.mfaAt = p.now().Unix()
	}
	credentials, err := p.issue(s, in.Duration)
	return GetSessionTokenResult{Credentials: credentials}, err
}

// GetCallerIdentity tells who calls. No policy can forbid it.
func (p *Pool) GetCallerIdentity(caller Caller) (GetCallerIdentityResult, error) {
	if caller.PoolID != p.id || !caller.judged() {
		return GetCallerIdentityResult{}, internal("get the caller's identity", errAnonymous)
	}
	return GetCallerIdentityResult{UserID: caller.UserID, Account: caller.Account, ARN: caller.ARN}, nil
}

// What a session of GetSessionToken allows of what the user may do.
var (
	withoutMFA = parseConstant(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","NotAction":["sts:*","iam:*"],"Resource":"*"},
		{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity","sts:GetCallerIdentity"],"Resource":"*"}]}`)
	withMFA = parseConstant(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","NotAction":"sts:*","Resource":"*"},
		{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity","sts:GetCallerIdentity"],"Resource":"*"}]}`)
)

// userSessionCeiling returns the session policies of a session of GetSessionToken.
func userSessionCeiling(mfa bool) [][]*policy.Document {
	if mfa {
		return [][]*policy.Document{{withMFA}}
	}
	return [][]*policy.Document{{withoutMFA}}
}
