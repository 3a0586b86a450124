//! Reads a file of articles for the commands that take a collection: `replay` and `timeline`.

use std::path::Path;

use chrono::Utc;
use serde_json::Value;

use crate::article::Draft;
use crate::config::Settings;
use crate::extract::NewsRules;
use crate::extract::json::draft;
use crate::source::{self, Content};

/// What is read of an article; anything else in the file, labels above all, is never looked at.
const FIELDS: [&str; 6] = ["id", "title", "text", "published", "lang", "source"];

/// The articles of a file, and what was refused in it.
pub struct Collection {
    /// Each article with its place in the file, in the file's order.
    pub articles: Vec<(String, Draft)>,
    /// Place and reason of each line that cannot be used.
    pub refused: Vec<String>,
}

/// Reads JSON Lines of articles, also gzip.
///
/// # Errors
/// When the file is something else, or holds no article.
pub fn read(path: &Path, settings: &Settings) -> Result<Collection, Box<dyn std::error::Error>> {
    let rules = NewsRules::new(&settings.extract, Utc::now());
    let (mut articles, mut refused) = (Vec::new(), Vec::new());
    for item in source::read(&[path.to_owned()], &settings.source) {
        let (place, value) = match item {
            Ok(item) => match item.content {
                Content::Json(value) => (item.place, value),
                Content::Document(_) => {
                    return Err(format!("{} is not JSON Lines of articles", path.display()).into());
                }
            },
            Err(rejected) => {
                refused.push(format!("{}: {}", rejected.place, rejected.reason));
                continue;
            }
        };
        let known: Value = FIELDS
            .iter()
            .filter_map(|field| Some(((*field).to_owned(), value.get(*field)?.clone())))
            .collect::<serde_json::Map<_, _>>()
            .into();
        match draft(&known, &rules) {
            Ok(draft) => articles.push((place, draft)),
            Err(error) => refused.push(format!("{place}: {error}")),
        }
    }
    if articles.is_empty() {
        return Err(format!("{} holds no article: {}", path.display(), refused.join("; ")).into());
    }
    Ok(Collection { articles, refused })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<Collection, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path, &Settings::load(None).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn labels_are_never_read_and_bad_lines_are_told() {
        let text = concat!(
            "{\"id\":\"a\",\"title\":\"Bridge\",\"text\":\"The bridge opened.\",\"url\":\"https://example.org/a\",\"label\":7}\n",
            "{broken\n",
            "{\"id\":\"b\",\"title\":[1]}\n",
        );
        let found = of("news.jsonl", text).unwrap();
        assert_eq!(found.articles.len(), 1);
        assert_eq!(found.articles[0].1.url, None, "only the six fields are read");
        assert!(found.refused[0].contains("line 2") && found.refused[1].contains("line 3"));
    }

    #[test]
    fn a_file_without_articles_is_an_error() {
        assert!(of("empty.jsonl", "{broken\n").err().unwrap().contains("no article"));
        assert!(of("page.txt", "A text.").err().unwrap().contains("not JSON Lines"));
    }
}
