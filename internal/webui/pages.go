package webui

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
)

// Pages are the pages of a package: templates, each with the frame around it, and the stylesheet of all. It is safe for concurrent use.
type Pages struct {
	templates map[string]*template.Template
	style     []byte
	tag       string
}

// LoadPages parses templates/NAME.html of files for each name, together with templates/frame.html, which defines the template "frame". own
// are the rules that the stylesheet has besides those of Stylesheet.
func LoadPages(files fs.FS, own string, names ...string) (*Pages, error) {
	p := &Pages{templates: map[string]*template.Template{}, style: []byte(Stylesheet(own))}
	for _, name := range names {
		t, err := template.ParseFS(files, "templates/frame.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse the templates: %w", err)
		}
		p.templates[name] = t
	}
	sum := sha256.Sum256(p.style)
	p.tag = hex.EncodeToString(sum[:6])
	return p, nil
}

// Write answers with a page. It is made whole before the first byte is sent: after an error nothing is. A HEAD is answered without the
// page.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, name string, data any) error {
	t, ok := p.templates[name]
	if !ok {
		return fmt.Errorf("there is no page %q", name)
	}
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "frame", data); err != nil {
		return err
	}
	send(w, r, status, "text/html", page.Bytes())
	return nil
}

// StylePath returns the path at which the pages find the stylesheet, below a prefix. It changes with the stylesheet, so that browsers may
// keep that.
func (p *Pages) StylePath(prefix string) string { return prefix + "/style.css?v=" + p.tag }

// WriteStyle serves the stylesheet. A browser may keep what it finds at the present path. While another version of the program runs beside
// this one, it may ask here for the other one's, and must not keep what it gets: for that the Cache-Control stays as the caller has set it.
func (p *Pages) WriteStyle(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("v") == p.tag {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	send(w, r, http.StatusOK, "text/css", p.style)
}

func send(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", media+"; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that has gone away needs no answer
	}
}
