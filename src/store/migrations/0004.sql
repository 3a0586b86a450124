-- What a story is labelled with beside its headline and its key terms. Filled in by the writer; stories from before are
-- labelled when it starts (meta `labels` says by which rules).
ALTER TABLE stories ADD COLUMN headlines TEXT NOT NULL DEFAULT '{}';   -- JSON: language -> articles.number of its most central article
ALTER TABLE stories ADD COLUMN about TEXT NOT NULL DEFAULT '{}';       -- JSON: people, places, organisations
ALTER TABLE stories ADD COLUMN first_article INTEGER REFERENCES articles (number);
ALTER TABLE stories ADD COLUMN last_article INTEGER REFERENCES articles (number);
ALTER TABLE stories ADD COLUMN pace_days REAL NOT NULL DEFAULT 0;      -- length of the two spans that pace compares
ALTER TABLE stories ADD COLUMN pace_latest INTEGER NOT NULL DEFAULT 0; -- articles of the latest span
ALTER TABLE stories ADD COLUMN pace_before INTEGER NOT NULL DEFAULT 0; -- articles of the one before it
-- Binary logarithm of the importance that the story would have in 1970: the order by it is that of any moment.
ALTER TABLE stories ADD COLUMN importance REAL;
CREATE INDEX stories_importance ON stories (coalesce(importance, -1e300), number);
CREATE INDEX stories_latest ON stories (latest);
-- An article's links in both directions.
CREATE INDEX IF NOT EXISTS edges_b ON edges (b);

-- What an editor should look at. A row that is written again gets a new number, so that a walk can leave it out.
CREATE TABLE review (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    subject     TEXT NOT NULL UNIQUE,          -- kind and numbers: one row for each thing in doubt
    kind        TEXT NOT NULL CHECK (kind IN ('placement', 'story', 'merge')),
    doubt       REAL NOT NULL,
    article     INTEGER REFERENCES articles (number),
    story       INTEGER NOT NULL REFERENCES stories (number),
    other       INTEGER REFERENCES stories (number),
    figures     TEXT NOT NULL                  -- JSON: why, and the articles of a proposed cut by number
) STRICT;
CREATE INDEX review_doubt ON review (doubt, number);
CREATE INDEX review_kind ON review (kind, doubt, number);

-- What reading related stories and the list above looks up.
CREATE INDEX articles_strand ON articles (story, strand);
CREATE INDEX apart_b ON apart (b);
