-- +goose Up

-- Times are microseconds since 1970-01-01 00:00 UTC. Columns named *_json hold JSON that is written and read whole.

CREATE TABLE userpool_users (
    pool TEXT COLLATE "C" NOT NULL,
    sub TEXT COLLATE "C" NOT NULL,
    username TEXT NOT NULL,
    status TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    attributes_json TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    identifiers_json TEXT NOT NULL,
    codes_json TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (pool, sub)
);

-- Each identifier of identifiers_json once more, to find it by and to keep it unique.
CREATE TABLE userpool_identifiers (
    pool TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    sub TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (pool, kind, value)
);
CREATE INDEX userpool_identifiers_sub ON userpool_identifiers (pool, sub);

CREATE TABLE userpool_groups (
    pool TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    precedence INTEGER,
    created BIGINT NOT NULL,
    PRIMARY KEY (pool, name)
);

CREATE TABLE userpool_members (
    pool TEXT COLLATE "C" NOT NULL,
    sub TEXT COLLATE "C" NOT NULL,
    group_name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (pool, sub, group_name)
);
CREATE INDEX userpool_members_group ON userpool_members (pool, group_name);

CREATE TABLE userpool_sessions (
    pool TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    sub TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    client_id TEXT NOT NULL,
    scopes_json TEXT NOT NULL,
    secret BYTEA,
    generation BIGINT NOT NULL,
    current_json TEXT NOT NULL,
    previous_json TEXT NOT NULL,
    rotated BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    provider TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (pool, id)
);
CREATE INDEX userpool_sessions_sub ON userpool_sessions (pool, sub);
CREATE INDEX userpool_sessions_parent ON userpool_sessions (pool, parent);
CREATE INDEX userpool_sessions_expires ON userpool_sessions (pool, expires);

CREATE TABLE userpool_tickets (
    pool TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    data BYTEA,
    expires BIGINT NOT NULL,
    used BOOLEAN NOT NULL,
    PRIMARY KEY (pool, kind, hash)
);
CREATE INDEX userpool_tickets_expires ON userpool_tickets (pool, expires);

CREATE TABLE userpool_counters (
    pool TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (pool, name)
);
CREATE INDEX userpool_counters_last ON userpool_counters (pool, last_at);

CREATE TABLE userpool_keys (
    pool TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    key_use TEXT COLLATE "C" NOT NULL,
    serial BIGINT NOT NULL,
    algorithm TEXT NOT NULL,
    sealed BYTEA,
    public_jwk BYTEA,
    created BIGINT NOT NULL,
    active_from BIGINT NOT NULL,
    PRIMARY KEY (pool, id),
    UNIQUE (pool, key_use, serial)
);
