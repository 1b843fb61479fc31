package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseAccepts(t *testing.T) {
	for _, text := range []string{
		doc(`{"Effect":"Allow","Action":"*","Resource":"*"}`),
		doc(`[{"Effect":"Allow","Action":["s3:Get*","s3:Put?bject"],"Resource":["arn:aws:s3:::b/*","*"]}]`),
		doc(`[{"Sid":"Read1","Effect":"Deny","Action":"S3:*","Resource":"arn:*:s3:*:1234*:x"},{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"}]`),
		`{"Statement":{"Resource":"*","Action":"*","Effect":"Allow"},"Version":"2008-10-17","Id":"cd3ad3d9-2776 (x)"}`,
		" \n\t" + withResource(`arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/${*}${?}${$}`) + "\r\n ",
		withResource(`arn:aws:s3:::${aws:PrincipalTag/team, 'company-wide'}/*`),
		withResource(`arn:aws:s3:::${aws:PrincipalTag/Cost Center}/*`),
		withResource(`arn:aws:s3:::\u00e9\ud83d\ude00`),
		doc(`{"Effect":"Allow","\u0041ction":"*","Resource":"*"}`),
		doc(`{"Effect":"Deny","NotAction":["iam:*","sts:*"],"NotResource":"arn:aws:s3:::x"}`),
		withCondition("ForAllValues:StringLikeIfExists", "aws:TagKeys", `["a*",5,true]`),
		withCondition("DateLessThan", "aws:CurrentTime", `1769882400`),
	} {
		mustParse(t, text)
	}
	for _, text := range []string{
		resourcePolicy("Allow", "Principal", `"*"`),
		resourcePolicy("Deny", "NotPrincipal", `{"AWS":["111122223333","arn:aws:iam::111122223333:user/a/b"],"Service":"s3.amazonaws.com"}`),
		doc(`{"Sid":"Enable IAM user permissions.","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`),
	} {
		mustParseResource(t, text)
	}
	mustParseTrust(t, doc(`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/login.example.com/x"},"Action":["sts:AssumeRole*","sts:TagSession"]}`))
}

// refused is a document that must be refused. In text, ¶ is not part of the
// document: it marks where the error must say that the mistake is.
type refused struct{ name, text, place, problem string }

func checkRefused(t *testing.T, parse func([]byte) (*Document, error), cases []refused) {
	t.Helper()
	for _, c := range cases {
		before, after, marked := strings.Cut(c.text, "¶")
		d, err := parse([]byte(before + after))
		require.Nil(t, d, c.name)
		var bad *ParseError
		require.True(t, errors.As(err, &bad), "%s: %v", c.name, err)
		require.Equal(t, c.place, bad.Place, "%s: %v", c.name, err)
		require.Contains(t, bad.Problem, c.problem, c.name)
		require.Less(t, len(err.Error()), 600, c.name)
		require.NotContains(t, err.Error(), "\n")
		require.True(t, marked, c.name)
		line, column := position(before, len(before))
		require.Equal(t, [2]int{line, column}, [2]int{bad.Line, bad.Column}, "%s: %v", c.name, err)
	}
}

const stmt = `{"Effect":"Allow","Action":"*","Resource":"*"}`

// TestA11_NotJSON: what is not one JSON object.
func TestA11_NotJSON(t *testing.T) {
	checkRefused(t, Parse, []refused{
		{"empty", `¶`, "", "ends too early"},
		{"array", `¶[]`, "", "must be a JSON object"},
		{"string", `¶"x"`, "", "must be a JSON object"},
		{"null", ` ¶null`, "", "must be a JSON object"},
		{"cut in an object", `{"Version":"2012-10-17"¶`, "", "ends too early"},
		{"cut after a comma", `{"Version":"2012-10-17",¶`, "", "ends too early"},
		{"cut in a string", `{"Version":"2012¶`, "Version", "ends too early"},
		{"cut in an escape", `{"Version":"2012\¶`, "Version", "ends too early"},
		{"comment", `{¶/**/"Version":"2012-10-17"}`, "", "not JSON"},
		{"trailing comma", `{"Version":"2012-10-17",¶}`, "", "not JSON"},
		{"trailing comma in an array", doc(`{"Effect":"Allow","Action":["*",¶],"Resource":"*"}`), "Statement.Action[1]", "not JSON"},
		{"no colon", `{"Version" ¶"2012-10-17"}`, "Version", "not JSON"},
		{"no comma", `{"Version":"2012-10-17" ¶"Statement":[]}`, "", "not JSON"},
		{"name not a string", `{¶1:2}`, "", "not JSON"},
		{"single quotes", `{"Version":¶'2012-10-17'}`, "Version", "not JSON"},
		{"word", `{"Version":¶nil}`, "Version", "not JSON"},
		{"bare minus", `{"Version":-¶}`, "Version", "not JSON"},
		{"leading zero", `{"Version":¶01}`, "Version", "must be a string"},
		{"number ends in a point", `{"Version":1.¶}`, "Version", "not JSON"},
		{"number ends in e", `{"Version":1e+¶}`, "Version", "not JSON"},
		{"control character", "{\"Version\":\"20¶\n12\"}", "Version", "control character"},
		{"escape", `{"Version":"¶\x41"}`, "Version", "escape"},
		{"half a pair", `{"Version":"a¶\ud83d"}`, "Version", "surrogate"},
		{"other half", `{"Version":"¶\ude00\ud83d"}`, "Version", "surrogate"},
		{"pair of no pair", `{"Version":"¶\ud83d\u0041"}`, "Version", "surrogate"},
		{"not hex", `{"Version":"¶\u00g0"}`, "Version", "hexadecimal"},
		{"two documents", doc(stmt) + `¶{}`, "", "after the document"},
		{"text after", doc(stmt) + `  ¶,`, "", "after the document"},
	})
}

// TestA11_Malformed: what AWS refuses, and where it is.
func TestA11_Malformed(t *testing.T) {
	one := func(rest string) string { return doc(`{"Effect":"Allow",` + rest + `}`) }
	checkRefused(t, Parse, []refused{
		{"no version", `¶{"Statement":` + stmt + `}`, "Version", "missing"},
		{"empty version", `{"Version":¶"","Statement":` + stmt + `}`, "Version", "missing"},
		{"unknown version", "{\n \"Version\": ¶\"2012-10-18\",\"Statement\":" + stmt + `}`, "Version", "not a version"},
		{"version a number", `{"Version":¶2012,"Statement":` + stmt + `}`, "Version", "not a number"},
		{"id a number", `{"Id":¶1,"Version":"2012-10-17","Statement":` + stmt + `}`, "Id", "not a number"},
		{"id long", `{"Version":"2012-10-17","Statement":` + stmt + `,"Id":¶"` + strings.Repeat("x", maxIDSize+1) + `"}`, "Id", "at most"},
		{"no statement", `¶{"Version":"2012-10-17"}`, "Statement", "missing"},
		{"statement null", doc(`¶null`), "Statement", "not null"},
		{"statement string", doc(`¶"*"`), "Statement", "not a string"},
		{"no statements", doc(`¶[]`), "Statement", "empty array"},
		{"statement in array null", doc(`[` + stmt + ",\n¶null]"), "Statement[1]", "not null"},
		{"nested array", doc(`[¶[` + stmt + `]]`), "Statement[0]", "not an array"},
		{"unknown element", `{"Version":"2012-10-17","Statement":` + stmt + `,¶"Comment":"x"}`, "", `unknown element "Comment"`},
		{"unknown in statement", one(`"Action":"*","Resource":"*",¶"Actions":"*"`), "Statement", "unknown element"},
		{"no effect", doc(`¶{"Action":"*","Resource":"*"}`), "Statement", "has no Effect"},
		{"no action", doc(`¶{"Effect":"Allow","Resource":"*"}`), "Statement", "has no Action"},
		{"no resource", doc(`[ ¶{"Effect":"Allow","Action":"*"}]`), "Statement[0]", "has no Resource"},
		{"both actions", doc(`¶{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}`), "Statement", "both Action and NotAction"},
		{"both resources", doc(`¶{"Effect":"Allow","Action":"*","NotResource":"*","Resource":"*"}`), "Statement", "both Resource and NotResource"},
		{"effect boolean", doc(`{"Effect":¶true,"Action":"*","Resource":"*"}`), "Statement.Effect", "not a boolean"},
		{"effect with space", doc(`{"Effect":¶"Allow ","Action":"*","Resource":"*"}`), "Statement.Effect", "not an effect"},
		{"effect array", doc(`{"Effect":¶["Allow"],"Action":"*","Resource":"*"}`), "Statement.Effect", "not an array"},
		{"action null", one(`"Action":¶null,"Resource":"*"`), "Statement.Action", "not null"},
		{"action object", one(`"Action":¶{},"Resource":"*"`), "Statement.Action", "not an object"},
		{"action boolean", one(`"Action":¶true,"Resource":"*"`), "Statement.Action", "not a boolean"},
		{"actions empty", one(`"Action":¶[],"Resource":"*"`), "Statement.Action", "empty array"},
		{"action in array a number", one(`"Action":["*",¶1],"Resource":"*"`), "Statement.Action[1]", "not a number"},
		{"action empty", one(`"Action":¶"","Resource":"*"`), "Statement.Action", "not an action"},
		{"action without service", doc(`[` + stmt + `,{"Effect":"Deny","Action":["s:a",¶"Get*"],"Resource":"*"}]`), "Statement[1].Action[1]", "not an action"},
		{"action two stars", one(`"Action":¶"**","Resource":"*"`), "Statement.Action", "not an action"},
		{"action wildcard service", one(`"Action":¶"*:*","Resource":"*"`), "Statement.Action", "service"},
		{"action no name", one(`"Action":¶"s3:","Resource":"*"`), "Statement.Action", "name"},
		{"action two colons", one(`"Action":¶"s3:a:b","Resource":"*"`), "Statement.Action", "name"},
		{"action with space", one(`"Action":¶" s3:Get","Resource":"*"`), "Statement.Action", "service"},
		{"action not ASCII", one(`"Action":¶"s3:\u212aey","Resource":"*"`), "Statement.Action", "name"},
		{"action with variable", one(`"Action":¶"s3:${a:b}","Resource":"*"`), "Statement.Action", "name"},
		{"not action without service", one(`"NotAction":¶"Get*","Resource":"*"`), "Statement.NotAction", "not an action"},
		{"action too long", one(`"Action":¶"s3:` + strings.Repeat("a", MaxPatternSize) + `","Resource":"*"`), "Statement.Action", "at most 2048"},
		{"resource empty", one(`"Action":"*","Resource":¶""`), "Statement.Resource", "not a resource"},
		{"resource no ARN", one(`"Action":"*","Resource":¶"bucket/*"`), "Statement.Resource", "not a resource"},
		{"resource two stars", one(`"Action":"*","Resource":["*",¶"**"]`), "Statement.Resource[1]", "not a resource"},
		{"resource short ARN", one(`"Action":"*","Resource":¶"arn:aws:s3"`), "Statement.Resource", "six parts"},
		{"resource upper ARN", one(`"Action":"*","Resource":¶"ARN:aws:s3:::x"`), "Statement.Resource", "not a resource"},
		{"resource wildcard service", one(`"Action":"*","Resource":¶"arn:aws:*:::x"`), "Statement.Resource", "service"},
		{"resource empty service", one(`"Action":"*","Resource":¶"arn:aws::::x"`), "Statement.Resource", "service"},
		{"resource empty last", one(`"Action":"*","Resource":¶"arn:aws:s3:::"`), "Statement.Resource", "resource part"},
		{"not resource no ARN", one(`"Action":"*","NotResource":¶"x"`), "Statement.NotResource", "not a resource"},
		{"resource too long", one(`"Action":"*","Resource":¶"arn:aws:s3:::` + strings.Repeat("a", MaxPatternSize) + `"`), "Statement.Resource", "at most 2048"},
		{"variable open", one(`"Action":"*","Resource":¶"arn:aws:s3:::${a:b"`), "Statement.Resource", "without"},
		{"variable empty", one(`"Action":"*","Resource":¶"arn:aws:s3:::${}"`), "Statement.Resource", "not a key"},
		{"variable nested", one(`"Action":"*","Resource":¶"arn:aws:s3:::${a:${b}}"`), "Statement.Resource", "not a key"},
		{"variable no key", one(`"Action":"*","Resource":¶"arn:aws:s3:::${username}"`), "Statement.Resource", "not a key"},
		{"variable spaces", one(`"Action":"*","Resource":¶"arn:aws:s3:::${ a:b }"`), "Statement.Resource", "not a key"},
		{"variable in account", one(`"Action":"*","Resource":¶"arn:aws:s3::${aws:x}:x"`), "Statement.Resource", "fifth colon"},
		{"variable bad default", one(`"Action":"*","Resource":¶"arn:aws:s3:::${a:b, x}"`), "Statement.Resource", "default"},
		{"variable wildcard default", one(`"Action":"*","Resource":¶"arn:aws:s3:::${a:b, '*'}"`), "Statement.Resource", "default"},
		{"variables too many", one(`"Action":"*","Resource":¶"arn:aws:s3:::` + strings.Repeat("${a:b}", MaxVariables+1) + `"`), "Statement.Resource", "more than 8"},
		{"sid alphabet", one(`"Sid":¶"a b","Action":"*","Resource":"*"`), "Statement.Sid", "letters and digits"},
		{"sid long", one(`"Sid":¶"` + strings.Repeat("a", 129) + `","Action":"*","Resource":"*"`), "Statement.Sid", "128"},
		{"sid twice", doc(`[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":¶"a","Effect":"Deny","Action":"*","Resource":"*"}]`), "Statement[1].Sid", "two statements"},
		{"principal in an identity policy", one(`"Action":"*","Resource":"*",¶"Principal":"*"`), "Statement.Principal", "policies of resources"},
		{"not principal in an identity policy", one(`"Action":"*","Resource":"*",¶"NotPrincipal":"*"`), "Statement.NotPrincipal", "policies of resources"},
	})
}

// TestA11_MalformedConditions: operators, keys and values.
func TestA11_MalformedConditions(t *testing.T) {
	with := func(condition string) string {
		return doc(`[{"Effect":"Deny","Action":"*","Resource":"*","Condition":` + condition + `}]`)
	}
	const at = "Statement[0].Condition"
	value := func(operator, value string) string { return with(`{"` + operator + `":{"a:b":` + value + `}}`) }
	checkRefused(t, Parse, []refused{
		{"null", with(`¶null`), at, "must be an object"},
		{"array", with(`¶[]`), at, "must be an object"},
		{"empty", with(`¶{}`), at, "leave Condition out"},
		{"operator of a string", with(`{"Bool":¶"true"}`), at + ".Bool", "must be an object"},
		{"operator empty", with(`{"Bool":¶{}}`), at + ".Bool", "name at least one key"},
		{"unknown operator", with(`{¶"StringMatches":{"a:b":"c"}}`), at, "unknown operator"},
		{"operator in lower case", with(`{¶"stringequals":{"a:b":"c"}}`), at, "write StringEquals"},
		{"prefix in lower case", with(`{¶"forAnyValue:StringEquals":{"a:b":"c"}}`), at, "unknown operator"},
		{"prefix alone", with(`{¶"ForAnyValue:":{"a:b":"c"}}`), at, "unknown operator"},
		{"two prefixes", with(`{¶"ForAnyValue:ForAllValues:StringLike":{"a:b":"c"}}`), at, "unknown operator"},
		{"suffix twice", with(`{¶"StringLikeIfExistsIfExists":{"a:b":"c"}}`), at, "unknown operator"},
		{"NullIfExists", with(`{¶"NullIfExists":{"a:b":"true"}}`), at, "Null takes neither"},
		{"ForAllValues:Null", with(`{¶"ForAllValues:Null":{"a:b":"true"}}`), at, "Null takes neither"},
		{"key without a colon", with(`{"StringLike":{¶"username":"x"}}`), at + ".StringLike", "not a key"},
		{"key empty", with(`{"StringLike":{¶"":"x"}}`), at + ".StringLike", "not a key"},
		{"key with a wildcard", with(`{"StringLike":{¶"aws:*":"x"}}`), at + ".StringLike", "not a key"},
		{"key with a line break", with(`{"StringLike":{¶"aws:\n":"x"}}`), at + ".StringLike", "not a key"},
		{"key long", with(`{"StringLike":{¶"a:` + strings.Repeat("x", MaxKeySize) + `":"x"}}`), at + ".StringLike", "not a key"},
		{"key twice", with(`{"StringLike":{"a:b":"x",¶"a:b":"y"}}`), at + ".StringLike.a:b", "stands twice"},
		{"key twice by case", with(`{"StringLike":{"a:b":"x",¶"A:B":"y"}}`), at + ".StringLike.A:B", "stands twice"},
		{"operator twice", with(`{"StringLike":{"a:b":"x"},¶"StringLike":{"a:c":"y"}}`), at + ".StringLike", "stands twice"},
		{"value null", value("StringLike", `¶null`), at + ".StringLike.a:b", "not null"},
		{"value object", value("StringLike", `¶{}`), at + ".StringLike.a:b", "not an object"},
		{"values empty", value("StringLike", `¶[]`), at + ".StringLike.a:b", "empty array"},
		{"value nested", value("StringLike", `["a",¶["b"]]`), at + ".StringLike.a:b[1]", "not an array"},
		{"value in array null", value("StringLike", `[¶null]`), at + ".StringLike.a:b[0]", "not null"},
		{"value too long", value("StringLike", `¶"`+strings.Repeat("x", MaxPatternSize+1)+`"`), at + ".StringLike.a:b", "at most 2048"},
		{"variable open", value("StringEquals", `¶"${a:b"`), at + ".StringEquals.a:b", "without"},
		{"number", value("NumericEquals", `["1",¶"one"]`), at + ".NumericEquals.a:b[1]", "not a number"},
		{"number empty", value("NumericEquals", `¶""`), at + ".NumericEquals.a:b", "not a number"},
		{"number boolean", value("NumericEquals", `¶true`), at + ".NumericEquals.a:b", "not a number"},
		{"number hexadecimal", value("NumericEquals", `¶"0x10"`), at + ".NumericEquals.a:b", "not a number"},
		{"number infinite", value("NumericLessThan", `¶"Inf"`), at + ".NumericLessThan.a:b", "not a number"},
		{"number with a plus", value("NumericLessThan", `¶"+1"`), at + ".NumericLessThan.a:b", "not a number"},
		{"number with spaces", value("NumericLessThan", `¶" 1"`), at + ".NumericLessThan.a:b", "not a number"},
		{"number too precise", value("NumericLessThan", `¶"1234567890123456789"`), at + ".NumericLessThan.a:b", "18 digits"},
		{"number too large", value("NumericLessThan", `¶1e100`), at + ".NumericLessThan.a:b", "not a number"},
		{"number with a variable", value("NumericLessThan", `¶"${a:b}"`), at + ".NumericLessThan.a:b", "not a number"},
		{"date", value("DateLessThan", `¶"31 Jan 2026"`), at + ".DateLessThan.a:b", "not a date"},
		{"date without zone", value("DateLessThan", `¶"2026-01-31T18:00:00"`), at + ".DateLessThan.a:b", "not a date"},
		{"date of no calendar", value("DateLessThan", `¶"2026-02-29"`), at + ".DateLessThan.a:b", "not a date"},
		{"month 13", value("DateLessThan", `¶"2026-13"`), at + ".DateLessThan.a:b", "not a date"},
		{"date with a wildcard", value("DateEquals", `¶"2026-*"`), at + ".DateEquals.a:b", "not a date"},
		{"date with a variable", value("DateEquals", `¶"${aws:CurrentTime}"`), at + ".DateEquals.a:b", "not a date"},
		{"boolean", value("Bool", `¶"yes"`), at + ".Bool.a:b", `"true" or "false"`},
		{"boolean 1", value("Bool", `¶1`), at + ".Bool.a:b", `"true" or "false"`},
		{"null of no boolean", value("Null", `¶"null"`), at + ".Null.a:b", `"true" or "false"`},
		{"null of a variable", value("Null", `¶"${a:b}"`), at + ".Null.a:b", `"true" or "false"`},
		{"base64", value("BinaryEquals", `¶"QQ"`), at + ".BinaryEquals.a:b", "base64"},
		{"base64 of another alphabet", value("BinaryEquals", `¶"-_8="`), at + ".BinaryEquals.a:b", "base64"},
		{"base64 with stray bits", value("BinaryEquals", `¶"QR=="`), at + ".BinaryEquals.a:b", "base64"},
		{"address", value("IpAddress", `¶"10.0.0"`), at + ".IpAddress.a:b", "CIDR"},
		{"address with leading zeros", value("IpAddress", `¶"010.0.0.1"`), at + ".IpAddress.a:b", "CIDR"},
		{"prefix too long", value("IpAddress", `¶"10.0.0.0/33"`), at + ".IpAddress.a:b", "CIDR"},
		{"prefix empty", value("IpAddress", `¶"10.0.0.0/"`), at + ".IpAddress.a:b", "CIDR"},
		{"prefix with sign", value("IpAddress", `¶"10.0.0.0/+8"`), at + ".IpAddress.a:b", "CIDR"},
		{"zone", value("NotIpAddress", `¶"fe80::1%eth0"`), at + ".NotIpAddress.a:b", "CIDR"},
		{"mapped network", value("IpAddress", `¶"::ffff:10.0.0.0/104"`), at + ".IpAddress.a:b", "CIDR"},
		{"address with a variable", value("IpAddress", `¶"${aws:SourceIp}"`), at + ".IpAddress.a:b", "CIDR"},
		{"address with a wildcard", value("IpAddress", `¶"10.0.*"`), at + ".IpAddress.a:b", "CIDR"},
		{"ARN of five parts", value("ArnLike", `¶"arn:aws:s3::x"`), at + ".ArnLike.a:b", "ARN of six parts"},
		{"ARN of no ARN", value("ArnLike", `¶"*"`), at + ".ArnLike.a:b", "ARN of six parts"},
		{"ARN empty", value("ArnEquals", `¶"arn:aws:s3:::"`), at + ".ArnEquals.a:b", "ARN of six parts"},
		{"ARN variable and more", value("ArnEquals", `¶"${a:b}*"`), at + ".ArnEquals.a:b", "ARN of six parts"},
		{"ARN bad variable", value("ArnEquals", `¶"arn:aws:s3:::${x}"`), at + ".ArnEquals.a:b", "not a key"},
	})
}

// TestA11_MalformedPrincipals: who is no principal.
func TestA11_MalformedPrincipals(t *testing.T) {
	with := func(element string) string {
		return doc(`{"Effect":"Allow","Action":"*","Resource":"*",` + element + `}`)
	}
	aws := func(value string) string { return with(`"Principal":{"AWS":` + value + `}`) }
	const at = "Statement.Principal"
	checkRefused(t, ParseResource, []refused{
		{"none", doc(`¶{"Effect":"Allow","Action":"*","Resource":"*"}`), "Statement", "has no Principal"},
		{"both", doc(`¶{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*","NotPrincipal":"*"}`), "Statement", "both"},
		{"a string", with(`"Principal":¶"111122223333"`), at, "not a principal"},
		{"an array", with(`"Principal":¶["*"]`), at, "must be"},
		{"null", with(`"Principal":¶null`), at, "must be"},
		{"empty", with(`"Principal":¶{}`), at, "empty object"},
		{"unknown kind", with(`"Principal":{¶"Group":"*"}`), at, "unknown element"},
		{"kind in lower case", with(`"Principal":{¶"aws":"*"}`), at, "write AWS"},
		{"kind twice", with(`"Principal":{"AWS":"*",¶"AWS":"*"}`), at + ".AWS", "stands twice"},
		{"values empty", aws(`¶[]`), at + ".AWS", "empty array"},
		{"value a number", aws(`¶111122223333`), at + ".AWS", "not a number"},
		{"value empty", aws(`¶""`), at + ".AWS", "not a principal"},
		{"value of values", aws(`["*",¶"ann"]`), at + ".AWS[1]", "not a principal"},
		{"account short", aws(`¶"11112222333"`), at + ".AWS", "not a principal"},
		{"wildcard in an ARN", aws(`¶"arn:aws:iam::111122223333:user/*"`), at + ".AWS", "wildcards"},
		{"wildcard account", aws(`¶"arn:aws:iam::*:root"`), at + ".AWS", "wildcards"},
		{"question mark", aws(`¶"arn:aws:iam::111122223333:user/?"`), at + ".AWS", "wildcards"},
		{"two stars", aws(`¶"**"`), at + ".AWS", "wildcards"},
		{"variable", aws(`¶"arn:aws:iam::111122223333:user/${aws:username}"`), at + ".AWS", "variables"},
		{"ARN of five parts", aws(`¶"arn:aws:iam:111122223333:user/a"`), at + ".AWS", "not the ARN"},
		{"ARN with a region", aws(`¶"arn:aws:iam:eu-west-1:111122223333:user/a"`), at + ".AWS", "not the ARN"},
		{"ARN of another account form", aws(`¶"arn:aws:iam::1:user/a"`), at + ".AWS", "12 digits"},
		{"group", aws(`¶"arn:aws:iam::111122223333:group/a"`), at + ".AWS", "group"},
		{"user without a name", aws(`¶"arn:aws:iam::111122223333:user/"`), at + ".AWS", "not the ARN"},
		{"path without a name", aws(`¶"arn:aws:iam::111122223333:role/a/"`), at + ".AWS", "not the ARN"},
		{"session without a name", aws(`¶"arn:aws:sts::111122223333:assumed-role/reader"`), at + ".AWS", "not the ARN"},
		{"bucket", aws(`¶"arn:aws:s3:::b"`), at + ".AWS", "not the ARN"},
		{"upper case ARN", aws(`¶"ARN:aws:iam::111122223333:user/a"`), at + ".AWS", "not a principal"},
		{"service star", with(`"Principal":{"Service":¶"*"}`), at + ".Service", "wildcards"},
		{"service without a dot", with(`"Principal":{"Service":¶"lambda"}`), at + ".Service", "not a service"},
		{"federated star", with(`"Principal":{"Federated":¶"*"}`), at + ".Federated", "wildcards"},
		{"federated role", with(`"Principal":{"Federated":¶"arn:aws:iam::111122223333:role/x"}`), at + ".Federated", "provider"},
		{"canonical", with(`"NotPrincipal":{"CanonicalUser":[¶"a b"]}`), "Statement.NotPrincipal.CanonicalUser[0]", "principal"},
		{"too long", aws(`¶"arn:aws:iam::111122223333:user/` + strings.Repeat("a", MaxPatternSize) + `"`), at + ".AWS", "at most 2048"},
	})
	checkRefused(t, ParseTrust, []refused{
		{"NotPrincipal", doc(`{"Effect":"Allow","Action":"sts:AssumeRole",¶"NotPrincipal":"*"}`), "Statement.NotPrincipal", "not allowed in a trust policy"},
		{"Resource", doc(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*",¶"Resource":"*"}`), "Statement.Resource", "not allowed in a trust policy"},
		{"NotResource", doc(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*",¶"NotResource":"*"}`), "Statement.NotResource", "not allowed"},
		{"no principal", doc(`¶{"Effect":"Allow","Action":"sts:AssumeRole"}`), "Statement", "has no Principal"},
		{"action", doc(`{"Effect":"Allow","Action":["sts:AssumeRole",¶"s3:Get"],"Principal":"*"}`), "Statement.Action[1]", "not an action of sts"},
		{"any action", doc(`{"Effect":"Allow","Action":¶"*","Principal":"*"}`), "Statement.Action", "not an action of sts"},
	})
}

// TestA12_CaseVariantAndDuplicateKeys: a document means one thing to every
// reader, or nothing.
func TestA12_CaseVariantAndDuplicateKeys(t *testing.T) {
	checkRefused(t, Parse, []refused{
		{"allow", doc(`{"Effect":¶"allow","Action":"*","Resource":"*"}`), "Statement.Effect", `"allow" is not an effect`},
		{"DENY", doc(`{"Effect":¶"DENY","Action":"*","Resource":"*"}`), "Statement.Effect", `"DENY" is not an effect`},
		{"effect", doc(`{¶"effect":"Allow","Action":"*","Resource":"*"}`), "Statement", `write Effect`},
		{"ACTION", doc(`{"Effect":"Allow",¶"ACTION":"*","Resource":"*"}`), "Statement", `write Action`},
		{"long s", doc(`{"Effect":"Allow","Action":"*",¶"Re\u017fource":"*"}`), "Statement", `write Resource`},
		{"condition", doc(`{"Effect":"Allow","Action":"*","Resource":"*",¶"condition":{}}`), "Statement", `write Condition`},
		{"version", `{¶"version":"2012-10-17","Statement":` + stmt + `}`, "", `write Version`},
		{"effect twice", doc(`{"Effect":"Deny","Action":"*","Resource":"*",¶"Effect":"Allow"}`), "Statement.Effect", `stands twice`},
		{"effect twice, escaped", doc(`{"Effect":"Deny",¶"\u0045ffect":"Allow","Action":"*","Resource":"*"}`), "Statement.Effect", `stands twice`},
		{"statement twice", `{"Version":"2012-10-17","Statement":` + stmt + `,¶"Statement":` + stmt + `}`, "Statement", `stands twice`},
		{"version twice", `{"Version":"2012-10-17",¶"Version":"2008-10-17","Statement":` + stmt + `}`, "Version", `stands twice`},
		{"condition twice", doc(`{"Effect":"Deny","Condition":{"Bool":{"a:b":true}},¶"Condition":{},"Action":"*","Resource":"*"}`), "Statement.Condition", `stands twice`},
	})
}

// TestA13_LargeDocuments: refused at once by their size, not by the time they
// take.
func TestA13_LargeDocuments(t *testing.T) {
	one := `{"Effect":"Deny","Action":"s:a","Resource":"*"}`
	for name, text := range map[string]string{
		"20k statements":   doc(`[` + strings.Repeat(one+",", 20_000) + one + `]`),
		"depth 20k":        strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000),
		"objects 20k":      strings.Repeat(`{"Statement":`, 20_000),
		"deep statement":   doc(strings.Repeat(`[`, 5_000) + strings.Repeat(`]`, 5_000)),
		"deep condition":   doc(`{"Condition":` + strings.Repeat(`{"Bool":`, 1_000) + strings.Repeat(`}`, 1_001)),
		"1 MB of spaces":   doc(one) + strings.Repeat(" ", 1<<20),
		"just too large":   doc(`[` + strings.Repeat(one+",", MaxDocumentSize/len(one)) + one + `]`),
		"too many actions": doc(`{"Effect":"Deny","Action":["a:b"` + strings.Repeat(`,"a:b"`, MaxItems) + `],"Resource":"*"}`),
		"wide letters":     doc(`{"Effect":"Deny","Action":"a:b","Resource":"arn:a:b:::` + strings.Repeat("é", MaxDocumentSize) + `"}`),
	} {
		best := time.Hour
		for try := 0; try < 20 && best >= slowdown*50*time.Millisecond; try++ {
			start := time.Now()
			_, err := Parse([]byte(text))
			require.Error(t, err, name)
			best = min(best, time.Since(start))
		}
		require.Less(t, best, slowdown*50*time.Millisecond, name)
	}
	mustParse(t, strings.Repeat(" ", 50_000)+doc(one)) // white space does not count
	_, err := ParseTrust([]byte(strings.Repeat("x", MaxTrustDocumentSize+1)))
	require.EqualError(t, err, "policy: the document has 4097 characters without white space; at most 4096 are allowed")
	_, err = ParseResource([]byte(strings.Repeat("x", MaxResourceDocumentSize+1)))
	require.ErrorContains(t, err, "at most 20480")
	_, err = Parse([]byte("\xff"))
	require.EqualError(t, err, "policy: the document is not valid UTF-8")
}

func TestStatementsAreCopies(t *testing.T) {
	d := mustParse(t, `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"a","Effect":"Allow","Action":["s:A"],"Resource":["*"],
		"Condition":{"StringEquals":{"a:b":["c",1]}}}]}`)
	require.Equal(t, "2012-10-17", d.Version())
	require.Equal(t, "x", d.ID())
	d.Statements()[0].Actions[0] = "*"
	d.Statements()[0].Conditions[0].Values[0] = "*"
	require.Equal(t, []Statement{{
		Sid: "a", Effect: Allow, Actions: []string{"s:A"}, Resources: []string{"*"},
		Conditions: []Condition{{"StringEquals", "a:b", []string{"c", "1"}}},
	}}, d.Statements())
	require.Empty(t, new(Document).Statements())
	r := mustParseResource(t, resourcePolicy("Deny", "NotPrincipal", `{"AWS":["*"]}`)).Statements()
	require.Equal(t, []PrincipalName{{"AWS", "*"}}, r[0].NotPrincipals)
}

// TestScannerAgreesWithEncodingJSON: on what both take, strings are the same.
func TestScannerAgreesWithEncodingJSON(t *testing.T) {
	for _, text := range []string{`""`, `"a"`, `"\u0041\n\/\"\\\b\f\r\t"`, `"é\ud83d\ude00x"`, `"\u00e9\uFfFd"`, `-0`, `0.5e-7`, `true`, `null`, `1E+9`} {
		var want any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&want))
		s := scanner{text: text}
		l, bad := s.next()
		require.Nil(t, bad, text)
		if l.kind == 'n' {
			require.Nil(t, want)
			continue
		}
		require.Equal(t, fmt.Sprint(want), l.text)
	}
}

func TestErrorsAreShort(t *testing.T) {
	_, err := Parse([]byte(withResource(strings.Repeat("é", 2000))))
	require.Less(t, len(fmt.Sprint(err)), 400)
	_, err = Parse([]byte(withCondition("StringLike", "a:b", `{}`)))
	require.EqualError(t, err, `policy: Statement.Condition.StringLike.a:b (line 1, column 116): must be a string, a number, a boolean or an array of them, not an object`)
}
