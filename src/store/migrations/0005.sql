-- What the list of stories and a story's page look up in a large store.
CREATE INDEX stories_split_from ON stories (split_from) WHERE split_from IS NOT NULL;
CREATE INDEX stories_merged_into ON stories (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX stories_state ON stories (state, updated_at, number);
DROP INDEX stories_started;
CREATE INDEX stories_started ON stories (coalesce(started, -9223372036854775807), number);
CREATE INDEX articles_source ON articles (source, story);
CREATE INDEX articles_lang ON articles (lang, story);
