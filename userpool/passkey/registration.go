package passkey

import (
	"bytes"
	"context"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/stepwell/stepwell/userpool"
)

// BeginRegistration returns the options for navigator.credentials.create: keys of ES256, EdDSA or RS256, in that order; a passkey that
// the authenticator can find by itself, if it can have one (residentKey "preferred"); no attestation; five minutes. The passkeys that the
// user has, at most 64, are excluded. An error is one of user or of Config.Rand.
func (p *RelyingParty) BeginRegistration(ctx context.Context, user userpool.PasskeyUser) (options, pending []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := checkUser(user); err != nil {
		return nil, nil, err
	}
	exclude, err := descriptors(user.Passkeys)
	if err != nil {
		return nil, nil, err
	}
	challenge, err := p.challenge()
	if err != nil {
		return nil, nil, err
	}
	out := creationOptions{
		RP:                     rpEntity{ID: p.rpID, Name: p.rpName},
		User:                   userEntity{ID: user.Handle, Name: user.Name, DisplayName: user.DisplayName},
		Challenge:              challenge,
		Timeout:                ceremonyTime.Milliseconds(),
		ExcludeCredentials:     exclude,
		AuthenticatorSelection: authenticatorSelection{ResidentKey: "preferred", UserVerification: verification(p.requireUV)},
		Attestation:            "none",
	}
	for _, algorithm := range algorithms {
		out.PubKeyCredParams = append(out.PubKeyCredParams, parameters{Type: credentialType, Alg: algorithm})
	}
	kept := p.begin(create, challenge, p.requireUV)
	kept.User = user.Handle
	return encode(out, kept)
}

// FinishRegistration verifies a RegistrationResponseJSON (Level 3, 7.1) and returns the passkey: all of it but Name and the times, and
// UserVerified and SignCount as they were. The public key is in the canonical form of CTAP2. AAGUID is what the authenticator says of
// itself; nothing vouches for it.
//
// Attestation was not asked for. A signature with the new key itself (self attestation) is verified if there is one; what would need
// certificates is not looked at.
//
// What was refused is an *Error. Whether another user has a credential of this ID is for the caller to find out (7.1, step 26).
func (p *RelyingParty) FinishRegistration(ctx context.Context, user userpool.PasskeyUser, pending, response []byte) (userpool.Passkey, error) {
	if err := ctx.Err(); err != nil {
		return userpool.Passkey{}, err
	}
	if err := checkUser(user); err != nil {
		return userpool.Passkey{}, err
	}
	kept, err := p.resume(pending, create)
	if err != nil {
		return userpool.Passkey{}, err
	}
	if !bytes.Equal(kept.User, user.Handle) {
		return userpool.Passkey{}, refuse(ErrPending, "it is for another user")
	}
	answer, err := readRegistration(response)
	if err != nil {
		return userpool.Passkey{}, err
	}
	if err := p.checkClientData(answer.clientDataJSON, create, kept.Challenge); err != nil {
		return userpool.Passkey{}, err
	}
	return contained(func() (userpool.Passkey, error) { return p.register(user, kept, answer) })
}

// register has the library verify what checkClientData let through, and judges the rest.
func (p *RelyingParty) register(user userpool.PasskeyUser, kept pending, answer response) (userpool.Passkey, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer.forLibrary())
	if err != nil {
		return userpool.Passkey{}, library("reading the answer", err)
	}
	object := &parsed.Response.AttestationObject
	if err := checkFlags(object.AuthData.Flags, kept.UserVerification); err != nil {
		return userpool.Passkey{}, err
	}
	// The key is looked at before anything is verified with it.
	key, err := checkKey(object.AuthData.AttData.CredentialPublicKey)
	if err != nil {
		return userpool.Passkey{}, err
	}
	if object.Format == "" {
		return userpool.Passkey{}, refuse(ErrMalformed, "the attestation object has no fmt")
	}
	withoutCertificates(object)
	_, err = parsed.Verify(encoded(kept.Challenge), p.rpID, p.origins, nil, p.topOrigins, protocol.TopOriginExplicitVerificationMode,
		len(p.topOrigins) > 0, kept.UserVerification, true, nil, credentialParameters(), protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return userpool.Passkey{}, library("verifying the answer", err)
	}
	data := object.AuthData
	if slices.ContainsFunc(user.Passkeys, func(k userpool.Passkey) bool { return bytes.Equal(k.ID, answer.id) }) {
		return userpool.Passkey{}, refuse(ErrRefused, "the user has a passkey of this credential ID")
	}
	return userpool.Passkey{
		ID: answer.id, PublicKey: key, SignCount: data.Counter, AAGUID: slices.Clone(data.AttData.AAGUID), Transports: answer.transports,
		UserVerified: data.Flags.HasUserVerified(), BackupEligible: data.Flags.HasBackupEligible(), BackedUp: data.Flags.HasBackupState(),
	}, nil
}

// withoutCertificates makes an attestation that needs certificates one that is not there, so that nobody's certificates are parsed. The
// formats "none", which must be empty, and "packed" with just a signature of the key are left for the library to verify.
func withoutCertificates(object *protocol.AttestationObject) {
	format := protocol.AttestationFormat(object.Format)
	_, certificates := object.AttStatement["x5c"]
	_, ecdaa := object.AttStatement["ecdaaKeyId"] // of Level 1
	if format == protocol.AttestationFormatNone || format == protocol.AttestationFormatPacked && !certificates && !ecdaa {
		return
	}
	object.Format, object.AttStatement, object.SubStatements = string(protocol.AttestationFormatNone), nil, nil
}

// checkFlags judges the flags of authenticator data (Level 3, 6.1).
func checkFlags(flags protocol.AuthenticatorFlags, requireUV bool) error {
	switch {
	case !flags.HasUserPresent():
		return refuse(ErrRefused, "nobody was present (the flag UP is 0)")
	case requireUV && !flags.HasUserVerified():
		return refuse(ErrUserVerification, "the authenticator did not verify the person (the flag UV is 0)")
	case flags.HasBackupState() && !flags.HasBackupEligible():
		return refuse(ErrRefused, "the passkey is backed up, and cannot be (the flag BS is 1, BE is 0)")
	}
	return nil
}

func credentialParameters() []protocol.CredentialParameter {
	var out []protocol.CredentialParameter
	for _, algorithm := range algorithms {
		out = append(out, protocol.CredentialParameter{Type: credentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(algorithm)})
	}
	return out
}
