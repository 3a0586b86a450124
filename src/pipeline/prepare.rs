//! From what a feeder hands in to submissions: the one step that the command line and HTTP share.

use std::sync::Arc;

use super::Submission;
use crate::article::{Document, DocumentKind};
use crate::extract::rules::Rules;
use crate::extract::{html, json};
use crate::source::{Content, Item, Rejected, excerpt};

/// Extracts the articles of one item; a text can hold several, a page and a JSON object are one.
///
/// # Errors
/// [`Rejected`] with the item's place when there is no article in it.
pub fn submissions(item: Item, rules: &dyn Rules) -> Result<Vec<Submission>, Rejected> {
    let Item { place, content } = item;
    match content {
        Content::Json(value) => match json::draft(&value, rules) {
            Ok(draft) => Ok(vec![Submission { draft, document: None }]),
            Err(error) => Err(rejected(place, error.to_string(), &value.to_string())),
        },
        Content::Document(document) => match drafts(&document, rules) {
            Ok(drafts) => {
                let document = Arc::new(document);
                let with_document = |draft| Submission {
                    draft,
                    document: Some(Arc::clone(&document)),
                };
                Ok(drafts.into_iter().map(with_document).collect())
            }
            Err(reason) => Err(rejected(place, reason, &document.text)),
        },
    }
}

fn drafts(document: &Document, rules: &dyn Rules) -> Result<Vec<crate::article::Draft>, String> {
    match document.kind {
        DocumentKind::Html => html::draft(document, rules).map(|draft| vec![draft]),
        DocumentKind::Text => match rules.articles(document) {
            Ok(drafts) if drafts.is_empty() => Err("there is no article in this text".to_owned()),
            result => result,
        },
        DocumentKind::Json => {
            let value = serde_json::from_str(&document.text).map_err(|error| format!("invalid JSON: {error}"))?;
            json::draft(&value, rules)
                .map(|draft| vec![draft])
                .map_err(|error| error.to_string())
        }
    }
}

fn rejected(place: String, reason: String, text: &str) -> Rejected {
    let head: String = text.chars().take(100).collect();
    Rejected {
        place,
        reason,
        excerpt: excerpt(head.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::rules::testing::Plain;

    fn item(content: Content) -> Item {
        Item {
            place: "here".to_owned(),
            content,
        }
    }

    #[test]
    fn articles_of_one_text_share_their_document() {
        let text = "one===two".to_owned();
        let document = Document {
            kind: DocumentKind::Text,
            text,
            url: None,
            fetched_at: None,
        };
        let found = submissions(item(Content::Document(document)), &Plain).expect("two");
        assert_eq!(
            found.iter().map(|s| s.draft.text.as_str()).collect::<Vec<_>>(),
            ["one", "two"]
        );
        let documents: Vec<_> = found.iter().filter_map(|s| s.document.as_ref()).collect();
        assert!(Arc::ptr_eq(documents[0], documents[1]));
    }

    #[test]
    fn a_refusal_names_place_reason_and_beginning() {
        let value = serde_json::json!({"title": ["a"]});
        let rejected = submissions(item(Content::Json(value)), &Plain).expect_err("wrong type");
        assert_eq!(
            rejected.to_string(),
            "here: field `title`: expected a string, got an array (it begins \"{\\\"title\\\":[\\\"a\\\"]}\")"
        );
    }
}
