package userpool

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// KeyWrapper seals the keys of a pool before they are stored, so that a reader of the database can sign nothing. [NewKeyWrapper] and
// [KeyFile] make one; an application with a key management service implements it by calling that service. It must be safe for concurrent
// use.
type KeyWrapper interface {
	// Wrap seals a key of at most 16 KiB. label must be given again to Unwrap; it is not secret, and binds the result to its place.
	Wrap(key []byte, label string) ([]byte, error)
	// Unwrap returns what was wrapped with the same label, or an error if a byte of wrapped or of label is different.
	Unwrap(wrapped []byte, label string) ([]byte, error)
}

// NewKeyWrapper returns a KeyWrapper that seals with AES-256-GCM under a key of 32 random bytes, which the program gets from where it
// keeps its secrets. All processes on one database need the same key.
func NewKeyWrapper(key []byte) (KeyWrapper, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("userpool: a wrapping key has 32 bytes, not %d", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("userpool: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("userpool: %w", err)
	}
	return gcmWrapper{aead}, nil
}

type gcmWrapper struct{ aead cipher.AEAD }

func (w gcmWrapper) Wrap(key []byte, label string) ([]byte, error) {
	return w.aead.Seal(nil, nil, key, []byte(label)), nil
}

func (w gcmWrapper) Unwrap(wrapped []byte, label string) ([]byte, error) {
	key, err := w.aead.Open(nil, nil, wrapped, []byte(label))
	if err != nil {
		return nil, errors.New("userpool: a stored key was sealed under another wrapping key, or was changed: give the KeyWrapper that the pool was begun with")
	}
	return key, nil
}

// KeyFile returns a KeyWrapper whose key is in the file at path. If there is no such file, it makes one with a random key, readable by
// its owner only. It is for programs on one machine: keep the file as safe as the database, and in another backup.
func KeyFile(path string) (KeyWrapper, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = writeNewKey(path); err != nil {
			return nil, err
		}
		key, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("userpool: the key file: %w", err)
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("userpool: the key file %s has %d bytes, not 32", path, len(key))
	}
	return NewKeyWrapper(key)
}

// writeNewKey makes the file whole or not at all; of two processes that start at once, both then read the key of one.
func writeNewKey(path string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("userpool: the key file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = io.CopyN(tmp, rand.Reader, 32)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		if err = os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("userpool: the key file: %w", err)
	}
	return nil
}
