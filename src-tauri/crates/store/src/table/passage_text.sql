-- The words of passages, cut by `words.rs`; the row is `passage.n`. `parts` holds what long words end with, so that a
-- part of a compound is found.
CREATE VIRTUAL TABLE passage_text USING fts5 (
    title, heading, words, parts,
    tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO passage_text (passage_text, rank) VALUES ('secure-delete', 1);
