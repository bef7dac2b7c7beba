-- Facts about the file itself. 1347570787 is 'PRLc' in ASCII: the file is ours.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1347570787;
