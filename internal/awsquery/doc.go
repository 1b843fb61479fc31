// Package awsquery is the server's side of the AWS query protocol: a request is a form with an Action, a Version and parameters, an answer is
// XML.
//
// An [API] is a table of operations. Each operation is a function of the caller and a struct whose fields are the parameters:
//
//	type getUserInput struct {
//		UserName string   `query:"UserName" shape:"userName" required:"true"`
//		Keys     []string `query:"Keys" shape:"key" most:"10"`
//	}
//
//	func getUser(r *awsquery.Request[Caller], in *getUserInput) (any, error)
//
// [New] makes the handler, which does the same for every operation, in this order: it reads a form within a bound, finds the operation,
// authenticates the caller unless the operation is an [Unsigned] one, decodes and checks the parameters, calls the function, and writes
// its result or error.
//
// # Parameters
//
// Fields are strings, integers (int), booleans, structs, and slices of strings or structs. A list is "Name.member.1", "Name.member.2" and
// so on without gaps, or "Name=" for an empty one; a structure is "Name.Field". The tag query is the name on the wire, shape a key of
// API.Shapes with bounds and pattern, required:"true" demands the parameter, most:"10" bounds the length of a list. What breaks a
// constraint is answered in the words of AWS: "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint:
// Member must have length greater than or equal to 2".
//
// # Promises
//
// Refused is what two parsers might read in two ways: a parameter that is given twice, one that the operation does not have, parameters in
// the URL of a POST, raw semicolons, another charset than UTF-8, text that is not UTF-8 or that XML cannot hold. Nothing is read beyond the stated bounds. A panic in
// an operation is an internal error for its client and a line in the log, and an error that the API does not translate is too.
package awsquery
