//! What the corrections that stand say of sets of articles, for learning from them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use super::{Titled, time};
use crate::correction::{Correction, MOST_TOGETHER};
use crate::store::replay::{LoggedChange, Replay};
use crate::store::write::Effects;
use crate::store::{Store, StoreError};
use crate::story::lessons::{Claim, Ruling};

/// A correction that stands, with what it says.
#[derive(Debug, Clone)]
pub struct StoredRuling {
    /// What belongs together and what does not.
    pub ruling: Ruling,
    /// Its kind, as in JSON.
    pub kind: &'static str,
    /// When it was made.
    pub at: String,
    /// Who made it.
    pub author: Option<String>,
}

/// All that stands.
#[derive(Debug, Clone, Default)]
pub struct Rulings {
    /// Which store it is: corrections are counted anew in another one. Copies of a store have the same.
    pub store: String,
    /// The corrections that say something of sets of articles, by number; those that were undone do not count.
    pub rulings: Vec<StoredRuling>,
    /// The story of every article that repeats no other, as it is now.
    pub stories: BTreeMap<u64, u64>,
}

/// A correction as it was read.
struct Kept {
    asked: Correction,
    effects: Effects,
    stored: StoredRuling,
}

impl Store {
    /// What the corrections that stand say, from one snapshot: the stories that they were about are as they were then, by the
    /// change log.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn rulings(&self) -> Result<Rulings, StoreError> {
        self.read(|connection| {
            let mut kept = standing(connection)?;
            let copies = copies(connection)?;
            let mut done = HashSet::new();
            let mut told = Replay::default();
            let mut log =
                connection.prepare("SELECT number, kind, story, article, detail FROM changes ORDER BY number")?;
            let mut rows = log.query([])?;
            while let Some(row) = rows.next()? {
                let change = LoggedChange {
                    number: row.get::<_, i64>(0)? as u64,
                    kind: row.get(1)?,
                    story: row.get::<_, i64>(2)? as u64,
                    article: row.get::<_, Option<i64>>(3)?.map(|article| article as u64),
                    detail: row.get(4)?,
                };
                told.take(&change);
                // The first entry of a correction comes behind all that it changed.
                let made = (change.kind == "corrected").then(|| made(&change.detail)).flatten();
                if let Some(number) = made
                    && let Some(kept) = kept.get_mut(&number)
                    && done.insert(number)
                {
                    let then = Then {
                        connection,
                        told: &told,
                        copies: &copies,
                        kept,
                    };
                    kept.stored.ruling.claims = then.claims()?;
                }
            }
            Ok(Rulings {
                store: identity(connection)?,
                rulings: kept
                    .into_values()
                    .map(|kept| kept.stored)
                    .filter(|stored| !stored.ruling.claims.is_empty())
                    .collect(),
                stories: told
                    .placed()
                    .iter()
                    .filter(|(article, _)| !copies.contains(article))
                    .map(|(article, story)| (*article, *story))
                    .collect(),
            })
        })
    }

    /// Ids, headlines and languages of some articles.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn titled(&self, articles: &BTreeSet<u64>) -> Result<HashMap<u64, Titled>, StoreError> {
        self.read(|connection| {
            let mut one = connection.prepare_cached(
                "SELECT id, CASE title WHEN '' THEN substr(text, 1, 80) ELSE title END, lang FROM articles WHERE number = ?1",
            )?;
            let mut found = HashMap::new();
            for article in articles {
                let titled = one.query_row([*article as i64], |row| {
                    Ok(Titled {
                        id: row.get(0)?,
                        title: row.get(1)?,
                        lang: row.get(2)?,
                    })
                });
                found.extend(titled.optional()?.map(|titled| (*article, titled)));
            }
            Ok(found)
        })
    }
}

/// The corrections that stand and are about sets of articles, by number.
fn standing(connection: &Connection) -> Result<BTreeMap<u64, Kept>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT number, at, asked, author, newest, effects FROM corrections WHERE undone_at IS NULL ORDER BY number",
    )?;
    let mut rows = statement.query([])?;
    let mut kept = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let asked: Correction = serde_json::from_str(&row.get::<_, String>(2)?)?;
        let number = row.get::<_, i64>(0)? as u64;
        let stored = StoredRuling {
            ruling: Ruling {
                number,
                newest: row.get::<_, i64>(4)? as u64,
                claims: Vec::new(),
            },
            kind: asked.kind(),
            at: time(row.get(1)?),
            author: row.get(3)?,
        };
        let effects = serde_json::from_str(&row.get::<_, String>(5)?)?;
        kept.insert(number, Kept { asked, effects, stored });
    }
    Ok(kept)
}

/// Articles that repeat another one's text.
fn copies(connection: &Connection) -> Result<HashSet<u64>, StoreError> {
    let mut statement = connection.prepare("SELECT number FROM articles WHERE original IS NOT NULL")?;
    let copies = statement.query_map([], |row| Ok(row.get::<_, i64>(0)? as u64))?;
    Ok(copies.collect::<Result<_, _>>()?)
}

/// The number of the correction that an entry of the log says was made.
fn made(detail: &str) -> Option<u64> {
    let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
    let undone = detail
        .get("undone")
        .and_then(serde_json::Value::as_bool)
        .unwrap_or_default();
    detail.get("correction")?.as_u64().filter(|_| !undone)
}

/// What only this store's log begins with, in a few digits; empty without a change.
fn identity(connection: &Connection) -> Result<String, StoreError> {
    let first: Option<String> = connection
        .prepare("SELECT concat_ws(' ', at, kind, story, detail) FROM changes ORDER BY number LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let digest = first.map(|first| crate::whole::digest(first.as_bytes()));
    Ok(digest
        .and_then(|digest| digest.get(..12).map(str::to_owned))
        .unwrap_or_default())
}

/// A correction, and the stories right after it.
struct Then<'a> {
    connection: &'a Connection,
    told: &'a Replay,
    copies: &'a HashSet<u64>,
    kept: &'a Kept,
}

impl Then<'_> {
    /// What the correction says. Claims of which one side has no articles are left out.
    fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        let effects = &self.kept.effects;
        let mut claims = match &self.kept.asked {
            Correction::Rename { .. } | Correction::Note { .. } => Vec::new(),
            Correction::Merge { .. } => self
                .moved()
                .into_iter()
                .map(|(_, to, moved)| of_wholes(&moved, &self.before(to), true))
                .collect(),
            Correction::Split { .. } => {
                let parts = effects.began.iter();
                parts
                    .map(|(new, story)| {
                        let (part, rest) = (self.after(*new), self.after(*story));
                        Claim {
                            // One article that is cut off left its links.
                            as_wholes: part.len() > 1 && rest.len() > 1,
                            ..claim(&part, &rest, false)
                        }
                    })
                    .collect()
            }
            Correction::Move { .. } => {
                let mut claims = Vec::new();
                for (from, to, moved) in self.moved() {
                    claims.push(claim(&moved, &self.before(to), true));
                    claims.push(claim(&moved, &without(&self.before(from), &moved), false));
                }
                // Those that were there already.
                claims.extend(self.stay()?);
                claims
            }
            Correction::Pin { .. } => self.stay()?,
            Correction::NeverTogether { stories, .. } if stories.is_empty() => {
                let pairs = self.apart()?.into_iter();
                pairs
                    .map(|(a, b)| claim(&BTreeSet::from([a]), &BTreeSet::from([b]), false))
                    .collect()
            }
            Correction::NeverTogether { .. } => {
                let stories: Vec<BTreeSet<u64>> = self.held()?.into_values().collect();
                let numbered = stories.iter().enumerate();
                numbered
                    .flat_map(|(at, one)| stories.iter().skip(at + 1).map(|other| of_wholes(one, other, false)))
                    .collect()
            }
            Correction::AlwaysTogether { .. } => match self.whole_story()? {
                Some(whole) => vec![whole],
                None => {
                    // Every pair once.
                    let named: Vec<u64> = effects.together.iter().copied().collect();
                    let later = |at: usize| named.iter().skip(at + 1).copied().collect();
                    let numbered = named.iter().enumerate();
                    numbered
                        .map(|(at, article)| claim(&BTreeSet::from([*article]), &later(at), true))
                        .collect()
                }
            },
        };
        claims.retain(|claim| !claim.one.is_empty() && !claim.other.is_empty());
        Ok(claims)
    }

    /// The articles of a story right after, without those that repeat another one.
    fn after(&self, story: u64) -> BTreeSet<u64> {
        let members = self.told.members(story);
        members.filter(|article| !self.copies.contains(article)).collect()
    }

    /// The same right before.
    fn before(&self, story: u64) -> BTreeSet<u64> {
        let mut members = self.after(story);
        for moved in &self.kept.effects.moves {
            if moved.to == story {
                members.remove(&moved.article);
            }
            if moved.from == story {
                members.insert(moved.article);
            }
        }
        members
    }

    /// What moved: from which story, to which, and the articles.
    fn moved(&self) -> Vec<(u64, u64, BTreeSet<u64>)> {
        let mut ways: BTreeMap<(u64, u64), BTreeSet<u64>> = BTreeMap::new();
        for moved in &self.kept.effects.moves {
            ways.entry((moved.from, moved.to)).or_default().insert(moved.article);
        }
        ways.into_iter()
            .map(|((from, to), articles)| (from, to, articles))
            .collect()
    }

    /// Of the first hundred articles that were named and did not move: that they belong to the others of their stories, and not into the
    /// stories that the list asked about.
    fn stay(&self) -> Result<Vec<Claim>, StoreError> {
        let effects = &self.kept.effects;
        let moved: BTreeSet<u64> = effects.moves.iter().map(|moved| moved.article).collect();
        let mut asked = self.connection.prepare_cached(
            "SELECT other FROM review WHERE kind = 'placement' AND article = ?1 AND other IS NOT NULL",
        )?;
        let mut claims = Vec::new();
        for article in effects.articles.difference(&moved).take(MOST_TOGETHER) {
            let Some(story) = self.told.placed().get(article).copied() else {
                continue;
            };
            let one = BTreeSet::from([*article]);
            claims.push(claim(&one, &without(&self.after(story), &one), true));
            let other = asked
                .query_row([*article as i64], |row| row.get::<_, i64>(0))
                .optional()?;
            let other = other.map(|other| other as u64);
            let other = other.map(|other| self.told.merged_into(other).unwrap_or(other));
            if let Some(other) = other.filter(|other| *other != story) {
                claims.push(claim(&one, &self.after(other), false));
            }
        }
        Ok(claims)
    }

    /// Of two articles that are named as always together and are the first ones of the parts that the list would have cut
    /// their story into: that both parts are one. This is what "yes, one story" makes of a proposed cut.
    fn whole_story(&self) -> Result<Option<Claim>, StoreError> {
        let effects = &self.kept.effects;
        let named: Vec<u64> = effects.together.iter().copied().collect();
        let ([a, b], true) = (named.as_slice(), effects.moves.is_empty()) else {
            return Ok(None);
        };
        let Some(story) = self.told.placed().get(a).copied() else {
            return Ok(None);
        };
        let part: Option<String> = self
            .connection
            .prepare_cached("SELECT figures ->> '$.part' FROM review WHERE kind = 'story' AND story = ?1")?
            .query_row([story as i64], |row| row.get(0))
            .optional()?
            .flatten();
        let Some(part) = part else { return Ok(None) };
        let part: BTreeSet<u64> = serde_json::from_str(&part)?;
        let members = self.after(story);
        let part: BTreeSet<u64> = part.intersection(&members).copied().collect();
        let rest = without(&members, &part);
        let firsts: BTreeSet<u64> = part.first().into_iter().chain(rest.first()).copied().collect();
        Ok((firsts == BTreeSet::from([*a, *b])).then(|| of_wholes(&part, &rest, true)))
    }

    /// Pairs that it keeps apart.
    fn apart(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT a, b FROM apart WHERE correction = ?1 ORDER BY a, b")?;
        let pairs = statement.query_map([self.kept.stored.ruling.number as i64], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
        })?;
        Ok(pairs.collect::<Result<_, _>>()?)
    }

    /// Articles that it holds, by story.
    fn held(&self) -> Result<BTreeMap<u64, BTreeSet<u64>>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT story, article FROM holds WHERE correction = ?1")?;
        let mut rows = statement.query([self.kept.stored.ruling.number as i64])?;
        let mut held: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let (story, article) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64);
            held.entry(story).or_default().insert(article);
        }
        Ok(held)
    }
}

/// A claim about articles.
fn claim(one: &BTreeSet<u64>, other: &BTreeSet<u64>, together: bool) -> Claim {
    Claim {
        one: one.clone(),
        other: other.clone(),
        together,
        as_wholes: false,
    }
}

/// A claim about stories, or parts of one.
fn of_wholes(one: &BTreeSet<u64>, other: &BTreeSet<u64>, together: bool) -> Claim {
    Claim {
        as_wholes: true,
        ..claim(one, other, together)
    }
}

fn without(articles: &BTreeSet<u64>, these: &BTreeSet<u64>) -> BTreeSet<u64> {
    articles.difference(these).copied().collect()
}
