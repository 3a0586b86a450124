//! Who may do what: tokens and their roles, sessions of people at pages, and how many requests everybody may make.
//!
//! In: a request's head. Out: who asks and what is left to them, or the problem to answer with. Entry point:
//! [`Access::admit`]. Never looks at a body, never keeps or logs a secret.

mod needs;
pub mod rate;
mod sessions;
pub mod tokens;

pub use needs::Need;
pub use sessions::COOKIE;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{AUTHORIZATION, HOST, ORIGIN};

use self::rate::{Buckets, Quota};
use self::sessions::Sessions;
use self::tokens::{Role, Secret, Token, TokensError};
use crate::publish::Settings;
use crate::publish::api::problem::{Kind, Problem};

/// How often the file of tokens is looked at, at most.
const LOOK: Duration = Duration::from_secs(1);

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// An address that others can reach, and no token.
    #[error(
        "{listen} can be reached from other machines, and there is no token in {file}: whoever reaches it could read and \
         write everything. Make one with `silsila token add --role admin`, or listen on 127.0.0.1"
    )]
    NoToken {
        /// The address.
        listen: std::net::SocketAddr,
        /// Where tokens are looked for.
        file: PathBuf,
    },
    /// An origin that no browser sends.
    #[error("publish.cors_origins: {0:?} is no origin; write it as https://news.example, without a path")]
    Origin(String),
    /// Whose frames no browser knows.
    #[error(
        "publish.embed_ancestors: {0:?} is no origin; write it as https://news.example or https://*.news.example, without a path, or 'self', or *"
    )]
    Ancestor(String),
    /// The tokens cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokensError),
}

/// Whether something may stand in `frame-ancestors` (CSP 3, 6.4.2): an origin, all hosts below one, the page's own, or every page.
fn is_ancestor(text: &str) -> bool {
    if matches!(text, "*" | "'self'") {
        return true;
    }
    let host = text.replacen("://*.", "://any.", 1);
    let parsed = url::Url::parse(&host).ok();
    let origin = parsed.as_ref().filter(|url| matches!(url.scheme(), "http" | "https"));
    origin.is_some_and(|url| url.origin().ascii_serialization() == host)
}

/// Who sent a request; kept with it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token's name and role; none where no tokens are asked for, or the request brought none.
    pub token: Option<(String, Role)>,
    /// Through a session at a page, not by a header.
    pub session: bool,
    /// The token's digest.
    secret: Option<Secret>,
}

impl Caller {
    fn nobody() -> Self {
        Self {
            token: None,
            session: false,
            secret: None,
        }
    }

    /// Who sent this request.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        use actix_web::HttpMessage as _;
        request.extensions().get::<Self>().cloned()
    }

    /// The name of the token, if there is one.
    pub fn name(&self) -> Option<&str> {
        self.token.as_ref().map(|(name, _)| name.as_str())
    }
}

/// A refusal, with what is left to the caller.
pub struct Refused {
    /// The answer.
    pub problem: Problem,
    /// To be told with it.
    pub quota: Option<Quota>,
    /// Who asked, as far as that is known.
    pub caller: Caller,
}

/// The file of tokens as it was read last.
struct Loaded {
    tokens: Vec<Token>,
    stamp: Option<(SystemTime, u64, u64)>,
}

/// Everything that decides whether a request goes on.
pub struct Access {
    file: PathBuf,
    on: bool,
    loaded: RwLock<Loaded>,
    looked: Mutex<Instant>,
    sessions: Sessions,
    session_lasts: Duration,
    buckets: Buckets,
    origins: Vec<String>,
    /// Whether embedded timelines are read without a token.
    embed_public: bool,
}

impl Access {
    /// Reads the tokens. They are asked for on every address but loopback, and there too where the settings say so.
    ///
    /// # Errors
    /// When there is no token and the address can be reached from elsewhere, or the settings cannot be used.
    pub fn open(settings: &Settings, listen: std::net::SocketAddr, data_dir: &Path) -> Result<Self, AccessError> {
        let file = tokens_file(settings, data_dir);
        for origin in &settings.cors_origins {
            let parsed = url::Url::parse(origin)
                .ok()
                .map(|url| url.origin().ascii_serialization());
            if parsed.as_deref() != Some(origin) {
                return Err(AccessError::Origin(origin.clone()));
            }
        }
        if let Some(other) = settings.embed_ancestors.iter().find(|one| !is_ancestor(one)) {
            return Err(AccessError::Ancestor(other.clone()));
        }
        let stamp = stamp(&file);
        let tokens = tokens::read(&file)?;
        let on = settings.require_tokens || !listen.ip().to_canonical().is_loopback();
        if on && tokens.is_empty() {
            return Err(AccessError::NoToken { listen, file });
        }
        Ok(Self {
            file,
            on,
            loaded: RwLock::new(Loaded { tokens, stamp }),
            looked: Mutex::new(Instant::now()),
            sessions: Sessions::default(),
            session_lasts: Duration::from_secs(settings.session_hours.saturating_mul(3600)),
            buckets: Buckets::new(settings.rate),
            origins: settings.cors_origins.clone(),
            embed_public: settings.embed_public && !settings.embed_ancestors.is_empty(),
        })
    }

    /// Whether tokens are asked for.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Reads the tokens again, whether the file changed or not. If it cannot be read, the tokens stay as they were.
    pub fn reload(&self) {
        let stamp = stamp(&self.file);
        match tokens::read(&self.file) {
            Ok(tokens) => {
                tracing::info!(tokens = tokens.len(), "the tokens were read again");
                let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
                *loaded = Loaded { tokens, stamp };
            }
            Err(error) => {
                tracing::error!(%error, "the tokens could not be read again; those read before stay in force");
                let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
                // Said once for each state of the file, not once a second.
                loaded.stamp = stamp;
            }
        }
    }

    /// Reads the tokens again if the file has changed since.
    fn look(&self) {
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.elapsed() < LOOK {
                return;
            }
            *looked = Instant::now();
        }
        let known = self.loaded.read().unwrap_or_else(PoisonError::into_inner).stamp;
        if stamp(&self.file) != known {
            self.reload();
        }
    }

    fn token(&self, secret: &Secret) -> Option<(String, Role)> {
        self.look();
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        // All are compared, whichever it is.
        let found = loaded
            .tokens
            .iter()
            .fold(None, |found, token| match token.sha256.is(secret) {
                true => Some(token),
                false => found,
            });
        found.map(|token| (token.name.clone(), token.role))
    }

    /// Who asks; an error when a token was given that is none.
    fn caller(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        if !self.on {
            return Ok(Caller::nobody());
        }
        if let Some(header) = request.headers().get(AUTHORIZATION) {
            let given = header.to_str().ok().and_then(|value| {
                let (scheme, secret) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
            });
            let Some(secret) = given else {
                return Err(unknown("send the token as `Authorization: Bearer TOKEN`"));
            };
            let secret = Secret::of(secret);
            return match self.token(&secret) {
                Some(token) => Ok(Caller {
                    token: Some(token),
                    session: false,
                    secret: Some(secret),
                }),
                None => Err(unknown("the token is none of this service's, or was revoked")),
            };
        }
        let session = cookie(request, COOKIE).and_then(|text| self.sessions.token(text, Instant::now()));
        let token = session.and_then(|secret| self.token(&secret));
        Ok(Caller {
            session: token.is_some(),
            secret: session.filter(|_| token.is_some()),
            token,
        })
    }

    /// Whether what the caller came with is still in force: for answers that go on for long.
    pub fn still(&self, caller: &Caller) -> bool {
        match (self.on, &caller.secret) {
            (false, _) => true,
            (true, Some(secret)) => self.token(secret) == caller.token,
            (true, None) => false,
        }
    }

    /// Whether a request goes on: who asks, and what is left to them.
    ///
    /// # Errors
    /// The answer, when it does not.
    pub fn admit(&self, request: &ServiceRequest) -> Result<(Caller, Option<Quota>), Box<Refused>> {
        let http = request.request();
        let (method, pattern) = (http.method(), http.match_pattern());
        let (caller, unknown) = match self.caller(http) {
            Ok(caller) => (caller, None),
            Err(problem) => (Caller::nobody(), Some(problem)),
        };
        let counted = match caller.name() {
            Some(name) => format!("token {name}"),
            None => address(http),
        };
        let class = needs::class(method, pattern.as_deref());
        let quota = self.buckets.take(&counted, class, Instant::now());
        let refused = |problem| {
            Box::new(Refused {
                problem,
                quota,
                caller: caller.clone(),
            })
        };
        if let Some(wait) = quota.and_then(|quota| quota.wait) {
            let detail = "there were more requests than [publish.rate] lets through; wait as Retry-After says";
            return Err(refused(Problem::new(Kind::RateLimited, detail).after(wait)));
        }
        if !method.is_safe() {
            self.same_site(http, &caller).map_err(refused)?;
        }
        if !self.on {
            return Ok((caller, quota));
        }
        let need = match pattern.as_deref() {
            Some(needs::EMBEDDED) if self.embed_public && method.is_safe() => Need::Nothing,
            pattern => needs::of(method, pattern),
        };
        if need == Need::Nothing {
            return Ok((caller, quota));
        }
        if let Some(problem) = unknown {
            return Err(Box::new(Refused { problem, quota, caller }));
        }
        match (&caller.token, need) {
            (None, _) => {
                let detail =
                    "this needs a token; send it as `Authorization: Bearer TOKEN` (`silsila token add` makes one)";
                Err(refused(Problem::new(Kind::Unauthorized, detail)))
            }
            (Some((name, role)), Need::Role(needed)) if !role.may(needed) => {
                let detail = format!(
                    "this needs a token with the role `{}`; {name:?} has `{}`",
                    needed.name(),
                    role.name()
                );
                Err(refused(Problem::new(Kind::Forbidden, detail)))
            }
            _ => Ok((caller, quota)),
        }
    }

    /// A browser says from which site a page sends a form or a script's request: what changes something is taken from
    /// our own pages and from listed origins alone. Programs send no origin.
    fn same_site(&self, request: &HttpRequest, caller: &Caller) -> Result<(), Problem> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let foreign = |detail: String| Err(Problem::new(Kind::ForeignOrigin, detail));
        match request
            .headers()
            .get(ORIGIN)
            .map(|origin| origin.to_str().unwrap_or("null"))
        {
            Some(origin) => {
                let host = origin.split_once("://").map_or("", |(_, host)| host);
                let ours = [
                    request.connection_info().host().to_owned(),
                    header(HOST).unwrap_or_default().to_owned(),
                ];
                let same = ours.iter().any(|own| !own.is_empty() && own.eq_ignore_ascii_case(host));
                match same || self.origins.iter().any(|allowed| allowed == origin) {
                    true => Ok(()),
                    false => foreign(format!(
                        "a page of {origin} asked for this; list that origin in publish.cors_origins if it may"
                    )),
                }
            }
            None if caller.session && header_is(request, "sec-fetch-site", "same-origin") => Ok(()),
            None if caller.session => foreign("a session changes things from its own pages alone".to_owned()),
            None => Ok(()),
        }
    }

    /// Begins a session for whoever has this token, and gives its text; `None` when there is no such token.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn sign_in(&self, secret: &str) -> Result<Option<String>, TokensError> {
        let secret = Secret::of(secret.trim());
        match self.token(&secret) {
            Some(_) => self
                .sessions
                .begin(secret, self.session_lasts, Instant::now())
                .map(Some),
            None => Ok(None),
        }
    }

    /// Ends the session of this request.
    pub fn sign_out(&self, request: &HttpRequest) {
        if let Some(text) = cookie(request, COOKIE) {
            self.sessions.end(text);
        }
    }

    /// How long a session lasts.
    pub fn session_lasts(&self) -> Duration {
        self.session_lasts
    }

    /// Reads the tokens again at every SIGHUP; ends with the runtime.
    ///
    /// # Errors
    /// When the signal cannot be listened for.
    #[cfg(unix)]
    pub fn reload_on_hangup(self: &Arc<Self>) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        let access = Arc::clone(self);
        actix_web::rt::spawn(async move {
            while hangup.recv().await.is_some() {
                access.reload();
            }
        });
        Ok(())
    }
}

/// What a request with this method needs at an address of this pattern.
pub fn needed(method: &str, pattern: &str) -> Need {
    let method = method.parse().unwrap_or_default();
    needs::of(&method, Some(pattern))
}

/// Where the tokens are.
pub fn tokens_file(settings: &Settings, data_dir: &Path) -> PathBuf {
    match settings.tokens_file.as_os_str().is_empty() {
        true => data_dir.join("tokens.json"),
        false => settings.tokens_file.clone(),
    }
}

fn unknown(detail: &str) -> Problem {
    Problem::new(Kind::UnknownToken, detail)
}

fn header_is(request: &HttpRequest, name: &str, value: &str) -> bool {
    request.headers().get(name).is_some_and(|found| found == value)
}

/// What tells one state of a file from another; none when there is no file.
fn stamp(file: &Path) -> Option<(SystemTime, u64, u64)> {
    let about = std::fs::metadata(file).ok()?;
    #[cfg(unix)]
    let node = std::os::unix::fs::MetadataExt::ino(&about);
    #[cfg(not(unix))]
    let node = 0;
    Some((about.modified().ok()?, about.len(), node))
}

/// The address that a request is counted by; IPv6 by its network, which one machine has all of.
fn address(request: &HttpRequest) -> String {
    match request.peer_addr().map(|peer| peer.ip().to_canonical()) {
        Some(std::net::IpAddr::V6(six)) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(four) => four.to_string(),
        None => "unknown".to_owned(),
    }
}

/// The value of a cookie.
pub fn cookie<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get_all(actix_web::http::header::COOKIE)
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(one, _)| *one == name)
        .map(|(_, value)| value)
}
