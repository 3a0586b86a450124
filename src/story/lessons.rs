//! Lessons: what editors decided, as examples of what belongs together and what does not.
//!
//! In: [`Ruling`]s, what corrections say of sets of articles, and a replay of the articles in their order. Out: [`Lesson`]s, pairs
//! of articles and pairs of groups with the signals that the two joining functions see. Of two sets of articles only the pairs
//! count that the engine compared, and of those the nearest few: a story holds together by its nearest articles, and that the
//! others differ is no news. Every ruling weighs the same, however many pairs it yields. Of two rulings on one pair the later
//! counts. Never reads the store, and no weights decide about any of it but by the stories that are around.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::story::Engine;
use crate::story::graph::Article;
use crate::story::learn::Example;
use crate::story::signals::{COUNT, Met, NAMES, SIGNS};
use crate::story::strands;

/// Pairs of articles of one claim, at most: the nearest ones.
const NEAREST: usize = 5;
/// Where `meaning` is among a pair's signals.
const MEANING: usize = 0;

/// Two sets of articles that are one story, or are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Some articles.
    pub one: BTreeSet<Article>,
    /// Some others.
    pub other: BTreeSet<Article>,
    /// Whether they belong together.
    pub together: bool,
    /// Whether it was decided about the two as wholes. An article that is confirmed in its story, or moved, is in it by its
    /// links: that it is not like the whole of it is no fault of the function that joins wholes.
    pub as_wholes: bool,
}

/// What one correction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The correction's number; later ones have higher numbers.
    pub number: u64,
    /// The newest article that the editor could know.
    pub newest: Article,
    /// What belongs together, and what does not.
    pub claims: Vec<Claim>,
}

/// Which function an example is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// Two articles, by [`NAMES`].
    Pairs,
    /// Two groups of articles, by [`strands::NAMES`].
    Groups,
}

impl Of {
    /// What its signals are called, in their order.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Pairs => &NAMES,
            Self::Groups => &strands::NAMES,
        }
    }

    /// The sign that each signal's weight should have; 0 for either.
    pub fn signs(self) -> &'static [f64] {
        match self {
            Self::Pairs => &SIGNS,
            Self::Groups => &strands::SIGNS,
        }
    }
}

/// One example.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// Number of the ruling that it comes from.
    pub number: u64,
    /// For which function.
    pub of: Of,
    /// Whether both sides belong together.
    pub together: bool,
    /// What it counts; the examples of one ruling for one function sum up to 1, and where it has both, those that belong
    /// together and those that do not to a half each.
    pub weight: f64,
    /// The articles of the one side, by number.
    pub one: Vec<Article>,
    /// Those of the other side.
    pub other: Vec<Article>,
    /// The signals, in the order of their names.
    pub signals: Vec<f32>,
}

impl Lesson {
    /// As an example to fit to; `decision` names the decision that it comes from.
    pub fn example(&self, decision: String) -> Example {
        Example {
            decision,
            together: self.together,
            weight: self.weight,
            signals: self.signals.iter().map(|signal| f64::from(*signal)).collect(),
        }
    }
}

/// Collects lessons while articles are placed, one after the other.
pub struct Collector<'a> {
    rulings: &'a [Ruling],
    /// Articles that a ruling is about.
    wanted: HashSet<Article>,
    /// What each of them was compared with that is wanted, too.
    met: HashMap<Article, Met>,
    /// Places of rulings, by what their editors could know; those before `next` are done.
    order: Vec<usize>,
    next: usize,
    groups: BTreeMap<(usize, usize), [f32; strands::COUNT]>,
}

impl<'a> Collector<'a> {
    /// For these rulings.
    pub fn new(rulings: &'a [Ruling]) -> Self {
        let claims = rulings.iter().flat_map(|ruling| &ruling.claims);
        let mut order: Vec<usize> = (0..rulings.len()).collect();
        order.sort_by_key(|place| rulings.get(*place).map(|ruling| (ruling.newest, ruling.number)));
        Self {
            rulings,
            wanted: claims
                .flat_map(|claim| claim.one.union(&claim.other))
                .copied()
                .collect(),
            met: HashMap::new(),
            order,
            next: 0,
            groups: BTreeMap::new(),
        }
    }

    /// Before an article is placed: what was decided without it is looked at as it is now.
    pub fn before(&mut self, article: Article, engine: &Engine) {
        self.look(engine, |ruling| ruling.newest < article);
    }

    /// What an article was compared with when it was placed.
    pub fn met(&mut self, article: Article, pairs: &[(Article, [f32; COUNT])]) {
        if self.wanted.contains(&article) {
            let wanted = pairs.iter().filter(|(other, _)| self.wanted.contains(other));
            self.met.insert(article, wanted.copied().collect());
        }
    }

    /// The lessons, by ruling; when all articles are placed.
    pub fn finish(mut self, engine: &Engine) -> Vec<Lesson> {
        self.look(engine, |_| true);
        let mut known = (BTreeSet::new(), BTreeSet::new());
        let mut places: Vec<usize> = (0..self.rulings.len()).collect();
        // The later word counts.
        places.sort_by_key(|place| std::cmp::Reverse(self.rulings.get(*place).map(|ruling| ruling.number)));
        let mut lessons: Vec<Lesson> = Vec::new();
        for place in places {
            let Some(ruling) = self.rulings.get(place) else {
                continue;
            };
            let mut own: Vec<Lesson> = Vec::new();
            for (at, claim) in ruling.claims.iter().enumerate() {
                own.extend(
                    self.pairs(ruling.number, claim)
                        .into_iter()
                        .filter(|lesson| known.0.insert((lesson.one.clone(), lesson.other.clone()))),
                );
                if let Some(signals) = self.groups.get(&(place, at)) {
                    let mut sides = [claim.one.clone(), claim.other.clone()];
                    sides.sort();
                    if known.1.insert(sides) {
                        own.push(Lesson {
                            number: ruling.number,
                            of: Of::Groups,
                            together: claim.together,
                            weight: 0.0,
                            one: claim.one.iter().copied().collect(),
                            other: claim.other.iter().copied().collect(),
                            signals: signals.to_vec(),
                        });
                    }
                }
            }
            weigh(&mut own);
            lessons.extend(own);
        }
        lessons.sort_by(|a, b| (a.number, a.of, &a.one, &a.other).cmp(&(b.number, b.of, &b.one, &b.other)));
        lessons
    }

    /// Looks at the groups of the next rulings that are due.
    fn look(&mut self, engine: &Engine, due: impl Fn(&Ruling) -> bool) {
        while let Some((place, ruling)) = self
            .order
            .get(self.next)
            .and_then(|place| Some((*place, self.rulings.get(*place)?)))
            .filter(|(_, ruling)| due(ruling))
        {
            for (at, claim) in ruling.claims.iter().enumerate() {
                if claim.as_wholes
                    && let Some(signals) = engine.groups_seen(&claim.one, &claim.other)
                {
                    self.groups.insert((place, at), signals);
                }
            }
            self.next += 1;
        }
    }

    /// The nearest pairs of a claim that were compared, the older article first.
    fn pairs(&self, number: u64, claim: &Claim) -> Vec<Lesson> {
        let mut found: Vec<(f32, Article, Article, &[f32; COUNT])> = Vec::new();
        for (these, those) in [(&claim.one, &claim.other), (&claim.other, &claim.one)] {
            for article in these {
                let met = self.met.get(article).map(Vec::as_slice).unwrap_or_default();
                let across = met.iter().filter(|(other, _)| those.contains(other));
                found.extend(across.map(|(other, signals)| (signals[MEANING], *other, *article, signals)));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let nearest = found.into_iter().take(NEAREST);
        nearest
            .map(|(_, older, newer, signals)| Lesson {
                number,
                of: Of::Pairs,
                together: claim.together,
                weight: 0.0,
                one: vec![older],
                other: vec![newer],
                signals: signals.to_vec(),
            })
            .collect()
    }
}

/// Gives the lessons of one ruling their weights.
fn weigh(lessons: &mut [Lesson]) {
    for of in [Of::Pairs, Of::Groups] {
        let count = |together: bool| {
            let alike = |lesson: &&Lesson| lesson.of == of && lesson.together == together;
            lessons.iter().filter(alike).count()
        };
        let (together, apart) = (count(true), count(false));
        let side = if together > 0 && apart > 0 { 0.5 } else { 1.0 };
        for lesson in lessons.iter_mut().filter(|lesson| lesson.of == of) {
            lesson.weight = side / if lesson.together { together } else { apart } as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::story::Arrival;
    use crate::story::weights::Weights;

    const DIMENSION: usize = 8;

    /// Articles about two happenings, by turns.
    fn arrival(number: Article) -> Arrival {
        let mut vector: Vec<f32> = (0..DIMENSION as u64)
            .map(|i| ((number * 31 + i * 17) % 23) as f32 / 92.0)
            .collect();
        vector[(number % 2) as usize] += 1.0;
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        Arrival {
            article: number,
            lang: "en".to_owned(),
            time: Some(number as i64 * 3600),
            text: format!("report {number} of place{}", number % 2),
            vector,
        }
    }

    fn taught(rulings: &[Ruling], articles: Article) -> Vec<Lesson> {
        let settings = Settings::load(None).expect("settings");
        let weights = Weights::built_in().expect("weights");
        let mut engine = Engine::new(&settings.story, &settings.index, weights, DIMENSION);
        let mut collector = Collector::new(rulings);
        for number in 1..=articles {
            collector.before(number, &engine);
            let (_, pairs) = engine.place_seen(arrival(number)).expect("placed");
            collector.met(number, &pairs);
        }
        collector.finish(&engine)
    }

    fn claim(one: &[Article], other: &[Article], together: bool) -> Claim {
        Claim {
            one: one.iter().copied().collect(),
            other: other.iter().copied().collect(),
            together,
            as_wholes: true,
        }
    }

    fn ruling(number: u64, newest: Article, claims: Vec<Claim>) -> Ruling {
        Ruling { number, newest, claims }
    }

    #[test]
    fn every_ruling_weighs_the_same_and_its_two_sides_as_well() {
        let rulings = [
            ruling(
                1,
                20,
                vec![
                    claim(&[20], &[2, 4, 6, 8, 10, 12, 14, 16, 18], true),
                    claim(&[20], &[1, 3], false),
                ],
            ),
            ruling(2, 20, vec![claim(&[1], &[3], true)]),
        ];
        let lessons = taught(&rulings, 20);
        for number in [1, 2] {
            for of in [Of::Pairs, Of::Groups] {
                let own = || {
                    lessons
                        .iter()
                        .filter(|lesson| lesson.number == number && lesson.of == of)
                };
                let sum: f64 = own().map(|lesson| lesson.weight).sum();
                assert!((sum - 1.0).abs() < 1e-12, "{number} {of:?} {sum}");
                let together: f64 = own().filter(|lesson| lesson.together).map(|lesson| lesson.weight).sum();
                assert_eq!(together, if number == 1 { 0.5 } else { 1.0 });
            }
        }
        // Of nine members the nearest five, by what the engine compared.
        let pairs = lessons
            .iter()
            .filter(|lesson| lesson.number == 1 && lesson.of == Of::Pairs && lesson.together);
        let meanings: Vec<f32> = pairs.map(|lesson| lesson.signals[MEANING]).collect();
        assert_eq!(meanings.len(), NEAREST);
        assert!(
            lessons
                .iter()
                .all(|lesson| lesson.signals.len() == lesson.of.names().len())
        );
    }

    #[test]
    fn of_two_rulings_on_one_pair_the_later_counts() {
        let early = ruling(1, 9, vec![claim(&[1], &[3], true)]);
        let late = ruling(2, 9, vec![claim(&[3], &[1], false), claim(&[1], &[5], false)]);
        let lessons = taught(&[early, late], 9);
        assert!(
            lessons.iter().all(|lesson| lesson.number == 2 && !lesson.together),
            "{lessons:?}"
        );
        assert_eq!(lessons.len(), 4);
    }

    #[test]
    fn groups_are_seen_as_they_were_when_it_was_decided() {
        let claims = || vec![claim(&[1, 3], &[2, 4], false)];
        let lessons = taught(&[ruling(1, 4, claims())], 4);
        let later = taught(&[ruling(1, 4, claims())], 30);
        assert_eq!(lessons, later);
        let when_all_are_in = taught(&[ruling(1, 30, claims())], 30);
        assert_ne!(lessons, when_all_are_in);
        // What was not decided about wholes says nothing of them.
        let of_articles = Claim {
            as_wholes: false,
            ..claims().remove(0)
        };
        let lessons = taught(&[ruling(1, 4, vec![of_articles])], 4);
        assert!(!lessons.is_empty() && lessons.iter().all(|lesson| lesson.of == Of::Pairs));
        // What is not in memory teaches nothing.
        assert!(taught(&[ruling(1, 4, vec![claim(&[90], &[91], true)])], 4).is_empty());
    }
}
