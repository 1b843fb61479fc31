package identitypool

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// DefaultGuestCeiling is the policy that bounds guests unless Config.GuestCeiling is another. It allows what applications name as they
// like, and denies what would make credentials, change who has which, or reach the accounts and secrets of an organization, whatever the
// UnauthenticatedRole says. Cognito has a list of services instead, which would leave out those of every application.
const DefaultGuestCeiling = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Applications",
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    },
    {
      "Sid": "NoCredentials",
      "Effect": "Deny",
      "Action": [
        "sts:*", "iam:*", "cognito-identity:*", "cognito-idp:*", "cognito-sync:*", "organizations:*", "account:*", "sso:*", "sso-directory:*",
        "identitystore:*", "kms:*", "secretsmanager:*", "ssm:*"
      ],
      "Resource": "*"
    }
  ]
}`

// GetCredentialsForIdentityInput is what GetCredentialsForIdentity takes.
type GetCredentialsForIdentityInput struct {
	// IdentityID is what GetID returned.
	IdentityID string
	// Logins maps the name of a provider to a token of it; none for a guest.
	Logins map[string]string
	// CustomRoleARN asks for one of several roles that a role mapping allows: one of the claim cognito:roles, or that of any rule which
	// matches. "" takes the one that the mapping chooses.
	CustomRoleARN string
	// Duration is how long the credentials last: from 15 minutes to the MaxDuration of the role, in whole seconds. The default is 1 hour,
	// or MaxDuration if that is less.
	Duration time.Duration
}

// GetCredentialsForIdentityResult is what GetCredentialsForIdentity returns.
type GetCredentialsForIdentityResult struct {
	// IdentityID is whose credentials they are: another than was asked about if the logins belong to several identities, which are then
	// one. Use it from now on.
	IdentityID  string
	Credentials Credentials
}

// LogValue keeps the secrets out of logs.
func (r GetCredentialsForIdentityResult) LogValue() slog.Value {
	return loggable(r.IdentityID, r.Credentials)
}

// Credentials are temporary credentials. SecretAccessKey and SessionToken are secrets of their owner.
type Credentials struct {
	AccessKeyID     string // "ASIA" and 16 capitals and digits
	SecretAccessKey string // 40 characters
	SessionToken    string
	Expiration      time.Time // to the second, UTC
}

// LogValue keeps the secrets out of logs.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("AccessKeyID", c.AccessKeyID), slog.Time("Expiration", c.Expiration))
}

// String keeps the secrets out of messages.
func (c Credentials) String() string {
	return "credentials of " + c.AccessKeyID + " until " + c.Expiration.Format(time.RFC3339)
}

// GoString keeps the secrets out of messages.
func (c Credentials) GoString() string { return c.String() }

// loggable is what logs may have of credentials and of whose they are.
func loggable(of string, c Credentials) slog.Value {
	return slog.GroupValue(slog.String("Of", of), slog.Any("Credentials", c))
}

// GetCredentialsForIdentity returns credentials of a role for the identity: without logins of the UnauthenticatedRole; with logins of the
// role that the role mapping of a provider chooses, or of the AuthenticatedRole.
//
// Logins that are new are linked to the identity, and identities that share a user are merged; see [Pool.GetID]. If there are several
// logins, one of them decides, and gives the principal tags as well: in the order of the providers' names, the first whose role mapping
// chooses a role. If none does, the call is refused if one of the mappings has DenyRole; else the first login gives the principal tags.
// The trust policy of the role must then allow sts:AssumeRoleWithWebIdentity, and sts:TagSession if there are principal tags.
//
// It returns ResourceNotFound for an unknown identity, NotAuthorized if a login is not valid or not the identity's, if the identity has
// a login and none was given, if guests are not allowed, or if the mapping gives no role or not the one in CustomRoleARN,
// InvalidIdentityPoolConfiguration if the role is not there or its trust policy does not allow the identity, InvalidParameter for input
// that is malformed, ResourceConflict and LimitExceeded as GetID, PackedPolicyTooLarge if the session is too long for a token,
// ExternalService if a provider could not be asked, and InternalError if the store failed or a verifier panicked.
func (p *Pool) GetCredentialsForIdentity(ctx context.Context, in GetCredentialsForIdentityInput) (GetCredentialsForIdentityResult, error) {
	var none GetCredentialsForIdentityResult
	switch {
	case in.CustomRoleARN != "" && len(in.Logins) == 0:
		return none, fail(InvalidParameter, "A custom role needs a login.")
	case in.Duration != 0 && (in.Duration < minDuration || in.Duration > maxDuration || in.Duration%time.Second != 0):
		return none, fail(InvalidParameter, "The duration must be between %s and %s, in whole seconds.", minDuration, maxDuration)
	}
	if err := checkIdentityID(in.IdentityID); err != nil { // before a token is used up
		return none, err
	}
	asked := p.now()
	logins, err := p.verifyLogins(ctx, in.Logins, true)
	if err != nil {
		return none, err
	}
	identity, err := p.identityFor(ctx, in.IdentityID, logins)
	if err != nil {
		return none, err
	}
	s, err := p.identitySession(ctx, identity.ID, logins, in.CustomRoleARN)
	if err != nil {
		return none, err
	}
	duration, err := s.role.duration(in.Duration, maxDuration)
	if err != nil {
		return none, err
	}
	s.issued = asked.UnixMicro()
	credentials, err := p.issue(s, duration)
	if err != nil {
		return none, err
	}
	return GetCredentialsForIdentityResult{IdentityID: identity.ID, Credentials: credentials}, nil
}

// identitySession begins a session of an identity with these logins: it chooses the role and asks its trust policy.
func (p *Pool) identitySession(ctx context.Context, identityID string, logins []verified, custom string) (*session, error) {
	set := p.roles.Load()
	chosen := choice{role: set.guest}
	var tags []pair
	var err error
	if len(logins) == 0 {
		if !p.guests {
			return nil, noGuests()
		}
	} else {
		if chosen, err = p.chooseRole(set, logins, custom); err != nil {
			return nil, err
		}
		if tags, err = chosen.by.principalTags(); err != nil {
			p.logger.WarnContext(ctx, "identitypool: principal tags refused", "identity", identityID, "provider", chosen.by.Provider, "error", err)
			return nil, &Error{Code: NotAuthorized, Message: "The login has claims that cannot be principal tags.", cause: err}
		}
	}
	if chosen.role == nil {
		return nil, noRole()
	}
	s := &session{
		kind: identitySession, guest: len(logins) == 0, roleARN: chosen.role.arn, trust: chosen.role.trustSum, name: identitySessionName,
		identityID: identityID, federated: keyPrefix, amr: amrOf(logins), tags: tags, role: chosen.role,
	}
	for i := range logins {
		s.providers = append(s.providers, logins[i].Provider)
	}
	if !p.trusts(ctx, chosen.role, p.identityQuestion(identityID, s.name, s.amr, tags, nil), false) {
		return nil, noRole()
	}
	return s, nil
}

// issue makes credentials and seals them into their session token. They count from s.issued, when they were asked for and before anything
// was verified: so whatever is withdrawn while the answer is made, and then revoked, ends them too.
func (p *Pool) issue(s *session, duration time.Duration) (Credentials, error) {
	var random [40]byte // 10 bytes make the 16 characters of the key's name, 30 the 40 of the secret
	if _, err := io.ReadFull(p.random, random[:]); err != nil {
		return Credentials{}, internal("read random bytes", err)
	}
	c := Credentials{
		AccessKeyID:     "ASIA" + base32.StdEncoding.EncodeToString(random[:10]),
		SecretAccessKey: base64.StdEncoding.EncodeToString(random[10:]),
		Expiration:      s.issuedAt().Truncate(time.Second).Add(duration),
	}
	s.accessKeyID, s.secretAccessKey, s.expires = c.AccessKeyID, c.SecretAccessKey, c.Expiration.Unix()
	token, err := p.seal.seal(s, p.random)
	switch {
	case errors.Is(err, errTooLong):
		return Credentials{}, fail(PackedPolicyTooLarge, "The session policies, tags and claims are too long for a session token.")
	case err != nil:
		return Credentials{}, internal("seal a session token", err)
	}
	c.SessionToken = token
	return c, nil
}

// sessionNameText reports whether a name may be that of a session or a source identity.
func sessionNameText(name string) bool {
	return len(name) >= 2 && roleName.MatchString(name)
}

const (
	maxSessionPolicy  = 2_048
	maxSessionManaged = 10
)

// setSessionPolicies checks the policies that a caller gives a session, and keeps them in it.
func (p *Pool) setSessionPolicies(s *session, text string, arns []string) error {
	if text != "" {
		if len(text) > maxSessionPolicy {
			return fail(InvalidParameter, "The policy must have at most %d characters.", maxSessionPolicy)
		}
		if _, err := policy.Parse([]byte(text)); err != nil {
			return &Error{Code: MalformedPolicyDocument, Message: "The policy is not valid: " + strings.TrimPrefix(err.Error(), "policy: ") + ".", cause: err}
		}
		s.policies = []string{text}
	}
	if len(arns) > maxSessionManaged {
		return fail(InvalidParameter, "There are %d managed policies; at most %d are allowed.", len(arns), maxSessionManaged)
	}
	for _, arn := range arns {
		if p.managed[arn] == nil {
			return fail(InvalidParameter, "There is no managed policy with an ARN that was given.")
		}
	}
	s.policyARNs = arns
	return nil
}

// packedSize tells how much of the room for session policies and tags a session uses, in percent, at least 1 if there are any.
func (s *session) packedSize() int {
	size := 0
	for _, list := range [...][]string{s.policies, s.policyARNs, s.transitive} {
		for _, text := range list {
			size += len(text)
		}
	}
	for _, tag := range s.tags {
		size += len(tag.key) + len(tag.value)
	}
	const room = maxSessionToken * 3 / 4 // what base64 leaves
	return (size*100 + room - 1) / room
}
