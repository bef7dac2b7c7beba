-- Which model answers in a thread; NULL until one was asked or chosen.
ALTER TABLE conversation ADD COLUMN provider TEXT;
ALTER TABLE conversation ADD COLUMN model TEXT;
