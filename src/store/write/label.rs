//! Labels written down: the names of a story, its pace, its importance, and what is in doubt.

use std::sync::PoisonError;

use rusqlite::{Connection, Transaction, params};

use super::place::recount_sources;
use crate::store::{Store, StoreError};
use crate::story::labels::{Rules, Seen, figures};
use crate::story::names::{Text, about};
use crate::story::outlets::registrable_host;
use crate::story::review::{Doubt, Kind};

/// Counted up when labels come out otherwise by the same rules: stories from before are then labelled anew.
const METHOD: u32 = 3;
/// The fact that says by which rules the stories are labelled.
const LABELS: &str = "labels";
/// The fact that holds the half-life of importance, which readers need.
const HALF_LIFE: &str = "half_life_days";
/// Stories that are labelled anew in one transaction.
const AT_ONCE: i64 = 200;

impl Store {
    /// Labels every story anew when the rules are others than those by which it was done; how many stories that were.
    ///
    /// # Errors
    /// When the store cannot be read or written; what was labelled stays so.
    pub fn label_all(&self, rules: &Rules) -> Result<usize, StoreError> {
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = Some(*rules);
        let named = &rules.names;
        let wanted = format!(
            "{METHOD} {} {} {} {} {} {} {}",
            named.articles,
            named.lead,
            named.least_articles,
            named.small_story,
            named.most,
            rules.importance.half_life_days,
            rules.importance.language
        );
        if self.fact(LABELS)?.as_deref() == Some(wanted.as_str()) {
            return Ok(0);
        }
        let (mut after, mut labelled) = (0, 0);
        loop {
            let mut connection = self.writer()?;
            let transaction = connection.transaction()?;
            let stories: Vec<i64> = transaction
                .prepare_cached(
                    "SELECT number FROM stories WHERE number > ?1 AND merged_into IS NULL ORDER BY number LIMIT ?2",
                )?
                .query_map([after, AT_ONCE], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for story in &stories {
                recount_sources(&transaction, *story as u64)?;
                label(&transaction, *story as u64, rules)?;
            }
            transaction.commit()?;
            labelled += stories.len();
            match stories.last() {
                Some(last) => after = *last,
                None => break,
            }
        }
        self.set_fact(HALF_LIFE, &rules.importance.half_life_days.to_string())?;
        self.set_fact(LABELS, &wanted)?;
        Ok(labelled)
    }
}

/// Works out a story's labels from its articles and writes them.
pub(in crate::store) fn label(transaction: &Transaction<'_>, story: u64, rules: &Rules) -> Result<(), StoreError> {
    let number = story as i64;
    let seen: Vec<Seen> = transaction
        .prepare_cached(
            "SELECT number, published_s, source, lang, original IS NOT NULL, url FROM articles WHERE story = ?1 ORDER BY number",
        )?
        .query_map([number], |row| {
            Ok(Seen {
                article: row.get::<_, i64>(0)? as u64,
                time: row.get(1)?,
                source: row.get(2)?,
                lang: row.get(3)?,
                repeats: row.get(4)?,
                host: row.get::<_, Option<String>>(5)?.as_deref().and_then(registrable_host),
            })
        })?
        .collect::<Result<_, _>>()?;
    let found = figures(&seen, &rules.importance);
    let limit = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    // One character more, so that a word that is cut through is known.
    let read: Vec<(String, String, String)> = transaction
        .prepare_cached(
            "SELECT title, substr(text, 1, ?2), lang FROM articles WHERE story = ?1 AND original IS NULL
             ORDER BY number DESC LIMIT ?3",
        )?
        .query_map(
            params![
                number,
                limit(rules.names.lead.saturating_add(1)),
                limit(rules.names.articles)
            ],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?
        .collect::<Result<_, _>>()?;
    let texts: Vec<Text<'_>> = read
        .iter()
        .map(|(title, text, lang)| Text { title, text, lang })
        .collect();
    transaction
        .prepare_cached(
            "UPDATE stories SET about = ?2, first_article = ?3, last_article = ?4, pace_days = ?5, pace_latest = ?6,
             pace_before = ?7, importance = ?8 WHERE number = ?1",
        )?
        .execute(params![
            number,
            serde_json::to_string(&about(&texts, &rules.names))?,
            found.first.map(|article| article as i64),
            found.last.map(|article| article as i64),
            found.pace.days,
            found.pace.latest as i64,
            found.pace.before as i64,
            found.importance
        ])?;
    Ok(())
}

/// Puts a doubt on the list, in the place of what was said of the same things before.
pub(super) fn doubt(connection: &Connection, doubt: &Doubt) -> Result<(), StoreError> {
    let subject = match (doubt.kind, doubt.article) {
        (Kind::Placement, Some(article)) => format!("placement {article}"),
        (kind, _) => match doubt.other {
            Some(other) => format!("{} {} {other}", kind.name(), doubt.story),
            None => subject_of_story(doubt.story),
        },
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO review (subject, kind, doubt, article, story, other, figures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            subject,
            doubt.kind.name(),
            doubt.doubt,
            doubt.article.map(|article| article as i64),
            doubt.story as i64,
            doubt.other.map(|story| story as i64),
            doubt.figures.to_string()
        ])?;
    Ok(())
}

/// Takes a story that is in doubt no more off the list.
pub(super) fn settled(connection: &Connection, story: u64) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM review WHERE subject = ?1")?
        .execute([subject_of_story(story)])?;
    Ok(())
}

fn subject_of_story(story: u64) -> String {
    format!("story {story}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::store::read::StoryQuery;

    fn rules() -> Rules {
        let settings = Settings::load(None).expect("settings");
        Rules {
            names: settings.names,
            importance: settings.importance,
        }
    }

    #[test]
    fn stories_from_before_are_labelled_once_and_again_by_other_rules() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("a store");
        let before = "INSERT INTO stories (number, id, title, title_lang, state, created_at, updated_at, version, started,
               latest, articles, near_duplicates, sources, languages, terms, velocity)
             VALUES (1, 's1', 'Talks in Doha', 'en', 'emerging', 0, 0, 0, 0, 86400, 2, 0, 2, '[\"en\"]', '[]', 0.7);
             INSERT INTO articles (number, id, revision, title, text, published_s, lang, source, keywords, removed, set_aside,
               digest, arrived_at, state, story)
             VALUES (1, 'a1', 1, 'Talks in Doha', 'President Joe Biden spoke.', 86400, 'en', 'a', '[]', '[]', '[]', 'x', 0,
               'placed', 1),
               (2, 'a2', 1, 'Talks end', 'The talks in Doha ended.', 0, 'en', 'b', '[]', '[]', '[]', 'y', 0, 'placed', 1);";
        store
            .writer()
            .expect("the writer")
            .execute_batch(before)
            .expect("a story without labels");
        let view = |store: &Store| store.story("s1", None).expect("read").expect("a story");
        let bare = view(&store);
        assert!(bare.people.is_empty() && bare.first_article.is_none() && bare.importance.is_none());
        let mut rules = rules();
        assert_eq!(store.label_all(&rules).expect("labelled"), 1);
        assert_eq!(store.label_all(&rules).expect("nothing to do"), 0);
        let labelled = view(&store);
        assert_eq!(labelled.people.first().map(|one| one.name.as_str()), Some("Joe Biden"));
        assert_eq!(
            labelled.places.first().map(|one| (one.name.as_str(), one.articles)),
            Some(("Doha", 2))
        );
        assert_eq!(labelled.first_article.map(|end| end.id).as_deref(), Some("a2"));
        assert_eq!(labelled.last_article.map(|end| end.id).as_deref(), Some("a1"));
        assert_eq!(labelled.importance, Some(1.7));
        // In another language places have other names.
        let query = StoryQuery {
            title_lang: Some("ar".to_owned()),
            ..StoryQuery::default()
        };
        let list = store.stories(&query, None, 5).expect("a list");
        assert_eq!(list.items[0].places[0].name, "الدوحة");
        rules.names.most = 0;
        assert_eq!(store.label_all(&rules).expect("labelled"), 1);
        assert!(view(&store).places.is_empty());
    }
}
