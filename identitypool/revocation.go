package identitypool

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

const (
	maxRevocationDelay = 5 * time.Minute
	// revokeAhead is how far in the future a revocation may lie.
	revokeAhead = time.Hour
	// longestSession is how long any credentials last: those of GetSessionToken.
	longestSession = 36 * time.Hour
	// refreshTimeout bounds a refresh of the revocations that nobody waits for.
	refreshTimeout = 10 * time.Second

	everybody       = "all"
	identitySubject = "identity/"
	guestSubject    = "guest/" // the credentials that an identity had as a guest's, before it had a login
	roleSubject     = "role/"
	userSubject     = "user/"
	keySubject      = "key/"
)

// RevokeInput is what Revoke takes: one of the first five fields, and the time.
type RevokeInput struct {
	IdentityID  string // credentials of this identity
	RoleName    string // credentials of this role
	UserName    string // credentials that GetSessionToken or AssumeRole gave this user; the UserSource ends the user's own access key
	AccessKeyID string // these credentials alone
	All         bool   // all credentials of the pool
	// IssuedBefore ends what was issued then or earlier. The default is now; it may lie up to an hour ahead, and then refuses new
	// credentials as well until that time.
	IssuedBefore time.Time
}

// RevokedCredentials is a revocation as ListRevocations returns it.
type RevokedCredentials struct {
	RevokeInput
	// Guest says that it ends those credentials alone that the identity had as a guest's: it got a login then.
	Guest bool
	// Expires is when all the credentials have expired, and the revocation is forgotten.
	Expires time.Time
}

// Revoke ends temporary credentials before they expire, and with them the credentials of every role that was assumed with them. It is at
// once in this process, and in others within Config.RevocationDelay. It returns InvalidParameter if the input names nobody or several,
// and InternalError if the store failed: then it may have happened or not.
//
// Revoke does not keep anybody from getting new credentials: disable the user at the provider, or the identity, first. Credentials count as
// issued when they were asked for, so that what was on its way then is ended as well. The times of issue are those of the process that
// issued: let the clocks of all agree, or give an IssuedBefore that lies ahead by what they may differ.
func (p *Pool) Revoke(ctx context.Context, in RevokeInput) error {
	subject, err := in.subject()
	if err != nil {
		return err
	}
	now := p.now()
	if in.IssuedBefore.IsZero() {
		in.IssuedBefore = now
	}
	if in.IssuedBefore.After(now.Add(revokeAhead)) || in.IssuedBefore.Year() < 1 {
		return fail(InvalidParameter, "IssuedBefore may not be more than %s ahead.", revokeAhead)
	}
	if !in.IssuedBefore.Add(longestSession).After(now) {
		return nil // what it would end has expired
	}
	return p.revoke(ctx, subject, in.IssuedBefore)
}

// revoke ends what was issued to a subject at a time or earlier.
func (p *Pool) revoke(ctx context.Context, subject string, at time.Time) error {
	r := Revocation{Subject: subject, Before: at.UTC().Truncate(time.Microsecond)}
	r.Expires = r.Before.Add(longestSession)
	if err := p.store.Revoke(ctx, p.id, r); err != nil {
		return internal("store a revocation", err)
	}
	p.revoked.learn(r)
	p.logger.InfoContext(ctx, "identitypool: credentials revoked", "subject", subject, "issued_before", r.Before)
	return nil
}

// subject returns what the store calls those whom the input names.
func (in RevokeInput) subject() (string, error) {
	var subjects []string
	if in.IdentityID != "" {
		subjects = append(subjects, identitySubject+in.IdentityID)
	}
	if in.RoleName != "" {
		subjects = append(subjects, roleSubject+in.RoleName)
	}
	if in.UserName != "" {
		subjects = append(subjects, userSubject+in.UserName)
	}
	if in.AccessKeyID != "" {
		subjects = append(subjects, keySubject+in.AccessKeyID)
	}
	if in.All {
		subjects = append(subjects, everybody)
	}
	switch {
	case len(subjects) != 1:
		return "", fail(InvalidParameter, "Revoke takes one of IdentityID, RoleName, UserName, AccessKeyID and All; %d were given.", len(subjects))
	case in.IdentityID != "" && (len(in.IdentityID) > maxPoolID || !poolID.MatchString(in.IdentityID)):
		return "", fail(InvalidParameter, "The identity identifier is not of the form region:uuid.")
	case in.RoleName+in.UserName != "" && !roleName.MatchString(in.RoleName+in.UserName):
		return "", fail(InvalidParameter, "The name is not 1 to 64 letters, digits and _+=,.@-.")
	case in.AccessKeyID != "" && !accessKeyID.MatchString(in.AccessKeyID):
		return "", fail(InvalidParameter, "The access key is not 16 to 128 letters and digits.")
	}
	return subjects[0], nil
}

// ListRevocations returns the revocations that are in force, in no particular order. It returns InternalError if the store failed.
func (p *Pool) ListRevocations(ctx context.Context) ([]RevokedCredentials, error) {
	now := p.now()
	all, err := p.store.Revocations(ctx, p.id, nil, now)
	if err != nil {
		return nil, internal("read revocations", err)
	}
	var out []RevokedCredentials
	for _, r := range all {
		if !r.Expires.After(now) {
			continue
		}
		c := RevokedCredentials{RevokeInput: RevokeInput{IssuedBefore: r.Before}, Expires: r.Expires}
		for prefix, field := range map[string]*string{
			identitySubject: &c.IdentityID, guestSubject: &c.IdentityID, roleSubject: &c.RoleName, userSubject: &c.UserName, keySubject: &c.AccessKeyID,
		} {
			if rest, ok := strings.CutPrefix(r.Subject, prefix); ok {
				*field = rest
			}
		}
		c.Guest, c.All = strings.HasPrefix(r.Subject, guestSubject), r.Subject == everybody
		out = append(out, c)
	}
	return out, nil
}

// subjects are those whose revocation ends the session, with the times when their credentials were issued.
func (s *session) subjects(add func(subject string, issued int64)) {
	add(everybody, s.issued)
	add(keySubject+s.accessKeyID, s.issued)
	switch {
	case s.identityID != "":
		add(identitySubject+s.identityID, s.issued)
		if s.guest {
			add(guestSubject+s.identityID, s.issued)
		}
	case s.kind == userSession:
		add(userSubject+s.name, s.issued)
	}
	if name := s.roleName(); name != "" {
		add(roleSubject+name, s.issued)
	}
	for _, from := range s.parents {
		add(from.subject, from.issued)
	}
}

// roleName is the last part of the role's ARN.
func (s *session) roleName() string {
	for i := len(s.roleARN) - 1; i >= 0; i-- {
		if s.roleARN[i] == '/' {
			return s.roleARN[i+1:]
		}
	}
	return ""
}

// revocations knows which sessions were revoked. With no delay it asks the store each time. Otherwise it keeps a copy of all revocations,
// which is never older than the delay: one that is older than half of it is refreshed beside the request that finds it, and a request
// waits only if the copy is older than the whole.
type revocations struct {
	store RevocationStore
	pool  string
	delay time.Duration
	now   func() time.Time

	mu     sync.Mutex
	known  map[string]Revocation
	asOf   time.Time // when the question was asked whose answer known is; zero before the first
	flight *revocationRefresh
}

// revocationRefresh is a question to the store that several requests may wait for.
type revocationRefresh struct {
	done chan struct{}
	err  error
}

var errRefreshPanicked = errors.New("identitypool: the store panicked")

// ended reports whether the session was revoked.
func (v *revocations) ended(ctx context.Context, s *session, now time.Time) (bool, error) {
	if v.delay == 0 {
		return v.askStore(ctx, s, now)
	}
	if err := v.fresh(ctx, now); err != nil {
		return false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) == 0 {
		return false, nil
	}
	ended := false
	s.subjects(func(subject string, issued int64) {
		r, ok := v.known[subject]
		ended = ended || ok && issued <= r.Before.UnixMicro()
	})
	return ended, nil
}

func (v *revocations) askStore(ctx context.Context, s *session, now time.Time) (bool, error) {
	subjects := make([]string, 0, 6+len(s.parents))
	s.subjects(func(subject string, _ int64) { subjects = append(subjects, subject) })
	found, err := v.store.Revocations(ctx, v.pool, subjects, now)
	if err != nil || len(found) == 0 {
		return false, err
	}
	ended := false
	s.subjects(func(subject string, issued int64) {
		for _, r := range found {
			ended = ended || r.Subject == subject && issued <= r.Before.UnixMicro()
		}
	})
	return ended, nil
}

// fresh makes sure that known is not older than the delay.
func (v *revocations) fresh(ctx context.Context, now time.Time) error {
	for {
		flight, usable := v.refreshed(ctx, now)
		if usable {
			return nil
		}
		select {
		case <-flight.done:
			if flight.err != nil {
				return flight.err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// refreshed reports whether known can be used at now. If it is old, it starts a question to the store unless one is under way.
func (v *revocations) refreshed(ctx context.Context, now time.Time) (flight *revocationRefresh, usable bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asOf.After(v.now()) { // the clock went back: nobody knows how old it is
		v.asOf = time.Time{}
	}
	age := now.Sub(v.asOf)
	usable = !v.asOf.IsZero() && age < v.delay
	if usable && age < v.delay/2 {
		return nil, true
	}
	if v.flight == nil {
		v.flight = &revocationRefresh{done: make(chan struct{})}
		go v.refresh(context.WithoutCancel(ctx), v.flight, v.now())
	}
	return v.flight, usable
}

// refresh asks the store for all revocations. What is known stays known until it expires: a question that was asked before a revocation
// cannot undo it.
func (v *revocations) refresh(ctx context.Context, flight *revocationRefresh, asked time.Time) {
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	flight.err = errRefreshPanicked
	var all []Revocation
	defer func() {
		if recover() != nil {
			flight.err = errRefreshPanicked
		}
		v.mu.Lock()
		v.flight = nil
		if flight.err == nil {
			v.take(all, asked)
		}
		v.mu.Unlock()
		close(flight.done)
	}()
	all, flight.err = v.store.Revocations(ctx, v.pool, nil, asked)
}

// take keeps revocations that the store gave, and those that are known and have not expired.
func (v *revocations) take(all []Revocation, asked time.Time) {
	known := make(map[string]Revocation, len(all))
	for _, r := range v.known {
		if r.Expires.After(asked) {
			known[r.Subject] = r
		}
	}
	for _, r := range all {
		if old, ok := known[r.Subject]; !ok || r.Before.After(old.Before) {
			known[r.Subject] = r
		}
	}
	v.known, v.asOf = known, asked
}

// learn takes a revocation of this process into account at once.
func (v *revocations) learn(r Revocation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.delay == 0 {
		return
	}
	if old, ok := v.known[r.Subject]; ok && old.Before.After(r.Before) {
		return
	}
	if v.known == nil {
		v.known = make(map[string]Revocation)
	}
	v.known[r.Subject] = r
}
