package sqlstore

import (
	"time"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
)

// The JSON in credentials_json and details_json. What is empty is left out, and a column of nothing else is empty itself, as it is where a
// process of an earlier release wrote the row. Times are as in the columns of times, and left out if zero.
type (
	credentialsJSON struct {
		Pending          map[string]string        `json:"pending,omitempty"`
		PasswordHistory  []string                 `json:"password_history,omitempty"`
		PasswordChanged  *int64                   `json:"password_changed,omitempty"`
		PasswordExpires  *int64                   `json:"password_expires,omitempty"`
		SRPVerifier      []byte                   `json:"srp_verifier,omitempty"`
		SoftwareToken    *softwareTokenJSON       `json:"software_token,omitempty"`
		NewSoftwareToken *softwareTokenJSON       `json:"new_software_token,omitempty"`
		MFA              []userpool.ChallengeName `json:"mfa,omitempty"`
		PreferredMFA     userpool.ChallengeName   `json:"preferred_mfa,omitempty"`
		RecoveryCodes    [][]byte                 `json:"recovery_codes,omitempty"`
		Passkeys         []passkeyJSON            `json:"passkeys,omitempty"`
		Identities       []identityJSON           `json:"identities,omitempty"`
	}
	softwareTokenJSON struct {
		Secret   []byte `json:"secret,omitempty"`
		Name     string `json:"name,omitempty"`
		LastStep int64  `json:"last_step,omitempty"`
		Created  *int64 `json:"created,omitempty"`
	}
	passkeyJSON struct {
		ID             []byte   `json:"id"`
		PublicKey      []byte   `json:"public_key,omitempty"`
		SignCount      uint32   `json:"sign_count,omitempty"`
		AAGUID         []byte   `json:"aaguid,omitempty"`
		Transports     []string `json:"transports,omitempty"`
		UserVerified   bool     `json:"user_verified,omitempty"`
		BackupEligible bool     `json:"backup_eligible,omitempty"`
		BackedUp       bool     `json:"backed_up,omitempty"`
		Name           string   `json:"name,omitempty"`
		Created        *int64   `json:"created,omitempty"`
		LastUsed       *int64   `json:"last_used,omitempty"`
	}
	identityJSON struct {
		Provider string `json:"provider"`
		Subject  string `json:"subject"`
		Linked   *int64 `json:"linked,omitempty"`
	}
	detailsJSON struct {
		AMR       []string `json:"amr,omitempty"`
		DeviceKey string   `json:"device_key,omitempty"`
		IPAddress string   `json:"ip_address,omitempty"`
		UserAgent string   `json:"user_agent,omitempty"`

		ProviderSession []byte `json:"provider_session,omitempty"`
	}
)

// encodeCredentials returns what is stored in credentials_json, or the earlier error.
func encodeCredentials(u userpool.User, earlier error) (string, error) {
	if noCredentials(u) {
		return "", earlier
	}
	c := credentialsJSON{
		Pending: u.Pending, PasswordHistory: u.PasswordHistory,
		PasswordChanged: unlessZero(u.PasswordChanged), PasswordExpires: unlessZero(u.PasswordExpires), SRPVerifier: u.SRPVerifier,
		SoftwareToken: encodeSoftwareToken(u.SoftwareToken), NewSoftwareToken: encodeSoftwareToken(u.NewSoftwareToken),
		MFA: u.MFA, PreferredMFA: u.PreferredMFA, RecoveryCodes: u.RecoveryCodes,
	}
	for _, k := range u.Passkeys {
		c.Passkeys = append(c.Passkeys, passkeyJSON{
			ID: k.ID, PublicKey: k.PublicKey, SignCount: k.SignCount, AAGUID: k.AAGUID, Transports: k.Transports,
			UserVerified: k.UserVerified, BackupEligible: k.BackupEligible, BackedUp: k.BackedUp, Name: k.Name,
			Created: unlessZero(k.Created), LastUsed: unlessZero(k.LastUsed),
		})
	}
	for _, i := range u.Identities {
		c.Identities = append(c.Identities, identityJSON{i.Provider, i.Subject, unlessZero(i.Linked)})
	}
	return encode(c, earlier)
}

// noCredentials reports, for most users, that there is nothing to encode.
func noCredentials(u userpool.User) bool {
	return len(u.Pending)+len(u.PasswordHistory)+len(u.SRPVerifier)+len(u.MFA)+len(u.RecoveryCodes)+len(u.Passkeys)+len(u.Identities) == 0 &&
		u.PasswordChanged.IsZero() && u.PasswordExpires.IsZero() && u.SoftwareToken == nil && u.NewSoftwareToken == nil && u.PreferredMFA == ""
}

// decodeCredentials is the inverse of encodeCredentials, for a column that is not empty.
func decodeCredentials(u *userpool.User, text string, earlier error) error {
	var c credentialsJSON
	if err := decode(text, &c, earlier); err != nil {
		return err
	}
	u.Pending, u.PasswordHistory, u.SRPVerifier = c.Pending, c.PasswordHistory, c.SRPVerifier
	u.PasswordChanged, u.PasswordExpires = orZero(c.PasswordChanged), orZero(c.PasswordExpires)
	u.SoftwareToken, u.NewSoftwareToken = decodeSoftwareToken(c.SoftwareToken), decodeSoftwareToken(c.NewSoftwareToken)
	u.MFA, u.PreferredMFA, u.RecoveryCodes = c.MFA, c.PreferredMFA, c.RecoveryCodes
	for _, k := range c.Passkeys {
		u.Passkeys = append(u.Passkeys, userpool.Passkey{
			ID: k.ID, PublicKey: k.PublicKey, SignCount: k.SignCount, AAGUID: k.AAGUID, Transports: k.Transports,
			UserVerified: k.UserVerified, BackupEligible: k.BackupEligible, BackedUp: k.BackedUp, Name: k.Name,
			Created: orZero(k.Created), LastUsed: orZero(k.LastUsed),
		})
	}
	for _, i := range c.Identities {
		u.Identities = append(u.Identities, userpool.FederatedIdentity{Provider: i.Provider, Subject: i.Subject, Linked: orZero(i.Linked)})
	}
	return nil
}

func encodeSoftwareToken(t *userpool.SoftwareToken) *softwareTokenJSON {
	if t == nil {
		return nil
	}
	return &softwareTokenJSON{Secret: t.Secret, Name: t.Name, LastStep: t.LastStep, Created: unlessZero(t.Created)}
}

func decodeSoftwareToken(t *softwareTokenJSON) *userpool.SoftwareToken {
	if t == nil {
		return nil
	}
	return &userpool.SoftwareToken{Secret: t.Secret, Name: t.Name, LastStep: t.LastStep, Created: orZero(t.Created)}
}

// encodeDetails returns what is stored in details_json, or the earlier error.
func encodeDetails(v userpool.Session, earlier error) (string, error) {
	if len(v.AMR) == 0 && v.DeviceKey == "" && v.IPAddress == "" && v.UserAgent == "" && v.ProviderSession == nil {
		return "", earlier
	}
	return encode(detailsJSON{
		AMR: v.AMR, DeviceKey: v.DeviceKey, IPAddress: v.IPAddress, UserAgent: v.UserAgent, ProviderSession: v.ProviderSession,
	}, earlier)
}

// decodeDetails is the inverse of encodeDetails, for a column that is not empty.
func decodeDetails(v *userpool.Session, text string, earlier error) error {
	var d detailsJSON
	if err := decode(text, &d, earlier); err != nil {
		return err
	}
	v.AMR, v.DeviceKey, v.IPAddress, v.UserAgent, v.ProviderSession = d.AMR, d.DeviceKey, d.IPAddress, d.UserAgent, d.ProviderSession
	return nil
}

func unlessZero(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(sqlkit.Micros(t))
}

func orZero(micros *int64) time.Time {
	if micros == nil {
		return time.Time{}
	}
	return sqlkit.Time(*micros)
}
