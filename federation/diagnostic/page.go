package diagnostic

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"
	"unicode"

	"github.com/stepwell/stepwell/internal/webui"
)

//go:embed templates/*.html
var files embed.FS

//go:embed style.css
var ownStyle string

// pages are the templates, each with the frame around it, and the stylesheet.
type pages struct {
	templates map[string]*template.Template
	style     []byte
	// tag changes with the stylesheet, so that browsers may keep it.
	tag string
}

func loadPages() (pages, error) {
	p := pages{templates: map[string]*template.Template{}, style: []byte(webui.Stylesheet(ownStyle))}
	for _, name := range []string{"start", "result", "refused"} {
		t, err := template.ParseFS(files, "templates/frame.html", "templates/"+name+".html")
		if err != nil {
			return p, fmt.Errorf("diagnostic: parse the templates: %w", err)
		}
		p.templates[name] = t
	}
	digest := sha256.Sum256(p.style)
	p.tag = hex.EncodeToString(digest[:6])
	return p, nil
}

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
func (v view) Initial() string {
	for _, r := range v.Title {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "•"
}

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
	v.Style = h.prefix + "/style.css?v=" + h.pages.tag
	h.header(w)
	var page bytes.Buffer
	if err := h.pages.templates[name].ExecuteTemplate(&page, "frame", v); err != nil {
		h.config.Logger.ErrorContext(r.Context(), "diagnostic: a page could not be made", "page", name, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page.Bytes()) // a browser that has gone away needs no answer
	}
}

func (h *Handler) stylesheet(w http.ResponseWriter, r *http.Request) {
	h.header(w)
	header := w.Header()
	if r.URL.Query().Get("v") == h.pages.tag {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	header.Set("Content-Type", "text/css; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(h.pages.style)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(h.pages.style) // a browser that has gone away needs no answer
	}
}
