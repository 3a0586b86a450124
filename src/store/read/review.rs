//! The editors' list: what is in doubt, the most doubtful first.

use rusqlite::{Connection, params_from_iter, types::Value as Sql};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{BadCursor, Page, ReadError, cut_page, decode, encode};
use crate::store::{Store, StoreError};

/// Something that an editor should look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReviewItem {
    /// `placement` (does the article belong into its story?), `story` (is it one story?) or `merge` (are the two stories
    /// one?).
    pub kind: String,
    /// Twice the probability that what was decided is wrong, 1 at most: 1 is the toss of a coin or worse, 0 no doubt.
    pub doubt: f64,
    /// The article, of a `placement`.
    pub article: Option<Titled>,
    /// The story.
    pub story: Titled,
    /// The other story: the one that the article may belong into, or that may be one with this one.
    pub other: Option<Titled>,
    /// The proposed cut of a `story`: the articles of its two parts, near-duplicates left out.
    pub cut: Option<[Vec<String>; 2]>,
    /// Why, in figures, by kind. `placement`: `decided_by`, `support`, `margin`, `best_link`, `runner_up_support`,
    /// `nearest_elsewhere`. `story`: `probability` that its parts are one, `cohesion`, `articles`, `links_between`,
    /// `support_between`. `merge`: `probability` that they are one, `signals`.
    #[schema(value_type = Object)]
    pub why: Value,
}

/// An article or a story with its headline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Titled {
    /// Its id.
    pub id: String,
    /// Its headline.
    pub title: String,
    /// The headline's language.
    pub lang: String,
}

/// Where a page ends. What was written after the first page was read is left out of the later ones; it stands where it
/// belongs in the next walk.
#[derive(Serialize, Deserialize)]
struct Place {
    list: String,
    snapshot: i64,
    doubt: f64,
    number: i64,
}

/// What is in doubt, with the stories that it is about followed to where they go on. Left out is what has settled itself
/// (the article is elsewhere, the two stories are one, what stood alone has drawn others to it) and what an editor has decided.
const ITEMS: &str = "SELECT r.number, r.kind, r.doubt, r.figures,
      a.id, CASE a.title WHEN '' THEN substr(a.text, 1, 80) ELSE a.title END, a.lang,
      s.id, s.title, s.title_lang, o.id, o.title, o.title_lang, s.number
    FROM review r LEFT JOIN articles a ON a.number = r.article
      JOIN stories s0 ON s0.number = r.story JOIN stories s ON s.number = coalesce(s0.merged_into, s0.number)
      LEFT JOIN stories o0 ON o0.number = r.other LEFT JOIN stories o ON o.number = coalesce(o0.merged_into, o0.number)
    WHERE s.articles > 0 AND (o.number IS NULL OR (o.number <> s.number AND o.articles > 0)) AND CASE r.kind
      WHEN 'placement' THEN a.story = s.number
        AND NOT (r.figures ->> 'decided_by' = 'alone' AND EXISTS (
          SELECT 1 FROM edges e JOIN articles x ON x.number = e.b WHERE e.a = a.number AND x.story = s.number AND e.score >= 0.9))
        AND NOT EXISTS (SELECT 1 FROM holds h JOIN corrections c ON c.number = h.correction
                        WHERE h.article = a.number AND c.undone_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM apart p JOIN corrections c ON c.number = p.correction
                        JOIN articles x ON x.number = p.b
                        WHERE p.a = a.number AND c.undone_at IS NULL AND x.story = o.number)
        AND NOT EXISTS (SELECT 1 FROM apart p JOIN corrections c ON c.number = p.correction
                        JOIN articles x ON x.number = p.a
                        WHERE p.b = a.number AND c.undone_at IS NULL AND x.story = o.number)
      WHEN 'merge' THEN
        NOT EXISTS (SELECT 1 FROM corrected t JOIN corrected u ON u.correction = t.correction
                    JOIN corrections c ON c.number = t.correction
                    WHERE t.story = s.number AND u.story = o.number AND c.undone_at IS NULL
                      AND c.asked ->> 'kind' NOT IN ('note', 'rename'))
        AND NOT EXISTS (SELECT 1 FROM apart p JOIN corrections c ON c.number = p.correction
                        JOIN articles x ON x.number = p.a JOIN articles y ON y.number = p.b
                        WHERE c.undone_at IS NULL AND (x.story, y.story) IN ((s.number, o.number), (o.number, s.number)))
      ELSE s0.merged_into IS NULL
        AND NOT (EXISTS (SELECT 1 FROM holds h JOIN corrections c ON c.number = h.correction
                         WHERE c.undone_at IS NULL AND h.article IN (SELECT value FROM json_each(r.figures, '$.part')))
          AND EXISTS (SELECT 1 FROM holds h JOIN corrections c ON c.number = h.correction
                      JOIN articles x ON x.number = h.article
                      WHERE c.undone_at IS NULL AND x.story = s.number
                        AND h.article NOT IN (SELECT value FROM json_each(r.figures, '$.part'))))
        AND NOT EXISTS (SELECT 1 FROM holds h JOIN corrections c ON c.number = h.correction
                        WHERE c.undone_at IS NULL AND c.asked ->> 'kind' IN ('move', 'pin')
                          AND h.article IN (SELECT value FROM json_each(r.figures, '$.part')))
        AND EXISTS (SELECT 1 FROM articles x WHERE x.story = s.number
                    AND x.number IN (SELECT value FROM json_each(r.figures, '$.part')))
      END";

impl Store {
    /// A page of what an editor should look at, the most doubtful first; of one kind, if that is given.
    ///
    /// # Errors
    /// When the cursor is not of this list, or the store cannot be read.
    pub fn review(
        &self,
        kind: Option<&str>,
        cursor: Option<&str>,
        per_page: usize,
    ) -> Result<Page<ReviewItem>, ReadError> {
        let list = format!("review {}", kind.unwrap_or_default());
        let place: Option<Place> = cursor.map(decode).transpose()?;
        if place.as_ref().is_some_and(|place| place.list != list) {
            return Err(BadCursor.into());
        }
        Ok(self.read(|connection| {
            let snapshot = match &place {
                Some(place) => place.snapshot,
                None => connection.query_row("SELECT coalesce(max(number), 0) FROM review", [], |row| row.get(0))?,
            };
            let mut sql = format!("{ITEMS} AND r.number <= ?");
            let mut values: Vec<Sql> = vec![snapshot.into()];
            if let Some(kind) = kind {
                sql.push_str(" AND r.kind = ?");
                values.push(kind.to_owned().into());
            }
            if let Some(place) = place {
                sql.push_str(" AND (r.doubt, r.number) < (?, ?)");
                values.push(place.doubt.into());
                values.push(place.number.into());
            }
            sql.push_str(" ORDER BY r.doubt DESC, r.number DESC LIMIT ?");
            values.push((per_page as i64 + 1).into());
            let mut found: Vec<Found> = connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(values), Found::of)?
                .collect::<Result<_, _>>()?;
            let more = cut_page(&mut found, per_page);
            let next_cursor = match found.last() {
                Some(last) if more => Some(encode(&Place {
                    list,
                    snapshot,
                    doubt: last.item.doubt,
                    number: last.number,
                })?),
                _ => None,
            };
            let items = found
                .into_iter()
                .map(|one| one.explained(connection))
                .collect::<Result<_, StoreError>>()?;
            Ok(Page { items, next_cursor })
        })?)
    }
}

/// A row of the list, with the numbers that it stands for.
struct Found {
    number: i64,
    figures: String,
    story: i64,
    item: ReviewItem,
}

impl Found {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let titled = |from: usize| -> rusqlite::Result<Option<Titled>> {
            let Some(id) = row.get::<_, Option<String>>(from)? else {
                return Ok(None);
            };
            Ok(Some(Titled {
                id,
                title: row.get(from + 1)?,
                lang: row.get(from + 2)?,
            }))
        };
        Ok(Self {
            number: row.get(0)?,
            figures: row.get(3)?,
            story: row.get(13)?,
            item: ReviewItem {
                kind: row.get(1)?,
                doubt: row.get(2)?,
                article: titled(4)?,
                story: Titled {
                    id: row.get(7)?,
                    title: row.get(8)?,
                    lang: row.get(9)?,
                },
                other: titled(10)?,
                cut: None,
                why: Value::Null,
            },
        })
    }

    /// With its figures, and the ids of a proposed cut.
    fn explained(mut self, connection: &Connection) -> Result<ReviewItem, StoreError> {
        let mut figures: Value = serde_json::from_str(&self.figures)?;
        let part = figures.as_object_mut().and_then(|fields| fields.remove("part"));
        if let Some(part) = part {
            let ids = |condition: &str| -> Result<Vec<String>, StoreError> {
                let found = connection
                    .prepare_cached(&format!(
                        "SELECT id FROM articles WHERE story = ?1 AND original IS NULL
                         AND number {condition} (SELECT value FROM json_each(?2)) ORDER BY number"
                    ))?
                    .query_map((self.story, part.to_string()), |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                Ok(found)
            };
            self.item.cut = Some([ids("IN")?, ids("NOT IN")?]);
        }
        self.item.why = figures;
        Ok(self.item)
    }
}
