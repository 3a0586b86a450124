//! Behaviour through the command line and HTTP, with the real model: one file a promise.

mod access;
mod api;
mod as_of;
mod bad_input;
mod browser;
mod corrections;
mod demonstration;
mod export;
mod graph;
mod hostile;
mod intake;
mod kill;
mod labels;
mod limits;
mod meaning;
mod model;
mod monitoring;
mod pages;
mod refused;
mod review;
mod running;
mod seed;
mod service;
mod stream;
mod timeline;
mod wire;
