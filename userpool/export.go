package userpool

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/stepwell/stepwell/userpool/internal/totp"
)

// ExportUsersInput says what to export.
type ExportUsersInput struct {
	// InsecureIncludeSecrets adds what proves who the users are: the hashes of their passwords, the secrets of their authenticator apps, and
	// verifiers for SRP. It takes them out from under the keys of the pool. Whoever reads the export can make the codes of every
	// authenticator app, and try passwords as fast as their machines go: encrypt it on its way, and delete it as soon as it is imported.
	InsecureIncludeSecrets bool
}

// ExportUsersOutput counts what was exported.
type ExportUsersOutput struct{ Groups, Users int }

// ExportUsers writes all groups and then all users, each as one line of JSON, for [Pool.ImportUsers] of another pool; see ImportUsersInput
// for the fields. It is no snapshot: a user who is there all the time is written once, as they are at some moment.
//
// What has no meaning outside of the pool is left out: sessions, tokens, remembered devices, codes that were sent, an authenticator app that
// is being set up, and recovery codes, of which the pool keeps nothing that could be read again.
//
// Without InsecureIncludeSecrets, users are exported without a password and without their authenticator app: after an import they set a new
// password, and a user whose second factor was the app has none until they set up another.
//
// The audit trail notes when an export begins and ends. Errors: InvalidParameter if w is nil; ServiceUnavailable, that of w, that of ctx:
// what was written by then is an export of a part.
func (p *Pool) ExportUsers(ctx context.Context, w io.Writer, in ExportUsersInput) (ExportUsersOutput, error) {
	var out ExportUsersOutput
	if w == nil {
		return out, failField(InvalidParameter, "data", "There is nowhere to write an export to.")
	}
	note := func(phase string, err error) {
		p.audit(ctx, AuditEvent{Type: EventImport, Operation: "ExportUsers", Details: map[string]string{
			"phase": phase, "secrets": strconv.FormatBool(in.InsecureIncludeSecrets), "users": strconv.Itoa(out.Users),
		}}, UserContextData{}, err)
	}
	note("start", nil)
	buffer := bufio.NewWriterSize(w, 64<<10)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	write := func(line any, count *int) error {
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("userpool: writing an export: %w", err)
		}
		*count++
		return nil
	}
	err := p.exportGroups(ctx, func(g groupLine) error { return write(g, &out.Groups) })
	if err == nil {
		err = p.eachUser(ctx, func(u User) error {
			line, err := p.exportUser(ctx, u, in)
			if err != nil {
				return err
			}
			return write(line, &out.Users)
		})
	}
	if err == nil {
		if err = buffer.Flush(); err != nil {
			err = fmt.Errorf("userpool: writing an export: %w", err)
		}
	}
	note("end", err)
	return out, err
}

func (p *Pool) exportGroups(ctx context.Context, write func(groupLine) error) error {
	for after := ""; ; {
		groups, err := p.store.ListGroups(ctx, p.id, after, 500)
		if err != nil {
			return unavailable("listing groups", err)
		}
		for _, g := range groups {
			line := groupLine{Type: "group", Name: g.Name, Description: g.Description, RoleARN: g.RoleARN, Precedence: g.Precedence, Created: g.Created}
			if err := write(line); err != nil {
				return err
			}
			after = g.Name
		}
		if len(groups) < 500 {
			return nil
		}
	}
}

// exportUser makes the line of a user.
func (p *Pool) exportUser(ctx context.Context, u User, in ExportUsersInput) (userLine, error) {
	groups, err := p.store.GroupsOf(ctx, p.id, u.Sub)
	if err != nil {
		return userLine{}, unavailable("reading groups", err)
	}
	line := userLine{
		Type: "user", Sub: u.Sub, Status: u.Status, Enabled: &u.Enabled, SignInWith: p.settings.signInWith(u),
		Attributes: lineAttributes(u.Attributes), PendingAttributes: lineAttributes(u.Pending),
		MFA: slices.Clone(u.MFA), PreferredMFA: u.PreferredMFA, Identities: u.identityLines(), Created: u.Created, Modified: u.Modified,
	}
	if u.Username != u.Sub {
		line.Username = u.Username
	}
	for _, g := range groups {
		line.Groups = append(line.Groups, g.Name)
	}
	for _, k := range u.Passkeys {
		line.Passkeys = append(line.Passkeys, passkeyLine(k))
	}
	if in.InsecureIncludeSecrets {
		return line, p.exportSecrets(ctx, u, &line)
	}
	line.MFA = slices.DeleteFunc(line.MFA, func(f ChallengeName) bool { return f == ChallengeSoftwareTokenMFA })
	if line.PreferredMFA == ChallengeSoftwareTokenMFA {
		line.PreferredMFA = ""
	}
	return line, nil
}

// exportSecrets adds what proves who the user is.
func (p *Pool) exportSecrets(ctx context.Context, u User, line *userLine) error {
	line.PasswordHash, line.PasswordHistory = u.PasswordHash, u.PasswordHistory
	line.PasswordChanged, line.PasswordExpires = u.PasswordChanged, u.PasswordExpires
	if t := u.SoftwareToken; t != nil {
		secret, err := p.unseal(ctx, t.Secret, softwareTokenLabel(u.Sub))
		if err != nil {
			return err
		}
		line.SoftwareToken = &softwareTokenLine{Secret: totp.Encode(secret), Name: t.Name, LastStep: t.LastStep, Created: t.Created}
	}
	if len(u.SRPVerifier) > 0 {
		v, err := p.openVerifier(ctx, u.SRPVerifier, "srp/"+u.Sub)
		if err != nil {
			return err
		}
		base64 := base64.StdEncoding.EncodeToString
		line.SRPVerifier = &srpLine{Pool: p.srpGroup(), Salt: base64(v.Salt), Verifier: base64(v.V)}
	}
	return nil
}

// signInWith are the names of the addresses that a user is found by, or nil for who has another name.
func (s Settings) signInWith(u User) []string {
	if s.choosesNames() || u.federatedName() {
		return nil
	}
	names := []string{}
	for _, name := range s.UsernameAttributes {
		if slices.Contains(u.Identifiers, addressIdentifier(name, u.Attributes[name])) {
			names = append(names, name)
		}
	}
	return names
}

// identityLines are the accounts at other providers that find the user.
func (u User) identityLines() (lines []identityLine) {
	for _, id := range u.Identifiers {
		if id.Kind != IdentifierFederated {
			continue
		}
		provider, subject, _ := strings.Cut(id.Value, " ")
		line := identityLine{Provider: provider, Subject: subject}
		for _, identity := range u.Identities {
			if identity.Provider == provider && identity.Subject == subject {
				line.Linked = identity.Linked
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func lineAttributes(in map[string]string) map[string]lineAttribute {
	out := make(map[string]lineAttribute, len(in))
	for name, value := range in {
		out[name] = lineAttribute(value)
	}
	return out
}
