package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// NewCertificate makes a self-signed certificate for key, as Config.Certificate
// and DecryptionKey.Certificate need one. name becomes its common name, which
// administrators see; the entity ID is a good one. It is valid from the first
// moment to the last; identity providers that look at this at all refuse it
// afterwards, so plan the change. Store it: metadata with another certificate
// is other metadata.
func NewCertificate(key crypto.Signer, name string, from, until time.Time) (*x509.Certificate, error) {
	if key == nil {
		return nil, fail(InvalidConfig, "there is no key to make a certificate for")
	}
	if err := checkKey(key.Public(), nil); err != nil {
		return nil, fail(InvalidConfig, "the key %v", err)
	}
	if !from.Before(until) {
		return nil, fail(InvalidConfig, "the certificate would end before it begins")
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, failCause(InternalError, "making a serial number", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    from,
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, failCause(InvalidConfig, "making a certificate", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, failCause(InvalidConfig, "making a certificate", err)
	}
	return certificate, nil
}
