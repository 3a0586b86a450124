-- What was published in a span of time, by story: the front page asks for it.
CREATE INDEX articles_published ON articles (published_s, story, original);
