use super::{Language, NONE};

pub(super) const LANGUAGE: Language = Language {
    code: "nl",
    months: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    months_short: [
        "jan", "feb", "mrt", "apr", "", "jun", "jul", "aug", "sep|sept", "okt", "nov", "dec",
    ],
    weekdays: [
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
    ],
    weekdays_short: ["ma", "di", "wo", "do", "vr", "za", "zo"],
    days: &[(-2, "eergisteren"), (-1, "gisteren"), (0, "vandaag"), (2, "overmorgen")],
    last: "vorige|vorig|afgelopen",
    this: "deze|dit",
    next: "volgende|volgend|komende",
    part: "half|begin|eind|medio",
    within: "in|sinds",
    ago_after: "geleden",
    units: ["minuut|minuten", "uur", "dag|dagen", "maand|maanden", "jaar"],
    counts: [
        "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien",
    ],
    clock: "om",
    oclock: "uur|u",
    periods: ["maand", "jaar"],
    not_after: "elke|iedere",
    ..NONE
};
