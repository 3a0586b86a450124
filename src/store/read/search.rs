//! Full-text search over folded titles and texts.

use std::fmt::Write as _;

use rusqlite::named_params;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::article::{ArticleView, COLUMNS, TABLES, article};
use super::{BadCursor, Page, ReadError, cut_page, decode, encode, list_name};
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
    /// Only articles published then or later, seconds since 1970; undated ones are left out.
    pub from: Option<i64>,
    /// Only articles published then or earlier, seconds since 1970; undated ones are left out.
    pub to: Option<i64>,
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
    /// With `mode=meaning`: cosine of the article's vector and the question's, each seen from the mean of its language; true to
    /// about a thousandth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
}

/// A word that is looked for, folded.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    word: String,
    /// Whether every word that begins so will do: a star stood behind it.
    begins: bool,
}

fn wanted(q: &str) -> Vec<Wanted> {
    let mut found = Vec::new();
    for piece in q.split_whitespace() {
        let folded = fold(piece);
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        found.extend(words.iter().enumerate().map(|(at, word)| Wanted {
            word: (*word).to_owned(),
            begins: at + 1 == words.len() && piece.ends_with('*'),
        }));
    }
    found
}

/// The words of a query, all of which must occur, as a full-text expression; `None` when it has no word. A star behind a word
/// stands for every ending; an Arabic word is found with and without its article and the particles written together with it.
pub(in crate::store) fn match_expression(q: &str) -> Option<String> {
    Some(format!("{{title text}} : ({})", all_words(q)?))
}

fn all_words(q: &str) -> Option<String> {
    let words: Vec<String> = wanted(q)
        .into_iter()
        .map(|Wanted { word, begins }| {
            let star = if begins { "*" } else { "" };
            let Some(bare) = bare(&word) else {
                return format!("\"{word}\"{star}");
            };
            let forms = CLITICS.map(|particles| format!("\"{particles}{bare}\"{star}"));
            format!("({})", forms.join(" OR "))
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" AND "))
}

/// What the full-text index keeps of a language or a source: one word of its bytes.
fn tag(kind: char, value: &str) -> String {
    value.bytes().fold(kind.to_string(), |mut word, byte| {
        // Writing to a string does not fail.
        let _ = write!(word, "{byte:02x}");
        word
    })
}

/// Bits of a row of the full-text index that are the article's number; those above are its date (migration 10).
const NUMBER_BITS: u32 = 28;
/// The bits of such a row that are the number.
pub(in crate::store) const NUMBER: i64 = (1 << NUMBER_BITS) - 1;
/// Seconds of the earliest and the latest date that rows of the full-text index tell apart.
const DATES: (i64, i64) = (-(1 << 34) + 1, (1 << 34) - 1);

/// The first row of the full-text index that an article of that second can have.
fn row_from(seconds: i64) -> i64 {
    seconds.clamp(DATES.0, DATES.1) << NUMBER_BITS
}

/// Where a page ends, in the order of [`Store::search`]. `newest` and `revised` pin what was there when the first page
/// was read: articles that came later, or whose text has changed since, are left out of the later pages.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    list: String,
    newest: i64,
    revised: i64,
    in_title: bool,
    row: i64,
}

impl Store {
    /// Articles that hold all words of a query: those first that have them all in their title, then by publication, the
    /// newest first; on a page an original stands before what repeats it. Nothing in that order depends on which other articles are stored (as BM25 does), so that a walk
    /// through the pages never repeats an article, and never skips one that did not change meanwhile.
    ///
    /// # Errors
    /// When the cursor is not of this search, or the store cannot be read.
    pub fn search(
        &self,
        query: &SearchQuery,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<SearchHit>, ReadError> {
        let list = list_name("search", query)?;
        let place: Option<Place> = cursor.map(decode).transpose()?;
        if place.as_ref().is_some_and(|place| place.list != list) {
            return Err(BadCursor.into());
        }
        let Some(words) = all_words(&query.q) else {
            return Ok(Page {
                items: Vec::new(),
                next_cursor: None,
            });
        };
        let tags = [('l', &query.lang), ('s', &query.source)];
        let tags: String = tags
            .iter()
            .filter_map(|(kind, value)| Some(format!(" AND tags : \"{}\"", tag(*kind, value.as_deref()?))))
            .collect();
        let titled = format!("title : ({words}){tags}");
        let others = format!("({{title text}} : ({words}){tags}) NOT title : ({words})");
        Ok(self.read(|connection| {
            let (newest, revised) = match &place {
                Some(place) => (place.newest, place.revised),
                None => connection.query_row(
                    "SELECT (SELECT coalesce(max(number), 0) FROM articles),
                            (SELECT coalesce(max(replaced_at), 0) FROM revisions)",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?,
            };
            // Both lists are read from their ends, as far as the page goes.
            let mut statement = connection.prepare_cached(&format!(
                "WITH page AS MATERIALIZED (
                   SELECT f.rowid AS place, f.rowid & {NUMBER} AS number FROM search f
                   WHERE search MATCH :words AND f.rowid < :behind AND f.rowid >= :from AND f.rowid < :to
                   AND f.rowid & {NUMBER} <= :newest
                   AND NOT EXISTS (SELECT 1 FROM revisions r WHERE r.article = f.rowid & {NUMBER} AND r.replaced_at > :revised)
                   ORDER BY f.rowid DESC LIMIT :limit)
                 SELECT {COLUMNS}, page.place FROM page CROSS JOIN {TABLES} WHERE a.number = page.number
                 ORDER BY page.place DESC"
            ))?;
            let mut found: Vec<(ArticleView, bool, i64)> = Vec::new();
            for (in_title, expression) in [(true, &titled), (false, &others)] {
                let behind = match &place {
                    Some(place) if place.in_title == in_title => place.row,
                    Some(_) if in_title => continue,
                    _ => i64::MAX,
                };
                let wanted = per_page + 1 - found.len();
                if wanted == 0 {
                    break;
                }
                let rows = statement.query_map(
                    named_params! {
                        ":words": expression,
                        ":behind": behind,
                        ":from": query.from.or(query.to.and(Some(DATES.0))).map_or(i64::MIN, row_from),
                        ":to": query.to.map_or(i64::MAX, |to| row_from(to.saturating_add(1))),
                        ":newest": newest,
                        ":revised": revised,
                        ":limit": wanted as i64,
                    },
                    |row| Ok((article(row)?.0, in_title, row.get(20)?)),
                )?;
                for one in rows {
                    found.push(one?);
                }
            }
            let more = cut_page(&mut found, per_page);
            let next_cursor = match found.last() {
                Some((_, in_title, row)) if more => Some(encode(&Place {
                    list,
                    newest,
                    revised,
                    in_title: *in_title,
                    row: *row,
                })?),
                _ => None,
            };
            originals_first(&mut found);
            Ok(Page {
                items: found.into_iter().map(|(view, ..)| hit(view, &query.q)).collect(),
                next_cursor,
            })
        })?)
    }
}

pub(super) fn hit(found: ArticleView, q: &str) -> SearchHit {
    let (snippet, highlights) = snippet(&found.title, found.text.as_deref().unwrap_or_default(), q);
    SearchHit {
        article_id: found.id,
        story_id: found.story_id,
        title: found.title,
        lang: found.lang,
        source: found.source,
        published: found.published,
        snippet,
        highlights,
        cosine: None,
    }
}

/// Particles that Arabic writes together with the word behind them, folded: none, "and", "so", "by", "as", "to", "the", and several
/// of them.
const CLITICS: [&str; 19] = [
    "", "و", "ف", "ب", "ك", "ل", "ال", "وال", "فال", "بال", "كال", "لل", "وبال", "ولل", "فلل", "وب", "ول", "فب", "فل",
];
/// Letters of a word that is found behind a particle, at least: shorter ones are the beginnings of too many others.
const WORD: usize = 3;

/// An Arabic word that was looked for, without its article; `None` of other words, and of short ones.
fn bare(word: &str) -> Option<&str> {
    let bare = word.strip_prefix("ال").unwrap_or(word);
    let is_arabic = bare.starts_with(|c| ('\u{620}'..='\u{64a}').contains(&c));
    (is_arabic && bare.chars().count() >= WORD).then_some(bare)
}

/// Whether a word of a text is one that was looked for, an Arabic one with or without its article and behind particles («لوقف» for
/// «وقف», «للهدنة» for «الهدنة»); both folded.
fn is_meant(part: &str, Wanted { word, begins }: &Wanted) -> bool {
    let fits = |part: &str, word: &str| part == word || (*begins && part.starts_with(word));
    let behind = |bare: &str| {
        let mut stripped = CLITICS.iter().filter_map(|particles| part.strip_prefix(particles));
        stripped.any(|part| fits(part, bare))
    };
    fits(part, word) || bare(word).is_some_and(behind)
}

/// Puts an original before the articles that repeat it, as far as both are on the page and found alike; the others stay.
fn originals_first(found: &mut Vec<(ArticleView, bool, i64)>) {
    for at in 0..found.len() {
        let place = found.iter().position(|(later, in_title, _)| {
            let repeats = |(one, other, _): &(ArticleView, bool, i64)| {
                other == in_title && one.near_duplicate_of.as_ref() == Some(&later.id)
            };
            found.get(at).is_some_and(repeats)
        });
        if let Some(place) = place.filter(|place| *place > at) {
            let original = found.remove(place);
            found.insert(at, original);
        }
    }
}

/// The piece of a text around the first word that was looked for, and where the words stand in it.
fn snippet(title: &str, text: &str, q: &str) -> (String, Vec<Range>) {
    let wanted = wanted(q);
    let is_wanted = |part: &str| wanted.iter().any(|one| is_meant(part, one));
    let text = if text.is_empty() { title } else { text };
    let letters: Vec<char> = text.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
    let mut places = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let word: String = letters.iter().skip(at).take_while(|c| !c.is_whitespace()).collect();
        let length = word.chars().count();
        if length > 0 && fold(&word).split(' ').any(is_wanted) {
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
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::article::{Dated, Draft};
    use crate::pipeline::Submission;

    /// Adds an article that was published on a day of January 2024.
    fn add(store: &Store, id: &str, title: &str, text: &str, day: Option<u32>) {
        let draft = Draft {
            id: Some(id.into()),
            title: title.to_owned(),
            text: text.to_owned(),
            lang: if id.starts_with('f') { "fr" } else { "en" }.to_owned(),
            source: Some(format!("source of {id}")),
            published: day
                .and_then(|day| chrono::NaiveDate::from_ymd_opt(2024, 1, day))
                .map(Dated::day),
            ..Draft::default()
        };
        let arrival = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(30_000);
        let later = store.totals().unwrap().articles as i64;
        let answers = store.accept(
            &[Submission { draft, document: None }],
            arrival + TimeDelta::seconds(later),
        );
        assert!(answers.unwrap().iter().all(Result::is_ok));
    }

    fn walk(store: &Store, query: &SearchQuery, mut between: impl FnMut(usize)) -> Vec<String> {
        let (mut seen, mut cursor) = (Vec::new(), None);
        for page in 1..20 {
            let found = store.search(query, cursor.as_deref(), 2).unwrap();
            seen.extend(found.items.into_iter().map(|hit| hit.article_id));
            cursor = found.next_cursor;
            if cursor.is_none() {
                return seen;
            }
            between(page);
        }
        panic!("the walk has no end: {seen:?}");
    }

    fn six(dir: &std::path::Path) -> Store {
        let store = Store::open(dir).unwrap();
        for (number, day) in [5, 3, 4, 1, 2].into_iter().enumerate() {
            let text = format!("A bridge over river {number}, and much else beside the bridge.");
            add(&store, &format!("e{day}"), &format!("Town {number}"), &text, Some(day));
        }
        add(&store, "f0", "Bridge", "The bridge of nobody knows when.", None);
        store
    }

    fn bridges() -> SearchQuery {
        SearchQuery {
            q: "bridge".to_owned(),
            ..SearchQuery::default()
        }
    }

    #[test]
    fn a_walk_neither_repeats_nor_skips_while_articles_arrive() {
        let dir = tempfile::tempdir().unwrap();
        let store = six(dir.path());
        let order = ["f0", "e5", "e4", "e3", "e2", "e1"];
        assert_eq!(walk(&store, &bridges(), |_| ()), order, "titles first, then the newest");
        let seen = walk(&store, &bridges(), |page| {
            add(&store, &format!("before{page}"), "Bridge bridge", "Bridge.", Some(28));
            add(&store, &format!("within{page}"), "Else", "The bridge.", Some(3));
        });
        assert_eq!(seen, order);
    }

    #[test]
    fn an_article_that_is_revised_is_not_listed_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = six(dir.path());
        let seen = walk(&store, &bridges(), |page| {
            if page == 1 {
                let text = "A bridge over river 0, and much else beside the bridge, and now more.";
                add(&store, "e5", "Town 0", text, Some(5));
            }
        });
        assert_eq!(seen, ["f0", "e5", "e4", "e3", "e2", "e1"]);
    }

    #[test]
    fn a_revision_that_brings_a_date_moves_its_article_to_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = six(dir.path());
        add(
            &store,
            "f0",
            "Bridge",
            "The bridge of nobody knows when, until now.",
            Some(3),
        );
        add(&store, "f1", "Bridge", "Another bridge.", Some(1));
        assert_eq!(
            walk(&store, &bridges(), |_| ()),
            ["f0", "f1", "e5", "e4", "e3", "e2", "e1"]
        );
        for checked in store.check().unwrap() {
            assert!(checked.troubles.is_empty(), "{checked:?}");
        }
    }

    #[test]
    fn filters_leave_out_and_belong_to_the_cursor() {
        let dir = tempfile::tempdir().unwrap();
        let store = six(dir.path());
        let second = 86_400;
        let january = Dated::day(chrono::NaiveDate::from_ymd_opt(2024, 1, 1).unwrap())
            .value
            .timestamp();
        let some = SearchQuery {
            from: Some(january + second),
            to: Some(january + 4 * second - 1),
            ..bridges()
        };
        assert_eq!(walk(&store, &some, |_| ()), ["e4", "e3", "e2"]);
        let french = SearchQuery {
            lang: Some("fr".to_owned()),
            ..bridges()
        };
        assert_eq!(walk(&store, &french, |_| ()), ["f0"]);
        let of = SearchQuery {
            source: Some("source of e2".to_owned()),
            ..bridges()
        };
        assert_eq!(walk(&store, &of, |_| ()), ["e2"]);
        let cursor = store.search(&bridges(), None, 2).unwrap().next_cursor;
        assert!(matches!(
            store.search(&some, cursor.as_deref(), 2),
            Err(ReadError::Cursor(_))
        ));
        assert!(matches!(
            store.stories(&crate::store::read::StoryQuery::default(), cursor.as_deref(), 2),
            Err(ReadError::Cursor(_))
        ));
    }

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
    fn a_word_behind_particles_is_marked_too() {
        let marked = |text: &str, q: &str| -> Vec<String> {
            let (snippet, highlights) = snippet("", text, q);
            let word = |range: Range| {
                snippet
                    .chars()
                    .skip(range.start)
                    .take(range.end - range.start)
                    .collect()
            };
            highlights.into_iter().map(word).collect()
        };
        assert_eq!(
            marked("اتفاق لوقف إطلاق النار ثم توقف الإطلاق", "وقف إطلاق"),
            ["لوقف", "إطلاق", "الإطلاق"]
        );
        assert_eq!(marked("مستعدون للهدنة، والهدنة قريبة", "الهدنة"), ["للهدنة", "والهدنة"]);
        // A short word begins too many others.
        assert_eq!(marked("ولد في بلد", "لد"), Vec::<String>::new());
        assert_eq!(marked("A ban on bans", "an"), Vec::<String>::new());
    }

    #[test]
    fn an_original_stands_before_its_reprint() {
        let dir = tempfile::tempdir().unwrap();
        let store = six(dir.path());
        let listed = |store: &Store| -> Vec<String> {
            let found = store.search(&bridges(), None, 10).unwrap().items;
            found.into_iter().map(|hit| hit.article_id).collect()
        };
        assert_eq!(listed(&store), ["f0", "e5", "e4", "e3", "e2", "e1"]);
        let connection = rusqlite::Connection::open(dir.path().join("silsila.db")).unwrap();
        for (copy, original) in [("e4", "e2"), ("e5", "e1"), ("e3", "f0")] {
            let set = "UPDATE articles SET original = (SELECT number FROM articles WHERE id = ?2) WHERE id = ?1";
            assert_eq!(connection.execute(set, [copy, original]).unwrap(), 1);
        }
        assert_eq!(
            listed(&store),
            ["f0", "e1", "e5", "e2", "e4", "e3"],
            "f0 has the word in its title"
        );
    }

    #[test]
    fn a_query_is_words_never_syntax() {
        assert_eq!(
            match_expression("a\" OR b* c*d *"),
            Some("{title text} : (\"a\" AND \"or\" AND \"b\"* AND \"c\" AND \"d\")".to_owned()),
            "a star behind a word alone means something"
        );
        let (shown, marked) = snippet("", "The bridge, the bridgehead and the ridge.", "bridg*");
        let words: Vec<String> = marked
            .iter()
            .map(|range| shown.chars().skip(range.start).take(range.end - range.start).collect())
            .collect();
        assert_eq!(words, ["bridge", "bridgehead"]);
        assert_eq!(match_expression(" «» "), None);
    }

    #[test]
    fn an_arabic_word_is_found_with_and_without_what_is_written_together_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let texts = [
            "هدنة في السودان",
            "إلى سودان بلا حرب",
            "وللسودان موقف",
            "سودانيون في المهجر",
            "الهدنة صامدة",
            "من كل فج",
        ];
        for (number, text) in texts.iter().enumerate() {
            add(&store, &format!("e{number}"), text, "", Some(1));
        }
        let cases: [(&str, &[&str]); 6] = [
            ("سودان", &["e0", "e1", "e2"]),
            ("السودان", &["e0", "e1", "e2"]),
            ("الهدنة", &["e0", "e4"]),
            ("هدن*", &["e0", "e4"]),
            ("فج", &["e5"]),
            ("كل", &["e5"]),
        ];
        for (q, expected) in cases {
            let query = SearchQuery {
                q: q.to_owned(),
                ..SearchQuery::default()
            };
            let found = store.search(&query, None, 10).unwrap().items;
            assert!(found.iter().all(|hit| !hit.highlights.is_empty()), "{q}");
            let mut ids: Vec<&str> = found.iter().map(|hit| hit.article_id.as_str()).collect();
            ids.sort_unstable();
            assert_eq!(ids, expected, "{q}");
        }
    }

    #[test]
    fn arabic_spellings_and_digits_are_found_by_any_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        // Stored so, looked for so, and the word that is marked.
        let cases = [
            ("أحمد يصل إلى آسيا", "احمد الى اسيا", "أحمد"),
            ("احمد سافر بعيدا", "أحمد سافر بعيدًا", "احمد"),
            ("مسؤول عن شؤون اللاجئين", "مسوول شوون اللاجيين", "مسؤول"),
            ("معركة في قرة باغ", "معركه قره باغ", "معركة"),
            ("مستشفى المدينه", "مستشفي المدينة", "مستشفى"),
            ("المـــزيد من الأخبـار", "المزيد الاخبار", "المـــزيد"),
            ("مُحَمَّدٌ يُغادِرُ", "محمد يغادر", "مُحَمَّدٌ"),
            ("محمود عاد", "مَحْمُود", "محمود"),
            ("في ٢٠٢٣ وقع الزلزال", "2023 الزلزال", "٢٠٢٣"),
            ("في 1999 انتهت الحرب", "١٩٩٩ الحرب", "1999"),
            ("سال ۱۴۰۲ آغاز شد", "1402 اغاز", "۱۴۰۲"),
            ("کتاب تازه‌ی ایران", "كتاب ايران", "کتاب"),
        ];
        for (number, (text, ..)) in cases.iter().enumerate() {
            add(&store, &format!("e{number}"), text, "", Some(1));
        }
        for (number, (text, q, marked)) in cases.iter().enumerate() {
            let query = SearchQuery {
                q: (*q).to_owned(),
                ..SearchQuery::default()
            };
            let found = store.search(&query, None, 10).unwrap().items;
            let ids: Vec<&str> = found.iter().map(|hit| hit.article_id.as_str()).collect();
            assert_eq!(ids, [format!("e{number}")], "{q} in {text}");
            let hit = found.first().unwrap();
            let words: Vec<String> = hit
                .highlights
                .iter()
                .map(|range| {
                    hit.snippet
                        .chars()
                        .skip(range.start)
                        .take(range.end - range.start)
                        .collect()
                })
                .collect();
            assert!(words.iter().any(|word| word == marked), "{q} in {text}: {words:?}");
        }
    }
}
