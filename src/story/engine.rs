//! The engine: index, lexicon, graph and stories in one place, owned by the one writer.

mod lessons;
pub mod saved;
mod views;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::index::dot::Dot;
use crate::index::{self, IndexError, TimeIndex};
use crate::story::Settings;
use crate::story::corrections::{Constraints, StrandBounds};
use crate::story::graph::{Article, Community, Graph, Rules, is_due};
use crate::story::lexicon::{Bag, Lexicon, Sparse};
use crate::story::means::{Language, Means, View};
use crate::story::signals::{COUNT, NAMES, Pair, Profile, signals};
use crate::story::strands::{self, Group, PROVISIONAL, Stories, Together};
use crate::story::terms::{self, Term};
use crate::story::weights::{Weights, logistic};

/// Members that a placement names.
const NAMED: usize = 5;
/// Members that are looked at for the key terms: the newest ones.
const TERM_MEMBERS: usize = 60;
/// Members from which the words of most of them are its own.
const LEAST_TELLING: usize = 4;
/// Members that make a group's centre: the newest ones, so that a long story is seen as it is now.
const CENTRE_MEMBERS: usize = 60;
/// Stories whose sums are kept; once there are more, ended ones among them, the next arrival drops all. A story's take some 2 kB a
/// language.
const MOST_SUMS: usize = 4096;
/// A link that is judged again keeps its probability unless that has changed by so much.
const JUDGED_AGAIN: f64 = 0.02;
/// Stories that an arrival's story may take in, or be taken into, one after the other.
const ROUNDS: usize = 5;
/// How much more central another article must be before a story changes its headline.
const HEADLINE_INERTIA: f64 = 1.25;
const DAY: f64 = 86_400.0;
/// One search of so many is repeated by comparing every vector.
const SAMPLE: u64 = 256;

/// An article on its way into a story.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its number: order of acceptance, and its slot in the index.
    pub article: Article,
    /// Language code.
    pub lang: String,
    /// Midpoint of its publication date, seconds since 1970; `None` when it is not known.
    pub time: Option<i64>,
    /// Title and body.
    pub text: String,
    /// Vector of unit length, centred by language.
    pub vector: Vec<f32>,
}

/// What came of an arrival.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The story's number.
    pub story: u64,
    /// Why.
    pub placement: Placement,
    /// New links of the similarity graph: (older article, probability), by number.
    pub links: Vec<(Article, f64)>,
    /// Older links whose probability is another one now: both articles, probability.
    pub judged_again: Vec<(Article, Article, f64)>,
    /// Articles that are in another strand than before, by number; the arrival is among them.
    pub strands: Vec<(Article, Community)>,
    /// What else changed, in the order in which it happened; the arrival's own joining is among it.
    pub changes: Vec<StoryChange>,
}

/// One change of the stories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoryChange {
    /// A story begins.
    Created {
        /// Its number.
        story: u64,
        /// The story that it was cut from, if it was.
        split_from: Option<u64>,
    },
    /// An article is in the story from now on.
    Joined {
        /// The story's number.
        story: u64,
        /// The article.
        article: Article,
        /// The story that it was in until now.
        from: Option<u64>,
    },
    /// A story that had ended goes on: the correction that ended it was undone.
    Revived {
        /// Its number.
        story: u64,
        /// The story that it had ended in.
        from: u64,
        /// Stories that had ended in it before.
        followers: Vec<u64>,
    },
    /// A story ended in another one; its articles have joined that.
    Merged {
        /// The story that ended.
        story: u64,
        /// The story that goes on.
        into: u64,
    },
}

/// What repeating searches by comparing every vector came to: `found` of `neighbours` is the index' recall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sampled {
    /// Searches repeated.
    pub searches: u64,
    /// Neighbours that comparing everything found.
    pub neighbours: u64,
    /// Those of them that the index had found.
    pub found: u64,
}

/// Why an article is in its story, for an editor to question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Placement {
    /// `nearest` (its links decided), `group` (no link was strong enough, but the story as a whole is alike), `alone`
    /// (neither) or `near_duplicate` (it follows the article whose text it repeats).
    pub decided_by: String,
    /// The members nearest to it, best first, with the part of every signal.
    pub nearest: Vec<Neighbour>,
    /// Sum of its links into its strand of the story.
    pub support: f64,
    /// The story that it would have joined otherwise.
    pub runner_up: Option<Rival>,
    /// Support minus the runner-up's, each less what the resolution asks for the story's size; what decided. 0 for an
    /// article that stands alone.
    pub margin: f64,
    /// The nearest articles that it was not linked to, best first.
    pub rejected: Vec<Neighbour>,
    /// The story that its own was compared with as a whole: the one that it became one with, else the most alike.
    #[serde(default)]
    pub second_look: Option<SecondLook>,
}

/// Two stories compared as a whole when an article arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecondLook {
    /// The other story's number; replaced by its id when it is served.
    pub story: u64,
    /// Probability that both are one story, 0 to 1.
    pub probability: f64,
    /// Whether they became one.
    pub merged: bool,
    /// What each signal added to the log-odds, by name; `articles_above_bound` where together they have more articles than
    /// `story.join_articles`.
    pub signals: BTreeMap<String, f64>,
}

/// An article compared with another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Neighbour {
    /// The other article's number; replaced by its id when it is served.
    pub article: u64,
    /// Probability that both tell of the same happening, 0 to 1.
    pub probability: f64,
    /// Cosine of the centred vectors, -1 to 1.
    pub similarity: f64,
    /// What each signal added to the log-odds, by name.
    pub signals: BTreeMap<String, f64>,
}

/// The same while it is being decided about: only the few that are named are written out.
#[derive(Debug, Clone)]
struct Compared {
    article: Article,
    probability: f64,
    similarity: f32,
    signals: [f32; COUNT],
}

/// Languages' running means.
type LanguageMeans = BTreeMap<Language, Vec<f32>>;

/// Some articles' vectors, added up by language: a group's centre but for the running means, which no arrival leaves as they
/// were. It depends on the articles alone.
#[derive(Debug)]
struct Sums {
    /// The articles, newest first.
    articles: Vec<Article>,
    /// Language, number of articles, sum of their vectors.
    languages: Vec<(Language, f32, Vec<f32>)>,
    /// First and last publication; `None` when all are undated.
    span: Option<(i64, i64)>,
}

/// Strands, and the state of each ([`Graph::state`]).
type State = Vec<(Community, u64)>;

/// Sums of stories' newest articles, by story, with the state that it was in.
type KnownSums = FxHashMap<u64, (State, Sums)>;

/// Groups of the current arrival that have been looked at, with the running means that they are seen from, and the sums that
/// earlier arrivals left.
#[derive(Default)]
struct Seen {
    means: LanguageMeans,
    groups: FxHashMap<u64, Group>,
    sums: KnownSums,
}

/// Another story that an article was close to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rival {
    /// The other story's number; replaced by its id when it is served.
    pub story: u64,
    /// Sum of the article's links into it.
    pub support: f64,
}

/// Why an arrival could not be placed.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// The index refused the vector.
    #[error("article {article} cannot be placed: {cause}")]
    Index {
        /// The article's number.
        article: Article,
        /// What the index said.
        cause: IndexError,
    },
}

/// All that is needed to place the next article. Grows with the active articles, not with the archive.
pub struct Engine {
    settings: Settings,
    /// Searches so far, for the samples.
    searches: u64,
    sampled: Sampled,
    weights: Weights,
    dimension: usize,
    dot: Dot,
    index: TimeIndex,
    lexicon: Lexicon,
    /// Its communities are the strands.
    graph: Graph,
    stories: Stories,
    constraints: Constraints,
    profiles: FxHashMap<Article, Profile>,
    /// Article that gives each story its headline.
    headlines: FxHashMap<u64, Article>,
    next_story: u64,
    newest: Option<i64>,
    /// Publication times of the articles in memory, sorted.
    times: Vec<i64>,
    means: Means,
    /// To be used where a story's strands are still the same.
    sums: KnownSums,
    /// Neighbours of arrivals that were announced ([`Engine::look_ahead`]).
    ahead: FxHashMap<Article, index::Ahead>,
    /// Articles with a link to an older one that is not as it was when they came.
    rejudged: BTreeSet<Article>,
    /// Articles that were taken out of memory since somebody asked.
    forgotten: Vec<Article>,
}

impl Engine {
    /// An engine without articles; `dimension` is that of the vectors.
    pub fn new(settings: &Settings, index: &index::Settings, weights: Weights, dimension: usize) -> Self {
        Self {
            settings: settings.clone(),
            searches: 0,
            sampled: Sampled::default(),
            weights,
            dimension,
            dot: Dot::new(),
            index: TimeIndex::new(dimension, index),
            lexicon: Lexicon::new(),
            graph: Graph::default(),
            stories: Stories::default(),
            constraints: Constraints::default(),
            profiles: FxHashMap::default(),
            headlines: FxHashMap::default(),
            next_story: 1,
            newest: None,
            times: Vec::new(),
            means: Means::new(dimension),
            sums: FxHashMap::default(),
            ahead: FxHashMap::default(),
            rejudged: BTreeSet::new(),
            forgotten: Vec::new(),
        }
    }

    /// Articles in memory.
    pub fn len(&self) -> usize {
        self.graph.len()
    }

    /// Whether no article is in memory.
    pub fn is_empty(&self) -> bool {
        self.graph.is_empty()
    }

    /// The latest publication seen, seconds since 1970.
    pub fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// The story of an article in memory.
    pub fn story_of(&self, article: Article) -> Option<u64> {
        self.stories.of(self.graph.community(article)?)
    }

    /// Articles in memory that are in a story.
    fn size(&self, story: u64) -> usize {
        let strands = self.stories.strands(story);
        strands.map(|strand| self.graph.size(strand)).sum()
    }

    /// How many articles a story has in memory, which strands, and what state each is in.
    fn state(&self, story: u64) -> (usize, State) {
        let mut articles = 0;
        let strands = self.stories.strands(story).map(|strand| {
            let (size, state) = self.graph.state(strand);
            articles += size;
            (strand, state)
        });
        let strands = strands.collect();
        (articles, strands)
    }

    /// The newest articles of some strands, newest first, by number.
    fn newest_of(&self, strands: impl Iterator<Item = Community>, most: usize) -> Vec<Article> {
        let mut ways: Vec<_> = strands.map(|strand| self.graph.members(strand).rev()).collect();
        let heads = ways.iter_mut().enumerate();
        let mut heads: BinaryHeap<(Article, usize)> = heads.filter_map(|(at, way)| Some((way.next()?, at))).collect();
        let mut members = Vec::new();
        while members.len() < most
            && let Some((member, at)) = heads.pop()
        {
            members.push(member);
            let next = ways.get_mut(at).and_then(Iterator::next);
            heads.extend(next.map(|next| (next, at)));
        }
        members
    }

    /// Takes back an article from the store, with its links, its strand and its story as they were. Articles must come in
    /// the order of their numbers, and what came after the last one continues as if nothing had happened: it meets its
    /// neighbours again, for what is near and usual is not stored.
    ///
    /// # Errors
    /// When the index refuses the vector.
    pub fn restore(
        &mut self,
        arrival: Arrival,
        links: &[(Article, f64)],
        strand: Community,
        story: u64,
    ) -> Result<(), StoryError> {
        let article = arrival.article;
        self.take_in(arrival)?;
        self.graph.insert(article, links, Some(strand));
        self.stories.put(strand, story);
        self.next_story = self.next_story.max(story + 1);
        self.forget();
        Ok(())
    }

    /// Says which numbers and headlines stories already have, after [`Engine::restore`].
    pub fn restore_stories(&mut self, next_story: u64, headlines: impl Iterator<Item = (u64, Article)>) {
        self.next_story = self.next_story.max(next_story);
        self.headlines.extend(headlines);
    }

    /// Looks for the neighbours of articles that are about to arrive, all at once, on every core. Placing them then takes less time
    /// and comes to the same: announcing nothing, or what never arrives, changes no decision.
    pub fn look_ahead<'a>(&mut self, arrivals: impl IntoIterator<Item = &'a Arrival>) {
        let arrivals: Vec<&Arrival> = arrivals.into_iter().collect();
        let wanted: Vec<index::Wanted<'_>> = arrivals
            .iter()
            .map(|arrival| (arrival.vector.as_slice(), self.window(arrival.time)))
            .collect();
        let found = self.index.search_ahead(&wanted, self.settings.candidates);
        let found = arrivals.iter().map(|arrival| arrival.article).zip(found);
        self.ahead = found.filter_map(|(article, ahead)| Some((article, ahead?))).collect();
    }

    /// Places an article, and improves the stories around it.
    ///
    /// # Errors
    /// When the index refuses the vector; nothing has changed then.
    pub fn place(&mut self, arrival: Arrival) -> Result<Decision, StoryError> {
        let article = arrival.article;
        let pairs = self.take_in(arrival)?;
        let compared = self.compare(article, &pairs);
        Ok(self.decide(article, compared))
    }

    /// Decides about an article whose pairs [`Engine::pairs`] found before, with its names ([`Engine::names`]), in an
    /// engine that was given the same articles in the same order: for training, where reading texts and looking for
    /// neighbours would be most of the work. Its text is not read, so that stories have no key terms.
    ///
    /// # Errors
    /// When the index refuses the vector.
    pub fn place_known(
        &mut self,
        arrival: &Arrival,
        names: &Sparse,
        pairs: &[(Article, [f32; COUNT])],
    ) -> Result<Decision, StoryError> {
        let bag = Bag {
            names: names.clone(),
            ..Bag::default()
        };
        self.keep(arrival, bag)?;
        // The first signal is the cosine about the running means.
        self.note(
            arrival.article,
            pairs.iter().map(|(other, signals)| (*other, signals[0])),
        );
        let compared = pairs.iter().map(|(other, signals)| Compared {
            article: *other,
            probability: rounded(self.weights.pairs.probability(signals)),
            similarity: 0.0,
            signals: *signals,
        });
        let compared = sorted(compared.collect());
        Ok(self.decide(arrival.article, compared))
    }

    /// The names of an article, with their weights; none when it is not in memory.
    pub fn names(&self, article: Article) -> Sparse {
        let profile = self.profiles.get(&article);
        profile.map(|profile| profile.bag.names.clone()).unwrap_or_default()
    }

    /// Links an article that was taken in to what it was compared with, and improves the stories around it.
    fn decide(&mut self, article: Article, compared: Vec<Compared>) -> Decision {
        let mut links: Vec<(Article, f64)> = compared
            .iter()
            .filter(|pair| pair.probability >= self.settings.link)
            .map(|pair| (pair.article, pair.probability))
            .collect();
        links.sort_unstable_by_key(|(other, _)| *other);
        self.graph.insert(article, &links, None);
        let is_late = self.is_late(article, &links);
        let judged_again = self.judge_again(article, is_late);
        let rules = Rules {
            resolution: self.settings.resolution,
            inertia: self.settings.inertia,
            budget: self.settings.budget,
            anew: is_late,
        };
        let bounds = StrandBounds {
            constraints: &self.constraints,
            stories: &self.stories,
        };
        let moved = self.graph.improve(article, &rules, &bounds);
        let mut before: BTreeMap<Article, Option<u64>> = moved
            .iter()
            .map(|(member, strand)| (*member, self.stories.of(*strand)))
            .collect();
        before.insert(article, None);
        let mut stranded: BTreeSet<Article> = before.keys().copied().collect();
        self.sort_strands(article, &moved, is_late, &mut before);
        self.keep_apart(&mut before, &mut stranded);
        let second_look = self
            .look_again(article, &compared, &mut before)
            .filter(|look| look.story < PROVISIONAL);
        let changes = self.settle(&before);
        let story = self.story_of(article).unwrap_or_default();
        let placement = self.placement(article, story, compared, second_look);
        let strands = self.strands_of(&stranded);
        self.forget();
        Decision {
            story,
            placement,
            links,
            judged_again,
            strands,
            changes,
        }
    }

    /// Judges links anew within the strands that an article is linked to, where they are due to be grouped anew: with what has
    /// come since, running means and what is near and usual around either side are known better than when the later of
    /// the two came. Answers with the links that changed, the article that came first in front.
    fn judge_again(&mut self, article: Article, is_late: bool) -> Vec<(Article, Article, f64)> {
        let strands: BTreeSet<Community> = self
            .graph
            .neighbours(article)
            .filter_map(|(other, _)| self.graph.community(other))
            .filter(|strand| is_late || is_due(self.graph.size(*strand) + 1))
            .collect();
        let mut changed = Vec::new();
        for strand in strands {
            for member in self.graph.members(strand) {
                let earlier = self.graph.neighbours(member);
                let earlier: BTreeMap<Article, f64> = earlier
                    .filter(|(other, _)| *other < member && self.graph.community(*other) == Some(strand))
                    .collect();
                let again = self.judge(member, earlier.keys().copied());
                let moved = again.into_iter().filter(|pair| {
                    let known = earlier.get(&pair.article).copied().unwrap_or_default();
                    (pair.probability - known).abs() >= JUDGED_AGAIN
                });
                changed.extend(moved.map(|pair| (pair.article, member, pair.probability)));
            }
        }
        for (a, b, probability) in &changed {
            self.graph.reweigh(*a, *b, *probability);
            self.rejudged.insert(*b);
        }
        changed
    }

    /// Compares an article with others in memory, as seen now.
    fn judge(&self, article: Article, others: impl Iterator<Item = Article>) -> Vec<Compared> {
        let (Some(own), Some(vector)) = (self.profiles.get(&article), self.index.vector(article)) else {
            return Vec::new();
        };
        let known = others.filter_map(|other| Some((other, self.profiles.get(&other)?, self.index.vector(other)?)));
        let known: Vec<(Article, &Profile, &[f32])> = known.collect();
        let languages: BTreeSet<Language> = known.iter().map(|(_, profile, _)| profile.language).collect();
        let view = self.means.view(vector, own.language, &languages);
        let crowd_at = |time| self.window(time).map(|window| self.crowd(window));
        // Mostly `article` is the later one.
        let here = crowd_at(own.time);
        let compared = known.into_iter().filter_map(|(slot, other, there)| {
            let crowd = if other.time > own.time {
                crowd_at(other.time)
            } else {
                here
            };
            let similarity = self.dot.of(vector, there);
            let pair = self.seen(&view, own, &index::Hit { slot, similarity }, crowd)?;
            Some(self.judged(own, slot, other, pair))
        });
        compared.collect()
    }

    /// The strands of some articles.
    fn strands_of(&self, articles: &BTreeSet<Article>) -> Vec<(Article, Community)> {
        let strand = |article: &Article| Some((*article, self.graph.community(*article)?));
        articles.iter().filter_map(strand).collect()
    }

    /// The number that the next story gets.
    pub fn next_story(&self) -> u64 {
        self.next_story
    }

    /// The strand of an article in memory.
    pub fn strand(&self, article: Article) -> Option<Community> {
        self.graph.community(article)
    }

    /// The articles in memory that are in a strand, by number.
    pub fn strand_members(&self, strand: Community) -> impl Iterator<Item = Article> + '_ {
        self.graph.members(strand)
    }

    /// Takes over what the corrections ask from now on, without moving anything: after [`Engine::restore`].
    pub fn restrain(&mut self, constraints: Constraints) {
        self.constraints = constraints;
    }

    /// Takes over what the corrections ask from now on, and puts articles into the stories that an editor chose; those not
    /// in memory are left to the store. Answers with the articles that are in another strand than before.
    pub fn correct(&mut self, constraints: Constraints, moves: &BTreeMap<Article, u64>) -> Vec<(Article, Community)> {
        self.constraints = constraints;
        let mut targets: BTreeMap<u64, BTreeSet<Article>> = BTreeMap::new();
        for (article, story) in moves {
            self.next_story = self.next_story.max(story + 1);
            targets.entry(*story).or_default().insert(*article);
        }
        let (mut before, mut stranded) = (BTreeMap::new(), BTreeSet::new());
        for (story, articles) in targets {
            self.relocate(&articles, story, &mut before, &mut stranded);
        }
        let stories = &self.stories;
        self.headlines
            .retain(|story, _| stories.strands(*story).next().is_some());
        self.strands_of(&stranded)
    }

    /// What the corrections ask.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// How firmly an article sits in its story: the sum of its links to the other members, 0 when it is not in memory.
    pub fn firmness(&self, article: Article) -> f64 {
        let own = self.story_of(article);
        let inside = |other: &Article| own.is_some() && self.story_of(*other) == own;
        let links = self.graph.neighbours(article);
        links.filter(|(other, _)| inside(other)).map(|(_, weight)| weight).sum()
    }

    /// Puts articles into a story: whole strands as they are, parts of one as strands of their own.
    fn relocate(
        &mut self,
        articles: &BTreeSet<Article>,
        story: u64,
        before: &mut BTreeMap<Article, Option<u64>>,
        stranded: &mut BTreeSet<Article>,
    ) {
        let touched: BTreeSet<Community> = articles
            .iter()
            .filter(|article| self.story_of(**article) != Some(story))
            .filter_map(|article| self.graph.community(*article))
            .collect();
        for strand in touched {
            let from = self.stories.of(strand);
            if self.graph.members(strand).all(|member| articles.contains(&member)) {
                self.shift(strand, story, before);
                continue;
            }
            for (member, _) in self.graph.part(strand, articles) {
                before.entry(member).or_insert(from);
                stranded.insert(member);
                if let Some(part) = self.graph.community(member)
                    && let Some(home) = if articles.contains(&member) { Some(story) } else { from }
                {
                    self.stories.put(part, home);
                }
            }
        }
    }

    /// Parts those that an editor wants apart, where other articles' moves brought them into one story: the one that
    /// moved begins a story, unless it is held; then the other does.
    fn keep_apart(&mut self, before: &mut BTreeMap<Article, Option<u64>>, stranded: &mut BTreeSet<Article>) {
        if self.constraints.is_empty() {
            return;
        }
        let moved: Vec<Article> = before.keys().copied().collect();
        for article in moved {
            let others: Vec<Article> = self.constraints.apart(article).collect();
            for other in others {
                let story = self.story_of(article);
                if story.is_some() && story == self.whereabouts(other) {
                    let leaving = match self.constraints.held(article) {
                        None => article,
                        Some(_) if self.story_of(other).is_some() => other,
                        // Held where the other one was left: corrections that contradict each other are refused, so never.
                        Some(_) => continue,
                    };
                    let own = self.stories.provisional();
                    self.relocate(&BTreeSet::from([leaving]), own, before, stranded);
                }
            }
        }
    }

    /// The story that one of a strand's articles is held in.
    fn held_in(&self, strand: Community) -> Option<u64> {
        if self.constraints.is_empty() {
            return None;
        }
        self.graph
            .members(strand)
            .find_map(|member| self.constraints.held(member))
    }

    /// Whether the corrections let two stories become one.
    fn may_unite(&self, a: u64, b: u64) -> bool {
        let asked = &self.constraints;
        if asked.is_shaped(a) && asked.is_shaped(b) {
            return false;
        }
        if !asked.keeps_apart() {
            return true;
        }
        let (fewer, more) = if self.size(a) < self.size(b) { (a, b) } else { (b, a) };
        let strands = self.stories.strands(fewer);
        let members = strands.flat_map(|strand| self.graph.members(strand));
        !self.is_one_kept_from(members.chain(self.away_in(fewer)), more)
    }

    /// Articles of a story that are kept apart from others and are not in memory, by number.
    fn away_in(&self, story: u64) -> impl Iterator<Item = Article> + '_ {
        let away = self.constraints.away_in(story);
        away.filter(|article| self.strand(*article).is_none())
    }

    /// Whether one of some articles is kept apart from one that is in a story.
    fn is_one_kept_from(&self, mut articles: impl Iterator<Item = Article>, story: u64) -> bool {
        let is_there = |other| self.whereabouts(other) == Some(story);
        articles.any(|article| self.constraints.apart(article).any(is_there))
    }

    /// The story of an article that is kept apart from others, in memory or not.
    fn whereabouts(&self, article: Article) -> Option<u64> {
        match self.graph.community(article) {
            Some(strand) => self.stories.of(strand),
            None => self.constraints.away(article),
        }
    }

    /// Takes over where articles are that corrections keep apart from others; those in memory are known better.
    pub fn know_of(&mut self, stories: impl IntoIterator<Item = (Article, u64)>) {
        for (article, story) in stories {
            self.constraints.put_away(article, story);
        }
    }

    /// The pairs that [`Engine::place`] would compare, with their signals: for training.
    ///
    /// # Errors
    /// When the index refuses the vector.
    pub fn pairs(&mut self, arrival: Arrival) -> Result<Vec<(Article, [f32; COUNT])>, StoryError> {
        let article = arrival.article;
        let pairs = self.take_in(arrival)?;
        self.graph.insert(article, &[], None);
        let Some(own) = self.profiles.get(&article) else {
            return Ok(Vec::new());
        };
        Ok(pairs
            .into_iter()
            .filter_map(|(other, pair)| Some((other, signals(own, self.profiles.get(&other)?, pair))))
            .collect())
    }

    /// What the score says of any two articles in memory, as seen now: `article` in the answer is `b`.
    pub fn pair(&self, a: Article, b: Article) -> Option<Neighbour> {
        let compared = self.judge(a, std::iter::once(b));
        compared.first().map(|pair| self.shown(pair))
    }

    /// The article that stands for a story: its most central one; an established headline yields only to a clearly more
    /// central article.
    pub fn headline(&mut self, story: u64) -> Option<Article> {
        let members = self
            .stories
            .strands(story)
            .flat_map(|strand| self.graph.members(strand));
        // Of equals the oldest.
        let (best, most) = members
            .map(|member| (member, self.graph.strength(member)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        let chosen = match self.headlines.get(&story) {
            Some(now) if self.story_of(*now) == Some(story) && self.graph.strength(*now) * HEADLINE_INERTIA >= most => {
                *now
            }
            _ => best,
        };
        self.headlines.insert(story, chosen);
        Some(chosen)
    }

    /// Key terms of a story: the words that weigh most over its newest members, best first, some of each language, in each
    /// member's own spelling.
    pub fn terms(&self, story: u64) -> Vec<Term> {
        let members = self.newest_of(self.stories.strands(story), TERM_MEMBERS);
        let mut sums: BTreeMap<u32, (f32, usize)> = BTreeMap::new();
        for member in &members {
            let Some(profile) = self.profiles.get(member) else {
                continue;
            };
            for (term, weight) in &profile.bag.words {
                let sum = sums.entry(*term).or_default();
                sum.0 += weight;
                sum.1 += 1;
            }
        }
        let few = if members.len() > 2 { 2 } else { 1 };
        // A word of the list tells something where most of a story has it: "fire".
        let is_telling = |term, texts: usize| {
            !self.lexicon.is_function_word(term) || members.len() >= LEAST_TELLING && texts * 2 > members.len()
        };
        let mut words: Vec<(u32, f32)> = sums
            .into_iter()
            .filter(|(term, (_, texts))| *texts >= few && !self.lexicon.is_common(*term) && is_telling(*term, *texts))
            .map(|(term, (sum, _))| (term, sum))
            .collect();
        words.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut of: BTreeMap<&str, usize> = BTreeMap::new();
        words
            .into_iter()
            .filter_map(|(term, _)| Some((self.lexicon.word(term)?, self.lexicon.language(term)?)))
            .filter(|(word, _)| word.chars().count() > 2)
            .filter(|(_, lang)| {
                let known = of.entry(lang).or_default();
                *known += 1;
                *known <= terms::MOST
            })
            .map(|(word, lang)| Term {
                word: word.to_owned(),
                lang: lang.to_owned(),
            })
            .collect()
    }

    /// Finds what an arrival is to be compared with, takes the arrival into memory and lets both sides meet.
    fn take_in(&mut self, arrival: Arrival) -> Result<Vec<(Article, Pair)>, StoryError> {
        let article = arrival.article;
        let window = self.window(arrival.time);
        let candidates = self.candidates(&arrival, window)?;
        self.sample(&arrival, window, &candidates)?;
        let crowd = window.map(|window| self.crowd(window));
        self.keep(&arrival, Bag::default())?;
        let bag = self.lexicon.learn(&arrival.text, &arrival.lang);
        if let Some(profile) = self.profiles.get_mut(&article) {
            profile.bag = bag;
        }
        Ok(self.meet(article, &candidates, crowd))
    }

    /// Nearest articles in the window around the arrival's date, best first; all times for an undated one.
    fn candidates(&mut self, arrival: &Arrival, window: Option<(i64, i64)>) -> Result<Vec<index::Hit>, StoryError> {
        let (vector, most) = (&arrival.vector, self.settings.candidates);
        let ahead = self.ahead.remove(&arrival.article);
        if let Some(found) = ahead.and_then(|ahead| self.index.search_from(&ahead, vector, most, window)) {
            return Ok(found);
        }
        self.index
            .search(vector, most, window)
            .map_err(|cause| StoryError::Index {
                article: arrival.article,
                cause,
            })
    }

    /// Repeats some searches by comparing every vector, to know what the index misses.
    fn sample(
        &mut self,
        arrival: &Arrival,
        window: Option<(i64, i64)>,
        found: &[index::Hit],
    ) -> Result<(), StoryError> {
        self.searches += 1;
        if !self.searches.is_multiple_of(SAMPLE) {
            return Ok(());
        }
        let all = self
            .index
            .search_exactly(&arrival.vector, self.settings.candidates, window)
            .map_err(|cause| StoryError::Index {
                article: arrival.article,
                cause,
            })?;
        let hit = |one: &&index::Hit| found.iter().any(|hit| hit.slot == one.slot);
        self.sampled.searches += 1;
        self.sampled.neighbours += all.len() as u64;
        self.sampled.found += all.iter().filter(hit).count() as u64;
        Ok(())
    }

    /// What the samples of the index came to since this was asked last.
    pub fn take_sampled(&mut self) -> Sampled {
        std::mem::take(&mut self.sampled)
    }

    /// Vectors in memory, and bytes of the index.
    pub fn index_size(&self) -> (usize, usize) {
        (self.index.len(), self.index.bytes())
    }

    /// From when to when an article's neighbours are looked for: as far as the last `window_articles` reach, but never less
    /// than `window_least_days` nor more than `window_days`.
    fn window(&self, time: Option<i64>) -> Option<(i64, i64)> {
        let time = time?;
        let seconds = |days: f64| (days * DAY) as i64;
        let at = self.times.partition_point(|known| *known <= time);
        let reached = match at.checked_sub(self.settings.window_articles) {
            Some(first) => self.times.get(first).map_or(i64::MAX, |first| time - first),
            None => i64::MAX,
        };
        let span = reached
            .min(seconds(self.settings.window_days))
            .max(seconds(self.settings.window_least_days));
        Some((time - span, time + span))
    }

    /// Dated articles in a window.
    fn crowd(&self, (from, to): (i64, i64)) -> usize {
        let first = self.times.partition_point(|known| *known < from);
        self.times.partition_point(|known| *known <= to) - first
    }

    /// Takes an arrival into memory, with the words and names of its text.
    fn keep(&mut self, arrival: &Arrival, bag: Bag) -> Result<(), StoryError> {
        let article = arrival.article;
        self.index
            .insert(article, &arrival.vector, arrival.time)
            .map_err(|cause| StoryError::Index { article, cause })?;
        self.newest = self.newest.max(arrival.time);
        if let Some(time) = arrival.time {
            let at = self.times.partition_point(|known| *known <= time);
            self.times.insert(at, time);
        }
        let language = self.means.learn(&arrival.vector, &arrival.lang);
        self.profiles.insert(article, Profile::new(language, arrival.time, bag));
        Ok(())
    }

    /// Articles in memory that were published between two others; `None` when one of them is undated.
    fn between(&self, a: &Profile, b: &Profile) -> Option<usize> {
        let (x, y) = (a.time?, b.time?);
        let before = |time: i64| self.times.partition_point(|known| *known < time);
        Some(before(x.max(y)).saturating_sub(before(x.min(y))))
    }

    /// Looks at the arrival's candidates about the running means; both sides take note of each other.
    fn meet(&mut self, article: Article, candidates: &[index::Hit], crowd: Option<usize>) -> Vec<(Article, Pair)> {
        let (Some(own), Some(vector)) = (self.profiles.get(&article), self.index.vector(article)) else {
            return Vec::new();
        };
        let languages: BTreeSet<Language> = candidates
            .iter()
            .filter_map(|hit| Some(self.profiles.get(&hit.slot)?.language))
            .collect();
        let view = self.means.view(vector, own.language, &languages);
        let pairs: Vec<(Article, Pair)> = candidates
            .iter()
            .filter_map(|hit| Some((hit.slot, self.seen(&view, own, hit, crowd)?)))
            .collect();
        self.note(article, pairs.iter().map(|(other, pair)| (*other, pair.meaning)));
        pairs
    }

    /// Both sides take note of their cosines.
    fn note(&mut self, article: Article, met: impl Iterator<Item = (Article, f32)>) {
        let met: Vec<(Article, f32)> = met.collect();
        let mut cosines: Vec<f32> = met.iter().map(|(_, cosine)| *cosine).collect();
        cosines.sort_unstable_by(|a, b| b.total_cmp(a));
        let far = cosines.get(cosines.len() / 2..).unwrap_or_default();
        let usual = far.iter().sum::<f32>() / far.len().max(1) as f32;
        for (other, cosine) in met {
            if let Some(profile) = self.profiles.get_mut(&other) {
                profile.meet(cosine);
            }
        }
        if let Some(profile) = self.profiles.get_mut(&article) {
            profile.usual = usual;
            cosines.iter().for_each(|cosine| profile.meet(*cosine));
        }
    }

    /// What is known of a pair beside the two profiles; `crowd` counts the articles to choose from in the window.
    fn seen(&self, view: &View, own: &Profile, hit: &index::Hit, crowd: Option<usize>) -> Option<Pair> {
        let other = self.profiles.get(&hit.slot)?;
        let between = self.between(own, other);
        Some(Pair {
            similarity: hit.similarity,
            meaning: view.cosine(self.index.vector(hit.slot)?, other.language, hit.similarity),
            between,
            // An undated article may be from any time: it is chosen among all.
            crowd: between.and(crowd).unwrap_or(self.profiles.len()),
        })
    }

    fn compare(&self, article: Article, pairs: &[(Article, Pair)]) -> Vec<Compared> {
        let Some(own) = self.profiles.get(&article) else {
            return Vec::new();
        };
        let compared = pairs.iter().filter_map(|(number, pair)| {
            let other = self.profiles.get(number)?;
            Some(self.judged(own, *number, other, *pair))
        });
        sorted(compared.collect())
    }

    /// A pair's probability, and what it comes from.
    fn judged(&self, own: &Profile, article: Article, other: &Profile, pair: Pair) -> Compared {
        let signals = signals(own, other, pair);
        Compared {
            article,
            probability: rounded(self.weights.pairs.probability(&signals)),
            similarity: pair.similarity,
            signals,
        }
    }

    /// A compared pair for an editor, with the part of every signal.
    fn shown(&self, pair: &Compared) -> Neighbour {
        Neighbour {
            article: pair.article,
            probability: pair.probability,
            similarity: rounded(f64::from(pair.similarity)),
            signals: parts(&NAMES, self.weights.pairs.contributions(&pair.signals)),
        }
    }

    /// Gives the strands that the arrival made or changed their stories: a new one stays where most of its articles were,
    /// a lone arrival begins one; then each that no longer fits the rest of its story leaves it.
    fn sort_strands(
        &mut self,
        article: Article,
        moved: &BTreeMap<Article, Community>,
        is_late: bool,
        before: &mut BTreeMap<Article, Option<u64>>,
    ) {
        for strand in moved.values().filter(|strand| self.graph.size(**strand) == 0) {
            self.stories.remove(*strand);
        }
        let touched: BTreeSet<Community> = moved
            .keys()
            .chain([&article])
            .filter_map(|member| self.graph.community(*member))
            .collect();
        for strand in touched {
            if let Some(story) = self.held_in(strand) {
                if self.stories.of(strand) != Some(story) {
                    self.shift(strand, story, before);
                }
                continue;
            }
            let is_new = self.stories.of(strand).is_none();
            if is_new {
                let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
                for member in self.graph.members(strand) {
                    if let Some(story) = before.get(&member).copied().flatten() {
                        *votes.entry(story).or_default() += 1;
                    }
                }
                let most = votes.into_iter().rev().max_by_key(|(_, votes)| *votes);
                let story = most.map_or_else(|| self.stories.provisional(), |(story, _)| story);
                self.stories.put(strand, story);
            }
            // What held a new strand to its story were links, and they gave way: nobody looked at the two as wholes yet.
            let least = if is_new {
                self.settings.part_new
            } else {
                self.settings.part
            };
            self.part_stranger(strand, least, before);
        }
        let own = self.story_of(article).filter(|_| is_late);
        let strands: Vec<Community> = own.into_iter().flat_map(|story| self.stories.strands(story)).collect();
        for strand in strands {
            if self.held_in(strand).is_none() {
                self.part_stranger(strand, self.settings.part_new, before);
            }
        }
    }

    /// A strand that does not fit the rest of its story leaves it.
    fn part_stranger(&mut self, strand: Community, least: f64, before: &mut BTreeMap<Article, Option<u64>>) {
        if self.is_stranger(strand, least) {
            let story = self.stories.provisional();
            self.shift(strand, story, before);
        }
    }

    /// Whether an article comes after others of its matter that were published later.
    fn is_late(&self, article: Article, links: &[(Article, f64)]) -> bool {
        let time = |article: Article| self.profiles.get(&article).and_then(|profile| profile.time);
        let own = time(article);
        own.is_some() && links.iter().any(|(other, _)| time(*other) > own)
    }

    /// Whether a strand does not fit the rest of its story: both are one with a probability below `least`.
    fn is_stranger(&self, strand: Community, least: f64) -> bool {
        let Some(story) = self.stories.of(strand) else {
            return false;
        };
        let rest: Vec<Community> = self.stories.strands(story).filter(|other| *other != strand).collect();
        if rest.is_empty() {
            return false;
        }
        let mut means = BTreeMap::new();
        let (own, rest) = (self.group(&[strand], &mut means), self.group(&rest, &mut means));
        let likeness = self.dot.of(&own.centre, &rest.centre);
        let signals = self.in_common(&own, &rest, likeness, 0.0);
        self.weights.groups.probability(&signals) < least
    }

    /// Compares the arrival's story as a whole with the stories of the articles near to it, and makes the most alike one
    /// with it, as long as that is probable enough.
    fn look_again(
        &mut self,
        article: Article,
        compared: &[Compared],
        before: &mut BTreeMap<Article, Option<u64>>,
    ) -> Option<SecondLook> {
        let mut known = Seen {
            sums: std::mem::take(&mut self.sums),
            ..Seen::default()
        };
        if known.sums.len() > MOST_SUMS {
            known.sums.clear();
        }
        let mut last: Option<SecondLook> = None;
        for _ in 0..ROUNDS {
            let Some(own) = self.story_of(article) else { break };
            let Some(look) = self.most_alike(own, compared, &mut known) else {
                break;
            };
            if look.probability < self.settings.join {
                last = last.or(Some(look));
                break;
            }
            let other = look.story;
            // The one that an editor shaped goes on, else the larger one; of equals the older, which has the lower number.
            let rank = |story| {
                (
                    self.constraints.is_shaped(story),
                    self.size(story),
                    std::cmp::Reverse(story),
                )
            };
            let (from, to) = if rank(other) > rank(own) {
                (own, other)
            } else {
                (other, own)
            };
            let leaving: Vec<Community> = self.stories.strands(from).collect();
            for strand in leaving {
                self.shift(strand, to, before);
            }
            known.groups.remove(&from);
            known.groups.remove(&to);
            known.sums.remove(&from);
            last = Some(SecondLook { merged: true, ..look });
        }
        self.sums = known.sums;
        last
    }

    /// The story that is most probably one with `own`, among those of the articles that the arrival was compared with.
    /// `known` keeps the groups for the next call.
    fn most_alike(&self, own: u64, compared: &[Compared], known: &mut Seen) -> Option<SecondLook> {
        let mut seen = FxHashSet::from_iter([own]);
        let own_state = self.state(own);
        let others = compared.iter().filter_map(|pair| self.story_of(pair.article));
        let others = others.filter(|story| seen.insert(*story));
        let others: Vec<(u64, (usize, State))> = others
            .map(|story| (story, self.state(story)))
            .filter(|(story, _)| self.may_unite(own, *story))
            .collect();
        if others.is_empty() {
            return None;
        }
        let stories: Vec<u64> = others.iter().map(|(story, _)| *story).collect();
        for (story, (articles, state)) in others.into_iter().chain([(own, own_state)]) {
            if known.groups.contains_key(&story) {
                continue;
            }
            let sums = match known.sums.entry(story) {
                Entry::Occupied(kept) if kept.get().0 == state => kept.into_mut(),
                outdated => {
                    let newest = self.newest_of(self.stories.strands(story), CENTRE_MEMBERS);
                    outdated.insert_entry((state, self.sums_of(newest))).into_mut()
                }
            };
            let group = self.centred(&sums.1, articles, &mut known.means);
            known.groups.insert(story, group);
        }
        let here = known.groups.get(&own)?;
        let groups: Vec<(u64, &Group, f32)> = stories
            .into_iter()
            .filter_map(|story| {
                let there = known.groups.get(&story)?;
                Some((story, there, self.dot.of(&here.centre, &there.centre)))
            })
            .collect();
        let mut around: Vec<f32> = groups.iter().map(|(_, _, likeness)| *likeness).collect();
        let usual = usual_likeness(&mut around);
        let function = &self.weights.groups;
        let looks = groups.iter().map(|(story, there, likeness)| {
            let signals = self.in_common(here, there, *likeness, usual);
            let above = self.above_bound(here.articles + there.articles);
            let probability = logistic(function.odds(&signals) + above);
            (*story, rounded(probability), signals, above)
        });
        // The first of equals: its article is the nearest.
        let (story, probability, signals, above) =
            looks.reduce(|best, look| if look.1 > best.1 { look } else { best })?;
        Some(SecondLook {
            story,
            probability,
            merged: false,
            signals: parts(
                &[&strands::NAMES[..], &["articles_above_bound"]].concat(),
                function.contributions(&signals).chain((above < 0.0).then_some(above)),
            ),
        })
    }

    /// What it adds to the log-odds of two stories that together they have so many articles: nothing within the bound, less than
    /// nothing above it, since what goes on for thousands of articles is mostly a topic.
    fn above_bound(&self, articles: usize) -> f64 {
        let times = articles as f64 / self.settings.join_articles.max(1) as f64;
        if times > 1.0 {
            -self.settings.join_steepness * times.ln()
        } else {
            0.0
        }
    }

    /// Some strands as one; `means` keeps the languages' running means for the next call.
    fn group(&self, strands: &[Community], means: &mut LanguageMeans) -> Group {
        let articles = strands.iter().map(|strand| self.graph.size(*strand)).sum();
        let newest = self.newest_of(strands.iter().copied(), CENTRE_MEMBERS);
        self.group_of(newest, articles, means)
    }

    /// Some articles, newest first, as one that has `articles` in all.
    fn group_of(&self, newest: Vec<Article>, articles: usize, means: &mut LanguageMeans) -> Group {
        self.centred(&self.sums_of(newest), articles, means)
    }

    /// Adds up the vectors of some articles.
    fn sums_of(&self, articles: Vec<Article>) -> Sums {
        let mut languages: Vec<(Language, f32, Vec<f32>)> = Vec::new();
        let mut span: Option<(i64, i64)> = None;
        for article in &articles {
            let (Some(profile), Some(vector)) = (self.profiles.get(article), self.index.vector(*article)) else {
                continue;
            };
            if let Some(time) = profile.time {
                let (first, last) = span.unwrap_or((time, time));
                span = Some((first.min(time), last.max(time)));
            }
            match languages
                .iter_mut()
                .find(|(language, ..)| *language == profile.language)
            {
                Some((_, articles, sum)) => {
                    *articles += 1.0;
                    sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
                }
                None => languages.push((profile.language, 1.0, vector.to_vec())),
            }
        }
        Sums {
            articles,
            languages,
            span,
        }
    }

    /// The group of some articles, of `articles` in all: the direction from the running means to the mean of their vectors.
    fn centred(&self, sums: &Sums, articles: usize, means: &mut LanguageMeans) -> Group {
        let mut centre = vec![0.0; self.dimension];
        for (language, articles, sum) in &sums.languages {
            let mean = &*means.entry(*language).or_insert_with(|| self.means.mean(*language));
            self.dot.wide(
                #[inline(always)]
                || {
                    // Read once: else every number of the centre might be what changes it, and goes by itself.
                    let articles = *articles;
                    for ((centre, sum), mean) in centre.iter_mut().zip(sum).zip(mean) {
                        *centre += sum - mean * articles;
                    }
                },
            );
        }
        let scale = 1.0 / self.dot.product(&centre, &centre).sqrt().max(f32::EPSILON);
        centre.iter_mut().for_each(|x| *x *= scale);
        Group {
            centre,
            articles,
            span: sums.span,
            newest: sums.articles.iter().rev().copied().collect(),
        }
    }

    /// Articles published after the one group ended and before the other began; 0 when they overlap or one is undated.
    fn apart(&self, a: &Group, b: &Group) -> usize {
        let (Some((a_first, a_last)), Some((b_first, b_last))) = (a.span, b.span) else {
            return 0;
        };
        let (end, beginning) = (a_last.min(b_last), a_first.max(b_first));
        let before = |time: i64| self.times.partition_point(|known| *known < time);
        before(beginning).saturating_sub(before(end))
    }

    /// What two groups have in common, beside how alike stories are here usually.
    fn in_common(&self, a: &Group, b: &Group, likeness: f32, usual: f32) -> [f32; strands::COUNT] {
        let together = Together {
            likeness,
            usual,
            between: self.apart(a, b),
            crowd: self.crowd_of(a, b),
            linked: self.linked(a, b),
        };
        strands::signals(a, b, together)
    }

    /// How well the smaller of two groups is linked to the larger one ([`Together::linked`]).
    fn linked(&self, a: &Group, b: &Group) -> f32 {
        // Of equals the older one counts as the smaller.
        let rank = |group: &Group| (group.articles, group.newest.first().copied());
        let (fewer, more) = if rank(a) < rank(b) { (a, b) } else { (b, a) };
        let best = |member: &Article| {
            let links = self.graph.neighbours(*member);
            let across = links.filter(|(other, _)| more.newest.binary_search(other).is_ok());
            across.map(|(_, probability)| probability).fold(0.0, f64::max)
        };
        let sum: f64 = fewer.newest.iter().map(best).sum();
        (sum / fewer.newest.len().max(1) as f64) as f32
    }

    /// Articles in the window around the newer of two groups; without end when both are undated, since they may be from any
    /// time.
    fn crowd_of(&self, a: &Group, b: &Group) -> usize {
        let last = |group: &Group| group.span.map(|(_, last)| last);
        let window = self.window(last(a).max(last(b)));
        window.map_or(usize::MAX, |window| self.crowd(window))
    }

    /// Puts a strand into another story and remembers where its articles were.
    fn shift(&mut self, strand: Community, story: u64, before: &mut BTreeMap<Article, Option<u64>>) {
        let from = self.stories.of(strand);
        for member in self.graph.members(strand) {
            before.entry(member).or_insert(from);
        }
        self.stories.put(strand, story);
    }

    /// Turns what became of the articles that were in other stories `before` into changes, and provisional numbers into
    /// stories.
    fn settle(&mut self, before: &BTreeMap<Article, Option<u64>>) -> Vec<StoryChange> {
        let known = |story: Option<u64>| story.filter(|story| *story < PROVISIONAL);
        let mut changes = Vec::new();
        let mut named: BTreeMap<u64, Option<u64>> = BTreeMap::new();
        for (member, from) in before {
            if let Some(story) = self.story_of(*member)
                && story >= PROVISIONAL
            {
                let split_from = named.entry(story).or_default();
                *split_from = split_from.or(known(*from));
            }
        }
        for (provisional, split_from) in named {
            let story = self.next_story;
            self.next_story += 1;
            self.stories.rename(provisional, story);
            changes.push(StoryChange::Created { story, split_from });
        }
        let mut left = BTreeMap::new();
        for (member, from) in before {
            let (Some(story), from) = (self.story_of(*member), known(*from)) else {
                continue;
            };
            if from == Some(story) {
                continue;
            }
            if let Some(from) = from {
                left.insert(from, story);
            }
            changes.push(StoryChange::Joined {
                story,
                article: *member,
                from,
            });
        }
        for (story, into) in left {
            // A story that an editor shaped keeps its id and its members, those out of memory too; so does one with an
            // article out of memory that is kept apart from one in the other.
            if self.stories.strands(story).next().is_none()
                && !self.constraints.is_shaped(story)
                && !self.is_one_kept_from(self.away_in(story), into)
            {
                self.headlines.remove(&story);
                self.constraints.follow(story, into);
                changes.push(StoryChange::Merged { story, into });
            }
        }
        changes
    }

    fn placement(
        &self,
        article: Article,
        story: u64,
        compared: Vec<Compared>,
        second_look: Option<SecondLook>,
    ) -> Placement {
        let bounds = StrandBounds {
            constraints: &self.constraints,
            stories: &self.stories,
        };
        let links = self.graph.links(article, &bounds);
        let strand = self.graph.community(article).unwrap_or_default();
        let others = self.graph.size(strand).saturating_sub(1);
        let ask = |size: usize| self.settings.resolution * size as f64;
        let support = links.get(&strand).copied().unwrap_or(0.0);
        let net = |(strand, weight): (&Community, &f64)| *weight - ask(self.graph.size(*strand));
        let runner_up = links
            .iter()
            .filter(|(strand, _)| self.stories.of(**strand) != Some(story))
            .max_by(|a, b| net(*a).total_cmp(&net(*b)).then(b.0.cmp(a.0)));
        let rival = runner_up.map_or(0.0, |strand| net(strand).max(0.0));
        let (nearest, rejected): (Vec<&Compared>, Vec<&Compared>) = compared
            .iter()
            .partition(|pair| pair.probability >= self.settings.link && self.story_of(pair.article) == Some(story));
        let decided_by = match (others, self.size(story)) {
            (0, 1) => "alone",
            (0, _) => "group",
            _ => "nearest",
        };
        Placement {
            decided_by: decided_by.to_owned(),
            margin: if others == 0 {
                0.0
            } else {
                rounded(support - ask(others) - rival)
            },
            support: rounded(support),
            runner_up: runner_up.and_then(|(strand, weight)| {
                Some(Rival {
                    story: self.stories.of(*strand)?,
                    support: rounded(*weight),
                })
            }),
            nearest: nearest.into_iter().take(NAMED).map(|pair| self.shown(pair)).collect(),
            rejected: rejected.into_iter().take(NAMED).map(|pair| self.shown(pair)).collect(),
            second_look,
        }
    }

    /// Takes out what is too old to be found again, when more than `keep_articles` are in memory. Their stories stay in
    /// the store.
    fn forget(&mut self) {
        if self.graph.len() <= self.settings.keep_articles {
            return;
        }
        let Some(newest) = self.newest else { return };
        let horizon = newest - (self.settings.keep_days * DAY) as i64;
        if self.index.forget_before(horizon) == 0 {
            return;
        }
        let mut gone: Vec<Article> = self
            .profiles
            .keys()
            .filter(|article| self.index.vector(**article).is_none())
            .copied()
            .collect();
        gone.sort_unstable();
        let mut times = Vec::new();
        for article in gone {
            let strand = self.graph.community(article);
            if let Some(story) = strand.and_then(|strand| self.stories.of(strand)) {
                self.constraints.put_away(article, story);
            }
            self.graph.remove(article);
            self.rejudged.remove(&article);
            if let Some(strand) = strand.filter(|strand| self.graph.size(*strand) == 0) {
                self.stories.remove(strand);
            }
            times.extend(self.profiles.remove(&article).and_then(|profile| profile.time));
            self.forgotten.push(article);
        }
        // Both are sorted, so one pass takes out each of them once.
        times.sort_unstable();
        let mut times = times.into_iter().peekable();
        self.times.retain(|time| times.next_if_eq(time).is_none());
        let stories = &self.stories;
        self.headlines
            .retain(|story, _| stories.strands(*story).next().is_some());
    }

    /// The articles that were taken out of memory since this was last asked.
    pub fn take_forgotten(&mut self) -> Vec<Article> {
        std::mem::take(&mut self.forgotten)
    }
}

/// The most probable first, of equals the older.
fn sorted(mut compared: Vec<Compared>) -> Vec<Compared> {
    compared.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.article.cmp(&b.article)));
    compared
}

/// How alike stories are here usually, from how alike some are: the mean of the lower half.
fn usual_likeness(around: &mut Vec<f32>) -> f32 {
    let one = around.len() == 1;
    around.sort_unstable_by(f32::total_cmp);
    around.truncate(around.len().div_ceil(2));
    let sum: f32 = around.iter().sum();
    // Nothing to compare with: half of it counts as usual.
    if one { sum / 2.0 } else { sum / around.len() as f32 }
}

/// What each signal added to the log-odds, by name.
fn parts(names: &[&str], parts: impl Iterator<Item = f64>) -> BTreeMap<String, f64> {
    let named = names.iter().zip(parts);
    named.map(|(name, part)| ((*name).to_owned(), rounded(part))).collect()
}

/// Rounded to six decimals: what is shown and stored does not pretend to more.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Settings as All;
    use crate::story::corrections::Hold;

    const DIMENSION: usize = 8;

    /// Vectors that scatter around three directions, a little different every time.
    fn arrival(number: u64) -> Arrival {
        let mut vector: Vec<f32> = (0..DIMENSION as u64)
            .map(|i| ((number * 31 + i * 17) % 23) as f32 / 92.0)
            .collect();
        vector[(number % 3) as usize] += 1.0;
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        Arrival {
            article: number,
            lang: if number.is_multiple_of(2) { "ar" } else { "en" }.to_owned(),
            time: (!number.is_multiple_of(5)).then_some(number as i64 * 3600),
            text: format!("report {} of place{}", number % 7, number % 3),
            vector,
        }
    }

    /// An engine that links pairs from one probability and joins stories from another.
    fn engine(link: f64, join: f64) -> Engine {
        let mut settings = All::load(None).expect("settings");
        (settings.story.link, settings.story.join) = (link, join);
        let weights = Weights::built_in().expect("weights");
        Engine::new(&settings.story, &settings.index, weights, DIMENSION)
    }

    #[test]
    fn groups_that_are_alike_become_one_story_without_any_link() {
        for (join, stories) in [(0.5, 3), (1.1, 24)] {
            let mut engine = engine(1.1, join);
            let placed: Vec<Decision> = (1..=24)
                .map(|number| engine.place(arrival(number)).expect("placed"))
                .collect();
            let found: BTreeSet<u64> = (1..=24).filter_map(|number| engine.story_of(number)).collect();
            assert_eq!(found.len(), stories, "join from {join}");
            let grouped: Vec<&Placement> = placed
                .iter()
                .map(|decision| &decision.placement)
                .filter(|placement| placement.decided_by == "group")
                .collect();
            assert_eq!(grouped.len(), 24 - stories);
            assert!(
                grouped
                    .iter()
                    .all(|one| one.second_look.as_ref().is_some_and(|look| look.merged))
            );
        }
    }

    #[test]
    fn the_larger_two_stories_are_the_more_alike_they_must_be_to_become_one() {
        for (steepness, largest) in [(0.0, Some(8)), (0.5, None), (1_000.0, Some(4))] {
            let mut engine = engine(1.1, 0.5);
            (engine.settings.join_articles, engine.settings.join_steepness) = (4, steepness);
            let placed: Vec<Decision> = (1..=24)
                .map(|number| engine.place(arrival(number)).expect("placed"))
                .collect();
            let sizes = (1..=24).filter_map(|number| engine.story_of(number).map(|story| engine.size(story)));
            let found = sizes.max();
            assert!(
                largest.is_none() || found == largest,
                "steepness {steepness}: {found:?}"
            );
            assert_eq!(engine.above_bound(4), 0.0);
            assert!((engine.above_bound(8) + steepness * 2_f64.ln()).abs() < 1e-9);
            let looks = placed
                .iter()
                .filter_map(|decision| decision.placement.second_look.as_ref());
            let lowered = looks.filter(|look| look.signals.contains_key("articles_above_bound"));
            assert_eq!(lowered.clone().count() > 0, steepness > 0.0);
            for look in lowered {
                let odds = engine.weights.groups.intercept + look.signals.values().sum::<f64>();
                assert!((look.probability - logistic(odds)).abs() < 1e-4, "{look:?}");
                assert!(steepness > 1.0 || look.probability > 0.01, "{look:?}");
            }
        }
    }

    #[test]
    fn links_between_two_groups_count_for_the_smaller_one_whichever_comes_first() {
        let mut engine = engine(1.1, 1.1);
        for number in 1..=6 {
            engine.place(arrival(number)).expect("placed");
        }
        // Links as if they had been found: one of two articles has two into the other three, the other one has none.
        engine.graph = Graph::default();
        for (number, links) in [
            (1, vec![]),
            (2, vec![]),
            (3, vec![]),
            (6, vec![]),
            (4, vec![(1, 0.8), (2, 0.6)]),
            (5, vec![(6, 0.9)]),
        ] {
            engine.graph.insert(number, &links, None);
        }
        let mut means = BTreeMap::new();
        let mut group = |members: &[Article]| engine.group_of(members.to_vec(), members.len(), &mut means);
        let (more, fewer, none) = (group(&[3, 2, 1]), group(&[5, 4]), group(&[6]));
        assert!((engine.linked(&more, &fewer) - 0.4).abs() < 1e-6);
        assert_eq!(engine.linked(&more, &fewer), engine.linked(&fewer, &more));
        assert_eq!(engine.linked(&more, &none), 0.0);
        // Of equals the older one is asked: half of it has a link, of .8.
        let (older, newer) = (group(&[3, 1]), group(&[4, 2]));
        assert!((engine.linked(&older, &newer) - 0.4).abs() < 1e-6);
        assert_eq!(engine.linked(&older, &newer), engine.linked(&newer, &older));
        let shown = strands::NAMES.iter().position(|name| *name == "linked");
        let signals = engine.in_common(&more, &fewer, 0.5, 0.0);
        assert_eq!(shown.map(|place| signals[place]), Some(engine.linked(&more, &fewer)));
    }

    #[test]
    fn kept_sums_are_used_only_where_a_story_has_the_articles_that_they_are_of() {
        let mut engine = engine(0.5, 0.5);
        let mut used = 0;
        for number in 1..=120 {
            engine.place(arrival(number)).expect("placed");
            if number % 9 == 0 {
                let other = engine.story_of(number - 1).expect("a story");
                engine.correct(Constraints::default(), &BTreeMap::from([(number - 4, other)]));
            }
            for (story, (state, sums)) in &engine.sums {
                if *state == engine.state(*story).1 {
                    let newest = engine.newest_of(engine.stories.strands(*story), CENTRE_MEMBERS);
                    assert_eq!(sums.articles, newest, "story {story} after {number}");
                    assert_eq!(sums.languages, engine.sums_of(newest).languages);
                    used += 1;
                }
            }
        }
        assert!(used > 100, "{used}");
    }

    #[test]
    fn a_strand_that_does_not_fit_its_story_is_found_and_leaves_it() {
        let mut engine = engine(1.1, 0.5);
        for number in 1..=24 {
            engine.place(arrival(number)).expect("placed");
        }
        let strand = |number| engine.graph.community(number).expect("in a strand");
        let (own, stranger) = (strand(1), strand(2));
        let (one, other) = (
            engine.story_of(1).expect("a story"),
            engine.story_of(2).expect("a story"),
        );
        assert_ne!(one, other);
        // As if it had been taken for a part of that story.
        engine.stories.put(stranger, one);
        assert!(engine.is_stranger(stranger, 0.1) && !engine.is_stranger(own, 0.1));
        let mut before = BTreeMap::new();
        engine.sort_strands(2, &BTreeMap::new(), false, &mut before);
        let changes = engine.settle(&before);
        let story = engine.story_of(2).expect("a story");
        assert!(story != one && engine.story_of(1) == Some(one));
        assert_eq!(
            changes,
            [
                StoryChange::Created {
                    story,
                    split_from: Some(one)
                },
                StoryChange::Joined {
                    story,
                    article: 2,
                    from: Some(one)
                }
            ]
        );
    }

    #[test]
    fn what_is_forgotten_leaves_nothing_behind() {
        let mut settings = All::load(None).expect("settings");
        (settings.story.keep_articles, settings.story.keep_days) = (10, 0.5);
        settings.index.block = 4;
        let weights = Weights::built_in().expect("weights");
        let mut engine = Engine::new(&settings.story, &settings.index, weights, DIMENSION);
        for number in 1..=80 {
            let mut arrival = arrival(number);
            // Some come late, several at one time.
            arrival.time = arrival.time.map(|time| time / 7200 * 7200 - (number % 4) as i64 * 7200);
            engine.place(arrival).expect("placed");
            assert!(engine.len() < 32, "{} after {number}", engine.len());
            let mut times: Vec<i64> = engine.profiles.values().filter_map(|profile| profile.time).collect();
            times.sort_unstable();
            assert_eq!(engine.times, times, "after {number}");
            assert_eq!(
                (engine.index.len(), engine.len()),
                (engine.profiles.len(), engine.profiles.len())
            );
        }
        assert!(engine.story_of(1).is_none() && engine.story_of(80).is_some());
    }

    /// What an editor does, in the engine's terms.
    #[derive(Debug, Clone)]
    enum Act {
        /// The next article arrives.
        Arrive,
        /// Articles go into the story of another one, or into a new story.
        Move(Vec<usize>, Option<usize>),
        /// All of a story goes into another one.
        Merge(usize, usize),
        /// Two articles are never together.
        Apart(usize, usize),
        /// The latest hold or pair is undone.
        Undo,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let any = || 0..1000usize;
        let act = prop_oneof![
            6 => Just(Act::Arrive),
            2 => (proptest::collection::vec(any(), 1..4), proptest::option::of(any()))
                .prop_map(|(articles, to)| Act::Move(articles, to)),
            1 => (any(), any()).prop_map(|(a, b)| Act::Merge(a, b)),
            2 => (any(), any()).prop_map(|(a, b)| Act::Apart(a, b)),
            1 => Just(Act::Undo),
        ];
        proptest::collection::vec(act, 10..90)
    }

    /// Holds and pairs as the pipeline keeps them, and the engine that must follow them.
    struct Desk {
        engine: Engine,
        arrived: u64,
        holds: Vec<Vec<Hold>>,
        never: Vec<(Article, Article)>,
        /// What was stored of each article: links, to restore it.
        links: BTreeMap<Article, Vec<(Article, f64)>>,
        strands: BTreeMap<Article, Community>,
        stories: BTreeMap<Article, u64>,
    }

    impl Desk {
        fn new(engine: Engine) -> Self {
            Self {
                engine,
                arrived: 0,
                holds: Vec::new(),
                never: Vec::new(),
                links: BTreeMap::new(),
                strands: BTreeMap::new(),
                stories: BTreeMap::new(),
            }
        }

        fn constraints(&self) -> Constraints {
            Constraints::new(self.holds.iter().flatten().copied(), self.never.iter().copied(), [])
        }

        fn pick(&self, seed: usize) -> Option<Article> {
            (self.arrived > 0).then(|| 1 + seed as u64 % self.arrived)
        }

        /// Whether the holds and pairs can all be kept when these articles move.
        fn is_possible(&self, moves: &BTreeMap<Article, u64>) -> bool {
            let asked = self.constraints();
            let to = |article: &Article| moves.get(article).copied().or(self.engine.story_of(*article));
            self.never.iter().all(|(a, b)| {
                a != b && to(a) != to(b) && (asked.held(*a).is_none() || asked.held(*a) != asked.held(*b))
            })
        }

        fn hold(&mut self, moves: BTreeMap<Article, u64>) {
            let since = self.arrived;
            let holds = moves.iter().map(|(article, story)| Hold {
                article: *article,
                story: *story,
                since,
            });
            self.holds.push(holds.collect());
            match self.is_possible(&moves) {
                true => self.correct(&moves),
                false => drop(self.holds.pop()),
            }
        }

        fn correct(&mut self, moves: &BTreeMap<Article, u64>) {
            let strands = self.engine.correct(self.constraints(), moves);
            self.strands.extend(strands);
            self.stories.extend(moves);
        }

        fn act(&mut self, act: &Act) {
            match act {
                Act::Arrive => {
                    self.arrived += 1;
                    let number = self.arrived;
                    let decision = self.engine.place(arrival(number)).expect("placed");
                    self.links.insert(number, decision.links);
                    judge_again(&mut self.links, &decision.judged_again);
                    self.strands.extend(decision.strands);
                    for change in decision.changes {
                        if let StoryChange::Joined { story, article, .. } = change {
                            self.stories.insert(article, story);
                        }
                    }
                }
                Act::Move(articles, to) => {
                    let articles: Vec<Article> = articles.iter().filter_map(|seed| self.pick(*seed)).collect();
                    let to = to.and_then(|seed| self.pick(seed));
                    if let Some(story) = match to {
                        Some(to) => self.engine.story_of(to),
                        None => Some(self.engine.next_story()),
                    } {
                        self.hold(articles.into_iter().map(|article| (article, story)).collect());
                    }
                }
                Act::Merge(a, b) => {
                    let stories = [a, b].map(|seed| self.engine.story_of(self.pick(*seed)?));
                    if let [Some(from), Some(to)] = stories {
                        let members = (1..=self.arrived)
                            .filter(|article| [Some(from), Some(to)].contains(&self.engine.story_of(*article)));
                        self.hold(members.map(|article| (article, to)).collect());
                    }
                }
                Act::Apart(a, b) => {
                    if let (Some(a), Some(b)) = (self.pick(*a), self.pick(*b)) {
                        self.never.push((a, b));
                        let mut moves = BTreeMap::new();
                        if self.engine.story_of(a) == self.engine.story_of(b) {
                            let leaving = if self.engine.constraints().held(a).is_some() {
                                b
                            } else {
                                a
                            };
                            moves.insert(leaving, self.engine.next_story());
                        }
                        match self.is_possible(&moves) {
                            true => self.correct(&moves),
                            false => drop(self.never.pop()),
                        }
                    }
                }
                Act::Undo => {
                    let undone = self.holds.pop();
                    // What an earlier hold asks counts again.
                    let asked = self.constraints();
                    let back = (1..=self.arrived).filter_map(|article| Some((article, asked.held(article)?)));
                    let back = back.collect();
                    match (self.is_possible(&back), undone) {
                        (true, _) => self.correct(&back),
                        (false, undone) => self.holds.extend(undone),
                    }
                }
            }
        }

        fn check(&self) {
            let asked = self.constraints();
            for article in 1..=self.arrived {
                let story = self.engine.story_of(article);
                assert_eq!(
                    story,
                    self.stories.get(&article).copied(),
                    "what was told of {article} is what is"
                );
                assert_eq!(
                    self.engine.graph.community(article),
                    self.strands.get(&article).copied()
                );
                if let Some(held) = asked.held(article) {
                    assert_eq!(story, Some(held), "{article} is held");
                }
            }
            for (a, b) in &self.never {
                assert_ne!(
                    self.engine.story_of(*a),
                    self.engine.story_of(*b),
                    "{a} and {b} are apart"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn corrections_hold_for_ever_and_across_a_restart(acts in acts(), restart in 0..90usize) {
            // Links alone, links and likeness, and likeness alone.
            for (link, join) in [(0.3, 1.1), (0.3, 0.5), (1.1, 0.5)] {
                let mut desk = Desk::new(engine(link, join));
                for (number, act) in acts.iter().enumerate() {
                    if number == restart {
                        let mut again = engine(link, join);
                        for article in 1..=desk.arrived {
                            let (strand, story) = (desk.strands[&article], desk.stories[&article]);
                            again.restore(arrival(article), &desk.links[&article], strand, story).expect("restored");
                        }
                        again.restore_stories(desk.engine.next_story, desk.engine.headlines.clone().into_iter());
                        again.restrain(desk.constraints());
                        desk.engine = again;
                    }
                    desk.act(act);
                    desk.check();
                }
            }
        }
    }

    #[test]
    fn pairs_that_are_known_lead_to_the_same_stories() {
        for (link, join) in [(0.5, 1.1), (1.1, 0.5)] {
            let [mut first, mut reader, mut second] = std::array::from_fn(|_| engine(link, join));
            for number in 1..=60 {
                let decision = first.place(arrival(number)).expect("placed");
                let pairs = reader.pairs(arrival(number)).expect("compared");
                let names = reader.names(number);
                let known = second.place_known(&arrival(number), &names, &pairs).expect("placed");
                assert_eq!(
                    (decision.story, decision.links, decision.strands, decision.changes),
                    (known.story, known.links, known.strands, known.changes)
                );
            }
            assert!((2..60).contains(&first.next_story()), "{}", first.next_story());
        }
    }

    #[test]
    fn a_restored_engine_goes_on_as_if_nothing_had_happened() {
        // The second one lives by strands alone.
        for link in [0.5, 1.1] {
            goes_on_after_a_restart(link);
        }
    }

    #[test]
    fn what_is_out_of_memory_does_not_follow_its_story_to_what_it_is_kept_apart_from() {
        for apart in [false, true] {
            let mut engine = engine(1.1, 1.1);
            for number in 1..=2 {
                engine.place(arrival(number)).expect("placed");
            }
            let (into, story) = (engine.story_of(1).expect("placed"), engine.story_of(2).expect("placed"));
            assert_ne!(into, story);
            // An article of the story was forgotten; an editor keeps it apart from one that is out of memory, too, or not.
            let never = if apart { [(100, 101)] } else { [(100, 102)] };
            engine.restrain(Constraints::new([], never, []));
            engine.know_of([(100, story), (101, into), (102, 99)]);
            let (mut before, mut stranded) = (BTreeMap::new(), BTreeSet::new());
            engine.relocate(&BTreeSet::from([2]), into, &mut before, &mut stranded);
            let merged = engine.settle(&before).contains(&StoryChange::Merged { story, into });
            let left = engine.constraints.away(100);
            assert_eq!((merged, left), (!apart, Some(if apart { story } else { into })));
        }
    }

    /// What the store makes of links that were judged again.
    fn judge_again(links: &mut BTreeMap<Article, Vec<(Article, f64)>>, judged_again: &[(Article, Article, f64)]) {
        for (older, newer, probability) in judged_again {
            let of_newer = links.get_mut(newer).expect("an article that came");
            let known = of_newer.iter_mut().find(|(other, _)| other == older);
            known.expect("a link that was there").1 = *probability;
        }
    }

    fn goes_on_after_a_restart(link: f64) {
        let mut first = engine(link, 0.5);
        let placed: Vec<Decision> = (1..=60)
            .map(|number| first.place(arrival(number)).expect("placed"))
            .collect();
        let linked = placed.iter().any(|decision| !decision.links.is_empty());
        assert_eq!(linked, link < 1.0);
        let judged_again = placed.iter().any(|decision| !decision.judged_again.is_empty());
        assert_eq!(judged_again, linked, "strands that grow are looked at again");
        let mut second = engine(link, 0.5);
        let mut links: BTreeMap<Article, Vec<(Article, f64)>> = BTreeMap::new();
        for (number, decision) in (1..=60).zip(&placed) {
            links.insert(number, decision.links.clone());
            judge_again(&mut links, &decision.judged_again);
        }
        for number in 1..=60 {
            let story = first.story_of(number).expect("in a story");
            let strand = first.graph.community(number).expect("in a strand");
            second
                .restore(arrival(number), &links[&number], strand, story)
                .expect("restored");
        }
        second.restore_stories(first.next_story, first.headlines.clone().into_iter());
        for number in 61..=90 {
            let (one, other) = (first.place(arrival(number)), second.place(arrival(number)));
            let (one, other) = (one.expect("placed"), other.expect("placed"));
            assert_eq!(
                (one.story, one.placement, one.changes),
                (other.story, other.placement, other.changes)
            );
        }
    }

    #[test]
    fn whether_articles_were_announced_changes_no_decision() {
        let mut settings = All::load(None).expect("settings");
        // Few articles make a window, old ones are forgotten, and blocks are begun in the middle of what is announced.
        (settings.story.window_articles, settings.story.window_least_days) = (20, 0.2);
        (settings.story.keep_articles, settings.story.keep_days) = (40, 1.0);
        (settings.index.block, settings.story.candidates) = (16, 12);
        let weights = Weights::built_in().expect("weights");
        let new = || Engine::new(&settings.story, &settings.index, weights.clone(), DIMENSION);
        let (mut plain, mut told) = (new(), new());
        let arrivals: Vec<Arrival> = (1..=400).map(|number| arrival(number * 7919 % 401)).collect();
        for batch in arrivals.chunks(25) {
            // One that never arrives, and one that arrives as another article than was announced.
            let (never, mut other) = (arrival(1_000), batch[3].clone());
            other.vector.reverse();
            told.look_ahead(
                batch
                    .iter()
                    .filter(|one| one.article != other.article)
                    .chain([&never, &other]),
            );
            assert!(told.ahead.len() > batch.len());
            for one in batch {
                let decisions = (plain.place(one.clone()), told.place(one.clone()));
                let (plain, told) = (decisions.0.expect("placed"), decisions.1.expect("placed"));
                assert_eq!(format!("{plain:?}"), format!("{told:?}"));
            }
        }
        assert!(!told.take_forgotten().is_empty());
    }
}
