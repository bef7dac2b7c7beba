-- Answers that are being written, and by which opening of the store.
CREATE TABLE running (
    message_id TEXT PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
    session    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
