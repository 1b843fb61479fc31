package smtpsender

import (
	"bytes"
	"context"
	"log/slog"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"regexp"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

func testPool(t *testing.T, s userpool.Sender, log *bytes.Buffer) *userpool.Pool {
	t.Helper()
	pool, err := userpool.New(userpool.Config{
		Issuer: "https://id.example.com", Store: memstore.New(), Sender: s, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	require.NoError(t, err)
	return pool
}

func TestPool(t *testing.T) {
	s := start(t, nil, false)
	var log bytes.Buffer
	pool := testPool(t, sender(t, s.config()), &log)
	ctx := context.Background()
	out, err := pool.SignUp(ctx, userpool.SignUpInput{Username: "Ada@BÜCHER.example", Password: "purple otters juggle lanterns"})
	require.NoError(t, err)

	mails := s.received()
	require.Len(t, mails, 1)
	require.Equal(t, []string{"ada@xn--bcher-kva.example"}, mails[0].to, "U22: the stored address")
	mail := parse(t, mails[0].raw)
	_, parameters, err := mime.ParseMediaType(mail.Header.Get("Content-Type"))
	require.NoError(t, err)
	part, err := multipart.NewReader(mail.Body, parameters["boundary"]).NextRawPart()
	require.NoError(t, err)
	text := body(t, &netmail.Message{Header: netmail.Header(part.Header), Body: part})
	code := regexp.MustCompile(`\d{6,}`).FindString(text)
	require.NotEmpty(t, code, text)
	require.NoError(t, errOf(pool.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{Username: "ada@bücher.example", ConfirmationCode: code, Session: out.Session})))
	require.NotContains(t, log.String(), code)
}

func TestPool_Refused(t *testing.T) {
	s := start(t, func(s *server, _ *smtp.Server) { s.rcpt = &smtp.SMTPError{Code: 451, Message: "later"} }, false)
	var log bytes.Buffer
	pool := testPool(t, sender(t, s.config()), &log)
	_, err := pool.SignUp(context.Background(), userpool.SignUpInput{Username: "ada@example.com", Password: "purple otters juggle lanterns"})
	require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
	var e *userpool.Error
	require.ErrorAs(t, err, &e)
	require.NotContains(t, e.Message, "451", "the person is not told")
	require.Contains(t, log.String(), "RecipientRefused: the server answered 451")
	require.NotContains(t, log.String(), testPassword)
	require.NotContains(t, log.String(), "correct horse")
	require.Equal(t, 1, s.listener.count())
}
