-- The first schema. A migration that has landed is never edited: add the next number.
-- Texts are as published; what is folded for matching lives only in `search`.
-- Times: `*_at` INTEGER = microseconds since 1970-01-01T00:00:00Z, unless said otherwise.

-- Facts about the whole store: model identity, digest of the language means, numbering.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Raw inputs as they came (scraped text, HTML). JSON articles have no document.
CREATE TABLE documents (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL CHECK (kind IN ('text', 'html', 'json')),
    text       TEXT NOT NULL,
    url        TEXT,
    fetched_at INTEGER,
    arrived_at INTEGER NOT NULL
) STRICT;

CREATE TABLE stories (
    number        INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    title         TEXT NOT NULL,               -- headline of its most central article, or the editor's
    title_lang    TEXT NOT NULL,
    title_article INTEGER,                     -- articles.number
    state         TEXT NOT NULL CHECK (state IN ('emerging', 'active', 'dormant', 'closed', 'merged')),
    merged_into   INTEGER REFERENCES stories (number),
    split_from    INTEGER REFERENCES stories (number),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,            -- when its members or its headline last changed
    version       INTEGER NOT NULL,            -- number of its latest change: for ETag and cursors
    started       INTEGER,                     -- earliest publication, seconds (midpoint of its precision)
    latest        INTEGER,                     -- latest publication, seconds
    articles      INTEGER NOT NULL,            -- all members, near-duplicates among them
    near_duplicates INTEGER NOT NULL,          -- members whose text repeats another's
    sources       INTEGER NOT NULL,            -- distinct sources of the members that are not near-duplicates
    languages     TEXT NOT NULL,               -- JSON array of codes, most frequent first
    terms         TEXT NOT NULL,               -- JSON array of key terms
    velocity      REAL NOT NULL                -- articles a day over its latest three days
) STRICT;
CREATE INDEX stories_updated ON stories (updated_at, number);
CREATE INDEX stories_started ON stories (started, number);
CREATE INDEX stories_size ON stories (articles, number);
CREATE INDEX stories_open ON stories (latest) WHERE state IN ('emerging', 'active', 'dormant');
CREATE INDEX stories_velocity ON stories (velocity, number);

CREATE TABLE articles (
    number       INTEGER PRIMARY KEY,          -- order of acceptance; the article's slot in index and graph
    id           TEXT NOT NULL UNIQUE,
    revision     INTEGER NOT NULL,             -- 1, 2, …
    title        TEXT NOT NULL,
    text         TEXT NOT NULL,
    published    TEXT,                         -- value text: 2023-09, 2023-09-20 or 2023-09-20T10:15:00Z
    precision    TEXT CHECK (precision IN ('month', 'day', 'minute')),
    published_s  INTEGER,                      -- midpoint of the published period, seconds
    lang         TEXT NOT NULL,
    source       TEXT,
    agency       TEXT,
    keywords     TEXT NOT NULL,                -- JSON array
    url          TEXT,
    document     INTEGER REFERENCES documents (number),
    removed      TEXT NOT NULL,                -- JSON array of {kind, rule, text, offset}
    set_aside    TEXT NOT NULL,                -- JSON array of {field, value, reason}
    digest       TEXT NOT NULL,                -- of the folded title and text
    arrived_at   INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'placed', 'failed')),
    error        TEXT,                         -- why it failed
    original     INTEGER REFERENCES articles (number), -- set when its text repeats that article's
    story        INTEGER REFERENCES stories (number),  -- set when placed
    placement    TEXT                          -- JSON: why it is in its story
) STRICT;
CREATE UNIQUE INDEX articles_url ON articles (url) WHERE url IS NOT NULL;
CREATE INDEX articles_digest ON articles (digest);
CREATE INDEX articles_story ON articles (story, number);
CREATE INDEX articles_queued ON articles (number) WHERE state = 'queued';
CREATE INDEX articles_original ON articles (original) WHERE original IS NOT NULL;

-- Earlier texts of articles that changed.
CREATE TABLE revisions (
    article     INTEGER NOT NULL REFERENCES articles (number),
    revision    INTEGER NOT NULL,
    title       TEXT NOT NULL,
    text        TEXT NOT NULL,
    published   TEXT,
    precision   TEXT,
    digest      TEXT NOT NULL,
    replaced_at INTEGER NOT NULL,
    PRIMARY KEY (article, revision)
) STRICT, WITHOUT ROWID;

-- Unit vectors as the model gave them (f32, little endian), before centring. Near-duplicates have none.
CREATE TABLE vectors (
    article INTEGER PRIMARY KEY REFERENCES articles (number),
    vector  BLOB NOT NULL
) STRICT;

-- The similarity graph: a < b, both articles.number.
CREATE TABLE edges (
    a     INTEGER NOT NULL,
    b     INTEGER NOT NULL,
    score REAL NOT NULL,
    PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;

-- The append-only change log. Everything that is pushed comes from it.
CREATE TABLE changes (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('story_created', 'article_joined', 'article_left', 'article_revised',
                                          'merged', 'split', 'renamed', 'state_changed', 'corrected')),
    story   INTEGER NOT NULL REFERENCES stories (number),
    article INTEGER REFERENCES articles (number),
    detail  TEXT NOT NULL                      -- JSON object, by kind
) STRICT;
CREATE INDEX changes_story ON changes (story, number);

-- Inputs that were refused, kept so that nothing is lost.
CREATE TABLE refused (
    number     INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    place      TEXT NOT NULL,                  -- file and line, or request id
    reason     TEXT NOT NULL,
    input      TEXT NOT NULL                   -- the input, cut to a stated length
) STRICT;

-- Full text, folded (see extract::fold); rowid = articles.number.
CREATE VIRTUAL TABLE search USING fts5 (title, text, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2");
