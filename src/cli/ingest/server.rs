//! Ingest into a running service over HTTP; the service extracts.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, Target};
use crate::article::{DocumentKind, SetAside};
use crate::pipeline::Outcome;
use crate::source::{Content, Item, Rejected};

/// The longest wait that a `Retry-After` is believed, in seconds.
const MAX_WAIT: u64 = 60;
/// Bytes of articles in one request, but for a single article that is larger.
const MAX_REQUEST_BYTES: usize = 4_000_000;
/// Attempts at one request while the service is busy: with the longest waits, an hour.
const MAX_ATTEMPTS: usize = 60;

pub(super) struct Server {
    base: String,
    /// The field `Authorization`, where a token was given.
    authorization: Option<String>,
    agent: ureq::Agent,
}

impl Server {
    pub(super) fn new(url: &str, token: Option<&str>) -> Result<Self, String> {
        let parsed = url::Url::parse(url).map_err(|error| format!("--server {url:?} is no address: {error}"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(format!("--server {url:?} must begin with http:// or https://"));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .build();
        Ok(Self {
            base: url.trim_end_matches('/').to_owned(),
            authorization: token.map(|token| format!("Bearer {}", token.trim())),
            agent: config.into(),
        })
    }

    /// Posts, waiting while the service is busy; gives the status and the JSON of the answer.
    fn post(&self, path: &str, kind: &str, body: &str) -> Result<(u16, Value), String> {
        let url = format!("{}{path}", self.base);
        for _ in 0..MAX_ATTEMPTS {
            let mut request = self.agent.post(&url).content_type(kind);
            if let Some(authorization) = &self.authorization {
                request = request.header("authorization", authorization);
            }
            let mut response = request.send(body).map_err(|error| {
                format!("no answer from {url}: {error}; is the service running there (silsila serve)?")
            })?;
            let status = response.status().as_u16();
            if matches!(status, 429 | 503) {
                let after = response
                    .headers()
                    .get("retry-after")
                    .and_then(|value| value.to_str().ok()?.parse().ok());
                thread::sleep(Duration::from_secs(after.unwrap_or(1).clamp(1, MAX_WAIT)));
                continue;
            }
            let answer = response.body_mut().read_json().unwrap_or(Value::Null);
            if status == 401 || status == 403 || status == 404 || status >= 500 {
                let remedy = match status {
                    401 | 403 => "; give a token with the role `ingest` by --token or SILSILA_TOKEN",
                    _ => "",
                };
                return Err(format!("{url} answered {status}: {}{remedy}", reason(&answer)));
            }
            return Ok((status, answer));
        }
        Err(format!("{url} stays busy; try again later"))
    }

    fn post_batch(
        &self,
        path: &str,
        kind: &str,
        body: &str,
        places: &[(String, String)],
    ) -> Result<Vec<Answer>, String> {
        let (status, answer) = self.post(path, kind, body)?;
        let list = |name: &str| answer.get(name).and_then(Value::as_array).into_iter().flatten();
        let wrong: BTreeMap<usize, &Value> = list("refused")
            .filter_map(|one| Some((usize::try_from(one.get("index")?.as_u64()?).ok()?, one)))
            .collect();
        if status >= 400 && wrong.is_empty() {
            let refused = places.iter().map(|(place, excerpt)| refused(place, excerpt, &answer));
            return Ok(refused.collect());
        }
        // Accepted articles are answered in the order of the items that were not refused. A document can hold several
        // articles: its place stands for all of them.
        let mut right = places.iter().enumerate().filter(|(at, _)| !wrong.contains_key(at));
        let accepted: Vec<Answer> = list("articles")
            .filter_map(|article| {
                let (place, excerpt) = right.next().map(|(_, place)| place).or(places.last())?;
                Some(read(place, excerpt, article))
            })
            .collect();
        let of_wrong = wrong.iter().filter_map(|(at, problem)| {
            let (place, excerpt) = places.get(*at)?;
            Some(refused(place, excerpt, problem))
        });
        Ok(accepted.into_iter().chain(of_wrong).collect())
    }
}

impl Server {
    fn post_articles(
        &self,
        objects: &mut Vec<String>,
        places: &mut Vec<(String, String)>,
    ) -> Result<Vec<Answer>, String> {
        let body = format!("[{}]", std::mem::take(objects).join(","));
        self.post_batch("/v1/articles", "application/json", &body, &std::mem::take(places))
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(60).collect()
}

impl Target for Server {
    fn take(&mut self, batch: Vec<Item>) -> Result<Vec<Answer>, String> {
        let (mut objects, mut places, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        let mut bytes = 0;
        for item in batch {
            match item.content {
                Content::Json(value) => {
                    let object = value.to_string();
                    if bytes + object.len() > MAX_REQUEST_BYTES && !objects.is_empty() {
                        answers.extend(self.post_articles(&mut objects, &mut places)?);
                        bytes = 0;
                    }
                    bytes += object.len();
                    places.push((item.place, beginning(&object)));
                    objects.push(object);
                }
                Content::Document(document) => {
                    let html = document.kind == DocumentKind::Html;
                    let kind = if html {
                        "text/html; charset=utf-8"
                    } else {
                        "text/plain; charset=utf-8"
                    };
                    let place = (item.place, beginning(&document.text));
                    answers.extend(self.post_batch("/v1/documents", kind, &document.text, &[place])?);
                }
            }
        }
        if !objects.is_empty() {
            answers.extend(self.post_articles(&mut objects, &mut places)?);
        }
        Ok(answers)
    }

    /// The service keeps what it refuses.
    fn keep(&mut self, _refused: &[Rejected]) -> Result<(), String> {
        Ok(())
    }

    /// The service places in its own time.
    fn finish(&mut self, _waiting: &mut dyn FnMut(usize)) {}
}

/// One entry of an answer: an article with its outcome, or a problem.
fn read(place: &str, excerpt: &str, article: &Value) -> Answer {
    if article.get("id").and_then(Value::as_str).is_none() {
        return refused(place, excerpt, article);
    }
    let outcome = article
        .get("outcome")
        .and_then(|outcome| serde_json::from_value(outcome.clone()).ok());
    let set_aside: Option<Vec<SetAside>> = article
        .get("set_aside")
        .and_then(|list| serde_json::from_value(list.clone()).ok());
    Answer {
        place: place.to_owned(),
        result: Ok((outcome.unwrap_or(Outcome::New), set_aside.unwrap_or_default())),
    }
}

fn refused(place: &str, excerpt: &str, problem: &Value) -> Answer {
    let problem = problem.get("error").unwrap_or(problem);
    let rejected = Rejected {
        place: place.to_owned(),
        reason: reason(problem),
        excerpt: excerpt.to_owned(),
    };
    Answer {
        place: place.to_owned(),
        result: Err(rejected),
    }
}

fn reason(problem: &Value) -> String {
    let text = |field: &str| problem.get(field).and_then(Value::as_str);
    text("detail")
        .or(text("title"))
        .unwrap_or("the service gave no reason")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request after the other, and gives the bodies.
    fn service(answers: Vec<String>) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let handle = thread::spawn(move || {
            answers
                .into_iter()
                .map(|answer| {
                    let (stream, _) = listener.accept().expect("a request");
                    let mut reader = BufReader::new(stream);
                    let (mut head, mut length) = (String::new(), 0);
                    while reader.read_line(&mut head).expect("a line") > 2 {}
                    for line in head.lines() {
                        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                            length = value.trim().parse().expect("a number");
                        }
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).expect("a body");
                    reader.get_mut().write_all(answer.as_bytes()).expect("written");
                    format!(
                        "{} {}",
                        head.lines().next().unwrap_or(""),
                        String::from_utf8_lossy(&body)
                    )
                })
                .collect()
        });
        (url, handle)
    }

    fn answer(status: &str, header: &str, body: &str) -> String {
        format!(
            "HTTP/1.1 {status}\r\n{header}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    fn items() -> Vec<Item> {
        let json = |place: &str, value| Item {
            place: place.to_owned(),
            content: Content::Json(value),
        };
        vec![
            json("line 1", serde_json::json!({"title": "a"})),
            json("line 2", serde_json::json!({"title": 3})),
        ]
    }

    #[test]
    fn a_busy_service_is_asked_again_and_each_answer_finds_its_place() {
        let body = r#"{"articles":[{"id":"x","outcome":"known"},{"title":"Wrong type","detail":"field `title`"}]}"#;
        let (url, handle) = service(vec![
            answer("429 Too Many Requests", "Retry-After: 1\r\n", ""),
            answer("200 OK", "", body),
        ]);
        let answers = Server::new(&url, None)
            .expect("an address")
            .take(items())
            .expect("taken");
        assert!(matches!(answers[0].result, Ok((Outcome::Known, _))));
        let refused = answers[1].result.as_ref().expect_err("refused");
        assert_eq!(
            (refused.place.as_str(), refused.reason.as_str()),
            ("line 2", "field `title`")
        );
        let requests = handle.join().expect("served");
        assert_eq!(requests[0], requests[1]);
        assert!(
            requests[0].starts_with("POST /v1/articles") && requests[0].ends_with(r#"[{"title":"a"},{"title":3}]"#)
        );
    }

    #[test]
    fn what_the_service_refuses_is_told_at_its_own_place() {
        let item = |number: usize| Item {
            place: format!("line {number}"),
            content: Content::Json(serde_json::json!({"title": number})),
        };
        let some = r#"{"articles":[{"id":"b","outcome":"new"},{"id":"d","outcome":"known"}],
            "refused":[{"index":0,"detail":"no text"},{"index":2,"detail":"no title"}]}"#;
        let none = r#"{"detail":"none of the 2 items could be used","refused":[
            {"index":0,"detail":"first"},{"index":1,"detail":"second"}]}"#;
        let (url, handle) = service(vec![
            answer("202 Accepted", "", some),
            answer("422 Unprocessable Content", "", none),
        ]);
        let mut server = Server::new(&url, None).expect("an address");
        let told = |answers: Vec<Answer>| {
            let mut told: Vec<(String, String)> = answers
                .into_iter()
                .map(|one| match one.result {
                    Ok((outcome, _)) => (one.place, format!("{outcome:?}")),
                    Err(rejected) => (one.place, rejected.reason),
                })
                .collect();
            told.sort();
            told
        };
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        assert_eq!(
            told(server.take((1..=4).map(item).collect()).expect("taken")),
            pairs(&[
                ("line 1", "no text"),
                ("line 2", "New"),
                ("line 3", "no title"),
                ("line 4", "Known")
            ])
        );
        assert_eq!(
            told(server.take((1..=2).map(item).collect()).expect("taken")),
            pairs(&[("line 1", "first"), ("line 2", "second")])
        );
        handle.join().expect("served");
    }

    #[test]
    fn a_service_that_is_not_there_is_named() {
        let error = Server::new("http://127.0.0.1:1/", None)
            .expect("an address")
            .take(items())
            .err()
            .expect("nobody there");
        assert!(
            error.contains("127.0.0.1:1/v1/articles") && error.contains("silsila serve"),
            "{error}"
        );
        assert!(Server::new("127.0.0.1:8080", None).is_err());
    }
}
