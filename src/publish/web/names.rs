//! Stories as pages name them: by an editor's title, else by a headline in the reader's language where the story has one.

use std::collections::BTreeMap;

use super::phrase::Link;
use super::words::Words;
use crate::store::read::Headline;
use crate::store::{Store, StoreError};

/// The names of some stories.
pub struct StoryNames(pub(super) BTreeMap<String, Headline>);

impl StoryNames {
    /// Of stories by their ids, merged ones too; an unknown one goes by its id.
    pub fn of<'a>(store: &Store, words: &Words, ids: impl IntoIterator<Item = &'a str>) -> Result<Self, StoreError> {
        Ok(Self(store.story_headlines(Some(words.code), ids)?))
    }

    /// A link to one of them.
    pub fn link(&self, id: &str) -> Link {
        let (title, lang) = self.0.get(id).map_or(("", ""), |one| (&one.title, &one.lang));
        Link::story(id, title, lang)
    }

    /// Whether there is such a story.
    pub fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}
