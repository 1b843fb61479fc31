package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/srp"
)

// Device is a device that a user signed in from and confirmed. Access tokens of such a sign-in name it in the claim device_key: as the client
// said, or, if "pop" is among the methods in the claim amr, as the device proved.
type Device struct {
	// Key is the DeviceKey: "<region>_" and a random UUID, where the region is what stands before the underscore in the ID of the pool, or
	// "local".
	Key string
	// Name is what the client calls the device; it may be empty.
	Name string
	// Remembered is true while the device is remembered: the user, or ConfirmDevice, said so, and it was used within
	// Settings.Devices.Validity.
	Remembered bool
	// ReplacesMFA is true while the device can stand in for the second factor, where the settings allow that: it was remembered by a sign-in
	// with two factors, or by an administrator, and the user has neither set a new password nor been signed out everywhere since.
	ReplacesMFA bool
	// LastIPAddress and UserAgent are where the device was used last, or empty if the program did not say.
	LastIPAddress string
	UserAgent     string
	Created       time.Time
	Modified      time.Time
	// LastAuthenticated is when a sign-in last named or proved the device.
	LastAuthenticated time.Time
}

const (
	recordDevice = "device"
	// maxDevices is how many devices of a user are kept.
	maxDevices = 50
)

// device is a device as its record has it.
type device struct {
	Name     string `json:",omitempty"`
	Verifier []byte // sealed
	Group    string
	// Remembered is what was said last. Trusted is true if who said so had proved two factors, in the Epoch of the user.
	Remembered bool
	Trusted    bool
	Epoch      int64
	IPAddress  string `json:",omitempty"`
	UserAgent  string `json:",omitempty"`
	Created    time.Time
	Modified   time.Time
	LastUsed   time.Time

	key, owner string
}

// deviceKeyPattern is Cognito's, with its length.
var deviceKeyPattern = regexp.MustCompile(`^[\w-]{1,18}_[0-9a-f-]{36}$`)

// namedDevice returns a key that a client sent, or "" for what can be none.
func namedDevice(key string) string {
	if len(key) > 55 || !deviceKeyPattern.MatchString(key) {
		return ""
	}
	return key
}

// newDeviceKey returns a key that nobody guesses.
func (p *Pool) newDeviceKey() (string, error) {
	id, err := p.newUUID()
	region, _, found := strings.Cut(p.id, "_")
	if !found || region == "" || len(region) > 18 {
		region = "local"
	}
	return region + "_" + id, err
}

// deviceGroup is the DeviceGroupKey of a user. It goes into the proof of each of the user's devices, and so ties them to the user.
func (p *Pool) deviceGroup(ctx context.Context, sub string) (string, error) {
	mac, err := p.mac(ctx, "device-group", sub)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("-%x", mac[:4]), nil
}

// deviceOf returns a device of a user. The error is ResourceNotFound for a key that is not known, or another user's.
func (p *Pool) deviceOf(ctx context.Context, sub, key string) (device, error) {
	if namedDevice(key) == "" {
		return device{}, deviceNotFound()
	}
	r, err := p.store.Record(ctx, p.id, recordDevice, key)
	if errors.Is(err, ErrNotFound) || err == nil && r.Owner != sub {
		return device{}, deviceNotFound()
	}
	if err != nil {
		return device{}, unavailable("reading a device", err)
	}
	return decodeDevice(r)
}

func decodeDevice(r Record) (device, error) {
	d := device{key: r.Key, owner: r.Owner}
	if err := json.Unmarshal(r.Data, &d); err != nil {
		return device{}, fmt.Errorf("userpool: the record of a device is damaged: %w", err)
	}
	return d, nil
}

// encodeInto puts a device into its record.
func (d device) encodeInto(r *Record) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("userpool: encoding a device: %w", err)
	}
	r.Owner, r.Data = d.owner, raw
	return nil
}

// changeDevice changes a device of a user. The error is ResourceNotFound, or that of the store.
func (p *Pool) changeDevice(ctx context.Context, sub, key string, change func(*device)) error {
	if namedDevice(key) == "" {
		return deviceNotFound()
	}
	err := p.changeRecord(ctx, recordDevice, key, func(r *Record) (bool, error) {
		if r.Owner != sub {
			return false, deviceNotFound()
		}
		d, err := decodeDevice(*r)
		if err != nil {
			return false, err
		}
		change(&d)
		return true, d.encodeInto(r)
	})
	if errors.Is(err, ErrNotFound) {
		return deviceNotFound()
	}
	return err
}

// expired tells whether a device was not used for so long that it is no longer known at sign-in.
func (p *Pool) expired(d device) bool {
	return !p.now().Before(d.LastUsed.Add(p.settings.Devices.Validity))
}

// standsIn tells whether a device can stand in for the second factor of a user. It cannot after the Epoch has moved on, with a new password,
// a sign-out everywhere or a time of being shut out: whatever the reason, a thief with a device that was remembered before must not need
// the password alone.
func (p *Pool) standsIn(d device, u User) bool {
	return d.owner == u.Sub && d.Remembered && d.Trusted && d.Epoch == u.Epoch && !p.expired(d)
}

// twoFactors tells whether methods of authentication are two factors. The proof of a remembered device is none of them: no device is
// remembered because another one is.
func twoFactors(amr []string) bool { return reaches(acrOf(amr), ACRMultiFactor) }

// tracksDevices tells whether a sign-in can have a device: not one by the server of an application, and not one at the hosted pages, whose
// browsers are never remembered.
func (p *Pool) tracksDevices(s *signIn) bool {
	return p.settings.Devices.Track && !s.Admin && s.Result == ResultTokens
}

// asksDevice tells whether the challenge of a sign-in wants the device that it was begun with to be proved.
func (s *signIn) asksDevice() bool {
	return slices.Contains([]ChallengeName{ChallengeDeviceSRPAuth, ChallengeDevicePassword}, s.Challenge)
}

// deviceInsteadOfMFA tells whether a sign-in, which needs a second factor, may prove the device that it named instead. A key that is not
// known, forgotten, expired or another user's is passed over: the person is asked for the second factor as if no key had been sent, where
// Cognito fails. The device replaces the second factor only, after a password or a custom challenge: what is sent to a device, or kept in
// it, would make it both factors.
func (p *Pool) deviceInsteadOfMFA(ctx context.Context, s *signIn) (bool, error) {
	if !s.byPassword() && s.Flow != CustomAuth {
		return false, nil
	}
	_, err := p.standingDevice(ctx, s)
	if errors.Is(err, ResourceNotFound) {
		return false, nil
	}
	return err == nil, err
}

// standingDevice returns the device that a sign-in named, if it can stand in for the second factor; otherwise ResourceNotFound.
func (p *Pool) standingDevice(ctx context.Context, s *signIn) (device, error) {
	d, err := p.deviceOf(ctx, s.user.Sub, s.DeviceKey)
	if err == nil && (!p.standsIn(d, s.user) || !p.tracksDevices(s) || !p.settings.Devices.ChallengeRequiredOnNewDevice) {
		return device{}, deviceNotFound()
	}
	return d, err
}

// answerDeviceSRPA answers the challenge DEVICE_SRP_AUTH, which wants the client's half. The error is ResourceNotFound for a device that was
// forgotten in the meantime, or is not the one that the sign-in named; the SDKs then drop their key and begin again.
func (p *Pool) answerDeviceSRPA(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	d, v, err := p.deviceToProve(ctx, s, r)
	if err != nil {
		return nil, err
	}
	parameters, err := p.serverHalf(s, v, d.key, r.SRPA)
	if err != nil {
		return nil, err
	}
	return p.challenge(ctx, s, &Challenge{Name: ChallengeDevicePassword, Username: s.user.Sub, SRP: parameters})
}

// deviceToProve returns the device that a response names and its verifier, if it is still the one that the sign-in named, and stands.
func (p *Pool) deviceToProve(ctx context.Context, s *signIn, r ChallengeResponse) (device, srp.Verifier, error) {
	if r.DeviceKey != s.DeviceKey {
		return device{}, srp.Verifier{}, deviceNotFound()
	}
	d, err := p.standingDevice(ctx, s)
	if err != nil {
		return device{}, srp.Verifier{}, err
	}
	v, err := p.openVerifier(ctx, d.Verifier, deviceLabel(d))
	return d, v, err
}

// deviceLabel binds the sealed verifier to its device and user.
func deviceLabel(d device) string { return "device/" + d.owner + "/" + d.key }

// answerDeviceSRP answers the challenge DEVICE_PASSWORD_VERIFIER. A wrong proof ends the sign-in, as there is no other try with the same
// secret; the client begins again without DeviceKey, and the person is asked for the second factor.
func (p *Pool) answerDeviceSRP(ctx context.Context, s *signIn, r ChallengeResponse) (*AuthOutcome, error) {
	if err := p.countProof(ctx, s); err != nil {
		return nil, err
	}
	d, v, err := p.deviceToProve(ctx, s, r)
	if err != nil {
		return nil, err
	}
	right, err := p.claimed(s, v, d.Group, d.key, r)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, fail(NotAuthorized, "The device did not prove that it is the one that is remembered. Please sign in again without it.")
	}
	s.SRP, s.Device, s.MFADone = nil, d.key, true
	// Neither "mfa" nor a key of WebAuthn: the second factor was proved then, and not now, and what keeps the secret is not known.
	s.proved(p.now(), amrDevice)
	return p.advance(ctx, s)
}

// signInDevice notes the device of a sign-in that is done, or names a new one if the pool does not know it: in s.DeviceKey, and in the result
// if it is new. Nothing is stored of a new device until ConfirmDevice.
func (p *Pool) signInDevice(ctx context.Context, s *signIn) (*NewDeviceMetadata, error) {
	key := s.DeviceKey
	if s.Device != "" {
		key = s.Device
	}
	s.DeviceKey = ""
	if !p.tracksDevices(s) {
		return nil, nil
	}
	d, err := p.deviceOf(ctx, s.user.Sub, key)
	known := err == nil && !p.expired(d)
	switch {
	case err != nil && !errors.Is(err, ResourceNotFound):
		return nil, err
	case s.Device != "" && (!known || !p.standsIn(d, s.user)): // forgotten at this very moment: what it proved is void
		return nil, deviceNotFound()
	case known && !p.replaceable(s, d):
		s.DeviceKey = key
		return nil, p.noteDevice(ctx, s, key)
	case err == nil:
		if err := p.deleteDevice(ctx, key); err != nil && !errors.Is(err, ResourceNotFound) {
			return nil, err
		}
	}
	if s.DeviceKey, err = p.newDeviceKey(); err != nil {
		return nil, err
	}
	group, err := p.deviceGroup(ctx, s.user.Sub)
	return &NewDeviceMetadata{DeviceKey: s.DeviceKey, DeviceGroupKey: group}, err
}

// replaceable tells whether a new key is worth more than the one that the sign-in named: the device is remembered, but for a reason that no
// longer counts, and the person has just proved two factors.
func (p *Pool) replaceable(s *signIn, d device) bool {
	return p.settings.Devices.ChallengeRequiredOnNewDevice && d.Remembered && !p.standsIn(d, s.user) && twoFactors(s.AMR)
}

// noteDevice notes the use of a device by a sign-in.
func (p *Pool) noteDevice(ctx context.Context, s *signIn, key string) error {
	return p.changeDevice(ctx, s.user.Sub, key, func(d *device) {
		d.LastUsed, d.IPAddress, d.UserAgent = p.now(), s.Context.address(), s.Context.agent()
	})
}

// endIfForgotten ends a session that was begun from a device which was forgotten meanwhile: ForgetDevice did not see it.
func (p *Pool) endIfForgotten(ctx context.Context, s *signIn, sessionID string) error {
	if s.DeviceKey == "" {
		return nil
	}
	_, err := p.deviceOf(ctx, s.user.Sub, s.DeviceKey)
	if errors.Is(err, ResourceNotFound) {
		return errors.Join(err, p.endSession(ctx, sessionID))
	}
	return err
}

// ofOtherDevice tells whether a client that renews tokens names another device than the one that the session was begun from.
func (s Session) ofOtherDevice(key string) bool {
	return key != "" && s.DeviceKey != "" && key != s.DeviceKey
}

// deleteDevice deletes the record of a device, or returns ResourceNotFound.
func (p *Pool) deleteDevice(ctx context.Context, key string) error {
	err := p.store.DeleteRecord(ctx, p.id, recordDevice, key)
	if errors.Is(err, ErrNotFound) {
		return deviceNotFound()
	}
	return unavailable("deleting a device", err)
}

// makeRoomForDevice deletes the devices of a user that have expired, and then as many as it takes to have room for one more: first those that
// are not remembered, the one that was used least recently before others.
func (p *Pool) makeRoomForDevice(ctx context.Context, sub string) error {
	records, err := p.store.ListRecords(ctx, p.id, recordDevice, sub, "", 2*maxDevices)
	if err != nil {
		return unavailable("listing devices", err)
	}
	var devices []device
	for _, r := range records {
		d, err := decodeDevice(r)
		if err != nil {
			return err
		}
		devices = append(devices, d)
	}
	slices.SortFunc(devices, func(a, b device) int {
		if rank := rankOf(p.expired(b), b) - rankOf(p.expired(a), a); rank != 0 {
			return rank
		}
		return a.LastUsed.Compare(b.LastUsed)
	})
	for i, d := range devices {
		if !p.expired(d) && len(devices)-i < maxDevices {
			return nil
		}
		if err := p.deleteDevice(ctx, d.key); err != nil && !errors.Is(err, ResourceNotFound) {
			return err
		}
	}
	return nil
}

// rankOf is how soon a device goes.
func rankOf(expired bool, d device) int {
	switch {
	case expired:
		return 2
	case !d.Remembered:
		return 1
	}
	return 0
}

// deviceNotFound has the text that the SDKs of Cognito look for before they drop their key.
func deviceNotFound() error { return fail(ResourceNotFound, "Device does not exist.") }
