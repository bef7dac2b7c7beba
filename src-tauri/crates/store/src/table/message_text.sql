-- The words of messages, cut by `words.rs`; the row is `message.n`.
CREATE VIRTUAL TABLE message_text USING fts5 (words, tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO message_text (message_text, rank) VALUES ('secure-delete', 1);
