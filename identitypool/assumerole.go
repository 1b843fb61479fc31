package identitypool

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// AssumedRoleUser names a session of a role.
type AssumedRoleUser struct {
	ARN           string // "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"
	AssumedRoleID string // the ID of the role, ":" and the name of the session
}

// AssumeRoleInput is what AssumeRole takes.
type AssumeRoleInput struct {
	RoleARN string // of a role of the pool
	// RoleSessionName is 2 to 64 characters of A-Z, a-z, 0-9 and _+=,.@-. It is part of the session's ARN.
	RoleSessionName string
	// Duration is from 15 minutes to the MaxDuration of the role, in whole seconds; at most 1 hour if the caller is a session of a role.
	// The default is 1 hour, or MaxDuration if that is less.
	Duration time.Duration
	// Policy is a document that must allow as well what the session does, at most 2048 characters; "" is none.
	Policy string
	// PolicyARNs are ARNs of Config.ManagedPolicies, at most 10, one of which must allow what the session does if Policy does not.
	PolicyARNs []string
	// Tags are principal tags of the session, at most 50. The trust policy must allow sts:TagSession.
	Tags map[string]string
	// TransitiveTagKeys are keys of Tags that go on to every session that is assumed from this one, where they cannot be changed.
	TransitiveTagKeys []string
	// ExternalID is a name that the trust policy may ask for as sts:ExternalId, 2 to 1224 characters; "" is none.
	ExternalID string
	// SourceIdentity is who is behind the session, 2 to 64 characters as in RoleSessionName. It goes on to every session that is assumed
	// from this one, and cannot be changed. The trust policy must allow sts:SetSourceIdentity. "" keeps the caller's.
	SourceIdentity string
	// SerialNumber and TokenCode are a device of the user who calls and the 6 digits it shows; both or neither.
	SerialNumber, TokenCode string
}

// AssumeRoleResult is what AssumeRole returns.
type AssumeRoleResult struct {
	Credentials     Credentials
	AssumedRoleUser AssumedRoleUser
	// PackedPolicySize is how much of the room for session policies and tags is used, in percent.
	PackedPolicySize int
	SourceIdentity   string
}

// LogValue keeps the secrets out of logs.
func (r AssumeRoleResult) LogValue() slog.Value {
	return loggable(r.AssumedRoleUser.ARN, r.Credentials)
}

// AssumeRole gives a caller credentials of a role. The caller's own policies must allow sts:AssumeRole on the role, and its trust policy
// must allow it as well, where a trust policy that names the user or session itself is enough, as in AWS; likewise sts:TagSession if the
// session has tags, and sts:SetSourceIdentity if it has a source identity. caller is what [Authorizer.Caller] or [FromContext] returned.
//
// It returns AccessDenied if they do not, for a role that is not there, and for a wrong TokenCode; InvalidParameter for input that is
// malformed or a Duration beyond what is allowed; MalformedPolicyDocument for a Policy that is none; PackedPolicyTooLarge if policies and
// tags are too long for a session token; ExpiredToken and NotAuthorized for a caller whose credentials are no longer good; and
// InternalError if the user's device or the store could not be asked.
func (p *Pool) AssumeRole(ctx context.Context, caller Caller, in AssumeRoleInput) (AssumeRoleResult, error) {
	if err := p.judgeAgain(ctx, "assume a role", &caller); err != nil {
		return AssumeRoleResult{}, err
	}
	if err := in.check(); err != nil {
		return AssumeRoleResult{}, err
	}
	s, err := p.assumedSession(ctx, &caller, in)
	if err != nil {
		return AssumeRoleResult{}, err
	}
	r := p.roles.Load().byARN[in.RoleARN]
	q := p.callerQuestion(&caller, s, in)
	if r == nil || !p.trusts(ctx, r, q, false) {
		return AssumeRoleResult{}, fail(AccessDenied, "User: %s is not authorized to perform: %s on resource: %s", caller.ARN, actionAssumeRole, in.RoleARN)
	}
	most := maxDuration
	if s.chained {
		most = defaultDuration
	}
	duration, err := r.duration(in.Duration, most)
	if err != nil {
		return AssumeRoleResult{}, err
	}
	if err := p.setSessionPolicies(s, in.Policy, in.PolicyARNs); err != nil {
		return AssumeRoleResult{}, err
	}
	user := s.begin(r)
	credentials, err := p.issue(s, duration)
	if err != nil {
		return AssumeRoleResult{}, err
	}
	return AssumeRoleResult{Credentials: credentials, AssumedRoleUser: user, PackedPolicySize: s.packedSize(), SourceIdentity: s.sourceIdentity}, nil
}

const (
	maxRoleARN    = 2_048
	minExternalID = 2
	maxExternalID = 1_224
	externalChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@:/-"
)

// check refuses input that is malformed.
func (in AssumeRoleInput) check() error {
	if err := checkSession(in.RoleARN, in.RoleSessionName, in.Duration); err != nil {
		return err
	}
	switch {
	case in.ExternalID != "" && (len(in.ExternalID) < minExternalID || len(in.ExternalID) > maxExternalID || strings.Trim(in.ExternalID, externalChars) != ""):
		return fail(InvalidParameter, "ExternalId must be %d to %d letters, digits and _+=,.@:/-.", minExternalID, maxExternalID)
	case in.SourceIdentity != "" && !sessionNameText(in.SourceIdentity):
		return fail(InvalidParameter, "SourceIdentity must be 2 to 64 letters, digits and _+=,.@-.")
	}
	if err := checkTags(sortedPairs(in.Tags)); err != nil {
		return fail(InvalidParameter, "Tags: %s.", err)
	}
	return nil
}

// checkSession refuses what no session of any kind can be asked for with.
func checkSession(roleARN, name string, duration time.Duration) error {
	switch {
	case len(roleARN) < 20 || len(roleARN) > maxRoleARN || !utf8.ValidString(roleARN) || !strings.HasPrefix(roleARN, "arn:"):
		return fail(InvalidParameter, "RoleArn must be the ARN of a role.")
	case !sessionNameText(name):
		return fail(InvalidParameter, "RoleSessionName must be 2 to 64 letters, digits and _+=,.@-.")
	case duration != 0 && (duration < minDuration || duration > maxDuration || duration%time.Second != 0):
		return fail(InvalidParameter, "The duration must be between %s and %s, in whole seconds.", minDuration, maxDuration)
	}
	return nil
}

// assumedSession prepares the session that the caller asks for, with what the caller's own hands on.
func (p *Pool) assumedSession(ctx context.Context, caller *Caller, in AssumeRoleInput) (*session, error) {
	from := caller.session
	s := &session{kind: roleSession, issued: p.now().UnixMicro(), name: in.RoleSessionName, sourceIdentity: in.SourceIdentity}
	var err error
	if s.mfa, err = p.verifyDevice(ctx, caller, in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	if s.mfa {
		s.mfaAt = p.now().Unix()
	}
	if s.tags, s.transitive, err = inheritTags(sortedPairs(in.Tags), in.TransitiveTagKeys, from); err != nil {
		return nil, fail(InvalidParameter, "Tags: %s.", err)
	}
	if err := checkTagKeys(s.tags); err != nil {
		return nil, fail(InvalidParameter, "Tags: %s.", err)
	}
	s.parents = parentsOf(caller, s.issued)
	if from == nil {
		s.userKey = caller.AccessKeyID
		return s, nil
	}
	s.userKey = from.userKey
	s.chained, s.guest, s.providers = from.kind != userSession, from.guest, from.providers
	if from.guest {
		s.amr = []string{unauthenticated}
	}
	if from.kind == userSession && !s.mfa {
		s.mfa, s.mfaAt = from.mfa, from.mfaAt
	}
	if from.sourceIdentity != "" {
		if in.SourceIdentity != "" && in.SourceIdentity != from.sourceIdentity {
			return nil, fail(AccessDenied, "User: %s is not authorized to change the source identity of the session.", caller.ARN)
		}
		s.sourceIdentity = from.sourceIdentity
	}
	return s, nil
}

// parentsOf returns whose revocation ends what the caller gets, who asked for it at a time in microseconds since 1970.
func parentsOf(caller *Caller, asked int64) []parent {
	if caller.session == nil {
		return []parent{{userSubject + caller.UserName, asked}}
	}
	var out []parent
	caller.session.subjects(func(subject string, issued int64) {
		for i := range out {
			if out[i].subject == subject {
				out[i].issued = min(out[i].issued, issued)
				return
			}
		}
		out = append(out, parent{subject, issued})
	})
	return out
}

// callerQuestion asks whether a caller may have a role.
func (p *Pool) callerQuestion(caller *Caller, s *session, in AssumeRoleInput) *trustQuestion {
	q := &trustQuestion{
		action: actionAssumeRole, principal: caller.principal(), rules: caller.policies(), sessionName: in.RoleSessionName,
		externalID: in.ExternalID, tags: s.tags, transitive: slices.Clone(s.transitive), sourceIdentity: s.sourceIdentity,
	}
	q.set = func(to *policy.Context) {
		caller.setContext(to)
		if s.mfa && (caller.session == nil || !caller.session.mfa) {
			to.Set("aws:MultiFactorAuthPresent", "true")
			to.Set("aws:MultiFactorAuthAge", "0")
		}
	}
	return q
}

// begin makes the session one of the role and tells its names.
func (s *session) begin(r *role) AssumedRoleUser {
	s.roleARN, s.trust = r.arn, r.trustSum
	return AssumedRoleUser{ARN: r.sessionARN + s.name, AssumedRoleID: r.id + ":" + s.name}
}
