package policy

import (
	"slices"
	"strings"
)

// Principal says who makes a request. Only policies of resources and trust
// policies look at it. The zero Principal is anonymous.
type Principal struct {
	// ARN is that of the user, such as "arn:aws:iam::111122223333:user/ann",
	// or of the session of a role,
	// "arn:aws:sts::111122223333:assumed-role/reader/ann". The ARN of the root
	// user ends with ":root".
	ARN string
	// RoleARN is the role when ARN is a session of one.
	RoleARN string
	// Account is the account that they belong to. When it is "", the account
	// is taken from ARN.
	Account string
	// UniqueID is the unique identifier of the user or role, such as "AROA…".
	UniqueID string
	// Federated is the identity provider that vouches for the caller of a
	// trust policy, such as "cognito-identity.amazonaws.com" or the ARN of a
	// SAML provider.
	Federated string
	// Service is the service that calls, such as "lambda.amazonaws.com".
	Service string
	// CanonicalUser is the canonical identifier of the account.
	CanonicalUser string
}

// account returns the account of a caller, or "".
func (p *Principal) account() string {
	if p.Account != "" {
		return p.Account
	}
	return accountOf(p.ARN)
}

// known reports whether the caller is a user, a role or an account, which have
// policies of their own.
func (p *Principal) known() bool { return p.ARN != "" || p.RoleARN != "" || p.Account != "" }

// root reports whether the caller is the root user of an account.
func (p *Principal) root() bool {
	return strings.HasSuffix(p.ARN, ":root") && accountRoot(p.ARN) != ""
}

// accountOf returns the fifth part of an ARN, or "".
func accountOf(text string) string {
	if !isARN(text) {
		return ""
	}
	for range 4 {
		_, text, _ = strings.Cut(text, ":")
	}
	account, _, _ := strings.Cut(text, ":")
	return account
}

// accountRoot returns the account of arn:…:iam::account:root, or "".
func accountRoot(text string) string {
	head, ok := strings.CutSuffix(text, ":root")
	if !ok || strings.Count(head, ":") != 4 || !strings.HasPrefix(head, "arn:") || !strings.Contains(head, ":iam::") {
		return ""
	}
	return head[strings.LastIndexByte(head, ':')+1:]
}

// grade says how a statement names the caller, from the weakest.
type grade uint8

const (
	notNamed     grade = iota
	namesAccount       // delegation: the account's own policies decide
	namesRole          // limited by boundary and session
	namesCaller        // final: the user, the session, the provider, everyone
)

// principals is a compiled Principal or NotPrincipal.
type principals struct {
	everyone                      bool
	aws                           []string // ARNs and unique identifiers
	accounts                      []string
	federated, service, canonical []string
}

// add compiles one name. It returns what is wrong with it, or "".
func (p *principals) add(kind, value string) string {
	if len(value) > MaxPatternSize {
		return tooLong(value)
	}
	if value == "*" && (kind == "" || kind == "AWS") {
		p.everyone = true
		return ""
	}
	if value == "" || strings.ContainsAny(value, "*?") {
		return `is not a principal: wildcards stand for nothing here but as "*" alone, for everyone`
	}
	if strings.Contains(value, "${") || !only(value, func(b byte) bool { return b > ' ' && b < 0x7f }) {
		return "is not a principal: it has variables or characters that no principal has"
	}
	switch kind {
	case "AWS":
		return p.addAWS(value)
	case "Federated":
		if strings.HasPrefix(value, "arn:") && !providerARN(value) {
			return "is not the ARN of a provider, arn:aws:iam::account:saml-provider/name or …:oidc-provider/name"
		}
		p.federated = append(p.federated, value)
	case "Service":
		if !strings.Contains(value, ".") || !only(value, isNameByte) {
			return "is not a service such as lambda.amazonaws.com"
		}
		p.service = append(p.service, value)
	case "CanonicalUser":
		if !only(value, func(b byte) bool { return isNameByte(b) && b != '.' && b != '_' }) {
			return "is not a canonical user: letters, digits and hyphens"
		}
		p.canonical = append(p.canonical, value)
	}
	return ""
}

// addAWS takes an account, the ARN of one, of a user, role or session, or the
// unique identifier of a user or role.
func (p *principals) addAWS(value string) string {
	if !strings.HasPrefix(value, "arn:") {
		switch {
		case isAccount(value):
			p.accounts = append(p.accounts, value)
		case len(value) >= 16 && only(value, func(b byte) bool { return b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' }):
			p.aws = append(p.aws, value)
		default:
			return `is not a principal; write "*", an account of 12 digits, or the ARN of a user, role or session`
		}
		return ""
	}
	parts := strings.SplitN(value, ":", arnParts)
	if len(parts) < arnParts || parts[1] == "" || parts[3] != "" || !isAccount(parts[4]) {
		return "is not the ARN of a principal: six parts, no region, and an account of 12 digits"
	}
	kind, name, named := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && parts[5] == "root":
		p.accounts = append(p.accounts, parts[4])
		return ""
	case !named || name == "" || strings.HasSuffix(name, "/"):
	case parts[2] == "iam" && (kind == "user" || kind == "role"):
		p.aws = append(p.aws, value)
		return ""
	case parts[2] == "sts" && (kind == "federated-user" || kind == "assumed-role" && strings.Contains(name, "/")):
		p.aws = append(p.aws, value)
		return ""
	}
	return "is not the ARN of a user, a role, a session or the root of an account; a group is no principal"
}

func isAccount(text string) bool {
	return len(text) == 12 && only(text, func(b byte) bool { return b >= '0' && b <= '9' })
}

func providerARN(text string) bool {
	parts := strings.SplitN(text, ":", arnParts)
	if len(parts) < arnParts || parts[2] != "iam" || parts[3] != "" || !isAccount(parts[4]) {
		return false
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	return name != "" && (kind == "saml-provider" || kind == "oidc-provider")
}

// names returns how the caller is named.
func (p *principals) names(q *question) grade {
	who := &q.request.Principal
	switch {
	case p.everyone,
		contains(p.aws, who.ARN),
		who.RoleARN == "" && contains(p.aws, who.UniqueID),
		contains(p.federated, who.Federated),
		contains(p.service, who.Service):
		return namesCaller
	case contains(p.aws, who.RoleARN), contains(p.aws, who.UniqueID):
		return namesRole
	case contains(p.accounts, who.account()), contains(p.canonical, who.CanonicalUser):
		return namesAccount
	}
	return notNamed
}

// lists reports whether every name that the caller goes by is listed: the
// session, its role and the account, so that a list of an account alone leaves
// out nobody but its root user.
func (p *principals) lists(q *question) bool {
	who := &q.request.Principal
	if p.everyone {
		return true
	}
	any := false
	for i, name := range [...]string{who.Federated, who.Service, who.ARN, who.RoleARN, who.account()} {
		if name == "" {
			continue
		}
		from := [...][]string{p.federated, p.service, p.aws, p.aws, p.accounts}[i]
		root := i == 2 && who.root() // the account is its name
		if !root && !contains(from, name) {
			return false
		}
		any = true
	}
	return any || contains(p.canonical, who.CanonicalUser)
}

func contains(list []string, name string) bool { return name != "" && slices.Contains(list, name) }
