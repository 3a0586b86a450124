//! Mentions in running text.

use super::super::find;
use super::dated;

/// What is found in `text`, as `covered text = date`.
fn mentions(text: &str, published: Option<&str>) -> Vec<String> {
    find(text, published.map(dated))
        .into_iter()
        .map(|mention| {
            let mark = if mention.relative { "~" } else { "=" };
            format!(
                "{} {mark} {}",
                &text[mention.start..mention.end],
                mention.date.value_text()
            )
        })
        .collect()
}

/// Compares every row of `table`, all read as published at `published`.
#[track_caller]
fn check(published: Option<&str>, table: &[(&str, &[&str])]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|&(text, expected)| {
            let found = mentions(text, published);
            (found != expected).then(|| format!("{text:?}:\n  expected {expected:?}\n  found    {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn full_dates() {
    check(
        None,
        &[
            (
                "It began on 20 September 2023, officials said.",
                &["20 September 2023 = 2023-09-20"],
            ),
            (
                "It began on September 20, 2023, and ended on Sept. 28, 2023.",
                &["September 20, 2023 = 2023-09-20", "Sept. 28, 2023 = 2023-09-28"],
            ),
            (
                "On Wednesday, 20 September 2023, at 14:30",
                &["Wednesday, 20 September 2023 = 2023-09-20"],
            ),
            (
                "at 2023-09-20T23:15:00-03:00 sharp",
                &["2023-09-20T23:15:00-03:00 = 2023-09-21T02:15:00Z"],
            ),
            ("signed on 20/09/2023.", &["20/09/2023 = 2023-09-20"]),
            ("signed on 20.09.2023.", &["20.09.2023 = 2023-09-20"]),
            (
                "بدأت في 20 سبتمبر 2023، وانتهت في ٢٨ أيلول/سبتمبر ٢٠٢٣.",
                &["20 سبتمبر 2023 = 2023-09-20", "٢٨ أيلول/سبتمبر ٢٠٢٣ = 2023-09-28"],
            ),
            (
                "يوم الأربعاء 20 سبتمبر 2023",
                &["يوم الأربعاء 20 سبتمبر 2023 = 2023-09-20"],
            ),
            (
                "منذ سبتمبر 2023 وحتى آب 2024",
                &["سبتمبر 2023 = 2023-09", "آب 2024 = 2024-08"],
            ),
            (
                "20 сентября 2023 года началась операция",
                &["20 сентября 2023 года = 2023-09-20"],
            ),
            (
                "منذ هجوم السابع من أكتوبر 2023، وحتى الحادي والثلاثين من كانون الأول/ديسمبر ٢٠٢٣",
                &[
                    "السابع من أكتوبر 2023 = 2023-10-07",
                    "الحادي والثلاثين من كانون الأول/ديسمبر ٢٠٢٣ = 2023-12-31",
                ],
            ),
            (
                "с двадцать четвертого февраля 2022 года, le premier mai 2023",
                &[
                    "двадцать четвертого февраля 2022 года = 2022-02-24",
                    "premier mai 2023 = 2023-05-01",
                ],
            ),
            ("المركز الثاني في مايو، والدور الأول من البطولة", &[]),
            (
                "le 1er mars 2023 et le 20 août 2024",
                &["1er mars 2023 = 2023-03-01", "20 août 2024 = 2024-08-20"],
            ),
            (
                "el 20 de septiembre de 2023",
                &["20 de septiembre de 2023 = 2023-09-20"],
            ),
            ("am 20. September 2023 begann", &["20. September 2023 = 2023-09-20"]),
            (
                "in August 2024 and mid-August 2023",
                &["August 2024 = 2024-08", "August 2023 = 2023-08"],
            ),
            (
                "from 19-20 September 2023",
                &["19 = 2023-09-19", "20 September 2023 = 2023-09-20"],
            ),
            ("截至2023年9月20日，", &["2023年9月20日 = 2023-09-20"]),
            ("the 14 July 1789", &["14 July 1789 = 1789-07-14"]),
        ],
    );
}

#[test]
fn without_a_publication_date_nothing_is_guessed() {
    check(
        None,
        &[
            ("yesterday, on 19 September, last August, two days ago, on Tuesday", &[]),
            ("أمس الثلاثاء، 19 سبتمبر، منتصف أغسطس الماضي، منذ ساعتين", &[]),
            ("вчера, 19 сентября, в августе прошлого года", &[]),
        ],
    );
}

#[test]
fn what_only_looks_like_a_date() {
    check(
        Some("2023-09-20T10:15:00Z"),
        &[
            ("He may 20 times march on. We may go; it may, in 2023, be so.", &[]),
            ("Mars 2020 landed on Mars. La planète Mars", &[]),
            (
                "It ended 3-2; 5/10; 2023/24 season; in 2023; pages 12-14; tel. 20-30-40; 1.5 million",
                &[],
            ),
            ("Windows 10.04.2023.5 and IP 10.12.20.23", &[]),
            ("A man aged 20, paid $20,000 and 3.5% in May", &["in May ~ 2023-05"]),
            ("They sat in the sun; the mon, the set 20, out 20", &[]),
            ("USA Today and Russia Today reported; every Tuesday", &[]),
            (
                "في اليوم التالي، روسيا اليوم، صحيفة اليوم السابع، كل جمعة، في أمس الحاجة",
                &[],
            ),
            ("الرئيس الأب 20 عاما، و5 أب", &[]),
            ("في окружающей среде, о среде", &[]),
            ("Er ist hier und bleibt hier, das ist nicht neu.", &[]),
            ("por la mañana", &[]),
            (
                "Super Tuesday; le Super mardi; Viernes Santo; heute.at; #today; صلاة الجمعة",
                &[],
            ),
            ("Tem 12 anos", &[]),
            ("في 5 ربيع الأول 1445 هـ", &[]),
            ("F16 March, route 5 March", &["5 March ~ 2024-03-05"]),
            ("قبل يومين من الانتخابات", &[]),
            ("il a 20 ans et sept enfants; ha due giorni", &[]),
            ("un dun hill and the den in le dim", &[]),
            ("In March 5 km", &[]),
            ("Jan 20-year-old", &[]),
        ],
    );
}

#[test]
fn arabic_relative_words() {
    check(
        Some("2023-09-20T10:15:00Z"),
        &[
            ("أعلنت أمس الثلاثاء", &["أمس الثلاثاء ~ 2023-09-19"]),
            ("أمس الاثنين", &["أمس الاثنين ~ 2023-09-18"]),
            ("اليوم الأربعاء", &["اليوم الأربعاء ~ 2023-09-20"]),
            ("أعلن اليوم، الأربعاء، أن", &["اليوم، الأربعاء ~ 2023-09-20"]),
            ("تجتمع غداً", &["غداً ~ 2023-09-21"]),
            ("غدا الخميس", &["غدا الخميس ~ 2023-09-21"]),
            ("أول أمس", &["أول أمس ~ 2023-09-18"]),
            ("أول من أمس", &["أول من أمس ~ 2023-09-18"]),
            ("بعد غد", &["بعد غد ~ 2023-09-22"]),
            ("يوم الاثنين", &["يوم الاثنين ~ 2023-09-18"]),
            ("الخميس الماضي", &["الخميس الماضي ~ 2023-09-14"]),
            ("الجمعة المقبل", &["الجمعة المقبل ~ 2023-09-22"]),
            ("في منتصف أغسطس الماضي", &["في منتصف أغسطس الماضي ~ 2023-08"]),
            ("ديسمبر الماضي", &["ديسمبر الماضي ~ 2022-12"]),
            (
                "في كانون الأول/ديسمبر الماضي",
                &["في كانون الأول/ديسمبر الماضي ~ 2022-12"],
            ),
            ("أغسطس من العام الماضي", &["أغسطس من العام الماضي ~ 2022-08"]),
            ("الشهر الماضي", &["الشهر الماضي ~ 2023-08"]),
            ("19 سبتمبر", &["19 سبتمبر ~ 2023-09-19"]),
            ("في 27 ديسمبر", &["27 ديسمبر ~ 2023-12-27"]),
            ("19 أغسطس الماضي", &["19 أغسطس الماضي ~ 2023-08-19"]),
            ("منذ ساعتين", &["منذ ساعتين ~ 2023-09-20T08:15:00Z"]),
            (
                "والثلاثاء، وقبل يومين",
                &["الثلاثاء ~ 2023-09-19", "قبل يومين ~ 2023-09-18"],
            ),
            ("اليوم الأربعاء 20/9/2023", &["اليوم الأربعاء 20/9/2023 ~ 2023-09-20"]),
            (
                "اليوم الثلاثاء 3 مارس 2020: أزمة",
                &["اليوم الثلاثاء 3 مارس 2020 ~ 2020-03-03"],
            ),
            ("قبل يومين", &["قبل يومين ~ 2023-09-18"]),
            ("قبل ثلاثة أيام", &["قبل ثلاثة أيام ~ 2023-09-17"]),
            ("منذ 3 أشهر", &["منذ 3 أشهر ~ 2023-06"]),
            ("في سبتمبر الجاري", &["في سبتمبر الجاري ~ 2023-09"]),
            ("٩ نوفمبر المقبل", &["٩ نوفمبر المقبل ~ 2023-11-09"]),
        ],
    );
}

#[test]
fn english_relative_words() {
    check(
        Some("2023-09-20T10:15:00Z"),
        &[
            ("he said yesterday.", &["yesterday ~ 2023-09-19"]),
            (
                "today, tomorrow and the day before yesterday",
                &[
                    "today ~ 2023-09-20",
                    "tomorrow ~ 2023-09-21",
                    "the day before yesterday ~ 2023-09-18",
                ],
            ),
            (
                "on Tuesday and Wednesday",
                &["Tuesday ~ 2023-09-19", "Wednesday ~ 2023-09-20"],
            ),
            ("on Thursday", &["Thursday ~ 2023-09-21"]),
            (
                "last Wednesday, next Wednesday",
                &["last Wednesday ~ 2023-09-13", "next Wednesday ~ 2023-09-27"],
            ),
            (
                "last month and last August",
                &["last month ~ 2023-08", "last August ~ 2023-08"],
            ),
            ("last September", &["last September ~ 2022-09"]),
            ("in mid-August", &["in mid-August ~ 2023-08"]),
            ("in August last year", &["in August last year ~ 2022-08"]),
            ("in August of last year", &["in August of last year ~ 2022-08"]),
            ("on 19 September", &["19 September ~ 2023-09-19"]),
            ("on September 19th", &["September 19th ~ 2023-09-19"]),
            ("on Jan. 5", &["Jan. 5 ~ 2024-01-05"]),
            ("on 19 September last year", &["19 September last year ~ 2022-09-19"]),
            (
                "two days ago, 3 hours ago, a month ago",
                &[
                    "two days ago ~ 2023-09-18",
                    "3 hours ago ~ 2023-09-20T07:15:00Z",
                    "a month ago ~ 2023-08",
                ],
            ),
            ("two weeks ago; ten years ago; last year; last week", &[]),
            ("in November", &["in November ~ 2023-11"]),
        ],
    );
}

#[test]
fn other_relative_words() {
    check(
        Some("2023-09-20T10:15:00Z"),
        &[
            (
                "вчера, позавчера, сегодня",
                &["вчера ~ 2023-09-19", "позавчера ~ 2023-09-18", "сегодня ~ 2023-09-20"],
            ),
            ("во вторник", &["вторник ~ 2023-09-19"]),
            ("в среду", &["в среду ~ 2023-09-20"]),
            ("в прошлый вторник", &["прошлый вторник ~ 2023-09-19"]),
            ("в августе прошлого года", &["в августе прошлого года ~ 2022-08"]),
            ("19 сентября", &["19 сентября ~ 2023-09-19"]),
            ("19 сентября прошлого года", &["19 сентября прошлого года ~ 2022-09-19"]),
            ("в прошлом месяце", &["прошлом месяце ~ 2023-08"]),
            (
                "два дня назад; час назад",
                &["два дня назад ~ 2023-09-18", "час назад ~ 2023-09-20T09:15:00Z"],
            ),
            ("в середине августа", &["в середине августа ~ 2023-08"]),
            ("Il a déclaré hier que la situation est grave", &["hier ~ 2023-09-19"]),
            (
                "avant-hier, aujourd’hui, mardi",
                &[
                    "avant-hier ~ 2023-09-18",
                    "aujourd’hui ~ 2023-09-20",
                    "mardi ~ 2023-09-19",
                ],
            ),
            (
                "en août dernier; août de l'année dernière",
                &["en août dernier ~ 2023-08", "août de l'année dernière ~ 2022-08"],
            ),
            ("le mois dernier", &["mois dernier ~ 2023-08"]),
            ("il y a deux jours", &["il y a deux jours ~ 2023-09-18"]),
            ("le 19 septembre", &["19 septembre ~ 2023-09-19"]),
            (
                "ayer, anteayer, el martes pasado",
                &[
                    "ayer ~ 2023-09-19",
                    "anteayer ~ 2023-09-18",
                    "martes pasado ~ 2023-09-19",
                ],
            ),
            ("hace dos días", &["hace dos días ~ 2023-09-18"]),
            ("el 19 de septiembre", &["19 de septiembre ~ 2023-09-19"]),
            ("el pasado 19 de agosto", &["pasado 19 de agosto ~ 2023-08-19"]),
            ("agosto del año pasado", &["agosto del año pasado ~ 2022-08"]),
            (
                "en diciembre de 2019; en enero del 27",
                &["diciembre de 2019 = 2019-12"],
            ),
            ("el pasado mes de diciembre", &["pasado mes de diciembre ~ 2022-12"]),
            ("Ce mercredi 13 septembre", &["Ce mercredi 13 septembre ~ 2023-09-13"]),
            (
                "12 Haziran 2019-31 Aralık 2020",
                &["12 Haziran 2019 = 2019-06-12", "31 Aralık 2020 = 2020-12-31"],
            ),
            ("a mediados de agosto", &["a mediados de agosto ~ 2023-08"]),
            (
                "gestern, vorgestern, am Dienstag",
                &[
                    "gestern ~ 2023-09-19",
                    "vorgestern ~ 2023-09-18",
                    "Dienstag ~ 2023-09-19",
                ],
            ),
            ("im August letzten Jahres", &["im August letzten Jahres ~ 2022-08"]),
            ("vor zwei Tagen", &["vor zwei Tagen ~ 2023-09-18"]),
            ("am 19. September", &["19. September ~ 2023-09-19"]),
            (
                "Mitte August; im vergangenen August",
                &["Mitte August ~ 2023-08", "im vergangenen August ~ 2023-08"],
            ),
            (
                "ontem; há dois dias",
                &["ontem ~ 2023-09-19", "há dois dias ~ 2023-09-18"],
            ),
            (
                "ieri; due giorni fa",
                &["ieri ~ 2023-09-19", "due giorni fa ~ 2023-09-18"],
            ),
            ("iki gün önce; dün", &["iki gün önce ~ 2023-09-18", "dün ~ 2023-09-19"]),
            ("9月19日", &["9月19日 ~ 2023-09-19"]),
        ],
    );
}

/// 2023-09-20 is a Wednesday.
#[test]
fn the_tense_says_which_weekday() {
    const TO_COME: &[&str] = &["Thursday ~ 2023-09-21"];
    const GONE: &[&str] = &["Thursday ~ 2023-09-14"];
    check(
        Some("2023-09-20"),
        &[
            ("Talks will open in Baku on Thursday.", TO_COME),
            ("The summit is to be held in Baku on Thursday, officials said.", TO_COME),
            ("The summit will not be held on Thursday.", TO_COME),
            ("On Thursday the two leaders will meet.", TO_COME),
            ("He said the talks would resume on Thursday.", TO_COME),
            ("He said that on Thursday the court will decide.", TO_COME),
            ("The hearing is scheduled for Thursday.", TO_COME),
            ("Talks opened in Baku on Thursday.", GONE),
            ("He said on Thursday that talks will open soon.", GONE),
            ("On Thursday he said that talks will open.", GONE),
            ("He will resign, the minister said on Thursday.", GONE),
            ("They agreed on Thursday to a truce which will last for a week.", GONE),
            ("Talks will go on. The army withdrew on Thursday.", GONE),
            ("Talks will open on Wednesday.", &["Wednesday ~ 2023-09-20"]),
            ("Talks will open last Thursday.", &["last Thursday ~ 2023-09-14"]),
            ("ستبدأ المحادثات يوم الخميس في باكو.", &["يوم الخميس ~ 2023-09-21"]),
            ("وقال الوزير إن المحادثات ستستمر الخميس.", &["الخميس ~ 2023-09-21"]),
            ("من المقرر أن تبدأ المحادثات يوم الخميس.", &["يوم الخميس ~ 2023-09-21"]),
            ("سوف يجتمع القادة يوم الخميس.", &["يوم الخميس ~ 2023-09-21"]),
            ("يوم الخميس سيعقد القادة قمة.", &["يوم الخميس ~ 2023-09-21"]),
            ("بدأت المحادثات يوم الخميس في باكو.", &["يوم الخميس ~ 2023-09-14"]),
            (
                "قال الوزير يوم الخميس إن المحادثات ستستمر.",
                &["يوم الخميس ~ 2023-09-14"],
            ),
            ("سيطر الجيش يوم الخميس على المدينة.", &["يوم الخميس ~ 2023-09-14"]),
            ("Переговоры откроются в четверг.", &["четверг ~ 2023-09-21"]),
            ("В четверг в Баку будет подписан договор.", &["четверг ~ 2023-09-21"]),
            ("Ожидается, что в четверг стороны приедут.", &["четверг ~ 2023-09-21"]),
            (
                "Президент заявил в четверг, что переговоры будут.",
                &["четверг ~ 2023-09-14"],
            ),
            ("Переговоры открылись в четверг.", &["четверг ~ 2023-09-14"]),
            ("Le sommet ouvrira ses portes jeudi.", &["jeudi ~ 2023-09-21"]),
            ("Le sommet aura lieu jeudi à Bakou.", &["jeudi ~ 2023-09-21"]),
            ("Jeudi, les deux présidents se rencontreront.", &["Jeudi ~ 2023-09-21"]),
            ("Le sommet a ouvert jeudi à Bakou.", &["jeudi ~ 2023-09-14"]),
            // A day without a verb is the nearest one that has been, the day of publication among them, but tomorrow rather
            // than six days back; what is expected is to come.
            ("Gaza : la trêve, jeudi, et ses suites", &["jeudi ~ 2023-09-21"]),
            ("Des pourparlers dès jeudi à Yevlakh", &["jeudi ~ 2023-09-21"]),
            (
                "Le texte prévoit le désarmement des forces, et des pourparlers dès jeudi dans la ville de Yevlakh.",
                &["jeudi ~ 2023-09-21"],
            ),
            ("Il a dénoncé dès jeudi l'attaque.", &["jeudi ~ 2023-09-14"]),
            ("La trêve de vendredi", &["vendredi ~ 2023-09-15"]),
            ("Oil could reach the coast as early as Thursday.", TO_COME),
            ("Donors poured in on Thursday.", GONE),
            ("محادثات في يفلاخ الخميس", &["الخميس ~ 2023-09-21"]),
            ("انهارت المحادثات الخميس", &["الخميس ~ 2023-09-14"]),
            ("Переговоры в четверг в Евлахе", &["четверг ~ 2023-09-21"]),
            ("Gaza : la trêve de lundi en chiffres", &["lundi ~ 2023-09-18"]),
            (
                "Soudan : une trêve d'une semaine attendue jeudi soir",
                &["jeudi ~ 2023-09-21"],
            ),
            ("Explosions mercredi à Goris", &["mercredi ~ 2023-09-20"]),
            ("Взрыв в понедельник под Степанакертом", &["понедельник ~ 2023-09-18"]),
            ("Il a déclaré jeudi que le sommet aurait lieu.", &["jeudi ~ 2023-09-14"]),
            ("L'opéra a rouvert jeudi.", &["jeudi ~ 2023-09-14"]),
            (
                "Die Gespräche werden am Donnerstag fortgesetzt.",
                &["Donnerstag ~ 2023-09-21"],
            ),
            (
                "Am Donnerstag wird der Präsident erwartet.",
                &["Donnerstag ~ 2023-09-21"],
            ),
            (
                "Die Gespräche wurden am Donnerstag fortgesetzt.",
                &["Donnerstag ~ 2023-09-14"],
            ),
            ("La cumbre se abrirá el jueves en Bakú.", &["jueves ~ 2023-09-21"]),
            ("Se espera que el jueves lleguen.", &["jueves ~ 2023-09-21"]),
            ("El presidente dijo el jueves que abrirá.", &["jueves ~ 2023-09-14"]),
            ("El ejército de Irán atacó el jueves.", &["jueves ~ 2023-09-14"]),
            ("A cúpula será aberta na quinta-feira.", &["quinta-feira ~ 2023-09-21"]),
            ("Il vertice si aprirà giovedì.", &["giovedì ~ 2023-09-21"]),
            ("De top zal donderdag beginnen.", &["donderdag ~ 2023-09-21"]),
        ],
    );
}

#[test]
fn days_that_share_a_month_are_all_named() {
    const BOTH: &[&str] = &["19 ~ 2023-09-19", "20 September ~ 2023-09-20"];
    check(
        Some("2023-09-25"),
        &[
            ("on 19–20 September", BOTH),
            ("on 19 - 20 September", BOTH),
            ("on 19 and 20 September", BOTH),
            ("from 19 to 20 September", BOTH),
            (
                "on 18, 19 and 20 September 2023",
                &["19 = 2023-09-19", "20 September 2023 = 2023-09-20"],
            ),
            (
                "on 19th and 20th September",
                &["19th ~ 2023-09-19", "20th September ~ 2023-09-20"],
            ),
            (
                "on September 19-20, 2023",
                &["September 19 = 2023-09-19", "20, 2023 = 2023-09-20"],
            ),
            (
                "on September 19 and 20, officials said",
                &["September 19 ~ 2023-09-19", "20 ~ 2023-09-20"],
            ),
            ("on September 19 and 20 people", &["September 19 ~ 2023-09-19"]),
            ("من 19 إلى 20 سبتمبر", &["19 ~ 2023-09-19", "20 سبتمبر ~ 2023-09-20"]),
            (
                "يومي ١٩ و٢٠ أيلول ٢٠٢٣",
                &["١٩ = 2023-09-19", "٢٠ أيلول ٢٠٢٣ = 2023-09-20"],
            ),
            ("с 19 по 20 сентября", &["19 ~ 2023-09-19", "20 сентября ~ 2023-09-20"]),
            (
                "19—20 сентября 2023 года",
                &["19 = 2023-09-19", "20 сентября 2023 года = 2023-09-20"],
            ),
            (
                "du 19 au 20 septembre",
                &["19 ~ 2023-09-19", "20 septembre ~ 2023-09-20"],
            ),
            (
                "les 19 et 20 septembre",
                &["19 ~ 2023-09-19", "20 septembre ~ 2023-09-20"],
            ),
            (
                "vom 19. bis 20. September",
                &["19 ~ 2023-09-19", "20. September ~ 2023-09-20"],
            ),
            (
                "am 19. und 20. September 2023",
                &["19 = 2023-09-19", "20. September 2023 = 2023-09-20"],
            ),
            (
                "del 19 al 20 de septiembre",
                &["19 ~ 2023-09-19", "20 de septiembre ~ 2023-09-20"],
            ),
            (
                "19 y 20 de septiembre",
                &["19 ~ 2023-09-19", "20 de septiembre ~ 2023-09-20"],
            ),
            ("between 31 and 32 September", &[]),
            ("the score was 3-2 in September", &["in September ~ 2023-09"]),
        ],
    );
    check(None, &[("on 19 and 20 September", &[])]);
}

#[test]
fn precision_of_the_publication_date_limits_what_is_resolved() {
    check(
        Some("2023-09"),
        &[("yesterday, two days ago, last month", &["last month ~ 2023-08"])],
    );
    check(
        Some("2023-09-20"),
        &[("two hours ago", &["two hours ago ~ 2023-09-20"])],
    );
}

#[test]
fn a_year_is_completed_across_new_year() {
    check(Some("2024-01-02"), &[("on 30 December", &["30 December ~ 2023-12-30"])]);
    check(Some("2023-12-30"), &[("on 2 January", &["2 January ~ 2024-01-02"])]);
    check(Some("2023-03-01"), &[("on 29 February", &["29 February ~ 2024-02-29"])]);
}

#[test]
fn a_date_does_not_run_over_a_line() {
    check(None, &[("20\nSeptember 2023", &["September 2023 = 2023-09"])]);
}
