package saml

import (
	"errors"
	"mime"
	"net/http"
	"net/url"

	"github.com/stepwell/stepwell/internal/samlxml"
)

const (
	// maxXML bounds a message after decoding; maxForm has room for its base64,
	// the escaping of that, and RelayState.
	maxXML  = samlxml.DefaultMaxBytes
	maxForm = 2 * maxXML
	// maxRelayState bounds a RelayState that is not ours. SAML says 80 bytes;
	// identity providers that can be configured with one do not count.
	maxRelayState = 1024
)

// posted is a message that came by the POST binding.
type posted struct {
	name       string // paramRequest or paramResponse
	xml        []byte
	relayState string
}

// readPost reads a message from where the POST binding puts it, and from
// nowhere else. names are those that may come.
func readPost(r *http.Request, code Code, names ...string) (*posted, error) {
	if r == nil || r.URL == nil {
		return nil, fail(code, "there is no request")
	}
	if r.Method != http.MethodPost {
		return nil, fail(code, "the message came with method %q; a message in a form comes with POST", plain(r.Method, 16))
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || query.Has(paramRequest) || query.Has(paramResponse) || query.Has(paramRelayState) {
		return nil, fail(code, "the request has a message in its query; with POST it is in the body")
	}
	form, err := postForm(r, code)
	if err != nil {
		return nil, err
	}
	m := new(posted)
	for _, name := range []string{paramRequest, paramResponse, paramRelayState} {
		if len(form[name]) > 1 {
			return nil, fail(code, "the form has the field %s %d times", name, len(form[name]))
		}
	}
	for _, name := range names {
		if !form.Has(name) {
			continue
		}
		if m.name != "" {
			return nil, fail(code, "the form has both a request and a response")
		}
		m.name = name
	}
	if m.name == "" {
		return nil, fail(code, "the form has no field %s", names[0])
	}
	m.relayState = form.Get(paramRelayState)
	m.xml, err = decode(form.Get(m.name), m.name, code)
	return m, err
}

// postForm returns the form in r's body, which the application may have parsed
// already.
func postForm(r *http.Request, code Code) (url.Values, error) {
	if r.PostForm != nil {
		return r.PostForm, nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" || r.Body == nil {
		return nil, fail(code, "the body is not a form (application/x-www-form-urlencoded)")
	}
	tooLong := fail(code, "the form is longer than %d bytes", maxForm)
	if r.ContentLength > maxForm {
		return nil, tooLong
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		var limit *http.MaxBytesError
		if errors.As(err, &limit) {
			return nil, tooLong
		}
		return nil, fail(code, "the form is malformed")
	}
	return r.PostForm, nil
}

// decode undoes the base64 of the POST binding.
func decode(field, name string, code Code) ([]byte, error) {
	if field == "" {
		return nil, fail(code, "the field %s is empty", name)
	}
	data, err := samlxml.DecodeBase64(field, maxXML)
	if errors.Is(err, samlxml.TooLarge) {
		return nil, fail(code, "the %s is longer than %d bytes", name, maxXML)
	}
	if err != nil || len(data) == 0 {
		return nil, fail(code, "the %s is not base64", name)
	}
	return data, nil
}

// parse reads a message that we do not trust.
func parse(data []byte, code Code) (*samlxml.Element, error) {
	root, err := samlxml.Parse(data, samlxml.Options{MaxBytes: maxXML})
	if err != nil {
		return nil, failCause(code, "the message cannot be read", err)
	}
	return root, nil
}

// ClaimedIssuer returns the name of the identity provider that a message says to
// be from, for an application that has several and must know which to ask:
// for [Provider.FinishUnsolicited] and [Provider.ReceiveLogout], where there is no
// pending value to tell. r is the request to the ACS or SLO URL.
//
// Nothing is verified: use the name for nothing but choosing a Provider, which
// then refuses the message if it is not from there. A name that belongs to no
// Provider may be one of its LogoutIssuers.
func (sp *ServiceProvider) ClaimedIssuer(r *http.Request) (entityID string, err error) {
	err = guard("reading a message", func() error {
		data, err := anyMessage(r)
		if err != nil {
			return err
		}
		root, err := parse(data, InvalidResponse)
		if err != nil {
			return err
		}
		e, err := root.One(samlxml.NSAssertion, "Issuer")
		if err != nil {
			return failCause(InvalidResponse, "the message cannot be read", err)
		}
		if e == nil { // a response may leave it to the assertion
			if assertion, err := root.One(samlxml.NSAssertion, "Assertion"); err == nil && assertion != nil {
				e, _ = assertion.One(samlxml.NSAssertion, "Issuer")
			}
		}
		entityID, err = e.Text()
		if err != nil || entityID == "" || len(entityID) > maxEntityID {
			return fail(InvalidResponse, "the message has no Issuer").at("Issuer")
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return entityID, nil
}

// anyMessage returns the XML of whatever message r carries.
func anyMessage(r *http.Request) ([]byte, error) {
	if r != nil && r.URL != nil && r.Method == http.MethodGet {
		q, err := samlxml.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, failCause(InvalidResponse, "the query cannot be read", err)
		}
		return q.Message, nil
	}
	m, err := readPost(r, InvalidResponse, paramResponse, paramRequest)
	if err != nil {
		return nil, err
	}
	return m.xml, nil
}
