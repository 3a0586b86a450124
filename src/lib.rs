//! Silsila (سلسلة, "chain") groups news articles in any language into evolving stories, and orders each story into
//! a dated timeline.
//!
//! Data flows one way, and each stage is a module of that name:
//! [`source`] → [`extract`] → [`embed`] → [`index`] → [`story`] → [`timeline`] → [`publish`].
//! The [`pipeline`] carries articles along that way, and is the only writer of the [`store`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod article;
pub mod cli;
pub mod config;
pub mod correction;
pub mod embed;
pub mod extract;
pub mod index;
pub mod metrics;
pub mod pipeline;
pub mod publish;
pub mod source;
pub mod store;
pub mod story;
pub mod timeline;
pub mod traces;
pub mod track;
mod whole;
