//! The demonstration's scraped pages: articles, titles and dates as they were labelled by hand, and no furniture in what
//! stays.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::Utc;
use serde_json::Value;

use super::rules::Rules;
use super::{NewsRules, html};
use crate::article::{Document, DocumentKind, Draft};
use crate::config::Settings;

/// Words of the pages' furniture, written down by hand from the pages; none of them is a word of their articles.
const FURNITURE: &[&str] = &[
    "اقرأ",
    "إقرأ",
    "شارك هذا",
    "تابعونا",
    "تابعنا",
    "انضم إلى",
    "قد يعجبك",
    "المصدر",
    "كلمات",
    "الوسوم",
    "الحقوق",
    "فيسبوك",
    "واتساب",
    "تلغرام",
    "حجم الخط",
    "طباعة",
    "الرئيسية",
    "المرقاب",
    "سدرة",
    "الرواق التاسع",
    "READ MORE",
    "Read also",
    "Read more",
    "Keywords",
    "Source:",
    "Published",
    "Share",
    "Copy link",
    "cookie",
    "Copyright",
    "©",
    "Lire aussi",
    "À lire",
    "Partager",
    "Newsletter",
    "Abonnez",
    "Nos lecteurs",
    "mirabelles",
    "Mentions",
    "VALOMBREUSE",
    "Fanal",
    "Mots-clés",
    "Temps de lecture",
    "Публикация",
    "Читайте",
    "Читать",
    "Подписывайтесь",
    "Поделиться",
    "Источник",
    "Теги",
    "Метки",
    "Автор",
    "erid",
    "Нашли ошибку",
    "Вестов",
    "Речной телеграф",
    "Главная",
];

fn articles(page: &Path) -> Vec<Draft> {
    let text = std::fs::read_to_string(page).expect("a page");
    let is_html = page.extension().is_some_and(|end| end == "html");
    let document = Document {
        kind: if is_html {
            DocumentKind::Html
        } else {
            DocumentKind::Text
        },
        text,
        url: None,
        fetched_at: None,
    };
    let settings = Settings::load(None).expect("the built-in settings load");
    let rules = NewsRules::new(&settings.extract, Utc::now());
    if is_html {
        return vec![html::draft(&document, &rules).expect("an article")];
    }
    let found = rules.articles(&document).expect("articles");
    assert_eq!(letters(&found), count(&document.text), "{}", page.display());
    found
}

/// Letters and signs of what stays and of what was cut.
fn letters(drafts: &[Draft]) -> usize {
    let of = |draft: &Draft| {
        let cut: usize = draft.removed.iter().map(|cut| count(&cut.text)).sum();
        count(&draft.title) + count(&draft.text) + cut
    };
    drafts.iter().map(of).sum()
}

fn count(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

#[test]
fn the_pages_of_the_demonstration_are_read_as_labelled() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let labels = std::fs::read_to_string(demo.join("pages/labels.jsonl")).expect("labels");
    let mut pages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in labels.lines() {
        let label: Value = serde_json::from_str(line).expect("JSON");
        let file = label["file"].as_str().expect("a file").to_owned();
        pages.entry(file).or_default().push(label);
    }
    assert_eq!(pages.len(), 16);
    let mut wrong = Vec::new();
    for (file, labels) in &pages {
        let found = articles(&demo.join(file));
        if found.len() != labels.len() {
            wrong.push(format!("{file}: {} articles, not {}", found.len(), labels.len()));
        }
        for (draft, label) in found.iter().zip(labels) {
            let published = draft.published.map(|date| date.value_text());
            let day = published.as_deref().and_then(|value| value.get(..10));
            if Some(draft.title.as_str()) != label["title"].as_str() || day != label["published"].as_str() {
                wrong.push(format!("{file}: {} ({day:?}), not {label}", draft.title));
            }
            if Some(draft.lang.as_str()) != label["lang"].as_str() {
                wrong.push(format!("{file}: language {}", draft.lang));
            }
            for phrase in FURNITURE.iter().filter(|phrase| draft.text.contains(**phrase)) {
                let line = draft.text.lines().find(|line| line.contains(*phrase));
                wrong.push(format!("{file}: {phrase:?} in {line:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
