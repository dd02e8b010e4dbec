-- Which topic ids a stream's query has been seen with, and since when. A topic
-- that is deleted and made again has a new id under its old name, and then the
-- offsets of a checkpoint that is older mean other records. Rows are only added.
CREATE TABLE topic_ids (
    stream   TEXT   NOT NULL,
    topic    TEXT   NOT NULL,
    query_id TEXT   NOT NULL,
    topic_id TEXT   NOT NULL,
    seen_ms  BIGINT NOT NULL,
    PRIMARY KEY (stream, topic, query_id, topic_id)
);
