//! The table at work on whole documents, in six languages.

use chrono::{TimeZone, Utc};

use crate::article::{Document, DocumentKind, Draft, Precision};
use crate::config::Settings;
use crate::extract::NewsRules;
use crate::extract::rules::Rules;

const SEED: &str = include_str!("../../../tests/data/seed/karabakh-rt-arabic.txt");

fn read(text: &str) -> Result<Vec<Draft>, String> {
    let settings = Settings::load(None).expect("the built-in settings load");
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("a moment");
    let document = Document {
        kind: DocumentKind::Text,
        text: text.to_owned(),
        url: None,
        fetched_at: None,
    };
    NewsRules::new(&settings.extract, now).articles(&document)
}

fn articles(text: &str) -> Vec<Draft> {
    let found = read(text).expect("there are articles");
    for removed in found.iter().flat_map(|draft| &draft.removed) {
        let there: String = text
            .chars()
            .skip(removed.offset)
            .take(removed.text.chars().count())
            .collect();
        assert_eq!(there, removed.text, "{} stands at its place", removed.rule);
    }
    found
}

#[test]
fn the_seed_is_two_articles() {
    let found = articles(SEED);
    assert_eq!(found.len(), 2, "{found:#?}");
    let (first, second) = (&found[0], &found[1]);

    assert_eq!(first.title, "أذربيجان تعلن تأييدها تطبيع العلاقات مع أرمينيا");
    let published = first.published.expect("it has a date");
    assert_eq!(
        (published.value_text().as_str(), published.precision),
        ("2023-09-20", Precision::Day)
    );
    assert_eq!(first.lang, "ar");
    assert_eq!(first.source.as_deref(), Some("RT Arabic"));
    assert_eq!(first.agency.as_deref(), Some("نوفوستي"));
    assert!(
        first.keywords.join(" ").contains("نيكول باشينيان"),
        "{:?}",
        first.keywords
    );
    for gone in [
        "كلمات دلالية",
        "إقرأ المزيد",
        "تجلي ألفي مدني",
        "ترفض اتهامات",
        "المصدر",
        "تاريخ النشر",
        "أتاكمز",
    ] {
        assert!(!first.text.contains(gone), "{gone} is cut out of {}", first.text);
    }
    let paragraphs: Vec<&str> = first.text.lines().collect();
    assert!(
        paragraphs
            .iter()
            .any(|one| one.starts_with("وقال حاجييف خلال مؤتمر صحافي")),
        "{paragraphs:#?}"
    );
    assert!(
        paragraphs.iter().any(|one| one.starts_with("وتوصل طرفا النزاع")),
        "{paragraphs:#?}"
    );
    assert_eq!(paragraphs.len(), 8, "{paragraphs:#?}");
    let teasers: Vec<&str> = first
        .removed
        .iter()
        .filter(|removed| removed.rule == "teaser.ar.read")
        .map(|removed| removed.text.as_str())
        .collect();
    assert!(
        teasers.iter().any(|one| one.ends_with("بسبب الأعمال العسكرية")),
        "{teasers:?}"
    );
    assert!(
        teasers.iter().any(|one| one.ends_with("لقوات حفظ السلام الروسية")),
        "{teasers:?}"
    );

    assert_eq!(
        second.title,
        "أنباء عن إطلاق أوكرانيا 5 صواريخ «أتاكمز» بعيدة المدى باتجاه كورسك الروسية"
    );
    assert_eq!(second.text.lines().count(), 4);
    assert_eq!(second.published, None);
    assert_eq!(second.lang, "ar");
    assert_eq!((&second.source, &second.agency), (&None, &None));
}

#[test]
fn furniture_in_six_languages_is_cut_and_prose_stays() {
    for (text, title, published, source, body) in [
        (
            "Ministers agree on grain corridor\nPublished: 12 March 2024, 10:30 GMT\nBy Anna Keller\nMinisters agreed on a corridor on Tuesday.Read more: Ports count their losses after the storm\nShips leave on Friday, the council said.\nShare this article\nSource: Harbour Post\nTags: grain, ports\n© 2024 Harbour Post. All rights reserved.",
            "Ministers agree on grain corridor",
            "2024-03-12T10:30:00Z",
            "Harbour Post",
            "Ministers agreed on a corridor on Tuesday.\nShips leave on Friday, the council said.",
        ),
        (
            "Министры договорились о зерновом коридоре\nОпубликовано: 12 марта 2024 г.\nМинистры договорились во вторник о новом коридоре для судов.\nЧитайте также: Порты подсчитывают убытки после шторма\nСуда выйдут в море в пятницу, сообщили в совете.\nИсточник: Вестник порта\nПоделиться\nВсе права защищены.",
            "Министры договорились о зерновом коридоре",
            "2024-03-12",
            "Вестник порта",
            "Министры договорились во вторник о новом коридоре для судов.\nСуда выйдут в море в пятницу, сообщили в совете.",
        ),
        (
            "Les ministres s'accordent sur un corridor\nPublié le 12 mars 2024\nLes ministres se sont accordés mardi sur un corridor.\nÀ lire aussi : Les ports comptent leurs pertes\nLes navires partiront vendredi, selon le conseil.\nSource : Le Courrier du port\nPartager\nTous droits réservés",
            "Les ministres s'accordent sur un corridor",
            "2024-03-12",
            "Le Courrier du port",
            "Les ministres se sont accordés mardi sur un corridor.\nLes navires partiront vendredi, selon le conseil.",
        ),
        (
            "Los ministros acuerdan un corredor\nPublicado el 12 de marzo de 2024\nLos ministros acordaron el martes un corredor para el grano.\nLea también: Los puertos cuentan sus pérdidas\nLos barcos zarpan el viernes, dijo el consejo.\nFuente: El Faro\nCompartir en Facebook",
            "Los ministros acuerdan un corredor",
            "2024-03-12",
            "El Faro",
            "Los ministros acordaron el martes un corredor para el grano.\nLos barcos zarpan el viernes, dijo el consejo.",
        ),
        (
            "Minister einigen sich auf Korridor\nVeröffentlicht am 12. März 2024\nDie Minister einigten sich am Dienstag auf einen Korridor.\nLesen Sie auch: Häfen zählen ihre Verluste\nDie Schiffe laufen am Freitag aus, teilte der Rat mit.\nQuelle: Hafenbote\nAlle Rechte vorbehalten",
            "Minister einigen sich auf Korridor",
            "2024-03-12",
            "Hafenbote",
            "Die Minister einigten sich am Dienstag auf einen Korridor.\nDie Schiffe laufen am Freitag aus, teilte der Rat mit.",
        ),
        (
            "الوزراء يتفقون على ممر للحبوب\nنُشر في: ١٢ آذار ٢٠٢٤\nاتفق الوزراء يوم الثلاثاء على ممر جديد للسفن.\nاقرأ أيضاً: الموانئ تحصي خسائرها بعد العاصفة\nوتبحر السفن يوم الجمعة، بحسب المجلس.\nالمصدر: بريد الميناء\nشارك المقال\nجميع الحقوق محفوظة",
            "الوزراء يتفقون على ممر للحبوب",
            "2024-03-12",
            "بريد الميناء",
            "اتفق الوزراء يوم الثلاثاء على ممر جديد للسفن.\nوتبحر السفن يوم الجمعة، بحسب المجلس.",
        ),
    ] {
        let found = articles(text);
        assert_eq!(found.len(), 1, "{found:#?}");
        let draft = &found[0];
        assert_eq!(draft.title, title);
        assert_eq!(
            draft.published.map(|date| date.value_text()).as_deref(),
            Some(published),
            "{title}"
        );
        assert_eq!(draft.source.as_deref(), Some(source));
        assert_eq!(draft.text, body, "{:#?}", draft.removed);
    }
}

#[test]
fn words_of_furniture_within_a_sentence_stay() {
    let body = "She asked the children to read more books and to share what they know.\nRead more books, she told them.\nSource material was scarce, and related problems grew.\nBy Tuesday the library was full again.\nوقال المعلم: اقرأ المزيد من الكتب كل يوم.";
    let found = articles(&format!("Library opens again\n{body}"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, body, "{:#?}", found[0].removed);
}

#[test]
fn headlines_of_others_go_and_the_article_goes_on() {
    let found = articles(
        "Quake shakes the coast\nA quake shook the coast on Monday, and rescuers searched the rubble for hours.\nRelated stories\nStorm closes airports\nElection delayed by a week\nRescuers found two people alive under the rubble on the coast, the governor said.",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].text.lines().count(), 2, "{}", found[0].text);
}

#[test]
fn a_date_that_cannot_be_is_set_aside_with_a_reason() {
    let found =
        articles("Quake shakes the coast\nPublished: 12 March 1700\nA quake shook the coast on Monday, rescuers said.");
    assert_eq!(found[0].published, None);
    assert_eq!(found[0].set_aside.len(), 1);
    assert!(!found[0].set_aside[0].reason.is_empty());
}

#[test]
fn a_headline_that_begins_like_a_label_is_the_headline() {
    for (title, body) in [
        (
            "Источник: ВСУ отошли из Купянска",
            "Украинские войска отошли из Купянска, сообщил в среду источник агентства.",
        ),
        (
            "Sources: United agree deal with Benfica",
            "United have agreed a deal with Benfica, two people said on Tuesday.",
        ),
        (
            "Von Der Leyen Wins Vote",
            "Ursula von der Leyen won the vote in Strasbourg on Thursday by a wide margin.",
        ),
        (
            "Share price of Google drops",
            "Shares of the company dropped by four percent on Tuesday in New York trading.",
        ),
        (
            "Related Companies Sued Over Rent",
            "The developer was sued on Monday by two hundred tenants in the city.",
        ),
    ] {
        let found = articles(&format!("{title}\nPublished: 12 March 2024\n{body}"));
        assert_eq!((found[0].title.as_str(), found[0].text.as_str()), (title, body));
        assert_eq!(found[0].source, None);
        assert!(found[0].published.is_some());
    }
    let found = articles("Source: Harbour Post\nMinisters agree\nMinisters agreed on a corridor on Tuesday in Ankara.");
    assert_eq!(found[0].title, "Ministers agree");
    assert_eq!(found[0].source.as_deref(), Some("Harbour Post"));
}

#[test]
fn notices_and_teasers_quoted_in_prose_stay() {
    let head = "Leaders meet in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for prose in [
        "وقال الوزير للتلاميذ: \"اقرأ المزيد من الكتب كل يوم\"",
        "She told them: \"Read more Dickens every day\"",
        "She said that all rights reserved to men by the old law must be open to women.",
        "Расходы снизились при использовании материалов из старого здания, сказал мэр.",
    ] {
        let found = articles(&format!("{head}\n{prose}"));
        assert_eq!(found[0].text.lines().last(), Some(prose), "{:#?}", found[0].removed);
    }
    let found = articles(&format!(
        "{head}\nThe president spoke to reporters there before he left for home. © AFP"
    ));
    assert_eq!(
        found[0].text.lines().last(),
        Some("The president spoke to reporters there before he left for home.")
    );
    assert_eq!(found[0].removed.last().map(|cut| cut.text.as_str()), Some("© AFP"));
}

#[test]
fn a_teaser_is_not_cut_in_the_middle_of_a_name() {
    let head = "Trial is halted\nThe trial was halted on Tuesday after one volunteer fell ill, the company said.";
    for (line, teaser) in [
        (
            "Read more: AstraZeneca vaccine trial halted again",
            "Read more: AstraZeneca vaccine trial halted again",
        ),
        (
            "Read more: Booking.com fined in Madrid",
            "Read more: Booking.com fined in Madrid",
        ),
        (
            "Read more: WhatsApp banned in schoolsThe minister said on Tuesday that the ban would hold.",
            "Read more: WhatsApp banned in schools",
        ),
    ] {
        let found = articles(&format!("{head}\n{line}\nIt resumes in May, the regulator said."));
        let cut: Vec<&str> = found[0].removed.iter().map(|cut| cut.text.as_str()).collect();
        assert_eq!(cut, [teaser], "{}", found[0].text);
    }
}

#[test]
fn another_article_begins_behind_a_teaser_phrase_on_its_line() {
    let found = articles(
        "Ministers agree\nMinisters agreed on a corridor on Tuesday after long talks.\nSource: Harbour Post\nRead also: Storm closes the northern ports\nA storm closed the northern ports on Sunday, and nine ships wait outside.",
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[1].title, "Storm closes the northern ports");
    assert_eq!(
        found[0]
            .removed
            .iter()
            .map(|cut| (cut.rule.as_str(), cut.text.as_str()))
            .collect::<Vec<_>>(),
        [
            ("source.en.line", "Source: Harbour Post"),
            ("teaser.en.read", "Read also:")
        ]
    );
}

#[test]
fn a_prompt_glued_to_the_next_sentence_goes_and_the_sentence_stays_whole() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for (prompt, next) in [
        (
            "Подписывайтесь на наш канал, чтобы ничего не пропустить",
            "Представители Кремля сообщили, что визит продлится два дня.",
        ),
        (
            "Подписывайтесь на наш Telegram-канал",
            "Представители Кремля сообщили о визите.",
        ),
        (
            "Subscribe to our newsletter to never miss a story",
            "The president said on Tuesday that talks would go on.",
        ),
        ("Follow us on WhatsApp", "Talks go on today."),
        (
            "Suivez-nous sur WhatsApp pour ne rien manquer",
            "Le président a déclaré mardi que les pourparlers continueraient.",
        ),
        (
            "Síguenos en WhatsApp para no perderte nada",
            "El presidente dijo el martes que las conversaciones seguirían.",
        ),
        (
            "Abonnieren Sie unseren Newsletter, um nichts zu verpassen",
            "Der Präsident sagte am Dienstag, die Gespräche gingen weiter.",
        ),
        (
            "اشترك في قناتنا على تلغرام لمتابعة آخر الأخبار العاجلة",
            "وقال الرئيس إن المحادثات ستستمر يوم الأربعاء في العاصمة.",
        ),
        (
            "تابعونا على واتساب لتصلكم الأخبار أولاً",
            "وقال الرئيس إن المحادثات ستستمر يوم الأربعاء في العاصمة.",
        ),
    ] {
        for (before, glue) in [("", ""), ("", ". "), ("He left for home. ", "")] {
            let found = articles(&format!("{head}\n{before}{prompt}{glue}{next}"));
            let cut: Vec<&str> = found[0]
                .removed
                .iter()
                .map(|cut| cut.text.trim_end_matches('.'))
                .collect();
            assert_eq!(cut, [prompt], "{}", found[0].text);
            assert!(found[0].removed[0].rule.starts_with("share."));
            assert_eq!(found[0].text.lines().last(), Some(next));
            assert!(before.is_empty() || found[0].text.contains("\nHe left for home.\n"));
        }
    }
}

#[test]
fn a_label_glued_to_the_next_sentence_goes_and_the_sentence_stays_whole() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for (label, next) in [
        ("Source: Harbour Post", "Talks go on."),
        ("Источник: Вечерний порт", "Переговоры продолжаются в столице."),
        ("المصدر: الصحيفة", "وقال الرئيس إن المحادثات ستستمر."),
        (
            "Tags: Baku, talks",
            "The president said on Tuesday that the talks would go on.",
        ),
        ("Publié le 12 mars 2024", "Le président a parlé mardi."),
    ] {
        let found = articles(&format!("{head}\n{label}{next}"));
        let cut: Vec<&str> = found[0].removed.iter().map(|cut| cut.text.as_str()).collect();
        assert_eq!(cut, [label], "{}", found[0].text);
        assert_eq!(found[0].text.lines().last(), Some(next));
    }
    let found = articles(&format!("{head}\nTags: SoundCloud, CrowdFund, PaperTrail and BigName"));
    assert_eq!(found[0].keywords, ["SoundCloud", "CrowdFund", "PaperTrail and BigName"]);
}

#[test]
fn a_sentence_behind_a_teaser_on_its_line_stays() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    let found = articles(&format!(
        "{head}\nRead more: Storm closes the ports. The talks went on for hours."
    ));
    assert_eq!(found[0].text.lines().last(), Some("The talks went on for hours."));
    assert_eq!(found[0].removed[0].text, "Read more: Storm closes the ports.");
    let found = articles(&format!("{head}\nRead more: Who won? Officials count the votes again"));
    assert_eq!(
        found[0].removed[0].text,
        "Read more: Who won? Officials count the votes again"
    );
}

#[test]
fn prose_that_begins_like_a_prompt_stays() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for prose in [
        "Подписывайтесь на газету, советует министр читателям во всех регионах страны.",
        "Follow us on Twitter, the activists wrote, and thousands came to the square.",
        "شارك الرئيس في القمة العربية وقال إن المحادثات ستستمر يوم الأربعاء.",
        "اشترك في المعركة ألف جندي من القوات البرية وقال قائدهم إنها انتهت.",
        "Share prices fell by four percent on Tuesday in New York.",
    ] {
        let found = articles(&format!("{head}\n{prose}"));
        assert_eq!(found[0].text.lines().last(), Some(prose), "{:#?}", found[0].removed);
    }
}

#[test]
fn keywords_come_apart_at_every_separator() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for (line, expected) in [
        ("الوسوم: #كورسك #أوكرانيا", vec!["كورسك", "أوكرانيا"]),
        ("الوسوم: #سعر_الذهب،#أوكرانيا", vec!["سعر الذهب", "أوكرانيا"]),
        ("كلمات دلالية: كورسك، حلف الناتو", vec!["كورسك", "حلف الناتو"]),
        ("Tags: Kursk | Sudzha | Kursk", vec!["Kursk", "Sudzha"]),
        ("Теги: Курск; Суджа", vec!["Курск", "Суджа"]),
        ("Mots-clés : Koursk · Soudja", vec!["Koursk", "Soudja"]),
        ("Tags: Kursk Sudzha corridor", vec!["Kursk Sudzha corridor"]),
        ("#Kursk #Sudzha", vec!["Kursk", "Sudzha"]),
        ("\u{200f}#كورسك \u{200f}#أوكرانيا", vec!["كورسك", "أوكرانيا"]),
    ] {
        let found = articles(&format!("{head}\n{line}"));
        assert_eq!(found[0].keywords, expected, "{line}");
        assert_eq!(found[0].text.lines().count(), 1, "{line}");
    }
    let prose = "#Kursk is what everybody writes about today, said the editor.";
    assert_eq!(
        articles(&format!("{head}\n{prose}"))[0].text.lines().last(),
        Some(prose)
    );
}

#[test]
fn keywords_may_stand_on_lines_of_their_own() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    let next = "Storm closes the ports\nA storm closed the northern ports on Sunday, and nine ships wait outside.";
    for (heading, entries) in [
        ("كلمات دلالية", "بوتين\nأردوغان"),
        ("Tags:", "Putin\nErdogan"),
        ("Теги", "Путин\nЭрдоган"),
    ] {
        let found = articles(&format!("{head}\n{heading}\n{entries}\n{next}"));
        assert_eq!(found[0].keywords, entries.lines().collect::<Vec<_>>());
        assert!(found[0].text.contains("Storm closes the ports"), "{}", found[0].text);
    }
    let found = articles(&format!("Topics\n{next}"));
    assert_eq!((found[0].title.as_str(), found[0].removed.len()), ("Topics", 0));
}

#[test]
fn a_headline_glued_to_its_teaser_phrase_goes_with_it() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for line in [
        "إقرأ المزيدبوتين يلتقي أردوغان في سوتشي",
        "READ MOREStorm closes the ports",
    ] {
        let found = articles(&format!("{head}\n{line}"));
        assert_eq!(found[0].removed.first().map(|cut| cut.text.as_str()), Some(line));
    }
}

#[test]
fn articles_with_their_own_publication_lines_come_apart() {
    let found = articles(
        "First story about Baku\nPublished: 12 March 2024\nThe leaders met in Baku on Tuesday to talk about the northern corridor.\nThey will meet again on Friday, said the host.\n\nSecond story about storms\nPublished: 10 March 2024\nA storm closed the northern ports on Sunday, and nine ships wait outside.\nSource: Harbour Post\n\nThird story about grain\nPublished: 8 March 2024\nGrain prices rose by four percent on Friday after the storm.",
    );
    let told: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.title.as_str(),
                one.published.map(|date| date.value_text()).unwrap_or_default(),
                one.source.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("First story about Baku", "2024-03-12".to_owned(), None),
            (
                "Second story about storms",
                "2024-03-10".to_owned(),
                Some("Harbour Post")
            ),
            ("Third story about grain", "2024-03-08".to_owned(), None),
        ]
    );
}

#[test]
fn a_headline_with_a_date_or_a_film_in_it_is_the_headline() {
    let body = "A storm closed the northern ports on Sunday, and nine ships wait outside.";
    for title in [
        "12 March 2024: what we know about the storm",
        "Video: storm closes the ports",
        "20 سبتمبر 2023: ماذا نعرف عن العاصفة",
    ] {
        let found = articles(&format!("{title}\n{body}"));
        assert_eq!((found[0].title.as_str(), found[0].text.as_str()), (title, body));
        assert_eq!(found[0].published, None);
    }
    let found = articles(&format!(
        "Reuters\nStorm closes the ports\n12 March 2024, 17:30 by Moscow time\n{body}"
    ));
    assert_eq!(found[0].title, "Storm closes the ports");
    assert!(found[0].published.is_some());
}

#[test]
fn sentences_that_look_like_furniture_stay() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for prose in [
        "Topics: The minister named three, among them the harbour, the road and the bridge to the north of the town.",
        "Copyright law of 1911 was the subject of a second debate on Monday, members said.",
        "Lea también: El precio del grano sube Los vecinos volvieron a sus casas el lunes por la tarde.",
        "Related to the storm, two roads were closed on Monday in the north of the county.",
        "Por Dios, dijo el capitán, esto no se había visto nunca en el puerto de la ciudad.",
        "Von der Küste berichten unsere Reporter, dass neun Schiffe draußen warten müssen.",
        "Stand der Dinge am Montag: Neun Schiffe warten, zwei Häfen sind geschlossen.",
        "Partagez vos souvenirs, a demandé la mairie aux habitants du village lundi soir.",
        "По теме переговоров стороны высказались во вторник в Анкаре.",
        "Автор этих строк видел шторм своими глазами, когда вернулся из порта домой.",
        "تحرير المدينة من المسلحين استغرق ثلاثة أيام، بحسب قائد العملية العسكرية.",
        "علامات الاستفهام كثيرة حول أسباب التأخر في إغلاق الموانئ أمام السفن الكبيرة.",
        "ذات صلة بالموضوع، قال الخبير إن العواصف تزداد كل عام في البحر المتوسط.",
        "إقرأ المزيد: العاصفة تقترب من السواحل وأعلن الدفاع المدني حالة الطوارئ في المدينة.",
    ] {
        let found = articles(&format!("{head}\n{prose}\nIt resumes in May, the regulator said."));
        assert_eq!(found[0].text.lines().nth(1), Some(prose), "{:#?}", found[0].removed);
    }
}

#[test]
fn furniture_at_the_end_of_a_line_or_before_a_sentence_goes() {
    let head = "Talks open in Baku\nThe leaders met in Baku on Tuesday to talk about the northern corridor.";
    for (line, cut, stays) in [
        (
            "They will go on, he said. Read more",
            "Read more",
            "They will go on, he said.",
        ),
        (
            "Fuente: EFE. Los barcos siguen fuera del puerto.",
            "Fuente: EFE.",
            "Los barcos siguen fuera del puerto.",
        ),
        (
            "À lire aussi Tempête : les ports fermésLa mairie a remercié les bénévoles lundi.",
            "À lire aussi Tempête : les ports fermés",
            "La mairie a remercié les bénévoles lundi.",
        ),
        (
            "إن الموانئ آمنةإقرأ المزيد: أسعار القمح ترتفعوقال التجار إن الأسعار ستعود.",
            "إقرأ المزيد: أسعار القمح ترتفع",
            "وقال التجار إن الأسعار ستعود.",
        ),
    ] {
        let found = articles(&format!("{head}\n{line}"));
        assert_eq!(found[0].removed[0].text, cut, "{}", found[0].text);
        assert_eq!(found[0].text.lines().last(), Some(stays));
    }
}

#[test]
fn an_article_at_the_top_keeps_the_headline_behind_a_teaser_phrase() {
    let found = articles(
        "Read also: Storm closes the ports\nA storm closed the northern ports on Sunday, and nine ships wait outside.",
    );
    assert_eq!(found[0].title, "Storm closes the ports");
    assert_eq!(found[0].removed[0].text, "Read also:");
}

mod any_text;
