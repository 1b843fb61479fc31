-- +goose Up

-- Times are microseconds since 1970-01-01 00:00 UTC.

CREATE TABLE identitypool_identities (
    pool TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (pool, id)
);

-- A login belongs to one identity. The key keeps it so, whoever asks at once.
CREATE TABLE identitypool_logins (
    pool TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (pool, provider, subject)
);
CREATE INDEX identitypool_logins_identity ON identitypool_logins (pool, identity);
