//! A watch's alerts as an Atom feed (RFC 4287).
//!
//! In: a watch and its newest alerts. Out: the feed's text. Ids are tag URIs (RFC 4151), the same for ever, so that a reader shows
//! no alert twice.

use askama::Template;

use crate::store::read::watch::{AlertView, WatchView};

#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed<'a> {
    watch: &'a WatchView,
    base: &'a str,
    updated: &'a str,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    number: u64,
    title: String,
    lang: &'a str,
    at: &'a str,
    event: &'a str,
    link: String,
    said: String,
}

/// Writes the feed; `base` is the address under which the reader asks.
///
/// # Errors
/// When the template fails.
pub fn write(watch: &WatchView, alerts: &[AlertView], base: &str) -> Result<String, askama::Error> {
    let updated = alerts.first().map_or(&watch.created_at, |alert| &alert.at);
    Feed {
        watch,
        base,
        updated,
        entries: alerts.iter().map(|alert| entry(alert, base)).collect(),
    }
    .render()
    .map(|text| text.chars().filter(|c| is_of_xml(*c)).collect())
}

fn entry<'a>(alert: &'a AlertView, base: &str) -> Entry<'a> {
    let (title, lang) = match &alert.article {
        Some(article) if !article.title.is_empty() => (article.title.clone(), &article.lang),
        _ => (alert.story.title.clone(), &alert.story.title_lang),
    };
    let link = match &alert.article {
        Some(article) => format!("{base}/articles/{}", percent(&article.id)),
        None => format!("{base}/stories/{}", percent(&alert.story.id)),
    };
    let other = ["into", "from", "to", "title", "state"]
        .into_iter()
        .find_map(|field| alert.detail.get(field)?.as_str());
    let source = alert.article.as_ref().and_then(|article| article.source.as_deref());
    let said = [Some(alert.story.title.as_str()), source, other];
    Entry {
        number: alert.number,
        title,
        lang,
        at: &alert.at,
        event: &alert.event,
        link,
        said: said.into_iter().flatten().collect::<Vec<_>>().join(" · "),
    }
}

pub(super) fn percent(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// Whether XML 1.0 has the character: other control characters would make the feed unreadable.
pub(super) fn is_of_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::read::watch::{AlertArticle, AlertStory, MessageCounts};
    use crate::track::Quiet;

    #[test]
    fn what_comes_from_outside_stays_text() {
        let watch = WatchView {
            id: "w1".to_owned(),
            name: "هدنة & <b>\u{1}".to_owned(),
            story_id: Some("s1".to_owned()),
            asked_story_id: None,
            search: None,
            url: None,
            events: Vec::new(),
            quiet: Quiet::default(),
            state: "active".to_owned(),
            why: None,
            feed: "/feeds/abc.atom".to_owned(),
            alerts: 1,
            held_back: 0,
            messages: MessageCounts::default(),
            failures: 0,
            due_at: None,
            created_at: "2026-11-25T00:00:00.000Z".to_owned(),
            updated_at: "2026-11-25T00:00:00.000Z".to_owned(),
        };
        let alert = AlertView {
            number: 7,
            change: 9,
            at: "2026-11-25T01:00:00.000Z".to_owned(),
            event: "article_joined".to_owned(),
            story: AlertStory {
                id: "s1".to_owned(),
                title: "Story".to_owned(),
                title_lang: "en".to_owned(),
            },
            article: Some(AlertArticle {
                id: "a/1 ü".to_owned(),
                title: "\"</title><script>".to_owned(),
                lang: "en".to_owned(),
                source: Some("Desk".to_owned()),
                published: None,
                url: None,
                near_duplicate_of: None,
            }),
            detail: serde_json::json!({}),
            held_back: None,
        };
        let text = write(&watch, &[alert], "http://127.0.0.1:1").unwrap();
        assert!(
            !text.contains("<script>") && !text.contains("<b>") && !text.contains('\u{1}'),
            "{text}"
        );
        assert!(text.contains("http://127.0.0.1:1/articles/a%2F1%20%C3%BC"), "{text}");
        assert!(
            text.contains("<updated>2026-11-25T01:00:00.000Z</updated>") && text.contains("Story · Desk"),
            "{text}"
        );
    }
}
