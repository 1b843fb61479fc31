package saml

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// metadataFresh is how long metadata is used without asking again, when it
	// does not say.
	metadataFresh = time.Hour
	// minFresh and maxFresh bound what its cacheDuration says.
	minFresh = 5 * time.Minute
	maxFresh = 24 * time.Hour
	// metadataStale is how long it is used when asking again fails.
	metadataStale = 72 * time.Hour
	// metadataRetry is the pause after a failure while there is something to use.
	metadataRetry = time.Minute
	// metadataPause is the pause after a failure while there is nothing: anybody
	// can begin a sign-in, and is not to make requests to the provider with it.
	metadataPause = 2 * time.Second
	// renewPause is the pause between readings because of an unknown key: anybody
	// can send a response with a bad signature.
	renewPause = time.Minute
)

// source keeps an identity provider's metadata. It is read when first asked for
// and again when it is no longer fresh, by one request however many sign-ins
// wait for it. While it cannot be read, the last good copy is used, within
// bounds. Failures are kept for a moment.
type source struct {
	url    string // "" when the metadata was given
	reader metadataReader
	fetch  *fetcher
	now    func() time.Time
	skew   time.Duration
	flight singleflight.Group

	mu      sync.Mutex
	last    *idpMetadata
	readAt  time.Time     // when last was read
	triedAt time.Time     // when reading was last tried
	pause   time.Duration // from triedAt until reading is tried again
	failure error         // why there is no metadata to use, or nil
}

func newSource(p *Provider) (*source, error) {
	s := &source{
		url: p.config.MetadataURL,
		reader: metadataReader{
			entityID:  p.config.EntityID,
			keys:      publicKeys(p.config.MetadataCertificates),
			allowSHA1: p.config.InsecureAllowSHA1,
			allowHTTP: p.sp.config.InsecureAllowHTTP,
		},
		fetch: p.sp.fetch,
		now:   p.sp.config.Now,
		skew:  p.sp.config.ClockSkew,
	}
	if s.url != "" {
		return s, nil
	}
	if err := s.parse(p.config.Metadata); err != nil {
		return nil, err
	}
	_, err := s.usable()
	return s, err
}

func (s *source) name() string {
	if s.url == "" {
		return "the metadata"
	}
	return "the metadata at " + s.url
}

// parse reads the metadata that was given.
func (s *source) parse(data []byte) error {
	err := guard("reading metadata", func() (err error) {
		s.last, err = s.reader.read(data)
		return err
	})
	if err != nil {
		return failCause(MetadataFailed, s.name(), err)
	}
	return nil
}

// get returns the metadata, or an *Error.
func (s *source) get(ctx context.Context) (*idpMetadata, error) {
	if m, err, known := s.cached(); known {
		return m, err
	}
	return s.wait(ctx)
}

// renew is for a signature by a key that m does not have. It returns newer
// metadata, if there is any.
func (s *source) renew(ctx context.Context, m *idpMetadata) (newer *idpMetadata, ok bool) {
	if s.url == "" {
		return nil, false
	}
	s.mu.Lock()
	if s.last == m {
		elapsed := s.now().Sub(s.triedAt)
		if elapsed >= 0 && elapsed < renewPause {
			s.mu.Unlock()
			return nil, false
		}
		s.pause = 0
	}
	s.mu.Unlock()
	newer, err := s.get(ctx)
	return newer, err == nil && newer != m
}

// wait reads the metadata together with everybody else who waits for it. The
// reading does not end when the first of them goes away; the fetcher's timeout
// ends it.
func (s *source) wait(ctx context.Context) (*idpMetadata, error) {
	shared := context.WithoutCancel(ctx)
	done := s.flight.DoChan("", func() (m any, err error) {
		// singleflight ends the process on a panic, which a transport given by
		// the application could raise.
		err = guard("the HTTP transport", func() (err error) {
			m, err = s.refresh(shared)
			return err
		})
		return m, err
	})
	select {
	case <-ctx.Done():
		return nil, failCause(MetadataFailed, s.name(), ctx.Err())
	case result := <-done:
		if result.Err != nil {
			return nil, failCause(MetadataFailed, s.name(), result.Err)
		}
		return result.Val.(*idpMetadata), nil
	}
}

// cached returns what is known without reading: metadata, or why there is none.
func (s *source) cached() (m *idpMetadata, failure error, known bool) {
	if s.url == "" {
		m, err := s.usable()
		return m, err, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	elapsed := now.Sub(s.triedAt)
	if elapsed < 0 || elapsed >= s.pause {
		return nil, nil, false
	}
	if s.failure != nil {
		return nil, s.failure, true
	}
	if s.expired(s.last, now) {
		return nil, nil, false
	}
	return s.last, nil, true
}

// usable returns metadata that was given, if it has not expired.
func (s *source) usable() (*idpMetadata, error) {
	if s.expired(s.last, s.now()) {
		return nil, s.expiredError(s.last)
	}
	return s.last, nil
}

func (s *source) expired(m *idpMetadata, now time.Time) bool {
	return !m.validUntil.IsZero() && !now.Before(m.validUntil.Add(s.skew))
}

func (s *source) expiredError(m *idpMetadata) *Error {
	return fail(MetadataFailed, "%s was valid until %s, which is past; get it from the identity provider again, or give its URL as MetadataURL",
		s.name(), formatTime(m.validUntil)).at("validUntil")
}

// refresh reads the metadata, and falls back on what it last was.
func (s *source) refresh(ctx context.Context) (*idpMetadata, error) {
	if m, err, known := s.cached(); known {
		return m, err
	}
	m, err := s.read(ctx)
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.expired(m, now) {
		err = s.expiredError(m)
	}
	if err == nil && s.last != nil && s.last.entityID != m.entityID {
		err = fmt.Errorf("its entity ID changed from %q to %q: people would become others; set EntityID if that is meant",
			plain(s.last.entityID, maxShown), plain(m.entityID, maxShown))
	}
	s.triedAt, s.failure = now, nil
	switch {
	case err == nil:
		s.last, s.readAt, s.pause = m, now, m.fresh()
	case s.last != nil && now.Sub(s.readAt) <= metadataStale && !s.expired(s.last, now):
		s.pause = metadataRetry
	default:
		s.pause, s.failure = metadataPause, failCause(MetadataFailed, s.name(), err)
		return nil, s.failure
	}
	return s.last, nil
}

func (s *source) read(ctx context.Context) (m *idpMetadata, err error) {
	err = guard("reading "+s.name(), func() error {
		body, err := s.fetch.document(ctx, s.url)
		if err != nil {
			return err
		}
		m, err = s.reader.read(body)
		return err
	})
	return m, err
}

// fresh is how long m is used without asking again.
func (m *idpMetadata) fresh() time.Duration {
	if m.cacheDuration == 0 {
		return metadataFresh
	}
	return min(max(m.cacheDuration, minFresh), maxFresh)
}
