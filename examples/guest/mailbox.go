package main

import (
	"context"
	"log"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

// mailbox stands in for e-mail during development: it keeps the last messages for a page that shows them, and writes them to the log. A
// real program gives the pool a Sender that hands messages to a mail server.
type mailbox struct {
	mu       sync.Mutex
	messages []delivered
}

type delivered struct {
	userpool.Message
	At time.Time
}

const keptMessages = 50

// Send implements userpool.Sender.
func (m *mailbox) Send(_ context.Context, message userpool.Message) error {
	log.Printf("mail to %s: %s\n%s", message.To, message.Subject, message.Text)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, delivered{message, time.Now()})
	if len(m.messages) > keptMessages {
		m.messages = slices.Delete(m.messages, 0, len(m.messages)-keptMessages)
	}
	return nil
}

// newest returns the messages, the newest first.
func (m *mailbox) newest() []delivered {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.messages)
	slices.Reverse(out)
	return out
}

func (a *app) showMailbox(http.ResponseWriter, *http.Request) (view, error) {
	a.pool.Wait() // what is on its way should be on the page
	return view{template: "mailbox", Title: "Development mailbox", Data: a.mailbox.newest()}, nil
}
