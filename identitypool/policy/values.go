package policy

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// number is a value of a Numeric operator. Whole numbers are compared exactly.
type number struct {
	whole bool
	i     int64
	f     float64
}

// parseNumber reads a JSON number of at most 18 digits and an exponent of at
// most two. It does not allocate.
func parseNumber(text string) (number, bool) {
	const most = 18
	rest := strings.TrimPrefix(text, "-")
	whole := cutDigits(&rest)
	count := whole
	if strings.HasPrefix(rest, ".") {
		rest = rest[1:]
		fraction := cutDigits(&rest)
		if count += fraction; fraction == 0 {
			return number{}, false
		}
	}
	if rest != "" && whole > 0 && rest[0]|0x20 == 'e' {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		if n := cutDigits(&rest); n == 0 || n > 2 {
			return number{}, false
		}
	}
	if whole == 0 || count > most || rest != "" {
		return number{}, false
	}
	if whole == len(strings.TrimPrefix(text, "-")) {
		i, err := strconv.ParseInt(text, 10, 64)
		return number{whole: true, i: i, f: float64(i)}, err == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return number{f: f}, err == nil
}

func cutDigits(text *string) int {
	n := 0
	for n < len(*text) && (*text)[n] >= '0' && (*text)[n] <= '9' {
		n++
	}
	*text = (*text)[n:]
	return n
}

func (n number) compare(to number) int {
	if n.whole && to.whole {
		return cmp.Compare(n.i, to.i)
	}
	return cmp.Compare(n.f, to.f)
}

// moment is a value of a Date operator.
type moment struct {
	seconds int64
	nanos   int
}

func (m moment) compare(to moment) int {
	return cmp.Or(cmp.Compare(m.seconds, to.seconds), cmp.Compare(m.nanos, to.nanos))
}

// parseMoment reads a date in one of the six formats of the W3C's note on ISO
// 8601, from YYYY to YYYY-MM-DDThh:mm:ss.sTZD, or seconds since 1970. Four
// digits are a year. It does not allocate.
func parseMoment(text string) (moment, bool) {
	p := digitReader{text: text, ok: true}
	if p.digits() == len(text) && len(text) != 4 {
		return parseEpoch(text)
	}
	year, month, day := p.number(4), 1, 1
	var hour, minute, second, nanos, offset int
	if p.cut('-') {
		month = p.number(2)
		if p.cut('-') {
			day = p.number(2)
			if p.cut('T') {
				hour = p.number(2)
				p.must(':')
				minute = p.number(2)
				if p.cut(':') {
					second = p.number(2)
					if p.cut('.') {
						nanos = p.fraction()
					}
				}
				offset = p.zone()
			}
		}
	}
	if !p.ok || p.text != "" || hour > 23 || minute > 59 || second > 59 {
		return moment{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day || int(t.Month()) != month {
		return moment{}, false
	}
	return moment{t.Unix() - int64(offset), nanos}, true
}

func parseEpoch(text string) (moment, bool) {
	if text == "" || len(text) > 12 {
		return moment{}, false
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return moment{seconds: seconds}, err == nil
}

// digitReader takes text apart from its beginning; ok is false after a mistake.
type digitReader struct {
	text string
	ok   bool
}

func (p *digitReader) digits() int {
	rest := p.text
	return cutDigits(&rest)
}

func (p *digitReader) number(width int) int {
	if p.digits() < width {
		p.ok = false
		return 0
	}
	n := 0
	for i := range width {
		n = n*10 + int(p.text[i]-'0')
	}
	p.text = p.text[width:]
	return n
}

func (p *digitReader) cut(b byte) bool {
	if p.text == "" || p.text[0] != b {
		return false
	}
	p.text = p.text[1:]
	return true
}

func (p *digitReader) must(b byte) { p.ok = p.cut(b) && p.ok }

// fraction returns nanoseconds, from one to nine digits.
func (p *digitReader) fraction() int {
	width := p.digits()
	if width == 0 || width > 9 {
		p.ok = false
		return 0
	}
	n := p.number(width)
	for range 9 - width {
		n *= 10
	}
	return n
}

// zone returns the seconds east of UTC.
func (p *digitReader) zone() int {
	if p.cut('Z') {
		return 0
	}
	sign := 1
	if !p.cut('+') {
		p.must('-')
		sign = -1
	}
	hours := p.number(2)
	p.must(':')
	minutes := p.number(2)
	if hours > 23 || minutes > 59 {
		p.ok = false
	}
	return sign * (hours*3600 + minutes*60)
}

// parseAddress reads an address without a zone. An IPv4 address written as IPv6
// is the IPv4 address. It allocates only for what looks like IPv6 and is not.
func parseAddress(text string) (netip.Addr, bool) {
	if len(text) > 45 || len(text) < 2 || !only(text, func(b byte) bool {
		return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' || b == ':' || b == '.'
	}) || !strings.Contains(text, ":") && !isIPv4(text) {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap(), err == nil
}

func isIPv4(text string) bool {
	p := digitReader{text: text, ok: true}
	for i := range 4 {
		if i > 0 {
			p.must('.')
		}
		n := p.digits()
		if n == 0 || n > 3 || n > 1 && p.text[0] == '0' || p.number(n) > 255 {
			return false
		}
	}
	return p.ok && p.text == ""
}

// parseNetwork reads a CIDR or an address, which stands for itself. Bits beyond
// the prefix do not matter.
func parseNetwork(text string) (netip.Prefix, bool) {
	before, after, slash := strings.Cut(text, "/")
	address, ok := parseAddress(before)
	if !ok {
		return netip.Prefix{}, false
	}
	if !slash {
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	if p, err := netip.ParsePrefix(text); err != nil || p.Addr() != address {
		return netip.Prefix{}, false // an IPv4 network written as IPv6 has two readings
	}
	bits, err := strconv.Atoi(after)
	return netip.PrefixFrom(address, bits).Masked(), err == nil
}

// isBase64 reports whether text is base64 with padding (RFC 4648, section 4),
// in the one way to write its bytes. It does not allocate.
func isBase64(text string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	digits := strings.TrimRight(text, "=")
	last := 0
	for i := range len(digits) {
		if last = strings.IndexByte(alphabet, digits[i]); last < 0 {
			return false
		}
	}
	switch padding := len(text) - len(digits); padding {
	case 0, 1, 2:
		return len(text)%4 == 0 && last&(1<<(2*padding)-1) == 0 // no bits that say nothing
	}
	return false
}
