-- Passages of notes. `n` is never used again, so a meaning that was made for a passage fits it or finds nothing.
CREATE TABLE passage (
    n       INTEGER PRIMARY KEY AUTOINCREMENT,
    note_n  INTEGER NOT NULL REFERENCES note (n) ON DELETE CASCADE,
    -- Bytes of the note's text.
    start   INTEGER NOT NULL,
    stop    INTEGER NOT NULL,
    -- The headings above it, outermost first, as JSON.
    heading TEXT    NOT NULL,
    -- Of what is embedded: title, headings and words.
    hash    BLOB    NOT NULL
) STRICT;

CREATE INDEX passage_note ON passage (note_n, start);
