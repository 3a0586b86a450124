//! Credits behind an outlet's name: "Le Monde avec AFP", "الجزيرة + وكالات".
//!
//! In: a source's name as written. Out: the part of it that is the outlet. What stands behind a word or sign of the table and is
//! agencies to its end is a credit: it says whose text the outlet used, not who published it. An agency's own name is no credit of
//! itself, and a name without an outlet before the credit stays as it is.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::extract::fold::fold;
use crate::extract::furniture::is_agency;

/// Names of more bytes are no names of outlets, and are left as they are.
const LONGEST: usize = 200;

/// What a credit begins with, and what stands between its agencies, folded: "with", "and", "from", "according to".
const JOINERS: &[&str] = &[
    // English, French, Spanish, Portuguese, Italian, German, Dutch.
    "with",
    "and",
    "via",
    "avec",
    "et",
    "con",
    "y",
    "e",
    "com",
    "mit",
    "und",
    "met",
    "en",
    // Russian and Ukrainian, Turkish, Slovene.
    "с",
    "со",
    "и",
    "по материалам",
    "по данным",
    "з",
    "за матеріалами",
    "та",
    "ve",
    "z",
    "in",
    // Arabic, Persian.
    "مع",
    "عن",
    "نقلا عن",
    "و",
    "با",
    "به نقل از",
];

/// Signs that do the same. A hyphen only between spaces: it also stands within names.
const SIGNS: &[char] = &[
    '+', '/', '|', '&', ',', '،', ';', '؛', '(', ')', '[', ']', '–', '—', '•', '·', ':',
];

/// Agencies in general, folded when they are compared: the words of several languages for "agencies".
const AGENCIES: &[&str] = &[
    "agencies",
    "agency",
    "news agencies",
    "agency reports",
    "wires",
    "wire services",
    "news wires",
    "agences",
    "agence",
    "agences de presse",
    "agencias",
    "agencia",
    "agencias de noticias",
    "agências",
    "agência",
    "agências de notícias",
    "agenzie",
    "agenzia",
    "agenzie di stampa",
    "agenturen",
    "agentur",
    "nachrichtenagenturen",
    "persbureaus",
    "агентства",
    "агентств",
    "агентствами",
    "информагентства",
    "информагентств",
    "информагентствами",
    "агенції",
    "агенцій",
    "агенціями",
    "ajanslar",
    "ajanslarla",
    "haber ajansları",
    "agencije",
    "agencijami",
    "وكالات",
    "الوكالات",
    "وكالة",
    "وكالات الأنباء",
    "وكالات أنباء",
    "خبرگزاری‌ها",
    "סוכנויות",
];

/// Articles that may stand before them.
const ARTICLES: &[&str] = &["les", "las", "los", "le", "as", "den", "the", "de", "des", "l"];

static GENERAL: LazyLock<BTreeSet<String>> = LazyLock::new(|| AGENCIES.iter().map(|name| fold(name)).collect());

/// The outlet of a name: what stands before a credit to agencies, else all of it.
pub fn outlet(name: &str) -> &str {
    if name.len() > LONGEST {
        return name;
    }
    for (at, behind) in joints(name) {
        let outlet = name.get(..at).unwrap_or_default().trim_end();
        let outlet = outlet
            .trim_end_matches(|c: char| SIGNS.contains(&c) || c == '-')
            .trim_end();
        if outlet.chars().any(char::is_alphabetic) && is_credit(name.get(behind..).unwrap_or_default()) {
            return outlet;
        }
    }
    name
}

/// Where a credit may begin: where the outlet would end, and where the agencies would begin, in bytes.
fn joints(name: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, sign) in name.char_indices() {
        let end = at + sign.len_utf8();
        if SIGNS.contains(&sign) {
            found.push((at, end));
        } else if sign.is_whitespace() {
            let rest = name.get(end..).unwrap_or_default();
            let words = rest.split_whitespace().scan(0, |from, word| {
                let start = rest.get(*from..)?.find(word)? + *from;
                *from = start + word.len();
                Some((word, end + start, end + start + word.len()))
            });
            let words: Vec<(&str, usize, usize)> = words.take(3).collect();
            for several in 1..=words.len() {
                let Some((_, start, _)) = words.first() else { continue };
                let Some((_, _, end)) = words.get(several - 1) else {
                    continue;
                };
                if is_joiner(name.get(*start..*end).unwrap_or_default()) {
                    found.push((at, *end));
                }
            }
            // «و» is written with the word behind it.
            if let Some((word, start, _)) = words.first()
                && let Some(stem) = word.strip_prefix('و')
                && !stem.is_empty()
            {
                found.push((at, start + 'و'.len_utf8()));
            }
        }
    }
    found
}

fn is_joiner(text: &str) -> bool {
    matches!(text.trim(), "-" | "−" | "‐") || JOINERS.contains(&fold(text).as_str())
}

/// Whether a text is agencies, one or several.
fn is_credit(text: &str) -> bool {
    if one(text) {
        return true;
    }
    let text = text.trim().trim_end_matches(|c: char| SIGNS.contains(&c) || c == '.');
    // "Le Monde (avec AFP)": a joiner may follow a sign.
    one(text)
        || joints(&format!(" {text}")).into_iter().any(|(at, behind)| {
            // The space in front is one byte.
            let before = text.get(..at.saturating_sub(1)).unwrap_or_default();
            let behind = text.get(behind.saturating_sub(1)..).unwrap_or_default();
            (before.trim().is_empty() || one(before)) && behind.len() < text.len() && is_credit(behind)
        })
}

/// Whether a text is one agency, or agencies in general.
fn one(text: &str) -> bool {
    let folded = fold(text);
    let plain = match folded.split_once(' ') {
        Some((article, rest)) if ARTICLES.contains(&article) => rest,
        _ => folded.as_str(),
    };
    GENERAL.contains(plain) || !plain.is_empty() && (is_agency(plain) || is_agency(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::outlet;

    #[test]
    fn a_credit_to_agencies_is_no_part_of_the_name() {
        for (name, expected) in [
            ("Le Monde avec agences", "Le Monde"),
            ("Le Monde avec l’AFP", "Le Monde"),
            ("Le Monde (avec AFP et Reuters)", "Le Monde"),
            ("Libération avec AFP", "Libération"),
            ("The Harbour Times with agencies", "The Harbour Times"),
            ("The Harbour Times, with AP and Reuters", "The Harbour Times"),
            ("Guardian staff and agencies", "Guardian staff"),
            ("El País con agencias", "El País"),
            ("El Puerto / Agencias", "El Puerto"),
            ("Público com agências", "Público"),
            ("Público/Lusa", "Público"),
            ("Zeitung mit Agenturen", "Zeitung"),
            ("Corriere con agenzie", "Corriere"),
            ("Газета с агентствами", "Газета"),
            ("Газета по материалам агентств", "Газета"),
            ("Газета, РИА Новости", "Газета"),
            ("الجزيرة + وكالات", "الجزيرة"),
            ("الجزيرة - وكالات", "الجزيرة"),
            ("الجزيرة ووكالات", "الجزيرة"),
            ("الجزيرة نت (وكالات)", "الجزيرة نت"),
            ("العربية.نت – وكالات", "العربية.نت"),
            ("الشرق الأوسط مع الوكالات", "الشرق الأوسط"),
            ("الميناء - رويترز، أ ف ب", "الميناء"),
            ("Gazete ve ajanslar", "Gazete"),
            ("BBC News - Reuters", "BBC News"),
        ] {
            assert_eq!(outlet(name), expected, "{name}");
        }
    }

    #[test]
    fn other_names_stay_whole() {
        for name in [
            "Le Monde",
            "Reuters",
            "AP",
            "AP News",
            "وكالات",
            "وكالة الأناضول",
            "avec agences",
            "(AFP)",
            "+ وكالات",
            "Al-Wafa",
            "الوفا",
            "L'Orient-Le Jour",
            "With Love and Squalor",
            "Marks and Sparks",
            "AFP - Le Monde",
            "Radio France, Paris",
            "روسيا اليوم",
            "و",
            "",
            " - ",
            "a - ",
        ] {
            assert_eq!(outlet(name), name, "{name}");
        }
    }
}
