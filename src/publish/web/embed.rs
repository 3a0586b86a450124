//! A story's timeline as a light page to be put into an article by `<iframe>`: no script, no cookie, one style sheet, links that open
//! in the page around it. Whose pages may do that is configured (`publish.embed_ancestors`); nobody may without it.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::frame::{Frame, Sorry, parameter};
use super::words::{self, Words};
use super::{outward, some};
use crate::article::DatedJson;
use crate::publish::App;
use crate::publish::api::{is_known, tag_of, timeline_of};
use crate::store::read::{ArticleRef, StoryView};
use crate::timeline::{self, Event, Granularity};

/// Days of a timeline at most, however many are asked for.
const MOST_DATES: usize = 1_000;
/// Sentences of a day.
const SENTENCES: usize = 2;
/// Articles that are named with an event, at most.
const NAMED: usize = 5;

/// An event as it is shown.
struct Shown {
    date: DatedJson,
    sentence: String,
    lang: String,
    articles: Vec<Evidence>,
    /// Articles that are not named.
    more: u64,
}

/// An article that tells of an event.
struct Evidence {
    title: String,
    lang: String,
    source: Option<String>,
    /// Its own address, if it has one: the reader has no way to see it here.
    url: Option<String>,
}

#[derive(Template)]
#[template(path = "embed.html")]
struct EmbedPage {
    w: &'static Words,
    theme: &'static str,
    told: Option<(StoryView, Vec<Shown>)>,
}

/// The page's language: the one that is asked for where the interface has it, else the interface's first.
fn words_of(request: &HttpRequest) -> &'static Words {
    let asked = parameter(request, "lang");
    let primary = asked.split('-').next().unwrap_or_default();
    Words::of(primary).unwrap_or(words::ALL[0])
}

enum Found {
    Nothing,
    Elsewhere(String),
    Here(Box<(StoryView, Vec<Shown>)>),
}

/// `GET /embed/stories/{id}`
pub async fn timeline(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, Sorry> {
    let words = words_of(&request);
    let ancestors = &app.settings.publish.embed_ancestors;
    if ancestors.is_empty() {
        let mut frame = Frame::of(&request);
        frame.words = words;
        let text = words.embed.refused_text.to_owned();
        return Err(frame.sorry(StatusCode::FORBIDDEN, words.embed.refused, text));
    }
    let theme = match parameter(&request, "theme").as_str() {
        "dark" => "dark",
        "light" => "light",
        _ => "system",
    };
    let lang = some(&parameter(&request, "lang"));
    let dates = parameter(&request, "dates").parse().ok();
    let options = timeline::Options {
        from: None,
        to: None,
        granularity: Granularity::Day,
        dates: dates.filter(|dates| (1..=MOST_DATES).contains(dates)),
        sentences: SENTENCES,
        lang: None,
        settings: app.settings.timeline.clone(),
    };
    let (store, memo, asked) = (Arc::clone(&app.store), Arc::clone(&app.timelines), id.into_inner());
    // Never one with a cookie: readers of an article are nobody's business.
    let frame = Frame::of(&request);
    let found = frame
        .read(move || {
            let Some(story) = store.story(&asked, lang.as_deref())? else {
                return Ok(Found::Nothing);
            };
            if let Some(successor) = story.merged_into {
                return Ok(Found::Elsewhere(successor));
            }
            // Another language is no other timeline; what is kept in memory has a name for each of the story's alone.
            let lang = lang.filter(|lang| story.languages.contains(lang));
            let options = timeline::Options { lang, ..options };
            let name = format!("{asked} {options:?}");
            let events = timeline_of(&store, &memo, &asked, name, story.version, &options)?;
            let ids = events.iter().flat_map(|event| &event.articles).map(|id| id.as_str());
            let articles = store.article_refs(ids)?;
            let shown = events.iter().map(|event| shown(event, &articles)).collect();
            Ok(Found::Here(Box::new((story, shown))))
        })
        .await?;
    let (status, told) = match found {
        Found::Here(told) => (StatusCode::OK, Some(*told)),
        Found::Nothing => (StatusCode::NOT_FOUND, None),
        Found::Elsewhere(successor) => {
            let query = match request.query_string() {
                "" => String::new(),
                query => format!("?{query}"),
            };
            return Ok(HttpResponse::PermanentRedirect()
                .insert_header((LOCATION, format!("/embed/stories/{successor}{query}")))
                .insert_header((CACHE_CONTROL, "no-cache"))
                .insert_header((CONTENT_SECURITY_POLICY, policy(ancestors)))
                .finish());
        }
    };
    let template = EmbedPage { w: words, theme, told };
    let html = match template.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            return Ok(HttpResponse::InternalServerError().body("The page could not be rendered."));
        }
    };
    let tag = tag_of(html.as_bytes());
    let unchanged = status == StatusCode::OK && is_known(&request, &tag);
    let mut answer = match unchanged {
        true => HttpResponse::NotModified(),
        false => HttpResponse::build(status),
    };
    answer
        .insert_header((CONTENT_SECURITY_POLICY, policy(ancestors)))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, tag));
    Ok(match unchanged {
        true => answer.finish(),
        false => answer.content_type("text/html; charset=utf-8").body(html),
    })
}

/// Nothing but our own styles, and frames of those who may.
fn policy(ancestors: &[String]) -> String {
    format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}",
        ancestors.join(" ")
    )
}

fn shown(event: &Event, articles: &HashMap<String, ArticleRef>) -> Shown {
    let evidence = |id: &crate::article::ArticleId| {
        let article = articles.get(id.as_str())?;
        Some(Evidence {
            title: match article.title.is_empty() {
                true => id.as_str().to_owned(),
                false => article.title.clone(),
            },
            lang: article.lang.clone(),
            source: article.source.clone(),
            url: article.url.as_deref().and_then(outward).map(str::to_owned),
        })
    };
    Shown {
        date: event.date.clone(),
        sentence: event.sentence.clone(),
        lang: event.lang.clone(),
        articles: event.articles.iter().filter_map(evidence).take(NAMED).collect(),
        more: event.articles.len().saturating_sub(NAMED) as u64,
    }
}
