//! What the corrections in a store teach: goes through its articles once more, in the order in which they were placed.
//!
//! In: a store that is only read, also beside a service; vectors are in it, so that no model is needed. Out: lessons, and the
//! articles with what each was compared with, to be grouped by other weights. Never writes.

use std::collections::BTreeSet;

use crate::article::full_text;
use crate::config::Settings;
use crate::embed::centre::Centres;
use crate::pipeline::PipelineError;
use crate::store::Store;
use crate::store::read::Rulings;
use crate::story::lessons::{Collector, Lesson, Ruling};
use crate::story::retold::Recorded;
use crate::story::weights::Weights;
use crate::story::{Arrival, Engine};

/// Articles that are kept to be grouped by other weights, at most: the newest ones. They take 150 MB.
const MOST_RECORDED: u64 = 50_000;

/// What was found in a store.
#[derive(Debug, Default)]
pub struct Taught {
    /// The corrections that stand, and the stories as they are.
    pub rulings: Rulings,
    /// What they teach.
    pub lessons: Vec<Lesson>,
    /// The newest articles, as they were compared.
    pub recorded: Recorded,
}

impl Taught {
    /// Corrections that say something but teach nothing: what they are about has no vectors any more, or was never compared.
    pub fn teach_nothing(&self) -> Vec<u64> {
        let teach: BTreeSet<u64> = self.lessons.iter().map(|lesson| lesson.number).collect();
        let all = self.rulings.rulings.iter().map(|stored| stored.ruling.number);
        all.filter(|number| !teach.contains(number)).collect()
    }
}

/// Goes through a store. `record` keeps the articles, too; `each` is called for every article.
///
/// # Errors
/// When the store cannot be read, or holds vectors that do not fit together.
pub fn go_through(
    store: &Store,
    settings: &Settings,
    weights: &Weights,
    record: bool,
    mut each: impl FnMut(),
) -> Result<Taught, PipelineError> {
    let rulings = store.rulings()?;
    let Some(centres) = store.fact("centres")? else {
        return Ok(Taught {
            rulings,
            ..Taught::default()
        });
    };
    let centres = Centres::read(&centres)?;
    let said: Vec<Ruling> = rulings.rulings.iter().map(|stored| stored.ruling.clone()).collect();
    let mut collector = Collector::new(&said);
    let mut recorded = Recorded::from(store.newest_placed()?.saturating_sub(MOST_RECORDED - 1));
    let mut engine: Option<Engine> = None;
    store.for_each_placed(store.epoch()?, |stored| {
        each();
        let article = stored.article;
        let number = article.number;
        let engine = engine
            .get_or_insert_with(|| Engine::new(&settings.story, &settings.index, weights.clone(), stored.vector.len()));
        collector.before(number, engine);
        let arrival = Arrival {
            article: number,
            text: full_text(&article.title, &article.text),
            time: article.time,
            vector: centres.centred(&stored.vector, &article.lang),
            lang: article.lang,
        };
        let kept = record.then(|| arrival.clone());
        let (_, pairs) = engine.place_seen(arrival)?;
        collector.met(number, &pairs);
        if let Some(arrival) = kept {
            let names = engine.names(number);
            recorded.take(arrival, names, pairs);
        }
        engine.take_forgotten();
        Ok::<_, PipelineError>(())
    })?;
    let lessons = engine.map(|engine| collector.finish(&engine)).unwrap_or_default();
    Ok(Taught {
        rulings,
        lessons,
        recorded,
    })
}
