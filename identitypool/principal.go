package identitypool

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// principal finds whose access key it is, and the secret access key that belongs to it: that of a session, which the session token holds,
// or of a user, who has no session token. ok is false if nobody is found. Nothing of the caller is judged yet, and only its unexported
// fields are set.
func (p *Pool) principal(ctx context.Context, accessKeyID, sessionToken string) (secret string, c *Caller, ok bool, err error) {
	if sessionToken != "" {
		s, ok := p.seal.open(sessionToken)
		if !ok || subtle.ConstantTimeCompare([]byte(s.accessKeyID), []byte(accessKeyID)) != 1 {
			return "", nil, false, nil
		}
		return s.secretAccessKey, &Caller{session: s, AccessKeyID: accessKeyID}, true, nil
	}
	u, err := p.findUser(ctx, accessKeyID)
	if err != nil {
		return "", nil, false, internal("find the user of an access key", err)
	}
	if u == nil {
		return "", nil, false, nil
	}
	return u.source.SecretAccessKey, &Caller{user: u, AccessKeyID: accessKeyID}, true, nil
}

// judge decides whether the credentials of a caller, whose signature was right, are good now, and fills in what is known of the caller.
// The error is ExpiredToken, NotAuthorized for what was revoked or is no longer offered, or InternalError.
func (p *Pool) judge(ctx context.Context, c *Caller) error {
	c.PoolID, c.Account = p.id, p.account
	if c.session == nil {
		return p.judgeUser(c)
	}
	s := c.session
	c.Issued, c.Expires = s.issuedAt(), s.expiresAt()
	now := p.now()
	s.judged = now.Unix()
	if !now.Before(c.Expires) {
		return fail(ExpiredToken, "The security token included in the request is expired.")
	}
	if s.guest && !p.guests {
		return noGuests()
	}
	for _, name := range s.providers {
		if p.providers[name] == nil && (name != p.developer || name == "") {
			return fail(NotAuthorized, "The provider of this login is no longer supported by this identity pool.")
		}
	}
	revoked, err := p.revoked.ended(ctx, s, now)
	switch {
	case err != nil:
		return internal("read revocations", err)
	case revoked:
		return fail(NotAuthorized, "These credentials were revoked.")
	}
	c.IdentityID, c.AMR, c.SourceIdentity, c.MFA = s.identityID, s.amr, s.sourceIdentity, s.mfa
	if s.kind == userSession {
		return p.judgeUserSession(ctx, c)
	}
	return p.judgeRoleSession(ctx, c)
}

func (p *Pool) judgeUser(c *Caller) error {
	if err := p.compileUser(c.user); err != nil {
		return internal("read the policies of a user", err)
	}
	c.ARN, c.UserID, c.UserName, c.Tags = c.user.arn, c.user.id, c.user.name, tagMap(c.user.tags, nil)
	return nil
}

// judgeUserSession judges a session of GetSessionToken, which ends with the user's own access key.
func (p *Pool) judgeUserSession(ctx context.Context, c *Caller) error {
	u, err := p.userBehind(ctx, c.session)
	if err != nil {
		return err
	}
	if u.name != c.session.name {
		return fail(NotAuthorized, "The access key behind these credentials is another user's now.")
	}
	c.user = u
	if err := p.judgeUser(c); err != nil {
		return err
	}
	rules := *u.rules
	rules.Session = userSessionCeiling(c.session.mfa)
	c.session.rules = &rules
	return nil
}

// userBehind returns the user whose own access key a session goes back to, if that is still good.
func (p *Pool) userBehind(ctx context.Context, s *session) (*user, error) {
	u, err := p.findUser(ctx, s.userKey)
	switch {
	case err != nil:
		return nil, internal("find the user of an access key", err)
	case u == nil:
		return nil, fail(NotAuthorized, "The access key behind these credentials is no longer valid.")
	}
	return u, nil
}

func (p *Pool) judgeRoleSession(ctx context.Context, c *Caller) error {
	s := c.session
	r := p.roles.Load().byARN[s.roleARN]
	if r == nil {
		return fail(NotAuthorized, "The role of these credentials is no longer offered by this identity pool.")
	}
	if s.trust != r.trustSum && !p.stillTrusted(ctx, r, s) {
		return fail(NotAuthorized, "The trust policy of the role of these credentials was changed. Get new ones.")
	}
	if s.userKey != "" {
		if _, err := p.userBehind(ctx, s); err != nil {
			return err
		}
	}
	session, err := p.sessionDocuments(s)
	if err != nil {
		return err
	}
	s.rules = &policy.Policies{Identity: r.documents, Boundaries: r.boundaries, Session: session, ServiceControl: p.serviceControl}
	c.RoleARN, c.Tags = r.arn, tagMap(s.tags, r.tags)
	if s.name == identitySessionName {
		c.ARN, c.UserID = r.identityARN, r.identityUserID
	} else {
		c.ARN, c.UserID = r.sessionARN+s.name, r.id+":"+s.name
	}
	return nil
}

// sessionDocuments returns the sets of session policies: the ceiling of guests, and what was given when the session began.
func (p *Pool) sessionDocuments(s *session) ([][]*policy.Document, error) {
	if len(s.policies)+len(s.policyARNs) == 0 {
		if s.guest {
			return p.guestCeiling, nil
		}
		return nil, nil
	}
	var sets [][]*policy.Document
	if s.guest {
		sets = append(sets, p.guestCeiling...)
	}
	var set []*policy.Document
	for _, text := range s.policies {
		document, err := p.parsed.parse([]byte(text))
		if err != nil { // it parsed when the session began
			return nil, internal("parse a session policy", err)
		}
		set = append(set, document)
	}
	for _, arn := range s.policyARNs {
		document := p.managed[arn]
		if document == nil {
			return nil, fail(NotAuthorized, "A managed policy of these credentials is no longer offered by this identity pool.")
		}
		set = append(set, document)
	}
	return append(sets, set), nil
}

// policies returns the policies of a caller that was judged, in a struct of its own to which those of the resource can be added.
func (c *Caller) policies() *policy.Policies {
	var out policy.Policies
	switch {
	case c.session != nil && c.session.rules != nil:
		out = *c.session.rules
	case c.user != nil && c.user.rules != nil:
		out = *c.user.rules
	}
	return &out // nothing in it allows nothing
}

// tagMap returns tags as a map, those of the session in the place of the role's with the same key, without regard to case.
func tagMap(session, role []pair) map[string]string {
	if len(session)+len(role) == 0 {
		return nil
	}
	out := make(map[string]string, len(session)+len(role))
	for _, tag := range session {
		out[tag.key] = tag.value
	}
	for _, tag := range role {
		if _, own := findTag(session, tag.key); !own {
			out[tag.key] = tag.value
		}
	}
	return out
}

// setContext sets the condition keys that tell about the caller.
func (c *Caller) setContext(to *policy.Context) {
	to.Set("aws:PrincipalArn", c.principalARN())
	to.Set("aws:PrincipalAccount", c.Account)
	to.Set("aws:PrincipalType", c.principalType())
	to.Set("aws:userid", c.UserID)
	if c.UserName != "" {
		to.Set("aws:username", c.UserName)
	}
	for key, value := range c.Tags {
		to.Set("aws:PrincipalTag/"+key, value)
	}
	if c.session != nil {
		c.session.setContext(to, c.PoolID)
	}
}

// principalARN is what aws:PrincipalArn says: the role of a session, or the user.
func (c *Caller) principalARN() string {
	if c.RoleARN != "" {
		return c.RoleARN
	}
	return c.ARN
}

func (c *Caller) principalType() string {
	if c.RoleARN != "" {
		return "AssumedRole"
	}
	return "User"
}

// setContext sets the condition keys that temporary credentials have.
func (s *session) setContext(to *policy.Context, pool string) {
	to.Set("aws:TokenIssueTime", s.issuedAt().Format(time.RFC3339))
	to.Set("aws:MultiFactorAuthPresent", strconv.FormatBool(s.mfa))
	if s.sourceIdentity != "" {
		to.Set("aws:SourceIdentity", s.sourceIdentity)
	}
	if s.federated != "" {
		to.Set("aws:FederatedProvider", s.federated)
	}
	if s.kind == identitySession {
		setIdentity(to, pool, s.identityID, s.amr)
	}
	if s.mfa {
		to.Set("aws:MultiFactorAuthAge", strconv.FormatInt(max(0, s.judged-s.mfaAt), 10))
	}
	setPairs(to, s.keys)
}

// setIdentity sets the condition keys of an identity.
func setIdentity(to *policy.Context, pool, identityID string, amr []string) {
	to.Set(keyPrefix+":aud", pool)
	to.Set(keyPrefix+":sub", identityID)
	to.Set(keyPrefix+":amr", amr...)
}

// setPairs sets condition keys; those of one key stand beside each other.
func setPairs(to *policy.Context, keys []pair) {
	for i := 0; i < len(keys); {
		n := i + 1
		for n < len(keys) && keys[n].key == keys[i].key {
			n++
		}
		values := make([]string, 0, n-i)
		for _, k := range keys[i:n] {
			values = append(values, k.value)
		}
		to.Set(keys[i].key, values...)
		i = n
	}
}

// errAnonymous is an operation without a caller.
var errAnonymous = errors.New("the Caller is not of a request that this pool verified")

// judgeAgain judges a Caller that the application hands back, perhaps much later. It must have come out of judge of this pool: nobody
// else can make one that is believed. The copy of the session keeps apart those that do this at once.
func (p *Pool) judgeAgain(ctx context.Context, doing string, c *Caller) error {
	if c.PoolID != p.id || !c.judged() {
		return internal(doing, errAnonymous)
	}
	if c.session == nil {
		return nil
	}
	s := *c.session
	c.session = &s
	return p.judge(ctx, c)
}

// judged reports whether the Caller came out of judge.
func (c *Caller) judged() bool {
	return c.session != nil && c.session.rules != nil || c.session == nil && c.user != nil && c.user.rules != nil
}

// providersOf returns those of the pool's providers that an amr names.
func (p *Pool) providersOf(amr []string) []string {
	var out []string
	for _, name := range amr {
		if (p.providers[name] != nil || name == p.developer && name != "") && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
