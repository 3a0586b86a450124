use super::{Language, NONE};

pub(super) const LANGUAGE: Language = Language {
    code: "sl",
    months: [
        "januar|januarja",
        "februar|februarja",
        "marec|marca",
        "april|aprila",
        "maj|maja",
        "junij|junija",
        "julij|julija",
        "avgust|avgusta",
        "september|septembra",
        "oktober|oktobra",
        "november|novembra",
        "december|decembra",
    ],
    months_short: [
        "jan", "feb", "", "apr", "", "jun", "jul", "avg", "sep|sept", "okt", "nov", "dec",
    ],
    weekdays_short: [
        "ponedeljek|pon",
        "torek|tor",
        "sreda|sre",
        "četrtek|čet",
        "petek|pet",
        "sobota|sob",
        "nedelja|ned",
    ],
    days: &[(-2, "predvčerajšnjim"), (-1, "včeraj"), (0, "danes"), (1, "jutri")],
    clock: "ob",
    oclock: "uri",
    of: "leta",
    periods: ["", "leta"],
    future: "bo|bodo|bosta|naj bi|predvidoma|načrtuje|načrtujejo|pričakuje",
    past: "dejal|dejala|sporočil|sporočila|sporočili|povedal|povedala|od|je|so|bil|bila|bilo|bili",
    opens_clause: "da|ki",
    ..NONE
};
