package identitypool

import (
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// AssumeRoleWithSAMLInput is what AssumeRoleWithSAML takes.
type AssumeRoleWithSAMLInput struct {
	RoleARN       string // of a role of the pool, which the assertion names together with PrincipalARN
	PrincipalARN  string // the provider's name in Config.Providers, "arn:aws:iam::ACCOUNT:saml-provider/NAME"
	SAMLAssertion string // the SAML response in base64, 4 to 100000 characters
	Policy        string // as in [AssumeRoleInput]
	PolicyARNs    []string
	// Duration is as in [AssumeRoleInput]. Neither it nor the default is longer than the assertion's SessionDuration. Whatever it is, the
	// session ends at the assertion's SessionNotOnOrAfter.
	Duration time.Duration
}

// AssumeRoleWithSAMLResult is what AssumeRoleWithSAML returns.
type AssumeRoleWithSAMLResult struct {
	Credentials      Credentials
	AssumedRoleUser  AssumedRoleUser
	Subject          string // the claim sub
	SubjectType      string // the format of the NameID, without what all of SAML 2.0 begin with; "persistent" if it is not known
	Issuer           string // of the assertion: the claim iss
	Audience         string // who the assertion is for: the claim aud
	NameQualifier    string // base64 of the SHA-1 of the issuer, the account, "/" and the provider's name
	PackedPolicySize int    // as in [AssumeRoleResult]
	SourceIdentity   string
}

// LogValue keeps the secrets out of logs.
func (r AssumeRoleWithSAMLResult) LogValue() slog.Value {
	return loggable(r.AssumedRoleUser.ARN, r.Credentials)
}

const (
	minAssertion = 4
	maxAssertion = 100_000

	samlAttribute      = "https://aws.amazon.com/SAML/Attributes/"
	samlRole           = samlAttribute + "Role"
	samlSessionName    = samlAttribute + "RoleSessionName"
	samlDuration       = samlAttribute + "SessionDuration"
	samlTag            = samlAttribute + "PrincipalTag:"
	samlTransitive     = samlAttribute + "TransitiveTagKeys"
	samlSourceIdentity = samlAttribute + "SourceIdentity"
	samlSubjectType    = "persistent"

	// What a Provider of package federation/saml says of the assertion itself.
	samlNameIDFormat = "saml:NameIDFormat"
	samlSessionEnd   = "saml:SessionNotOnOrAfter"
	nameIDFormats    = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
)

// samlKeys are the condition keys that directories give, with the names that their attributes have.
var samlKeys = []pair{
	{"saml:edupersonaffiliation", "urn:oid:1.3.6.1.4.1.5923.1.1.1.1"},
	{"saml:edupersonprincipalname", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"},
	{"saml:edupersonscopedaffiliation", "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"},
	{"saml:mail", "urn:oid:0.9.2342.19200300.100.1.3"},
	{"saml:uid", "urn:oid:0.9.2342.19200300.100.1.1"},
}

// AssumeRoleWithSAML gives whoever has a SAML response credentials of a role. The Verifier of the provider verifies it and gives the
// attributes of the assertion as claims, by their names; a Provider of package federation/saml does. The attributes are those of AWS,
// each with "https://aws.amazon.com/SAML/Attributes/" before its name: Role has the ARN of the role and that of the provider with a comma
// between them, and may have more of them; RoleSessionName names the session; SessionDuration bounds it, in seconds; PrincipalTag:KEY,
// TransitiveTagKeys and SourceIdentity are as in [AssumeRoleInput]. In trust policies the federated principal is the PrincipalARN, the
// action is sts:AssumeRoleWithSAML, and the condition keys are saml:aud, saml:iss, saml:sub, saml:sub_type, saml:namequalifier and
// saml:doc, and where the assertion has them, saml:edupersonaffiliation and the like, saml:mail and saml:uid. The claims
// saml:SessionNotOnOrAfter (RFC 3339) and saml:NameIDFormat, which that Provider gives as well, say when the session ends at the latest and
// what SubjectType is.
//
// It returns InvalidIdentityToken for an assertion that is not valid or of another provider, ExpiredToken for one that has expired,
// IDPRejectedClaim if its attributes cannot be used, and the rest as [Pool.AssumeRoleWithWebIdentity].
func (p *Pool) AssumeRoleWithSAML(ctx context.Context, in AssumeRoleWithSAMLInput) (AssumeRoleWithSAMLResult, error) {
	var none AssumeRoleWithSAMLResult
	if err := checkSession(in.RoleARN, identitySessionName, in.Duration); err != nil {
		return none, err
	}
	name := samlProvider.FindStringSubmatch(in.PrincipalARN)
	switch {
	case len(in.SAMLAssertion) < minAssertion || len(in.SAMLAssertion) > maxAssertion:
		return none, fail(InvalidParameter, "SAMLAssertion must have %d to %d characters.", minAssertion, maxAssertion)
	case name == nil || p.providers[in.PrincipalARN] == nil:
		return none, fail(InvalidIdentityToken, "There is no SAML provider with this PrincipalArn.")
	}
	asked := p.now()
	login, err := p.verifyLogin(ctx, in.PrincipalARN, in.SAMLAssertion, true)
	if err != nil {
		return none, identityTokenError(err)
	}
	s, most, err := samlSessionOf(login.Claims, in)
	if err != nil {
		return none, err
	}
	s.issued = asked.UnixMicro()
	text := func(claim string) string { return strings.Join(claimValues(login.Claims[claim]), ",") }
	ends, err := samlEnd(login.Claims)
	if err != nil {
		return none, err
	}
	out := AssumeRoleWithSAMLResult{
		Subject: login.Subject, SubjectType: cmp.Or(strings.TrimPrefix(text(samlNameIDFormat), nameIDFormats), samlSubjectType), Issuer: text("iss"), Audience: text("aud"),
		NameQualifier: nameQualifier(text("iss"), p.account, name[1]), SourceIdentity: s.sourceIdentity,
	}
	s.keys = []pair{
		{"saml:aud", out.Audience}, {"saml:iss", out.Issuer}, {"saml:sub", out.Subject}, {"saml:sub_type", out.SubjectType},
		{"saml:namequalifier", out.NameQualifier}, {"saml:doc", p.account + "/" + name[1]},
	}
	for _, key := range samlKeys {
		for _, value := range claimValues(login.Claims[key.value]) {
			s.keys = append(s.keys, pair{key.key, value})
		}
	}
	q := &trustQuestion{action: actionSAML, principal: policy.Principal{Federated: in.PrincipalARN}}
	q.set = func(to *policy.Context) {
		setPairs(to, s.keys)
		to.Set("aws:FederatedProvider", in.PrincipalARN)
	}
	out.Credentials, out.AssumedRoleUser, err = p.assumeFederated(ctx, s, q, federationInput{in.RoleARN, in.Policy, in.PolicyARNs, in.Duration, most, ends})
	if err != nil {
		return none, err
	}
	out.PackedPolicySize = s.packedSize()
	return out, nil
}

// nameQualifier is what AWS calls it: a name of the pair of provider and account.
func nameQualifier(issuer, account, provider string) string {
	sum := sha1.Sum([]byte(issuer + account + "/" + provider)) // a name that AWS defined so, no protection
	return base64.StdEncoding.EncodeToString(sum[:])
}

// samlEnd returns when the session at the identity provider ends, zero if the assertion does not say.
func samlEnd(claims map[string]any) (time.Time, error) {
	values := claimValues(claims[samlSessionEnd])
	if len(values) == 0 {
		return time.Time{}, nil
	}
	ends, err := time.Parse(time.RFC3339Nano, values[0])
	if err != nil || len(values) > 1 {
		return time.Time{}, fail(IDPRejectedClaim, "SessionNotOnOrAfter in the assertion is not a time.")
	}
	return ends, nil
}

// samlSessionOf reads the attributes of AWS from an assertion. most is how long the session may last by them.
func samlSessionOf(claims map[string]any, in AssumeRoleWithSAMLInput) (s *session, most time.Duration, err error) {
	if !slices.ContainsFunc(claimValues(claims[samlRole]), func(value string) bool {
		one, other, ok := strings.Cut(value, ",")
		one, other = strings.TrimSpace(one), strings.TrimSpace(other)
		return ok && (one == in.RoleARN && other == in.PrincipalARN || other == in.RoleARN && one == in.PrincipalARN)
	}) {
		return nil, 0, fail(AccessDenied, "Not authorized to perform %s", actionSAML)
	}
	names := claimValues(claims[samlSessionName])
	if len(names) != 1 || !sessionNameText(names[0]) {
		return nil, 0, fail(IDPRejectedClaim, "RoleSessionName in the assertion must be 2 to 64 letters, digits and _+=,.@-.")
	}
	s = &session{kind: samlSession, name: names[0], federated: in.PrincipalARN, providers: []string{in.PrincipalARN}}
	most = maxDuration
	if values := claimValues(claims[samlDuration]); len(values) > 0 {
		seconds, err := strconv.ParseInt(values[0], 10, 32)
		if most = time.Duration(seconds) * time.Second; err != nil || len(values) > 1 || most < minDuration || most > maxDuration {
			return nil, 0, fail(IDPRejectedClaim, "SessionDuration in the assertion must be %d to %d.", int(minDuration.Seconds()), int(maxDuration.Seconds()))
		}
	}
	if values := claimValues(claims[samlSourceIdentity]); len(values) > 0 {
		if len(values) > 1 || !sessionNameText(values[0]) {
			return nil, 0, fail(IDPRejectedClaim, "SourceIdentity in the assertion must be 2 to 64 letters, digits and _+=,.@-.")
		}
		s.sourceIdentity = values[0]
	}
	tags := make(map[string]string)
	for name, claim := range claims {
		key, ok := strings.CutPrefix(name, samlTag)
		if !ok {
			continue
		}
		values := claimValues(claim)
		if len(values) != 1 {
			return nil, 0, fail(IDPRejectedClaim, "Each principal tag must have one value.")
		}
		tags[key] = values[0]
	}
	return s, most, s.setFederatedTags(tags, claimValues(claims[samlTransitive]))
}
