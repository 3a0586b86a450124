//! How fast a story grows: articles of each day as a small drawing, those of the last day as a number.

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
    /// Articles of the last 24 hours before the collection's newest.
    pub last_day: u64,
    /// Whether there may be more of them than were looked at.
    pub at_least: bool,
    /// Its most frequent sources.
    pub sources: Vec<String>,
}

impl Pace {
    pub fn new(words: &Words, members: &[Member], newest: Option<i64>) -> Self {
        let times: Vec<i64> = members.iter().filter_map(|member| member.published).collect();
        let recent = |time: &&i64| newest.is_some_and(|newest| newest - **time < DAY && **time <= newest);
        let last_day = times.iter().filter(recent).count();
        let mut pace = Self {
            last_day: last_day as u64,
            at_least: last_day >= MEMBERS,
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
        let pace = Pace::new(ALL[0], &members, Some(13 * DAY));
        assert_eq!(pace.width, 12, "three days, one of them empty");
        let shape: Vec<(i64, &str)> = pace.columns.iter().map(|one| (one.x, one.height.as_str())).collect();
        assert_eq!(shape, [(0, "16.0"), (8, "8.0")]);
        assert_eq!(pace.last_day, 1);
        assert_eq!(pace.sources, ["a", "b", "c"]);
        assert!(pace.said.contains("11 Jan 1970"), "{}", pace.said);
    }

    #[test]
    fn an_undated_story_has_no_drawing() {
        let pace = Pace::new(ALL[0], &[member(None, "a")], None);
        assert_eq!((pace.columns.len(), pace.last_day), (0, 0));
    }
}
