//! Whether a date says when something was that the sentence only speaks about: "the truce of 20 September was holding",
//! «Режим прекращения огня, согласованный 20 сентября, соблюдается».
//!
//! In: what stands before a date in its sentence, the date, what stands behind it, the language. Out: yes or no. Two forms count: a
//! date that a noun has ("of", « du », "vom", «زلزال الثامن من سبتمبر»), and a participle with its date between commas. A date
//! without one of these is told of, as before; so is every date in a language without a row, and the one on which the subject itself
//! began or was carried out, if the sentence goes on to what came of it ("The offensive, launched on 19 September, broke their lines").

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
    /// How clauses begin that say when their noun began or was carried out, among those that begin with a participle.
    begun: &'static [&'static str],
    /// Verbs behind the clause that tell how things stand ("was holding"), and ...
    lasting: &'static [&'static str],
    /// ... endings of such verbs, and ...
    lasts: &'static [&'static str],
    /// ... verbs with such an ending that tell of what happened.
    happens: &'static [&'static str],
    /// Small words before a verb, which are passed over ("se", «ещё», "has").
    passed: &'static [&'static str],
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
        begun: &[],
        lasting: &[],
        lasts: &[],
        happens: &[],
        passed: &[],
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
        begun: &[
            "launched", "begun", "started", "relaunched", "resumed", "unleashed", "initiated", "mounted", "staged", "waged",
            "conducted", "perpetrated", "held", "carried out",
        ],
        lasting: &[
            "are", "were", "remain", "continue", "hold", "have", "had", "appear", "held", "continued", "lasted", "ended",
        ],
        lasts: &["s"],
        happens: &[],
        passed: &["still", "now", "also"],
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
        begun: &[
            "начат", "начавш", "запущенн", "развязанн", "возобновленн", "возобновивш", "проведенн", "осуществленн",
            "организованн", "состоявш",
        ],
        lasting: &[
            "был", "была", "было", "были", "идет", "идут", "продолжает", "продолжают", "завершился", "завершилась", "завершилось",
            "завершились", "закончился", "закончилась", "закончились",
        ],
        lasts: &["ется", "ится", "утся", "ются", "ятся"],
        happens: &[],
        passed: &["не", "уже", "еще", "все", "по-прежнему", "пока"],
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
        begun: &[
            "lancé", "relancé", "déclenché", "entamé", "commencé", "débuté", "mené", "perpétré", "organisé", "tenu",
        ],
        lasting: &[
            "est", "sont", "tient", "tiennent", "reste", "restent", "continue", "continuent", "poursuit", "poursuivent", "dure",
            "durent", "laisse", "laissent", "a été", "ont été", "a pris fin", "ont pris fin",
        ],
        lasts: &["ait", "aient"],
        happens: &["fait"],
        passed: &["se", "ne", "s", "n", "avait", "avaient", "toujours", "encore"],
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
        begun: &[
            "lanzad", "iniciad", "comenzad", "emprendid", "desatad", "desencadenad", "reanudad", "perpetrad", "celebrad",
            "realizad", "llevado a cabo", "llevada a cabo", "llevados a cabo", "llevadas a cabo",
        ],
        lasting: &[
            "es", "son", "está", "están", "sigue", "siguen", "continúa", "continúan", "mantiene", "mantienen", "dura", "duran",
            "deja", "dejan", "era", "eran", "fue", "fueron", "ha sido", "han sido", "terminó", "terminaron", "finalizó",
        ],
        lasts: &["aba", "aban", "ía", "ían"],
        happens: &[],
        passed: &["se", "no", "había", "habían", "ya", "aún", "todavía"],
    },
    Language {
        code: "de",
        of: &["vom"],
        times: &["nacht", "abend", "morgen", "tag", "wochenende", "woche", "ende", "beginn", "anfang"],
        participles: &[],
        others: &[],
        begun: &[],
        lasting: &[],
        lasts: &[],
        happens: &[],
        passed: &[],
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
        begun: &[
            "lançad", "iniciad", "começad", "desencadead", "deflagrad", "retomad", "perpetrad", "realizad", "levado a cabo",
            "levada a cabo", "levados a cabo", "levadas a cabo",
        ],
        lasting: &[
            "é", "são", "está", "estão", "segue", "seguem", "continua", "continuam", "mantém", "mantêm", "dura", "duram",
            "deixa", "deixam", "era", "eram", "foi", "foram", "terminou", "terminaram",
        ],
        lasts: &["ava", "avam", "ia", "iam"],
        happens: &[],
        passed: &["se", "não", "havia", "haviam", "já", "ainda"],
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

    /// Whether a clause between commas begins with a participle and has the date, and the date is not when the subject began.
    fn ends_a_participle(&self, before: &str, after: &str) -> bool {
        const COMMAS: [char; 2] = [',', '،'];
        let closed = after
            .split_once(COMMAS)
            .filter(|(rest, _)| rest.split_whitespace().count() <= CLAUSE && !rest.contains(['.', ';', ':', '!', '?']));
        let Some((_, goes_on)) = closed else { return false };
        let before = before.trim_end();
        // A comma right before the date sets it apart within the clause.
        let before = before.strip_suffix(COMMAS).unwrap_or(before);
        let Some((subject, clause)) = before.rsplit_once(COMMAS) else {
            return false;
        };
        // In English a verb looks the same: "Its leader, Naim Saleh, claimed on 3 May …".
        if self.code == "en" && subject.contains(COMMAS) {
            return false;
        }
        let mut words = clause.split_whitespace();
        let first = words.next().map(str::to_lowercase).unwrap_or_default();
        let is_clause = words.count() < CLAUSE && self.is_participle(&first);
        let belongs = self.lasts(goes_on) || !self.has_begun(clause);
        is_clause && belongs
    }

    fn is_participle(&self, word: &str) -> bool {
        let ends = |ending: &&str| word.chars().count() >= LONG && word.ends_with(ending);
        self.others.contains(&word) || self.participles.iter().any(ends)
    }

    /// Whether a clause says when its noun began or was carried out, and nothing else of it ("begun in 2003 and completed in July").
    fn has_begun(&self, clause: &str) -> bool {
        let plain = plain(clause.trim_start());
        let words: Vec<&str> = plain.split_whitespace().collect();
        let another = |pair: &[&str]| matches!(pair, [and, word] if AND.contains(and) && self.is_participle(word));
        self.begun.iter().any(|begun| plain.starts_with(begun)) && !words.windows(2).any(another)
    }

    /// Whether a sentence goes on with how things stand or that they ended, not with what happened.
    fn lasts(&self, goes_on: &str) -> bool {
        let plain = plain(goes_on).replace(['\'', '’'], " ");
        let words = plain
            .split_whitespace()
            .map(|word| word.trim_end_matches(|c: char| !c.is_alphabetic()));
        let words: Vec<&str> = words.skip_while(|word| self.passed.contains(word)).collect();
        let verb = words.first().copied().unwrap_or_default();
        let begins = |known: &&str| {
            words
                .iter()
                .copied()
                .take(known.split(' ').count())
                .eq(known.split(' '))
        };
        let ends = || self.lasts.iter().any(|ending| verb.ends_with(ending)) && !self.happens.contains(&verb);
        self.lasting.iter().any(begins) || ends()
    }
}

/// Between two participles of one noun.
const AND: [&str; 5] = ["and", "et", "y", "e", "и"];

/// Lower case, without the dots of ё.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
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
    fn the_day_on_which_the_subject_began_is_told_of() {
        for (lang, sentence) in [
            ("en", "The offensive, launched on [19 September], broke their lines."),
            (
                "en",
                "The raid, carried out by armed men of the United States on [3 May], killed ten.",
            ),
            ("en", "The offensive, which began on [19 September], broke their lines."),
            (
                "en",
                "The offensive, launched on [3 May], Kyiv's largest so far, broke their lines.",
            ),
            (
                "ru",
                "Наступление, начатое [19 сентября], за несколько часов прорвало их линии.",
            ),
            ("ru", "Встреча, состоявшаяся накануне, [3 мая], ничего не дала."),
            (
                "fr",
                "L'offensive azerbaïdjanaise, lancée [mardi 19 septembre], a percé leurs lignes.",
            ),
            ("fr", "L'attaque, perpétrée par l'armée le [3 mai], fait dix morts."),
            ("es", "La ofensiva, lanzada el [19 de septiembre], rompió sus líneas."),
            (
                "es",
                "El ataque, perpetrado en la madrugada del [3 de mayo], dejó diez muertos.",
            ),
            ("es", "El ataque, llevado a cabo el [3 de mayo], dejó diez muertos."),
            ("pt", "A ofensiva, lançada em [19 de setembro], rompeu as linhas."),
            (
                "de",
                "Die Offensive, begonnen am [19. September], durchbrach ihre Linien.",
            ),
            ("ar", "اخترق الهجوم، الذي بدأ في [19 سبتمبر]، خطوطهم."),
        ] {
            assert!(!belongs(sentence, lang), "{sentence}");
        }
    }

    #[test]
    fn how_things_stand_is_not_told_of_the_day_on_which_they_began() {
        for (lang, sentence) in [
            ("en", "The truce, begun on [20 September], was holding."),
            ("en", "The first well, started on [2 May], remains unfinished."),
            (
                "en",
                "The inquiry, begun in 2003 and completed on [3 May], found faults.",
            ),
            ("en", "The suspect, carried on [3 May] to a hospital, died."),
            ("es", "El preso, llevado a juicio el [3 de mayo], confesó."),
            ("en", "The invasion, launched on [24 February], has displaced millions."),
            ("en", "The offensive, launched on [19 September], still rages."),
            ("en", "The talks, begun on [Monday], ended on Thursday."),
            ("ru", "Перемирие, начавшееся [20 сентября], соблюдается."),
            ("ru", "Бои, начавшиеся [3 мая], всё ещё продолжаются."),
            ("ru", "Переговоры, начавшиеся в [понедельник], завершились в среду."),
            ("fr", "La trêve, entamée le [20 septembre], a été prolongée."),
            ("fr", "L'offensive, lancée le [3 mai], n'est pas finie."),
            ("es", "La huelga, iniciada el [3 de mayo], ya dura dos meses."),
            ("es", "La tregua, iniciada el [3 de mayo], ha sido prorrogada."),
            ("pt", "A greve, iniciada em [3 de maio], ainda continua."),
            ("ru", "Операция, начатая [19 сентября], ещё идёт."),
            ("fr", "La trêve, commencée le [20 septembre], tenait dans la vallée."),
            ("fr", "L'offensive, lancée [mardi 19 septembre], se poursuit."),
            ("es", "La tregua, iniciada el [20 de septiembre], se mantiene."),
            ("es", "La tregua, iniciada el [20 de septiembre], continuaba."),
            ("pt", "A trégua, iniciada em [20 de setembro], continua."),
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
