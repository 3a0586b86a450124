//! What surrounds every page: the interface's language, light or dark, the switches, and pages that say what went wrong.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, SET_COOKIE, VARY};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

use super::words::{self, Words};
use crate::publish::access::{Caller, cookie};
use crate::store::read::ReadError;

/// How long a choice is remembered: a year, in seconds.
pub const REMEMBERED: u32 = 365 * 24 * 3600;
const THEMES: [&str; 3] = ["system", "dark", "light"];

/// The frame of one answer.
#[derive(Clone)]
pub struct Frame {
    pub words: &'static Words,
    /// `system`, `dark` or `light`.
    pub theme: &'static str,
    /// This page in the interface's other languages.
    pub languages: Vec<Switch>,
    /// This page in the next theme.
    pub next_theme: Switch,
    /// Whether the demonstration is in the store.
    pub demonstration: bool,
    /// The name of the token that this browser signed in with.
    pub signed_in: Option<String>,
    chosen: Vec<(&'static str, &'static str)>,
}

/// A link that changes how pages look.
#[derive(Clone)]
pub struct Switch {
    pub code: &'static str,
    pub direction: &'static str,
    pub name: &'static str,
    pub address: String,
}

impl Frame {
    /// Language and theme: as the address says (`?ui=ar`, `?theme=dark`), else as chosen before, else as the browser
    /// asks.
    pub fn of(request: &HttpRequest) -> Self {
        let asked = Words::of(&parameter(request, "ui"));
        let words = asked
            .or_else(|| Words::of(cookie(request, "ui")?))
            .or_else(|| preferred(request.headers().get(ACCEPT_LANGUAGE)?.to_str().ok()?))
            .unwrap_or(words::ALL[0]);
        let asked_theme = theme(&parameter(request, "theme"));
        let theme = asked_theme
            .or_else(|| theme(cookie(request, "theme")?))
            .unwrap_or(THEMES[0]);
        let (next, name) = match theme {
            "system" => ("dark", words.to_dark),
            "dark" => ("light", words.to_light),
            _ => ("system", words.to_system),
        };
        let mut chosen = Vec::new();
        chosen.extend(asked.map(|words| ("ui", words.code)));
        chosen.extend(asked_theme.map(|theme| ("theme", theme)));
        Self {
            words,
            theme,
            languages: words::ALL
                .into_iter()
                .filter(|other| other.code != words.code)
                .map(|other| Switch {
                    code: other.code,
                    direction: other.direction,
                    name: other.own_name,
                    address: with(request, "ui", other.code),
                })
                .collect(),
            next_theme: Switch {
                code: next,
                direction: words.direction,
                name,
                address: with(request, "theme", next),
            },
            demonstration: false,
            signed_in: Caller::of(request)
                .filter(|caller| caller.session)
                .and_then(|caller| caller.name().map(str::to_owned)),
            chosen,
        }
    }

    /// A page in this frame.
    pub fn page(&self, status: StatusCode, template: &impl Template) -> HttpResponse {
        let html = match template.render() {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                return HttpResponse::InternalServerError().body("The page could not be rendered.");
            }
        };
        let mut response = HttpResponse::build(status);
        response
            .insert_header((CACHE_CONTROL, "no-cache"))
            .insert_header((VARY, "accept-language, cookie"))
            .content_type("text/html; charset=utf-8");
        for (name, value) in &self.chosen {
            let cookie = format!("{name}={value}; Path=/; Max-Age={REMEMBERED}; SameSite=Lax");
            response.append_header((SET_COOKIE, cookie));
        }
        response.body(html)
    }

    /// A page that says what went wrong.
    pub fn sorry(&self, status: StatusCode, title: &'static str, text: String) -> Sorry {
        Sorry {
            status,
            title,
            text,
            frame: Box::new(self.clone()),
        }
    }

    /// A page that says that something is not there; `text` holds `{id}`.
    pub fn missing(&self, text: &'static str, id: &str) -> Sorry {
        self.sorry(StatusCode::NOT_FOUND, self.words.not_found, text.replace("{id}", id))
    }

    /// A page that says that the service is stopping.
    pub fn stopping(&self) -> Sorry {
        let words = self.words;
        self.sorry(
            StatusCode::SERVICE_UNAVAILABLE,
            words.stopping,
            words.stopping_text.to_owned(),
        )
    }

    /// Reads off the async threads; trouble becomes a page.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Sorry> {
        let words = self.words;
        match web::block(query).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(ReadError::Cursor(_) | ReadError::Later { .. } | ReadError::TooFar { .. })) => {
                Err(self.sorry(StatusCode::BAD_REQUEST, words.bad_page, words.bad_cursor.to_owned()))
            }
            Ok(Err(ReadError::Store(error))) => {
                tracing::error!(%error, "the store failed a reader");
                let text = words.store_failed_text.to_owned();
                Err(self.sorry(StatusCode::INTERNAL_SERVER_ERROR, words.store_failed, text))
            }
            Err(_) => {
                let text = words.stopping_text.to_owned();
                Err(self.sorry(StatusCode::SERVICE_UNAVAILABLE, words.stopping, text))
            }
        }
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    frame: &'a Frame,
    w: &'static Words,
    title: &'static str,
    text: &'a str,
}

/// An answer that is an error, as a page.
pub struct Sorry {
    status: StatusCode,
    title: &'static str,
    text: String,
    frame: Box<Frame>,
}

impl std::fmt::Debug for Sorry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {self}", self.status)
    }
}

impl std::fmt::Display for Sorry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.title, self.text)
    }
}

impl ResponseError for Sorry {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let template = MessagePage {
            frame: &self.frame,
            w: self.frame.words,
            title: self.title,
            text: &self.text,
        };
        self.frame.page(self.status, &template)
    }
}

/// A parameter of a page; unknown ones are ignored, a page is not a program.
pub fn parameter(request: &HttpRequest, name: &str) -> String {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

/// This page's address with another value of one parameter.
pub fn with(request: &HttpRequest, name: &str, value: &str) -> String {
    with_but(request, name, value, &[])
}

/// The same, without some other parameters.
pub fn with_but(request: &HttpRequest, name: &str, value: &str, without: &[&str]) -> String {
    let mut parameters = url::form_urlencoded::Serializer::new(String::new());
    for (other, kept) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if other != name && !without.contains(&other.as_ref()) {
            parameters.append_pair(&other, &kept);
        }
    }
    parameters.append_pair(name, value);
    // Relative, so that a path such as `//host` can never become the address of another host.
    format!("?{}", parameters.finish())
}

fn theme(name: &str) -> Option<&'static str> {
    THEMES.into_iter().find(|theme| *theme == name)
}

/// The best language of an `Accept-Language` header that the interface has: highest weight first, then as written.
fn preferred(header: &str) -> Option<&'static Words> {
    let mut wanted: Vec<(f32, &str)> = header
        .split(',')
        .filter_map(|part| {
            let mut fields = part.split(';').map(str::trim);
            let tag = fields.next().filter(|tag| !tag.is_empty())?;
            let weight = fields
                .find_map(|field| field.strip_prefix("q=")?.parse().ok())
                .unwrap_or(1.0);
            (weight > 0.0).then_some((weight, tag.split('-').next().unwrap_or(tag)))
        })
        .collect();
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    wanted
        .into_iter()
        .find_map(|(_, primary)| Words::of(&primary.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::COOKIE;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn address_beats_cookie_beats_browser() {
        let plain = TestRequest::with_uri("/").to_http_request();
        assert_eq!(Frame::of(&plain).words.code, "en");
        let browser = || TestRequest::with_uri("/").insert_header((ACCEPT_LANGUAGE, "de, en;q=0.3, ar-EG;q=0.8"));
        assert_eq!(Frame::of(&browser().to_http_request()).words.code, "ar");
        let cookie = browser().insert_header((COOKIE, "theme=dark; ui=en")).to_http_request();
        assert_eq!(Frame::of(&cookie).words.code, "en");
        assert_eq!(Frame::of(&cookie).theme, "dark");
        let address = TestRequest::with_uri("/?ui=ar").insert_header((COOKIE, "ui=en"));
        assert_eq!(Frame::of(&address.to_http_request()).words.code, "ar");
        let unknown = TestRequest::with_uri("/?ui=xx&theme=pink").to_http_request();
        assert_eq!(Frame::of(&unknown).words.code, "en");
        assert_eq!(Frame::of(&unknown).theme, "system");
        assert!(
            Frame::of(&unknown).chosen.is_empty(),
            "only what is known is remembered"
        );
    }

    #[test]
    fn switches_keep_the_other_parameters() {
        let request = TestRequest::with_uri("/?lang=ar&q=%D9%83&ui=en").to_http_request();
        let frame = Frame::of(&request);
        assert_eq!(frame.languages[0].address, "?lang=ar&q=%D9%83&ui=ar");
        assert_eq!(frame.next_theme.address, "?lang=ar&q=%D9%83&ui=en&theme=dark");
    }
}
