-- The full-text index in the order of publication, so that a page of a search is read from its end: the row of an article is
-- numbered by its date and, in the lower 28 bits, by its own number. `tags` holds its language and its source as one word each.
-- It is filled by the program, which folds the texts.
ALTER TABLE articles ADD COLUMN search_row INTEGER GENERATED ALWAYS AS (
    max(-17179869184, min(17179869183, coalesce(published_s, -17179869184))) * 268435456 + number) VIRTUAL;
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (title, text, tags, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2");
