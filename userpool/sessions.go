package userpool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// SessionInfo is a sign-in that lasts, as its user may see it.
type SessionInfo struct {
	// ID is for EndSession. It is no secret.
	ID string
	// Kind is SessionBrowser, SessionTokens or SessionOAuth.
	Kind string
	// ClientID and ClientName are the app client of a session with tokens, or empty.
	ClientID   string
	ClientName string
	// Parent is the ID of the browser session that this one was derived from and ends with, or empty.
	Parent string
	// Provider is the name of the identity provider that the person came from, or empty.
	Provider string
	// AMR are the methods by which the person proved who they are (RFC 8176).
	AMR []string
	// DeviceKey names the device, where the pool tracks devices, or is empty.
	DeviceKey string
	// IPAddress and UserAgent are where the session was begun from, or empty if the program did not say.
	IPAddress string
	UserAgent string
	// AuthTime is when the person last proved who they are. LastUsed is when the session was last noted to be in use: at each refresh of its
	// tokens, or every few minutes.
	AuthTime time.Time
	Created  time.Time
	LastUsed time.Time
	// Expires is when the session ends if nobody uses it before.
	Expires time.Time
	// Current is true for the session of who asks, and for the browser session that it was derived from.
	Current bool
}

// listedSessions is how many sessions of a user are looked at, the newest first.
const listedSessions = 1000

// ListSessionsInput says whose sessions are wanted.
type ListSessionsInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
}

// ListSessions returns the sessions of the user who asks that are not over, the newest first: those at the hosted pages and those with
// tokens. Access and ID tokens whose session is over do not show here, though they may still be verified without asking the pool. Errors:
// NotAuthorized, InsufficientScope.
func (p *Pool) ListSessions(ctx context.Context, in ListSessionsInput) ([]SessionInfo, error) {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return p.sessionsOf(ctx, c.user, c.session.ID)
}

// AdminListUserSessions returns the sessions of a user that are not over, the newest first; none of them is Current. See AdminGetUser for
// username. The error is UserNotFound.
func (p *Pool) AdminListUserSessions(ctx context.Context, username string) ([]SessionInfo, error) {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return nil, err
	}
	return p.sessionsOf(ctx, u, "")
}

func (p *Pool) sessionsOf(ctx context.Context, u User, current string) ([]SessionInfo, error) {
	live, err := p.liveSessions(ctx, u.Sub, u.Epoch)
	if err != nil || !u.Enabled {
		return nil, err
	}
	parent := ""
	if i := slices.IndexFunc(live, func(s Session) bool { return s.ID == current }); i >= 0 {
		parent = live[i].Parent
	}
	var out []SessionInfo
	for _, s := range live {
		info := SessionInfo{
			ID: s.ID, Kind: s.Kind, ClientID: s.ClientID, Parent: s.Parent, Provider: s.Provider, AMR: s.AMR, DeviceKey: s.DeviceKey,
			IPAddress: s.IPAddress, UserAgent: s.UserAgent, AuthTime: s.AuthTime, Created: s.Created, LastUsed: s.lastUsed(), Expires: s.Expires,
			Current: current != "" && (s.ID == current || s.ID == parent),
		}
		if c, found := p.client(s.ClientID); found {
			info.ClientName = c.Name
		}
		if limit := p.idleLimit(s); limit > 0 && s.lastUsed().Add(limit).Before(info.Expires) {
			info.Expires = s.lastUsed().Add(limit)
		}
		out = append(out, info)
	}
	return out, nil
}

// liveSessions returns the sessions of a user in an epoch that are not over, the newest first.
func (p *Pool) liveSessions(ctx context.Context, sub string, epoch int64) ([]Session, error) {
	all, err := p.store.SessionsOf(ctx, p.id, sub, listedSessions)
	if err != nil {
		return nil, unavailable("reading the sessions of a user", err)
	}
	return slices.DeleteFunc(all, func(s Session) bool { return s.Epoch != epoch || !p.now().Before(s.Expires) || p.idle(s) }), nil
}

// lastUsed is when a session was last noted to be in use.
func (s Session) lastUsed() time.Time {
	last := s.Created
	for _, t := range []time.Time{s.Rotated, s.AuthTime} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// idleLimit is how long a session lasts without being used, or 0 for any time.
func (p *Pool) idleLimit(s Session) time.Duration {
	if s.Kind == SessionBrowser {
		return p.settings.BrowserSessionIdle
	}
	c, _ := p.client(s.ClientID)
	return c.RefreshTokenIdle
}

// idle tells whether a session is over because nobody used it.
func (p *Pool) idle(s Session) bool {
	limit := p.idleLimit(s)
	return limit > 0 && p.now().Sub(s.lastUsed()) >= limit
}

// touchEvery is how often the use of a browser session is stored.
func (s Settings) touchEvery() time.Duration {
	const often = 5 * time.Minute
	if s.BrowserSessionIdle > 0 {
		return min(often, s.BrowserSessionIdle/10)
	}
	return often
}

// touch notes that a session is in use, if that was not noted lately. Who comes second at the same moment need not.
func (p *Pool) touch(ctx context.Context, s Session, every time.Duration) (Session, error) {
	if p.now().Sub(s.lastUsed()) < every {
		return s, nil
	}
	touched := s
	touched.Rotated = p.now()
	switch err := p.store.UpdateSession(ctx, p.id, touched); {
	case err == nil:
		touched.Version++
		return touched, nil
	case errors.Is(err, ErrStale):
		return s, nil
	default:
		return s, err
	}
}

// limitSessions ends the oldest sign-ins of a user if there are more than Settings.MaxSessions, once a new one is stored: of several at
// once, the last to look sees them all.
func (p *Pool) limitSessions(ctx context.Context, s Session) error {
	if p.settings.MaxSessions == 0 || s.Parent != "" {
		return nil
	}
	live, err := p.liveSessions(ctx, s.Sub, s.Epoch)
	if err != nil {
		return err
	}
	live = slices.DeleteFunc(live, func(s Session) bool { return s.Parent != "" })
	for _, old := range live[min(len(live), p.settings.MaxSessions):] {
		if err := p.endSession(ctx, old.ID); err != nil {
			return err
		}
	}
	return nil
}

// EndSessionInput says which session ends.
type EndSessionInput struct {
	// AccessToken is as in ListSessionsInput.
	AccessToken string
	// SessionID is the ID of a session of the same user.
	SessionID   string
	UserContext UserContextData
}

// EndSession ends one session of the user who asks, and those that were derived from it, as GlobalSignOut ends all. Errors: NotAuthorized,
// InsufficientScope; ResourceNotFound for a session that is over, or is not the user's.
func (p *Pool) EndSession(ctx context.Context, in EndSessionInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	err = p.endSessionOf(ctx, c.user.Sub, in.SessionID)
	p.audit(ctx, c.event(EventSignOut, "EndSession"), in.UserContext, err)
	return err
}

// AdminEndUserSession ends one session of a user, and those that were derived from it. See AdminGetUser for username. Errors: UserNotFound;
// ResourceNotFound for a session that is over, or is not the user's.
func (p *Pool) AdminEndUserSession(ctx context.Context, username, sessionID string) error {
	u, err := p.resolve(ctx, username)
	if err == nil {
		err = p.endSessionOf(ctx, u.Sub, sessionID)
	}
	p.auditUser(ctx, "AdminEndUserSession", EventSignOut, u.Sub, err)
	return err
}

func (p *Pool) endSessionOf(ctx context.Context, sub, id string) error {
	s, err := p.store.Session(ctx, p.id, id)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) || err == nil && s.Sub != sub {
		return fail(ResourceNotFound, "There is no such session, or no longer.")
	}
	if err != nil {
		return unavailable("reading a session", err)
	}
	return p.endSession(ctx, id)
}

// EndOtherSessionsInput says which session stays.
type EndOtherSessionsInput struct {
	// AccessToken is as in ListSessionsInput. Its session stays.
	AccessToken string
	UserContext UserContextData
}

// EndOtherSessions signs the user who asks out everywhere but here. What stays is the session of the proof, with its refresh token, and the
// session at the hosted pages that it was derived from. All else ends as in GlobalSignOut, also sign-ins that are on their way, and the
// sessions of other clients in the same browser, which get new tokens through the hosted pages. If the store fails in the middle, or the
// present tokens are refreshed at the very same moment, the present session may end as well. Errors: NotAuthorized, InsufficientScope.
func (p *Pool) EndOtherSessions(ctx context.Context, in EndOtherSessionsInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	_, err = p.endOtherSessions(ctx, c, func(*User) error { return nil })
	p.audit(ctx, c.event(EventSignOut, "EndOtherSessions"), in.UserContext, err)
	return err
}

// endOtherSessions changes a user and, in the same write, moves the epoch on, which ends every session. Then it carries the session of the
// caller, and the browser session that it was derived from, over to the new epoch. It is done in this order so that nothing that a thief
// has outlives a failure in the middle: at worst the caller signs in again.
func (p *Pool) endOtherSessions(ctx context.Context, c caller, change func(*User) error) (User, error) {
	u, err := p.changeUser(ctx, c.user.Sub, func(u *User) error {
		if err := c.still(*u); err != nil {
			return err
		}
		u.Epoch++
		return change(u)
	})
	if err != nil {
		return User{}, stillThere(err)
	}
	p.logFailure(ctx, "a session could not be kept", p.carryOver(ctx, c.session.ID, c.user.Epoch, u.Epoch))
	p.logFailure(ctx, "sessions that are over could not be deleted", p.endSessionsWhere(ctx, u.Sub, func(s Session) bool { return s.Epoch < u.Epoch }))
	return u, nil
}

// carryOver moves a session and its parent to another epoch.
func (p *Pool) carryOver(ctx context.Context, id string, from, to int64) (err error) {
	for id != "" && err == nil {
		id, err = p.moveSession(ctx, id, from, to)
	}
	return err
}

func (p *Pool) moveSession(ctx context.Context, id string, from, to int64) (parent string, err error) {
	for range 100 {
		s, err := p.store.Session(ctx, p.id, id)
		if errors.Is(err, ErrNotFound) || err == nil && s.Epoch != from { // ended a moment ago: it stays so
			return s.Parent, nil
		}
		if err != nil {
			return "", unavailable("reading a session", err)
		}
		s.Epoch = to
		err = p.store.UpdateSession(ctx, p.id, s)
		if err == nil {
			return s.Parent, nil
		}
		if !errors.Is(err, ErrStale) && !errors.Is(err, ErrNotFound) {
			return "", unavailable("keeping a session", err)
		}
	}
	return "", limitExceeded(time.Second)
}

// completeSessions fills in what says how long sessions last.
func (s Settings) completeSessions() (Settings, error) {
	s.UpdateBeforeVerification = slices.Clone(s.UpdateBeforeVerification)
	if err := checkChoice("Settings.UpdateBeforeVerification", s.UpdateBeforeVerification, addressAttributes...); err != nil {
		return s, err
	}
	for _, name := range s.UpdateBeforeVerification {
		if slices.Contains(s.UsernameAttributes, name) {
			return s, fmt.Errorf("userpool: Settings.UpdateBeforeVerification has %q, which people sign in with: nobody may claim such an address before it is verified", name)
		}
	}
	if s.MaxSessions < 0 || s.MaxSessions > listedSessions {
		return s, fmt.Errorf("userpool: Settings.MaxSessions is %d; it must be from 0 to %d", s.MaxSessions, listedSessions)
	}
	var err error
	s.BrowserSessionIdle, err = duration("Settings.BrowserSessionIdle", s.BrowserSessionIdle, 0, 5*time.Minute, 30*day)
	return s, err
}

// endSessionsWhere ends those sessions of a user, however many others there are.
func (p *Pool) endSessionsWhere(ctx context.Context, sub string, over func(Session) bool) error {
	for limit := 1000; ; limit *= 2 {
		sessions, err := p.store.SessionsOf(ctx, p.id, sub, limit)
		if err != nil {
			return unavailable("reading sessions", err)
		}
		for _, s := range sessions {
			if !over(s) {
				continue
			}
			if err := p.endSession(ctx, s.ID); err != nil {
				return err
			}
		}
		if len(sessions) < limit {
			return nil
		}
	}
}
