//! Tables of real-life forms, and properties.

use chrono::{DateTime, NaiveDate, Utc};

use super::Bounds;
use crate::article::Dated;

mod lines;
mod properties;
mod prose;

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// The bounds that all tables use.
fn bounds() -> Bounds {
    Bounds {
        now: moment("2025-03-15T12:00:00Z"),
        earliest: NaiveDate::from_ymd_opt(1800, 1, 1).expect("a day"),
    }
}

fn dated(text: &str) -> Dated {
    Dated::from_value_text(text).expect("a date")
}
