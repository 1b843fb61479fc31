package federationtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
)

const nsXMLEnc = "http://www.w3.org/2001/04/xmlenc#"

// blockCipher returns the content encryption with an identifier, or nil.
func blockCipher(identifier string) xmlenc.BlockCipher {
	switch identifier {
	case EncryptAES256GCM:
		return gcm{EncryptAES256GCM, 32}
	case EncryptAES128GCM:
		return gcm{EncryptAES128GCM, 16}
	case EncryptAES256CBC:
		return xmlenc.AES256CBC
	case EncryptAES128CBC:
		return xmlenc.AES128CBC
	}
	return nil
}

// encryptAssertion returns an EncryptedAssertion that only the holder of the key
// of to can read.
func encryptAssertion(assertion []byte, to *x509.Certificate, algorithm string) ([]byte, error) {
	oaep := xmlenc.OAEP()
	oaep.DigestMethod = xmlenc.SHA1 // what rsa-oaep-mgf1p means everywhere
	oaep.BlockCipher = blockCipher(algorithm)
	if oaep.BlockCipher == nil {
		return nil, fmt.Errorf("federationtest: %q is not one of the Encrypt constants", algorithm)
	}
	data, err := oaep.Encrypt(to, bytes.Clone(assertion), nil)
	if err != nil {
		return nil, fmt.Errorf("federationtest: encrypting: %w", err)
	}
	data.CreateAttr("Type", nsXMLEnc+"Element")
	holder := etree.NewDocument()
	holder.SetRoot(data)
	text, err := holder.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("federationtest: encrypting: %w", err)
	}
	return fmt.Appendf(nil, `<saml:EncryptedAssertion xmlns:saml=%q>%s</saml:EncryptedAssertion>`, nsAssertion, text), nil
}

// gcm is AES-GCM as XML Encryption 1.1 section 5.2.4 has it: the nonce of 12
// bytes, the ciphertext, the tag. It stands in for that of xmlenc, whose Encrypt
// does not encrypt what it is given.
type gcm struct {
	algorithm string
	keySize   int
}

func (g gcm) Algorithm() string { return g.algorithm }
func (g gcm) KeySize() int      { return g.keySize }

func (g gcm) Encrypt(key any, plain, _ []byte) (*etree.Element, error) {
	secret, _ := key.([]byte)
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := rand.Read(sealed); err != nil {
		return nil, err
	}
	sealed = aead.Seal(sealed, sealed, plain, nil)
	data := etree.NewElement("xenc:EncryptedData")
	data.CreateAttr("xmlns:xenc", nsXMLEnc)
	data.CreateElement("xenc:EncryptionMethod").CreateAttr("Algorithm", g.algorithm)
	data.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText(base64.StdEncoding.EncodeToString(sealed))
	return data, nil
}

// Decrypt is there for the interface: a provider only encrypts.
func (g gcm) Decrypt(any, *etree.Element) ([]byte, error) {
	return nil, errors.New("federationtest: a provider decrypts nothing")
}
