//! What the pages say that editors keep open: what moves, what is new, the live bar, the pictures of a story, time travel.

use super::{Counted, Words, named};

/// One language's block.
pub struct Live {
    /// A day without its year, for times of this year.
    pub short_day: &'static str,

    // The front page.
    pub moving: &'static str,
    pub moving_meaning: &'static str,
    pub moving_old: &'static str,
    pub moving_none: &'static str,
    pub spans: &'static [(&'static str, &'static str)],
    pub all_stories: &'static str,
    pub other_stories: &'static str,
    pub fitting_stories: &'static str,
    pub more_filters: &'static str,
    pub min_sources: &'static str,
    pub first_in: &'static str,
    pub more_languages: &'static str,
    pub latest: &'static str,
    pub new_articles_counted: Counted,
    pub new_sources_counted: Counted,

    // Since the reader last looked.
    pub since: &'static str,
    pub since_nothing: &'static str,
    pub since_more: &'static str,
    pub since_only: &'static str,
    pub since_all: &'static str,
    pub mark_seen: &'static str,
    pub is_new: &'static str,
    pub renamed: &'static str,
    pub new_stories_counted: Counted,
    pub merged_counted: Counted,
    pub split_counted: Counted,
    pub renamed_counted: Counted,
    pub changed_counted: Counted,
    pub took_in_counted: Counted,
    pub gave_off_counted: Counted,
    pub moved_in_counted: Counted,
    pub moved_out_counted: Counted,

    // What arrives while the page is open.
    pub bar_show: &'static str,
    pub bar_done: &'static str,
    pub bar_lost: &'static str,
    pub bar_merged: &'static str,
    pub bar_other: &'static str,
    pub key_show: &'static str,
    pub key_seen: &'static str,
    pub keys_on: &'static str,

    // Search as you type.
    pub typed_all: &'static str,
    pub typed_none: &'static str,
    pub typed_counted: Counted,

    // A story's pictures.
    pub pace: &'static str,
    pub pace_said: &'static str,
    pub pace_undated: &'static str,
    pub pace_without: &'static str,
    pub as_table: &'static str,
    pub as_list: &'static str,
    pub period: &'static str,
    pub near: &'static str,
    pub links_counted: Counted,
    pub descent: &'static str,
    pub took_in: &'static str,
    pub gave_off: &'static str,
    pub came_from: &'static str,
    pub graph: &'static str,
    pub graph_said: &'static str,
    pub graph_large: &'static str,
    pub graph_left_out: &'static str,
    pub graph_all: &'static str,
    pub strand: &'static str,
    pub strands_counted: Counted,
    pub bridges_counted: Counted,
    pub doubtful_counted: Counted,
    pub link_sure: &'static str,
    pub link_doubtful: &'static str,
    pub link_bridge: &'static str,
    pub link_repeats: &'static str,
    pub linked_to: &'static str,
    pub evidence: &'static str,

    // Time travel.
    pub then: &'static str,
    pub then_now: &'static str,
    pub then_earlier: &'static str,
    pub then_later: &'static str,
    pub then_choose: &'static str,
    pub then_see: &'static str,
    pub then_unknown: &'static str,
    /// What readers call the fields that may not be known of an earlier time.
    pub then_fields: [(&'static str, &'static str); 9],
    pub then_nothing: &'static str,
    pub then_too_early: &'static str,
    pub then_bad: &'static str,
    pub then_bad_text: &'static str,
}

impl Words {
    /// How long a span of time is.
    pub fn span<'a>(&self, span: &'a str) -> &'a str {
        named(self.live.spans, span)
    }

    /// That there are so many more, if there are.
    pub fn and_more(&self, number: usize) -> Option<String> {
        (number > 0).then(|| self.live.more_languages.replace("{n}", &self.number(number as u64)))
    }

    /// A counted thing of the block.
    pub fn many(&self, thing: &Counted, number: impl std::borrow::Borrow<u64>) -> String {
        self.counted(thing, *number.borrow())
    }

    /// A time as short as it can be told from `now`: the hour today, the day without its year this year.
    pub fn moment(&self, value: impl AsRef<str>, now: chrono::DateTime<chrono::Utc>) -> String {
        use crate::article::{Dated, Precision};
        use chrono::Datelike as _;
        let value = value.as_ref();
        let Some(dated) = Dated::from_value_text(value) else {
            return value.to_owned();
        };
        let (day, today) = (dated.date(), now.date_naive());
        let hour =
            (dated.precision == Precision::Minute).then(|| self.localised(&dated.value.format("%H:%M").to_string()));
        match hour {
            _ if day.year() != today.year() || dated.precision == Precision::Month => self.date(value),
            Some(hour) if day == today => hour,
            Some(hour) => format!("{}{}{hour}", self.filled(self.live.short_day, day), self.list_comma),
            None => self.filled(self.live.short_day, day),
        }
    }

    /// The forms of what the live bar counts, for its script: JSON.
    pub fn bar_forms(&self) -> String {
        let forms = |thing: &Counted| {
            serde_json::json!({
                "zero": thing.zero, "one": thing.one, "two": thing.two,
                "few": thing.few, "many": thing.many, "other": thing.other,
            })
        };
        let live = self.live;
        serde_json::json!({
            "articles": forms(&live.new_articles_counted),
            "stories": forms(&live.new_stories_counted),
            "merged": forms(&live.merged_counted),
            "split": forms(&live.split_counted),
            "renamed": forms(&live.renamed_counted),
            "changed": forms(&live.changed_counted),
            "found": forms(&live.typed_counted),
        })
        .to_string()
    }
}
