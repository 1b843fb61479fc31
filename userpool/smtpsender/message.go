package smtpsender

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	netmail "net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wneessen/go-mail"

	"github.com/stepwell/stepwell/userpool"
)

const (
	maxSubject = 500
	maxText    = 64 << 10
	maxLocale  = 35 // RFC 5646, 4.4.1
)

var (
	localePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
	idPattern     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
)

// checkMessage refuses what could be read as more than one recipient or header, and what is no text. It does not quote the Subject, in
// which an application may have put the code.
func checkMessage(m userpool.Message) error {
	switch {
	case m.Medium != "" && m.Medium != userpool.MediumEmail:
		return invalid(fmt.Sprintf("Medium is %.20q: only %s is sent by SMTP, and an SMS needs a Sender of its own", m.Medium, userpool.MediumEmail))
	case m.To == "":
		return invalid("To is empty")
	case !isAddress(m.To):
		return invalid(fmt.Sprintf("To is %.100q, not one plain ASCII address such as name@example.com", m.To))
	case m.Subject == "" || len(m.Subject) > maxSubject:
		return invalid(fmt.Sprintf("Subject has %d bytes: it must have 1 to %d", len(m.Subject), maxSubject))
	case !utf8.ValidString(m.Subject) || strings.ContainsFunc(m.Subject, unicode.IsControl):
		return invalid("Subject has a control character, such as a line break, or is not UTF-8")
	case m.Text == "" || len(m.Text) > maxText:
		return invalid(fmt.Sprintf("Text has %d bytes: it must have 1 to %d", len(m.Text), maxText))
	case !isText(m.Text):
		return invalid("Text has a control character other than tabs and line breaks, or is not UTF-8")
	case len(m.HTML) > maxText:
		return invalid(fmt.Sprintf("HTML has %d bytes: it must have at most %d", len(m.HTML), maxText))
	case !isText(m.HTML):
		return invalid("HTML has a control character other than tabs and line breaks, or is not UTF-8")
	case m.Locale != "" && (len(m.Locale) > maxLocale || !localePattern.MatchString(m.Locale)):
		return invalid(fmt.Sprintf("Locale is %.40q, not a language tag such as en or zh-Hans (BCP 47)", m.Locale))
	case m.ID != "" && !idPattern.MatchString(m.ID):
		return invalid(`ID has more than 128 characters, or one that is not A-Z, a-z, 0-9, "_" or "-"`)
	}
	return nil
}

// isText reports whether s is UTF-8 with no control characters but those that text is laid out with.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	})
}

// random returns 32 hexadecimal digits.
func (s *Sender) random() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		return "", fmt.Errorf("smtpsender: Config.Rand failed: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// compose checks a message and returns it as RFC 5322 writes it.
func (s *Sender) compose(m userpool.Message) ([]byte, error) {
	if err := checkMessage(m); err != nil {
		return nil, err
	}
	id := m.ID
	if id == "" {
		var err error
		if id, err = s.random(); err != nil {
			return nil, err
		}
	}
	from := s.from
	out := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP))
	out.FromMailAddress(&from)
	out.ToMailAddress(&netmail.Address{Address: m.To})
	out.Subject(m.Subject)
	out.SetDateWithValue(s.now().UTC())
	out.SetMessageIDWithValue(id + "@" + s.domain)
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Locale != "" {
		out.SetGenHeader("Content-Language", m.Locale)
	}
	out.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		boundary, err := s.random()
		if err != nil {
			return nil, err
		}
		out.SetBoundary(boundary)
		out.AddAlternativeString(mail.TypeTextHTML, m.HTML) // after the text: the last is the one to prefer (RFC 2046, 5.1.4)
	}
	var raw bytes.Buffer
	if _, err := out.WriteTo(&raw); err != nil {
		return nil, invalid("it could not be written as a mail")
	}
	return raw.Bytes(), nil
}
