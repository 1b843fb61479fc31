-- +goose Up

-- Processes of the release before may run on these tables: they write identities without the new columns.

-- An identity with logins counts as authenticated whatever stands here.
ALTER TABLE identitypool_identities ADD COLUMN authenticated BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE identitypool_identities ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE identitypool_identities ADD COLUMN merged_into TEXT COLLATE "C" NOT NULL DEFAULT '';
-- NULL means when it was created.
ALTER TABLE identitypool_identities ADD COLUMN modified BIGINT;
ALTER TABLE identitypool_identities ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE INDEX identitypool_identities_list ON identitypool_identities (pool, disabled, id);

CREATE TABLE identitypool_revocations (
    pool TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    issued_until BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (pool, subject)
);
CREATE INDEX identitypool_revocations_expires ON identitypool_revocations (pool, expires);

CREATE TABLE identitypool_tickets (
    pool TEXT COLLATE "C" NOT NULL,
    ticket_key TEXT COLLATE "C" NOT NULL,
    content BYTEA,
    expires BIGINT NOT NULL,
    PRIMARY KEY (pool, ticket_key)
);
CREATE INDEX identitypool_tickets_expires ON identitypool_tickets (pool, expires);

CREATE TABLE identitypool_signing_keys (
    pool TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA,
    created BIGINT NOT NULL,
    retired BIGINT NOT NULL,
    PRIMARY KEY (pool, id)
);
