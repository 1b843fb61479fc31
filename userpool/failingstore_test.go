package userpool_test

import (
	"context"
	"errors"
	"sync"

	"github.com/stepwell/stepwell/userpool"
)

// failingStore is a store whose connection breaks after a number of calls, until it heals.
type failingStore struct {
	userpool.Store
	mu     sync.Mutex
	armed  bool
	left   int
	failed bool
}

var errBroken = errors.New("connection lost")

func (s *failingStore) failAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.left, s.failed = true, n, false
}

// heal tells whether a call failed.
func (s *failingStore) heal() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	return s.failed
}

func (s *failingStore) broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed {
		return nil
	}
	s.left--
	if s.left >= 0 {
		return nil
	}
	s.failed = true
	return errBroken
}

func (s *failingStore) CreateUser(ctx context.Context, pool string, u userpool.User) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.CreateUser(ctx, pool, u)
}

func (s *failingStore) User(ctx context.Context, pool, sub string) (userpool.User, error) {
	if err := s.broken(); err != nil {
		return userpool.User{}, err
	}
	return s.Store.User(ctx, pool, sub)
}

func (s *failingStore) UserByIdentifier(ctx context.Context, pool string, id userpool.Identifier) (userpool.User, error) {
	if err := s.broken(); err != nil {
		return userpool.User{}, err
	}
	return s.Store.UserByIdentifier(ctx, pool, id)
}

func (s *failingStore) UpdateUser(ctx context.Context, pool string, u userpool.User) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.UpdateUser(ctx, pool, u)
}

func (s *failingStore) DeleteUser(ctx context.Context, pool, sub string, version int64) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.DeleteUser(ctx, pool, sub, version)
}

func (s *failingStore) GroupsOf(ctx context.Context, pool, sub string) ([]userpool.Group, error) {
	if err := s.broken(); err != nil {
		return nil, err
	}
	return s.Store.GroupsOf(ctx, pool, sub)
}

func (s *failingStore) CreateSession(ctx context.Context, pool string, x userpool.Session) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.CreateSession(ctx, pool, x)
}

func (s *failingStore) Session(ctx context.Context, pool, id string) (userpool.Session, error) {
	if err := s.broken(); err != nil {
		return userpool.Session{}, err
	}
	return s.Store.Session(ctx, pool, id)
}

func (s *failingStore) UpdateSession(ctx context.Context, pool string, x userpool.Session) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.UpdateSession(ctx, pool, x)
}

func (s *failingStore) DeleteSession(ctx context.Context, pool, id string) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.DeleteSession(ctx, pool, id)
}

func (s *failingStore) DeleteSessionsOf(ctx context.Context, pool, sub string) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.DeleteSessionsOf(ctx, pool, sub)
}

func (s *failingStore) Keys(ctx context.Context, pool string) ([]userpool.SealedKey, error) {
	if err := s.broken(); err != nil {
		return nil, err
	}
	return s.Store.Keys(ctx, pool)
}

func (s *failingStore) Counter(ctx context.Context, pool, key string) (userpool.Counter, error) {
	if err := s.broken(); err != nil {
		return userpool.Counter{}, err
	}
	return s.Store.Counter(ctx, pool, key)
}

func (s *failingStore) PutCounter(ctx context.Context, pool string, c userpool.Counter) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.PutCounter(ctx, pool, c)
}

func (s *failingStore) AddToGroup(ctx context.Context, pool, sub, group string) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.AddToGroup(ctx, pool, sub, group)
}

func (s *failingStore) RemoveFromGroup(ctx context.Context, pool, sub, group string) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.RemoveFromGroup(ctx, pool, sub, group)
}

func (s *failingStore) PutRecord(ctx context.Context, pool string, r userpool.Record) error {
	if err := s.broken(); err != nil {
		return err
	}
	return s.Store.PutRecord(ctx, pool, r)
}

func (s *failingStore) Record(ctx context.Context, pool, kind, key string) (userpool.Record, error) {
	if err := s.broken(); err != nil {
		return userpool.Record{}, err
	}
	return s.Store.Record(ctx, pool, kind, key)
}
