//! The form that a watch is made and changed by: what stands in its fields, and what they ask for.

use super::some;
use super::words::Words;
use crate::publish::web::frame::parameter;
use crate::store::read::watch::WatchView;
use crate::track::{Change, Event, NewWatch, Quiet, Search};

/// Seconds of a minute.
const MINUTE: f64 = 60.0;

/// The fields that were sent, in their order; a name may come more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Of a form's body, or of an address behind its question mark.
    pub fn of(encoded: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(encoded);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    /// A field's value; an empty one counts as absent.
    pub fn text(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| some(value))
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> Vec<String> {
        let of = self
            .0
            .iter()
            .filter(|(known, value)| known == name && !value.is_empty());
        of.map(|(_, value)| value.clone()).collect()
    }

    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

/// What stands in the form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub called: String,
    pub q: String,
    pub name: String,
    pub lang: String,
    pub source: String,
    pub min_sources: String,
    pub url: String,
    /// Name, word, ticked.
    pub events: Vec<(&'static str, &'static str, bool)>,
    pub cool_down: String,
    pub digest: String,
    pub digest_at: String,
    pub novelty: String,
    pub near_duplicates: bool,
    pub only_new_sources: bool,
}

impl Form {
    /// As it was sent.
    pub fn sent(words: &'static Words, fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).unwrap_or_default();
        let ticked = fields.all("event");
        Self {
            called: text("called"),
            q: text("q"),
            name: text("name"),
            lang: text("lang"),
            source: text("source"),
            min_sources: text("min_sources"),
            url: text("url"),
            events: events(words, |event| ticked.iter().any(|name| name == event.name())),
            cool_down: text("cool_down"),
            digest: text("digest"),
            digest_at: text("digest_at"),
            novelty: text("novelty"),
            near_duplicates: fields.ticked("near_duplicates"),
            only_new_sources: fields.ticked("only_new_sources"),
        }
    }

    /// As a watch is.
    pub fn of(words: &'static Words, watch: &WatchView) -> Self {
        let Quiet {
            cool_down_seconds,
            digest_minutes,
            digest_at,
            near_duplicates,
            only_new_sources,
            least_novelty,
        } = watch.quiet.clone();
        let number = |number: f64| match number > 0.0 {
            true => number.to_string(),
            false => String::new(),
        };
        Self {
            called: watch.name.clone(),
            url: watch.url.clone().unwrap_or_default(),
            events: events(words, |event| watch.events.is_empty() || watch.events.contains(&event)),
            cool_down: number(cool_down_seconds as f64 / MINUTE),
            digest: number(digest_minutes as f64),
            digest_at: digest_at.join(", "),
            novelty: number(least_novelty),
            near_duplicates,
            only_new_sources,
            ..Self::default()
        }
    }

    /// The watch of a saved search that it asks for.
    ///
    /// # Errors
    /// What cannot be read, in the page's language.
    pub fn new_watch(&self, words: &'static Words) -> Result<NewWatch, String> {
        let w = &words.watching;
        Ok(NewWatch {
            name: some(&self.called),
            story_id: None,
            search: Some(Search {
                q: some(&self.q),
                name: some(&self.name),
                lang: some(&self.lang),
                source: some(&self.source),
                min_sources: number(words, w.min_sources, &self.min_sources)?,
            }),
            url: some(&self.url),
            // A search tells of articles that joined, and of nothing else.
            events: Vec::new(),
            quiet: self.quiet(words)?,
        })
    }

    /// The change of a watch that it asks for.
    ///
    /// # Errors
    /// What cannot be read, in the page's language.
    pub fn change(&self, words: &'static Words, of_search: bool) -> Result<Change, String> {
        let ticked = self.events.iter().filter(|(.., ticked)| *ticked);
        let events = ticked.filter_map(|(name, ..)| Event::of_name(name)).collect();
        Ok(Change {
            name: Some(self.called.clone()),
            url: Some(self.url.clone()),
            events: (!of_search).then_some(events),
            quiet: Some(self.quiet(words)?),
            state: None,
        })
    }

    fn quiet(&self, words: &'static Words) -> Result<Quiet, String> {
        let w = &words.watching;
        let minutes: f64 = number(words, w.cool_down, &self.cool_down)?.unwrap_or_default();
        let times = self.digest_at.split([',', '،', ' ']).map(str::trim);
        Ok(Quiet {
            // Out of bounds is refused where all bounds are checked.
            cool_down_seconds: (minutes * MINUTE).round() as u64,
            digest_minutes: number(words, w.digest, &self.digest)?.unwrap_or_default(),
            digest_at: times.filter(|time| !time.is_empty()).map(str::to_owned).collect(),
            near_duplicates: self.near_duplicates,
            only_new_sources: self.only_new_sources,
            least_novelty: number(words, w.novelty, &self.novelty)?.unwrap_or_default(),
        })
    }
}

fn events(words: &'static Words, ticked: impl Fn(Event) -> bool) -> Vec<(&'static str, &'static str, bool)> {
    let of = |event: Event| (event.name(), words.watch_event(event.name()), ticked(event));
    Event::ALL.into_iter().map(of).collect()
}

fn number<T: std::str::FromStr>(words: &'static Words, field: &str, text: &str) -> Result<Option<T>, String> {
    let Some(text) = some(text) else { return Ok(None) };
    let wrong = || {
        words
            .watching
            .no_number
            .replace("{field}", field)
            .replace("{value}", &text)
    };
    text.parse().map(Some).map_err(|_| wrong())
}

/// Languages to choose from: code and name, and whether it is the one.
pub fn languages(words: &'static Words, chosen: &str) -> Vec<(&'static str, &'static str, bool)> {
    let of = |(code, name): &(&'static str, &'static str)| (*code, *name, *code == chosen);
    words.languages.iter().map(of).collect()
}

/// Fields that an address names.
pub fn asked(request: &actix_web::HttpRequest) -> Fields {
    Fields::of(request.query_string().as_bytes())
}

/// Which messages the log shows: of a state, or all.
pub fn log_state(request: &actix_web::HttpRequest) -> Option<&'static str> {
    let asked = parameter(request, "state");
    ["waiting", "delivered", "dead"]
        .into_iter()
        .find(|state| *state == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> &'static Words {
        Words::of("en").unwrap()
    }

    #[test]
    fn a_form_asks_for_what_stands_in_it() {
        let fields = Fields::of(
            "q=%D9%87%D8%AF%D9%86%D8%A9&lang=ar&min_sources=2&cool_down=1.5&digest_at=07:30%D8%8C+17:00&only_new_sources=on&novelty=".as_bytes(),
        );
        let new = Form::sent(words(), &fields).new_watch(words()).unwrap();
        let search = new.search.unwrap();
        assert_eq!(
            (search.q.as_deref(), search.lang.as_deref(), search.min_sources),
            (Some("هدنة"), Some("ar"), Some(2))
        );
        assert_eq!(new.quiet.cool_down_seconds, 90);
        assert_eq!(new.quiet.digest_at, ["07:30", "17:00"]);
        assert!(new.quiet.only_new_sources && !new.quiet.near_duplicates);
        let wrong = Form::sent(words(), &Fields::of(b"q=x&min_sources=many"));
        let said = wrong.new_watch(words()).unwrap_err();
        assert!(
            said.contains("many") && said.contains(words().watching.min_sources),
            "{said}"
        );
    }

    #[test]
    fn bounds_out_of_reach_do_not_wrap() {
        for text in ["-1", "1e300", "NaN", "inf"] {
            let fields = Fields::of(format!("q=x&cool_down={text}").as_bytes());
            let quiet = Form::sent(words(), &fields).new_watch(words()).unwrap().quiet;
            assert!(
                quiet.cool_down_seconds == 0 || quiet.cool_down_seconds > 86_400,
                "{text}"
            );
        }
    }
}
