package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stepwell/stepwell/userpool/internal/usercsv"
)

const (
	// importBatch is how many rows are done before it is noted that they are, and importPause how long that takes at most.
	importBatch = 200
	importPause = 10 * time.Second
	// importGoodbye is how long an import that is interrupted tries to note how far it came.
	importGoodbye = 5 * time.Second
)

// StartUserImportJob imports the users of a CSV file, and returns the job when it is over. The format is Cognito's: UTF-8 without a byte
// order mark; the header, in any order, of columns that [Pool.GetCSVHeader] returns; values separated by commas, with "\," for a comma and
// "\\" for a backslash in a value, and no quotes; at most 16,000 characters in a row, 500,000 rows and 100 MiB.
//
//   - cognito:username is the name that the user signs in with: without spaces. Where people sign in with an address it may be empty, and is
//     the e-mail address then, or else the phone number.
//   - email_verified, phone_number_verified and cognito:mfa_enabled are TRUE or FALSE. Where people sign in with addresses, or these are
//     aliases, each row needs a verified one.
//   - birthdate is mm/dd/yyyy; updated_at is in seconds since 1970, and becomes User.Modified if it is in the past.
//   - cognito:mfa_enabled switches on codes by SMS as second factor: TRUE where Settings.MFA is OFF is an error, and so is FALSE where it is
//     ON. A user without a phone sets up another factor at the next sign-in, where all must have one.
//   - stepwell:password_hash, in a job with a PasswordHashingAlgorithm, is the hash of the password, its commas written "\,". Cognito has no
//     documented column for it.
//
// Required attributes must be given. A user with a hash is CONFIRMED; without one, the user is RESET_REQUIRED and sets a password by
// ForgotPassword. The hooks for sign-up are not called, nobody gets a message, and Settings.AllowAdminCreateUserOnly does not matter.
//
// Each row is imported whole or not at all. A row whose user name is taken, also by a row before, is skipped, and a row that is wrong
// fails; ListUserImportErrors tells why. A sign-up that was never confirmed is replaced, as another sign-up would do.
//
// A job that was interrupted, because ctx was done, the store failed, data could not be read or the process ended, is InProgress: start it
// again with the same data from the beginning. Each row is imported and counted once, also the one that was under way. If the process
// ended without notice, this is possible a minute later. One process at a time works on a job.
//
// Errors: ResourceNotFound; PreconditionNotMet for a job that is over, has expired, or is worked on; InvalidParameter for data that is refused
// as a whole, after which the job is Failed, or that is not the data that an interrupted job was started with, which leaves it as it is;
// that of data; ServiceUnavailable, or that of ctx, for a job that was interrupted. The job is returned beside the error.
func (p *Pool) StartUserImportJob(ctx context.Context, jobID string, data io.Reader) (UserImportJob, error) {
	if data == nil {
		return UserImportJob{JobID: printable(jobID)}, failField(InvalidParameter, "data", "There is no data to import.")
	}
	run, err := p.claimImport(ctx, jobID)
	p.auditImport(ctx, "StartUserImportJob", run.stored.Job, err)
	if err != nil {
		return run.stored.public(p.now()), err
	}
	err = run.work(ctx, data)
	if err != nil && run.working() {
		run.leave(ctx)
	}
	p.auditImport(context.WithoutCancel(ctx), "StartUserImportJob", run.stored.Job, err)
	return run.stored.public(p.now()), err
}

// importRun is a job that this process works on.
type importRun struct {
	p      *Pool
	record Record
	stored storedImportJob
	// faults are what is stored in noted; new tells that there are more.
	faults []UserImportError
	noted  Record
	new    bool
	// saved is when the job was last written.
	saved time.Time
	// lost tells that another process has taken the job over, over that its end is stored, and leaving that this process lets go of it.
	lost, over, leaving bool
}

// claimImport makes a job this process's, if it is nobody else's.
func (p *Pool) claimImport(ctx context.Context, jobID string) (*importRun, error) {
	run := &importRun{p: p, stored: storedImportJob{Job: UserImportJob{JobID: printable(jobID)}}}
	worker, err := p.newUUID()
	if err != nil {
		return run, err
	}
	for range 100 {
		r, stored, err := p.readImport(ctx, jobID)
		if err != nil {
			return run, err
		}
		run.record, run.stored = r, stored
		now := p.now()
		switch job := stored.public(now); {
		case job.Status == ImportCreated, job.Interrupted:
		case stored.leased(now):
			return run, fail(PreconditionNotMet, "The import job is being worked on.")
		default:
			return run, fail(PreconditionNotMet, "The import job cannot be started: it is "+string(job.Status)+".")
		}
		if run.noted, run.faults, err = p.readImportErrors(ctx, stored); err != nil {
			return run, err
		}
		run.stored.Worker = worker
		if stored.Job.Status == ImportCreated {
			run.stored.Job.Status, run.stored.Job.StartDate = ImportPending, now
		}
		switch err := run.put(ctx); {
		case err == nil:
			return run, nil
		case !errors.Is(err, ErrStale):
			return run, unavailable("writing an import job", err)
		}
	}
	return run, limitExceeded(time.Second)
}

// put writes the job as it is, with a new lease if it is not over.
func (run *importRun) put(ctx context.Context) (err error) {
	run.saved = run.p.now()
	run.stored.LeaseExpires = run.saved.Add(importLease)
	if run.leaving || !run.working() {
		run.stored.LeaseExpires = time.Time{}
	}
	run.record, err = run.p.putImport(ctx, run.record, run.stored)
	return err
}

// working tells whether this process still has work to do on the job.
func (run *importRun) working() bool {
	switch run.stored.Job.Status {
	case ImportPending, ImportInProgress, ImportStopping:
		return !run.lost
	}
	return false
}

// save writes how far the job has come, and finds out whether it shall stop.
func (run *importRun) save(ctx context.Context) error {
	for range 100 {
		err := run.putFaults(ctx)
		if err == nil {
			err = run.put(ctx)
		}
		if err == nil || !errors.Is(err, ErrStale) {
			return unavailable("writing an import job", err)
		}
		if err := run.catchUp(ctx); err != nil {
			return err
		}
		if run.over {
			return nil
		}
	}
	return limitExceeded(time.Second)
}

// catchUp reads what was written since this process last did: somebody has told the job to stop, this process was away for so long that
// another one took the job over, or the answer to one of its own writes was lost.
func (run *importRun) catchUp(ctx context.Context) error {
	r, now, err := run.p.readImport(ctx, run.stored.Job.JobID)
	if err != nil {
		return err
	}
	if now.Worker != run.stored.Worker {
		run.lost = true
		return fail(PreconditionNotMet, "Another process has taken the import job over.")
	}
	run.record.Version = r.Version
	switch now.Job.Status {
	case ImportStopping:
		if run.stored.Job.Status == ImportInProgress {
			run.stored.Job.Status = ImportStopping
		}
	case ImportStopped, ImportSucceeded, ImportFailed:
		run.stored, run.over = now, true
	}
	noted, err := run.p.store.Record(ctx, run.p.id, recordImportErrors, r.Key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return unavailable("reading the errors of an import job", err)
	}
	run.noted.Version = noted.Version
	return nil
}

func (run *importRun) putFaults(ctx context.Context) (err error) {
	if !run.new {
		return nil
	}
	if run.noted.Data, err = json.Marshal(run.faults); err != nil {
		return fmt.Errorf("encoding the errors of an import job: %w", err)
	}
	if err = run.p.store.PutRecord(ctx, run.p.id, run.noted); err == nil {
		run.noted.Version++
		run.new = false
	}
	return err
}

// leave notes how far an interrupted job has come, and lets go of it.
func (run *importRun) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), importGoodbye)
	defer cancel()
	run.leaving = true
	run.p.logFailure(ctx, "how far an import came could not be noted: it can be started again in a minute", run.save(ctx))
}

// end writes that the job is over.
func (run *importRun) end(ctx context.Context, status UserImportJobStatus, message string) error {
	job := &run.stored.Job
	before := *job
	job.Status, job.CompletionMessage, job.CompletionDate = status, message, run.p.now()
	err := run.save(ctx)
	if err != nil {
		*job = before
	}
	return err
}

// work imports what is left of the data.
func (run *importRun) work(ctx context.Context, data io.Reader) error {
	job := &run.stored.Job
	rows, err := usercsv.NewReader(data, run.p.settings.csvColumn)
	if err == nil {
		err = run.p.settings.checkCSVHeader(rows, job.PasswordHashingAlgorithm)
	}
	if err != nil {
		return run.refuse(ctx, err)
	}
	if run.stored.Lines > 0 {
		if err := run.skipDone(ctx, rows); err != nil {
			return err
		}
	}
	job.Status = ImportInProgress
	run.stored.Lines, run.stored.Sum = rows.Line(), rows.Sum()
	if err := run.save(ctx); err != nil {
		return err
	}
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("userpool: importing users: %w", err)
		}
		if job.Status == ImportStopping {
			return run.end(ctx, ImportStopped, messageStopped)
		}
		row, err := rows.Next()
		switch {
		case err == io.EOF:
			return run.end(ctx, ImportSucceeded, "All rows were read.")
		case err != nil:
			return run.refuse(ctx, err)
		}
		if err := run.one(ctx, row); err != nil {
			return err
		}
		run.stored.Lines, run.stored.Sum = rows.Line(), rows.Sum()
		if n%importBatch == 0 || run.p.now().Sub(run.saved).Abs() >= importPause {
			if err := run.save(ctx); err != nil {
				return err
			}
		}
	}
}

// refuse ends a job whose data is wrong as a whole; data that could not be read interrupts it.
func (run *importRun) refuse(ctx context.Context, err error) error {
	e, wrong := errors.AsType[*usercsv.FormatError](err)
	if !wrong {
		return fmt.Errorf("userpool: reading the data of an import: %w", err)
	}
	if e.Line <= run.stored.Lines {
		return otherData()
	}
	message := fmt.Sprintf("Line %d: %s", e.Line, e.Message)
	if err := run.end(ctx, ImportFailed, message); err != nil {
		return err
	}
	return failField(InvalidParameter, "data", "%s", message)
}

// skipDone reads over the rows that are done, if they are those of this job.
func (run *importRun) skipDone(ctx context.Context, rows *usercsv.Reader) error {
	for rows.Line() < run.stored.Lines {
		switch _, err := rows.Next(); {
		case err == io.EOF:
			return otherData()
		case err != nil:
			return run.refuse(ctx, err)
		}
	}
	if string(rows.Sum()) != string(run.stored.Sum) {
		return otherData()
	}
	return nil
}

func otherData() error {
	return failField(InvalidParameter, "data", "This is not the data that the import job was started with. Give the same data from its beginning, or make another job.")
}

// one imports a row, and counts it.
func (run *importRun) one(ctx context.Context, row usercsv.Row) error {
	err := run.p.importRow(ctx, run.stored.Job, row)
	if err == nil {
		run.stored.Job.ImportedUsers++
		return nil
	}
	fault, ok := importError(row.Line, err)
	if !ok {
		return err
	}
	if fault.Skipped = fault.Code == UsernameExists; fault.Skipped {
		run.stored.Job.SkippedUsers++
	} else {
		run.stored.Job.FailedUsers++
	}
	if len(run.faults) < maxImportErrors {
		run.faults, run.new = append(run.faults, fault), true
	}
	return nil
}

// importError makes a note of an error that is the row's, and returns false for one of the machinery.
func importError(line int, err error) (UserImportError, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code == ServiceUnavailable || e.Code == LimitExceeded {
		return UserImportError{}, false
	}
	return UserImportError{Line: line, Field: e.Field, Code: e.Code, Message: e.Message}, true
}
