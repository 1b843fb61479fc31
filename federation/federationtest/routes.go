package federationtest

import (
	"net/http"
	"strings"
)

// route is what answers at a path.
type route struct {
	methods  string // separated by spaces
	path     string
	endpoint string // what hooks are told, or empty for what is no endpoint
	handler  http.HandlerFunc
}

// responder is Hooks.Respond, or that of the other hooks.
type responder func(endpoint string, w http.ResponseWriter, r *http.Request) bool

// newMux registers routes below a prefix, with their methods, so that nothing else answers. It bounds the bodies of requests, and lets the
// responder go first that respond returns at the time, if it is not nil.
func newMux(prefix string, maxBody int64, respond func() responder, routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, to := range routes {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body != nil {
				r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			}
			if first := respond(); to.endpoint != "" && first != nil && first(to.endpoint, w, r) {
				return
			}
			to.handler(w, r)
		})
		for _, method := range strings.Fields(to.methods) {
			mux.Handle(method+" "+prefix+to.path, handler)
		}
	}
	return mux
}
