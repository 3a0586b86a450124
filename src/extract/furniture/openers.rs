//! Words that Arabic sentences of the news open with, for seams that no letter gives away: «عند الحدودوجاء توقيع».
//!
//! Arabic has no capitals. Where two texts were glued together at a letter that may stand inside a word, the "and" with
//! which nearly every second sentence begins, with a known word behind it, is the only sign.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::extract::fold::fold;

/// Verbs of the past, third person masculine; the feminine has a `ت` behind it.
const PAST: &[&str] = &[
    "قال",
    "أضاف",
    "أعلن",
    "أكد",
    "جاء",
    "أوضح",
    "أشار",
    "ذكر",
    "أفاد",
    "بدأ",
    "كان",
    "تابع",
    "لفت",
    "نقل",
    "أظهر",
    "أدى",
    "شدد",
    "حذر",
    "دعا",
    "طالب",
    "رفض",
    "اعتبر",
    "رأى",
    "نفى",
    "تعهد",
    "وصف",
    "تحدث",
    "شهد",
    "أسفر",
    "وقع",
    "وصل",
    "أصدر",
    "أمر",
    "عقد",
    "التقى",
    "اتهم",
    "توقع",
    "أعرب",
    "كشف",
    "بحث",
    "ناقش",
    "أطلق",
    "قتل",
    "أصيب",
    "استهدف",
    "شارك",
    "وافق",
    "أبلغ",
    "سبق",
    "تسبب",
    "استقبل",
    "زار",
    "كتب",
    "نشر",
    "أجرى",
    "أرسل",
    "قرر",
    "ارتفع",
    "انخفض",
    "تراجع",
    "اندلع",
    "هاجم",
    "سيطر",
    "انسحب",
    "توجه",
    "غادر",
    "عاد",
    "استمر",
    "اتفق",
    "وقّع",
    "رحب",
    "ندد",
    "أدان",
    "تلقى",
    "تبنى",
    "بلغ",
    "سجل",
    "اجتمع",
    "ترأس",
    "حضر",
    "خرج",
    "تظاهر",
    "احتج",
    "اعتقل",
    "أوقف",
    "فرض",
    "تضمن",
    "شمل",
    "أوصى",
    "أقر",
    "صرح",
    "تمكن",
    "تعرض",
    "انتهى",
    "استأنف",
    "أصبح",
    "واصل",
    "ظهر",
    "حمل",
    "برر",
    "منح",
    "طلب",
    "سمح",
    "أجلى",
    "أحصى",
    "كرر",
];

/// Verbs of the present without the letter before them (`ي` or `ت`).
const PRESENT: &[&str] = &[
    "قول",
    "نتظر",
    "مهل",
    "أتي",
    "توقع",
    "رى",
    "ؤكد",
    "شير",
    "عتبر",
    "عد",
    "سعى",
    "طالب",
    "واجه",
    "ضم",
    "شمل",
    "بلغ",
    "عتزم",
    "خشى",
    "ستعد",
    "تضمن",
    "قضي",
    "نص",
    "حتاج",
    "ستمر",
    "بقى",
    "جري",
    "شهد",
    "ذكر",
    "قع",
    "عمل",
    "ظهر",
    "هدف",
    "سود",
    "جتمع",
    "صل",
    "عقد",
    "زور",
    "لتقي",
    "بحث",
    "ناقش",
    "عيش",
    "أمل",
    "رجح",
    "تهم",
    "نفي",
    "رفض",
    "خوض",
    "ستقبل",
    "شارك",
    "ركز",
    "تركز",
    "تزامن",
    "أخذ",
    "بدو",
    "تحدث",
    "فترض",
    "تعين",
    "ستهدف",
    "عاني",
    "خطط",
    "ترقب",
    "قدر",
];

/// Words that are long enough to be told from the end of another one.
const OTHERS: &[&str] = &[
    "كانت",
    "ليس",
    "ليست",
    "بحسب",
    "حسب",
    "وفق",
    "بعد",
    "قبل",
    "خلال",
    "منذ",
    "عندما",
    "حين",
    "بينما",
    "لدى",
    "أمام",
    "هناك",
    "هذه",
    "هذا",
    "ذلك",
    "كذلك",
    "أيضا",
    "مع",
    "على",
    "إلى",
    "لكن",
    "كما",
    "رغم",
    "بسبب",
    "نتيجة",
    "تحت",
    "بموجب",
    "سوف",
    "لدعم",
    "بذلك",
    "بهذا",
    "هكذا",
    "تعد",
    "ثمة",
    "أما",
    "حول",
    "ضمن",
    "عقب",
    "إثر",
    "يوم",
    "مساء",
    "صباح",
];

/// Words so short that other words end like them («الصوفي», «أنغولا»).
const SHORT: &[&str] = &["في", "من", "لم", "لن", "لا", "قد", "عن", "هو", "هي", "أن", "إن", "ثم"];

/// Letters that stand at least before an opening word, and before a short one.
const LEAST_BEFORE: (usize, usize) = (3, 5);

static LONG_WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let past = PAST.iter().flat_map(|verb| [fold(verb), fold(verb) + "ت"]);
    let present = PRESENT
        .iter()
        .flat_map(|verb| ["ي", "ت"].map(|start| start.to_owned() + &fold(verb)));
    let future = PRESENT
        .iter()
        .flat_map(|verb| ["سي", "ست"].map(|start| start.to_owned() + &fold(verb)));
    past.chain(present)
        .chain(future)
        .chain(OTHERS.iter().map(|word| fold(word)))
        .collect()
});

static SHORT_WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| SHORT.iter().map(|word| fold(word)).collect());

/// Whether `word`, which stands behind an "and" and `before` letters, opens a sentence.
pub fn opens(word: &str, before: usize) -> bool {
    let word = fold(word);
    let (long, short) = LEAST_BEFORE;
    before >= long && LONG_WORDS.contains(&word) || before >= short && SHORT_WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::opens;

    #[test]
    fn openings_are_told_from_the_ends_of_words() {
        assert!(opens("جاءت", 6) && opens("ينتظر", 7) && opens("أعلن", 6) && opens("في", 6));
        assert!(!opens("في", 3) && !opens("ن", 6) && !opens("توكول", 5) && !opens("قراطية", 4));
    }
}
