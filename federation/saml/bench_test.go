package saml_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
)

// forgetful accepts everything as the first time, so that one response serves
// a whole benchmark.
type forgetful struct{}

func (forgetful) UseOnce(context.Context, string, time.Time) (bool, error) { return true, nil }

// benchmarkParty returns a party and the form of a response of about 6.6 kB,
// which is what Entra ID sends about somebody in a dozen groups.
func benchmarkParty(b testing.TB) (p *party, form url.Values, requestID string, pending []byte) {
	p = newParty(b, func(c *saml.Config, _ *saml.ProviderConfig) { c.Replay = forgetful{} })
	requestID, pending = p.begin()
	var groups strings.Builder
	groups.WriteString(`<saml:Attribute Name="http://schemas.microsoft.com/ws/2008/06/identity/claims/groups">`)
	for i := range 15 {
		fmt.Fprintf(&groups, `<saml:AttributeValue xsi:type="xs:string">00000000-0000-0000-0000-%012d</saml:AttributeValue>`, i)
	}
	groups.WriteString(`</saml:Attribute></saml:AttributeStatement>`)
	response := p.respond(answer{inResponseTo: requestID, assertion: swap(b, "</saml:AttributeStatement>", groups.String())})
	require.InDelta(b, 6600, len(response), 200)
	return p, url.Values{"SAMLResponse": {token(response)}, "RelayState": {state}}, requestID, pending
}

// crewjamParser returns what crewjam/saml does with the same response.
func crewjamParser(b testing.TB, p *party, requestID string) func(*http.Request) error {
	var metadataOfIDP crewjam.EntityDescriptor
	require.NoError(b, xml.Unmarshal(metadata(idpPair()), &metadataOfIDP))
	acs, err := url.Parse(acsURL)
	require.NoError(b, err)
	was := crewjam.TimeNow
	crewjam.TimeNow = p.clock.Now
	b.Cleanup(func() { crewjam.TimeNow = was })
	sp := &crewjam.ServiceProvider{
		EntityID: spID, Key: spPair().key, Certificate: spPair().certificate, AcsURL: *acs, IDPMetadata: &metadataOfIDP,
	}
	return func(r *http.Request) error {
		_, err := sp.ParseResponse(r, []string{requestID})
		return err
	}
}

// crewjam's clock for signatures is the system's; the certificate here is valid
// for a year.
func BenchmarkFinish(b *testing.B) {
	p, form, requestID, pending := benchmarkParty(b)
	request := func() *http.Request {
		r := postForm(acsURL, nil)
		r.PostForm = form // both are given the form, already parsed
		return r
	}
	parse := crewjamParser(b, p, requestID)
	ours := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := p.provider.Finish(request(), pending); err != nil {
				b.Fatal(err)
			}
		}
	}
	theirs := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := parse(request()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("stepwell", ours)
	b.Run("crewjam", theirs)
	// Both by turns, so that whatever else the machine does meets both.
	b.Run("ratio", func(b *testing.B) {
		var mine, other time.Duration
		var mineBytes, otherBytes uint64
		for b.Loop() {
			d, n := cost(func() { _, _, _ = p.provider.Finish(request(), pending) })
			mine, mineBytes = mine+d, mineBytes+n
			d, n = cost(func() { _ = parse(request()) })
			other, otherBytes = other+d, otherBytes+n
		}
		b.ReportMetric(float64(mine)/float64(other), "of-crewjam's-time")
		b.ReportMetric(float64(mineBytes)/float64(otherBytes), "of-crewjam's-bytes")
		b.ReportMetric(float64(mine)/float64(b.N), "ns/stepwell")
		b.ReportMetric(float64(other)/float64(b.N), "ns/crewjam")
	})
}

// cost runs f ten times and returns the time and bytes that it takes.
func cost(f func()) (time.Duration, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range 10 {
		f()
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return took / 10, (after.TotalAlloc - before.TotalAlloc) / 10
}

// TestBenchmark sees to it that the benchmark compares two successes.
func TestBenchmark(t *testing.T) {
	p, form, requestID, pending := benchmarkParty(t)
	subject, attributes, err := p.provider.Finish(postForm(acsURL, form), pending)
	require.NoError(t, err)
	require.Equal(t, "alice-1", subject)
	require.Len(t, attributes["http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"], 15)
	require.NoError(t, crewjamParser(t, p, requestID)(func() *http.Request {
		r := postForm(acsURL, form)
		_ = r.ParseForm()
		return r
	}()))
}
