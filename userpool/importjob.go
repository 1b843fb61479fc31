package userpool

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// PasswordHashingAlgorithm is how the passwords in a CSV file are hashed, with Cognito's names.
type PasswordHashingAlgorithm string

// The algorithms, with the forms that a hash can have. See ImportUsersInput for the bounds of their parameters.
const (
	// HashingBcrypt is "$2b$12$", with 53 characters after it; $2a$ and $2y$ too.
	HashingBcrypt PasswordHashingAlgorithm = "BCRYPT"
	// HashingScrypt is "$scrypt$ln=17,r=8,p=1$salt$hash".
	HashingScrypt PasswordHashingAlgorithm = "SCRYPT"
	// HashingArgon2id is "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".
	HashingArgon2id PasswordHashingAlgorithm = "ARGON2ID"
	// HashingPBKDF2SHA256 is "$pbkdf2-sha256$i=600000$salt$hash", as passlib writes it, or "pbkdf2_sha256$600000$salt$hash", as Django does.
	HashingPBKDF2SHA256 PasswordHashingAlgorithm = "PBKDF2_SHA256"
)

// hashForms are the beginnings of the hashes of each algorithm.
var hashForms = map[PasswordHashingAlgorithm][]string{
	HashingBcrypt:       {"$2a$", "$2b$", "$2y$"},
	HashingScrypt:       {"$scrypt$"},
	HashingArgon2id:     {"$argon2id$"},
	HashingPBKDF2SHA256: {"$pbkdf2-sha256$", "pbkdf2_sha256$"},
}

// UserImportJobStatus is the state of a [UserImportJob], with Cognito's names.
type UserImportJobStatus string

const (
	// ImportCreated is a job that waits for its data, for a day.
	ImportCreated UserImportJobStatus = "Created"
	// ImportPending is a job that has been started and reads the header.
	ImportPending UserImportJobStatus = "Pending"
	// ImportInProgress is a job that imports users, or was interrupted while it did; see UserImportJob.Interrupted.
	ImportInProgress UserImportJobStatus = "InProgress"
	// ImportStopping is a job that was told to stop, and has not done so yet.
	ImportStopping UserImportJobStatus = "Stopping"
	// ImportStopped is a job that was stopped. The users that were imported stay.
	ImportStopped UserImportJobStatus = "Stopped"
	// ImportSucceeded is a job that came to the end of its data, whatever became of single rows.
	ImportSucceeded UserImportJobStatus = "Succeeded"
	// ImportFailed is a job whose data was refused as a whole: from that place on nothing was imported.
	ImportFailed UserImportJobStatus = "Failed"
	// ImportExpired is a job that was not started within a day.
	ImportExpired UserImportJobStatus = "Expired"
)

// UserImportJob is one import of users from a CSV file.
type UserImportJob struct {
	// JobID is made by the pool.
	JobID string
	// JobName is for administrators.
	JobName string
	// PasswordHashingAlgorithm is empty for a file without hashes.
	PasswordHashingAlgorithm PasswordHashingAlgorithm
	Status                   UserImportJobStatus
	// Interrupted is true for a job that was started and is not worked on, because its process ended: start it again with the same data.
	Interrupted bool
	// ImportedUsers, SkippedUsers and FailedUsers count the rows so far. Skipped are those whose user name is taken.
	ImportedUsers, SkippedUsers, FailedUsers int
	// CreationDate, StartDate and CompletionDate are zero for what has not happened yet.
	CreationDate, StartDate, CompletionDate time.Time
	// CompletionMessage says in a sentence how the job ended.
	CompletionMessage string
}

// UserImportError is what was wrong with one row or line, or why it was skipped. It holds no value.
type UserImportError struct {
	// Line counts the lines of the data from 1, which in a CSV file is the header.
	Line int
	// Field is the column or field that is at fault, or empty.
	Field string
	// Skipped is true for a user who was left as they are, because they are in the pool already.
	Skipped bool
	// Code is that of the [Error] that another operation would return.
	Code    Code
	Message string
}

const (
	recordImport       = "import-job"
	recordImportErrors = "import-job-errors"
	// maxImportErrors is how many errors of a job are kept.
	maxImportErrors = 1000
	// importValidity is how long a job waits to be started.
	importValidity = day
	// importLease is how long a process that does not come back keeps a job from others.
	importLease = time.Minute
)

// storedImportJob is the record of a job.
type storedImportJob struct {
	Job UserImportJob
	// Lines is how many lines of the data are done, and Sum the SHA-256 of them.
	Lines int
	Sum   []byte
	// Worker names the process that works on the job, until LeaseExpires.
	Worker       string
	LeaseExpires time.Time
}

// CreateUserImportJobInput describes an import.
type CreateUserImportJobInput struct {
	// JobName is for administrators: 1 to 128 characters.
	JobName string
	// PasswordHashingAlgorithm says how the passwords in the column stepwell:password_hash are hashed; empty if there is no such column.
	PasswordHashingAlgorithm PasswordHashingAlgorithm
}

// CreateUserImportJob makes a job, to be started within a day by [Pool.StartUserImportJob]. The error is InvalidParameter.
func (p *Pool) CreateUserImportJob(ctx context.Context, in CreateUserImportJobInput) (UserImportJob, error) {
	if n := len([]rune(in.JobName)); n < 1 || n > 128 {
		return UserImportJob{}, failField(InvalidParameter, "jobName", "The name of an import job has 1 to 128 characters.")
	}
	if err := checkText("jobName", in.JobName); err != nil {
		return UserImportJob{}, err
	}
	if _, known := hashForms[in.PasswordHashingAlgorithm]; !known && in.PasswordHashingAlgorithm != "" {
		return UserImportJob{}, failField(InvalidParameter, "passwordHashingAlgorithm",
			"The password hashing algorithm %q is not one of ARGON2ID, BCRYPT, PBKDF2_SHA256, SCRYPT.", printable(string(in.PasswordHashingAlgorithm)))
	}
	id, err := p.newImportID()
	if err != nil {
		return UserImportJob{}, err
	}
	stored := storedImportJob{Job: UserImportJob{
		JobID: id, JobName: in.JobName, PasswordHashingAlgorithm: in.PasswordHashingAlgorithm, Status: ImportCreated, CreationDate: p.now(),
	}}
	_, err = p.putImport(ctx, Record{Kind: recordImport, Key: id}, stored)
	err = unavailable("writing an import job", err)
	p.auditImport(ctx, "CreateUserImportJob", stored.Job, err)
	if err != nil {
		return UserImportJob{}, err
	}
	return stored.Job, nil
}

// newImportID returns an ID in Cognito's form. Later ones come first in the order of the store.
func (p *Pool) newImportID() (string, error) {
	var random [8]byte
	if _, err := io.ReadFull(p.rand, random[:]); err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return fmt.Sprintf("import-%016x-%s", math.MaxInt64-p.now().UnixMicro(), hex.EncodeToString(random[:])), nil
}

// putImport writes a job, and returns its record with the version that it has now.
func (p *Pool) putImport(ctx context.Context, r Record, stored storedImportJob) (Record, error) {
	var err error
	if r.Data, err = json.Marshal(stored); err != nil {
		return r, fmt.Errorf("encoding an import job: %w", err)
	}
	if err = p.store.PutRecord(ctx, p.id, r); err == nil {
		r.Version++
	}
	return r, err
}

func (p *Pool) readImport(ctx context.Context, jobID string) (Record, storedImportJob, error) {
	r, err := p.store.Record(ctx, p.id, recordImport, jobID)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return r, storedImportJob{}, fail(ResourceNotFound, "There is no such import job.")
	}
	if err != nil {
		return r, storedImportJob{}, unavailable("reading an import job", err)
	}
	stored, err := decodeImport(r)
	return r, stored, err
}

func decodeImport(r Record) (stored storedImportJob, err error) {
	if err := json.Unmarshal(r.Data, &stored); err != nil {
		return stored, fmt.Errorf("userpool: the record of import job %s is damaged: %w", r.Key, err)
	}
	return stored, nil
}

// leased tells whether a process works on the job.
func (s storedImportJob) leased(now time.Time) bool {
	return s.Worker != "" && now.Before(s.LeaseExpires)
}

// public is the job as it is now.
func (s storedImportJob) public(now time.Time) UserImportJob {
	job := s.Job
	switch job.Status {
	case ImportCreated:
		if now.Sub(job.CreationDate) >= importValidity {
			job.Status, job.CompletionMessage = ImportExpired, "The job was not started within a day."
		}
	case ImportPending, ImportInProgress:
		job.Interrupted = !s.leased(now)
	case ImportStopping:
		if !s.leased(now) {
			job.Status, job.CompletionMessage = ImportStopped, messageStopped
		}
	}
	return job
}

// DescribeUserImportJob returns a job as it is now; the counts of one that runs are a few seconds old at most. The error is
// ResourceNotFound.
func (p *Pool) DescribeUserImportJob(ctx context.Context, jobID string) (UserImportJob, error) {
	_, stored, err := p.readImport(ctx, jobID)
	if err != nil {
		return UserImportJob{}, err
	}
	return stored.public(p.now()), nil
}

// ListUserImportJobsInput asks for the import jobs of the pool.
type ListUserImportJobsInput struct {
	// MaxResults is how many are wanted: 1 to 60, and 60 by default.
	MaxResults int
	// PaginationToken is that of the page before, or empty.
	PaginationToken string
}

// ListUserImportJobsOutput is a page of import jobs, the newest first.
type ListUserImportJobsOutput struct {
	UserImportJobs []UserImportJob
	// PaginationToken gets the next page; empty on the last.
	PaginationToken string
}

// ListUserImportJobs returns the import jobs, page by page. The error is InvalidParameter.
func (p *Pool) ListUserImportJobs(ctx context.Context, in ListUserImportJobsInput) (ListUserImportJobsOutput, error) {
	limit, err := pageLimit(in.MaxResults)
	if err != nil {
		return ListUserImportJobsOutput{}, err
	}
	after, err := p.pageAfter(ctx, in.PaginationToken, "ListUserImportJobs")
	if err != nil {
		return ListUserImportJobsOutput{}, err
	}
	records, err := p.store.ListRecords(ctx, p.id, recordImport, "", after, limit+1)
	if err != nil {
		return ListUserImportJobsOutput{}, unavailable("listing import jobs", err)
	}
	var out ListUserImportJobsOutput
	if len(records) > limit {
		records = records[:limit]
		if out.PaginationToken, err = p.pageToken(ctx, records[limit-1].Key, "ListUserImportJobs"); err != nil {
			return ListUserImportJobsOutput{}, err
		}
	}
	for _, r := range records {
		stored, err := decodeImport(r)
		if err != nil {
			return ListUserImportJobsOutput{}, err
		}
		out.UserImportJobs = append(out.UserImportJobs, stored.public(p.now()))
	}
	return out, nil
}

// ListUserImportErrors returns what was wrong with the rows of a job, in their order, the first 1,000 of them. The error is ResourceNotFound.
func (p *Pool) ListUserImportErrors(ctx context.Context, jobID string) ([]UserImportError, error) {
	_, stored, err := p.readImport(ctx, jobID)
	if err != nil {
		return nil, err
	}
	_, list, err := p.readImportErrors(ctx, stored)
	return list, err
}

// readImportErrors returns the errors of the lines that are done. What lies beyond was noted by a process that did not come to note that the
// lines were done.
func (p *Pool) readImportErrors(ctx context.Context, stored storedImportJob) (r Record, list []UserImportError, err error) {
	r, err = p.store.Record(ctx, p.id, recordImportErrors, stored.Job.JobID)
	if errors.Is(err, ErrNotFound) {
		return Record{Kind: recordImportErrors, Key: stored.Job.JobID}, nil, nil
	}
	if err != nil {
		return r, nil, unavailable("reading the errors of an import job", err)
	}
	if err := json.Unmarshal(r.Data, &list); err != nil {
		return r, nil, fmt.Errorf("userpool: the errors of import job %s are damaged: %w", stored.Job.JobID, err)
	}
	return r, slices.DeleteFunc(list, func(e UserImportError) bool { return e.Line > stored.Lines }), nil
}

// StopUserImportJob tells a job to stop, whichever process works on it: it does so after at most a few hundred rows. The users that were
// imported stay, and a stopped job cannot be started again. Errors: ResourceNotFound; PreconditionNotMet for a job that was not started, or
// is over.
func (p *Pool) StopUserImportJob(ctx context.Context, jobID string) (UserImportJob, error) {
	job, err := p.stopImport(ctx, jobID)
	p.auditImport(ctx, "StopUserImportJob", job, err)
	return job, err
}

func (p *Pool) stopImport(ctx context.Context, jobID string) (UserImportJob, error) {
	for range 100 {
		r, stored, err := p.readImport(ctx, jobID)
		if err != nil {
			return UserImportJob{JobID: printable(jobID)}, err
		}
		now := p.now()
		switch stored.Job.Status {
		case ImportPending, ImportInProgress, ImportStopping:
		default:
			job := stored.public(now)
			return job, fail(PreconditionNotMet, "The import job cannot be stopped: it is "+string(job.Status)+".")
		}
		stored.Job.Status = ImportStopping
		if !stored.leased(now) {
			stored.Job.Status, stored.Job.CompletionDate, stored.Job.CompletionMessage = ImportStopped, now, messageStopped
		}
		_, err = p.putImport(ctx, r, stored)
		if err == nil {
			return stored.public(now), nil
		}
		if !errors.Is(err, ErrStale) {
			return stored.Job, unavailable("writing an import job", err)
		}
	}
	return UserImportJob{JobID: jobID}, limitExceeded(time.Second)
}

const messageStopped = "The job was stopped. The users that were imported stay."

// auditImport notes what was done with a job.
func (p *Pool) auditImport(ctx context.Context, operation string, job UserImportJob, err error) {
	p.audit(ctx, AuditEvent{Type: EventImport, Operation: operation, Details: map[string]string{
		"job": job.JobID, "status": string(job.Status), "imported": strconv.Itoa(job.ImportedUsers), "skipped": strconv.Itoa(job.SkippedUsers),
		"failed": strconv.Itoa(job.FailedUsers),
	}}, UserContextData{}, err)
}
