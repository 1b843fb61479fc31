// Package message has the texts of all messages that a user pool sends, in ten languages, and puts values into them. It sends nothing and
// keeps nothing; all of it is safe for concurrent use.
//
// # A walk
//
// For an application that wants texts of its own, the pool calls Override for each when it is made: it refuses what could not be sent
// and fills in what was left out. For each message, Pick finds the language, from the user's locale attribute and the Accept-Language
// header of the request, among the languages in which there is a Template. That Template is the application's or BuiltIn's. Render puts
// the Values into it.
//
// A Template has the places of values as Amazon Cognito writes them, such as {####} for the code:
//
//	{####}      the code, or the temporary password
//	{username}  the user's name
//	{link}      an address to open
//	{validity}  how long the code or link is valid, such as "10 minutes"
//	{pool}      the name of the service as people know it
//	{time}      when it happened, in UTC
//	{place}     where, such as an address or a city
//	{device}    with what
//	{what}      what happened, a sentence
//	{domain}    in the last line of an SMS only: "@{domain} #{####}", by which a browser knows for which site the code is
//
// # Advice
//
// Templates come from the application and are trusted to say what it wants to say. Values come from anybody. A stranger can have a message
// sent to somebody else by signing up with their address, so the built-in texts of what strangers can cause hold no value that a stranger
// can choose. Texts of one's own should not either: a name that is shown there is a place for an advertisement.
//
// # Promises
//
// A value is put in once and never looked at again: a user who is called "{####}" or "{{.Code}}" stays so. It is escaped in HTML, has
// one line, neither control characters nor ones that change the direction of writing, and at most 200 characters. Codes and links are
// never changed or cut: what is unfit is an error.
//
// A Template that passed Check or came from BuiltIn leaves nothing open: Render puts a value into each place or returns an error. In
// HTML, no value can leave its place, become a tag or attribute, or make a link, but {link}, which is an http or https address.
//
// No error holds a value, as it may be a code.
package message
