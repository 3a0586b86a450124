//! Full-text search over folded titles and texts.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::article::{COLUMNS, TABLES, article};
use super::{BadCursor, Page, ReadError, cut_page, decode, encode};
use crate::article::DatedJson;
use crate::extract::fold::fold;
use crate::store::Store;

/// Code points of a snippet at most.
pub const SNIPPET: usize = 240;

/// What to look for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SearchQuery {
    /// Words; all of them must occur.
    pub q: String,
    /// Only articles in this language.
    pub lang: Option<String>,
    /// Only articles of this source.
    pub source: Option<String>,
}

/// A place in a text, in code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Range {
    /// First code point.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
}

/// An article that was found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The article's id.
    pub article_id: String,
    /// Its story.
    pub story_id: Option<String>,
    /// Its headline.
    pub title: String,
    /// Language code.
    pub lang: String,
    /// The outlet.
    pub source: Option<String>,
    /// Publication date.
    pub published: Option<DatedJson>,
    /// A piece of its text, as published.
    pub snippet: String,
    /// Where the words stand in the snippet.
    pub highlights: Vec<Range>,
}

/// The words of a query as a full-text expression; `None` when it has no word.
pub(super) fn match_expression(q: &str) -> Option<String> {
    let folded = fold(q);
    let words: Vec<String> = folded
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect();
    (!words.is_empty()).then(|| words.join(" AND "))
}

impl Store {
    /// Articles that hold all words of a query, best first (BM25, titles count three times).
    ///
    /// # Errors
    /// When the cursor is not of this search, or the store cannot be read.
    pub fn search(
        &self,
        query: &SearchQuery,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<SearchHit>, ReadError> {
        let skip: i64 = match cursor {
            Some(cursor) => {
                let (asked, skip): (SearchQuery, i64) = decode(cursor)?;
                if asked.q != query.q || asked.lang != query.lang || asked.source != query.source {
                    return Err(BadCursor.into());
                }
                skip
            }
            None => 0,
        };
        let Some(expression) = match_expression(&query.q) else {
            return Ok(Page {
                items: Vec::new(),
                next_cursor: None,
            });
        };
        Ok(self.read(|connection| {
            let mut items: Vec<SearchHit> = connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM {TABLES} JOIN search ON search.rowid = a.number WHERE search MATCH ?1
                     AND (?2 IS NULL OR a.lang = ?2) AND (?3 IS NULL OR a.source = ?3)
                     ORDER BY bm25(search, 3.0, 1.0), a.number DESC LIMIT ?4 OFFSET ?5"
                ))?
                .query_map(
                    params![expression, query.lang, query.source, per_page as i64 + 1, skip],
                    |row| {
                        let (found, _) = article(row)?;
                        let (snippet, highlights) = snippet(&found.title, &found.text, &query.q);
                        Ok(SearchHit {
                            article_id: found.id,
                            story_id: found.story_id,
                            title: found.title,
                            lang: found.lang,
                            source: found.source,
                            published: found.published,
                            snippet,
                            highlights,
                        })
                    },
                )?
                .collect::<Result<_, _>>()?;
            let more = cut_page(&mut items, per_page);
            let next = (query, skip + items.len() as i64);
            Ok(Page {
                next_cursor: if more { Some(encode(&next)?) } else { None },
                items,
            })
        })?)
    }
}

/// The piece of a text around the first word that was looked for, and where the words stand in it.
fn snippet(title: &str, text: &str, q: &str) -> (String, Vec<Range>) {
    let folded = fold(q);
    let wanted: Vec<&str> = folded.split(' ').collect();
    let text = if text.is_empty() { title } else { text };
    let letters: Vec<char> = text.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
    let mut places = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let word: String = letters.iter().skip(at).take_while(|c| !c.is_whitespace()).collect();
        let length = word.chars().count();
        if length > 0 && fold(&word).split(' ').any(|part| wanted.contains(&part)) {
            let lead = word.chars().take_while(|c| !c.is_alphanumeric()).count();
            let tail = word.chars().rev().take_while(|c| !c.is_alphanumeric()).count();
            places.push(Range {
                start: at + lead,
                end: at + length.saturating_sub(tail).max(lead),
            });
        }
        at += length + 1;
    }
    let first = places.first().map_or(0, |place| place.start);
    let start = match first.saturating_sub(SNIPPET / 3) {
        0 => 0,
        near => near + letters.iter().skip(near).take_while(|c| !c.is_whitespace()).count() + 1,
    };
    let end = (start + SNIPPET).min(letters.len());
    let shown: String = letters.get(start..end).unwrap_or_default().iter().collect();
    let highlights = places
        .into_iter()
        .filter(|place| place.start >= start && place.end <= end)
        .map(|place| Range {
            start: place.start - start,
            end: place.end - start,
        })
        .collect();
    (shown, highlights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_words_are_found_in_the_text_as_published() {
        let (snippet, highlights) = snippet("", "وتوصّل طرفا النزاع في «قرة باغ» إلى اتفاق.", "قره باغ");
        let marked: Vec<String> = highlights
            .iter()
            .map(|range| {
                snippet
                    .chars()
                    .skip(range.start)
                    .take(range.end - range.start)
                    .collect()
            })
            .collect();
        assert_eq!(marked, ["قرة", "باغ"]);
    }

    #[test]
    fn a_query_is_words_never_syntax() {
        assert_eq!(
            match_expression("a\" OR b*"),
            Some("\"a\" AND \"or\" AND \"b\"".to_owned())
        );
        assert_eq!(match_expression(" «» "), None);
    }
}
