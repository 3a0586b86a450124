use super::{Language, NONE};

pub(super) const LANGUAGE: Language = Language {
    code: "tr",
    months: [
        "Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık",
    ],
    months_short: [
        "Oca", "Şub", "", "Nis", "", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara",
    ],
    weekdays: [
        "Pazartesi günü",
        "Salı günü",
        "Çarşamba günü",
        "Perşembe günü",
        "Cuma günü",
        "Cumartesi günü",
        "Pazar günü",
    ],
    weekdays_short: [
        "Pazartesi|Pzt",
        "Salı",
        "Çarşamba|Çar",
        "Perşembe|Per",
        "Cuma|Cum",
        "Cumartesi|Cmt",
        "Pazar|Paz",
    ],
    days: &[(-2, "evvelsi gün|önceki gün"), (-1, "dün"), (0, "bugün"), (1, "yarın")],
    last: "geçen|geçtiğimiz",
    this: "bu",
    next: "gelecek|önümüzdeki",
    ago_after: "önce",
    units: ["dakika", "saat", "gün", "ay", "yıl|yılı"],
    counts: [
        "bir", "iki", "üç", "dört", "beş", "altı", "yedi", "sekiz", "dokuz", "on",
    ],
    clock: "saat",
    zone: "yerel saatle",
    periods: ["ay", "yıl|yılın"],
    not_after: "her",
    future: "bekleniyor|planlanıyor|planlanan|öngörülüyor",
    future_endings: "acak|ecek|acaklar|ecekler|acaktır|ecektir|acağı|eceği|acağını|eceğini",
    no_future: "gelecek|yiyecek|içecek",
    past: "dedi|söyledi|açıkladı|belirtti|bildirdi|duyurdu|idi|oldu",
    past_endings: "dı|di|du|dü|tı|ti|tu|tü|dılar|diler|tılar|tiler",
    ..NONE
};
