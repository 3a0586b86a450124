-- How stories stood at an earlier change: what has joined an article to a story, and what went up in a story.
CREATE INDEX changes_at ON changes (at, number);
CREATE INDEX changes_article ON changes (article, number) WHERE article IS NOT NULL;
CREATE INDEX changes_merged ON changes (detail ->> 'into', number) WHERE kind = 'merged';
-- A story that others went up in has changed with that: until now its version stood still.
-- (INDEXED BY, and a plus that takes the id's affinity away: else the log is read backwards for every story.)
UPDATE stories SET version = max(version, coalesce((SELECT max(c.number) FROM changes c INDEXED BY changes_merged
    WHERE c.kind = 'merged' AND c.detail ->> 'into' = +stories.id), 0));
-- What else a revision replaced, as JSON: source, agency, keywords, removed, set_aside. NULL in revisions from before.
ALTER TABLE revisions ADD COLUMN rest TEXT;
