//! Behaviour through the command line and HTTP, with the real model: one file a promise.

mod access;
mod api;
mod bad_input;
mod browser;
mod corrections;
mod demonstration;
mod export;
mod hostile;
mod kill;
mod labels;
mod limits;
mod model;
mod monitoring;
mod pages;
mod refused;
mod review;
mod running;
mod seed;
mod service;
mod timeline;
mod wire;
