//! Everything at once, for `silsila export`.

use serde_json::Value;

use super::article::{ArticleView, COLUMNS, TABLES, article, placement, timeline_articles, with_copies};
use super::story::{COLUMNS as STORY_COLUMNS, StoryView, TABLES as STORY_TABLES, story};
use crate::store::{Store, StoreError};
use crate::timeline::StoryArticle;

/// One thing of an export.
#[derive(Debug)]
pub enum Exported {
    /// A story; merged and emptied ones too, so that no id is left unexplained.
    Story(Box<StoryView>),
    /// An article, and why it is in its story; no placement while it is not placed.
    Article(Box<ArticleView>, Option<Value>),
    /// A story that has members, with what its timeline is made from.
    Timeline(String, Vec<StoryArticle>),
}

impl Store {
    /// Hands out everything, from one snapshot: all stories by number, all articles in the order of acceptance, then what
    /// the stories' timelines are made from. Stops when `each` fails.
    ///
    /// # Errors
    /// When the store cannot be read, or the error of `each`.
    pub fn export<E: From<StoreError>>(&self, mut each: impl FnMut(Exported) -> Result<(), E>) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
        self.on_snapshot(|connection| {
            let mut with_members = Vec::new();
            let mut stories = connection
                .prepare(&format!("SELECT {STORY_COLUMNS} FROM {STORY_TABLES} ORDER BY s.number"))
                .map_err(failed)?;
            let mut rows = stories.query([None::<String>]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let (view, _) = story(row).map_err(failed)?;
                if view.counts.articles > 0 && view.merged_into.is_none() {
                    with_members.push(view.id.clone());
                }
                each(Exported::Story(Box::new(view)))?;
            }
            let mut articles = connection
                .prepare(&format!("SELECT {COLUMNS} FROM {TABLES} ORDER BY a.number"))
                .map_err(failed)?;
            let mut rows = articles.query([]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let view = with_copies(connection, article(row).map_err(failed)?)?;
                let placement = placement(connection, &view.id)?.flatten();
                each(Exported::Article(Box::new(view), placement))?;
            }
            for story in with_members {
                let articles = timeline_articles(connection, &story)?;
                each(Exported::Timeline(story, articles))?;
            }
            Ok(())
        })
    }
}
