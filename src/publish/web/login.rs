//! The way in for people: a form that takes a token and begins a session, and the way out.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use askama::Template;

use super::frame::{Frame, parameter};
use super::words::Words;
use crate::publish::App;
use crate::publish::access::COOKIE;
use crate::publish::api::problem::{Kind, Problem};

/// Bytes of the form, at most.
const FORM: usize = 4096;
/// Bytes of an address to go on to, at most.
const ADDRESS: usize = 1024;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    frame: &'a Frame,
    w: &'static Words,
    next: &'a str,
    wrong: bool,
}

/// The form.
pub async fn form(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let next = inner(&parameter(&request, "next"));
    if !app.access.is_on() {
        return go(&next);
    }
    page(&request, StatusCode::OK, &next, false)
}

/// Begins a session, if the token is one.
pub async fn sign_in(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let seconds = Duration::from_secs(app.settings.publish.body_seconds);
    let body = match tokio::time::timeout(seconds, payload.to_bytes_limited(FORM)).await {
        Ok(Ok(Ok(body))) => body,
        Ok(Ok(Err(error))) => {
            let detail = format!("the form could not be read: {error}");
            return Problem::new(Kind::InvalidBody, detail).error_response();
        }
        Err(_) => return Problem::new(Kind::TooSlow, "the form came in too slowly").error_response(),
        Ok(Err(_)) => {
            let detail = format!("a token and an address are no more than {FORM} bytes");
            return Problem::new(Kind::TooLarge, detail).error_response();
        }
    };
    let field = |name: &str| {
        url::form_urlencoded::parse(&body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let next = inner(&field("next"));
    if !app.access.is_on() {
        return go(&next);
    }
    match app.access.sign_in(&field("token")) {
        Ok(Some(session)) => {
            let mut answer = go(&next);
            set(&request, &mut answer, &session, app.access.session_lasts().as_secs());
            answer
        }
        Ok(None) => page(&request, StatusCode::UNAUTHORIZED, &next, true),
        Err(error) => Problem::new(Kind::Internal, error.to_string()).error_response(),
    }
}

/// Ends the session.
pub async fn sign_out(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    app.access.sign_out(&request);
    let mut answer = go("/login");
    set(&request, &mut answer, "", 0);
    answer
}

/// The answer to a browser that was refused: the way in, or why not.
pub fn refused(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    if problem.is(Kind::Unauthorized) || problem.is(Kind::UnknownToken) {
        let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
        let mut parameters = url::form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("next", &inner(asked));
        return go(&format!("/login?{}", parameters.finish()));
    }
    if problem.is(Kind::Forbidden) {
        let frame = Frame::of(request);
        let text = frame.words.forbidden_text.to_owned();
        return frame
            .sorry(StatusCode::FORBIDDEN, frame.words.forbidden, text)
            .error_response();
    }
    problem.error_response()
}

fn page(request: &HttpRequest, status: StatusCode, next: &str, wrong: bool) -> HttpResponse {
    let frame = Frame::of(request);
    let template = LoginPage {
        frame: &frame,
        w: frame.words,
        next,
        wrong,
    };
    frame.page(status, &template)
}

fn go(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, address))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// Sets the session's cookie: out of reach for scripts, sent from our own pages alone, and over TLS alone where there is TLS.
fn set(request: &HttpRequest, answer: &mut HttpResponse, session: &str, seconds: u64) {
    let secure = match request.connection_info().scheme() {
        "https" => "; Secure",
        _ => "",
    };
    let cookie = format!("{COOKIE}={session}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = cookie.parse() {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// An address of ours to go on to; the front page for what could lead elsewhere.
fn inner(address: &str) -> String {
    let safe = address.starts_with('/')
        && !address.starts_with("//")
        && address.len() <= ADDRESS
        && !address.contains('\\')
        && address.bytes().all(|byte| byte.is_ascii_graphic())
        && !address.starts_with("/login")
        && !address.starts_with("/logout");
    if safe { address.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_addresses_are_gone_on_to() {
        for kept in ["/", "/stories/s1?lang=ar", "/search?q=%D9%83"] {
            assert_eq!(inner(kept), kept);
        }
        let long = format!("/{}", "x".repeat(2000));
        for other in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/ك",
            "/login",
            long.as_str(),
        ] {
            assert_eq!(inner(other), "/", "{other}");
        }
    }
}
