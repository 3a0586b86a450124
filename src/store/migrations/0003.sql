-- Editors' corrections. A correction is never deleted: an undone one says when and by whom.
CREATE TABLE corrections (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    asked       TEXT NOT NULL,                 -- JSON: the correction as it was asked for, with ids
    author      TEXT,
    reason      TEXT,
    newest      INTEGER NOT NULL,              -- articles.number of the newest article that the editor could know
    effects     TEXT NOT NULL,                 -- JSON: what moved, ended, began; by number
    redoes      INTEGER REFERENCES corrections (number),
    undone_at   INTEGER,
    undone_by   TEXT,
    undone_why  TEXT
) STRICT;

-- Articles that stay in a story; of several that are not undone, the one of the latest correction counts.
CREATE TABLE holds (
    article     INTEGER NOT NULL REFERENCES articles (number),
    correction  INTEGER NOT NULL REFERENCES corrections (number),
    story       INTEGER NOT NULL REFERENCES stories (number),
    PRIMARY KEY (article, correction)
) STRICT, WITHOUT ROWID;

-- Articles that are never in one story: a < b.
CREATE TABLE apart (
    a           INTEGER NOT NULL REFERENCES articles (number),
    b           INTEGER NOT NULL REFERENCES articles (number),
    correction  INTEGER NOT NULL REFERENCES corrections (number),
    PRIMARY KEY (a, b, correction)
) STRICT, WITHOUT ROWID;

-- The stories that a correction is about, to find it by.
CREATE TABLE corrected (
    story       INTEGER NOT NULL REFERENCES stories (number),
    correction  INTEGER NOT NULL REFERENCES corrections (number),
    PRIMARY KEY (story, correction)
) STRICT, WITHOUT ROWID;

-- The correction that gave the story its title.
ALTER TABLE stories ADD COLUMN named INTEGER REFERENCES corrections (number);
