package userpool

import "context"

// AdminGetUser returns a user, without what proves who they are. username is what the user signs in with, the sub, or Username. A Username
// that nobody can sign in with, such as a chosen name where the settings now want addresses, counts letter by letter, and only if no two
// users have it. The operations whose names begin with Admin ask for no proof: the application decides who may call them. The error is
// UserNotFound.
func (p *Pool) AdminGetUser(ctx context.Context, username string) (User, error) {
	u, err := p.resolve(ctx, username)
	return u.public(), err
}

// AdminDeleteUser deletes a user with all sessions; see AdminGetUser for username. A user who is made with the same name later is another
// one, with another sub: no token, device or passkey of the old one opens anything. The error is UserNotFound.
func (p *Pool) AdminDeleteUser(ctx context.Context, username string) error {
	u, err := p.resolve(ctx, username)
	if err == nil {
		err = p.deleteUser(ctx, u.Sub)
	}
	p.auditUser(ctx, "AdminDeleteUser", EventUserChange, u.Sub, err)
	return err
}

// AdminDisableUser shuts a user out: all sessions end, and signing in fails as for an unknown user. The status stays as it is. See
// AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminDisableUser(ctx context.Context, username string) error {
	return p.adminEndSessions(ctx, "AdminDisableUser", username, EventUserChange, func(u *User) error { u.Enabled = false; return nil })
}

// AdminEnableUser lets a disabled user in again; see AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminEnableUser(ctx context.Context, username string) error {
	u, err := p.resolve(ctx, username)
	if err == nil {
		_, err = p.changeUser(ctx, u.Sub, func(u *User) error { u.Enabled = true; return nil })
	}
	p.auditUser(ctx, "AdminEnableUser", EventUserChange, u.Sub, err)
	return err
}

// AdminUserGlobalSignOut ends all sessions of a user; see AdminGetUser for username. The error is UserNotFound.
func (p *Pool) AdminUserGlobalSignOut(ctx context.Context, username string) error {
	return p.adminEndSessions(ctx, "AdminUserGlobalSignOut", username, EventSignOut, func(*User) error { return nil })
}

func (p *Pool) adminEndSessions(ctx context.Context, operation, username string, kind EventType, change func(*User) error) error {
	u, err := p.resolve(ctx, username)
	if err == nil {
		err = p.endAllSessions(ctx, u.Sub, change)
	}
	p.auditUser(ctx, operation, kind, u.Sub, err)
	return err
}

// AdminConfirmSignUpInput names a user who has signed up.
type AdminConfirmSignUpInput struct {
	// Username is what the user signed up with, the sub, or Username.
	Username string
	// ClientMetadata is handed to the hook PostConfirmation.
	ClientMetadata map[string]string
}

// AdminConfirmSignUp makes a user who signed up CONFIRMED without a code. The address stays unverified, as nobody has proved it; set
// email_verified by AdminUpdateUserAttributes if the application knows better, or the user verifies it once signed in. The code of the
// sign-up is void. Errors: UserNotFound; NotAuthorized for a user who is not UNCONFIRMED.
func (p *Pool) AdminConfirmSignUp(ctx context.Context, in AdminConfirmSignUpInput) error {
	u, err := p.resolve(ctx, in.Username)
	if err == nil {
		u, err = p.adminConfirm(ctx, u, in)
	}
	p.auditUser(ctx, "AdminConfirmSignUp", EventUserChange, u.Sub, err)
	return err
}

func (p *Pool) adminConfirm(ctx context.Context, found User, in AdminConfirmSignUpInput) (User, error) {
	u, err := p.changeUser(ctx, found.Sub, func(u *User) error {
		if u.Status != StatusUnconfirmed {
			return fail(NotAuthorized, "The user cannot be confirmed: the status is "+string(u.Status)+".")
		}
		u.Status = StatusConfirmed
		u.dropCode(purposeConfirm)
		return nil
	})
	if err != nil {
		return found, err
	}
	p.postConfirmation(ctx, TriggerConfirmSignUp, u, "", in.ClientMetadata)
	return u, nil
}
