//! The engine's memory, taken apart to be saved, and put together again so that it goes on as if it had never stopped.
//!
//! Most of it never changes once it is there: an article's vector (saved by the index), words and links ([`Record`]), a block
//! of the index at a time. What changes with every arrival is small and saved whole ([`Engine::head`]), links that were
//! judged again among it. Corrections are not
//! saved: the store has them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Article, Bag, Community, Engine, Lexicon, Means, Profile, Stories};
use crate::index::{self, IndexError, TimeIndex};
use crate::story::Settings;
use crate::story::weights::Weights;

/// Parts of a probability that it is rounded to.
const MILLION: f64 = 1e6;

/// What is kept of an article and never changes; its vector is in the index.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    article: Article,
    language: u32,
    time: Option<i64>,
    bag: Bag,
    usual: f32,
    /// Links by number, as they were judged when this was written; those to articles that come after it are in their records,
    /// too.
    links: Vec<(Article, f64)>,
}

impl Record {
    /// Whose it is.
    pub fn article(&self) -> Article {
        self.article
    }
}

/// What changes of an article, in the order of the index.
#[derive(Debug, Serialize, Deserialize)]
struct Member {
    strand: Community,
    near: Vec<f32>,
}

/// What changes with every arrival, as it is read.
#[derive(Debug, Deserialize)]
pub struct Head {
    lexicon: Lexicon,
    means: Means,
    members: Vec<Member>,
    stories: Vec<(Community, u64)>,
    newest_strand: Community,
    headlines: Vec<(u64, Article)>,
    next_story: u64,
    newest: Option<i64>,
    judged_again: Vec<Judged>,
}

/// An article of which links to older ones were judged again, with all of these links in millionths.
type Judged = (Article, Vec<(Article, u32)>);

/// The same as it is written.
#[derive(Serialize)]
struct HeadRef<'a> {
    lexicon: &'a Lexicon,
    means: &'a Means,
    members: Vec<Member>,
    stories: Vec<(Community, u64)>,
    newest_strand: Community,
    headlines: Vec<(u64, Article)>,
    next_story: u64,
    newest: Option<i64>,
    judged_again: Vec<Judged>,
}

impl Engine {
    /// Whether an article is in memory.
    pub fn contains(&self, article: Article) -> bool {
        self.graph.contains(article)
    }

    /// Blocks of the index, oldest first: number, whether it is full, articles in order of arrival.
    pub fn blocks(&self) -> impl Iterator<Item = (u64, bool, &[Article])> {
        self.index.blocks()
    }

    /// Writes the vectors into files of their own.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_index(&self, dir: &Path) -> Result<index::Saved, IndexError> {
        self.index.save_files(dir)
    }

    /// What never changes of an article in memory.
    pub fn record(&self, article: Article) -> Option<Record> {
        let profile = self.profiles.get(&article)?;
        // One that was placed late has links to higher numbers. Those to what comes later are skipped when it is put in.
        let mut links: Vec<(Article, f64)> = self.graph.neighbours(article).collect();
        links.sort_unstable_by_key(|(other, _)| *other);
        Some(Record {
            article,
            language: u32::try_from(profile.language).ok()?,
            time: profile.time,
            bag: profile.bag.clone(),
            usual: profile.usual,
            links,
        })
    }

    /// What changes with every arrival, as bytes that [`Head`] is read from.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn head(&self) -> Result<Vec<u8>, postcard::Error> {
        let member = |article: &Article| {
            Some(Member {
                strand: self.graph.community(*article)?,
                near: self.profiles.get(article)?.near.clone(),
            })
        };
        let mut headlines: Vec<(u64, Article)> = self.headlines.iter().map(|(s, a)| (*s, *a)).collect();
        headlines.sort_unstable();
        postcard::to_stdvec(&HeadRef {
            lexicon: &self.lexicon,
            means: &self.means,
            members: self
                .index
                .blocks()
                .flat_map(|(.., slots)| slots)
                .filter_map(member)
                .collect(),
            stories: self.stories.all().collect(),
            newest_strand: self.graph.newest_key(),
            headlines,
            next_story: self.next_story,
            newest: self.newest,
            judged_again: self.rejudged.iter().map(|article| self.older_links(*article)).collect(),
        })
    }

    /// An article's links to older ones, as they are now. A probability is rounded to millionths, so that nothing is lost.
    fn older_links(&self, article: Article) -> Judged {
        let links = self.graph.neighbours(article).filter(|(other, _)| *other < article);
        let links = links.map(|(other, weight)| (other, (weight * MILLION).round() as u32));
        (article, links.collect())
    }

    /// An engine from its parts: the index, the records of all its articles in the order of the index, and the head. `None`
    /// when they do not belong together.
    pub fn assemble(
        settings: &Settings,
        index_settings: &index::Settings,
        weights: Weights,
        index: TimeIndex,
        records: Vec<Record>,
        head: Head,
    ) -> Option<Self> {
        let dimension = index.dimension();
        let mut engine = Self::new(settings, index_settings, weights, dimension);
        if records.len() != head.members.len() || records.len() != index.len() {
            return None;
        }
        let slots = index.blocks().flat_map(|(.., slots)| slots);
        if !slots.eq(records.iter().map(|record| &record.article)) {
            return None;
        }
        for (record, Member { strand, near }) in records.into_iter().zip(head.members) {
            let language = record.language as usize;
            if !head.means.fits(dimension, language) {
                return None;
            }
            engine.graph.insert(record.article, &record.links, Some(strand));
            engine.times.extend(record.time);
            let profile = Profile {
                near,
                usual: record.usual,
                ..Profile::new(language, record.time, record.bag)
            };
            engine.profiles.insert(record.article, profile);
        }
        engine.times.sort_unstable();
        for (article, links) in head.judged_again {
            for (other, weight) in links {
                engine.graph.reweigh(other, article, f64::from(weight) / MILLION);
            }
            engine.rejudged.insert(article);
        }
        engine.graph.skip_keys(head.newest_strand);
        for (strand, story) in head.stories {
            engine.stories.put(strand, story);
        }
        engine.index = index;
        engine.lexicon = head.lexicon;
        engine.means = head.means;
        engine.headlines = head.headlines.into_iter().collect();
        engine.next_story = head.next_story;
        engine.newest = head.newest;
        Some(engine)
    }

    /// Takes over in which strands and stories articles are by now, as the store has it; those not in memory are left out.
    ///
    /// A strand goes from story to story with the articles of it that are in memory. What is in another story than the
    /// newest of its strand was out of memory then: it gets a strand of its own.
    pub fn reassign(&mut self, placed: impl IntoIterator<Item = (Article, Community, u64)>) {
        let placed = placed.into_iter().filter(|(article, ..)| self.contains(*article));
        let placed: Vec<(Article, Community, u64)> = placed.collect();
        // The newest leaves memory last, one without a date never.
        let age = |article: Article| {
            let time = self.profiles.get(&article).and_then(|profile| profile.time);
            (time.is_none(), time, article)
        };
        let mut newest: BTreeMap<Community, (Article, u64)> = BTreeMap::new();
        for (article, strand, story) in &placed {
            let known = newest.entry(*strand).or_insert((*article, *story));
            if age(*article) > age(known.0) {
                *known = (*article, *story);
            }
        }
        let mut behind: BTreeMap<u64, BTreeSet<Article>> = BTreeMap::new();
        for (article, strand, story) in &placed {
            if newest.get(strand).is_some_and(|(_, now)| now != story) {
                behind.entry(*story).or_default().insert(*article);
            }
        }
        self.stories = Stories::default();
        for (strand, (_, story)) in newest {
            self.stories.put(strand, story);
        }
        for (article, strand, _) in placed {
            self.graph.put(article, strand);
        }
        for (story, articles) in behind {
            self.relocate(&articles, story, &mut BTreeMap::new(), &mut BTreeSet::new());
        }
    }
}
