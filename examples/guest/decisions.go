package main

import (
	"slices"
	"sync"
	"time"

	"github.com/stepwell/stepwell/identitypool"
)

// How many decisions are remembered, of one identity and in all.
const (
	keptOfIdentity = 20
	keptDecisions  = 500
)

// record is a request to the bucket, with what the policies said to it.
type record struct {
	id             string
	at             time.Time
	identity       string
	guest          bool
	method, target string
	client         string
	decision       identitypool.Decision
	status         int
	answer         string // what came back, if this program's own page asked
}

// decisions remembers the last requests. It is safe for concurrent use.
type decisions struct {
	mu   sync.Mutex
	last []record // the newest at the end
}

// add remembers a request, and forgets the oldest of the same identity if there are many.
func (d *decisions) add(r record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	same, oldest := 0, 0
	for i := len(d.last) - 1; i >= 0; i-- {
		if d.last[i].identity == r.identity {
			same, oldest = same+1, i
		}
	}
	switch {
	case same >= keptOfIdentity:
		d.last = slices.Delete(d.last, oldest, oldest+1)
	case len(d.last) >= keptDecisions:
		d.last = slices.Delete(d.last, 0, 1)
	}
	d.last = append(d.last, r)
}

// change changes the record of a request, if it is still there.
func (d *decisions) change(id string, change func(*record)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.last {
		if d.last[i].id == id {
			change(&d.last[i])
		}
	}
}

// answered notes the status of the answer.
func (d *decisions) answered(id string, status int) {
	d.change(id, func(r *record) { r.status = status })
}

// forget takes a request out.
func (d *decisions) forget(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = slices.DeleteFunc(d.last, func(r record) bool { return r.id == id })
}

// of returns the requests of an identity, the newest first. Nobody sees those of others: they tell names of objects.
func (d *decisions) of(identity string) []record {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []record
	for _, r := range slices.Backward(d.last) {
		if r.identity == identity {
			out = append(out, r)
		}
	}
	return out
}
