-- What a story was sorted by before each change of that: a walk through a list finds it where it stood when the walk began, and
-- neither skips nor repeats it. The last 50,000 are kept.
CREATE TABLE story_keys (
    seq        INTEGER PRIMARY KEY,
    story      INTEGER NOT NULL REFERENCES stories (number),
    updated_at INTEGER NOT NULL,
    started    INTEGER,
    articles   INTEGER NOT NULL,
    velocity   REAL NOT NULL,
    importance REAL
) STRICT;

CREATE TRIGGER story_keys_kept AFTER UPDATE OF updated_at, started, articles, velocity, importance ON stories
WHEN old.updated_at IS NOT new.updated_at OR old.started IS NOT new.started OR old.articles IS NOT new.articles
    OR old.velocity IS NOT new.velocity OR old.importance IS NOT new.importance
BEGIN
    INSERT INTO story_keys (story, updated_at, started, articles, velocity, importance)
    VALUES (old.number, old.updated_at, old.started, old.articles, old.velocity, old.importance);
    DELETE FROM story_keys WHERE seq <= (SELECT max(seq) FROM story_keys) - 50000;
END;

-- The oldest message that waits of each watch goes first.
CREATE INDEX messages_waiting ON messages (watch, number) WHERE state = 'waiting';
-- Whether a watch has told of an article.
CREATE INDEX alerts_article ON alerts (watch, article);
