-- Stories are made of strands: which one each article is in. Near-duplicates have none. Until now every story was one.
ALTER TABLE articles ADD COLUMN strand INTEGER;
UPDATE articles SET strand = story WHERE original IS NULL;
