package samlxml

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"io"
)

// Encrypt returns an EncryptedAssertion with plain in it, which must be one
// whole document that Parse accepts with the zero Options: AES-256 in GCM mode
// under a fresh
// key, which is encrypted with RSA-OAEP (rsa-oaep-mgf1p with SHA-1,
// the only form of it that everybody reads) for the RSA key of the certificate.
// Key and nonce are read from rand. The error is InvalidKey, also if rand fails,
// or that of Parse.
func Encrypt(plain []byte, to *x509.Certificate, rand io.Reader) ([]byte, error) {
	if to == nil {
		return nil, fail(InvalidKey, "there is no certificate to encrypt for")
	}
	public, ok := to.PublicKey.(*rsa.PublicKey)
	if !ok || !strongRSA(public) {
		return nil, fail(InvalidKey, "the certificate to encrypt for must have an RSA key of at least %d bits", minRSABits)
	}
	root, err := Parse(plain, Options{})
	if err != nil {
		return nil, err
	}
	secret := make([]byte, contentAlgorithms[algAES256GCM].size+12)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return nil, fail(InvalidKey, "there is no randomness to encrypt with: %v", err)
	}
	key, nonce := secret[:len(secret)-12], secret[len(secret)-12:]
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand, public, key, nil)
	if err != nil {
		return nil, fail(InvalidKey, "the certificate cannot be encrypted for: %v", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fail(InvalidKey, "%v", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fail(InvalidKey, "%v", err)
	}
	content := gcm.Seal(nonce, nonce, plain[root.start:root.end], nil)
	return []byte(`<saml:EncryptedAssertion xmlns:saml="` + NSAssertion + `"><xenc:EncryptedData xmlns:xenc="` + NSEnc + `" Type="` + typeElement + `">` +
		`<xenc:EncryptionMethod Algorithm="` + algAES256GCM + `"/><ds:KeyInfo xmlns:ds="` + NSSignature + `"><xenc:EncryptedKey>` +
		`<xenc:EncryptionMethod Algorithm="` + algOAEPMGF1P + `"><ds:DigestMethod Algorithm="` + algSHA1 + `"/></xenc:EncryptionMethod>` +
		cipherData(wrapped) + `</xenc:EncryptedKey></ds:KeyInfo>` + cipherData(content) + `</xenc:EncryptedData></saml:EncryptedAssertion>`), nil
}

func cipherData(value []byte) string {
	return `<xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(value) + `</xenc:CipherValue></xenc:CipherData>`
}
