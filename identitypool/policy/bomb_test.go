package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestA13_WildcardBomb: the largest documents against the longest requests.
func TestA13_WildcardBomb(t *testing.T) {
	const prefix, budget = "arn:a:s:::", slowdown * 50 * time.Millisecond
	resource := prefix + strings.Repeat("a", MaxResourceSize-len(prefix))
	action := "s:" + strings.Repeat("a", MaxActionSize-2)
	// fill repeats a value as often as a document may have it.
	fill := func(value, before, after string) string {
		n := min((MaxDocumentSize-200)/(len(value)+3), MaxItems)
		return doc(`{"Effect":"Deny",` + before + `["` + strings.Repeat(value+`","`, n-1) + value + `"]` + after + `}`)
	}
	inResource := func(value string) string { return fill(prefix+value, `"Action":"*","Resource":`, ``) }
	inAction := func(value string) string { return fill("s:"+value, `"Resource":"*","Action":`, ``) }
	in := func(operator, value string) string {
		return fill(value, `"Action":"*","Resource":"*","Condition":{"`+operator+`":{"k:k":`, `}}`)
	}
	for name, text := range map[string]string{
		"*a*a":           inResource(strings.Repeat("*a", 1000) + "*b*"),
		"*?a*?a":         inResource(strings.Repeat("*?a", 670) + "*b*"),
		"*aaab":          inResource(strings.Repeat("*aaaaaaaab", 200) + "*"),
		"*aaa?aaab":      inResource("*" + strings.Repeat("a", 1000) + "?" + strings.Repeat("a", 1000) + "b*"),
		"many ?":         inResource("*" + strings.Repeat("?", 2000) + "b*"),
		"many":           inResource("*?b*"),
		"many text":      inResource("*ab*"),
		"variable":       inResource("*${v:w}?*?b*"),
		"variables":      inResource("*${v:x}${v:x}${v:x}${v:x}?*?b*"),
		"one by one":     inResource(strings.Repeat("*${v:y}", MaxVariables) + "*?b*"),
		"action *a*a":    inAction(strings.Repeat("*a", 1000) + "*b*"),
		"action many":    inAction("*a*?b"),
		"action ?":       inAction("*" + strings.Repeat("?", 200) + "*b"),
		"value many":     in("ForAnyValue:StringLike", "*?b*"),
		"value *a*a":     in("ForAnyValue:StringLike", strings.Repeat("*a", 1000)+"*b*"),
		"value ?":        in("ForAnyValue:StringLike", "*"+strings.Repeat("a", 1000)+"?"+strings.Repeat("a", 1000)+"b*"),
		"value variable": in("ForAnyValue:StringLike", "*${v:w}?*?b*"),
		"value fold":     in("ForAnyValue:StringEqualsIgnoreCase", strings.Repeat("A", 600)),
		"value ARN":      in("ForAnyValue:ArnLike", "arn:*:*:*:*:*?b*"),
		"value number":   in("ForAnyValue:NumericEquals", "1"),
		"value date":     in("ForAnyValue:DateEquals", "2026"),
		"value address":  in("ForAnyValue:IpAddress", "::1"),
	} {
		d := mustParse(t, text)
		for _, values := range [][]string{
			{strings.Repeat("a", MaxValuesSize)},
			strings.Split(strings.Repeat(strings.Repeat("a", MaxValuesSize/MaxValues)+",", MaxValues-1)+"a", ","),
			strings.Split(strings.Repeat("7,", MaxValues-1)+"7", ","),
			{"arn:a:b:c:d:" + strings.Repeat("a", MaxValuesSize-12)},
		} {
			c := context(map[string][]string{
				"v:w": {strings.Repeat("a", MaxVariablesSize)}, "v:x": {strings.Repeat("a", MaxVariablesSize/4)},
				"v:y": {strings.Repeat("a", MaxVariablesSize/MaxVariables)}, "k:k": values,
			})
			p := &Policies{Identity: []*Document{d}}
			best := time.Hour
			// The machine may be busy with other tests: one time in budget will do.
			for try := 0; try < 20 && best >= budget; try++ {
				start := time.Now()
				require.False(t, p.Evaluate(&Request{Action: action, Resource: resource, Context: c}).Allowed)
				best = min(best, time.Since(start))
			}
			require.Less(t, best, budget, name)
		}
	}
}
