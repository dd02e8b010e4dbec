-- The journal: one hash chain over every Run, never updated and never deleted
-- from. Only types that SQLite and PostgreSQL share through sqlx's `Any` are
-- used: TEXT, BIGINT and BLOB. Times are milliseconds since 1970.
CREATE TABLE journal (
    seq       BIGINT PRIMARY KEY,
    run_id    TEXT   NOT NULL,
    run_seq   BIGINT NOT NULL,
    at_ms     BIGINT NOT NULL,
    actor     TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    plan_hash TEXT,
    epoch     BIGINT,
    body      TEXT   NOT NULL,
    prev_hash TEXT   NOT NULL,
    hash      TEXT   NOT NULL UNIQUE,
    UNIQUE (run_id, run_seq)
);

-- A cache of what the folds of the journal say, for lists. It may be dropped and
-- rebuilt at any time.
CREATE TABLE runs (
    run_id       TEXT   PRIMARY KEY,
    stream       TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    option_word  TEXT,
    opened_by    TEXT   NOT NULL,
    opened_at_ms BIGINT NOT NULL,
    ended_at_ms  BIGINT,
    last_run_seq BIGINT NOT NULL
);
CREATE INDEX runs_by_stream ON runs (stream, opened_at_ms);

-- One owner at a time for a stream. A row stays when its lease is given back, so
-- that the epoch never falls.
CREATE TABLE leases (
    resource   TEXT   PRIMARY KEY,
    owner      TEXT   NOT NULL,
    epoch      BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);

-- Large lists beside the plans, under the SHA-256 of their bytes.
CREATE TABLE blobs (
    sha256  TEXT PRIMARY KEY,
    content BLOB NOT NULL
);
