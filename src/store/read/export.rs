//! Everything at once, for `silsila export`.

use rusqlite::Connection;
use serde_json::Value;

use super::article::{ArticleView, COLUMNS, TABLES, article, placement, timeline_articles, with_copies};
use super::story::{COLUMNS as STORY_COLUMNS, StoryView, TABLES as STORY_TABLES, story};
use crate::store::transfer::{self, StoreLine};
use crate::store::{Store, StoreError};
use crate::timeline::StoryArticle;

/// What an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct What {
    /// Stories, articles and timelines, as they are read.
    pub readable: bool,
    /// Everything, as it is stored.
    pub store: bool,
    /// With `store`: the watches' secrets, too.
    pub secrets: bool,
}

/// One thing of an export.
#[derive(Debug)]
pub enum Exported {
    /// A story; merged and emptied ones too, so that no id is left unexplained.
    Story(Box<StoryView>),
    /// An article, and why it is in its story; no placement while it is not placed.
    Article(Box<ArticleView>, Option<Value>),
    /// A story that has members, with what its timeline is made from.
    Timeline(String, Vec<StoryArticle>),
    /// A line of the whole store.
    Store(StoreLine),
}

impl Store {
    /// Hands out what is asked for, from one snapshot: the line that an export of the store begins with, all stories by number,
    /// all articles in the order of acceptance, what the stories' timelines are made from, then all rows. Stops when `each`
    /// fails.
    ///
    /// # Errors
    /// When the store cannot be read, or the error of `each`.
    pub fn export<E: From<StoreError>>(
        &self,
        what: What,
        mut each: impl FnMut(Exported) -> Result<(), E>,
    ) -> Result<(), E> {
        self.on_snapshot(|connection| {
            if what.store {
                let header = transfer::header(connection, what.secrets)?;
                each(Exported::Store(StoreLine::Begin(header)))?;
            }
            if what.readable {
                readable(connection, &mut each)?;
            }
            if what.store {
                transfer::rows(connection, what.secrets, &mut |line| each(Exported::Store(line)))?;
            }
            Ok(())
        })
    }
}

/// Stories, articles and timelines.
fn readable<E: From<StoreError>>(
    connection: &Connection,
    each: &mut dyn FnMut(Exported) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
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
}
