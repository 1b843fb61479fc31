package smtpsender

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wneessen/go-mail"

	"github.com/stepwell/stepwell/userpool"
)

const (
	maxSubject = 500
	maxText    = 64 << 10
)

// checkMessage refuses what could be read as more than one recipient or header, and what is no text. It does not quote the Subject, in
// which an application may have put the code.
func checkMessage(m userpool.Message) error {
	switch {
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
	case !utf8.ValidString(m.Text) || strings.ContainsFunc(m.Text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	}):
		return invalid("Text has a control character other than tabs and line breaks, or is not UTF-8")
	}
	return nil
}

// compose checks a message and returns it as RFC 5322 writes it.
func (s *Sender) compose(m userpool.Message) ([]byte, error) {
	if err := checkMessage(m); err != nil {
		return nil, err
	}
	id := make([]byte, 16)
	if _, err := io.ReadFull(s.rand, id); err != nil {
		return nil, fmt.Errorf("smtpsender: Config.Rand failed: %w", err)
	}
	from := s.from
	out := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP))
	out.FromMailAddress(&from)
	out.ToMailAddress(&netmail.Address{Address: m.To})
	out.Subject(m.Subject)
	out.SetDateWithValue(s.now().UTC())
	out.SetMessageIDWithValue(hex.EncodeToString(id) + "@" + s.domain)
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetBodyString(mail.TypeTextPlain, m.Text)
	var raw bytes.Buffer
	if _, err := out.WriteTo(&raw); err != nil {
		return nil, invalid("it could not be written as a mail")
	}
	return raw.Bytes(), nil
}
