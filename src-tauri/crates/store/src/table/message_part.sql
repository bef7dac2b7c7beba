-- What came of a running answer, in pieces; gone when the answer is over.
CREATE TABLE message_part (
    message_id TEXT    NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    -- 'events': a JSON array of model events.
    kind       TEXT    NOT NULL,
    bytes      BLOB    NOT NULL,
    PRIMARY KEY (message_id, seq)
) STRICT, WITHOUT ROWID;
