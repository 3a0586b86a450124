//! The table of page furniture, by language. To add a language, add its phrases to the rows of their kind; the tests
//! below check the table itself, `furniture/tests.rs` what it cuts.
//!
//! Phrases are compared folded (see [`crate::extract::fold`]), so one spelling stands for all: «إقرأ المزيد» for
//! «اقرأ المزيد», `À lire aussi` for `A LIRE AUSSI`.

use crate::article::RemovedKind;

/// Where a phrase must stand, and what is cut with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the start of a line or of a sentence; what follows it is another article's headline and is cut with it.
    Teaser,
    /// At the start of a short line, followed by a colon or by its value; the line is cut.
    Label,
    /// The line is this phrase and little else (at most a few more words); the line is cut.
    Line,
    /// At the start or the end of a line that is no paragraph; the line is cut.
    Within,
    /// A short line above the text that begins with the phrase; the line is cut.
    Head,
}

/// One row: a kind of furniture in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// ISO 639-1 code; `any` for signs that all languages share.
    pub lang: &'static str,
    /// What it is, the middle and last part of the rule's name.
    pub name: &'static str,
    /// What is cut is kept as this.
    pub kind: RemovedKind,
    /// Where it must stand.
    pub place: Place,
    /// How it is worded.
    pub phrases: &'static [&'static str],
}

impl Rule {
    /// The name under which a cut is kept: `teaser.ar.read`.
    pub fn full_name(&self) -> String {
        let kind = match self.kind {
            RemovedKind::Teaser => "teaser",
            RemovedKind::Source => "source",
            RemovedKind::Published => "published",
            RemovedKind::Byline => "byline",
            RemovedKind::Keywords => "keywords",
            RemovedKind::Share => "share",
            RemovedKind::Copyright => "copyright",
            RemovedKind::Navigation => "navigation",
            RemovedKind::Title => "title",
        };
        format!("{kind}.{}.{}", self.lang, self.name)
    }
}

pub(super) const fn row(
    kind: RemovedKind,
    place: Place,
    lang: &'static str,
    name: &'static str,
    phrases: &'static [&'static str],
) -> Rule {
    Rule {
        lang,
        name,
        kind,
        place,
        phrases,
    }
}

const fn teaser(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Teaser, Place::Teaser, lang, "read", phrases)
}

const fn source(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Source, Place::Label, lang, "line", phrases)
}

const fn keywords(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Keywords, Place::Label, lang, "line", phrases)
}

const fn published(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Published, Place::Label, lang, "line", phrases)
}

const fn updated(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Published, Place::Label, lang, UPDATED, phrases)
}

const fn byline(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Byline, Place::Label, lang, "line", phrases)
}

const fn share(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Share, Place::Line, lang, "prompt", phrases)
}

const fn copyright(lang: &'static str, phrases: &'static [&'static str]) -> Rule {
    row(RemovedKind::Copyright, Place::Within, lang, "line", phrases)
}

/// The name of the rules whose date is that of an edit, never of publication.
pub const UPDATED: &str = "updated";

/// The rules but for [`NAVIGATION`](super::navigation::NAVIGATION). The longest phrase that fits a line wins, and of equally long ones the first in the table.
pub const RULES: &[Rule] = &[
    teaser(
        "ar",
        &[
            "إقرأ المزيد",
            "إقرأ أيضا",
            "إقرأ أيضاً",
            "طالع أيضا",
            "طالع المزيد",
            "شاهد أيضا",
            "شاهد المزيد",
            "شاهد",
            "بالفيديو",
            "اقرأ كذلك",
            "للمزيد اقرأ",
            "مواضيع ذات صلة",
            "موضوعات ذات صلة",
            "أخبار ذات صلة",
            "مقالات ذات صلة",
            "المزيد حول الموضوع",
            "قد يهمك أيضا",
            "قد يعجبك أيضا",
            "تابع القراءة",
            "ذات صلة",
        ],
    ),
    teaser(
        "en",
        &[
            "read also",
            "also read",
            "read more",
            "see also",
            "related stories",
            "related articles",
            "related news",
            "related",
            "more on this story",
            "more on this",
            "you may also like",
            "recommended",
            "watch also",
            "watch more",
            "watch",
            "video",
            "don't miss",
        ],
    ),
    teaser(
        "ru",
        &[
            "читайте также",
            "читать также",
            "смотрите также",
            "подробнее",
            "по теме",
            "материалы по теме",
            "другие материалы по теме",
            "читать далее",
            "читать по теме",
            "также по теме",
            "видео",
            "смотрите",
            "читайте по теме",
        ],
    ),
    teaser(
        "fr",
        &[
            "à lire aussi",
            "lire aussi",
            "lire également",
            "à lire également",
            "lire la suite",
            "en savoir plus",
            "voir aussi",
            "sur le même sujet",
            "articles liés",
            "nos lecteurs ont aussi aimé",
            "la rédaction vous conseille",
            "lire aussi notre article",
            "vidéo",
        ],
    ),
    teaser(
        "es",
        &[
            "lea también",
            "lee también",
            "leer también",
            "lea más",
            "lee más",
            "leer más",
            "más información",
            "te puede interesar",
            "le puede interesar",
            "vea también",
            "vídeo",
            "noticias relacionadas",
        ],
    ),
    teaser(
        "de",
        &[
            "lesen sie auch",
            "lesen sie mehr",
            "lesen sie hier mehr",
            "lies auch",
            "mehr zum thema",
            "siehe auch",
            "video",
            "auch interessant",
            "weiterlesen",
            "das könnte sie auch interessieren",
        ],
    ),
    teaser(
        "pt",
        &["leia também", "leia mais", "saiba mais", "veja também", "ler mais"],
    ),
    teaser(
        "it",
        &[
            "leggi anche",
            "leggi tutto",
            "per approfondire",
            "vedi anche",
            "guarda anche",
        ],
    ),
    teaser(
        "tr",
        &[
            "ayrıca okuyun",
            "bunu da okuyun",
            "ilgili haberler",
            "devamını oku",
            "ilgili haber",
        ],
    ),
    teaser("fa", &["بیشتر بخوانید", "همچنین بخوانید", "اخبار مرتبط", "مطالب مرتبط"]),
    teaser("uk", &["читайте також", "дивіться також", "докладніше", "за темою"]),
    teaser("nl", &["lees ook", "lees meer", "bekijk ook"]),
    published(
        "ar",
        &[
            "تاريخ النشر",
            "نشر في",
            "نشر بتاريخ",
            "تاريخ الإضافة",
            "تم النشر",
            "نشرت في",
            "أضيف بتاريخ",
        ],
    ),
    published(
        "en",
        &[
            "date published",
            "first published",
            "published on",
            "published",
            "publication date",
            "posted on",
            "posted",
        ],
    ),
    published("ru", &["дата публикации", "опубликовано", "опубликована", "размещено"]),
    published(
        "fr",
        &[
            "date de publication",
            "publié le",
            "publié",
            "mis en ligne le",
            "paru le",
        ],
    ),
    published(
        "es",
        &["fecha de publicación", "publicado el", "publicado", "publicada el"],
    ),
    published(
        "de",
        &["veröffentlicht am", "veröffentlicht", "erschienen am", "erstellt am"],
    ),
    published("pt", &["publicado em", "data de publicação"]),
    published("it", &["pubblicato il", "pubblicato", "data di pubblicazione"]),
    published("tr", &["yayınlanma tarihi", "yayın tarihi", "yayınlanma"]),
    published("fa", &["تاریخ انتشار", "منتشر شده در"]),
    updated("ar", &["آخر تحديث", "تم التحديث", "تاريخ التحديث", "حدث في"]),
    updated("en", &["last updated", "updated on", "updated", "last modified"]),
    updated("ru", &["обновлено", "последнее обновление"]),
    updated(
        "fr",
        &["mis à jour le", "mis à jour", "dernière mise à jour", "modifié le"],
    ),
    updated("es", &["actualizado el", "actualizado", "última actualización"]),
    updated(
        "de",
        &["aktualisiert am", "aktualisiert", "zuletzt aktualisiert", "stand"],
    ),
    source("ar", &["المصدر", "المصادر", "مصدر الخبر"]),
    source("en", &["source", "sources"]),
    source("ru", &["источник", "источники"]),
    source("fr", &["source", "sources"]),
    source("es", &["fuente", "fuentes"]),
    source("de", &["quelle", "quellen"]),
    source("pt", &["fonte", "fontes"]),
    source("it", &["fonte", "fonti"]),
    source("tr", &["kaynak"]),
    source("fa", &["منبع"]),
    source("nl", &["bron"]),
    keywords(
        "ar",
        &[
            "كلمات دلالية",
            "الكلمات الدلالية",
            "كلمات مفتاحية",
            "الكلمات المفتاحية",
            "وسوم",
            "الوسوم",
            "تاغات",
            "علامات",
        ],
    ),
    keywords(
        "en",
        &[
            "keywords",
            "key words",
            "related topics",
            "tags",
            "tagged",
            "topics",
            "filed under",
        ],
    ),
    keywords("ru", &["ключевые слова", "теги", "метки", "темы"]),
    keywords("fr", &["mots-clés", "mots clés", "étiquettes", "thèmes"]),
    keywords("es", &["palabras clave", "archivado en", "etiquetas", "temas"]),
    keywords("de", &["schlagwörter", "stichwörter", "schlagworte", "themen"]),
    keywords("pt", &["palavras-chave", "marcadores"]),
    keywords("it", &["parole chiave", "etichette"]),
    keywords("tr", &["etiketler", "anahtar kelimeler"]),
    keywords("fa", &["کلیدواژه‌ها", "برچسب‌ها", "کلمات کلیدی"]),
    byline("ar", &["كتب", "كتبت", "بقلم", "إعداد", "تحرير", "الكاتب"]),
    byline("en", &["by", "written by", "author", "reporting by", "editing by"]),
    byline("ru", &["автор", "авторы", "текст"]),
    byline(
        "fr",
        &[
            "par",
            "par la rédaction",
            "avec la rédaction",
            "auteur",
            "propos recueillis par",
        ],
    ),
    byline("es", &["por", "autor", "redacción"]),
    byline("de", &["von", "autor", "autorin"]),
    share(
        "ar",
        &[
            "شارك",
            "شارك المقال",
            "شارك الخبر",
            "شارك هذا المقال",
            "شارك هذا الخبر",
            "للمزيد من الأخبار",
            "لمتابعة آخر الأخبار",
            "شاركها",
            "مشاركة",
            "انشر",
            "تابعونا على",
            "تابعنا على",
            "تابعونا عبر",
            "تابعوا قناتنا",
            "تابعوا صفحتنا",
            "تابعوا آخر الأخبار",
            "تابع آخر الأخبار",
            "انضموا إلى",
            "اشتركوا في",
            "اشترك في",
            "اشترك الآن",
            "انضم إلى قناتنا",
            "للاشتراك في",
        ],
    ),
    share(
        "en",
        &[
            "share",
            "share this",
            "share this article",
            "share this story",
            "share on",
            "follow us",
            "follow us on",
            "subscribe",
            "subscribe to our",
            "subscribe to",
            "follow our",
            "join us on",
            "sign up to our",
            "sign up for our",
            "join our",
            "tweet",
            "print",
            "email this",
            "copy link",
            "click here to",
        ],
    ),
    share(
        "ru",
        &[
            "поделиться",
            "поделиться в соцсетях",
            "поделитесь",
            "еще больше новостей",
            "больше новостей",
            "все новости",
            "подписывайтесь на",
            "подпишитесь на",
            "следите за нами",
            "читайте нас в",
            "читайте нас",
            "следите за нашими",
            "присоединяйтесь к",
            "вступайте в",
        ],
    ),
    share(
        "fr",
        &[
            "partager",
            "partagez",
            "partager sur",
            "partager cet article",
            "partager l'article",
            "partager sur les réseaux",
            "suivez-nous",
            "suivez nous sur",
            "abonnez-vous",
            "suivez-nous sur",
            "abonnez-vous à",
            "inscrivez-vous à",
            "rejoignez-nous",
            "s'abonner",
        ],
    ),
    share(
        "es",
        &[
            "compartir",
            "compartir en",
            "comparte",
            "comparte esta noticia",
            "compartir esta noticia",
            "compartir este artículo",
            "síguenos",
            "síguenos en",
            "síganos en",
            "suscríbete",
            "suscríbete a",
            "suscríbase a",
            "siga nuestro",
            "sigue nuestro",
            "únete a",
            "suscríbase",
        ],
    ),
    share(
        "de",
        &[
            "teilen",
            "artikel teilen",
            "teilen sie",
            "folgen sie uns",
            "folgen sie uns auf",
            "abonnieren",
            "abonnieren sie",
            "abonniere unseren",
            "folgen sie unserem",
            "folge uns auf",
            "newsletter abonnieren",
            "drucken",
        ],
    ),
    row(
        RemovedKind::Share,
        Place::Label,
        "fr",
        "newsletter",
        &["newsletter", "infolettre"],
    ),
    row(
        RemovedKind::Share,
        Place::Label,
        "en",
        "newsletter",
        &["newsletter", "newsletters"],
    ),
    share("pt", &["compartilhar", "compartilhe", "partilhar", "siga-nos"]),
    share("it", &["condividi", "seguici su", "iscriviti"]),
    copyright("any", &["©", "copyright"]),
    copyright("ar", &["جميع الحقوق محفوظة", "كل الحقوق محفوظة", "حقوق النشر محفوظة"]),
    copyright("en", &["all rights reserved"]),
    copyright(
        "ru",
        &[
            "все права защищены",
            "при использовании материалов ссылка",
            "при использовании материалов сайта",
        ],
    ),
    copyright("fr", &["tous droits réservés"]),
    copyright("es", &["todos los derechos reservados"]),
    copyright("de", &["alle rechte vorbehalten"]),
    copyright("pt", &["todos os direitos reservados"]),
    copyright("it", &["tutti i diritti riservati", "riproduzione riservata"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::fold::fold;
    use crate::extract::furniture::navigation::NAVIGATION;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_says_something_and_no_kind_says_it_twice() {
        for rule in RULES.iter().chain(NAVIGATION) {
            assert!(!rule.phrases.is_empty(), "{}", rule.full_name());
            let mut seen = BTreeSet::new();
            for phrase in rule.phrases {
                assert!(*phrase == "©" || !fold(phrase).is_empty(), "{phrase}");
                seen.insert(*phrase);
            }
            assert_eq!(seen.len(), rule.phrases.len(), "{}", rule.full_name());
        }
    }

    #[test]
    fn the_six_languages_have_every_kind_of_rule() {
        for lang in ["ar", "en", "ru", "fr", "es", "de"] {
            let names: BTreeSet<String> = RULES
                .iter()
                .chain(NAVIGATION)
                .filter(|rule| rule.lang == lang)
                .map(Rule::full_name)
                .collect();
            for kind in [
                "teaser",
                "published",
                "source",
                "keywords",
                "byline",
                "share",
                "copyright",
                "navigation",
            ] {
                assert!(
                    names.iter().any(|name| name.starts_with(kind)),
                    "{lang} has no rule for {kind}"
                );
            }
        }
    }
}
