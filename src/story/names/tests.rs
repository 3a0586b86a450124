use super::*;

const RULES: Rules = Rules {
    articles: 100,
    lead: 1500,
    least_articles: 2,
    small_story: 3,
    most: 8,
};

fn found(texts: &[(&str, &str, &str)]) -> About {
    let texts: Vec<Text<'_>> = texts
        .iter()
        .map(|(lang, title, text)| Text { title, text, lang })
        .collect();
    about(&texts, &RULES)
}

fn shown<'a>(names: &'a [Name], lang: &'a str) -> Vec<(&'a str, u64)> {
    names
        .iter()
        .map(|name| (name.shown(lang, &[]).0, name.articles))
        .collect()
}

#[test]
fn a_person_meets_across_languages_and_scripts() {
    let about = found(&[
        (
            "en",
            "Putin speaks",
            "Russian President Vladimir Putin said on Monday that Kursk was calm. Putin left for Moscow.",
        ),
        (
            "ar",
            "بوتين يتحدث",
            "قال الرئيس الروسي فلاديمير بوتين إن الوضع في كورسك هادئ.",
        ),
        (
            "ru",
            "Путин выступил",
            "Президент России Владимир Путин заявил, что в Курске спокойно.",
        ),
        (
            "fr",
            "Poutine parle",
            "Le président russe Vladimir Poutine a parlé de Koursk.",
        ),
    ]);
    assert_eq!(shown(&about.people, "ru").first(), Some(&("Владимир Путин", 4)));
    assert_eq!(shown(&about.people, "ar").first(), Some(&("فلاديمير بوتين", 4)));
    assert_eq!(about.people.len(), 1, "{:?}", about.people);
    assert_eq!(shown(&about.places, "de").first(), Some(&("Kursk", 4)));
}

#[test]
fn a_capital_at_the_beginning_of_a_sentence_is_no_name() {
    let about = found(&[
        (
            "en",
            "Yesterday in court",
            "Yesterday the Supreme Court heard Judge Maria Lopez. However, talks failed. Officials left.",
        ),
        (
            "en",
            "Lawyers speak",
            "Lawyers for Maria Lopez spoke. Nobody from the Justice Department came. Lopez waited.",
        ),
    ]);
    assert_eq!(shown(&about.people, "en"), [("Maria Lopez", 2)]);
    assert!(about.places.is_empty(), "{:?}", about.places);
    let organisations: Vec<&str> = shown(&about.organisations, "en")
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(organisations, ["Justice Department", "Supreme Court"]);
}

#[test]
fn arabic_names_stand_after_titles_and_cue_words() {
    let about = found(&[
        (
            "ar",
            "",
            "أعلن وزير الدفاع الأذربيجاني ذاكر حسنوف أن وزارة الدفاع الأذربيجانية أوقفت العمليات في إقليم قره باغ. وقال رئيس الوزراء الأرميني نيكول باشينيان إن بلاده لم تشارك.",
        ),
        (
            "ar",
            "باشينيان: لم نشارك",
            "وأكدت وزارة الدفاع الأذربيجانية ذلك، ووصل وفد إلى يفلاخ.",
        ),
    ]);
    assert_eq!(shown(&about.people, "ar"), [("نيكول باشينيان", 2), ("ذاكر حسنوف", 1)]);
    assert!(
        shown(&about.places, "en").contains(&("Nagorno-Karabakh", 1)),
        "{:?}",
        about.places
    );
    assert_eq!(shown(&about.organisations, "ar"), [("وزارة الدفاع الأذربيجانية", 2)]);
}

#[test]
fn a_story_of_many_articles_shows_what_two_of_them_name() {
    let text = |name: &str| format!("In Paris, President {name} met Emmanuel Macron.");
    let texts = [
        text("Joe Biden"),
        text("Joe Biden"),
        text("Olaf Scholz"),
        text("Olaf Scholz"),
        text("Kaja Kallas"),
    ];
    let texts: Vec<(&str, &str, &str)> = texts.iter().map(|text| ("en", "", text.as_str())).collect();
    let about = found(&texts);
    let people: Vec<&str> = shown(&about.people, "en").into_iter().map(|(name, _)| name).collect();
    assert_eq!(people, ["Emmanuel Macron", "Joe Biden", "Olaf Scholz"]);
    assert_eq!(shown(&about.places, "ar"), [("باريس", 5)]);
}

#[test]
fn german_nouns_are_no_names() {
    let about = found(&[(
        "de",
        "Kanzler reist nach Kiew",
        "Bundeskanzler Olaf Scholz ist am Montag nach Kiew gereist. Die Regierung und der Bundestag wollen Waffen liefern. Ende Juli trifft er den Präsidenten der Ukraine.",
    )]);
    assert_eq!(shown(&about.people, "de"), [("Olaf Scholz", 1)]);
    assert_eq!(shown(&about.places, "de"), [("Kiew", 1), ("Ukraine", 1)]);
    assert!(about.organisations.is_empty(), "{:?}", about.organisations);
}

#[test]
fn the_same_texts_give_the_same_names_and_no_text_gives_none() {
    assert_eq!(found(&[]), About::default());
    let texts = [("en", "Talks in Doha", "Qatar hosted talks in Doha."), ("xx", "♦", "")];
    assert_eq!(found(&texts), found(&texts));
}

#[test]
fn cases_fall_off_a_name_and_parts_of_a_name_join_it() {
    let about = found(&[
        (
            "ru",
            "",
            "По словам врио губернатора Алексея Смирнова, в Курской области спокойно. Министерстве обороны РФ.",
        ),
        (
            "es",
            "",
            "El presidente Enrique Peña Nieto viajó a Texas. El presidente Peña Nieto habló en New Jersey.",
        ),
    ]);
    let people = shown(&about.people, "ru");
    assert_eq!(people.len(), 2, "{people:?}");
    assert!(
        people.contains(&("Enrique Peña Nieto", 1)) && people.contains(&("Алексей Смирнов", 1)),
        "{people:?}"
    );
    let places: Vec<&str> = shown(&about.places, "en").into_iter().map(|(name, _)| name).collect();
    assert!(
        places.contains(&"Kursk") && places.contains(&"New Jersey") && !places.contains(&"Jersey"),
        "{places:?}"
    );
}

#[test]
fn the_words_of_one_name_agree_and_an_abbreviation_behind_it_is_no_part_of_it() {
    let about = found(&[
        (
            "ru",
            "",
            "Встреча президента Владимир Зеленского с послами прошла в Киеве.",
        ),
        (
            "en",
            "",
            "The crowd heard Glenn Beck CPAC organisers had invited. It met in Washington.",
        ),
    ]);
    let people = shown(&about.people, "ru");
    let names: Vec<&str> = people.iter().map(|(name, _)| *name).collect();
    assert!(names.contains(&"Владимир Зеленский"), "{names:?}");
    assert!(names.contains(&"Glenn Beck"), "{names:?}");
    let organisations = shown(&about.organisations, "en");
    assert!(organisations.contains(&("CPAC", 1)), "{organisations:?}");
}
