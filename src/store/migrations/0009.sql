-- What is watched, and who hears of it.
CREATE TABLE watches (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    story       INTEGER REFERENCES stories (number),   -- the story that is followed now; none for a saved search
    origin      INTEGER REFERENCES stories (number),   -- the story that was asked for
    search      TEXT,                          -- JSON: the saved search
    url         TEXT,                          -- where messages are posted to
    events      TEXT NOT NULL,                 -- JSON array of names; empty: all
    quiet       TEXT NOT NULL,                 -- JSON: bounds against floods
    secrets     TEXT NOT NULL,                 -- JSON array of {secret, until}, the newest first
    feed        TEXT NOT NULL UNIQUE,          -- the secret part of its feed's address
    state       TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    why         TEXT,                          -- why it is disabled
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    due_at      INTEGER,                       -- when what waits becomes a message
    sent_at     INTEGER,                       -- when its latest message was made
    rest_until  INTEGER,                       -- its receiver failed: nothing is sent before
    failures    INTEGER NOT NULL DEFAULT 0     -- tries that failed since one succeeded
) STRICT;
CREATE INDEX watches_story ON watches (story);
CREATE INDEX watches_due ON watches (due_at) WHERE due_at IS NOT NULL;

-- One change as one watch hears of it: written with the change, once.
CREATE TABLE alerts (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    watch       INTEGER NOT NULL REFERENCES watches (number) ON DELETE CASCADE,
    change      INTEGER NOT NULL REFERENCES changes (number),
    at          INTEGER NOT NULL,
    event       TEXT NOT NULL,
    story       INTEGER NOT NULL REFERENCES stories (number),
    article     INTEGER REFERENCES articles (number),
    detail      TEXT NOT NULL,                 -- JSON: what the change says
    held        TEXT,                          -- why it is only counted
    message     INTEGER REFERENCES messages (number),
    UNIQUE (watch, change)
) STRICT;
CREATE INDEX alerts_waiting ON alerts (watch, number) WHERE message IS NULL;
CREATE INDEX alerts_watch ON alerts (watch, number);
CREATE INDEX alerts_message ON alerts (message) WHERE message IS NOT NULL;

-- What is posted to a receiver, word for word, under one id however often it is tried.
CREATE TABLE messages (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,          -- webhook-id
    watch       INTEGER NOT NULL REFERENCES watches (number) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    body        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    tries       INTEGER NOT NULL DEFAULT 0,
    since       INTEGER NOT NULL,              -- when it was made or last replayed: given up so long after that
    due_at      INTEGER,                       -- when it is tried next
    ended_at    INTEGER
) STRICT;
CREATE INDEX messages_due ON messages (due_at) WHERE state = 'waiting';
CREATE INDEX messages_watch ON messages (watch, number);
CREATE INDEX messages_dead ON messages (watch, number) WHERE state = 'dead';

-- Every try.
CREATE TABLE tries (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    message      INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    status       INTEGER,                      -- of the answer, if there was one
    milliseconds INTEGER NOT NULL,
    answer       TEXT,                         -- its beginning
    error        TEXT
) STRICT;
CREATE INDEX tries_message ON tries (message, number);
