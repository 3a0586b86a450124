//! Articles that hold words.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::frame::{Frame, Sorry, parameter, with};
use super::front::include;
use super::names::StoryNames;
use super::phrase::Link;
use super::words::Words;
use super::{PER_PAGE, some};
use crate::article::DatedJson;
use crate::pipeline::MeaningError;
use crate::publish::App;
use crate::store::read::{Facets, SNIPPET, SearchHit, SearchQuery};

/// A found article.
struct Hit {
    link: Link,
    lang: String,
    source: String,
    published: Option<DatedJson>,
    story: Option<Link>,
    snippet: Vec<Piece>,
    /// How near it is in meaning, where that was asked for.
    alike: String,
}

/// A piece of a snippet.
struct Piece {
    text: String,
    marked: bool,
}

impl Hit {
    fn new(hit: SearchHit, story: Option<Link>, words: &Words) -> Self {
        let letters: Vec<char> = hit.snippet.chars().collect();
        let piece = |from: usize, to: usize, marked| Piece {
            text: letters.get(from..to).unwrap_or_default().iter().collect(),
            marked,
        };
        let mut snippet = Vec::new();
        let mut at = 0;
        for range in &hit.highlights {
            snippet.push(piece(at, range.start, false));
            snippet.push(piece(range.start, range.end, true));
            at = range.end;
        }
        // A word that the end cuts in two is left out.
        let whole = match letters.len() >= SNIPPET {
            true => letters
                .iter()
                .rposition(|letter| *letter == ' ')
                .unwrap_or(letters.len()),
            false => letters.len(),
        };
        snippet.push(piece(at, whole.max(at), false));
        if whole < letters.len() {
            snippet.push(Piece {
                text: "…".to_owned(),
                marked: false,
            });
        }
        Self {
            alike: hit.cosine.map_or_else(String::new, |cosine| {
                words.alike.replace("{n}", &words.decimal(cosine, 2))
            }),
            link: Link::article(&hit.article_id, &hit.title, &hit.lang),
            lang: hit.lang,
            source: hit.source.unwrap_or_default(),
            published: hit.published,
            story,
            snippet,
        }
    }
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    w: &'static Words,
    q: String,
    lang: String,
    source: String,
    by_meaning: bool,
    facets: Facets,
    hits: Vec<Hit>,
    next: Option<String>,
}

/// `GET /search`
pub async fn search(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let [q, lang, source, mode] = ["q", "lang", "source", "mode"].map(|name| parameter(&request, name));
    let query = SearchQuery {
        q: q.clone(),
        lang: some(&lang),
        source: some(&source),
        ..SearchQuery::default()
    };
    let cursor = some(&parameter(&request, "cursor"));
    let by_meaning = mode == "meaning" && app.meaning.is_some();
    let (store, words) = (Arc::clone(&app.store), frame.words);
    let meaning = app.meaning.clone().filter(|_| by_meaning && !q.is_empty());
    let found = frame
        .read(move || {
            let found = match meaning {
                None => store.search(&query, cursor.as_deref(), PER_PAGE)?,
                Some(meaning) => match meaning.search(&query, cursor.as_deref(), PER_PAGE) {
                    Ok(found) => found,
                    Err(MeaningError::Read(error)) => return Err(error),
                    Err(error) => {
                        tracing::warn!(%error, "a search by meaning failed");
                        return Ok(None);
                    }
                },
            };
            let stories = found.items.iter().filter_map(|hit| hit.story_id.as_deref());
            let names = StoryNames::of(&store, words, stories)?;
            let hits: Vec<Hit> = found
                .items
                .into_iter()
                .map(|hit| {
                    let story = hit.story_id.as_deref().map(|id| names.link(id));
                    Hit::new(hit, story, words)
                })
                .collect();
            Ok(Some((
                hits,
                found.next_cursor,
                store.facets()?,
                store.is_demonstration()?,
            )))
        })
        .await?;
    let Some((hits, next, mut facets, demonstration)) = found else {
        let text = words.meaning_failed_text.to_owned();
        return Err(frame.sorry(StatusCode::SERVICE_UNAVAILABLE, words.meaning_failed, text));
    };
    frame.demonstration = demonstration;
    include(&mut facets.languages, &lang);
    let template = SearchPage {
        frame: frame.clone(),
        w: frame.words,
        q,
        lang,
        source,
        by_meaning,
        facets,
        hits,
        next: next.as_deref().map(|cursor| with(&request, "cursor", cursor)),
    };
    Ok(frame.page(StatusCode::OK, &template))
}
