package identitypool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

const (
	defaultAccount = "000000000000"
	defaultIssuer  = "https://" + keyPrefix
	// maxPoolID is Cognito's limit for identifiers of pools and identities.
	maxPoolID = 55
	maxIssuer = 255
	// maxServiceControl bounds the levels of Config.ServiceControlPolicies, and the documents of one.
	maxServiceControl  = 10
	maxManagedPolicies = 1_000
)

var (
	poolID        = regexp.MustCompile(`^([a-z0-9]+(?:-[a-z0-9]+)*):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	accountID     = regexp.MustCompile(`^[0-9]{12}$`)
	developerName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
)

// Config is what the program gives [New].
type Config struct {
	// ID tells the pools in one store apart. It is "region:uuid", such as "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11". Required.
	// Make one once and keep it: it is part of every credential.
	ID string
	// Region is the region that requests are signed for. The default is the region in ID; any other is refused.
	Region string
	// Account is the account number in ARNs, 12 digits. The default is "000000000000".
	Account string
	// Issuer is the issuer of the tokens of GetOpenIDToken: an https URL without query and fragment, at which the program serves the
	// discovery document of package sts, if others are to verify the tokens. The default is "https://cognito-identity.amazonaws.com", as
	// in Cognito, which serves for tokens that come back to this pool only.
	Issuer string
	// Store remembers identities, revocations and keys. Required.
	Store Store
	// Providers maps the name of each accepted provider, which clients use as the key of a login, to how its tokens are verified and
	// which roles they give. A name is 1 to 128 printable ASCII characters without spaces; by custom it is the issuer without its scheme,
	// and for SAML the ARN of the provider. Names that are, or have before their first ":", "cognito-identity.amazonaws.com", "aws", "sts",
	// "saml", "authenticated" or "unauthenticated", in any case, are reserved.
	Providers map[string]Provider
	// DeveloperProvider is the name under which the developer's own backend vouches for its users, 1 to 128 letters, digits and _.-; it
	// cannot be changed once it was used. "" means that there is none.
	DeveloperProvider string
	// DeveloperRoleMapping is the role mapping of DeveloperProvider, by the principal tags that the backend gives: it is of type
	// RulesMapping, and their keys are the claims of its rules. Nil is none.
	DeveloperRoleMapping *RoleMapping
	// AllowUnauthenticated lets guests in. The default is that they are refused.
	AllowUnauthenticated bool
	// AllowClassicFlow lets clients have tokens by GetOpenIDToken, to exchange them for credentials of any role that trusts the pool. The
	// default is that only GetCredentialsForIdentity gives credentials.
	AllowClassicFlow bool
	// AuthenticatedRole is what identities with a login may do. Required if there are Providers or a DeveloperProvider.
	AuthenticatedRole Role
	// UnauthenticatedRole is what guests may do. Required if AllowUnauthenticated.
	UnauthenticatedRole Role
	// Roles are more roles, which role mappings choose and AssumeRole gives.
	Roles []Role
	// GuestCeiling is a policy that must allow what a guest does, beside the UnauthenticatedRole: a session policy of every session of a
	// guest. "" is [DefaultGuestCeiling].
	GuestCeiling string
	// ManagedPolicies are documents that AssumeRole and its like can name as session policies, by the names in their ARNs,
	// "arn:aws:iam::ACCOUNT:policy/NAME": 1 to 128 characters of A-Z, a-z, 0-9 and _+=,.@-. Nil is none.
	ManagedPolicies map[string]string
	// ServiceControlPolicies are policies of the organization, level by level: each level must have one that allows. They bind every
	// caller. Nil is none.
	ServiceControlPolicies [][]string
	// Users finds users with long-term access keys. Nil means that there are none.
	Users UserSource
	// VerifyMFA verifies the code of a user's device for AssumeRole and GetSessionToken. It must accept a code once, and few wrong ones.
	// Nil refuses calls with a code.
	VerifyMFA func(ctx context.Context, userName, serialNumber, tokenCode string) (bool, error)
	// SessionKey seals session tokens and signing keys: 32 secret random bytes, the same in every process and after a restart. The
	// default is a random key: then credentials are good in this process only, and end with it. A change of the key ends all credentials
	// that were issued before, but for those of PreviousSessionKeys.
	SessionKey []byte
	// PreviousSessionKeys are keys whose session tokens, and whatever else was sealed under them, are still accepted.
	PreviousSessionKeys [][]byte
	// RevocationDelay is how long a process may go on accepting credentials after they were revoked in another process, at most 5
	// minutes. The default is 0: each request asks the store. With any other value the store is asked once in that time, and no request
	// waits for it.
	RevocationDelay time.Duration
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Rand is the source of identifiers, secrets and keys, safe for concurrent use; crypto/rand.Reader by default.
	Rand io.Reader
	// Logger gets what an operator should know, without secrets; slog.Default() by default.
	Logger *slog.Logger
}

// Pool gives credentials, and tells what is behind them. Make one with [New]. Its methods are safe for concurrent use, and any number of
// processes may each have a Pool with the same Config.
type Pool struct {
	id, region, account string
	issuer              string
	store               Store
	providers           map[string]*provider
	developer           string // the developer provider, or ""
	developerMapping    *RoleMapping
	guests, classic     bool
	guestCeiling        [][]*policy.Document        // one set of one document
	managed             map[string]*policy.Document // by ARN
	serviceControl      [][]*policy.Document
	parsed              *parsedDocuments
	users               UserSource
	verifyMFA           func(ctx context.Context, userName, serialNumber, tokenCode string) (bool, error)
	config              Config // for SetRoles
	roles               atomic.Pointer[roleSet]
	seal                *sealer
	revoked             *revocations
	keys                *keyring
	now                 func() time.Time
	random              io.Reader
	logger              *slog.Logger
}

// New returns a pool, or an error that names the field that is wrong. It does not use the store, and starts no goroutine. What [Lint]
// calls an error it refuses, what it calls a warning it logs.
func New(config Config) (*Pool, error) {
	p := &Pool{
		id: config.ID, region: config.Region, account: config.Account, issuer: config.Issuer, store: config.Store,
		developer: config.DeveloperProvider, guests: config.AllowUnauthenticated, classic: config.AllowClassicFlow,
		users: config.Users, verifyMFA: config.VerifyMFA, now: config.Now, random: config.Rand, logger: config.Logger,
		parsed: &parsedDocuments{},
	}
	if p.account == "" {
		p.account = defaultAccount
	}
	if p.issuer == "" {
		p.issuer = defaultIssuer
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.random == nil {
		p.random = rand.Reader
	}
	if p.logger == nil {
		p.logger = slog.Default()
	}
	for _, step := range []func(Config) error{
		p.configureIdentity, p.configureProviders, p.configurePolicies, p.configureRoles, p.configureSessions, p.lint,
	} {
		if err := step(config); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Pool) configureIdentity(config Config) error {
	match := poolID.FindStringSubmatch(config.ID)
	if match == nil || len(config.ID) > maxPoolID {
		return fmt.Errorf("identitypool: Config.ID is %q; it must be region:uuid, such as eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", config.ID)
	}
	if p.region == "" {
		p.region = match[1]
	}
	switch {
	case p.region != match[1]:
		return fmt.Errorf("identitypool: Config.Region is %q, but Config.ID is of the region %q; leave Region empty or make them the same", config.Region, match[1])
	case !accountID.MatchString(p.account):
		return fmt.Errorf("identitypool: Config.Account is %q; it must be 12 digits", config.Account)
	case config.Store == nil:
		return errors.New("identitypool: Config.Store is nil; give a store, such as memstore.New()")
	}
	issuer, err := url.Parse(p.issuer)
	if err != nil || issuer.Scheme != "https" || issuer.Host == "" || issuer.User != nil || strings.ContainsAny(p.issuer, "?#") ||
		len(p.issuer) > maxIssuer {
		return fmt.Errorf("identitypool: Config.Issuer is %q; it must be an https URL without user, query and fragment, of at most %d characters",
			config.Issuer, maxIssuer)
	}
	return nil
}

func (p *Pool) configureProviders(config Config) (err error) {
	if p.providers, err = compileProviders(config.Providers); err != nil {
		return err
	}
	mapping := config.DeveloperRoleMapping
	switch {
	case p.developer != "" && (!developerName.MatchString(p.developer) || reservedProvider(p.developer)):
		return fmt.Errorf("identitypool: Config.DeveloperProvider is %q; it must be 1 to 128 letters, digits and _.-, and not a name that is reserved, such as %s",
			p.developer, keyPrefix)
	case p.developer != "" && p.providers[p.developer] != nil:
		return fmt.Errorf("identitypool: Config.DeveloperProvider is %q, which is in Config.Providers as well; give it a name of its own", p.developer)
	case mapping != nil && p.developer == "":
		return errors.New("identitypool: Config.DeveloperRoleMapping is given without a DeveloperProvider")
	case mapping != nil && mapping.Type == TokenMapping:
		return errors.New("identitypool: Config.DeveloperRoleMapping.Type is Token; users of the backend have no token with roles: use Rules")
	case len(config.Providers) == 0 && p.developer == "" && !p.guests && config.Users == nil:
		return errors.New("identitypool: Config has no Providers, DeveloperProvider, AllowUnauthenticated or Users; nobody could get credentials")
	}
	p.developerMapping, err = compileMapping("Config.DeveloperRoleMapping", mapping)
	return err
}

// configurePolicies parses the documents that are not those of roles.
func (p *Pool) configurePolicies(config Config) error {
	text := config.GuestCeiling
	if text == "" {
		text = DefaultGuestCeiling
	}
	ceiling, err := policy.Parse([]byte(text))
	if err != nil {
		return fmt.Errorf("identitypool: Config.GuestCeiling: %w", err)
	}
	p.guestCeiling = [][]*policy.Document{{ceiling}}
	if len(config.ServiceControlPolicies) > maxServiceControl {
		return fmt.Errorf("identitypool: Config.ServiceControlPolicies has %d levels; at most %d are allowed", len(config.ServiceControlPolicies), maxServiceControl)
	}
	for i, level := range config.ServiceControlPolicies {
		if len(level) == 0 || len(level) > maxServiceControl {
			return fmt.Errorf("identitypool: Config.ServiceControlPolicies[%d] has %d documents; each level must have 1 to %d", i, len(level), maxServiceControl)
		}
		var documents []*policy.Document
		for j, text := range level {
			document, err := policy.Parse([]byte(text))
			if err != nil {
				return fmt.Errorf("identitypool: Config.ServiceControlPolicies[%d][%d]: %w", i, j, err)
			}
			documents = append(documents, document)
		}
		p.serviceControl = append(p.serviceControl, documents)
	}
	return p.configureManaged(config)
}

var policyName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,128}$`)

func (p *Pool) configureManaged(config Config) error {
	if len(config.ManagedPolicies) > maxManagedPolicies {
		return fmt.Errorf("identitypool: Config.ManagedPolicies has %d documents; at most %d are allowed", len(config.ManagedPolicies), maxManagedPolicies)
	}
	p.managed = make(map[string]*policy.Document, len(config.ManagedPolicies))
	for name, text := range config.ManagedPolicies {
		if !policyName.MatchString(name) {
			return fmt.Errorf("identitypool: Config.ManagedPolicies has the name %q; a name is 1 to 128 letters, digits and _+=,.@-", name)
		}
		document, err := policy.Parse([]byte(text))
		if err != nil {
			return fmt.Errorf("identitypool: Config.ManagedPolicies[%q]: %w", name, err)
		}
		p.managed["arn:aws:iam::"+p.account+":policy/"+name] = document
	}
	return nil
}

func (p *Pool) configureRoles(config Config) error {
	p.config = config
	p.config.SessionKey, p.config.PreviousSessionKeys = nil, nil
	set, err := p.compileRoles(config)
	if err != nil {
		return err
	}
	p.roles.Store(set)
	return nil
}

func (p *Pool) configureSessions(config Config) (err error) {
	keys, err := sessionKeys(config, p.random)
	if err != nil {
		return err
	}
	if p.seal, err = newSealer(keys, p.id); err != nil {
		return err
	}
	if p.keys, err = newKeyring(keys, p.id); err != nil {
		return err
	}
	p.keys.sets = p.newKeyCache()
	if config.RevocationDelay < 0 || config.RevocationDelay > maxRevocationDelay {
		return fmt.Errorf("identitypool: Config.RevocationDelay is %s; it must be from 0 to %s", config.RevocationDelay, maxRevocationDelay)
	}
	p.revoked = &revocations{store: p.store, pool: p.id, delay: config.RevocationDelay, now: p.now}
	return nil
}

// sessionKeys returns copies of the keys, the one that seals first.
func sessionKeys(config Config, random io.Reader) ([][]byte, error) {
	key := slices.Clone(config.SessionKey)
	if config.SessionKey == nil {
		key = make([]byte, sessionKeySize)
		if _, err := io.ReadFull(random, key); err != nil {
			return nil, fmt.Errorf("identitypool: read random bytes for the session key: %w", err)
		}
	}
	if len(config.PreviousSessionKeys) > maxPreviousKeys {
		return nil, fmt.Errorf("identitypool: Config.PreviousSessionKeys has %d keys; at most %d are allowed", len(config.PreviousSessionKeys), maxPreviousKeys)
	}
	keys := [][]byte{key}
	for _, previous := range config.PreviousSessionKeys {
		keys = append(keys, slices.Clone(previous))
	}
	for i, key := range keys {
		if len(key) == sessionKeySize {
			continue
		}
		if i == 0 {
			return nil, fmt.Errorf("identitypool: Config.SessionKey has %d bytes; it must have %d, or be nil for a random one", len(key), sessionKeySize)
		}
		return nil, fmt.Errorf("identitypool: Config.PreviousSessionKeys[%d] has %d bytes; it must have %d", i-1, len(key), sessionKeySize)
	}
	return keys, nil
}
