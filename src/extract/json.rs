//! One article given as JSON in our fields.
//!
//! In: one JSON value. Out: one draft, or the field at fault. Fields that are not ours are never looked at.

use serde_json::{Map, Value};

use super::rules::{Fields, Rules, language_code};
use crate::article::{ArticleId, Dated, DatedJson, Draft, SetAside};
use crate::source::kind;

/// Why a JSON value is no article.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Not an object at all.
    #[error("expected a JSON object with the fields of one article, got {got}")]
    NotAnObject {
        /// What it is instead.
        got: &'static str,
    },
    /// A field of the wrong type.
    #[error("field `{field}`: expected {expected}, got {got}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// The type it must have.
        expected: &'static str,
        /// What it is instead.
        got: &'static str,
    },
    /// A field that is longer than any article's.
    #[error("field `{field}`: {found} {what}, more than the {most} that [extract] in config/default.toml allows")]
    TooLong {
        /// The field.
        field: &'static str,
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// Neither a title nor a text.
    #[error("the article is empty: `title` and `text` are both missing or blank; give at least one")]
    Empty,
}

impl FieldError {
    /// The field at fault, when it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::WrongType { field, .. } | Self::TooLong { field, .. } => Some(field),
            Self::Empty => Some("text"),
            Self::NotAnObject { .. } => None,
        }
    }
}

/// Makes a draft of `{id, title, text, published, lang, source, agency, keywords, url}`; `null` counts as absent.
///
/// Furniture is cut from the text, the title stays as given. A date, language or address that cannot be used is set
/// aside and the article goes in without it.
///
/// # Errors
/// [`FieldError`] names the field.
pub fn draft(value: &Value, rules: &dyn Rules) -> Result<Draft, FieldError> {
    let object = value.as_object().ok_or(FieldError::NotAnObject { got: kind(value) })?;
    check_lengths(object, &rules.fields(), rules.max_chars())?;
    let title = string(object, "title")?.unwrap_or_default();
    let text = string(object, "text")?.unwrap_or_default();
    let mut set_aside = Vec::new();
    let published = published(object, rules, &mut set_aside)?;
    let declared = string(object, "lang")?;
    let url = url(object, &mut set_aside)?;
    let (id, source, agency) = (
        string(object, "id")?,
        string(object, "source")?,
        string(object, "agency")?,
    );
    let mut keywords = keywords(object)?;
    if title.is_empty() && text.is_empty() {
        return Err(FieldError::Empty);
    }
    let cut = rules.cut(&title, &text);
    // Text that is nothing but furniture, and no title: better kept than an empty article.
    let (text, removed) = if title.is_empty() && cut.text.trim().is_empty() {
        (text, Vec::new())
    } else {
        (cut.text, cut.removed)
    };
    let lang = declared.as_deref().and_then(language_code);
    if let (None, Some(value)) = (&lang, &declared) {
        set_aside.push(aside(
            "lang",
            value,
            "it is not a language code such as `ar` or `en-GB`; the language was detected",
        ));
    }
    let lang = lang.unwrap_or_else(|| rules.language(&crate::article::full_text(&title, &text)));
    if keywords.is_empty() {
        keywords = cut.keywords;
    }
    Ok(Draft {
        id: id.map(ArticleId),
        published: published.or_else(|| rules.date(&cut.published?).ok()),
        source: source.or(cut.source),
        agency: agency.or(cut.agency),
        title,
        text,
        lang,
        keywords,
        url,
        removed,
        set_aside,
    })
}

/// Refuses fields that are longer than any article's: ids and addresses that could not be asked for, lists made to fill
/// a disk.
fn check_lengths(object: &Map<String, Value>, most: &Fields, text: usize) -> Result<(), FieldError> {
    let longer = |field, text: &str, most| match text.chars().count() {
        found if found > most => Err(FieldError::TooLong {
            field,
            what: "characters",
            found,
            most,
        }),
        _ => Ok(()),
    };
    for (field, most) in [
        ("id", most.id),
        ("title", most.title),
        ("text", text),
        ("published", most.name),
        ("lang", most.name),
        ("source", most.name),
        ("agency", most.name),
        ("url", most.url),
    ] {
        if let Some(Value::String(text)) = object.get(field) {
            longer(field, text, most)?;
        }
    }
    let Some(Value::Array(words)) = object.get("keywords") else {
        return Ok(());
    };
    if words.len() > most.keywords {
        return Err(FieldError::TooLong {
            field: "keywords",
            what: "keywords",
            found: words.len(),
            most: most.keywords,
        });
    }
    let mut words = words.iter().filter_map(Value::as_str);
    words.try_for_each(|word| longer("keywords", word, most.keyword))
}

fn string(object: &Map<String, Value>, field: &'static str) -> Result<Option<String>, FieldError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(other) => Err(FieldError::WrongType {
            field,
            expected: "a string",
            got: kind(other),
        }),
    }
}

fn keywords(object: &Map<String, Value>) -> Result<Vec<String>, FieldError> {
    const EXPECTED: &str = "an array of strings";
    let wrong = |got| FieldError::WrongType {
        field: "keywords",
        expected: EXPECTED,
        got,
    };
    match object.get("keywords") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => {
            let words = values.iter().map(|value| match value {
                Value::String(word) => Ok(word.trim().to_owned()),
                Value::Array(_) => Err(wrong("an array in it")),
                Value::Object(_) => Err(wrong("an object in it")),
                _ => Err(wrong("a value in it that is no string")),
            });
            words
                .filter(|word| !word.as_ref().is_ok_and(String::is_empty))
                .collect()
        }
        Some(other) => Err(wrong(kind(other))),
    }
}

fn url(object: &Map<String, Value>, set_aside: &mut Vec<SetAside>) -> Result<Option<String>, FieldError> {
    let Some(given) = string(object, "url")? else {
        return Ok(None);
    };
    let usable = url::Url::parse(&given).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !usable {
        set_aside.push(aside("url", &given, "it is not an absolute http or https address"));
    }
    Ok(usable.then_some(given))
}

/// `"2023-09-20"` in any form that pages use, or `{"value","precision"}` as we write it ourselves.
fn published(
    object: &Map<String, Value>,
    rules: &dyn Rules,
    set_aside: &mut Vec<SetAside>,
) -> Result<Option<Dated>, FieldError> {
    const EXPECTED: &str = "a string or {\"value\",\"precision\"}";
    let wrong = |got| FieldError::WrongType {
        field: "published",
        expected: EXPECTED,
        got,
    };
    let (text, precision) = match object.get("published") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => (text.trim().to_owned(), None),
        Some(given @ Value::Object(_)) => {
            let dated: DatedJson =
                serde_json::from_value(given.clone()).map_err(|_| wrong("an object with other fields or values"))?;
            (dated.value.unwrap_or_default(), Some(dated.precision))
        }
        Some(other) => return Err(wrong(kind(other))),
    };
    if text.is_empty() {
        return Ok(None);
    }
    match rules.date(&text) {
        // What is said to be known less precisely than it is written is believed.
        Ok(date) => Ok(match precision {
            Some(crate::article::Precision::Unknown) => None,
            Some(crate::article::Precision::Month) => Dated::month(
                chrono::Datelike::year(&date.value),
                chrono::Datelike::month(&date.value),
            ),
            Some(crate::article::Precision::Day) if date.precision > crate::article::Precision::Day => {
                Some(Dated::day(date.date()))
            }
            _ => Some(date),
        }),
        Err(reason) => {
            set_aside.push(aside("published", &text, &reason));
            Ok(None)
        }
    }
}

fn aside(field: &str, value: &str, reason: &str) -> SetAside {
    SetAside {
        field: field.to_owned(),
        value: value.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::rules::testing::Plain;
    use super::*;

    fn given(value: Value) -> Result<Draft, FieldError> {
        draft(&value, &Plain)
    }

    #[test]
    fn a_field_that_is_too_long_is_named_with_its_bound() {
        for (field, value, found, most) in [
            ("id", json!("x".repeat(21)), 21, 20),
            ("title", json!("ة".repeat(101)), 101, 100),
            ("source", json!("x".repeat(51)), 51, 50),
            ("url", json!(format!("https://a.example/{}", "x".repeat(83))), 101, 100),
            ("text", json!("x".repeat(10_001)), 10_001, 10_000),
            ("keywords", json!(["a", "b", "c", "d", "e", "f"]), 6, 5),
            ("keywords", json!(["a", "x".repeat(21)]), 21, 20),
        ] {
            let mut article = json!({"title": "T", "text": "x"});
            article[field] = value;
            let error = given(article).unwrap_err();
            assert_eq!(error.field(), Some(field));
            let said = error.to_string();
            assert!(
                said.contains(&format!("{found} ")) && said.contains(&format!("the {most} that")),
                "{said}"
            );
        }
        let whole = json!({"title": "ة".repeat(100), "keywords": ["a", "b", "c", "d", "e"], "id": "x".repeat(20)});
        assert!(given(whole).is_ok());
    }

    #[test]
    fn all_fields_are_read_and_no_other() {
        let draft = given(json!({
            "id": "a1", "title": " Talks ", "text": "Talks resume.\n# Read also\nThe end.", "published": "2023-09-20T10:00:00Z",
            "lang": "en-GB", "source": "Paper", "agency": "Agency", "keywords": ["talks", " "], "url": "https://x.org/1",
            "document_id": 7, "label": ["any"], "er_event": {"x": 1}
        }))
        .expect("good");
        assert_eq!(draft.id, Some("a1".into()));
        assert_eq!(
            (draft.title.as_str(), draft.text.as_str()),
            ("Talks", "Talks resume.\nThe end.")
        );
        assert_eq!(
            draft.published.map(|date| date.value_text()),
            Some("2023-09-20".to_owned())
        );
        assert_eq!(
            (draft.lang.as_str(), draft.source.as_deref(), draft.agency.as_deref()),
            ("en", Some("Paper"), Some("Agency"))
        );
        assert_eq!(
            (draft.keywords, draft.url.as_deref()),
            (vec!["talks".to_owned()], Some("https://x.org/1"))
        );
        assert!(draft.set_aside.is_empty());
    }

    #[test]
    fn labels_change_nothing() {
        let plain = given(json!({"title": "Talks resume"}));
        assert_eq!(
            plain,
            given(json!({"title": "Talks resume", "label": "x", "er_event": "y", "story": 3}))
        );
    }

    #[test]
    fn a_wrong_type_names_its_field() {
        let message = |value| given(value).expect_err("wrong").to_string();
        assert_eq!(
            message(json!({"title": ["a"]})),
            "field `title`: expected a string, got an array"
        );
        assert_eq!(
            message(json!({"title": "a", "id": 17})),
            "field `id`: expected a string, got a number"
        );
        assert_eq!(
            message(json!({"title": "a", "keywords": "b"})),
            "field `keywords`: expected an array of strings, got a string"
        );
        assert!(message(json!({"title": "a", "keywords": [1]})).contains("`keywords`"));
        assert!(message(json!({"title": "a", "published": 1695168000})).contains("`published`"));
        assert!(message(json!({"title": "a", "published": {"value": 3}})).contains("`published`"));
        assert!(message(json!(17)).contains("a number"));
        assert_eq!(given(json!({"title": " ", "text": null})), Err(FieldError::Empty));
    }

    #[test]
    fn values_that_cannot_be_used_are_set_aside() {
        for (date, reason) in [
            ("1700-01-01", "press"),
            ("2999-01-01", "future"),
            ("some day", "no date"),
        ] {
            let draft = given(json!({"title": "Talks", "published": date})).expect("goes in undated");
            assert_eq!(draft.published, None);
            assert_eq!(
                (draft.set_aside[0].field.as_str(), draft.set_aside[0].value.as_str()),
                ("published", date)
            );
            assert!(draft.set_aside[0].reason.contains(reason));
        }
        let draft = given(json!({"title": "Talks", "url": "javascript:alert(1)", "lang": "English"})).expect("goes in");
        let fields: Vec<_> = draft.set_aside.iter().map(|aside| aside.field.as_str()).collect();
        assert_eq!((draft.url, fields), (None, vec!["url", "lang"]));
    }

    #[test]
    fn a_date_with_its_precision_is_read() {
        let date = |value: Value| {
            given(json!({"title": "a", "published": value}))
                .expect("good")
                .published
        };
        assert_eq!(
            date(json!({"value": "2023-09-20", "precision": "month"})),
            Dated::month(2023, 9)
        );
        assert_eq!(date(json!({"value": null, "precision": "unknown"})), None);
        assert_eq!(date(json!(null)), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from)
        ];
        let names = prop_oneof![
            "id",
            "title",
            "text",
            "published",
            "lang",
            "source",
            "agency",
            "keywords",
            "url",
            "value",
            "precision"
        ];
        leaf.prop_recursive(3, 24, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(names.clone(), inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic_and_no_draft_is_empty(value in any_json()) {
            if let Ok(draft) = given(value) {
                prop_assert!(!draft.title.is_empty() || !draft.text.is_empty());
            }
        }
    }
}
