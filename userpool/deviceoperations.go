package userpool

import (
	"context"
	"errors"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/userpool/internal/srp"
)

// DeviceRememberedStatus says whether a device is remembered, with Cognito's names.
type DeviceRememberedStatus string

// The values of DeviceRememberedStatus.
const (
	DeviceRemembered    DeviceRememberedStatus = "remembered"
	DeviceNotRemembered DeviceRememberedStatus = "not_remembered"
)

// ConfirmDeviceInput is a new device with the verifier of its secret.
type ConfirmDeviceInput struct {
	// AccessToken is one of the sign-in whose AuthOutcome.NewDevice named the device, or renewed from it, with the scope
	// aws.cognito.signin.user.admin.
	AccessToken string
	DeviceKey   string
	// DeviceName is what the client calls the device: at most 1,024 characters, none of them control characters; it may be empty.
	DeviceName                 string
	DeviceSecretVerifierConfig DeviceSecretVerifierConfig
	UserContext                UserContextData
}

// DeviceSecretVerifierConfig is the verifier of a secret that the client has drawn, computed as for a password, with the DeviceGroupKey in
// the place of the pool and the DeviceKey in that of the user. Both are base64 of the bytes that Java's BigInteger.toByteArray gives. A
// salt has 8 to 64 bytes, 16 random ones by custom.
type DeviceSecretVerifierConfig struct {
	PasswordVerifier string
	Salt             string
}

// ConfirmDeviceOutput says whether the user has a say.
type ConfirmDeviceOutput struct {
	// UserConfirmationNecessary is true if the device is remembered only once UpdateDeviceStatus says so; see
	// DeviceConfiguration.RememberedOnUserPrompt.
	UserConfirmationNecessary bool
}

// ConfirmDevice makes the device that a sign-in was given a key for known to the pool, once. Only that sign-in can. The pool keeps 50
// devices of a user: the one that was used least recently goes, before others one that is not remembered.
//
// Unless the user is to be asked, the device is remembered from now on. It can then stand in for the second factor if this sign-in had two:
// what was remembered with a password alone, perhaps by somebody who stole it before the user set up a second factor, cannot.
//
// Errors: NotAuthorized, InsufficientScope; UnsupportedOperation if the pool does not track devices; ResourceNotFound for a key that this
// sign-in was not given; DeviceKeyExists for a device that was confirmed before; InvalidParameter.
func (p *Pool) ConfirmDevice(ctx context.Context, in ConfirmDeviceInput) (ConfirmDeviceOutput, error) {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return ConfirmDeviceOutput{}, err
	}
	err = p.confirmDevice(ctx, c, in)
	p.auditDevice(ctx, "ConfirmDevice", c, in.DeviceKey, in.UserContext, err)
	if err != nil {
		return ConfirmDeviceOutput{}, err
	}
	return ConfirmDeviceOutput{UserConfirmationNecessary: p.settings.Devices.RememberedOnUserPrompt}, nil
}

func (p *Pool) confirmDevice(ctx context.Context, c caller, in ConfirmDeviceInput) error {
	switch {
	case !p.settings.Devices.Track:
		return fail(UnsupportedOperation, "The user pool does not track devices.")
	case namedDevice(in.DeviceKey) == "" || in.DeviceKey != c.session.DeviceKey:
		return deviceNotFound()
	case utf8.RuneCountInString(in.DeviceName) > 1024 || !utf8.ValidString(in.DeviceName) || slices.ContainsFunc([]rune(in.DeviceName), unicode.IsControl):
		return failField(InvalidParameter, "deviceName", "The name of a device has at most 1024 characters, and no control characters.")
	}
	v, err := srp.ParseVerifier(in.DeviceSecretVerifierConfig.Salt, in.DeviceSecretVerifierConfig.PasswordVerifier)
	if err != nil {
		return failField(InvalidParameter, "deviceSecretVerifierConfig", "%s", sentence(err))
	}
	if _, err := p.deviceOf(ctx, c.user.Sub, in.DeviceKey); err == nil {
		return deviceKeyExists()
	}
	now := p.now()
	d := device{
		key: in.DeviceKey, owner: c.user.Sub, Name: in.DeviceName, Remembered: !p.settings.Devices.RememberedOnUserPrompt,
		Epoch: c.user.Epoch, IPAddress: in.UserContext.address(), UserAgent: in.UserContext.agent(), Created: now, Modified: now, LastUsed: now,
	}
	d.Trusted = d.Remembered && twoFactors(c.session.AMR)
	if d.Group, err = p.deviceGroup(ctx, d.owner); err != nil {
		return err
	}
	if d.Verifier, err = p.sealVerifier(ctx, v, deviceLabel(d)); err != nil {
		return err
	}
	if err := p.makeRoomForDevice(ctx, d.owner); err != nil {
		return err
	}
	r := Record{Kind: recordDevice, Key: d.key}
	if err := d.encodeInto(&r); err != nil {
		return err
	}
	switch err := p.store.PutRecord(ctx, p.id, r); {
	case errors.Is(err, ErrStale):
		return deviceKeyExists()
	case errors.Is(err, ErrNotFound): // the user was deleted a moment ago
		return signedOut()
	case err != nil:
		return unavailable("writing a device", err)
	}
	return p.unconfirmIfOver(ctx, c.session.ID, d.key)
}

// unconfirmIfOver takes a device back if the session that confirmed it ended meanwhile: whoever ended it, or forgot the device, did not see
// the device.
func (p *Pool) unconfirmIfOver(ctx context.Context, sessionID, key string) error {
	_, _, err := p.standingSession(ctx, sessionID)
	if errors.Is(err, NotAuthorized) {
		if gone := p.deleteDevice(ctx, key); gone != nil && !errors.Is(gone, ResourceNotFound) {
			return gone
		}
	}
	return err
}

func deviceKeyExists() error { return fail(DeviceKeyExists, "The device was confirmed before.") }

func (p *Pool) auditDevice(ctx context.Context, operation string, c caller, key string, from UserContextData, outcome error) {
	p.audit(ctx, c.eventAbout(EventDeviceChange, operation, "device", namedDevice(key)), from, outcome)
}

// UpdateDeviceStatusInput says whether a device is to be remembered.
type UpdateDeviceStatusInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken            string
	DeviceKey              string
	DeviceRememberedStatus DeviceRememberedStatus
	UserContext            UserContextData
}

// UpdateDeviceStatus remembers a device of the user, or no longer. A remembered device can stand in for the second factor if the sign-in of
// the AccessToken had two; otherwise that stays as it was. Errors: NotAuthorized, InsufficientScope, ResourceNotFound, InvalidParameter.
func (p *Pool) UpdateDeviceStatus(ctx context.Context, in UpdateDeviceStatusInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	err = p.rememberDevice(ctx, c.user, in.DeviceKey, in.DeviceRememberedStatus, twoFactors(c.session.AMR))
	p.auditDevice(ctx, "UpdateDeviceStatus", c, in.DeviceKey, in.UserContext, err)
	return err
}

func (p *Pool) rememberDevice(ctx context.Context, u User, key string, status DeviceRememberedStatus, trusted bool) error {
	if status != DeviceRemembered && status != DeviceNotRemembered {
		return failField(InvalidParameter, "deviceRememberedStatus", "The status %q is neither %q nor %q.",
			printable(string(status)), DeviceRemembered, DeviceNotRemembered)
	}
	return p.changeDevice(ctx, u.Sub, key, func(d *device) {
		d.Remembered = status == DeviceRemembered
		switch {
		case !d.Remembered:
			d.Trusted = false
		case trusted:
			d.Trusted, d.Epoch = true, u.Epoch
		}
		d.Modified = p.now()
	})
}

// ForgetDeviceInput names a device.
type ForgetDeviceInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
	DeviceKey   string
	UserContext UserContextData
}

// ForgetDevice makes a device of the user unknown, and ends all sessions that were begun from it, that of the AccessToken too if it is one:
// their refresh tokens are void at once, and so are their access and ID tokens for whoever asks [Pool.Revoked]. Errors: NotAuthorized,
// InsufficientScope, ResourceNotFound.
func (p *Pool) ForgetDevice(ctx context.Context, in ForgetDeviceInput) error {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return err
	}
	err = p.forgetDevice(ctx, c.user.Sub, in.DeviceKey)
	p.auditDevice(ctx, "ForgetDevice", c, in.DeviceKey, in.UserContext, err)
	return err
}

// forgetDevice ends the sessions of a device first: if the store fails in the middle, the device is still there to be forgotten again. A
// sign-in that was on its way, and made its session in between, either sees the device gone or is ended in the second round; see
// endIfForgotten and unconfirmIfOver.
func (p *Pool) forgetDevice(ctx context.Context, sub, key string) error {
	if _, err := p.deviceOf(ctx, sub, key); err != nil {
		return err
	}
	if err := p.endSessionsWhere(ctx, sub, func(s Session) bool { return s.DeviceKey == key }); err != nil {
		return err
	}
	if err := p.deleteDevice(ctx, key); err != nil {
		return err
	}
	return p.endSessionsWhere(ctx, sub, func(s Session) bool { return s.DeviceKey == key })
}

// GetDeviceInput names a device.
type GetDeviceInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
	DeviceKey   string
}

// GetDevice returns a device of the user. Errors: NotAuthorized, InsufficientScope, ResourceNotFound.
func (p *Pool) GetDevice(ctx context.Context, in GetDeviceInput) (Device, error) {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return Device{}, err
	}
	return p.getDevice(ctx, c.user, in.DeviceKey)
}

func (p *Pool) getDevice(ctx context.Context, u User, key string) (Device, error) {
	d, err := p.deviceOf(ctx, u.Sub, key)
	if err != nil {
		return Device{}, err
	}
	return p.publicDevice(d, u), nil
}

// publicDevice returns a device without its verifier.
func (p *Pool) publicDevice(d device, u User) Device {
	return Device{
		Key: d.key, Name: d.Name, Remembered: d.Remembered && !p.expired(d), ReplacesMFA: p.standsIn(d, u), LastIPAddress: d.IPAddress,
		UserAgent: d.UserAgent, Created: d.Created, Modified: d.Modified, LastAuthenticated: d.LastUsed,
	}
}

// ListDevicesInput asks for the devices of a user, page by page.
type ListDevicesInput struct {
	// AccessToken is one with the scope aws.cognito.signin.user.admin, or the secret of a browser session.
	AccessToken string
	// Limit is how many are wanted: 1 to 60, and 60 by default. PaginationToken is that of the page before, or empty.
	Limit           int
	PaginationToken string
}

// ListDevicesOutput is a page of devices.
type ListDevicesOutput struct {
	Devices []Device
	// PaginationToken is empty on the last page.
	PaginationToken string
}

// ListDevices returns the devices of the user. Errors: NotAuthorized, InsufficientScope, InvalidParameter.
func (p *Pool) ListDevices(ctx context.Context, in ListDevicesInput) (ListDevicesOutput, error) {
	c, err := p.caller(ctx, in.AccessToken)
	if err != nil {
		return ListDevicesOutput{}, err
	}
	return p.listDevices(ctx, c.user, in.Limit, in.PaginationToken)
}

func (p *Pool) listDevices(ctx context.Context, u User, limit int, token string) (ListDevicesOutput, error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return ListDevicesOutput{}, err
	}
	after, err := p.pageAfter(ctx, token, "ListDevices", u.Sub)
	if err != nil {
		return ListDevicesOutput{}, err
	}
	records, err := p.store.ListRecords(ctx, p.id, recordDevice, u.Sub, after, limit+1)
	if err != nil {
		return ListDevicesOutput{}, unavailable("listing devices", err)
	}
	next := ""
	if len(records) > limit {
		records = records[:limit]
		next = records[limit-1].Key
	}
	var out ListDevicesOutput
	for _, r := range records {
		d, err := decodeDevice(r)
		if err != nil {
			return ListDevicesOutput{}, err
		}
		out.Devices = append(out.Devices, p.publicDevice(d, u))
	}
	out.PaginationToken, err = p.pageToken(ctx, next, "ListDevices", u.Sub)
	return out, err
}

// AdminGetDevice returns a device of a user; see AdminGetUser for username. Errors: UserNotFound, ResourceNotFound.
func (p *Pool) AdminGetDevice(ctx context.Context, username, deviceKey string) (Device, error) {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return Device{}, err
	}
	return p.getDevice(ctx, u, deviceKey)
}

// AdminListDevicesInput asks for the devices of a user, page by page.
type AdminListDevicesInput struct {
	// Username is as for AdminGetUser.
	Username string
	// Limit is how many are wanted: 1 to 60, and 60 by default. PaginationToken is that of the page before, or empty.
	Limit           int
	PaginationToken string
}

// AdminListDevices returns the devices of a user. Errors: UserNotFound, InvalidParameter.
func (p *Pool) AdminListDevices(ctx context.Context, in AdminListDevicesInput) (ListDevicesOutput, error) {
	u, err := p.resolve(ctx, in.Username)
	if err != nil {
		return ListDevicesOutput{}, err
	}
	return p.listDevices(ctx, u, in.Limit, in.PaginationToken)
}

// AdminForgetDevice is ForgetDevice for a device of a user; see AdminGetUser for username. Errors: UserNotFound, ResourceNotFound.
func (p *Pool) AdminForgetDevice(ctx context.Context, username, deviceKey string) error {
	u, err := p.resolve(ctx, username)
	if err != nil {
		return err
	}
	err = p.forgetDevice(ctx, u.Sub, deviceKey)
	p.auditDevice(ctx, "AdminForgetDevice", caller{user: u}, deviceKey, UserContextData{}, err)
	return err
}

// AdminUpdateDeviceStatusInput says whether a device is to be remembered.
type AdminUpdateDeviceStatusInput struct {
	// Username is as for AdminGetUser.
	Username               string
	DeviceKey              string
	DeviceRememberedStatus DeviceRememberedStatus
}

// AdminUpdateDeviceStatus remembers a device of a user, or no longer. A device that it remembers can stand in for the second factor, however
// it was confirmed. Errors: UserNotFound, ResourceNotFound, InvalidParameter.
func (p *Pool) AdminUpdateDeviceStatus(ctx context.Context, in AdminUpdateDeviceStatusInput) error {
	u, err := p.resolve(ctx, in.Username)
	if err != nil {
		return err
	}
	err = p.rememberDevice(ctx, u, in.DeviceKey, in.DeviceRememberedStatus, true)
	p.auditDevice(ctx, "AdminUpdateDeviceStatus", caller{user: u}, in.DeviceKey, UserContextData{}, err)
	return err
}
