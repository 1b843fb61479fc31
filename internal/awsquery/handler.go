package awsquery

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
)

const (
	defaultMaxBody = 256 << 10
	maxQuery       = 16 << 10 // of a GET
	formType       = "application/x-www-form-urlencoded"
)

// API is a service: its operations by their names. C is what the service knows of a caller.
type API[C any] struct {
	// Namespace is the XML namespace of the answers, and Version the Version of the requests. Required.
	Namespace, Version string
	// Operations are the operations. Required.
	Operations map[string]Operation[C]
	// Shapes are the constraints that the tag shape names.
	Shapes map[string]Shape
	// Authenticate tells who calls. The body of the request is unread. Required if there are Signed operations.
	Authenticate func(*http.Request) (C, error)
	// Translate makes a fault of an error of Authenticate or of an operation; those that are a *Fault are not asked about. Nil, or a nil
	// result, makes it an internal failure.
	Translate func(error) *Fault
	// MaxBody bounds the body of a request in bytes. The default is 256 KiB.
	MaxBody int64
	// Rand makes request IDs. The default is crypto/rand.Reader.
	Rand io.Reader
	// Logger gets what went wrong inside. The default is slog.Default().
	Logger *slog.Logger
}

// Request is a request of an operation.
type Request[C any] struct {
	*http.Request        // its body is unread
	Caller        C      // zero for an Unsigned operation
	ID            string // the request ID of the answer
}

// Operation is one action. Make one with [Signed], [Unsigned] or [Unsupported].
type Operation[C any] struct {
	// Get allows GET, with the parameters in the URL, where the signature may be too. What may be in logs only: never a secret.
	Get bool

	unsigned bool
	refusal  string
	input    reflect.Type
	serve    func(r *Request[C], in any) (any, error)
	fields   []parameter
}

// Signed is an operation of an authenticated caller. f returns the result, a struct with tags of encoding/xml, or nil for none.
func Signed[C, In any](f func(r *Request[C], in *In) (any, error)) Operation[C] {
	return Operation[C]{input: reflect.TypeFor[In](), serve: func(r *Request[C], in any) (any, error) { return f(r, in.(*In)) }}
}

// Unsigned is an operation that needs no signature, because its parameters prove who calls. One that is there is not looked at.
func Unsigned[C, In any](f func(r *Request[C], in *In) (any, error)) Operation[C] {
	operation := Signed(f)
	operation.unsigned = true
	return operation
}

// Unsupported is an action that clients may know from elsewhere and that is not offered here.
func Unsupported[C any](why string) Operation[C] {
	return Operation[C]{refusal: why}
}

type handler[C any] struct{ API[C] }

// New returns the handler of an API. It fails if something required is missing or a tag cannot be read.
func New[C any](api API[C]) (http.Handler, error) {
	if api.Namespace == "" || api.Version == "" || len(api.Operations) == 0 {
		return nil, errors.New("awsquery: Namespace, Version and Operations are required")
	}
	if api.MaxBody < 0 {
		return nil, errors.New("awsquery: MaxBody must not be negative")
	}
	operations := make(map[string]Operation[C], len(api.Operations))
	for name, o := range api.Operations {
		if o.refusal == "" {
			if o.serve == nil || !o.unsigned && api.Authenticate == nil {
				return nil, fmt.Errorf("awsquery: %s: the operation has no function, or there is no Authenticate", name)
			}
			fields, err := compileStruct(o.input, api.Shapes)
			if err != nil {
				return nil, fmt.Errorf("awsquery: %s: %w", name, err)
			}
			o.fields = fields
		}
		operations[name] = o
	}
	api.Operations = operations
	api.MaxBody = cmp.Or(api.MaxBody, defaultMaxBody)
	if api.Rand == nil {
		api.Rand = rand.Reader
	}
	if api.Logger == nil {
		api.Logger = slog.Default()
	}
	return &handler[C]{api}, nil
}

// ServeHTTP answers one request.
func (h *handler[C]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := h.requestID(r.Context())
	action, result, err := h.run(r, id)
	var body []byte
	if err == nil {
		body, err = encodeResult(h.Namespace, action, id, result)
	}
	if err == nil {
		write(w, http.StatusOK, id, body)
		return
	}
	fault := h.fault(err)
	if fault.Status >= http.StatusInternalServerError {
		h.Logger.ErrorContext(r.Context(), "awsquery: request failed", "action", action, "requestID", id, "error", cmp.Or(fault.Cause, err))
	}
	write(w, fault.Status, id, encodeFault(h.Namespace, id, fault))
}

// run returns the action, as far as it is known to be one, and its result.
func (h *handler[C]) run(r *http.Request, id string) (action string, result any, err error) {
	defer func() {
		switch panicked := recover(); panicked {
		case nil:
		case http.ErrAbortHandler:
			panic(panicked)
		default: // its value may hold what the client sent, secrets too
			err = internalFailure(fmt.Errorf("panic of type %T: %s", panicked, debug.Stack()))
		}
	}()
	parameters, err := h.read(r)
	if err != nil {
		return "", nil, err
	}
	action, operation, err := h.find(parameters)
	if err != nil {
		return "", nil, err
	}
	if r.Method == http.MethodGet && !operation.Get {
		return action, nil, Faultf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The action %s needs a POST with the parameters in its body.", action)
	}
	request := &Request[C]{Request: r, ID: id}
	if !operation.unsigned {
		if request.Caller, err = h.Authenticate(r); err != nil {
			return action, nil, err
		}
	}
	in := reflect.New(operation.input)
	if err := decode(parameters, operation.fields, in.Elem()); err != nil {
		return action, nil, err
	}
	result, err = operation.serve(request, in.Interface())
	return action, result, err
}

// read returns the parameters of a request, and leaves its body unread.
func (h *handler[C]) read(r *http.Request) (*form, error) {
	switch r.Method {
	case http.MethodGet:
		if len(r.URL.RawQuery) > maxQuery {
			return nil, Faultf(http.StatusRequestURITooLong, "RequestURITooLong", "The query is longer than %d bytes.", maxQuery)
		}
		return parseForm(r.URL.RawQuery, true)
	case http.MethodPost:
		if r.URL.RawQuery != "" {
			return nil, malformed("The parameters of a POST belong into its body.")
		}
		if !isForm(r.Header.Values("Content-Type")) {
			return nil, Faultf(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The Content-Type must be %s, in UTF-8.", formType)
		}
		body, err := h.readBody(r)
		if err != nil {
			return nil, err
		}
		return parseForm(string(body), false)
	}
	return nil, Faultf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method must be POST.")
}

// isForm reports whether the values of Content-Type name a form in UTF-8, which it is where no charset is named.
func isForm(types []string) bool {
	if len(types) != 1 {
		return false
	}
	kind, named, err := mime.ParseMediaType(types[0])
	return err == nil && kind == formType && strings.EqualFold(cmp.Or(named["charset"], "utf-8"), "utf-8")
}

func (h *handler[C]) readBody(r *http.Request) ([]byte, error) {
	tooLong := Faultf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The body is longer than %d bytes.", h.MaxBody)
	if r.ContentLength > h.MaxBody {
		return nil, tooLong
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, h.MaxBody+1)); err != nil {
			return nil, Faultf(http.StatusBadRequest, "IncompleteBody", "The body of the request could not be read.")
		}
	}
	if int64(len(body)) > h.MaxBody {
		return nil, tooLong
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// find takes Action and Version out of the parameters.
func (h *handler[C]) find(parameters *form) (string, Operation[C], error) {
	action, version := parameters.take("Action"), cmp.Or(parameters.take("Version"), "NO_VERSION_SPECIFIED")
	if action == "" {
		return "", Operation[C]{}, Faultf(http.StatusBadRequest, "MissingAction", "The request has no parameter Action.")
	}
	operation, ok := h.Operations[action]
	if !ok || version != h.Version {
		return "", operation, Faultf(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", shorten(action), shorten(version))
	}
	if operation.refusal != "" {
		return "", operation, Faultf(http.StatusBadRequest, "InvalidAction", "The operation %s is not supported: %s", action, operation.refusal)
	}
	return action, operation, nil
}

func shorten(text string) string {
	const most = 64
	if len(text) > most {
		return "(too long)"
	}
	return text
}

// fault translates an error.
func (h *handler[C]) fault(err error) *Fault {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault
	}
	if h.Translate != nil {
		if fault = h.Translate(err); fault != nil {
			return fault
		}
	}
	return internalFailure(err)
}

// requestID is random, in the form of a UUID.
func (h *handler[C]) requestID(ctx context.Context) string {
	var b [16]byte
	if _, err := io.ReadFull(h.Rand, b[:]); err != nil {
		h.Logger.ErrorContext(ctx, "awsquery: no random bytes for a request ID", "error", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
