-- At most one open Run on a stream: two people who open one at the same moment
-- are told apart here, in the transaction that appends the opening.
CREATE UNIQUE INDEX one_open_run ON runs (stream) WHERE ended_at_ms IS NULL;
