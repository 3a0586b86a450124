//! Ingest into a data folder of this machine.

use std::thread;
use std::time::Duration;

use super::{Answer, Target};
use crate::article::ArticleId;
use crate::extract::rules::Rules;
use crate::pipeline::prepare::submissions;
use crate::pipeline::{Intake, IntakeError, Outcome, RefusedInput, Submission};
use crate::source::{Item, Rejected};

pub(super) struct Local {
    intake: Box<dyn Intake>,
    rules: Box<dyn Rules>,
    accepted: Vec<ArticleId>,
}

impl Local {
    pub(super) fn new(intake: Box<dyn Intake>, rules: Box<dyn Rules>) -> Self {
        Self {
            intake,
            rules,
            accepted: Vec::new(),
        }
    }

    /// Hands over, waiting while the queue is full.
    fn accept(
        &self,
        batch: &[Submission],
    ) -> Result<Vec<Result<crate::pipeline::Receipt, crate::pipeline::Refusal>>, String> {
        loop {
            match self.intake.accept(batch.to_vec()) {
                Ok(answers) => return Ok(answers),
                Err(IntakeError::Full { retry_after, .. }) => thread::sleep(retry_after),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl Target for Local {
    fn take(&mut self, batch: Vec<Item>) -> Result<Vec<Answer>, String> {
        let (mut answers, mut places, mut ready) = (Vec::new(), Vec::new(), Vec::new());
        for item in batch {
            let place = item.place.clone();
            match submissions(item, self.rules.as_ref()) {
                Ok(found) => {
                    places.extend(found.iter().map(|_| place.clone()));
                    ready.extend(found);
                }
                Err(rejected) => answers.push(Answer {
                    place,
                    result: Err(rejected),
                }),
            }
        }
        if ready.is_empty() {
            return Ok(answers);
        }
        let results = self.accept(&ready)?;
        for ((place, submission), result) in places.into_iter().zip(ready).zip(results) {
            let result = match result {
                Ok(receipt) => {
                    if receipt.outcome != Outcome::Known {
                        self.accepted.push(receipt.id);
                    }
                    Ok((receipt.outcome, receipt.set_aside))
                }
                Err(refusal) => Err(Rejected {
                    place: place.clone(),
                    reason: refusal.to_string(),
                    excerpt: submission.draft.full_text().chars().take(60).collect(),
                }),
            };
            answers.push(Answer { place, result });
        }
        Ok(answers)
    }

    fn keep(&mut self, refused: &[Rejected]) -> Result<(), String> {
        let inputs: Vec<RefusedInput> = refused
            .iter()
            .map(|one| RefusedInput {
                place: one.place.clone(),
                reason: one.reason.clone(),
                input: one.excerpt.clone(),
            })
            .collect();
        match inputs.is_empty() {
            true => Ok(()),
            false => self.intake.keep_refused(&inputs).map_err(|error| error.to_string()),
        }
    }

    fn finish(&mut self, waiting: &mut dyn FnMut(usize)) {
        while !self.intake.wait_placed(&self.accepted, Duration::from_millis(500)) {
            waiting(self.intake.queued());
        }
    }
}
