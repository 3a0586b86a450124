//! Every date form that news pages use, in the languages of [`languages`].
//!
//! In: a publication line or a field ([`parse`]), or running text ([`find`]). Out: [`Dated`] values, known exactly as
//! far as the text says: to the month, the day or the minute. It never reads a clock, and never guesses: a form that
//! could be two days is read by a rule below or refused with a [`DateError`].
//!
//! - **Order.** `20/09/2023` is day first. Only when the second number is above 12 is it read month first.
//! - **Zones.** Without a zone a time of day is taken for UTC. With a zone that is not known, or that means several
//!   (IST, CST, BST), the time is dropped and the day kept.
//! - **Weekdays** are dropped: a wrong one is no failure.
//! - **Two-digit years** are read in fields only: up to next year of this century, otherwise of the last.
//! - **Calendars.** Solar Hijri dates are converted. Islamic ones are a day uncertain: `parse` keeps the month and
//!   refuses a day at the border of two months; `find` leaves them alone.
//! - **Relative words** are resolved only against a publication date, only by `find`. Days are those of UTC. "On
//!   Tuesday" is the last one, publication day included, or the first one when the clause tells of what is to come
//!   ("talks will open on Tuesday"); a day without a year falls in the year that brings it closest.
//! - **Ranges.** "19 and 20 September" are two mentions, one for each day that is named; the days between are not.
//!   Weeks and years have no precision here, and are left alone.

mod absolute;
mod calendars;
mod clock;
mod find;
mod languages;
mod lexicon;
mod parse;
mod ranges;
mod relative;
mod tense;
mod tokens;
mod zones;

pub use find::{Mention, find};
pub use parse::{Bounds, DateError, parse};

#[cfg(doc)]
use crate::article::Dated;

#[cfg(test)]
mod tests;
