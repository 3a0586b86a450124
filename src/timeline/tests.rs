use proptest::prelude::*;

use super::*;

fn options() -> Options {
    let settings = crate::config::Settings::load(None)
        .expect("the built-in configuration")
        .timeline;
    Options {
        from: None,
        to: None,
        granularity: Granularity::Day,
        dates: None,
        sentences: 3,
        lang: None,
        settings,
    }
}

fn article(id: &str, lang: &str, published: Option<&str>, text: &str) -> StoryArticle {
    StoryArticle {
        id: id.into(),
        title: String::new(),
        text: text.to_owned(),
        lang: lang.to_owned(),
        published: published.map(|date| Dated::from_value_text(date).expect("a date")),
        source: None,
        original: None,
    }
}

/// A dam that breaks, told in three languages.
fn dam() -> Vec<StoryArticle> {
    vec![
        article(
            "en1",
            "en",
            Some("2024-04-06"),
            "The Kumar dam near Tarnovsk broke and 4200 people fled.\nMore rain is expected.",
        ),
        article(
            "ar1",
            "ar",
            Some("2024-04-06"),
            "انهار سد كومار قرب تارنوفسك وفر 4200 شخص من منازلهم.",
        ),
        article(
            "ru1",
            "ru",
            Some("2024-04-06"),
            "Плотина Кумар у Тарновска прорвана, бежали 4200 человек.",
        ),
        article(
            "en2",
            "en",
            Some("2024-04-09"),
            "The mayor Ivan Petrov resigned over the flood on 8 April 2024.",
        ),
        article(
            "en3",
            "en",
            None,
            "Engineers had warned of cracks in the old wall for years.",
        ),
    ]
}

#[test]
fn one_happening_told_in_three_languages_is_one_event() {
    let events = build(&dam(), &options());
    let first = &events[0];
    assert_eq!(first.date.value.as_deref(), Some("2024-04-06"));
    assert_eq!(first.basis, Basis::Publication);
    let articles: BTreeSet<&str> = first.articles.iter().map(ArticleId::as_str).collect();
    assert_eq!(articles, BTreeSet::from(["ar1", "en1", "ru1"]));
    assert_eq!(first.others.len(), 2);
    assert_eq!(events.len(), 3, "{events:#?}");
}

#[test]
fn a_date_in_the_text_beats_the_day_of_publication() {
    let events = build(&dam(), &options());
    assert_eq!(events[1].date.value.as_deref(), Some("2024-04-08"));
    assert_eq!(events[1].basis, Basis::Text);
    assert_eq!(events[1].article.as_str(), "en2");
}

#[test]
fn what_has_no_date_comes_last_and_says_so() {
    let events = build(&dam(), &options());
    let last = events.last().expect("an event");
    assert_eq!(
        serde_json::json!(last.date),
        serde_json::json!({"value": null, "precision": "unknown"})
    );
    assert_eq!((last.article.as_str(), last.basis), ("en3", Basis::None));
}

#[test]
fn the_readers_language_is_preferred() {
    for lang in ["ar", "ru", "en"] {
        let events = build(
            &dam(),
            &Options {
                lang: Some(lang.to_owned()),
                ..options()
            },
        );
        assert_eq!(events[0].lang, lang);
        assert!(events[0].others.iter().all(|other| other.lang != lang));
    }
}

#[test]
fn near_duplicates_are_counted_but_do_not_speak() {
    let mut story = dam();
    let mut copy = story[0].clone();
    copy.id = "aa".into();
    copy.original = Some("en1".into());
    story.push(copy);
    let events = build(&story, &options());
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].near_duplicates, 1);
    assert!(events[0].articles.contains(&"aa".into()));
    assert_ne!(events[0].article.as_str(), "aa");
}

#[test]
fn a_month_stays_a_month() {
    let story = [article(
        "a",
        "en",
        Some("2024-09-20"),
        "The bridge of Tarnovsk was closed for repairs in March 2024.",
    )];
    let events = build(&story, &options());
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0].date.value.as_deref(), Some("2024-03"));
    assert_eq!(events[0].date.precision, Precision::Month);
}

#[test]
fn two_happenings_of_a_day_are_two_events() {
    let story = [
        article(
            "a",
            "en",
            Some("2024-04-06"),
            "Farmers blocked the motorway with tractors and burning tyres.",
        ),
        article(
            "b",
            "en",
            Some("2024-04-06"),
            "Parliament postponed its vote until the autumn session begins.",
        ),
    ];
    assert_eq!(build(&story, &options()).len(), 2);
    assert_eq!(
        build(
            &story,
            &Options {
                sentences: 1,
                ..options()
            }
        )
        .len(),
        1
    );
}

#[test]
fn the_asked_period_and_number_of_days_are_kept() {
    let wanted = Options {
        from: NaiveDate::from_ymd_opt(2024, 4, 7),
        ..options()
    };
    let dated = |events: Vec<Event>| {
        events
            .into_iter()
            .filter_map(|event| event.date.value)
            .collect::<Vec<_>>()
    };
    assert_eq!(dated(build(&dam(), &wanted)), ["2024-04-08"]);
    let days: BTreeSet<String> = dated(build(
        &dam(),
        &Options {
            dates: Some(2),
            ..options()
        },
    ))
    .into_iter()
    .collect();
    assert_eq!(days.len(), 2);
}

#[test]
fn a_period_has_a_bounded_number_of_events_and_each_keeps_its_date() {
    // 2024-03-29 is a Friday, 2024-04-01 the Monday after it.
    let published = ["2024-03-28", "2024-03-29", "2024-04-01", "2024-04-07", "2024-04-08"];
    let story: Vec<StoryArticle> = published
        .iter()
        .zip([
            "dam breaks",
            "mayor resigns",
            "bridge falls",
            "school opens",
            "court sits",
        ])
        .map(|(day, what)| {
            article(
                day,
                "en",
                Some(day),
                &format!("In Tarnovsk the {what} today, people there say."),
            )
        })
        .collect();
    for (granularity, dates, wanted) in [
        (Granularity::Day, None, vec![1, 1, 1, 1, 1]),
        (Granularity::Week, None, vec![1, 1, 1]),
        (Granularity::Month, None, vec![1, 1]),
        (Granularity::Month, Some(1), vec![1]),
    ] {
        let options = Options {
            granularity,
            dates,
            sentences: 1,
            ..options()
        };
        let events = build(&story, &options);
        let mut periods: BTreeMap<Dated, usize> = BTreeMap::new();
        for event in &events {
            let value = event.date.value.as_deref().expect("a date");
            assert!(published.contains(&value), "{value}");
            let day = value.parse().expect("a day");
            *periods.entry(granularity.period(Dated::day(day))).or_default() += 1;
        }
        assert_eq!(periods.into_values().collect::<Vec<_>>(), wanted, "{granularity:?}");
    }
    // Two events of a week come from its two best days.
    let options = Options {
        granularity: Granularity::Week,
        sentences: 2,
        ..options()
    };
    assert_eq!(build(&story, &options).len(), 5);
}

#[test]
fn a_month_holds_what_is_known_to_the_month_only() {
    let day = |value: &str| value.parse::<NaiveDate>().expect("a day");
    let (known, unsure) = (Dated::day(day("2024-02-29")), Dated::month(2024, 2).expect("a month"));
    assert_eq!(Granularity::Month.period(known), Granularity::Month.period(unsure));
    assert_ne!(Granularity::Week.period(known), Granularity::Week.period(unsure));
    assert_eq!(Granularity::Week.period(known), Dated::day(day("2024-02-26")));
}

#[test]
fn an_hour_is_that_of_publication_and_shown_to_the_minute() {
    let story = [
        article(
            "a",
            "en",
            Some("2024-04-06T14:05:00Z"),
            "The Kumar dam near Tarnovsk broke on Saturday.",
        ),
        article(
            "b",
            "en",
            Some("2024-04-06T14:40:00Z"),
            "The Kumar dam near Tarnovsk broke, officials say.",
        ),
        article(
            "c",
            "en",
            Some("2024-04-06T18:20:00Z"),
            "Mayor Ivan Petrov resigned in the evening.",
        ),
        article(
            "d",
            "en",
            Some("2024-04-07"),
            "Soldiers began to close the breach with sandbags.",
        ),
    ];
    let hours = Options {
        granularity: Granularity::Hour,
        ..options()
    };
    let told: Vec<(Option<String>, Basis, usize)> = build(&story, &hours)
        .into_iter()
        .map(|event| (event.date.value, event.basis, event.articles.len()))
        .collect();
    let date = |value: &str| Some(value.to_owned());
    assert_eq!(
        told,
        [
            (date("2024-04-06T14:05:00Z"), Basis::Publication, 2),
            (date("2024-04-06T18:20:00Z"), Basis::Publication, 1),
            (date("2024-04-07"), Basis::Publication, 1),
        ]
    );
}

#[test]
fn by_the_hour_a_happening_is_told_once_however_late_its_day_is_named() {
    let story = [
        article(
            "a",
            "en",
            Some("2024-04-06T14:05:00Z"),
            "The Kumar dam near Tarnovsk broke and 4200 people fled.",
        ),
        article(
            "b",
            "en",
            Some("2024-04-06T19:40:00Z"),
            "The Kumar dam near Tarnovsk broke on Saturday, and 4200 people fled.",
        ),
        article(
            "c",
            "ru",
            Some("2024-04-06T21:10:00Z"),
            "Плотина Кумар у Тарновска прорвана, бежали 4200 человек.",
        ),
        article(
            "d",
            "en",
            Some("2024-04-07T08:00:00Z"),
            "On Saturday the Kumar dam near Tarnovsk broke, and 4200 people fled.",
        ),
        article(
            "e",
            "en",
            Some("2024-04-06T19:50:00Z"),
            "Mayor Ivan Petrov resigned in the evening over what had been left undone.",
        ),
    ];
    let hours = Options {
        granularity: Granularity::Hour,
        ..options()
    };
    let told: Vec<(Option<String>, usize)> = build(&story, &hours)
        .into_iter()
        .map(|event| (event.date.value, event.articles.len()))
        .collect();
    let date = |value: &str| Some(value.to_owned());
    assert_eq!(
        told,
        [(date("2024-04-06T14:05:00Z"), 4), (date("2024-04-06T19:50:00Z"), 1)]
    );
}

#[test]
fn neighbouring_days_that_say_the_same_are_one_event_on_the_day_that_the_text_names() {
    let story = [
        article(
            "a",
            "en",
            Some("2024-04-07"),
            "The old Kumar dam near Tarnovsk broke after heavy rain.",
        ),
        article(
            "b",
            "en",
            Some("2024-04-07"),
            "The old Kumar dam near Tarnovsk broke after the heavy rain.",
        ),
        article(
            "c",
            "en",
            Some("2024-04-09"),
            "The old Kumar dam near Tarnovsk broke on 6 April 2024 after heavy rain.",
        ),
        article(
            "d",
            "en",
            Some("2024-04-08"),
            "Mayor Ivan Petrov resigned over his handling of the flood.",
        ),
    ];
    let events = build(&story, &options());
    let dates: Vec<_> = events.iter().map(|event| event.date.value.as_deref()).collect();
    assert_eq!(dates, [Some("2024-04-06"), Some("2024-04-08")], "{events:#?}");
    assert_eq!((events[0].basis, events[0].articles.len()), (Basis::Text, 3));
}

#[test]
fn a_week_weighs_what_all_of_it_weighs() {
    let said = ["broke", "leaks", "cracks", "falls", "opens", "closes"];
    let mut story: Vec<StoryArticle> = ["2024-04-01", "2024-04-03", "2024-04-05", "2024-04-07"]
        .iter()
        .zip(said)
        .map(|(day, said)| {
            article(
                day,
                "en",
                Some(day),
                &format!("The {said} wall of {said} near {said} was seen."),
            )
        })
        .collect();
    // The best single day is in another week.
    for (id, said) in ["x", "y"].iter().zip(["bridge", "school"]) {
        story.push(article(
            id,
            "en",
            Some("2024-04-10"),
            &format!("The {said} of Tarnovsk was closed for repairs."),
        ));
    }
    let best = |granularity| {
        let one = Options {
            granularity,
            dates: Some(1),
            sentences: 1,
            ..options()
        };
        build(&story, &one)[0].date.value.clone()
    };
    assert_eq!(best(Granularity::Day).as_deref(), Some("2024-04-10"));
    assert_eq!(best(Granularity::Week).as_deref(), Some("2024-04-01"));
}

#[test]
fn a_month_tells_of_its_days_before_it_tells_more_of_one() {
    let told = [
        (
            "a",
            "The bridge of Tarnovsk was closed for repairs on 10 April 2024 by the mayor.",
        ),
        (
            "b",
            "A school near Tarnovsk lost its roof in a storm on 10 April 2024, pupils said.",
        ),
        (
            "c",
            "Doctors in Tarnovsk began a walkout over their pay on 10 April 2024.",
        ),
        (
            "d",
            "Voters of Tarnovsk chose a council on 3 April 2024 without trouble.",
        ),
        ("e", "Firemen put out a blaze at the mill of Tarnovsk on 24 April 2024."),
    ];
    let story: Vec<StoryArticle> = told
        .iter()
        .map(|(id, text)| article(id, "en", Some("2024-04-25"), text))
        .collect();
    let days = |sentences| {
        let options = Options {
            granularity: Granularity::Month,
            sentences,
            ..options()
        };
        let events = build(&story, &options).into_iter();
        events.filter_map(|event| event.date.value).collect::<Vec<_>>()
    };
    assert_eq!(days(3), ["2024-04-03", "2024-04-10", "2024-04-24"]);
    assert_eq!(
        days(5),
        ["2024-04-03", "2024-04-10", "2024-04-10", "2024-04-10", "2024-04-24"]
    );
}

#[test]
fn a_sentence_that_leans_on_another_does_not_speak_for_a_day() {
    let story = [
        article(
            "a",
            "en",
            Some("2024-04-06"),
            "Will it hold?\nThe Kumar dam near Tarnovsk broke and 4200 people fled.\nHe said on 2 April 2024 that it leaked.",
        ),
        article(
            "b",
            "en",
            Some("2024-04-08"),
            "But they never came back to their homes by the river.",
        ),
    ];
    let events = build(&story, &options());
    let told: Vec<&str> = events.iter().map(|event| event.sentence.as_str()).collect();
    assert_eq!(told, ["The Kumar dam near Tarnovsk broke and 4200 people fled."]);
    // Where there is nothing else, something is said.
    assert_eq!(build(&story[1..], &options()).len(), 1);
}

prop_compose! {
    fn any_article()(
        id in "[a-z]{1,4}",
        lang in prop::sample::select(vec!["ar", "en", "ru"]),
        day in prop::option::of(1u32..28),
        text in prop::collection::vec(prop::sample::select(vec![
            "The dam of Tarnovsk broke.", "On 5 April 2024 rain fell for hours.", "Petrov resigned yesterday.",
            "انهار السد في 5 أبريل 2024.", "Плотина прорвана 6 апреля 2024 года.", "It was closed in March 2024.",
        ]), 0..5),
    ) -> StoryArticle {
        let published = day.map(|day| format!("2024-04-{day:02}"));
        article(&id, lang, published.as_deref(), &text.join(" "))
    }
}

proptest! {
    #[test]
    fn events_are_ordered_and_do_not_depend_on_the_order_of_articles(
        story in prop::collection::vec(any_article(), 0..8),
        dates in prop::option::of(1usize..4),
        turn in 0usize..8,
    ) {
        let options = Options { dates, ..options() };
        let events = build(&story, &options);
        let mut turned = story.clone();
        turned.rotate_left(turn.min(story.len()));
        turned.reverse();
        prop_assert_eq!(&events, &build(&turned, &options));
        let keys: Vec<(bool, Option<NaiveDate>)> = events
            .iter()
            .map(|event| event.date.value.as_deref())
            .map(|value| (value.is_none(), value.and_then(Dated::from_value_text).map(|date| date.date())))
            .collect();
        prop_assert!(keys.is_sorted());
        for event in &events {
            prop_assert!(story.iter().any(|one| one.text.contains(&event.sentence)));
            prop_assert!(event.articles.contains(&event.article));
        }
        if let Some(most) = dates {
            let days: BTreeSet<_> = events.iter().map(|event| event.date.value.clone()).collect();
            prop_assert!(days.len() <= most);
        }
    }
}

#[test]
fn the_date_of_a_sentence_does_not_depend_on_how_many_are_asked_for() {
    let story = [
        article(
            "a",
            "en",
            Some("2024-08-12"),
            "Ukrainian troops crossed the border into Kursk region on 6 August.",
        ),
        article(
            "b",
            "en",
            Some("2024-08-12"),
            "The governor of Kursk region spoke to Putin.",
        ),
        article(
            "c",
            "en",
            Some("2024-08-14"),
            "Some 121,000 people have left the region since the attack began on 6 August.",
        ),
    ];
    let told = |options: Options| -> BTreeSet<(String, Option<String>)> {
        let events = build(&story, &options);
        events.into_iter().map(|one| (one.sentence, one.date.value)).collect()
    };
    let on = |told: &BTreeSet<(String, Option<String>)>, words: &str, day: &str| {
        let mut told = told.iter();
        told.any(|(text, date)| text.contains(words) && date.as_deref() == Some(day))
    };
    let all = told(options());
    assert!(on(&all, "crossed", "2024-08-06"), "{all:?}");
    assert!(!on(&all, "121,000", "2024-08-06"), "{all:?}");
    let late = told(Options {
        from: NaiveDate::from_ymd_opt(2024, 8, 13),
        ..options()
    });
    assert!(on(&late, "121,000", "2024-08-14"), "{late:?}");
    for dates in 1..=3 {
        let some = told(Options {
            dates: Some(dates),
            ..options()
        });
        assert!(!some.is_empty());
        assert!(
            !on(&some, "crossed", "2024-08-12") && !on(&some, "121,000", "2024-08-06"),
            "{dates}: {some:?}"
        );
    }
}

#[test]
fn what_happened_a_day_after_is_not_told_of_the_day_before() {
    let of = |lang: &str, sentence: &str| {
        let story = [article("a", lang, Some("2023-09-20"), sentence)];
        let events = build(&story, &options());
        events.into_iter().filter_map(|one| one.date.value).collect::<Vec<_>>()
    };
    for (lang, sentence) in [
        (
            "ar",
            "أعلن الطرفان وقف إطلاق النار بعد يوم من بدء الهجوم في 19 سبتمبر 2023.",
        ),
        (
            "en",
            "Both sides announced a ceasefire a day after the offensive began on 19 September 2023.",
        ),
        (
            "fr",
            "Les armes se sont tues au lendemain de l'offensive du 19 septembre 2023.",
        ),
        (
            "ru",
            "Стороны объявили о перемирии через день после начала операции 19 сентября 2023 года.",
        ),
    ] {
        assert_eq!(of(lang, sentence), ["2023-09-20"], "{sentence}");
    }
    for (lang, sentence) in [
        (
            "ar",
            "وبدأ سريان الهدنة ظهر 20 سبتمبر 2023، بعد يوم من إطلاق أذربيجان، في 19 سبتمبر، عملية واسعة.",
        ),
        (
            "ar",
            "وقّع زعيم الإقليم اليوم الأربعاء مرسومًا يقضي بحلّ المؤسسات قبل الأول من يناير ٢٠٢٤.",
        ),
        (
            "en",
            "On Wednesday the enclave's leader decreed the end of its institutions by 1 January 2024.",
        ),
    ] {
        assert_eq!(of(lang, sentence), ["2023-09-20"], "{sentence}");
    }
    assert_eq!(
        of("ru", "До 1 января 2024 года структуры должны завершить работу."),
        ["2024-01-01"]
    );
    assert_eq!(
        of("en", "The offensive began on 19 September 2023 with shelling."),
        ["2023-09-19"]
    );
}

/// Sentences of one day, each of an article of its own, in languages.
fn told_on(day: &str, told: &[(&str, &str)]) -> Vec<StoryArticle> {
    let number = |at: usize| format!("{}{at}", told[at].0);
    (0..told.len())
        .map(|at| article(&number(at), told[at].0, Some(day), told[at].1))
        .collect()
}

/// The articles of each event.
fn together(story: &[StoryArticle]) -> Vec<BTreeSet<String>> {
    let ids = |event: Event| event.articles.into_iter().map(|id| id.0).collect();
    let mut events: Vec<BTreeSet<String>> = build(story, &options()).into_iter().map(ids).collect();
    events.sort();
    events
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

#[test]
fn one_happening_in_other_words_is_one_event_and_a_protest_beside_it_another() {
    let story = told_on(
        "2026-03-04",
        &[
            (
                "ar",
                "دخلت الهدنة بين الجانبين حيز التنفيذ عند الساعة السابعة من صباح اليوم في وادي سمرا.",
            ),
            (
                "ar",
                "ينص الاتفاق في وادي سمرا على هدنة تبدأ عند السابعة صباحًا وعلى إعادة فتح الطرق.",
            ),
            (
                "en",
                "Guns fell silent along the river at 7 a.m. as the truce began, residents of both banks said.",
            ),
            ("ru", "Перемирие вступило в силу в 7 часов утра, сообщили обе стороны."),
            (
                "en",
                "Thousands of demonstrators filled the main square to demand that the minister resign.",
            ),
            (
                "fr",
                "Des milliers de manifestants réclament la démission du ministre sur la grande place.",
            ),
        ],
    );
    assert_eq!(
        together(&story),
        [set(&["ar0", "ar1", "en2", "ru3"]), set(&["en4", "fr5"])]
    );
    // Two strikes, told in one language and words that differ, stay two.
    let story = told_on(
        "2026-03-05",
        &[
            ("en", "A missile hit the harbour warehouse and wounded two dockers."),
            ("en", "Rockets landed near a hillside school, injuring a teacher."),
        ],
    );
    assert_eq!(together(&story).len(), 2);
}

#[test]
fn what_happened_is_told_by_what_was_written_on_the_day_or_later() {
    let story = [
        article(
            "en1",
            "en",
            Some("2024-05-14"),
            "Talks between Harvand and the Sedran rebels on a ceasefire will open on 16 May 2024 in the town of Mirova.",
        ),
        article(
            "en2",
            "en",
            Some("2024-05-15"),
            "Envoys are to meet for talks on a ceasefire with the Sedran rebels on 16 May 2024 in the town of Mirova.",
        ),
        article(
            "en3",
            "en",
            Some("2024-05-17"),
            "The talks on a ceasefire in Mirova ended on 16 May 2024, and neither the envoys nor the mayor said what came of them.",
        ),
        article(
            "ar1",
            "ar",
            Some("2024-05-14"),
            "تفتح محادثات وقف إطلاق النار بين هارفند ومتمردي سيدران في 16 مايو 2024 في بلدة ميروفا.",
        ),
        article(
            "ar2",
            "ar",
            Some("2024-05-16"),
            "انتهت محادثات وقف إطلاق النار مع متمردي سيدران في بلدة ميروفا في 16 مايو 2024 دون اتفاق.",
        ),
    ];
    let of = |lang: &str, foretold: f32| {
        let mut options = options();
        (options.lang, options.settings.foretold) = (Some(lang.to_owned()), foretold);
        let events = build(&story, &options);
        let day = events
            .into_iter()
            .find(|event| event.date.value.as_deref() == Some("2024-05-16"));
        let day = day.expect("told");
        let other = day.others.first().map(|other| other.article.as_str().to_owned());
        (day.article.as_str().to_owned(), other)
    };
    let said = |one: &str, other: &str| (one.to_owned(), Some(other.to_owned()));
    let shipped = options().settings.foretold;
    assert_eq!(of("en", shipped), said("en3", "ar2"));
    assert_eq!(of("ar", shipped), said("ar2", "en3"));
    assert_ne!(of("en", 0.0).0, "en3", "the announcements resemble each other");
    // Before it has happened, what is announced is all there is.
    let announced = build(&story[..2], &options());
    assert_eq!(announced[0].date.value.as_deref(), Some("2024-05-16"));
}

#[test]
fn names_of_the_whole_story_do_not_join_what_is_told_in_other_words() {
    let mut story = told_on(
        "2026-03-06",
        &[
            (
                "en",
                "President Karim Tarsan of Velonia apologised to Boris Malkov by telephone for the deaths of Velonian guards.",
            ),
            (
                "fr",
                "Le Conseil de sécurité, réuni pour parler de Karim Tarsan et de Boris Malkov, est resté divisé sur la Velonia.",
            ),
            ("ar", "مجلس الأمن ينقسم حول فيلونيا في جلسة عن كريم طرسان."),
        ],
    );
    // All of the story names them.
    for day in 7..12 {
        for lang in ["en", "fr"] {
            let text = format!(
                "Karim Tarsan, Boris Malkov, Velonia: {day} {lang} {}.",
                "word ".repeat(day)
            );
            story.push(article(
                &format!("{lang}-{day}"),
                lang,
                Some(&format!("2026-03-{day:02}")),
                &text,
            ));
        }
    }
    let events = together(&story);
    assert!(events.contains(&set(&["en0"])), "{events:?}");
    assert!(events.contains(&set(&["ar2", "fr1"])), "{events:?}");
}

#[test]
fn of_several_days_a_sentence_tells_of_the_last_one_that_was_known() {
    for (lang, published, text, day) in [
        (
            "en",
            "2024-08-24",
            "The two sides exchanged 115 prisoners each on Saturday, in the first swap after troops entered the region on 6 August.",
            "2024-08-24",
        ),
        (
            "ar",
            "2024-11-28",
            "حدّد رئيس المجلس، الخميس، يوم ٩ يناير موعدًا لجلسة انتخاب رئيس للجمهورية بعد فراغ تجاوز عامين.",
            "2024-11-28",
        ),
        (
            "fr",
            "2024-08-08",
            "Des combats se poursuivaient jeudi autour de la ville, où l'état d'urgence a été décrété mercredi soir.",
            "2024-08-08",
        ),
        (
            "ru",
            "2024-11-21",
            "В четверг по городу ударили новой ракетой, а ударами 19 ноября по складам это объяснили военные.",
            "2024-11-21",
        ),
    ] {
        for granularity in [Granularity::Day, Granularity::Week, Granularity::Month] {
            let mut options = options();
            options.granularity = granularity;
            let events = build(&[article("a1", lang, Some(published), text)], &options);
            let days: Vec<_> = events.iter().filter_map(|event| event.date.value.as_deref()).collect();
            assert_eq!(days, [day], "{text}");
        }
    }
}

#[test]
fn a_date_that_belongs_to_what_a_sentence_speaks_about_is_not_when_it_happened() {
    let held = |lang: &str, sentence: &str| {
        let story = [article("a", lang, Some("2026-03-22"), sentence)];
        let events = build(&story, &options());
        let told = |one: Event| (one.date.value, one.basis);
        events.into_iter().map(told).collect::<Vec<_>>()
    };
    let on = |day: &str, basis| vec![(Some(day.to_owned()), basis)];
    for (lang, sentence) in [
        ("ar", "صمدت هدنة 20 مارس على طول النهر رغم إطلاق نار متفرق قرب الجسر."),
        (
            "en",
            "The truce of 20 March was holding along the river despite a few shots near the bridge.",
        ),
        (
            "fr",
            "La trêve du 20 mars tient le long du fleuve malgré quelques tirs près du pont.",
        ),
        (
            "ru",
            "Перемирие, заключённое накануне, 20 марта, соблюдается вдоль реки, хотя у моста стреляли.",
        ),
        (
            "es",
            "La tregua del 20 de marzo se mantiene a lo largo del río pese a algunos disparos.",
        ),
    ] {
        assert_eq!(held(lang, sentence), on("2026-03-22", Basis::Publication), "{sentence}");
    }
    for (lang, sentence) in [
        ("ar", "بدأت الهدنة على طول النهر ظهر 20 مارس رغم إطلاق نار متفرق."),
        (
            "en",
            "The truce along the river began on 20 March despite a few shots near the bridge.",
        ),
        (
            "fr",
            "La trêve le long du fleuve a commencé dans la nuit du 20 mars malgré quelques tirs.",
        ),
        (
            "ru",
            "Перемирие вдоль реки вступило в силу 20 марта, хотя у моста стреляли.",
        ),
    ] {
        assert_eq!(held(lang, sentence), on("2026-03-20", Basis::Text), "{sentence}");
    }
    // Where it names another day, it is told of that one.
    assert_eq!(
        held(
            "en",
            "The truce of 20 March was broken on 21 March when the army left the talks."
        ),
        on("2026-03-21", Basis::Text)
    );
}

/// The story's articles, and others of earlier days that tell of its matters.
fn with_others_before(mut story: Vec<StoryArticle>, others: &[&str]) -> Vec<StoryArticle> {
    for (at, text) in others.iter().enumerate() {
        let day = format!("2026-02-{:02}", 2 * at + 1);
        story.push(article(&format!("before{at}"), "en", Some(&day), text));
    }
    story
}

#[test]
fn a_matter_joins_less_where_a_sentence_does_not_name_the_day() {
    let others = [
        "Four were killed in the hills on 1 February.",
        "A driver died near the coast on 3 February.",
        "Two children died in a village on 5 February.",
        "A guard was killed at the gate on 7 February.",
    ];
    let beside = |toll: &str| {
        let told = [
            ("en", toll),
            ("ar", "قُتل ستة أشخاص في انفجار على الطريق صباح 6 مارس 2026."),
            ("ru", "В порту 6 марта 2026 года прогремел взрыв."),
        ];
        together(&with_others_before(told_on("2026-03-06", &told), &others))
    };
    let events = beside("Officials counted more than twenty dead in the villages by nightfall.");
    assert!(events.contains(&set(&["en0"])), "{events:?}");
    let events = beside("Officials counted six dead on the road after what happened on 6 March 2026.");
    assert!(events.contains(&set(&["ar1", "en0", "ru2"])), "{events:?}");
}

#[test]
fn what_all_of_the_story_tells_of_does_not_lead_from_one_happening_to_the_next() {
    let told = [
        (
            "en",
            "Villagers said on 12 March 2026 that volunteers had buried those who died in the earthquake.",
        ),
        (
            "fr",
            "Le séisme a fait 2 901 morts et 5 500 blessés, a annoncé le ministère le 12 mars 2026.",
        ),
        (
            "ru",
            "Король 12 марта 2026 года навестил в больнице пострадавших при землетрясении.",
        ),
        (
            "ar",
            "زار الملك في 12 مارس 2026 المصابين في المستشفى.\nوكان الزلزال قد ضرب الجبال.",
        ),
    ];
    let story = with_others_before(
        told_on("2026-03-12", &told),
        &[
            "The earthquake killed many and wounded a miner, who is in hospital.",
            "A second earthquake killed two and wounded a cook, now in hospital.",
            "After the earthquake a wounded shepherd died.",
            "The earthquake killed a teacher.",
            "A bridge fell in the earthquake and a driver died.",
            "The earthquake killed a priest.",
        ],
    );
    let options = Options {
        lang: Some("en".to_owned()),
        ..options()
    };
    let of_day = |event: &Event| event.date.value.as_deref() == Some("2026-03-12");
    let ids = |event: Event| event.articles.into_iter().map(|id| id.0).collect();
    let events: BTreeSet<BTreeSet<String>> = build(&story, &options).into_iter().filter(of_day).map(ids).collect();
    assert_eq!(events, BTreeSet::from([set(&["en0", "fr1"]), set(&["ar3", "ru2"])]));
}
