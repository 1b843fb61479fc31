package identitypool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	defaultAccount = "000000000000"
	defaultService = "execute-api"
	maxProvider    = 128
)

// Config is what the program gives [New].
type Config struct {
	// ID tells the pools in one store apart. It is "region:uuid", such as "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11". Required.
	// Make one once and keep it: it is part of every credential.
	ID string
	// Region is the region that requests are signed for. The default is the region in ID; any other is refused.
	Region string
	// Account is the account number in the ARNs of roles, 12 digits. The default is "000000000000".
	Account string
	// Service is the service that requests are signed for. The default is "execute-api". Give each service of yours its own name if
	// a request to one must not be sent again to another.
	Service string
	// Store remembers identities. Required.
	Store Store
	// Logins maps the name of each accepted provider, which clients use as the key of a login, to what verifies its tokens. A name is 1
	// to 128 printable ASCII characters without spaces; by custom it is the issuer without its scheme.
	Logins map[string]LoginVerifier
	// AllowUnauthenticated lets guests in. The default is that they are refused.
	AllowUnauthenticated bool
	// AuthenticatedRole is what identities with a login may do. Required if there are Logins.
	AuthenticatedRole Role
	// UnauthenticatedRole is what guests may do. Required if AllowUnauthenticated.
	UnauthenticatedRole Role
	// SessionKey seals session tokens: 32 secret random bytes, the same in every process and after a restart. The default is a random
	// key: then credentials are good in this process only, and end with it. A change of the key ends all credentials that were issued
	// before.
	SessionKey []byte
	// MaxBody is how many bytes of a request's body Handler and Authenticate read at most: 1 MiB by default, and no more than 1 GiB.
	MaxBody int64
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Rand is the source of identifiers and secrets, safe for concurrent use; crypto/rand.Reader by default.
	Rand io.Reader
	// Logger gets what an operator should know, without secrets; slog.Default() by default.
	Logger *slog.Logger
}

// Pool gives credentials and verifies requests that are signed with them. Make one with [New]. Its methods are safe for concurrent use,
// and any number of processes may each have a Pool with the same Config.
type Pool struct {
	id, region    string
	account       string
	store         Store
	logins        map[string]LoginVerifier
	guests        bool
	authenticated *role // nil if there are no logins
	guest         *role // nil if there are no guests
	seal          *sealer
	verifier      *sigv4.Verifier
	now           func() time.Time
	random        io.Reader
	logger        *slog.Logger
}

var (
	poolID      = regexp.MustCompile(`^([a-z0-9]+(?:-[a-z0-9]+)*):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	accountID   = regexp.MustCompile(`^[0-9]{12}$`)
	serviceName = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)
)

// maxPoolID is Cognito's limit for identifiers of pools and identities.
const maxPoolID = 55

// New returns a pool, or an error that names the field that is wrong. It does not use the store, and starts no goroutine.
func New(config Config) (*Pool, error) {
	p := &Pool{
		id: config.ID, region: config.Region, account: config.Account, store: config.Store, logins: maps.Clone(config.Logins),
		guests: config.AllowUnauthenticated, now: config.Now, random: config.Rand, logger: config.Logger,
	}
	if p.account == "" {
		p.account = defaultAccount
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
	for _, step := range []func(Config) error{p.configureIdentity, p.configureLogins, p.configureRoles, p.configureSessions} {
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
	return nil
}

func (p *Pool) configureLogins(config Config) error {
	for name, verifier := range config.Logins {
		if name == "" || len(name) > maxProvider || strings.Trim(name, printable) != "" {
			return fmt.Errorf("identitypool: Config.Logins has the provider %q; a name is 1 to %d printable ASCII characters without spaces", name, maxProvider)
		}
		if name == keyPrefix {
			return fmt.Errorf("identitypool: Config.Logins has the provider %q, which is reserved; logins of developers are not supported", name)
		}
		if function, ok := verifier.(LoginFunc); verifier == nil || ok && function == nil {
			return fmt.Errorf("identitypool: Config.Logins[%q] is nil; give what verifies the tokens of that provider", name)
		}
	}
	if len(config.Logins) == 0 && !config.AllowUnauthenticated {
		return errors.New("identitypool: Config has neither Logins nor AllowUnauthenticated; nobody could get credentials")
	}
	return nil
}

func (p *Pool) configureRoles(config Config) (err error) {
	if len(config.Logins) > 0 || config.AuthenticatedRole != (Role{}) {
		if p.authenticated, err = compileRole("AuthenticatedRole", config.AuthenticatedRole, p.account); err != nil {
			return err
		}
	}
	if config.AllowUnauthenticated || config.UnauthenticatedRole != (Role{}) {
		if p.guest, err = compileRole("UnauthenticatedRole", config.UnauthenticatedRole, p.account); err != nil {
			return err
		}
		if err := checkGuestPolicy(p.guest.policy); err != nil {
			return err
		}
	}
	if p.authenticated != nil && p.guest != nil && p.authenticated.name == p.guest.name {
		return fmt.Errorf("identitypool: Config.AuthenticatedRole and Config.UnauthenticatedRole both have the name %q; give each its own", p.guest.name)
	}
	return nil
}

func (p *Pool) configureSessions(config Config) (err error) {
	if p.seal, err = newSealer(config.SessionKey, p.id, p.random); err != nil {
		return err
	}
	service := config.Service
	if service == "" {
		service = defaultService
	}
	if !serviceName.MatchString(service) {
		return fmt.Errorf("identitypool: Config.Service is %q; it must be small letters, digits and hyphens", service)
	}
	p.verifier, err = sigv4.New(sigv4.Config{Region: p.region, Service: service, Secret: p.secretOf, MaxBody: config.MaxBody, Now: p.now})
	if err != nil {
		return fmt.Errorf("identitypool: Config.Service and Config.MaxBody: %w", err)
	}
	return nil
}

// printable are the characters of provider names.
var printable = func() string {
	var b strings.Builder
	for c := byte('!'); c <= '~'; c++ {
		b.WriteByte(c)
	}
	return b.String()
}()
