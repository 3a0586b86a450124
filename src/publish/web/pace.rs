//! How fast a story grows: articles of each day as a small drawing for lists, and a larger one for the story's own page.

use super::words::Words;
use crate::store::read::Member;

/// Members that are looked at, the latest ones: 40 stories of so many take the store some 60 ms.
pub const MEMBERS: usize = 200;
/// Days of the drawing, the latest ones.
const DAYS: i64 = 30;
const DAY: i64 = 86_400;
/// Sources that are named.
const NAMED: usize = 3;

/// A column of the drawing, in its units: 4 wide, 16 high.
pub struct Column {
    pub x: i64,
    pub y: String,
    pub height: String,
}

/// What a list says of a story's members.
#[derive(Default)]
pub struct Pace {
    pub columns: Vec<Column>,
    pub width: i64,
    /// What the drawing shows, in words.
    pub said: String,
    /// Its most frequent sources.
    pub sources: Vec<String>,
}

/// Seconds since 1970 as RFC 3339.
pub fn stamp(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

impl Pace {
    pub fn new(words: &Words, members: &[Member]) -> Self {
        let times: Vec<i64> = members.iter().filter_map(|member| member.published).collect();
        let mut pace = Self {
            sources: sources(members),
            ..Self::default()
        };
        let days = times.iter().map(|time| time.div_euclid(DAY));
        let (Some(first), Some(last)) = (days.clone().min(), days.clone().max()) else {
            return pace;
        };
        let first = first.max(last - DAYS + 1);
        let counts: Vec<u64> = (first..=last)
            .map(|day| days.clone().filter(|one| *one == day).count() as u64)
            .collect();
        let most = counts.iter().copied().max().unwrap_or(1).max(1);
        pace.width = counts.len() as i64 * 4;
        pace.columns = (0..)
            .zip(&counts)
            .filter(|(_, count)| **count > 0)
            .map(|(at, count)| {
                let height = 16.0 * *count as f64 / most as f64;
                Column {
                    x: at * 4,
                    y: format!("{:.1}", 16.0 - height),
                    height: format!("{height:.1}"),
                }
            })
            .collect();
        let date = |day: i64| {
            let time = chrono::DateTime::from_timestamp(day * DAY, 0).unwrap_or_default();
            words.day(time.format("%Y-%m-%d").to_string())
        };
        pace.said = words
            .per_day
            .replace("{from}", &date(first))
            .replace("{to}", &date(last))
            .replace("{most}", &words.number(most));
        pace
    }
}

/// Columns of the larger drawing, at most.
const MOST_COLUMNS: i64 = 48;
const HOUR: i64 = 3_600;
/// Lengths of a column, by the name of the period.
const PERIODS: [(&str, i64); 4] = [("hour", HOUR), ("day", DAY), ("week", 7 * DAY), ("month", 30 * DAY)];
/// Height of the larger drawing's columns.
const HIGH: f64 = 90.0;

/// A column of the larger drawing: own texts below, reprints on top of them.
pub struct Bar {
    pub x: i64,
    pub width: i64,
    pub own_y: String,
    pub own_height: String,
    pub copies_y: String,
    pub copies_height: String,
    /// When, in words.
    pub at: String,
    pub own: u64,
    pub copies: u64,
}

/// A story's pace over its whole time.
pub struct Chart {
    pub width: i64,
    pub bars: Vec<Bar>,
    /// What it shows, in words.
    pub said: String,
    /// How many articles it leaves out, in words.
    pub undated: Option<String>,
    pub from: String,
    pub to: String,
    /// The length of a column, in words.
    pub period: &'static str,
}

impl Chart {
    /// From the articles' times (seconds since 1970), each with whether it repeats another's text; `None` without any.
    /// The shortest periods of which few enough fill the time. `undated` articles are left out, and it says so.
    pub fn new(words: &Words, articles: &[(i64, bool)], undated: u64) -> Option<Self> {
        let first = articles.iter().map(|(time, _)| *time).min()?;
        let last = articles.iter().map(|(time, _)| *time).max()?;
        // Weeks begin on Mondays: the first one of 1970 was its fifth day.
        let offset = |length: i64| if length == 7 * DAY { 4 * DAY } else { 0 };
        let index = |time: i64, length: i64| (time - offset(length)).div_euclid(length);
        let fits = |length: i64| index(last, length) - index(first, length) < MOST_COLUMNS;
        // A day's times are often known to the day alone: hours would be a lie.
        let (name, length) = PERIODS
            .into_iter()
            .skip(usize::from(last - first > 2 * DAY || first == last))
            .find(|(_, length)| fits(*length))
            .unwrap_or(PERIODS[3]);
        let (from, to) = (
            index(first, length).max(index(last, length) - MOST_COLUMNS + 1),
            index(last, length),
        );
        let counts: Vec<(i64, u64, u64)> = (from..=to)
            .map(|at| {
                let of = |copies: bool| {
                    let fits = |(time, repeats): &&(i64, bool)| index(*time, length) == at && *repeats == copies;
                    articles.iter().filter(fits).count() as u64
                };
                (at, of(false), of(true))
            })
            .collect();
        let (peak, own, copies) = counts
            .iter()
            .copied()
            .max_by_key(|(at, own, copies)| (own + copies, -at))?;
        let most = (own + copies).max(1);
        let date = |at: i64| {
            let time = stamp(at * length + offset(length));
            match name {
                "hour" => words.date(time),
                _ => words.day(time),
            }
        };
        let width = (480 / counts.len() as i64).clamp(8, 40);
        let bars = (0..)
            .zip(&counts)
            .filter(|(_, (_, own, copies))| own + copies > 0)
            .map(|(place, (at, own, copies))| {
                let high = |count: u64| HIGH * count as f64 / most as f64;
                let (own_height, copies_height) = (high(*own), high(*copies));
                Bar {
                    x: place * width,
                    width: width - 2,
                    own_y: format!("{:.1}", HIGH - own_height),
                    own_height: format!("{own_height:.1}"),
                    copies_y: format!("{:.1}", HIGH - own_height - copies_height),
                    copies_height: format!("{copies_height:.1}"),
                    at: date(*at),
                    own: *own,
                    copies: *copies,
                }
            })
            .collect();
        let period = words.period(name);
        Some(Self {
            width: width * counts.len() as i64,
            bars,
            said: words
                .live
                .pace_said
                .replace("{articles}", &words.articles(articles.len() as u64))
                .replace("{from}", &date(from))
                .replace("{to}", &date(to))
                .replace("{period}", period)
                .replace("{most}", &words.number(most))
                .replace("{at}", &date(peak)),
            undated: (undated > 0).then(|| words.live.pace_without.replace("{articles}", &words.articles(undated))),
            from: date(from),
            to: date(to),
            period,
        })
    }
}

fn sources(members: &[Member]) -> Vec<String> {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for source in members.iter().filter_map(|member| member.source.as_deref()) {
        *counts.entry(source).or_default() += 1;
    }
    let mut sorted: Vec<(&str, usize)> = counts.into_iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    sorted
        .into_iter()
        .take(NAMED)
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::web::words::ALL;

    fn member(published: Option<i64>, source: &str) -> Member {
        Member {
            published,
            source: Some(source.to_owned()),
        }
    }

    #[test]
    fn days_are_counted_up_to_the_latest() {
        let members = [
            member(Some(10 * DAY), "b"),
            member(Some(10 * DAY + 5), "a"),
            member(Some(12 * DAY + 60), "a"),
            member(None, "c"),
        ];
        let pace = Pace::new(ALL[0], &members);
        assert_eq!(pace.width, 12, "three days, one of them empty");
        let shape: Vec<(i64, &str)> = pace.columns.iter().map(|one| (one.x, one.height.as_str())).collect();
        assert_eq!(shape, [(0, "16.0"), (8, "8.0")]);
        assert_eq!(pace.sources, ["a", "b", "c"]);
        assert!(pace.said.contains("11 Jan 1970"), "{}", pace.said);
    }

    #[test]
    fn an_undated_story_has_no_drawing() {
        let pace = Pace::new(ALL[0], &[member(None, "a")]);
        assert_eq!(pace.columns.len(), 0);
    }

    #[test]
    fn the_larger_drawing_counts_reprints_apart() {
        let words = Words::of("en").expect("English");
        let articles = [
            (10 * DAY, false),
            (10 * DAY + 60, true),
            (14 * DAY, false),
            (10 * DAY + 5, false),
        ];
        let chart = Chart::new(words, &articles, 2).expect("a drawing");
        let shape: Vec<(&str, u64, u64)> = chart
            .bars
            .iter()
            .map(|bar| (bar.at.as_str(), bar.own, bar.copies))
            .collect();
        assert_eq!(shape, [("11 Jan 1970", 2, 1), ("15 Jan 1970", 1, 0)]);
        assert_eq!(chart.bars[0].own_height, "60.0");
        assert_eq!(chart.bars[0].copies_y, "0.0");
        assert!(
            chart
                .said
                .contains("4 articles from 11 Jan 1970 to 15 Jan 1970, counted by day; 3 at most")
        );
        assert!(chart.undated.is_some_and(|said| said.contains("2 articles")));
        let long = [(0, false), (400 * DAY, false)];
        assert_eq!(Chart::new(words, &long, 0).expect("a drawing").period, "month");
        assert!(Chart::new(words, &[], 3).is_none());
    }
}
