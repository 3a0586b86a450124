//! An editor who is made up: decides what the review list of one half of a set asks by the gold labels, so that one can see what
//! weights learned from that do to what nobody has seen: the other half, and other sets.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use silsila::config::Settings;
use silsila::story::learn::{self, Example};
use silsila::story::lessons::{Claim, Collector, Lesson, Of, Ruling};
use silsila::story::propose::{self, Material};
use silsila::story::retold::{Recorded, Stories, agreement};
use silsila::story::review::{self, Kind};
use silsila::story::weights::Weights;
use silsila::story::{Arrival, Engine, signals, strands};

use crate::judge::{f1, judge_known};
use crate::sets::Set;

/// Decisions that are made.
const DECISIONS: [usize; 3] = [20, 100, 300];
/// Sets that are judged: no parts of others.
const WHOLE: [&str; 6] = ["og2021", "meantime", "basil", "ecbplus", "demonstration", "mixed"];

/// What the list asks, and what comes of it.
struct Item {
    doubt: f64,
    claims: Vec<Claim>,
}

/// Says what retraining from the review list of the first half of a family's set does.
pub fn editor(
    sets: &[Set],
    family: &str,
    in_use: &Weights,
    penalties: &[f64],
    settings: &Settings,
) -> Result<(), Box<dyn Error>> {
    let whole = sets
        .iter()
        .find(|set| set.name == family)
        .ok_or(format!("no set is called {family}"))?;
    let half = whole.articles.len() / 2;
    let part = |name: &str, articles: &[crate::shared::Article]| -> Result<Set, Box<dyn Error>> {
        let name = format!("{family}, {name}");
        let mut set = Set::new(name, family.to_owned(), 1.0, articles.to_vec(), settings);
        set.compare(settings)?;
        Ok(set)
    };
    let (first, rest) = (
        part("1st half", &whole.articles[..half])?,
        part("rest", &whole.articles[half..])?,
    );
    let items = items(&first, in_use, settings)?;
    println!(
        "{family}: {} articles in the half that the editor sees, {} items on the list",
        first.articles.len(),
        items.len()
    );
    let others = sets
        .iter()
        .filter(|set| set.family != family && WHOLE.contains(&set.name.as_str()));
    let judged: Vec<&Set> = [&rest].into_iter().chain(others).collect();
    let before: Vec<(f64, f64)> = judged
        .iter()
        .map(|set| figures(set, in_use, settings))
        .collect::<Result<_, _>>()?;
    print!("{:<28}", "BCubed F1 / pairwise F1");
    judged.iter().for_each(|set| print!(" {:>17}", set.name));
    print!("\n{:<28}", "in use");
    before.iter().for_each(|(b, p)| print!("     {b:.4} / {p:.3}"));
    println!();
    for count in DECISIONS
        .into_iter()
        .filter(|count| *count == DECISIONS[0] || *count <= items.len().max(100))
    {
        let rulings: Vec<Ruling> = (1..)
            .zip(items.iter().take(count))
            .map(|(number, item)| Ruling {
                number,
                newest: first.articles.len() as u64,
                claims: item.claims.clone(),
            })
            .collect();
        let lessons = lessons(&first, &rulings, in_use, settings)?;
        let now = stories_of(&first, in_use, settings)?;
        let corrected = corrected(&now, &rulings);
        println!(
            "agreement of the weights in use with what was corrected: {:.4}",
            agreement(&corrected, &now)
        );
        for penalty in penalties {
            let (pairs, groups) = (examples(&lessons, Of::Pairs), examples(&lessons, Of::Groups));
            let material = Material {
                pairs: &pairs,
                groups: &groups,
                penalty: *penalty,
            };
            let named = rulings.iter().map(|ruling| (ruling.number.to_string(), ruling));
            let named: BTreeMap<String, &Ruling> = named.collect();
            let both = (&settings.story, &settings.index);
            let trial = propose::try_out(&recorded(&first), &named, &material, in_use, both, || {})?;
            println!(
                "{} decided, penalty {penalty}: {} of {} right by the weights in use",
                rulings.len(),
                trial.right_in_use,
                trial.decisions
            );
            for (place, candidate) in trial.candidates.iter().enumerate() {
                let mark = if trial.proposed == Some(place) { "*" } else { " " };
                print!(
                    "{mark}{:<12} +{:<3} -{:<3} {:>4} {:.4}",
                    format!("{:?} {}", candidate.changes, candidate.share),
                    candidate.now_right,
                    candidate.now_wrong,
                    candidate.articles_elsewhere,
                    agreement(&corrected, &stories_of(&first, &candidate.weights, settings)?)
                );
                for (set, before) in judged.iter().zip(&before) {
                    let after = figures(set, &candidate.weights, settings)?;
                    print!("  {:>+7.4} / {:>+.3}", after.0 - before.0, after.1 - before.1);
                }
                println!();
            }
            for (name, function, signs, examples, threshold) in [
                ("pairs", &in_use.pairs, &signals::SIGNS[..], &pairs, settings.story.link),
                (
                    "groups",
                    &in_use.groups,
                    &strands::SIGNS[..],
                    &groups,
                    settings.story.join,
                ),
            ] {
                let judged = learn::judge(function, signs, examples, *penalty, threshold);
                println!("   {name}: {judged:?}");
            }
        }
    }
    Ok(())
}

/// The stories of all articles by these weights.
fn stories_of(set: &Set, weights: &Weights, settings: &Settings) -> Result<Stories, Box<dyn Error>> {
    Ok(recorded(set).retell(&settings.story, &settings.index, weights)?)
}

fn recorded(set: &Set) -> Recorded {
    let mut recorded = Recorded::default();
    for number in 0..set.articles.len() {
        let names = set.names[number].clone();
        recorded.take(arrival(set, number), names, set.pairs[number].clone());
    }
    recorded
}

/// The stories as the editor leaves them.
fn corrected(stories: &Stories, rulings: &[Ruling]) -> Stories {
    let mut stories = stories.clone();
    let mut next = 1 << 40;
    for claim in rulings.iter().flat_map(|ruling| &ruling.claims) {
        let target = claim
            .other
            .first()
            .and_then(|article| stories.get(article).copied())
            .unwrap_or_default();
        let here = claim.one.first().and_then(|article| stories.get(article).copied());
        if claim.together == (here == Some(target)) {
            continue;
        }
        next += 1;
        let to = if claim.together { target } else { next };
        stories.extend(claim.one.iter().map(|article| (*article, to)));
    }
    stories
}

fn figures(set: &Set, weights: &Weights, settings: &Settings) -> Result<(f64, f64), Box<dyn Error>> {
    let judged = judge_known(set, settings, weights)?;
    Ok((f1(judged.bcubed), f1(judged.pairwise)))
}

fn arrival(set: &Set, number: usize) -> Arrival {
    let article = &set.articles[number];
    Arrival {
        article: number as u64,
        lang: article.lang.clone(),
        time: article.time,
        text: String::new(),
        vector: article.vector.clone(),
    }
}

fn engine(set: &Set, weights: &Weights, settings: &Settings) -> Engine {
    let dimension = set.articles.first().map_or(0, |article| article.vector.len());
    Engine::new(&settings.story, &settings.index, weights.clone(), dimension)
}

/// The review list when all articles are in, the most doubtful first, decided by the labels.
fn items(set: &Set, weights: &Weights, settings: &Settings) -> Result<Vec<Item>, Box<dyn Error>> {
    let mut engine = engine(set, weights, settings);
    let mut doubts = Vec::new();
    for number in 0..set.articles.len() {
        let decision = engine.place_known(&arrival(set, number), &set.names[number], &set.pairs[number])?;
        let story_of = |other| engine.story_of(other);
        doubts.extend(review::of_placement(
            number as u64,
            decision.story,
            &decision.placement,
            &settings.review,
            story_of,
        ));
    }
    let mut members: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for number in 0..set.articles.len() as u64 {
        members
            .entry(engine.story_of(number).unwrap_or_default())
            .or_default()
            .insert(number);
    }
    let label = |article: &u64| set.articles[*article as usize].label.as_str();
    let about = |articles: &BTreeSet<u64>| -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        articles
            .iter()
            .for_each(|article| *votes.entry(label(article)).or_default() += 1);
        let most = votes.into_iter().rev().max_by_key(|(_, votes)| *votes);
        most.map(|(label, _)| label.to_owned())
    };
    let of_wholes = |one: &BTreeSet<u64>, other: &BTreeSet<u64>, together| Claim {
        one: one.clone(),
        other: other.clone(),
        together,
        as_wholes: true,
    };
    let claim = |one: &BTreeSet<u64>, other: &BTreeSet<u64>, together| Claim {
        as_wholes: false,
        ..of_wholes(one, other, together)
    };
    let mut items = Vec::new();
    for story in members.keys() {
        let Some(cut) = engine.weakest_cut(*story, settings.review.cut_articles) else {
            continue;
        };
        let chosen: BTreeSet<u64> = cut.part.iter().copied().collect();
        let left: BTreeSet<u64> = members[story].difference(&chosen).copied().collect();
        if let Some(doubt) = review::of_cut(*story, Some(cut), &settings.review) {
            items.push(Item {
                doubt: doubt.doubt,
                claims: vec![of_wholes(&chosen, &left, about(&chosen) == about(&left))],
            });
        }
    }
    let mut seen = BTreeSet::new();
    for doubt in doubts.into_iter().rev() {
        let Some(own) = members.get(&doubt.story) else { continue };
        let other = doubt.other.and_then(|other| members.get(&other));
        let claims = match (doubt.kind, doubt.article, other) {
            (Kind::Merge, _, Some(other)) if seen.insert((doubt.story, doubt.other)) => {
                vec![of_wholes(own, other, about(own) == about(other))]
            }
            (Kind::Placement, Some(article), other) if own.contains(&article) => {
                let one = BTreeSet::from([article]);
                let left: BTreeSet<u64> = own.difference(&one).copied().collect();
                let fits = |group: &BTreeSet<u64>| about(group).as_deref() == Some(label(&article));
                match (left.is_empty(), other) {
                    (true, None) => continue,
                    (true, Some(other)) => vec![claim(&one, other, fits(other))],
                    (false, Some(other)) if fits(&left) && fits(other) => vec![of_wholes(own, other, true)],
                    (false, Some(other)) => {
                        let here = claim(&one, &left, fits(&left));
                        [here, claim(&one, other, fits(other))].into()
                    }
                    (false, None) => vec![claim(&one, &left, fits(&left))],
                }
            }
            _ => continue,
        };
        items.push(Item {
            doubt: doubt.doubt,
            claims,
        });
    }
    items.sort_by(|a, b| b.doubt.total_cmp(&a.doubt));
    Ok(items)
}

fn lessons(
    set: &Set,
    rulings: &[Ruling],
    weights: &Weights,
    settings: &Settings,
) -> Result<Vec<Lesson>, Box<dyn Error>> {
    let mut engine = engine(set, weights, settings);
    let mut collector = Collector::new(rulings);
    for number in 0..set.articles.len() {
        collector.before(number as u64, &engine);
        engine.place_known(&arrival(set, number), &set.names[number], &set.pairs[number])?;
        collector.met(number as u64, &set.pairs[number]);
    }
    Ok(collector.finish(&engine))
}

fn examples(lessons: &[Lesson], of: Of) -> Vec<Example> {
    let own = lessons.iter().filter(|lesson| lesson.of == of);
    own.map(|lesson| lesson.example(lesson.number.to_string())).collect()
}
