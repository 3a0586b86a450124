//! The part of the table of furniture that is the page's own: sections, advertisements, credits, comments, tools. Rows as
//! in [`rules`](super::rules).

use crate::article::RemovedKind;
use crate::extract::furniture::rules::{Place, Rule, row};

const fn navigation(place: Place, lang: &'static str, name: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Navigation, place, lang, name, phrases)
}

const fn section(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    navigation(Place::Head, lang, "section", phrases)
}

const fn advert(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    navigation(Place::Line, lang, "advert", phrases)
}

const fn credit(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    navigation(Place::Label, lang, "credit", phrases)
}

const fn comments(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    navigation(Place::Line, lang, "comments", phrases)
}

const fn reading_time(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    navigation(Place::Label, lang, "reading-time", phrases)
}

/// Rules for what belongs to the page around an article.
pub const NAVIGATION: &[Rule] = &[
    advert("ar", &["إعلان", "إعلانات", "مساحة إعلانية"]),
    advert(
        "en",
        &[
            "advertisement",
            "sponsored content",
            "story continues below advertisement",
        ],
    ),
    advert("ru", &["реклама", "на правах рекламы"]),
    advert("fr", &["publicité", "contenu sponsorisé"]),
    advert("es", &["publicidad", "contenido patrocinado"]),
    advert("de", &["anzeige", "werbung"]),
    navigation(
        Place::Line,
        "ar",
        "tool",
        &["حجم الخط", "طباعة", "تصغير الخط", "تكبير الخط"],
    ),
    navigation(
        Place::Within,
        "ru",
        "mistake",
        &["нажмите ctrl enter", "нажмите сочетание клавиш ctrl enter"],
    ),
    credit("ar", &["صورة", "الصورة", "تصوير"]),
    credit(
        "en",
        &[
            "photo",
            "image",
            "photo credit",
            "photograph",
            "caption",
            "our standards",
        ],
    ),
    credit("ru", &["фото", "на фото"]),
    credit("fr", &["photo", "crédit photo", "légende"]),
    credit("es", &["foto", "fotografía"]),
    credit("de", &["foto", "bild", "bildquelle"]),
    comments("ar", &["التعليقات", "تعليقات", "أضف تعليقا"]),
    comments("en", &["comments", "leave a comment", "view comments"]),
    comments("ru", &["комментарии", "новость дополняется"]),
    comments(
        "fr",
        &[
            "commentaires",
            "laisser un commentaire",
            "réagir",
            "article réservé aux abonnés",
            "article réservé à nos abonnés",
        ],
    ),
    comments("es", &["comentarios"]),
    comments("de", &["kommentare"]),
    reading_time("ar", &["مدة القراءة", "وقت القراءة", "زمن القراءة"]),
    reading_time("en", &["reading time", "read time", "estimated reading time"]),
    reading_time("ru", &["время чтения", "время на чтение"]),
    reading_time("fr", &["temps de lecture"]),
    reading_time("es", &["tiempo de lectura"]),
    reading_time("de", &["lesezeit", "lesedauer"]),
    section(
        "ar",
        &[
            "الرئيسية",
            "العالم",
            "عربي ودولي",
            "سياسة",
            "السياسة",
            "اقتصاد",
            "رياضة",
            "محليات",
            "أخبار",
            "الأخبار",
            "أخبار العالم",
            "ثقافة",
            "تكنولوجيا",
            "عاجل",
            "الشرق الأوسط",
        ],
    ),
    section(
        "en",
        &[
            "home",
            "world",
            "politics",
            "business",
            "news",
            "world news",
            "sport",
            "sports",
            "opinion",
            "culture",
            "technology",
            "science",
            "health",
            "africa",
            "europe",
            "asia",
            "middle east",
            "international",
            "breaking news",
            "live updates",
        ],
    ),
    section(
        "ru",
        &[
            "главная",
            "мир",
            "в мире",
            "политика",
            "общество",
            "экономика",
            "спорт",
            "культура",
            "происшествия",
            "новости",
            "наука",
            "технологии",
        ],
    ),
    section(
        "fr",
        &[
            "accueil",
            "monde",
            "international",
            "politique",
            "société",
            "économie",
            "sport",
            "culture",
            "afrique",
            "europe",
        ],
    ),
    section(
        "es",
        &[
            "redacción",
            "portada",
            "inicio",
            "mundo",
            "internacional",
            "política",
            "sociedad",
            "economía",
            "deportes",
            "cultura",
        ],
    ),
    section(
        "de",
        &[
            "startseite",
            "politik",
            "ausland",
            "wirtschaft",
            "gesellschaft",
            "sport",
            "kultur",
            "panorama",
            "welt",
        ],
    ),
];
