// Package smswebhook is a userpool.Sender that delivers text messages by a webhook: it posts each as JSON to a program of the
// organization, or to a service, which hands it to an SMS gateway.
//
// # A walk
//
// A program makes a Sender with New, from the address of the webhook and a secret that both sides know, and gives it to its pool as the
// Config.SMSSender, which gets all messages whose Medium is SMS, and no other:
//
//	secret, err := smswebhook.ParseSecret(os.Getenv("SMS_WEBHOOK_SECRET"))
//	sms, err := smswebhook.New(smswebhook.Config{
//		URL:           "https://gateway.example.com/sms",
//		SigningSecret: secret,
//		Prefixes:      []string{"+49", "+43", "+41"},
//	})
//	pool, err := userpool.New(userpool.Config{
//		Sender:    mail, // such as one of package smtpsender
//		SMSSender: sms,
//		...
//	})
//
// Send makes one POST request:
//
//	POST /sms HTTP/1.1
//	Content-Type: application/json
//	Authorization: Bearer ...                (with a BearerToken)
//	Idempotency-Key: 6XU0iWJbWkyZ8sJj2cQ7pw
//	Webhook-Id: 6XU0iWJbWkyZ8sJj2cQ7pw
//	Webhook-Timestamp: 1772600767
//	Webhook-Signature: v1,...                (with a SigningSecret)
//
//	{"type":"sms.send","timestamp":"2026-03-04T05:06:07Z","data":{"id":"6XU0iWJbWkyZ8sJj2cQ7pw","kind":"Authentication",
//	"to":"+4915112345678","text":"Example: 482913 is your code to sign in, ...","locale":"en","code":"482913","username":"ada"}}
//
// The headers and the signature are those of the Standard Webhooks specification 1.0.0, for which there are libraries in many languages.
// kind is a userpool.MessageKind; code and link are what text has of them, for a gateway that has texts of its own; empty members are left
// out. The receiving side, if it is a Go program, checks each request with Verify, remembers the id, and answers with a status of 2xx as
// soon as the gateway has taken the message over. Send then returns nil, and otherwise an *Error whose Code tells what failed.
//
// # Advice
//
// Text messages cost money, and there are people who earn it: they sign up with numbers for which they are paid by the call or the
// message. Name in Prefixes the countries in which there are customers, watch how many messages are sent, and set limits at the gateway.
//
// A receiver that gets an id for the second time should answer as the first time and send nothing. The two are not the same request sent
// again by this package, which never does that, but by something between, or by somebody who recorded it: Verify takes a request for 5
// minutes.
//
// Use a SigningSecret rather than a BearerToken where the receiver can check it. A token is sent with each request, and whoever reads one
// can make others; a signature is good for its own message only.
//
// # Promises
//
// A message is posted at most once, and its connection is closed afterwards. Nothing is sent again, whatever fails, and no redirect is
// followed: after an AnswerLost nobody knows whether the person gets the message, and a second one could be a second charge.
//
// What is no text message to one number, or is longer than MaxLength, is refused before the webhook is called.
//
// No error holds a secret of the Config, the path or query of its URL, the code, the link or the text. What the webhook answered is quoted
// in at most 200 characters, unless it repeats one of them. Nothing is logged.
//
// A Sender is safe for concurrent use. Each Send ends within Config.Timeout or with its context and reads at most 4 KiB of an answer.
package smswebhook
