package policy

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// holdsFor evaluates one condition in an Allow on everything. have is the
// values of the key, "-" for none at all and ";" between several.
func holdsFor(t *testing.T, operator, value, have string) bool {
	t.Helper()
	d := mustParse(t, withCondition(operator, "k:k", value))
	values := map[string][]string{"v:v": {"val"}, "v:arn": {"arn:aws:iam::111122223333:role/val"}, "v:many": {"a", "b"}, "v:true": {"True"}}
	if have != "-" {
		values["k:k"] = strings.Split(have, ";")
	}
	return decide(asked{Action: "s:a", Resource: "x", Context: values}, d).Allowed
}

// TestA10_Operators: each operator of the language, with what it does and does
// not match.
func TestA10_Operators(t *testing.T) {
	for _, c := range []struct{ operator, value, holds, fails string }{
		{"StringEquals", `"a"`, "a", "A ,b,a ,,-"},
		{"StringEquals", `["a","b"]`, "a,b", "c,A"},
		{"StringEquals", `"a*"`, "a*", "ab,a"},
		{"StringEquals", `"${v:v}"`, "val", "${v:v},VAL"},
		{"StringEquals", `"x${v:v}y${*}"`, "xvaly*", "xvaly,xvalyz"},
		{"StringEquals", `"${n:n, 'd'}"`, "d", "n"},
		{"StringEquals", `"${n:n}"`, "", "${n:n},x,-"},
		{"StringEquals", `5`, "5", "5.0,6"},
		{"StringEquals", `true`, "true", "True"},
		{"StringNotEquals", `"a"`, "A,b,-", "a"},
		{"StringNotEquals", `["a","b"]`, "c,-", "a,b"},
		{"StringNotEquals", `"${n:n}"`, "x,-", ""},
		{"StringEqualsIgnoreCase", `"aÉ"`, "aÉ,AÉ,aé", "ae,a,-,aéx"},
		{"StringEqualsIgnoreCase", `"x${v:v}y"`, "XVALY,xValy", "xvalyz,xval,x,-"},
		{"StringEqualsIgnoreCase", `"a*"`, "A*", "ab"},
		{"StringNotEqualsIgnoreCase", `["a","B"]`, "c,-", "A,b"},
		{"StringLike", `"a*b?"`, "abc,axxbc,abé", "ab,abcd,-,Abc"},
		{"StringLike", `["a*","*z"]`, "a,az,xz", "b"},
		{"StringLike", `"${v:v}/*"`, "val/,val/x/y", "other/x,val"},
		{"StringLike", `"*${v:v}*${?}"`, "xvalx?,val?", "xvalxx,va?"},
		{"StringNotLike", `["a*","*z"]`, "b,-", "a,xz"},
		{"NumericEquals", `"5"`, "5,5.0,5e0,50e-1", "6,-5,-"},
		{"NumericEquals", `5`, "5,5.0", "6"},
		{"NumericEquals", `-1.5`, "-1.5,-1.50", "1.5"},
		{"NumericEquals", `"100000000000000001"`, "100000000000000001", "100000000000000002"},
		{"NumericNotEquals", `["5","6"]`, "7,-", "5,6.0"},
		{"NumericLessThan", `"5"`, "4,-9,4.999", "5,6,-"},
		{"NumericLessThanEquals", `"5"`, "5,5.0,4", "5.1,-"},
		{"NumericGreaterThan", `"5"`, "6,5.001", "5,4,-"},
		{"NumericGreaterThanEquals", `["5","100"]`, "5,6,100", "4,-"},
		{"DateEquals", `"2026-01-31T18:00:00Z"`, "2026-01-31T18:00:00Z,2026-01-31T19:00:00+01:00,1769882400,2026-01-31T18:00Z,2026-01-31T18:00:00.0Z", "2026-01-31T18:00:01Z,2026-01-31,-"},
		{"DateEquals", `"1769882400"`, "2026-01-31T18:00:00Z", "1769882401"},
		{"DateEquals", `1769882400`, "2026-01-31T12:30:00-05:30", "2026"},
		{"DateEquals", `"2026"`, "2026-01-01,2026-01,2026-01-01T00:00Z,1767225600", "2027"},
		{"DateNotEquals", `"2026-01-31"`, "2026-02-01,-", "2026-01-31"},
		{"DateLessThan", `"2026-01-31T18:00:00Z"`, "2026-01-31T17:59:59.999Z,2025", "2026-01-31T18:00:00Z,2026-02,-"},
		{"DateLessThanEquals", `"2026-01-31T18:00:00Z"`, "2026-01-31T18:00:00Z", "2026-01-31T18:00:00.000000001Z,-"},
		{"DateGreaterThan", `"2026-01-31T18:00:00Z"`, "2026-01-31T18:00:00.5Z", "2026-01-31T18:00:00Z,-"},
		{"DateGreaterThanEquals", `"2026-01-31T18:00:00Z"`, "2026-01-31T18:00:00Z,2026-02-28", "2026-01-31,-"},
		{"Bool", `"true"`, "true,True,TRUE", "false,-"},
		{"Bool", `true`, "true", "false,-"},
		{"Bool", `false`, "false", "true,-"},
		{"Bool", `"False"`, "false", "true"},
		{"Bool", `["true","false"]`, "true,false", "-"},
		{"Bool", `"${v:true}"`, "true", "false,-"},
		{"Bool", `"${n:n}"`, "", "true,false"},
		{"BinaryEquals", `"QmluYXJ5"`, "QmluYXJ5", "QmluYXJ4,qmluyxj5,Binary,-"},
		{"IpAddress", `"203.0.113.0/24"`, "203.0.113.0,203.0.113.255,::ffff:203.0.113.7", "203.0.114.0,2001:db8::1,-"},
		{"IpAddress", `"203.0.113.7"`, "203.0.113.7", "203.0.113.8"},
		{"IpAddress", `"203.0.113.7/24"`, "203.0.113.99", "203.0.112.7"},
		{"IpAddress", `"0.0.0.0/0"`, "8.8.8.8", "::1"},
		{"IpAddress", `["2001:DB8::/32","10.0.0.0/8"]`, "2001:db8:1::,10.9.9.9", "2001:db9::,11.0.0.1,-"},
		{"IpAddress", `"::1"`, "::1,0:0:0:0:0:0:0:1", "::2"},
		{"NotIpAddress", `["203.0.113.0/24","::1"]`, "203.0.114.0,::2,-", "203.0.113.9,::1"},
		{"ArnEquals", `"arn:aws:s3:::b*"`, "arn:aws:s3:::b,arn:aws:s3:::b/x:y", "arn:aws:s3:eu::b,arn:aws:sns:::b,-"},
		{"ArnLike", `"arn:aws:*:*:111122223333:*"`, "arn:aws:sns:eu:111122223333:t", "arn:aws:sns:eu:111122223334:t,arn:aws:sns:eu:x:111122223333:t"},
		{"ArnLike", `"arn:aws:iam::111122223333:role/${v:v}"`, "arn:aws:iam::111122223333:role/val", "arn:aws:iam::111122223333:role/other"},
		{"ArnLike", `"arn:aws:iam::${v:v}:role/*"`, "arn:aws:iam::val:role/x", "arn:aws:iam::v:role/x"},
		{"ArnLike", `"arn:aws:iam::${n:n}:role/*"`, "", "arn:aws:iam:::role/x"},
		{"ArnEquals", `"${v:arn}"`, "arn:aws:iam::111122223333:role/val", "arn:aws:iam::111122223333:role/other,-"},
		{"ArnLike", `"arn:aws:iam::1*:role/a"`, "arn:aws:iam::1:role/a", "arn:aws:iam::1:user/x:role/a"},
		{"ArnNotEquals", `"arn:aws:s3:::b*"`, "arn:aws:s3:::c,-", "arn:aws:s3:::bb"},
		{"ArnNotLike", `["arn:aws:s3:::b*","arn:aws:s3:::c"]`, "arn:aws:s3:::d,-", "arn:aws:s3:::c,arn:aws:s3:::b"},
		{"Null", `"true"`, "-", "x,"},
		{"Null", `"false"`, "x,,a;b", "-"},
		{"Null", `true`, "-", "x"},
		{"Null", `["true","false"]`, "-,x", ""},
	} {
		for _, have := range strings.Split(c.holds, ",") {
			if c.holds != "" {
				require.True(t, holdsFor(t, c.operator, c.value, have), "%s %s: %q", c.operator, c.value, have)
			}
		}
		for _, have := range strings.Split(c.fails, ",") {
			if c.fails != "" {
				require.False(t, holdsFor(t, c.operator, c.value, have), "%s %s: %q", c.operator, c.value, have)
			}
		}
	}
}

// sample is a value of the policy and one of a request for an operator: the
// positive operator matches it.
func sample(operator string) (value, have string) {
	switch {
	case strings.HasPrefix(operator, "Numeric"):
		if strings.HasSuffix(operator, "LessThan") {
			return `"5"`, "4"
		}
		if strings.HasSuffix(operator, "GreaterThan") {
			return `"5"`, "6"
		}
		return `"5"`, "5"
	case strings.HasPrefix(operator, "Date"):
		if strings.HasSuffix(operator, "LessThan") {
			return `"2026-01-31"`, "2025"
		}
		if strings.HasSuffix(operator, "GreaterThan") {
			return `"2026-01-31"`, "2027"
		}
		return `"2026-01-31"`, "2026-01-31"
	case strings.Contains(operator, "Ip"):
		return `"203.0.113.0/24"`, "203.0.113.1"
	case strings.HasPrefix(operator, "Arn"):
		return `"arn:aws:s3:::b"`, "arn:aws:s3:::b"
	case operator == "Bool":
		return `"true"`, "true"
	case operator == "BinaryEquals":
		return `"QQ=="`, "QQ=="
	}
	return `"a"`, "a"
}

// TestA20_MissingKey: a missing key makes positive operators false and negated
// ones true; with IfExists every one is true; ForAllValues is true and
// ForAnyValue false.
func TestA20_MissingKey(t *testing.T) {
	count := 0
	for _, operator := range operatorNames {
		if operator == "Null" {
			require.True(t, holdsFor(t, "Null", `"true"`, "-"))
			require.False(t, holdsFor(t, "Null", `"false"`, "-"))
			continue
		}
		count++
		value, have := sample(operator)
		negated := strings.Contains(operator, "Not")
		require.Equal(t, negated, holdsFor(t, operator, value, "-"), operator)
		require.Equal(t, !negated, holdsFor(t, operator, value, have), operator)
		require.True(t, holdsFor(t, operator+"IfExists", value, "-"), operator)
		require.Equal(t, !negated, holdsFor(t, operator+"IfExists", value, have), operator)
		require.True(t, holdsFor(t, "ForAllValues:"+operator, value, "-"), operator)
		require.False(t, holdsFor(t, "ForAnyValue:"+operator, value, "-"), operator)
		require.True(t, holdsFor(t, "ForAllValues:"+operator+"IfExists", value, "-"), operator)
		require.True(t, holdsFor(t, "ForAnyValue:"+operator+"IfExists", value, "-"), operator)
		require.Equal(t, !negated, holdsFor(t, "ForAllValues:"+operator, value, have), operator)
		require.Equal(t, !negated, holdsFor(t, "ForAnyValue:"+operator, value, have), operator)
		// An Allow that the key would satisfy does not by itself need the key:
		// Null does.
		d := mustParse(t, doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:`+operator+`":{"k:k":`+value+`},"Null":{"k:k":"false"}}}`))
		require.False(t, decide(asked{Action: "s:a", Resource: "x"}, d).Allowed)
	}
	require.Equal(t, 26, count)
}

// TestA10_SeveralValues: a key with several values needs a set operator.
func TestA10_SeveralValues(t *testing.T) {
	for _, c := range []struct {
		operator, value, have string
		holds                 bool
	}{
		{"ForAllValues:StringEquals", `["a","b"]`, "a", true},
		{"ForAllValues:StringEquals", `["a","b"]`, "a;b;a", true},
		{"ForAllValues:StringEquals", `["a","b"]`, "a;c", false},
		{"ForAnyValue:StringEquals", `["a","b"]`, "c;b", true},
		{"ForAnyValue:StringEquals", `["a","b"]`, "c;d", false},
		{"ForAllValues:StringNotEquals", `["a","b"]`, "c;d", true},
		{"ForAllValues:StringNotEquals", `["a","b"]`, "c;a", false},
		{"ForAnyValue:StringNotEquals", `["a","b"]`, "a;c", true},
		{"ForAnyValue:StringNotEquals", `["a","b"]`, "a;b", false},
		{"ForAnyValue:StringLike", `"auth*"`, "x;authenticated", true},
		{"ForAllValues:StringLike", `"auth*"`, "x;authenticated", false},
		{"ForAnyValue:NumericGreaterThan", `5`, "1;6", true},
		{"ForAllValues:NumericGreaterThan", `5`, "1;6", false},
		{"ForAllValues:IpAddress", `"10.0.0.0/8"`, "10.0.0.1;10.1.1.1", true},
		{"ForAnyValue:StringEquals", `"${v:v}"`, "x;val", true},
		// Without one it cannot be compared.
		{"StringEquals", `"a"`, "a;a", false},
		{"StringNotEquals", `"a"`, "b;c", false},
		{"StringEqualsIfExists", `"a"`, "a;b", false},
		{"StringEquals", `"${v:many}"`, "a", false},
	} {
		require.Equal(t, c.holds, holdsFor(t, c.operator, c.value, c.have), "%+v", c)
	}
}

// TestA10_ConditionsCombine: values of a key are alternatives, keys and
// operators must all hold.
func TestA10_ConditionsCombine(t *testing.T) {
	d := mustParse(t, doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
		"StringEquals":{"a:x":["1","2"],"a:y":"3"},
		"NumericLessThan":{"a:x":"9"},
		"StringNotEquals":{"a:z":["4","5"]}}}`))
	for _, c := range []struct {
		x, y, z string
		allowed bool
	}{
		{"1", "3", "0", true}, {"2", "3", "0", true}, {"2", "3", "", true}, {"3", "3", "0", false}, {"1", "4", "0", false},
		{"1", "3", "4", false}, {"1", "3", "5", false}, {"1", "", "0", false}, {"", "3", "0", false},
	} {
		context := map[string][]string{}
		for key, v := range map[string]string{"A:X": c.x, "a:Y": c.y, "a:z": c.z} {
			if v != "" {
				context[key] = []string{v}
			}
		}
		require.Equal(t, c.allowed, decide(asked{Action: "s:a", Resource: "r", Context: context}, d).Allowed, "%+v", c)
	}
}

// TestA11_ValuesThatCannotBeCompared: they neither allow nor lift a Deny.
func TestA11_ValuesThatCannotBeCompared(t *testing.T) {
	const all = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for _, c := range []struct{ operator, value, have string }{
		{"NumericGreaterThan", `"5"`, "many"}, {"NumericLessThan", `"5"`, "0x1"}, {"NumericNotEquals", `"5"`, ""}, {"NumericEquals", `"5"`, "1e999"},
		{"DateLessThan", `"2026"`, "tomorrow"}, {"DateNotEquals", `"2026"`, "2026-02-30"}, {"DateGreaterThan", `"2026"`, "2026-01-31T25:00Z"},
		{"Bool", `"true"`, "yes"}, {"IpAddress", `"10.0.0.0/8"`, "10.0.0"}, {"NotIpAddress", `"10.0.0.0/8"`, "10.0.0.256"},
		{"NotIpAddress", `"::/0"`, "fe80::1%eth0"}, {"NotIpAddress", `"::/0"`, "1:2"}, {"IpAddress", `"10.0.0.0/8"`, "10.0.0.01"},
		{"ArnLike", `"arn:aws:s3:::b"`, "b"}, {"ArnNotLike", `"arn:aws:s3:::b"`, "arn:aws:s3::b"},
		{"BinaryEquals", `"QQ=="`, "QQ"}, {"BinaryEquals", `"QQ=="`, "QR=="}, {"BinaryEquals", `"QQ=="`, "QQ==\n"}, {"BinaryEquals", `"QQ=="`, "A==="},
		{"StringEquals", `"x"`, "a;b"}, {"StringNotLike", `"x"`, "\xff"}, {"StringLike", `"x"`, strings.Repeat("x", MaxValuesSize+1)},
		{"ForAnyValue:StringLike", `"x"`, strings.Repeat("x;", MaxValues+1)},
	} {
		context := map[string][]string{"k:k": strings.Split(c.have, ";")}
		request := asked{Action: "s:a", Resource: "r", Context: context}
		require.False(t, holdsFor(t, c.operator, c.value, c.have), "%+v", c)
		deny := strings.Replace(withCondition(c.operator, "k:k", c.value), "Allow", "Deny", 1)
		got := decide(request, mustParse(t, doc(all)), mustParse(t, deny))
		require.Equal(t, ReasonUndecidable, got.Reason, "%+v", c)
		require.False(t, got.Allowed)
		// Another condition of the same statement may rule it out, before or after.
		never := `"Null":{"k:k":"true"}`
		for _, text := range []string{
			strings.Replace(deny, `"Condition":{`, `"Condition":{`+never+",", 1),
			strings.TrimSuffix(deny, "}}}") + "," + never + "}}}",
		} {
			require.True(t, decide(request, mustParse(t, doc(all)), mustParse(t, text)).Allowed, text)
		}
	}
}

// TestA14_ConditionVariablesAreLiteral: as in resources.
func TestA14_ConditionVariablesAreLiteral(t *testing.T) {
	for _, operator := range []string{"StringLike", "StringEquals", "StringEqualsIgnoreCase"} {
		d := mustParse(t, withCondition(operator, "k:k", `"${v:v}"`))
		for _, value := range []string{"*", "?", "${k:k}", "${*}", "v*"} {
			context := map[string][]string{"v:v": {value}, "k:k": {"victim"}}
			require.False(t, decide(asked{Action: "s:a", Resource: "r", Context: context}, d).Allowed)
			context["k:k"] = []string{value}
			require.True(t, decide(asked{Action: "s:a", Resource: "r", Context: context}, d).Allowed)
		}
	}
	d := mustParse(t, withCondition("ArnLike", "k:k", `"arn:aws:iam::${v:v}:role/x"`))
	context := map[string][]string{"v:v": {"*"}, "k:k": {"arn:aws:iam::111122223333:role/x"}}
	require.False(t, decide(asked{Action: "s:a", Resource: "r", Context: context}, d).Allowed)
	// A value with colons does not become more parts.
	context = map[string][]string{"v:v": {"1:user/y"}, "k:k": {"arn:aws:iam::1:user/y:role/x"}}
	require.False(t, decide(asked{Action: "s:a", Resource: "r", Context: context}, d).Allowed)
}

// TestBase64: as encoding/base64 reads it strictly, but for line ends.
func TestBase64(t *testing.T) {
	texts := []string{""}
	for i := 0; i < len(texts); i++ {
		text := texts[i]
		_, err := base64.StdEncoding.Strict().DecodeString(text)
		require.Equal(t, err == nil && !strings.Contains(text, "\n"), isBase64(text), "%q", text)
		if len(text) < 5 {
			for _, c := range "AQRg/=-\n" {
				texts = append(texts, text+string(c))
			}
		}
	}
}
