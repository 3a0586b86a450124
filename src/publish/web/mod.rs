//! The pages for editors: server-rendered, readable without scripts, nothing from other hosts.
//!
//! In: the store's answers. Out: HTML from `static/templates`, everything escaped, in the interface's language
//! ([`words`]) and in light or dark ([`frame`]). Every text carries its own language and direction. Never writes.

mod articles;
mod cuts;
mod desk;
mod embed;
pub mod escape;
mod frame;
mod front;
mod graph;
mod history;
mod login;
mod names;
mod pace;
mod phrase;
mod placement;
mod review;
mod search;
mod stories;
mod watch_form;
mod watches;
mod words;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use rust_embed::RustEmbed;

use frame::Frame;
pub use login::refused;
pub use words::direction;

/// Stories or articles of a page.
const PER_PAGE: usize = 40;

#[derive(RustEmbed)]
#[folder = "static/assets"]
struct Assets;

/// Registers the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(front::front))
        .route("/stories", web::get().to(front::front))
        .route("/seen", web::post().to(front::mark_seen))
        .route("/stories/{id}", web::get().to(stories::story))
        .route("/embed/stories/{id}", web::get().to(embed::timeline))
        .route("/articles/{id}", web::get().to(articles::article))
        .route("/documents/{id}", web::get().to(articles::document))
        .route("/review", web::get().to(review::list))
        .service(
            web::resource("/corrections")
                .route(web::get().to(desk::list))
                .route(web::post().to(desk::correct)),
        )
        .route("/corrections/{number}/{act}", web::post().to(desk::undo_or_redo))
        .route("/search", web::get().to(search::search))
        .service(
            web::resource("/watches")
                .route(web::get().to(watches::list))
                .route(web::post().to(watches::make)),
        )
        .route("/watches/new", web::get().to(watches::form))
        .service(
            web::resource("/watches/{id}")
                .route(web::get().to(watches::get))
                .route(web::post().to(watches::change)),
        )
        .route("/stories/{id}/watch", web::post().to(watches::add))
        .service(
            web::resource("/login")
                .route(web::get().to(login::form))
                .route(web::post().to(login::sign_in)),
        )
        .route("/logout", web::post().to(login::sign_out))
        .route("/assets/{name}", web::get().to(asset));
}

/// Whether an address that is not there should be answered with a page: a browser asks, and not for the API.
pub fn wants_page(request: &HttpRequest) -> bool {
    let html = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    request.method().is_safe()
        && html.is_some_and(|accept| accept.contains("text/html"))
        && !request.path().starts_with("/v1/")
}

/// The page for an address that is not there.
pub fn not_found(request: &HttpRequest) -> HttpResponse {
    let frame = Frame::of(request);
    frame.missing(frame.words.no_such_page, request.path()).error_response()
}

/// What a signal of a placement is called in English: the interface's word and what it means.
pub fn signal_in_words(key: &str) -> Option<&'static str> {
    words::Words::of("en")?.signal(key).map(|signal| signal.meaning)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// An article's own address where it can be a link: `http` and `https` alone, never a script.
pub fn outward(address: &str) -> Option<&str> {
    let parsed = url::Url::parse(address).ok()?;
    matches!(parsed.scheme(), "http" | "https").then_some(address)
}

async fn asset(name: web::Path<String>) -> HttpResponse {
    let Some(file) = Assets::get(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .content_type(kind)
        .body(file.data.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(outward("https://a.example/x?y=1"), Some("https://a.example/x?y=1"));
        for address in [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "data:text/html,x",
            "//a.example",
            "file:///x",
            "x",
        ] {
            assert_eq!(outward(address), None, "{address}");
        }
    }
}
