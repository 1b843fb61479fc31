// Package srpclient is the client's side of Secure Remote Password as Amazon Cognito has it, for tests: of USER_SRP_AUTH, and of a device
// that is remembered. It was made from the client's side of the protocol alone and shares no code with the server, package srp, so that a
// mistake on one side is not made on both.
//
// [New] draws the exponent of one sign-in. [Client.SRPA] begins it, and [Client.Answer] answers the challenge. [NewDevice] makes the secret
// of a device, [Device.Verifier] what ConfirmDevice wants of it, and [Client.AnswerDevice] answers in its name.
//
// A test that attacks computes with what it wants by [Client.AnswerWith] and [Client.AnswerSecret], [N], [Power] and [Pad].
//
// Nothing here runs in constant time. It is not for programs that sign people in.
package srpclient
