package userpool

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/passwordhash"
	"github.com/stepwell/stepwell/userpool/internal/srp"
	"github.com/stepwell/stepwell/userpool/internal/totp"
)

// userDraft is the user of a line, without what is sealed for a sub.
type userDraft struct {
	user User
	// id is what the user is found by first, and name the identifier of the Username, for one that is not the sub.
	id, name Identifier
	// ownSub tells that the line has the sub.
	ownSub bool
	// created is that of the line.
	created time.Time
	token   []byte
	srp     *srp.Verifier
	groups  []string
}

const (
	maxHistory     = 24
	maxTokenSecret = 64
	maxLineGroups  = 1000
)

// draftUser checks a line, and makes the user that it describes.
func (p *Pool) draftUser(ctx context.Context, line *userLine, in ImportUsersInput) (userDraft, error) {
	if line.Sub != "" && !uuidPattern.MatchString(line.Sub) {
		return userDraft{}, lineFault("sub", "The sub is not a UUID in small letters.")
	}
	if line.Sub == "" && in.ImportID == "" {
		return userDraft{}, lineFault("sub", "The line has no sub: give one, or an ImportID that subs are made of.")
	}
	d := userDraft{user: User{Sub: line.Sub, Enabled: line.Enabled == nil || *line.Enabled}, ownSub: line.Sub != "", created: line.Created}
	for _, step := range []func(*userDraft, *userLine) error{
		p.draftIdentities, p.draftAttributes, p.draftName, p.draftTimes,
		func(d *userDraft, line *userLine) error { return draftPassword(d, line, in.Firebase) },
		p.draftStatus, p.draftFactors, p.draftPasskeys, draftGroups,
	} {
		if err := step(&d, line); err != nil {
			return userDraft{}, err
		}
	}
	if !d.ownSub {
		mac, err := p.mac(ctx, "import-users", in.ImportID, d.id.Kind, d.id.Value)
		if err != nil {
			return userDraft{}, err
		}
		d.user.Sub = formatUUID([16]byte(mac))
		if d.user.Username == "" {
			d.user.Username = d.user.Sub
		}
	}
	var err error
	if d.user.Identifiers, err = p.settings.identifiers(d.user); err != nil {
		return userDraft{}, err
	}
	return d, nil
}

func (p *Pool) draftIdentities(d *userDraft, line *userLine) error {
	for _, identity := range line.Identities {
		if _, found := p.provider(identity.Provider); !found {
			return lineFault("identities", "This pool has no provider %q.", printable(identity.Provider))
		}
		if err := checkSubject(identity.Subject); err != nil {
			return lineFault("identities", "A subject is empty, longer than 512 bytes, or has control characters.")
		}
		id := Identifier{IdentifierFederated, identity.Provider + " " + identity.Subject}
		if slices.Contains(d.user.Identifiers, id) {
			return lineFault("identities", "An identity stands twice.")
		}
		d.user.Identifiers = append(d.user.Identifiers, id)
		if identity.Linked.IsZero() {
			identity.Linked = line.Created
		}
		if err := p.checkPast("identities", &identity.Linked); err != nil {
			return err
		}
		d.user.Identities = append(d.user.Identities, FederatedIdentity(identity))
	}
	return nil
}

func (p *Pool) draftAttributes(d *userDraft, line *userLine) (err error) {
	plain := func(in map[string]lineAttribute) map[string]string {
		out := map[string]string{}
		for name, value := range in {
			if value != "" {
				out[name] = string(value)
			}
		}
		return out
	}
	if d.user.Attributes, err = p.settings.checkAttributes(plain(line.Attributes), writtenByAdmin, nil); err != nil {
		return err
	}
	for name := range line.PendingAttributes {
		if !slices.Contains(addressAttributes, name) {
			return lineFault("pending_attributes", "Only email and phone_number can be pending.")
		}
	}
	d.user.Pending, err = p.settings.checkAttributes(plain(line.PendingAttributes), writtenByAdmin, nil)
	return err
}

// draftName finds out what the user signs in with.
func (p *Pool) draftName(d *userDraft, line *userLine) error {
	s, u, typed := p.settings, &d.user, line.Username
	if typed == "" && line.SignInWith == nil && len(line.Identities) > 0 && line.PasswordHash == "" && line.FirebasePassword == nil {
		typed = line.Identities[0].Provider + "_" + line.Identities[0].Subject
	}
	for _, identity := range line.Identities {
		if typed == identity.Provider+"_"+identity.Subject {
			u.Username = typed
			d.id = Identifier{IdentifierFederated, identity.Provider + " " + identity.Subject}
			d.name = d.id
			return nil
		}
	}
	if typed == u.Sub && typed != "" {
		typed = ""
		if s.choosesNames() {
			u.Username, d.id = u.Sub, Identifier{identifySub, u.Sub}
			return nil
		}
	}
	switch {
	case s.choosesNames() && line.SignInWith != nil:
		return lineFault("sign_in_with", "People choose a user name in this pool: leave sign_in_with out.")
	case line.SignInWith != nil:
		return p.draftAddresses(d, line, typed)
	case s.choosesNames() || typed == "" || strings.Contains(typed, "@") || strings.HasPrefix(typed, "+"):
		id, err := p.nameImported(u, typed)
		if d.id = id; u.Username != u.Sub {
			d.name = id
		}
		return err
	}
	// A name that was chosen elsewhere stays the Username; people sign in with their address.
	id, err := p.nameImported(u, "")
	if err == nil {
		d.id = id
		err = d.keepName(typed)
	}
	return err
}

// keepName keeps a chosen name in a pool where people sign in with addresses.
func (d *userDraft) keepName(typed string) error {
	id, err := Settings{UsernameAttributes: []string{"username"}}.parseUsername(typed)
	if err != nil {
		return err
	}
	if id.Kind != IdentifierUsername {
		return lineFault("username", "This cannot be a user name: it looks like an identifier.")
	}
	d.user.Username, d.name = strings.Trim(typed, " "), id
	return nil
}

// draftAddresses makes the addresses that an export names the names of the user.
func (p *Pool) draftAddresses(d *userDraft, line *userLine, typed string) error {
	u := &d.user
	for _, name := range addressAttributes {
		if u.Attributes[verifiedAttribute(name)] == "true" && u.Attributes[name] == "" {
			return lineFault(verifiedAttribute(name), "There is no such address that could be verified.")
		}
	}
	for i, name := range line.SignInWith {
		if !slices.Contains(p.settings.UsernameAttributes, name) || u.Attributes[name] == "" || slices.Contains(line.SignInWith[:i], name) {
			return lineFault("sign_in_with", "The user has no attribute %q that people sign in with here, or it stands twice.", printable(name))
		}
		u.Identifiers = append(u.Identifiers, addressIdentifier(name, u.Attributes[name]))
	}
	u.Username = u.Sub
	switch {
	case len(line.SignInWith) > 0:
		d.id = addressIdentifier(line.SignInWith[0], u.Attributes[line.SignInWith[0]])
	case u.Sub == "":
		return lineFault("sign_in_with", "A user who has nothing to sign in with needs a sub.")
	default:
		d.id = Identifier{identifySub, u.Sub}
	}
	if typed == "" || slices.Contains(u.Identifiers, Identifier{IdentifierEmail, typed}) || slices.Contains(u.Identifiers, Identifier{IdentifierPhone, typed}) {
		return nil
	}
	return d.keepName(typed)
}

func (p *Pool) draftTimes(d *userDraft, line *userLine) error {
	u := &d.user
	u.Created, u.Modified = line.Created, line.Modified
	if err := p.checkPast("created", &u.Created); err != nil {
		return err
	}
	if err := p.checkPast("modified", &u.Modified); err != nil {
		return err
	}
	if u.PasswordChanged = line.PasswordChanged; !u.PasswordChanged.IsZero() {
		if err := p.checkPast("password_changed", &u.PasswordChanged); err != nil {
			return err
		}
	}
	u.PasswordExpires = line.PasswordExpires
	return nil
}

func draftPassword(d *userDraft, line *userLine, firebase *FirebaseScrypt) (err error) {
	u := &d.user
	if u.PasswordHash, err = checkHash(line.PasswordHash, nil); err != nil {
		return err
	}
	switch f := line.FirebasePassword; {
	case f == nil:
	case u.PasswordHash != "":
		return lineFault("firebase_password", "The line has password_hash as well.")
	case firebase == nil:
		return lineFault("firebase_password", "The import has no parameters of Firebase: set ImportUsersInput.Firebase.")
	default:
		if u.PasswordHash, err = f.encode(*firebase); err != nil {
			return err
		}
	}
	if len(line.PasswordHistory) > maxHistory {
		return lineFault("password_history", "There are more than %d hashes.", maxHistory)
	}
	for _, hash := range line.PasswordHistory {
		if hash, err = checkHash(hash, nil); err != nil || hash == "" {
			return lineFault("password_history", "A hash is none of a supported form.")
		}
		u.PasswordHistory = append(u.PasswordHistory, hash)
	}
	return nil
}

// encode returns the hash in the form that the pool stores.
func (f firebaseLine) encode(c FirebaseScrypt) (string, error) {
	salt, ok1 := decodeBase64(f.Salt)
	hash, ok2 := decodeBase64(f.Hash)
	if !ok1 || !ok2 {
		return "", lineFault("firebase_password", "The hash or the salt is not base64.")
	}
	encoded, err := passwordhash.FirebaseConfig(c).Encode(salt, hash)
	if err != nil {
		return "", lineFault("firebase_password", "%s", sentence(err))
	}
	return encoded, nil
}

// decodeBase64 reads both alphabets of RFC 4648, with or without padding: exports of Firebase have either.
func decodeBase64(text string) ([]byte, bool) {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	out, err := base64.RawStdEncoding.DecodeString(text)
	return out, err == nil && !strings.ContainsAny(text, "\r\n")
}

func (p *Pool) draftStatus(d *userDraft, line *userLine) error {
	u := &d.user
	u.Status = line.Status
	switch u.Status {
	case StatusUnconfirmed, StatusConfirmed, StatusForceChangePassword, StatusResetRequired:
	case StatusExternalProvider:
		if !u.federatedName() {
			return lineFault("status", "A user in EXTERNAL_PROVIDER has an identity, and the user name that is made of it.")
		}
	case "":
		switch {
		case u.PasswordHash != "":
			u.Status = StatusConfirmed
		case u.federatedName():
			u.Status = StatusExternalProvider
		case p.settings.passwordless():
			u.Status = StatusConfirmed
		default:
			u.Status = StatusResetRequired
		}
	default:
		return lineFault("status", "The status %q is not one of CONFIRMED, EXTERNAL_PROVIDER, FORCE_CHANGE_PASSWORD, RESET_REQUIRED, UNCONFIRMED.",
			printable(string(u.Status)))
	}
	return nil
}

func (p *Pool) draftFactors(d *userDraft, line *userLine) error {
	u := &d.user
	if err := p.draftToken(d, line.SoftwareToken); err != nil {
		return err
	}
	if v := line.SRPVerifier; v != nil {
		parsed, err := srp.ParseVerifier(v.Salt, v.Verifier)
		if err != nil {
			return lineFault("srp_verifier", "%s", sentence(err))
		}
		// The verifier is made of the name of the pool and the sub; another one is made at the next sign-in with the password.
		if v.Pool == p.srpGroup() && d.ownSub && p.settings.srp() && u.PasswordHash != "" {
			d.srp = &parsed
		}
	}
	for i, f := range line.MFA {
		has := map[ChallengeName]bool{
			ChallengeSoftwareTokenMFA: u.SoftwareToken != nil,
			ChallengeSMSMFA:           u.Attributes["phone_number"] != "",
			ChallengeEmailOTP:         u.Attributes["email"] != "",
		}
		if !has[f] || slices.Contains(line.MFA[:i], f) {
			return lineFault("mfa", "The user does not have the second factor %q, or it stands twice.", printable(string(f)))
		}
	}
	if line.PreferredMFA != "" && !slices.Contains(line.MFA, line.PreferredMFA) {
		return lineFault("preferred_mfa", "The preferred second factor is not among those of mfa.")
	}
	u.MFA, u.PreferredMFA = line.MFA, line.PreferredMFA
	return nil
}

func (p *Pool) draftToken(d *userDraft, t *softwareTokenLine) error {
	if t == nil {
		return nil
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(t.Secret), "="))
	switch {
	case err != nil || strings.ContainsAny(t.Secret, "\r\n"):
		return lineFault("software_token", "The secret is not base32.")
	case len(secret) < totp.SecretSize || len(secret) > maxTokenSecret:
		return lineFault("software_token", "The secret has %d bits; it must have from %d to %d. Leave software_token out: the user sets up an app again.",
			8*len(secret), 8*totp.SecretSize, 8*maxTokenSecret)
	case checkText("software_token", t.Name) != nil || len([]rune(t.Name)) > 100:
		return lineFault("software_token", "The name has at most 100 characters, and no control characters.")
	case t.LastStep < 0 || t.LastStep > p.now().Add(day).Unix()/int64(totp.Period/time.Second):
		return lineFault("software_token", "The last step is in the future, or negative.")
	}
	d.token = secret
	d.user.SoftwareToken = &SoftwareToken{Name: t.Name, LastStep: t.LastStep, Created: t.Created}
	return p.checkPast("software_token", &d.user.SoftwareToken.Created)
}

func (p *Pool) draftPasskeys(d *userDraft, line *userLine) error {
	u := &d.user
	switch {
	case len(line.Passkeys) > maxPasskeys:
		return lineFault("passkeys", "There are more than %d passkeys.", maxPasskeys)
	case len(line.Passkeys) > 0 && !d.ownSub:
		return lineFault("passkeys", "Passkeys belong to a sub, and the line has none.")
	}
	for _, l := range line.Passkeys {
		k := Passkey(l)
		id := passkeyIdentifier(k.ID)
		switch {
		case len(k.ID) < 1 || len(k.ID) > 1023 || len(k.PublicKey) < 1 || len(k.PublicKey) > 4096 || len(k.AAGUID) != 0 && len(k.AAGUID) != 16:
			return lineFault("passkeys", "A passkey has an id of 1 to 1,023 bytes, a public_key of at most 4,096, and an aaguid of 16 bytes or none.")
		case len(k.Transports) > 10 || len(strings.Join(k.Transports, "")) > 200 || checkText("passkeys", k.Name) != nil || len([]rune(k.Name)) > 100:
			return lineFault("passkeys", "The name of a passkey has at most 100 characters, and its transports are at most 10 words.")
		case slices.Contains(u.Identifiers, id):
			return lineFault("passkeys", "A passkey stands twice.")
		}
		u.Passkeys, u.Identifiers = append(u.Passkeys, k), append(u.Identifiers, id)
	}
	return nil
}

func draftGroups(d *userDraft, line *userLine) error {
	if len(line.Groups) > maxLineGroups {
		return lineFault("groups", "There are more than %d groups.", maxLineGroups)
	}
	d.groups = line.Groups
	return nil
}

// sealDraft returns the user of a draft with this sub, and with what is sealed for it.
func (p *Pool) sealDraft(ctx context.Context, d userDraft, sub string) (u User, err error) {
	u = d.user.Clone()
	if u.SoftwareToken != nil {
		if u.SoftwareToken.Secret, err = p.seal(ctx, d.token, softwareTokenLabel(sub)); err != nil {
			return User{}, err
		}
	}
	if d.srp != nil {
		u.SRPVerifier, err = p.sealVerifier(ctx, *d.srp, "srp/"+sub)
	}
	return u, err
}
