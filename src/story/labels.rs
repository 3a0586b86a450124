//! Figures of a story as a whole: its pace, its importance, its first and last article.
//!
//! In: the story's articles as [`Seen`]. Out: [`Figures`]. Pure functions; never read a clock or the store.
//!
//! *Pace* compares two spans of time up to the story's latest article: the last three days, or half of its life if that is
//! shorter, and as long again before. It is rising or falling when the two counts differ by more than chance makes equal
//! streams differ, the square root of their sum.
//!
//! *Importance* counts independent sources and not reprints: every source counts once, by the latest of its articles that
//! repeats no other, and half as much for every half-life that this article is old; the sum is raised by a share for every
//! language beyond the first. All of it decays alike, so its logarithm at a fixed time orders stories as at any moment, and
//! is what is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::story::names;
use crate::story::outlets::Outlets;

const DAY: f64 = 86_400.0;
/// A span of pace, at most.
const LONGEST_SPAN: i64 = 3 * 86_400;

/// The section `[importance]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Importance {
    /// Days after which a source counts half as much.
    pub half_life_days: f64,
    /// What every language beyond the first adds, as a share.
    pub language: f64,
}

/// What stories are labelled by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// People, places and organisations.
    pub names: names::Rules,
    /// Importance.
    pub importance: Importance,
}

/// An article as far as the figures need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub article: u64,
    /// Midpoint of its publication, seconds since 1970.
    pub time: Option<i64>,
    /// The outlet's name.
    pub source: Option<String>,
    /// The registrable host of its address.
    pub host: Option<String>,
    /// Language code.
    pub lang: String,
    /// Whether it repeats another's text.
    pub repeats: bool,
}

/// Whether a story's pace changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// More articles than before.
    Rising,
    /// Neither.
    Steady,
    /// Fewer.
    Falling,
}

/// How fast a story grows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// Length of the two spans, days; 0 when the story has no two times.
    pub days: f64,
    /// Articles of the latest span, up to the story's latest article.
    pub latest: u64,
    /// Articles of the span before it.
    pub before: u64,
}

impl Pace {
    /// Whether it changes by more than chance.
    pub fn trend(&self) -> Trend {
        let (latest, before) = (self.latest as f64, self.before as f64);
        let chance = (latest + before).sqrt();
        match latest - before {
            _ if self.days == 0.0 => Trend::Steady,
            more if more > chance => Trend::Rising,
            more if -more > chance => Trend::Falling,
            _ => Trend::Steady,
        }
    }
}

/// What is counted of a story.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Its earliest article; of undated ones the first to come.
    pub first: Option<u64>,
    /// Its latest article.
    pub last: Option<u64>,
    /// Its pace.
    pub pace: Pace,
    /// Binary logarithm of its importance at the beginning of 1970; none without a dated article.
    pub importance: Option<f64>,
}

/// The figures of a story's articles.
pub fn figures(articles: &[Seen], rules: &Importance) -> Figures {
    let dated = || articles.iter().filter_map(|one| Some((one.time?, one.article)));
    let numbers = || articles.iter().map(|one| one.article);
    Figures {
        first: dated().min().map(|(_, article)| article).or_else(|| numbers().min()),
        last: dated().max().map(|(_, article)| article).or_else(|| numbers().max()),
        pace: pace(articles),
        importance: importance(articles, rules),
    }
}

fn pace(articles: &[Seen]) -> Pace {
    let times = || articles.iter().filter_map(|one| one.time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Pace::default();
    };
    let span = LONGEST_SPAN.min((last - first) / 2);
    if span == 0 {
        return Pace::default();
    }
    Pace {
        days: (span as f64 / DAY * 1e3).round() / 1e3,
        latest: times().filter(|time| *time > last - span).count() as u64,
        // The first article of a short story stands on its very edge.
        before: times()
            .filter(|time| *time <= last - span && *time >= last - 2 * span - 1)
            .count() as u64,
    }
}

fn importance(articles: &[Seen], rules: &Importance) -> Option<f64> {
    let half_life = (rules.half_life_days * DAY).max(1.0);
    let own = || articles.iter().filter(|one| !one.repeats);
    let undated = own().filter_map(|one| one.time).min()?;
    let named = own().filter_map(|one| Some((one.source.as_deref()?, one.host.as_deref())));
    let outlets = Outlets::of(named);
    let mut latest: BTreeMap<Option<&str>, i64> = BTreeMap::new();
    for one in own() {
        let time = one.time.unwrap_or(undated);
        let outlet = one.source.as_deref().map(|name| outlets.outlet(name));
        let known = latest.entry(outlet).or_insert(time);
        *known = time.max(*known);
    }
    let newest = latest.values().copied().max()?;
    let sources: f64 = latest
        .values()
        .map(|time| (-((newest - time) as f64) / half_life).exp2())
        .sum();
    let languages = own().map(|one| one.lang.as_str()).collect::<BTreeSet<_>>().len().max(1);
    let weight = sources * (1.0 + rules.language * (languages - 1) as f64);
    Some(weight.log2() + newest as f64 / half_life)
}

/// The importance at a moment (seconds since 1970) from the logarithm that is kept, to one decimal.
pub fn importance_at(kept: f64, moment: i64, half_life_days: f64) -> f64 {
    let half_life = (half_life_days * DAY).max(1.0);
    let value = (kept - moment as f64 / half_life).exp2();
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Importance = Importance {
        half_life_days: 2.0,
        language: 0.25,
    };

    fn seen(article: u64, hours: i64, source: &str, repeats: bool) -> Seen {
        Seen {
            article,
            time: Some(hours * 3600),
            source: Some(source.to_owned()),
            host: None,
            lang: "en".to_owned(),
            repeats,
        }
    }

    fn now(articles: &[Seen], hours: i64) -> f64 {
        importance_at(
            importance(articles, &RULES).expect("dated"),
            hours * 3600,
            RULES.half_life_days,
        )
    }

    #[test]
    fn reprints_and_second_articles_of_a_source_do_not_count() {
        let one = [seen(1, 0, "a", false), seen(2, 0, "b", false)];
        assert_eq!(now(&one, 0), 2.0);
        let more = [
            one[0].clone(),
            one[1].clone(),
            seen(3, 0, "a", false),
            seen(4, 0, "c", true),
        ];
        assert_eq!(now(&more, 0), 2.0);
        assert_eq!(now(&one, 48), 1.0, "half after a half-life");
        let mut other = one.to_vec();
        other[1].lang = "ar".to_owned();
        assert_eq!(now(&other, 0), 2.5);
        // An old source counts less than a new one.
        assert_eq!(now(&[seen(1, 0, "a", false), seen(2, 48, "b", false)], 48), 1.5);
        assert_eq!(importance(&[], &RULES), None);
    }

    #[test]
    fn pace_rises_and_falls_by_more_than_chance() {
        let at = |hours: &[i64]| {
            let articles: Vec<Seen> = (1..)
                .zip(hours)
                .map(|(number, hours)| seen(number, *hours, "a", false))
                .collect();
            pace(&articles)
        };
        let rising = at(&[0, 20, 21, 22, 23, 24]);
        assert_eq!((rising.days, rising.latest, rising.before), (0.5, 5, 1));
        assert_eq!(rising.trend(), Trend::Rising);
        assert_eq!(at(&[0, 1, 2, 3, 4, 24]).trend(), Trend::Falling);
        assert_eq!(at(&[0, 6, 12, 18, 24]).trend(), Trend::Steady);
        assert_eq!(at(&[0]).trend(), Trend::Steady);
        let long = at(&[0, 240, 241]);
        assert_eq!((long.days, long.latest, long.before), (3.0, 2, 0));
    }

    #[test]
    fn first_and_last_are_by_publication() {
        let mut articles = vec![seen(1, 5, "a", false), seen(2, 1, "a", false), seen(3, 9, "a", false)];
        let found = figures(&articles, &RULES);
        assert_eq!((found.first, found.last), (Some(2), Some(3)));
        articles.iter_mut().for_each(|one| one.time = None);
        let found = figures(&articles, &RULES);
        assert_eq!((found.first, found.last, found.importance), (Some(1), Some(3), None));
    }
}
