-- What the looks at a stream added to its history of a day, one row a minute,
-- so that the charts and the verdicts go on after a restart. Rows that are older
-- than a day are deleted. `sample` is JSON.
CREATE TABLE samples (
    stream TEXT   NOT NULL,
    at_ms  BIGINT NOT NULL,
    sample TEXT   NOT NULL,
    PRIMARY KEY (stream, at_ms)
);
