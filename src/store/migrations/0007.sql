-- What was answered to requests that came with an Idempotency-Key, so that the same request gets the same answer again.
-- Written in the transaction that stores the articles.
CREATE TABLE answered (
    key     TEXT PRIMARY KEY,
    digest  TEXT NOT NULL,                     -- SHA-256 of the request
    answers TEXT NOT NULL,                     -- JSON: a receipt or a refusal for every article
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_at ON answered (at);

-- Articles that were set aside because they could not be placed.
CREATE INDEX articles_failed ON articles (number) WHERE state = 'failed';
