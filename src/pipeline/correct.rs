//! Corrections: works out what an editor's decision comes to, before anything is touched.
//!
//! In: a [`Correction`] by ids, and the stories as the store has them. Out: a [`Plan`]: which articles move, which stories
//! begin, end or go on again, what is held from now on. A plan that contradicts an earlier correction is refused by that
//! correction's number, but for one thing: the latest word on where an article stays is the one that counts. Never writes.

use std::collections::{BTreeMap, BTreeSet};

use crate::correction::{Correction, MOST_CHARACTERS, MOST_TOGETHER};
use crate::extract::language::detect_among;
use crate::pipeline::{ChangedStory, PipelineError};
use crate::store::write::{Effects, Ended, Kept, Moved, Standing};
use crate::store::{Store, StoreError};
use crate::story::corrections::{Constraints, Hold};
use crate::story::graph::Community;
use crate::story::{Engine, StoryChange};

/// Why a correction was not made.
#[derive(Debug, thiserror::Error)]
pub enum CorrectionError {
    /// An id that no article has.
    #[error("there is no article with the id {0:?}")]
    NoArticle(String),
    /// An id that no story has.
    #[error("there is no story with the id {0:?}")]
    NoStory(String),
    /// A number that no correction has.
    #[error("there is no correction with the number {0}")]
    NoCorrection(u64),
    /// The article has no story yet.
    #[error("the article {0:?} is in no story; wait until it is placed")]
    NotPlaced(String),
    /// What is asked makes no sense.
    #[error("{why}")]
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
    /// An earlier or later correction is in the way.
    #[error("{why}; undo correction {correction} first")]
    Conflict {
        /// The number of the correction in the way.
        correction: u64,
        /// What would not hold any more.
        why: String,
    },
    /// Stories are not as the editor saw them.
    #[error(
        "{} changed since it was seen; look at it again",
        .0.iter().map(|one| one.story_id.as_str()).collect::<Vec<_>>().join(", ")
    )]
    Changed(Vec<ChangedStory>),
    /// The correction is undone, or is not.
    #[error("{0}")]
    State(String),
    /// The service is shutting down.
    #[error("the service is shutting down")]
    Closed,
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writer cannot go on.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// What a correction comes to.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What it changes.
    pub effects: Effects,
    /// Articles that stay in a story from now on.
    pub holds: BTreeMap<u64, u64>,
    /// Pairs that are never together from now on.
    pub apart: Vec<(u64, u64)>,
    /// Stories that had ended and go on.
    pub revived: Vec<Ended>,
    /// A story's title and its language; `None` gives the naming back to the articles.
    pub title: Option<(u64, Option<(String, String)>)>,
}

impl Plan {
    /// The changes of the stories, in order.
    pub fn changes(&self) -> Vec<StoryChange> {
        let began = self.effects.began.iter().map(|(story, from)| StoryChange::Created {
            story: *story,
            split_from: Some(*from),
        });
        let revived = self.revived.iter().map(|ended| StoryChange::Revived {
            story: ended.story,
            from: ended.into,
            followers: ended.followers.clone(),
        });
        let joined = self.effects.moves.iter().map(|moved| StoryChange::Joined {
            story: moved.to,
            article: moved.article,
            from: Some(moved.from),
        });
        let merged = self.effects.ended.iter().map(|ended| StoryChange::Merged {
            story: ended.story,
            into: ended.into,
        });
        began.chain(revived).chain(joined).chain(merged).collect()
    }

    /// What all corrections ask once this one is made; `newest` is the newest article in a story.
    pub fn constraints(&self, standing: &Standing, newest: u64) -> Constraints {
        let follow = self.successors(standing);
        let earlier = standing.holds.iter().map(|(article, story, since, _)| Hold {
            article: *article,
            story: follow.get(story).copied().unwrap_or(*story),
            since: *since,
        });
        let now = self.holds.iter().map(|(article, story)| Hold {
            article: *article,
            story: *story,
            since: newest,
        });
        let renamed = self.title.as_ref();
        let named = standing
            .named
            .iter()
            .copied()
            .filter(|story| renamed.is_none_or(|(of, _)| of != story))
            .chain(renamed.filter(|(_, title)| title.is_some()).map(|(story, _)| *story));
        let apart = standing.apart.iter().map(|(a, b, _)| (*a, *b));
        Constraints::new(
            earlier.chain(now),
            apart.chain(self.apart.iter().copied()),
            // One that has ended has its name again when it goes on.
            named.filter(|story| !follow.contains_key(story)),
        )
    }

    /// Where stories that have ended go on, once this plan is carried out.
    fn successors(&self, standing: &Standing) -> BTreeMap<u64, u64> {
        let mut follow: BTreeMap<u64, u64> = standing.merged.iter().copied().collect();
        for ended in &self.revived {
            follow.remove(&ended.story);
            follow.extend(ended.followers.iter().map(|follower| (*follower, ended.story)));
        }
        for ended in &self.effects.ended {
            for into in follow.values_mut().filter(|into| **into == ended.story) {
                *into = ended.into;
            }
            follow.insert(ended.story, ended.into);
        }
        follow
    }
}

/// Works plans out.
pub struct Planner<'a> {
    /// The stories as they are.
    pub store: &'a Store,
    /// For what only the engine knows: how firmly articles sit.
    pub engine: &'a Engine,
    /// What the other corrections ask.
    pub standing: &'a Standing,
}

impl Planner<'_> {
    /// What a correction comes to.
    ///
    /// # Errors
    /// When an id is unknown, nothing would change, or an earlier correction is in the way.
    pub fn plan(&self, asked: &Correction) -> Result<Plan, CorrectionError> {
        let plan = match asked {
            Correction::Merge { stories, into } => self.merge(stories, into.as_deref())?,
            Correction::Split {
                story_id,
                articles,
                title,
                lang,
            } => {
                let (mut plan, part) = self.split(story_id, articles)?;
                if let Some(title) = title {
                    plan.effects.titled = Some(part);
                    plan.title = Some((part, Some(self.title(self.story(story_id)?, title, lang.as_deref())?)));
                }
                plan
            }
            Correction::Move { articles, story_id } => {
                let to = self.story(story_id)?;
                let articles = self.articles(articles, 1)?;
                self.hold(articles.into_keys().map(|article| (article, to)).collect())?
            }
            Correction::Pin { articles } => self.hold(self.articles(articles, 1)?)?,
            Correction::Rename { story_id, title, lang } => {
                let story = self.story(story_id)?;
                let title = self.title(story, title, lang.as_deref())?;
                // The article that stood for it stays, so that the name is never left without a story.
                let (headline, _) = self.store.headline_of(story)?;
                let members = self.store.members(story)?;
                let there = headline.filter(|article| members.contains(article));
                Plan {
                    holds: there
                        .or(members.first().copied())
                        .into_iter()
                        .map(|article| (article, story))
                        .collect(),
                    title: Some((story, Some(title))),
                    ..about([story])
                }
            }
            Correction::NeverTogether { articles, stories } => match (articles.is_empty(), stories.is_empty()) {
                (false, true) => self.never(articles)?,
                (true, false) => {
                    let mut targets = BTreeMap::new();
                    let mut oldest = Vec::new();
                    for story in self.stories(stories)? {
                        let members = self.store.members(story)?;
                        oldest.extend(members.first().copied());
                        targets.extend(members.into_iter().map(|article| (article, story)));
                    }
                    // The oldest of each keep the stories apart, whatever is decided of others.
                    Plan {
                        apart: pairs(&oldest),
                        ..self.hold(targets)?
                    }
                }
                _ => return Err(invalid("articles", "give `articles` or `stories`, one of the two")),
            },
            Correction::AlwaysTogether { articles } => self.always(articles)?,
            Correction::Note { story_id, text: note } => {
                text("text", note)?;
                about([self.story(story_id)?])
            }
        };
        self.check(&plan)?;
        Ok(plan)
    }

    /// What undoing a correction comes to; `later` are those after it that were not undone. [`Planner::standing`] must
    /// be without it.
    ///
    /// # Errors
    /// When it is undone already, or a later correction rests on it.
    pub fn undo(&self, kept: &Kept, later: &[Kept]) -> Result<Plan, CorrectionError> {
        if kept.undone {
            return Err(CorrectionError::State(format!(
                "correction {} is undone already; redo it to have it back",
                kept.number
            )));
        }
        if let Some(other) = later.iter().find(|other| rests_on(other, kept)) {
            return Err(CorrectionError::Conflict {
                correction: other.number,
                why: "a later correction decided about the same articles or stories".to_owned(),
            });
        }
        let follow: BTreeMap<u64, u64> = self.standing.merged.iter().copied().collect();
        let successor = |story: u64| follow.get(&story).copied().unwrap_or(story);
        let ended: BTreeMap<u64, &Ended> = kept.effects.ended.iter().map(|ended| (ended.story, ended)).collect();
        let home = |story: u64| {
            if ended.contains_key(&story) {
                story
            } else {
                successor(story)
            }
        };
        let holds: BTreeMap<u64, u64> = self
            .standing
            .holds
            .iter()
            .map(|(article, story, ..)| (*article, home(*story)))
            .collect();
        let mut targets: BTreeMap<u64, u64> = BTreeMap::new();
        for Moved { article, from, to } in &kept.effects.moves {
            if self.store.story_number(*article)? == Some(*to) {
                let back = holds.get(article).copied().unwrap_or_else(|| home(*from));
                targets.insert(*article, back);
            }
        }
        // What joined a story that the correction began goes where that came from.
        for (story, from) in &kept.effects.began {
            for member in self.store.members(*story)? {
                targets.entry(member).or_insert_with(|| home(*from));
            }
        }
        // What came later goes with the articles that it was grouped with, where those all go back.
        let mut strands: BTreeMap<Community, u64> = BTreeMap::new();
        for (article, back) in &targets {
            if let Some(strand) = self.engine.strand(*article) {
                strands.entry(strand).or_insert(*back);
            }
        }
        for (strand, first) in strands {
            let members: Vec<u64> = self.engine.strand_members(strand).collect();
            let known = || members.iter().filter(|member| **member <= kept.newest);
            // Where nobody was there before, the first of those that came later shows the way.
            let back = known()
                .next()
                .map_or(Some(&first), |member| targets.get(member))
                .copied();
            let Some(back) = back else { continue };
            if known().all(|member| targets.get(member) == Some(&back)) {
                for later in members.into_iter().filter(|member| *member > kept.newest) {
                    targets.entry(later).or_insert(back);
                }
            }
        }
        targets.retain(|article, to| holds.get(article).is_none_or(|held| held == to));
        let goes_on: BTreeSet<u64> = targets.values().copied().collect();
        let revived = kept.effects.ended.iter().filter(|ended| goes_on.contains(&ended.story));
        let mut plan = Plan {
            revived: revived
                .map(|ended| Ended {
                    into: successor(ended.story),
                    ..ended.clone()
                })
                .collect(),
            ..self.relocate(&targets)?
        };
        plan.effects
            .stories
            .extend(kept.effects.stories.iter().map(|story| home(*story)));
        if let Correction::Rename { .. } | Correction::Split { title: Some(_), .. } = kept.asked {
            let began = |story: &u64| kept.effects.began.iter().any(|(began, _)| began == story);
            for story in kept
                .effects
                .stories
                .iter()
                .copied()
                .filter(|story| !began(story))
                .map(home)
            {
                // It may have gone on in a story with a name of its own.
                if self.store.headline_of(story)?.1 != Some(kept.number) {
                    continue;
                }
                let earlier = self.store.earlier_title(story, kept.number)?;
                let languages = self.store.languages_of(story)?;
                plan.title = Some((
                    story,
                    earlier.map(|(title, lang)| {
                        let lang = lang.unwrap_or_else(|| detect_among(&title, &languages));
                        (title, lang)
                    }),
                ));
            }
        }
        self.check(&plan)?;
        Ok(plan)
    }

    fn merge(&self, stories: &[String], into: Option<&str>) -> Result<Plan, CorrectionError> {
        let stories = self.stories(stories)?;
        let mut members = BTreeMap::new();
        for story in &stories {
            members.insert(*story, self.store.members(*story)?);
        }
        let rank = |story: &u64| {
            let shaped = self.engine.constraints().is_shaped(*story);
            let size = members.get(story).map_or(0, BTreeSet::len);
            (shaped, size, std::cmp::Reverse(*story))
        };
        let to = match into {
            Some(id) => {
                let to = self.story(id)?;
                if !stories.contains(&to) {
                    return Err(invalid("into", "the story that goes on must be one of `stories`"));
                }
                to
            }
            None => stories.iter().copied().max_by_key(rank).unwrap_or_default(),
        };
        self.hold(members.into_values().flatten().map(|article| (article, to)).collect())
    }

    /// A split, and the story that the selected part is.
    fn split(&self, story: &str, articles: &[String]) -> Result<(Plan, u64), CorrectionError> {
        let (id, story) = (story, self.story(story)?);
        let selected = self.articles(articles, 1)?;
        if let Some(other) = selected.values().find(|other| **other != story) {
            let why = format!("every article must be in {id}, but one of them is in s{other}; move that one instead");
            return Err(invalid("articles", why));
        }
        let members = self.store.members(story)?;
        if selected.len() == members.len() {
            let why = format!(
                "these are all articles of {id} (near-duplicates go with what they repeat); select some of them"
            );
            return Err(invalid("articles", why));
        }
        let new = self.engine.next_story();
        // The larger part keeps the id; of equals the one that was not selected.
        let select_new = selected.len() * 2 <= members.len();
        let targets = members.into_iter().map(|article| {
            (
                article,
                if selected.contains_key(&article) == select_new {
                    new
                } else {
                    story
                },
            )
        });
        let mut plan = self.hold(targets.collect())?;
        plan.effects.began.push((new, story));
        Ok((plan, if select_new { new } else { story }))
    }

    /// A title for a story, and its language.
    fn title(&self, story: u64, title: &str, lang: Option<&str>) -> Result<(String, String), CorrectionError> {
        let title = text("title", title)?;
        let lang = match lang {
            Some(lang) => language(lang)?,
            None => detect_among(title, &self.store.languages_of(story)?),
        };
        Ok((title.to_owned(), lang))
    }

    fn always(&self, articles: &[String]) -> Result<Plan, CorrectionError> {
        let articles = self.articles(articles, 2)?;
        let mut held: BTreeMap<u64, u64> = BTreeMap::new();
        for (article, story, _, correction) in &self.standing.holds {
            if articles.contains_key(article) && articles.get(article) == Some(story) {
                held.insert(*story, *correction);
            }
        }
        if let (true, Some((story, correction))) = (held.len() > 1, held.last_key_value()) {
            return Err(CorrectionError::Conflict {
                correction: *correction,
                why: format!(
                    "these articles are held in {} stories, one of them in s{story}",
                    held.len()
                ),
            });
        }
        let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
        for story in articles.values() {
            *votes.entry(*story).or_default() += 1;
        }
        // Of equals the oldest.
        let most = votes.into_iter().rev().max_by_key(|(_, votes)| *votes);
        let to = held
            .into_keys()
            .next()
            .or(most.map(|(story, _)| story))
            .unwrap_or_default();
        let mut plan = self.hold(articles.keys().map(|article| (*article, to)).collect())?;
        plan.effects.together = articles.into_keys().collect();
        Ok(plan)
    }

    fn never(&self, articles: &[String]) -> Result<Plan, CorrectionError> {
        let articles = self.articles(articles, 2)?;
        let held = |article: u64| self.engine.constraints().held(article);
        let mut stories: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (article, story) in &articles {
            stories.entry(*story).or_default().push(*article);
        }
        let mut plan = Plan::default();
        let mut new = self.engine.next_story();
        let mut targets = BTreeMap::new();
        for (story, members) in stories {
            let fixed: Vec<u64> = members
                .iter()
                .copied()
                .filter(|article| held(*article).is_some())
                .collect();
            if let [_, second, ..] = fixed.as_slice() {
                let holding = self.standing.holds.iter().rev().find(|(article, ..)| article == second);
                return Err(CorrectionError::Conflict {
                    correction: holding.map_or(0, |(.., correction)| *correction),
                    why: format!("two of these articles are held in s{story}"),
                });
            }
            // The held one stays, else the one that sits most firmly; of equals the oldest.
            let rank = |article: &u64| (held(*article).is_some(), self.engine.firmness(*article));
            let stays = members.iter().copied().rev().max_by(|a, b| {
                let (a, b) = (rank(a), rank(b));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
            });
            for member in members.into_iter().filter(|member| Some(*member) != stays) {
                plan.effects.began.push((new, story));
                targets.insert(member, new);
                new += 1;
            }
        }
        let began = std::mem::take(&mut plan.effects.began);
        let mut plan = self.relocate(&targets)?;
        plan.effects.began = began;
        plan.effects.stories.extend(articles.values());
        let articles: Vec<u64> = articles.into_keys().collect();
        plan.apart = pairs(&articles);
        Ok(plan)
    }

    /// Puts articles into stories where they stay.
    fn hold(&self, targets: BTreeMap<u64, u64>) -> Result<Plan, CorrectionError> {
        let mut plan = self.relocate(&targets)?;
        plan.effects.articles.extend(targets.keys());
        plan.effects.stories.extend(targets.values());
        plan.holds = targets;
        Ok(plan)
    }

    /// Puts articles into stories; those that are left empty end in the story that most of their articles went to.
    fn relocate(&self, targets: &BTreeMap<u64, u64>) -> Result<Plan, CorrectionError> {
        let mut plan = Plan::default();
        let mut left: BTreeMap<u64, BTreeMap<u64, usize>> = BTreeMap::new();
        for (article, to) in targets {
            let Some(from) = self.store.story_number(*article)? else {
                continue;
            };
            if from != *to {
                *left.entry(from).or_default().entry(*to).or_default() += 1;
                plan.effects.moves.push(Moved {
                    article: *article,
                    from,
                    to: *to,
                });
                plan.effects.articles.insert(*article);
                plan.effects.stories.extend([from, *to]);
            }
        }
        for (story, went) in left {
            let joined = targets.values().any(|to| *to == story);
            let leaving: usize = went.values().sum();
            if !joined && leaving == self.store.members(story)?.len() {
                let most = went.into_iter().rev().max_by_key(|(_, articles)| *articles);
                plan.effects.ended.push(Ended {
                    story,
                    into: most.map(|(to, _)| to).unwrap_or_default(),
                    followers: self.store.followers(story)?.into_iter().collect(),
                });
            }
        }
        Ok(plan)
    }

    /// Refuses a plan that breaks what another correction keeps apart or together.
    fn check(&self, plan: &Plan) -> Result<(), CorrectionError> {
        let moves: BTreeMap<u64, u64> = plan
            .effects
            .moves
            .iter()
            .map(|moved| (moved.article, moved.to))
            .collect();
        let story = |article: u64| match moves.get(&article) {
            Some(to) => Ok(Some(*to)),
            None => self.store.story_number(article),
        };
        let touches = |article: &u64| moves.contains_key(article) || plan.holds.contains_key(article);
        for (a, b, correction) in &self.standing.apart {
            if (touches(a) || touches(b)) && story(*a)? == story(*b)? {
                return Err(CorrectionError::Conflict {
                    correction: *correction,
                    why: "two articles would be in one story that are never together".to_owned(),
                });
            }
        }
        for (correction, group) in &self.standing.together {
            if group.iter().any(touches) {
                let stories: BTreeSet<Option<u64>> =
                    group.iter().map(|article| story(*article)).collect::<Result<_, _>>()?;
                if stories.len() > 1 {
                    return Err(CorrectionError::Conflict {
                        correction: *correction,
                        why: "articles would be in different stories that are always together".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Articles by their ids, with their stories; at least `least` different ones.
    fn articles(&self, ids: &[String], least: usize) -> Result<BTreeMap<u64, u64>, CorrectionError> {
        let mut articles = BTreeMap::new();
        for id in ids {
            let known = self.store.known_article(id)?;
            let known = known.ok_or_else(|| CorrectionError::NoArticle(id.clone()))?;
            let story = known.story.ok_or_else(|| CorrectionError::NotPlaced(id.clone()))?;
            articles.insert(known.number, story);
        }
        if articles.len() < least {
            let why =
                format!("name at least {least} articles; one that repeats another's text does not count beside it");
            return Err(invalid("articles", why));
        }
        if least > 1 && articles.len() > MOST_TOGETHER {
            return Err(invalid("articles", format!("name at most {MOST_TOGETHER} articles")));
        }
        Ok(articles)
    }

    /// Two stories or more by their ids.
    fn stories(&self, ids: &[String]) -> Result<BTreeSet<u64>, CorrectionError> {
        let stories: BTreeSet<u64> = ids.iter().map(|id| self.story(id)).collect::<Result<_, _>>()?;
        match stories.len() {
            0 | 1 => Err(invalid(
                "stories",
                "name at least 2 stories that have not become one already",
            )),
            2..=MOST_TOGETHER => Ok(stories),
            _ => Err(invalid("stories", format!("name at most {MOST_TOGETHER} stories"))),
        }
    }

    fn story(&self, id: &str) -> Result<u64, CorrectionError> {
        let found = self.store.known_story(id)?;
        found.ok_or_else(|| CorrectionError::NoStory(id.to_owned()))
    }
}

/// Every two of some articles.
fn pairs(articles: &[u64]) -> Vec<(u64, u64)> {
    let others = |at: usize| articles.iter().skip(at + 1);
    let numbered = articles.iter().enumerate();
    numbered.flat_map(|(at, a)| others(at).map(|b| (*a, *b))).collect()
}

/// A plan that only names what it is about.
fn about(stories: impl IntoIterator<Item = u64>) -> Plan {
    let mut plan = Plan::default();
    plan.effects.stories.extend(stories);
    plan
}

/// A text that says something, and not too much.
fn text<'a>(field: &'static str, given: &'a str) -> Result<&'a str, CorrectionError> {
    let given = given.trim();
    match given.chars().count() {
        0 => Err(invalid(field, format!("`{field}` is empty"))),
        1..=MOST_CHARACTERS => Ok(given),
        _ => Err(invalid(
            field,
            format!("`{field}` has more than {MOST_CHARACTERS} characters"),
        )),
    }
}

/// A language's code: letters, and parts behind hyphens.
fn language(given: &str) -> Result<String, CorrectionError> {
    let given = given.trim();
    let mut parts = given.split('-');
    let first = parts
        .next()
        .is_some_and(|code| (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase()));
    let rest = parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    match first && rest && given.len() <= 35 {
        true => Ok(given.to_owned()),
        false => Err(invalid(
            "lang",
            format!("`lang` must be a language's code such as ar or sr-Latn, not {given:?}"),
        )),
    }
}

fn invalid(field: &'static str, why: impl Into<String>) -> CorrectionError {
    CorrectionError::Invalid { field, why: why.into() }
}

/// Whether a later correction must be undone before an earlier one can be.
fn rests_on(later: &Kept, earlier: &Kept) -> bool {
    let (a, b) = (&later.effects, &earlier.effects);
    let made: BTreeSet<u64> = b
        .began
        .iter()
        .map(|(story, _)| *story)
        .chain(b.ended.iter().map(|ended| ended.story))
        .collect();
    match (&later.asked, &earlier.asked) {
        (Correction::Note { .. }, _) | (_, Correction::Note { .. }) => false,
        (Correction::Rename { .. }, Correction::Rename { .. }) => !a.stories.is_disjoint(&b.stories),
        _ => !a.articles.is_disjoint(&b.articles) || !a.stories.is_disjoint(&made),
    }
}
