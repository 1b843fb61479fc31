package identitypool

import (
	"encoding/binary"
	"time"

	"github.com/stepwell/stepwell/identitypool/policy"
)

// sessionKind says how the credentials of a session came about.
type sessionKind byte

const (
	identitySession    sessionKind = iota + 1 // GetCredentialsForIdentity, or AssumeRoleWithWebIdentity with a token of GetOpenIDToken
	roleSession                               // AssumeRole
	webIdentitySession                        // AssumeRoleWithWebIdentity
	samlSession                               // AssumeRoleWithSAML
	userSession                               // GetSessionToken
)

// session is what a session token says: all that verification needs but the policies of the pool's roles. Its fields up to parents are
// what is sealed.
type session struct {
	kind            sessionKind
	guest, mfa      bool // of the first session of a chain
	chained         bool // by AssumeRole, from another session
	accessKeyID     string
	secretAccessKey string
	issued          int64  // microseconds since 1970, see issue
	expires         int64  // seconds since 1970
	mfaAt           int64  // seconds since 1970; 0 without mfa
	roleARN         string // "" of a user's session
	trust           uint64 // the role's trust policy when the credentials were issued, see role.trustSum
	name            string // the session's name, or the user's
	identityID      string // of an identitySession
	federated       string // the provider as trust policies name it
	userKey         string // the user's own access key that a userSession, or a chain of roleSessions, began with
	sourceIdentity  string
	providers       []string // each must still be configured
	amr             []string
	tags            []pair   // principal tags of the session, without those of the role
	transitive      []string // keys of tags that go on to the next session
	keys            []pair   // condition keys of the federation, such as saml:sub; a key with several values comes several times
	policies        []string // session policies: documents
	policyARNs      []string // session policies: ARNs of Config.ManagedPolicies
	parents         []parent // whose revocation ends this session as well

	// What judge finds.
	role   *role // of a session that begins
	rules  *policy.Policies
	judged int64 // when, seconds since 1970
}

// pair is a key with a value.
type pair struct{ key, value string }

// parent is a holder of credentials that a chain of sessions went through.
type parent struct {
	subject string // see Revocation.Subject
	issued  int64  // microseconds since 1970: when those credentials were issued
}

func (s *session) issuedAt() time.Time  { return time.UnixMicro(s.issued).UTC() }
func (s *session) expiresAt() time.Time { return time.Unix(s.expires, 0).UTC() }

const (
	flagGuest = 1 << iota
	flagMFA
	flagChained
)

// encode appends the fields: numbers as varints, strings and lists with their lengths before them.
func (s *session) encode(b []byte) []byte {
	flags := byte(0)
	for i, set := range [...]bool{s.guest, s.mfa, s.chained} {
		if set {
			flags |= 1 << i
		}
	}
	b = append(b, byte(s.kind), flags)
	b = binary.AppendVarint(b, s.issued)
	b = binary.AppendVarint(b, s.expires)
	b = binary.AppendVarint(b, s.mfaAt)
	b = binary.BigEndian.AppendUint64(b, s.trust)
	for _, text := range [...]string{s.accessKeyID, s.secretAccessKey, s.roleARN, s.name, s.identityID, s.federated, s.userKey, s.sourceIdentity} {
		b = appendText(b, text)
	}
	for _, list := range [...][]string{s.providers, s.amr, s.transitive, s.policies, s.policyARNs} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, text := range list {
			b = appendText(b, text)
		}
	}
	for _, list := range [...][]pair{s.tags, s.keys} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, p := range list {
			b = appendText(appendText(b, p.key), p.value)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.parents)))
	for _, p := range s.parents {
		b = binary.AppendVarint(appendText(b, p.subject), p.issued)
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// decodeSession reads what encode made. The strings of the session are parts of plain.
func decodeSession(plain string) (*session, bool) {
	r := reader{rest: plain}
	s := &session{kind: sessionKind(r.byte())}
	flags := r.byte()
	s.guest, s.mfa, s.chained = flags&flagGuest != 0, flags&flagMFA != 0, flags&flagChained != 0
	s.issued, s.expires, s.mfaAt = r.varint(), r.varint(), r.varint()
	s.trust = r.uint64()
	for _, text := range [...]*string{&s.accessKeyID, &s.secretAccessKey, &s.roleARN, &s.name, &s.identityID, &s.federated, &s.userKey, &s.sourceIdentity} {
		*text = r.text()
	}
	for _, list := range [...]*[]string{&s.providers, &s.amr, &s.transitive, &s.policies, &s.policyARNs} {
		if n := r.count(); n > 0 {
			*list = make([]string, n)
		}
		for i := range *list {
			(*list)[i] = r.text()
		}
	}
	for _, list := range [...]*[]pair{&s.tags, &s.keys} {
		if n := r.count(); n > 0 {
			*list = make([]pair, n)
		}
		for i := range *list {
			(*list)[i] = pair{r.text(), r.text()}
		}
	}
	if n := r.count(); n > 0 {
		s.parents = make([]parent, n)
	}
	for i := range s.parents {
		s.parents[i] = parent{r.text(), r.varint()}
	}
	if r.bad || r.rest != "" || s.kind < identitySession || s.kind > userSession {
		return nil, false
	}
	return s, true
}

// reader takes values off the front of a text. When one does not fit it is bad, and gives zeros from then on.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) take(n uint64) string {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return ""
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != "" {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	b := r.take(8)
	if b == "" {
		return 0
	}
	n := uint64(0)
	for i := range len(b) {
		n = n<<8 | uint64(b[i])
	}
	return n
}

func (r *reader) uvarint() uint64 {
	n := uint64(0)
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.bad = true
	return 0
}

func (r *reader) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) text() string { return r.take(r.uvarint()) }

// count reads the length of a list, which cannot have more members than there are bytes.
func (r *reader) count() uint64 {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return 0
	}
	return n
}
