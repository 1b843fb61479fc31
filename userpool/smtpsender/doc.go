// Package smtpsender is a userpool.Sender that delivers by SMTP, through the mail server that an organization has or rents.
//
// # A walk
//
// A program makes a Sender with New, from the name of the server, a user name and password for it, and the address that messages come
// from, and gives it to its pool:
//
//	sender, err := smtpsender.New(smtpsender.Config{
//		Host:     "smtp.example.com",
//		Username: "stepwell",
//		Password: os.Getenv("SMTP_PASSWORD"),
//		From:     "Example <no-reply@example.com>",
//	})
//	pool, err := userpool.New(userpool.Config{Sender: sender, ...})
//
// The pool calls Send for each message. Send connects (port 587), asks for TLS (STARTTLS), logs in, hands the one message over for its
// one recipient, and takes leave. It returns when the server has taken the message over, or an *Error whose Code tells which step failed.
// The pool logs that error; for a sign-up it also tells the person that the message could not be sent.
//
// Where the server speaks TLS from the first byte, usually on port 465, set ImplicitTLS.
//
// A message with HTML is sent in two forms, of which a mail program shows the one that it can: plain text, and HTML. Content-Language says
// in which language they are. The Message-ID begins with the ID of the Message, by which it is found in the logs of mail servers.
//
// To write texts of one's own, put a userpool.SenderFunc before it that changes Subject, Text and HTML of the Message. Text messages
// to phones, whose Medium is userpool.MediumSMS, are refused: where a pool sends them, too, such a function gives each to its Sender.
//
// # Advice
//
// Use a server that queues, as all mail servers do: it takes a message over at once and delivers it when it can. The address in From must
// be one for which the server may send (SPF, DKIM, DMARC), and somebody should read what bounces to it.
//
// Nothing is tried again here. A server that says "later" (greylisting, a Reply of 4xx) refuses the message; the person asks for a new
// code. A program that wants to try again may do so after any Error but AnswerLost.
//
// On the machine of a developer, InsecureAllowPlaintext is for a server that catches mail and shows it, without TLS. It refuses every
// server that is not on the same machine.
//
// # Promises
//
// The user name and password are sent only over TLS, and TLS is never given up: a server that does not offer STARTTLS, or whose
// certificate is not valid for its name, gets neither a login nor a message.
//
// A message is sent once, to one recipient. What is not one plain address in To, or has a control character in To or Subject, is refused
// before the server is called. Once the text is on its way nothing is repeated, whatever happens: an AnswerLost says that the message may
// or may not have arrived.
//
// No error holds the password, the code, the link or the text. What the server answered is quoted in at most 200 characters, unless it
// repeats one of them; what it answered to the login is not quoted at all. Nothing is logged.
//
// A Sender is safe for concurrent use. Each Send has its own connection, ends within Config.Timeout or with its context, whatever the
// server does, and reads at most 256 KiB of what the server says.
//
// Messages are in UTF-8, as plain text or as multipart/alternative (RFC 2046, 5.1.4), with Auto-Submitted: auto-generated (RFC 3834), so
// that no vacation notice answers them.
package smtpsender
