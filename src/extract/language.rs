//! The language of a text, by whatlang; by its script where the text is too short for that.

use whatlang::{Lang, Script};

/// Below this confidence whatlang's answer is a guess among neighbours of one script.
const CONFIDENT: f64 = 0.35;

/// ISO 639-1 code of a text's language (639-3 where there is none); `und` when the text does not say.
pub fn detect(text: &str) -> String {
    let Some(info) = whatlang::detect(text) else {
        return "und".to_owned();
    };
    let code = match info.script() {
        // Urdu and Persian have letters that Arabic lacks; without one of them a short text is Arabic.
        Script::Arabic => match info.lang() {
            Lang::Ara => "ar",
            _ if !has_persian_letter(text) => "ar",
            lang => short(lang),
        },
        _ if info.is_reliable() || info.confidence() >= CONFIDENT => short(info.lang()),
        Script::Latin => match text.split_whitespace().count() {
            0..=2 => "und",
            _ => short(info.lang()),
        },
        Script::Cyrillic => {
            if text.contains(['і', 'ї', 'є', 'ґ', 'І', 'Ї', 'Є', 'Ґ']) {
                "uk"
            } else if text.contains(['ы', 'э', 'ё', 'Ы', 'Э', 'Ё']) {
                "ru"
            } else {
                short(info.lang())
            }
        }
        _ => short(info.lang()),
    };
    code.to_owned()
}

/// The language of a short text that is most likely in one of these, the likeliest first, such as a title that an editor gives
/// a story: theirs, unless the text says clearly that it is in another.
pub fn detect_among(text: &str, likely: &[String]) -> String {
    let known: Vec<Lang> = likely
        .iter()
        .filter_map(|code| Lang::all().iter().find(|lang| short(**lang) == code.as_str()).copied())
        .collect();
    let all = detect(text);
    let clear = whatlang::detect(text).is_some_and(|info| info.is_reliable());
    if likely.contains(&all) || clear || known.is_empty() {
        return all;
    }
    let script = whatlang::detect_script(text);
    let of_script: Vec<Lang> = known
        .into_iter()
        .filter(|lang| script.is_some_and(|script| script.langs().contains(lang)))
        .collect();
    match of_script.as_slice() {
        [] => all,
        [one] => short(*one).to_owned(),
        several => {
            let among = whatlang::Detector::with_allowlist(several.to_vec()).detect(text);
            // Among several it must say so itself; else it is the most frequent one.
            let found = among
                .filter(|info| info.confidence() >= CONFIDENT)
                .map(|info| info.lang());
            found
                .or(several.first().copied())
                .map_or(all, |lang| short(lang).to_owned())
        }
    }
}

fn has_persian_letter(text: &str) -> bool {
    text.contains(['پ', 'چ', 'ژ', 'گ', 'ک', 'ی', 'ے', 'ٹ', 'ڈ', 'ڑ', 'ں'])
}

fn short(lang: Lang) -> &'static str {
    match lang {
        Lang::Ara => "ar",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Deu => "de",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Tur => "tr",
        Lang::Pes => "fa",
        Lang::Urd => "ur",
        Lang::Heb => "he",
        Lang::Ukr => "uk",
        Lang::Bel => "be",
        Lang::Pol => "pl",
        Lang::Nld => "nl",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Bul => "bg",
        Lang::Mkd => "mk",
        Lang::Ron => "ro",
        Lang::Hun => "hu",
        Lang::Ell => "el",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "no",
        Lang::Fin => "fi",
        Lang::Est => "et",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Vie => "vi",
        Lang::Tha => "th",
        Lang::Ind => "id",
        Lang::Hin => "hi",
        Lang::Ben => "bn",
        Lang::Tam => "ta",
        Lang::Aze => "az",
        Lang::Hye => "hy",
        Lang::Kat => "ka",
        Lang::Cat => "ca",
        Lang::Uzb => "uz",
        Lang::Lat => "la",
        Lang::Epo => "eo",
        other => other.code(),
    }
}

#[cfg(test)]
mod tests {
    use super::{detect, detect_among};

    #[test]
    fn a_short_title_is_in_a_language_of_its_story() {
        let story = ["en", "ar", "ru", "fr"].map(str::to_owned);
        for (text, lang) in [
            ("Truce", "en"),
            ("Gaza truce", "en"),
            ("Talks in Doha", "en"),
            ("هدنة", "ar"),
            ("Перемирие", "ru"),
            ("Karabakh", "en"),
            (
                "Der Präsident erklärte am Dienstag, die Waffenruhe werde in der ganzen Region halten",
                "de",
            ),
            ("停火", "zh"),
        ] {
            assert_eq!(detect_among(text, &story), lang, "{text}");
        }
        assert_eq!(detect_among("Truce", &["ar".to_owned()]), detect("Truce"));
        assert_eq!(
            detect_among("آتش‌بس در قره‌باغ پس از گفتگوهای یولاخ برقرار شد", &story),
            "fa"
        );
    }

    #[test]
    fn languages_of_the_news() {
        for (text, lang) in [
            ("أعلن مساعد الرئيس الأذري أن بلاده تؤيد تطبيع العلاقات مع أرمينيا", "ar"),
            ("هدنة في غزة", "ar"),
            ("آتش‌بس در قره‌باغ پس از گفتگوهای یولاخ برقرار شد", "fa"),
            ("The president said on Tuesday that the ceasefire would hold", "en"),
            ("Перемирие в Карабахе вступило в силу, заявили в Баку", "ru"),
            ("Le président a déclaré mardi que la trêve serait respectée", "fr"),
            ("El presidente declaró el martes que la tregua se mantendrá", "es"),
            ("Der Präsident erklärte am Dienstag, die Waffenruhe werde halten", "de"),
            ("12:30", "und"),
        ] {
            assert_eq!(detect(text), lang, "{text}");
        }
    }
}
