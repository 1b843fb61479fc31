package sts

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/awsquery"
)

// serviceName is what requests are signed for.
const serviceName = "sts"

// Config is what [New] needs.
type Config struct {
	// Pool gives the credentials. Required.
	Pool *identitypool.Pool
	// MaxSkew is how far the date of a signed request may be from the clock: 5 minutes by default, at most 15.
	MaxSkew time.Duration
	// AllowPresigned accepts GetCallerIdentity with the signature in the URL, for programs that prove to others who they are by handing
	// them such a URL. No other action is accepted so.
	AllowPresigned bool
	// PreventReplay refuses a signed request that was accepted before, by any process, as in [identitypool.AuthorizerConfig].
	PreventReplay bool
	// ClientAddress and SecureTransport tell who sent a request and whether it came over TLS, for the condition keys aws:SourceIp and
	// aws:SecureTransport in the policies of callers and the trust policies of roles, as in [identitypool.AuthorizerConfig].
	ClientAddress   func(*http.Request) netip.Addr
	SecureTransport func(*http.Request) bool
	// Rand makes request IDs; crypto/rand.Reader by default.
	Rand io.Reader
	// Logger gets what went wrong inside, with the request ID; slog.Default() by default.
	Logger *slog.Logger
}

// Service is a Security Token Service for the roles of a pool, as an http.Handler that speaks the protocol of AWS's. It answers on every
// path that it is given. It is safe for concurrent use.
type Service struct {
	pool    *identitypool.Pool
	signed  *identitypool.Authorizer
	handler http.Handler
}

// New returns the service of a pool, or an error that names what is wrong with the Config.
func New(config Config) (*Service, error) {
	if config.Pool == nil {
		return nil, errors.New("sts: Config.Pool is required")
	}
	authorizer, err := config.Pool.Authorizer(identitypool.AuthorizerConfig{
		Service: serviceName, MaxSkew: config.MaxSkew, AllowPresigned: config.AllowPresigned, PreventReplay: config.PreventReplay,
		ClientAddress: config.ClientAddress, SecureTransport: config.SecureTransport,
	})
	if err != nil {
		return nil, err
	}
	s := &Service{pool: config.Pool, signed: authorizer}
	s.handler, err = awsquery.New(awsquery.API[identitypool.Caller]{
		Namespace: namespace, Version: version, Operations: s.operations(), Shapes: shapes, Authenticate: authorizer.Caller,
		Translate: translate, Rand: config.Rand, Logger: config.Logger,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// answer is how an error is told to a client.
type answer struct {
	name   string
	status int
}

// answers has every [identitypool.Code]. Those that AWS STS has too have its names and statuses.
var answers = map[identitypool.Code]answer{
	identitypool.InvalidParameter:                 {"ValidationError", http.StatusBadRequest},
	identitypool.NotAuthorized:                    {"AccessDenied", http.StatusForbidden},
	identitypool.ResourceNotFound:                 {"NoSuchEntity", http.StatusNotFound},
	identitypool.ExternalService:                  {"IDPCommunicationError", http.StatusBadRequest},
	identitypool.InternalError:                    {"InternalFailure", http.StatusInternalServerError},
	identitypool.MissingAuthenticationToken:       {"MissingAuthenticationToken", http.StatusForbidden},
	identitypool.IncompleteSignature:              {"IncompleteSignature", http.StatusBadRequest},
	identitypool.InvalidSignature:                 {"SignatureDoesNotMatch", http.StatusForbidden},
	identitypool.ExpiredToken:                     {"ExpiredToken", http.StatusForbidden},
	identitypool.AccessDenied:                     {"AccessDenied", http.StatusForbidden},
	identitypool.RequestEntityTooLarge:            {"RequestEntityTooLarge", http.StatusRequestEntityTooLarge},
	identitypool.ReplayedRequest:                  {"ReplayedRequest", http.StatusForbidden},
	identitypool.ResourceConflict:                 {"ResourceConflict", http.StatusConflict},
	identitypool.DeveloperUserAlreadyRegistered:   {"DeveloperUserAlreadyRegistered", http.StatusConflict},
	identitypool.InvalidIdentityPoolConfiguration: {"InvalidIdentityPoolConfiguration", http.StatusBadRequest},
	identitypool.ConcurrentModification:           {"ConcurrentModification", http.StatusConflict},
	identitypool.LimitExceeded:                    {"LimitExceeded", http.StatusConflict},
	identitypool.MalformedPolicyDocument:          {"MalformedPolicyDocument", http.StatusBadRequest},
	identitypool.PackedPolicyTooLarge:             {"PackedPolicyTooLarge", http.StatusBadRequest},
	identitypool.IDPRejectedClaim:                 {"IDPRejectedClaim", http.StatusForbidden},
	identitypool.InvalidIdentityToken:             {"InvalidIdentityToken", http.StatusBadRequest},
	identitypool.IDPCommunicationError:            {"IDPCommunicationError", http.StatusBadRequest},
}

var expiredToken = answer{"ExpiredTokenException", http.StatusBadRequest}

// translate makes a fault of an error of the pool. Nil makes it an internal failure.
func translate(err error) *awsquery.Fault {
	var refused *identitypool.Error
	if !errors.As(err, &refused) {
		return nil
	}
	known, ok := answers[refused.Code]
	if !ok {
		return nil
	}
	return &awsquery.Fault{Status: known.status, Code: known.name, Message: refused.Message, Cause: errors.Unwrap(refused)}
}

// translateToken is translate for an action whose proof is a token: what has expired is then the token, for which AWS has another name.
func translateToken(err error) error {
	var refused *identitypool.Error
	if !errors.As(err, &refused) || refused.Code != identitypool.ExpiredToken {
		return err
	}
	return &awsquery.Fault{Status: expiredToken.status, Code: expiredToken.name, Message: refused.Message, Cause: errors.Unwrap(refused)}
}
