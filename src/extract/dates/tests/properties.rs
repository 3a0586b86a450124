//! What holds for any text.

use chrono::{DateTime, NaiveDate};
use proptest::prelude::*;

use super::super::{find, parse};
use super::{bounds, dated};
use crate::article::Dated;

/// Text that is likely to look like dates, in pieces that are cut and joined at random.
fn date_like() -> impl Strategy<Value = String> {
    let pieces = vec![
        "20",
        "2023",
        "9",
        "٢٠",
        "۱۴۰۲",
        "99999999999999999999",
        "0",
        "سبتمبر",
        "أيلول",
        "/",
        "-",
        ".",
        ":",
        ",",
        " ",
        " ",
        "\n",
        "T",
        "Z",
        "+03:00",
        "GMT",
        "Sept",
        "May",
        "last",
        "ago",
        "two",
        "days",
        "منذ",
        "يومين",
        "الماضي",
        "yesterday",
        "أمس",
        "вчера",
        "сентября",
        "прошлого",
        "года",
        "1er",
        "mars",
        "年",
        "月",
        "日",
        "هـ",
        "ربيع الأول",
        "Tuesday",
        "(",
        ")",
        "\u{200f}",
        "\u{64b}",
        "é",
        "İ",
        "ß",
        "a.m.",
        "hier",
        "mid-",
        "in",
        "of",
        "'",
        "-",
        "–",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

fn check_mentions(text: &str) {
    for published in [None, Some("2023-09"), Some("2023-09-20"), Some("2023-09-20T10:15:00Z")] {
        let mut end = 0;
        for mention in find(text, published.map(dated)) {
            assert!(
                mention.start >= end && mention.start < mention.end,
                "{text:?}: {mention:?} overlaps"
            );
            let covered = text.get(mention.start..mention.end);
            assert!(
                covered.is_some_and(|covered| covered.trim() == covered),
                "{text:?}: {mention:?}"
            );
            assert!(published.is_some() || !mention.relative, "{text:?}: {mention:?}");
            end = mention.end;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn mentions_lie_on_characters_and_do_not_overlap(text in "\\PC{0,80}") {
        check_mentions(&text);
    }

    #[test]
    fn mentions_in_date_like_text_too(text in date_like()) {
        check_mentions(&text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}", like in date_like()) {
        for text in [text, like] {
            if let Ok(read) = parse(&text, &bounds()) {
                prop_assert!(read.value <= bounds().now + chrono::Duration::days(1));
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again(seconds in -5_364_662_400_i64..1_742_040_000, precision in 0..3) {
        let moment = DateTime::from_timestamp(seconds, 0).expect("a moment");
        let date: NaiveDate = moment.date_naive();
        use chrono::Datelike;
        let written = match precision {
            0 => Dated::minute(moment),
            1 => Dated::day(date),
            _ => Dated::month(date.year(), date.month()).expect("a month"),
        };
        prop_assert_eq!(parse(&written.value_text(), &bounds()), Ok(written));
    }
}
