package identitypool

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

const (
	defaultService = "execute-api"
	maxService     = 64
)

var serviceName = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)

// AuthorizerConfig is what [Pool.Authorizer] takes. Its zero value is the strictest.
type AuthorizerConfig struct {
	// Service is the service that requests are signed for: 1 to 64 small letters, digits and hyphens. The default is "execute-api". Give each
	// service of yours its own name if a request to one must not be sent again to another. "s3" is signed by the rules of S3.
	Service string
	// MaxBody is how many bytes of a request's body are read at most, into memory: 1 MiB by default, and no more than 1 GiB.
	MaxBody int64
	// MaxSkew is how far the date of a request may be from the clock: 5 minutes by default, at most 15.
	MaxSkew time.Duration
	// AllowPresigned accepts signatures in the query, which everybody who sees the URL can use until it expires. MaxExpires bounds how
	// long that is: 15 minutes by default, at most 7 days.
	AllowPresigned bool
	MaxExpires     time.Duration
	// AllowUnsignedPayload accepts requests whose body is not signed (UNSIGNED-PAYLOAD): who can change a request on its way can give it
	// another body.
	AllowUnsignedPayload bool
	// AllowStreaming accepts bodies that are sent in chunks (aws-chunked), each signed by itself, or, with AllowUnsignedPayload as well,
	// none of them. The handler finds the body without the chunks around it. Authorize refuses such bodies.
	AllowStreaming bool
	// AllowSigV4A accepts signatures by a key pair (AWS4-ECDSA-P256-SHA256), which are for a set of regions.
	AllowSigV4A bool
	// PreventReplay refuses a request that was accepted before, by any process. Each request then writes to the store, and a client that
	// tries again must sign again. It does not concern presigned GET and HEAD requests, which are made to be sent again. Without it a
	// request can be sent again for as long as MaxSkew says.
	PreventReplay bool
	// ClientAddress finds out who sent a request, for the condition key aws:SourceIp; the zero Addr says that it is not known. The
	// default is the peer of the connection. Behind a proxy, that is the proxy: read the header that the proxy sets, and believe of it
	// only what that proxy wrote (of X-Forwarded-For the last address, not the first).
	ClientAddress func(*http.Request) netip.Addr
	// SecureTransport tells whether a request came over TLS, for the condition key aws:SecureTransport. The default is that this
	// connection uses TLS; behind a proxy that ends TLS, the application must say.
	SecureTransport func(*http.Request) bool
	// Decided is told of each decision of Handler, Routes and Authorize, before the request is answered. The default writes those that
	// deny to the logger of the pool, with the trace. Decision.Explain tells what each statement said; the client is told none of it.
	Decided func(r *http.Request, caller Caller, decision Decision)
	// Refuse answers a request that Handler or Routes do not let through. The default answers with a JSON object, see
	// [Authorizer.Handler]. Code.Status is the status that the default uses.
	Refuse func(w http.ResponseWriter, r *http.Request, err *Error)
}

// Authorizer protects handlers with the credentials of a pool: it verifies signatures, judges the session and asks the policies. Make one
// with [Pool.Authorizer], one for each service. It is safe for concurrent use.
type Authorizer struct {
	pool     *Pool
	verifier *sigv4.Verifier
	address  func(*http.Request) netip.Addr
	secure   func(*http.Request) bool
	decided  func(*http.Request, Caller, Decision)
	refuse   func(http.ResponseWriter, *http.Request, *Error)
}

// Authorizer returns what protects the handlers of a service, or an error that names the field that is wrong.
func (p *Pool) Authorizer(config AuthorizerConfig) (*Authorizer, error) {
	if config.Service == "" {
		config.Service = defaultService
	}
	if !serviceName.MatchString(config.Service) || len(config.Service) > maxService {
		return nil, fmt.Errorf("identitypool: AuthorizerConfig.Service is %q; it must be 1 to %d small letters, digits and hyphens", config.Service, maxService)
	}
	a := &Authorizer{
		pool: p, address: config.ClientAddress, secure: config.SecureTransport, decided: config.Decided, refuse: config.Refuse,
	}
	if a.address == nil {
		a.address = peer
	}
	if a.secure == nil {
		a.secure = func(r *http.Request) bool { return r.TLS != nil }
	}
	if a.decided == nil {
		a.decided = a.logDenied
	}
	if a.refuse == nil {
		a.refuse = answerJSON
	}
	signatures := sigv4.Config{
		Region: p.region, Service: config.Service, Secret: p.signer, MaxSkew: config.MaxSkew, MaxBody: config.MaxBody, Now: p.now,
		AllowPresigned: config.AllowPresigned, MaxExpires: config.MaxExpires, AllowUnsignedPayload: config.AllowUnsignedPayload,
		AllowStreaming: config.AllowStreaming, AllowSigV4A: config.AllowSigV4A,
	}
	if config.PreventReplay {
		signatures.Once = p.onceOf(config.Service)
	}
	var err error
	if a.verifier, err = sigv4.New(signatures); err != nil {
		return nil, fmt.Errorf("identitypool: AuthorizerConfig: %w", err)
	}
	return a, nil
}

// signer finds the secret of an access key, and what else the session token says, which is opened once: nothing of it is believed but
// that this pool sealed it, before the signature has proved that the sender has the secret.
func (p *Pool) signer(ctx context.Context, accessKeyID, sessionToken string) (sigv4.Secret, error) {
	secret, caller, ok, err := p.principal(ctx, accessKeyID, sessionToken)
	if err != nil || !ok {
		return sigv4.Secret{}, err
	}
	return sigv4.Secret{AccessKey: secret, Principal: caller}, nil
}

// onceOf remembers signatures of a service in the store. It is asked about right ones only, so that nobody fills the store without
// credentials.
func (p *Pool) onceOf(service string) func(context.Context, string, time.Time) (bool, error) {
	return func(ctx context.Context, key string, until time.Time) (bool, error) {
		err := p.store.CreateTicket(ctx, p.id, Ticket{Key: "request/" + service + "/" + key, Expires: until}, p.now())
		if errors.Is(err, ErrExists) {
			return false, nil
		}
		return err == nil, err
	}
}

// Caller verifies the signature and session token of a request and returns who signed it. It reads the body, up to MaxBody, and puts it
// back.
//
// The errors are MissingAuthenticationToken (the request is not signed), IncompleteSignature, InvalidSignature, ExpiredToken,
// RequestEntityTooLarge, InvalidParameter (the body broke off), InternalError and NotAuthorized: the credentials are good, but they were
// revoked, or the pool no longer has the provider, the role or the guests that they were issued for.
func (a *Authorizer) Caller(r *http.Request) (Caller, error) {
	caller, err := a.verify(r)
	if err != nil {
		return Caller{}, err
	}
	return *caller, nil
}

func (a *Authorizer) verify(r *http.Request) (*Caller, error) {
	signed, err := a.verifier.Verify(r)
	return a.judge(r, signed, err)
}

// judge judges the credentials of a request, whose signature was found right unless there is an error.
func (a *Authorizer) judge(r *http.Request, signed sigv4.Signed, err error) (*Caller, error) {
	if err != nil {
		return nil, signatureError(err)
	}
	caller, ok := signed.Principal.(*Caller)
	if !ok {
		return nil, internal("authenticate", errors.New("the verifier has lost the caller"))
	}
	if err := a.pool.judge(a.Context(r), caller); err != nil {
		return nil, err
	}
	return caller, nil
}

// Authenticate verifies a request as [Authorizer.Caller] does and returns the caller's claims, see [Caller.Claims]. They are never nil
// without an error.
func (a *Authorizer) Authenticate(r *http.Request) (map[string]any, error) {
	caller, err := a.Caller(r)
	if err != nil {
		return nil, err
	}
	return caller.Claims(), nil
}

// Authorize verifies a request and asks the policies of the caller. body is all of the request's body, nil for none; r.Body is not read.
// action is service:name without wildcards. resource is what the request is about, chosen by the application: an ARN of six parts, or "*"
// for an action that is about nothing in particular, which only "*" in a policy matches.
//
// The error is AccessDenied if the policies do not allow it; its message names the action, the resource and the kind of policy that
// denies it or does not allow it. It is InternalError if action or resource is not what it must be. The other errors are those of Caller.
// With PreventReplay each call is a use of the request: ask about more than one resource by [Decide].
func (a *Authorizer) Authorize(r *http.Request, body []byte, action, resource string) error {
	signed, err := a.verifier.VerifyBody(r, body)
	caller, err := a.judge(r, signed, err)
	if err != nil {
		return err
	}
	_, err = a.decideAndTell(r, &admission{authorizer: a, request: r, caller: caller}, Question{Action: action, Resource: resource})
	return err
}
