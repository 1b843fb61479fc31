package samlxml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
)

const (
	algOAEPMGF1P = NSEnc + "rsa-oaep-mgf1p"
	algOAEP      = NSEnc11 + "rsa-oaep"
	algAES256GCM = NSEnc11 + "aes256-gcm"
	typeKey      = NSEnc + "EncryptedKey"
	typeElement  = NSEnc + "Element"

	// maxTries bounds how often a private key is used for one message.
	maxTries = 16
)

// DecryptOptions says what Decrypt accepts beyond what is safe.
type DecryptOptions struct {
	// AllowCBC accepts AES in CBC mode, for a provider that can do nothing
	// else. CBC has no integrity of its own: accept only what was signed
	// around the encryption.
	AllowCBC bool
}

// errDecrypt is the one error of Decrypt that depends on the message.
var errDecrypt = fail(DecryptionFailed, "the encrypted element cannot be decrypted")

// contentAlgorithm is what the EncryptionMethod of an EncryptedData stands for.
type contentAlgorithm struct {
	size int // of the key, in bytes
	cbc  bool
}

var contentAlgorithms = map[string]contentAlgorithm{
	NSEnc11 + "aes128-gcm": {size: 16},
	NSEnc11 + "aes192-gcm": {size: 24},
	algAES256GCM:           {size: 32},
	NSEnc + "aes128-cbc":   {size: 16, cbc: true},
	NSEnc + "aes192-cbc":   {size: 24, cbc: true},
	NSEnc + "aes256-cbc":   {size: 32, cbc: true},
}

var maskAlgorithms = map[string]crypto.Hash{
	NSEnc11 + "mgf1sha1":   crypto.SHA1,
	NSEnc11 + "mgf1sha256": crypto.SHA256,
	NSEnc11 + "mgf1sha384": crypto.SHA384,
	NSEnc11 + "mgf1sha512": crypto.SHA512,
}

// Decrypt returns the element that is in an EncryptedAssertion, EncryptedID or
// EncryptedAttribute: one whole document of its own, which Parse accepts, with the
// bound on bytes of the document around it. Nothing in it is verified: decrypting only tells that whoever
// encrypted it knows our certificate, as everybody does.
//
// The content must be encrypted with AES in GCM mode (but see DecryptOptions),
// and its key with RSA-OAEP: rsa-oaep-mgf1p, with SHA-1 as its digest too, for
// nothing is known against that, or rsa-oaep of XML Encryption 1.1. Triple DES
// and rsa-1_5 are always refused. The EncryptedKey may be in the ds:KeyInfo of
// the EncryptedData or beside it, and there may be several, for several
// receivers. Each is tried with each of keys, of which only RSA keys count: 16
// attempts at most.
//
// Every failure that has to do with the message is the same error, a
// DecryptionFailed, and a key that cannot be unwrapped is replaced by a random
// one with which the work goes on, so that nobody who tries many variants of a
// message learns from text or time which step failed. What a message says about
// its algorithms, which is no secret, is told by EncryptionMethods. InvalidKey
// means that keys has no RSA key.
func Decrypt(encrypted *Element, keys []crypto.Decrypter, o DecryptOptions) ([]byte, error) {
	var usable []crypto.Decrypter
	for _, key := range keys {
		if key == nil {
			continue
		}
		if public, ok := key.Public().(*rsa.PublicKey); ok && strongRSA(public) {
			usable = append(usable, key)
		}
	}
	if len(usable) == 0 {
		return nil, fail(InvalidKey, "there is no RSA key of at least %d bits to decrypt with", minRSABits)
	}
	data, wrapped, ok := encryptedParts(encrypted)
	if !ok {
		return nil, errDecrypt
	}
	name, ok := methodOf(data)
	content, known := contentAlgorithms[name]
	ciphertext, readable := cipherValue(data)
	if !ok || !known || content.cbc && !o.AllowCBC || !readable {
		return nil, errDecrypt
	}
	if len(usable)*len(wrapped) > maxTries {
		return nil, errDecrypt
	}
	var plain []byte
	for _, element := range wrapped {
		w, ok := readWrapped(element)
		if !ok {
			continue
		}
		for _, key := range usable {
			opened := content.open(w.unwrap(key, content.size), ciphertext)
			// What is no document must fail as what is not decrypted does.
			if _, err := Parse(opened, Options{MaxBytes: encrypted.doc.maxBytes}); err == nil && plain == nil {
				plain = opened
			}
		}
	}
	if plain == nil {
		return nil, errDecrypt
	}
	return plain, nil
}

// EncryptionMethods returns the algorithms that an encrypted element says it
// uses for its content and for the first of its keys, or "" where it says nothing
// that can be read: to tell an administrator what to change when Decrypt fails.
// They are the sender's own words.
func EncryptionMethods(encrypted *Element) (content, key string) {
	data, wrapped, ok := encryptedParts(encrypted)
	if !ok {
		return "", ""
	}
	content, _ = methodOf(data)
	key, _ = methodOf(wrapped[0])
	return content, key
}

// encryptedParts returns the EncryptedData in e, and the EncryptedKeys that
// may be its.
func encryptedParts(e *Element) (data *Element, keys []*Element, ok bool) {
	data, err := e.One(NSEnc, "EncryptedData")
	if err != nil || data == nil {
		return nil, nil, false
	}
	info, err := data.One(NSSignature, "KeyInfo")
	if err != nil {
		return nil, nil, false
	}
	keys = info.All(NSEnc, "EncryptedKey")
	beside := e.All(NSEnc, "EncryptedKey")
	methods := info.All(NSSignature, "RetrievalMethod")
	for _, method := range methods {
		uri, _ := method.Attr("URI")
		if kind, typed := method.Attr("Type"); typed && kind != typeKey || len(method.Children()) > 0 {
			return nil, nil, false
		}
		for _, key := range beside {
			if key.ID() != "" && uri == "#"+key.ID() {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) == 0 && len(methods) == 0 {
		keys = beside
	}
	return data, keys, len(keys) > 0
}

// methodOf returns the Algorithm of the EncryptionMethod of e.
func methodOf(e *Element) (string, bool) {
	method, err := e.One(NSEnc, "EncryptionMethod")
	if err != nil {
		return "", false
	}
	return method.Attr("Algorithm")
}

// cipherValue returns the ciphertext of e. A CipherReference is not followed.
func cipherValue(e *Element) ([]byte, bool) {
	data, err := e.One(NSEnc, "CipherData")
	if err != nil || len(data.Children()) != 1 {
		return nil, false
	}
	value, err := data.One(NSEnc, "CipherValue")
	if err != nil || value == nil {
		return nil, false
	}
	text, err := value.Text()
	if err != nil {
		return nil, false
	}
	out, err := base64.StdEncoding.DecodeString(stripSpace(text))
	return out, err == nil
}

// wrappedKey is an EncryptedKey that can be tried.
type wrappedKey struct {
	options    rsa.OAEPOptions
	ciphertext []byte
}

// readWrapped reads an EncryptedKey. Whoever leaves a digest or mask out means
// SHA-1 (XML Encryption 1.1 section 5.5.2).
func readWrapped(e *Element) (w wrappedKey, ok bool) {
	method, err := e.One(NSEnc, "EncryptionMethod")
	if err != nil || method == nil {
		return w, false
	}
	w.options = rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	name, _ := method.Attr("Algorithm")
	if name != algOAEP && name != algOAEPMGF1P {
		return w, false
	}
	seen := map[string]bool{}
	for _, child := range method.Children() {
		value, _ := child.Attr("Algorithm")
		ok := false
		switch {
		case seen[child.local]:
			return w, false
		case child.Is(NSSignature, "DigestMethod"):
			w.options.Hash, ok = digestAlgorithms[value]
		case child.Is(NSEnc11, "MGF") && name == algOAEP:
			w.options.MGFHash, ok = maskAlgorithms[value]
		case child.Is(NSEnc, "KeySize"):
			ok = true
		}
		if !ok {
			return w, false
		}
		seen[child.local] = true
	}
	w.ciphertext, ok = cipherValue(e)
	return w, ok
}

// unwrap returns the key that was wrapped, or a random one of that size.
func (w wrappedKey) unwrap(key crypto.Decrypter, size int) []byte {
	random := make([]byte, size)
	_, _ = rand.Read(random) // it never fails
	options := w.options
	unwrapped, err := key.Decrypt(rand.Reader, w.ciphertext, &options)
	if err != nil || len(unwrapped) != size {
		return random
	}
	return unwrapped
}

// open decrypts, and returns something that is no document if that fails.
func (a contentAlgorithm) open(key, ciphertext []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	if a.cbc {
		return openCBC(block, ciphertext)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(ciphertext) < gcm.NonceSize() {
		return nil
	}
	plain, err := gcm.Open(nil, ciphertext[:gcm.NonceSize()], ciphertext[gcm.NonceSize():], nil)
	if err != nil {
		return nil
	}
	return plain
}

// openCBC decrypts. A padding that cannot be is left where it is: the document
// then fails as one with a wrong key does (XML Encryption 1.1 section 5.2).
func openCBC(block cipher.Block, ciphertext []byte) []byte {
	size := block.BlockSize()
	if len(ciphertext) < 2*size || len(ciphertext)%size != 0 {
		return nil
	}
	plain := make([]byte, len(ciphertext)-size)
	cipher.NewCBCDecrypter(block, ciphertext[:size]).CryptBlocks(plain, ciphertext[size:])
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > size {
		padding = 0
	}
	return plain[:len(plain)-padding]
}
