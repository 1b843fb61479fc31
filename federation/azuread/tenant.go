package azuread

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// PersonalAccounts is the tenant of personal Microsoft accounts, such as those of
// outlook.com.
const PersonalAccounts = "9188040d-6c67-4c5b-b112-36a304b66dad"

// The authorities that are no tenant.
const (
	common        = "common"
	organizations = "organizations"
	consumers     = "consumers"
)

// placeholder stands for the tenant in the issuer of common and organizations.
const placeholder = "{tenantid}"

// guid returns s in small letters if it has the form 8-4-4-4-12 of hexadecimal
// digits, and "" otherwise, or if all of them are 0.
func guid(s string) string {
	if len(s) != 36 {
		return ""
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return ""
		}
	}
	if strings.Trim(s, "0-") == "" {
		return ""
	}
	return strings.ToLower(s)
}

// isDomain accepts a DNS name of at least two labels.
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return false
	}
	return !slices.ContainsFunc(labels, func(label string) bool {
		return label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != ""
	})
}

// tenantRule says at which authority people sign in, and of which tenants.
type tenantRule struct {
	authority string // what stands in addresses: a GUID, common, organizations, or a domain in small letters
	many      bool   // common or organizations
	list      []string
	ask       func(tenant string) bool
	any       bool
	personal  bool
}

// tenants judges the fields of Config that are about tenants.
func (c *Config) tenants() (*tenantRule, error) {
	t := &tenantRule{ask: c.AllowTenant, any: c.AllowAnyTenant, personal: c.AllowPersonalAccounts}
	for _, given := range c.AllowedTenants {
		id := guid(given)
		if id == "" {
			return nil, fail(InvalidConfig, "AllowedTenants has %q, which is not a tenant ID (a GUID): a domain can change hands", plain(given))
		}
		t.list = append(t.list, id)
	}
	if err := t.setAuthority(c.Tenant); err != nil {
		return nil, err
	}
	limits := len(t.list) > 0 || t.ask != nil
	switch {
	case t.many && !limits && !t.any:
		return nil, fail(InvalidConfig, "with Tenant %q, AllowedTenants or AllowTenant has to say which organizations may sign in; AllowAnyTenant lets all of them in", t.authority)
	case t.many && limits && t.any:
		return nil, fail(InvalidConfig, "AllowAnyTenant contradicts AllowedTenants and AllowTenant: set one of them")
	case !t.many && (t.any || t.ask != nil):
		return nil, fail(InvalidConfig, "AllowTenant and AllowAnyTenant are for Tenant common and organizations; Tenant %q is one tenant", t.authority)
	case !t.many && len(t.list) > 0 && guid(t.authority) != "":
		return nil, fail(InvalidConfig, "AllowedTenants is for Tenant common and organizations, and to pin the ID of a domain; Tenant %q is one tenant", t.authority)
	case t.authority == PersonalAccounts && !t.personal:
		return nil, fail(InvalidConfig, "Tenant is that of personal Microsoft accounts; set AllowPersonalAccounts if anybody who has one may sign in")
	case t.personal && t.authority != PersonalAccounts && t.authority != common:
		return nil, fail(InvalidConfig, "AllowPersonalAccounts needs Tenant common or consumers; no personal account can sign in at %q", t.authority)
	case t.many && c.V1:
		return nil, fail(InvalidConfig, "V1 needs one tenant: the keys of version 1.0 do not say which tenant they are for")
	}
	return t, nil
}

func (t *tenantRule) setAuthority(tenant string) error {
	lower := strings.ToLower(tenant)
	switch {
	case tenant == "":
		return fail(InvalidConfig, "Tenant is empty; give the Directory (tenant) ID that the app registration's Overview shows")
	case lower == common || lower == organizations:
		t.authority, t.many = lower, true
	case lower == consumers:
		t.authority = PersonalAccounts
	case guid(tenant) != "":
		t.authority = guid(tenant)
	case isDomain(tenant):
		t.authority = lower
	default:
		return fail(InvalidConfig, "Tenant %q is neither a GUID nor a domain such as contoso.onmicrosoft.com, nor common or organizations", plain(tenant))
	}
	return nil
}

// allows decides about a tenant of which a verified token says that it is from
// there. tenant is a GUID in small letters; single is the one tenant, or "".
func (t *tenantRule) allows(tenant, single string) bool {
	switch {
	case !t.many:
		return tenant == single && (len(t.list) == 0 || slices.Contains(t.list, tenant))
	case tenant == PersonalAccounts:
		return t.personal
	}
	return t.any || slices.Contains(t.list, tenant) || t.ask != nil && t.ask(tenant)
}

// resolvePause is the pause after a failure to find out which tenant a domain is
// of.
const resolvePause = 2 * time.Second

// resolver finds out which tenant a domain belongs to, once. What it has found
// stays: a domain that moves to another tenant does not take its people along.
type resolver struct {
	fetch  *fetcher
	at     Endpoints
	domain string
	now    func() time.Time
	flight singleflight.Group

	mu      sync.Mutex
	tenant  string
	failure error
	triedAt time.Time
}

func (r *resolver) get(ctx context.Context) (string, error) {
	if tenant, err, known := r.known(); known {
		return tenant, err
	}
	shared := context.WithoutCancel(ctx) // fetch has a timeout
	done := r.flight.DoChan("", func() (tenant any, err error) {
		defer recovered(&err)
		return r.read(shared)
	})
	select {
	case <-ctx.Done():
		return "", failCause(TenantUnknown, ctx.Err(), "asking which tenant %s is of", r.domain)
	case result := <-done:
		if result.Err != nil {
			return "", result.Err
		}
		return result.Val.(string), nil
	}
}

func (r *resolver) known() (tenant string, err error, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tenant != "" {
		return r.tenant, nil, true
	}
	elapsed := r.now().Sub(r.triedAt)
	return "", r.failure, r.failure != nil && elapsed >= 0 && elapsed < resolvePause
}

func (r *resolver) read(ctx context.Context) (string, error) {
	if tenant, err, known := r.known(); known {
		return tenant, err
	}
	tenant, err := r.ask(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tenant, r.failure, r.triedAt = tenant, err, r.now()
	return tenant, err
}

// ask reads the metadata at the domain, whose issuer has the ID of the tenant.
func (r *resolver) ask(ctx context.Context) (string, error) {
	address := r.at.LoginURL + "/" + url.PathEscape(r.domain) + "/v2.0/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fail(TenantUnknown, "the address for %s cannot be written", r.domain)
	}
	answer, err := r.fetch.object(req)
	if err != nil {
		return "", failCause(TenantUnknown, err, "asking which tenant %s is of", r.domain)
	}
	if answer.status != http.StatusOK {
		e := fail(TenantUnknown, "no tenant was found for %s: status %d", r.domain, answer.status)
		e.explain(answer.text("error_description"))
		return "", e
	}
	issuer := answer.text("issuer")
	tenant, ok := r.at.tenantOf(issuer)
	if !ok || issuer != r.at.issuer(tenant, false) {
		return "", fail(TenantUnknown, "the metadata of %s names the issuer %q, which is not that of a tenant", r.domain, plain(issuer))
	}
	return tenant, nil
}
