//! A story's timeline in other people's formats: CSV (RFC 4180), Atom (RFC 4287), TimelineJS, and a story as JSON-LD (schema.org).
//!
//! In: a story, its events, and what is known of their articles. Out: texts. Every sentence is the article's own; what is HTML to
//! the reader (TimelineJS) is escaped, and what a spreadsheet would take for a formula is marked as text.

use std::collections::HashMap;
use std::fmt::Write as _;

use askama::Template;
use askama::filters::Escaper as _;
use chrono::{Datelike as _, Timelike as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::feed::{is_of_xml, percent};
use super::web::escape::Escape;
use super::web::{direction, outward};
use crate::article::{Dated, DatedJson, Precision};
use crate::store::read::{ArticleRef, EndArticle, StoryView};
use crate::timeline::{Basis, Event};

/// Articles that are named with an event of TimelineJS, at most.
const NAMED: usize = 5;
/// Columns of the table.
const COLUMNS: [&str; 13] = [
    "date",
    "precision",
    "basis",
    "lang",
    "sentence",
    "article_id",
    "article_title",
    "source",
    "url",
    "articles",
    "near_duplicates",
    "article_ids",
    "event_id",
];

/// A story with its timeline.
pub struct Told<'a> {
    /// The story.
    pub story: &'a StoryView,
    /// Its events, by date.
    pub events: &'a [Event],
    /// What is known of the events' articles, by id.
    pub articles: &'a HashMap<String, ArticleRef>,
    /// The address under which the reader asks: scheme and host.
    pub base: &'a str,
}

/// Names of a story's events, in their order: 32 hexadecimal digits of the story, the event's date and the article of it that came
/// here first, so that an event keeps its name when another sentence is chosen for it. A second one of the same is counted on.
fn event_ids(story: &str, events: &[Event], articles: &HashMap<String, ArticleRef>) -> Vec<String> {
    let mut known: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    let name = |event| {
        let (date, first) = (event_date(event), first_article(event, articles));
        let nth = known.entry((date, first)).or_default();
        let mut digest = Sha256::new();
        for part in [story, date.unwrap_or_default(), first, &nth.to_string()] {
            digest.update(part);
            digest.update([0]);
        }
        *nth += 1;
        let mut text = String::new();
        for byte in digest.finalize().iter().take(16) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    };
    events.iter().map(name).collect()
}

fn event_date(event: &Event) -> Option<&str> {
    event.date.value.as_deref()
}

/// The article of an event that came here first.
fn first_article<'a>(event: &'a Event, articles: &HashMap<String, ArticleRef>) -> &'a str {
    let all = event.articles.iter().chain([&event.article]).map(|id| id.as_str());
    // Times of one form: their order as texts is theirs. What is not known comes last.
    all.min_by_key(|id| (articles.get(*id).map_or("~", |one| one.arrived_at.as_str()), *id))
        .unwrap_or_default()
}

fn basis(event: &Event) -> &'static str {
    match event.basis {
        Basis::Text => "text",
        Basis::Publication => "publication",
        Basis::None => "none",
    }
}

fn precision(date: &DatedJson) -> &'static str {
    match date.precision {
        Precision::Minute => "minute",
        Precision::Day => "day",
        Precision::Month => "month",
        Precision::Unknown => "unknown",
    }
}

impl Told<'_> {
    /// The events, each with its name.
    fn named_events(&self) -> Vec<(&Event, String)> {
        let ids = event_ids(&self.story.id, self.events, self.articles);
        self.events.iter().zip(ids).collect()
    }

    /// Where an article can be read: at its own address, else here.
    fn link(&self, id: &str) -> String {
        let own = self.articles.get(id).and_then(|article| article.url.as_deref());
        match own.and_then(outward) {
            Some(url) => url.to_owned(),
            None => format!("{}/articles/{}", self.base, percent(id)),
        }
    }

    fn story_link(&self) -> String {
        format!("{}/stories/{}", self.base, percent(&self.story.id))
    }

    /// What an article is called: its headline, or its id where it has none.
    fn title<'a>(&'a self, id: &'a str) -> &'a str {
        let known = self.articles.get(id).map(|article| article.title.as_str());
        known.filter(|title| !title.is_empty()).unwrap_or(id)
    }

    fn source(&self, id: &str) -> Option<&str> {
        self.articles.get(id)?.source.as_deref()
    }

    /// A table with a row for every event, in UTF-8, lines ended by CR LF.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        row(&mut out, COLUMNS);
        for (event, name) in self.named_events() {
            let id = event.article.as_str();
            let ids: Vec<String> = event.articles.iter().map(|id| percent(id.as_str())).collect();
            let (articles, copies) = (event.articles.len().to_string(), event.near_duplicates.to_string());
            row(
                &mut out,
                [
                    event.date.value.as_deref().unwrap_or_default(),
                    precision(&event.date),
                    basis(event),
                    &event.lang,
                    &event.sentence,
                    id,
                    self.title(id),
                    self.source(id).unwrap_or_default(),
                    &self.link(id),
                    &articles,
                    &copies,
                    &ids.join(" "),
                    &name,
                ],
            );
        }
        out
    }

    /// The timeline as TimelineJS reads it. Events without a date are left out: it has no place for them.
    pub fn timelinejs(&self) -> Value {
        let slide = |(event, name): (&Event, String)| {
            Some(json!({
                "unique_id": format!("e{name}"),
                "start_date": start_date(&event.date)?,
                "text": {"headline": marked(&event.sentence, &event.lang), "text": self.named(event)},
                "autolink": false,
            }))
        };
        let events: Vec<Value> = self.named_events().into_iter().filter_map(slide).collect();
        let StoryView {
            title, title_lang, id, ..
        } = self.story;
        json!({
            "title": {"unique_id": id, "text": {"headline": marked(title, title_lang), "text": ""}, "autolink": false},
            "events": events,
            "scale": "human",
        })
    }

    /// The articles of an event as HTML: the first of them by name.
    fn named(&self, event: &Event) -> String {
        let mut html = String::from("<ul>");
        for id in event.articles.iter().take(NAMED) {
            let id = id.as_str();
            let lang = self.articles.get(id).map_or("", |article| article.lang.as_str());
            let _ = write!(
                html,
                "<li><a href=\"{}\">{}</a>",
                escaped(&self.link(id)),
                marked(self.title(id), lang)
            );
            if let Some(source) = self.source(id) {
                let _ = write!(html, " <bdi>{}</bdi>", escaped(source));
            }
            html.push_str("</li>");
        }
        let more = event.articles.len().saturating_sub(NAMED);
        if more > 0 {
            let _ = write!(html, "<li>+ {more}</li>");
        }
        html.push_str("</ul>");
        html
    }

    /// An Atom feed with an entry for every event, the latest first; `own` is its address below the base.
    ///
    /// # Errors
    /// When the template fails.
    pub fn atom(&self, own: &str) -> Result<String, askama::Error> {
        let entry = |(event, name): (&Event, String)| {
            let id = event.article.as_str();
            let mut sources: Vec<&str> = Vec::new();
            for source in event.articles.iter().filter_map(|id| self.source(id.as_str())) {
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            Entry {
                id: name,
                title: match &event.date.value {
                    Some(value) => format!("{value} · {}", event.sentence),
                    None => event.sentence.clone(),
                },
                lang: event.lang.clone(),
                // Whoever reads the feed wants to see what is new to it: when the sentence came here.
                updated: self
                    .articles
                    .get(id)
                    .map_or(&self.story.updated_at, |article| &article.arrived_at)
                    .clone(),
                link: self.link(id),
                basis: basis(event),
                summary: sources.join(", "),
            }
        };
        let entries: Vec<Entry> = self.named_events().into_iter().rev().map(entry).collect();
        let updated = entries.iter().map(|entry| entry.updated.as_str()).max();
        StoryFeed {
            story: self.story,
            updated: updated.unwrap_or(&self.story.created_at),
            own: &format!("{}{own}", self.base),
            page: &self.story_link(),
            entries: &entries,
        }
        .render()
        .map(|text| text.chars().filter(|c| is_of_xml(*c)).collect())
    }

    /// The story in the words of schema.org: a page about a list of events, each the subject of news articles.
    pub fn json_ld(&self) -> Value {
        let story = self.story;
        let page = self.story_link();
        let items: Vec<Value> = (1..)
            .zip(self.named_events())
            .map(|(position, (event, name))| self.item(position, event, &name, &page))
            .collect();
        let named = |kind: &'static str, names: &[crate::store::read::NameView]| -> Vec<Value> {
            let of = |name: &crate::store::read::NameView| json!({"@type": kind, "name": name.name});
            names.iter().map(of).collect()
        };
        let about = [
            named("Person", &story.people),
            named("Place", &story.places),
            named("Organization", &story.organisations),
        ]
        .concat();
        let mut whole = object(json!({
            "@context": "https://schema.org",
            "@type": "CollectionPage",
            "@id": page,
            "url": page,
            "name": story.title,
            "inLanguage": story.languages,
            "dateCreated": story.created_at,
            "dateModified": story.updated_at,
            "mainEntity": {
                "@type": "ItemList",
                "itemListOrder": "https://schema.org/ItemListOrderAscending",
                "numberOfItems": items.len(),
                "itemListElement": items,
            },
        }));
        if !about.is_empty() {
            whole.insert("about".to_owned(), about.into());
        }
        if !story.terms.is_empty() {
            whole.insert("keywords".to_owned(), json!(story.terms));
        }
        let date = |article: &Option<EndArticle>| article.as_ref()?.published.as_ref()?.value.clone();
        if let Some((from, to)) = date(&story.first_article).zip(date(&story.last_article)) {
            whole.insert("temporalCoverage".to_owned(), format!("{from}/{to}").into());
        }
        Value::Object(whole)
    }

    fn item(&self, position: usize, event: &Event, name: &str, page: &str) -> Value {
        let article = |id: &crate::article::ArticleId| {
            let id = id.as_str();
            let link = self.link(id);
            let mut about =
                object(json!({"@type": "NewsArticle", "@id": link, "url": link, "headline": self.title(id)}));
            if let Some(known) = self.articles.get(id) {
                about.insert("inLanguage".to_owned(), known.lang.clone().into());
                if let Some(value) = known.published.as_ref().and_then(|published| published.value.clone()) {
                    about.insert("datePublished".to_owned(), value.into());
                }
                if let Some(source) = &known.source {
                    about.insert("publisher".to_owned(), json!({"@type": "Organization", "name": source}));
                }
            }
            Value::Object(about)
        };
        let mut about = object(json!({
            "@type": "Event",
            "@id": format!("{page}#{name}"),
            "name": event.sentence,
            "inLanguage": event.lang,
            "subjectOf": event.articles.iter().map(article).collect::<Vec<_>>(),
        }));
        if let Some(value) = &event.date.value {
            about.insert("startDate".to_owned(), value.clone().into());
        }
        json!({"@type": "ListItem", "position": position, "item": about})
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A date as far as it is known; `None` when it is not.
fn start_date(date: &DatedJson) -> Option<Value> {
    let dated = Dated::from_value_text(date.value.as_deref()?)?;
    let value = dated.value;
    let mut parts = object(json!({"year": value.year(), "month": value.month()}));
    if matches!(dated.precision, Precision::Day | Precision::Minute) {
        parts.insert("day".to_owned(), value.day().into());
    }
    if dated.precision == Precision::Minute {
        parts.insert("hour".to_owned(), value.hour().into());
        parts.insert("minute".to_owned(), value.minute().into());
    }
    Some(Value::Object(parts))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    // Writing to a text does not fail.
    let _ = Escape.write_escaped_str(&mut out, text);
    out
}

/// A text as HTML in its own language and direction.
fn marked(text: &str, lang: &str) -> String {
    format!(
        "<span lang=\"{}\" dir=\"{}\">{}</span>",
        escaped(lang),
        direction(lang),
        escaped(text)
    )
}

/// Adds a line of a table.
fn row<'a>(out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        put(out, cell);
    }
    out.push_str("\r\n");
}

/// A cell; one that a spreadsheet would take for a formula begins with an apostrophe, which makes it a text there (OWASP, CSV
/// injection).
fn put(out: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let quoted = formula || cell.contains(['"', ',', '\r', '\n']) || cell.trim() != cell;
    if !quoted {
        return out.push_str(cell);
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[derive(Template)]
#[template(path = "timeline.xml")]
struct StoryFeed<'a> {
    story: &'a StoryView,
    updated: &'a str,
    own: &'a str,
    page: &'a str,
    entries: &'a [Entry],
}

struct Entry {
    id: String,
    title: String,
    lang: String,
    updated: String,
    link: String,
    basis: &'static str,
    summary: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cells: &[&str]) -> String {
        let mut out = String::new();
        row(&mut out, cells.iter().copied());
        out
    }

    #[test]
    fn an_event_keeps_its_name_when_another_sentence_is_chosen() {
        let arrived = |hour: u32| ArticleRef {
            title: String::new(),
            lang: "en".to_owned(),
            source: None,
            published: None,
            url: None,
            arrived_at: format!("2026-11-25T{hour:02}:00:00.000Z"),
        };
        let articles: HashMap<String, ArticleRef> = [("late", 9), ("first", 7), ("then", 8)]
            .map(|(id, hour)| (id.to_owned(), arrived(hour)))
            .into();
        let event = |date: &str, sentence: &str, of: &str, all: &[&str]| Event {
            date: DatedJson {
                value: Some(date.to_owned()),
                precision: Precision::Day,
            },
            sentence: sentence.to_owned(),
            lang: "en".to_owned(),
            article: of.into(),
            articles: all.iter().map(|id| (*id).into()).collect(),
            near_duplicates: 0,
            basis: Basis::Text,
            others: Vec::new(),
        };
        let names = |story: &str, events: &[Event]| event_ids(story, events, &articles);
        let before = names("s1", &[event("2023-09-20", "A truce.", "first", &["first", "then"])]);
        let after = names(
            "s1",
            &[event(
                "2023-09-20",
                "A truce holds.",
                "late",
                &["late", "then", "first"],
            )],
        );
        assert_eq!(before, after);
        let twice = [
            event("2023-09-20", "A truce.", "first", &["first"]),
            event("2023-09-20", "A vote.", "first", &["first"]),
            event("2023-09-21", "A truce.", "first", &["first"]),
        ];
        let all = names("s1", &twice);
        assert_eq!(all[0], before[0]);
        let unlike: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(unlike.len(), 3, "each has its own");
        assert_ne!(names("s2", &twice)[0], all[0], "as has each story");
    }

    #[test]
    fn a_cell_is_quoted_as_rfc_4180_asks_and_never_a_formula() {
        assert_eq!(cells(&["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(
            cells(&["a \"b\"", "c,d", "e\nf", " g"]),
            "\"a \"\"b\"\"\",\"c,d\",\"e\nf\",\" g\"\r\n"
        );
        for formula in ["=1+1", "+1", "-2", "@SUM(A1)", "\tx", "\r=x", "＝1"] {
            assert!(cells(&[formula]).starts_with("\"'"), "{formula:?}");
        }
        assert_eq!(cells(&["هدنة، ثم قتال", "2023-09-20"]), "هدنة، ثم قتال,2023-09-20\r\n");
    }

    #[test]
    fn a_date_of_timelinejs_is_as_fine_as_it_is_known() {
        let date = |value: &str| start_date(&Dated::from_value_text(value).unwrap().into());
        assert_eq!(date("2023-09"), Some(json!({"year": 2023, "month": 9})));
        assert_eq!(date("2023-09-20"), Some(json!({"year": 2023, "month": 9, "day": 20})));
        assert_eq!(
            date("2023-09-20T10:15:00Z"),
            Some(json!({"year": 2023, "month": 9, "day": 20, "hour": 10, "minute": 15}))
        );
        let none = DatedJson {
            value: None,
            precision: Precision::Unknown,
        };
        assert_eq!(start_date(&none), None);
    }

    #[test]
    fn what_is_html_to_its_reader_is_escaped() {
        let html = marked("<img src=x onerror=alert(1)> & \"y\"", "ar\"");
        assert!(!html.contains("<img") && !html.contains("ar\"\""), "{html}");
        assert!(html.contains("dir=\"ltr\"") || html.contains("dir=\"auto\""), "{html}");
        assert!(marked("هدنة", "ar").starts_with("<span lang=\"ar\" dir=\"rtl\">"));
    }
}
