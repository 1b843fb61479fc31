package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"time"

	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/userpool"
)

// signingKey reads the key that signs SAML messages, with its certificate, from a file, which is made at the first start.
func signingKey(file string) (crypto.Signer, *x509.Certificate, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = newSigningKey(file)
	}
	if err != nil {
		return nil, nil, err
	}
	first, rest := pem.Decode(raw)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil {
		return nil, nil, fmt.Errorf("%s does not hold a key and a certificate", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(first.Bytes)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(second.Bytes)
	if err != nil {
		return nil, nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("%s holds a key that cannot sign", file)
	}
	return signer, certificate, nil
}

func newSigningKey(file string) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	certificate, err := saml.NewCertificate(key, samlEntityID, now, now.AddDate(3, 0, 0))
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	raw := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	return raw, os.WriteFile(file, raw, 0o600)
}

// secretFile reads 32 random bytes from a file, which is made at the first start.
func secretFile(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		raw = make([]byte, 32)
		rand.Read(raw) // never fails
		err = os.WriteFile(file, raw, 0o600)
	}
	return raw, err
}

// logMail stands for a mail server: nobody here gets mail.
func logMail(_ context.Context, m userpool.Message) error {
	log.Printf("mail to %s: %s", m.To, m.Subject)
	return nil
}
