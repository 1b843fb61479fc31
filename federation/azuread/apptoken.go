package azuread

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// tokenMargin is how long before its end a token is not used any more.
	tokenMargin = 5 * time.Minute
	// maxTokenLife bounds what the directory says about the life of a token.
	maxTokenLife = 24 * time.Hour
	// maxAppTokens bounds how many tenants' tokens are kept.
	maxAppTokens = 1000
	// maxAppToken is the length of one.
	maxAppToken = 64 << 10
)

// appTokens are access tokens for Graph that the application got in its own name, one
// for each tenant (client credentials grant). They are kept until shortly before they
// end; however many sign-ins wait for one, it is asked for once.
type appTokens struct {
	fetch  *fetcher
	at     Endpoints
	shown  *credential // nil, or not usable, where there is none
	now    func() time.Time
	flight singleflight.Group

	mu     sync.Mutex
	tokens map[string]appToken // by tenant
}

type appToken struct {
	value string
	until time.Time
}

func newAppTokens(fetch *fetcher, at Endpoints, shown *credential, now func() time.Time) *appTokens {
	return &appTokens{fetch: fetch, at: at, shown: shown, now: now, tokens: make(map[string]appToken)}
}

func (a *appTokens) get(ctx context.Context, tenant string) (string, error) {
	if a.shown == nil || !a.shown.usable() {
		return "", fail(GroupsFailed, "the person is in more groups than fit, and the application has no credential to ask Graph with: "+
			"set the client ID and a secret, certificate or federated credential, or Groups.Overage")
	}
	if token, ok := a.kept(tenant); ok {
		return token, nil
	}
	shared := context.WithoutCancel(ctx) // fetch has a timeout
	done := a.flight.DoChan(tenant, func() (token any, err error) {
		defer recovered(&err)
		if token, ok := a.kept(tenant); ok {
			return token, nil
		}
		return a.request(shared, tenant)
	})
	select {
	case <-ctx.Done():
		return "", failCause(GroupsFailed, ctx.Err(), "waiting for an access token for Graph")
	case result := <-done:
		if result.Err != nil {
			return "", result.Err
		}
		return result.Val.(string), nil
	}
}

func (a *appTokens) kept(tenant string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	token, ok := a.tokens[tenant]
	return token.value, ok && a.now().Before(token.until)
}

// drop forgets a token that Graph does not accept.
func (a *appTokens) drop(tenant, token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tokens[tenant].value == token {
		delete(a.tokens, tenant)
	}
}

func (a *appTokens) request(ctx context.Context, tenant string) (string, error) {
	endpoint := a.at.LoginURL + "/" + tenant + "/oauth2/v2.0/token"
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {a.at.GraphURL + "/.default"}}
	if err := a.shown.addTo(ctx, form, endpoint); err != nil {
		return "", err
	}
	req, err := postForm(ctx, endpoint, form)
	if err != nil {
		return "", fail(GroupsFailed, "the request for an access token cannot be written")
	}
	asked := a.now()
	got, err := a.fetch.object(req)
	if err != nil {
		return "", failCause(GroupsFailed, err, "getting an access token for Graph")
	}
	if got.status != http.StatusOK {
		e := fail(GroupsFailed, "the directory gives the application no access token for Graph (status %d)", got.status)
		e.explain(got.text("error_description"))
		return "", e
	}
	token := got.text("access_token")
	if !strings.EqualFold(got.text("token_type"), "Bearer") || token == "" || len(token) > maxAppToken || strings.Trim(token, printable) != "" {
		return "", fail(GroupsFailed, "the directory's answer has no usable access token for Graph")
	}
	a.keep(tenant, appToken{value: token, until: asked.Add(life(got.object["expires_in"]))})
	return token, nil
}

// printable are the characters of a bearer token (RFC 6750 section 2.1).
const printable = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/="

// life is how long a token is used, after what expires_in says: a number, or in
// answers of version 1.0 text.
func life(expires any) time.Duration {
	var digits string
	switch v := expires.(type) {
	case json.Number:
		digits = v.String()
	case string:
		digits = v
	}
	seconds, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || seconds <= 0 {
		return 0
	}
	whole := min(time.Duration(seconds)*time.Second, maxTokenLife)
	return max(whole-tokenMargin, whole/2)
}

// keep keeps a token. Where there are too many, those that have ended go, and if
// none has, the one that ends first.
func (a *appTokens) keep(tenant string, token appToken) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if !now.Before(token.until) {
		return
	}
	if len(a.tokens) >= maxAppTokens {
		first := ""
		for id, kept := range a.tokens {
			if !now.Before(kept.until) {
				delete(a.tokens, id)
			} else if first == "" || kept.until.Before(a.tokens[first].until) {
				first = id
			}
		}
		if len(a.tokens) >= maxAppTokens {
			delete(a.tokens, first)
		}
	}
	a.tokens[tenant] = token
}
