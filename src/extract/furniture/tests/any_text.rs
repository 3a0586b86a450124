//! What holds for any text: nothing is lost, and nothing takes long.

use super::*;

/// Input made to be slow: a rule that read a text again and again would make this test last for minutes.
#[test]
fn long_inputs_are_read_to_their_end() {
    for unit in [
        "a",
        "中",
        "»",
        "- ",
        "related:X.",
        "Read more: Alphabet.",
        "إقرأ المزيد العسكريةو",
        "ab\n",
        "Read also:\nStorm closes\n",
        "Подписывайтесь на наш каналПредставители",
    ] {
        let text = unit.repeat(200_000 / unit.chars().count());
        let whole: usize = text.chars().filter(|c| !c.is_whitespace()).count();
        let start = std::time::Instant::now();
        let said: usize = match read(&text) {
            Ok(found) => found.iter().map(letters).sum(),
            // All furniture, which a refused document keeps as it came.
            Err(_) => whole,
        };
        eprintln!("{unit:?}: {:?}", start.elapsed());
        assert_eq!(said, whole, "{unit:?}");
    }
}

/// Letters and signs of an article and of what was cut from it.
fn letters(draft: &Draft) -> usize {
    let cut = draft.removed.iter().map(|cut| cut.text.as_str());
    [draft.title.as_str(), draft.text.as_str()]
        .into_iter()
        .chain(cut)
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .count()
}

mod property {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Nothing is lost and nothing said twice: what stays and what was cut are all of the text but its white space.
        #[test]
        fn nothing_is_lost(lines in proptest::collection::vec(
            prop_oneof![
                "[a-zA-Z ,.:؟ةىو]{0,60}",
                Just("Read also:".to_owned()),
                Just("Read also: Storm closes the northern ports".to_owned()),
                Just("Storm closes the northern ports".to_owned()),
                Just("A storm closed the northern ports on Sunday, and nine ships wait outside. © AFP".to_owned()),
                Just("Published: 12 March 2024".to_owned()),
                Just("إقرأ المزيد عن الأعمال العسكريةوقال الوزير إن الأمر انتهى اليوم في العاصمة.".to_owned()),
                Just("المصدر: رويترز".to_owned()),
                Just("Tags: a, b".to_owned()),
                Just("Подписывайтесь на наш Telegram-каналПредставители Кремля сообщили, что визит окончен.".to_owned()),
                Just("Source: Harbour PostTalks go on. Follow us on X. They go on".to_owned()),
                "\\PC{0,40}",
            ], 1..12)) {
            let text = lines.join("\n");
            prop_assume!(!text.trim().is_empty());
            let settings = Settings::load(None).expect("the built-in settings load");
            let document = Document { kind: DocumentKind::Text, text: text.clone(), url: None, fetched_at: None };
            let Ok(found) = NewsRules::new(&settings.extract, Utc::now()).articles(&document) else { return Ok(()) };
            let mut said = String::new();
            for draft in &found {
                said.push_str(&draft.title);
                said.push_str(&draft.text);
                for removed in &draft.removed {
                    let there: String = text.chars().skip(removed.offset).take(removed.text.chars().count()).collect();
                    prop_assert_eq!(&there, &removed.text);
                    said.push_str(&removed.text);
                }
            }
            let count = |text: &str| {
                let mut letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').collect();
                letters.sort_unstable();
                letters
            };
            prop_assert_eq!(count(&said), count(&text));
        }
    }
}
