package identitypool

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// maxLinked is how many logins an identity may have.
const maxLinked = 20

// linking is a question for the identity that has some logins.
type linking struct {
	// id is the identity that the caller names, "" for none.
	id string
	// logins were verified. Without any, and without id, a guest's identity is made.
	logins []verified
	// backend tells that the developer's backend asks, which may give any identity the login of its user.
	backend bool
}

// held is a login with the identity that has it, nil if none has.
type held struct {
	verified
	by *Identity
}

// linked is the answer.
type linked struct {
	identity Identity
	changed  []Identity // what must be written for it to be true, if anything
	ended    []string   // whose credentials end by it, as Revocation.Subject has them
}

// resolve finds, makes, links or merges, until what was decided is still so when it is written.
func (p *Pool) resolve(ctx context.Context, l linking) (Identity, error) {
	var out Identity
	err := p.retry(ctx, func() error {
		base, logins, err := p.lookUp(ctx, l)
		if err != nil {
			return err
		}
		answer, err := p.decide(l, base, logins)
		if err != nil {
			return err
		}
		out = answer.identity
		if len(answer.changed) == 0 {
			return nil
		}
		out.Version++ // as it is when it is saved
		return p.save(ctx, answer.changed, answer.ended)
	})
	if err != nil {
		return Identity{}, err
	}
	return out, nil
}

// lookUp reads the identity that is asked for and those that have the logins. Where there is none of them, it begins one.
func (p *Pool) lookUp(ctx context.Context, l linking) (base *Identity, logins []held, err error) {
	read := make(map[string]*Identity)
	if l.id != "" {
		identity, err := p.readIdentity(ctx, l.id)
		if err != nil {
			return nil, nil, err
		}
		base = &identity
		read[identity.ID] = base
	}
	for _, login := range l.logins {
		h := held{verified: login}
		identity, err := p.store.IdentityOfLogin(ctx, p.id, login.Login)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, nil, internal("find the identity of a login", err)
		default:
			if read[identity.ID] == nil {
				read[identity.ID] = &identity
			}
			h.by = read[identity.ID]
		}
		logins = append(logins, h)
	}
	if len(read) == 0 {
		id, err := p.newIdentityID()
		if err != nil {
			return nil, nil, err
		}
		base = &Identity{ID: id, Created: p.now()}
	}
	return base, logins, nil
}

// decide gives all logins to one identity: to base, unless that is a guest's and one of the logins has an identity already, or else to the
// one that was made first. Those that lose their logins by it are disabled.
func (p *Pool) decide(l linking, base *Identity, logins []held) (linked, error) {
	if err := l.check(base, logins); err != nil {
		return linked{}, err
	}
	parent := eldest(logins)
	if base != nil && (base.Authenticated || parent == nil) {
		parent = base
	}
	out := linked{identity: *parent}
	out.identity.Logins, out.identity.Modified = slices.Clone(parent.Logins), p.now()
	var others []Identity
	seen := map[string]bool{parent.ID: true}
	absorb := func(other *Identity) {
		if other == nil || seen[other.ID] {
			return
		}
		seen[other.ID] = true
		out.identity.Logins = append(out.identity.Logins, other.Logins...)
		out.ended = append(out.ended, identitySubject+other.ID)
		others = append(others, other.absorbedBy(parent.ID, p.now()))
	}
	absorb(base)
	fresh := false
	for _, h := range logins {
		absorb(h.by)
		if h.by == nil {
			fresh = true
			out.identity.Logins = append(out.identity.Logins, h.Login)
		}
	}
	if parent.Version > 0 && !fresh && len(others) == 0 {
		return linked{identity: *parent}, nil
	}
	out.identity.Authenticated = len(out.identity.Logins) > 0
	if parent.Version > 0 && !parent.Authenticated {
		out.ended = append(out.ended, guestSubject+parent.ID) // whoever else knows the ID has had credentials by it
	}
	out.changed = append([]Identity{out.identity}, others...)
	return out, p.checkLinked(out.identity.Logins)
}

// absorbedBy returns what is left of an identity when another has taken its logins.
func (i *Identity) absorbedBy(parent string, now time.Time) Identity {
	out := *i
	out.Logins, out.Disabled, out.MergedInto, out.Modified = nil, true, parent, now
	return out
}

// check refuses a caller who may not use the identities.
func (l *linking) check(base *Identity, logins []held) error {
	if base != nil && base.Disabled {
		return forbidden(base.ID)
	}
	own := false
	for _, h := range logins {
		switch {
		case h.by != nil && h.by.Disabled:
			return forbidden(h.by.ID)
		case h.identity != "" && (h.by == nil || h.by.ID != h.identity): // the login has moved since the token was issued
			return fail(NotAuthorized, "Invalid login token.")
		case l.backend && h.provider == nil && l.id != "" && h.by != nil && h.by.ID != l.id:
			return fail(DeveloperUserAlreadyRegistered, "The developer user identifier is linked to another identity.")
		}
		own = own || h.by != nil && base != nil && h.by.ID == base.ID
	}
	if base != nil && base.Authenticated && !own && !l.backend {
		return noMatch()
	}
	return nil
}

// checkLinked refuses logins that one identity cannot have: two of one provider, but for users of the developer's backend, and too many.
// One login twice means that it moved between the reading of two identities: that is ErrConflict.
func (p *Pool) checkLinked(logins []Login) error {
	unique := make(map[Login]bool)
	for _, login := range logins {
		if unique[login] {
			return ErrConflict
		}
		unique[login] = true
	}
	if len(logins) > maxLinked {
		return fail(LimitExceeded, "The identity would have %d logins; at most %d can be linked.", len(logins), maxLinked)
	}
	seen := make(map[string]bool)
	for _, login := range logins {
		if seen[login.Provider] && login.Provider != p.developer {
			return fail(ResourceConflict, "The identity would have two logins of the provider '%s'; it can have one.", login.Provider)
		}
		seen[login.Provider] = true
	}
	return nil
}

// eldest returns the identity that was made first, or nil.
func eldest(logins []held) *Identity {
	var out *Identity
	for _, h := range logins {
		if h.by != nil && (out == nil || cmp.Or(h.by.Created.Compare(out.Created), cmp.Compare(h.by.ID, out.ID)) < 0) {
			out = h.by
		}
	}
	return out
}

const (
	// changeTries bounds how often a change is decided anew because others were faster, with growing pauses between.
	changeTries      = 20
	firstChangePause = 2 * time.Millisecond
	longChangePause  = 100 * time.Millisecond
)

// retry calls attempt again as long as it finds that somebody else was faster, for a bounded time.
func (p *Pool) retry(ctx context.Context, attempt func() error) error {
	pause := firstChangePause
	for range changeTries {
		err := attempt()
		if !errors.Is(err, ErrConflict) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return internal("wait for others who change an identity", ctx.Err())
		case <-timer.C:
		}
		pause = min(2*pause, longChangePause)
	}
	return &Error{Code: ConcurrentModification, Message: "The identity is being changed by others. Please try again.", cause: ErrConflict}
}

// save writes identities, and ends the credentials of the subjects in ended: before, so that a failure in the middle ends too much rather
// than too little, and after, for those that were issued meanwhile. It returns ErrConflict as it is.
func (p *Pool) save(ctx context.Context, identities []Identity, ended []string) error {
	return p.endingCredentials(ctx, ended, func() error {
		err := p.store.SaveIdentities(ctx, p.id, identities)
		if err != nil && !errors.Is(err, ErrConflict) {
			return internal("save identities", err)
		}
		return err
	})
}

// endingCredentials ends the credentials of subjects before and after what takes them away.
func (p *Pool) endingCredentials(ctx context.Context, subjects []string, change func() error) error {
	end := func() error {
		for _, subject := range subjects {
			if err := p.revoke(ctx, subject, p.now()); err != nil {
				return err
			}
		}
		return nil
	}
	if err := end(); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return end()
}

// change changes one identity. With end it ends its credentials. edit may be called several times, each time with the identity as it is.
func (p *Pool) change(ctx context.Context, id string, end bool, edit func(*Identity) error) error {
	if err := checkIdentityID(id); err != nil {
		return err
	}
	return p.retry(ctx, func() error {
		identity, err := p.readIdentity(ctx, id)
		if err != nil {
			return err
		}
		identity.Modified = p.now()
		if err := edit(&identity); err != nil {
			return err
		}
		var ended []string
		if end {
			ended = []string{identitySubject + id}
		}
		return p.save(ctx, []Identity{identity}, ended)
	})
}
