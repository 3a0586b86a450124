//! What the engine tells of articles and groups that an editor decided about: the signals that its functions see. Changes
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arrival, Article, CENTRE_MEMBERS, Decision, Engine, LanguageMeans, StoryError, usual_likeness};
use crate::story::graph::Community;
use crate::story::signals::Met;
use crate::story::strands::{self, Group};

impl Engine {
    /// As [`Engine::place`], and says what the article was compared with, with the signals of each pair.
    ///
    /// # Errors
    /// When the index refuses the vector; nothing has changed then.
    pub fn place_seen(&mut self, arrival: Arrival) -> Result<(Decision, Met), StoryError> {
        let article = arrival.article;
        let pairs = self.take_in(arrival)?;
        let compared = self.compare(article, &pairs);
        let signals = compared.iter().map(|pair| (pair.article, pair.signals)).collect();
        Ok((self.decide(article, compared), signals))
    }

    /// The signals of two groups of articles as a second look at them would see them now: among the stories around the newest
    /// article of either. `None` when nothing of one of them is in memory.
    pub fn groups_seen(&self, one: &BTreeSet<Article>, other: &BTreeSet<Article>) -> Option<[f32; strands::COUNT]> {
        let mut means = BTreeMap::new();
        let first = self.known_group(one, &mut means)?;
        let second = self.known_group(other, &mut means)?;
        let (here, there) = if first.0 > second.0 {
            (first, second)
        } else {
            (second, first)
        };
        let likeness = self.dot.of(&here.1.centre, &there.1.centre);
        let mut around = vec![likeness];
        around.extend(self.likeness_around(here.0, &here.1, &[one, other], &mut means));
        Some(self.in_common(&here.1, &there.1, likeness, usual_likeness(&mut around)))
    }

    /// Those of some articles that are in memory as one, with the newest of them.
    fn known_group(&self, articles: &BTreeSet<Article>, means: &mut LanguageMeans) -> Option<(Article, Group)> {
        let known: Vec<Article> = articles
            .iter()
            .rev()
            .filter(|article| self.profiles.contains_key(article))
            .copied()
            .collect();
        let newest = known.get(..CENTRE_MEMBERS.min(known.len()))?;
        Some((*newest.first()?, self.group_of(newest.to_vec(), known.len(), means)))
    }

    /// How alike a group is to the stories of the articles near to one of its own, but for those that share an article with
    /// one of `parts`.
    fn likeness_around(
        &self,
        article: Article,
        group: &Group,
        parts: &[&BTreeSet<Article>],
        means: &mut LanguageMeans,
    ) -> Vec<f32> {
        let (Some(profile), Some(vector)) = (self.profiles.get(&article), self.index.vector(article)) else {
            return Vec::new();
        };
        let near = self
            .index
            .search(vector, self.settings.candidates, self.window(profile.time))
            .unwrap_or_default();
        let inside = |member: Article| parts.iter().any(|part| part.contains(&member));
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for story in near.iter().filter_map(|hit| self.story_of(hit.slot)) {
            if !seen.insert(story) {
                continue;
            }
            let strands: Vec<Community> = self.stories.strands(story).collect();
            if !strands
                .iter()
                .flat_map(|strand| self.graph.members(*strand))
                .any(inside)
            {
                let there = self.group(&strands, means);
                found.push(self.dot.of(&group.centre, &there.centre));
            }
        }
        found
    }
}
