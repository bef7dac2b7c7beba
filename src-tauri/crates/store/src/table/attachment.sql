-- Files that the person chose for a message, for a model to read with a tool. Gone with the message.
CREATE TABLE attachment (
    n          INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    message_id TEXT    NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    -- Where it was to go when it was chosen: the origin of the provider that answered.
    origin     TEXT    NOT NULL,
    bytes      BLOB    NOT NULL
) STRICT;

CREATE INDEX attachment_message ON attachment (message_id);
