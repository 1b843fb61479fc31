package smswebhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/userpool"
)

const (
	maxBody   = 64 << 10 // bytes of a request
	maxAnswer = 4 << 10  // bytes that are read of an answer that is no success
)

// event is the body of a request, as the Standard Webhooks specification recommends it.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

// data is the message.
type data struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	To       string `json:"to"`
	Text     string `json:"text"`
	Locale   string `json:"locale,omitempty"`
	Code     string `json:"code,omitempty"`
	Link     string `json:"link,omitempty"`
	Username string `json:"username,omitempty"`
}

// Send posts a message and returns when the webhook has answered with a status of 2xx. m.Medium must be userpool.MediumSMS, m.To a phone
// number (E.164), m.ID 1 to 128 characters of A-Z, a-z, 0-9, "_" and "-", and m.Text at most Config.MaxLength characters; line breaks at
// its end are left out. It is an *Error otherwise.
//
// Send ends with ctx, and after Config.Timeout at the latest; the Error then wraps the context's error. It never tries again. Whoever does
// must not after AnswerLost, unless the receiver takes each ID once.
func (s *Sender) Send(ctx context.Context, m userpool.Message) (err error) {
	if s == nil || s.client == nil {
		return errors.New("smswebhook: this Sender was not made by New")
	}
	defer func() {
		if r := recover(); r != nil { // the application's Transport
			err = &Error{Code: AnswerLost, detail: "panic: " + s.quote(fmt.Sprint(r), m)}
		}
	}()
	m.Text = strings.TrimRight(m.Text, "\r\n")
	if err := s.checkMessage(m); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var way progress
	request, err := s.request(httptrace.WithClientTrace(ctx, way.trace()), m)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return s.explain(ctx, err, &way, m)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil
	}
	answer, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // what there is of it
	return &Error{Code: Refused, Status: response.StatusCode, detail: s.quote(string(answer), m)}
}

var (
	idPattern    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	phonePattern = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)
)

// checkMessage refuses what is no text message to one number. It does not quote the text.
func (s *Sender) checkMessage(m userpool.Message) error {
	switch n := utf8.RuneCountInString(m.Text); {
	case m.Medium != userpool.MediumSMS:
		return invalid(fmt.Sprintf("Medium is %.20q: only %s is sent by this webhook", m.Medium, userpool.MediumSMS))
	case !idPattern.MatchString(m.ID):
		return invalid(`ID must have 1 to 128 characters of A-Z, a-z, 0-9, "_" and "-"`)
	case !phonePattern.MatchString(m.To):
		return invalid("To is not one phone number in E.164 form, such as +4915112345678")
	case len(s.prefixes) > 0 && !slices.ContainsFunc(s.prefixes, func(prefix string) bool { return strings.HasPrefix(m.To, prefix) }):
		return invalid("To begins with none of Config.Prefixes")
	case n < 1 || n > s.maxLength:
		return invalid(fmt.Sprintf("Text has %d characters: it must have 1 to %d, which is Config.MaxLength", n, s.maxLength))
	case !utf8.ValidString(m.Text) || strings.ContainsFunc(m.Text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	}):
		return invalid("Text has a control character other than tabs and line breaks, or is not UTF-8")
	}
	return nil
}

func (s *Sender) request(ctx context.Context, m userpool.Message) (*http.Request, error) {
	now, known := s.now().UTC(), s.secrets()
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(event{"sms.send", now.Truncate(time.Second), data{
		m.ID, string(m.Kind), m.To, m.Text, m.Locale, m.Code, m.Link, m.Username,
	}})
	if err != nil {
		return nil, invalid("it could not be written as JSON")
	}
	if body.Len() > maxBody {
		return nil, invalid(fmt.Sprintf("it has more than %d bytes as JSON", maxBody))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, known.url, &body)
	if err != nil {
		return nil, invalid("there could be no request for it")
	}
	// A request with an Idempotency-Key and a body that can be had again is one that http.Transport repeats.
	request.GetBody = nil
	request.Close = true
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", m.ID)
	timestamp := strconv.FormatInt(now.Unix(), 10)
	request.Header.Set(headerID, m.ID)
	request.Header.Set(headerTimestamp, timestamp)
	if known.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+known.bearer)
	}
	if len(known.signing) > 0 {
		request.Header.Set(headerSignature, sign(known.signing, m.ID, timestamp, body.Bytes()))
	}
	return request, nil
}

// progress says how far a request got. Its fields are set on other goroutines.
type progress struct{ began, connected atomic.Bool }

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { p.began.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.connected.Store(true) },
	}
}

// unsent reports whether it is sure that nothing was sent: a connection was looked for, and there was none.
func (p *progress) unsent() bool { return p.began.Load() && !p.connected.Load() }
