//! Articles that hold words.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::frame::{Frame, Sorry, parameter, with};
use super::phrase::Link;
use super::stories::include;
use super::words::Words;
use super::{PER_PAGE, some};
use crate::article::DatedJson;
use crate::store::Store;
use crate::store::read::{Facets, SNIPPET, SearchHit, SearchQuery};

/// A found article.
struct Hit {
    link: Link,
    lang: String,
    source: String,
    published: Option<DatedJson>,
    story: Option<Link>,
    snippet: Vec<Piece>,
}

/// A piece of a snippet.
struct Piece {
    text: String,
    marked: bool,
}

impl Hit {
    fn new(hit: SearchHit, story: Option<Link>) -> Self {
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
    facets: Facets,
    hits: Vec<Hit>,
    next: Option<String>,
}

/// `GET /search`
pub async fn search(store: web::Data<Arc<Store>>, request: HttpRequest) -> Result<HttpResponse, Sorry> {
    let mut frame = Frame::of(&request);
    let [q, lang, source] = ["q", "lang", "source"].map(|name| parameter(&request, name));
    let query = SearchQuery {
        q: q.clone(),
        lang: some(&lang),
        source: some(&source),
        ..SearchQuery::default()
    };
    let cursor = some(&parameter(&request, "cursor"));
    let store = Arc::clone(&store);
    let (hits, next, mut facets, demonstration) = frame
        .read(move || {
            let found = store.search(&query, cursor.as_deref(), PER_PAGE)?;
            let names = store.story_headlines(found.items.iter().filter_map(|hit| hit.story_id.as_deref()))?;
            let hits: Vec<Hit> = found
                .items
                .into_iter()
                .map(|hit| {
                    let name = hit.story_id.as_deref().and_then(|id| Some((id, names.get(id)?)));
                    let story = name.map(|(id, name)| Link::story(id, &name.title, &name.lang));
                    Hit::new(hit, story)
                })
                .collect();
            Ok((hits, found.next_cursor, store.facets()?, store.is_demonstration()?))
        })
        .await?;
    frame.demonstration = demonstration;
    include(&mut facets.languages, &lang);
    let template = SearchPage {
        frame: frame.clone(),
        w: frame.words,
        q,
        lang,
        source,
        facets,
        hits,
        next: next.as_deref().map(|cursor| with(&request, "cursor", cursor)),
    };
    Ok(frame.page(StatusCode::OK, &template))
}
