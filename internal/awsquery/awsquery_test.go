package awsquery

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const namespace = "https://notes.example.com/doc/2026-01-01/"

type noteTag struct {
	Key   string `query:"Key" shape:"key" required:"true"`
	Value string `query:"Value" shape:"value" required:"true"`
}

type putInput struct {
	Name    string    `query:"Name" shape:"name" required:"true"`
	Text    string    `query:"Text"`
	Token   string    `query:"Token" shape:"token"`
	Seconds int       `query:"Seconds" shape:"seconds"`
	Pinned  bool      `query:"Pinned"`
	Tags    []noteTag `query:"Tags" most:"3"`
	Readers []string  `query:"Readers" shape:"key"`
	Place   struct {
		City string `query:"City" required:"true"`
	} `query:"Place"`
}

type putResult struct {
	Echo  string
	Who   string
	Left  string   // of the body
	Names []string `xml:"Names>member"`
}

var shapes = map[string]Shape{
	"name":    {Min: 2, Max: 8, Pattern: `[\w-]*`},
	"key":     {Min: 1, Max: 4},
	"value":   {Pattern: `[\u0020-\u00FF]*`},
	"token":   {Min: 4, Max: 10, Sensitive: true},
	"seconds": {Min: 900, Max: 3600},
}

// api is a service with an operation of each kind. The caller's name is the header X-Who.
func api(logs io.Writer) API[string] {
	put := func(r *Request[string], in *putInput) (any, error) {
		left, err := io.ReadAll(r.Body)
		return putResult{Echo: fmt.Sprintf("%+v", *in), Who: r.Caller, Left: string(left), Names: in.Readers}, err
	}
	fails := func(err error) Operation[string] {
		return Unsigned(func(*Request[string], *struct{}) (any, error) { return nil, err })
	}
	get := Signed(func(r *Request[string], _ *struct{}) (any, error) { return struct{ Who string }{r.Caller}, nil })
	get.Get = true
	return API[string]{
		Namespace: namespace, Version: "2026-01-01", Shapes: shapes,
		Operations: map[string]Operation[string]{
			"Put": Signed(put), "Offer": Unsigned(put), "Who": get, "Old": Unsupported[string]("use Put."),
			"Nothing":   Unsigned(func(*Request[string], *struct{}) (any, error) { return nil, nil }),
			"Fault":     fails(Faultf(http.StatusConflict, "Conflict", "There is <one> & more.")),
			"Translate": fails(errors.New("translate me")),
			"Unknown":   fails(errors.New("dial tcp: secret-cause")),
			"Panic":     Unsigned(func(*Request[string], *struct{}) (any, error) { panic("secret-value") }),
			"Abort":     Unsigned(func(*Request[string], *struct{}) (any, error) { panic(http.ErrAbortHandler) }),
			"Unfit":     Unsigned(func(*Request[string], *struct{}) (any, error) { return func() {}, nil }),
		},
		Authenticate: func(r *http.Request) (string, error) {
			if _, err := io.ReadAll(r.Body); err != nil { // a signature covers the body
				return "", err
			}
			if r.Header.Get("X-Who") == "" {
				return "", Faultf(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
			}
			r.Body = io.NopCloser(strings.NewReader("rewound"))
			return r.Header.Get("X-Who"), nil
		},
		Translate: func(err error) *Fault {
			if err.Error() == "translate me" {
				return Faultf(http.StatusTeapot, "Translated", "as told")
			}
			return nil
		},
		MaxBody: 4096,
		Logger:  slog.New(slog.NewTextHandler(logs, nil)),
	}
}

type answered struct {
	status int
	header http.Header
	body   string
	code   string
	text   string
	kind   string
}

func serve(t *testing.T, r *http.Request) (answered, string) {
	t.Helper()
	var logs bytes.Buffer
	h, err := New(api(&logs))
	require.NoError(t, err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	out := answered{status: w.Code, header: w.Header(), body: w.Body.String()}
	var refused struct {
		XMLName xml.Name
		Error   struct{ Type, Code, Message string }
	}
	require.NoError(t, xml.Unmarshal(w.Body.Bytes(), &refused), out.body)
	require.Equal(t, namespace, refused.XMLName.Space)
	require.Equal(t, w.Code != http.StatusOK, refused.XMLName.Local == "ErrorResponse")
	require.Equal(t, "no-store", out.header.Get("Cache-Control"))
	require.Contains(t, out.body, "<RequestId>"+out.header.Get("X-Amzn-Requestid")+"</RequestId>")
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, out.header.Get("X-Amzn-Requestid"))
	out.kind, out.code, out.text = refused.Error.Type, refused.Error.Code, refused.Error.Message
	return out, logs.String()
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Who", "ann")
	return r
}

const putAction = "Action=Put&Version=2026-01-01&"

func TestOperation(t *testing.T) {
	got, logs := serve(t, post(putAction+"Name=note-1&Text=a%26b+c%3B&Token=abcd&Seconds=900&Pinned=true&Tags.member.1.Key=k&Tags.member.1.Value="+
		"&Tags.member.2.Value=v&Tags.member.2.Key=l&Readers.member.2=b&Readers.member.1=a&Place.City=Ulm"))
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Empty(t, logs)
	require.Equal(t, "text/xml; charset=utf-8", got.header.Get("Content-Type"))
	require.Equal(t, `<PutResponse xmlns="`+namespace+`"><PutResult>`+
		`<Echo>{Name:note-1 Text:a&amp;b c; Token:abcd Seconds:900 Pinned:true Tags:[{Key:k Value:} {Key:l Value:v}] Readers:[a b] Place:{City:Ulm}}</Echo>`+
		`<Who>ann</Who><Left>rewound</Left><Names><member>a</member><member>b</member></Names></PutResult>`+
		`<ResponseMetadata><RequestId>`+got.header.Get("X-Amzn-Requestid")+`</RequestId></ResponseMetadata></PutResponse>`+"\n", got.body)

	r := post("Action=Offer&Version=2026-01-01&Name=ab&Tags=")
	r.Header.Del("X-Who")
	got, _ = serve(t, r)
	require.Contains(t, got.body, "Tags:[]")
	require.Contains(t, got.body, "<Left>Action=Offer&amp;", "the body is unread")

	got, _ = serve(t, post("Action=Nothing&Version=2026-01-01"))
	require.True(t, strings.HasPrefix(got.body, `<NothingResponse xmlns="`+namespace+`"><ResponseMetadata>`), got.body)
}

func TestGet(t *testing.T) {
	get := func(query string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
		r.Header.Set("X-Who", "ann")
		return r
	}
	got, _ := serve(t, get("Action=Who&Version=2026-01-01&X-Amz-Signature=abc&X-Amz-Date=1"))
	require.Contains(t, got.body, "<Who>ann</Who>")
	got, _ = serve(t, get("Action=Put&Version=2026-01-01&Name=note"))
	require.Equal(t, http.StatusMethodNotAllowed, got.status)
	require.Equal(t, "POST", got.header.Get("Allow"))
	got, _ = serve(t, get("Action=Who&Version=2026-01-01&X="+strings.Repeat("x", maxQuery)))
	require.Equal(t, http.StatusRequestURITooLong, got.status)
}

func TestRefused(t *testing.T) {
	var tags strings.Builder
	for i := range 4 {
		fmt.Fprintf(&tags, "&Tags.member.%d.Key=k&Tags.member.%d.Value=v", i+1, i+1)
	}
	for _, test := range []struct{ body, code, text string }{
		{"", "MissingAction", "no parameter Action"},
		{"Version=2026-01-01", "MissingAction", ""},
		{"Action.member.1=Put&Version=2026-01-01", "MissingAction", ""},
		{"Action=Put", "InvalidAction", "Could not find operation Put for version NO_VERSION_SPECIFIED"},
		{"Action=Put&Version=2026-01-02", "InvalidAction", "Could not find operation Put for version 2026-01-02"},
		{"Action=put&Version=2026-01-01", "InvalidAction", "Could not find operation put for version 2026-01-01"},
		{"Action=" + strings.Repeat("x", 99) + "&Version=2026-01-01", "InvalidAction", "(too long)"},
		{"Action=Old&Version=2026-01-01", "InvalidAction", "The operation Old is not supported: use Put."},
		// what two parsers could read in two ways
		{putAction + "Action=Who", "MalformedQueryString", "The parameter Action is given more than once."},
		{putAction + "Name=note&Name=other", "MalformedQueryString", "given more than once"},
		{putAction + "Name=note&N%61me=other", "MalformedQueryString", "given more than once"},
		{putAction + "Name=note;Text=x", "MalformedQueryString", "semicolon"},
		{putAction + "Name=no%zzte", "MalformedQueryString", "percent-encoded"},
		{putAction + "Na%zzme=note", "MalformedQueryString", "malformed name"},
		{putAction + "Name[]=note", "MalformedQueryString", "malformed name"},
		{putAction + "=note", "MalformedQueryString", "malformed name"},
		{putAction + strings.Repeat("x", 257) + "=note", "MalformedQueryString", "malformed name"},
		{putAction + "Name..x=note", "MalformedQueryString", "malformed"},
		{putAction + "a.b.c.d.e.f.g.h.i=note", "MalformedQueryString", "malformed"},
		{putAction + "Name=%ff%fe", "MalformedQueryString", "UTF-8"},
		{putAction + "Name=a%00b", "MalformedQueryString", "text"},
		{putAction + "Name=%EF%BF%BF", "MalformedQueryString", "text"},
		{putAction + "Name=note&name=x", "InvalidQueryParameter", "The parameter name is not one of this action."},
		{putAction + "Name=note&Place.City=x&Place.Street=y", "InvalidQueryParameter", "place.Street"},
		{putAction + "Name=note&X-Amz-Signature=x", "InvalidQueryParameter", "X-Amz-Signature"},
		// kinds
		{putAction + "Name.member.1=note", "MalformedQueryString", "no list and no structure"},
		{putAction + "Name=note&Place=x&Place.City=y", "MalformedQueryString", "is a structure"},
		{putAction + "Name=note&Tags=x", "MalformedQueryString", "is a list"},
		{putAction + "Name=note&Tags=&Tags.member.1.Key=k", "MalformedQueryString", "is a list"},
		{putAction + "Name=note&Tags.1.Key=k", "MalformedQueryString", "is a list"},
		{putAction + "Name=note&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.entry=x", "MalformedQueryString", "is a list"},
		{putAction + "Name=note&Tags.member=k", "MalformedQueryString", "is a list"},
		{putAction + "Name=note&Tags.member.0.Key=k", "MalformedQueryString", "not numbered 1 to 1"},
		{putAction + "Name=note&Tags.member.01.Key=k", "MalformedQueryString", "not numbered"},
		{putAction + "Name=note&Readers.member.1=k&Readers.member.3=k", "MalformedQueryString", "not numbered 1 to 2"},
		{putAction + "Name=note&Tags.member.1=k", "MalformedQueryString", "is a structure"},
		// constraints
		{putAction, "ValidationError", "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{putAction + "Name=n", "ValidationError", "1 validation error detected: Value 'n' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{putAction + "Name=123456789", "ValidationError", "Value '123456789' at 'name' failed to satisfy constraint: Member must have length less than or equal to 8"},
		{putAction + "Name=a+b", "ValidationError", `Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]*`},
		{putAction + "Name=ab%0A", "ValidationError", "regular expression"},
		{putAction + "Name=note&Seconds=0", "ValidationError", "Value '0' at 'seconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{putAction + "Name=note&Seconds=-1", "ValidationError", "greater than or equal to 900"},
		{putAction + "Name=note&Seconds=1000000000", "ValidationError", "Member must have value less than or equal to 3600"},
		{putAction + "Name=note&Seconds=99999999999999999999", "ValidationError", "Member must be an integer"},
		{putAction + "Name=note&Seconds=", "ValidationError", "Member must be an integer"},
		{putAction + "Name=note&Seconds=%2B900", "ValidationError", "Member must be an integer"},
		{putAction + "Name=note&Pinned=True", "ValidationError", "enum value set"},
		{putAction + "Name=note&Tags.member.1.Key=k", "ValidationError", "Value null at 'tags.1.member.value' failed"},
		{putAction + "Name=note&Tags.member.1.Key=12345&Tags.member.1.Value=", "ValidationError", "Value '12345' at 'tags.1.member.key' failed"},
		{putAction + "Name=note&Tags.member.1.Key=1&Tags.member.1.Value=%C4%80", "ValidationError", `pattern: [\u0020-\u00FF]*`},
		{putAction + "Name=note&Readers.member.1=12345", "ValidationError", "Value '12345' at 'readers.1.member' failed"},
		{putAction + "Name=note" + tags.String(), "ValidationError", "Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 3"},
		{putAction + "Seconds=0", "ValidationError", "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; Value '0' at"},
	} {
		got, _ := serve(t, post(test.body))
		require.Equal(t, http.StatusBadRequest, got.status, test.body)
		require.Equal(t, "Sender", got.kind)
		require.Equal(t, test.code, got.code, test.body)
		require.Contains(t, got.text, test.text, test.body)
	}
	got, _ := serve(t, post(putAction+"Name=note&Token=verysecrettoken"))
	require.Equal(t, "1 validation error detected: Value at 'token' failed to satisfy constraint: Member must have length less than or equal to 10", got.text)
	got, _ = serve(t, post(putAction+"Name="+strings.Repeat("é", 1000)))
	require.Less(t, len(got.text), 700)
	got, _ = serve(t, post(strings.Repeat("a=&", 1)+strings.Repeat("&", 2000)))
	require.Equal(t, "MissingAction", got.code)
	many := make([]string, 0, maxParameters+1)
	for i := range maxParameters + 1 {
		many = append(many, fmt.Sprintf("%x=", i))
	}
	_, err := parseForm(strings.Join(many, "&"), false)
	require.ErrorContains(t, err, "more than 1000 parameters")
}

func TestRefusedRequests(t *testing.T) {
	broken := post("")
	broken.Body = io.NopCloser(io.MultiReader(strings.NewReader("Action=Put"), failing{}))
	unstated := post("Text=" + strings.Repeat("x", 5000))
	unstated.ContentLength = -1
	unread := post("")
	unread.Body, unread.ContentLength = io.NopCloser(failing{}), 5000
	json := post("{}")
	json.Header.Set("Content-Type", "application/json")
	plain := post(putAction + "Name=note")
	plain.Header.Del("Content-Type")
	latin := post(putAction + "Name=note")
	latin.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=ISO-8859-1")
	twoTypes := post(putAction + "Name=note")
	twoTypes.Header.Add("Content-Type", "application/json")
	inURL := post("Name=note")
	inURL.URL.RawQuery = "Action=Put&Version=2026-01-01"
	unsigned := post(putAction + "Name=n")
	unsigned.Header.Del("X-Who")
	for name, test := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"PUT":         {httptest.NewRequest(http.MethodPut, "/", nil), http.StatusMethodNotAllowed, "MethodNotAllowed"},
		"stated":      {post("Text=" + strings.Repeat("x", 5000)), http.StatusRequestEntityTooLarge, "RequestEntityTooLarge"},
		"unstated":    {unstated, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge"},
		"unread":      {unread, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge"},
		"broken off":  {broken, http.StatusBadRequest, "IncompleteBody"},
		"JSON":        {json, http.StatusUnsupportedMediaType, "UnsupportedMediaType"},
		"Latin-1":     {latin, http.StatusUnsupportedMediaType, "UnsupportedMediaType"},
		"two types":   {twoTypes, http.StatusUnsupportedMediaType, "UnsupportedMediaType"},
		"no type":     {plain, http.StatusUnsupportedMediaType, "UnsupportedMediaType"},
		"in the URL":  {inURL, http.StatusBadRequest, "MalformedQueryString"},
		"no caller":   {unsigned, http.StatusForbidden, "MissingAuthenticationToken"}, // before the parameters are judged
		"fault":       {post("Action=Fault&Version=2026-01-01"), http.StatusConflict, "Conflict"},
		"translated":  {post("Action=Translate&Version=2026-01-01"), http.StatusTeapot, "Translated"},
		"unknown":     {post("Action=Unknown&Version=2026-01-01"), http.StatusInternalServerError, "InternalFailure"},
		"panic":       {post("Action=Panic&Version=2026-01-01"), http.StatusInternalServerError, "InternalFailure"},
		"not for XML": {post("Action=Unfit&Version=2026-01-01"), http.StatusInternalServerError, "InternalFailure"},
	} {
		got, logs := serve(t, test.r)
		require.Equal(t, test.status, got.status, name)
		require.Equal(t, test.code, got.code, name)
		require.Equal(t, test.status >= 500, got.kind == "Receiver", name)
		require.Equal(t, test.status >= 500, logs != "", name)
		require.NotContains(t, got.body, "secret", name)
		require.NotContains(t, logs, "secret-value", name)
	}
	got, logs := serve(t, post("Action=Unknown&Version=2026-01-01"))
	require.Contains(t, logs, "secret-cause")
	require.Contains(t, logs, got.header.Get("X-Amzn-Requestid"), "client and operator can talk about it")
	got, _ = serve(t, post("Action=Fault&Version=2026-01-01"))
	require.Contains(t, got.body, "There is &lt;one&gt; &amp; more.")
	h, err := New(api(io.Discard))
	require.NoError(t, err)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { h.ServeHTTP(httptest.NewRecorder(), post("Action=Abort&Version=2026-01-01")) })
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNew(t *testing.T) {
	with := func(change func(*API[string])) error {
		a := api(io.Discard)
		change(&a)
		_, err := New(a)
		return err
	}
	operation := func(o Operation[string]) func(*API[string]) {
		return func(a *API[string]) { a.Operations = map[string]Operation[string]{"X": o} }
	}
	for name, test := range map[string]struct {
		change func(*API[string])
		text   string
	}{
		"namespace":    {func(a *API[string]) { a.Namespace = "" }, "required"},
		"body":         {func(a *API[string]) { a.MaxBody = -1 }, "negative"},
		"authenticate": {func(a *API[string]) { a.Authenticate = nil }, "no Authenticate"},
		"no function":  {operation(Operation[string]{}), "no function"},
		"no struct":    {operation(Unsigned(func(*Request[string], *int) (any, error) { return nil, nil })), "not a struct"},
		"no tag":       {operation(Unsigned(func(*Request[string], *struct{ A string }) (any, error) { return nil, nil })), "no tag query"},
		"no shape": {operation(Unsigned(func(*Request[string], *struct {
			A string `query:"A" shape:"?"`
		}) (any, error) {
			return nil, nil
		})), `no shape "?"`},
		"map": {operation(Unsigned(func(*Request[string], *struct {
			A map[string]string `query:"A"`
		}) (any, error) {
			return nil, nil
		})), "not supported"},
		"list of int": {operation(Unsigned(func(*Request[string], *struct {
			A []int `query:"A"`
		}) (any, error) {
			return nil, nil
		})), "not supported"},
		"most": {operation(Unsigned(func(*Request[string], *struct {
			A string `query:"A" most:"3"`
		}) (any, error) {
			return nil, nil
		})), "most"},
		"pattern": {func(a *API[string]) {
			a.Shapes = map[string]Shape{"name": {Pattern: "("}, "key": {}, "value": {}, "token": {}, "seconds": {}}
		}, "parsing regexp"},
	} {
		require.ErrorContains(t, with(test.change), test.text, name)
	}
}

func TestTimestamp(t *testing.T) {
	require.Equal(t, "2026-07-01T10:00:00Z", Timestamp(time.Date(2026, 7, 1, 12, 0, 0, 999, time.FixedZone("", 7200))))
}

// Whatever is accepted is what package net/url reads in it, and is accepted when it is written anew.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"", "Action=Put&Version=2026-01-01", "Tags.member.1.Key=k&Tags.member.1.Value=%20v+", "a=1&&b", "a=1&a=2", "a.b=1&a=2", "%61=1;b=2", "a=%ff", "a..b=", "X-Amz-Date=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		parsed, err := parseForm(encoded, false)
		if err != nil {
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			require.Equal(t, http.StatusBadRequest, fault.Status)
			return
		}
		want, err := url.ParseQuery(encoded)
		require.NoError(t, err)
		got := url.Values{}
		flatten(parsed, "", got)
		require.Equal(t, want, got)
		again, err := parseForm(got.Encode(), false)
		require.NoError(t, err)
		require.Equal(t, parsed, again)
		var in putInput
		_ = decodeInput(parsed, &in)
	})
}

func flatten(f *form, path string, into url.Values) {
	if f.given {
		into[path] = []string{f.value}
	}
	for name, child := range f.children {
		flatten(child, joinPath(path, name), into)
	}
}
