-- Folders of this computer whose files are notes. They are read, never written.
CREATE TABLE followed_folder (
    n    INTEGER PRIMARY KEY,
    id   TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL UNIQUE
) STRICT;

-- Imports that have begun and not ended: they go on with the next start.
CREATE TABLE note_import (
    n    INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE
) STRICT;

-- Notes with their whole text. Everything else about notes is made from it.
CREATE TABLE note (
    n           INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    title       TEXT    NOT NULL,
    -- What the person called it; NULL where its text gives the title.
    given_title TEXT,
    -- The title as it is compared with a query.
    title_key   TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    -- Folders with '/' between them.
    folder      TEXT    NOT NULL,
    written_by  TEXT    NOT NULL CHECK (written_by IN ('person', 'file', 'model')),
    -- The file it was read from, and what was in it then.
    path        TEXT,
    file_hash   BLOB,
    file_ms     INTEGER,
    file_bytes  INTEGER,
    -- Of a file that is followed.
    followed_n  INTEGER REFERENCES followed_folder (n) ON DELETE SET NULL,
    -- Which rules divided it into passages; 0 for none yet.
    divided_by  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL,
    -- Orders the list: a counter, since the wall clock may jump.
    touched     INTEGER NOT NULL,
    deleted_ms  INTEGER,
    -- Why no meaning could be made of all of it, as JSON.
    fault       TEXT
) STRICT;

CREATE INDEX note_touched ON note (touched);
CREATE INDEX note_folder ON note (folder);
CREATE INDEX note_title ON note (title_key);
CREATE UNIQUE INDEX note_path ON note (path) WHERE path IS NOT NULL AND deleted_ms IS NULL;
CREATE INDEX note_followed ON note (followed_n) WHERE followed_n IS NOT NULL;
CREATE INDEX note_deleted ON note (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE note_tag (
    note_n INTEGER NOT NULL REFERENCES note (n) ON DELETE CASCADE,
    tag    TEXT    NOT NULL,
    -- Whether the person gave it; else it stands in the text.
    given  INTEGER NOT NULL,
    PRIMARY KEY (note_n, tag, given)
) STRICT, WITHOUT ROWID;

CREATE INDEX note_tag_tag ON note_tag (tag);
