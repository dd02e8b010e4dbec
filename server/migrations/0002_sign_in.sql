-- Browser sessions under the SHA-256 of their id: who reads the database cannot
-- take a session over.
CREATE TABLE sessions (
    id_hash    TEXT   PRIMARY KEY,
    data       TEXT   NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

-- Sign-ins that went to the provider and have not come back, under the SHA-256
-- of their `state`. A row is taken once, by the browser that began it.
CREATE TABLE login_attempts (
    state_hash   TEXT   PRIMARY KEY,
    browser_hash TEXT   NOT NULL,
    nonce        TEXT   NOT NULL,
    pkce_verifier TEXT NOT NULL,
    return_to    TEXT   NOT NULL,
    fresh        BIGINT NOT NULL,
    expires_ms   BIGINT NOT NULL
);
