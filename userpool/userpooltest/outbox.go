package userpooltest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stepwell/stepwell/userpool"
)

// Outbox is a [userpool.Sender] that keeps what it is given. Before it tells what it has, it waits for the messages that are on their
// way. New makes one. Send and Fail are safe for concurrent use with everything.
type Outbox struct {
	t    testing.TB
	wait func()

	mu       sync.Mutex
	messages []userpool.Message
	fail     error
}

// Send implements [userpool.Sender].
func (o *Outbox) Send(_ context.Context, m userpool.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.messages = append(o.messages, m)
	return nil
}

// Fail lets every message fail with err from now on, or none if err is nil. Messages that are on their way are waited for, and are
// still sent.
func (o *Outbox) Fail(err error) {
	o.wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = err
}

// Messages returns all messages, in the order in which they were sent.
func (o *Outbox) Messages() []userpool.Message {
	o.wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.messages)
}

// To returns the messages to one e-mail address, in any case, or phone number, in the order in which they were sent. Give a phone number,
// and an address whose domain has letters beyond ASCII, in the canonical form that User.PhoneNumber and User.Email have, such as
// "+442079460123".
func (o *Outbox) To(address string) []userpool.Message {
	return slices.DeleteFunc(o.Messages(), func(m userpool.Message) bool { return !isTo(m, address) })
}

// isTo compares with the canonical form, which is lower case.
func isTo(m userpool.Message, address string) bool {
	return m.To == strings.ToLower(strings.TrimSpace(address))
}

// Last returns the newest message. It ends the test if there is none.
func (o *Outbox) Last() userpool.Message {
	o.t.Helper()
	messages := o.Messages()
	if len(messages) == 0 {
		o.t.Fatalf("userpooltest: nothing was sent")
		return userpool.Message{}
	}
	return messages[len(messages)-1]
}

// Code returns the code in the newest message to an e-mail address or phone number, as To finds it. It ends the test if there is no
// message, or no code in it.
func (o *Outbox) Code(address string) string {
	o.t.Helper()
	messages := o.To(address)
	if len(messages) == 0 {
		o.t.Fatalf("userpooltest: nothing was sent to %q; %d messages were sent to others", address, len(o.Messages()))
		return ""
	}
	newest := messages[len(messages)-1]
	if newest.Code == "" {
		o.t.Fatalf("userpooltest: the newest message to %q is of the kind %s, which carries no code", address, newest.Kind)
	}
	return newest.Code
}

// Clear forgets all messages, so that what comes next is what the test is about.
func (o *Outbox) Clear() {
	o.wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.messages = nil
}

// drop forgets the newest message to an address.
func (o *Outbox) drop(address string) {
	o.wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, m := range slices.Backward(o.messages) {
		if isTo(m, address) {
			o.messages = slices.Delete(o.messages, i, i+1)
			return
		}
	}
}
