//! Whether a sentence can be read without the one before it.
//!
//! In: a sentence as published, what stands behind a date that it begins with, its language. Out: yes or no. What leans
//! on something else is a sentence that begins with a pronoun or with "but", one that is said by a pronoun ("…, he said",
//! «وقال إن», «…, заявил он»), a question, a teaser or caption, half a quotation, a quotation alone, a writer's "I", and
//! a line that begins or ends in the middle. In a language without a table, the marks alone decide. It never changes a
//! sentence.

use crate::extract::fold::fold;

/// What a language's sentences lean with: lower case, Arabic folded. Phrases of one word or several.
struct Language {
    code: &'static str,
    /// A sentence that begins so goes on from the one before it.
    opens: &'static [&'static str],
    /// Labels of pictures and teasers, when a mark follows them or the line is short.
    labels: &'static [&'static str],
    /// Pronouns that stand beside a verb of `says` when nobody is named as the speaker.
    pronouns: &'static [&'static str],
    /// Verbs of saying.
    says: &'static [&'static str],
    /// Words behind a verb of saying at the start that show that its subject is left out ("Dijo que").
    that: &'static [&'static str],
    /// The writer, outside quotations.
    writer: &'static [&'static str],
    /// Words that make the date behind them a bound: what was decreed on Thursday "by 1 January" is told of Thursday.
    until: &'static [&'static str],
    /// Words that make the date behind them the beginning of something that still went on: "since 6 August" tells of no 6 August.
    since: &'static [&'static str],
    /// How a clause begins that a date ends and that says the same: "since the attack began on 6 August", or "a day after
    /// the attack of 6 August".
    since_when: &'static [&'static str],
}

#[rustfmt::skip]
const LANGUAGES: [Language; 8] = [
    Language {
        code: "ar",
        opens: &[
            "هو", "هي", "هم", "هما", "وهو", "وهي", "وهم", "انه", "انها", "انهم", "هذا", "هذه", "ذلك", "تلك", "هؤلاء",
            "وهذا", "وهذه", "وذلك", "وتلك", "لكن", "ولكن", "لكنه", "لكنها", "كما", "واضاف", "اضاف", "واضافت", "اضافت",
            "وتابع", "تابع", "وتابعت", "تابعت", "واردف", "اردف", "واستطرد", "وبدوره", "كذلك", "وكذلك", "ايضا", "بينما",
            "فيما", "لذلك", "ولذلك", "وبالتالي", "اقرا ايضا", "اقرا المزيد", "شاهد ايضا",
        ],
        labels: &["اقرا", "شاهد", "صوره", "الصوره", "فيديو", "بالفيديو", "بالصور", "ارشيفيه"],
        pronouns: &[],
        says: &[
            "قال", "وقال", "قالت", "وقالت", "اكد", "واكد", "اكدت", "واكدت", "اوضح", "واوضح", "اوضحت", "واوضحت", "اشار",
            "واشار", "اشارت", "واشارت", "ذكر", "وذكر", "ذكرت", "وذكرت", "لفت", "ولفت", "لفتت", "ولفتت", "شدد", "وشدد",
            "شددت", "وشددت", "اعلن", "واعلن", "اعلنت", "واعلنت", "صرح", "وصرح", "صرحت", "وصرحت", "اعتبر", "واعتبر",
        ],
        that: &["ان", "انه", "انها", "انهم", "بان", "بانه", "بانها", "الي", "علي", "في", "خلال"],
        writer: &["انا", "نحن"],
        until: &["قبل", "حتي", "وحتي", "بحلول"],
        since: &["منذ", "ومنذ"],
        since_when: &[
            "منذ", "ومنذ", "بعد يوم من", "بعد يوم علي", "بعد يومين من", "بعد ايام من", "بعد اسبوع من", "غداه",
        ],
    },
    Language {
        code: "en",
        opens: &[
            "he", "she", "it", "they", "his", "her", "hers", "him", "them", "their", "its", "this", "that", "these",
            "those", "here", "but", "and", "or", "so", "yet", "then", "however", "also", "still", "meanwhile", "instead",
            "therefore", "moreover", "furthermore", "nevertheless", "in addition", "as a result", "for example",
            "for instance", "according to him", "according to her", "according to them", "read more", "read also",
            "see also", "click here", "watch live", "image caption", "photo by", "file photo",
        ],
        labels: &["read", "watch", "see", "photo", "photos", "image", "picture", "pictured", "video", "related"],
        pronouns: &["he", "she", "they", "it"],
        says: &[
            "said", "says", "say", "told", "added", "adds", "stated", "explained", "continued", "noted", "claimed",
            "wrote", "argued", "insisted", "warned",
        ],
        that: &[],
        writer: &["i", "i'm", "i've", "i'd", "i'll", "my", "me", "we", "we're", "we've", "our", "you", "your"],
        until: &["by", "before", "until", "till"],
        since: &["since"],
        since_when: &[
            "since", "a day after", "one day after", "the day after", "days after", "a week after", "weeks after",
        ],
    },
    Language {
        code: "ru",
        opens: &[
            "он", "она", "оно", "они", "его", "её", "ее", "их", "ему", "ей", "им", "это", "этот", "эта", "эти", "этого",
            "там", "но", "однако", "а", "и", "также", "кроме того", "при этом", "между тем", "тем временем", "поэтому",
            "затем", "тогда", "таким образом", "по его словам", "по ее словам", "по её словам", "по их словам",
            "по его мнению", "по его данным", "в то же время", "тем не менее", "читайте также", "смотрите также",
        ],
        labels: &["читайте", "смотрите", "фото", "видео", "на фото"],
        pronouns: &["он", "она", "они"],
        says: &[
            "сказал", "сказала", "сказали", "заявил", "заявила", "заявили", "добавил", "добавила", "добавили", "отметил",
            "отметила", "отметили", "сообщил", "сообщила", "сообщили", "подчеркнул", "подчеркнула", "пояснил",
            "пояснила", "уточнил", "уточнила", "рассказал", "рассказала", "написал", "написала", "считает", "говорит",
        ],
        that: &["что"],
        writer: &["я", "мне", "меня", "мы", "нам", "нас", "наш", "наша", "наши"],
        until: &["до"],
        since: &["с", "со"],
        since_when: &[
            "с начала", "с момента", "со времени", "со дня", "с тех пор как", "через день после", "на следующий день после",
            "через несколько дней после", "через неделю после", "спустя",
        ],
    },
    Language {
        code: "fr",
        opens: &[
            "il", "elle", "ils", "elles", "ce", "c'est", "c'était", "cela", "ça", "ceci", "cette", "cet", "ces", "celui-ci",
            "celle-ci", "ceux-ci", "son", "sa", "ses", "leur", "leurs", "lui", "mais", "et", "or", "donc", "puis", "ainsi",
            "aussi", "pourtant", "cependant", "toutefois", "par ailleurs", "en outre", "de plus", "selon lui",
            "selon elle", "selon eux", "d'après lui", "d'après elle", "lire aussi", "à lire aussi", "voir aussi",
        ],
        labels: &["lire", "voir", "à lire", "photo", "photos", "vidéo", "image"],
        pronouns: &["il", "elle", "ils", "elles"],
        says: &["dit", "déclaré", "ajouté", "affirmé", "expliqué", "assuré", "précisé", "indiqué", "souligné", "estime"],
        that: &[],
        writer: &["je", "j'ai", "nous", "notre", "nos", "mon", "ma", "mes", "vous", "votre", "vos"],
        until: &["avant", "d'ici", "jusqu'au", "jusqu'à"],
        since: &["depuis"],
        since_when: &[
            "depuis que", "depuis le début", "depuis le lancement", "depuis le déclenchement", "depuis l'attaque",
            "depuis l'offensive", "depuis l'invasion", "depuis la prise", "depuis la chute", "au lendemain de", "au lendemain du",
            "un jour après", "jours après", "une semaine après",
        ],
    },
    Language {
        code: "es",
        opens: &[
            "él", "ella", "ellos", "ellas", "ello", "esto", "eso", "éste", "ésta", "su", "sus", "pero", "y", "además",
            "también", "asimismo", "sin embargo", "no obstante", "por lo tanto", "por eso", "entonces", "luego",
            "mientras tanto", "según él", "según ella", "según ellos", "lea también", "lee también", "ver más",
        ],
        labels: &["lea", "lee", "vea", "mira", "foto", "fotos", "vídeo", "video", "imagen"],
        pronouns: &["él", "ella", "ellos", "ellas"],
        says: &[
            "dijo", "dijeron", "afirmó", "añadió", "agregó", "señaló", "aseguró", "explicó", "indicó", "declaró",
            "sostuvo", "manifestó", "apuntó", "destacó", "subrayó", "precisó", "comentó", "advirtió",
        ],
        that: &["que", "en", "durante", "también", "además"],
        writer: &["yo", "nosotros", "nuestro", "nuestra", "nuestros", "mi", "mis", "usted"],
        until: &["antes", "hasta"],
        since: &["desde"],
        since_when: &[
            "desde que", "desde el inicio", "desde el comienzo", "desde el estallido", "desde el ataque", "desde la invasión",
            "un día después de", "un día después del", "al día siguiente de", "días después de", "una semana después de",
        ],
    },
    Language {
        code: "de",
        opens: &[
            "er", "sie", "es", "sein", "seine", "seinen", "ihr", "ihre", "ihren", "ihm", "ihnen", "dies", "dieser", "diese",
            "dieses", "diesen", "das ist", "das war", "das sei", "das hat", "das wird", "aber", "und", "doch", "jedoch", "denn",
            "auch", "dann", "danach", "dabei", "damit", "dazu", "dafür", "daraufhin", "deshalb", "daher", "außerdem",
            "zudem", "dort", "trotzdem", "allerdings", "ihm zufolge", "lesen sie", "mehr dazu",
        ],
        labels: &["foto", "fotos", "bild", "video", "lesen"],
        pronouns: &["er", "sie"],
        says: &["sagte", "sagten", "sagt", "erklärte", "erklärten", "betonte", "teilte", "fügte", "meinte", "schrieb"],
        that: &[],
        writer: &["ich", "wir", "uns", "unser", "unsere", "mein", "meine", "mir", "mich"],
        until: &["bis", "vor"],
        since: &["seit"],
        since_when: &["seit", "einen tag nach", "am tag nach", "tage nach", "eine woche nach"],
    },
    Language {
        code: "pt",
        opens: &[
            "ele", "ela", "eles", "elas", "isso", "isto", "seu", "sua", "seus", "suas", "mas", "e", "além disso", "também",
            "porém", "no entanto", "contudo", "entretanto", "portanto", "então", "depois disso", "enquanto isso",
            "segundo ele", "segundo ela", "segundo eles", "de acordo com ele", "de acordo com ela", "leia também",
            "leia mais", "veja também",
        ],
        labels: &["leia", "veja", "foto", "fotos", "vídeo", "imagem"],
        pronouns: &["ele", "ela", "eles", "elas"],
        says: &[
            "disse", "disseram", "afirmou", "acrescentou", "declarou", "explicou", "ressaltou", "destacou", "contou",
            "completou", "informou", "garantiu", "apontou", "avaliou", "concluiu",
        ],
        that: &["que", "em", "durante", "ainda", "também"],
        writer: &["eu", "nós", "nosso", "nossa", "nossos", "meu", "minha", "você"],
        until: &["antes", "até"],
        since: &["desde"],
        since_when: &[
            "desde que", "desde o início", "desde o começo", "desde o ataque", "desde a invasão", "um dia após", "um dia depois",
            "dias após", "dias depois", "uma semana após", "no dia seguinte",
        ],
    },
    Language {
        code: "nl",
        opens: &[],
        labels: &[],
        pronouns: &[],
        says: &[],
        that: &[],
        writer: &[],
        until: &["tot", "voor"],
        since: &["sinds"],
        since_when: &["sinds"],
    },
];

/// After a demonstrative, these make a date of it ("This week", « Ce soir »), which leans on nothing.
#[rustfmt::skip]
const PERIODS: [&str; 46] = [
    "week", "month", "year", "morning", "afternoon", "evening", "weekend", "summer", "winter", "spring", "autumn",
    "semaine", "mois", "année", "matin", "soir", "nuit", "été", "hiver", "printemps", "automne", "woche", "jahr", "monat",
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "montag", "dienstag", "mittwoch",
    "donnerstag", "freitag", "samstag", "sonntag",
    "неделя", "неделю", "месяц", "год", "утром", "الاسبوع", "الشهر", "العام",
];
/// Words that may stand between "since" and its date, folded.
#[rustfmt::skip]
const BETWEEN: [&str; 41] = [
    "the", "early", "mid", "late", "last", "of", "beginning", "start", "end", "middle", "le", "la", "au", "début", "fin",
    "el", "o", "de", "del", "do", "principios", "finales", "mediados", "início", "fim", "meados", "dem", "der", "anfang", "mitte", "ende",
    "начала", "конца", "середины", "يوم", "شهر", "مطلع", "بدايه", "اواءل", "اواخر", "منتصف",
];
/// Words of a clause between "since" and the date that ends it, at most.
const SINCE_CLAUSE: usize = 6;
/// Tokens at the end of a clause that set a date behind them apart: a comma and "on".
const SET_APART: usize = 2;
/// A line without a closing mark that has fewer words is a heading or a caption.
const LINE: usize = 8;
/// Words that must stand beside a quotation: who said it.
const BESIDE: usize = 3;

/// Whether the sentence stands alone. `undated` is what follows a date that it begins with, or all of it.
pub fn stands_alone(sentence: &str, undated: &str, lang: &str) -> bool {
    let language = language(lang);
    let Some(said) = outside_quotations(sentence) else {
        return false;
    };
    let tokens = tokens(&said, lang);
    let words = tokens.iter().filter(|token| !token.word.is_empty()).count();
    let quoted = said.chars().filter(|c| c.is_alphanumeric()).count() < letters(sentence);
    if cut(sentence, words) || (quoted && words < BESIDE) {
        return false;
    }
    language.is_none_or(|language| {
        !language.begins_within(&tokens, sentence)
            && !language.begins_within(&self::tokens(undated, lang), undated)
            && !language.said_by_nobody(&tokens)
            && !tokens.iter().any(|token| language.writer.contains(&&*token.word))
    })
}

fn language(lang: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|one| one.code == lang)
}

/// Whether what stands before a date in its sentence says that something has gone on since then.
pub fn follows_since(before: &str, lang: &str) -> bool {
    let Some(language) = language(lang) else { return false };
    let pieces = before.replace('-', " ");
    let tokens = tokens(&pieces, lang);
    if near(&tokens).is_some_and(|word| language.since.contains(&word)) {
        return true;
    }
    // The clause ends at a mark before the date, unless that only sets the date apart ("…, on 19 September, …").
    let apart = tokens.len().saturating_sub(SET_APART);
    let clause = tokens
        .get(..apart)
        .unwrap_or_default()
        .iter()
        .rposition(|token| token.mark.is_some())
        .map_or(0, |at| at + 1);
    let from = clause.max(tokens.len().saturating_sub(SINCE_CLAUSE + 1));
    let words: Vec<&str> = tokens.iter().map(|token| &*token.word).collect();
    (from..words.len()).any(|at| {
        let rest = words.get(at..).unwrap_or_default();
        let begins = |phrase: &&str| {
            phrase
                .split(' ')
                .eq(rest.iter().copied().take(phrase.split(' ').count()))
        };
        language.since_when.iter().any(begins)
    })
}

/// Whether what stands before a date in its sentence makes it a bound ("by", "before", "until").
pub fn follows_until(before: &str, lang: &str) -> bool {
    let tokens = tokens(before, lang);
    language(lang).is_some_and(|language| near(&tokens).is_some_and(|word| language.until.contains(&word)))
}

/// The last word that says something.
fn near(tokens: &[Token]) -> Option<&str> {
    let near = tokens.iter().rfind(|token| !BETWEEN.contains(&&*token.word));
    near.map(|token| &*token.word)
}

/// Parts of a month in Arabic, folded.
const PARTS: [&str; 6] = ["مطلع", "بدايه", "اواءل", "اواخر", "منتصف", "نهايه"];

/// Whether a date is written with such a word ("since August", «منذ مطلع أكتوبر»); «منذ يومين» is two days ago.
pub fn says_since(date: &str, lang: &str) -> bool {
    let mut words = date.split_whitespace();
    let Some(first) = words.next().map(str::to_lowercase) else {
        return false;
    };
    let since = language(lang).is_some_and(|one| one.since.contains(&first.as_str()));
    let of_a_month = words.next().is_some_and(|part| PARTS.contains(&fold(part).as_str()));
    since && (first != "منذ" || of_a_month)
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Whether marks show that it is a question, or that it begins or ends in the middle.
fn cut(sentence: &str, words: usize) -> bool {
    let first = sentence.chars().find(|c| c.is_alphanumeric());
    let closing = sentence.trim_end_matches(['"', '»', '”', '“', '’', '\'', ')', ' ']);
    let last = closing.chars().next_back();
    first.is_none_or(char::is_lowercase)
        || closing.ends_with("...")
        || match last {
            Some('?' | '؟' | '？' | '…' | ':' | ',' | '،' | ';') => true,
            Some('.' | '!' | '؛' | '۔' | '。' | '！') => false,
            _ => words < LINE,
        }
}

/// The sentence without what it quotes; nothing when a quotation begins or ends elsewhere.
fn outside_quotations(sentence: &str) -> Option<String> {
    let marked = sentence.replace("``", "“").replace("''", "”");
    let mut outside = String::with_capacity(marked.len());
    let mut closing: &[char] = &[];
    for letter in marked.chars() {
        if closing.contains(&letter) {
            closing = &[];
            outside.push_str("\" ");
            continue;
        }
        if !closing.is_empty() {
            continue;
        }
        closing = match letter {
            '"' => &['"'],
            '“' => &['”'],
            '„' => &['“', '”', '"'],
            '«' => &['»'],
            '»' => &['«'],
            '”' => return None,
            _ => {
                outside.push(letter);
                continue;
            }
        };
    }
    closing.is_empty().then_some(outside)
}

/// A word in lower case (Arabic folded), and whether a mark follows it. A mark alone has an empty word.
struct Token {
    word: String,
    mark: Option<char>,
}

fn tokens(text: &str, lang: &str) -> Vec<Token> {
    text.split_whitespace()
        .map(|piece| {
            let word = piece.trim_matches(|c: char| !c.is_alphanumeric());
            let mark = piece.chars().next_back().filter(|c| !c.is_alphanumeric());
            let word = match lang {
                "ar" => fold(word),
                _ => word.to_lowercase().replace('’', "'"),
            };
            Token { word, mark }
        })
        .collect()
}

impl Language {
    /// Whether it begins with a pronoun, a connection or a label, or with a verb whose subject is left out.
    fn begins_within(&self, tokens: &[Token], text: &str) -> bool {
        let words: Vec<&Token> = tokens.iter().filter(|token| !token.word.is_empty()).collect();
        let word = |at: usize| words.get(at).map_or("", |token| token.word.as_str());
        let begins = |phrase: &&str| phrase.split(' ').enumerate().all(|(at, part)| word(at) == part);
        let opened = self.opens.iter().any(begins) && !PERIODS.contains(&word(1));
        let marked = words.first().and_then(|token| token.mark);
        let labelled = self.labels.iter().any(begins) && (marked.is_some() || words.len() < LINE || text.contains('|'));
        let subjectless = self.says.contains(&word(0)) && (self.that.contains(&word(1)) || marked == Some(':'));
        opened || labelled || subjectless
    }

    /// Whether a pronoun, or nobody, is named as the one who says it: "…, he said", «…, заявил он», «…», dijo.
    fn said_by_nobody(&self, tokens: &[Token]) -> bool {
        let says = |at: usize| tokens.get(at).is_some_and(|token| self.says.contains(&&*token.word));
        let pronoun = |at: usize| {
            tokens
                .get(at)
                .is_some_and(|token| self.pronouns.contains(&&*token.word))
        };
        let marked = |at: usize| tokens.get(at).is_some_and(|token| token.mark.is_some());
        let last = tokens.iter().rposition(|token| !token.word.is_empty()).unwrap_or(0);
        (0..tokens.len()).any(|at| {
            let behind_mark = at > 0 && marked(at - 1);
            (pronoun(at) && says(at + 1) && behind_mark)
                || (says(at) && !marked(at) && pronoun(at + 1) && (self.code != "en" || at + 1 == last))
                || (says(at) && at == last && behind_mark)
                || (says(at) && tokens.get(at).is_some_and(|token| token.mark == Some(':')) && at < last)
                || tokens
                    .get(at)
                    .is_some_and(|token| self.code == "fr" && inverted(&token.word))
        })
    }
}

/// « a-t-il », « dit-elle »: a French verb with its pronoun behind it.
fn inverted(word: &str) -> bool {
    ["-il", "-elle", "-ils", "-elles", "-on"]
        .iter()
        .any(|end| word.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(lang: &str, sentence: &str) -> bool {
        stands_alone(sentence, sentence, lang)
    }

    #[test]
    fn a_plain_report_stands_alone_in_every_language() {
        for (lang, sentence) in [
            ("ar", "قال المتحدث باسم الجيش إن القوات دخلت المدينة فجر اليوم."),
            ("ar", "«حماس» تعلن وقف إطلاق النار في قطاع غزة بعد مفاوضات طويلة."),
            ("en", "President Obama said he would visit the flooded towns."),
            ("en", "\"We will rebuild,\" Mayor Ivan Petrov said."),
            ("en", "This week the council voted for a new dam."),
            ("ru", "Президент Казахстана заявил, что он посетит пострадавшие районы."),
            ("fr", "Ce lundi, la digue de Tarnovsk a cédé dans la nuit."),
            ("fr", "Le ministre a déclaré que la digue avait cédé dans la nuit."),
            ("es", "Dijo el alcalde que la presa se rompió durante la noche."),
            ("de", "Der Bürgermeister sagte, er habe die Stadt räumen lassen."),
            ("pt", "O prefeito disse que a barragem se rompeu durante a noite."),
            ("sl", "Jez se je podrl."),
        ] {
            assert!(alone(lang, sentence), "{lang}: {sentence}");
        }
    }

    #[test]
    fn what_a_pronoun_says_leans_on_the_sentence_before() {
        for (lang, sentence) in [
            ("ar", "وقال إن القوات دخلت المدينة فجر اليوم."),
            ("ar", "وأضاف المسؤول أن المياه بدأت تنحسر عن المنازل."),
            ("ar", "وقال: «سنعيد بناء السد»."),
            ("en", "He said the dam had broken in the night."),
            ("en", "The dam had broken in the night, he said."),
            ("en", "\"We will rebuild,\" she told reporters on the shore."),
            ("ru", "Он заявил, что плотина прорвана."),
            ("ru", "«Плотину восстановят», — заявил он журналистам."),
            ("ru", "По его словам, плотину восстановят до осени."),
            ("fr", "Il a déclaré que la digue avait cédé."),
            ("fr", "La digue avait cédé dans la nuit, a-t-il ajouté."),
            ("es", "Añadió que la presa se rompió durante la noche."),
            ("es", "«La presa se rompió durante la noche», dijo."),
            ("de", "Er sagte, der Damm sei gebrochen."),
            ("de", "Der Damm sei gebrochen, sagte er am Montag."),
            ("pt", "Segundo ele, a barragem se rompeu durante a noite."),
            ("pt", "Afirmou que a barragem se rompeu durante a noite."),
        ] {
            assert!(!alone(lang, sentence), "{lang}: {sentence}");
        }
    }

    #[test]
    fn questions_teasers_captions_and_halves_do_not_stand_alone() {
        for (lang, sentence) in [
            ("ar", "هل انتهت الحرب؟"),
            ("ar", "اقرأ أيضا: انهيار السد في تارنوفسك"),
            ("en", "Will the dam hold?"),
            ("en", "Read more: the dam that broke"),
            ("en", "Photo: the broken dam of Tarnovsk, seen from the air on Monday."),
            ("en", "The mayor said: \"We will"),
            ("en", "will rebuild,” the mayor of Tarnovsk said."),
            ("en", "\"We will rebuild the dam before the autumn.\""),
            ("en", "I saw the water come over the wall of the dam."),
            ("ru", "Читайте также: плотина прорвана"),
            ("fr", "Lire aussi : la digue a cédé"),
            ("es", "Lea también: la presa se rompió"),
            ("de", "Foto: der gebrochene Damm"),
            ("pt", "Leia também: a barragem se rompeu"),
        ] {
            assert!(!alone(lang, sentence), "{lang}: {sentence}");
        }
    }

    #[test]
    fn behind_a_date_a_pronoun_leans_too() {
        assert!(!stands_alone(
            "On Monday he resigned over the flood.",
            "he resigned over the flood.",
            "en"
        ));
        assert!(stands_alone(
            "On Monday the mayor resigned over the flood.",
            "the mayor resigned over the flood.",
            "en"
        ));
    }

    #[test]
    fn a_date_behind_since_is_no_day_of_the_event() {
        for (lang, before) in [
            ("en", "121,000 people had left since "),
            ("en", "850 killed since mid-"),
            ("en", "Thousands have fled since the attack began on "),
            ("ar", "مقتل أكثر من 14 ألفا منذ "),
            ("ar", "مستمرة منذ يوم "),
            ("ar", "القرى التي دخلتها منذ مطلع "),
            ("en", "Villages held since the beginning of "),
            ("ru", "Идут бои с начала "),
            ("ar", "ارتفع عدد القتلى منذ بدء الهجوم في "),
            ("fr", "les premiers depuis le "),
            ("fr", "Des milliers ont fui depuis que l'attaque a commencé le "),
            ("ru", "Идут бои с "),
            ("ru", "Бои идут с начала наступления "),
            ("de", "seit dem "),
            ("de", "Tausende flohen seit Beginn der Offensive am "),
            ("es", "desde el "),
            ("es", "Miles huyeron desde que comenzó el ataque el "),
            ("pt", "Milhares fugiram desde o início do ataque em "),
            ("nl", "sinds "),
        ] {
            assert!(follows_since(before, lang), "{before}");
        }
        for (lang, before) in [
            ("en", ""),
            ("en", "The truce began on "),
            ("en", "Calm since the truce, the town was shelled on "),
            ("ar", "وقع الاتفاق يوم "),
            ("ru", "Договор с Баку подписан "),
            ("fr", "Il a parlé depuis Beyrouth le "),
            ("fr", "le "),
            // The word is another language's.
            ("bg", "Договорът с "),
            ("en", "Ms С с "),
        ] {
            assert!(!follows_since(before, lang), "{before}");
        }
        assert!(says_since("since August", "en") && !says_since("since August", "ru"));
        assert!(says_since("منذ مطلع تشرين الأول", "ar"));
        assert!(!says_since("منذ يومين", "ar") && !says_since("August", "en") && !says_since("", "en"));
    }
}
