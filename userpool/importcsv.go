package userpool

import (
	"context"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/passwordhash"
	"github.com/stepwell/stepwell/userpool/internal/usercsv"
)

// Columns that are no attributes.
const (
	columnUsername  = "cognito:username"
	columnMFA       = "cognito:mfa_enabled"
	columnUpdatedAt = "updated_at"
	columnHashes    = "stepwell:password_hash"
)

// csvColumns are the columns that every pool has, in Cognito's order.
var csvColumns = []string{
	columnUsername, "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
	"email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address", columnUpdatedAt,
	columnMFA,
}

// GetCSVHeader returns the columns of the CSV file that users of this pool can be imported from: those that Cognito has, and the custom
// attributes. A file may leave out, or put in another order, all but cognito:username where people choose names, and what is required. A job
// with a PasswordHashingAlgorithm has the column stepwell:password_hash besides. See [Pool.StartUserImportJob].
func (p *Pool) GetCSVHeader(context.Context) ([]string, error) {
	header := slices.Clone(csvColumns)
	for _, c := range p.settings.CustomAttributes {
		header = append(header, c.Name)
	}
	return header, nil
}

// csvColumn tells whether a file can have a column.
func (s Settings) csvColumn(name string) bool {
	return name == columnHashes || slices.Contains(csvColumns, name) ||
		slices.ContainsFunc(s.CustomAttributes, func(c CustomAttribute) bool { return c.Name == name })
}

// checkCSVHeader refuses a file in which every row would be wrong.
func (s Settings) checkCSVHeader(rows *usercsv.Reader, algorithm PasswordHashingAlgorithm) error {
	refuse := func(message string) error { return &usercsv.FormatError{Line: 1, Message: message} }
	hashes := rows.Has(columnHashes)
	switch {
	case hashes && algorithm == "":
		return refuse("The header has the column " + columnHashes + ", and the job has no PasswordHashingAlgorithm: make a job that has one.")
	case !hashes && algorithm != "":
		return refuse("The header has no column " + columnHashes + ", and the job has a PasswordHashingAlgorithm.")
	case s.choosesNames() && !rows.Has(columnUsername):
		return refuse("The header has no column " + columnUsername + ".")
	}
	for _, name := range s.RequiredAttributes {
		if !rows.Has(name) && !slices.Contains(s.UsernameAttributes, name) {
			return refuse("The header has no column " + name + ", which is required in this pool.")
		}
	}
	return nil
}

// importRow makes the user of a row. Row, job and data together have one sub: whoever finds that it is there has made the user before.
func (p *Pool) importRow(ctx context.Context, job UserImportJob, row usercsv.Row) error {
	if row.Fault != nil {
		return failField(InvalidParameter, row.Fault.Column, "%s", row.Fault.Message)
	}
	mac, err := p.mac(ctx, "import", job.JobID, strconv.Itoa(row.Line), hex.EncodeToString(row.Sum[:]))
	if err != nil {
		return err
	}
	u, id, err := p.userOfRow(row.Values, formatUUID([16]byte(mac)), job.PasswordHashingAlgorithm)
	if err != nil {
		return inColumn(err)
	}
	holder, taken, err := p.addImported(ctx, u, id)
	if err != nil || !taken || holder.Sub == u.Sub {
		return err
	}
	return inColumn(p.nameTaken(holder, u, id))
}

// inColumn names the column that an input is called.
func inColumn(err error) error {
	if codeOf(err) != "" && fieldOf(err) == "username" {
		return inField(err, columnUsername)
	}
	return err
}

// userOfRow makes the user of a row, who is not stored yet, and the identifier that is the user's name.
func (p *Pool) userOfRow(row map[string]string, sub string, algorithm PasswordHashingAlgorithm) (User, Identifier, error) {
	attributes, modified, err := p.settings.attributesOfRow(row)
	if err != nil {
		return User{}, Identifier{}, err
	}
	if strings.ContainsAny(row[columnUsername], " \t") {
		return User{}, Identifier{}, failField(InvalidParameter, columnUsername, "A user name has no spaces.")
	}
	now := p.now()
	u := User{Sub: sub, Status: StatusResetRequired, Enabled: true, Attributes: attributes, Created: now, Modified: now}
	if !modified.IsZero() && modified.Before(now) {
		u.Modified = modified
	}
	id, err := p.nameImported(&u, row[columnUsername])
	if err != nil {
		return User{}, Identifier{}, err
	}
	for _, name := range p.settings.RequiredAttributes {
		if u.Attributes[name] == "" {
			return User{}, Identifier{}, failField(InvalidParameter, name, "The %s is required.", name)
		}
	}
	if u.PasswordHash, err = checkHash(row[columnHashes], hashForms[algorithm]); err != nil {
		return User{}, Identifier{}, inField(err, columnHashes)
	}
	if u.PasswordHash != "" {
		u.Status = StatusConfirmed
	}
	if err := p.mfaOfRow(&u, row[columnMFA]); err != nil {
		return User{}, Identifier{}, err
	}
	if err := p.wantVerified(u); err != nil {
		return User{}, Identifier{}, err
	}
	u.Identifiers, err = p.settings.identifiers(u)
	return u, id, err
}

// attributesOfRow returns the attributes in their canonical form, and the time of updated_at.
func (s Settings) attributesOfRow(row map[string]string) (attributes map[string]string, modified time.Time, err error) {
	given := map[string]string{}
	bad := func(column, want string) (map[string]string, time.Time, error) {
		return nil, time.Time{}, failField(InvalidParameter, column, "The value must be %s.", want)
	}
	for _, column := range slices.Sorted(maps.Keys(row)) {
		value, ok := row[column], true
		if value == "" {
			continue
		}
		switch column {
		case columnUsername, columnMFA, columnHashes:
			continue
		case columnUpdatedAt:
			if modified, ok = usercsv.Epoch(value); !ok {
				return bad(column, "a whole number of seconds since 1970")
			}
			continue
		case "email_verified", "phone_number_verified":
			verified, ok := usercsv.Boolean(value)
			if !ok {
				return bad(column, "TRUE or FALSE")
			}
			value = strconv.FormatBool(verified)
		case "birthdate":
			if value, ok = usercsv.Birthdate(value); !ok {
				return bad(column, "a date in the form mm/dd/yyyy")
			}
		}
		given[column] = value
	}
	attributes, err = s.checkAttributes(given, writtenByAdmin, nil)
	return attributes, modified, err
}

// checkHash returns a password hash that can be verified, in one of the forms; no forms mean any.
func checkHash(hash string, forms []string) (string, error) {
	if hash == "" {
		return "", nil
	}
	if _, err := passwordhash.Parse(hash); err != nil {
		return "", failField(InvalidParameter, "password_hash", "%s", sentence(err))
	}
	if len(forms) > 0 && !slices.ContainsFunc(forms, func(form string) bool { return strings.HasPrefix(hash, form) }) {
		return "", failField(InvalidParameter, "password_hash", "The hash is not one of the job's PasswordHashingAlgorithm.")
	}
	return hash, nil
}

// mfaOfRow switches on what cognito:mfa_enabled asks for.
func (p *Pool) mfaOfRow(u *User, value string) error {
	on, ok := usercsv.Boolean(value)
	bad := func(message string) error { return failField(InvalidParameter, columnMFA, "%s", message) }
	sms := slices.Contains(p.settings.MFAFactors, ChallengeSMSMFA) && u.Attributes["phone_number_verified"] == "true"
	switch {
	case !ok:
		return bad("The value must be TRUE or FALSE.")
	case on && p.settings.MFA == MFAOff:
		return bad("The value must be FALSE: this pool has no second factors.")
	case !on && value != "" && p.settings.MFA == MFARequired:
		return bad("The value must be TRUE: this pool asks everybody for a second factor.")
	case !on:
		return nil
	case sms:
		u.MFA, u.PreferredMFA = []ChallengeName{ChallengeSMSMFA}, ChallengeSMSMFA
	case p.settings.MFA == MFAOptional:
		return bad("A second factor by SMS needs a verified phone number, in a pool that allows it. Other factors cannot be imported from CSV.")
	}
	return nil
}

// wantVerified wants a verified address where people sign in with addresses, and one to which a code for a new password can go if the user
// has no password.
func (p *Pool) wantVerified(u User) error {
	if !p.settings.usesAddresses() {
		return nil
	}
	if u.Attributes["email_verified"] != "true" && u.Attributes["phone_number_verified"] != "true" {
		return fail(InvalidParameter, "The user has no verified address: email_verified or phone_number_verified must be TRUE.")
	}
	byAdmin := slices.Contains(p.settings.AccountRecovery, RecoverByAdmin)
	if name, _ := p.recoveryAddress(u); u.PasswordHash == "" && name == "" && !byAdmin {
		return fail(InvalidParameter, "The user has no password, and no verified address that a code for a new one can go to. The address that "+
			"gets the codes of the second factor does not count.")
	}
	return nil
}

// usesAddresses tells whether people sign in with e-mail addresses or phone numbers.
func (s Settings) usesAddresses() bool {
	address := func(name string) bool { return slices.Contains(addressAttributes, name) }
	return slices.ContainsFunc(s.UsernameAttributes, address) || slices.ContainsFunc(s.AliasAttributes, address)
}
