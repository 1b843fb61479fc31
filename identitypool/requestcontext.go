package identitypool

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// peer is who is at the other end of the connection. X-Forwarded-For is never read: every client can write one.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // such as that of a Unix socket
		return netip.Addr{}
	}
	return at.Addr()
}

// conditions sets the condition keys of a question: what the caller is, what the request is, and what the application adds. A key that is
// not known is absent, which each operator of the policy language has its own rule for.
func (a *admission) conditions(c *policy.Context, account string, q Question) error {
	a.caller.setContext(c)
	a.authorizer.setRequest(c, a.request)
	if account == "" {
		account = a.caller.Account
	}
	c.Set("aws:ResourceAccount", account)
	if len(q.Context) == 0 {
		return nil
	}
	service, _, _ := strings.Cut(q.Action, ":")
	if a.authorizer.pool.reserved(service) {
		return fmt.Errorf("the service of %s is one whose condition keys the pool itself sets: give the action another, or no Context", q.Action)
	}
	for key, values := range q.Context {
		if !applicationKey(service, key) {
			return fmt.Errorf("the condition key %q is not one of %s:…, aws:ResourceTag/…, aws:RequestTag/… and aws:TagKeys", key, service)
		}
		if _, there := c.Values(key); there {
			return fmt.Errorf("the condition key %q is set already", key)
		}
		c.Set(key, values...)
	}
	return nil
}

type requestKey struct{}

// Context returns the context of a request with which the operations of [Pool] know what the request says: policies that decide whether
// somebody gets credentials find aws:SourceIp, aws:SecureTransport, aws:UserAgent, aws:Referer and aws:RequestedRegion. A program that
// serves GetCredentialsForIdentity, AssumeRole and the like to others calls them with it. The context of a request behind
// [Authorizer.Handler] and [Authorizer.Routes] is such a one. With any other these keys are absent.
func (a *Authorizer) Context(r *http.Request) context.Context {
	return context.WithValue(r.Context(), requestKey{}, &admission{authorizer: a, request: r})
}

// setRequestOf sets what a context knows of the request.
func setRequestOf(ctx context.Context, c *policy.Context) {
	of, ok := ctx.Value(requestKey{}).(*admission)
	if !ok {
		of = admissionFrom(ctx)
	}
	if of != nil {
		of.authorizer.setRequest(c, of.request)
	}
}

// setRequest sets the global condition keys that the request itself says.
func (a *Authorizer) setRequest(c *policy.Context, r *http.Request) {
	now := a.pool.now().UTC()
	c.Set("aws:CurrentTime", now.Format(time.RFC3339))
	c.Set("aws:EpochTime", strconv.FormatInt(now.Unix(), 10))
	c.Set("aws:SecureTransport", strconv.FormatBool(a.secure(r)))
	c.Set("aws:RequestedRegion", a.pool.region)
	if address := a.address(r); address.IsValid() {
		c.Set("aws:SourceIp", address.Unmap().WithZone("").String())
	}
	// A header that stands twice has no value that all who read it agree on.
	if agents := r.Header["User-Agent"]; len(agents) == 1 {
		c.Set("aws:UserAgent", agents[0])
	}
	if referers := r.Header["Referer"]; len(referers) == 1 {
		c.Set("aws:Referer", referers[0])
	}
}

// reserved reports whether the condition keys of a service are those that the pool says of callers: the global ones, and those that are
// named after providers.
func (p *Pool) reserved(service string) bool {
	for name := range p.providers {
		if strings.EqualFold(service, name) {
			return true
		}
	}
	service = strings.ToLower(service)
	return service == "aws" || service == "sts" || service == "saml" || strings.Contains(service, ".")
}

// applicationKey reports whether the application may say this key.
func applicationKey(service, key string) bool {
	for _, prefix := range []string{service + ":", "aws:ResourceTag/", "aws:RequestTag/"} {
		if len(key) > len(prefix) && strings.EqualFold(key[:len(prefix)], prefix) {
			return true
		}
	}
	return strings.EqualFold(key, "aws:TagKeys")
}
