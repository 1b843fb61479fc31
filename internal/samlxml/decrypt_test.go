package samlxml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	"github.com/stretchr/testify/require"
)

// The receiver of encrypted assertions.
var receiver = rsaIdentity(2048)

func decrypters(identities ...identity) []crypto.Decrypter {
	var out []crypto.Decrypter
	for _, i := range identities {
		out = append(out, i.key.(crypto.Decrypter))
	}
	return out
}

const secret = `<saml:Assertion xmlns:saml="` + NSAssertion + `" ID="_s"><saml:Subject>` + victim + `</saml:Subject></saml:Assertion>`

// sealed is a message to be built wrongly as easily as rightly. It knows nothing
// of Encrypt.
type sealed struct {
	content, transport string // Algorithm of the EncryptionMethods
	parameters         string // children of the EncryptionMethod of the key
	digest, mask       crypto.Hash
	key                []byte
	wrapped, value     []byte // instead of what is made
	beside             bool   // the EncryptedKey beside, with a RetrievalMethod
	info               string // instead of the ds:KeyInfo
	plain              string
	extra              string // behind the EncryptedData
}

func (s sealed) document(t testing.TB) string {
	t.Helper()
	if s.content == "" {
		s.content = algAES256GCM
	}
	if s.transport == "" {
		s.transport = algOAEPMGF1P
	}
	if s.digest == 0 {
		s.digest = crypto.SHA1
	}
	if s.mask == 0 {
		s.mask = crypto.SHA1
	}
	if s.plain == "" {
		s.plain = secret
	}
	if s.key == nil {
		s.key = []byte("0123456789abcdef0123456789abcdef")[:max(16, contentAlgorithms[s.content].size)]
	}
	public := receiver().key.Public().(*rsa.PublicKey)
	if s.wrapped == nil {
		var err error
		s.wrapped, err = rsa.EncryptOAEPWithOptions(rand.Reader, public, s.key, &rsa.OAEPOptions{Hash: s.digest, MGFHash: s.mask})
		require.NoError(t, err)
	}
	if s.value == nil {
		s.value = seal(t, s.key, s.plain, strings.Contains(s.content, "cbc"))
	}
	key := `<xenc:EncryptedKey Id="_k"><xenc:EncryptionMethod Algorithm="` + s.transport + `">` + s.parameters + `</xenc:EncryptionMethod>` + cipherData(s.wrapped) + `</xenc:EncryptedKey>`
	if s.beside {
		s.extra += key
		key = `<ds:RetrievalMethod URI="#_k" Type="` + typeKey + `"/>`
	}
	if s.info == "" {
		s.info = `<ds:KeyInfo>` + key + `</ds:KeyInfo>`
	}
	return `<saml:EncryptedAssertion xmlns:saml="` + NSAssertion + `" xmlns:ds="` + NSSignature + `" xmlns:xenc="` + NSEnc + `" xmlns:xenc11="` + NSEnc11 + `">` +
		`<xenc:EncryptedData><xenc:EncryptionMethod Algorithm="` + s.content + `"/>` + s.info + cipherData(s.value) + `</xenc:EncryptedData>` + s.extra + `</saml:EncryptedAssertion>`
}

func seal(t testing.TB, key []byte, plain string, cbc bool) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	if cbc {
		padding := 16 - len(plain)%16
		padded := append([]byte(plain), make([]byte, padding)...)
		padded[len(padded)-1] = byte(padding)
		out := make([]byte, 16+len(padded))
		_, _ = rand.Read(out[:16])
		cipher.NewCBCEncrypter(block, out[:16]).CryptBlocks(out[16:], padded)
		return out
	}
	gcm, err := cipher.NewGCM(block)
	require.NoError(t, err)
	nonce := make([]byte, 12)
	_, _ = rand.Read(nonce)
	return gcm.Seal(nonce, nonce, []byte(plain), nil)
}

func TestDecrypt(t *testing.T) {
	method := func(name string) string { return `<ds:DigestMethod Algorithm="` + name + `"/>` }
	mgf := func(name string) string { return `<xenc11:MGF Algorithm="` + NSEnc11 + name + `"/>` }
	for name, s := range map[string]sealed{
		"defaults":                  {},
		"aes128-gcm":                {content: NSEnc11 + "aes128-gcm"},
		"aes192-gcm":                {content: NSEnc11 + "aes192-gcm"},
		"mgf1p with SHA-1":          {parameters: method(algSHA1)},
		"mgf1p with SHA-256":        {parameters: method(algSHA256), digest: crypto.SHA256},
		"oaep, nothing said":        {transport: algOAEP},
		"oaep with SHA-256":         {transport: algOAEP, parameters: method(algSHA256) + mgf("mgf1sha256"), digest: crypto.SHA256, mask: crypto.SHA256},
		"oaep with SHA-512":         {transport: algOAEP, parameters: mgf("mgf1sha512") + method(NSEnc+"sha512"), digest: crypto.SHA512, mask: crypto.SHA512},
		"oaep, mixed":               {transport: algOAEP, parameters: method(algSHA1) + mgf("mgf1sha256"), mask: crypto.SHA256},
		"oaep, mixed the other way": {transport: algOAEP, parameters: method(algSHA256), digest: crypto.SHA256},
		"key size":                  {parameters: `<xenc:KeySize>256</xenc:KeySize>`},
		"key beside":                {beside: true},
		"declaration":               {plain: "<?xml version='1.0'?>\n" + secret},
	} {
		root := mustParse(t, s.document(t))
		plain, err := Decrypt(root, decrypters(receiver()), DecryptOptions{})
		require.NoError(t, err, name)
		require.True(t, strings.HasSuffix(string(plain), secret))
		// Other keys are no hindrance.
		_, err = Decrypt(root, slices.Concat([]crypto.Decrypter{nil}, decrypters(attacker(), weak(), receiver())), DecryptOptions{})
		require.NoError(t, err, name)
		_, err = Decrypt(root, decrypters(attacker()), DecryptOptions{})
		require.ErrorIs(t, err, DecryptionFailed)
	}
	// A key beside without a RetrievalMethod, and one among several.
	other := `<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="` + NSEnc + `rsa-1_5"/>` + cipherData(make([]byte, 256)) + `</xenc:EncryptedKey>`
	foreign := strings.Replace(other, "rsa-1_5", "rsa-oaep-mgf1p", 1)
	whole := sealed{beside: true}.document(t)
	for _, document := range []string{
		strings.Replace(whole, `<ds:RetrievalMethod URI="#_k" Type="`+typeKey+`"/>`, "", 1),
		strings.Replace(whole, `</xenc:EncryptedData>`, `</xenc:EncryptedData>`+other+foreign, 1),
		strings.Replace(sealed{}.document(t), "<ds:KeyInfo>", "<ds:KeyInfo>"+other+foreign, 1),
	} {
		_, err := Decrypt(mustParse(t, document), decrypters(receiver()), DecryptOptions{})
		require.NoError(t, err)
	}
	_, err := Decrypt(mustParse(t, whole), decrypters(weak()), DecryptOptions{})
	require.ErrorIs(t, err, InvalidKey)
	_, err = Decrypt(nil, nil, DecryptOptions{})
	require.ErrorIs(t, err, InvalidKey)
}

func TestDecrypt_CBC(t *testing.T) {
	for _, size := range []string{"128", "192", "256"} {
		for _, plain := range []string{secret, secret + " ", "<a/>", "<a>12345678</a>", "<a>123456789</a>"} {
			root := mustParse(t, sealed{content: NSEnc + "aes" + size + "-cbc", plain: plain}.document(t))
			_, err := Decrypt(root, decrypters(receiver()), DecryptOptions{})
			require.Equal(t, errDecrypt, err)
			out, err := Decrypt(root, decrypters(receiver()), DecryptOptions{AllowCBC: true})
			require.NoError(t, err)
			require.Equal(t, plain, string(out))
		}
	}
	content, key := EncryptionMethods(mustParse(t, sealed{content: NSEnc + "aes256-cbc", transport: NSEnc + "rsa-1_5"}.document(t)))
	require.Equal(t, NSEnc+"aes256-cbc", content)
	require.Equal(t, NSEnc+"rsa-1_5", key)
	content, key = EncryptionMethods(mustParse(t, "<a/>"))
	require.Empty(t, content+key)
}

func TestS17_Decrypt(t *testing.T) {
	public := receiver().key.Public().(*rsa.PublicKey)
	//lint:ignore SA1019 it is what somebody may send
	rsa15, err := rsa.EncryptPKCS1v15(rand.Reader, public, []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(t, err)
	labelled, err := rsa.EncryptOAEPWithOptions(rand.Reader, public, make([]byte, 32), &rsa.OAEPOptions{Hash: crypto.SHA1, Label: []byte("x")})
	require.NoError(t, err)
	cbc := func(value []byte) sealed { return sealed{content: NSEnc + "aes256-cbc", value: value} }
	messages := map[string]sealed{
		"3DES":               {content: NSEnc + "tripledes-cbc", key: make([]byte, 24)},
		"no content method":  {content: " "},
		"rsa-1_5":            {transport: NSEnc + "rsa-1_5", wrapped: rsa15},
		"rsa-1_5 inside":     {wrapped: rsa15},
		"kw-aes256":          {transport: NSEnc + "kw-aes256"},
		"label":              {wrapped: labelled},
		"label said":         {wrapped: labelled, parameters: `<xenc:OAEPparams>eA==</xenc:OAEPparams>`},
		"unknown digest":     {parameters: `<ds:DigestMethod Algorithm="urn:x"/>`},
		"two digests":        {parameters: `<ds:DigestMethod Algorithm="` + algSHA256 + `"/><ds:DigestMethod Algorithm="` + algSHA1 + `"/>`},
		"MGF of mgf1p":       {parameters: `<xenc11:MGF Algorithm="` + NSEnc11 + `mgf1sha1"/>`},
		"unknown MGF":        {transport: algOAEP, parameters: `<xenc11:MGF Algorithm="urn:x"/>`},
		"short key":          {key: make([]byte, 16), value: seal(t, make([]byte, 16), secret, false)},
		"key of 31 bytes":    {key: make([]byte, 31), value: make([]byte, 60)},
		"empty key":          {wrapped: []byte{}, value: make([]byte, 60)},
		"wrapped of 1 byte":  {wrapped: make([]byte, 1)},
		"wrapped of 255":     {wrapped: make([]byte, 255)},
		"wrapped of 257":     {wrapped: make([]byte, 257)},
		"wrapped too great":  {wrapped: []byte(strings.Repeat("\xff", 256))},
		"blank plaintext":    {plain: " "},
		"text":               {plain: "text"},
		"two elements":       {plain: "<a/><b/>"},
		"cut":                {plain: "<a>"},
		"DOCTYPE":            {plain: "<!DOCTYPE a><a/>"},
		"comment":            {plain: "<a><!-- --></a>"},
		"control character":  {plain: "<a>\x00</a>"},
		"no KeyInfo":         {info: " "},
		"empty KeyInfo":      {info: "<ds:KeyInfo/>"},
		"two KeyInfo":        {info: "<ds:KeyInfo/><ds:KeyInfo/>"},
		"key elsewhere":      {info: `<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/"/></ds:KeyInfo>`},
		"key by XPath":       {beside: true, info: `<ds:KeyInfo><ds:RetrievalMethod URI="#_k"><ds:Transforms/></ds:RetrievalMethod></ds:KeyInfo>`},
		"key of other name":  {beside: true, info: `<ds:KeyInfo><ds:RetrievalMethod URI="#other"/></ds:KeyInfo>`},
		"key of other type":  {beside: true, info: `<ds:KeyInfo><ds:RetrievalMethod URI="#_k" Type="urn:x"/></ds:KeyInfo>`},
		"second data":        {extra: "<xenc:EncryptedData/>"},
		"CBC of nothing":     cbc([]byte{}),
		"CBC not of a block": cbc(make([]byte, 47)),
	}
	for length := range 48 {
		messages["GCM of "+string(rune('a'+length))] = sealed{value: make([]byte, length)}
		messages["CBC of "+string(rune('a'+length))] = cbc(make([]byte, length))
	}
	for i, at := range []int{0, 11, 12, -1, -16} {
		value := seal(t, []byte("0123456789abcdef0123456789abcdef"), secret, false)
		value[(at+len(value))%len(value)] ^= 1
		messages["GCM changed "+string(rune('0'+i))] = sealed{value: value}
	}
	broken := sealed{}.document(t)
	documents := map[string]string{
		"CipherReference": strings.Replace(broken, "CipherValue>", "CipherReference>", 2),
		"not base64":      strings.Replace(broken, "<xenc:CipherValue>", "<xenc:CipherValue>!", 1),
		"not base64, 2":   broken[:strings.LastIndex(broken, "<xenc:CipherValue>")] + strings.Replace(broken[strings.LastIndex(broken, "<xenc:CipherValue>"):], "<xenc:CipherValue>", "<xenc:CipherValue>A", 1),
		"no CipherData":   strings.ReplaceAll(broken, "CipherData>", "Cipher>"),
		"element":         strings.ReplaceAll(broken, "</xenc:CipherValue>", "<a/></xenc:CipherValue>"),
		"nothing":         "<a/>",
		"other namespace": strings.ReplaceAll(broken, NSEnc, "urn:x"),
		"no method":       strings.ReplaceAll(broken, "EncryptionMethod", "Method"),
		"many keys":       strings.Replace(broken, "<ds:KeyInfo>", "<ds:KeyInfo>"+strings.Repeat("<xenc:EncryptedKey/>", maxTries), 1),
	}
	for name, s := range messages {
		documents[name] = s.document(t)
	}
	for name, document := range documents {
		for _, o := range []DecryptOptions{{}, {AllowCBC: true}} {
			plain, err := Decrypt(mustParse(t, document), decrypters(receiver()), o)
			require.Nil(t, plain, name)
			require.True(t, err == error(errDecrypt), "%s: %v", name, err)
		}
	}
}

// counting counts how often a key is used.
type counting struct {
	crypto.Decrypter
	uses *int
}

func (c counting) Decrypt(source io.Reader, message []byte, options crypto.DecrypterOpts) ([]byte, error) {
	*c.uses++
	return c.Decrypter.Decrypt(source, message, options)
}

// S21: a message with many keys in it does not buy many uses of ours.
func TestS21_ManyEncryptedKeys(t *testing.T) {
	foreign := `<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="` + algOAEPMGF1P + `"/>` + cipherData(make([]byte, 256)) + `</xenc:EncryptedKey>`
	for _, test := range []struct{ wrapped, keys, uses int }{{1, 1, 1}, {16, 1, 16}, {17, 1, 0}, {8, 2, 16}, {9, 2, 0}, {300, 1, 0}} {
		uses := 0
		key := counting{receiver().key.(crypto.Decrypter), &uses}
		document := strings.Replace(sealed{}.document(t), "<ds:KeyInfo>", "<ds:KeyInfo>"+strings.Repeat(foreign, test.wrapped-1), 1)
		_, err := Decrypt(mustParse(t, document), slices.Repeat([]crypto.Decrypter{key}, test.keys), DecryptOptions{})
		require.Equal(t, test.uses, uses)
		require.Equal(t, test.uses > 0, err == nil)
	}
}

// S18: a key that cannot be unwrapped is replaced by one to go on with.
func TestS18_RandomKey(t *testing.T) {
	key := receiver().key.(crypto.Decrypter)
	w := wrappedKey{options: rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}, ciphertext: make([]byte, 256)}
	first, second := w.unwrap(key, 32), w.unwrap(key, 32)
	require.Len(t, first, 32)
	require.Len(t, second, 32)
	require.NotEqual(t, first, second)
	short, err := rsa.EncryptOAEPWithOptions(rand.Reader, key.Public().(*rsa.PublicKey), make([]byte, 16), &w.options)
	require.NoError(t, err)
	w.ciphertext = short
	require.Len(t, w.unwrap(key, 32), 32)
	require.Equal(t, make([]byte, 16), w.unwrap(key, 16))
}

// S18: whoever sends many variants learns nothing: one error value, and the same
// work whether the key, the tag or the padding is wrong.
func TestS18_NoOracle(t *testing.T) {
	wrong := make([]byte, 256)
	random := func(n int) []byte {
		out := make([]byte, n)
		_, _ = rand.Read(out)
		return out
	}
	key := decrypters(receiver())
	for name, test := range map[string]struct {
		o    DecryptOptions
		make func(i int) sealed
	}{
		"OAEP, any number":    {DecryptOptions{}, func(int) sealed { copy(wrong[1:], random(255)); return sealed{wrapped: wrong} }},
		"GCM, any key":        {DecryptOptions{}, func(int) sealed { return sealed{key: random(32), value: random(200)} }},
		"CBC, any ciphertext": {DecryptOptions{AllowCBC: true}, func(int) sealed { return sealed{content: NSEnc + "aes256-cbc", value: random(64)} }},
		"CBC, each last byte": {DecryptOptions{AllowCBC: true}, func(i int) sealed {
			value := seal(t, []byte("0123456789abcdef0123456789abcdef"), "<a>12345678901234567890123456</a>", true)
			value[len(value)-17] = byte(i * 5 / 2) // 100 of the 256
			value[len(value)-18] ^= 0x80
			return sealed{content: NSEnc + "aes256-cbc", value: value}
		}},
	} {
		for i := range 100 {
			_, err := Decrypt(mustParse(t, test.make(i).document(t)), key, test.o)
			require.True(t, err == error(errDecrypt), "%s: %v", name, err)
		}
	}

	// Interleaved, so that what else the machine does falls on both alike.
	good := []byte("0123456789abcdef0123456789abcdef")
	long := strings.Repeat("x", 4000)
	wrapped := mustParse(t, sealed{wrapped: append([]byte{0}, random(255)...), plain: "<a>" + long + "</a>"}.document(t))
	value := seal(t, good, "<a>"+long+"</a>", false)
	value[len(value)-1] ^= 1
	tag := mustParse(t, sealed{key: good, value: value}.document(t))
	var times [2][]time.Duration
	for range 300 {
		for i, message := range []*Element{wrapped, tag} {
			start := time.Now()
			_, err := Decrypt(message, key, DecryptOptions{})
			times[i] = append(times[i], time.Since(start))
			require.True(t, err == error(errDecrypt))
		}
	}
	for i := range times {
		slices.Sort(times[i])
	}
	difference := times[0][150] - times[1][150]
	require.Less(t, difference.Abs(), time.Millisecond, "a wrong key takes %v, a wrong tag %v", times[0][150], times[1][150])
}

func TestEncrypt(t *testing.T) {
	encrypted, err := Encrypt([]byte("\uFEFF<?xml version='1.0'?>\n"+secret+"\n"), receiver().cert, rand.Reader)
	require.NoError(t, err)
	require.NotContains(t, string(encrypted), victim)
	plain, err := Decrypt(mustParse(t, string(encrypted)), decrypters(receiver()), DecryptOptions{})
	require.NoError(t, err)
	require.Equal(t, secret, string(plain))
	again, err := Encrypt([]byte(secret), receiver().cert, rand.Reader)
	require.NoError(t, err)
	require.NotEqual(t, encrypted, again)

	for _, cert := range []identity{{}, p256(), weak()} {
		_, err = Encrypt([]byte(secret), cert.cert, rand.Reader)
		require.ErrorIs(t, err, InvalidKey)
	}
	for _, source := range []io.Reader{strings.NewReader("short"), iotest.ErrReader(errors.New("broken"))} {
		_, err = Encrypt([]byte(secret), receiver().cert, source)
		require.ErrorIs(t, err, InvalidKey)
	}
	_, err = Encrypt([]byte("text"), receiver().cert, rand.Reader)
	require.ErrorIs(t, err, InvalidXML)
}

// Its AES128GCM is left out: what that encrypts is zeros, and the nonce is not in
// it.
func TestDecrypt_Crewjam(t *testing.T) {
	for _, block := range []xmlenc.BlockCipher{xmlenc.AES128CBC, xmlenc.AES192CBC, xmlenc.AES256CBC} {
		e := xmlenc.OAEP()
		e.BlockCipher = block
		e.DigestMethod = xmlenc.SHA1
		data, err := e.Encrypt(receiver().cert, []byte(secret), nil)
		require.NoError(t, err)
		wrapper := etree.NewElement("saml:EncryptedAssertion")
		wrapper.CreateAttr("xmlns:saml", NSAssertion)
		wrapper.AddChild(data)
		plain, err := Decrypt(mustParse(t, text(t, rooted(wrapper))), decrypters(receiver()), DecryptOptions{AllowCBC: true})
		require.NoError(t, err, block.Algorithm())
		require.Equal(t, secret, string(plain))
	}
}

// crewjam's library opens the key that Encrypt wrapped. The content is opened
// here, for it knows no AES-256 in GCM mode.
func TestEncrypt_Crewjam(t *testing.T) {
	encrypted, err := Encrypt([]byte(secret), receiver().cert, rand.Reader)
	require.NoError(t, err)
	data := treeOf(t, string(encrypted)).Root().SelectElement("EncryptedData")
	key, err := xmlenc.Decrypt(receiver().key, data.FindElement("./KeyInfo/EncryptedKey"))
	require.NoError(t, err)
	ciphertext, err := base64.StdEncoding.DecodeString(data.FindElement("./CipherData/CipherValue").Text())
	require.NoError(t, err)
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	gcm, err := cipher.NewGCM(block)
	require.NoError(t, err)
	plain, err := gcm.Open(nil, ciphertext[:12], ciphertext[12:], nil)
	require.NoError(t, err)
	require.Equal(t, secret, string(plain))
}

func TestDecrypt_Xmlsec(t *testing.T) {
	for content, session := range map[string]string{
		NSEnc11 + "aes128-gcm": "aes-128", NSEnc11 + "aes192-gcm": "aes-192", algAES256GCM: "aes-256",
		NSEnc + "aes128-cbc": "aes-128", NSEnc + "aes256-cbc": "aes-256",
	} {
		template := `<xenc:EncryptedData xmlns:xenc="` + NSEnc + `" Type="` + typeElement + `"><xenc:EncryptionMethod Algorithm="` + content + `"/>` +
			`<ds:KeyInfo xmlns:ds="` + NSSignature + `"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="` + algOAEPMGF1P + `"/>` +
			`<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`
		out, err := xmlsec(t, "--encrypt", "--pubkey-cert-pem", file(t, "cert.pem", receiver().certPEM()), "--session-key", session,
			"--xml-data", file(t, "plain.xml", `<saml:EncryptedAssertion xmlns:saml="`+NSAssertion+`">`+secret+`</saml:EncryptedAssertion>`),
			"--node-name", NSAssertion+":Assertion", file(t, "template.xml", template))
		require.NoError(t, err, content)
		plain, err := Decrypt(mustParse(t, out), decrypters(receiver()), DecryptOptions{AllowCBC: true})
		require.NoError(t, err, content)
		require.Equal(t, secret, string(plain))
	}
}

func TestEncrypt_Xmlsec(t *testing.T) {
	encrypted, err := Encrypt([]byte(secret), receiver().cert, rand.Reader)
	require.NoError(t, err)
	out, err := xmlsec(t, "--decrypt", "--privkey-pem", file(t, "key.pem", receiver().keyPEM(t)), file(t, "encrypted.xml", string(encrypted)))
	require.NoError(t, err)
	require.Contains(t, out, victim)
	decrypted, err := mustParse(t, out).One(NSAssertion, "Assertion")
	require.NoError(t, err)
	require.Equal(t, string(mustParse(t, secret).Canonical()), string(decrypted.Canonical()))
}
