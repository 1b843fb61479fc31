// Command verifyaudit verifies the audit trail of a user pool: that no record was changed, taken out or put elsewhere since it was written.
//
//	verifyaudit -database sqlite:/var/lib/app/pool.db [-pool default] [-head 1234:9f86d0...]
//	verifyaudit -database postgres://user@host/database -pool default
//	verifyaudit -file audit.jsonl
//
// -database reads the trail where the pool keeps it. The tables are brought up to date first, as every program does that opens them. -file
// reads what Pool.ExportAudit wrote; "-" is the standard input.
//
// -head is what was known of the trail before: the last line that an earlier run printed, or that Pool.Run wrote to the log. Keep it where
// nobody can write who can write to the database: only with it does the command find out that the end of the trail was cut off, or that
// all of it was made anew.
//
// If the trail is whole, it prints how many records there are and, on the last line, the head, and exits with 0. If it is broken, it says
// where and how, and exits with 1. If the trail cannot be read, it says why and exits with 2.
package main
