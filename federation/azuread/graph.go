package azuread

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxGroups is what getMemberObjects gives at most.
	maxGroups = 11_000
	// maxPages bounds an answer that comes in parts.
	maxPages = 128
	// graphTimeout bounds all requests for one person together.
	graphTimeout = 30 * time.Second
)

// graph asks Microsoft Graph what people are members of.
type graph struct {
	fetch  *fetcher
	at     Endpoints
	groups Groups
	tokens *appTokens
}

func newGraph(fetch *fetcher, at Endpoints, shown *credential, groups Groups, now func() time.Time) *graph {
	return &graph{fetch: fetch, at: at, groups: groups, tokens: newAppTokens(fetch, at, shown, now)}
}

// page is an answer of Graph.
type page struct {
	Value []string `json:"value"`
	Next  string   `json:"@odata.nextLink"`
	Error struct {
		Code string `json:"code"`
	} `json:"error"`
}

// memberOf returns the object IDs of the groups that who is in. It is asked of the
// Graph of the cloud, about tenant and object ID that were signed: what address the
// token or assertion names does not matter. token is an access token of the person,
// or empty.
func (g *graph) memberOf(ctx context.Context, who identity, token string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, graphTimeout)
	defer cancel()
	if token != "" {
		found, _, err := g.ask(ctx, who, token, true)
		return found, err
	}
	for attempt := 0; ; attempt++ {
		own, err := g.tokens.get(ctx, who.tenant)
		if err != nil {
			return nil, err
		}
		found, status, err := g.ask(ctx, who, own, false)
		if status != http.StatusUnauthorized || attempt > 0 {
			return found, err
		}
		g.tokens.drop(who.tenant, own) // it was revoked before its time
	}
}

// ask reads all pages of the answer. status is that of an error of Graph.
func (g *graph) ask(ctx context.Context, who identity, token string, delegated bool) (found []string, status int, err error) {
	body := fmt.Sprintf(`{"securityEnabledOnly":%t}`, !g.groups.All)
	address := g.at.GraphURL + "/v1.0/users/" + who.object + "/getMemberObjects"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(body)))
	seen := make(map[string]bool)
	for range maxPages {
		if err != nil {
			return nil, 0, fail(GroupsFailed, "the request to Graph cannot be written")
		}
		p, status, err2 := g.page(req, token)
		if err2 != nil {
			return nil, 0, err2
		}
		if status != http.StatusOK {
			return nil, status, refusedByGraph(status, p.Error.Code, delegated)
		}
		for _, value := range p.Value {
			id := guid(value)
			if id == "" {
				return nil, 0, fail(GroupsFailed, "Graph answered with a member of %q, which is not an object ID", plain(value))
			}
			if !seen[id] {
				seen[id] = true
				found = append(found, id)
			}
		}
		if len(found) > maxGroups {
			return nil, 0, fail(GroupsFailed, "the person is in more than %d groups", maxGroups)
		}
		if p.Next == "" {
			return found, 0, nil
		}
		if req, err = g.next(ctx, p.Next); err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, fail(GroupsFailed, "Graph's answer has more than %d pages", maxPages)
}

func (g *graph) page(req *http.Request, token string) (*page, int, error) {
	req.Header.Set("Authorization", "Bearer "+token)
	if req.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	status, body, err := g.fetch.read(req)
	if err != nil {
		return nil, 0, failCause(GroupsFailed, err, "asking Graph for the groups")
	}
	p := new(page)
	if err := json.Unmarshal(body, p); err != nil {
		return nil, 0, fail(GroupsFailed, "Graph's answer is not a list of object IDs")
	}
	if status == http.StatusOK && p.Value == nil {
		return nil, 0, fail(GroupsFailed, "Graph's answer has no list of object IDs")
	}
	return p, status, nil
}

// next makes the request for the next page, which must be at the same Graph: the
// access token goes there.
func (g *graph) next(ctx context.Context, link string) (*http.Request, error) {
	own, err1 := url.Parse(g.at.GraphURL + "/v1.0/")
	u, err2 := url.Parse(link)
	if err1 != nil || err2 != nil || u.Scheme != own.Scheme || u.Host != own.Host || u.User != nil || !strings.HasPrefix(u.Path, own.Path) {
		return nil, fail(GroupsFailed, "Graph's answer goes on at an address that is not Graph's; it is not asked")
	}
	return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
}

// refusedByGraph says what Graph's error means.
func refusedByGraph(status int, code string, delegated bool) error {
	const where = "App registrations > your application > API permissions"
	hint := "see the status"
	switch {
	case status == http.StatusForbidden && delegated:
		hint = "grant the delegated permissions User.Read and GroupMember.Read.All of Microsoft Graph, with admin consent, under " + where
	case status == http.StatusForbidden:
		hint = "grant the application permissions User.ReadBasic.All and GroupMember.Read.All of Microsoft Graph, with admin consent, under " + where
	case status == http.StatusUnauthorized && delegated:
		hint = "the sign-in's access token is not for Graph: leave the scopes of other resources out of Scopes"
	case status == http.StatusUnauthorized:
		hint = "it does not accept the application's access token"
	case status == http.StatusNotFound:
		hint = "the account is not in the tenant any more"
	case status == http.StatusTooManyRequests:
		hint = "it is asked too often; try again later"
	case code == "Directory_ResultSizeLimitExceeded":
		hint = fmt.Sprintf("the person is in more than %d groups", maxGroups)
	}
	return fail(GroupsFailed, "Graph does not say which groups the person is in (status %d, %q): %s", status, plain(code), hint)
}
