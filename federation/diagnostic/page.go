package diagnostic

import (
	"embed"
	"net/http"
	"time"

	"github.com/stepwell/stepwell/internal/webui"
)

//go:embed templates/*.html
var files embed.FS

//go:embed style.css
var ownStyle string

var pageNames = []string{"start", "result", "refused"}

// view is what a template sees.
type view struct {
	Title, Style string
	// Label is the provider's name.
	Label string
	Now   time.Time

	Callback string
	Settings []Setting
	Expires  time.Time
	Begin    string

	Report *Report
	Again  string

	Refused refusal
}

// Initial is the first letter or digit of the title, for the mark beside it.
func (v view) Initial() string { return webui.Initial(v.Title) }

// refusal is a page that says that there is nothing to be done here.
type refusal struct{ Heading, Text string }

var (
	notFound = refusal{"Page not found", "There is nothing at this address. If you followed a link, look whether all of it is in the address: it is long."}
	expired  = refusal{"This link has expired", "Links for tests are valid for a limited time. Ask whoever sent it to you for a new one."}
	notBegun = refusal{"This test was not begun in this browser", "Open the link again and press the button there. The browser has to keep cookies for this site. " +
		"If you came here from the provider's portal, begin at the link instead."}
	over        = refusal{"This test is over", "Its result was shown already, it took longer than 15 minutes, or another one was begun with the same link since. Open the link again for another test."}
	noProvider  = refusal{"There is nothing to test", "The provider that this link is for is not set up any more, or not in a way that it could be tested."}
	unavailable = refusal{"The test cannot go on", "Something failed here. Please open the link again in a moment."}
)

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, what refusal) {
	h.show(w, r, status, "refused", view{Refused: what})
}

func (h *Handler) showReport(w http.ResponseWriter, r *http.Request, report *Report, target Target, token string) {
	again := ""
	if _, err := h.readLink(token); err == nil {
		again = h.startPage(token)
	}
	h.show(w, r, http.StatusOK, "result", view{Label: target.Label, Report: report, Again: again})
}

// header sets what all answers have.
func (h *Handler) header(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	// The addresses have links and codes in them.
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Robots-Tag", "noindex")
}

// show answers with a page, which is made whole before the first byte is sent.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Title, v.Now = h.config.Title, h.config.Now().UTC()
	v.Style = h.pages.StylePath(h.prefix)
	h.header(w)
	if err := h.pages.Write(w, r, status, name, v); err != nil {
		h.config.Logger.ErrorContext(r.Context(), "diagnostic: a page could not be made", "page", name, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
	}
}

func (h *Handler) stylesheet(w http.ResponseWriter, r *http.Request) {
	h.header(w)
	h.pages.WriteStyle(w, r)
}
