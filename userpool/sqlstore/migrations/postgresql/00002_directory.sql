-- +goose Up

-- Processes of the release before may run on these tables: they write users without the new columns, and no search terms.

-- Second factors, passkeys and the like; empty for none.
ALTER TABLE userpool_users ADD COLUMN credentials_json TEXT NOT NULL DEFAULT '';
-- The version whose terms are in userpool_search. Where it is not the version of the row, they are written before users are listed.
ALTER TABLE userpool_users ADD COLUMN indexed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX userpool_users_stale ON userpool_users (pool, sub) WHERE indexed <> version;

-- How and where the session was begun; empty for nothing.
ALTER TABLE userpool_sessions ADD COLUMN details_json TEXT NOT NULL DEFAULT '';

-- What users are listed by. A term counts only if the user still has it.
CREATE TABLE userpool_search (
    pool TEXT COLLATE "C" NOT NULL,
    attribute TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    sub TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (pool, attribute, value, sub)
);
CREATE INDEX userpool_search_sub ON userpool_search (pool, sub);

CREATE INDEX userpool_members_list ON userpool_members (pool, group_name, sub);

CREATE TABLE userpool_records (
    pool TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    data BYTEA,
    version BIGINT NOT NULL,
    PRIMARY KEY (pool, kind, name)
);
CREATE INDEX userpool_records_owner ON userpool_records (pool, owner);

CREATE TABLE userpool_audit (
    pool TEXT COLLATE "C" NOT NULL,
    serial BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    sub TEXT COLLATE "C" NOT NULL,
    event BYTEA,
    hash BYTEA,
    PRIMARY KEY (pool, serial)
);
CREATE INDEX userpool_audit_sub ON userpool_audit (pool, sub, serial);
