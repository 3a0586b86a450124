-- What retention has dropped, and when. An article whose text is dropped keeps its title, address, date and digest.
ALTER TABLE articles ADD COLUMN text_dropped_at INTEGER;
ALTER TABLE articles ADD COLUMN vector_dropped_at INTEGER;
ALTER TABLE articles ADD COLUMN placement_dropped_at INTEGER;
ALTER TABLE documents ADD COLUMN text_dropped_at INTEGER;
-- When retention last went through a closed story's members.
ALTER TABLE stories ADD COLUMN texts_dropped_at INTEGER;
ALTER TABLE stories ADD COLUMN vectors_dropped_at INTEGER;
ALTER TABLE stories ADD COLUMN closed_dropped_at INTEGER;
CREATE INDEX stories_closed ON stories (coalesce(latest, updated_at / 1000000)) WHERE state = 'closed';
CREATE INDEX articles_document ON articles (document) WHERE document IS NOT NULL;
