-- Recorded sound; message content names it as `media:ID`.
CREATE TABLE media (
    n          INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    message_id TEXT    NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    -- 'pcm16': mono, signed 16 bit, little endian.
    kind       TEXT    NOT NULL,
    rate       INTEGER NOT NULL,
    ms         INTEGER NOT NULL,
    bytes      BLOB    NOT NULL
) STRICT;

CREATE INDEX media_message ON media (message_id);
