//! The one writer: takes queued articles from the store, embeds, groups and commits them, a batch at a time; carries out
//! corrections between two batches.
//!
//! In: the queue in the store. Out: placed articles, stories and changes, each batch in one transaction. What it keeps
//! in memory (index, graph, lexicon, near-duplicates) can be rebuilt from the store, and is, whenever a commit fails: from
//! what was saved beside it ([`crate::pipeline::derived`]) and what came after, else from every article.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::article::full_text;
use crate::config::Settings;
use crate::correction::Signature;
use crate::embed::centre::Centres;
use crate::embed::worker::{Refused, Worker};
use crate::embed::{EmbedError, ModelIdentity};
use crate::extract::fold::fold;
use crate::extract::neardup::NearDuplicates;
use crate::metrics::Metrics;
use crate::pipeline::correct::{Plan, Planner};
use crate::pipeline::derived::{Derived, Loaded};
use crate::pipeline::meaning::Meaning;
use crate::pipeline::{CorrectionError, Decree, Foreseen, PipelineError, SeenStory};
use crate::store::Store;
use crate::store::write::{Batch, Clock, Corrected, Kept, Placed, Queued, Standing, Step, Stored, StoryFace};
use crate::story::weights::Weights;
use crate::story::{Arrival, Engine, Placement, StoryChange, labels, review};
use crate::traces::TARGET;

/// How long the writer waits for room in the embedder's queue before it asks again.
const FULL: Duration = Duration::from_millis(5);

/// Seconds that each stage has taken so far.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct StageSeconds {
    /// Finding near-duplicates.
    pub near_duplicates: f64,
    /// Embedding.
    pub embed: f64,
    /// Index and story.
    pub story: f64,
    /// Writing.
    pub store: f64,
}

impl StageSeconds {
    /// What was added since `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            near_duplicates: self.near_duplicates - before.near_duplicates,
            embed: self.embed - before.embed,
            story: self.story - before.story,
            store: self.store - before.store,
        }
    }
}

/// The writer's state.
pub struct Placer {
    store: Arc<Store>,
    settings: Arc<Settings>,
    embedder: Arc<Worker>,
    centres: Centres,
    /// As they were when the program started.
    weights: Weights,
    engine: Engine,
    near_duplicates: NearDuplicates,
    derived: Derived,
    /// The change at which what is saved stands.
    saved_at: Option<u64>,
    /// The engine is ahead of the store: a commit failed.
    stale: bool,
    /// Articles that are taken one by one: among them is one at which the program broke.
    alone: usize,
    seconds: StageSeconds,
    metrics: Arc<Metrics>,
    /// Articles at which a test has the program break.
    #[cfg(test)]
    pub(super) breaks_at: Option<fn(&Queued) -> bool>,
}

impl Placer {
    /// Takes up where the store stands.
    ///
    /// # Errors
    /// When the store holds vectors of another model, or cannot be read.
    pub fn open(
        store: Arc<Store>,
        settings: Arc<Settings>,
        embedder: impl Into<Arc<Worker>>,
    ) -> Result<Self, PipelineError> {
        let weights = Weights::of(&settings.story.weights)?;
        let embedder = embedder.into();
        let identity = embedder.identity().clone();
        check_identity(&store, &identity)?;
        let centres = centres(&store, &identity, &embedder)?;
        let engine = Engine::new(&settings.story, &settings.index, weights.clone(), identity.dimension);
        let near_duplicates = NearDuplicates::new(&settings.extract.near_duplicate);
        let derived = Derived::new(store.dir(), &depends(&settings, &identity, &centres, &weights));
        let mut placer = Self {
            store,
            derived,
            saved_at: None,
            settings,
            embedder,
            centres,
            weights,
            engine,
            near_duplicates,
            stale: true,
            alone: 0,
            seconds: StageSeconds::default(),
            metrics: Arc::default(),
            #[cfg(test)]
            breaks_at: None,
        };
        placer.store.label_all(&placer.labels())?;
        placer.restore()?;
        Ok(placer)
    }

    /// Writes down what is in memory, beside the store, if anything has changed since it was written. Whether it was.
    ///
    /// # Errors
    /// When the disk refuses; what was saved before is still there.
    pub fn save(&mut self) -> Result<bool, PipelineError> {
        // A correction or a batch is never half in memory here; states and revisions alone change nothing of it.
        let mark = self.store.mark()?;
        if self.stale || self.saved_at == Some(mark.change) || (self.saved_at.is_none() && self.engine.is_empty()) {
            return Ok(false);
        }
        let change = mark.change;
        self.derived.save(&self.engine, &self.near_duplicates, mark)?;
        self.saved_at = Some(change);
        Ok(true)
    }

    /// What this writer observes.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Seconds by stage since the start.
    pub fn seconds(&self) -> StageSeconds {
        self.seconds
    }

    /// The model that embeds.
    pub fn identity(&self) -> &ModelIdentity {
        self.embedder.identity()
    }

    /// Search by meaning for readers, with the same model and means.
    pub fn meaning(&self) -> Meaning {
        Meaning::new(
            Arc::clone(&self.store),
            Arc::clone(&self.embedder),
            self.centres.clone(),
        )
    }

    /// Requests that wait for the embedder, and how many may.
    pub fn embedding_queue(&self) -> (usize, usize) {
        (self.embedder.waiting(), self.embedder.capacity())
    }

    /// Places the next articles of the queue; how many were taken from it. `now` is the time of the changes, `moment`
    /// what stories fall asleep by (the newest publication when it is `None`).
    ///
    /// # Errors
    /// When the store cannot be read or written; nothing is lost, the articles stay queued.
    pub fn step(&mut self, now: DateTime<Utc>, moment: Option<i64>) -> Result<usize, PipelineError> {
        if self.stale {
            // Otherwise everything would be read, embedded and decided for nothing, again and again.
            self.store.check_writable()?;
            self.restore()?;
        }
        let limit = if self.alone > 0 {
            1
        } else {
            self.settings.pipeline.batch
        };
        let queued = self.store.queued(limit)?;
        if queued.is_empty() {
            self.alone = 0;
            return Ok(0);
        }
        let (count, before) = (queued.len(), self.seconds);
        let _span = tracing::info_span!(target: TARGET, "place", articles = count).entered();
        let numbers: Vec<u64> = queued.iter().map(|article| article.number).collect();
        // An article at which the program breaks must not hold up the others.
        let decided = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.decide(queued)));
        let mut batch = match (decided, numbers.as_slice()) {
            (Ok(Ok(batch)), _) => batch,
            (Ok(Err(error)), _) => {
                self.stale = true;
                return Err(error);
            }
            (Err(panic), [number]) => {
                let reason = format!("the program broke at it ({}); please report it", said(panic.as_ref()));
                self.restore()?;
                Batch {
                    failed: vec![(*number, reason)],
                    ..Batch::default()
                }
            }
            (Err(panic), several) => {
                tracing::error!(
                    reason = said(panic.as_ref()),
                    "the program broke at an article; looking for it one by one"
                );
                self.restore()?;
                self.alone = several.len();
                return self.step(now, moment);
            }
        };
        self.alone = self.alone.saturating_sub(count);
        batch.clock = self.clock(moment);
        batch.labels = self.labels();
        let started = Instant::now();
        let committed = tracing::info_span!(target: TARGET, "store").in_scope(|| self.store.commit(&batch, now));
        if let Err(error) = committed {
            self.stale = true;
            return Err(error.into());
        }
        self.seconds.store += seconds(started);
        self.metrics.batch(count, self.seconds.since(&before));
        self.metrics
            .changed(batch.placed.iter().flat_map(|placed| &placed.changes));
        let (articles, bytes) = self.engine.index_size();
        self.metrics.index(articles, bytes, self.engine.take_sampled());
        Ok(count)
    }

    /// Lets stories fall asleep as time goes by.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn pass_time(&self, now: DateTime<Utc>) -> Result<(), PipelineError> {
        Ok(self.store.pass_time(&self.clock(Some(now.timestamp())), now)?)
    }

    /// Drops what has been kept for long enough, some of it: `true` when there may be more.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn retain(&self, now: DateTime<Utc>) -> Result<bool, PipelineError> {
        Ok(self.store.retain(&self.settings.retention, now)?)
    }

    /// Makes, undoes or redoes a correction, if the stories are as they were `seen`: no other decides between that look and
    /// this decision. Its number. `now` and `moment` as for [`Placer::step`].
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn decree(
        &mut self,
        decree: &Decree,
        by: Signature,
        seen: &[SeenStory],
        now: DateTime<Utc>,
        moment: Option<i64>,
    ) -> Result<u64, CorrectionError> {
        let (step, plan, standing) = self.planned(decree, seen)?;
        self.carry_out(step, by, plan, &standing, now, moment)
    }

    /// What that would come to. Nothing is changed.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn foresee(&mut self, decree: &Decree, seen: &[SeenStory]) -> Result<Foreseen, CorrectionError> {
        let (step, plan, _) = self.planned(decree, seen)?;
        let asked = match step {
            Step::New { asked, .. } => asked,
            Step::Undo(number) => {
                let kept = self.store.kept_correction(number)?;
                kept.ok_or(CorrectionError::NoCorrection(number))?.asked
            }
        };
        Ok(Foreseen {
            asked,
            effects: plan.effects,
            revived: plan.revived,
            title: plan.title,
        })
    }

    /// The plan of a decree, and what the other corrections ask.
    fn planned(&mut self, decree: &Decree, seen: &[SeenStory]) -> Result<(Step, Plan, Standing), CorrectionError> {
        if self.stale {
            self.restore()?;
        }
        let changed = self.store.changed_since(seen)?;
        if !changed.is_empty() {
            return Err(CorrectionError::Changed(changed));
        }
        let kept = |number| -> Result<Kept, CorrectionError> {
            let kept = self.store.kept_correction(number)?;
            kept.ok_or(CorrectionError::NoCorrection(number))
        };
        let (asked, redoes) = match decree {
            Decree::Make(asked) => (asked.clone(), None),
            Decree::Undo(number) => {
                let kept = kept(*number)?;
                let standing = self.store.standing(Some(*number))?;
                let later = self.store.corrections_after(*number)?;
                let plan = self.planner(&standing).undo(&kept, &later)?;
                return Ok((Step::Undo(*number), plan, standing));
            }
            Decree::Redo(number) => {
                let kept = kept(*number)?;
                if !kept.undone {
                    let why = format!("correction {number} stands; undo it before it can be done again");
                    return Err(CorrectionError::State(why));
                }
                if let Some(again) = self.store.redone_by(*number)? {
                    let why = format!("correction {number} was made again as correction {again}");
                    return Err(CorrectionError::State(why));
                }
                (kept.asked, Some(*number))
            }
        };
        let standing = self.store.standing(None)?;
        let plan = self.planner(&standing).plan(&asked)?;
        Ok((Step::New { asked, redoes }, plan, standing))
    }

    fn planner<'a>(&'a self, standing: &'a Standing) -> Planner<'a> {
        Planner {
            store: &self.store,
            engine: &self.engine,
            standing,
        }
    }

    fn carry_out(
        &mut self,
        step: Step,
        by: Signature,
        plan: Plan,
        standing: &Standing,
        now: DateTime<Utc>,
        moment: Option<i64>,
    ) -> Result<u64, CorrectionError> {
        let newest = self.store.newest_placed()?;
        let changes = plan.changes();
        let moves = plan.effects.moves.iter().map(|moved| (moved.article, moved.to));
        let strands = self
            .engine
            .correct(plan.constraints(standing, newest), &moves.collect());
        let mut faces = self.faces(&changes);
        if let Some((story, None)) = plan.title {
            faces.extend(self.face(story));
        }
        let corrected = Corrected {
            step,
            by,
            newest,
            holds: plan.holds.into_iter().collect(),
            apart: plan.apart,
            changes,
            strands,
            faces,
            title: plan.title,
            effects: plan.effects,
            clock: self.clock(moment),
            labels: self.labels(),
        };
        let number = self
            .store
            .commit_corrected(&corrected, now)
            .inspect_err(|_| self.stale = true)?;
        // It is made and kept, whatever comes now.
        if let Err(error) = self.know_who_is_apart() {
            tracing::warn!(%error, "the memory is made again: the store could not be asked who is kept apart");
            self.stale = true;
        }
        self.metrics.changed(&corrected.changes);
        Ok(number)
    }

    /// Tells the engine where the articles are that corrections keep apart from others: many may be out of its memory.
    fn know_who_is_apart(&mut self) -> Result<(), PipelineError> {
        let apart: Vec<u64> = self.engine.constraints().kept_apart().collect();
        self.engine.know_of(self.store.stories_of(&apart)?);
        Ok(())
    }

    fn clock(&self, moment: Option<i64>) -> Clock {
        let seconds = |days: f64| (days * 86_400.0) as i64;
        Clock {
            now: moment.or(self.engine.newest()),
            dormant: seconds(self.settings.story.dormant_days),
            closed: seconds(self.settings.story.closed_days),
        }
    }

    fn labels(&self) -> labels::Rules {
        labels::Rules {
            names: self.settings.names,
            importance: self.settings.importance,
        }
    }

    /// Embeds and places the articles, in their order.
    fn decide(&mut self, queued: Vec<Queued>) -> Result<Batch, PipelineError> {
        let started = Instant::now();
        let mut batch = Batch::default();
        let mut originals = Vec::with_capacity(queued.len());
        let mut texts = Vec::new();
        for article in &queued {
            let text = full_text(&article.title, &article.text);
            let folded = fold(&text);
            let original = self.near_duplicates.find(&folded, article.time).map(u64::from);
            if original.is_none() {
                if let Ok(slot) = u32::try_from(article.number) {
                    self.near_duplicates.insert(slot, &folded, article.time);
                }
                texts.push(text);
            }
            originals.push(original);
        }
        self.seconds.near_duplicates += seconds(started);
        let started = Instant::now();
        let vectors = self.embed(texts)?;
        self.seconds.embed += seconds(started);

        let started = Instant::now();
        let alone = queued.iter().zip(&originals).filter(|(_, original)| original.is_none());
        let arrivals = alone.zip(vectors).map(|((article, _), vector)| {
            let vector = vector?;
            Ok((self.arrival(article, &vector), vector))
        });
        let arrivals: Vec<Result<(Arrival, Vec<f32>), String>> = arrivals.collect();
        self.engine
            .look_ahead(arrivals.iter().flatten().map(|(arrival, _)| arrival));
        let mut arrivals = arrivals.into_iter();
        for (article, original) in queued.into_iter().zip(originals) {
            let number = article.number;
            let placed = match original {
                Some(original) if self.remembers(original) => self.follow(number, original, &batch),
                // Forgotten since, with an article of this very batch: as if it had come a batch later.
                Some(_) => self.place_alone(article)?,
                None => match arrivals.next() {
                    Some(Ok((arrival, vector))) => self.place(&article, arrival, vector),
                    Some(Err(reason)) => Err(reason),
                    None => Err("the embedder gave fewer vectors than it was given texts".to_owned()),
                },
            };
            match placed {
                Ok(placed) => batch.placed.push(placed),
                Err(reason) => {
                    if let Ok(slot) = u32::try_from(number) {
                        self.near_duplicates.forget(slot);
                    }
                    batch.failed.push((number, reason));
                }
            }
        }
        let changes: Vec<&StoryChange> = batch.placed.iter().flat_map(|placed| &placed.changes).collect();
        batch.faces = self.faces(changes);
        self.seconds.story += seconds(started);
        Ok(batch)
    }

    /// One vector or reason for each text. A text that cannot be embedded does not take the others of its batch with it; an
    /// embedder that has stopped is no fault of the texts.
    fn embed(&self, texts: Vec<String>) -> Result<Vec<Result<Vec<f32>, String>>, EmbedError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        match self.ask(texts.clone()) {
            Ok(vectors) => Ok(vectors.into_iter().map(Ok).collect()),
            Err(stopped @ EmbedError::Stopped { .. }) => Err(stopped),
            Err(_) => texts
                .into_iter()
                .map(|text| match self.ask(vec![text]) {
                    Ok(mut vectors) => Ok(vectors.pop().ok_or_else(|| "the embedder gave no vector".to_owned())),
                    Err(stopped @ EmbedError::Stopped { .. }) => Err(stopped),
                    Err(error) => Ok(Err(error.to_string())),
                })
                .collect(),
        }
    }

    /// Waits for room in the embedder's queue, which readers share, and for the vectors.
    fn ask(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut texts = texts;
        loop {
            match self.embedder.try_embed(texts) {
                Ok(pending) => return pending.wait().map(|embedded| embedded.vectors),
                Err(Refused::Full { texts: back, .. }) => {
                    texts = back;
                    std::thread::sleep(FULL);
                }
                Err(refused) => {
                    return Err(EmbedError::Stopped {
                        reason: refused.to_string(),
                    });
                }
            }
        }
    }

    fn remembers(&self, article: u64) -> bool {
        u32::try_from(article).is_ok_and(|slot| self.near_duplicates.contains(slot))
    }

    /// Forgets the texts of the articles that the engine has forgotten.
    fn forget(&mut self) {
        for article in self.engine.take_forgotten() {
            if let Ok(slot) = u32::try_from(article) {
                self.near_duplicates.forget(slot);
            }
        }
    }

    /// An embedder that has stopped is an error, and no fault of the article.
    fn place_alone(&mut self, article: Queued) -> Result<Result<Placed, String>, EmbedError> {
        let text = full_text(&article.title, &article.text);
        if let Ok(slot) = u32::try_from(article.number) {
            self.near_duplicates.insert(slot, &fold(&text), article.time);
        }
        let none = || Err("the embedder gave no vector".to_owned());
        let vector = self.embed(vec![text])?.pop().unwrap_or_else(none);
        Ok(vector.and_then(|vector| self.place(&article, self.arrival(&article, &vector), vector)))
    }

    /// Places an article, given as it arrives with its vector as the embedder made it.
    fn place(&mut self, article: &Queued, arrival: Arrival, vector: Vec<f32>) -> Result<Placed, String> {
        let number = article.number;
        #[cfg(test)]
        let breaks = self.breaks_at.is_some_and(|breaks_at| breaks_at(article));
        let decision = self.engine.place(arrival).map_err(|error| error.to_string())?;
        #[cfg(test)]
        assert!(
            !breaks,
            "a test has the program break when it has decided and nobody knows yet"
        );
        self.forget();
        let (story, rules) = (decision.story, &self.settings.review);
        let story_of = |other| self.engine.story_of(other);
        Ok(Placed {
            doubts: review::of_placement(number, story, &decision.placement, rules, story_of),
            number,
            original: None,
            story: decision.story,
            placement: decision.placement,
            vector: Some(vector),
            links: decision.links,
            judged_again: decision.judged_again,
            strands: decision.strands,
            changes: decision.changes,
        })
    }

    /// A near-duplicate is where the article is whose text it repeats. What is no longer in memory is where the store says, and
    /// where this batch, which is not in the store yet, has brought it.
    fn follow(&self, number: u64, original: u64, batch: &Batch) -> Result<Placed, String> {
        let story = match self.engine.story_of(original) {
            Some(story) => Some(story),
            None => {
                let kept = self.store.story_number(original).map_err(|error| error.to_string())?;
                let changes = batch.placed.iter().flat_map(|placed| &placed.changes);
                changes.fold(kept, |now, change| match change {
                    StoryChange::Joined { story, article, .. } if *article == original => Some(*story),
                    StoryChange::Merged { story, into } if now == Some(*story) => Some(*into),
                    _ => now,
                })
            }
        };
        let story = story.ok_or_else(|| format!("the article that it repeats (number {original}) is in no story"))?;
        Ok(Placed {
            number,
            original: Some(original),
            story,
            placement: Placement {
                decided_by: "near_duplicate".to_owned(),
                nearest: Vec::new(),
                support: 0.0,
                runner_up: None,
                margin: 0.0,
                rejected: Vec::new(),
                second_look: None,
            },
            vector: None,
            links: Vec::new(),
            judged_again: Vec::new(),
            strands: Vec::new(),
            changes: vec![StoryChange::Joined {
                story,
                article: number,
                from: None,
            }],
            doubts: Vec::new(),
        })
    }

    /// The face of every story that was changed, as it is after all the changes.
    fn faces<'a>(&mut self, changes: impl IntoIterator<Item = &'a StoryChange>) -> Vec<StoryFace> {
        let mut touched = std::collections::BTreeSet::new();
        for change in changes {
            match change {
                StoryChange::Created { story, split_from } => touched.extend([Some(*story), *split_from]),
                StoryChange::Joined { story, from, .. } => touched.extend([Some(*story), *from]),
                StoryChange::Revived { story, from, .. } => touched.extend([Some(*story), Some(*from)]),
                StoryChange::Merged { into, .. } => touched.extend([Some(*into), None]),
            }
        }
        touched
            .into_iter()
            .flatten()
            .filter_map(|story| self.face(story))
            .collect()
    }

    /// What a story shows, when it is in memory.
    fn face(&mut self, story: u64) -> Option<StoryFace> {
        let headline = self.engine.headline(story)?;
        let rules = &self.settings.review;
        Some(StoryFace {
            story,
            headline,
            terms: self.engine.terms(story),
            headlines: self.engine.headlines(story),
            doubt: review::of_cut(story, self.engine.weakest_cut(story, rules.cut_articles), rules),
        })
    }

    fn arrival(&self, article: &Queued, vector: &[f32]) -> Arrival {
        Arrival {
            article: article.number,
            text: full_text(&article.title, &article.text),
            time: article.time,
            vector: self.centres.centred(vector, &article.lang),
            lang: article.lang.clone(),
        }
    }

    /// Takes up where the store stands: from what was saved, else from every article.
    fn restore(&mut self) -> Result<(), PipelineError> {
        match self.derived.load(&self.store, &self.settings, &self.weights) {
            Ok(Some(loaded)) => self.catch_up(loaded)?,
            Ok(None) => self.rebuild()?,
            Err(error) => {
                tracing::warn!(%error, "the saved memory cannot be used; it is made again from the store");
                self.rebuild()?;
            }
        }
        let standing = self.store.standing(None)?;
        self.engine.restrain(Plan::default().constraints(&standing, 0));
        self.know_who_is_apart()?;
        self.stale = false;
        Ok(())
    }

    /// Takes over what was saved, and takes in what came after.
    fn catch_up(&mut self, loaded: Loaded) -> Result<(), PipelineError> {
        let Loaded {
            engine,
            near_duplicates,
            mark,
        } = loaded;
        (self.engine, self.near_duplicates) = (engine, near_duplicates);
        self.saved_at = Some(mark.change);
        if self.store.mark()? != mark {
            self.take_in_since(mark.change)?;
        }
        Ok(())
    }

    /// Makes everything that is in memory anew, from the store alone.
    fn rebuild(&mut self) -> Result<(), PipelineError> {
        let dimension = self.embedder.identity().dimension;
        let Settings { story, index, .. } = &*self.settings;
        self.engine = Engine::new(story, index, self.weights.clone(), dimension);
        self.near_duplicates = NearDuplicates::new(&self.settings.extract.near_duplicate);
        self.saved_at = None;
        self.take_in_since(self.store.epoch()?)
    }

    /// Takes back into memory what was placed since a change, as the store has it now.
    fn take_in_since(&mut self, change: u64) -> Result<(), PipelineError> {
        let (store, at_once) = (Arc::clone(&self.store), self.settings.pipeline.batch.max(1));
        let mut some = Vec::with_capacity(at_once);
        store.for_each_placed(change, |stored| {
            some.push(stored);
            if some.len() < at_once {
                Ok(())
            } else {
                self.take_in(some.drain(..))
            }
        })?;
        self.take_in(some.into_iter())?;
        self.engine.reassign(store.strands()?);
        let (next, headlines) = store.stories_to_restore()?;
        self.engine.restore_stories(next, headlines.into_iter());
        Ok(())
    }

    /// Takes articles back into memory, as they were placed.
    fn take_in(&mut self, stored: impl Iterator<Item = Stored>) -> Result<(), PipelineError> {
        let arrivals = stored.map(|stored| (self.arrival(&stored.article, &stored.vector), stored));
        let arrivals: Vec<(Arrival, Stored)> = arrivals.collect();
        self.engine.look_ahead(arrivals.iter().map(|(arrival, _)| arrival));
        for (arrival, stored) in arrivals {
            if let Ok(slot) = u32::try_from(arrival.article) {
                self.near_duplicates.insert(slot, &fold(&arrival.text), arrival.time);
            }
            self.engine
                .restore(arrival, &stored.links, stored.strand, stored.story)?;
            self.forget();
        }
        Ok(())
    }
}

/// Everything that what is in memory depends on beside the articles: the model, its means, the learned weights (what is in
/// their file, wherever it lies), and settings.
pub(super) fn depends(settings: &Settings, identity: &ModelIdentity, centres: &Centres, weights: &Weights) -> String {
    let Settings {
        story, index, extract, ..
    } = settings;
    let near_duplicate = &extract.near_duplicate;
    let story = crate::story::Settings {
        weights: std::path::PathBuf::new(),
        ..story.clone()
    };
    format!(
        "{identity:?}\n{}\n{weights:?}\n{story:?}\n{index:?}\n{near_duplicate:?}",
        centres.digest()
    )
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it did not say why")
}

fn seconds(since: Instant) -> f64 {
    Duration::as_secs_f64(&since.elapsed())
}

/// Vectors of different models do not compare: refuses a store that holds another model's.
fn check_identity(store: &Store, identity: &ModelIdentity) -> Result<(), PipelineError> {
    let ours = serde_json::to_string(identity).map_err(crate::store::StoreError::from)?;
    match store.fact("model")? {
        Some(theirs) if theirs != ours => Err(PipelineError::OtherModel { theirs, ours }),
        Some(_) => Ok(()),
        None => Ok(store.set_fact("model", &ours)?),
    }
}

/// The language means: those stored with the index, else those shipped for the model, else means of our own sentences
/// in the demonstration collection. Fixed from then on.
fn centres(store: &Store, identity: &ModelIdentity, embedder: &Worker) -> Result<Centres, PipelineError> {
    if let Some(stored) = store.fact("centres")? {
        return Ok(Centres::read(&stored)?);
    }
    let centres = match Centres::shipped(identity)? {
        Some(shipped) => shipped,
        None => {
            let (languages, texts): (Vec<String>, Vec<String>) =
                crate::pipeline::calibration_texts().into_iter().unzip();
            let embedded = embedder
                .try_embed(texts)
                .map_err(|refused| EmbedError::Stopped {
                    reason: refused.to_string(),
                })?
                .wait()?;
            Centres::fit(identity, languages.into_iter().zip(embedded.vectors))?
        }
    };
    store.set_fact("centres", &centres.write())?;
    Ok(centres)
}
