package diagnostic

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	maxQuery = 64 << 10
	// maxBody bounds what a provider posts.
	maxBody = 1 << 20
)

// ServeHTTP answers the path of Config.BaseURL and those below it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, h.prefix)
	if !ok {
		h.refuse(w, r, http.StatusNotFound, notFound)
		return
	}
	callback := path == "/callback"
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && (r.Method != http.MethodPost || !callback):
		w.Header().Set("Allow", "GET, HEAD")
		h.refuse(w, r, http.StatusMethodNotAllowed, notFound)
	case len(r.URL.RawQuery) > maxQuery:
		h.refuse(w, r, http.StatusRequestURITooLong, notFound)
	case path == "" || path == "/":
		h.start(w, r)
	case path == "/style.css":
		h.stylesheet(w, r)
	case path == "/begin":
		h.begin(w, r)
	case callback:
		if state, ok := h.ownState(r); ok {
			h.finish(w, r, state)
			return
		}
		h.refuse(w, r, http.StatusBadRequest, notBegun)
	default:
		h.refuse(w, r, http.StatusNotFound, notFound)
	}
}

// Callback returns a handler for a callback URL that serves the application's own
// sign-ins, too (see Target.CallbackURL): answers to tests are taken, and all other
// requests go on to next, as they came. A test is told by its state and the cookie
// of its browser.
func (h *Handler) Callback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.browser(r) != "" {
			if state, ok := h.ownState(r); ok {
				h.finish(w, r, state)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// ownState returns the state in a request, if it is one of ours. A body that was
// read for it is there again afterwards.
func (h *Handler) ownState(r *http.Request) (string, bool) {
	values := url.Values{}
	switch {
	case len(r.URL.RawQuery) > maxQuery:
	case r.Method == http.MethodGet:
		values = r.URL.Query()
	case r.Method == http.MethodPost && r.PostForm != nil:
		values = r.PostForm
	case r.Method == http.MethodPost && r.Body != nil:
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/x-www-form-urlencoded" {
			return "", false
		}
		body := r.Body
		data, err := io.ReadAll(io.LimitReader(body, maxBody))
		r.Body = readCloser{io.MultiReader(bytes.NewReader(data), body), body}
		if err != nil {
			return "", false
		}
		// One that is longer ends in the middle, which the provider will find out.
		values, _ = url.ParseQuery(string(data))
	}
	given := append(values["state"], values["RelayState"]...)
	if len(given) != 1 {
		return "", false
	}
	_, ok := h.readState(given[0])
	return given[0], ok
}

type readCloser struct {
	io.Reader
	io.Closer
}

// link reads the link of a request, or answers with a page.
func (h *Handler) link(w http.ResponseWriter, r *http.Request) (*link, Target, bool) {
	tokens := r.URL.Query()["link"]
	if len(tokens) != 1 {
		h.refuse(w, r, http.StatusNotFound, notFound)
		return nil, Target{}, false
	}
	l, err := h.readLink(tokens[0])
	switch {
	case errors.Is(err, errExpired):
		h.refuse(w, r, http.StatusGone, expired)
		return nil, Target{}, false
	case err != nil:
		h.refuse(w, r, http.StatusNotFound, notFound)
		return nil, Target{}, false
	}
	target, ok := h.known(w, r, l.provider)
	return l, target, ok
}

func (h *Handler) known(w http.ResponseWriter, r *http.Request, name string) (Target, bool) {
	target, err := h.target(r.Context(), name)
	if err != nil {
		h.config.Logger.WarnContext(r.Context(), "diagnostic: a provider cannot be tested", "provider", name, "error", err)
		h.refuse(w, r, http.StatusNotFound, noProvider)
		return target, false
	}
	return target, true
}

// start says what will happen.
func (h *Handler) start(w http.ResponseWriter, r *http.Request) {
	l, target, ok := h.link(w, r)
	if !ok {
		return
	}
	h.show(w, r, http.StatusOK, "start", view{
		Label: target.Label, Callback: target.CallbackURL, Settings: target.Settings, Expires: l.expires,
		Begin: h.prefix + "/begin?link=" + url.QueryEscape(l.token),
	})
}

// begin sends the browser to the provider. A link to this page on another site, or
// a browser that loads pages in advance, is led to the first page instead.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) {
	l, target, ok := h.link(w, r)
	if !ok {
		return
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Method != http.MethodGet || site != "" && site != "same-origin" && site != "none" || r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") != "" {
		h.header(w)
		w.Header().Set("Location", h.startPage(l.token))
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	next, err := h.beginTest(w, r, l, target)
	if err != nil {
		h.config.Logger.WarnContext(r.Context(), "diagnostic: a test could not begin", "provider", l.provider, "error", err)
		report := Failed(err, target.Provider, h.options(l.provider, target))
		h.showReport(w, r, report, target, l.token)
		return
	}
	next.ServeHTTP(w, r)
}

func (h *Handler) startPage(token string) string {
	return h.prefix + "/?link=" + url.QueryEscape(token)
}

func (h *Handler) beginTest(w http.ResponseWriter, r *http.Request, l *link, target Target) (http.Handler, error) {
	state, err := h.newState(l.id)
	if err != nil {
		return nil, err
	}
	next, pending, err := beginAt(r.Context(), target, state)
	if err != nil {
		return nil, err
	}
	browser, err := h.keepBrowser(w, r)
	if err != nil {
		return nil, err
	}
	return next, h.put(r.Context(), storeKey(l.id), &test{
		Provider: l.provider, Link: l.token, State: hashed(state), Browser: hashed(browser), Pending: pending,
		Expires: h.config.Now().Add(testTime).UTC(),
	})
}

func beginAt(ctx context.Context, target Target, state string) (next http.Handler, pending []byte, err error) {
	defer func() {
		if recover() != nil {
			next, pending, err = nil, nil, errPanic
		}
	}()
	next, pending, err = target.Provider.Begin(ctx, target.CallbackURL, state)
	if err == nil && next == nil {
		err = errors.New("the provider's package gave no handler")
	}
	return next, pending, err
}

// finish shows what came of the test with a state that is one of ours.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request, state string) {
	id, _ := h.readState(state)
	browser := h.browser(r)
	if browser == "" {
		h.refuse(w, r, http.StatusBadRequest, notBegun)
		return
	}
	t, err := h.take(r.Context(), id, state, browser)
	switch {
	case errors.Is(err, errNoTest):
		h.refuse(w, r, http.StatusBadRequest, over)
		return
	case err != nil:
		h.config.Logger.ErrorContext(r.Context(), "diagnostic: the store failed", "error", err)
		h.refuse(w, r, http.StatusServiceUnavailable, unavailable)
		return
	}
	target, ok := h.known(w, r, t.Provider)
	if !ok {
		return
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	report := Examine(r, target.Provider, t.Pending, h.options(t.Provider, target))
	h.config.Logger.InfoContext(r.Context(), "diagnostic: a test ended", "provider", t.Provider, "ok", report.OK)
	h.showReport(w, r, report, target, t.Link)
}
