package domain

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net"
	"strings"

	"github.com/stepwell/stepwell/internal/plaintext"
)

// Challenge is a DNS record that proves who a domain belongs to.
type Challenge struct {
	// Domain is the canonical domain.
	Domain string
	// Name is the name of the record, without a dot at the end, and Value its
	// text. Its type is TXT. Neither is secret.
	Name, Value string
}

// valuePrefix tells people who find the record what it is for.
const valuePrefix = "stepwell-domain-verification="

// Challenge returns what an owner has to write into the DNS of a domain to prove
// that it is theirs. owner is the application's own name of a customer: 1 to 200
// bytes that are never given to another customer. The challenge is derived from
// Config.Key, the owner and the domain: nothing is stored, and it is the same
// each time.
//
// It fails with InvalidRequest, InvalidDomain or NotAllowed.
func (d *Directory) Challenge(owner, domain string) (Challenge, error) {
	if err := checkOwner(owner); err != nil {
		return Challenge{}, err
	}
	name, err := Canonical(domain)
	if err != nil {
		return Challenge{}, err
	}
	if err := d.claimable(name); err != nil {
		return Challenge{}, err
	}
	return Challenge{Domain: name, Name: d.config.Label + "." + name, Value: challengeValue(d.config.Key, owner, name)}, nil
}

func challengeValue(key []byte, owner, name string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("stepwell federation/domain: challenge 1\x00"))
	// With its length in front, no owner and domain are those of another pair.
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(owner))))
	mac.Write([]byte(owner))
	mac.Write([]byte(name))
	return valuePrefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// proof is what the DNS says about a challenge.
type proof int

const (
	unknown proof = iota
	absent
	present
)

const (
	// maxRecords and maxRecordText bound what is looked at of an answer.
	maxRecords    = 100
	maxRecordText = 1024
)

// look asks the DNS whether the challenge of an owner is there.
func (d *Directory) look(ctx context.Context, owner, name string) (proof, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	texts, err := d.lookupTXT(ctx, d.config.Label+"."+name)
	if err != nil {
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound && !dns.IsTimeout && !dns.IsTemporary {
			return absent, nil
		}
		return unknown, failCause(ResolverFailed, "asking the DNS for the TXT records of "+d.config.Label+"."+name, err)
	}
	found := 0
	for _, key := range append([][]byte{d.config.Key}, d.config.OldKeys...) {
		want := []byte(challengeValue(key, owner, name))
		for _, text := range texts[:min(maxRecords, len(texts))] {
			if len(text) > maxRecordText {
				continue
			}
			// Some editors of zones write the quotes into the text.
			text = strings.Trim(text, " \t\"")
			found |= subtle.ConstantTimeCompare([]byte(text), want)
		}
	}
	if found == 1 {
		return present, nil
	}
	return absent, nil
}

// lookupTXT turns a panic of the resolver into an error. The dot makes the name absolute: a resolver would
// look below the domains of its own search list otherwise, and believe what is written there.
func (d *Directory) lookupTXT(ctx context.Context, name string) (texts []string, err error) {
	defer func() {
		if recover() != nil {
			texts, err = nil, errors.New("the resolver panicked")
		}
	}()
	return d.config.Resolver.LookupTXT(ctx, name+".")
}

// Claim is what an owner wants of a domain.
type Claim struct {
	// Owner is who claims it, as for Challenge.
	Owner string
	// Domain is the domain, in any form that Canonical takes.
	Domain string
	// Provider is the name of the provider that its people sign in at, 1 to 200
	// bytes. That the provider is this owner's is for the caller to check.
	Provider string
	// Subdomains includes the domains below it.
	Subdomains bool
}

// Claim looks for the challenge in the DNS, and adds the domain to the directory
// if it is there. Of a domain that the owner has already, provider and subdomains
// are changed, for which the proof must be there as well.
//
// A domain has one owner. While it counts for one, another gets Taken, even with
// a proof of their own: whoever takes over a domain has the former owner Release
// it, or removes the former owner's record from the DNS and waits until the
// domain stops counting.
//
// It fails with NotProved, whose Error.Challenge is what is to be written and
// where; with ResolverFailed, Taken, StoreFailed, and as Challenge does.
func (d *Directory) Claim(ctx context.Context, c Claim) (Domain, error) {
	challenge, err := d.Challenge(c.Owner, c.Domain)
	if err != nil {
		return Domain{}, err
	}
	if c.Provider == "" || len(c.Provider) > maxProvider || !plaintext.Printable(c.Provider) {
		return Domain{}, fail(InvalidRequest, "the provider's name must be 1 to %d bytes of text that prints", maxProvider)
	}
	switch seen, err := d.look(ctx, c.Owner, challenge.Domain); {
	case err != nil:
		return Domain{}, err
	case seen != present:
		e := fail(NotProved, "the DNS has no TXT record %s with the value %s; write it there, and try again when it has spread, which takes minutes as a rule and up to a day or two",
			challenge.Name, challenge.Value)
		e.Challenge = &challenge
		return Domain{}, e
	}
	return d.take(ctx, c, challenge.Domain)
}

// take writes a claim that is proved.
func (d *Directory) take(ctx context.Context, c Claim, name string) (Domain, error) {
	for range attempts {
		old, r, err := d.read(ctx, name)
		if err != nil {
			return Domain{}, err
		}
		now := d.config.Now().UTC()
		if r != nil && r.Owner != c.Owner {
			if d.domain(r).Counts {
				return Domain{}, fail(Taken, "%s belongs to somebody else here; they have to release it first", name)
			}
			r = nil
		}
		if r == nil {
			r = &record{Version: recordVersion, Domain: name, Owner: c.Owner, Since: now}
		}
		r.Provider, r.Subdomains = c.Provider, c.Subdomains
		r.seen(now)
		done, err := d.swap(ctx, name, old, r)
		if err != nil {
			return Domain{}, err
		}
		if done {
			return d.domain(r), nil
		}
	}
	return Domain{}, busy(name)
}

// attempts bounds how often something is tried again because another process was
// faster.
const attempts = 10

func busy(name string) error {
	return fail(StoreFailed, "the record of %s changed again and again; try again", name)
}

// swap writes r, or deletes the record if r is nil.
func (d *Directory) swap(ctx context.Context, name string, old []byte, r *record) (bool, error) {
	var data []byte
	if r != nil {
		var err error
		if data, err = r.encode(); err != nil {
			return false, err
		}
	}
	done, err := d.config.Store.SwapDomain(ctx, name, old, data)
	if err != nil {
		return false, failCause(StoreFailed, "writing "+name, err)
	}
	return done, nil
}

// Release removes a domain of an owner from the directory: its people are not
// sent anywhere any more, and others may claim it. It fails with NotFound,
// InvalidDomain or StoreFailed.
func (d *Directory) Release(ctx context.Context, owner, domain string) error {
	name, err := Canonical(domain)
	if err != nil {
		return err
	}
	for range attempts {
		old, r, err := d.read(ctx, name)
		if err != nil {
			return err
		}
		if r == nil || r.Owner != owner {
			return fail(NotFound, "the owner has no domain %s", name)
		}
		done, err := d.swap(ctx, name, old, nil)
		if done || err != nil {
			return err
		}
	}
	return busy(name)
}

// Domains returns the domains of an owner, in the order of their names, those
// that do not count any more included. It reads the whole store.
func (d *Directory) Domains(ctx context.Context, owner string) ([]Domain, error) {
	var out []Domain
	err := d.each(ctx, func(_ []byte, r *record) error {
		if r.Owner == owner {
			out = append(out, d.domain(r))
		}
		return nil
	})
	return out, err
}

const batch = 200

// each calls f for every record. One that cannot be read is told to the Logger and
// left out: it may be of a later version, while another program runs beside this.
func (d *Directory) each(ctx context.Context, f func(data []byte, r *record) error) error {
	after := ""
	for {
		records, err := d.config.Store.Domains(ctx, after, batch)
		if err != nil {
			return failCause(StoreFailed, "listing the domains", err)
		}
		progress := false
		for _, data := range records {
			r, err := decode(data, "")
			if err != nil {
				d.config.Logger.ErrorContext(ctx, "domain: a record was left out", "after", after, "error", err)
				continue
			}
			if r.Domain <= after {
				return fail(StoreFailed, "the store does not list the domains in the order of their names; see Store")
			}
			after, progress = r.Domain, true
			if err := f(data, r); err != nil {
				return err
			}
		}
		if len(records) < batch {
			return nil
		}
		if !progress {
			return fail(StoreFailed, "%d records in a row cannot be read", len(records))
		}
	}
}
