-- Messages. `n` is the order of arrival and the row of the text index, so it must never be renumbered.
CREATE TABLE message (
    n               INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    conversation_id TEXT    NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    -- The message before it; several with the same parent are branches. NULL at the beginning.
    parent_id       TEXT    REFERENCES message (id) ON DELETE CASCADE,
    role            TEXT    NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    name            TEXT    NOT NULL,
    content         TEXT    NOT NULL,
    status          TEXT    NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'cut', 'failed')),
    error           TEXT,
    provider        TEXT,
    model           TEXT,
    usage           TEXT,
    timings         TEXT,
    spoken_ms       INTEGER,
    heard_ms        INTEGER,
    created_ms      INTEGER NOT NULL,
    timestamp       TEXT    NOT NULL,
    invocation_id   TEXT,
    metadata        TEXT    NOT NULL
) STRICT;

CREATE INDEX message_conversation ON message (conversation_id, n);
CREATE INDEX message_parent ON message (parent_id);
CREATE INDEX message_streaming ON message (status) WHERE status = 'streaming';
