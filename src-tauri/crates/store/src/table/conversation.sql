-- Threads. `touched` orders the list: a counter, since the wall clock may jump.
CREATE TABLE conversation (
    n               INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    title           TEXT    NOT NULL,
    title_by_person INTEGER NOT NULL DEFAULT 0,
    created_ms      INTEGER NOT NULL,
    updated_ms      INTEGER NOT NULL,
    touched         INTEGER NOT NULL,
    spoken          INTEGER NOT NULL DEFAULT 0,
    -- The last message of the branch that is shown; NULL while there is no message.
    leaf_id         TEXT,
    -- When it was taken away; NULL while it is there.
    deleted_ms      INTEGER
) STRICT;

CREATE INDEX conversation_touched ON conversation (touched);
CREATE INDEX conversation_deleted ON conversation (deleted_ms) WHERE deleted_ms IS NOT NULL;
