package passkey

import (
	"bytes"
	"context"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/stepwell/stepwell/userpool"
)

// BeginAuthentication returns the options for navigator.credentials.get. allowed, at most 64, are the passkeys that will do; with none,
// the authenticator offers those that it has for the RP ID, and the answer tells whose it is (discoverable credentials). With
// requireUserVerification, or Config.RequireUserVerification, an answer of an authenticator that did not verify the person is refused.
func (p *RelyingParty) BeginAuthentication(ctx context.Context, allowed []userpool.Passkey, requireUserVerification bool) (options, pending []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	list, err := descriptors(allowed)
	if err != nil {
		return nil, nil, err
	}
	challenge, err := p.challenge()
	if err != nil {
		return nil, nil, err
	}
	requireUV := requireUserVerification || p.requireUV
	kept := p.begin(get, challenge, requireUV)
	kept.Allowed = allow(allowed)
	return encode(requestOptions{
		Challenge: challenge, Timeout: ceremonyTime.Milliseconds(), RPID: p.rpID, AllowCredentials: list, UserVerification: verification(requireUV),
	}, kept)
}

// Credential returns the credential ID, 1 to 1,023 bytes, and the user handle, 1 to 64 bytes or nil, of an AuthenticationResponseJSON. It
// verifies nothing: what it returns is good for looking up a user whose passkeys FinishAuthentication then verifies the answer against.
func (p *RelyingParty) Credential(response []byte) (id, userHandle []byte, err error) {
	answer, err := readAuthentication(response)
	if err != nil {
		return nil, nil, err
	}
	return answer.id, answer.userHandle, nil
}

// FinishAuthentication verifies an AuthenticationResponseJSON (Level 3, 7.2) against the passkeys of the user, and returns the one that
// signed, with SignCount, UserVerified and BackedUp as they are now; the rest is as it was given. What was refused is an *Error.
//
// The user handle, if the authenticator gives it, must be the user's; in a ceremony without a list of allowed passkeys it must be given.
func (p *RelyingParty) FinishAuthentication(ctx context.Context, user userpool.PasskeyUser, pending, response []byte) (userpool.Passkey, error) {
	if err := ctx.Err(); err != nil {
		return userpool.Passkey{}, err
	}
	if err := checkUser(user); err != nil {
		return userpool.Passkey{}, err
	}
	kept, err := p.resume(pending, get)
	if err != nil {
		return userpool.Passkey{}, err
	}
	answer, err := readAuthentication(response)
	if err != nil {
		return userpool.Passkey{}, err
	}
	at := slices.IndexFunc(user.Passkeys, func(k userpool.Passkey) bool { return bytes.Equal(k.ID, answer.id) })
	switch {
	case !kept.allows(answer.id):
		return userpool.Passkey{}, refuse(ErrUnknownCredential, "the credential is not among those that were allowed")
	case at < 0:
		return userpool.Passkey{}, refuse(ErrUnknownCredential, "the user has no such credential")
	case answer.userHandle == nil && len(kept.Allowed) == 0:
		return userpool.Passkey{}, refuse(ErrRefused, "the user handle is missing, in a ceremony that is to find out who the user is")
	case answer.userHandle != nil && !bytes.Equal(answer.userHandle, user.Handle):
		return userpool.Passkey{}, refuse(ErrRefused, "the user handle is that of another user")
	}
	if err := p.checkClientData(answer.clientDataJSON, get, kept.Challenge); err != nil {
		return userpool.Passkey{}, err
	}
	return contained(func() (userpool.Passkey, error) { return p.assert(user.Passkeys[at].Clone(), kept, answer) })
}

// assert has the library verify the signature, and judges flags and counter.
func (p *RelyingParty) assert(passkey userpool.Passkey, kept pending, answer response) (userpool.Passkey, error) {
	key, err := checkKey(passkey.PublicKey)
	if err != nil {
		return userpool.Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer.forLibrary())
	if err != nil {
		return userpool.Passkey{}, library("reading the answer", err)
	}
	data := parsed.Response.AuthenticatorData
	if err := checkFlags(data.Flags, kept.UserVerification); err != nil {
		return userpool.Passkey{}, err
	}
	err = parsed.Verify(encoded(kept.Challenge), p.rpID, "", p.origins, nil, p.topOrigins, protocol.TopOriginExplicitVerificationMode,
		len(p.topOrigins) > 0, kept.UserVerification, true, key, protocol.SignaturePolicy{})
	if err != nil {
		return userpool.Passkey{}, library("verifying the answer", err)
	}
	if data.Flags.HasBackupEligible() != passkey.BackupEligible {
		return userpool.Passkey{}, refuse(ErrRefused, "the flag BE is not as it was at the registration, and never changes")
	}
	// Of an authenticator that counts, each signature has a greater number than all before it (Level 3, 6.1.1).
	if (data.Counter != 0 || passkey.SignCount != 0) && data.Counter <= passkey.SignCount {
		return userpool.Passkey{}, refuse(ErrCloned, "the signature counter is %d, after %d", data.Counter, passkey.SignCount)
	}
	passkey.SignCount = data.Counter
	passkey.UserVerified = data.Flags.HasUserVerified()
	passkey.BackedUp = data.Flags.HasBackupState()
	return passkey, nil
}
