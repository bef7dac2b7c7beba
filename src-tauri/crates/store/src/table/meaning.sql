-- The models that made meanings: provider, model and dimensions in one name.
CREATE TABLE meaning_model (
    n          INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    dimensions INTEGER NOT NULL
) STRICT;

-- What a model made of a passage: a vector of unit length, a byte a dimension, times `scale`.
CREATE TABLE meaning (
    passage_n INTEGER NOT NULL REFERENCES passage (n) ON DELETE CASCADE,
    model_n   INTEGER NOT NULL REFERENCES meaning_model (n) ON DELETE CASCADE,
    scale     REAL    NOT NULL,
    codes     BLOB    NOT NULL,
    PRIMARY KEY (passage_n, model_n)
) STRICT, WITHOUT ROWID;
