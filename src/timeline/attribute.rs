//! Whether a date says when something was that the sentence only speaks about: "the truce of 20 September was holding",
//! «Режим прекращения огня, согласованный 20 сентября, соблюдается».
//!
//! In: what stands before a date in its sentence, the date, what stands behind it, the language. Out: yes or no. Two forms count: a
//! date that a noun has ("of", « du », "vom", «زلزال الثامن من سبتمبر»), and a participle with its date between commas. A date
//! without one of these is told of, as before; so is every date in a language without a row.

use crate::extract::fold::fold;

/// How a language hangs a date on a noun.
struct Language {
    code: &'static str,
    /// Words between the noun and its date. None where the date follows the noun itself.
    of: &'static [&'static str],
    /// Words before them that make a time of it after all ("the night of 10 September", « à compter du »).
    times: &'static [&'static str],
    /// Endings of participles that may begin a clause between commas, of words of `LONG` letters or more.
    participles: &'static [&'static str],
    /// Participles without such an ending.
    others: &'static [&'static str],
}

/// Words before the noun for it to be an English sentence's subject, at most.
const SUBJECT: usize = 2;
/// Letters of a word at least whose ending is asked for.
const LONG: usize = 5;
/// Words of a clause from its participle to its date, at most.
const CLAUSE: usize = 9;

#[rustfmt::skip]
const LANGUAGES: [Language; 7] = [
    Language {
        code: "ar",
        of: &[],
        times: &[
            "في", "وفي", "يوم", "مساء", "صباح", "ظهر", "فجر", "ليل", "ليله", "عصر", "منتصف", "منذ", "حتي", "بحلول", "قبل", "بعد",
            "الي", "من", "بين", "امس", "اليوم", "غدا", "بتاريخ", "موعد", "نهايه", "بدايه", "مطلع", "اواخر", "اواءل", "خلال", "علي",
            "و", "او", "عام", "ايام", "اعتبارا", "تاريخ", "ساعه", "اسبوع",
        ],
        participles: &[],
        others: &[],
    },
    Language {
        code: "en",
        of: &["of"],
        times: &[
            "night", "nights", "evening", "morning", "afternoon", "day", "days", "hours", "week", "weekend", "end", "beginning", "start",
            "middle", "eve", "as", "date", "month", "dawn", "deadline",
        ],
        participles: &["ed"],
        others: &["held", "begun", "struck", "made", "brought", "put", "set", "won", "taken", "given", "shot", "fought", "broken"],
    },
    Language {
        code: "ru",
        of: &["от"],
        times: &[],
        participles: &[
            "нный", "нная", "нное", "нные", "нного", "нной", "нному", "нную", "нным", "нном", "нных", "нными", "вший", "вшая", "вшее",
            "вшие", "вшего", "вшей", "вшему", "вшую", "вшим", "вшем", "вших", "вшийся", "вшаяся", "вшееся", "вшиеся", "вшегося", "вшуюся",
        ],
        others: &["начатый", "начатая", "начатое", "начатые", "начатого", "начатой", "начатую"],
    },
    Language {
        code: "fr",
        of: &["du", "de"],
        times: &[
            "nuit", "soir", "soirée", "matin", "matinée", "journée", "après-midi", "jour", "compter", "partir", "semaine", "date", "fin",
            "début", "lendemain", "veille", "heures", "aube", "mois", "samedi", "dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi",
        ],
        participles: &["ée", "ées", "és", "é"],
        others: &["conclu", "conclue", "survenu", "survenue", "rompu", "rompue", "tenu", "tenue", "paru", "parue", "pris", "prise", "entré"],
    },
    Language {
        code: "es",
        of: &["del", "de"],
        times: &[
            "noche", "tarde", "mañana", "madrugada", "día", "partir", "semana", "fecha", "fin", "principios", "finales", "horas", "mediados",
            "lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo", "pasado",
        ],
        participles: &["ado", "ada", "ados", "adas", "ido", "ida", "idos", "idas"],
        others: &["abierto", "puesto", "suscrito", "roto", "hecho"],
    },
    Language {
        code: "de",
        of: &["vom"],
        times: &["nacht", "abend", "morgen", "tag", "wochenende", "woche", "ende", "beginn", "anfang"],
        participles: &[],
        others: &[],
    },
    Language {
        code: "pt",
        of: &["de", "do"],
        times: &[
            "noite", "tarde", "manhã", "madrugada", "dia", "partir", "semana", "data", "fim", "início", "horas", "segunda", "terça",
            "quarta", "quinta", "sexta", "sábado", "domingo", "passado", "meados",
        ],
        participles: &["ado", "ada", "ados", "adas", "ido", "ida", "idos", "idas"],
        others: &["aberto", "posto", "feito"],
    },
];

/// Whether the date between `before` and `after` belongs to what the sentence speaks about.
pub fn belongs_to_a_noun(before: &str, date: &str, after: &str, lang: &str) -> bool {
    let Some(language) = LANGUAGES.iter().find(|one| one.code == lang) else {
        return false;
    };
    language.hangs_on_a_noun(before, date) || language.ends_a_participle(before, after)
}

impl Language {
    fn hangs_on_a_noun(&self, before: &str, date: &str) -> bool {
        // A mark between them sets the date apart.
        let mut words = before.split_whitespace().rev();
        let bare = |word: &str| match self.code {
            "ar" => fold(word),
            _ => word.to_lowercase(),
        };
        let Some(last) = words.next().filter(|word| word.ends_with(char::is_alphanumeric)) else {
            return false;
        };
        let last = bare(last);
        if self.of.is_empty() {
            // The date itself follows the noun: a numbered day without its weekday, a noun without its article.
            let day = date.split_whitespace().next().map(fold).unwrap_or_default();
            let numbered = day.starts_with(char::is_numeric) || NUMBERED.contains(&&*day);
            return numbered
                && !last.starts_with("ال")
                && last.chars().all(char::is_alphabetic)
                && !self.is_time(&last);
        }
        let noun = words.next().map(bare).unwrap_or_default();
        // Elsewhere in an English sentence most such dates are what it tells of ("the events of 7 July").
        if self.code == "en" && words.count() > SUBJECT {
            return false;
        }
        self.of.contains(&&*last) && noun.ends_with(char::is_alphabetic) && !self.is_time(&noun)
    }

    fn is_time(&self, word: &str) -> bool {
        let plain = word.strip_prefix(['و', 'ب', 'ل', 'ف']).unwrap_or(word);
        self.times.contains(&word) || self.times.contains(&plain)
    }

    /// Whether a clause between commas begins with a participle and has the date.
    fn ends_a_participle(&self, before: &str, after: &str) -> bool {
        const COMMAS: [char; 2] = [',', '،'];
        let closed = after.find(COMMAS).is_some_and(|at| {
            let rest = after.get(..at).unwrap_or_default();
            rest.split_whitespace().count() <= CLAUSE && !rest.contains(['.', ';', ':', '!', '?'])
        });
        let before = before.trim_end();
        // A comma right before the date sets it apart within the clause.
        let before = before.strip_suffix(COMMAS).unwrap_or(before);
        let Some((subject, clause)) = before.rsplit_once(COMMAS).filter(|_| closed) else {
            return false;
        };
        // In English a verb looks the same: "Its leader, Naim Saleh, claimed on 3 May …".
        if self.code == "en" && subject.contains(COMMAS) {
            return false;
        }
        let mut words = clause.split_whitespace();
        let first = words.next().map(str::to_lowercase).unwrap_or_default();
        let ends = |ending: &&str| first.chars().count() >= LONG && first.ends_with(ending);
        words.count() < CLAUSE && (self.others.contains(&&*first) || self.participles.iter().any(ends))
    }
}

/// Days of a month in Arabic words.
#[rustfmt::skip]
const NUMBERED: [&str; 11] = [
    "الاول", "الثاني", "الثالث", "الرابع", "الخامس", "السادس", "السابع", "الثامن", "التاسع", "العاشر", "العشرين",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn belongs(sentence: &str, lang: &str) -> bool {
        let (before, rest) = sentence.split_once('[').expect("a date");
        let (date, after) = rest.split_once(']').expect("its end");
        belongs_to_a_noun(before, date, after, lang)
    }

    #[test]
    fn a_date_that_a_noun_has_is_the_nouns() {
        for (lang, sentence) in [
            ("en", "The truce of [20 September] was holding along the river."),
            ("en", "The accord, signed in Vienna on [3 May], leaves the border open."),
            ("ar", "صمدت هدنة [20 سبتمبر] على طول النهر."),
            ("ar", "بدأ إيواء المتضررين من زلزال [الثامن من سبتمبر]."),
            ("fr", "La trêve du [20 septembre] tient dans la vallée."),
            (
                "fr",
                "L'accord, signé mardi à Vienne le [3 mai], laisse la frontière ouverte.",
            ),
            ("ru", "Перемирие, заключённое накануне, [20 сентября], соблюдается."),
            ("ru", "Соглашение от [3 мая] остаётся в силе."),
            ("es", "La tregua del [20 de septiembre] se mantiene."),
            ("de", "Die Waffenruhe vom [20. September] hält."),
            ("pt", "A trégua de [20 de setembro] continua."),
        ] {
            assert!(belongs(sentence, lang), "{sentence}");
        }
    }

    #[test]
    fn a_date_on_which_something_happens_is_told_of() {
        for (lang, sentence) in [
            ("en", "The truce began on [20 September]."),
            ("en", "Shells fell in the night of [20 September]."),
            ("en", "The minister, who resigned on [3 May], left."),
            ("en", "People there remember well the battle of [3 May]."),
            ("en", "Both sides, he said on [3 May], agreed."),
            ("en", "Its leader, Naim Saleh, claimed on [3 May] a victory, and left."),
            ("ar", "بدأت الهدنة في [20 سبتمبر]."),
            ("ar", "بدأت الهدنة ظهر [20 سبتمبر]."),
            ("ar", "بدأت الهدنة بين الجانبين [الأربعاء 20 سبتمبر]."),
            ("fr", "La trêve a commencé dans la nuit du [20 septembre]."),
            ("fr", "À compter du [20 septembre], la route est ouverte."),
            ("ru", "Перемирие началось [20 сентября]."),
            ("es", "Empezó la noche del [20 de septiembre]."),
            ("de", "In der Nacht vom [20. September] fielen Schüsse."),
            ("nl", "Het bestand van [20 september] houdt stand."),
        ] {
            assert!(!belongs(sentence, lang), "{sentence}");
        }
    }
}
