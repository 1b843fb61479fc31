package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/middleware"
)

const (
	region    = "local-1"
	loginName = "quickstart-users"
	// service is the name that requests are signed for.
	service = "execute-api"
)

// What users and guests may do. A note's resource is arn:app:notes:::note/OWNER/NAME; the variable is the caller's own identity.
const (
	userPolicy = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:app:notes:::note/public/*"},
    {"Effect": "Allow", "Action": "notes:*", "Resource": "arn:app:notes:::note/${cognito-identity.amazonaws.com:sub}/*"}
  ]
}`
	guestPolicy = `{
  "Version": "2012-10-17",
  "Statement": {"Effect": "Allow", "Action": "notes:Read", "Resource": "arn:app:notes:::note/public/*"}
}`
)

// notes is an API whose callers sign their requests with temporary credentials. It forgets all when the program ends.
type notes struct {
	mu   sync.Mutex
	text map[string]string
}

const (
	maxNote  = 4 << 10
	maxNotes = 1000
)

// mountNotes protects the API: the table says what each request does, and to what; the policies of the caller's role say whether it may.
func (a *app) mountNotes(mux *http.ServeMux) error {
	authorizer, err := a.identities.Authorizer(identitypool.AuthorizerConfig{Service: service})
	if err != nil {
		return err
	}
	n := &notes{text: map[string]string{"public/welcome": "Everybody may read this note, guests too."}}
	const note = "arn:app:notes:::note/{owner}/{name}"
	routes, err := authorizer.Routes([]identitypool.Route{
		{Pattern: "GET /api/notes/{owner}/{name}", Action: "notes:Read", Resource: note, Handler: http.HandlerFunc(n.read)},
		{Pattern: "PUT /api/notes/{owner}/{name}", Action: "notes:Write", Resource: note, Handler: http.HandlerFunc(n.write)},
	})
	if err != nil {
		return err
	}
	mux.Handle("/api/notes/", routes)
	return nil
}

func noteKey(r *http.Request) string { return r.PathValue("owner") + "/" + r.PathValue("name") }

func (n *notes) read(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	text, found := n.text[noteKey(r)]
	n.mu.Unlock()
	if !found {
		http.Error(w, "There is no such note.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	io.WriteString(w, text)
}

func (n *notes) write(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNote))
	if err != nil {
		http.Error(w, "A note has at most 4096 bytes.", http.StatusRequestEntityTooLarge)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, found := n.text[noteKey(r)]; !found && len(n.text) >= maxNotes {
		http.Error(w, "There is no room for another note.", http.StatusInsufficientStorage)
		return
	}
	n.text[noteKey(r)] = string(body)
	caller, _ := identitypool.FromContext(r.Context())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "Saved for "+caller.IdentityID+".")
}

// apiMe is an API for access tokens: it answers with the claims of who calls.
func apiMe(w http.ResponseWriter, r *http.Request) {
	claims, _ := middleware.FromContext(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(claims)
}
